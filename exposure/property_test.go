// SPDX-License-Identifier: Apache-2.0

package exposure

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/bucketlid/bucketlid/bucket"
	"github.com/bucketlid/bucketlid/policy"
)

// right is what somebody may do, the unit in which properties compare.
type right struct {
	audience          policy.Audience
	principal, access string
	key, point        string
}

// rights lists what is open, or may be, at a time; the zero time is the end.
func rights(found []Exposure, at time.Time) []right {
	var out []right
	for _, e := range found {
		open := e.State == Open || e.State == Unknown
		if !at.IsZero() {
			open = !e.Latent && (e.OpenedAt == nil || !e.OpenedAt.After(at)) && (e.ClosedAt == nil || e.ClosedAt.After(at))
		}
		if !open {
			continue
		}
		for _, a := range e.Access {
			out = append(out, right{e.Audience, strings.Join(e.Principals, ","), string(a), e.Key, e.AccessPoint})
		}
	}
	return out
}

// covers reports whether some right of the list gives at least r.
func covers(list []right, r right) bool {
	return slices.ContainsFunc(list, func(x right) bool {
		if x.access != r.access || x.key != r.key || x.point != r.point {
			return false
		}
		return x == r || x.audience.Wider(r.audience)
	})
}

func mustCover(t *rapid.T, why string, wide, narrow []right) {
	for _, r := range narrow {
		if !covers(wide, r) {
			t.Fatalf("%s: %+v\nof %+v", why, r, wide)
		}
	}
}

func TestOrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newMaker(t)
		want := find(m.list)
		if diff := cmp.Diff(want, find(rapid.Permutation(m.list).Draw(t, "order"))); diff != "" {
			t.Fatalf("the answer depends on the order (-sorted +shuffled):\n%s", diff)
		}
	})
}

// Semantics I (iii).
func TestClosingEverythingLeavesNothingOpen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newMaker(t)
		m.putPolicy("")
		m.add(&bucket.Change{Slot: bucket.SlotACL, ACL: bucket.Canned("private")})
		m.add(&bucket.Change{Slot: bucket.SlotOwnership, Ownership: bucket.BucketOwnerEnforced})
		m.putBlock(bucket.SlotBlock, bucket.AllFlags(bucket.True))
		if open := rights(find(m.list), time.Time{}); len(open) > 0 {
			t.Fatalf("still open: %+v", open)
		}
	})
}

// Semantics I (iv): a flag that turns on never opens, one that turns off never closes.
func TestFlagsAreMonotone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newMaker(t)
		slot := rapid.SampledFrom([]bucket.Slot{bucket.SlotBlock, bucket.SlotAccountBlock}).Draw(t, "level")
		now := &m.block
		if slot == bucket.SlotAccountBlock {
			now = &m.account
		}
		f := rapid.SampledFrom([]bucket.Flag{bucket.IgnorePublicAcls, bucket.RestrictPublicBuckets}).Draw(t, "flag")
		now[f] = bucket.False
		m.putBlock(slot, *now)
		off := rights(find(m.list), time.Time{})
		now[f] = bucket.True
		m.putBlock(slot, *now)
		on := rights(find(m.list), time.Time{})
		mustCover(t, "turning "+f.String()+" on opened", off, on)
		now[f] = bucket.False
		m.putBlock(slot, *now)
		mustCover(t, "turning "+f.String()+" off closed", rights(find(m.list), time.Time{}), off)
	})
}

// Semantics I (v). Whether AWS calls a policy with a Deny public is not
// documented, so that under RestrictPublicBuckets the Deny may only be assumed
// to let others pass: what is assumed is left out.
func TestDenyNeverWidens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newMaker(t)
		s := rapid.SampledFrom(policies[1:]).Draw(t, "last policy")
		m.putPolicy(s)
		before := rights(find(m.list), time.Time{})
		m.list = m.list[:len(m.list)-1]
		m.n--
		m.putPolicy(strings.TrimSuffix(s, "]}") + "," + rapid.SampledFrom(denies).Draw(t, "deny") + "]}")
		after := slices.DeleteFunc(find(m.list), func(e Exposure) bool { return e.Certainty == Assumed })
		mustCover(t, "a Deny widened", before, rights(after, time.Time{}))
	})
}

