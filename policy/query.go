// SPDX-License-Identifier: Apache-2.0

package policy

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
	if alone, known := an.alone(s, statement, a); known {
		ask := *q
		ask.allow = alone
		short := solver{world: &an.world, budget: budget{nodes: maxSearchNodes - maxSearchNodes/256, work: maxSearchWork - maxSearchWork/512}}
		st, ans := short.solve(&ask)
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
	for _, key := range keys {
		switch choices := an.choices(s, key, a); len(choices) {
		case 0:
			return &rule{void: true}, true
		case 1:
			values[key] = choices[0]
		default:
			return nil, false
		}
	}
	return compile(&an.doc.Statements[statement], an.sets[statement], true, func(key string) (string, string, bool) {
		v := values[key]
		return v.value, v.shown, v.present
	}), true
}

// literal is a statement made ready with its variables taken for plain text.
func (an *analysis) literal(statement int) *rule {
	if an.literals == nil {
		an.literals = make([]*rule, len(an.doc.Statements))
	}
	if an.literals[statement] == nil {
		an.literals[statement] = compile(&an.doc.Statements[statement], an.sets[statement], false, nil)
	}
	return an.literals[statement]
}

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
	probe := &subject{who: user, account: an.world.foreign.account}
	for i := range an.doc.Statements {
		for _, c := range an.doc.Statements[i].Conditions {
			_, ok := parseOperator(c.Operator)
			if !ok || an.world.domain(probe, lowKey(c.Key), &catalogue[0]).unknown {
				out[i] = true
				break
			}
		}
	}
	return out
}
