// SPDX-License-Identifier: Apache-2.0

package trail

import (
	"encoding/json"
	"slices"
	"strings"
)

// The walk through request parameters ends here; what AWS writes is far smaller.
const (
	maxWalkDepth = 12
	maxWalkNodes = 10_000
)

// Param returns the scalars (strings, numbers, booleans, and those in lists)
// under requestParameters whose member has this name in any case, each value
// once: the shallowest first, then by the order of the names. AWS writes the
// same parameter as Host, host and as a list of one by turns, and at differing
// depths. The walk goes 12 deep and looks at no more than 10,000 values.
func (r *Record) Param(name string) []string {
	var out []string
	known := map[string]bool{}
	Walk(r.RequestParameters, func(key string, v any) bool {
		if strings.EqualFold(key, name) {
			out = appendScalars(out, v, known)
		}
		return true
	})
	return out
}

// Leaf returns the value of the member of m, at any depth, that has this name in
// any case: the shallowest, and of several the first by the order of the names
// on the way to it. It is for values that are objects, such as
// AccessControlPolicy; it bounds its walk as Param does.
func Leaf(m map[string]any, name string) (any, bool) {
	var found any
	ok := false
	Walk(m, func(key string, v any) bool {
		if strings.EqualFold(key, name) {
			found, ok = v, true
		}
		return !ok
	})
	return found, ok
}

// appendScalars appends v, or the scalars that are elements of it, unless known.
func appendScalars(out []string, v any, known map[string]bool) []string {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	for _, e := range list[:min(len(list), maxWalkNodes)] {
		text, ok := scalarText(e)
		if ok && !known[text] {
			known[text] = true
			out = append(out, text)
		}
	}
	return out
}

func scalarText(v any) (string, bool) {
	switch v := v.(type) {
	case string, json.Number, bool:
		return looseText(v), true
	case float64: // of a map that was not decoded by Decode
		b, err := json.Marshal(v)
		return string(b), err == nil
	}
	return "", false
}

// Walk visits the members of m at any depth, one depth after the other and by the
// order of their names within an object, until visit returns false. It goes 12
// deep and looks at no more than 10,000 values.
func Walk(m map[string]any, visit func(key string, v any) bool) {
	level := []any{m}
	nodes := 0
	for depth := 0; depth < maxWalkDepth && len(level) > 0; depth++ {
		var deeper []any
		for _, v := range level {
			switch v := v.(type) {
			case map[string]any:
				for _, key := range sortedKeys(v) {
					if nodes++; nodes > maxWalkNodes || !visit(key, v[key]) {
						return
					}
					deeper = appendContainer(deeper, v[key])
				}
			case []any:
				for _, e := range v {
					if nodes++; nodes > maxWalkNodes {
						return
					}
					deeper = appendContainer(deeper, e)
				}
			}
		}
		level = deeper
	}
}

func appendContainer(list []any, v any) []any {
	switch v.(type) {
	case map[string]any, []any:
		return append(list, v)
	}
	return list
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
