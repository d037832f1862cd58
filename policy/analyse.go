// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"slices"
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
	k := takeDesk()
	out := k.analyse(d, f)
	k.give()
	return out
}

func (k *desk) analyse(d *Document, f Facts) Reach {
	k.hold(d)
	an := &k.whole
	an.settle(f)
	var out Reach
	if found := an.run(); len(found) > 0 {
		out.Grants = make([]Grant, len(found))
		for i := range found {
			out.Grants[i] = found[i].Grant
		}
	}
	out.Edges = slices.Clone(an.edges)
	out.Delegations, out.Crowded = an.delegations(), an.world.crowded
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
	vague     bool // scope may be too wide: the search for it was given up
	unsettled []string
}

// analysis judges one policy under some Facts. Both may change from one run to
// the next; what they have in common is kept.
type analysis struct {
	form
	facts   Facts // that world and what follows from it are about, without the clock
	clock   bool  // whether the time was known
	settled bool
	world   world
	kinds   [tierCount]tier // lazily: see tier
	only    []tier          // instead of kinds, for an ACL grant
	doubts  []bool          // by statement: has a test that cannot be judged; lazily

	// Of one run.
	solver     solver
	literals   []*rule          // by statement: see literal; lazily
	aloneMade  map[string]*rule // see alone; lazily
	boundRules map[string]*rule // see compileBound; lazily
	choice     []byte           // the key of boundRules at hand
	shortWork  int              // of the searches of abandon
	abandoned  [2]int           // searches that could not be ended, for strangers and for named ones
	parted     bool             // partials are worked out
	partials   [2][]int         // by level: Deny statements about a part of it
	memory     runMemory
	findings   []*finding
	forms      []*grantForm // of the statement at hand
	shares     []*share     // of the statement at hand
	question   query        // the one at hand
	bound      map[askedFor]*boundList
	plain      [1]bound  // the subject at hand, without variables
	plainList  boundList // of plain
	onHTTP     subject   // the subject at hand over plain http
}

// runMemory is where the answers of one run lie.
type runMemory struct {
	hits    arena[hit]
	lists   arena[*hit]
	queries arena[query]
	denies  arena[*rule]
	scopes  arena[Scope]
	forms   arena[grantForm]
	shares  arena[share]
	found   arena[finding]
	rules   arena[textRule]
	globs   arena[*pattern]
	keys    []byte
	entries requestContext
}

func (m *runMemory) reset() {
	m.hits.reset()
	m.lists.reset()
	m.queries.reset()
	m.denies.reset()
	m.scopes.reset()
	m.forms.reset()
	m.shares.reset()
	m.found.reset()
	m.keys = m.keys[:0]
	m.rules.reset()
	m.globs.reset()
	clear(m.entries)
}

// newAnalysis makes ready to judge a policy.
func newAnalysis(d *Document, f Facts) *analysis {
	an := &analysis{}
	an.hold(d)
	an.settle(f)
	return an
}

// hold makes the analysis one of the document, and says whether it was that
// before.
func (an *analysis) hold(d *Document) bool {
	same := an.form.hold(d)
	an.settled = an.settled && same
	return same
}

// settle makes ready for a run under the facts. The time moves without making
// anything else stale: no domain that depends on the clock is kept. Nor is any
// answer that was paid for from the budget: what a run finds must not depend on
// the runs before it.
func (an *analysis) settle(f Facts) {
	an.compile()
	at := f.At
	f.At, f.Proven = time.Time{}, Proof{}
	if !an.settled || f != an.facts || an.clock == at.IsZero() || an.only != nil {
		an.facts, an.clock, an.settled = f, !at.IsZero(), true
		an.world.settle(&an.form, f)
		an.kinds, an.only, an.doubts = [tierCount]tier{}, nil, nil
		an.onHTTP = subject{}
	}
	an.world.at, an.parted, an.abandoned, an.shortWork, an.literals, an.aloneMade, an.boundRules = at, false, [2]int{}, 0, nil, nil, nil
	an.bound = nil
	if len(an.vars) > 0 {
		an.bound = map[askedFor]*boundList{}
	}
	for _, r := range an.shared {
		if r != nil {
			r.whole, r.reach, r.shown = [2]tri{}, [2]reach{}, [2][]string{}
		}
	}
	an.memory.reset()
	an.solver.reset(&an.world)
	clear(an.findings)
	an.findings = an.findings[:0]
}

// light says whether the memory is little enough to be kept.
func (an *analysis) light() bool {
	return an.bytes <= maxKeptBytes && len(an.texts.block)+len(an.clauses.block)+cap(an.doc.Statements) <= maxKept &&
		len(an.memory.lists.block)+len(an.world.memory.subjects.block)+len(an.solver.states) <= maxKept
}

