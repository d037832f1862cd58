// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"slices"
	"sort"
	"strings"
	"time"
)

// Analyse finds everything that a policy admits from outside the owner's
// account: what some Allow grants and no Deny takes (semantics C.4, C.5). It
// asks for each archetype of requester whether some request passes, so that a
// grant comes with a witness; a grant that rests on what cannot be judged says
// so in Unsettled and is never left out.
func Analyse(d *Document, f Facts) Reach {
	if d == nil {
		return Reach{}
	}
	an := newAnalysis(d, f)
	var out Reach
	for _, h := range an.run() {
		out.Grants = append(out.Grants, h.Grant)
	}
	out.Edges = an.edges
	out.Delegations = delegations(d)
	return out
}

// delegations lists the Allow statements that hold on requests through certain
// access points.
func delegations(d *Document) []Delegation {
	var out []Delegation
	for i := range d.Statements {
		s := &d.Statements[i]
		if s.Effect != "Allow" {
			continue
		}
		for _, c := range s.Conditions {
			op, ok := parseOperator(c.Operator)
			key := strings.ToLower(c.Key)
			if ok && !op.negated && op.kind != opNull && (key == "s3:dataaccesspointaccount" || key == "s3:dataaccesspointarn") {
				out = append(out, Delegation{AccessPoints: c.Values, Statement: s.Ref()})
			}
		}
	}
	return out
}

// hit is a query that was answered: a requester and a request that passes.
type hit struct {
	audience  Audience
	subject   *subject
	query     *query
	state     *state // nil where the budget was spent first
	addresses addressSet
	lone      bool // only unsigned requests pass
	partial   bool // others may reach other resources
	peers     []*subject
	scope     *Scope
	unsettled []string
}

// analysis is one run of Analyse.
type analysis struct {
	doc      *Document
	world    *world
	list     []action
	known    int
	sets     []actionSet
	mentions mentions
	tiers    []tier
	solver   *solver
	edges    []time.Time
	shared   []*rule // rules of a policy without variables
	vars     []string
	byAddr   bool
}

func newAnalysis(d *Document, f Facts) *analysis {
	an := &analysis{doc: d, mentions: mentionsOf(d)}
	an.world = newWorld(d, f)
	an.list, an.known = actionsOf(d)
	for i := range d.Statements {
		an.sets = append(an.sets, ruleActions(&d.Statements[i], an.list))
	}
	an.tiers = tiersOf(d, an.world, an.mentions)
	an.solver = &solver{world: an.world, budget: &budget{}}
	an.edges = edgesOf(d)
	an.vars = variablesOf(d)
	an.byAddr = an.mentions["aws:sourceip"]
	if len(an.vars) == 0 {
		an.shared = an.compileAll(nil)
	}
	return an
}

func (an *analysis) compileAll(bind binding) []*rule {
	rules := make([]*rule, 0, len(an.doc.Statements))
	for i := range an.doc.Statements {
		rules = append(rules, compile(&an.doc.Statements[i], an.sets[i], an.doc.hasVariables(), bind))
	}
	return rules
}

// run gives all grants, in the order of reports.
func (an *analysis) run() []finding {
	var out []finding
	for i := range an.doc.Statements {
		if an.doc.Statements[i].Effect != "Allow" {
			continue
		}
		b := grantBuilder{an: an, statement: i}
		for _, g := range an.groups(i) {
			for _, h := range an.admit(i, &an.list[g.actions[0]]) {
				b.add(h, g)
			}
		}
		out = append(out, b.grants()...)
	}
	sortFindings(out)
	return out
}

// group is a set of actions that the policy cannot tell apart.
type group struct{ actions []int }

// groups splits the actions of a statement by level, by the statements that are
// about them and by the request keys that they know.
func (an *analysis) groups(statement int) []group {
	var keys []func(*action) bool
	for _, k := range sortedNames(an.mentions) {
		if known, ok := knownTo(k); ok {
			keys = append(keys, known)
		}
	}
	index := map[string]int{}
	var out []group
	var sig []byte
	for i := range an.list {
		a := &an.list[i]
		if !an.sets[statement].has(i) || ownerOnly(a.name) {
			continue
		}
		sig = append(sig[:0], byte(a.level), byte(min(1, max(0, i-an.known+1))))
		for j := range an.sets {
			if an.sets[j].has(i) {
				sig = append(sig, byte(j), byte(j>>8), byte(j>>16))
			}
		}
		sig = append(sig, 0xff, 0xff, 0xff)
		for _, known := range keys {
			if known(a) {
				sig = append(sig, 1)
			} else {
				sig = append(sig, 0)
			}
		}
		n, ok := index[string(sig)]
		if !ok {
			n = len(out)
			index[string(sig)] = n
			out = append(out, group{})
		}
		out[n].actions = append(out[n].actions, i)
	}
	return out
}

