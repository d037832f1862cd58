// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/bucketlid/bucketlid/replay"
)

// companions weighs what other identities did within the hour before from the
// same address, where nobody of the organization had worked before that day: who
// goes from one stolen identity to the next keeps his address. In an office, and
// where people are known to work, it is only the colleagues.
func (r *ranker) companions(a *Alert, at time.Time, e *evidence) {
	habit := r.baseline.Addresses[a.SourceIPAddress]
	if habit == nil || r.ownNetwork(a, a.SourceIPAddress) || len(r.workedFrom(a, a.SourceIPAddress).days) > 0 || r.logged(at) < minBaseline {
		return
	}
	met := habit.Counterparts()
	for _, principal := range slices.Sorted(maps.Keys(met)) {
		if principal == r.principalOf(a) || !r.ofOwn(a, principal) {
			continue
		}
		since := met[principal].First
		if since < at.Add(-freshSpan).Unix() || since > at.Unix() {
			continue
		}
		who := principal[strings.LastIndexByte(principal, ':')+1:]
		if !samePerson(principal, a.OpenedBy.ARN) {
			e.weakYes("%s, another identity, called from the same address, new that day, since %s before", who, span(at.Sub(time.Unix(since, 0))))
		}
		r.companion(a, at, principal, who, e)
		r.assumed(a, at, principal, who, e)
	}
}

// samePerson reports whether two sessions are of one user of IAM Identity Center,
// who has a role in each account.
func samePerson(a, b string) bool {
	return replay.NamesSessions(roleOf(a)) && replay.NamesSessions(roleOf(b)) && a[strings.LastIndexByte(a, '/')+1:] == b[strings.LastIndexByte(b, '/')+1:]
}

// companion weighs what one of them did of note.
func (r *ranker) companion(a *Alert, at time.Time, principal, who string, e *evidence) {
	failures := int64(0)
	for _, m := range r.baseline.Moments(principal, at.Add(-aroundSpan), at) {
		switch {
		case m.Address != a.SourceIPAddress:
		case m.Kind == replay.Failure:
			failures += m.Seen.Count()
		case m.Kind == replay.Key || m.Kind == replay.Identity || m.Kind == replay.Blinding:
			e.strongYes("from the same address, new that day, %s called %s %s (eventID %s)", who, m.Name, beside(m, at), m.EventID)
			e.signs++
			e.linked = true
		}
	}
	if failures >= 3 {
		e.strongYes("from the same address, new that day, %s made %d calls that failed, within the hour before", who, failures)
		e.signs++
		e.linked = true
	}
}
