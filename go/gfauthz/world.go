package gfauthz

import "sort"

// tenure is the time of one owner: from a creation or hand-over to the next (CONVERGENCE §4).
type tenure struct {
	person DID
	// start is the operation that it begins with.
	start int
	// candidates are hand-overs by this owner, none in another's past.
	candidates []int
}

// standing is what an author may do at an operation, by what is valid in its past.
type standing struct {
	person DID
	level  Level
	// by is the operation that the standing comes from.
	by int
}

// decision is what was decided of one operation: by whom, at which level, and why it is void ("" where it holds).
type decision struct {
	standing
	code Code
}

// world is what is decided so far. Deciding goes by levels, the owner's first, so that nothing waits for what is below.
type world struct {
	*facts
	tenures   []*tenure
	decisions []*decision
	// senior are revocations by recovery keys that were found senior.
	senior map[int]bool
}

// holds is true where the operation holds. A recovery key's revocation holds only once the key was found senior.
func (w *world) holds(at int) bool {
	if d := w.decisions[at]; d == nil || d.code != "" {
		return false
	}
	return w.ops[at].act.t != actRevoke || w.reach(at).mode != byRecoveryKey || w.senior[at]
}

func (w *world) levelAt(at int) Level {
	if d := w.decisions[at]; d != nil {
		return d.level
	}
	return Viewer
}

// tenureIn is the tenure in force within a scope: the last whose beginning is in it.
func (w *world) tenureIn(s scope) *tenure {
	for i := len(w.tenures) - 1; i >= 0; i-- {
		if i == 0 || w.before(w.tenures[i].start, s) {
			return w.tenures[i]
		}
	}
	return nil
}

// ownerIn is the owner within a scope; "" where two concurrent hand-overs in it froze the flow.
func (w *world) ownerIn(s scope) DID {
	t := w.tenureIn(s)
	if t == nil {
		return ""
	}
	for _, at := range t.candidates {
		if w.before(at, s) {
			return ""
		}
	}
	return t.person
}

// membership is something that makes a person a member: the level that it gives, and the level that gave it.
type membership struct {
	at    int
	level Level
	giver Level
}

// memberships are what gives a person a role in a scope, whether or not it ended.
func (w *world) memberships(person DID, s scope) []membership {
	found := []membership{}
	for _, at := range w.grants[person] {
		if op := w.ops[at]; op.act.t == actGrant && w.before(at, s) && w.holds(at) {
			found = append(found, membership{at, op.act.dlg.Level, w.levelAt(at)})
		}
	}
	for _, t := range w.tenures {
		if t.person != person {
			continue
		}
		for _, at := range t.candidates {
			if w.before(at, s) {
				found = append(found, membership{at, Admin, Owner})
			}
		}
	}
	return found
}

// personLevel is the level of a person within a scope, and where it comes from; nil for no member (CONVERGENCE §3).
func (w *world) personLevel(person DID, s scope) *membership {
	if person != "" && w.ownerIn(s) == person {
		return &membership{w.tenureIn(s).start, Owner, Owner}
	}
	all := w.memberships(person, s)
	sort.SliceStable(all, func(i, j int) bool { return all[i].at > all[j].at })
	latest := []membership{}
	// The order respects what builds on what: going backwards, whatever something later and live builds on is not the latest.
	for _, m := range all {
		if !w.anyAfter(latest, m.at) && !w.isRemoved(person, m, s) {
			latest = append(latest, m)
		}
	}
	if len(latest) == 0 {
		return nil
	}
	// Of concurrent ones the higher giver's; among those the lower role, so that nobody rises by a race.
	sort.SliceStable(latest, func(i, j int) bool {
		a, b := latest[i], latest[j]
		if a.giver != b.giver {
			return a.giver > b.giver
		}
		if a.level != b.level {
			return a.level < b.level
		}
		return a.at < b.at
	})
	return &latest[0]
}

func (w *world) anyAfter(list []membership, at int) bool {
	for _, other := range list {
		if w.before(at, other.at) {
			return true
		}
	}
	return false
}

// inForce is true for an operation in a scope that holds and that another does not come after.
func (w *world) inForce(by, than int, s scope) bool {
	return w.before(by, s) && !w.before(by, than) && w.holds(by)
}

func (w *world) isRemoved(person DID, m membership, s scope) bool {
	for _, by := range w.removing[person] {
		if w.inForce(by, m.at, s) && w.levelAt(by) > m.level {
			return true
		}
	}
	op := w.ops[m.at]
	if op.act.t != actGrant {
		return false
	}
	for _, by := range w.cascades {
		if w.reach(by).devices[op.Author] && w.inForce(by, m.at, s) && w.levelAt(by) > m.level {
			return true
		}
	}
	if op.act.via == nil {
		return false
	}
	for _, by := range w.ending[op.act.via.Issuer] {
		if w.inForce(by, m.at, s) {
			return true
		}
	}
	return false
}

// standingOf is the best that a device stands on within a scope; nil for nothing.
func (w *world) standingOf(did DID, s scope) *standing {
	var best *standing
	for _, each := range w.standingsOf(did, s) {
		each := each
		if best == nil || each.level > best.level || (each.level == best.level && each.person < best.person) {
			best = &each
		}
	}
	return best
}

