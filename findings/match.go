// SPDX-License-Identifier: Apache-2.0

package findings

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/triage"
)

// Seen is what a run looked at. It tells why a finding stands beside no alert.
type Seen struct {
	Accounts map[string]bool      // whose records or settings were read
	Buckets  map[string]bool      // of which a change or a setting was read
	Live     map[string]time.Time // buckets whose settings were read in a live account, and when
	// Owned are the buckets that a live account has, whether read or not.
	Owned map[string]map[string]bool
	// First and Last are the span of the records; zero where none was read.
	First, Last time.Time
	Quiet       map[string]int   // exposures of each bucket
	Guards      map[string]Guard // what is known of each Block Public Access
}

// maxBeside is how many findings stand beside one alert; the rest is counted.
const maxBeside = 50

// Attach lays findings beside the alerts of the same bucket, or of the same
// account where they are about an account, and says of each whether it agrees.
// What it gives back are the findings without an alert, each with the reason.
// Neither depends on the order of found, nor on repeats.
func Attach(alerts []triage.Alert, found []triage.Elsewhere, seen Seen) []triage.Elsewhere {
	index := map[string][]int{}
	for i := range alerts {
		a := &alerts[i]
		index[a.Bucket] = append(index[a.Bucket], i)
	}
	var alone []triage.Elsewhere
	for _, e := range distinct(found) {
		beside := 0
		for _, i := range index[e.Bucket] {
			a := &alerts[i]
			if !concerns(&e, a) {
				continue
			}
			beside++
			if len(a.Elsewhere) == maxBeside {
				a.ElsewhereMore++
				continue
			}
			e.Agrees, e.Why = seen.agreement(&e, a)
			a.Elsewhere = append(a.Elsewhere, e)
		}
		if beside == 0 {
			e.Agrees, e.Why = seen.alone(&e)
			alone = append(alone, e)
		}
	}
	return alone
}

// Distinct counts findings without repeats and older versions.
func Distinct(found []triage.Elsewhere) int64 { return int64(len(distinct(found))) }

// distinct sorts findings and keeps of each the version that was updated last.
func distinct(found []triage.Elsewhere) []triage.Elsewhere {
	out := slices.Clone(found)
	slices.SortStableFunc(out, func(a, b triage.Elsewhere) int {
		return cmp.Or(cmp.Compare(a.Bucket, b.Bucket), cmp.Compare(a.Service, b.Service), cmp.Compare(a.Type, b.Type), cmp.Compare(a.ID, b.ID),
			compareTimes(b.Last, a.Last), cmp.Compare(len(b.Details), len(a.Details)), cmp.Compare(a.Says, b.Says), cmp.Compare(a.Status, b.Status), cmp.Compare(a.Object, b.Object), cmp.Compare(a.Offset, b.Offset))
	})
	return slices.CompactFunc(out, func(a, b triage.Elsewhere) bool {
		return a.ID != "" && a.ID == b.ID && a.Service == b.Service && a.Bucket == b.Bucket && a.Type == b.Type
	})
}

func compareTimes(a, b *time.Time) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return -1
	case b == nil:
		return 1
	}
	return a.Compare(*b)
}

// concerns reports whether a finding is about what an alert is about.
func concerns(e *triage.Elsewhere, a *triage.Alert) bool {
	if e.Account != "" && a.Account != "" && e.Account != a.Account {
		return false
	}
	return e.Bucket != "" || e.Account != "" && a.Account != ""
}

// agreement compares what a finding says with what an alert says at the time of
// the finding. Where the two cannot be compared the answer is unknown.
func (s *Seen) agreement(e *triage.Elsewhere, a *triage.Alert) (triage.Answer, string) {
	switch e.Says {
	case triage.SaysPublic, triage.SaysExternal:
		return publicAgainst(e, a)
	case triage.SaysNotPublic:
		return notPublicAgainst(e, a)
	case triage.SaysShared:
		if a.Kind == triage.KindShared {
			return triage.Yes, ""
		}
		return triage.Cannot, "it tells of named accounts only"
	case triage.SaysGuardOff, triage.SaysGuardOn:
		return s.guardAgainst(e, a)
	case triage.SaysSensitive:
		return triage.Cannot, "it tells of the content, not of who has access"
	case triage.SaysActivity:
		return triage.Cannot, "it tells of requests, not of who has access"
	}
	return triage.Cannot, "it tells nothing of who has access"
}

func publicAgainst(e *triage.Elsewhere, a *triage.Alert) (triage.Answer, string) {
	switch {
	case a.Kind == triage.KindAttempt || a.Kind == triage.KindGuardRemoved:
		return triage.Cannot, "this alert is about no opening"
	case a.Kind == triage.KindShared && e.Says == triage.SaysPublic:
		return triage.Cannot, "this alert is about a named account"
	case !lookedFor(e, a):
		return triage.Cannot, "it tells of other access than this alert"
	case a.Kind == triage.KindLatent:
		return triage.No, "here it was held shut all the time, by " + cmp.Or(strings.Join(a.BlockedBy, ", "), "a guard")
	case a.State == exposure.Unknown:
		return triage.Cannot, "whether it is open is not known here"
	case a.OpenedAt != nil && e.Last != nil && e.Last.Before(*a.OpenedAt):
		return triage.Cannot, "it was last seen there before this opening"
	case a.State == exposure.Open:
		return triage.Yes, ""
	case e.Status == "active" && a.ClosedAt != nil && e.Last != nil && e.Last.After(*a.ClosedAt):
		return triage.No, "it was last seen there after this was closed at " + stamp(*a.ClosedAt)
	}
	return triage.Yes, "for the time while it was open"
}

