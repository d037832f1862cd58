// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"fmt"
	"strings"
	"time"
)

// nearHours is how far from the hours in which somebody called before a call is
// still within them: people start early, stay late, and put their clocks on.
const nearHours = 2

// restHours is how long those rest who have hours of their own. Machines call
// round the clock: where one happened not to call tells nothing.
const restHours = 10

// hours weighs the time of day against the working hours of the context file,
// and against the hours in which the caller called on earlier days.
func (r *ranker) hours(a *Alert, e *evidence) {
	at := *a.OpenedBy.EventTime
	if r.known.Context.WorkingHours(a.Account, at) == No {
		e.offHours = true
		e.weakYes("outside the usual working hours: %s", at.UTC().Format("Monday 15:04 UTC"))
	}
	own, all := r.baseline.Hours[r.principalOf(a)], r.habitOf(a).Seen()
	if own == nil || all.Count() < commonCount || r.logged(at) < minBaseline {
		return
	}
	hours := own.Before(at)
	if rest(hours) < restHours || !farFrom(hours, at.UTC().Hour()) {
		return
	}
	e.offHours = true
	e.weakYes("outside the caller's own hours: it was %s, and on the days before, in %s of records, the caller called only in the hours %s (UTC); %s calls since %s",
		at.UTC().Format("15:04 UTC"), span(r.logged(at)), hourRanges(hours), amount(all), day(all.First))
}

// rest is the longest stretch of the day between two hours of a sorted list,
// round the clock; 0 without any.
func rest(hours []int) int {
	longest := 0
	for i, hour := range hours {
		next := hours[(i+1)%len(hours)]
		longest = max(longest, (next-hour+23)%24)
	}
	return longest
}

// farFrom reports whether an hour of the day lies more than nearHours from each
// of others, round the clock.
func farFrom(others []int, hour int) bool {
	for _, other := range others {
		apart := (hour - other + 24) % 24
		if min(apart, 24-apart) <= nearHours {
			return false
		}
	}
	return true
}

// hourRanges writes hours of the day: "08 to 17, 21".
func hourRanges(hours []int) string {
	var parts []string
	for i := 0; i < len(hours); {
		j := i
		for j+1 < len(hours) && hours[j+1] == hours[j]+1 {
			j++
		}
		text := fmt.Sprintf("%02d", hours[i])
		if j > i {
			text += fmt.Sprintf(" to %02d", hours[j])
		}
		parts = append(parts, text)
		i = j + 1
	}
	return strings.Join(parts, ", ")
}

// takenAtOnce is how soon after an opening strangers come who knew of it.
const takenAtOnce = time.Hour

// awaited reports whether somebody took what was opened within the hour, at a
// time of day at which the caller does not work.
func awaited(a *Alert) bool { return a.offHours && takenSoon(a) }

// takenSoon reports whether strangers took what was opened within the hour.
func takenSoon(a *Alert) bool {
	first := a.AccessSeen.First
	return taken(a) && a.OpenedAt != nil && first != nil && first.Sub(*a.OpenedAt) <= takenAtOnce
}

// briefly is how long a bucket is open for somebody who knows that it will be.
const briefly = 2 * time.Hour

// handedOver reports whether who opened a bucket shut it again soon, and others
// than scanners took what is in it in between.
func handedOver(a *Alert) bool {
	return closedBySame(a) && a.ClosedAt.Sub(*a.OpenedAt) <= briefly && takenSoon(a) && a.AccessSeen.Requests > a.AccessSeen.ScannerRequests
}

// atOnce is how soon after an opening somebody comes who was told of it.
const atOnce = 10 * time.Minute

// expectedGuest reports whether a bucket was open for a short while only, and
// others than scanners began at once to take what is in it.
func expectedGuest(a *Alert) bool {
	seen := a.AccessSeen
	return a.ClosedAt != nil && a.OpenedAt != nil && a.ClosedAt.Sub(*a.OpenedAt) <= briefly && takenSoon(a) &&
		seen.First.Sub(*a.OpenedAt) <= atOnce && seen.Objects >= minTaken && seen.Requests > seen.ScannerRequests
}
