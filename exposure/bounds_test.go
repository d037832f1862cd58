// SPDX-License-Identifier: Apache-2.0

package exposure

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bucketlid/bucketlid/bucket"
)

// A loop that opens and closes a bucket is told as a bounded number of windows,
// and says so.
func TestFlappingIsBounded(t *testing.T) {
	at := time.Date(2019, 6, 1, 0, 0, 0, 0, time.UTC)
	var changes []*bucket.Change
	for i := range 500 {
		name := "public-read"
		if i%2 == 1 {
			name = "private"
		}
		changes = append(changes, &bucket.Change{
			Event: &bucket.Event{ID: fmt.Sprintf("e-%04d", i), Time: at.Add(time.Duration(i) * time.Minute), Name: "PutBucketAcl"},
			Slot:  bucket.SlotACL, Bucket: "b", Account: "111122223333", ACL: bucket.Canned(name),
		})
	}
	found := find(changes)
	if len(found) != maxWindows {
		t.Fatalf("%d windows, want %d", len(found), maxWindows)
	}
	last := found[len(found)-1]
	if last.State != Closed || !last.ClosedAt.Equal(changes[499].Event.Time) {
		t.Errorf("the last window ends at %v in state %s", last.ClosedAt, last.State)
	}
	if !strings.Contains(strings.Join(last.Unknowns, "\n"), "closed and opened again") {
		t.Errorf("the last window does not say that it is many: %q", last.Unknowns)
	}
}
