// SPDX-License-Identifier: Apache-2.0

package coverage

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"
)

// State says what is known of a stretch of days.
type State string

// The states.
const (
	Seen  State = "seen"  // there are records
	Late  State = "late"  // there are records, and some came more than an hour after their time
	Quiet State = "quiet" // no record, as on other days here: nothing happened, or it was not logged
	Gap   State = "gap"   // no record, where nearly every other day has some, or logging was stopped
	Never State = "never" // no record of this kind up to here, or at all
)

// Cell is a day, or a stretch of days without records, of one account, Region
// and kind of log. Its JSON form is the `coverage` message.
type Cell struct {
	Account string     `json:"account"`          // "" where the log tells none
	Bucket  string     `json:"bucket,omitempty"` // of access logs
	Region  string     `json:"region"`
	Kind    Kind       `json:"kind"`
	State   State      `json:"state"`
	From    string     `json:"from"` // a date, UTC
	To      string     `json:"to"`   // the last day, itself included
	Days    int        `json:"days"`
	Records int64      `json:"records"`            // distinct
	About   bool       `json:"estimate,omitempty"` // Records is counted in a sample, exact to about 12 %
	First   *time.Time `json:"first"`
	Last    *time.Time `json:"last"`
	Late    int64      `json:"late,omitempty"`  // of Records: came more than an hour late
	Delay   int64      `json:"delay,omitempty"` // the longest, in seconds; where the object's name tells
}

// MissingTime is a stretch of time about which the logs cannot speak. Its JSON form
// is the `gap` message.
type MissingTime struct {
	Account string     `json:"account"`
	Bucket  string     `json:"bucket,omitempty"`
	Region  string     `json:"region"`
	Kind    string     `json:"kind"` // a kind of log, or "digests"
	From    *time.Time `json:"from"`
	To      *time.Time `json:"to"` // nil: it did not end
	Reason  string     `json:"reason"`
}

// Report is what is known of coverage.
type Report struct {
	Cells      []Cell
	Trails     []Change
	Gaps       []MissingTime
	Statements []Statement
	First      *time.Time // of all records
	Last       *time.Time
}

// Statement is one plain sentence about what cannot be known. Its JSON form is
// the `statement` message.
type Statement struct {
	Account string `json:"account"`
	Text    string `json:"text"`
}

// series is the cells of one account, Region and kind, by day.
type series struct {
	cellKey // its day is 0
	days    []int64
	cells   map[int64]*cell
}

// Build makes the report of what was gathered.
func (c *Collector) Build() Report {
	if len(c.cells) > maxCells {
		c.crowd()
	}
	b := &builder{series: c.series(), spans: map[[2]string]*stretch{}}
	for _, s := range b.series {
		b.span(s)
	}
	for _, change := range c.trails {
		b.out.Trails = append(b.out.Trails, *change)
	}
	slices.SortFunc(b.out.Trails, func(a, b Change) int { return compareChanges(&a, &b) })
	b.missing()
	for _, s := range b.series {
		b.row(s)
	}
	b.stops()
	slices.SortFunc(b.out.Gaps, func(a, b MissingTime) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Bucket, b.Bucket), cmp.Compare(a.Region, b.Region), cmp.Compare(a.Kind, b.Kind),
			a.From.Compare(*b.From), cmp.Compare(a.Reason, b.Reason))
	})
	b.say()
	return b.out
}

// stretch is from the first to the last record, in Unix seconds.
type stretch struct{ first, last int64 }

func (s *stretch) days() (first, last int64) { return floorDay(s.first), floorDay(s.last) }

type builder struct {
	series []*series
	spans  map[[2]string]*stretch // by account and bucket
	out    Report
}

func (c *Collector) series() []*series {
	byKey := map[cellKey]*series{}
	for key, one := range c.cells {
		day := key.day
		key.day = 0
		s, ok := byKey[key]
		if !ok {
			s = &series{cellKey: key, cells: map[int64]*cell{}}
			byKey[key] = s
		}
		s.cells[day] = one
		s.days = append(s.days, day)
	}
	out := slices.SortedFunc(maps.Values(byKey), func(a, b *series) int { return compareKeys(a.cellKey, b.cellKey) })
	for _, s := range out {
		slices.Sort(s.days)
	}
	return out
}

func (b *builder) span(s *series) {
	place := [2]string{s.account, s.bucket}
	for _, day := range s.days {
		one := s.cells[day]
		have := b.spans[place]
		if have == nil {
			have = &stretch{one.first, one.last}
			b.spans[place] = have
		}
		have.first, have.last = min(have.first, one.first), max(have.last, one.last)
		if b.out.First == nil || one.first < b.out.First.Unix() {
			b.out.First = moment(one.first)
		}
		if b.out.Last == nil || one.last > b.out.Last.Unix() {
			b.out.Last = moment(one.last)
		}
	}
}

