// SPDX-License-Identifier: Apache-2.0

package investigate

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/bucketlid/bucketlid/triage"
)

// Row is one row of a timeline: a call, a run of the same call, or a stretch
// without any.
type Row struct {
	*Entry                // of the first call; nil for a gap
	Last   time.Time      `json:"last"`
	Count  int            `json:"count"`
	IDs    []string       `json:"eventIDs"` // the first of a run
	Calls  map[string]int `json:"calls"`    // by event name
	Others []string       `json:"others"`   // what else a run was about, the first of it
	Opens  []string       `json:"opens"`    // the alerts that the call opened
	Closes []string       `json:"closes"`   // and those that it closed
	Gap    *Gap           `json:"gap,omitempty"`
}

// Gap is a stretch without a call of the subject.
type Gap struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	Logs string    `json:"logs"` // present, none, part
	Text string    `json:"text"`
}

const (
	// foldWithin is how far apart the calls of one run may be, foldFor how long
	// it may last.
	foldWithin = 5 * time.Minute
	foldFor    = 10 * time.Minute
	// tellGap is the length from which a stretch without calls is told, unless it
	// is less than a hundredth of the whole.
	tellGap = 30 * time.Minute
	// maxRunIDs is how many event ids of a run are listed.
	maxRunIDs = 20
	// maxOthers is how much else of a run is listed.
	maxOthers = 20
)

func sortEntries(list []*Entry) []*Entry {
	slices.SortFunc(list, compareEntries)
	return list
}

// run is what the calls of one run have in common.
type run struct {
	name, err, user, address, bucket, target string
	mixed                                    bool // of calls that only look, whatever they look at
	failed                                   bool // and find nothing
}

// runOf says to which run a call belongs.
func runOf(e *Entry) run {
	r := run{name: e.Name, err: e.Error, user: e.UserName, address: e.Address, bucket: e.Bucket}
	switch kind := deedCalls[e.Name]; {
	case kind == ofIdentity || kind == ofKeys || kind == ofRights || kind == ofAccounts || kind == ofLogs:
		r.target = e.Target // who was created matters, not how many
	case Reads(e.Name) && !dataCalls[e.Name] && (!e.Failed() || e.NothingThere()):
		return run{user: e.UserName, address: e.Address, mixed: true, failed: e.Failed()}
	}
	return r
}

// NothingThere reports a read of a setting or thing that does not exist: the
// call failed, and yet it was answered.
func (e *Entry) NothingThere() bool {
	return Reads(e.Name) && (strings.HasPrefix(e.Error, "NoSuch") || strings.HasSuffix(e.Error, "NotFound") || strings.HasSuffix(e.Error, "NotFoundError") ||
		strings.HasSuffix(e.Error, "NotFoundException"))
}

// folder makes rows of entries in order.
type folder struct {
	covered  coverage
	tell     time.Duration // the length from which a stretch without calls is told
	rows     []Row
	open     map[run]int // the row of a run that can go on
	lastDeed int
	until    time.Time
	account  string
}

// fold makes rows of entries in order: runs of the same call, and bursts of
// calls that only look, are one row. A call of note stands where it was made;
// others may be told together with calls in between.
func fold(entries []*Entry, all bool, covered coverage) []Row {
	f := folder{covered: covered, rows: []Row{}, open: map[run]int{}, lastDeed: -1, tell: tellGap}
	if n := len(entries); n > 0 && !all {
		f.tell = max(tellGap, entries[n-1].Time.Sub(entries[0].Time)/100)
	}
	for _, e := range entries {
		f.gap(e)
		if all || !f.extends(e) {
			f.start(e)
		}
	}
	return f.rows
}

// extends adds a call to the run that it goes on, if there is one.
func (f *folder) extends(e *Entry) bool {
	at, running := f.open[runOf(e)]
	if !running {
		return false
	}
	row := &f.rows[at]
	_, deed := deedCalls[e.Name]
	if deed && at != f.lastDeed || e.Time.Sub(row.Last) > foldWithin || e.Time.Sub(row.Time) > foldFor {
		return false
	}
	row.extend(e)
	return true
}

