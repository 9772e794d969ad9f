package gfauthz

// needOf is the level that an operation asks of its author (CONVERGENCE §2).
func (w *world) needOf(op *Operation) Level {
	switch a := op.act; a.t {
	case actEpoch, actShare:
		return Tagger
	case actContent:
		return a.need
	case actAdopt:
		if target, ok := w.index[a.op]; ok && w.ops[target].act.t == actContent {
			return w.ops[target].act.need
		}
		return Editor
	case actGrant, actInvite, actPublic:
		return Admin
	case actRevoke:
		if a.scope == "device" && len(a.links) == 0 {
			return Viewer
		}
		return Admin
	case actTransfer:
		return Owner
	default:
		return Viewer
	}
}

// judge says why an operation does not hold, given what its author may do at it; "" where it holds (CONVERGENCE §7).
func (w *world) judge(at int, author standing) Code {
	op := w.ops[at]
	a := op.act
	if w.needOf(op) > author.level {
		return RoleTooLow
	}
	switch a.t {
	case actGrant, actDevice, actRecovery, actTransfer, actInvite:
		if a.dlg.Subject != w.subject {
			return SubjectChanged
		}
	}
	switch a.t {
	case actGrant:
		return w.judgeGrant(at, a, author)
	case actRevoke:
		return w.judgeRevoke(at, op, author)
	case actDevice, actRecovery:
		if a.dlg.Level > author.level {
			return RoleTooLow
		}
		if a.t == actRecovery && w.registrationAt[at] == nil {
			return RecoveryInvalid
		}
	case actConfirm:
		return w.judgeConfirm(at, op, author)
	case actTransfer:
		if !w.wasGranted(a.dlg.Audience, at) {
			return TargetUnknown
		}
		if a.dlg.Audience == author.person {
			return AlreadyMember
		}
	case actAdopt:
		if target, ok := w.index[a.op]; !ok || !w.before(target, at) || w.ops[target].act.t != actContent {
			return TargetUnknown
		}
	}
	return ""
}

func (w *world) judgeGrant(at int, a *action, author standing) Code {
	if a.dlg.Level >= author.level {
		return RoleTooLow
	}
	if code := w.aboveReach(a.dlg.Audience, at, author); code != "" {
		return code
	}
	if !w.sawAll(at, a.tips, false) {
		return SeenMismatch
	}
	if a.via == nil {
		return ""
	}
	invite := w.inviteIn(a.via.Issuer, at)
	if invite < 0 {
		return InviteDead
	}
	offer := w.ops[invite].act
	if a.dlg.Level > offer.level {
		return RoleTooLow
	}
	admitted := w.admittedThrough(a.via.Issuer, at)
	if !admitted[a.dlg.Audience] && len(admitted) >= offer.uses {
		return InviteExhausted
	}
	return ""
}

// aboveReach: the owner is out of reach of everybody, an admin out of reach of admins.
func (w *world) aboveReach(person DID, at int, author standing) Code {
	if w.ownerIn(at) == person {
		return OwnerIrremovable
	}
	if author.level < Owner {
		if m := w.personLevel(person, at); m != nil && m.level >= Admin {
			return RoleTooLow
		}
	}
	return ""
}

func (w *world) judgeRevoke(at int, op *Operation, author standing) Code {
	a := op.act
	for _, link := range a.links {
		if !w.isInvite(link, at) {
			return TargetUnknown
		}
	}
	mode := w.reach(at).mode
	if a.scope == "link" && !w.isInvite(a.who, at) {
		return TargetUnknown
	}
	if a.scope == "link" || mode == bySelf {
		if len(a.tips) > 0 || a.cascade {
			return SeenMismatch
		}
		return ""
	}
	person := a.who
	if a.scope == "device" {
		person = w.personOf(a.who, at)
	}
	if person == "" || (a.scope == "person" && !w.wasGranted(person, at)) {
		return TargetUnknown
	}
	if mode == byRecoveryKey {
		if a.who == op.Author || !w.sawAll(at, a.tips, false) {
			return SeenMismatch
		}
		return ""
	}
	if author.level < Admin || person == author.person {
		if w.ownerIn(at) == person && a.scope == "person" {
			return OwnerIrremovable
		}
		return RoleTooLow
	}
	if code := w.aboveReach(person, at, author); code != "" {
		return code
	}
	if !w.sawAll(at, a.tips, author.level == Owner) {
		return SeenMismatch
	}
	return ""
}