// Semantics I (vi): without the call that opened a window, what the window gave
// is not open at that moment.
func TestOpenerRemoved(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newMaker(t)
		for _, e := range find(m.list) {
			if e.OpenedBy == nil || e.Latent {
				continue
			}
			rest := slices.DeleteFunc(slices.Clone(m.list), func(c *bucket.Change) bool { return c.Event.ID == e.OpenedBy.EventID })
			if e.OpenedBy.EventName == string(bucket.SlotBucket) {
				continue
			}
			open := rights(find(rest), *e.OpenedAt)
			for _, a := range e.Access {
				if r := (right{e.Audience, strings.Join(e.Principals, ","), string(a), e.Key, e.AccessPoint}); slices.Contains(open, r) && !narrowed(find(m.list), e, r) {
					t.Fatalf("%+v is open at %s also without %s", r, e.OpenedAt, e.OpenedBy.EventID)
				}
			}
		}
	})
}

// narrowed reports whether another scope of the same right was open just before
// the window: the opening then only changed which resources are in reach.
func narrowed(found []Exposure, e Exposure, r right) bool {
	return covers(rights(found, e.OpenedAt.Add(-time.Second)), r)
}

// Promise 4.2: a guard that was never seen silences nothing. Without the calls
// that set guards, everything that was open still is.
func TestUnseenGuardsSilenceNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newMaker(t)
		rest := slices.DeleteFunc(slices.Clone(m.list), func(c *bucket.Change) bool {
			switch c.Slot {
			case bucket.SlotBlock, bucket.SlotAccountBlock, bucket.SlotOrganizationBlock, bucket.SlotOwnership:
				return true
			}
			return false
		})
		mustCover(t, "hidden by a guard unseen", rights(find(rest), time.Time{}), rights(find(m.list), time.Time{}))
		mustCover(t, "hidden by an unseen beginning", rights(find(m.list[2:]), time.Time{}), rights(find(m.list), time.Time{}))
	})
}

func TestShape(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newMaker(t)
		ids := map[string]bool{}
		for _, e := range find(m.list) {
			switch {
			case ids[e.ID]:
				t.Fatalf("id %s twice", e.ID)
			case e.Segments == nil, e.BlockedBy == nil, e.Reasons == nil, e.Unknowns == nil:
				t.Fatalf("a list is nil: %+v", e)
			case len(e.Access) == 0 && e.State != Unknown:
				t.Fatalf("no access: %+v", e)
			case !e.Latent && len(e.Segments) == 0:
				t.Fatalf("no segments: %+v", e)
			case e.OpenedAt != nil && e.ClosedAt != nil && e.ClosedAt.Before(*e.OpenedAt):
				t.Fatalf("closed before it opened: %+v", e)
			case (e.State == Blocked) != (len(e.BlockedBy) > 0) && !(e.Latent && e.State == Closed):
				t.Fatalf("blocked by nothing, or open under a guard: %+v", e)
			case e.State != Unknown && e.Audience.Public() && e.Witness == nil:
				t.Fatalf("no witness: %+v", e)
			case e.State == Open && e.ClosedAt != nil:
				t.Fatalf("open and closed: %+v", e)
			}
			for i, s := range e.Segments {
				if len(s.Routes) == 0 || (i > 0 && !s.From.Equal(*e.Segments[i-1].To)) {
					t.Fatalf("segments do not join: %+v", e.Segments)
				}
			}
			ids[e.ID] = true
		}
	})
}

// What is over keeps its id when later changes come.
func TestIdsAreStable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newMaker(t)
		early := Find(bucket.Fold(testBucket, m.list[:rapid.IntRange(2, len(m.list)).Draw(t, "prefix")], time.Time{}))
		late := map[string]string{}
		for _, e := range find(m.list) {
			late[e.ID] = edges(e)
		}
		for _, e := range early {
			if e.ClosedAt != nil && late[e.ID] != edges(e) {
				t.Fatalf("the closed exposure %s %+v became %q", e.ID, e, late[e.ID])
			}
		}
	})
}

func edges(e Exposure) string { return fmt.Sprint(e.OpenedAt, e.ClosedAt, e.State, e.Access, e.Scope) }