func moment(seconds int64) *time.Time {
	t := time.Unix(seconds, 0).UTC()
	return &t
}

// missing adds the series that are not there: an account's Regions each have
// management events, and should have data events.
func (b *builder) missing() {
	have := map[cellKey]bool{}
	for _, s := range b.series {
		have[s.cellKey] = true
	}
	for _, s := range slices.Clone(b.series) {
		key := s.cellKey
		if key.kind == AccessLogs {
			continue
		}
		for _, key.kind = range []Kind{Management, DataEvents} {
			if !have[key] {
				have[key] = true
				b.series = append(b.series, &series{cellKey: key})
			}
		}
	}
	slices.SortFunc(b.series, func(a, b *series) int { return compareKeys(a.cellKey, b.cellKey) })
}

// nearly is the part of a series' days that have records from which a day
// without is a gap, and not a quiet day: 9 of 10.
const nearly = 0.9

// row gives the cells of a series, from the first to the last day of its account.
func (b *builder) row(s *series) {
	first, last := b.spans[[2]string{s.account, s.bucket}].days()
	if len(s.days) == 0 {
		b.empty(s, Never, first, last)
		return
	}
	hole := Quiet
	if from, to := s.days[0], max(s.days[len(s.days)-1], last); float64(len(s.days)) >= nearly*float64(to-from+1) {
		hole = Gap
	}
	if s.days[0] > first {
		b.empty(s, Never, first, s.days[0]-1)
	}
	for i, day := range s.days {
		b.day(s, day)
		next := last + 1
		if i+1 < len(s.days) {
			next = s.days[i+1]
		}
		if next > day+1 {
			b.empty(s, hole, day+1, next-1)
		}
	}
}

func (b *builder) day(s *series, day int64) {
	one := s.cells[day]
	c := Cell{Account: s.account, Bucket: s.bucket, Region: s.region, Kind: s.kind, State: Seen, From: date(day), To: date(day), Days: 1,
		Records: one.records.count(), About: !one.records.exact(), First: moment(one.first), Last: moment(one.last), Late: one.late.count(), Delay: one.delay}
	if c.Late > 0 {
		c.State = Late
	}
	b.out.Cells = append(b.out.Cells, c)
}

func date(day int64) string { return time.Unix(day*daySeconds, 0).UTC().Format(time.DateOnly) }

// empty adds a stretch of days without records.
func (b *builder) empty(s *series, state State, from, to int64) {
	b.out.Cells = append(b.out.Cells, Cell{Account: s.account, Bucket: s.bucket, Region: s.region, Kind: s.kind, State: state,
		From: date(from), To: date(to), Days: int(to - from + 1)})
	if state == Gap {
		b.out.Gaps = append(b.out.Gaps, MissingTime{Account: s.account, Bucket: s.bucket, Region: s.region, Kind: string(s.kind),
			From: moment(from * daySeconds), To: moment((to + 1) * daySeconds), Reason: "no record, though nearly every other day has some"})
	}
}

// stops adds a gap for each time in which a trail was stopped and no other
// wrote records of its account.
func (b *builder) stops() {
	byTrail := map[[2]string][]*Change{}
	for i := range b.out.Trails {
		t := &b.out.Trails[i]
		if t.Error == "" {
			key := [2]string{t.Account, t.Trail}
			byTrail[key] = append(byTrail[key], t)
		}
	}
	for _, changes := range byTrail {
		var stop *Change
		for _, t := range changes {
			switch t.Call {
			case "StopLogging", "DeleteTrail":
				if stop == nil {
					stop = t
				}
			case "StartLogging":
				if stop != nil {
					b.stopped(stop, &t.Time)
				}
				stop = nil
			}
		}
		if stop != nil {
			b.stopped(stop, nil)
		}
	}
}

func (b *builder) stopped(stop *Change, until *time.Time) {
	end := stop.Time
	switch {
	case until != nil:
		end = *until
	case b.out.Last != nil:
		end = *b.out.Last
	}
	if b.written(stop.Account, stop.Time, end) {
		return
	}
	from := stop.Time
	b.out.Gaps = append(b.out.Gaps, MissingTime{Account: stop.Account, Region: stop.Region, Kind: string(Management), From: &from, To: until,
		Reason: fmt.Sprintf("%s stopped the trail %s (%s)", stop.By, stop.Trail, stop.Call)})
}

// written reports whether some trail wrote records of an account well inside a
// stretch of time.
func (b *builder) written(account string, from, to time.Time) bool {
	first, last := from.Unix()/slotSeconds+1, to.Unix()/slotSeconds
	for _, s := range b.series {
		if s.account != account || s.kind == AccessLogs {
			continue
		}
		for _, day := range s.days {
			base := day * daySeconds / slotSeconds
			for n := max(first, base); n < min(last, base+daySeconds/slotSeconds); n++ {
				if s.cells[day].slots.has(n - base) {
					return true
				}
			}
		}
	}
	return false
}
