// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // zones are the same on every machine that has none
)

// Hours is a stretch of some days in one zone. Where To is not after From the
// stretch ends on the next day.
type Hours struct {
	Zone     *time.Location
	Days     []time.Weekday
	From, To time.Duration // since midnight
}

// dayWords are the days as a file writes them, by time.Weekday.
var dayWords = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// workdays are the days of Hours that name none.
var workdays = []string{"mon", "tue", "wed", "thu", "fri"}

// contain reports whether a time lies in the hours. It reads wall clocks, so
// that a shift stays at its hour when the clocks change.
func (h Hours) contain(at time.Time) bool {
	local := at.In(h.Zone)
	clock := time.Duration(local.Hour())*time.Hour + time.Duration(local.Minute())*time.Minute + time.Duration(local.Second())*time.Second
	if h.From < h.To {
		return clock >= h.From && clock < h.To && slices.Contains(h.Days, local.Weekday())
	}
	yesterday := (local.Weekday() + 6) % 7
	return (clock >= h.From && slices.Contains(h.Days, local.Weekday())) || (clock < h.To && slices.Contains(h.Days, yesterday))
}

// loadZone finds an IANA zone. "Local" would differ between machines.
func loadZone(name string) (*time.Location, bool) {
	if name == "" || strings.EqualFold(name, "local") {
		return nil, false
	}
	zone, err := time.LoadLocation(name)
	return zone, err == nil
}

// clockTime reads "HH:MM", to "24:00".
func clockTime(text string) (time.Duration, bool) {
	if text == "24:00" {
		return 24 * time.Hour, true
	}
	t, err := time.Parse("15:04", text)
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, err == nil && len(text) == 5
}
