// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// Marshal writes the policy as JSON, indented by two spaces. Elements stand in
// the order of the grammar, lists in their own; what was one value or one
// object stays so, and unknown members stay. Parse reads the same policy from
// it; what Problems named about spelling and repeated members is mended. An
// error means that the Document, which no text gave, is none that JSON can hold.
func (d *Document) Marshal() ([]byte, error) {
	w := jsonWriter{}
	w.open('{')
	if d.Version != "" {
		w.member("Version", d.Version)
	}
	if d.ID != "" {
		w.member("Id", d.ID)
	}
	for _, name := range sortedNames(d.Other) {
		w.member(name, d.Other[name])
	}
	w.name("Statement")
	if d.single && len(d.Statements) == 1 {
		w.statement(&d.Statements[0])
	} else {
		w.open('[')
		for i := range d.Statements {
			w.item()
			w.statement(&d.Statements[i])
		}
		w.close(']')
	}
	w.close('}')
	if w.err != nil {
		return nil, fmt.Errorf("policy: %w", w.err)
	}
	return w.out.Bytes(), nil
}

// jsonWriter writes JSON with its members in a chosen order.
type jsonWriter struct {
	out   bytes.Buffer
	depth int
	some  bool // the list or object at hand has a value already
	err   error
}

func (w *jsonWriter) open(c byte) {
	w.out.WriteByte(c)
	w.depth++
	w.some = false
}

func (w *jsonWriter) close(c byte) {
	w.depth--
	if w.some {
		w.line()
	}
	w.out.WriteByte(c)
	w.some = true
}

func (w *jsonWriter) line() {
	w.out.WriteByte('\n')
	for range w.depth {
		w.out.WriteString("  ")
	}
}

// item begins the next value of a list or object.
func (w *jsonWriter) item() {
	if w.some {
		w.out.WriteByte(',')
	}
	w.line()
	w.some = true
}

func (w *jsonWriter) name(s string) {
	w.item()
	w.value(s)
	w.out.WriteString(": ")
}

func (w *jsonWriter) member(name string, v any) {
	w.name(name)
	w.value(v)
}

func (w *jsonWriter) value(v any) {
	enc := json.NewEncoder(&w.out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		w.err = err
		return
	}
	w.out.Truncate(w.out.Len() - 1) // the encoder's line end
}

func (w *jsonWriter) texts(name string, list []string, scalar bool) {
	if scalar && len(list) == 1 {
		w.member(name, list[0])
		return
	}
	w.member(name, list)
}

func (w *jsonWriter) statement(s *Statement) {
	if v, ok := s.unread(); ok {
		w.value(v)
		return
	}
	w.open('{')
	if s.Sid != "" {
		w.member("Sid", s.Sid)
	}
	if s.Effect != "" {
		w.member("Effect", s.Effect)
	}
	for _, name := range sortedNames(s.Other) {
		// What could not be read stands as it was written, in place of the
		// part of it that could.
		w.member(name, s.Other[name])
	}
	w.principal(s, elementPrincipal, s.Principal)
	w.principal(s, elementNotPrincipal, s.NotPrincipal)
	for _, l := range []struct {
		element element
		list    []string
	}{{elementAction, s.Action}, {elementNotAction, s.NotAction}, {elementResource, s.Resource}, {elementNotResource, s.NotResource}} {
		name := statementElements[l.element]
		if _, raw := s.Other[name]; l.list != nil && !raw {
			w.texts(name, l.list, s.scalars.has(l.element))
		}
	}
	w.conditions(s)
	w.close('}')
}

func (w *jsonWriter) principal(s *Statement, e element, p *Principal) {
	name := statementElements[e]
	if _, raw := s.Other[name]; p == nil || raw {
		return
	}
	if p.Any {
		w.texts(name, []string{"*"}, !p.scalars.has(kindList))
		return
	}
	w.name(name)
	w.open('{')
	for i, list := range [][]string{p.AWS, p.Service, p.Federated, p.CanonicalUser} {
		if list != nil {
			w.texts(principalKinds[i], list, p.scalars.has(element(i)))
		}
	}
	for _, kind := range sortedNames(p.Other) {
		w.member(kind, p.Other[kind])
	}
	w.close('}')
}

func (w *jsonWriter) conditions(s *Statement) {
	var operators []string
	for _, c := range s.Conditions {
		if c.Operator != malformed && !slices.Contains(operators, c.Operator) {
			operators = append(operators, c.Operator)
		}
	}
	if _, raw := s.Other["Condition"]; raw || len(operators) == 0 {
		return
	}
	w.name("Condition")
	w.open('{')
	for _, op := range operators {
		w.name(op)
		w.open('{')
		var keys []string
		for _, c := range s.Conditions {
			if c.Operator != op {
				continue
			}
			if slices.Contains(keys, c.Key) {
				w.err = fmt.Errorf("statement %d has the condition %s %s twice, which JSON cannot say", s.Index, op, c.Key)
			}
			keys = append(keys, c.Key)
			w.texts(c.Key, c.Values, c.Scalar)
		}
		w.close('}')
	}
	w.close('}')
}

// Without cuts statements out of the text of a policy, by index. Every other
// byte stays as it is. It is an error to cut what is not there, to cut all
// (then delete the policy instead: S3 takes none without a statement), or to
// cut from a policy that stands inside a JSON string.
func Without(text []byte, statements ...int) ([]byte, error) {
	d, err := Parse(text)
	if err != nil {
		return nil, err
	}
	for _, i := range statements {
		if i < 0 || i >= len(d.Statements) {
			return nil, fmt.Errorf("policy: there is no statement %d: the policy has %d", i, len(d.Statements))
		}
	}
	var out []byte
	kept := -1
	for i := range d.Statements {
		s := &d.Statements[i]
		if s.End == 0 {
			return nil, fmt.Errorf("policy: the policy is a JSON text inside a JSON string: take it out of the string first")
		}
		if slices.Contains(statements, i) {
			continue
		}
		if kept < 0 {
			out = append(out, text[:d.Statements[0].Start]...)
		} else {
			out = append(out, text[d.Statements[i-1].End:s.Start]...)
		}
		out = append(out, text[s.Start:s.End]...)
		kept = i
	}
	if kept < 0 {
		return nil, fmt.Errorf("policy: no statement is left: delete the policy instead")
	}
	return append(out, text[d.Statements[len(d.Statements)-1].End:]...), nil
}
