// SPDX-License-Identifier: Apache-2.0

package exposure

import (
	"strings"
	"testing"

	"github.com/bucketlid/bucketlid/bucket"
)

func TestDescribe(t *testing.T) {
	event := bucket.Event{ID: "6f1f9f5e-0000-4000-8000-000000000001", Time: testStart, Name: "PutBucketAcl", UserName: "ann", SourceIPAddress: "203.0.113.7"}
	on, some, off := bucket.AllFlags(bucket.True), bucket.AllFlags(bucket.False), bucket.AllFlags(bucket.False)
	some[bucket.IgnorePublicAcls] = bucket.True
	for _, test := range []struct {
		change func(*bucket.Change)
		want   string
	}{
		{nil, "ann called PutBucketAcl at 2019-02-01T09:00:00Z from 203.0.113.7 (eventID 6f1f9f5e-0000-4000-8000-000000000001)"},
		{func(c *bucket.Change) { *c.Event = bucket.Event{Name: "PutBucketAcl", UserName: "ann"} }, "ann called PutBucketAcl at a time that cannot be read"},
		{func(c *bucket.Change) { c.Event.SourceIdentity = "carol" }, "ann (sourceIdentity carol) called PutBucketAcl at 2019-"},
		{func(c *bucket.Change) { c.Event.ErrorCode = "AccessDenied" }, "0001) and got AccessDenied"},
		{func(c *bucket.Change) { c.Block = &on }, "called PutBucketAcl (all four flags on) at"},
		{func(c *bucket.Change) { c.Block = &some }, "called PutBucketAcl (on: IgnorePublicAcls; the others off) at"},
		{func(c *bucket.Change) { c.Block = &off }, "called PutBucketAcl (all four flags off) at"},
		{func(c *bucket.Change) { c.Block, c.Removed = &off, true }, "called PutBucketAcl at"},
		{func(c *bucket.Change) { c.Slot, c.Account = bucket.SlotAccountBlock, testAccount }, "called PutBucketAcl for account 111122223333 at"},
		{func(c *bucket.Change) { c.Ownership = bucket.ObjectWriter }, "called PutBucketAcl (ObjectWriter) at"},
	} {
		e := event
		c := &bucket.Change{Event: &e, Slot: bucket.SlotACL}
		if test.change != nil {
			test.change(c)
		}
		if got := Describe(c); !strings.Contains(got, test.want) {
			t.Errorf("%q does not hold %q", got, test.want)
		}
	}
}

func TestIsGuardDown(t *testing.T) {
	block := func(flags ...bucket.Flag) *bucket.PublicAccessBlock {
		b := bucket.AllFlags(bucket.False)
		for _, f := range flags {
			b[f] = bucket.True
		}
		return &b
	}
	for _, test := range []struct {
		name string
		c    bucket.Change
		want bool
	}{
		{"all on", bucket.Change{Slot: bucket.SlotBlock, Block: block(bucket.Flags...)}, false},
		{"one off", bucket.Change{Slot: bucket.SlotBlock, Block: block(bucket.Flags[1:]...)}, true},
		{"account, all off", bucket.Change{Slot: bucket.SlotAccountBlock, Block: block()}, true},
		{"lost", bucket.Change{Slot: bucket.SlotBlock}, false},
		{"ACLs enabled", bucket.Change{Slot: bucket.SlotOwnership, Ownership: bucket.ObjectWriter}, true},
		{"controls deleted", bucket.Change{Slot: bucket.SlotOwnership, Ownership: bucket.NoOwnershipControls}, true},
		{"ACLs disabled", bucket.Change{Slot: bucket.SlotOwnership, Ownership: bucket.BucketOwnerEnforced}, false},
		{"ownership lost", bucket.Change{Slot: bucket.SlotOwnership}, false},
		{"a policy", bucket.Change{Slot: bucket.SlotPolicy}, false},
	} {
		if got := IsGuardDown(&test.c); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}

// An id tells its parts apart, however they are cut, and never changes: alerts
// that people have judged are found by it.
func TestID(t *testing.T) {
	if got := ID("x", "a", "b"); got != ID("x", "a", "b") || !strings.HasPrefix(got, "x-") || len(got) != len("x-")+12 {
		t.Errorf("%q", got)
	}
	if ID("x", "ab", "") == ID("x", "a", "b") || ID("x", "a") == ID("x", "a", "") {
		t.Error("parts that are cut elsewhere give one id")
	}
}

func TestEveryRouteHasItsPage(t *testing.T) {
	for _, r := range Routes {
		page, err := r.Page()
		if err != nil || !strings.HasPrefix(page, "# "+string(r.ID)+"\n") || !strings.Contains(page, "What holds it shut") && r.ID != MultiRegionAccessPointRoute {
			t.Errorf("%s: %v\n%s", r.ID, err, page)
		}
	}
}
