// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cespare/xxhash/v2"
	"pgregory.net/rapid"

	"github.com/bucketlid/bucketlid/internal/gentrail"
	"github.com/bucketlid/bucketlid/trail"
)

// byCall files rows under the call and the account, notes the eventID as near,
// and keeps all eventIDs.
type byCall struct{ ids []string }

func (g *byCall) Note(_ string, h *trail.Header, _ []byte, filed, near func(uint64)) {
	filed(xxhash.Sum64(h.Name))
	filed(xxhash.Sum64(h.RecipientAccountID))
	near(xxhash.Sum64(h.EventID))
	g.ids = append(g.ids, string(h.EventID))
}

func (g *byCall) Parts() ([][]byte, bool) {
	return [][]byte{[]byte(strings.Join(g.ids, " ")), nil}, len(g.ids) > 0
}

var calls = Gathering{Version: 7, New: func() Gatherer { return &byCall{} }}

// indexed is an archive of generated logs with indexes, opened for writing.
func indexed(t *testing.T, records int) (a *Archive, files []string) {
	t.Helper()
	files = makeTrail(t, gentrail.Config{Records: records, Files: 40, CrossAccount: 0.02})
	a = openWriter(t, filepath.Join(t.TempDir(), "archive"))
	a.Gather(calls)
	l, err := a.Load(small)
	if err != nil {
		t.Fatal(err)
	}
	r := l.Reader()
	for _, name := range files {
		if err := loadFile(r, name); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return a, files
}

// index opens the index of a file.
func index(t *testing.T, a *Archive, f File) *Index {
	t.Helper()
	x, err := a.Index(f)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(x.Close)
	return x
}

// picked is the eventIDs of the records of some rows, by the calls' names.
func picked(t *testing.T, a *Archive, picks []Pick) map[string][]string {
	t.Helper()
	var mu sync.Mutex
	out := map[string][]string{}
	visit := func(_ string, h *trail.Header, _ []byte) error {
		mu.Lock()
		defer mu.Unlock()
		out[string(h.Name)] = append(out[string(h.Name)], string(h.EventID))
		return nil
	}
	if err := a.Pick(t.Context(), picks, []Visit{visit, visit}); err != nil {
		t.Fatal(err)
	}
	for _, ids := range out {
		slices.Sort(ids)
	}
	return out
}

// The index finds just the rows that reading finds, before and after a merge,
// and after it was written again.
func TestTheIndexFindsWhatReadingFinds(t *testing.T) {
	a, _ := indexed(t, 4000)
	check := func(when string) {
		t.Helper()
		want := picked(t, a, picksOf(a.Files(), func(f File) Rows { return nil }))
		for name, ids := range want {
			got := picked(t, a, picksOf(a.Files(), func(f File) Rows {
				rows, err := index(t, a, f).Filed(xxhash.Sum64String(name))
				if err != nil {
					t.Fatal(err)
				}
				return append(Rows{}, rows...)
			}))
			if len(got) != 1 || !slices.Equal(got[name], ids) {
				t.Errorf("%s: %d records of %s are found, of %d; and of %d other calls", when, len(got[name]), name, len(ids), len(got)-1)
			}
		}
		for _, f := range a.Files() {
			x := index(t, a, f)
			part, err := x.Part(0)
			if err != nil || int64(len(strings.Fields(string(part)))) != f.Rows {
				t.Errorf("%s: %s: part of %d bytes, %v", when, f.Path, len(part), err)
			}
			id, _, _ := strings.Cut(string(part), " ")
			if rows, err := x.Near(xxhash.Sum64String(id)); err != nil || !slices.Equal(rows, Rows{{0, min(f.Rows, blockRows)}}) {
				t.Errorf("%s: near the first record are %v, %v", when, rows, err)
			}
			if rows, err := x.Filed(xxhash.Sum64String("no such call")); err != nil || rows != nil {
				t.Errorf("%s: rows of a call that nobody made: %v, %v", when, rows, err)
			}
		}
		if faults, err := a.Verify(t.Context(), nil); err != nil || len(faults) > 0 {
			t.Errorf("%s: verify: %v, %v", when, faults, err)
		}
	}
	check("loaded")
	before := a.Files()
	if done, err := a.Compact(t.Context(), nil, 0); err != nil || done.Before == 0 {
		t.Fatalf("%+v, %v", done, err)
	}
	check("merged")
	for _, f := range before {
		if path := filepath.Join(a.Root(), f.indexPath()); !exists(a.Path(f)) && exists(path) {
			t.Errorf("%s is left of a file that was merged", path)
		}
	}
	later := calls
	later.Version++
	a.Gather(later)
	if n, err := a.Reindex(t.Context()); err != nil || n != len(a.Files()) {
		t.Errorf("%d of %d indexes were written again: %v", n, len(a.Files()), err)
	}
	check("of a later version")
	if n, err := a.Reindex(t.Context()); err != nil || n != 0 {
		t.Errorf("%d indexes were written that were there: %v", n, err)
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func picksOf(files []File, rows func(File) Rows) (out []Pick) {
	for _, f := range files {
		out = append(out, Pick{f, rows(f)})
	}
	return out
}

// The same records have the same index, whoever wrote it.
func TestAnIndexWrittenAgainIsTheSame(t *testing.T) {
	a, _ := indexed(t, 1000)
	want := a.Files()
	for _, f := range want {
		if err := os.Remove(filepath.Join(a.Root(), f.indexPath())); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := a.Reindex(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i, f := range a.Files() {
		if *f.Index != *want[i].Index {
			t.Errorf("%s: %+v, was %+v", f.Path, f.Index, want[i].Index)
		}
	}
}

// An index in which any byte is another is an *IndexError or says the same; it
// never makes a wrong answer. Verify finds it, and its file stays.
func TestADamagedIndexIsFound(t *testing.T) {
	a, _ := indexed(t, 600)
	f := a.Files()[0]
	path := filepath.Join(a.Root(), f.indexPath())
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	term := xxhash.Sum64String("111122223333")
	ask := func() (parts []string, err error) {
		x, err := a.Index(f)
		if err != nil {
			return nil, err
		}
		defer x.Close()
		part, err := x.Part(0)
		rows, err2 := x.Filed(term)
		return []string{string(part), string(rune(rows.Count()))}, errors.Join(err, err2)
	}
	want, err := ask()
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		text := slices.Clone(whole)
		switch at := rapid.IntRange(0, len(text)-1).Draw(t, "at"); rapid.IntRange(0, 2).Draw(t, "how") {
		case 0:
			text[at] ^= byte(1 << rapid.IntRange(0, 7).Draw(t, "bit"))
		case 1:
			text = text[:at]
		default:
			text = append(text[at:], make([]byte, at)...)
		}
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
		got, err := ask()
		var damaged *IndexError
		if err == nil && !slices.Equal(got, want) || err != nil && !errors.As(err, &damaged) {
			t.Fatalf("%q, %v", got, err)
		}
	})
	if err := os.WriteFile(path, whole[:len(whole)-1], 0o644); err != nil {
		t.Fatal(err)
	}
	faults, err := a.Verify(t.Context(), nil)
	if err != nil || len(faults) != 1 || !faults[0].Index || !strings.Contains(faults[0].Reason, "bytes, not") {
		t.Fatalf("%+v, %v", faults, err)
	}
	rows := f.Rows
	if err := a.SetAside(faults); err != nil {
		t.Fatal(err)
	}
	if f = a.Files()[0]; f.Index != nil || f.Rows != rows || exists(path) {
		t.Errorf("set aside: %+v", f)
	}
	mustVerify(t, a.Root())
	if n, err := a.Reindex(t.Context()); err != nil || n != 1 {
		t.Errorf("%d written, %v", n, err)
	}
}

// What a killed load left of indexes is removed; what the manifest names stays.
func TestIndexesThatNobodyNamesAreRemoved(t *testing.T) {
	a, _ := indexed(t, 600)
	f := a.Files()[0]
	kept := filepath.Join(a.Root(), f.indexPath())
	stray := filepath.Join(filepath.Dir(kept), indexPrefix+strings.Repeat("0", 32)+indexSuffix)
	other := filepath.Join(filepath.Dir(kept), "_index-of-mine.bin")
	for _, path := range []string{stray, other} {
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	a.Close()
	openWriter(t, a.Root()).Close()
	if exists(stray) || !exists(kept) || !exists(other) {
		t.Errorf("stray %v, kept %v, somebody else's %v", exists(stray), exists(kept), exists(other))
	}
}

// An archive of an older version has no indexes, and one whose gatherer gave up
// has none either: both are read as before.
func TestAnArchiveWithoutIndexes(t *testing.T) {
	files := makeTrail(t, gentrail.Config{Records: 600, Files: 10})
	root := filepath.Join(t.TempDir(), "archive")
	loadFiles(t, root, small, files)
	a := openWriter(t, root)
	gaveUp := calls
	gaveUp.New = func() Gatherer { return overfull{&byCall{}} }
	a.Gather(gaveUp)
	if n, err := a.Reindex(t.Context()); err != nil || n != 0 {
		t.Errorf("%d written, %v", n, err)
	}
	for _, f := range a.Files() {
		if a.HasIndex(&f) {
			t.Errorf("%s has an index", f.Path)
		}
	}
	sameRecords(t, inArchive(t, root, Filter{}), inLogs(t, files))
}

type overfull struct{ *byCall }

func (overfull) Parts() ([][]byte, bool) { return nil, false }

// Indexes are uploaded, fetched alone, and leave with their files.
func TestAMirrorHasIndexes(t *testing.T) {
	store := newMemory()
	m := NewMirror(store, t.TempDir())
	if err := add(t, m, 1); err != nil {
		t.Fatal(err)
	}
	a, err := m.OpenWriter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	a.Gather(calls)
	if n, err := a.Reindex(t.Context()); err != nil || n != 1 {
		t.Fatalf("%d written, %v", n, err)
	}
	parquet := maps.Clone(store.objects)
	if _, err := m.Push(t.Context(), a, true); err != nil {
		t.Fatal(err)
	}
	a.Close()
	if n := len(store.objects) - len(parquet); n != 2 {
		t.Errorf("%d objects came, want an index and a segment", n)
	}
	dir := t.TempDir()
	r, err := NewMirror(store, dir).Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	r.Gather(calls)
	f := r.Files()[0]
	if rows, err := index(t, r, f).Filed(xxhash.Sum64String("GetBucketAcl")); err != nil || rows.Count() != 1 {
		t.Errorf("%v, %v", rows, err)
	}
	if exists(r.Path(f)) {
		t.Error("the file was fetched for its index")
	}
	if a, err = m.OpenWriter(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if err := a.Prune(a.Files()); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Push(t.Context(), a, false); err != nil {
		t.Fatal(err)
	}
	for name := range store.objects {
		if !strings.HasPrefix(name, manifestDir) {
			t.Errorf("%s is left", name)
		}
	}
}

// Rows of several terms are joined, and cut where row groups end.
func TestRows(t *testing.T) {
	joined := Join(Rows{{5, 9}, {20, 30}}, Rows{{0, 2}, {9, 11}, {22, 24}}, nil)
	if want := (Rows{{0, 2}, {5, 11}, {20, 30}}); !slices.Equal(joined, want) || want.Count() != 18 {
		t.Errorf("%v, %d", joined, joined.Count())
	}
	var got []Rows
	for start := int64(0); start < 40; start += 10 {
		got = append(got, joined.cut(start, start+10))
	}
	for i, want := range []Rows{{{0, 2}, {5, 10}}, {{0, 1}}, {{0, 10}}, nil} {
		if !slices.Equal(got[i], want) {
			t.Errorf("group %d: %v", i, got[i])
		}
	}
}