func notPublicAgainst(e *triage.Elsewhere, a *triage.Alert) (triage.Answer, string) {
	switch {
	case a.Kind != triage.KindPublic && a.Kind != triage.KindLatent:
		return triage.Cannot, "this alert is about no public access"
	case !lookedFor(e, a):
		return triage.Cannot, "it tells of other access than this alert"
	case e.Last == nil:
		return triage.Cannot, "it does not tell when that was"
	case a.OpenedAt != nil && e.Last.Before(*a.OpenedAt):
		return triage.Cannot, "it was last looked at there before this opening"
	case a.ClosedAt != nil && e.Last.Before(*a.ClosedAt):
		return triage.No, "it was looked at there while it was open here"
	case a.State == exposure.Open:
		return triage.No, "here it is open"
	case a.State == exposure.Unknown:
		return triage.Cannot, "whether it is open is not known here"
	}
	return triage.Yes, ""
}

// guardAgainst compares a finding about a guard with the guard, not with who has
// access. An alert that a guard came off tells of that time.
func (s *Seen) guardAgainst(e *triage.Elsewhere, a *triage.Alert) (triage.Answer, string) {
	if a.Kind == triage.KindGuardRemoved && e.Says == triage.SaysGuardOff && !slices.Contains(ofPoints, e.Type) {
		return triage.Yes, ""
	}
	if answer, why, ok := s.guardState(e); ok {
		return answer, why
	}
	return triage.Cannot, "it tells of a guard, of which no setting was read, and not who has access"
}

// alone says whether a finding without an alert agrees with what is known here,
// and why there is none.
func (s *Seen) alone(e *triage.Elsewhere) (triage.Answer, string) {
	if e.Says == triage.SaysGuardOff || e.Says == triage.SaysGuardOn {
		if answer, why, ok := s.guardState(e); ok {
			return answer, why + "; by itself that opens nothing"
		}
	}
	return triage.Cannot, s.why(e)
}

// why says why there is no alert of ours to a finding.
func (s *Seen) why(e *triage.Elsewhere) string {
	switch {
	case e.Says == triage.SaysSensitive, e.Says == triage.SaysActivity, e.Says == triage.SaysOther:
		return "there is no alert about the bucket to which it could add"
	case e.Says == triage.SaysNotPublic:
		return "nothing speaks against it: there is no alert either"
	case e.Account != "" && !s.Accounts[e.Account]:
		return "no record and no setting of account " + e.Account + " was read"
	case e.Bucket == "":
		return "about the account: no change of its guards is in what was read"
	case e.Says == triage.SaysGuardOff, e.Says == triage.SaysGuardOn:
		return "it tells of a guard, and no setting of that guard was read"
	}
	if at, live := s.Live[e.Bucket]; live {
		return s.whyLive(e, at)
	}
	if names, listed := s.Owned[e.Account]; listed && !names[e.Bucket] && s.First.IsZero() {
		return "account " + e.Account + " has no bucket of that name now"
	}
	switch {
	case s.Quiet[e.Bucket] > 0:
		return fmt.Sprintf("known here, and no alert: %d exposures to an organization, services or the own account only", s.Quiet[e.Bucket])
	case s.Last.IsZero():
		return "no record with a time was read"
	case e.Last != nil && e.Last.Before(s.First):
		return "it was last seen there before the records begin, at " + stamp(s.First)
	case e.First != nil && e.First.After(s.Last):
		return "it was first seen there after the records end, at " + stamp(s.Last)
	case !s.Buckets[e.Bucket]:
		return "no record of what opened it was read: it was opened before " + stamp(s.First) + ", or the records are incomplete"
	}
	return "DISAGREEMENT: changes of the bucket were read, and none opens it. Look at both: what stood open before the first record is not known here"
}

func (s *Seen) whyLive(e *triage.Elsewhere, at time.Time) string {
	switch {
	case s.Quiet[e.Bucket] > 0:
		return fmt.Sprintf("known here, and no alert: %d exposures to an organization, services or the own account only", s.Quiet[e.Bucket])
	case e.Status != "active":
		return "it is " + e.Status + " there, and the live account, read at " + stamp(at) + ", shows no opening"
	case e.Last != nil && e.Last.Before(at):
		return "DISAGREEMENT, or closed since: the live account, read at " + stamp(at) + ", shows no opening, and the finding was last seen before that"
	}
	return "DISAGREEMENT: the live account, read at " + stamp(at) + ", shows no opening"
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
