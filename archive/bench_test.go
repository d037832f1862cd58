// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/bucketlid/bucketlid/internal/gentrail"
)

// BenchmarkLoad loads the trail in the folder that BUCKETLID_TRAIL names, or a
// small one of its own.
func BenchmarkLoad(b *testing.B) {
	var files []string
	if dir := os.Getenv("BUCKETLID_TRAIL"); dir != "" {
		files = filesBelow(b, dir)
	} else {
		files = makeTrail(b, gentrail.Config{Records: 50_000, Files: 500})
	}
	var loaded Loaded
	for b.Loop() {
		loaded = loadFiles(b, filepath.Join(b.TempDir(), "archive"), LoadOptions{}, files)
	}
	b.ReportMetric(float64(loaded.Records)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric(float64(loaded.Bytes)/float64(loaded.Added), "bytes/record")
}

// BenchmarkEvent looks one record up by its eventID, in the archive that
// BUCKETLID_BENCH_ARCHIVE names, or in a small one of its own.
func BenchmarkEvent(b *testing.B) {
	root := os.Getenv("BUCKETLID_BENCH_ARCHIVE")
	if root == "" {
		root = filepath.Join(b.TempDir(), "archive")
		loadFiles(b, root, LoadOptions{}, makeTrail(b, gentrail.Config{Records: 50_000, Files: 500}))
	}
	a, err := Open(root)
	if err != nil {
		b.Fatal(err)
	}
	defer a.Close()
	id, files := "", a.Files()
	if err := readRows(a.Path(files[len(files)/2]), func(r *Row) { id = string(r.EventID) }); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		found := 0
		for _, err := range a.Timeline(b.Context(), Filter{EventID: id}) {
			if err != nil {
				b.Fatal(err)
			}
			found++
		}
		if found == 0 {
			b.Fatalf("%s is not found", id)
		}
	}
}
