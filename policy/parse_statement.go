// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// element is a position in one of the lists of standard names below.
type element int

const unknownElement element = -1

// elementSet is a set of elements of one list.
type elementSet uint16

func (s *elementSet) add(e element)     { *s |= 1 << e }
func (s elementSet) has(e element) bool { return s&(1<<e) != 0 }

const (
	elementVersion element = iota
	elementID
	elementStatement
)

var policyElements = []string{"Version", "Id", "Statement"}

const (
	elementSid element = iota
	elementEffect
	elementPrincipal
	elementNotPrincipal
	elementAction
	elementNotAction
	elementResource
	elementNotResource
	elementCondition
)

var statementElements = []string{"Sid", "Effect", "Principal", "NotPrincipal",
	"Action", "NotAction", "Resource", "NotResource", "Condition"}

const (
	kindAWS element = iota
	kindService
	kindFederated
	kindCanonicalUser
	kindList // not a type: the text "*" without one, in a list
)

var principalKinds = []string{"AWS", "Service", "Federated", "CanonicalUser"}

// statementParser fills one statement.
type statementParser struct {
	*parser
	*Statement
	seen elementSet
}

func (p *parser) statement(index int, n *node) {
	s := statementParser{parser: p, Statement: &p.doc.Statements[index]}
	s.Index = index
	if n.start >= 0 {
		s.Start, s.End = n.start, n.end
	}
	if n.kind != jsonObject {
		s.problem(n.start, WrongShape, " is %s, not an object", n.kind)
		s.Other = keep(nil, malformed, n.value())
		return
	}
	for i := range n.kids {
		s.member(&n.kids[i])
	}
	s.complete(n.start)
	if len(s.Conditions) > 1 {
		// Policies that differ in the order of members alone are the same.
		slices.SortStableFunc(s.Conditions, func(a, b Condition) int {
			return cmp.Or(strings.Compare(a.Operator, b.Operator), strings.Compare(a.Key, b.Key))
		})
	}
}

// problem notes what is wrong with the statement; its name comes before the text.
func (s *statementParser) problem(at int, kind ProblemKind, format string, args ...any) {
	s.note(at, s.Index, kind, "statement %d"+format, append([]any{s.Index}, args...)...)
}

func (s *statementParser) member(n *node) {
	e := s.standard(n, statementElements, &s.seen)
	switch e {
	case elementSid:
		s.Sid = s.text(n, s.Index, "Sid")
	case elementEffect:
		s.Effect = s.effect(n)
	case elementPrincipal:
		s.Principal = s.principal(e, n)
	case elementNotPrincipal:
		s.NotPrincipal = s.principal(e, n)
	case elementAction:
		s.Action = s.list(e, n)
	case elementNotAction:
		s.NotAction = s.list(e, n)
	case elementResource:
		s.Resource = s.list(e, n)
	case elementNotResource:
		s.NotResource = s.list(e, n)
	case elementCondition:
		s.conditions(n)
	default:
		s.Other = keep(s.Other, n.name, n.value())
		s.problem(n.nameAt, UnknownElement, " has the unknown element %q", n.name)
	}
}

// standard is parser.element without a text for the usual case.
func (s *statementParser) standard(n *node, standard []string, seen *elementSet) element {
	if i := slices.Index(standard, n.name); i >= 0 && !seen.has(element(i)) {
		seen.add(element(i))
		return element(i)
	}
	return s.element(n, s.Index, fmt.Sprintf("statement %d", s.Index), standard, seen)
}

// complete names what the grammar asks for and the statement lacks.
func (s *statementParser) complete(at int) {
	for _, pair := range [][2]element{{elementPrincipal, elementNotPrincipal}, {elementAction, elementNotAction}, {elementResource, elementNotResource}} {
		name, not := statementElements[pair[0]], statementElements[pair[1]]
		switch {
		case s.seen.has(pair[0]) && s.seen.has(pair[1]):
			s.problem(at, BothElements, " has both %s and %s", name, not)
			s.malformed(not)
		case !s.seen.has(pair[0]) && !s.seen.has(pair[1]):
			s.problem(at, MissingElement, " has no %s", name)
		}
	}
	if s.Effect == "" {
		s.problem(at, MissingElement, " has no Effect")
	}
}

// malformed makes the statement undecided because of an element.
func (s *statementParser) malformed(name string) {
	s.Conditions = append(s.Conditions, Condition{Operator: malformed, Key: name})
}

func (s *statementParser) effect(n *node) string {
	e := s.text(n, s.Index, "Effect")
	for _, std := range []string{"Allow", "Deny"} {
		if e == std {
			return std
		}
		if strings.EqualFold(strings.TrimSpace(e), std) {
			s.problem(n.start, OddSpelling, ": the effect %q is spelt %q", std, e)
			return std
		}
	}
	if e != "" {
		s.problem(n.start, UnknownValue, ": the effect %q does not exist", e)
	}
	return e
}

