package gfauthz

// Kinds of actions (WIRE.md).
const (
	actCreate   = "create"
	actGrant    = "grant"
	actRevoke   = "revoke"
	actDevice   = "device"
	actRecovery = "recovery"
	actConfirm  = "confirm"
	actAdopt    = "adopt"
	actTransfer = "transfer"
	actInvite   = "invite"
	actEpoch    = "epoch"
	actShare    = "share"
	actPublic   = "public"
	actContent  = "content"
)

// tip is the latest operation of a device that a revoker knew; seen is "" for "none of it counts".
type tip struct {
	did  DID
	seen string
}

// action is what an operation does. Which fields are set follows from t.
type action struct {
	t string
	// dlg is the root of a create, and the delegation of grant, device, recovery, transfer and invite.
	dlg  *Delegation
	card *card
	// via is the proof that the person of a grant opened a link.
	via *Delegation

	who     DID
	scope   string // person, device or link
	tips    []tip
	cascade bool
	links   []DID

	op    string // of confirm and adopt
	level Level  // of an invite
	uses  int

	wraps []DID    // of epoch and share: who they are for
	prev  []string // of an epoch: earlier ones
	epoch string   // of share and content
	key   []byte   // of public; nil for private
	need  Level    // of content
}

// card is a device's X25519 key, signed by its Ed25519 key.
type card struct {
	envelope
	issuer DID
	// by is the device whose person this one belongs to, "" for a person's first device and for links.
	by DID
}

func parseCard(data []byte) (*card, error) {
	signed, body, err := parseEnvelope(data, tagCard, maxTokenBytes, TokenTooLarge)
	if err != nil {
		return nil, err
	}
	f, err := readFields(body, "a key card", []string{"iss", "x", "by"})
	if err != nil {
		return nil, err
	}
	c := &card{envelope: signed}
	if c.issuer, err = f.did("iss"); err != nil {
		return nil, err
	}
	if _, err = f.bytes("x", 32, 32, FieldType); err != nil {
		return nil, err
	}
	if f["by"] != nil {
		c.by, err = f.did("by")
	}
	return c, err
}

// actionReader reads the fields of one kind of action by the operation's flow and author.
type actionReader struct {
	keys []string
	read func(a *action, f fields, flow string, author DID) error
}

var actionReaders = map[string]actionReader{
	actCreate:   {[]string{"root", "card"}, readCreate},
	actGrant:    {[]string{"dlg", "card", "tips", "via"}, readGrant},
	actRevoke:   {[]string{"who", "scope", "tips", "cascade", "links"}, readRevoke},
	actDevice:   {[]string{"dlg", "card"}, readLink},
	actRecovery: {[]string{"dlg", "card"}, readLink},
	actConfirm:  {[]string{"op"}, readTarget},
	actAdopt:    {[]string{"op"}, readTarget},
	actTransfer: {[]string{"dlg"}, readTransfer},
	actInvite:   {[]string{"dlg", "card", "cmd", "uses"}, readInvite},
	actEpoch:    {[]string{"commit", "wraps", "prev"}, readEpoch},
	actShare:    {[]string{"epoch", "wraps"}, readShare},
	actPublic:   {[]string{"key"}, readPublic},
	actContent:  {[]string{"need", "epoch", "body"}, readContent},
}

func parseAction(value interface{}, flow string, author DID) (*action, error) {
	found, _ := value.(map[string]interface{})
	t, ok := found["t"].(string)
	if !ok {
		return nil, errorf(FieldType, `"act" must be a map with a text "t"`)
	}
	reader, ok := actionReaders[t]
	if !ok {
		return nil, errorf(OperationUnknown, "an operation of a kind that this version does not know; update the application")
	}
	f, err := readFields(value, `"act"`, append([]string{"t"}, reader.keys...))
	if err != nil {
		return nil, err
	}
	a := &action{t: t}
	return a, reader.read(a, f, flow, author)
}

