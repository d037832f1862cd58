// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/bucketlid/bucketlid/replay"
	"github.com/bucketlid/bucketlid/triage/intel"
)

// preparedSpan is how long before an opening what the caller did for it is looked
// for: an hour is soon waited out.
const preparedSpan = 24 * time.Hour

// recorders are the calls that end the recording of calls, or of what is known by
// them. Other calls that narrow a log are everyday work here and there.
var recorders = []string{"StopLogging", "DeleteTrail", "UpdateTrail", "PutEventSelectors", "DeleteEventDataStore",
	"DeleteDetector", "UpdateDetector", "StopConfigurationRecorder", "DeleteConfigurationRecorder", "DisableSecurityHub"}

// earlier weighs what the caller did within the day before, but not within the
// hour: strong where it ended the recording of calls, or came from an address from
// which nobody of the organization works.
func (r *ranker) earlier(a *Alert, m replay.Moment, at time.Time, e *evidence) {
	words := momentWords[m.Kind]
	if words == "" {
		return
	}
	text := words + ": " + m.Name + " " + beside(m, at) + " (eventID " + m.EventID + ")"
	if !slices.Contains(recorders, m.Name) && !r.strange(a, m.Address) {
		e.weakYes("%s", text)
		return
	}
	if r.strange(a, m.Address) {
		text += ", from " + m.Address + ", where nobody of the organization worked before"
	}
	e.strongYes("%s", text)
	e.signs++
	if e.prepared == "" {
		e.prepared = text
	}
}

// strange reports whether an address is one from which nobody of the alert's
// organization worked on days before, and which the context file does not name.
func (r *ranker) strange(a *Alert, address string) bool {
	addr, err := netip.ParseAddr(address)
	if err != nil || !intel.Public(addr.Unmap().WithZone("")) || r.ownNetwork(a, address) {
		return false
	}
	return len(r.workedFrom(a, address).days) == 0 && r.logged(openedTime(a)) >= minBaseline
}

// ownKey weighs that the caller made new credentials and then used new ones.
func (r *ranker) ownKey(a *Alert, made *replay.Moment, e *evidence) {
	by := a.OpenedBy
	first, fresh := r.newKey(by)
	if made == nil || !fresh || first.Before(time.Unix(made.Seen.First, 0)) {
		return
	}
	e.keyWork++ // that the key is new
	if e.prepared != "" {
		return
	}
	e.prepared = "the caller made new credentials: " + made.Name + " " + beside(*made, *by.EventTime) + " (eventID " + made.EventID + "), and then used a key that was new"
}

// blinding is a call that ended the recording of calls.
type blinding struct {
	replay.Moment
	principal string
}

// blindings are those of all principals, in order; they are few.
func (r *ranker) blindings() []blinding {
	if r.blinded != nil {
		return r.blinded
	}
	r.blinded = []blinding{}
	for principal := range r.baseline.Principals {
		for _, m := range r.baseline.Moments(principal, time.Unix(0, 0), time.Unix(1<<40, 0)) {
			if m.Error == "" && slices.Contains(recorders, m.Name) {
				r.blinded = append(r.blinded, blinding{m, principal})
			}
		}
	}
	slices.SortFunc(r.blinded, func(a, b blinding) int {
		return strings.Compare(a.EventID, b.EventID)
	})
	return r.blinded
}

// blindedByOthers weighs that another identity of the organization ended the
// recording of calls within the hour before, as it had not on days before: from
// the caller's own address it is as if he had done it.
func (r *ranker) blindedByOthers(a *Alert, at time.Time, e *evidence) {
	for _, b := range r.blindings() {
		first := time.Unix(b.Seen.First, 0)
		if b.principal == r.principalOf(a) || first.After(at) || at.Sub(first) > aroundSpan || !r.ofOwn(a, b.principal) || r.blindedBefore(b, at) {
			continue
		}
		who := b.principal[strings.LastIndexByte(b.principal, ':')+1:]
		text := who + " called " + b.Name + " " + beside(b.Moment, at) + " (eventID " + b.EventID + ")"
		if b.Address != a.SourceIPAddress {
			e.weakYes("%s", text)
			continue
		}
		text += ", from the caller's address"
		e.strongYes("%s", text)
		e.signs++
		if e.prepared == "" {
			e.prepared = text
		}
	}
}

// blindedBefore reports whether the same identity did the same on a day before:
// then it is its work.
func (r *ranker) blindedBefore(b blinding, at time.Time) bool {
	return slices.ContainsFunc(r.blindings(), func(other blinding) bool {
		return other.principal == b.principal && other.Name == b.Name && time.Unix(other.Seen.First, 0).Before(at.Add(-freshSpan))
	})
}

// assumed weighs that an identity, never before, took on a role, from the same
// address, new that day, from which then a role opened the bucket.
func (r *ranker) assumed(a *Alert, at time.Time, principal, who string, e *evidence) {
	habit := r.baseline.Principals[principal]
	if habit == nil || !strings.Contains(a.OpenedBy.ARN, ":assumed-role/") || at.Sub(time.Unix(habit.Seen().First, 0)) < freshSpan {
		return
	}
	first := habit.Names()["AssumeRole"]
	if first == nil || first.First > at.Unix() || at.Unix()-first.First > int64(freshSpan/time.Second) {
		return
	}
	e.strongYes("from the same address, new that day, %s called, and %s before took on a role for the first time (AssumeRole), in %s of records", who, span(at.Sub(time.Unix(first.First, 0))), span(r.logged(at)))
	e.signs++
	e.linked = true
}