func (w *world) standingsOf(did DID, s scope) []standing {
	found := []standing{}
	if own := w.personLevel(did, s); own != nil && !w.isFirstDeviceLost(did, s) {
		found = append(found, standing{did, own.level, own.at})
	}
	for _, at := range w.admissions[did] {
		op := w.ops[at]
		if (op.act.t != actDevice && op.act.t != actRecovery) || !w.before(at, s) || !w.holds(at) {
			continue
		}
		link := w.linkLevel(at)
		if w.isLinkEnded(did, at, link, s) {
			continue
		}
		person := w.decisions[at].person
		if m := w.personLevel(person, s); m != nil {
			found = append(found, standing{person, lower(m.level, link), at})
		}
	}
	return found
}

func lower(a, b Level) Level {
	if a < b {
		return a
	}
	return b
}

// linkLevel is the most that a link can give: its command's level, or the owner's where the owner gave all.
func (w *world) linkLevel(at int) Level {
	given, author := w.ops[at].act.dlg.Level, w.levelAt(at)
	if author == Owner && given == Admin {
		return Owner
	}
	return lower(given, author)
}

// outranks: may what happened at by touch something that stands at a level?
func (w *world) outranks(by int, level Level) bool {
	switch w.reach(by).mode {
	case bySelf:
		return true
	case byRecoveryKey:
		return w.levelAt(by) >= level
	}
	return w.levelAt(by) > level
}

// isAbout is true where did is among those whom by is about. By a cascade only through a grant that holds and that was made from above level: anybody can
// sign a void one.
func (w *world) isAbout(by int, did DID, level Level) bool {
	r := w.reach(by)
	if r.devices[did] {
		return true
	}
	for _, grant := range r.cascaded[did] {
		if w.holds(grant) && w.levelAt(grant) > level {
			return true
		}
	}
	return false
}

func (w *world) isLinkEnded(did DID, link int, level Level, s scope) bool {
	for _, by := range w.reaching[did] {
		if w.ops[by].act.t == actRevoke && w.inForce(by, link, s) && w.isAbout(by, did, level) && w.outranks(by, level) {
			return true
		}
	}
	return false
}

// isFirstDeviceLost: a person's first device that was revoked stays out, also when the person gets another role; only one
// that left by itself comes back by a grant.
func (w *world) isFirstDeviceLost(did DID, s scope) bool {
	for _, by := range w.reaching[did] {
		a := w.ops[by].act
		if a.t == actRevoke && a.scope == "device" && w.reach(by).devices[did] && w.before(by, s) && w.holds(by) && w.losesFirstDevice(by, did, s) {
			return true
		}
	}
	return false
}

func (w *world) losesFirstDevice(by int, did DID, s scope) bool {
	given := w.memberships(did, s)
	if w.reach(by).mode == bySelf {
		for _, m := range given {
			if w.before(by, m.at) {
				return false
			}
		}
		return true
	}
	stood := Viewer
	for _, m := range given {
		if m.level > stood && !w.before(by, m.at) {
			stood = m.level
		}
	}
	for _, t := range w.tenures {
		if t.person == did && !w.before(by, t.start) && (t.start == w.tenures[0].start || w.before(t.start, s)) {
			stood = Owner
		}
	}
	return w.outranks(by, stood)
}

// isCut is true where an operation is void because of what concurrent ones say (CONVERGENCE §5).
func (w *world) isCut(at int, author standing, need Level) bool {
	for _, by := range w.reaching[w.ops[at].Author] {
		if by != at && w.holds(by) && w.cuts(by, at, author, need) {
			return true
		}
	}
	return false
}

func (w *world) cuts(by, at int, author standing, need Level) bool {
	if w.before(by, at) {
		return false
	}
	a := w.ops[by].act
	if a.t == actRevoke {
		erases := false
		for _, t := range a.tips {
			erases = erases || (t.did == w.ops[at].Author && t.seen == "")
		}
		if !erases && w.before(at, by) {
			return false
		}
		return w.isAbout(by, w.ops[at].Author, author.level) && w.outranks(by, author.level) && w.reach(by).mode != bySelf
	}
	return a.t == actGrant && !w.before(at, by) && need > a.dlg.Level && w.levelAt(by) > author.level
}

// inviteIn is the operation by which an invitation link admits and shows within a scope; -1 for none.
func (w *world) inviteIn(link DID, s scope) int {
	for _, at := range w.invites[link] {
		if w.before(at, s) && w.holds(at) && !w.isInviteEnded(link, at, s) {
			return at
		}
	}
	return -1
}

func (w *world) isInviteEnded(link DID, at int, s scope) bool {
	for _, by := range w.ending[link] {
		if w.inForce(by, at, s) {
			return true
		}
	}
	return false
}

// admittedThrough are persons whom grants that hold, within a scope, admitted through a link.
func (w *world) admittedThrough(link DID, s scope) didSet {
	admitted := didSet{}
	for _, at := range w.via[link] {
		if w.before(at, s) && w.holds(at) {
			admitted[w.ops[at].act.dlg.Audience] = true
		}
	}
	return admitted
}