// admit gives the audiences that one statement admits for one action.
func (an *analysis) admit(statement int, a *action) []*hit {
	sure := an.pass(statement, a, false)
	out := sure
	if an.doubtful(statement, a) {
		for _, h := range an.pass(statement, a, true) {
			if !slices.ContainsFunc(sure, func(s *hit) bool { return s.covers(h) }) {
				out = append(out, h)
			}
		}
	}
	return out
}

// covers says whether a settled hit makes a possible one worthless: it admits
// at least the same requesters.
func (h *hit) covers(other *hit) bool {
	if h.audience == other.audience {
		return h.subject.principal == other.subject.principal && (h.state != nil || other.state == nil)
	}
	return h.audience.Wider(other.audience) && (h.audience != Network || other.audience == None)
}

// pass tries the tiers from the widest on; a tier is left out when a wider one
// holds it.
func (an *analysis) pass(statement int, a *action, lenient bool) []*hit {
	var out []*hit
	var world, aws *hit
	partial := an.partial(statement, a)
	for _, t := range an.tiers {
		// Signed strangers are tried even where everybody passes, to tell
		// whether only unsigned requests do.
		held := (world != nil || aws != nil) && (t.audience != AnyAWSAccount || aws != nil)
		if held && !partial {
			continue
		}
		for _, h := range an.tryTier(t, statement, a, lenient) {
			h.peers, h.partial = t.subjects, partial
			if h.state != nil && h.audience == Anyone {
				world = h
			}
			if h.state != nil && h.audience == AnyAWSAccount {
				aws = h
			}
			if !slices.ContainsFunc(out, func(o *hit) bool { return an.holds(o, h) }) {
				out = append(out, h)
			}
		}
	}
	if world != nil {
		world.lone = aws == nil && len(an.tiers) > 1
	}
	return out
}

// partial says whether requesters may differ in the resources that they reach:
// where a Deny is about some of them, or where a policy variable is.
func (an *analysis) partial(statement int, a *action) bool {
	if len(an.vars) > 0 {
		return true
	}
	index := an.index(a)
	whole := an.world.wholeLevel(a.level)
	return slices.ContainsFunc(an.shared, func(r *rule) bool {
		if r.allow || !r.actions.has(index) {
			return false
		}
		return r.except || !slices.ContainsFunc(r.resources, func(p *pattern) bool { return p.covers(whole) })
	})
}

func (an *analysis) index(a *action) int {
	return slices.IndexFunc(an.list, func(x action) bool { return x.name == a.name })
}

// holds says whether an earlier hit of the statement makes a later one
// superfluous: whoever has the later one has the earlier one too.
func (an *analysis) holds(earlier, later *hit) bool {
	if later.state == nil {
		return earlier.state == nil
	}
	if earlier.state == nil {
		return false
	}
	wider := earlier.audience == Anyone || earlier.audience == AnyAWSAccount
	switch {
	case earlier.audience == Network:
		wider = (later.audience == Network || later.subject.open()) && later.addresses != nil && len(later.addresses.minus(earlier.addresses)) == 0
	case earlier.audience == Organization:
		wider = later.audience == Account && later.query.allow.statement.Principal.Everyone()
	case earlier.audience == later.audience && !wider:
		wider = earlier.subject.principal == later.subject.principal
	}
	if !wider || !later.partial {
		return wider
	}
	return an.scopeOf(earlier).equal(an.scopeOf(later))
}

func (an *analysis) scopeOf(h *hit) Scope {
	if h.scope == nil {
		s := an.scope(h, h.query.action.level)
		h.scope = &s
	}
	return *h.scope
}

func (s Scope) equal(t Scope) bool {
	return slices.Equal(s.Include, t.Include) && slices.Equal(s.Exclude, t.Exclude)
}

// relevant says whether a subject that some statement names matters to this
// Allow: its own text or a Deny must name it, or else it stands here like any
// stranger, whose keys nobody knows either.
func (an *analysis) relevant(s *subject, statement int) bool {
	name := s.org
	if s.who == named || s.behalf != "" {
		name = s.principal
	}
	if name == "" || s.canonical != "" {
		return true
	}
	for i := range an.doc.Statements {
		st := &an.doc.Statements[i]
		if (i == statement || st.Effect == "Deny") && st.contains(name) {
			return true
		}
	}
	return false
}

