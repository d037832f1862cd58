// SPDX-License-Identifier: Apache-2.0

package investigate

import (
	"time"

	"github.com/bucketlid/bucketlid/trail"
)

// slotSeconds is the grain in which it is known whether there are logs. It is
// longer than the five minutes that one log file of CloudTrail spans.
const slotSeconds = 600

const slotsADay = 86400 / slotSeconds

// slots marks the stretches of one day that have records.
type slots [(slotsADay + 63) / 64]uint64

// coverage tells for each account when there are records at all.
type coverage map[string]map[int64]slots

func (c coverage) note(h *trail.Header, seconds int64) {
	days, ok := c[string(h.RecipientAccountID)]
	if !ok {
		days = map[int64]slots{}
		c[string(h.RecipientAccountID)] = days
	}
	day, slot := seconds/86400, seconds%86400/slotSeconds
	have := days[day]
	if bit := uint64(1) << (slot % 64); have[slot/64]&bit == 0 {
		have[slot/64] |= bit
		days[day] = have
	}
}

func (c coverage) merge(other coverage) {
	for account, more := range other {
		if c[account] == nil {
			c[account] = map[int64]slots{}
		}
		for day, bits := range more {
			have := c[account][day]
			for i := range have {
				have[i] |= bits[i]
			}
			c[account][day] = have
		}
	}
}

// between counts the whole slots between two times, and those of them that
// have records of the account.
func (c coverage) between(account string, from, to time.Time) (covered, all int64) {
	first, last := from.Unix()/slotSeconds+1, to.Unix()/slotSeconds
	days := c[account]
	for n := first; n < last; n++ {
		have, ok := days[n/slotsADay]
		if !ok {
			n += slotsADay - 1 - n%slotsADay // a day without any
			continue
		}
		if slot := n % slotsADay; have[slot/64]&(1<<(slot%64)) != 0 {
			covered++
		}
	}
	return covered, max(0, last-first)
}
