package gfauthz

const tagBundle = "gf/bundle@1"

// Bundle is a chain of delegations, the root first, whose structure and signatures hold. Only VerifyBundle makes one.
type Bundle struct {
	links []*Delegation
	// Flow is the flow that the root commits to, hex.
	Flow string
	// Level is what the chain gives its last audience.
	Level Level
}

// Links are the delegations, the root first; at least one.
func (b *Bundle) Links() []*Delegation { return b.links }

// Last is the delegation whose audience holds the chain.
func (b *Bundle) Last() *Delegation { return b.links[len(b.links)-1] }

// VerifyBundle checks all of the structure first and then at most 8 signatures, the root first (AZ8, AZ11 to AZ15). An
// error names the link at fault.
func VerifyBundle(data []byte) (*Bundle, error) {
	bundle, err := parseBundle(data)
	if err != nil {
		return nil, err
	}
	for i, link := range bundle.links {
		if err := link.verify(link.Issuer); err != nil {
			return nil, atLink(err, i)
		}
	}
	return bundle, nil
}

func parseBundle(data []byte) (*Bundle, error) {
	if len(data) > maxBundleBytes {
		return nil, errorf(BundleTooLarge, "a bundle has at most %d bytes, not %d", maxBundleBytes, len(data))
	}
	value, err := decodeCbor(data)
	if err != nil {
		return nil, err
	}
	outer, _ := value.(map[string]interface{})
	tokens, ok := outer[tagBundle].([]interface{})
	if len(outer) != 1 || !ok {
		return nil, errorf(BundleInvalid, "not a bundle of delegations")
	}
	for _, token := range tokens {
		if _, ok := token.([]byte); !ok {
			return nil, errorf(BundleInvalid, "not a bundle of delegations")
		}
	}
	if len(tokens) > maxChainLinks {
		return nil, errorf(ChainTooLong, "a chain has at most %d links, not %d", maxChainLinks, len(tokens))
	}
	links := make([]*Delegation, len(tokens))
	for i, token := range tokens {
		if links[i], err = ParseDelegation(token.([]byte)); err != nil {
			return nil, atLink(err, i)
		}
	}
	return chain(links)
}

// chain checks the structure of a chain of parsed delegations.
func chain(links []*Delegation) (*Bundle, error) {
	if len(links) == 0 {
		return nil, errorf(ChainEmpty, "a bundle without delegations proves nothing")
	}
	root := links[0]
	if !root.isRoot() {
		return nil, atLink(errorf(RootInvalid, "a root is signed by the key of its flow and gives all of it, without an end"), 0)
	}
	level := Owner
	ids := map[string]bool{root.ID: true}
	for i := 1; i < len(links); i++ {
		parent, child := links[i-1], links[i]
		if err := checkStep(parent, child, ids); err != nil {
			return nil, atLink(err, i)
		}
		var err error
		if level, err = delegate(level, parent, child); err != nil {
			return nil, atLink(err, i)
		}
		ids[child.ID] = true
	}
	return &Bundle{links: links, Flow: root.ID, Level: level}, nil
}

// checkStep is AZ12.
func checkStep(parent, child *Delegation, ids map[string]bool) error {
	switch {
	case child.Subject != parent.Subject:
		return errorf(SubjectChanged, "the chain changes to another flow")
	case child.Issuer != parent.Audience:
		return errorf(ChainBroken, "the delegation is not by the one before it")
	case !covers(parent.Command, child.Command):
		return errorf(CommandWidened, "the delegation gives more than its issuer has")
	case ids[child.ID]:
		return errorf(ChainDuplicate, "the same delegation twice")
	}
	return nil
}

// delegate gives the level that child gives, where the holder of parent at level may give it (AZ13).
func delegate(level Level, parent, child *Delegation) (Level, error) {
	if parent.Kind == Guest || (parent.Kind == Invite) != (child.Kind == Guest) {
		return 0, errorf(MayNotDelegate, "a link shows the flow to who opens it, and nothing more")
	}
	switch child.Kind {
	case Guest:
		return Viewer, nil
	case Device:
		if level == Owner && child.Level == Admin {
			return Owner, nil
		}
		if child.Level < level {
			return child.Level, nil
		}
		return level, nil
	case HandOver:
		if level == Owner {
			return Owner, nil
		}
		return 0, errorf(MayNotDelegate, "only the owner hands the flow over")
	case Invite:
		if level >= Admin {
			return Viewer, nil
		}
		return 0, errorf(MayNotDelegate, "links are made by who may manage membership")
	default:
		if level >= Admin && level > child.Level {
			return child.Level, nil
		}
		return 0, errorf(MayNotDelegate, "a role is given by who may manage membership at that role")
	}
}

// checkTimes judges each link on its own, with the skew that honest clocks may have (AZ14).
func (b *Bundle) checkTimes(now int64) error {
	if now < 0 || now > maxSafeInteger {
		return errorf(ClockInvalid, "the clock gave no time; set it and try again")
	}
	for i, link := range b.links {
		if link.Expires != nil && now > *link.Expires+clockSkewSeconds {
			return atLink(errorf(Expired, "a delegation has ended; ask for a new one"), i)
		}
		if link.NotBefore != nil && now < *link.NotBefore-clockSkewSeconds {
			return atLink(errorf(NotYetValid, "a delegation has not begun; check the clock"), i)
		}
	}
	return nil
}