// tryTier gives the hits of one tier: one for strangers, and one for each
// principal where they have names.
func (an *analysis) tryTier(t tier, statement int, a *action, lenient bool) []*hit {
	var out []*hit
	var near addressSet
	var nearest *hit
	for _, s := range t.subjects {
		if s.principal != "" && slices.ContainsFunc(out, func(h *hit) bool { return h.subject.principal == s.principal && h.state != nil }) {
			continue
		}
		if t.audience == ServiceDeputy && len(out) > 0 && out[0].subject.principal == "*" {
			break // any service passes
		}
		if !an.relevant(s, statement) {
			continue
		}
		h := an.trySubject(s, statement, a, lenient)
		if h == nil {
			continue
		}
		h.audience = t.audience
		if h.addresses == nil || h.state == nil || !t.audience.Public() {
			out = append(out, h)
			if h.state != nil && (t.audience == Anyone || t.audience == AnyAWSAccount) {
				return []*hit{h}
			}
			continue
		}
		near = near.or(h.addresses)
		if nearest == nil {
			nearest = h
		}
	}
	if nearest != nil {
		nearest.addresses = near
		if near.wide() {
			nearest.addresses = nil
		} else {
			nearest.audience = Network
		}
		out = append(out, nearest)
	}
	return out
}

// trySubject asks for a request of one subject, under each binding of the
// policy variables.
func (an *analysis) trySubject(s *subject, statement int, a *action, lenient bool) *hit {
	var over *hit
	for _, b := range an.bindings(s, a) {
		q := an.query(b, statement, a, lenient)
		if q == nil {
			continue
		}
		st, ans := an.solver.solve(q)
		switch ans {
		case found:
			h := &hit{subject: b.subject, query: q, state: st, unsettled: st.unsettled}
			if b.doubt != "" {
				h.unsettled = addText(h.unsettled, b.doubt)
			}
			an.widen(h)
			return h
		case overrun:
			over = &hit{subject: b.subject, query: q, unsettled: []string{"the search was given up: the policy is too intricate"}}
		}
	}
	return over
}

// query gathers the rules that touch one subject and one action; nil when the
// Allow does not.
func (an *analysis) query(b bound, statement int, a *action, lenient bool) *query {
	allow := b.rules[statement]
	if allow.void || !b.subject.matches(allow.statement) {
		return nil
	}
	q := &query{allow: allow, subject: b.subject, action: a, lenient: lenient}
	index := an.index(a)
	for _, r := range b.rules {
		if r.statement.Effect == "Deny" && !r.void && r.actions.has(index) && b.subject.matches(r.statement) {
			q.denies = append(q.denies, r)
		}
	}
	if len(q.denies) > 1 {
		slices.SortStableFunc(q.denies, compareRules)
	}
	return q
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
	index := an.index(a)
	probe := &subject{who: user, account: an.world.foreign.account}
	for i := range an.doc.Statements {
		s := &an.doc.Statements[i]
		if !an.sets[i].has(index) || (s.Effect == "Allow" && i != statement) {
			continue
		}
		for _, c := range s.Conditions {
			if _, ok := parseOperator(c.Operator); !ok {
				return true
			}
			if an.world.domain(probe, strings.ToLower(c.Key), a).unknown {
				return true
			}
		}
	}
	return false
}

// edgesOf lists the instants at which a Date condition on the clock changes its
// answer, sorted.
func edgesOf(d *Document) []time.Time {
	var out []time.Time
	for i := range d.Statements {
		for _, c := range d.Statements[i].Conditions {
			key := strings.ToLower(c.Key)
			op, ok := parseOperator(c.Operator)
			if !ok || (key != "aws:currenttime" && key != "aws:epochtime") || (op.kind != opDate && op.kind != opNumeric) {
				continue
			}
			for _, v := range c.Values {
				if t, ok := parseDate(v); ok {
					out = append(out, edgesAt(op.compare, t)...)
				}
			}
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Before(out[j]) })
	return slices.CompactFunc(out, func(a, b time.Time) bool { return a.Equal(b) })
}

// edgesAt follows the clock of conditions, which has seconds.
func edgesAt(c comparison, t time.Time) []time.Time {
	switch c {
	case less, greaterEqual:
		return []time.Time{t}
	case lessEqual, greater:
		return []time.Time{t.Add(time.Second)}
	}
	return []time.Time{t, t.Add(time.Second)}
}
