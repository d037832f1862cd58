// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

// form is a policy made ready for judging, apart from Facts. It holds a copy of
// the text, so that it can tell whether another policy reads the same.
type form struct {
	doc           Document
	texts         arena[string] // where the copy's lists lie
	people        arena[Principal]
	clauses       arena[Condition]
	bytes         int  // of the texts
	ready         bool // what stands below is worked out
	list          []action
	known         int
	lower         actionSet // the actions of list on the bucket itself
	sets          []actionSet
	mentions      mentions
	spelt         []string            // by place in mentions; lazily
	alike         map[string]bool     // see alikeKeys
	unsure        map[*Condition]bool // see unsureFolds
	vars          []string
	parts         [][]string // vars by statement; lazily
	byAddr        bool
	memory        ruleMemory
	shared        []*rule     // rules of statements without variables; of others nil
	denies        []*rule     // the Deny statements of a policy without variables
	order         []int       // the Deny statements: see orderDenies
	costOfBinding int         // lazily
	stock         []*material // by statement, of those with variables; lazily
	classes       []actionSet
	groups        [][]group             // by statement
	tests         map[string][]*pattern // patterns of the policy by condition key
	naming        map[string]*naming
	spoken        []string // by statement: see Statement.spoken; lazily
	edges         []time.Time
}

// hold makes the form one of the document, and says whether it was that before.
func (m *form) hold(d *Document) bool {
	if m.doc.Statements != nil && m.doc.reads(d) {
		return true
	}
	m.texts.reset()
	m.people.reset()
	m.clauses.reset()
	m.ready, m.bytes = false, 0
	list := append(m.doc.Statements[:0], d.Statements...)
	if list == nil {
		list = []Statement{}
	}
	m.doc = Document{Version: d.Version, Statements: list}
	for i := range list {
		m.copy(&list[i])
	}
	return false
}

// copy gives a statement lists of its own.
func (m *form) copy(s *Statement) {
	s.Principal, s.NotPrincipal = m.principal(s.Principal), m.principal(s.NotPrincipal)
	for _, l := range []*[]string{&s.Action, &s.NotAction, &s.Resource, &s.NotResource} {
		*l = m.own(*l)
	}
	if s.Conditions != nil {
		own := m.clauses.take(len(s.Conditions))
		copy(own, s.Conditions)
		for i := range own {
			own[i].Values = m.own(own[i].Values)
		}
		s.Conditions = own
	}
	m.widen(s)
	s.Other = nil
}

// widen lets a statement mean everybody or every resource where it names what could
// not be read. It is undecided anyway: see malformed.
func (m *form) widen(s *Statement) {
	for _, c := range s.Conditions {
		if c.Operator != malformed || s.Other[c.Key] == nil {
			continue
		}
		switch c.Key {
		case statementElements[elementPrincipal]:
			s.Principal = &Principal{Any: true}
		case statementElements[elementResource]:
			s.Resource = []string{"*"}
		case statementElements[elementAction]:
			s.Action = []string{"*"}
		}
	}
}

func (m *form) principal(p *Principal) *Principal {
	if p == nil {
		return nil
	}
	c := m.people.one()
	*c = Principal{Any: p.Any, AWS: m.own(p.AWS), Service: m.own(p.Service), Federated: m.own(p.Federated), CanonicalUser: m.own(p.CanonicalUser)}
	if len(p.Other) > 0 {
		c.Other = someOther
	}
	c.enroll()
	return c
}

// someOther stands for the types of principals that the grammar does not know:
// that there are some is all that counts.
var someOther = map[string][]string{"": nil}

func (m *form) own(list []string) []string {
	if list == nil {
		return nil
	}
	c := m.texts.take(len(list))
	copy(c, list)
	for _, s := range c {
		m.bytes += len(s)
	}
	return c
}

// reads says whether two policies have the same text, as far as judging goes.
func (d *Document) reads(other *Document) bool {
	return d.Version == other.Version && slices.EqualFunc(d.Statements, other.Statements, sameStatement)
}

