// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"math"
	"time"
)

// Hours tell on which day, since 1970, somebody first called in each hour of
// the day (UTC); 0 means never. They are the same for any order, split and
// repetition of the records.
type Hours [24]uint16

func (h *Hours) add(seconds int64) {
	day := seconds / 86400
	if day < 1 || day > math.MaxUint16 {
		return // before 1970, or in 2149: no log of AWS
	}
	hour := seconds % 86400 / 3600
	if have := h[hour]; have == 0 || uint16(day) < have {
		h[hour] = uint16(day)
	}
}

func (h *Hours) merge(other *Hours) {
	for hour, day := range other {
		if have := h[hour]; day != 0 && (have == 0 || day < have) {
			h[hour] = day
		}
	}
}

// Before lists, in order, the hours of the day in which there were calls before
// the day of a time.
func (h *Hours) Before(at time.Time) []int {
	var out []int
	for hour, day := range h {
		if day != 0 && int64(day) < at.Unix()/86400 {
			out = append(out, hour)
		}
	}
	return out
}

func hoursOf(m map[string]*Hours, principal string) *Hours {
	h, ok := m[principal]
	if !ok {
		h = &Hours{}
		m[principal] = h
	}
	return h
}
