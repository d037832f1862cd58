// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

func TestHours(t *testing.T) {
	at := func(text string) int64 {
		when, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return when.Unix()
	}
	b := NewBaseline()
	for i, text := range []string{"2025-06-03T10:59:59Z", "2025-06-01T10:00:00Z", "2025-06-02T17:30:00Z", "2025-06-04T03:00:00Z", "2025-06-04T03:00:00Z"} {
		b.Observe(head(fmt.Sprintf("event-id-%08d", i), at(text), "ListBuckets", "arn:aws:iam::1:user/ann", "192.0.2.1", "cli/1"))
	}
	b.Settle()
	for text, want := range map[string][]int{
		"2025-06-04T03:00:00Z": {10, 17}, // the night's own call tells nothing of it
		"2025-06-05T00:00:00Z": {3, 10, 17},
		"2025-06-02T00:00:00Z": {10},
		"2025-06-01T23:59:59Z": nil,
	} {
		if got := b.Hours["arn:aws:iam::1:user/ann"].Before(time.Unix(at(text), 0)); !slices.Equal(got, want) {
			t.Errorf("before %s: %v, want %v", text, got, want)
		}
	}
}

// Times that no log of AWS can have are no hours: an eventTime is what a file
// says.
func TestOddHours(t *testing.T) {
	var h Hours
	for _, seconds := range []int64{-1, -1 << 62, 0, 86399, 1 << 62, 86400 * 65536} {
		h.add(seconds)
	}
	if h != (Hours{}) {
		t.Error(h)
	}
	h.add(86400*65535 + 3600)
	if h[1] != 65535 {
		t.Error(h)
	}
}