func readCreate(a *action, f fields, flow string, author DID) (err error) {
	if a.dlg, err = readToken(f, "root"); err != nil {
		return err
	}
	if a.card, err = readCard(f); err != nil {
		return err
	}
	if !a.dlg.isRoot() || a.dlg.Audience != author {
		return errorf(RootInvalid, "a flow begins with a root that is signed by its own key for the author")
	}
	if a.dlg.ID != flow {
		return errorf(FlowMismatch, "the root is of another flow: a flow has one root")
	}
	return checkCard(a.card, author, "")
}

func readGrant(a *action, f fields, _ string, author DID) (err error) {
	if a.dlg, err = readOwn(f, Grant, author); err != nil {
		return err
	}
	if a.card, err = readCard(f); err != nil {
		return err
	}
	if a.tips, err = readTips(f); err != nil {
		return err
	}
	if f["via"] != nil {
		if a.via, err = readToken(f, "via"); err != nil {
			return err
		}
	}
	if err = checkCard(a.card, a.dlg.Audience, ""); err != nil || a.via == nil {
		return err
	}
	if a.via.Kind != Guest || a.via.Audience != a.dlg.Audience {
		return errorf(GrantMismatch, "the proof that the person opened the link is for someone else")
	}
	if a.via.Subject != a.dlg.Subject {
		return errorf(SubjectChanged, "the link is of another flow")
	}
	return nil
}

func readRevoke(a *action, f fields, _ string, _ DID) (err error) {
	if a.who, err = f.did("who"); err != nil {
		return err
	}
	if a.scope, err = f.text("scope"); err != nil {
		return err
	}
	if a.scope != "person" && a.scope != "device" && a.scope != "link" {
		return errorf(FieldType, "a revocation is of a person, a device or a link")
	}
	if a.tips, err = readTips(f); err != nil {
		return err
	}
	if a.cascade, err = f.boolean("cascade"); err != nil {
		return err
	}
	entries, err := f.list("links", maxRecipients)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		did, err := readEntryDID(entry)
		if err != nil {
			return err
		}
		a.links = append(a.links, did)
	}
	return checkAscending(didTexts(a.links), "links")
}

func readLink(a *action, f fields, _ string, author DID) (err error) {
	if a.dlg, err = readOwn(f, Device, author); err != nil {
		return err
	}
	if a.card, err = readCard(f); err != nil {
		return err
	}
	return checkCard(a.card, a.dlg.Audience, author)
}

func readTarget(a *action, f fields, _ string, _ DID) (err error) {
	a.op, err = f.id("op")
	return err
}

func readTransfer(a *action, f fields, _ string, author DID) (err error) {
	a.dlg, err = readOwn(f, HandOver, author)
	return err
}

func readInvite(a *action, f fields, _ string, author DID) (err error) {
	if a.dlg, err = readOwn(f, Invite, author); err != nil {
		return err
	}
	if a.card, err = readCard(f); err != nil {
		return err
	}
	command, err := f.text("cmd")
	if err != nil {
		return err
	}
	if a.level, err = levelOf(command); err != nil {
		return err
	}
	if a.level > Editor {
		return errorf(CommandInvalid, "a link leads to editor at most")
	}
	uses, err := f.integer("uses", 1, maxInviteUses)
	if err != nil {
		return err
	}
	a.uses = int(uses)
	return checkCard(a.card, a.dlg.Audience, "")
}

// earlierKeyBytes is a 32-byte key under AES-256-GCM: nonce, ciphertext, tag.
const earlierKeyBytes = 12 + 48

func readEpoch(a *action, f fields, _ string, _ DID) (err error) {
	if _, err = f.bytes("commit", 32, 32, FieldType); err != nil {
		return err
	}
	if a.wraps, err = readWraps(f); err != nil {
		return err
	}
	entries, err := f.list("prev", maxDependencies)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		parts, err := readTuple(entry, 2)
		if err != nil {
			return err
		}
		id, err := fields{"entry": parts[0]}.id("entry")
		if err != nil {
			return err
		}
		if _, err := (fields{"entry": parts[1]}).bytes("entry", earlierKeyBytes, earlierKeyBytes, FieldType); err != nil {
			return err
		}
		a.prev = append(a.prev, id)
	}
	return checkAscending(a.prev, "prev")
}

