// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
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

// BenchmarkTimeline asks the archive that BUCKETLID_BENCH_ARCHIVE names, or a
// small one of its own, for one user, address, bucket and event each, chosen
// from the middle by how often they come.
func BenchmarkTimeline(b *testing.B) {
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
	for name, f := range middling(b, a) {
		b.Run(name, func(b *testing.B) {
			events := 0
			for b.Loop() {
				events = 0
				for _, err := range a.Timeline(b.Context(), f) {
					if err != nil {
						b.Fatal(err)
					}
					events++
				}
			}
			b.ReportMetric(float64(events), "events")
		})
	}
}

// middling is a filter for each kind of question, from the values of one file.
func middling(b *testing.B, a *Archive) map[string]Filter {
	files := a.Files()
	counts := [4]map[string]int{{}, {}, {}, {}}
	err := readRows(a.Path(files[len(files)/2]), func(r *Row) {
		for i, v := range []string{r.Principal, r.SourceIP, r.Bucket, string(r.EventID)} {
			counts[i][v]++
		}
	})
	if err != nil {
		b.Fatal(err)
	}
	var middle [4]string
	for i, count := range counts {
		delete(count, "")
		values := slices.Sorted(maps.Keys(count))
		slices.SortStableFunc(values, func(a, b string) int { return count[a] - count[b] })
		middle[i] = values[len(values)/2]
	}
	return map[string]Filter{"user": {User: middle[0]}, "address": {Address: middle[1]}, "bucket": {Bucket: middle[2]}, "event": {EventID: middle[3]}}
}
