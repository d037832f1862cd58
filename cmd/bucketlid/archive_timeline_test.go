// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bucketlid/bucketlid/archive"
	"github.com/bucketlid/bucketlid/internal/gentrail"
	"github.com/bucketlid/bucketlid/investigate"
	"github.com/bucketlid/bucketlid/trail"
)

// timelineSubjects are some of each kind, with many calls, few, and none; and
// some that only reading records tells from others.
var timelineSubjects = [][2]string{
	{"user", "bruno"}, {"user", "Carmen"}, {"user", "nobody-of-this-name"}, {"user", "111122223333"}, {"user", "config.amazonaws.com"},
	{"ip", "198.51.100.101"}, {"ip", "198.51.100.0/28"}, {"ip", "0.0.0.0/0"},
	{"bucket", "harvest-exports"}, {"bucket", "no-such-bucket"},
}

// inArchiveBy lists the eventIDs of the archive's records that a subject matches.
func inArchiveBy(t *testing.T, root string, s investigate.Subject) []string {
	t.Helper()
	a, err := archive.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	var ids []string
	visit := func(_ string, h *trail.Header, raw []byte) error {
		if _, _, dated := trail.ParseTime(h.Time); dated && s.Matches(h, raw) {
			ids = append(ids, string(h.RecipientAccountID)+" "+string(h.EventID))
		}
		return nil
	}
	if err := a.Records(t.Context(), archive.Filter{}, []archive.Visit{visit}, nil); err != nil {
		t.Fatal(err)
	}
	slices.Sort(ids)
	return ids
}

// told runs archive timeline and lists what it tells, sorted.
func timelineOf(t *testing.T, root string, args ...string) []string {
	t.Helper()
	var out, notes bytes.Buffer
	args = append([]string{"archive", "timeline", "--archive", root, "-o", "jsonl"}, args...)
	if code := run(args, strings.NewReader(""), &out, &notes); code != exitDone {
		t.Fatalf("%v: exit %d: %s", args, code, &notes)
	}
	var ids []string
	last := ""
	for line := range strings.Lines(out.String()) {
		var row struct {
			Time string `json:"event_time"`
			ID   string `json:"event_id"`
			Of   string `json:"account"`
		}
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatal(err)
		}
		if row.Time < last {
			t.Fatalf("%v: %s comes after %s", args, row.Time, last)
		}
		last = row.Time
		ids = append(ids, row.Of+" "+row.ID)
	}
	return ids
}

// A timeline lists just the records that investigate takes for the subject's:
// with indexes, without, and for any limit.
func TestArchiveTimelineHoldsWhatTheSubjectMatches(t *testing.T) {
	logs := filepath.Join(t.TempDir(), "logs")
	if _, err := gentrail.Write(logs, gentrail.Config{Seed: 3, Records: 6000, Files: 60, Accounts: 3, Regions: 3, Days: 4, Gzip: true}); err != nil {
		t.Fatal(err)
	}
	roots := map[string]string{}
	for name, flags := range map[string][]string{"with indexes": nil, "without": {"--no-index"}} {
		roots[name] = filepath.Join(t.TempDir(), "archive")
		if code := run(append([]string{"archive", "load", "-q", "--archive", roots[name], logs}, flags...), nil, os.Stdout, os.Stderr); code != exitDone {
			t.Fatalf("load: exit %d", code)
		}
	}
	some := 0
	for _, of := range timelineSubjects {
		subject, err := investigate.Parse(investigate.Kind(of[0]), of[1])
		if err != nil {
			t.Fatal(err)
		}
		want := inArchiveBy(t, roots["without"], subject)
		some += len(want)
		for name, root := range roots {
			all := timelineOf(t, root, of[0], of[1])
			if got := slices.Sorted(slices.Values(all)); !slices.Equal(got, want) {
				t.Errorf("%s: %v: %d calls, want %d", name, of, len(got), len(want))
			}
			for _, limit := range []int{1, len(all)/2 + 1, len(all) + 1} {
				n := min(limit, len(all))
				if first := timelineOf(t, root, of[0], of[1], "--limit", fmt.Sprint(limit)); !slices.Equal(first, all[:n]) {
					t.Errorf("%s: %v: the first %d are others", name, of, limit)
				}
				if last := timelineOf(t, root, of[0], of[1], "--last", "--limit", fmt.Sprint(limit)); !slices.Equal(last, all[len(all)-n:]) {
					t.Errorf("%s: %v: the last %d are others", name, of, limit)
				}
			}
		}
	}
	if some < 6000 {
		t.Errorf("all subjects together match %d records: too few to prove anything", some)
	}
}

// BenchmarkArchiveTimeline shows the first calls of a user, an address and a
// bucket, by the whole command, of the archive that BUCKETLID_BENCH_ARCHIVE names.
func BenchmarkArchiveTimeline(b *testing.B) {
	root := os.Getenv("BUCKETLID_BENCH_ARCHIVE")
	if root == "" {
		b.Skip("BUCKETLID_BENCH_ARCHIVE names no archive of a generated trail")
	}
	for _, of := range [][2]string{{"user", "bruno"}, {"ip", "198.51.100.101"}, {"bucket", "acme-data-lake"}} {
		b.Run(of[0], func(b *testing.B) {
			for b.Loop() {
				var out bytes.Buffer
				if code := run([]string{"archive", "timeline", of[0], of[1], "--archive", root, "-o", "table"}, nil, &out, os.Stderr); code != exitDone {
					b.Fatalf("exit %d", code)
				}
			}
		})
	}
}
