package gfauthz

// Checkpoint is a state told to a verifier that does not keep the operations, as it was accepted. It is the View of later
// decisions and the floor for the next checkpoint.
type Checkpoint struct {
	envelope
	Flow   string
	Issuer DID
	// IssuedAt is UNIX seconds.
	IssuedAt int64
	// Head is the hash of the state that it tells, hex.
	Head   string
	Void   []string
	Kept   []string
	Public bool

	void, kept map[string]bool
}

func (c *Checkpoint) flowID() string { return c.Flow }
func (c *Checkpoint) isPublic() bool { return c.Public }

// level is AZ19: a void link denies, unless the link after it is kept.
func (c *Checkpoint) level(bundle *Bundle) (Level, error) {
	for i, link := range bundle.links {
		kept := i+1 < len(bundle.links) && c.kept[bundle.links[i+1].ID]
		if c.void[link.ID] && !kept {
			return 0, atLink(errorf(LinkVoid, "this access was taken back"), i)
		}
	}
	return bundle.Level, nil
}

// RestoreCheckpoint makes the floor of a verifier that kept what it must of the checkpoint it accepted last: the id, the
// time and the lists. Only what VerifyCheckpoint once accepted may be given here.
func RestoreCheckpoint(flow, id string, issuedAt int64, void, kept []string, public bool) *Checkpoint {
	return (&Checkpoint{envelope: envelope{ID: id}, Flow: flow, IssuedAt: issuedAt, Void: void, Kept: kept, Public: public}).index()
}

func (c *Checkpoint) index() *Checkpoint {
	c.void, c.kept = map[string]bool{}, map[string]bool{}
	for _, id := range c.Void {
		c.void[id] = true
	}
	for _, id := range c.Kept {
		c.kept[id] = true
	}
	return c
}

// CheckpointPolicy is what a verifier wants of a checkpoint.
type CheckpointPolicy struct {
	// Flow is the verifier's, hex.
	Flow string
	// Now is UNIX seconds.
	Now int64
	// MaxAgeSeconds is the greatest age that is accepted.
	MaxAgeSeconds int64
	// Floor is the newest one accepted; nil at the first, which is then trusted on its signer's chain alone.
	Floor *Checkpoint
}

// ParseCheckpoint reads a checkpoint; it verifies nothing.
func ParseCheckpoint(data []byte) (*Checkpoint, error) {
	signed, body, err := parseEnvelope(data, tagCheckpoint, maxCheckpointBytes, CheckpointTooLarge)
	if err != nil {
		return nil, err
	}
	f, err := readFields(body, "a checkpoint", []string{"flow", "iss", "iat", "head", "void", "kept", "public"})
	if err != nil {
		return nil, err
	}
	c := &Checkpoint{envelope: signed}
	if c.Flow, err = f.id("flow"); err != nil {
		return nil, err
	}
	if c.Issuer, err = f.did("iss"); err != nil {
		return nil, err
	}
	if c.IssuedAt, err = f.time("iat"); err != nil {
		return nil, err
	}
	if c.Head, err = f.id("head"); err != nil {
		return nil, err
	}
	if c.Void, err = f.ids("void", maxCheckpointIDs); err != nil {
		return nil, err
	}
	if c.Kept, err = f.ids("kept", maxCheckpointIDs); err != nil {
		return nil, err
	}
	if c.Public, err = f.boolean("public"); err != nil {
		return nil, err
	}
	return c.index(), nil
}

// VerifyCheckpoint accepts a checkpoint whose signer has the membership right in the very state that it tells, and in the
// one accepted before: a removed admin can sign no news (AZ21). What it gives is the next floor.
func VerifyCheckpoint(data, signerBundle []byte, policy CheckpointPolicy) (*Checkpoint, error) {
	next, err := ParseCheckpoint(data)
	if err != nil {
		return nil, err
	}
	if err := next.checkFresh(policy); err != nil {
		return nil, err
	}
	signer, err := VerifyBundle(signerBundle)
	if err != nil {
		return nil, err
	}
	if err := next.checkSigner(signer, policy); err != nil {
		return nil, err
	}
	if err := next.verify(next.Issuer); err != nil {
		return nil, err
	}
	return next, nil
}

func (c *Checkpoint) checkFresh(policy CheckpointPolicy) error {
	switch floor := policy.Floor; {
	case c.Flow != policy.Flow:
		return errorf(FlowMismatch, "the checkpoint is of another flow")
	case policy.Now < -maxSafeInteger || policy.Now > maxSafeInteger:
		return errorf(ClockInvalid, "the clock gave no time; set it and try again")
	case c.IssuedAt > policy.Now+clockSkewSeconds:
		return errorf(NotYetValid, "the checkpoint is from the future; check the clocks")
	case c.IssuedAt < policy.Now-policy.MaxAgeSeconds:
		return errorf(CheckpointOld, "the checkpoint is older than %d s; fetch a newer one", policy.MaxAgeSeconds)
	case floor != nil && (c.IssuedAt < floor.IssuedAt || (c.IssuedAt == floor.IssuedAt && c.ID != floor.ID)):
		return errorf(CheckpointBehind, "a newer checkpoint was accepted already; fetch the newest")
	}
	return nil
}

func (c *Checkpoint) checkSigner(signer *Bundle, policy CheckpointPolicy) error {
	if signer.Flow != c.Flow {
		return errorf(FlowMismatch, "the signer proves membership of another flow")
	}
	if signer.Last().Audience != c.Issuer {
		return errorf(WrongAudience, "the checkpoint was not signed by the holder of the chain")
	}
	if err := signer.checkTimes(policy.Now); err != nil {
		return err
	}
	if signer.Level < Admin {
		return errorf(RoleTooLow, "a checkpoint is signed by who may manage membership")
	}
	if policy.Floor != nil {
		if _, err := policy.Floor.level(signer); err != nil {
			return err
		}
	}
	_, err := c.level(signer)
	return err
}
