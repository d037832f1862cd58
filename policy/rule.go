// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// rule is a statement made ready for the solver, under one choice of values for
// the policy variables.
type rule struct {
	statement *Statement
	ref       StatementRef
	at        int  // the statement's place in the document
	void      bool // it matches nothing: there is no resource, or a variable of its resources has no value
	actions   actionSet
	resources []*pattern
	except    bool // resources is NotResource
	indexed   bool // lookup is worked out
	lookup    *lookup
	tests     []*test
	whole     [2]tri      // by level: whether one of resources is all of it
	reach     [2]reach    // by level: a resource that the rule takes
	shown     [2][]string // by level: all of resources as a scope tells them; lazily
}

// reach is the answer to the question which resource of a level a rule takes,
// which is the same for every requester.
type reach struct {
	asked    bool
	answer   answer
	resource string
}

// named asks of a resource that the statement's element names it, or that it does
// not.
func (r *rule) named(want bool) textRule {
	if !r.indexed {
		r.lookup, r.indexed = newLookup(r.resources), true
	}
	return textRule{r.resources, want, r.lookup}
}

// tri is an answer that is worked out when first asked for.
type tri int8

const (
	unasked tri = iota
	isSo
	isNot
)

// all says whether one of the rule's resource patterns takes everything on a
// level, so that no request leaves it by its resource.
func (sv *solver) all(r *rule, l level) bool {
	if r.whole[l] == unasked {
		r.whole[l] = isNot
		whole := sv.world.wholeLevel(l)
		for _, p := range r.resources {
			if sv.budget.charge(p.coverCost(whole)) && p.covers(whole) {
				r.whole[l] = isSo
				break
			}
		}
	}
	return r.whole[l] == isSo
}

// test is one condition made ready for the solver.
type test struct {
	key      string // lower case
	shown    string // as in the text
	op       operator
	unknown  bool // the operator does not exist, or unsure
	unsure   bool // see unsureFolds
	values   []string
	patterns []*pattern  // for operators on text
	networks addressSet  // for operators on addresses; for those on text, what their patterns mean, lazily
	octets   tri         // whether patterns mean addresses; lazily
	lookup   *lookup     // of patterns, where they are many; by cost
	weight   int         // what a look at the patterns is charged; lazily, 0 is unknown
	dates    []time.Time // for operators on dates
	numbers  []float64   // for operators on numbers
	source   *Condition
	number   int64 // see ownNumber
}

// binding gives the value of a policy variable and the text that shows it in a
// scope; false means that the request lacks the key.
type binding func(key string) (value, shown string, ok bool)

// ruleMemory is where rules lie.
type ruleMemory struct {
	rules    arena[rule]
	lists    arena[*rule]
	tests    arena[test]
	refs     arena[*test]
	patterns arena[pattern]
	globs    arena[*pattern]
}

func (m *ruleMemory) reset() {
	m.rules.reset()
	m.lists.reset()
	m.tests.reset()
	m.refs.reset()
	m.patterns.reset()
	m.globs.reset()
}

// made is one statement made ready. Action sets come in ready, since they do not
// depend on variables.
func (m *form) made(s *Statement, actions actionSet, variables bool, bind binding) *rule {
	r := &rule{}
	c := compiler{variables: variables, bind: bind, memory: &ruleMemory{}, unsure: m.unsure}
	c.compile(r, s, actions, nil)
	return r
}

// compile makes a statement ready, with what is ready of it in m.
func (c *compiler) compile(r *rule, s *Statement, actions actionSet, m *material) {
	*r = rule{statement: s, ref: s.Ref(), actions: actions}
	list := s.Resource
	if s.Resource == nil {
		list, r.except = s.NotResource, true
	}
	r.resources, r.tests = c.memory.globs.take(len(list))[:0], c.memory.refs.take(len(s.Conditions))
	for i, text := range list {
		if m != nil && m.resources[i] != nil {
			r.resources = append(r.resources, m.resources[i])
			continue
		}
		p := c.memory.patterns.one()
		if s.exact {
			p.setLiteral(text)
			r.resources = append(r.resources, p)
		} else if (s.Effect == "Deny") != r.except && c.loosened(text) {
			continue // an Allow excepts nothing by it, a Deny takes nothing
		} else if c.set(p, text, true) {
			r.resources = append(r.resources, p)
		}
	}
	lost := len(r.resources) < len(list) && c.loose == nil
	for i := range r.tests {
		var ready *conditionMaterial
		if m != nil {
			if ready = &m.conditions[i]; ready.test != nil {
				r.tests[i] = ready.test
				continue
			}
		}
		r.tests[i] = c.memory.tests.one()
		c.read(r.tests[i], &s.Conditions[i], ready)
	}
	denied := c.loosenTests(r)
	r.void = denied || len(r.resources) == 0 && !r.except || lost && r.except || (s.Resource == nil && s.NotResource == nil)
	// The search takes tests in this order, so that the order of the text does
	// not matter.
	if len(r.tests) > 1 {
		slices.SortStableFunc(r.tests, compareTests)
	}
}