// run gives all grants, in the order of reports.
func (an *analysis) run() []*finding {
	out := an.findings
	for i := range an.doc.Statements {
		if an.doc.Statements[i].Effect != "Allow" {
			continue
		}
		b := grantBuilder{an: an, statement: i, forms: an.forms[:0], shares: an.shares[:0]}
		for _, g := range an.groups[i] {
			for _, h := range an.admit(i, &an.list[g.first]) {
				b.add(h, g)
			}
		}
		out = b.grants(out)
		an.forms, an.shares = b.forms, b.shares
	}
	sortFindings(out)
	an.findings = out
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
	out := an.memory.lists.take(tierCount)[:0]
	var world, aws *hit
	signed := false // some signed request of a stranger's passes, from wherever
	partial := an.partial(statement, a)
	for i := range tierCount {
		t := an.tier(i)
		// Signed strangers are tried even where everybody passes, to tell
		// whether only unsigned requests do.
		held := (world != nil || aws != nil) && (t.audience != AnyAWSAccount || aws != nil)
		if held && !partial {
			continue
		}
		wider := out // in one tier no principal comes twice
		if !t.audience.Public() {
			wider = an.holders(out, t.audience)
		}
		for _, h := range an.tryTier(t, statement, a, lenient) {
			h.peers, h.partial = t.subjects, partial
			if h.state != nil && h.audience == Anyone {
				world = h
			}
			if h.state != nil && h.audience == AnyAWSAccount {
				aws = h
			}
			signed = signed || h.state != nil && t.audience == AnyAWSAccount
			if t.audience.Public() {
				wider = out
			}
			if !slices.ContainsFunc(wider, func(o *hit) bool { return an.holds(o, h) }) {
				out = append(out, h)
			}
		}
	}
	if world != nil {
		world.lone = !signed && an.others()
	}
	return out
}

// holders are the hits that may make one of a narrow audience superfluous: see
// holds.
func (an *analysis) holders(list []*hit, narrow Audience) []*hit {
	if len(list) <= manyTexts {
		return list
	}
	out := an.memory.lists.take(len(list))[:0]
	for _, h := range list {
		if h.audience.Public() || h.audience == narrow || h.audience == Organization && narrow == Account {
			out = append(out, h)
		}
	}
	return out
}

// partial says whether requesters may differ in the resources that they reach:
// where a Deny is about some of them, or where a policy variable is.
func (an *analysis) partial(statement int, a *action) bool {
	if len(an.vars) > 0 {
		return true
	}
	if !an.parted {
		an.findPartials()
	}
	for _, i := range an.partials[a.level] {
		if an.sets[i].has(a.index) {
			return true
		}
	}
	return false
}

func (an *analysis) findPartials() {
	an.parted = true
	for _, l := range []level{onBucket, onObject} {
		an.partials[l] = an.partials[l][:0]
		for i, r := range an.shared {
			if r.statement.Effect == "Deny" && (r.except || !an.solver.all(r, l)) {
				an.partials[l] = append(an.partials[l], i)
			}
		}
	}
}

// holds says whether an earlier hit of the statement makes a later one
// superfluous: whoever has the later one has the earlier one too.
func (an *analysis) holds(earlier, later *hit) bool {
	if later.state == nil {
		return earlier.state == nil && (earlier.audience.Public() || earlier.audience == later.audience && earlier.subject.principal == later.subject.principal)
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
	// A scope that is vague is at least as wide as the later one's.
	return an.scopeOf(earlier).equal(an.scopeOf(later)) || earlier.vague
}

func (an *analysis) scopeOf(h *hit) Scope {
	if h.scope == nil {
		h.scope = an.memory.scopes.one()
		*h.scope = an.scope(h, h.query.action.level)
		h.vague = an.solver.budget.spent()
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
	if s.naming == nil {
		s.naming = an.namingOf(s)
	}
	return s.naming == everywhere || s.naming.denies || s.naming.allows[statement]
}

// everywhere stands for a subject without a name.
var everywhere = &naming{}

func (an *analysis) namingOf(s *subject) *naming {
	name := s.org
	if s.who == named || s.behalf != "" {
		name = s.principal
	}
	if name == "" || s.canonical != "" {
		return everywhere
	}
	return an.namedIn(name)
}

// tryTier gives the hits of one tier: one for strangers, and one for each
// principal where they have names.
func (an *analysis) tryTier(t tier, statement int, a *action, lenient bool) []*hit {
	out := an.memory.lists.take(len(t.subjects))[:0]
	var done map[string]bool // principals that get in, where there are many
	if len(t.subjects) > manyTexts {
		done = make(map[string]bool, len(t.subjects))
	}
	var near addressSet
	var nearest *hit
	for _, s := range t.subjects {
		if s.who == unsigned && replications.has(a.index) {
			continue // who replicates has an account
		}
		if s.principal != "" && (done[s.principal] || done == nil && slices.ContainsFunc(out, func(h *hit) bool { return h.subject.principal == s.principal && h.state != nil })) {
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
		if h.state == nil && h.addresses != nil && t.audience.Public() && !h.addresses.wide() {
			h.audience = Network
		}
		if h.addresses == nil || h.state == nil || !t.audience.Public() {
			out = append(out, h)
			if done != nil && h.state != nil {
				done[s.principal] = true
			}
			if h.state != nil && (t.audience == Anyone || t.audience == AnyAWSAccount) {
				return out[len(out)-1:]
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
