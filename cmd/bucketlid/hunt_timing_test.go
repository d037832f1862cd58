// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"

	"github.com/bucketlid/bucketlid/ingest"
	"github.com/bucketlid/bucketlid/internal/gentrail"
	"github.com/bucketlid/bucketlid/triage"
)

// BenchmarkHunt is the whole way from packed files to alerts, on one worker.
// Bytes are unpacked bytes.
func BenchmarkHunt(b *testing.B) {
	dir := b.TempDir()
	truth, err := gentrail.Write(dir, gentrail.Config{Seed: 7, Records: 50_000, Files: 1_000, Gzip: true})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		h := &hunt{workers: 1, filter: ingest.Filter{}}
		if err := h.read(b.Context(), []string{dir}); err != nil {
			b.Fatal(err)
		}
		triage.Rank(h.ledger, h.baseline, triage.Known{})
		b.SetBytes(h.counts.unpacked)
	}
	b.ReportMetric(float64(b.N*truth.Records)/b.Elapsed().Seconds(), "records/s")
}
