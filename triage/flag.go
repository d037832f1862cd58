// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bucketlid/bucketlid/replay"
)

// Answer is a red flag's answer.
type Answer string

// The three answers. Cannot is the honest one where evidence is lacking.
const (
	Yes    Answer = "yes"
	No     Answer = "no"
	Cannot Answer = "unknown"
)

// FlagRow is one row of the table of red flags.
type FlagRow struct {
	ID       string
	Question string
	How      string // how it is answered, in a sentence
	answer   func(r *ranker, a *Alert, e *evidence)
}

// FlagTable lists the four red flags.
var FlagTable = []FlagRow{
	{"source-ip", "Is the source address odd?",
		"context file, local lists of networks, and who used the address before", sourceIP},
	{"user-behaviour", "Is this unusual for the user?",
		"context file, what the principal did before, and what it did within the hour before and after", userBehaviour},
	{"bucket-name", "Does the bucket's name tell of sensitive content?",
		"context file, tags, and the words of the names of bucket and objects", bucketName},
	{"permission", "Is what was granted dangerous?",
		"what was granted, to whom, and on how much", permission},
}

func (r *ranker) flags(a *Alert) []Flag {
	out := make([]Flag, len(FlagTable))
	for i, row := range FlagTable {
		e := &evidence{}
		row.answer(r, a, e)
		if row.ID == "bucket-name" && a.madeSite {
			e.lacks("that it serves a website tells nothing: who opened it made it one himself, not earlier than a week before, and did not make the bucket then")
		}
		out[i] = e.flag(row)
		a.signs += e.signs
		a.hides = a.hides || e.hides
		a.unseen = a.unseen || e.unseen
		a.listed = cmp.Or(a.listed, e.listed)
		a.linked = a.linked || e.linked
		a.offHours = a.offHours || e.offHours
		a.prepared = cmp.Or(a.prepared, e.prepared)
		if !e.unsettled.IsZero() {
			a.unsettled = e.unsettled
		}
		a.ownKey = a.ownKey || e.keyWork > 0 && e.keyWork == len(e.strongFor)
		a.byWord = a.byWord || e.word && len(e.strongAgainst) == 1
	}
	return out
}

// evidence is what speaks for and against a red flag. Strong evidence outweighs
// weak; where strong stands against strong, or weak against weak, the flag is
// unknown. That is the whole rule.
type evidence struct {
	strongFor, weakFor         []string
	strongAgainst, weakAgainst []string
	missing                    []string  // what could not be looked at, and why
	baseline                   string    // what it was compared with
	signs                      int       // of somebody at work who should not be
	hides                      bool      // the address is a VPN's, or of rented servers
	unseen                     bool      // the address is Tor's, a proxy's or an anonymizer's
	listed                     string    // the first list of hiding networks or of hosts that names the address, stale or not
	linked                     bool      // other identities did what thieves do, from the same new address
	keyWork                    int       // strong evidence that the caller works with a key that he made himself
	word                       bool      // the context file calls it the caller's work
	prepared                   string    // what the caller did before that a thief does
	offHours                   bool      // not within the usual hours, of people or of the caller
	unsettled                  time.Time // since when the caller alone works from the address, where that is not long
}

func (e *evidence) strongYes(format string, args ...any) {
	e.strongFor = appendNew(e.strongFor, fmt.Sprintf(format, args...))
}
func (e *evidence) weakYes(format string, args ...any) {
	e.weakFor = appendNew(e.weakFor, fmt.Sprintf(format, args...))
}
func (e *evidence) strongNo(format string, args ...any) {
	e.strongAgainst = appendNew(e.strongAgainst, fmt.Sprintf(format, args...))
}
func (e *evidence) weakNo(format string, args ...any) {
	e.weakAgainst = appendNew(e.weakAgainst, fmt.Sprintf(format, args...))
}
func (e *evidence) lacks(format string, args ...any) {
	e.missing = appendNew(e.missing, fmt.Sprintf(format, args...))
}

