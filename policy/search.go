// SPDX-License-Identifier: Apache-2.0

package policy

import "slices"

// query asks for one request of a subject that an Allow lets through and no
// Deny stops.
type query struct {
	allow   *rule
	denies  []*rule
	subject *subject
	action  *action
	inside  []textRule // further demands on the resource
	notFrom addressSet // addresses that were found before
	lenient bool       // tests that cannot be judged may go the requester's way
}

// keyState is what the search has settled about one condition key.
type keyState struct {
	key    string
	wishes []wish
	choice choice
}

// state is one branch of the search: demands on the resource and on keys, with
// values that meet them all.
type state struct {
	resource  string
	rules     []textRule
	keys      []keyState
	unsettled []string

	ruleBuf [4]textRule // so that most branches are one piece of memory
	keyBuf  [3]keyState
}

func (st *state) find(key string) *keyState {
	for i := range st.keys {
		if st.keys[i].key == key {
			return &st.keys[i]
		}
	}
	return nil
}

// solver runs queries within one budget.
type solver struct {
	world  *world
	budget budget
	states []*state // all branches there are
	unused []*state // those that nobody holds
	wishes []wish   // where lists of wishes lie
}

// reset takes back everything that was handed out.
func (sv *solver) reset(w *world) {
	sv.world = w
	sv.budget.reset()
	sv.unused = sv.unused[:0]
	for _, st := range sv.states {
		if cap(st.rules) > len(st.ruleBuf) || cap(st.keys) > len(st.keyBuf) {
			*st = state{}
			st.rules, st.keys = st.ruleBuf[:0], st.keyBuf[:0]
		}
		sv.drop(st)
	}
	clear(sv.wishes)
	sv.wishes = sv.wishes[:0]
}

// branch gives an empty state.
func (sv *solver) branch() *state {
	n := len(sv.unused)
	if n == 0 {
		st := &state{}
		st.rules, st.keys = st.ruleBuf[:0], st.keyBuf[:0]
		sv.states = append(sv.states, st)
		return st
	}
	st := sv.unused[n-1]
	sv.unused = sv.unused[:n-1]
	return st
}

// drop takes back a state that nobody holds.
func (sv *solver) drop(st *state) {
	st.resource, st.unsettled = "", nil
	clear(st.rules)
	clear(st.keys)
	st.rules, st.keys = st.rules[:0], st.keys[:0]
	sv.unused = append(sv.unused, st)
}

func (sv *solver) clone(st *state) *state {
	c := sv.branch()
	c.resource, c.unsettled = st.resource, slices.Clip(st.unsettled)
	c.rules, c.keys = append(c.rules, st.rules...), append(c.keys, st.keys...)
	return c
}

// add gives a list with one wish more; the list itself may be shared.
func (sv *solver) add(list []wish, w wish) []wish {
	n := len(list) + 1
	if cap(sv.wishes)-len(sv.wishes) < n {
		sv.wishes = make([]wish, 0, max(32, 4*n))
	}
	at := len(sv.wishes)
	sv.wishes = append(append(sv.wishes, list...), w)
	return sv.wishes[at : at+n : at+n]
}

// solve gives a branch whose request passes, or says that there is none, or
// that the budget was spent before either was known.
func (sv *solver) solve(q *query) (*state, answer) {
	switch {
	case q.allow.void:
		return nil, impossible
	case sv.budget.spent():
		return nil, overrun
	}
	st := sv.branch()
	if a := sv.meetAllow(q, st); a != found {
		sv.drop(st)
		return nil, a
	}
	out, a := sv.evade(q, st)
	if out != st {
		sv.drop(st)
	}
	return out, a
}

// ask says whether some request passes, without keeping it.
func (sv *solver) ask(q *query) answer {
	st, a := sv.solve(q)
	if st != nil {
		sv.drop(st)
	}
	return a
}

// meetAllow demands what the Allow asks for.
func (sv *solver) meetAllow(q *query, st *state) answer {
	for _, t := range q.allow.tests {
		if a := sv.demand(q, st, wish{t, true}); a != found {
			return a
		}
	}
	if len(q.notFrom) > 0 {
		if a := sv.avoidAddresses(q, st); a != found {
			return a
		}
	}
	st.rules = append(append(st.rules, sv.world.resourceRule(q.action)), q.inside...)
	own := q.allow.named(!q.allow.except)
	if len(q.inside) > 0 {
		return sv.demandResource(st, own)
	}
	st.rules = append(st.rules, own)
	known := &q.allow.reach[q.action.level]
	if !known.asked {
		known.resource, known.answer = findText(st.rules, &sv.budget)
		known.asked = known.answer != overrun
	}
	st.resource = known.resource
	return known.answer
}

// avoidAddresses makes the search give addresses that earlier answers lack.
func (sv *solver) avoidAddresses(q *query, st *state) answer {
	t := &test{key: "aws:sourceip", shown: "aws:SourceIp", op: operator{kind: opIP}, networks: q.notFrom, source: &Condition{}}
	return sv.demand(q, st, wish{t, false})
}

