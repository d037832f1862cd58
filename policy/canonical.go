// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"sort"
)

// Canonical gives one text for all spellings of the same policy: members
// sorted, lists sorted and without repetition, a list of one as a string.
// Statements keep their order, because reasons name them by position.
func (d *Document) Canonical() []byte {
	out := clone(d.Other)
	if d.Version != "" {
		out["Version"] = d.Version
	}
	if d.ID != "" {
		out["Id"] = d.ID
	}
	list := make([]any, 0, len(d.Statements))
	for i := range d.Statements {
		list = append(list, d.Statements[i].value())
	}
	out["Statement"] = list
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(out); err != nil {
		// Only values that no JSON text can hold come here.
		return []byte("null")
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}

// Hash is the hexadecimal SHA-256 of the canonical text.
func (d *Document) Hash() string {
	sum := sha256.Sum256(d.Canonical())
	return hex.EncodeToString(sum[:])
}

func clone(m map[string]any) map[string]any {
	out := make(map[string]any, len(m)+8)
	for k, v := range m {
		out[k] = v
	}
	return out
}

// unread gives a statement that is no object.
func (s *Statement) unread() (any, bool) {
	v, ok := s.Other[malformed]
	return v, ok && len(s.Other) == 1 && s.Effect == "" && s.Action == nil
}

func (s *Statement) value() any {
	if v, ok := s.unread(); ok {
		return v
	}
	out := map[string]any{}
	if s.Sid != "" {
		out["Sid"] = s.Sid
	}
	if s.Effect != "" {
		out["Effect"] = s.Effect
	}
	if s.Principal != nil {
		out["Principal"] = s.Principal.value()
	}
	if s.NotPrincipal != nil {
		out["NotPrincipal"] = s.NotPrincipal.value()
	}
	for name, l := range map[string][]string{"Action": s.Action, "NotAction": s.NotAction,
		"Resource": s.Resource, "NotResource": s.NotResource} {
		if l != nil {
			out[name] = oneOrMany(l)
		}
	}
	if c := conditionValue(s.Conditions); len(c) > 0 {
		out["Condition"] = c
	}
	// What could not be read stands in Other as it was written, and replaces
	// the part of it that could.
	for k, v := range s.Other {
		out[k] = v
	}
	return out
}

func (p *Principal) value() any {
	if p.Any {
		return "*"
	}
	out := map[string]any{}
	for kind, l := range p.Other {
		out[kind] = oneOrMany(l)
	}
	for kind, l := range map[string][]string{"AWS": p.AWS, "Service": p.Service,
		"Federated": p.Federated, "CanonicalUser": p.CanonicalUser} {
		if l != nil {
			out[kind] = oneOrMany(l)
		}
	}
	return out
}

func conditionValue(conditions []Condition) map[string]any {
	all := map[string]map[string][]string{}
	for _, c := range conditions {
		if c.Operator == malformed {
			continue
		}
		if all[c.Operator] == nil {
			all[c.Operator] = map[string][]string{}
		}
		all[c.Operator][c.Key] = append(all[c.Operator][c.Key], c.Values...)
	}
	out := map[string]any{}
	for op, keys := range all {
		m := map[string]any{}
		for key, values := range keys {
			m[key] = oneOrMany(values)
		}
		out[op] = m
	}
	return out
}

func oneOrMany(l []string) any {
	l = slices.Clone(l)
	sort.Strings(l)
	l = slices.Compact(l)
	if len(l) == 1 {
		return l[0]
	}
	if l == nil {
		l = []string{}
	}
	return l
}
