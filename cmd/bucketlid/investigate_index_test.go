// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bucketlid/bucketlid/archive"
	"github.com/bucketlid/bucketlid/ingest"
	"github.com/bucketlid/bucketlid/internal/gentrail"
	"github.com/bucketlid/bucketlid/investigate"
	"github.com/bucketlid/bucketlid/trail"
)

// indexesOf lists the index files of an archive.
func indexesOf(t *testing.T, root string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(root, "account=*", "day=*", "_index-*"))
	if err != nil || len(names) == 0 {
		t.Fatalf("%d indexes: %v", len(names), err)
	}
	return names
}

// asked investigates and returns both streams.
func asked(t *testing.T, root string) (stdout, stderr string) {
	t.Helper()
	var out, notes bytes.Buffer
	if code := run([]string{"investigate", "user", "rowan.blake", "--archive", root, "-o", "csv"}, strings.NewReader(""), &out, &notes); code != exitDone {
		t.Fatalf("exit %d: %s", code, notes.String())
	}
	return out.String(), notes.String()
}

// An index that is damaged or gone is named, and changes no answer; verify finds
// it, and compact writes it again.
func TestADamagedIndexIsNamed(t *testing.T) {
	logs := t.TempDir()
	if _, err := gentrail.Company(logs); err != nil {
		t.Fatal(err)
	}
	root := loaded(t, logs)
	want, notes := asked(t, root)
	if notes != "" {
		t.Errorf("notes of a whole archive: %s", notes)
	}
	for _, c := range []struct {
		name   string
		damage func(path string) error
	}{
		{"gone", os.Remove},
		{"cut", func(path string) error { return os.Truncate(path, 100) }},
		{"overwritten", func(path string) error {
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			return os.WriteFile(path, append(text[:len(text)/2:len(text)/2], make([]byte, len(text)/2)...), 0o644)
		}},
	} {
		for _, path := range indexesOf(t, root) {
			if err := c.damage(path); err != nil {
				t.Fatal(err)
			}
		}
		got, notes := asked(t, root)
		if got != want {
			t.Errorf("%s: the answer differs", c.name)
		}
		if !strings.Contains(notes, "note: ") || !strings.Contains(notes, "_index-") || !strings.Contains(notes, "archive compact") {
			t.Errorf("%s: not named: %s", c.name, notes)
		}
		if code, out := commanded("archive", "verify", "--archive", root); code != exitFailed || !strings.Contains(out, "damaged index; no record is lost") || !strings.Contains(out, "its index _index-") {
			t.Errorf("%s: verify: exit %d: %s", c.name, code, out)
		}
		if code, out := commanded("archive", "compact", "--archive", root); code != exitDone || !strings.Contains(out, "indexes were written") {
			t.Errorf("%s: compact: exit %d: %s", c.name, code, out)
		}
		if got, notes := asked(t, root); got != want || notes != "" {
			t.Errorf("%s: after compact: notes %s", c.name, notes)
		}
	}
}

// Sums that are damaged are named, and those of other files are not used; no
// answer changes, and compact writes them again.
func TestSumsThatCannotBeUsed(t *testing.T) {
	logs := t.TempDir()
	if _, err := gentrail.Company(logs); err != nil {
		t.Fatal(err)
	}
	root := loaded(t, logs)
	path := filepath.Join(root, "_manifest", "sums.bin")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	other := t.TempDir()
	if _, err := gentrail.Write(other, gentrail.Config{Seed: 4, Records: 500, Files: 3}); err != nil {
		t.Fatal(err)
	}
	others, err := os.ReadFile(filepath.Join(loaded(t, other), "_manifest", "sums.bin"))
	if err != nil {
		t.Fatal(err)
	}
	want, _ := asked(t, root)
	for name, c := range map[string]struct {
		content []byte
		says    string
	}{
		"cut":                {whole[:100], "sums.bin: the index is damaged"},
		"empty":              {nil, "sums.bin: the index is damaged"},
		"overwritten":        {append(make([]byte, len(whole)/2), whole[len(whole)/2:]...), "sums.bin: the index is damaged"},
		"of another archive": {others, "no sums of its indexes"},
	} {
		if err := os.WriteFile(path, c.content, 0o644); err != nil {
			t.Fatal(err)
		}
		if got, notes := asked(t, root); got != want || !strings.Contains(notes, c.says) || !strings.Contains(notes, "archive compact") {
			t.Errorf("%s: the same answer %v, notes %q", name, got == want, notes)
		}
		if code, out := commanded("archive", "compact", "--archive", root); code != exitDone {
			t.Errorf("%s: compact: exit %d: %s", name, code, out)
		}
		if got, notes := asked(t, root); got != want || notes != "" {
			t.Errorf("%s: after compact: the same answer %v, notes %q", name, got == want, notes)
		}
		if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, whole) {
			t.Errorf("%s: compact writes other sums than load, %v", name, err)
		}
	}
}

