// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"fmt"
	"maps"
	"slices"
	"sort"
	"time"

	"github.com/bucketlid/bucketlid/bucket"
	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/policy"
	"github.com/bucketlid/bucketlid/replay"
)

// home is where a bucket belongs, as far as the log tells, and what its life was
// where somebody used it.
type home struct {
	account, region string
	timeline        *bucket.Timeline // nil where nobody used it
}

func (r *ranker) homeOf(t *bucket.Timeline) home {
	h := home{account: t.Account, region: t.Region}
	if len(r.uses[t.Bucket]) > 0 {
		h.timeline = t
	}
	return h
}

// life is one bucket of a name that may have been used again: from its creation
// to its deletion, nil where that is not in the log.
type life struct {
	number   int // of the deletions before
	from, to *time.Time
	end      *bucket.Change // that deleted it
}

// lifeAt is the life of the bucket of which somebody had something at a time.
func (h home) lifeAt(at time.Time) life {
	l := life{}
	if h.timeline == nil {
		return l
	}
	for _, s := range h.timeline.Steps {
		c := s.Change
		if c == nil || c.Slot != bucket.SlotBucket || c.Outcome != bucket.Done || c.Reading {
			continue
		}
		switch when := s.Time; {
		case !when.After(at) && c.Removed:
			l.from = nil
			l.number++
		case !when.After(at) && l.from == nil: // a repeat on one's own bucket makes no other
			l.from = &when
		case when.After(at) && c.Removed:
			l.to, l.end = &when, c
			return l
		}
	}
	return l
}

// knowsPolicy reports whether the bucket's policy at a time is known: that it had
// none, or which. Then it is not what let somebody in whom no opening explains.
func (h home) knowsPolicy(at time.Time) bool {
	if h.timeline == nil {
		return false
	}
	steps := h.timeline.Steps
	state := h.timeline.State(sort.Search(len(steps), func(i int) bool { return steps[i].Time.After(at) }) - 1)
	disabled := state.Ownership.Known && state.Ownership.Value == bucket.BucketOwnerEnforced
	return state.Policy.Known && state.GapSince < 0 && !disabled
}

// unexplained makes alerts of unsigned requests that succeeded although no
// opening that gives such access was seen: some route was open that the logs do
// not tell (semantics B.6 K5). Each bucket of a name has its own.
func (r *ranker) unexplained(homes map[string]home) {
	explained := map[string][]*Alert{}
	for i := range r.out.Alerts {
		a := &r.out.Alerts[i]
		if a.Kind == KindPublic {
			explained[a.Bucket] = append(explained[a.Bucket], a)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.uses)) {
		left := map[unseenRoute][]*replay.Use{}
		for _, u := range r.uses[name] {
			if u.Account == "anonymous" && !u.Denied && u.Requests() > 0 && !slices.ContainsFunc(explained[name], func(a *Alert) bool {
				return overlaps(a, u) && (len(a.Access) == 0 || slices.Contains(a.Access, u.Access))
			}) {
				route := unseenRouteOf(u, homes[name])
				left[route] = append(left[route], u)
			}
		}
		for _, route := range slices.SortedFunc(maps.Keys(left), unseenRoute.compare) {
			r.out.Alerts = append(r.out.Alerts, unexplainedAlert(name, route, left[route], homes[name]))
		}
	}
}

// unseenRoute is a way in that no record tells of, of one life of a bucket.
type unseenRoute struct {
	life   int
	route  exposure.RouteID
	either bool // an ACL or, by what the request says, a policy
}

func (u unseenRoute) compare(other unseenRoute) int {
	if u.life != other.life {
		return u.life - other.life
	}
	if u.route != other.route {
		return map[bool]int{true: -1, false: 1}[u.route < other.route]
	}
	return map[bool]int{true: 1, false: -1}[u.either]
}

// unseenRouteOf is the route that let an unsigned request through: aclRequired
// tells that it was an ACL, of the object for its content and of the bucket for
// the rest (semantics F.2). Without it, it was a policy: unless the bucket's is
// known, and does not explain it.
func unseenRouteOf(u *replay.Use, h home) unseenRoute {
	out := unseenRoute{life: h.lifeAt(u.First).number, route: exposure.BucketACL}
	if u.Access == policy.Read {
		out.route = exposure.ObjectACL
	}
	switch {
	case u.ByACL:
	case h.knowsPolicy(u.First):
		out.either = true
	default:
		out.route = exposure.BucketPolicyRoute
	}
	return out
}

func unexplainedAlert(name string, way unseenRoute, uses []*replay.Use, h home) Alert {
	a := Alert{
		Kind: KindPublic, Bucket: name, BucketName: name, Route: string(way.route), Audience: policy.Anyone,
		URI: "*", State: exposure.Unknown, Certainty: exposure.Inferred, BlockedBy: []string{},
		Scope: policy.Scope{Include: []string{name}}, Account: h.account, Region: h.region, unseenGrant: true,
	}
	first, last := uses[0].First, uses[0].Last
	for _, u := range uses {
		a.Access = append(a.Access, u.Access)
		if a.Account == "" {
			a.Account = u.Owner
		}
		first, last = *earlier(&first, u.First), *later(&last, u.Last)
	}
	a.Access = sortAccess(a.Access)
	a.Bounds = &exposure.Bounds{OpenedLatest: &first, ClosedEarliest: &last}
	a.Reasons = []string{fmt.Sprintf("unsigned requests succeeded from %s to %s, the first from %s, while no opening was seen",
		first.Format(time.RFC3339), last.Format(time.RFC3339), uses[0].Address)}
	a.Unknowns = []string{"the grant itself: which setting lets strangers in, since when, and by whom"}
	if way.either {
		a.Unknowns = append(a.Unknowns, "whether it was an ACL that was not seen, or the policy of an access point: the bucket's own policy is known, and does not explain it")
	}
	a.ID = exposure.ID("a", "unexplained", a.Account, a.Bucket, a.Route)
	if way.life > 0 {
		a.ID = exposure.ID("a", "unexplained", a.Account, a.Bucket, a.Route, fmt.Sprint(way.life))
	}
	a.within(h.lifeAt(first))
	return a
}

// within ends what was open with the bucket's deletion, and begins it no earlier
// than with its creation: a bucket must be empty to be deleted, and what it had is
// gone (Amazon S3 User Guide, "Deleting a bucket").
func (a *Alert) within(l life) {
	if l.from != nil {
		a.Bounds.OpenedEarliest = l.from
		a.Reasons = append(a.Reasons, "not before "+stamp(l.from.UTC())+", when the bucket was created")
	}
	if l.to != nil {
		a.State, a.ClosedAt, a.ClosedBy, a.Bounds.ClosedLatest = exposure.Closed, l.to, exposure.ActorOf(l.end.Event), l.to
		a.Reasons = append(a.Reasons, "until "+stamp(l.to.UTC())+" at the latest: "+exposure.Describe(l.end))
	}
}
