// SPDX-License-Identifier: Apache-2.0

package policy

import "slices"

// group is a set of actions that the policy cannot tell apart.
type group struct{ actions []int }

// classify numbers the actions: two have the same number when they act on the
// same level, the same statements are about them and they know the same request
// keys.
func (an *analysis) classify() []int {
	var keys []func(*action) bool
	for _, k := range sortedNames(an.mentions) {
		if known, ok := knownTo(k); ok {
			keys = append(keys, known)
		}
	}
	index := map[string]int{}
	out := make([]int, len(an.list))
	var sig []byte
	for i := range an.list {
		a := &an.list[i]
		sig = append(sig[:0], byte(a.level), byte(min(1, max(0, i-an.known+1))))
		for j := range an.sets {
			if an.sets[j].has(i) {
				sig = append(sig, byte(j), byte(j>>8), byte(j>>16))
			}
		}
		sig = append(sig, 0xff, 0xff, 0xff)
		for _, known := range keys {
			if known(a) {
				sig = append(sig, 1)
			} else {
				sig = append(sig, 0)
			}
		}
		n, ok := index[string(sig)]
		if !ok {
			n = len(index)
			index[string(sig)] = n
		}
		out[i] = n
	}
	return out
}

// groups splits the actions of a statement that an outsider can ask for.
func (an *analysis) groups(statement int) []group {
	var out []group
	var classes []int
	for i := range an.list {
		if !an.sets[statement].has(i) || ownerOnly(an.list[i].name) {
			continue
		}
		n := slices.Index(classes, an.classes[i])
		if n < 0 {
			n = len(out)
			classes, out = append(classes, an.classes[i]), append(out, group{})
		}
		out[n].actions = append(out[n].actions, i)
	}
	return out
}
