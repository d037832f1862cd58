// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"os"
	"slices"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"github.com/bucketlid/bucketlid/internal/gentrail"
)

// Other engines find a column by the path that its chunk names, and trust the
// order that a row group tells: every file has both, not only the first.
func TestEveryFileNamesItsColumnsAndItsOrder(t *testing.T) {
	root := t.TempDir()
	loadFiles(t, root, small, makeTrail(t, gentrail.Config{Seed: 11, Records: 3_000}))
	a := open(t, root)
	if n := len(a.Files()); n < 8 {
		t.Fatalf("%d files are too few to tell", n)
	}
	for _, f := range a.Files() {
		for _, group := range metadata(t, a.Path(f)) {
			for i, c := range group.Columns {
				if want := Columns()[i].Name; !slices.Equal(c.MetaData.PathInSchema, []string{want}) {
					t.Fatalf("%s: column %d is named %q, not %s", f.Path, i, c.MetaData.PathInSchema, want)
				}
			}
			var order []string
			for _, s := range group.SortingColumns {
				order = append(order, Columns()[s.ColumnIdx].Name)
			}
			if !slices.Equal(order, sortedBy) {
				t.Fatalf("%s says it is sorted by %v", f.Path, order)
			}
		}
	}
}

func metadata(t *testing.T, path string) []format.RowGroup {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	opened, err := parquet.OpenFile(file, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	return opened.Metadata().RowGroups
}
