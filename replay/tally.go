// SPDX-License-Identifier: Apache-2.0

package replay

import "slices"

// Tally counts records, without repeats, with the first and the last.
type Tally struct {
	idSample
	First, Last int64 // Unix seconds
}

func (t *Tally) empty() bool { return len(t.ids) == 0 && t.halvings == 0 }

func (t *Tally) add(id uint64, seconds int64) {
	if t.empty() || seconds < t.First {
		t.First = seconds
	}
	t.Last = max(t.Last, seconds)
	t.idSample.add(id)
}

func (t *Tally) merge(other *Tally) {
	switch {
	case other.empty():
		return
	case t.empty():
		*t = *other
		t.ids = slices.Clone(other.ids)
		return
	}
	if other.First < t.First {
		t.First = other.First
	}
	t.Last = max(t.Last, other.Last)
	t.idSample.merge(&other.idSample)
}
