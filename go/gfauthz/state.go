package gfauthz

import (
	"crypto/sha256"
	"encoding/hex"
	"sort"
)

// State is what a set of operations amounts to: a pure function of the set (CONVERGENCE).
type State struct {
	// Owner is the owner's person, "" where the flow has not begun, or two concurrent hand-overs froze it.
	Owner DID
	// Members are the roles of persons.
	Members map[DID]Level
	// Void are the operations that do not hold, by id, and why.
	Void map[string]Code
	// Refused are the operations that could not be placed, by id, and why. They are no part of the state.
	Refused map[string]Code
	// Hash is equal for two that have the same operations, in TypeScript and Go.
	Hash string
	// View is what decisions read.
	View *MemberView
}

// ApplyOperations gives the state of the operations that are known of a flow, in any order.
func ApplyOperations(flow string, operations []*Operation) *State {
	own := []*Operation{}
	foreign := map[string]Code{}
	for _, op := range operations {
		if op.Flow == flow {
			own = append(own, op)
		} else {
			foreign[op.ID] = FlowMismatch
		}
	}
	g, refused := sortOperations(own)
	for id, code := range foreign {
		if refused[id] == "" {
			refused[id] = code
		}
	}
	state := &State{Members: map[DID]Level{}, Void: map[string]Code{}, Refused: refused, View: &MemberView{Flow: flow, Links: map[string]LinkRecord{}}}
	summary := newSummary(flow)
	for start, op := range g.ops {
		if op.act.t != actCreate {
			continue
		}
		w := &world{
			facts: collectFacts(g, op.act.dlg.Subject, op.act.dlg.Audience), decisions: make([]*decision, len(g.ops)), senior: map[int]bool{},
		}
		w.decideAll(start)
		w.read(state, summary)
		break
	}
	hash := sha256.Sum256(mustEncode(summary))
	state.Hash = hex.EncodeToString(hash[:])
	return state
}

// summary is a state as plain sorted data, which the hash is over (CONVERGENCE §10).
type summary map[string]interface{}

type row []interface{}

func newSummary(flow string) summary {
	return summary{
		"flow": idBytes(flow), "owner": nil, "frozen": false, "public": nil, "members": []row{}, "links": []row{}, "invites": []row{}, "epochs": []row{},
		"content": []row{}, "quarantine": []row{}, "void": []row{}, "equivocations": []row{}, "heads": [][]byte{},
	}
}

func (w *world) read(state *State, s summary) {
	state.Owner = w.ownerIn(w.all())
	if state.Owner != "" {
		s["owner"] = string(state.Owner)
	}
	s["frozen"] = len(w.tenures[len(w.tenures)-1].candidates) > 1
	if key := w.publicKey(); key != nil {
		s["public"] = key
		state.View.Public = true
	}
	readers := didSet{}
	s["invites"] = w.readInvites(readers)
	s["members"] = w.readMembers(state, readers)
	s["links"] = w.readLinks(state)
	s["epochs"] = w.readEpochs(readers)
	s["content"], s["quarantine"] = w.readContent()
	void := map[string]row{}
	for at, op := range w.ops {
		if w.holds(at) {
			continue
		}
		code := NotAMember
		if d := w.decisions[at]; d != nil && d.code != "" {
			code = d.code
		}
		state.Void[op.ID] = code
		void[op.ID] = row{idBytes(op.ID), string(code)}
	}
	s["void"] = sortedRows(void)
	s["equivocations"] = w.readEquivocations()
	s["heads"] = w.readHeads()
}

func (w *world) readMembers(state *State, readers didSet) []row {
	devices := map[DID]map[string]row{}
	for did := range w.admissions {
		if found := w.standingOf(did, w.all()); found != nil {
			readers[did] = true
			if devices[found.person] == nil {
				devices[found.person] = map[string]row{}
			}
			devices[found.person][string(did)] = row{string(did), found.level.String()}
		}
	}
	rows := map[string]row{}
	for person, own := range devices {
		if m := w.personLevel(person, w.all()); m != nil {
			state.Members[person] = m.level
			rows[string(person)] = row{string(person), m.level.String(), sortedRows(own), w.isSeniorityFrozen(person)}
		}
	}
	return sortedRows(rows)
}

func (w *world) readInvites(readers didSet) []row {
	rows := map[string]row{}
	for at, op := range w.ops {
		a := op.act
		if a.t != actInvite || !w.holds(at) {
			continue
		}
		link := a.dlg.Audience
		inForce := w.inviteIn(link, w.all())
		if rows[string(link)] != nil && inForce != at {
			continue
		}
		used := len(w.admittedThrough(link, w.all()))
		live := inForce == at && used < a.uses
		delete(readers, link)
		if live {
			readers[link] = true
		}
		rows[string(link)] = row{string(link), a.level.String(), a.uses, used, live, *a.dlg.Expires}
	}
	return sortedRows(rows)
}

// readLinks says what every delegation that an operation carries is worth now.
func (w *world) readLinks(state *State) []row {
	rows := map[string]row{}
	for at, op := range w.ops {
		switch op.act.t {
		case actCreate, actGrant, actDevice, actRecovery, actTransfer, actInvite:
		default:
			continue
		}
		id := op.act.dlg.ID
		if state.View.Links[id].Status == Live {
			continue
		}
		status, level := w.worth(at, op.act)
		state.View.Links[id] = LinkRecord{status, level}
		rows[id] = row{idBytes(id), string(status), int(level)}
	}
	return sortedRows(rows)
}

