// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/policy"
	"github.com/bucketlid/bucketlid/replay"
)

// maxAccounts bounds the list of foreign accounts in an alert.
const maxAccounts = 20

// accessSeen adds up what strangers did inside an alert's window. Requests are
// kept by the hour: of an hour that the window cuts, what may lie outside is
// counted and said.
func (r *ranker) accessSeen(a *Alert) AccessSeen {
	uses := r.uses[a.Bucket]
	if a.Kind == KindAttempt || a.Kind == KindGuardRemoved || a.Kind == KindLatent {
		return AccessSeen{Verdict: "none-seen", Why: "it was never open"}
	}
	if len(uses) == 0 {
		return AccessSeen{Verdict: "cannot-be-known",
			Why: "no S3 data event of a stranger on this bucket is in the logs: either nobody came, or data events are not logged"}
	}
	seen := AccessSeen{}
	addresses, accounts, classes := map[string]bool{}, map[string]bool{}, map[policy.Access]bool{}
	inexact, around := false, false
	for _, u := range uses {
		if !overlaps(a, u) || !slices.Contains(a.Access, u.Access) || (a.Kind == KindShared && !slices.Contains(a.Principals, u.Account)) {
			continue
		}
		if !touches(a, u) {
			around = true // of the same hour, but its first and last lie before and after
			continue
		}
		if u.Denied {
			seen.Denied += u.Requests()
			continue
		}
		inexact = inexact || !u.Exact() || !inside(a, u)
		seen.Requests += u.Requests()
		seen.Bytes += u.Bytes()
		addresses[u.Address], classes[u.Access] = true, true
		if u.Account != "anonymous" {
			accounts[u.Account] = true
		}
		seen.First, seen.Last = earlier(seen.First, u.First), later(seen.Last, u.Last)
	}
	seen.Addresses = len(addresses)
	for account := range accounts {
		seen.Accounts = append(seen.Accounts, account)
	}
	sort.Strings(seen.Accounts)
	seen.Accounts = seen.Accounts[:min(len(seen.Accounts), maxAccounts)]
	for _, access := range policy.AccessOrder {
		if classes[access] {
			seen.Access = append(seen.Access, access)
		}
	}
	seen.judge(inexact)
	if around && seen.Requests == 0 {
		seen.Verdict, seen.Why = "cannot-be-known", "requests are kept by the hour: some of the same hour came before and after, none is known to lie inside"
	}
	if a.Key != "" && seen.Requests > 0 {
		seen.Why = strings.TrimPrefix(seen.Why+"; requests are counted for the whole bucket, not for this object alone", "; ")
	}
	return seen
}

func (s *AccessSeen) judge(inexact bool) {
	switch {
	case s.Requests > 0 && inexact:
		s.Verdict, s.Why = "confirmed", "counts are estimates: requests are kept by the hour and sampled above 256"
	case s.Requests > 0:
		s.Verdict = "confirmed"
	case s.Denied > 0:
		s.Verdict, s.Why = "attempts-only", "strangers were refused; others may have gone unlogged"
	default:
		s.Verdict, s.Why = "none-seen", "data events of this bucket are logged at other times; whether they were logged throughout is not known"
	}
}

func overlaps(a *Alert, u *replay.Use) bool {
	if a.OpenedAt != nil && u.Last.Before(*a.OpenedAt) {
		return false
	}
	return a.ClosedAt == nil || !u.First.After(*a.ClosedAt)
}

// touches reports whether the first or the last of the requests lies inside.
func touches(a *Alert, u *replay.Use) bool {
	within := func(t time.Time) bool {
		return (a.OpenedAt == nil || !t.Before(*a.OpenedAt)) && (a.ClosedAt == nil || !t.After(*a.ClosedAt))
	}
	return within(u.First) || within(u.Last)
}

func inside(a *Alert, u *replay.Use) bool {
	return (a.OpenedAt == nil || !u.First.Before(*a.OpenedAt)) && (a.ClosedAt == nil || !u.Last.After(*a.ClosedAt))
}

func earlier(a *time.Time, b time.Time) *time.Time {
	if a == nil || b.Before(*a) {
		return &b
	}
	return a
}

func later(a *time.Time, b time.Time) *time.Time {
	if a == nil || b.After(*a) {
		return &b
	}
	return a
}

// home is where a bucket belongs, as far as the log tells.
type home struct{ account, region string }

// unexplained makes alerts of unsigned requests that succeeded although no
// opening that gives such access was seen: some route was open that the logs do not tell
// (semantics B.6 K5).
func (r *ranker) unexplained(homes map[string]home) {
	explained := map[string][]*Alert{}
	for i := range r.out.Alerts {
		a := &r.out.Alerts[i]
		if a.Kind == KindPublic {
			explained[a.Bucket] = append(explained[a.Bucket], a)
		}
	}
	names := make([]string, 0, len(r.uses))
	for name := range r.uses {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		var left []*replay.Use
		for _, u := range r.uses[name] {
			if u.Account == "anonymous" && !u.Denied && !slices.ContainsFunc(explained[name], func(a *Alert) bool {
				return overlaps(a, u) && (len(a.Access) == 0 || slices.Contains(a.Access, u.Access))
			}) {
				left = append(left, u)
			}
		}
		if len(left) > 0 {
			r.out.Alerts = append(r.out.Alerts, unexplainedAlert(name, left, homes[name]))
		}
	}
}

func unexplainedAlert(name string, uses []*replay.Use, h home) Alert {
	a := Alert{
		Kind: KindPublic, Bucket: name, BucketName: name, Route: string(exposure.BucketPolicyRoute), Audience: policy.Anyone,
		URI: "*", State: exposure.Unknown, Certainty: exposure.Inferred, BlockedBy: []string{},
		Scope: policy.Scope{Include: []string{name}}, Account: h.account, Region: h.region,
	}
	first, last := uses[0].First, uses[0].Last
	for _, u := range uses {
		a.Access = append(a.Access, u.Access)
		if u.ByACL {
			a.Route = string(exposure.BucketACL)
			if u.Access == policy.Read {
				a.Route = string(exposure.ObjectACL)
			}
		}
		first, last = *earlier(&first, u.First), *later(&last, u.Last)
	}
	a.Access = sortAccess(a.Access)
	a.Bounds = &exposure.Bounds{OpenedLatest: &first, ClosedEarliest: &last}
	a.Reasons = []string{fmt.Sprintf("unsigned requests succeeded from %s to %s, the first from %s, while no opening was seen",
		first.Format(time.RFC3339), last.Format(time.RFC3339), uses[0].Address)}
	a.Unknowns = []string{"the grant itself: which setting lets strangers in, since when, and by whom"}
	a.ID = exposure.ID("a", "unexplained", a.Account, a.Bucket, a.Route)
	return a
}
