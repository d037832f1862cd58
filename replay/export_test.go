// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Everything is all that a ledger and a baseline hold, for tests that compare
// two ways of filling them.
func Everything(l *Ledger, b *Baseline) map[string]any {
	out := settled(b)
	for who, of := range b.moments {
		for key, m := range of {
			one := *m
			one.Seen.ids = slices.Sorted(slices.Values(m.Seen.ids))
			out[fmt.Sprintf("moment %s %v", who, key)] = one
		}
	}
	out["keys"] = maps.Clone(b.keys)
	for key, s := range l.logged {
		out[fmt.Sprintf("logged %v", key)] = *s
	}
	for key, u := range l.uses {
		out[fmt.Sprintf("use %v", key)] = *u
	}
	for _, c := range l.Changes() {
		text, err := json.Marshal(c)
		out["change "+string(text)] = err
	}
	l.rewrites.shrink()
	out["rewrites"] = fmt.Sprint(l.rewrites.limit)
	for _, r := range l.rewrites.list {
		out[fmt.Sprintf("rewrite %x %d %v", r.object, r.seconds, r.id)] = fmt.Sprint(r.version, r.removed)
	}
	return out
}

// SetMaxRewrites changes the bound until the returned function is called.
func SetMaxRewrites(n int) func() {
	was := maxRewrites
	maxRewrites = n
	return func() { maxRewrites = was }
}
