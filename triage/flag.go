// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/bucketlid/bucketlid/policy"
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
	answer   func(r *ranker, a *Alert, f *Flag)
}

// FlagTable lists the four red flags.
var FlagTable = []FlagRow{
	{"source-ip", "Is the source address odd?", sourceIP},
	{"user-behaviour", "Is this unusual for the user?", userBehaviour},
	{"bucket-name", "Does the bucket's name tell of sensitive content?", bucketNameFlag},
	{"permission", "Is what was granted dangerous?", permission},
}

func (r *ranker) flags(a *Alert) []Flag {
	out := make([]Flag, len(FlagTable))
	for i, row := range FlagTable {
		out[i] = Flag{ID: row.ID, Question: row.Question, Answer: Cannot, For: []string{}, Against: []string{}}
		row.answer(r, a, &out[i])
	}
	return out
}

// commonCount is how many calls make an address or a call usual.
const commonCount = 10

func sourceIP(r *ranker, a *Alert, f *Flag) {
	if a.SourceIPAddress == "" || a.OpenedBy == nil {
		return
	}
	addr, err := netip.ParseAddr(a.SourceIPAddress)
	switch {
	case err != nil:
		f.Against = append(f.Against, "the address is a service's: "+a.SourceIPAddress)
		f.Answer = No
		return
	case addr.IsPrivate(), addr.IsLoopback():
		f.Against = append(f.Against, "a private address: it came through a VPC endpoint, a proxy of the console, or the log was rewritten")
		f.Answer = No
		return
	}
	habit := r.baseline.Addresses[a.SourceIPAddress]
	if habit == nil {
		return
	}
	people, all := len(habit.Counterparts()), habit.Seen()
	seen := fmt.Sprintf("seen %s times by %d principals, from %s to %s", amount(all), people, day(all.First), day(all.Last))
	opened := time.Time{}
	if a.OpenedBy.EventTime != nil {
		opened = *a.OpenedBy.EventTime
	}
	before := opened.Sub(time.Unix(all.First, 0))
	switch {
	case before < 24*time.Hour && r.spanBefore(opened) >= 48*time.Hour:
		f.Answer = Yes
		f.For = append(f.For, fmt.Sprintf("first seen %s before, in %s of logs before it", span(before), span(r.spanBefore(opened))), seen)
	case all.Count() >= commonCount && (people >= 2 || before >= 24*time.Hour):
		f.Answer, f.Against = No, append(f.Against, seen)
	default:
		f.For = append(f.For, seen)
	}
}

func (r *ranker) spanBefore(t time.Time) time.Duration {
	first, _, ok := r.baseline.Span()
	if !ok || t.IsZero() {
		return 0
	}
	return t.Sub(first)
}

func userBehaviour(r *ranker, a *Alert, f *Flag) {
	by := a.OpenedBy
	if by == nil || by.EventTime == nil {
		return
	}
	habit := r.baseline.Principals[replay.PrincipalKey(by.ARN, by.InvokedBy, by.AccountID, "")]
	if habit == nil {
		return
	}
	logged := r.spanBefore(*by.EventTime)
	before := by.EventTime.Sub(time.Unix(habit.Seen().First, 0))
	if before < time.Hour && logged >= 48*time.Hour {
		f.For = append(f.For, fmt.Sprintf("the principal was first seen %s before, in %s of logs", span(before), span(logged)))
	}
	if t := habit.Names()[by.EventName]; t != nil {
		switch {
		case t.First >= by.EventTime.Unix() && logged >= 48*time.Hour:
			f.For = append(f.For, "first use of "+by.EventName+" by this principal")
		case t.Count() >= commonCount:
			f.Against = append(f.Against, fmt.Sprintf("used %s %s times, first on %s", by.EventName, amount(*t), day(t.First)))
		}
	}
	counterparts := habit.Counterparts()
	if t := counterparts[by.SourceIPAddress]; t != nil && t.First >= by.EventTime.Unix()-3600 && logged >= 48*time.Hour && len(counterparts) > 1 {
		f.For = append(f.For, "first seen from "+by.SourceIPAddress+" within the hour")
	}
	if a.escalated {
		f.For = append(f.For, "the call was refused before, and a way around was found")
	}
	switch {
	case len(f.For) > 0 && len(f.Against) == 0:
		f.Answer = Yes
	case len(f.Against) > 0 && len(f.For) == 0:
		f.Answer = No
	}
}

func permission(_ *ranker, a *Alert, f *Flag) {
	if a.Kind == KindAttempt || a.Kind == KindGuardRemoved {
		f.Answer = No
		f.Against = append(f.Against, "nothing was granted")
		return
	}
	for _, access := range a.Access {
		switch access {
		case policy.Write, policy.Delete, policy.ACLWrite, policy.ConfigWrite:
			f.For = append(f.For, "outsiders may "+accessWords[access])
		case policy.Read:
			if slices.ContainsFunc(a.Scope.Include, func(s string) bool { return strings.HasSuffix(s, "/*") }) {
				f.For = append(f.For, "outsiders may read every object in scope")
			} else {
				f.Against = append(f.Against, "outsiders may read one object or a part")
			}
		default:
			f.Against = append(f.Against, "outsiders may only "+accessWords[access])
		}
	}
	switch {
	case len(f.For) > 0:
		f.Answer = Yes
	case len(f.Against) > 0:
		f.Answer = No
	}
}

func amount(t replay.Tally) string {
	if t.Exact() {
		return fmt.Sprint(t.Count())
	}
	return fmt.Sprintf("about %d", t.Count())
}

func day(seconds int64) string { return time.Unix(seconds, 0).UTC().Format("2006-01-02") }

func span(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d seconds", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d minutes", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d hours", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}
