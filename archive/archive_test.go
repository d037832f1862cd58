// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"cmp"
	"context"
	"errors"
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
	some := map[string]func(*trail.Record) string{
		"user":   func(r *trail.Record) string { return r.UserIdentity.ARN },
		"ip":     func(r *trail.Record) string { return r.SourceIPAddress },
		"bucket": func(r *trail.Record) string { b, _ := r.RequestParameters["bucketName"].(string); return b },
		"id":     func(r *trail.Record) string { return r.EventID },
	}
	for kind, value := range some {
		for _, x := range sample(t, all, value) {
			f := map[string]Filter{"user": {User: x}, "ip": {Address: x}, "bucket": {Bucket: x}, "id": {EventID: x}}[kind]
			f.From = from
			want := map[string]string{}
			for key, raw := range all {
				r := decode(t, raw)
				if value(r) == x && !r.EventTime.Before(from) {
					want[key] = raw
				}
			}
			sameRecords(t, inArchive(t, root, f), want)
		}
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

// hostile records: what strangers choose must neither leave the archive's
// folder nor get lost.
func TestHostileRecordsAreKept(t *testing.T) {
	long := strings.Repeat("ä", 100_000)
	records := []string{
		`{"eventVersion":"1.0","eventName":"A","eventSource":"s3.amazonaws.com","eventTime":"2026-03-02T00:00:00Z","recipientAccountId":"../../../../tmp/x","eventID":"1"}`,
		`{"eventVersion":"1.0","eventName":"B","eventSource":"s3.amazonaws.com","eventTime":"never","recipientAccountId":"111122223333","eventID":"2"}`,
		`{"eventVersion":"1.0","eventName":"C","eventSource":"s3.amazonaws.com","eventTime":"2026-03-02T00:00:00Z","recipientAccountId":"111122223333"}`,
		`{"eventVersion":"1.0","eventName":"C","eventSource":"s3.amazonaws.com","eventTime":"2026-03-02T00:00:00Z","recipientAccountId":"111122223333","x":1}`,
		`{"eventVersion":"1.0","eventName":"D","eventSource":"s3.amazonaws.com","eventTime":"2026-03-02T00:00:00Z","recipientAccountId":"111122223333","eventID":"` + long + `1","userAgent":"` + long + `"}`,
		`{"eventVersion":"1.0","eventName":"D","eventSource":"s3.amazonaws.com","eventTime":"2026-03-02T00:00:00Z","recipientAccountId":"111122223333","eventID":"` + long + `2","userAgent":"` + long + `"}`,
		"{\"eventVersion\":\"1.0\",\"eventName\":\"E\",\"eventSource\":\"s3.amazonaws.com\",\"eventTime\":\"2026-03-02T00:00:00Z\",\"recipientAccountId\":\"111122223333\",\"eventID\":\"5\",\"userAgent\":\"\xff\xfe\\u0000\"}",
		`{"eventVersion":"1.0","eventName":"F","eventSource":"s3.amazonaws.com","eventTime":"2026-03-02T00:00:00Z","recipientAccountId":"111122223333","eventID":"6","requestParameters":{"bucketName":"=cmd|' /C calc'!A0","key":"\u001b]0;x\u0007"}}`,
		`{"eventVersion":"1.0","eventName":"F","eventSource":"s3.amazonaws.com","eventTime":"2026-03-02T00:00:00Z","recipientAccountId":"111122223333","eventID":"CAFE0000-0000-0000-0000-000000000000"}`,
		`{"eventVersion":"1.0","eventName":"F","eventSource":"s3.amazonaws.com","eventTime":"2026-03-02T00:00:00Z","recipientAccountId":"111122223333","eventID":"cafe0000-0000-0000-0000-000000000000"}`,
	}
	dir := t.TempDir()
	root := filepath.Join(dir, "archive")
	for range 2 {
		if err := loadText(t, root, strings.Join(records, "\n")); err != nil {
			t.Fatal(err)
		}
		var got []string
		for e, err := range open(t, root).Timeline(t.Context(), Filter{}) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, string(e.Raw))
		}
		slices.Sort(got)
		if want := slices.Sorted(slices.Values(records)); !slices.Equal(got, want) {
			t.Fatalf("%d records, want %d: %.200q", len(got), len(want), got)
		}
		mustVerify(t, root)
	}
	for _, path := range filesBelow(t, dir) {
		if rel, _ := filepath.Rel(root, path); strings.HasPrefix(rel, "..") {
			t.Errorf("a file outside of the archive: %s", path)
		}
	}
}

func loadText(tb testing.TB, root, text string) error {
	tb.Helper()
	a, err := OpenWriter(root)
	if err != nil {
		return err
	}
	defer a.Close()
	l, err := a.Load(small)
	if err != nil {
		return err
	}
	r := l.Reader()
	r.Begin("=hostile\x1b[2J\xff")
	stats, err := trail.Scan(strings.NewReader(text), trail.Options{}, r.Add, func(s trail.Skip) { tb.Log(s.Offset, s.Reason) })
	if err == nil {
		err = r.End(int64(len(text)), checksum([]byte(text)), stats.Skipped == 0)
	}
	if err != nil {
		return err
	}
	_, err = l.Close()
	return err
}