func readShare(a *action, f fields, _ string, _ DID) (err error) {
	if a.epoch, err = f.id("epoch"); err != nil {
		return err
	}
	a.wraps, err = readWraps(f)
	return err
}

func readPublic(a *action, f fields, _ string, _ DID) (err error) {
	if f["key"] != nil {
		a.key, err = f.bytes("key", 32, 32, FieldType)
	}
	return err
}

func readContent(a *action, f fields, _ string, _ DID) (err error) {
	need, err := f.text("need")
	if err != nil {
		return err
	}
	level, ok := map[string]Level{"tag": Tagger, "edit": Editor, "flow": Admin}[need]
	if !ok {
		return errorf(FieldType, "content needs tag, edit or flow")
	}
	a.need = level
	if a.epoch, err = f.id("epoch"); err != nil {
		return err
	}
	_, err = f.blob("body")
	return err
}

func readToken(f fields, key string) (*Delegation, error) {
	data, err := f.blob(key)
	if err != nil {
		return nil, err
	}
	return ParseDelegation(data)
}

func readOwn(f fields, kind Kind, author DID) (*Delegation, error) {
	d, err := readToken(f, "dlg")
	if err != nil {
		return nil, err
	}
	if d.Kind != kind || d.Issuer != author {
		return nil, errorf(GrantMismatch, "the operation must carry a delegation (%s) by its own author", kind)
	}
	return d, nil
}

func readCard(f fields) (*card, error) {
	data, err := f.blob("card")
	if err != nil {
		return nil, err
	}
	return parseCard(data)
}

func checkCard(c *card, issuer, by DID) error {
	if c.issuer != issuer || c.by != by {
		return errorf(CardMismatch, "the key card is not by the device that is added, or does not consent to this person")
	}
	return nil
}

func readTips(f fields) ([]tip, error) {
	entries, err := f.list("tips", maxRecipients)
	if err != nil {
		return nil, err
	}
	tips := make([]tip, 0, len(entries))
	names := make([]string, 0, len(entries))
	for _, entry := range entries {
		parts, err := readTuple(entry, 2)
		if err != nil {
			return nil, err
		}
		did, err := readEntryDID(parts[0])
		if err != nil {
			return nil, err
		}
		seen := ""
		if parts[1] != nil {
			if seen, err = (fields{"entry": parts[1]}).id("entry"); err != nil {
				return nil, err
			}
		}
		tips = append(tips, tip{did, seen})
		names = append(names, string(did))
	}
	return tips, checkAscending(names, "tips")
}

func readWraps(f fields) ([]DID, error) {
	entries, err := f.list("wraps", maxRecipients)
	if err != nil {
		return nil, err
	}
	wraps := make([]DID, 0, len(entries))
	for _, entry := range entries {
		parts, err := readTuple(entry, 3)
		if err != nil {
			return nil, err
		}
		did, err := readEntryDID(parts[0])
		if err != nil {
			return nil, err
		}
		for i, size := range []int{32, 48} {
			if _, err := (fields{"entry": parts[i+1]}).bytes("entry", size, size, FieldType); err != nil {
				return nil, err
			}
		}
		wraps = append(wraps, did)
	}
	return wraps, checkAscending(didTexts(wraps), "wraps")
}

func readTuple(value interface{}, length int) ([]interface{}, error) {
	parts, ok := value.([]interface{})
	if !ok || len(parts) != length {
		return nil, errorf(FieldType, "an entry of a list must have %d parts", length)
	}
	return parts, nil
}

func readEntryDID(value interface{}) (DID, error) { return fields{"entry": value}.did("entry") }

func didTexts(dids []DID) []string {
	texts := make([]string, len(dids))
	for i, did := range dids {
		texts[i] = string(did)
	}
	return texts
}