func sameStatement(a, b Statement) bool {
	return a.Index == b.Index && a.Sid == b.Sid && a.Effect == b.Effect && a.exact == b.exact &&
		samePrincipal(a.Principal, b.Principal) && samePrincipal(a.NotPrincipal, b.NotPrincipal) &&
		sameList(a.Action, b.Action) && sameList(a.NotAction, b.NotAction) &&
		sameList(a.Resource, b.Resource) && sameList(a.NotResource, b.NotResource) &&
		slices.EqualFunc(a.Conditions, b.Conditions, sameCondition)
}

func samePrincipal(a, b *Principal) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Any == b.Any && (len(a.Other) == 0) == (len(b.Other) == 0) && sameList(a.AWS, b.AWS) && sameList(a.Service, b.Service) &&
		sameList(a.Federated, b.Federated) && sameList(a.CanonicalUser, b.CanonicalUser)
}

func sameCondition(a, b Condition) bool {
	return a.Operator == b.Operator && a.Key == b.Key && sameList(a.Values, b.Values)
}

// sameList tells an absent list from an empty one.
func sameList(a, b []string) bool {
	return (a == nil) == (b == nil) && slices.Equal(a, b)
}

// compile works out all that does not depend on Facts.
func (m *form) compile() {
	if m.ready {
		return
	}
	m.ready = true
	d := &m.doc
	m.memory.reset()
	m.mentions, m.spelt = m.mentions.of(d), nil
	m.alike, m.unsure = alikeKeys(m.mentions), unsureFolds(d)
	m.list, m.known = actionsOf(d)
	m.lower = bucketLevel(m.list)
	m.sets = m.sets[:0]
	for i := range d.Statements {
		m.sets = append(m.sets, ruleActions(&d.Statements[i], m.list))
	}
	m.vars, m.parts = variablesOf(d), nil
	m.byAddr = m.mentions.has("aws:sourceip")
	m.classify()
	m.groupAll()
	m.compileShared()
	m.collect()
	clear(m.naming)
	m.spoken = nil
	m.edges = Edges(d)
}

// compileShared makes the statements without variables ready.
func (m *form) compileShared() {
	m.shared, m.denies, m.costOfBinding = m.memory.lists.take(len(m.doc.Statements)), nil, 0
	m.order, m.stock = orderDenies(m.order, &m.doc), nil
	c := compiler{variables: m.doc.hasVariables(), memory: &m.memory, unsure: m.unsure}
	for i := range m.shared {
		if len(m.vars) > 0 && len(m.variablesOf(i)) > 0 {
			continue
		}
		m.shared[i] = m.memory.rules.one()
		c.compile(m.shared[i], &m.doc.Statements[i], m.sets[i], nil)
		m.shared[i].at = i
	}
	if len(m.vars) == 0 {
		m.denies = m.deniesOf(m.shared)
	}
}

// compileBound gives all rules, those with variables under a choice of values: one
// that was made under the same choice in this run, where there is one.
func (an *analysis) compileBound(bind binding, loose func(key string) string) []*rule {
	rules := slices.Clone(an.shared)
	c := compiler{variables: true, bind: bind, loose: loose, memory: &ruleMemory{}, unsure: an.unsure}
	for i := range rules {
		if rules[i] != nil {
			continue
		}
		an.choice = c.appendChoice(strconv.AppendInt(an.choice[:0], int64(i), 10), an.variablesOf(i))
		r := an.boundRules[string(an.choice)]
		if r == nil {
			r = c.memory.rules.one()
			c.compile(r, &an.doc.Statements[i], an.sets[i], an.materialOf(i))
			r.at = i
			if an.boundRules == nil {
				an.boundRules = map[string]*rule{}
			}
			an.boundRules[string(an.choice)] = r
		}
		rules[i] = r
	}
	return rules
}

// appendChoice tells choices of values apart.
func (c *compiler) appendChoice(to []byte, keys []string) []byte {
	for _, key := range keys {
		if c.loose != nil {
			if glob := c.loose(key); glob != "" {
				to = appendTexts(append(to, '*'), []string{glob})
				continue
			}
		}
		value, shown, ok := c.bind(key)
		to = appendTexts(strconv.AppendBool(to, ok), []string{value, shown})
	}
	return to
}

