package gfauthz

import "sort"

// picker gives the level at which an author acts in a stage; false where the operation belongs to another stage.
type picker func(s standing, at int) (Level, bool)

// decideAll decides every operation: the owners' first, then the admins', then the rest (CONVERGENCE §4).
func (w *world) decideAll(start int) {
	w.decideOwners(start)
	w.decideStage(func(s standing, _ int) (Level, bool) { return Admin, s.level >= Admin }, true)
	for _, at := range w.overAdmitted() {
		w.overrule(at, InviteExhausted)
	}
	w.decideStage(func(s standing, _ int) (Level, bool) { return lower(s.level, Editor), true }, false)
	w.decideEpochs()
}

func (w *world) decideOwners(start int) {
	current := &tenure{person: w.founder, start: start}
	for k := 0; k <= maxTransfers; k++ {
		w.tenures = append(w.tenures, current)
		owner, first := current, k == 0
		isOwner := func(s standing, at int) (Level, bool) {
			return Owner, s.level == Owner && s.person == owner.person && (first || w.before(owner.start, at))
		}
		open := w.decideStage(isOwner, false)
		candidates := w.handOvers(open)
		if len(candidates) == 0 {
			return
		}
		for _, at := range open {
			w.decisions[at] = nil
		}
		owner.candidates = candidates
		// What the old owner's devices did beside the hand-over has an admin's power only.
		w.decideStage(func(s standing, at int) (Level, bool) {
			for _, candidate := range candidates {
				if at == candidate || w.before(at, candidate) {
					return isOwner(s, at)
				}
			}
			return 0, false
		}, false)
		if len(candidates) > 1 {
			for _, at := range candidates {
				w.overrule(at, FlowFrozen)
			}
			return
		}
		current = &tenure{person: w.ops[candidates[0]].act.dlg.Audience, start: candidates[0]}
	}
}

// handOvers are those that hold, none in another's past.
func (w *world) handOvers(stage []int) []int {
	handed := []int{}
	for _, at := range stage {
		if w.ops[at].act.t == actTransfer && w.holds(at) {
			handed = append(handed, at)
		}
	}
	candidates := []int{}
	for _, at := range handed {
		later := false
		for _, other := range handed {
			later = later || w.before(other, at)
		}
		if !later {
			candidates = append(candidates, at)
		}
	}
	return candidates
}

// decideStage decides the operations of one stage twice: first without what depends on the whole stage (recovery keys'
// revocations, revocations that are forked or too wide), then with it. It gives the operations decided.
func (w *world) decideStage(pick picker, measure bool) []int {
	first := w.decidePass(pick, nil)
	overruled := map[int]Code{}
	if measure {
		overruled = w.forkedOrTooWide(first)
	}
	kept := map[int]*decision{}
	for _, at := range first {
		if w.ops[at].act.t != actRevoke || w.reach(at).mode != byRecoveryKey || w.decisions[at].code != "" {
			continue
		}
		if w.isSenior(at) {
			kept[at] = w.decisions[at]
		} else {
			overruled[at] = RecoveryInvalid
		}
	}
	if len(overruled) == 0 && len(kept) == 0 {
		return first
	}
	for _, at := range first {
		w.decisions[at] = nil
	}
	// Found senior by the first pass, they hold whatever the second says: else two of them could undo each other in a circle.
	decided := []int{}
	for at, d := range kept {
		w.senior[at] = true
		w.decisions[at] = d
		decided = append(decided, at)
	}
	decided = append(decided, w.decidePass(pick, overruled)...)
	sort.Ints(decided)
	return decided
}

func (w *world) decidePass(pick picker, overruled map[int]Code) []int {
	decided := []int{}
	for at, op := range w.ops {
		if w.decisions[at] != nil {
			continue
		}
		author := &standing{op.Author, Owner, at}
		if op.act.t != actCreate {
			author = w.standingOf(op.Author, at)
		}
		if author == nil {
			continue
		}
		level, ok := pick(*author, at)
		if !ok {
			continue
		}
		author.level = level
		code := overruled[at]
		if code == "" && op.act.t != actCreate && w.isCut(at, *author, w.needOf(op)) {
			code = AuthorRevoked
		}
		if code == "" {
			code = w.judge(at, *author)
		}
		w.decisions[at] = &decision{*author, code}
		decided = append(decided, at)
	}
	return decided
}

func (w *world) overrule(at int, code Code) {
	if d := w.decisions[at]; d != nil {
		w.decisions[at] = &decision{d.standing, code}
	}
}

// overAdmitted are grants beyond what their link allows, where concurrent members admitted too many (CONVERGENCE §8). The
// order is the size of an admission's past, then its author, then its place in the author's chain: none can be ground.
func (w *world) overAdmitted() []int {
	over := []int{}
	for link := range w.via {
		uses := maxInviteUses + 1
		for _, at := range w.invites[link] {
			if offered := w.ops[at].act.uses; w.holds(at) && offered < uses {
				uses = offered
			}
		}
		grants := []int{}
		for _, at := range w.via[link] {
			if w.holds(at) {
				grants = append(grants, at)
			}
		}
		sort.SliceStable(grants, func(i, j int) bool { return w.admittedBefore(grants[i], grants[j]) })
		admitted := didSet{}
		for _, at := range grants {
			person := w.ops[at].act.dlg.Audience
			if admitted[person] {
				continue
			}
			if len(admitted) >= uses {
				over = append(over, at)
			} else {
				admitted[person] = true
			}
		}
	}
	return over
}

func (w *world) admittedBefore(i, j int) bool {
	a, b := w.ops[i], w.ops[j]
	if w.depth[i] != w.depth[j] {
		return w.depth[i] < w.depth[j]
	}
	if a.Author != b.Author {
		return a.Author < b.Author
	}
	if a.Sequence != b.Sequence {
		return a.Sequence < b.Sequence
	}
	return i < j
}

// decideEpochs decides what membership does not depend on: what epochs, shares and content name must be there (§9).
func (w *world) decideEpochs() {
	for at, d := range w.decisions {
		if d != nil && d.code == "" {
			if code := w.judgeKeys(at); code != "" {
				w.overrule(at, code)
			}
		}
	}
}

func (w *world) judgeKeys(at int) Code {
	a := w.ops[at].act
	if a.t == actContent && !w.isEpoch(a.epoch, at, true) {
		return EpochUnknown
	}
	if a.t == actShare && !w.isEpoch(a.epoch, at, false) {
		return EpochUnknown
	}
	for _, epoch := range a.prev {
		if !w.isEpoch(epoch, at, false) {
			return EpochUnknown
		}
	}
	for _, did := range a.wraps {
		if len(w.within(w.admissions[did], at)) == 0 && len(w.within(w.invites[did], at)) == 0 {
			return RecipientNotAllowed
		}
	}
	return ""
}

func (w *world) isEpoch(id string, at int, orPublic bool) bool {
	target, ok := w.index[id]
	if !ok || !w.before(target, at) {
		return false
	}
	named := w.ops[target].act
	return named.t == actEpoch || (orPublic && named.t == actPublic && named.key != nil)
}