// take adds the evidence of another part.
func (e *evidence) take(part *evidence) {
	e.strongFor, e.weakFor = appendNew(e.strongFor, part.strongFor...), appendNew(e.weakFor, part.weakFor...)
	e.strongAgainst, e.weakAgainst = appendNew(e.strongAgainst, part.strongAgainst...), appendNew(e.weakAgainst, part.weakAgainst...)
}

func (e *evidence) answer() Answer {
	if len(e.strongFor) > 0 || len(e.strongAgainst) > 0 {
		return outweigh(len(e.strongFor), len(e.strongAgainst))
	}
	return outweigh(len(e.weakFor), len(e.weakAgainst))
}

func outweigh(pro, con int) Answer {
	switch {
	case pro > 0 && con == 0:
		return Yes
	case con > 0 && pro == 0:
		return No
	}
	return Cannot
}

func (e *evidence) flag(row FlagRow) Flag {
	return Flag{
		ID: row.ID, Question: row.Question, Answer: e.answer(), How: row.How, Baseline: e.baseline,
		For:     append(append([]string{}, e.strongFor...), e.weakFor...),
		Against: append(append([]string{}, e.strongAgainst...), e.weakAgainst...),
		Missing: append([]string{}, e.missing...), Strong: len(e.strongFor)+len(e.strongAgainst) > 0,
	}
}

const (
	// commonCount is how many calls it takes for somebody's hours to be known.
	commonCount = 10
	// minBaseline is how many days of records there must be before what is new in
	// them is called new.
	minBaseline = 3 * 24 * time.Hour
	// freshSpan is how long something is called new.
	freshSpan = 24 * time.Hour
)

// logged is how many days before that of a time have records: logs that begin
// years before, with a record now and then, say little of what is usual.
func (r *ranker) logged(before time.Time) time.Duration {
	n, _ := slices.BinarySearch(r.days, before.Unix()/86400)
	return time.Duration(n) * 24 * time.Hour
}

// comparedWith says over how long a baseline a flag was answered.
func (r *ranker) comparedWith(before time.Time) string {
	logged := r.logged(before)
	if logged <= 0 {
		return "no records of earlier days"
	}
	return count(int(logged/(24*time.Hour)), "day", false) + " of records before it"
}

// earlierDays says how few days of records there are before one.
func earlierDays(logged time.Duration) string {
	if logged <= 0 {
		return "the records hold no earlier day"
	}
	return "the records hold only " + count(int(logged/(24*time.Hour)), "earlier day", false)
}

func openedTime(a *Alert) time.Time {
	switch {
	case a.OpenedBy != nil && a.OpenedBy.EventTime != nil:
		return a.OpenedBy.EventTime.UTC()
	case a.OpenedAt != nil:
		return a.OpenedAt.UTC()
	}
	return time.Time{}
}

// amount is a count, or between what it lies where it was estimated.
func amount(t replay.Tally) string {
	low, high := t.Bounds()
	if low == high {
		return fmt.Sprint(low)
	}
	return fmt.Sprintf("%d to %d", low, high)
}

func day(seconds int64) string { return time.Unix(seconds, 0).UTC().Format(time.DateOnly) }

func span(d time.Duration) string {
	switch {
	case d < time.Minute:
		return count(int(d.Seconds()), "second", false)
	case d < 2*time.Hour:
		return count(int(d.Minutes()), "minute", false)
	case d < 48*time.Hour:
		return count(int(d.Hours()), "hour", false)
	}
	return count(int(d.Hours()/24), "day", false)
}

// seenSince says how long before something was first seen.
func seenSince(before time.Duration) string {
	if before < time.Second {
		return "not seen before"
	}
	return "first seen " + span(before) + " before"
}

// count is a number with its noun; more says that there were more than counted.
func count(n int, noun string, more bool) string {
	text := fmt.Sprintf("%d %s", n, noun)
	switch {
	case n != 1 && strings.HasSuffix(noun, "s"):
		text += "es"
	case n != 1:
		text += "s"
	}
	if more {
		text = "at least " + text
	}
	return text
}
