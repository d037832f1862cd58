// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/bucketlid/bucketlid/trail"
)

func head(id string, seconds int64, name, arn, address, agent string) *trail.Header {
	return &trail.Header{
		Time: []byte(time.Unix(seconds, 0).UTC().Format(time.RFC3339)), Name: []byte(name), Source: []byte("s3.amazonaws.com"), Region: []byte("eu-west-1"),
		Address: []byte(address), Agent: []byte(agent), EventID: []byte(id), RecipientAccountID: []byte(own), ARN: []byte(arn),
	}
}

const start = 1_748_772_000 // 2025-06-01T10:00:00Z

// settled is all that a baseline tells after Settle, in a form to compare.
func settled(b *Baseline) map[string]any {
	b.Settle()
	tally := func(t Tally) string { return fmt.Sprint(t.Count(), t.Exact(), t.First, t.Last) }
	out := map[string]any{}
	for side, m := range map[string]map[string]*Habit{"principal ": b.Principals, "address ": b.Addresses} {
		for key, h := range m {
			kinds := map[string]string{"seen": tally(h.Seen()), "crowded": fmt.Sprint(h.Crowded())}
			if failed := h.Failed(); failed.Count() > 0 {
				kinds["failed"] = tally(failed)
			}
			for kind, of := range map[string]map[string]*Tally{"name ": h.Names(), "agent ": h.Agents(), "region ": h.Regions(), "other ": h.Counterparts()} {
				for k, t := range of {
					kinds[kind+k] = tally(*t)
				}
			}
			for kind, of := range map[string]map[string]*Days{"succeeded ": h.Succeeded(), "worked ": h.Worked()} {
				for k, days := range of {
					kinds[kind+k] = fmt.Sprint(*days)
				}
			}
			out[side+key] = kinds
		}
	}
	for principal, hours := range b.Hours {
		out["hours "+principal] = *hours
	}
	for key, days := range b.covered {
		out["covered "+key.account+key.region] = days
	}
	first, last, any := b.Span()
	out["span"] = fmt.Sprint(first, last, any)
	return out
}

func TestTallyCounts(t *testing.T) {
	for _, n := range []int{0, 1, 23, 24, 25, 100, 1000, 20000} {
		var forward, backward Tally
		for i := range n {
			for range 1 + i%2 { // repeats
				forward.add(hash(i), int64(i))
			}
			backward.add(hash(n-1-i), int64(n-1-i))
		}
		if forward.Count() != backward.Count() || forward.First != backward.First || forward.Last != backward.Last {
			t.Errorf("%d: order matters: %+v, %+v", n, forward, backward)
		}
		if n <= idSampleSize && (forward.Count() != int64(n) || !forward.Exact()) {
			t.Errorf("%d are counted as %d, exact %v", n, forward.Count(), forward.Exact())
		}
		if n > idSampleSize && (forward.Exact() || math.Abs(float64(forward.Count())/float64(n)-1) > 0.6) {
			t.Errorf("%d are estimated as %d, exact %v", n, forward.Count(), forward.Exact())
		}
	}
	var sum float64
	for set := range 200 {
		var tally Tally
		for i := range 500 {
			tally.add(hash(set*1000+i), 1)
		}
		sum += float64(tally.Count()) / 500
	}
	if mean := sum / 200; math.Abs(mean-1) > 0.05 {
		t.Errorf("estimates are %.2f of the truth on average", mean)
	}
}

func hash(i int) uint64 {
	b := NewBaseline()
	b.Observe(head(fmt.Sprintf("event-id-%08d", i), start, "n", "a", "", ""))
	for _, t := range b.tuples {
		return t.seen.ids[0]
	}
	return 0
}

// Order, splits and repeats do not matter, also where tuples are told early and
// where maps are crowded.
func TestBaselineAnyWay(t *testing.T) {
	const many = 2000 // names, of which more are met than a Habit keeps
	defer func(n int) { maxTuples = n }(maxTuples)
	rapid.Check(t, func(t *rapid.T) {
		maxTuples = rapid.IntRange(1, 20).Draw(t, "tuples")
		names := rapid.SampledFrom([]int{3, 40, many}).Draw(t, "names")
		n := rapid.IntRange(0, 60).Draw(t, "records")
		principals := 3
		if names == many {
			n, principals = 900, 1
		}
		seed := rapid.IntRange(0, 1000).Draw(t, "seed")
		span := rapid.SampledFrom([]int{60, 90_000, 86400 * 3 * maxDays}).Draw(t, "span")
		var heads []*trail.Header
		for i := range n {
			k := (i*7919 + seed) % 100_003
			h := head(fmt.Sprintf("event-id-%08d", k), start+int64(k%span), fmt.Sprint("Call", k%names), fmt.Sprint("arn:aws:iam::1:user/u", k%principals), fmt.Sprint("192.0.2.", k%2), "cli/1")
			if k%5 == 0 {
				h.Error = []byte("AccessDenied")
			}
			heads = append(heads, h)
		}
		whole := NewBaseline()
		for _, h := range heads {
			whole.Observe(h)
		}
		want := settled(whole)
		if names == many && !whole.Principals["arn:aws:iam::1:user/u0"].Crowded() {
			t.Fatal("nothing is crowded")
		}
		parts := []*Baseline{NewBaseline(), NewBaseline(), NewBaseline()}
		for _, i := range rapid.Permutation(slices.Collect(func(yield func(int) bool) {
			for i := range len(heads) + len(heads)/3 {
				if !yield(i % max(len(heads), 1)) {
					return
				}
			}
		})).Draw(t, "order") {
			parts[rapid.IntRange(0, 2).Draw(t, "part")].Observe(heads[i])
		}
		merged := NewBaseline()
		for _, p := range parts {
			merged.Merge(p)
		}
		if diff := cmp.Diff(want, settled(merged)); diff != "" {
			t.Fatalf("the baseline depends on order, split or repeats:\n%s", diff)
		}
	})
}

