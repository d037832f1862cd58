// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/bucketlid/bucketlid/archive"
	"github.com/bucketlid/bucketlid/ingest"
	"github.com/bucketlid/bucketlid/internal/gentrail"
	"github.com/bucketlid/bucketlid/investigate"
	"github.com/bucketlid/bucketlid/report"
	"github.com/bucketlid/bucketlid/trail"
	"github.com/bucketlid/bucketlid/triage"
)

// loaded is an archive of the logs in a folder.
func loaded(t *testing.T, logs string) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "archive")
	if code, out := commanded("archive", "load", "--archive", root, "--quiet", logs); code != exitDone {
		t.Fatalf("archive load: exit %d: %s", code, out)
	}
	return root
}

// commanded runs the program and returns what it wrote, on either stream.
func commanded(args ...string) (code int, out string) {
	var b bytes.Buffer
	code = run(args, strings.NewReader(""), &b, &b)
	return code, b.String()
}

// inquest is an investigation in every form, over a folder or, where root is not
// "", an archive or a query engine, without what tells of the reading itself: objects, their
// folders and bytes, and how often a record was read.
func inquest(t *testing.T, kind investigate.Kind, subject, logs, root string, without without, filter ingest.Filter) string {
	t.Helper()
	q := &inquiry{flags: &investigateFlags{around: "1h"}, subject: investigate.Case{Kind: kind, Subject: subject, Around: time.Hour, Sources: []string{"logs"}}, specs: []string{logs},
		hunt: &hunt{workers: 2, filter: filter}}
	if engineOf(root) != nil {
		q.specs, q.hunt.asked = nil, []string{root}
	} else if root != "" {
		a, err := archive.Open(root)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		a.Gather(gathering)
		q.archive, q.sumless, q.indexless = a, without >= sums, without >= indexes
	}
	if kind != investigate.Alert {
		if err := q.follow(kind, subject); err != nil {
			t.Fatal(err)
		}
	}
	if err := q.gather(t.Context(), io.Discard); err != nil {
		t.Fatalf("%s %s: %v", kind, subject, err)
	}
	found := q.collector.Investigate(q.subject, investigate.Found{Ledger: q.hunt.ledger, Baseline: q.hunt.baseline, Result: q.result})
	found.Logs.Records = 0
	summary := q.hunt.summary(q.result)
	summary.Objects, summary.Bytes, summary.Unpacked, summary.Records, summary.OutsideRecords, summary.OutsideObjects = 0, 0, 0, 0, 0, 0
	for i := range q.hunt.skipped {
		q.hunt.skipped[i].Object = filepath.Base(q.hunt.skipped[i].Object)
	}
	var b bytes.Buffer
	x := &report.Inquest{Config: q.hunt.config(nil), Found: found, Skipped: q.hunt.skipped, Summary: summary}
	for _, format := range report.InvestigationFormats {
		if err := format.Write(&b, x, report.Options{Width: 100}); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

// without is of what of an archive no use is made.
type without int

const (
	nothing without = iota
	sums
	indexes
)

// sameInquest fails unless an investigation says the same of the logs, of the
// archive by its sums, by its indexes alone, and of the archive without.
func sameInquest(t *testing.T, kind investigate.Kind, subject, logs, root string, filter ingest.Filter) {
	t.Helper()
	want := inquest(t, kind, subject, logs, "", nothing, filter)
	for _, without := range []without{nothing, sums, indexes} {
		got := inquest(t, kind, subject, logs, root, without, filter)
		if got == want {
			continue
		}
		at := 0
		for at < min(len(got), len(want)) && got[at] == want[at] {
			at++
		}
		t.Errorf("%s %s: the archive (without %d) differs at %d:\n%.400s\n---\nthe logs say:\n%.400s", kind, subject, without, at, got[max(0, at-200):], want[max(0, at-200):])
	}
}

// samePartiesOf investigates an alert and each of its parties.
func samePartiesOf(t *testing.T, a *triage.Alert, logs, root string, filter ingest.Filter) {
	t.Helper()
	sameInquest(t, investigate.Alert, a.ID, logs, root, filter)
	for _, s := range investigate.PartiesOf(a) {
		sameInquest(t, s.Kind, s.Text, logs, root, filter)
	}
}

// An archive answers as the logs do that were loaded into it, byte for byte.
func TestArchiveIsInvestigatedAsTheLogs(t *testing.T) {
	for _, seed := range []uint64{1, 2} {
		logs := t.TempDir()
		if _, err := gentrail.Write(logs, gentrail.Config{Seed: seed, Records: 6_000, Gzip: true}); err != nil {
			t.Fatal(err)
		}
		damage(t, logs)
		root := loaded(t, logs)
		_, result := huntFolder(t, logs)
		for i := 0; i < len(result.Alerts); i += 1 + len(result.Alerts)/3 {
			samePartiesOf(t, &result.Alerts[i], logs, root, ingest.Filter{})
		}
		a := &result.Alerts[0]
		opened := a.OpenedBy.EventTime.Truncate(24 * time.Hour)
		samePartiesOf(t, a, logs, root, ingest.Filter{From: opened, To: opened.Add(48 * time.Hour), Accounts: []string{a.Account}})
		sameInquest(t, investigate.User, "nobody-of-this-name", logs, root, ingest.Filter{})
		sameInquest(t, investigate.IP, "0.0.0.0/1", logs, root, ingest.Filter{Regions: []string{"us-east-1"}})
	}
}

// damage adds what cannot be read: a file that was cut, and one with pieces that
// are no records, more than are told.
func damage(t *testing.T, logs string) {
	t.Helper()
	record := func(id string) string {
		return `{"eventVersion":"1.11","eventName":"GetObject","eventSource":"s3.amazonaws.com","eventTime":"never","requestID":"` + id + `","requestParameters":{"bucketName":"x"}}`
	}
	for name, text := range map[string]string{
		"cut.json": `{"Records":[` + record("1") + `,{"eventVersion":"1.11","eventName":"Get`,
		"odd.json": record("2") + strings.Repeat(`{"eventName":["a","b"],"eventSource":"s3.amazonaws.com","awsRegion":"x"}`+"\n", 2*maxSkipsOfObject) + record("3"),
	} {
		if err := os.WriteFile(filepath.Join(logs, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// The stories hold what is odd: repeats, copies across accounts, ids and times
// that are none.
func TestArchiveTellsTheStories(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "stories", "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d stories: %v", len(files), err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			t.Parallel()
			story, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			logs := t.TempDir()
			for _, f := range story.Files {
				if strings.HasSuffix(f.Name, ".jsonl") {
					if err := os.WriteFile(filepath.Join(logs, filepath.Base(f.Name)), f.Data, 0o644); err != nil {
						t.Fatal(err)
					}
				}
			}
			root := loaded(t, logs)
			_, result := huntFolder(t, logs)
			for i := range result.Alerts {
				samePartiesOf(t, &result.Alerts[i], logs, root, ingest.Filter{})
			}
		})
	}
}

// A file that is gone or damaged is named; no answer is given without it.
func TestArchiveWithAHole(t *testing.T) {
	logs := t.TempDir()
	if _, err := gentrail.Company(logs); err != nil {
		t.Fatal(err)
	}
	root := loaded(t, logs)
	part := filepath.Dir(firstPart(t, root))
	whole, err := os.ReadFile(firstPart(t, root))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		file []byte // nil: none
		says []string
	}{
		{"missing", nil, []string{"is missing", filepath.Base(part), "archive verify"}},
		{"cut", whole[:len(whole)/2], []string{"not of its size", filepath.Base(part)}},
		{"overwritten", append(bytes.Repeat([]byte{0xff}, len(whole)-1000), whole[len(whole)-1000:]...), []string{"is damaged", part, "archive verify"}},
		{"no Parquet", bytes.Repeat([]byte{0}, len(whole)), []string{"is damaged", part}},
	} {
		path := firstPart(t, root)
		if c.file == nil {
			err = os.Rename(path, path+".gone")
		} else {
			err = os.WriteFile(path, c.file, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
		code, out := commanded("investigate", "user", "rowan.blake", "--archive", root, "-o", "jsonl")
		for _, text := range c.says {
			if code != exitFailed || !strings.Contains(out, text) || strings.Contains(out, `"investigation"`) {
				t.Errorf("%s: exit %d, does not say %q: %.600s", c.name, code, text, out)
			}
		}
		_ = os.Rename(path+".gone", path)
		if err := os.WriteFile(path, whole, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func firstPart(t *testing.T, root string) string {
	t.Helper()
	a, err := archive.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	return a.Path(a.Files()[0])
}

func TestArchiveReadingEndsWithItsContext(t *testing.T) {
	logs := t.TempDir()
	if _, err := gentrail.Company(logs); err != nil {
		t.Fatal(err)
	}
	a, err := archive.Open(loaded(t, logs))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	ctx, stop := context.WithCancel(t.Context())
	q := &inquiry{hunt: &hunt{workers: 2}, flags: &investigateFlags{}, archive: a}
	q.hunt.filter = ingest.Filter{}
	if err := q.follow(investigate.User, "rowan.blake"); err != nil {
		t.Fatal(err)
	}
	seen := 0
	visits := []archive.Visit{func(string, *trail.Header, []byte) error { stop(); seen++; return nil }}
	if err := a.Records(ctx, archive.Filter{}, visits, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v after %d records", err, seen)
	}
	if err := q.collect(ctx, q.hunted); !errors.Is(err, context.Canceled) {
		t.Errorf("a stopped run gave %v", err)
	}
}