const oneRecord = `{"eventVersion":"1.0","eventName":"A","eventSource":"s3.amazonaws.com","eventTime":"2026-03-02T00:00:00Z","recipientAccountId":"111122223333","eventID":"%d"}` + "\n"

// damage is what may happen to an archive's files, and what is said then.
var damage = []struct {
	name   string
	do     func(a *Archive, f File) error
	reason string
}{
	{"missing file", func(a *Archive, f File) error { return os.Remove(a.Path(f)) }, "is missing"},
	{"missing partition", func(a *Archive, f File) error { return os.RemoveAll(filepath.Dir(a.Path(f))) }, "is missing"},
	{"cut short", func(a *Archive, f File) error { return os.Truncate(a.Path(f), f.Bytes/2) }, "bytes, not"},
	{"empty", func(a *Archive, f File) error { return os.Truncate(a.Path(f), 0) }, "0 bytes, not"},
	{"one byte changed", func(a *Archive, f File) error { return flip(a.Path(f), f.Bytes/3) }, "checksum does not match"},
	{"footer changed", func(a *Archive, f File) error { return flip(a.Path(f), f.Bytes-200) }, "checksum does not match"},
}

func flip(path string, at int64) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	data[at] ^= 0x55
	return os.WriteFile(path, data, 0o644)
}

func TestDamageIsFoundAndMended(t *testing.T) {
	for _, d := range damage {
		t.Run(d.name, func(t *testing.T) {
			root := filepath.Join(t.TempDir(), "archive")
			text := fmt.Sprintf(oneRecord+oneRecord+strings.Replace(oneRecord, "-02T", "-03T", 1), 1, 2, 3)
			if err := loadText(t, root, text); err != nil {
				t.Fatal(err)
			}
			a := openWriter(t, root)
			if err := d.do(a, a.Files()[0]); err != nil {
				t.Fatal(err)
			}
			faults, err := a.Verify(t.Context(), nil)
			if err != nil || len(faults) != 1 || !strings.Contains(faults[0].Reason, d.reason) {
				t.Fatalf("faults %v, %v", faults, err)
			}
			if err := a.SetAside(faults); err != nil {
				t.Fatal(err)
			}
			a.Close()
			if err := loadText(t, root, text); err != nil {
				t.Fatal(err)
			}
			if got := inArchive(t, root, Filter{}); len(got) != 3 {
				t.Errorf("%d records after mending", len(got))
			}
			mustVerify(t, root)
		})
	}
}

// A timeline over damage ends with an error, never with fewer events alone.
func TestTimelineOverDamageIsAnError(t *testing.T) {
	for _, d := range damage[:4] {
		root := filepath.Join(t.TempDir(), "archive")
		if err := loadText(t, root, fmt.Sprintf(oneRecord, 1)); err != nil {
			t.Fatal(err)
		}
		a := open(t, root)
		if err := d.do(a, a.Files()[0]); err != nil {
			t.Fatal(err)
		}
		var last error
		for _, err := range a.Timeline(t.Context(), Filter{}) {
			last = err
		}
		var broken *DamagedError
		if !errors.As(last, &broken) {
			t.Errorf("%s: %v", d.name, last)
		}
	}
}

func TestManifestDamage(t *testing.T) {
	for name, do := range map[string]func(dir string) error{
		"segment missing":   func(dir string) error { return os.Remove(filepath.Join(dir, segmentName(1, false))) },
		"all gone":          func(dir string) error { return os.RemoveAll(dir) },
		"segment cut":       func(dir string) error { return os.Truncate(filepath.Join(dir, segmentName(2, false)), 40) },
		"one digit changed": func(dir string) error { return flip(filepath.Join(dir, segmentName(1, false)), 90) },
	} {
		t.Run(name, func(t *testing.T) {
			root := filepath.Join(t.TempDir(), "archive")
			for i := range 2 {
				if err := loadText(t, root, fmt.Sprintf(oneRecord, i)); err != nil {
					t.Fatal(err)
				}
			}
			before := filesBelow(t, filepath.Join(root, "account=111122223333"))
			if err := do(filepath.Join(root, manifestDir)); err != nil {
				t.Fatal(err)
			}
			_, err := OpenWriter(root)
			var broken *ManifestError
			if !errors.As(err, &broken) {
				t.Errorf("opened for writing: %v", err)
			}
			if after := filesBelow(t, filepath.Join(root, "account=111122223333")); !slices.Equal(after, before) {
				t.Errorf("files %v, before %v", after, before)
			}
		})
	}
}

