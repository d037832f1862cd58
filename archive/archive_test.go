// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/bucketlid/bucketlid/internal/gentrail"
	"github.com/bucketlid/bucketlid/trail"
)

// small makes many files of few rows.
var small = LoadOptions{Buffer: 1 << 20}

// inLogs is the records of log files by account and eventID.
func inLogs(tb testing.TB, files []string) map[string]string {
	tb.Helper()
	out := map[string]string{}
	for _, name := range files {
		file, err := os.Open(name)
		if err != nil {
			tb.Fatal(err)
		}
		unpacked, err := gzip.NewReader(file)
		if err != nil {
			tb.Fatal(err)
		}
		_, err = trail.Scan(unpacked, trail.Options{}, func(h *trail.Header, raw []byte) error {
			out[string(h.RecipientAccountID)+" "+string(h.EventID)] = string(raw)
			return nil
		}, nil)
		if err != nil {
			tb.Fatal(err)
		}
		file.Close()
	}
	return out
}

// inArchive is the same of an archive; it fails for a record that is there
// twice or out of order.
func inArchive(tb testing.TB, root string, f Filter) map[string]string {
	tb.Helper()
	out := map[string]string{}
	var last Event
	for e, err := range open(tb, root).Timeline(tb.Context(), f) {
		if err != nil {
			tb.Fatal(err)
		}
		key := e.Account + " " + e.EventID
		if _, twice := out[key]; twice {
			tb.Fatalf("%s is there twice", key)
		}
		if !e.Time.IsZero() && e.Time.Before(last.Time) || e.Time.Equal(last.Time) && e.EventID < last.EventID {
			tb.Fatalf("%s at %s comes after %s at %s", e.EventID, e.Time, last.EventID, last.Time)
		}
		out[key], last = string(e.Raw), e
	}
	return out
}

func open(tb testing.TB, root string) *Archive {
	tb.Helper()
	a, err := Open(root)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(a.Close)
	return a
}

func openWriter(tb testing.TB, root string) *Archive {
	tb.Helper()
	a, err := OpenWriter(root)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(a.Close)
	return a
}

func mustVerify(tb testing.TB, root string) {
	tb.Helper()
	faults, err := open(tb, root).Verify(tb.Context(), nil)
	if err != nil || len(faults) > 0 {
		tb.Fatalf("verify: %v, %v", faults, err)
	}
}

func sameRecords(tb testing.TB, got, want map[string]string) {
	tb.Helper()
	if len(got) != len(want) {
		tb.Errorf("%d records, want %d", len(got), len(want))
	}
	for key, raw := range want {
		if got[key] != raw {
			tb.Fatalf("%s:\n got %.300s\nwant %.300s", key, got[key], raw)
		}
	}
}

func TestEveryRecordIsKeptByteForByte(t *testing.T) {
	files := makeTrail(t, gentrail.Config{Records: 6000, Files: 60, Duplicates: 0.05, CrossAccount: 0.02})
	want := inLogs(t, files)
	root := filepath.Join(t.TempDir(), "archive")
	loaded := loadFiles(t, root, small, files)
	if loaded.Added != int64(len(want)) || loaded.Added+loaded.Duplicates != loaded.Records || loaded.Duplicates == 0 {
		t.Errorf("loaded %+v, want %d added", loaded, len(want))
	}
	sameRecords(t, inArchive(t, root, Filter{}), want)
	mustVerify(t, root)
	if again := loadFiles(t, root, small, files); again.Added != 0 || again.Files != 0 || again.Duplicates != loaded.Records {
		t.Errorf("the second load: %+v", again)
	}
	sameRecords(t, inArchive(t, root, Filter{}), want)
}

// Whole or in parts, in any order: the same rows, but for where a record that
// several objects hold was read from.
func TestLoadsInPartsGiveTheSameRows(t *testing.T) {
	files := makeTrail(t, gentrail.Config{Records: 4000, Files: 80, Duplicates: 0.05})
	once, parts := filepath.Join(t.TempDir(), "once"), filepath.Join(t.TempDir(), "parts")
	loadFiles(t, once, LoadOptions{}, files)
	slices.Reverse(files)
	for part := range slices.Chunk(files, len(files)/3) {
		loadFiles(t, parts, small, part)
	}
	want, got := rowsOf(t, once), rowsOf(t, parts)
	if len(want) == 0 || !slices.Equal(got, want) {
		t.Fatalf("%d rows, want the same %d", len(got), len(want))
	}
	merged, err := openWriter(t, parts).Compact(t.Context(), nil, 0)
	if err != nil || merged.After >= merged.Before || merged.Before == 0 {
		t.Fatalf("compacted %+v: %v", merged, err)
	}
	if got := rowsOf(t, parts); !slices.Equal(got, want) {
		t.Fatalf("after compaction: %d rows, want the same %d", len(got), len(want))
	}
	mustVerify(t, parts)
}

// rowsOf is the rows of an archive as sorted texts, without their sources.
func rowsOf(tb testing.TB, root string) []string {
	tb.Helper()
	var out []string
	a := open(tb, root)
	for _, f := range a.Files() {
		var last *Row
		err := readRows(a.Path(f), func(r *Row) {
			row := *r
			if last != nil && compareRows(last, &row) > 0 {
				tb.Errorf("%s is not sorted", f.Path)
			}
			last = &row
			only := "none"
			if row.ReadOnly != nil {
				only = fmt.Sprint(*row.ReadOnly)
			}
			text := row
			text.SourceFile, text.SourceOffset, text.ReadOnly = "", 0, nil
			out = append(out, fmt.Sprintf("%s %s %+v", f.dir(), only, text))
		})
		if err != nil {
			tb.Fatal(err)
		}
	}
	slices.Sort(out)
	return out
}

func TestTimelinesHoldJustWhatWasAskedFor(t *testing.T) {
	files := makeTrail(t, gentrail.Config{Records: 8000, Files: 60})
	all := inLogs(t, files)
	root := filepath.Join(t.TempDir(), "archive")
	loadFiles(t, root, small, files)
	from := time.Date(2026, 3, 3, 6, 0, 0, 0, time.UTC)
	for _, id := range sample(t, all, func(r *trail.Record) string { return r.EventID }) {
		want := map[string]string{}
		for key, raw := range all {
			if r := decode(t, raw); r.EventID == id && !r.EventTime.Before(from) {
				want[key] = raw
			}
		}
		sameRecords(t, inArchive(t, root, Filter{EventID: id, From: from}), want)
	}
}

func decode(tb testing.TB, raw string) *trail.Record {
	tb.Helper()
	r, err := trail.Decode([]byte(raw), nil)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// sample is the most frequent, a middling and the rarest value, not empty.
func sample(tb testing.TB, all map[string]string, value func(*trail.Record) string) []string {
	count := map[string]int{}
	for _, raw := range all {
		if v := value(decode(tb, raw)); v != "" {
			count[v]++
		}
	}
	values := slices.SortedFunc(maps.Keys(count), func(a, b string) int {
		return cmp.Or(count[a]-count[b], strings.Compare(a, b))
	})
	return []string{values[0], values[len(values)/2], values[len(values)-1]}
}
