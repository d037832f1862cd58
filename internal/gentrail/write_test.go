// SPDX-License-Identifier: Apache-2.0

package gentrail_test

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bucketlid/bucketlid/internal/gentrail"
	"pgregory.net/rapid"
)

func write(t testing.TB, c gentrail.Config) ([]object, gentrail.Truth) {
	t.Helper()
	dir := t.TempDir()
	truth, err := gentrail.Write(dir, c)
	if err != nil {
		t.Fatal(err)
	}
	return readTrail(t, dir), truth
}

func TestSameSeedSameBytes(t *testing.T) {
	base := gentrail.Config{Seed: 5, Records: 4000, Files: 90, Duplicates: 0.1, CrossAccount: 0.02, Gzip: true}
	hash := func(c gentrail.Config) string {
		dir := t.TempDir()
		if _, err := gentrail.Write(dir, c); err != nil {
			t.Fatal(err)
		}
		return treeHash(t, dir)
	}
	want := hash(base)
	for _, workers := range []int{1, 2, 7} {
		c := base
		c.Workers = workers
		if got := hash(c); got != want {
			t.Errorf("with %d workers the bytes differ", workers)
		}
	}
	other := base
	other.Seed = 6
	if hash(other) == want {
		t.Error("another seed gives the same bytes")
	}
}

// TestCountsHold writes small trails of every shape: whatever is asked for, the
// number of records is kept, and the truth's sums are those of the files.
func TestCountsHold(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c := gentrail.Config{
			Seed:         rapid.Uint64().Draw(rt, "seed"),
			Records:      rapid.IntRange(1, 500).Draw(rt, "records"),
			Files:        rapid.IntRange(0, 40).Draw(rt, "files"),
			Accounts:     rapid.IntRange(0, 7).Draw(rt, "accounts"),
			Regions:      rapid.IntRange(0, 9).Draw(rt, "regions"),
			Days:         rapid.IntRange(0, 3).Draw(rt, "days"),
			Duplicates:   rapid.Float64Range(0, 0.6).Draw(rt, "duplicates"),
			CrossAccount: rapid.Float64Range(0, 0.3).Draw(rt, "cross"),
			Gzip:         rapid.Bool().Draw(rt, "gzip"),
			Plain:        rapid.Bool().Draw(rt, "plain"),
		}
		if rapid.Bool().Draw(rt, "flat") {
			c.Layout = gentrail.Flat
		}
		objects, truth := write(t, c)
		checkSums(rt, c, objects, truth)
	})
}

// fatal is what testing.T and rapid.T have in common.
type fatal interface {
	Fatalf(format string, args ...any)
}

func checkSums(t fatal, c gentrail.Config, objects []object, truth gentrail.Truth) {
	var raw, stored int64
	ids := map[string]int{}
	for _, o := range objects {
		raw, stored = raw+int64(o.raw), stored+int64(o.stored)
		checkObject(t, c, o)
		for _, r := range o.records {
			ids[r.EventID]++
		}
	}
	records := len(allRecords(objects))
	if records != truth.Records || len(objects) != truth.Files || raw != truth.RawBytes || stored != truth.FileBytes {
		t.Fatalf("files hold %d records, %d files, %d and %d bytes; truth says %+v", records, len(objects), raw, stored, truth)
	}
	if records < c.Records || c.Plain && records != c.Records {
		t.Fatalf("%d records asked for, %d written", c.Records, records)
	}
	if records-len(ids) != truth.Duplicates {
		t.Fatalf("%d records repeat an eventID, truth says %d", records-len(ids), truth.Duplicates)
	}
}

// checkObject: each file holds the records of its account and region, none
// later than the file, none older than ten minutes, no eventID twice.
func checkObject(t fatal, c gentrail.Config, o object) {
	if len(o.records) == 0 {
		t.Fatalf("%s is empty", o.path)
	}
	seen := map[string]bool{}
	for _, r := range o.records {
		lag := o.slot.Sub(r.EventTime)
		if lag < 0 || lag > 10*time.Minute {
			t.Fatalf("%s: %s happened %v before the file", o.path, r.EventName, lag)
		}
		if r.RecipientAccountID != o.account || r.AWSRegion != o.region {
			t.Fatalf("%s: a record of %s in %s", o.path, r.RecipientAccountID, r.AWSRegion)
		}
		if seen[r.EventID] {
			t.Fatalf("%s: eventID %s twice in one file", o.path, r.EventID)
		}
		seen[r.EventID] = true
	}
	folder := filepath.ToSlash(filepath.Dir(o.path))
	want := "."
	if c.Layout == gentrail.Tree {
		want = "AWSLogs/" + o.account + "/CloudTrail/" + o.region + o.slot.Format("/2006/01/02")
	}
	if folder != want {
		t.Fatalf("%s: folder %s, want %s", o.path, folder, want)
	}
}

