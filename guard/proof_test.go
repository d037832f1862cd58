// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"fmt"
	"slices"
	"testing"

	"github.com/bucketlid/bucketlid/remedy"
)

// What is known to be used stands first, and what no log tells of is one line,
// however many buckets there are.
func TestConfirmIsShort(t *testing.T) {
	var p Proof
	for i := range 7 {
		p.Buckets = append(p.Buckets, Effect{Bucket: fmt.Sprintf("b%d", i), Closes: []remedy.Opening{{}}})
	}
	got := confirm(p, map[string]remedy.Readers{"b6": {Looked: true, Requests: 3}})
	if want := []string{"b6: strangers use it: 3 requests seen in the logs",
		"b0, b1, b2, b3, b4 and 1 more: whether strangers use them is not known: no log of requests was given"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