// A part that was crowded crowds the whole, though the whole's own map is small.
func TestCrowdedPart(t *testing.T) {
	many, few, both := NewBaseline(), NewBaseline(), NewBaseline()
	for i := range 2*maxKinds + 1 {
		h := head(fmt.Sprintf("event-id-%08d", i), start, fmt.Sprint("Call", i), "arn:aws:iam::1:user/u", "", "")
		many.Observe(h)
		both.Observe(h)
	}
	for i := range 10 {
		h := head(fmt.Sprintf("event-id-%08d", 9000+i), start, fmt.Sprint("Other", i), "arn:aws:iam::1:user/u", "", "")
		few.Observe(h)
		both.Observe(h)
	}
	few.Merge(many)
	got, want := settled(few), settled(both)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if n := len(few.Principals["arn:aws:iam::1:user/u"].Names()); n != maxKinds {
		t.Errorf("%d names are kept", n)
	}
}

func TestObserveSkips(t *testing.T) {
	b := NewBaseline()
	undated := head("event-id-00000001", start, "n", "arn:a", "192.0.2.1", "")
	undated.Time = []byte("soon")
	b.Observe(undated)
	if _, _, ok := b.Span(); ok {
		t.Error("an undated record counts")
	}
	b.Observe(head("event-id-00000002", start, "n", "", "", ""))
	b.Settle()
	if len(b.Principals)+len(b.Addresses) != 0 {
		t.Error("a record without a caller counts for somebody")
	}
	if !b.Accounts()[own] || len(b.Accounts()) != 1 {
		t.Errorf("accounts: %v", b.Accounts())
	}
	for i := range 3 {
		b.Observe(head("...", start+int64(i), "n", "arn:a", "", ""))
		b.Observe(head("...", start+int64(i), "n", "arn:a", "", ""))
	}
	b.Settle()
	if seen := b.Principals["arn:a"].Seen(); seen.Count() != 3 {
		t.Errorf("three records with ids that tell nothing count as %d", seen.Count())
	}
}

func TestAgentFamily(t *testing.T) {
	long := string(make([]byte, 300))
	for agent, want := range map[string]string{
		"aws-cli/2.17.0 md/awscrt": "aws-cli", "[S3Console/0.4, aws-internal/3]": "S3Console", "Boto3 1.2": "Boto3", "[]": "",
		"config.amazonaws.com": "config.amazonaws.com", "": "", "Mozilla(x)": "Mozilla", long: long[:64], long + "/1": long[:64],
	} {
		if got := AgentFamily(agent); got != want {
			t.Errorf("%q: %q, want %q", agent, got, want)
		}
	}
}

func TestCovered(t *testing.T) {
	b := NewBaseline()
	b.Observe(head("event-id-00000001", start+3600, "n", "arn:a", "", ""))
	at := func(seconds int64) time.Time { return time.Unix(start+seconds, 0) }
	for _, c := range []struct {
		account  string
		from, to time.Time
		want     bool
	}{
		{own, at(0), at(7200), true},
		{other, at(0), at(7200), false},
		{own, at(0), at(3000), false},
		{own, at(5000), at(7200), false},
		{own, at(3500), at(3700), false}, // too near to either end
		{own, at(-86400), at(86400), true},
		{own, time.Time{}, time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), true},
		{own, at(7200), at(0), false},
	} {
		if got := b.Covered(c.account, c.from, c.to); got != c.want {
			t.Errorf("%s %v %v: %v", c.account, c.from, c.to, got)
		}
	}
}

func TestSample(t *testing.T) {
	var forward, backward, left, right sample
	for i := range 5000 {
		id := hash(i)
		forward.add(id, 3, 64)
		forward.add(id, 0, 64)
		backward.add(hash(4999-i), 0, 64)
		backward.add(hash(4999-i), 3, 64)
		if i%3 == 0 {
			left.add(id, 3, 64)
		} else {
			right.add(id, 3, 64)
		}
	}
	left.merge(&right, 64)
	for name, s := range map[string]*sample{"backward": &backward, "merged": &left} {
		if s.count() != forward.count() || s.sum() != forward.sum() || s.halvings != forward.halvings {
			t.Errorf("%s: %d, %d; forward: %d, %d", name, s.count(), s.sum(), forward.count(), forward.sum())
		}
	}
	if forward.sum() != 3*forward.count() || math.Abs(float64(forward.count())/5000-1) > 0.4 {
		t.Errorf("count %d, sum %d", forward.count(), forward.sum())
	}
}
