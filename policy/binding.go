// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"slices"
	"sort"
	"strconv"
	"strings"
)

const (
	maxBindings = 32
	maxChoices  = 6
	maxTried    = 128 // patterns of the policy whose texts are tried for a variable
)

// bound is a subject whose policy variables have values, with the rules that
// follow from them.
type bound struct {
	subject *subject
	rules   []*rule
	denies  []*rule
	doubt   string
}

// variablesOf lists the keys of the policy's variables.
func variablesOf(d *Document) []string {
	if !d.hasVariables() {
		return nil
	}
	var m mentions
	for i := range d.Statements {
		m = append(m, variablesIn(&d.Statements[i])...)
	}
	return m.set()
}

// variablesIn lists the keys of a statement's variables.
func variablesIn(s *Statement) []string {
	var m mentions
	for _, c := range s.Conditions {
		for _, v := range c.Values {
			m.variables(v)
		}
	}
	for _, list := range [][]string{s.Resource, s.NotResource} {
		for _, v := range list {
			m.variables(v)
		}
	}
	return slices.DeleteFunc(m.set(), func(key string) bool { return key == "*" || key == "?" || key == "$" })
}

// variable is one value that a policy variable can take.
type variable struct {
	present bool
	value   string
	shown   string // in a scope: "*" where the requester chooses the value
	doubt   string
}

// bindings gives the subject under choices of values for the variables that
// matter to one Allow and one action. What a requester chooses stands for all that
// it could choose; values that the policy compares with are tried too (semantics
// C.5).
func (an *analysis) bindings(s *subject, statement int, a *action) *boundList {
	if len(an.vars) == 0 {
		an.plain[0] = bound{subject: s, rules: an.shared, denies: an.denies, doubt: s.doubt}
		if an.plainList.made == nil {
			an.plainList.made = an.plain[:]
		}
		return &an.plainList
	}
	asked := askedFor{s, statement, a.index}
	if known, ok := an.bound[asked]; ok {
		return known
	}
	list := &boundList{subject: s, keys: an.variablesFor(statement, a)}
	an.bound[asked] = list
	choices := make([][]variable, len(list.keys))
	for i, key := range list.keys {
		if choices[i] = an.choices(s, key, a); len(choices[i]) == 0 {
			return list
		}
	}
	list.combos, list.cut = combine(choices, len(an.variablesOf(statement)))
	return list
}

// askedFor is whose choices were worked out, for which Allow and action.
type askedFor struct {
	subject   *subject
	statement int
	action    int
}

// boundList is a subject under one choice after the other. Each is made ready
// when it is asked for, since that takes long.
type boundList struct {
	subject *subject
	keys    []string
	combos  [][]variable // those that are not made ready yet
	made    []bound
	cut     bool // there are more choices than these
}

// next makes one choice more ready than there are; false where there is none, or
// the budget does not allow it.
func (an *analysis) binding(list *boundList, i int) (bound, bool) {
	if i < len(list.made) {
		return list.made[i], true
	}
	if len(list.combos) == 0 {
		return bound{}, false
	}
	if !an.solver.budget.charge(an.bindingCost()) {
		list.cut = true
		return bound{}, false
	}
	values := make(map[string]variable, len(list.keys))
	for i, key := range list.keys {
		values[key] = list.combos[0][i]
	}
	list.combos = list.combos[1:]
	list.made = append(list.made, an.bind(list.subject, values))
	return list.made[i], true
}

// bindingCost is what making a policy ready costs, in steps of the budget: only
// statements with variables are made ready again.
func (an *analysis) bindingCost() int {
	if an.costOfBinding == 0 {
		an.costOfBinding = 8 * len(an.doc.Statements)
		for i := range an.doc.Statements {
			if len(an.variablesOf(i)) > 0 {
				an.costOfBinding += 64 + 2*an.doc.Statements[i].size()
			}
		}
	}
	return an.costOfBinding
}

// size is what it costs to make a statement ready again: the bytes of texts with
// variables, and a little for each other text.
func (s *Statement) size() int {
	n := 0
	add := func(list []string) {
		n += len(list) / 4
		for _, v := range list {
			if hasVariable(v) {
				n += 8 + len(v)
			}
		}
	}
	add(s.Resource)
	add(s.NotResource)
	for _, c := range s.Conditions {
		n += 8
		if slices.ContainsFunc(c.Values, hasVariable) {
			add(c.Values)
		}
	}
	return n
}

// variablesFor lists the variables of an Allow, and then those of the Deny
// statements about the action.
func (an *analysis) variablesFor(statement int, a *action) []string {
	out := slices.Clone(an.variablesOf(statement))
	for i := range an.doc.Statements {
		if an.doc.Statements[i].Effect != "Deny" || !an.sets[i].has(a.index) {
			continue
		}
		for _, key := range an.variablesOf(i) {
			out = addText(out, key)
		}
	}
	return out
}

