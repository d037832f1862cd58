// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bucketlid/bucketlid/internal/gentrail"
)

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