func (sv *solver) demandResource(st *state, r textRule) answer {
	st.rules = append(st.rules, r)
	s, a := findText(st.rules, &sv.budget)
	st.resource = s
	return a
}

// demand adds a wish about a key. A test that cannot be judged is met only in a
// lenient query, and then named.
func (sv *solver) demand(q *query, st *state, w wish) answer {
	d := sv.world.domain(q.subject, w.test.key, q.action)
	if w.test.unknown || d.unknown {
		if !q.lenient {
			return impossible
		}
		st.unsettled = addText(st.unsettled, unsettledText(w.test))
		if w.test.unknown {
			return found
		}
	}
	k := st.find(w.test.key)
	if k == nil {
		st.keys = append(st.keys, keyState{key: w.test.key})
		k = &st.keys[len(st.keys)-1]
	}
	k.wishes = sv.add(k.wishes, w)
	c, a := choose(d, k.wishes, &sv.budget)
	k.choice = c
	return a
}

func unsettledText(t *test) string {
	switch {
	case t.source.Operator == malformed:
		return "the element " + t.source.Key + " is malformed"
	case t.unsure:
		return "no page of AWS says how " + t.source.Operator + " compares letters outside ASCII: " + t.shown
	case t.unknown:
		return "the operator " + t.source.Operator + " is unknown"
	case !isASCII(t.key):
		return "no page of AWS says which condition key " + t.shown + " is: it has letters outside ASCII"
	}
	if name := factOf[t.key]; name != "" {
		return "the condition key " + t.shown + " holds the " + name + ", which is not given"
	}
	return "the condition key " + t.shown + " is unknown"
}

// factOf are the keys that a request takes from Facts.
var factOf = map[string]string{
	"aws:requestedregion": "bucket's Region", "aws:resourceaccount": "owner's account", "s3:resourceaccount": "owner's account",
	"aws:resourceorgid": "owner's organization", "aws:currenttime": "time", "aws:epochtime": "time",
}

func addText(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

// nodeCost is what one branch costs, in steps of the budget.
const nodeCost = 64

// evade branches over the ways out of the first Deny that stops the present
// request. Every Deny is left by its resource or by one of its tests; depth is
// at most the number of Deny statements (semantics C.5).
func (sv *solver) evade(q *query, st *state) (*state, answer) {
	sv.budget.nodes++
	if sv.budget.work += nodeCost; sv.budget.spent() {
		return nil, overrun
	}
	var stop *rule
	for _, d := range q.denies {
		sv.budget.nodes++
		if sv.stops(q, st, d) {
			stop = d
			break
		}
	}
	if sv.budget.spent() {
		return nil, overrun
	}
	if stop == nil {
		return st, found
	}
	result := impossible
	first := -1
	if !stop.except && sv.all(stop, q.action.level) {
		first = 0
	}
	for i := first; i < len(stop.tests); i++ {
		next := sv.clone(st)
		var a answer
		if i < 0 {
			a = sv.demandResource(next, stop.named(stop.except))
		} else {
			a = sv.demand(q, next, wish{stop.tests[i], false})
		}
		if a == found {
			var out *state
			if out, a = sv.evade(q, next); a == found {
				if out != next {
					sv.drop(next)
				}
				return out, found
			}
		}
		sv.drop(next)
		if a == overrun {
			result = overrun
		}
		if sv.budget.spent() {
			return nil, overrun
		}
	}
	return nil, result
}

// stops says whether a Deny stops the request that the branch stands for.
func (sv *solver) stops(q *query, st *state, d *rule) bool {
	if d.void {
		return false
	}
	if named := d.named(true); sv.budget.anyMatch(&named, st.resource) == d.except {
		return false
	}
	for _, t := range d.tests {
		if sv.budget.work += 1 + t.cost(); !sv.judged(q, st, t) {
			return false
		}
	}
	return true
}

// judged evaluates a test of a Deny on the branch; what cannot be judged counts
// as holding, and so does a test on addresses that the branch does not settle,
// so that an answer's whole set of addresses passes and not just its example.
func (sv *solver) judged(q *query, st *state, t *test) bool {
	settled := func(k *keyState) bool {
		return slices.ContainsFunc(k.wishes, func(w wish) bool { return w.test == t && !w.want })
	}
	k := st.find(t.key)
	d := sv.world.domain(q.subject, t.key, q.action)
	switch {
	case t.unknown:
		return !contains(st.unsettled, unsettledText(t))
	case d.unknown:
		return k == nil || !settled(k)
	case d.ips != nil && !(k == nil && d.absent) && !(k != nil && k.choice.absent):
		if k == nil {
			// The witness must carry the address that the answer rests on.
			if c, a := choose(d, nil, &sv.budget); a == found {
				st.keys = append(st.keys, keyState{key: t.key, choice: c})
			}
		}
		if t.op.kind == opNull {
			return t.null(true)
		}
		return k == nil || !settled(k)
	}
	if k != nil {
		return t.holds(&k.choice)
	}
	sv.budget.work += 8
	c, a := choose(d, nil, &sv.budget)
	if a != found {
		return true
	}
	st.keys = append(st.keys, keyState{key: t.key, choice: c})
	return t.holds(&c)
}
