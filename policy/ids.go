// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"slices"
	"strings"
)

// attainable lists ids that a stranger can get from AWS: a fresh one, and one
// for each pattern of the policy that fixes few enough characters for somebody
// to get such an id by trying.
func (w *world) attainable(key, fresh, prefix string, few int) []string {
	tests := w.tests[key]
	if len(tests) == 0 {
		return []string{fresh}
	}
	name := [2]string{key, fresh}
	out, known := w.attained[name]
	if !known {
		out = idsFor(tests, fresh, prefix, few)
		if w.attained == nil {
			w.attained = map[[2]string][]string{}
		}
		w.attained[name] = out
	}
	return out
}

func idsFor(tests []*pattern, fresh, prefix string, few int) []string {
	out := []string{fresh}
	for _, p := range tests {
		if !p.wild || p.match(fresh) || len(out) > 8 {
			continue
		}
		id := issued(p, fresh)
		fixed := 0
		for i, t := range p.toks() {
			if t.kind == literal && (i >= len(prefix) || prefix[i] != byte(t.r)) {
				fixed++
			}
		}
		if fixed <= few && strings.HasPrefix(id, prefix) && p.match(id) && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return slices.Clip(out) // it is handed out more than once
}

// issued fills the open places of a pattern with what the fresh id has at its
// end, so that the length stays what AWS gives.
func issued(p *pattern, fresh string) string {
	fixed := 0
	for _, t := range p.toks() {
		if !t.run() {
			fixed++
		}
	}
	rest := max(0, len(fresh)-fixed)
	var b strings.Builder
	for _, t := range p.toks() {
		switch {
		case t.kind == literal:
			b.WriteRune(t.r)
		case t.run():
			b.WriteString(fresh[len(fresh)-rest:])
			rest = 0
		default:
			b.WriteByte(fresh[min(b.Len(), len(fresh)-1)])
		}
	}
	return b.String()
}
