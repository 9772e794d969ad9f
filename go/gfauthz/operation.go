package gfauthz

const tagOperations = "gf/ops@1"

// Operation is one node of a flow's history, whose signatures and those of what it carries hold. Only VerifyOperation
// makes one.
type Operation struct {
	envelope
	Flow   string
	Author DID
	// Sequence is the place in the author's own chain, from 0.
	Sequence int64
	// Previous is the author's operation before, "" at the first.
	Previous string
	// Dependencies are other heads that the author knew, ascending.
	Dependencies []string

	act *action
}

// Kind is the name of what the operation does, such as grant or content.
func (o *Operation) Kind() string { return o.act.t }

func (o *Operation) parents() []string {
	if o.Previous == "" {
		return o.Dependencies
	}
	return append([]string{o.Previous}, o.Dependencies...)
}

// SplitOperations gives the parts of a set of operations, each to be verified on its own.
func SplitOperations(data []byte) ([][]byte, error) {
	value, err := decodeCbor(data)
	if err != nil {
		return nil, err
	}
	outer, _ := value.(map[string]interface{})
	list, ok := outer[tagOperations].([]interface{})
	if len(outer) != 1 || !ok {
		return nil, errorf(EnvelopeInvalid, "not a set of operations")
	}
	parts := make([][]byte, len(list))
	for i, entry := range list {
		if parts[i], ok = entry.([]byte); !ok {
			return nil, errorf(EnvelopeInvalid, "not a set of operations")
		}
	}
	return parts, nil
}

// VerifyOperation parses an operation of a flow and checks at most 4 signatures: its own, then those of what it carries.
func VerifyOperation(data []byte, flow string) (*Operation, error) {
	o, err := parseOperation(data)
	if err != nil {
		return nil, err
	}
	if o.Flow != flow {
		return nil, errorf(FlowMismatch, "the operation is of another flow")
	}
	if err := o.verify(o.Author); err != nil {
		return nil, err
	}
	if o.act.dlg != nil {
		if err := o.act.dlg.verify(o.act.dlg.Issuer); err != nil {
			return nil, err
		}
	}
	if o.act.card != nil {
		if err := o.act.card.verify(o.act.card.issuer); err != nil {
			return nil, err
		}
	}
	if o.act.via != nil {
		if err := o.act.via.verify(o.act.via.Issuer); err != nil {
			return nil, err
		}
	}
	return o, nil
}

func parseOperation(data []byte) (*Operation, error) {
	signed, body, err := parseEnvelope(data, tagOperation, maxOperationBytes, OperationTooLarge)
	if err != nil {
		return nil, err
	}
	f, err := readFields(body, "an operation", []string{"flow", "iss", "seq", "prev", "deps", "act"})
	if err != nil {
		return nil, err
	}
	o := &Operation{envelope: signed}
	if o.Flow, err = f.id("flow"); err != nil {
		return nil, err
	}
	if o.Author, err = f.did("iss"); err != nil {
		return nil, err
	}
	if o.Sequence, err = f.integer("seq", 0, maxSequence); err != nil {
		return nil, err
	}
	if f["prev"] != nil {
		if o.Previous, err = f.id("prev"); err != nil {
			return nil, err
		}
	}
	if o.Dependencies, err = f.ids("deps", maxDependencies); err != nil {
		return nil, err
	}
	if (o.Sequence == 0) != (o.Previous == "") {
		return nil, errorf(OperationChain, "the first operation of an author has no predecessor, every other one has")
	}
	for _, id := range o.Dependencies {
		if id == o.Previous {
			return nil, errorf(OperationChain, "the predecessor is named once, not among the other heads")
		}
	}
	if o.act, err = parseAction(f["act"], o.Flow, o.Author); err != nil {
		return nil, err
	}
	if first := o.Previous == "" && len(o.Dependencies) == 0; first != (o.act.t == actCreate) {
		return nil, errorf(OperationChain, "a flow begins with its creation, and nothing else begins it")
	}
	return o, nil
}
