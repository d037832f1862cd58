// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"fmt"
	"testing"

	"github.com/bucketlid/bucketlid/remedy"
)

// BenchmarkMake plans for an account with 10,000 buckets, one in ten public.
func BenchmarkMake(b *testing.B) {
	var list []remedy.State
	for i := range 10_000 {
		name := fmt.Sprintf("bucket-%05d", i)
		if i%10 == 0 {
			list = append(list, public(name, partner))
		} else {
			list = append(list, private(name))
		}
	}
	s := state(list...)
	for b.Loop() {
		if p := plan(s); len(p.Proof.Buckets) != 1000 {
			b.Fatal(len(p.Proof.Buckets))
		}
	}
}