// list reads a scalar or a list of scalars. It never gives nil, so that an
// element that is present stays apart from one that is absent.
func (s *statementParser) list(e element, n *node) []string {
	name := statementElements[e]
	out, bad := s.values(n)
	if n.kind != jsonList {
		s.scalars.add(e)
	}
	if bad {
		s.problem(n.start, WrongShape, ": %s holds what is not a string", name)
		s.Other = keep(s.Other, name, n.value())
		s.malformed(name)
	}
	if len(out) == 0 {
		s.problem(n.start, EmptyElement, ": %s is empty", name)
	}
	if e == elementAction || e == elementNotAction {
		s.unclearLetters(n, name, out)
	}
	return out
}

// unclearLetters makes the statement undecided where an action may be spelt with
// letters outside ASCII: see lowerLoosely.
func (s *statementParser) unclearLetters(n *node, name string, actions []string) {
	for _, action := range actions {
		if r := relative(action); r != "" {
			s.problem(n.start, UnknownValue, ": %s has %q: no page of AWS says whether %s stands for an ASCII letter", name, action, r)
			s.malformed(name)
			return
		}
	}
}

// values gives the texts of a scalar or a list of scalars, and whether something
// was left out because it is neither.
func (p *parser) values(n *node) (out []string, bad bool) {
	list := n.kids
	switch n.kind {
	case jsonObject, jsonNull:
		return []string{}, true
	case jsonList:
	default:
		out = p.texts.take(1)
		out[0] = n.text
		return out, false
	}
	out = p.texts.take(len(list))[:0]
	for i := range list {
		switch list[i].kind {
		case jsonObject, jsonList, jsonNull:
			bad = true
		default:
			out = append(out, list[i].text)
		}
	}
	return out, bad
}

func (s *statementParser) principal(e element, n *node) *Principal {
	p := s.people.one()
	name := statementElements[e]
	if n.kind != jsonObject {
		s.principalText(p, name, n)
		return p
	}
	var seen elementSet
	for i := range n.kids {
		kid := &n.kids[i]
		texts, bad := s.values(kid)
		if bad {
			s.problem(kid.start, WrongShape, ": %s %s holds what is not a string", name, kid.name)
			s.Other = keep(s.Other, name, n.value())
			s.malformed(name)
		}
		s.principalKind(p, kid, texts, &seen)
	}
	return p
}

// principalText reads a principal that is not an object: "*" or a list of it.
func (s *statementParser) principalText(p *Principal, name string, n *node) {
	texts, bad := s.values(n)
	if n.kind == jsonList {
		p.scalars.add(kindList)
	}
	for _, t := range texts {
		if t == "*" {
			p.Any = true
			continue
		}
		bad = true
	}
	switch {
	case bad:
		s.problem(n.start, BadPrincipal, ": %s is neither \"*\" nor an object", name)
		s.Other = keep(s.Other, name, n.value())
		s.malformed(name)
	case n.kind == jsonList:
		s.problem(n.start, WrongShape, ": %s is a list", name)
	}
}

func (s *statementParser) principalKind(p *Principal, n *node, texts []string, seen *elementSet) {
	e := s.standard(n, principalKinds, seen)
	if n.kind != jsonList && e != unknownElement {
		p.scalars.add(e)
	}
	switch e {
	case kindAWS:
		p.AWS = texts
		for _, t := range texts {
			if t != "*" && strings.ContainsAny(t, "*?") {
				s.problem(n.start, BadPrincipal, ": a wildcard inside the principal %q is not allowed", t)
			}
		}
	case kindService:
		p.Service = texts
	case kindFederated:
		p.Federated = texts
	case kindCanonicalUser:
		p.CanonicalUser = texts
	default:
		s.problem(n.nameAt, BadPrincipal, ": the principal type %q does not exist", n.name)
		if p.Other == nil {
			p.Other = map[string][]string{}
		}
		p.Other[n.name] = texts
	}
}

func (s *statementParser) conditions(n *node) {
	s.Conditions = slices.DeleteFunc(s.Conditions, func(c Condition) bool { return c.Operator != malformed })
	if n.kind != jsonObject {
		s.problem(n.start, WrongShape, ": Condition is %s, not an object", n.kind)
		s.Other = keep(s.Other, "Condition", n.value())
		s.malformed("Condition")
		return
	}
	for i := range n.kids {
		op := &n.kids[i]
		if op.kind != jsonObject || op.name == malformed {
			s.problem(op.start, WrongShape, ": the condition %s is %s, not an object of keys", op.name, op.kind)
			s.Other = keep(s.Other, "Condition", n.value())
			s.malformed(op.name)
			continue
		}
		if _, ok := parseOperator(op.name); !ok {
			s.problem(op.nameAt, UnknownOp, ": the operator %q does not exist", op.name)
		}
		for j := range op.kids {
			key := &op.kids[j]
			values, bad := s.values(key)
			if bad {
				s.problem(key.start, WrongShape, ": the condition %s %s holds what is not a scalar", op.name, key.name)
				s.Other = keep(s.Other, "Condition", n.value())
				s.malformed(key.name)
				continue
			}
			s.Conditions = append(s.Conditions, Condition{op.name, key.name, values, key.kind != jsonList})
		}
	}
}
