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
	void      bool // it matches nothing: a variable has no value, or there is no resource
	actions   actionSet
	resources []*pattern
	except    bool // resources is NotResource
	tests     []*test
}

// test is one condition made ready for the solver.
type test struct {
	key      string // lower case
	shown    string // as in the text
	op       operator
	unknown  bool // the operator does not exist
	values   []string
	patterns []*pattern  // for operators on text
	networks addressSet  // for operators on addresses
	dates    []time.Time // for operators on dates
	numbers  []float64   // for operators on numbers
	source   *Condition
}

// binding gives the value of a policy variable and the text that shows it in a
// scope; false means that the request lacks the key.
type binding func(key string) (value, shown string, ok bool)

// compile makes a statement ready. Action sets come in ready, since they do not
// depend on variables.
func compile(s *Statement, actions actionSet, variables bool, bind binding) *rule {
	r := &rule{statement: s, ref: s.Ref(), actions: actions}
	list := s.Resource
	if s.Resource == nil {
		list, r.except = s.NotResource, true
	}
	c := compiler{variables: variables, bind: bind}
	r.resources = make([]*pattern, 0, len(list))
	for _, text := range list {
		r.resources = append(r.resources, c.pattern(text, true))
	}
	r.tests = make([]*test, 0, len(s.Conditions))
	for i := range s.Conditions {
		t := c.test(&s.Conditions[i])
		r.tests = append(r.tests, t)
	}
	r.void = c.void || (s.Resource == nil && s.NotResource == nil)
	// The search takes tests in this order, so that the order of the text does
	// not matter.
	slices.SortStableFunc(r.tests, func(a, b *test) int {
		return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.source.Operator, b.source.Operator), compareSets(a.values, b.values))
	})
	return r
}

func compareSets(a, b []string) int {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Compare(a, b)
}

// compareRules gives rules an order that does not depend on the text's order.
func compareRules(a, b *rule) int {
	texts := func(r *rule) []string {
		s := r.statement
		return slices.Concat(s.Resource, s.NotResource, s.Action, s.NotAction)
	}
	if c := cmp.Or(cmp.Compare(len(a.tests), len(b.tests)), compareSets(texts(a), texts(b))); c != 0 {
		return c
	}
	for i := range a.tests {
		x, y := a.tests[i], b.tests[i]
		if c := cmp.Or(cmp.Compare(x.key, y.key), cmp.Compare(x.source.Operator, y.source.Operator), compareSets(x.values, y.values)); c != 0 {
			return c
		}
	}
	return 0
}

type compiler struct {
	variables bool
	bind      binding
	void      bool
}

// pattern compiles a text with its variables replaced.
func (c *compiler) pattern(text string, wildcards bool) *pattern {
	if !c.variables || !strings.Contains(text, "${") {
		if wildcards {
			return newPattern(text)
		}
		return newLiteral(text)
	}
	p := &pattern{}
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
		value, display := c.value(key, def, hasDef)
		p.add(value, false)
		shown.WriteString(display)
	}
	p.text = shown.String()
	return p
}

func (c *compiler) value(key, def string, hasDef bool) (value, shown string) {
	if v, s, ok := c.bind(key); ok {
		return v, s
	}
	if !hasDef {
		c.void = true
	}
	return def, def
}

func (c *compiler) test(source *Condition) *test {
	op, ok := parseOperator(source.Operator)
	t := &test{key: strings.ToLower(source.Key), shown: source.Key, op: op, unknown: !ok, values: source.Values, source: source}
	if !ok || op.kind == opNull {
		return t
	}
	switch op.kind {
	case opString, opFold, opLike, opARN:
		for _, v := range source.Values {
			p := c.pattern(v, op.kind == opLike || op.kind == opARN)
			p.fold = op.kind == opFold
			if op.kind == opARN {
				p = p.asARN()
			}
			if p != nil {
				t.patterns = append(t.patterns, p)
			}
		}
		return t
	}
	if c.variables && slices.ContainsFunc(source.Values, func(v string) bool { return strings.Contains(v, "${") }) {
		t.values = nil
		for _, v := range source.Values {
			p := c.pattern(v, false)
			t.values = append(t.values, p.sample(""))
		}
	}
	t.parse()
	return t
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
}

// ruleActions gives the actions of a list that a statement is about.
func ruleActions(s *Statement, list []action) actionSet {
	var set actionSet
	if s.Action == nil && s.NotAction == nil {
		return set
	}
	in, out := matchActions(list, s.Action), matchActions(list, s.NotAction)
	for i := range list {
		if (s.Action == nil || in.has(i)) && (s.NotAction == nil || !out.has(i)) {
			set.add(i)
		}
	}
	return set
}
