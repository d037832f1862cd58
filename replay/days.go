// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// Days are the days, since 1970 (UTC), on which something was seen, in order and
// each once: the first maxDays. They are the same for any order, split and
// repetition of the records.
type Days []uint16

// maxDays bounds Days. What is asked is on how many days something was seen
// before a time, so that the first tell most.
const maxDays = 64

func (d *Days) add(seconds int64) {
	day := seconds / 86400
	if day < 1 || day > math.MaxUint16 {
		return // before 1970, or in 2149: no log of AWS
	}
	if n := len(*d); n > 0 && (*d)[n-1] == uint16(day) {
		return // as for most records
	}
	at, known := slices.BinarySearch(*d, uint16(day))
	if known || at == maxDays {
		return
	}
	*d = slices.Insert(*d, at, uint16(day))
	*d = (*d)[:min(len(*d), maxDays)]
}

// Merge takes the days of other in.
func (d *Days) Merge(other Days) {
	for _, day := range other {
		d.add(int64(day) * 86400)
	}
}

// Before counts the days before that of a time; more says that there may be
// others than are counted. Nil has none.
func (d *Days) Before(at time.Time) (n int, more bool) {
	if d == nil {
		return 0, false
	}
	n, _ = slices.BinarySearchFunc(*d, at.Unix()/86400, func(day uint16, at int64) int { return cmp.Compare(int64(day), at) })
	return n, n == maxDays
}

// First is when the first of the days begins; the zero time without any.
func (d *Days) First() time.Time {
	if d == nil || len(*d) == 0 {
		return time.Time{}
	}
	return time.Unix(int64((*d)[0])*86400, 0).UTC()
}
