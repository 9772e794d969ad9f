package gfauthz

// Kind says what a delegation makes of its audience.
type Kind string

// The kinds of delegations (SPEC, table of kinds).
const (
	Grant    Kind = "grant"
	Device   Kind = "device"
	HandOver Kind = "owner"
	Invite   Kind = "invite"
	Guest    Kind = "guest"
)

// Delegation is a parsed UCAN 1.0 delegation in the strict profile. Parsing does not verify its signature.
type Delegation struct {
	envelope
	Issuer   DID
	Audience DID
	// Subject is the flow's genesis key.
	Subject DID
	Command string
	// Level is that of Command, Viewer to Admin.
	Level Level
	Kind  Kind
	// Expires is UNIX seconds, nil where it does not end.
	Expires *int64
	// NotBefore is UNIX seconds, nil where it begins at once.
	NotBefore *int64
}

// VerifyDelegation reads one delegation, checks its own times, then its signature.
func VerifyDelegation(data []byte, now int64) (*Delegation, error) {
	d, err := ParseDelegation(data)
	if err != nil {
		return nil, err
	}
	if err := (&Bundle{links: []*Delegation{d}}).checkTimes(now); err != nil {
		return nil, err
	}
	return d, d.verify(d.Issuer)
}

// ParseDelegation reads one delegation (AZ1 to AZ10).
func ParseDelegation(data []byte) (*Delegation, error) {
	signed, body, err := parseEnvelope(data, tagDelegation, maxTokenBytes, TokenTooLarge)
	if err != nil {
		return nil, err
	}
	f, err := readFields(body, "a delegation", []string{"iss", "aud", "sub", "cmd", "pol", "nonce", "exp"}, "nbf", "meta")
	if err != nil {
		return nil, err
	}
	if f["sub"] == nil {
		return nil, errorf(SubjectNull, "a delegation names its flow; one for every flow of the issuer is refused")
	}
	d := &Delegation{envelope: signed}
	if err := d.readParties(f); err != nil {
		return nil, err
	}
	if d.Command, err = f.text("cmd"); err != nil {
		return nil, err
	}
	if d.Level, err = levelOf(d.Command); err != nil {
		return nil, err
	}
	policy, ok := f["pol"].([]interface{})
	if !ok {
		return nil, errorf(FieldType, `"pol" must be a list`)
	}
	if len(policy) > 0 {
		return nil, errorf(PolicyNotEmpty, "conditions on arguments are not used here; pol must be []")
	}
	if _, err := f.nonce("nonce"); err != nil {
		return nil, err
	}
	if err := d.readTimes(f); err != nil {
		return nil, err
	}
	if d.Kind, err = readKind(f, d); err != nil {
		return nil, err
	}
	if d.Issuer == d.Audience {
		return nil, errorf(SelfDelegation, "a delegation to its own issuer says nothing")
	}
	return d, nil
}

// isRoot is true for what a flow begins with: all of it, by its own key, without an end (AZ11).
func (d *Delegation) isRoot() bool {
	return d.Issuer == d.Subject && d.Command == commands[Admin] && d.Kind == Grant && d.Expires == nil && d.NotBefore == nil
}

func (d *Delegation) readParties(f fields) (err error) {
	if d.Subject, err = f.did("sub"); err != nil {
		return err
	}
	if d.Issuer, err = f.did("iss"); err != nil {
		return err
	}
	d.Audience, err = f.did("aud")
	return err
}

func (d *Delegation) readTimes(f fields) error {
	if f["exp"] != nil {
		expires, err := f.time("exp")
		if err != nil {
			return err
		}
		d.Expires = &expires
	}
	if f.has("nbf") {
		begins, err := f.time("nbf")
		if err != nil {
			return err
		}
		d.NotBefore = &begins
	}
	return nil
}

func readKind(f fields, d *Delegation) (Kind, error) {
	if !f.has("meta") {
		return Grant, nil
	}
	meta, err := readFields(f["meta"], "meta", []string{"gf"})
	if err != nil {
		return "", errorf(MetaInvalid, `meta is absent or {"gf": kind}`)
	}
	text, _ := meta["gf"].(string)
	kind := Kind(text)
	switch {
	case kind != Device && kind != HandOver && kind != Invite && kind != Guest:
		return "", errorf(MetaInvalid, "a delegation is for a device, an owner, an invite or a guest, or has no meta")
	case (kind == Invite || kind == Guest) && d.Level != Viewer:
		return "", errorf(MetaInvalid, "a link lets people view; more begins at admission")
	case kind == HandOver && d.Level != Admin:
		return "", errorf(MetaInvalid, "a hand-over gives the whole flow")
	case kind == Invite && d.Expires == nil:
		return "", errorf(MetaInvalid, "a link must expire")
	}
	return kind, nil
}