// variablesOf lists the variables of one statement.
func (m *form) variablesOf(statement int) []string {
	if m.parts == nil {
		m.parts = make([][]string, len(m.doc.Statements))
		for i := range m.parts {
			m.parts[i] = variablesIn(&m.doc.Statements[i])
		}
	}
	return m.parts[statement]
}

// combine puts choices together, those first that say most: each variable with its
// first choice; the first own ones so and the rest with their last, which is to
// lack the key where that can be; then all others.
func combine(choices [][]variable, own int) (out [][]variable, cut bool) {
	all := 1
	for _, list := range choices {
		all = min(all*len(list), maxBindings+1)
	}
	pick := func(at func(i int) int) {
		c := make([]variable, len(choices))
		for i, list := range choices {
			c[i] = list[at(i)]
		}
		out = append(out, c)
	}
	if all > maxBindings {
		pick(func(int) int { return 0 })
		pick(func(i int) int {
			if i < own {
				return 0
			}
			return len(choices[i]) - 1
		})
	}
	counter := make([]int, len(choices))
	for range min(all, maxBindings) {
		pick(func(i int) int { return counter[i] })
		for i := range counter {
			if counter[i]++; counter[i] < len(choices[i]) {
				break
			}
			counter[i] = 0
		}
	}
	return out, all > maxBindings
}

func (an *analysis) bind(s *subject, values map[string]variable) bound {
	c := *s
	c.domains, c.more, c.bound = nil, nil, map[string]*domain{}
	doubt := s.doubt
	for key, v := range values {
		d := never()
		if v.present {
			d = oneOf(v.value)
		}
		if v.doubt != "" {
			doubt = v.doubt
			continue
		}
		c.bound[key] = d
	}
	rules := an.compileBound(func(key string) (string, string, bool) {
		v := values[key]
		return v.value, v.shown, v.present
	}, nil)
	return bound{subject: &c, rules: rules, denies: an.deniesOf(rules), doubt: doubt}
}

// choices lists the values that a variable can take, the requester's own first.
func (an *analysis) choices(s *subject, key string, a *action) []variable {
	d := an.world.domain(s, key, a)
	var out []variable
	if d.unknown {
		switch key {
		case "aws:resourceorgid", "aws:resourceaccount", "s3:resourceaccount", "aws:requestedregion":
			// A constant of the bucket that no stranger shares.
			text := "${" + key + "}"
			return []variable{{present: true, value: text, shown: text}}
		}
		doubt := "the condition key " + key + " is unknown"
		return []variable{{present: true, value: "k", shown: "*", doubt: doubt}, {doubt: doubt}}
	}
	if !d.multi {
		for _, v := range an.valuesFor(d, key) {
			shown := "*"
			if d.fixed || len(d.free) == 0 {
				shown = v
			}
			out = append(out, variable{present: true, value: v, shown: shown})
		}
	}
	if d.absent || d.multi {
		out = append(out, variable{})
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].present && !out[j].present })
	return out
}

// ownName is what a requester calls himself: another name for each variable, so
// that no two are equal by chance.
func (an *analysis) ownName(key string) string {
	if at := slices.Index(an.vars, key); at > 0 {
		return "mallory" + strconv.Itoa(at+1)
	}
	return "mallory"
}

func (an *analysis) valuesFor(d *domain, key string) []string {
	out := slices.Clone(d.values)
	switch {
	case d.ips != nil:
		return []string{d.ips.example()}
	case d.numeric:
		return []string{"1"}
	case len(d.free) == 0:
		return out[:min(len(out), maxChoices)]
	}
	fits := func(v string) bool { return anyMatch(d.free, v) && !anyMatch(d.barred, v) }
	if own := an.ownName(key); fits(own) {
		out = append(out, own)
	}
	for _, p := range d.free {
		if v := p.sample("mallory"); fits(v) && len(out) == 0 {
			out = append(out, v)
		}
	}
	tests := an.world.tests[key]
	for _, p := range tests[:min(len(tests), maxTried)] {
		for fill := range 2 {
			if v := p.example(fill); len(out) < maxChoices && fits(v) && !slices.Contains(out, v) {
				out = append(out, v)
			}
		}
	}
	if len(out) == 0 {
		if v, a := findText([]textRule{{patterns: d.free, want: true}, {patterns: d.barred}}, &an.solver.budget); a == found {
			out = append(out, v)
		}
	}
	return slices.DeleteFunc(out, func(v string) bool { return strings.Contains(v, "\x00") })
}
