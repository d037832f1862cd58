// SPDX-License-Identifier: Apache-2.0

package investigate

import (
	"time"

	"github.com/bucketlid/bucketlid/replay"
	"github.com/bucketlid/bucketlid/triage"
)

// Investigation is everything that was found about one subject.
type Investigation struct {
	Kind     Kind          `json:"kind"`
	Subject  string        `json:"subject"`
	Alert    *triage.Alert `json:"alert,omitempty"`
	From     *time.Time    `json:"from"` // of an alert: the window of its timeline
	To       *time.Time    `json:"to"`
	Matched  []Matched     `json:"matched"`
	Near     []string      `json:"near"` // names like the subject's, where nothing matched
	Logs     Logs          `json:"logs"`
	Summary  Summary       `json:"summary"`
	Timeline []Row         `json:"-"`
	Answers  []Answer      `json:"-"`
	Steps    []Step        `json:"-"`
	Notes    []string      `json:"notes"` // what was left out, and why
}

// Matched is one caller, address or bucket that the subject's text fits.
type Matched struct {
	Name  string    `json:"name"`
	How   string    `json:"how"` // by what it was matched: user name, role name, session name, …
	Calls int64     `json:"calls"`
	Exact bool      `json:"exact"` // false: calls is an estimate
	First time.Time `json:"first"`
	Last  time.Time `json:"last"`
}

// Logs is what was read.
type Logs struct {
	Records  int64      `json:"records"`
	First    *time.Time `json:"first_event"`
	Last     *time.Time `json:"last_event"`
	Accounts []string   `json:"accounts"`
	Data     bool       `json:"data_events"` // some data event of S3 was among them
}

// Proof is an event behind an answer.
type Proof struct {
	Time    time.Time `json:"eventTime"`
	EventID string    `json:"eventID"`
	Text    string    `json:"text"`
}

// Verdict is the short form of an answer.
type Verdict string

// The verdicts. Told is for questions that ask what, not whether.
const (
	Yes     Verdict = "yes"
	No      Verdict = "no"
	Told    Verdict = "told"
	Unknown Verdict = "unknown"
)

// Answer is what the logs say to one question.
type Answer struct {
	ID       string   `json:"id"`
	Question string   `json:"question"`
	Verdict  Verdict  `json:"answer"`
	Text     string   `json:"text"`
	Events   []Proof  `json:"events"`
	More     int      `json:"more"` // events beyond those listed
	Caveats  []string `json:"caveats"`
	SQL      string   `json:"sql"`
}

// Step is something to do next.
type Step struct {
	Why     string `json:"why"`
	Command string `json:"command"`
}

// Case is what to investigate, and what is known beside the logs.
type Case struct {
	Kind    Kind
	Subject string        // as asked
	Alert   *triage.Alert // of the kind Alert
	Around  time.Duration // of the kind Alert: how far before and after its window
	All     bool          // show every call in a row of its own
	Sources []string      // as given on the command line, for the next steps
	Known   triage.Known
}

// Found is what a hunt over the same records found.
type Found struct {
	Ledger   *replay.Ledger
	Baseline *replay.Baseline
	Result   triage.Result
}

// dossier is a case with its evidence.
type dossier struct {
	Case
	Found
	c        *Collector
	from, to time.Time // zero: unbounded
	listed   map[Kind][]*Entry
	own      map[string]bool // ids of the user's events
}

// Investigate answers every question that is asked of the case's kind. It ends
// gathering; c must hold everything by then.
func (c *Collector) Investigate(in Case, found Found) *Investigation {
	c.settle()
	d := &dossier{Case: in, Found: found, c: c, listed: map[Kind][]*Entry{}}
	d.window()
	out := &Investigation{Kind: in.Kind, Subject: in.Subject, Alert: in.Alert, From: timeOrNil(d.from), To: timeOrNil(d.to),
		Matched: d.matched(), Near: []string{}, Logs: d.logs(), Notes: []string{}}
	entries := d.timeline()
	out.Summary = d.summary()
	out.Timeline = fold(entries, in.All, c.covered)
	markAlerts(out.Timeline, found.Result.Alerts)
	out.Notes = append(out.Notes, d.notes()...)
	if len(out.Matched) == 0 {
		out.Near = d.near()
		return out
	}
	for i := range Questions {
		if q := &Questions[i]; q.asks(in.Kind) {
			out.Answers = append(out.Answers, d.answer(q))
		}
	}
	out.Steps = d.steps()
	return out
}

func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// window sets the bounds of an alert's timeline.
func (d *dossier) window() {
	a := d.Alert
	if a == nil {
		return
	}
	opened, closed := alertTime(a), a.ClosedAt
	if opened.IsZero() {
		return
	}
	d.from, d.to = opened.Add(-d.Around), opened.Add(d.Around)
	switch {
	case closed != nil && closed.After(opened):
		d.to = closed.Add(d.Around)
	case closed == nil && (a.Kind == triage.KindPublic || a.Kind == triage.KindShared || a.Kind == triage.KindGuardRemoved):
		_, last, _ := d.Baseline.Span()
		d.to = last.Add(time.Second)
	}
}

// alertTime is when an alert's opening was made or tried, or else seen.
func alertTime(a *triage.Alert) time.Time {
	switch {
	case a.OpenedAt != nil:
		return *a.OpenedAt
	case a.OpenedBy != nil && a.OpenedBy.EventTime != nil:
		return *a.OpenedBy.EventTime
	case a.Bounds != nil && a.Bounds.OpenedLatest != nil:
		return *a.Bounds.OpenedLatest
	}
	return time.Time{}
}

// of lists the kept entries of the subject of a kind; none where there is none.
func (d *dossier) of(kind Kind) []*Entry {
	if have, ok := d.listed[kind]; ok {
		return have
	}
	s := d.subject(kind)
	if s == nil {
		return nil
	}
	d.listed[kind] = s.entries()
	return d.listed[kind]
}

func (d *dossier) subject(kind Kind) *evidence {
	for _, s := range d.c.subjects {
		if s.Kind == kind {
			return s
		}
	}
	return nil
}

// inWindow reports whether a time lies in the window of the case.
func (d *dossier) inWindow(t time.Time) bool {
	return (d.from.IsZero() || !t.Before(d.from)) && (d.to.IsZero() || !t.After(d.to))
}

// beside reports whether a time lies within the window around the alert's own
// call: what somebody did long after is another story.
func (d *dossier) beside(t time.Time) bool {
	if d.Alert == nil {
		return true
	}
	at := alertTime(d.Alert)
	return !t.Before(at.Add(-d.Around)) && !t.After(at.Add(d.Around))
}

// timeline lists what belongs to the timeline: of an alert what its user and
// its address did around it, and what befell its bucket throughout.
func (d *dossier) timeline() []*Entry {
	if d.Kind != Alert {
		return d.of(d.Kind)
	}
	known := map[*Entry]bool{}
	var out []*Entry
	for _, s := range d.c.subjects {
		for _, e := range d.of(s.Kind) {
			if !known[e] && d.inWindow(e.Time) && (s.Kind == Bucket || d.beside(e.Time)) {
				known[e] = true
				out = append(out, e)
			}
		}
	}
	return sortEntries(out)
}