func (w *world) worth(at int, a *action) (LinkStatus, Level) {
	if !w.holds(at) {
		return Void, Viewer
	}
	if a.t == actInvite {
		if w.inviteIn(a.dlg.Audience, w.all()) == at && len(w.admittedThrough(a.dlg.Audience, w.all())) < a.uses {
			return Live, Viewer
		}
		return Ended, Viewer
	}
	from := map[int]bool{at: true}
	for _, t := range w.tenures {
		if t.start == at {
			for _, candidate := range t.candidates {
				from[candidate] = true
			}
		}
	}
	for _, found := range w.standingsOf(a.dlg.Audience, w.all()) {
		if from[found.by] {
			return Live, found.level
		}
	}
	return Ended, Viewer
}

// publicKey: public where every latest decision says so, with the first one's key; of two concurrent ones private wins.
func (w *world) publicKey() []byte {
	held := []int{}
	for at, op := range w.ops {
		if op.act.t == actPublic && w.holds(at) {
			held = append(held, at)
		}
	}
	var key []byte
	for _, at := range w.lastOf(held) {
		if w.ops[at].act.key == nil {
			return nil
		}
		if key == nil {
			key = w.ops[at].act.key
		}
	}
	return key
}

// lastOf are those of a list that no other comes after.
func (w *world) lastOf(list []int) []int {
	latest := []int{}
	for _, at := range list {
		followed := false
		for _, other := range list {
			followed = followed || w.before(at, other)
		}
		if !followed {
			latest = append(latest, at)
		}
	}
	return latest
}

func (w *world) readEpochs(readers didSet) []row {
	recipients := map[string]didSet{}
	held := []int{}
	for at, op := range w.ops {
		a := op.act
		if !w.holds(at) || (a.t != actEpoch && a.t != actShare) {
			continue
		}
		id := a.epoch
		if a.t == actEpoch {
			id = op.ID
			held = append(held, at)
		}
		if recipients[id] == nil {
			recipients[id] = didSet{}
		}
		for _, did := range a.wraps {
			recipients[id][did] = true
		}
	}
	latest := map[int]bool{}
	for _, at := range w.lastOf(held) {
		latest[at] = true
	}
	rows := []row{}
	for _, at := range held {
		id := w.ops[at].ID
		usable := true
		for did := range recipients[id] {
			usable = usable && readers[did]
		}
		rows = append(rows, row{idBytes(id), usable, latest[at], didTexts(sortedDIDs(recipients[id]))})
	}
	return rows
}

func (w *world) readContent() (content, quarantine []row) {
	adopted := map[string]DID{}
	for at, op := range w.ops {
		if op.act.t == actAdopt && w.holds(at) && adopted[op.act.op] == "" {
			adopted[op.act.op] = w.decisions[at].person
		}
	}
	counted, aside := map[string]row{}, map[string]row{}
	setAside := map[DID]int{}
	for at, op := range w.ops {
		if op.act.t != actContent {
			continue
		}
		d := w.decisions[at]
		person := adopted[op.ID]
		if w.holds(at) {
			person = d.person
		}
		if person != "" {
			counted[op.ID] = row{idBytes(op.ID), string(person)}
		} else if d == nil || d.code == AuthorRevoked {
			if setAside[op.Author] < maxQuarantinedPerAuthor {
				aside[op.ID] = row{idBytes(op.ID), string(op.Author)}
			}
			setAside[op.Author]++
		}
	}
	return sortedRows(counted), sortedRows(aside)
}

func (w *world) readEquivocations() []row {
	type place struct {
		author DID
		seq    int64
	}
	places := map[place][]string{}
	for _, op := range w.ops {
		at := place{op.Author, op.Sequence}
		places[at] = append(places[at], op.ID)
	}
	found := []place{}
	for at, ids := range places {
		if len(ids) > 1 {
			found = append(found, at)
		}
	}
	sort.Slice(found, func(i, j int) bool {
		if found[i].author != found[j].author {
			return found[i].author < found[j].author
		}
		return found[i].seq < found[j].seq
	})
	rows := []row{}
	for _, at := range found {
		rows = append(rows, row{string(at.author), at.seq, sortedIDs(places[at])})
	}
	return rows
}

// readHeads are operations on which no other builds.
func (w *world) readHeads() [][]byte {
	heads := map[string]bool{}
	for _, op := range w.ops {
		heads[op.ID] = true
	}
	for _, op := range w.ops {
		for _, id := range op.parents() {
			delete(heads, id)
		}
	}
	ids := []string{}
	for id := range heads {
		ids = append(ids, id)
	}
	return sortedIDs(ids)
}

func sortedIDs(ids []string) [][]byte {
	sort.Strings(ids)
	raw := make([][]byte, len(ids))
	for i, id := range ids {
		raw[i] = idBytes(id)
	}
	return raw
}

func sortedRows(rows map[string]row) []row {
	keys := make([]string, 0, len(rows))
	for key := range rows {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	sorted := make([]row, len(keys))
	for i, key := range keys {
		sorted[i] = rows[key]
	}
	return sorted
}

// idBytes gives the bytes of an id in hex; a flow id that is none gives what there is of it.
func idBytes(id string) []byte {
	raw, _ := hex.DecodeString(id)
	return raw
}

func mustEncode(value interface{}) []byte {
	data, err := encoder.Marshal(value)
	if err != nil {
		panic(err) // made of texts, numbers, bytes and lists only
	}
	return data
}
