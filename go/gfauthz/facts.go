package gfauthz

import "sort"

// revokeMode is how a revocation claims its power.
type revokeMode int

const (
	byManager revokeMode = iota
	byRecoveryKey
	bySelf
)

type didSet map[DID]bool

// reach is whom an operation reaches: what it says, and what the history in its past adds.
type reach struct {
	mode revokeMode
	// devices are those whose operations beyond what was seen are void, and whose links end.
	devices didSet
	// cascaded are devices of persons whom the target had let in, where the revocation says cascade, with the grants that say so.
	cascaded map[DID][]int
	// links are invitation links that die with it.
	links didSet
}

var nobody = &reach{}

// registration is that of a recovery key, judged by the shape of the history alone (CONVERGENCE §6).
type registration struct {
	at     int
	key    DID
	person DID
	// first is the first registration that it goes back to; its own index where it is one.
	first int
}

// facts are what follows from the history's shape, before anything is judged (CONVERGENCE §2).
type facts struct {
	*graph
	subject, founder DID

	admissions map[DID][]int
	grants     map[DID][]int
	grantsBy   map[DID][]int
	linksBy    map[DID][]int
	// linkedInto is the person whom the link at an index adds a device to.
	linkedInto     map[int]DID
	invites        map[DID][]int
	invitesBy      map[DID][]int
	via            map[DID][]int
	confirmations  []int
	cascades       []int
	registrations  map[DID][]*registration
	registrationAt map[int]*registration
	reaches        map[int]*reach
	// reaching are revocations and role changes that reach a device.
	reaching map[DID][]int
	removing map[DID][]int
	ending   map[DID][]int
}

func collectFacts(g *graph, subject, founder DID) *facts {
	f := &facts{
		graph: g, subject: subject, founder: founder,
		admissions: map[DID][]int{}, grants: map[DID][]int{}, grantsBy: map[DID][]int{}, linksBy: map[DID][]int{}, linkedInto: map[int]DID{},
		invites: map[DID][]int{}, invitesBy: map[DID][]int{}, via: map[DID][]int{}, registrations: map[DID][]*registration{},
		registrationAt: map[int]*registration{}, reaches: map[int]*reach{}, reaching: map[DID][]int{}, removing: map[DID][]int{}, ending: map[DID][]int{},
	}
	for at, op := range g.ops {
		f.noteReach(at, f.reachOf(at, op))
		f.note(at, op)
		f.register(at, op)
		if op.act.t != actDevice && op.act.t != actRecovery {
			continue
		}
		if person := f.personOf(op.Author, at); person != "" {
			f.linksBy[op.Author] = append(f.linksBy[op.Author], at)
			f.linkedInto[at] = person
		}
	}
	return f
}

func (f *facts) noteReach(at int, r *reach) {
	if r == nobody {
		return
	}
	f.reaches[at] = r
	for did := range r.devices {
		f.reaching[did] = append(f.reaching[did], at)
	}
	for did := range r.cascaded {
		f.reaching[did] = append(f.reaching[did], at)
	}
	for link := range r.links {
		f.ending[link] = append(f.ending[link], at)
	}
}

func (f *facts) note(at int, op *Operation) {
	a := op.act
	if did := op.admits(); did != "" {
		f.admissions[did] = append(f.admissions[did], at)
	}
	switch a.t {
	case actCreate:
		f.grants[a.dlg.Audience] = append(f.grants[a.dlg.Audience], at)
	case actGrant:
		f.grants[a.dlg.Audience] = append(f.grants[a.dlg.Audience], at)
		f.grantsBy[op.Author] = append(f.grantsBy[op.Author], at)
		if a.via != nil {
			f.via[a.via.Issuer] = append(f.via[a.via.Issuer], at)
		}
	case actConfirm:
		f.confirmations = append(f.confirmations, at)
	case actInvite:
		f.invites[a.dlg.Audience] = append(f.invites[a.dlg.Audience], at)
		f.invitesBy[op.Author] = append(f.invitesBy[op.Author], at)
	case actRevoke:
		if a.cascade {
			f.cascades = append(f.cascades, at)
		}
		if a.scope == "person" {
			f.removing[a.who] = append(f.removing[a.who], at)
		}
	}
}

func (f *facts) within(list []int, s scope) []int {
	found := []int{}
	for _, at := range list {
		if f.before(at, s) {
			found = append(found, at)
		}
	}
	return found
}

// personOf is the person that a device first came in as, within a scope; "" for nobody.
func (f *facts) personOf(did DID, s scope) DID {
	for _, at := range f.admissions[did] {
		if f.before(at, s) {
			if person, ok := f.linkedInto[at]; ok {
				return person
			}
			return did
		}
	}
	return ""
}

// devicesOf are a person's devices ever linked within a scope, by links from its first device on, recovery keys included.
func (f *facts) devicesOf(person DID, s scope) didSet {
	return f.linkedFrom(person, s, true)
}

// linkedBelow is a device and those linked from it, not through a recovery key.
func (f *facts) linkedBelow(device DID, s scope) didSet {
	return f.linkedFrom(device, s, false)
}

// linkedFrom is a device and all that were linked from it, link by link. By who made each link, never by whom a device counts as: that others could muddle.
func (f *facts) linkedFrom(device DID, s scope, throughRecovery bool) didSet {
	devices := didSet{device: true}
	for waiting := []DID{device}; len(waiting) > 0; waiting = waiting[1:] {
		for _, at := range f.within(f.linksBy[waiting[0]], s) {
			op := f.ops[at]
			if did := op.act.dlg.Audience; !devices[did] && (op.act.t == actDevice || throughRecovery) {
				devices[did] = true
				waiting = append(waiting, did)
			}
		}
	}
	return devices
}

