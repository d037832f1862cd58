// SPDX-License-Identifier: Apache-2.0

package policy

import "strconv"

// trySubject asks for a request of one subject, under each binding of the
// policy variables.
func (an *analysis) trySubject(s *subject, statement int, a *action, lenient bool) *hit {
	var over *hit
	if an.solver.budget.spent() {
		return an.abandon(s, statement, a, givenUp)
	}
	list := an.bindings(s, statement, a)
	asked := false
	for i := 0; ; i++ {
		b, more := an.binding(list, i)
		if !more {
			break
		}
		q := an.query(b, statement, a, lenient)
		if q == nil {
			continue
		}
		asked = true
		st, ans := an.solver.solve(q)
		switch ans {
		case found:
			h := an.memory.hits.one()
			*h = hit{subject: b.subject, query: an.keep(q), state: st, unsettled: st.unsettled}
			if b.doubt != "" {
				h.unsettled = addText(h.unsettled, b.doubt)
			}
			an.widen(h)
			return h
		case overrun:
			over = &hit{subject: b.subject, query: an.keep(q), unsettled: []string{givenUp}}
		}
	}
	switch {
	case over != nil:
		return over
	case an.solver.budget.spent():
		if list.cut {
			return an.abandon(s, statement, a, givenUp)
		}
	case asked && len(an.vars) > 0:
		return an.atWill(list, statement, a, lenient)
	}
	return nil
}

const givenUp = "the search was given up: the policy is too intricate"

const vagueScope = "at most these resources: which of them a Deny takes was given up, the policy is too intricate"

// GivenUp reports whether the search for the grant was given up.
func (g *Grant) GivenUp() bool { return contains(g.Unsettled, givenUp) || g.Vague() }

// Vague reports whether Scope may be too wide, because the search for what a Deny
// takes of it was given up. That somebody gets in is certain all the same.
func (g *Grant) Vague() bool { return contains(g.Guards, vagueScope) }

// abandon is the answer where the search could not be ended: possible, unless the
// Allow by itself already keeps the subject out, which a short search of its own
// can tell.
func (an *analysis) abandon(s *subject, statement int, a *action, why string) *hit {
	st := &an.doc.Statements[statement]
	if !s.matches(st) {
		return nil
	}
	q := &query{allow: an.literal(statement), subject: s, action: a, lenient: true}
	left := &an.abandoned[asInt(s.open())]
	if *left++; *left > maxAbandoned[asInt(s.open())] {
		return &hit{subject: s, query: q, unsettled: []string{why}}
	}
	if an.shortWork > maxShortWork {
		return &hit{subject: s, query: q, unsettled: []string{why}}
	}
	if alone, known := an.alone(s, statement, a); known {
		ask := *q
		ask.allow = alone
		const spent = maxSearchWork - maxSearchWork/512
		short := solver{world: &an.world, budget: budget{nodes: maxSearchNodes - maxSearchNodes/256, work: spent, known: an.solver.budget.known}}
		st, ans := short.solve(&ask)
		an.shortWork += nodeCost + short.budget.work - spent
		if ans == impossible {
			return nil
		}
		if st != nil {
			h := &hit{subject: s, query: q, unsettled: []string{why}}
			if all, limited := addressesIn(st); limited {
				h.addresses = all // the Allow's own: no Deny widens it
			}
			return h
		}
	}
	return &hit{subject: s, query: q, unsettled: []string{why}}
}

// alone is a statement made ready for a subject, where its variables leave no
// choice.
func (an *analysis) alone(s *subject, statement int, a *action) (r *rule, known bool) {
	keys := an.variablesOf(statement)
	if len(an.vars) == 0 || len(keys) == 0 {
		return an.shared[statement], true
	}
	values := make(map[string]variable, len(keys))
	name := strconv.AppendInt(nil, int64(statement), 10)
	for _, key := range keys {
		choices := an.choices(s, key, a)
		switch len(choices) {
		case 0:
			return &rule{void: true}, true
		case 1:
			values[key] = choices[0]
			name = appendTexts(strconv.AppendBool(name, choices[0].present), []string{choices[0].value})
		default:
			return nil, false
		}
	}
	r = an.aloneMade[string(name)]
	if r == nil {
		r = an.made(&an.doc.Statements[statement], an.sets[statement], true, func(key string) (string, string, bool) {
			v := values[key]
			return v.value, v.shown, v.present
		})
		if an.aloneMade == nil {
			an.aloneMade = map[string]*rule{}
		}
		an.aloneMade[string(name)] = r
	}
	return r, true
}

