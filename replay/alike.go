// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"maps"
	"slices"
	"time"

	"github.com/bucketlid/bucketlid/trail"
)

// Alike counts records that are alike, as a query engine adds them up. What a
// Baseline takes in by these is the same as by Observe for each of the records.
type Alike struct {
	First, Last int64    // Unix seconds
	IDs         []uint64 // xxhash64 of the eventIDs: all, or the EnoughIDs smallest
	Days        []int64  // when their days begin (UTC), in Unix seconds: all, or the EnoughDays first
}

// EnoughIDs is how many of the smallest hashes tell as much as all of them do.
const EnoughIDs = idSampleSize + 1

// EnoughDays is how many of the first days tell as much as all of them do.
const EnoughDays = maxDays

func (a *Alike) tally() Tally {
	t := Tally{First: a.First, Last: a.Last}
	for _, id := range a.IDs {
		t.idSample.add(id)
	}
	return t
}

// Pattern is in what the records of ObserveAlike do not differ. A principal is
// written as by PrincipalKey, an agent as by AgentFamily; "" is none.
type Pattern struct {
	Principal, Address, Name, Agent, Region string
	Failed                                  bool
}

// ObserveAlike takes records in that are alike in a pattern. Coverage, hours,
// keys and calls of note have methods of their own.
func (b *Baseline) ObserveAlike(p Pattern, a Alike) {
	b.span(a.First)
	b.span(a.Last)
	seen := a.tally()
	how := pattern{name: b.text([]byte(p.Name)), agent: b.text([]byte(p.Agent)), region: b.text([]byte(p.Region)), failed: p.Failed}
	var days *Days
	if !p.Failed && len(a.Days) > 1 {
		days = &Days{}
		for _, day := range a.Days {
			days.add(day)
		}
	}
	if p.Principal != "" {
		habit(b.Principals, p.Principal).add(way{how, p.Address, seen, days})
	}
	if p.Address != "" {
		habit(b.Addresses, p.Address).add(way{how, p.Principal, seen, days})
	}
}

// ObserveHour notes the first call of a principal in one hour of the day.
func (b *Baseline) ObserveHour(principal string, first int64) {
	if principal != "" {
		hoursOf(b.Hours, principal).add(first)
	}
}

// SlotSeconds is the grain of Cover.
const SlotSeconds = slotSeconds

// Cover notes that an account's trail has records in a Region in the slot of a time.
func (b *Baseline) Cover(account, region string, seconds int64) {
	b.cover(&trail.Header{RecipientAccountID: []byte(account), Region: []byte(region)}, seconds)
}

// ObserveKey notes the first use of an access key.
func (b *Baseline) ObserveKey(accessKeyID string, first int64) {
	b.noteKey(&trail.Header{AccessKeyID: []byte(`"` + accessKeyID + `"`)}, first)
}

// Noted are calls of note by one principal that are alike, within one hour.
type Noted struct {
	Principal, Name, Error string // as in Pattern; Error "" where the calls did not fail
	Address, EventID       string // of the first, by time and eventID
}

// ObserveNoted takes calls of note in. Others than those of NotedCalls that did
// not fail are left out.
func (b *Baseline) ObserveNoted(n Noted, a Alike) {
	kind, told := momentCalls[n.Name]
	if n.Error != "" {
		kind = Failure
	} else if !told {
		return
	}
	if n.Principal == "" {
		return
	}
	of, ok := b.moments[n.Principal]
	if !ok {
		of = moments{}
		b.moments[n.Principal] = of
	}
	of.add(&Moment{Kind: kind, Name: b.text([]byte(n.Name)), Error: b.text([]byte(n.Error)), Address: n.Address, EventID: n.EventID, Seen: a.tally()})
}

// NotedCalls lists the calls that are of note whatever came of them.
func NotedCalls() []string { return slices.Sorted(maps.Keys(momentCalls)) }

// NoteDataEvents notes between which times a trail has data events of a bucket.
func (l *Ledger) NoteDataEvents(bucket string, first, last time.Time) {
	if bucket != "" && len(bucket) <= maxText {
		l.note(loggedKey{bucket, FromTrail}, stretch{first.Unix(), last.Unix()})
	}
}
