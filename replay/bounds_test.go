// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// A stranger may send another user agent with each upload: no more callers are
// kept than rewrites.
func TestCallersOfRewritesAreBounded(t *testing.T) {
	defer func(n int) { maxRewrites = n }(maxRewrites)
	maxRewrites = 8
	var raws [][]byte
	for i := range 200 {
		raws = append(raws, record("PutObject", fmt.Sprintf(`{"bucketName":"b","key":"k%d"}`, i), fmt.Sprintf(`"userAgent":"%d%s"`, i, strings.Repeat("x", 1000))))
	}
	l := ledger(t, raws...)
	if n := len(l.rewrites.by); n > 2*maxRewrites {
		t.Errorf("%d callers are kept", n)
	}
	for _, e := range l.rewrites.by {
		if len(e.UserAgent) > maxRewriteText+len(cutMark) {
			t.Errorf("an agent of %d bytes is kept", len(e.UserAgent))
		}
	}
}

// A stranger may come from another address with each request: above the bound
// their requests are counted together, the same ones whatever the order and
// split, and refused ones crowd out none that was served.
func TestUsesAreBounded(t *testing.T) {
	defer func(n int) { maxUses = n }(maxUses)
	maxUses = 8
	from := func(i int, more ...string) []byte {
		raw := record("GetObject", `{"bucketName":"b","key":"k"}`, append([]string{at("10:00:00"), `"userIdentity":{"type":"AWSAccount","accountId":"anonymous"}`, out("5")}, more...)...)
		return bytes.Replace(raw, []byte("203.0.113.7"), fmt.Appendf(nil, "2001:db8::%d", i), 1)
	}
	var raws [][]byte
	for i := range 100 {
		raws = append(raws, from(i, denied))
		if i < 6 {
			raws = append(raws, from(i))
		}
	}
	got := anyWay(t, raws, func(l *Ledger) string {
		var cells, requests [2]int64
		var text strings.Builder
		for _, u := range l.Uses() {
			side := 0
			if u.Denied {
				side = 1
			}
			cells[side]++
			requests[side] += u.Requests()
			fmt.Fprintf(&text, "\n%s %v %d %d %v", u.Address, u.Denied, u.Requests(), u.Bytes(), u.Exact())
		}
		return fmt.Sprint(cells[0], requests[0], cells[1] <= int64(maxUses)+1, requests[1]) + text.String()
	})
	if !strings.HasPrefix(got, "6 6 true 100\n") || !strings.Contains(got, "other addresses true ") {
		t.Error(got)
	}
}
