// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"strings"
)

func (d *Document) statement(index int, v any) {
	where := fmt.Sprintf("statement %d", index)
	s := Statement{Index: index}
	m, ok := v.(map[string]any)
	if !ok {
		d.problem("%s is %s, not an object", where, shape(v))
		s.Other = keep(nil, malformed, v)
		d.Statements = append(d.Statements, s)
		return
	}
	for _, name := range sortedNames(m) {
		d.member(&s, where, name, m[name])
	}
	d.complete(&s, where)
	d.Statements = append(d.Statements, s)
}

func (d *Document) member(s *Statement, where, name string, v any) {
	std := d.element(where, name, "Sid", "Effect", "Principal", "NotPrincipal",
		"Action", "NotAction", "Resource", "NotResource", "Condition")
	switch std {
	case "Sid":
		s.Sid = d.text(where+": Sid", v)
	case "Effect":
		s.Effect = d.effect(where, v)
	case "Principal":
		s.Principal = d.principal(s, where, std, v)
	case "NotPrincipal":
		s.NotPrincipal = d.principal(s, where, std, v)
	case "Action":
		s.Action = d.list(s, where, std, v)
	case "NotAction":
		s.NotAction = d.list(s, where, std, v)
	case "Resource":
		s.Resource = d.list(s, where, std, v)
	case "NotResource":
		s.NotResource = d.list(s, where, std, v)
	case "Condition":
		d.conditions(s, where, v)
	default:
		s.Other = keep(s.Other, name, v)
		d.problem("%s has the unknown element %q", where, name)
	}
}

// complete names what the grammar asks for and the statement lacks.
func (d *Document) complete(s *Statement, where string) {
	if s.Principal == nil && s.NotPrincipal == nil {
		d.problem("%s has no Principal", where)
	}
	if s.Principal != nil && s.NotPrincipal != nil {
		d.problem("%s has both Principal and NotPrincipal", where)
		s.Conditions = append(s.Conditions, Condition{Operator: malformed, Key: "NotPrincipal"})
	}
	if s.Action == nil && s.NotAction == nil {
		d.problem("%s has no Action", where)
	}
	if s.Action != nil && s.NotAction != nil {
		d.problem("%s has both Action and NotAction", where)
		s.Conditions = append(s.Conditions, Condition{Operator: malformed, Key: "NotAction"})
	}
	if s.Resource == nil && s.NotResource == nil {
		d.problem("%s has no Resource", where)
	}
	if s.Resource != nil && s.NotResource != nil {
		d.problem("%s has both Resource and NotResource", where)
		s.Conditions = append(s.Conditions, Condition{Operator: malformed, Key: "NotResource"})
	}
	if s.Effect == "" {
		d.problem("%s has no Effect", where)
	}
	for _, c := range s.Conditions {
		if c.Operator == malformed {
			continue // told already
		}
		if _, ok := parseOperator(c.Operator); !ok {
			d.problem("%s: the operator %q does not exist", where, c.Operator)
		}
	}
}

func (d *Document) effect(where string, v any) string {
	e := d.text(where+": Effect", v)
	for _, std := range []string{"Allow", "Deny"} {
		if e != std && strings.EqualFold(e, std) {
			d.problem("%s: the effect %q is spelt %q", where, std, e)
			return std
		}
	}
	if e != "Allow" && e != "Deny" {
		d.problem("%s: the effect %q does not exist", where, e)
	}
	return e
}

// list reads a scalar or a list of scalars. It never gives nil, so that an
// element that is present stays apart from one that is absent.
func (d *Document) list(s *Statement, where, name string, v any) []string {
	out, bad := scalars(v)
	if bad {
		d.problem("%s: %s holds what is not a string", where, name)
		s.Other = keep(s.Other, name, v)
		s.Conditions = append(s.Conditions, Condition{Operator: malformed, Key: name})
	}
	if len(out) == 0 {
		d.problem("%s: %s is empty", where, name)
	}
	return out
}

// scalars gives the texts of a scalar or a list of scalars, and whether
// something was left out because it is neither.
func scalars(v any) (out []string, bad bool) {
	l, ok := v.([]any)
	if !ok {
		l = []any{v}
	}
	out = make([]string, 0, len(l))
	for _, x := range l {
		switch x.(type) {
		case map[string]any, []any, nil:
			bad = true
		default:
			out = append(out, scalar(x))
		}
	}
	return out, bad
}

func (d *Document) principal(s *Statement, where, name string, v any) *Principal {
	p := &Principal{}
	m, ok := v.(map[string]any)
	if !ok {
		texts, bad := scalars(v)
		for _, t := range texts {
			if t == "*" {
				p.Any = true
				continue
			}
			bad = true
		}
		if bad {
			d.problem("%s: %s is neither \"*\" nor an object", where, name)
			s.Other = keep(s.Other, name, v)
			s.Conditions = append(s.Conditions, Condition{Operator: malformed, Key: name})
		} else if _, isList := v.([]any); isList {
			d.problem("%s: %s is a list", where, name)
		}
		return p
	}
	for _, kind := range sortedNames(m) {
		texts, bad := scalars(m[kind])
		if bad {
			d.problem("%s: %s %s holds what is not a string", where, name, kind)
			s.Other = keep(s.Other, name, v)
			s.Conditions = append(s.Conditions, Condition{Operator: malformed, Key: name})
		}
		d.principalKind(p, where, kind, texts)
	}
	return p
}

func (d *Document) principalKind(p *Principal, where, kind string, texts []string) {
	switch d.element(where, kind, "AWS", "Service", "Federated", "CanonicalUser") {
	case "AWS":
		p.AWS = append(p.AWS, texts...)
		for _, t := range texts {
			if t != "*" && strings.ContainsAny(t, "*?") {
				d.problem("%s: a wildcard inside the principal %q is not allowed", where, t)
			}
		}
	case "Service":
		p.Service = append(p.Service, texts...)
	case "Federated":
		p.Federated = append(p.Federated, texts...)
	case "CanonicalUser":
		p.CanonicalUser = append(p.CanonicalUser, texts...)
	default:
		d.problem("%s: the principal type %q does not exist", where, kind)
		if p.Other == nil {
			p.Other = map[string][]string{}
		}
		p.Other[kind] = texts
	}
}

func (d *Document) conditions(s *Statement, where string, v any) {
	m, ok := v.(map[string]any)
	if !ok {
		d.problem("%s: Condition is %s, not an object", where, shape(v))
		s.Other = keep(s.Other, "Condition", v)
		s.Conditions = append(s.Conditions, Condition{Operator: malformed, Key: "Condition"})
		return
	}
	for _, op := range sortedNames(m) {
		keys, ok := m[op].(map[string]any)
		if !ok || op == malformed {
			d.problem("%s: the condition %s is %s, not an object of keys", where, op, shape(m[op]))
			s.Other = keep(s.Other, "Condition", v)
			s.Conditions = append(s.Conditions, Condition{Operator: malformed, Key: op})
			continue
		}
		for _, key := range sortedNames(keys) {
			values, bad := scalars(keys[key])
			if bad {
				d.problem("%s: the condition %s %s holds what is not a scalar", where, op, key)
				s.Other = keep(s.Other, "Condition", v)
				s.Conditions = append(s.Conditions, Condition{Operator: malformed, Key: key})
				continue
			}
			s.Conditions = append(s.Conditions, Condition{Operator: op, Key: key, Values: values})
		}
	}
}
