// SPDX-License-Identifier: Apache-2.0

package account

import (
	"fmt"
	"testing"
	"time"
)

// BenchmarkScan reads 500 buckets from a server that takes 20 ms for each call.
// Twenty times its time is that of 10,000 buckets.
func BenchmarkScan(b *testing.B) {
	var names []string
	for i := range 500 {
		names = append(names, fmt.Sprintf("bucket-%03d", i))
	}
	f := newFake(names...)
	f.latency = 20 * time.Millisecond
	a := f.open(b)
	for b.Loop() {
		found := 0
		s := Scanner{Now: time.Now, Found: func(Settings) { found++ }}
		if err := s.Scan(b.Context(), a); err != nil || found != len(names) {
			b.Fatal(found, err)
		}
	}
}
