package gfauthz

// isSenior is true where the recovery key that signed a revocation outranks its person's devices (CONVERGENCE §6).
func (w *world) isSenior(at int) bool {
	op := w.ops[at]
	person := w.recoveredBy(op.Author, op.act.who, at)
	if person == "" {
		return false
	}
	current := false
	for _, r := range w.registrations[person] {
		if !w.before(r.at, at) || !w.holds(r.at) {
			continue
		}
		if r.key != op.Author && w.ops[r.at].Author == op.Author {
			return false // replaced
		}
		current = current || (r.key == op.Author && w.counts(r, at))
	}
	return current && !w.isSeniorityFrozen(person)
}

// isSeniorityFrozen is true where two first recovery keys of a person were registered side by side: then none outranks.
func (w *world) isSeniorityFrozen(person DID) bool {
	firsts := []*registration{}
	for _, r := range w.registrations[person] {
		if r.first == r.at && w.counts(r, w.all()) {
			firsts = append(firsts, r)
		}
	}
	for _, a := range firsts {
		for _, b := range firsts {
			if a.key != b.key && w.concurrent(a.at, b.at) {
				return true
			}
		}
	}
	return false
}

// counts: the first registration that it goes back to must be established, and no other such key before it.
func (w *world) counts(r *registration, s scope) bool {
	first := w.registrationAt[r.first]
	if first == nil || !w.isEstablished(first, s) {
		return false
	}
	for _, other := range w.registrations[first.person] {
		if other.first == other.at && other.key != first.key && w.before(other.at, first.at) && w.isEstablished(other, first.at) {
			return false
		}
	}
	return true
}

// isEstablished: as old as the person, or confirmed by another device of it or by who may manage membership.
func (w *world) isEstablished(first *registration, s scope) bool {
	if !w.holds(first.at) {
		return false
	}
	op := w.ops[first.at]
	if op.Author == first.person && len(w.devicesOf(first.person, first.at)) == 1 {
		return true
	}
	for _, at := range w.confirmations {
		if w.ops[at].act.op == op.ID && w.before(at, s) && w.holds(at) {
			return true
		}
	}
	return false
}
