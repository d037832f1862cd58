// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"slices"
	"testing"
	"time"

	"github.com/bucketlid/bucketlid/trail"
)

// FuzzRecord takes any JSON record all the way to timelines: it never panics,
// and a repeated record adds nothing.
func FuzzRecord(f *testing.F) {
	for _, c := range slices.Concat(aclCases, settingCases, otherCases) {
		f.Add(record(c.name, c.params, c.more...))
	}
	f.Add([]byte(`{"eventName":"CreateBucket","eventSource":"s3.amazonaws.com","eventTime":"2023-04-10T00:00:00Z","requestParameters":{"bucketName":[],"x-amz-acl":{}}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := trail.Decode(raw, nil)
		if err != nil {
			return
		}
		l, b := NewLedger(), NewBaseline()
		h := trail.Header{Time: []byte(r.EventTimeText), Name: []byte(r.EventName), Source: []byte(r.EventSource), EventID: []byte(r.EventID), ARN: []byte(r.UserIdentity.ARN)}
		b.Observe(&h)
		_ = Wants(&h, raw)
		l.AddHeader(&h, raw)
		l.Add(r)
		once := len(l.Changes())
		l.Add(r)
		if n := len(l.Changes()); n != once {
			t.Errorf("a repeated record makes %d changes of %d", n, once)
		}
		b.Settle()
		for tl := range l.Timelines(time.Time{}, l.Gaps(b)) {
			for i := -1; i < len(tl.Steps); i++ {
				_ = tl.State(i)
			}
		}
		_ = l.Uses()
	})
}