// Many changes are folded into one segment, and nothing is forgotten.
func TestManySegmentsAreFolded(t *testing.T) {
	root := filepath.Join(t.TempDir(), "archive")
	if err := loadText(t, root, fmt.Sprintf(oneRecord, 1)); err != nil {
		t.Fatal(err)
	}
	a := openWriter(t, root)
	for i := range maxSegments + 5 {
		if err := a.commit(&change{sources: []Source{{Name: fmt.Sprint("log ", i), SHA256: "x"}}}); err != nil {
			t.Fatal(err)
		}
	}
	a.Close()
	segments, err := listSegments(filepath.Join(root, manifestDir))
	if err != nil || len(segments) > maxSegments || !segments[0].whole {
		t.Errorf("%d segments, %v", len(segments), err)
	}
	if err := loadText(t, root, fmt.Sprintf(oneRecord, 1)); err != nil {
		t.Fatal(err)
	}
	if got := inArchive(t, root, Filter{}); len(got) != 1 {
		t.Errorf("%d records", len(got))
	}
	if n := openWriter(t, root).Sources(); n != maxSegments+6 {
		t.Errorf("%d sources, want each name once", n)
	}
}

func TestWhatAKilledLoadLeftIsRemoved(t *testing.T) {
	root := filepath.Join(t.TempDir(), "archive")
	if err := loadText(t, root, fmt.Sprintf(oneRecord, 1)); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(root, "account=111122223333", "day=2026-03-02")
	orphans := []string{filepath.Join(dir, tempPrefix+"123"), filepath.Join(dir, "part-00000000000000000000000000000000.parquet")}
	kept := []string{filepath.Join(dir, "notes.txt"), filepath.Join(dir, "part-mine.parquet")}
	for _, path := range slices.Concat(orphans, kept) {
		if err := os.WriteFile(path, []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	reader := open(t, root)
	openWriter(t, root).Close()
	for _, path := range orphans {
		if _, err := os.Stat(path); err != nil {
			t.Errorf("%s is gone while a reader is at work", path)
		}
	}
	reader.Close()
	openWriter(t, root).Close()
	for _, path := range orphans {
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s is still there", path)
		}
	}
	for _, path := range kept {
		if _, err := os.Stat(path); err != nil {
			t.Errorf("a file that is not ours: %v", err)
		}
	}
}

func TestOnlyOneWrites(t *testing.T) {
	root := filepath.Join(t.TempDir(), "archive")
	first := openWriter(t, root)
	_, err := OpenWriter(root)
	var busy *BusyError
	if !errors.As(err, &busy) {
		t.Errorf("a second writer: %v", err)
	}
	first.Close()
	openWriter(t, root).Close()
}

func TestPrune(t *testing.T) {
	root := filepath.Join(t.TempDir(), "archive")
	var text strings.Builder
	for i, day := range []string{"-01T", "-02T", "-03T"} {
		text.WriteString(strings.Replace(fmt.Sprintf(oneRecord, i), "-02T", day, 1))
	}
	text.WriteString(strings.Replace(fmt.Sprintf(oneRecord, 9), "2026-03-02T00:00:00Z", "never", 1))
	if err := loadText(t, root, text.String()); err != nil {
		t.Fatal(err)
	}
	a := openWriter(t, root)
	for cut, want := range map[string]int{"2026-03-01T23:59:59Z": 0, "2026-03-02T00:00:00Z": 1, "2026-03-03T12:00:00Z": 2} {
		than, _ := time.Parse(time.RFC3339, cut)
		if got := a.Older(than); len(got) != want {
			t.Errorf("older than %s: %v", cut, got)
		}
	}
	if err := a.Prune(a.Older(time.Date(2026, 3, 3, 0, 0, 0, 0, time.UTC))); err != nil {
		t.Fatal(err)
	}
	a.Close()
	mustVerify(t, root)
	if got := inArchive(t, root, Filter{}); len(got) != 2 {
		t.Errorf("left: %v", got)
	}
	if _, err := os.Stat(filepath.Join(root, "account=111122223333", "day=2026-03-01")); err == nil {
		t.Error("the folder of a pruned day is still there")
	}
}

func TestCancelledWorkEnds(t *testing.T) {
	root := filepath.Join(t.TempDir(), "archive")
	if err := loadText(t, root, fmt.Sprintf(oneRecord, 1)); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	a := open(t, root)
	if _, err := a.Verify(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("verify: %v", err)
	}
	var last error
	for _, err := range a.Timeline(ctx, Filter{}) {
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("timeline: %v", last)
	}
}

// Readers at work while another process merges: each sees every record once.
func TestReadingWhileMerging(t *testing.T) {
	files := makeTrail(t, gentrail.Config{Records: 3000, Files: 40})
	root := filepath.Join(t.TempDir(), "archive")
	loadFiles(t, root, small, files)
	want := len(inLogs(t, files))
	done := make(chan error, 1)
	go func() {
		a, err := OpenWriter(root)
		if err == nil {
			_, err = a.Compact(context.Background(), nil, 0)
			a.Close()
		}
		done <- err
	}()
	for finished := false; !finished; {
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			finished = true
		default:
		}
		a, err := Open(root)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, err := range a.Timeline(t.Context(), Filter{}) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		a.Close()
		if n != want {
			t.Fatalf("%d records, want %d", n, want)
		}
	}
}
