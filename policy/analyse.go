// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"slices"
	"sort"
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
	if found := an.run(); len(found) > 0 {
		out.Grants = make([]Grant, len(found))
		for i := range found {
			out.Grants[i] = found[i].Grant
		}
	}
	out.Edges = Edges(d)
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
			key := lowKey(c.Key)
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
	kinds    []tier // lazily: see tiers
	solver   *solver
	shared   []*rule // rules of a policy without variables
	denies   []*rule // the Deny statements of shared
	vars     []string
	scratch  query    // of the question at hand
	plain    [1]bound // of the subject at hand, without variables
	onHTTP   subject  // the subject at hand over plain http
	byAddr   bool
	classes  []actionSet // of actions that are alike
	doubts   []bool      // by statement: has a test that cannot be judged; lazily
	partials *[2][]int   // by level: Deny statements about a part of it; lazily
	naming   map[string]*naming
}

func newAnalysis(d *Document, f Facts) *analysis {
	an := &analysis{doc: d, mentions: mentionsOf(d)}
	an.world = newWorld(d, f)
	an.list, an.known = actionsOf(d)
	an.sets = make([]actionSet, len(d.Statements))
	for i := range d.Statements {
		an.sets[i] = ruleActions(&d.Statements[i], an.list)
	}
	an.solver = &solver{world: an.world}
	an.vars = variablesOf(d)
	an.byAddr = an.mentions.has("aws:sourceip")
	an.classify()
	if len(an.vars) == 0 {
		an.shared = an.compileAll(nil)
		an.denies = deniesOf(an.shared)
	}
	return an
}

func (an *analysis) compileAll(bind binding) []*rule {
	block := make([]rule, len(an.doc.Statements))
	rules := make([]*rule, len(block))
	for i := range block {
		rules[i] = &block[i]
		block[i].compile(&an.doc.Statements[i], an.sets[i], an.doc.hasVariables(), bind)
	}
	return rules
}

// deniesOf gives the Deny statements in an order that does not depend on the
// order of the text.
func deniesOf(rules []*rule) []*rule {
	var out []*rule
	for _, r := range rules {
		if r.statement.Effect == "Deny" {
			out = append(out, r)
		}
	}
	if len(out) > 1 {
		slices.SortStableFunc(out, compareRules)
	}
	return out
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
			for _, h := range an.admit(i, &an.list[g.first]) {
				b.add(h, g)
			}
		}
		out = b.grants(out)
	}
	sortFindings(out)
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
	for i := range tierCount {
		t := an.tier(i)
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
		world.lone = aws == nil && an.others()
	}
	return out
}

// partial says whether requesters may differ in the resources that they reach:
// where a Deny is about some of them, or where a policy variable is.
func (an *analysis) partial(statement int, a *action) bool {
	if len(an.vars) > 0 {
		return true
	}
	if an.partials == nil {
		an.partials = an.findPartials()
	}
	for _, i := range an.partials[a.level] {
		if an.sets[i].has(a.index) {
			return true
		}
	}
	return false
}

func (an *analysis) findPartials() *[2][]int {
	out := &[2][]int{}
	for _, l := range []level{onBucket, onObject} {
		for i, r := range an.shared {
			if r.statement.Effect == "Deny" && (r.except || !an.solver.all(r, l)) {
				out[l] = append(out[l], i)
			}
		}
	}
	return out
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
		if an.solver.budget.spent() {
			h.unsettled = addText(h.unsettled, givenUp)
		}
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
	n := an.naming[name]
	if n == nil {
		n = &naming{allows: map[int]bool{}}
		for i := range an.doc.Statements {
			if st := &an.doc.Statements[i]; st.contains(name) {
				n.denies = n.denies || st.Effect == "Deny"
				n.allows[i] = true
			}
		}
		if an.naming == nil {
			an.naming = map[string]*naming{}
		}
		an.naming[name] = n
	}
	return n.denies || n.allows[statement]
}

// naming says which statements name an account or an organization.
type naming struct {
	denies bool
	allows map[int]bool
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

// Edges lists the instants at which a Date condition on the clock changes its
// answer, sorted: the same as Reach.Edges, without the analysis. Between two of
// them a policy means the same (semantics B.9 W1).
func Edges(d *Document) []time.Time {
	var out []time.Time
	if d == nil {
		return nil
	}
	for i := range d.Statements {
		for _, c := range d.Statements[i].Conditions {
			key := lowKey(c.Key)
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