func TestCalibration(t *testing.T) {
	c := gentrail.Config{Seed: 3, Records: 25_000, Duplicates: 0.05, CrossAccount: 0.004, Gzip: true}
	objects, truth := write(t, c)
	records := allRecords(objects)
	n := float64(len(records))
	var size, disorder float64
	share := map[string]float64{}
	for _, o := range objects {
		if o.outOfOrder {
			disorder++
		}
	}
	for _, r := range records {
		size += float64(len(r.raw))
		share["type "+r.UserIdentity.Type] += 1 / n
		share["source "+strings.TrimSuffix(r.EventSource, ".amazonaws.com")] += 1 / n
		if r.ErrorCode != "" {
			share["errors"] += 1 / n
		}
		if r.ReadOnly {
			share["reads"] += 1 / n
		}
	}
	share["mean size"] = size / n
	share["gzip ratio"] = float64(truth.RawBytes) / float64(truth.FileBytes)
	share["disorder"] = disorder / float64(len(objects))
	share["duplicates"] = float64(truth.Duplicates) / n
	share["records a file"] = n / float64(len(objects))
	for what, bounds := range map[string][2]float64{
		"mean size": {1100, 1600}, "gzip ratio": {6, 12}, "disorder": {0.25, 0.6}, "duplicates": {0.04, 0.055}, "records a file": {35, 60},
		"errors": {0.01, 0.11}, "reads": {0.5, 0.9},
		"type IAMUser": {0.2, 0.6}, "type AssumedRole": {0.3, 0.6}, "type AWSService": {0.05, 0.3}, "type Root": {0.0003, 0.02},
		"type FederatedUser": {0.001, 0.03}, "type AWSAccount": {0.001, 0.03}, "type ": {0.0003, 0.02},
		"source s3": {0.1, 0.4}, "source ec2": {0.1, 0.4}, "source iam": {0.03, 0.2}, "source sts": {0.02, 0.2}, "source kms": {0.02, 0.2},
		"source ssm": {0.02, 0.2}, "source rds": {0.005, 0.1}, "source lambda": {0.005, 0.1}, "source logs": {0.01, 0.1},
		"source cloudtrail": {0.002, 0.1}, "source secretsmanager": {0.01, 0.1},
	} {
		if got := share[what]; math.IsNaN(got) || got < bounds[0] || got > bounds[1] {
			t.Errorf("%s: %.4f, want %v", what, got, bounds)
		}
	}
}

func TestCrossAccountPairs(t *testing.T) {
	objects, truth := write(t, gentrail.Config{Seed: 8, Records: 8000, CrossAccount: 0.05, Plain: true})
	pairs := map[string][]record{}
	for _, r := range allRecords(objects) {
		if r.SharedEventID != "" && r.EventName == "GetObject" {
			pairs[r.SharedEventID] = append(pairs[r.SharedEventID], r)
		}
	}
	if len(pairs) != truth.CrossAccount || len(pairs) < 150 {
		t.Fatalf("%d pairs in the files, truth says %d", len(pairs), truth.CrossAccount)
	}
	for id, p := range pairs {
		if len(p) != 2 {
			t.Fatalf("sharedEventID %s occurs %d times", id, len(p))
		}
		if p[0].UserIdentity.Type == "AWSAccount" {
			p[0], p[1] = p[1], p[0]
		}
		if p[0].EventID == p[1].EventID || p[0].RequestID != p[1].RequestID || p[0].RecipientAccountID == p[1].RecipientAccountID ||
			p[0].UserIdentity.AccountID != p[1].UserIdentity.AccountID || p[1].UserIdentity.Type != "AWSAccount" || p[1].UserIdentity.ARN != "" {
			t.Fatalf("not two copies of one request:\n%s\n%s", p[0].raw, p[1].raw)
		}
	}
}

func TestWriteSaysWhatFailed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "taken")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := gentrail.Write(filepath.Join(file, "below"), gentrail.Config{Records: 10}); err == nil || !strings.Contains(err.Error(), "taken") {
		t.Errorf("error %v does not name the folder", err)
	}
}

func BenchmarkWrite(b *testing.B) {
	for b.Loop() {
		truth, err := gentrail.Write(b.TempDir(), gentrail.Config{Records: 50_000, Gzip: true})
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(truth.RawBytes)
	}
}
