// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"cmp"
	"slices"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/bucketlid/bucketlid/trail"
)

// loggedKey is a bucket in one kind of log.
type loggedKey struct {
	bucket string
	source Sources
}

// stretch is from the first to the last entry, in Unix seconds.
type stretch struct{ first, last int64 }

// maxLogged bounds the buckets whose logging is known. Names of buckets in
// refused requests are a stranger's to choose. Only tests change it.
var maxLogged = 1 << 16

// noteDataEvent notes that data events of a bucket are logged, whoever made the
// request: so that silence can be told from blindness.
func (l *Ledger) noteDataEvent(h *trail.Header) {
	if string(h.Source) != "s3.amazonaws.com" || string(h.Error) == "NoSuchBucket" || !isDataEvent(h.Name) {
		return
	}
	seconds, _, dated := trail.ParseTime(h.Time)
	name := member(h.Request, `"bucketName"`)
	if !dated || len(name) == 0 || len(name) > maxText {
		return
	}
	if have, ok := l.logged[loggedKey{string(name), FromTrail}]; ok {
		have.first, have.last = min(have.first, seconds), max(have.last, seconds)
		return
	}
	l.note(loggedKey{string(name), FromTrail}, stretch{seconds, seconds})
}

func isDataEvent(name []byte) bool {
	_, use := useClasses[string(name)]
	return use && string(name) != "GetBucketAcl" && string(name) != "PutBucketAcl"
}

// NoteAccessLog notes that an access log has a line about a bucket.
func (l *Ledger) NoteAccessLog(bucket []byte, at time.Time) {
	seconds := at.Unix()
	if have, ok := l.logged[loggedKey{string(bucket), FromAccessLog}]; ok {
		have.first, have.last = min(have.first, seconds), max(have.last, seconds)
		return
	}
	l.note(loggedKey{clip(string(bucket)), FromAccessLog}, stretch{seconds, seconds})
}

func (l *Ledger) note(key loggedKey, s stretch) {
	have, ok := l.logged[key]
	if !ok {
		l.logged[key] = &s
		if len(l.logged) > 2*maxLogged {
			l.crowdLogged()
		}
		return
	}
	have.first, have.last = min(have.first, s.first), max(have.last, s.last)
}

// crowdLogged keeps the buckets of smallest hash: a choice that depends on the
// set alone.
func (l *Ledger) crowdLogged() {
	keys := make([]loggedKey, 0, len(l.logged))
	for key := range l.logged {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b loggedKey) int {
		return cmp.Or(cmp.Compare(xxhash.Sum64String(a.bucket), xxhash.Sum64String(b.bucket)), cmp.Compare(a.bucket, b.bucket), cmp.Compare(a.source, b.source))
	})
	for _, key := range keys[min(maxLogged, len(keys)):] {
		delete(l.logged, key)
	}
}

func (l *Ledger) mergeLogged(other *Ledger) {
	for key, s := range other.logged {
		l.note(key, *s)
	}
}

// Logged tells from when to when a log of one kind has entries about a bucket;
// ok is false where it has none, or where there are too many buckets to know.
func (l *Ledger) Logged(bucket string, source Sources) (first, last time.Time, ok bool) {
	if len(l.logged) > maxLogged {
		l.crowdLogged()
	}
	s, ok := l.logged[loggedKey{bucket, source}]
	if !ok {
		return first, last, false
	}
	return time.Unix(s.first, 0).UTC(), time.Unix(s.last, 0).UTC(), true
}