// junk is a gatherer whose parts are no gist.
type junk struct{ text []byte }

func (junk) Note(string, *trail.Header, []byte, func(uint64), func(uint64)) {}

func (j junk) Parts() ([][]byte, bool) {
	return [][]byte{j.text, j.text, j.text, j.text, j.text, j.text}, true
}

// An index with right checksums and wrong content is not believed: everything is
// read instead.
func TestAnIndexThatTellsNonsense(t *testing.T) {
	logs := t.TempDir()
	if _, err := gentrail.Company(logs); err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(t.TempDir(), "archive")
	if code, out := commanded("archive", "load", "--archive", root, "--no-index", "-q", logs); code != exitDone {
		t.Fatal(out)
	}
	want, _ := asked(t, root)
	for _, text := range []string{"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "\x01\x05short", strings.Repeat("\x01\x00", 500)} {
		a, err := archive.OpenWriter(root)
		if err != nil {
			t.Fatal(err)
		}
		a.Gather(archive.Gathering{Version: investigate.GistVersion + 1, New: func() archive.Gatherer { return junk{} }})
		if _, err := a.Reindex(t.Context()); err != nil { // so that the next ones are written again
			t.Fatal(err)
		}
		if got, notes := asked(t, root); got != want || !strings.Contains(notes, "written by another version") || !strings.Contains(notes, "archive compact") {
			t.Errorf("indexes of another version: notes %q, the same answer %v", notes, got == want)
		}
		a.Gather(archive.Gathering{Version: investigate.GistVersion, New: func() archive.Gatherer { return junk{[]byte(text)} }})
		if n, err := a.Reindex(t.Context()); err != nil || n == 0 {
			t.Fatalf("%d written: %v", n, err)
		}
		a.Close()
		got, notes := asked(t, root)
		if got != want || !strings.Contains(notes, investigate.ErrGist.Error()) {
			t.Errorf("%q: notes %q, the same answer %v", text, notes, got == want)
		}
	}
}

// Of a file that the filter cuts the index is not used; of those it takes whole,
// it is.
func TestWhatAFilterTakesWhole(t *testing.T) {
	day := func(text string) ingest.Filter {
		q := &investigateFlags{}
		q.hunt.from, q.hunt.to = text[:10], text[11:]
		f, err := q.hunt.filter(time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	logs := t.TempDir()
	if _, err := gentrail.Company(logs); err != nil {
		t.Fatal(err)
	}
	a, err := openArchive(t.Context(), loaded(t, logs))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	for _, c := range []struct {
		name        string
		filter      ingest.Filter
		whole, some bool // all files, or some, are taken by their indexes
	}{
		{"everything", ingest.Filter{}, true, true},
		{"an account", ingest.Filter{Accounts: []string{"333344445555"}}, true, true},
		{"a Region", ingest.Filter{Regions: []string{"us-east-1"}}, false, false},
		{"two days", day("2026-08-04/2026-08-06"), true, true},
	} {
		q := &inquiry{hunt: &hunt{workers: 1, filter: c.filter}, archive: a}
		s, err := q.shelve()
		if err != nil || len(s.indexed)+len(s.rest) == 0 {
			t.Fatalf("%s: %d and %d files, %v", c.name, len(s.indexed), len(s.rest), err)
		}
		if (len(s.rest) == 0) != c.whole || (len(s.indexed) > 0) != c.some {
			t.Errorf("%s: %d files by their indexes, %d whole", c.name, len(s.indexed), len(s.rest))
		}
	}
}
