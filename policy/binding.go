// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"slices"
	"sort"
	"strings"
)

const (
	maxBindings = 32
	maxChoices  = 6
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
		s := &d.Statements[i]
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

// bindings gives the subject under each choice of values for the variables.
// What a requester chooses stands for all that it could choose; values that the
// policy compares with are tried too (semantics C.5).
func (an *analysis) bindings(s *subject, a *action) []bound {
	if len(an.vars) == 0 {
		an.plain[0] = bound{subject: s, rules: an.shared, denies: an.denies, doubt: s.doubt}
		return an.plain[:]
	}
	combos := []map[string]variable{{}}
	for _, key := range an.vars {
		var next []map[string]variable
		for _, v := range an.choices(s, key, a) {
			for _, c := range combos {
				m := map[string]variable{key: v}
				for k, x := range c {
					m[k] = x
				}
				next = append(next, m)
			}
		}
		if len(next) > maxBindings {
			next = next[:maxBindings]
		}
		combos = next
	}
	out := make([]bound, 0, len(combos))
	for _, c := range combos {
		out = append(out, an.bind(s, c))
	}
	return out
}

func (an *analysis) bind(s *subject, values map[string]variable) bound {
	c := *s
	c.domains, c.bound = nil, map[string]*domain{}
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
	rules := an.compileAll(&ruleMemory{}, func(key string) (string, string, bool) {
		v := values[key]
		return v.value, v.shown, v.present
	})
	return bound{subject: &c, rules: rules, denies: deniesOf(rules), doubt: doubt}
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
	if fits("mallory") {
		out = append(out, "mallory")
	}
	for _, p := range d.free {
		if v := p.sample("mallory"); fits(v) && len(out) == 0 {
			out = append(out, v)
		}
	}
	for _, p := range an.world.tests[key] {
		for _, fill := range []string{"", "k"} {
			if v := p.sample(fill); fits(v) && !slices.Contains(out, v) && len(out) < maxChoices {
				out = append(out, v)
			}
		}
	}
	if len(out) == 0 {
		if v, a := findText([]textRule{{d.free, true}, {d.barred, false}}, &an.solver.budget); a == found {
			out = append(out, v)
		}
	}
	return slices.DeleteFunc(out, func(v string) bool { return strings.Contains(v, "\x00") })
}