func (f *facts) register(at int, op *Operation) {
	if op.act.t != actRecovery {
		return
	}
	person := f.personOf(op.Author, at)
	if person == "" {
		return
	}
	key := op.act.dlg.Audience
	earlier := []*registration{}
	for _, other := range f.registrations[person] {
		if f.before(other.at, at) {
			earlier = append(earlier, other)
		}
	}
	if len(earlier) >= maxRegistrations {
		return
	}
	var same, byOld *registration
	old := false
	for _, candidate := range earlier {
		if f.isReplaced(candidate, earlier) {
			continue
		}
		if candidate.key == key && same == nil {
			same = candidate
		}
		if candidate.key == op.Author {
			byOld = candidate
		}
		old = old || f.isOldEnough(candidate)
	}
	// Another key that counts already is there: only that key may put a new one beside it.
	if same == nil && byOld == nil && old {
		return
	}
	r := &registration{at: at, key: key, person: person, first: at}
	if same != nil {
		r.first = same.first
	} else if byOld != nil {
		r.first = byOld.first
	}
	f.registrationAt[at] = r
	f.registrations[person] = append(f.registrations[person], r)
}

func (f *facts) isReplaced(candidate *registration, among []*registration) bool {
	for _, other := range among {
		if other.key != candidate.key && f.ops[other.at].Author == candidate.key {
			return true
		}
	}
	return false
}

// isOldEnough is true for one made with the person's first device before there was a second.
func (f *facts) isOldEnough(r *registration) bool {
	return f.ops[r.first].Author == r.person && len(f.devicesOf(r.person, r.first)) == 1
}

func (f *facts) reachOf(at int, op *Operation) *reach {
	a := op.act
	if a.t == actGrant {
		if len(f.within(f.grants[a.dlg.Audience], at)) > 0 {
			return &reach{devices: f.devicesOf(a.dlg.Audience, at)}
		}
		return nobody
	}
	if a.t != actRevoke {
		return nobody
	}
	named := didSet{}
	for _, link := range a.links {
		named[link] = true
	}
	if a.scope == "link" {
		named[a.who] = true
		return &reach{links: named}
	}
	if a.scope == "device" && a.who == op.Author {
		return &reach{mode: bySelf, devices: didSet{a.who: true}, links: named}
	}
	person, mode := a.who, byManager
	if a.scope == "device" {
		if person = f.recoveredBy(op.Author, a.who, at); person != "" {
			mode = byRecoveryKey
		} else {
			person = f.personOf(a.who, at)
		}
	}
	if person == "" {
		return nobody
	}
	r := f.managedReach(at, op, person, named)
	r.mode = mode
	return r
}

// recoveredBy is the person whose recovery key `key` is and whose device `who` is; "" for nobody. Asked of the key, not of the device: what somebody else
// grants to that device does not take it out of the key's reach.
func (f *facts) recoveredBy(key, who DID, at int) DID {
	first := -1
	for i, r := range f.registrationAt {
		if r.key == key && (first < 0 || i < first) && f.before(i, at) && f.devicesOf(r.person, at)[who] {
			first = i
		}
	}
	if first < 0 {
		return ""
	}
	return f.registrationAt[first].person
}

// managedReach is that of a revocation of a person, or of a device of another.
func (f *facts) managedReach(at int, op *Operation, person DID, links didSet) *reach {
	a := op.act
	r := &reach{cascaded: map[DID][]int{}, links: links}
	if a.scope == "person" {
		r.devices = f.devicesOf(person, at)
		for _, grant := range f.within(f.grants[person], at) {
			if via := f.ops[grant].act.via; via != nil {
				links[via.Issuer] = true
			}
		}
	} else {
		r.devices = f.linkedBelow(a.who, at)
	}
	for device := range r.devices {
		for _, invite := range f.within(f.invitesBy[device], at) {
			links[f.ops[invite].act.dlg.Audience] = true
		}
		if !a.cascade {
			continue
		}
		for _, grant := range f.within(f.grantsBy[device], at) {
			for did := range f.devicesOf(f.ops[grant].act.dlg.Audience, at) {
				if !r.devices[did] {
					r.cascaded[did] = append(r.cascaded[did], grant)
				}
			}
		}
	}
	return r
}

func (f *facts) reach(at int) *reach {
	if r := f.reaches[at]; r != nil {
		return r
	}
	return nobody
}

// tipOf is the latest that a scope has of a device: its last operation, else the one that let it in; "" for nothing.
func (f *facts) tipOf(did DID, s scope) string {
	var latest *Operation
	for _, at := range f.within(f.byAuthor[did], s) {
		op := f.ops[at]
		if latest == nil || op.Sequence > latest.Sequence || (op.Sequence == latest.Sequence && op.ID < latest.ID) {
			latest = op
		}
	}
	if latest != nil {
		return latest.ID
	}
	if admissions := f.within(f.admissions[did], s); len(admissions) > 0 {
		return f.ops[admissions[len(admissions)-1]].ID
	}
	return ""
}

// tipsOf are the tips of devices, sorted; at most as many as an operation carries.
func (f *facts) tipsOf(devices didSet, s scope) []tip {
	names := sortedDIDs(devices)
	if len(names) > maxRecipients {
		names = names[:maxRecipients]
	}
	tips := make([]tip, len(names))
	for i, did := range names {
		tips[i] = tip{did, f.tipOf(did, s)}
	}
	return tips
}

func (f *facts) wasGranted(person DID, s scope) bool { return len(f.within(f.grants[person], s)) > 0 }

func sortedDIDs(set didSet) []DID {
	names := make([]DID, 0, len(set))
	for did := range set {
		names = append(names, did)
	}
	sort.Slice(names, func(i, j int) bool { return names[i] < names[j] })
	return names
}
