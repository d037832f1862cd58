// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"bytes"

	"github.com/cespare/xxhash/v2"

	"github.com/bucketlid/bucketlid/bucket"
	"github.com/bucketlid/bucketlid/trail"
)

// Scanners read the same settings of every bucket hour after hour. Of readings
// that say the same only the first and the last of each spanDays days are kept:
// a change in between shows by a reading that says something else.
const spanDays = 30

// observed keeps the readings of one setting that said the same.
type observed struct {
	first, last *bucket.Change
}

type observedKey struct {
	bucket, account string
	observation     bucket.Observation
	span            int64
}

func (l *Ledger) addObservation(c *bucket.Change) {
	key := observedKey{c.Bucket, c.Account, c.Observed[0], c.Event.Time.Unix() / (spanDays * 86400)}
	c.Event = &bucket.Event{ID: c.Event.ID, Time: c.Event.Time, Name: c.Event.Name, UserName: c.Event.UserName, SourceIPAddress: c.Event.SourceIPAddress}
	have, ok := l.observed[key]
	if !ok {
		l.observed[key] = &observed{c, c}
		return
	}
	if earlier(c, have.first) {
		have.first = c
	}
	if earlier(have.last, c) {
		have.last = c
	}
}

func earlier(a, b *bucket.Change) bool {
	if !a.Event.Time.Equal(b.Event.Time) {
		return a.Event.Time.Before(b.Event.Time)
	}
	return a.Event.ID < b.Event.ID
}

func (l *Ledger) mergeObserved(other *Ledger) {
	for _, o := range other.observed {
		l.addObservation(o.first)
		l.addObservation(o.last)
	}
}

// observations lists the kept readings as changes.
func (l *Ledger) observations() []*bucket.Change {
	var out []*bucket.Change
	for _, o := range l.observed {
		out = append(out, o.first)
		if o.last != o.first {
			out = append(out, o.last)
		}
	}
	return out
}

// readingCalls are the calls of which most only repeat a reading.
var readingCalls = map[string]bool{
	"GetBucketPublicAccessBlock": true, "GetAccountPublicAccessBlock": true, "GetBucketPolicyStatus": true,
	"GetBucketPolicy": true, "GetBucketOwnershipControls": true,
}

// repeats remembers, for readings by what tells them apart, between which times
// they were already seen.
type repeats map[uint64]*[2]int64

// Repeats reports whether a record only repeats a reading that lies between two
// others that said the same: decoding it would add nothing. Records that it
// does not know are noted, and must be added.
func (l *Ledger) Repeats(h *trail.Header, raw []byte) bool {
	if !readingCalls[string(h.Name)] {
		return false
	}
	seconds, _, dated := trail.ParseTime(h.Time)
	params := request(h, raw)
	name, sent := member(params, `"bucketName"`), number(raw, `"bytesTransferredOut":`)
	if name == nil {
		name = member(params, `"Host"`) // of an account's own settings
	}
	if !dated || name == nil {
		return false
	}
	d := xxhash.New()
	for _, part := range [][]byte{name, h.Name, h.Error, sent, h.RecipientAccountID} {
		_, _ = d.Write(part)
		_, _ = d.Write([]byte{0})
	}
	key := d.Sum64() + uint64(seconds/(spanDays*86400))
	seen, ok := l.repeats[key]
	if !ok {
		l.repeats[key] = &[2]int64{seconds, seconds}
		return false
	}
	if seen[0] < seconds && seconds < seen[1] {
		return true
	}
	seen[0], seen[1] = min(seen[0], seconds), max(seen[1], seconds)
	return false
}

// number is the text of a number after a member's name.
func number(raw []byte, name string) []byte {
	i := bytes.Index(raw, []byte(name))
	if i < 0 {
		return nil
	}
	rest := raw[i+len(name):]
	end := 0
	for end < len(rest) && (rest[end] >= '0' && rest[end] <= '9' || rest[end] == '.') {
		end++
	}
	return rest[:end]
}
