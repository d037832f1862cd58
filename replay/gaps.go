// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"cmp"
	"slices"
	"time"

	"github.com/bucketlid/bucketlid/bucket"
)

// Gap is a stretch of time about which the logs cannot speak.
type Gap struct {
	Account, Region string
	From, To        time.Time // To zero: it did not end
	Reason          string
}

// Gaps lists the stretches in which an account's trail was stopped and no other
// trail wrote records.
func (l *Ledger) Gaps(b *Baseline) []Gap {
	byTrail := map[string][]*bucket.Change{}
	for _, c := range l.Changes() {
		if c.Slot == bucket.SlotLogging && !c.Event.Time.IsZero() {
			key := c.Account + "\x00" + c.Value
			byTrail[key] = append(byTrail[key], c)
		}
	}
	out := []Gap{}
	for _, changes := range byTrail {
		slices.SortFunc(changes, func(a, b *bucket.Change) int {
			return cmp.Or(a.Event.Time.Compare(b.Event.Time), cmp.Compare(a.Event.ID, b.Event.ID))
		})
		out = append(out, stops(changes, b)...)
	}
	slices.SortFunc(out, func(a, b Gap) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), a.From.Compare(b.From), cmp.Compare(a.Reason, b.Reason))
	})
	return out
}

func stops(changes []*bucket.Change, b *Baseline) []Gap {
	var out []Gap
	var stop *bucket.Change
	end := func(until time.Time) {
		covered := until
		if until.IsZero() {
			_, covered, _ = b.Span()
		}
		if !b.Covered(stop.Account, stop.Event.Time, covered) {
			out = append(out, Gap{Account: stop.Account, Region: stop.Region, From: stop.Event.Time, To: until,
				Reason: "logging was stopped by " + stop.Event.UserName + " (" + stop.Event.Name + ")"})
		}
		stop = nil
	}
	for _, c := range changes {
		switch {
		case c.Removed && stop == nil:
			stop = c
		case !c.Removed && stop != nil:
			end(c.Event.Time)
		}
	}
	if stop != nil {
		end(time.Time{})
	}
	return out
}
