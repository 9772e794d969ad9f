package gfauthz

// Request is what someone wants to do.
type Request struct {
	// Flows are the ids of the flows that the operation touches; an empty list is denied.
	Flows []string
	// Operation is one of GloFlow's ten operations without their prefix, or membership.
	Operation string
	// Remote is the key that a secure channel or a proof of possession authenticated.
	Remote DID
}

// LinkStatus says what a delegation is worth in a state.
type LinkStatus string

// Live: in force. Ended: in force once, so that what it gave stands. Void: never, or no more at all.
const (
	Live  LinkStatus = "live"
	Ended LinkStatus = "ended"
	Void  LinkStatus = "void"
)

// LinkRecord is a delegation in a state.
type LinkRecord struct {
	Status LinkStatus
	// Level is what its audience has by it now.
	Level Level
}

// View is what a verifier knows of a flow: the accepted Checkpoint of an outside verifier, or a MemberView.
type View interface {
	flowID() string
	isPublic() bool
	// level gives the level of a chain, or why its links count for nothing here.
	level(bundle *Bundle) (Level, error)
}

// MemberView is the part of a member's state that decisions read.
type MemberView struct {
	Flow   string
	Public bool
	// Links are by delegation id.
	Links map[string]LinkRecord
}

func (v *MemberView) flowID() string { return v.Flow }
func (v *MemberView) isPublic() bool { return v.Public }

// level is AZ18. A guest is in no state: the invite before it stands for it.
func (v *MemberView) level(bundle *Bundle) (Level, error) {
	links := bundle.links
	if bundle.Last().Kind == Guest {
		links = links[:len(links)-1]
	}
	level := bundle.Level
	for i, link := range links {
		record, ok := v.Links[link.ID]
		switch {
		case !ok:
			return 0, atLink(errorf(LinkUnknown, "this verifier has not heard of the delegation yet"), i)
		case record.Status == Void:
			return 0, atLink(errorf(LinkVoid, "this access was taken back"), i)
		case i < len(links)-1:
			continue
		case record.Status == Ended:
			return 0, atLink(errorf(LinkEnded, "the holder was removed, or its role changed"), i)
		case record.Level < level:
			level = record.Level
		}
	}
	return level, nil
}

// Authorize answers whether a request may be done, by what the bundle proves (nil for no proof) and the view knows, at a
// time in UNIX seconds (AZ17 to AZ20). It gives the level that was granted, Viewer for the public, or why not.
func Authorize(request Request, bundle *Bundle, view View, now int64) (Level, error) {
	needed, ok := operations[request.Operation]
	if !ok {
		return 0, errorf(OperationUnknown, "nobody here knows the operation %.40q", request.Operation)
	}
	if len(request.Flows) == 0 {
		return 0, errorf(NoResource, "no flow was named, so nothing is allowed")
	}
	for _, flow := range request.Flows {
		if flow != view.flowID() {
			return 0, errorf(FlowMismatch, "the request is for another flow")
		}
	}
	if view.isPublic() && request.Operation == "flow_get" {
		return Viewer, nil
	}
	if bundle == nil {
		return 0, errorf(NoProof, "this flow is shared with its members only")
	}
	last := len(bundle.links) - 1
	if bundle.Flow != view.flowID() {
		return 0, atLink(errorf(FlowMismatch, "the proofs are for another flow"), 0)
	}
	if bundle.Last().Audience != request.Remote {
		return 0, atLink(errorf(WrongAudience, "the proofs belong to another device"), last)
	}
	if err := bundle.checkTimes(now); err != nil {
		return 0, err
	}
	level, err := view.level(bundle)
	if err != nil {
		return 0, err
	}
	if !covers(level.command(), needed.command()) {
		return 0, atLink(errorf(RoleTooLow, "a %s may not do %s", level, request.Operation), last)
	}
	return level, nil
}
