// SPDX-License-Identifier: Apache-2.0

package investigate

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// lower sets the bounds low for one test, so that few records reach them.
func lower(t *testing.T, entries, deeds, ways, links, identities int) {
	was := []int{maxEntries, maxDeeds, maxWays, maxLinks, maxIdentities}
	maxEntries, maxDeeds, maxWays, maxLinks, maxIdentities = entries, deeds, ways, links, identities
	t.Cleanup(func() {
		maxEntries, maxDeeds, maxWays, maxLinks, maxIdentities = was[0], was[1], was[2], was[3], was[4]
	})
}

// anyCall draws a record of a small world, so that things repeat.
func anyCall(t *rapid.T) string {
	pick := func(name string, from ...string) string { return rapid.SampledFrom(from).Draw(t, name) }
	who := pick("who", "user", "session", "person", "behind", "root", "anonymous", "foreign", "service")
	name := pick("name", "GetBucketAcl", "ListObjects", "GetObject", "PutBucketAcl", "PutBucketPublicAccessBlock", "CreateUser", "AssumeRole", "DeleteBucketPolicy", "ConsoleLogin")
	bucket := pick("bucket", "logs", "data", "my-logs")
	more := fmt.Sprintf(`,"sourceIPAddress":%q,"requestParameters":{"bucketName":%q}`, pick("address", "203.0.113.7", "203.0.113.8", "config.amazonaws.com", "2001:db8::1"), bucket)
	if name == "AssumeRole" {
		key := pick("key", "ASIADEPLOY0000000000", "ASIAOTHER00000000000")
		more += fmt.Sprintf(`,"requestParameters":{"roleArn":"arn:aws:iam::111122223333:role/ci/Deploy"},"responseElements":{"credentials":{"accessKeyId":%q},"assumedRoleUser":{"arn":"arn:aws:sts::111122223333:assumed-role/Deploy/gha-7"}}`, key)
	}
	if rapid.IntRange(0, 4).Draw(t, "failed") == 0 {
		more += `,"errorCode":"AccessDenied"`
	}
	at := fmt.Sprintf("2026-03-%02dT%02d:%02d:00Z", rapid.IntRange(1, 3).Draw(t, "day"), rapid.IntRange(0, 23).Draw(t, "hour"), rapid.IntRange(0, 5).Draw(t, "minute"))
	if rapid.IntRange(0, 30).Draw(t, "undated") == 0 {
		at = "2026-02-31T00:00:00Z"
	}
	return call{at: at, by: who, name: name, more: more}.text()
}

var everySubject = []struct {
	kind Kind
	text string
}{{User, "deploy"}, {User, "Alice"}, {IP, "203.0.113.0/24"}, {Bucket, "logs"}}

// whole is everything that an investigation says, as text.
func whole(t *rapid.T, x *Investigation) string {
	text, err := json.Marshal([]any{x, x.Timeline, x.Answers, x.Steps})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The same set of records gives the same investigation in any order, any split,
// with any repeats, also where bounds are reached.
func TestInvestigationIsAFunctionOfTheSetOfRecords(t *testing.T) {
	for _, bounds := range []struct{ entries, others int }{{20_000, 8_192}, {5, 4}} {
		lower(t, bounds.entries, bounds.others, bounds.others, bounds.others, bounds.others)
		rapid.Check(t, func(rt *rapid.T) {
			records := rapid.SliceOfN(rapid.Custom(anyCall), 1, 60).Draw(rt, "records")
			subject := rapid.SampledFrom(everySubject).Draw(rt, "subject")
			s, _ := Parse(subject.kind, subject.text)
			in := Case{Kind: subject.kind, Subject: subject.text}
			want := whole(rt, gather(t, []Subject{s}, records).investigate(in))

			rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 1))
			mixed := append(slices.Clone(records), records[:rng.IntN(len(records))]...)
			rng.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
			cut := rng.IntN(len(mixed) + 1)
			one, two := gather(t, []Subject{s}, mixed[:cut]), gather(t, []Subject{s}, mixed[cut:])
			one.c.Merge(two.c)
			one.ledger.Merge(two.ledger)
			one.baseline.Merge(two.baseline)
			one.c.records = int64(len(records)) // counts the reading itself, with repeats
			if got := whole(rt, one.investigate(in)); got != want {
				at := 0
				for at < min(len(got), len(want)) && got[at] == want[at] {
					at++
				}
				rt.Fatalf("split at %d of %d:\n%.400s\n---\n%.400s", cut, len(mixed), got[max(0, at-200):], want[max(0, at-200):])
			}
		})
	}
}

// What does not fit is said, and counts stay near the truth.
func TestBoundsAreTold(t *testing.T) {
	lower(t, 300, 50, 8_192, 64, 256)
	var records []string
	for i := range 5_000 {
		records = append(records, call{at: fmt.Sprintf("2026-03-02T10:%02d:%02dZ", i/60%60, i%60), by: "user", name: "GetObject",
			more: fmt.Sprintf(`,"requestParameters":{"bucketName":"logs","key":"%d"}`, i)}.text())
	}
	x := find(t, User, "alice", records)
	if len(x.Notes) == 0 || x.Summary.Exact {
		t.Errorf("notes %q, exact %v", x.Notes, x.Summary.Exact)
	}
	if x.Summary.Calls < 4_000 || x.Summary.Calls > 6_000 {
		t.Errorf("about %d calls, of 5000", x.Summary.Calls)
	}
	shown := 0
	for _, row := range x.Timeline {
		shown += row.Count
	}
	if shown != 300 {
		t.Errorf("%d calls in the timeline, the bound is 300", shown)
	}
}

func TestDistinct(t *testing.T) {
	var d distinct
	for i := range uint64(2_000) {
		d.add(i * 0x9e3779b97f4a7c15)
		d.add(i * 0x9e3779b97f4a7c15)
		if n := d.count(); i < maxDistinct && n != int64(i)+1 {
			t.Fatalf("%d counted as %d", i+1, n)
		}
	}
	if n := d.count(); n < 1_700 || n > 2_300 {
		t.Errorf("2000 counted as %d", n)
	}
}

func TestLongTextsAreCut(t *testing.T) {
	long := strings.Repeat("ä0123456789abcdef", 1<<16)
	x := find(t, User, "alice", []string{call{at: "10:00:00", by: "user", name: "GetObject",
		more: fmt.Sprintf(`,"userAgent":%q,"errorMessage":%q,"requestParameters":{"bucketName":"logs","key":%q}`, long, long, long)}.text()})
	text, _ := json.Marshal([]any{x, x.Timeline, x.Answers})
	if len(text) > 40_000 {
		t.Errorf("%d bytes are kept of one record", len(text))
	}
}
