// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/bucketlid/bucketlid/policy"
	"github.com/bucketlid/bucketlid/replay"
)

// maxAccounts bounds the list of foreign accounts in an alert.
const maxAccounts = 20

// accessSeen adds up what strangers did inside an alert's window. Requests are
// kept by the hour: of an hour that the window cuts, what may lie outside is
// counted and said.
func (r *ranker) accessSeen(a *Alert) AccessSeen {
	if a.Kind == KindAttempt || a.Kind == KindGuardRemoved || a.Kind == KindLatent {
		return AccessSeen{Verdict: "none-seen", Why: "it was never open", Strangers: []Stranger{}, Sources: []string{}}
	}
	t := tally{ranker: r, alert: a, by: map[[2]string]*Stranger{}, objects: map[[2]string]*replay.Objects{}}
	for _, u := range r.uses[a.Bucket] {
		if !r.owns(a, u) && overlaps(a, u) && slices.Contains(a.Access, u.Access) && (a.Kind != KindShared || slices.Contains(a.Principals, u.Account)) {
			t.add(u)
		}
	}
	seen := t.sum()
	r.judge(&seen, a, t.inexact)
	if t.around && seen.Requests == 0 {
		seen.Verdict, seen.Why = "cannot-be-known", "requests are kept by the hour: some of the same hour came before and after, none is known to lie inside"
	}
	if (a.Key != "" || a.Objects > 0) && seen.Requests > 0 {
		seen.Why = strings.TrimPrefix(seen.Why+"; requests are counted for the whole bucket, not for these objects alone", "; ")
	}
	return seen
}

// owns reports whether a request came from the owner's side: an access log
// names the owner by another id than its callers.
func (r *ranker) owns(a *Alert, u *replay.Use) bool {
	return a.Kind != KindShared && (u.Account == a.Account || r.ownAccounts[u.Account])
}

// tally adds up the requests inside one window, by who made them.
type tally struct {
	ranker          *ranker
	alert           *Alert
	by              map[[2]string]*Stranger
	objects         map[[2]string]*replay.Objects
	all             replay.Objects // of strangers, without the opener
	keys            []string
	sources         replay.Sources
	byACL           int64
	inexact, around bool
}

func (t *tally) add(u *replay.Use) {
	if !touches(t.alert, u) {
		t.around = true // of the same hour, but its first and last lie before and after
		return
	}
	key := [2]string{u.Address, u.Account}
	s := t.by[key]
	if s == nil {
		s = &Stranger{SourceIPAddress: u.Address, Account: u.Account, Opener: u.Address != "" && u.Address == t.alert.SourceIPAddress,
			Own: t.alert.Kind == KindPublic && t.ranker.ownNetwork(t.alert, u.Address), Scanner: t.ranker.scanner(u.Address)}
		t.by[key], t.objects[key] = s, &replay.Objects{}
	}
	t.sources |= u.Sources
	s.First, s.Last = earlier(s.First, u.First), later(s.Last, u.Last)
	if u.Denied {
		s.Denied += u.Requests()
		return
	}
	s.Requests += u.Requests()
	s.Bytes += u.Bytes()
	s.Access = append(s.Access, u.Access)
	t.objects[key].Add(u)
	t.inexact = t.inexact || !u.Exact() || !inside(t.alert, u)
	if s.Opener || s.Own {
		return
	}
	t.all.Add(u)
	t.keys = append(t.keys, u.Keys...)
	if u.ByACL {
		t.byACL += u.Requests()
	}
}

// sum is what strangers did. The opener's own address, and networks of the
// organization, are told apart.
func (t *tally) sum() AccessSeen {
	seen := AccessSeen{Strangers: []Stranger{}, Objects: t.all.Count(), ByACL: t.byACL, Sources: sourceWords(t.sources)}
	addresses, accounts, scanners := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for key, s := range t.by {
		s.Access, s.Objects = sortAccess(s.Access), t.objects[key].Count()
		seen.Strangers = append(seen.Strangers, *s)
		if s.Opener || s.Own {
			seen.OwnRequests += s.Requests
			if s.Opener && s.Account == "anonymous" && slices.Contains(s.Access, policy.Read) {
				t.alert.tookItems += s.Objects
			}
			continue
		}
		seen.Requests, seen.Denied, seen.Bytes = seen.Requests+s.Requests, seen.Denied+s.Denied, seen.Bytes+s.Bytes
		if s.Requests == 0 {
			continue
		}
		addresses[s.SourceIPAddress] = true
		if s.Scanner != "" {
			scanners[s.SourceIPAddress] = true
			seen.ScannerRequests += s.Requests
		}
		seen.Access = append(seen.Access, s.Access...)
		seen.First, seen.Last = earlier(seen.First, *s.First), later(seen.Last, *s.Last)
		if s.Account != "anonymous" {
			accounts[s.Account] = true
		}
	}
	seen.Addresses, seen.Scanners, seen.Access = len(addresses), len(scanners), sortAccess(seen.Access)
	seen.Accounts = slices.Sorted(maps.Keys(accounts))
	seen.Accounts = seen.Accounts[:min(len(seen.Accounts), maxAccounts)]
	slices.SortFunc(t.keys, replay.CompareKeys)
	seen.Keys = slices.Compact(t.keys)
	seen.Keys = seen.Keys[:min(len(seen.Keys), maxAccounts)]
	slices.SortFunc(seen.Strangers, func(a, b Stranger) int {
		return cmp.Or(cmp.Compare(b.Requests, a.Requests), cmp.Compare(b.Denied, a.Denied),
			cmp.Compare(a.SourceIPAddress, b.SourceIPAddress), cmp.Compare(a.Account, b.Account))
	})
	seen.Strangers = seen.Strangers[:min(len(seen.Strangers), maxAccounts)]
	return seen
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
