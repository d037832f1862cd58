// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"slices"
	"sort"
	"strings"
)

func (w *world) wholeLevel(l level) *pattern {
	if l == onObject {
		return w.objects
	}
	return w.bucket
}

// scope gives the resources that a hit reaches: the patterns of the Allow in
// which some request passes, less the patterns of Deny statements in which none
// does.
func (an *analysis) scope(h *hit, l level) Scope {
	sc := scoper{an: an, h: h, level: l}
	allow := h.query.allow
	include := allow.resources
	if allow.except {
		include = []*pattern{an.world.wholeLevel(l)}
		for _, p := range allow.resources {
			if sc.onLevel(p) {
				sc.without = append(sc.without, p)
			}
		}
	}
	if an.solver.budget.spent() { // and it is told that it was given up
		if allow.except {
			return Scope{Include: an.namesOf(include, l)}
		}
		if allow.shown[l] == nil {
			allow.shown[l] = slices.Clip(an.namesOf(include, l))
		}
		return Scope{Include: allow.shown[l]}
	}
	if len(include) == 1 {
		sc.include = include
	} else {
		sc.include = an.memory.globs.take(len(include))[:0]
		for _, p := range include {
			if sc.reaches(sc.inside(p)) {
				sc.include = append(sc.include, p)
			}
		}
	}
	for _, d := range h.query.denies {
		if d.except {
			sc.narrow(d)
			continue
		}
		barred := sc.bars(d)
		for _, p := range d.resources {
			if !p.covers(an.world.wholeLevel(l)) && sc.onLevel(p) && (barred || !sc.reaches(sc.inside(p))) {
				sc.without = append(sc.without, p)
			}
		}
	}
	return sc.scope()
}

type scoper struct {
	an      *analysis
	h       *hit
	level   level
	include []*pattern
	without []*pattern
}

// inside asks of a resource that one pattern matches it.
func (sc *scoper) inside(p *pattern) textRule {
	one := sc.an.memory.globs.take(1)
	one[0] = p
	return textRule{patterns: one, want: true}
}

// reaches says whether some request of the hit's requesters passes inside the
// rule. When the budget is spent it says yes, so that nothing is left out.
func (sc *scoper) reaches(r textRule) bool {
	if sc.h.state == nil {
		return true
	}
	q := sc.an.memory.queries.one()
	*q = *sc.h.query
	q.inside = sc.an.memory.rules.take(1)
	q.inside[0] = r
	if a := sc.an.solver.ask(q); a != impossible || !sc.h.partial {
		return a != impossible
	}
	statement := slices.IndexFunc(sc.an.doc.Statements, func(s Statement) bool { return s.Index == q.allow.ref.Index && s.Effect == "Allow" })
	return slices.ContainsFunc(sc.h.peers, func(s *subject) bool {
		return s.principal == sc.h.subject.principal && sc.peerReaches(s, statement, q.lenient, r)
	})
}

func (sc *scoper) peerReaches(s *subject, statement int, lenient bool, r textRule) bool {
	list := sc.an.bindings(s, statement, sc.h.query.action)
	for i := 0; ; i++ {
		b, more := sc.an.binding(list, i)
		if !more {
			break
		}
		q := sc.an.query(b, statement, sc.h.query.action, lenient)
		if q == nil {
			continue
		}
		q.inside = []textRule{r}
		if sc.an.solver.ask(q) != impossible {
			return true
		}
	}
	return list.cut
}

// bars says, without a search, that a Deny takes its resources from all of the
// hit's requesters: it has no condition and no variable.
func (sc *scoper) bars(d *rule) bool {
	if len(d.tests) > 0 || sc.an.shared[d.at] != d {
		return false
	}
	return !sc.h.partial || !slices.ContainsFunc(sc.h.peers, func(s *subject) bool {
		return s.principal == sc.h.subject.principal && !sc.an.means(s, d)
	})
}

// onLevel says whether a pattern matches some resource of the level.
func (sc *scoper) onLevel(p *pattern) bool { return sc.meet(sc.an.world.wholeLevel(sc.level), p) }

// narrow applies a Deny with NotResource: where nothing passes outside its
// patterns, they bound the scope.
func (sc *scoper) narrow(d *rule) {
	if sc.reaches(d.named(false)) {
		return
	}
	var out []*pattern
	for _, p := range sc.include {
		if slices.ContainsFunc(d.resources, func(q *pattern) bool { return q.covers(p) }) {
			out = append(out, p)
			continue
		}
		for _, q := range d.resources {
			if sc.reaches(sc.inside(q)) && sc.meet(p, q) {
				out = append(out, q)
			}
		}
	}
	sc.include = out
}

func (sc *scoper) meet(p, q *pattern) bool {
	if q.single() {
		p, q = q, p
	}
	if p.single() {
		return !sc.an.solver.budget.charge(q.cost(p.body)) || q.match(p.body)
	}
	if b := &sc.an.solver.budget; b.charge(p.coverCost(q)) && p.covers(q) || b.charge(q.coverCost(p)) && q.covers(p) {
		return true
	}
	_, a := findText([]textRule{{patterns: []*pattern{p}, want: true}, {patterns: []*pattern{q}, want: true}}, &sc.an.solver.budget)
	return a != impossible
}

func (sc *scoper) scope() Scope {
	include := sc.names(sc.include)
	var inside []*pattern
	for _, p := range sc.without {
		// What is excluded must lie inside something that is included.
		if slices.ContainsFunc(sc.include, func(q *pattern) bool { return sc.meet(p, shown(q)) }) {
			inside = append(inside, p)
		}
	}
	return Scope{Include: include, Exclude: sc.names(inside)}
}

// shown is the pattern as it is told: with all values of variables that a requester
// chooses, not the one that was tried.
func shown(p *pattern) *pattern {
	if !p.mixed && p.text == p.body || strings.Contains(p.text, "${") {
		return p
	}
	return newPattern(p.text)
}

// names gives the texts, without those that another one covers.
func (sc *scoper) names(list []*pattern) []string {
	var out []string
	for i, p := range list {
		covered := false
		for j, q := range list {
			if !sc.an.solver.budget.charge(q.coverCost(p)) {
				break
			}
			if i != j && q.covers(p) && (!p.covers(q) || j < i) {
				covered = true
				break
			}
		}
		if !covered {
			out = append(out, sc.an.world.scopeText(p, sc.level))
		}
	}
	sort.Strings(out)
	return slices.Compact(out)
}

// namesOf gives the texts of all patterns.
func (an *analysis) namesOf(list []*pattern, l level) []string {
	var out []string
	for _, p := range list {
		out = append(out, an.world.scopeText(p, l))
	}
	sort.Strings(out)
	return slices.Compact(out)
}