func (f *folder) start(e *Entry) {
	f.open[runOf(e)] = len(f.rows)
	if _, deed := deedCalls[e.Name]; deed {
		f.lastDeed = len(f.rows)
	}
	f.rows = append(f.rows, Row{Entry: e, Last: e.Time, Count: 1, IDs: []string{e.ID}, Calls: map[string]int{e.Name: 1}})
}

// markAlerts notes at the rows which alerts they opened and closed.
func markAlerts(rows []Row, alerts []triage.Alert) {
	opened, closed := map[string][]string{}, map[string][]string{}
	for i := range alerts {
		a := &alerts[i]
		if a.OpenedBy != nil && a.OpenedBy.EventID != "" {
			opened[a.OpenedBy.EventID] = append(opened[a.OpenedBy.EventID], a.ID)
		}
		if a.ClosedBy != nil && a.ClosedBy.EventID != "" {
			closed[a.ClosedBy.EventID] = append(closed[a.ClosedBy.EventID], a.ID)
		}
	}
	for i := range rows {
		for _, id := range rows[i].IDs {
			rows[i].Opens = append(rows[i].Opens, opened[id]...)
			rows[i].Closes = append(rows[i].Closes, closed[id]...)
		}
	}
}

// gap tells the stretch before a call, if it is long enough.
func (f *folder) gap(e *Entry) {
	if gap := f.gapBefore(e); gap != nil {
		f.rows = append(f.rows, Row{Gap: gap, IDs: []string{}})
		clear(f.open)
		f.lastDeed = -1
	}
	if e.Time.After(f.until) {
		f.until, f.account = e.Time, e.Account
	}
}

func (r *Row) extend(e *Entry) {
	r.Last = e.Time
	r.Count++
	r.Calls[e.Name]++
	if len(r.IDs) < maxRunIDs {
		r.IDs = append(r.IDs, e.ID)
	}
	if on := e.On(); on != "" && on != r.On() && len(r.Others) < maxOthers && !slices.Contains(r.Others, on) {
		r.Others = append(r.Others, on)
	}
}

// Said is the call of a row, or of a burst of several calls all of them, the
// most frequent first.
func (r *Row) Said() string {
	if len(r.Calls) < 2 {
		return r.Name
	}
	names := slices.SortedFunc(maps.Keys(r.Calls), func(a, b string) int { return cmp.Or(cmp.Compare(r.Calls[b], r.Calls[a]), cmp.Compare(a, b)) })
	for i, name := range names {
		if n := r.Calls[name]; n > 1 {
			names[i] = fmt.Sprintf("%s ×%d", name, n)
		}
	}
	return strings.Join(names, ", ")
}

// gapBefore is the stretch before a call, if it is long enough to be told.
func (f *folder) gapBefore(e *Entry) *Gap {
	if f.until.IsZero() || e.Time.Sub(f.until) < f.tell {
		return nil
	}
	g := &Gap{From: f.until, To: e.Time, Logs: "present"}
	have, all := f.covered.between(e.Account, f.until, e.Time)
	if f.account != e.Account {
		more, _ := f.covered.between(f.account, f.until, e.Time)
		have = max(have, more)
	}
	words := "logs present"
	switch {
	case have == 0:
		g.Logs, words = "none", "no logs"
	case have*2 < all:
		g.Logs, words = "part", fmt.Sprintf("logs in part: records in %d of %d stretches of 10 minutes", have, all)
	}
	g.Text = Span(e.Time.Sub(f.until)) + ", no events; " + words
	return g
}

// Span is a length of time in its two largest units: "2 h 14 m".
func Span(d time.Duration) string {
	seconds := int64(d / time.Second)
	days, hours, minutes := seconds/86400, seconds/3600%24, seconds/60%60
	switch {
	case days > 0 && hours > 0:
		return fmt.Sprintf("%d d %d h", days, hours)
	case days > 0:
		return fmt.Sprintf("%d d", days)
	case hours > 0 && minutes > 0:
		return fmt.Sprintf("%d h %d m", hours, minutes)
	case hours > 0:
		return fmt.Sprintf("%d h", hours)
	case minutes > 0:
		return fmt.Sprintf("%d m", minutes)
	}
	return fmt.Sprintf("%d s", seconds)
}