// deniesOf gives the Deny statements of some rules.
func (m *form) deniesOf(rules []*rule) []*rule {
	out := make([]*rule, len(m.order))
	for i, at := range m.order {
		out[i] = rules[at]
	}
	return out
}

// collect gathers the patterns that the policy compares each key with.
func (m *form) collect() {
	clear(m.tests)
	variables := m.doc.hasVariables()
	for i := range m.doc.Statements {
		for _, c := range m.doc.Statements[i].Conditions {
			op, ok := parseOperator(c.Operator)
			if ok && op.onText() {
				m.collectKey(lowKey(c.Key), op, c.Values, variables)
			}
		}
	}
}

func (m *form) collectKey(key string, op operator, values []string, variables bool) {
	for _, v := range values {
		if variables && strings.Contains(v, "${") {
			continue
		}
		p := m.memory.patterns.one()
		if op.kind == opLike || op.kind == opARN {
			p.setGlob(v)
		} else {
			p.setLiteral(v)
		}
		if m.tests == nil {
			m.tests = map[string][]*pattern{}
		}
		m.tests[key] = append(m.tests[key], p)
	}
}

// namedIn says which statements name an account or an organization.
func (m *form) namedIn(name string) *naming {
	if n := m.naming[name]; n != nil {
		return n
	}
	n := &naming{allows: make([]bool, len(m.doc.Statements))}
	for i := range m.doc.Statements {
		if m.speaksOf(i, name) {
			n.denies = n.denies || m.doc.Statements[i].Effect == "Deny"
			n.allows[i] = true
		}
	}
	if m.naming == nil {
		m.naming = map[string]*naming{}
	}
	m.naming[name] = n
	return n
}

// speaksOf says whether a name stands in a statement. The statement is made one text
// where that is asked often.
func (m *form) speaksOf(statement int, name string) bool {
	s := &m.doc.Statements[statement]
	if len(m.naming) < manyTexts {
		return s.contains(name)
	}
	if m.spoken == nil {
		m.spoken = make([]string, len(m.doc.Statements))
	}
	if m.spoken[statement] == "" {
		m.spoken[statement] = s.spoken()
	}
	return strings.Contains(m.spoken[statement], name)
}

// naming says which statements name an account or an organization.
type naming struct {
	denies bool
	allows []bool // by statement
}

// delegations lists the Allow statements that hold on requests through certain
// access points.
func (m *form) delegations() []Delegation {
	if !m.mentions.any("s3:dataaccesspointaccount", "s3:dataaccesspointarn") {
		return nil
	}
	var out []Delegation
	for i := range m.doc.Statements {
		s := &m.doc.Statements[i]
		if s.Effect != "Allow" {
			continue
		}
		for _, c := range s.Conditions {
			op, ok := parseOperator(c.Operator)
			key := lowKey(c.Key)
			if ok && !op.negated && op.kind != opNull && (key == "s3:dataaccesspointaccount" || key == "s3:dataaccesspointarn") {
				out = append(out, Delegation{AccessPoints: slices.Clone(c.Values), Statement: s.Ref()})
			}
		}
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
			issued := key == "aws:tokenissuetime"
			if !ok || (key != "aws:currenttime" && key != "aws:epochtime" && !issued) || (op.kind != opDate && op.kind != opNumeric) {
				continue
			}
			var dates []time.Time
			for _, v := range c.Values {
				if t, ok := parseDate(v); ok {
					dates = append(dates, t)
				}
			}
			for _, t := range deciding(dates, op.compare, time.Time.Compare) {
				out = append(out, edgesAt(op.compare, t)...)
				if issued { // the last session from before it ends
					out = append(out, edgesAt(op.compare, t.Add(longestRoleSession))...)
					out = append(out, edgesAt(op.compare, t.Add(longestSession))...)
				}
			}
		}
	}
	if len(out) < 2 {
		return out
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
