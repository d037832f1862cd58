// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/cespare/xxhash/v2"
	"pgregory.net/rapid"

	"github.com/bucketlid/bucketlid/trail"
)

// callsNamed is a search for the calls of a name, by the index of byCall. Every
// second time the rows are only told to be near.
func callsNamed(name string, unusable func(error)) *Search {
	turn := false
	return &Search{
		Rows: func(x *Index) (found, near Rows, known bool, err error) {
			rows, err := x.Filed(xxhash.Sum64String(name))
			if turn = !turn; turn {
				return rows, Rows{{0, 1}}, true, err
			}
			return nil, rows, true, err
		},
		Takes:    func(h *trail.Header, _ []byte) bool { return string(h.Name) == name },
		Needle:   name,
		Unusable: unusable,
	}
}

// searched is the eventIDs of a timeline, in its order; it fails where times
// are not in order, or columns are not the record's.
func searched(t *testing.T, a *Archive, f Filter) (ids []string) {
	t.Helper()
	var last time.Time
	for e, err := range a.Timeline(t.Context(), f) {
		if err != nil {
			t.Fatal(err)
		}
		if later := e.Time.Compare(last); len(ids) > 0 && (later < 0 && !f.Newest || later > 0 && f.Newest) {
			t.Fatalf("%s comes after %s", e.Time, last)
		}
		if r := decode(t, string(e.Raw)); r.EventName != e.Columns.EventName || r.SourceIPAddress != e.Columns.SourceIP || string(e.Columns.EventID) != e.EventID {
			t.Fatalf("columns %+v of %s", e.Columns, e.Raw)
		}
		last = e.Time
		ids = append(ids, e.Account+" "+e.EventID)
	}
	return ids
}

// A search finds what reading finds: by the indexes, without some of them, and
// where they are damaged; and the same from the end.
func TestASearchFindsWhatReadingFinds(t *testing.T) {
	a, _ := indexed(t, 3000)
	from := time.Date(2026, 3, 4, 5, 0, 0, 0, time.UTC)
	want := map[string][]string{}
	for e, err := range a.Timeline(t.Context(), Filter{From: from}) {
		if err != nil {
			t.Fatal(err)
		}
		name := decode(t, string(e.Raw)).EventName
		want[name] = append(want[name], e.Account+" "+e.EventID)
	}
	told := 0
	check := func(when string) {
		t.Helper()
		for name, ids := range want {
			f := Filter{From: from, Search: callsNamed(name, func(error) { told++ })}
			if got := searched(t, a, f); !slices.Equal(got, ids) {
				t.Errorf("%s: %d calls of %s, want %d", when, len(got), name, len(ids))
			}
			f.Newest = true
			got := searched(t, a, f)
			if slices.Reverse(got); len(got) != len(ids) {
				t.Errorf("%s: from the end %d calls of %s, want %d", when, len(got), name, len(ids))
			}
		}
	}
	check("by the indexes")
	if told > 0 {
		t.Errorf("%d indexes could not be used", told)
	}
	x := filepath.Join(a.Root(), a.Files()[len(a.Files())-1].indexPath())
	if err := os.Truncate(x, 20); err != nil {
		t.Fatal(err)
	}
	check("with a damaged index")
	if told == 0 {
		t.Error("the damaged index is told nowhere")
	}
	a.Gather(Gathering{})
	check("without indexes")
}

// A timeline that is ended early reads no later day.
func TestATimelineThatEndsEarlyReadsTheFirstDaysOnly(t *testing.T) {
	a, _ := indexed(t, 2000)
	var asked []string
	s := callsNamed("GetObject", nil)
	rows := s.Rows
	var mu sync.Mutex
	s.Rows = func(x *Index) (found, near Rows, known bool, err error) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, filepath.Base(filepath.Dir(x.path)))
		return rows(x)
	}
	day := ""
	for e, err := range a.Timeline(t.Context(), Filter{Search: s}) {
		if err != nil {
			t.Fatal(err)
		}
		day = "day=" + e.Time.Format(time.DateOnly)
		break
	}
	days := a.Partitions()
	if last := slices.Max(asked); last != day || last == "day="+days[len(days)-1].Day {
		t.Errorf("the days up to %s were read for a record of %s", last, day)
	}
}

func TestRowsWithoutOthers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		some := func(label string) (rows Rows, is [64]bool) {
			for _, at := range rapid.SliceOf(rapid.IntRange(0, len(is)-1)).Draw(t, label) {
				rows, is[at] = append(rows, [2]int64{int64(at), int64(at) + 1}), true
			}
			return Join(rows), is
		}
		a, isA := some("rows")
		b, isB := some("others")
		var got [64]bool
		for row := range a.without(b).each() {
			if got[row] {
				t.Fatalf("row %d is there twice", row)
			}
			got[row] = true
		}
		for row := range got {
			if got[row] != (isA[row] && !isB[row]) {
				t.Fatalf("%v without %v: row %d is %v", a, b, row, got[row])
			}
		}
	})
}