// loosenTests leaves out the tests of an Allow that variables that are not bound
// could only make harder to pass. A Deny with such a test may deny nothing.
func (c *compiler) loosenTests(r *rule) (void bool) {
	if c.loose == nil {
		return false
	}
	kept := r.tests[:0]
	for _, t := range r.tests {
		loose := t.op.kind != opNull && slices.ContainsFunc(t.source.Values, c.loosened)
		widens := t.op.onText() && !t.op.negated
		switch {
		case !loose || r.statement.Effect == "Deny" && t.op.onText() && t.op.negated:
		case r.statement.Effect == "Deny":
			void = true
		case !widens:
			continue
		}
		kept = append(kept, t)
	}
	r.tests = kept
	return void
}

func asInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

type compiler struct {
	variables bool
	bind      binding
	memory    *ruleMemory
	unsure    map[*Condition]bool // see unsureFolds

	// loose gives the pattern of all values that a variable may have, "" for one
	// that bind binds; nil where all are bound. Rules then admit whatever they
	// admit under some values, and may admit more.
	loose func(key string) string
}

// loosened says whether a text has a variable that is not bound.
func (c *compiler) loosened(text string) bool {
	if c.loose == nil || !strings.Contains(text, "${") {
		return false
	}
	var m mentions
	m.variables(text)
	return slices.ContainsFunc(m, func(key string) bool { return c.loose(key) != "" })
}

// set compiles a text with its variables replaced; false means that one has no
// value, so that nothing is equal to the text or like it (IAM page "IAM policy
// elements: Variables and tags", "Policy variables with no value").
func (c *compiler) set(p *pattern, text string, wildcards bool) bool {
	if !c.variables || !strings.Contains(text, "${") {
		if wildcards {
			p.setGlob(text)
		} else {
			p.setLiteral(text)
		}
		return true
	}
	p.mixed = true
	all := true
	var shown strings.Builder
	for text != "" {
		at := strings.Index(text, "${")
		if at < 0 {
			at = len(text)
		}
		p.add(text[:at], wildcards)
		shown.WriteString(text[:at])
		text = text[at:]
		key, def, hasDef, rest, ok := splitVariable(text)
		if !ok {
			n := min(2, len(text))
			p.add(text[:n], false)
			shown.WriteString(text[:n])
			text = text[n:]
			continue
		}
		text = rest
		if key == "*" || key == "?" || key == "$" {
			p.add(key, false)
			shown.WriteString("${" + key + "}")
			continue
		}
		if c.loose != nil {
			if glob := c.loose(key); glob != "" {
				p.add(glob, true)
				shown.WriteString("*")
				continue
			}
		}
		value, display, ok := c.bind(key)
		if !ok {
			value, display = def, def
		}
		all = all && (ok || hasDef)
		p.add(value, false)
		shown.WriteString(display)
	}
	p.settle()
	p.text = shown.String()
	return all
}

// read makes a condition ready, with what is ready of it in m.
func (c *compiler) read(t *test, source *Condition, m *conditionMaterial) {
	op, ok := parseOperator(source.Operator)
	var values []string
	if m != nil {
		values = m.values
	} else {
		values = inOrder(source.Values)
	}
	unsure := c.unsure[source]
	*t = test{key: lowKey(source.Key), shown: source.Key, op: op, unknown: !ok || unsure, unsure: unsure, values: values, source: source}
	if !ok || op.kind == opNull {
		return
	}
	if op.onText() {
		c.values(t, m)
		return
	}
	if c.variables && slices.ContainsFunc(values, hasVariable) {
		t.values = nil
		for _, v := range values {
			if p := (&pattern{}); c.set(p, v, false) {
				t.values = append(t.values, p.sample(""))
			}
		}
	}
	t.parse()
}

// parse reads the values of operators on addresses, dates and numbers. A value
// that cannot be read matches nothing (semantics C.4).
func (t *test) parse() {
	var prefixes []netip.Prefix
	for _, v := range t.values {
		switch t.op.kind {
		case opIP:
			if p, ok := parsePrefix(v); ok {
				prefixes = append(prefixes, p)
			}
		case opDate:
			if d, ok := parseDate(v); ok {
				t.dates = append(t.dates, d)
			}
		case opNumeric:
			if n, ok := parseNumber(v); ok {
				t.numbers = append(t.numbers, n)
			}
		}
	}
	if t.op.kind == opIP {
		t.networks = prefixSet(prefixes)
	}
	t.dates = deciding(t.dates, t.op.compare, time.Time.Compare)
	t.numbers = deciding(t.numbers, t.op.compare, cmp.Compare[float64])
	slices.Sort(t.numbers)
}

// deciding leaves the one bound of a comparison that decides: a value that is less
// than some of them is less than the greatest.
func deciding[T any](bounds []T, c comparison, compare func(a, b T) int) []T {
	switch {
	case len(bounds) == 0:
		return bounds
	case c == less || c == lessEqual:
		return []T{slices.MaxFunc(bounds, compare)}
	case c == greater || c == greaterEqual:
		return []T{slices.MinFunc(bounds, compare)}
	}
	return bounds
}

// ruleActions gives the actions of a list that a statement is about.
func ruleActions(s *Statement, list []action) actionSet {
	var set actionSet
	if s.Action == nil && s.NotAction == nil {
		return set
	}
	set = firstActions(len(list))
	if s.Action != nil {
		set = matchActions(list, s.Action)
	}
	if s.NotAction != nil {
		set = set.minus(matchFolded(list, s.NotAction, lower))
	}
	return set
}
