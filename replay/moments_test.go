// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/bucketlid/bucketlid/trail"
)

func momentHead(id int, seconds int64, name, err, user string) *trail.Header {
	h := head(fmt.Sprintf("event-id-%08d", id), start+seconds, name, "arn:aws:iam::1:user/"+user, "192.0.2."+fmt.Sprint(id%3), "cli/1")
	h.Error = []byte(err)
	h.AccessKeyID = []byte(`"AKIA` + user + `"`)
	return h
}

func told(b *Baseline, user string) []string {
	b.Settle()
	var out []string
	for _, m := range b.Moments("arn:aws:iam::1:user/"+user, time.Unix(0, 0), time.Unix(1<<40, 0)) {
		out = append(out, fmt.Sprintf("%s %s %s %s %s %d×", m.Kind, m.Name, m.Error, m.Address, m.EventID, m.Seen.Count()))
	}
	return out
}

func TestMoments(t *testing.T) {
	b := NewBaseline()
	for i, h := range []*trail.Header{
		momentHead(4, 10, "PutBucketAcl", "AccessDenied", "ann"),
		momentHead(3, 5, "PutBucketAcl", "AccessDenied", "ann"),
		momentHead(3, 5, "PutBucketAcl", "AccessDenied", "ann"),
		momentHead(5, 3700, "PutBucketAcl", "AccessDenied", "ann"),
		momentHead(6, 20, "CreateAccessKey", "", "ann"),
		momentHead(7, 30, "CreateAccessKey", "AccessDenied", "ann"),
		momentHead(8, 40, "StopLogging", "", "ann"),
		momentHead(9, 50, "PutBucketAcl", "", "ann"), // a change, not a moment
		momentHead(10, 50, "StopLogging", "", "bob"),
		momentHead(11, 50, "StopLogging", "", ""),
	} {
		if i == 9 {
			h.ARN = nil
		}
		b.Observe(h)
	}
	want := []string{
		"failed-call PutBucketAcl AccessDenied 192.0.2.0 event-id-00000003 2×",
		"key-creation CreateAccessKey  192.0.2.0 event-id-00000006 1×",
		"failed-call CreateAccessKey AccessDenied 192.0.2.1 event-id-00000007 1×",
		"logging-stopped StopLogging  192.0.2.2 event-id-00000008 1×",
		"failed-call PutBucketAcl AccessDenied 192.0.2.2 event-id-00000005 1×",
	}
	if diff := cmp.Diff(want, told(b, "ann")); diff != "" {
		t.Error(diff)
	}
	if first, ok := b.KeySince("AKIAann"); !ok || first.Unix() != start+5 {
		t.Errorf("the key is known since %v, %v", first, ok)
	}
	if _, ok := b.KeySince("ASIAann"); ok {
		t.Error("a key that was never seen is known")
	}
}

// Order, splits and repeats do not matter, also beyond the bound.
func TestMomentsAnyWay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.SampledFrom([]int{5, 50, 3 * maxMoments}).Draw(t, "moments")
		var heads []*trail.Header
		for i := range n {
			heads = append(heads, momentHead(i, int64(i*1801%(n*400)), fmt.Sprint("Call", i%7), "AccessDenied", "ann"))
		}
		whole := NewBaseline()
		for _, h := range heads {
			whole.Observe(h)
		}
		parts := []*Baseline{NewBaseline(), NewBaseline()}
		for _, i := range rapid.Permutation(indices(n)).Draw(t, "order") {
			for range 1 + i%2 {
				parts[rapid.IntRange(0, 1).Draw(t, "part")].Observe(heads[i])
			}
		}
		parts[0].Merge(parts[1])
		want, got := told(whole, "ann"), told(parts[0], "ann")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
		if len(got) > maxMoments {
			t.Fatalf("%d moments are kept", len(got))
		}
	})
}

func indices(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}