// literal is a statement made ready with its variables taken for plain text.
func (an *analysis) literal(statement int) *rule {
	if an.literals == nil {
		an.literals = make([]*rule, len(an.doc.Statements))
	}
	if an.literals[statement] == nil {
		an.literals[statement] = an.made(&an.doc.Statements[statement], an.sets[statement], false, nil)
	}
	return an.literals[statement]
}

// maxShortWork bounds the work of all short searches of one run.
const maxShortWork = maxSearchWork / 4

// maxAbandoned bounds the short searches of one run, for strangers and for those
// who are named: whether strangers get in weighs more.
var maxAbandoned = [2]int{1024, 128}

// query gathers the rules that touch one subject and one action; nil when the
// Allow does not. The next call writes over it: see keep.
func (an *analysis) query(b bound, statement int, a *action, lenient bool) *query {
	allow := b.rules[statement]
	if allow.void || !an.means(b.subject, allow) {
		return nil
	}
	q := &an.question
	*q = query{allow: allow, denies: q.denies[:0], subject: b.subject, action: a, lenient: lenient}
	for _, r := range b.denies {
		if !r.void && r.actions.has(a.index) && an.means(b.subject, r) {
			q.denies = append(q.denies, r)
		}
	}
	return q
}

// means says whether a rule's principals hold a subject.
func (an *analysis) means(s *subject, r *rule) bool {
	if s.meant == nil {
		s.meant = an.world.memory.answers.take(len(an.doc.Statements))
	}
	known := &s.meant[r.at]
	if *known == unasked {
		*known = isNot
		if s.matches(r.statement) {
			*known = isSo
		}
	}
	return *known == isSo
}

// keep gives a query that lasts as long as the run.
func (an *analysis) keep(q *query) *query {
	c := an.memory.queries.one()
	*c = *q
	c.denies = an.memory.denies.take(len(q.denies))
	copy(c.denies, q.denies)
	return c
}

const maxAddressRounds = 64

// widen collects every address from which the request passes: each answer holds
// one set, and the next round leaves that out.
func (an *analysis) widen(h *hit) {
	if !an.byAddr || h.subject.who == service {
		return
	}
	all, limited := addressesIn(h.state)
	if !limited {
		return
	}
	q := *h.query
	for range maxAddressRounds {
		if all.wide() {
			return
		}
		q.notFrom = all
		st, a := an.solver.solve(&q)
		if a != found {
			break
		}
		more, limited := addressesIn(st)
		if !limited {
			return
		}
		all = all.or(more)
	}
	h.addresses = all
}

// addressesIn gives the addresses that a branch allows; limited is false when
// it does not look at them.
func addressesIn(st *state) (addressSet, bool) {
	k := st.find("aws:sourceip")
	if k == nil || k.choice.absent || len(k.wishes) == 0 {
		return nil, false
	}
	return k.choice.ips, true
}

// doubtful says whether some rule that is about the action has a test that
// cannot be judged.
func (an *analysis) doubtful(statement int, a *action) bool {
	if an.doubts == nil {
		an.doubts = an.findDoubts()
	}
	index := a.index
	for i, doubt := range an.doubts {
		if doubt && an.sets[i].has(index) && (an.doc.Statements[i].Effect == "Deny" || i == statement) {
			return true
		}
	}
	return false
}

func (an *analysis) findDoubts() []bool {
	out := make([]bool, len(an.doc.Statements))
	var probes [3]subject
	for i, kind := range [len(probes)]who{user, roleSession, service} {
		probes[i] = subject{who: kind, account: an.world.foreign.account}
	}
	for i := range an.doc.Statements {
		for j := range an.doc.Statements[i].Conditions {
			c := &an.doc.Statements[i].Conditions[j]
			_, ok := parseOperator(c.Operator)
			if !ok || an.unsure[c] || an.unknown(probes[:], c.Key) {
				out[i] = true
				break
			}
		}
	}
	return out
}

// unknown says whether nothing is known of a key in the requests of some subject. Of
// the usual keys it is the same for all.
func (an *analysis) unknown(probes []subject, key string) bool {
	if _, usual := keySpelt[key]; usual {
		probes = probes[:1]
	}
	for i := range probes {
		if an.world.domain(&probes[i], lowKey(key), &catalogue[0]).unknown {
			return true
		}
	}
	return false
}