func (w *world) isInvite(link DID, s scope) bool { return len(w.within(w.invites[link], s)) > 0 }

// sawAll: the tips must be the latest of each device in the revoker's past; an earlier one would erase what it knew.
func (w *world) sawAll(at int, tips []tip, mayErase bool) bool {
	expected := w.tipsOf(w.reach(at).devices, at)
	if len(tips) != len(expected) {
		return false
	}
	for i, t := range tips {
		if t.did != expected[i].did || (t.seen == "" && !mayErase) || (t.seen != "" && t.seen != expected[i].seen) {
			return false
		}
	}
	return true
}

func (w *world) judgeConfirm(at int, op *Operation, author standing) Code {
	index, ok := w.index[op.act.op]
	if !ok || w.registrationAt[index] == nil || !w.before(index, at) {
		return TargetUnknown
	}
	r := w.registrationAt[index]
	if op.Author == r.key || op.Author == w.ops[r.at].Author {
		return RecoveryInvalid
	}
	if author.person != r.person && author.level < Admin {
		return RoleTooLow
	}
	return ""
}

// forkedOrTooWide are revocations and role changes by admins that do not hold for what they would void (CONVERGENCE §5).
func (w *world) forkedOrTooWide(stage []int) map[int]Code {
	found := map[int]Code{}
	inStage := map[int]bool{}
	for _, at := range stage {
		inStage[at] = true
	}
	for _, at := range stage {
		t, r := w.ops[at].act.t, w.reach(at)
		if (t != actRevoke && t != actGrant) || r.mode != byManager || len(r.devices) == 0 || !w.holds(at) {
			continue
		}
		if w.isForked(at, inStage) {
			found[at] = RevocationForked
		} else if w.isTooWide(at) {
			found[at] = RevocationTooWide
		}
	}
	return found
}

func (w *world) isForked(at int, stage map[int]bool) bool {
	for _, other := range w.byAuthor[w.ops[at].Author] {
		if w.concurrent(at, other) && stage[other] && w.holds(other) {
			return true
		}
	}
	return false
}

func (w *world) isTooWide(at int) bool {
	voided := w.voidedBy(at)
	if len(voided) == 0 {
		return false
	}
	person := w.ops[at].act.who
	if w.ops[at].act.t == actGrant {
		person = w.ops[at].act.dlg.Audience
	} else {
		person = w.personOf(person, at)
	}
	builders := []int{}
	for i, d := range w.decisions {
		if d != nil && d.person != person && !w.before(at, i) && i != at && w.holds(i) {
			builders = append(builders, i)
		}
	}
	count, byOwner := 0, false
	for _, x := range voided {
		built := false
		for _, builder := range builders {
			if w.before(x, builder) {
				built = true
				byOwner = byOwner || w.levelAt(builder) == Owner
			}
		}
		if built {
			count++
		}
	}
	return byOwner || count > maxVoidedByAdmin
}

// voidedBy are operations that the one at an index would void: by those whom it reaches, made without knowing of it.
func (w *world) voidedBy(at int) []int {
	a, r := w.ops[at].act, w.reach(at)
	voided := []int{}
	reached := didSet{}
	for did := range r.devices {
		reached[did] = true
	}
	for did, grants := range r.cascaded {
		for _, grant := range grants {
			if w.holds(grant) {
				reached[did] = true
			}
		}
	}
	for did := range reached {
		for _, other := range w.byAuthor[did] {
			if w.concurrent(at, other) && (a.t != actGrant || w.needOf(w.ops[other]) > a.dlg.Level) {
				voided = append(voided, other)
			}
		}
	}
	return voided
}
