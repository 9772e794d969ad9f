package gfauthz

import "sort"

// scope is a point to look back from: the index of an operation (its past), or the number of operations (everything).
type scope = int

// graph holds the retained operations in one order that everybody computes alike: by the size of their past, then by id
// (CONVERGENCE §1). Operations are named by their index in it.
type graph struct {
	ops      []*Operation
	index    map[string]int
	depth    []int
	byAuthor map[DID][]int
	nodes    []*graphNode
}

// graphNode is an operation while its place is being worked out. A run is an author's operations in a row; a fork begins
// another.
type graphNode struct {
	op    *Operation
	depth int
	// known says for each run how many of its operations are in the past, the operation itself included.
	known []int
	run   int
	place int
}

func (g *graph) all() scope { return len(g.ops) }

// before is true where a is in the past of b (strictly), or b is everything.
func (g *graph) before(a int, b scope) bool {
	if a < 0 || a >= len(g.nodes) || a == b {
		return false
	}
	if b == g.all() {
		return true
	}
	x, y := g.nodes[a], g.nodes[b]
	return x.run < len(y.known) && y.known[x.run] > x.place
}

func (g *graph) concurrent(a, b int) bool { return a != b && !g.before(a, b) && !g.before(b, a) }

// sortOperations retains what can be judged, and says of the rest why not.
func sortOperations(operations []*Operation) (*graph, map[string]Code) {
	waiting := map[string]*Operation{}
	order := []string{}
	for _, op := range operations {
		if waiting[op.ID] == nil {
			order = append(order, op.ID)
		}
		waiting[op.ID] = op
	}
	refused := map[string]Code{}
	nodes := map[string]*graphNode{}
	placer := &runs{tips: map[string]int{}, admitted: map[DID][][2]int{}}
	for _, op := range parentsFirst(waiting, order) {
		known := []*graphNode{}
		parents := op.parents()
		for _, id := range parents {
			if node := nodes[id]; node != nil {
				known = append(known, node)
			}
		}
		problem := DependencyMissing
		node := &graphNode{op: op}
		if len(known) == len(parents) {
			problem = placer.place(node, known, nodes)
		}
		if problem == "" {
			nodes[op.ID] = node
		} else {
			refused[op.ID] = problem
		}
	}
	for id := range waiting {
		if nodes[id] == nil && refused[id] == "" {
			refused[id] = DependencyMissing
		}
	}
	return buildGraph(nodes), refused
}

// parentsFirst gives operations after their parents; those in or behind a cycle, which hashes forbid, never come.
func parentsFirst(waiting map[string]*Operation, order []string) []*Operation {
	children := map[string][]string{}
	missing := map[string]int{}
	ready := []string{}
	for _, id := range order {
		count := 0
		for _, parent := range waiting[id].parents() {
			if waiting[parent] != nil {
				children[parent] = append(children[parent], id)
				count++
			}
		}
		missing[id] = count
		if count == 0 {
			ready = append(ready, id)
		}
	}
	sorted := make([]*Operation, 0, len(order))
	for at := 0; at < len(ready); at++ {
		sorted = append(sorted, waiting[ready[at]])
		for _, child := range children[ready[at]] {
			missing[child]--
			if missing[child] == 0 {
				ready = append(ready, child)
			}
		}
	}
	return sorted
}

// runs gives each node its run, its past and its depth.
type runs struct {
	lengths []int
	// tips are the runs that an operation is the last of.
	tips map[string]int
	// admitted are the places (run, place) that let somebody in.
	admitted map[DID][][2]int
}

func (r *runs) place(node *graphNode, parents []*graphNode, nodes map[string]*graphNode) Code {
	op := node.op
	before := nodes[op.Previous]
	if before != nil && (before.op.Author != op.Author || before.op.Sequence+1 != op.Sequence) {
		return OperationChain
	}
	for _, parent := range parents {
		node.known = mergeKnown(node.known, parent.known)
	}
	letIn := op.act.t == actCreate
	for _, place := range r.admitted[op.Author] {
		letIn = letIn || (place[0] < len(node.known) && node.known[place[0]] > place[1])
	}
	if !letIn {
		return NotAMember
	}
	for _, count := range node.known {
		node.depth += count
	}
	node.run = -1
	if before != nil {
		if run, ok := r.tips[before.op.ID]; ok {
			node.run = run
			delete(r.tips, before.op.ID)
		}
	}
	if node.run < 0 {
		node.run = len(r.lengths)
		r.lengths = append(r.lengths, 0)
	}
	r.tips[op.ID] = node.run
	node.place = r.lengths[node.run]
	r.lengths[node.run]++
	for len(node.known) <= node.run {
		node.known = append(node.known, 0)
	}
	node.known[node.run] = node.place + 1
	if did := op.admits(); did != "" {
		r.admitted[did] = append(r.admitted[did], [2]int{node.run, node.place})
	}
	return ""
}

// mergeKnown gives for each run the longer of two beginnings; a new list.
func mergeKnown(a, b []int) []int {
	if len(a) < len(b) {
		a, b = b, a
	}
	all := append([]int{}, a...)
	for run, count := range b {
		if count > all[run] {
			all[run] = count
		}
	}
	return all
}

// admits is whom an operation lets in, "" for nobody.
func (o *Operation) admits() DID {
	switch o.act.t {
	case actCreate, actGrant, actDevice, actRecovery:
		return o.act.dlg.Audience
	}
	return ""
}

func buildGraph(nodes map[string]*graphNode) *graph {
	g := &graph{index: map[string]int{}, byAuthor: map[DID][]int{}}
	for _, node := range nodes {
		g.nodes = append(g.nodes, node)
	}
	sort.Slice(g.nodes, func(i, j int) bool {
		a, b := g.nodes[i], g.nodes[j]
		if a.depth != b.depth {
			return a.depth < b.depth
		}
		return a.op.ID < b.op.ID
	})
	for i, node := range g.nodes {
		g.ops = append(g.ops, node.op)
		g.depth = append(g.depth, node.depth)
		g.index[node.op.ID] = i
		g.byAuthor[node.op.Author] = append(g.byAuthor[node.op.Author], i)
	}
	return g
}
