// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"regexp"
	"slices"
	"strings"
)

// The values that a requester chooses for policy variables cannot all be tried.
// Where none of those that are tried passes, the policy is judged with each such
// variable standing for all of its values: what does not pass then passes under
// none. What passes tells values to try.

// chosenAtWill lists the variables of which not all values were tried, each with
// the pattern of all.
func (an *analysis) chosenAtWill(list *boundList, a *action) map[string]string {
	var out map[string]string
	for _, key := range list.keys {
		d := an.world.domain(list.subject, key, a)
		if d.unknown || d.absent && len(d.values)+len(d.free) == 0 && d.ips == nil || d.fixed ||
			len(d.free) == 0 && d.ips == nil && !d.numeric && d.to.IsZero() && len(d.values) <= maxChoices {
			continue
		}
		if out == nil {
			out = map[string]string{}
		}
		out[key] = "*"
		if len(d.free) == 1 && len(d.values) == 0 && d.free[0].glob && !d.free[0].arn && !d.free[0].mixed {
			out[key] = d.free[0].body
		}
	}
	return out
}

// atWill answers for a subject of whose choices none passed that was tried.
func (an *analysis) atWill(list *boundList, statement int, a *action, lenient bool) *hit {
	globs := an.chosenAtWill(list, a)
	if len(globs) == 0 {
		return nil
	}
	if !an.solver.budget.charge(an.bindingCost()) {
		return an.abandon(list.subject, statement, a, givenUp)
	}
	q := an.query(an.bindLoosely(list, a, globs), statement, a, lenient)
	if q == nil {
		return nil
	}
	q = an.keep(q)
	st, ans := an.solver.solve(q)
	switch ans {
	case impossible:
		return nil
	case overrun:
		return an.abandon(list.subject, statement, a, givenUp)
	}
	for _, longest := range []bool{false, true} {
		values := an.readBack(list, statement, a, globs, st, longest)
		if values == nil || !an.solver.budget.charge(an.bindingCost()) {
			continue
		}
		b := an.bind(list.subject, values)
		exact := an.query(b, statement, a, lenient)
		if exact == nil {
			continue
		}
		if st, ans := an.solver.solve(exact); ans == found {
			h := an.memory.hits.one()
			*h = hit{subject: b.subject, query: an.keep(exact), state: st, unsettled: st.unsettled}
			an.widen(h)
			return h
		}
	}
	return &hit{subject: list.subject, query: q, unsettled: []string{"no value of " + variableNames(globs) + " was found that passes, and it was not shown that none does"}}
}

func variableNames(globs map[string]string) string {
	names := sortedNames(globs)
	for i := range names {
		names[i] = "${" + names[i] + "}"
	}
	return strings.Join(names, ", ")
}

// bindLoosely binds the variables that have one value, and leaves the others open.
func (an *analysis) bindLoosely(list *boundList, a *action, globs map[string]string) bound {
	c := *list.subject
	c.domains, c.more, c.bound = nil, nil, map[string]*domain{}
	values := an.notAtWill(list, a, globs)
	rules := an.compileBound(func(key string) (string, string, bool) {
		v := values[key]
		return v.value, v.shown, v.present
	}, func(key string) string { return globs[key] })
	return bound{subject: &c, rules: rules, denies: an.deniesOf(rules), doubt: list.subject.doubt}
}

// notAtWill gives the variables that have one value.
func (an *analysis) notAtWill(list *boundList, a *action, globs map[string]string) map[string]variable {
	values := map[string]variable{}
	for _, key := range list.keys {
		if globs[key] != "" {
			continue
		}
		if choices := an.choices(list.subject, key, a); len(choices) > 0 {
			values[key] = choices[0]
		}
	}
	return values
}

// readBack gives the variables the values that stand in their places in a request
// that passes when they are left open; nil where there are none to be read.
func (an *analysis) readBack(list *boundList, statement int, a *action, globs map[string]string, st *state, longest bool) map[string]variable {
	values := an.notAtWill(list, a, globs)
	s := &an.doc.Statements[statement]
	for _, text := range s.Resource {
		an.readFrom(text, st.resource, globs, longest, values)
	}
	for _, c := range s.Conditions {
		k := st.find(lowKey(c.Key))
		if k == nil || k.choice.absent {
			continue
		}
		for _, text := range c.Values {
			for _, v := range k.choice.values {
				an.readFrom(text, v, globs, longest, values)
			}
		}
	}
	for _, key := range list.keys {
		if _, ok := values[key]; ok || globs[key] == "" {
			continue
		}
		choices := an.choices(list.subject, key, a)
		if len(choices) == 0 {
			return nil
		}
		values[key] = choices[0]
	}
	for key, v := range values {
		if globs[key] == "" || !v.present {
			continue
		}
		if d := an.world.domain(list.subject, key, a); !slices.Contains(d.values, v.value) && (!anyMatch(d.free, v.value) || anyMatch(d.barred, v.value)) {
			return nil
		}
	}
	return values
}

// readFrom reads what stands in the places of variables in a text that was found.
func (an *analysis) readFrom(text, found string, globs map[string]string, longest bool, values map[string]variable) {
	if !strings.Contains(text, "${") {
		return
	}
	any := "(.*?)"
	if longest {
		any = "(.*)"
	}
	var expr strings.Builder
	var keys []string
	expr.WriteString("(?s)^")
	for text != "" {
		key, _, _, rest, ok := splitVariable(text)
		size := runeLen(text, 0)
		switch {
		case ok && globs[key] != "":
			expr.WriteString(any)
			keys = append(keys, key)
		case ok:
			expr.WriteString(regexp.QuoteMeta(boundText(values[key], key)))
		case text[0] == '*':
			expr.WriteString(".*?")
		case text[0] == '?':
			expr.WriteString(".")
		default:
			expr.WriteString(regexp.QuoteMeta(text[:size]))
		}
		if text = text[size:]; ok {
			text = rest
		}
	}
	expr.WriteString("$")
	re, err := regexp.Compile(expr.String())
	if err != nil {
		return
	}
	for i, m := range re.FindStringSubmatch(found) {
		if i > 0 {
			if _, ok := values[keys[i-1]]; !ok {
				values[keys[i-1]] = variable{present: true, value: m, shown: "*"}
			}
		}
	}
}

// boundText is the text of a variable that is bound, or of an escaped character.
func boundText(v variable, key string) string {
	if key == "*" || key == "?" || key == "$" {
		return key
	}
	return v.value
}
