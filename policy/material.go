// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"slices"
	"strings"
)

// material is what of a statement with policy variables does not depend on their
// values, so that it is made ready only once.
type material struct {
	resources  []*pattern // by place in the text; nil where there is a variable
	conditions []conditionMaterial
}

type conditionMaterial struct {
	test     *test      // all of it; nil where there is a variable
	values   []string   // in order
	patterns []*pattern // by place in values, for operators on text; nil where there is a variable
}

// noPattern stands for a value that nothing matches.
var noPattern = &pattern{}

// materialOf gives what of a statement is made ready already.
func (m *form) materialOf(statement int) *material {
	if m.stock == nil {
		m.stock = make([]*material, len(m.doc.Statements))
	}
	if m.stock[statement] == nil {
		m.stock[statement] = m.makeMaterial(&m.doc.Statements[statement])
	}
	return m.stock[statement]
}

func (m *form) makeMaterial(s *Statement) *material {
	c := compiler{variables: m.doc.hasVariables(), memory: &m.memory, unsure: m.unsure}
	list := s.Resource
	if s.Resource == nil {
		list = s.NotResource
	}
	out := &material{resources: make([]*pattern, len(list)), conditions: make([]conditionMaterial, len(s.Conditions))}
	for i, text := range list {
		switch {
		case s.exact:
			out.resources[i] = newLiteral(text)
		case !hasVariable(text):
			out.resources[i] = m.memory.patterns.one()
			c.set(out.resources[i], text, true)
		}
	}
	for i := range s.Conditions {
		out.conditions[i] = c.material(&s.Conditions[i])
	}
	return out
}

func (c *compiler) material(source *Condition) conditionMaterial {
	out := conditionMaterial{values: inOrder(source.Values)}
	if !slices.ContainsFunc(out.values, hasVariable) {
		out.test = c.memory.tests.one()
		c.read(out.test, source, nil)
		return out
	}
	op, ok := parseOperator(source.Operator)
	if !ok || !op.onText() {
		return out
	}
	out.patterns = make([]*pattern, len(out.values))
	for i, v := range out.values {
		if !hasVariable(v) {
			out.patterns[i] = c.value(v, op)
		}
	}
	return out
}

// value makes one value of an operator on text ready; noPattern where it matches
// nothing.
func (c *compiler) value(text string, op operator) *pattern {
	p := c.memory.patterns.one()
	if !c.set(p, text, op.kind == opLike || op.kind == opARN) {
		return noPattern
	}
	p.fold = op.kind == opFold
	if op.kind == opARN {
		if p = p.asARN(); p == nil {
			return noPattern
		}
	}
	return p
}

// values makes the values of an operator on text ready, those that m has not.
func (c *compiler) values(t *test, m *conditionMaterial) {
	t.patterns = c.memory.globs.take(len(t.values))[:0]
	for i, v := range t.values {
		var p *pattern
		if m != nil && m.patterns != nil {
			p = m.patterns[i]
		}
		if p == nil {
			p = c.value(v, t.op)
		}
		if p != noPattern {
			t.patterns = append(t.patterns, p)
		}
	}
}

func hasVariable(text string) bool { return strings.Contains(text, "${") }

// inOrder gives values an order of their own: that of the text must not choose
// what a search finds.
func inOrder(values []string) []string {
	if slices.IsSorted(values) {
		return values
	}
	return slices.Sorted(slices.Values(values))
}
