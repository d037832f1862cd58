// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/bucketlid/bucketlid/bucket"
	"github.com/bucketlid/bucketlid/trail"
)

// Uploads without an ACL and deletions end the public ACL of the object that
// they replace. They are as many as the objects of the account, and which of
// them matter is known only at the end: an object's public ACL may stand in a
// file that is read later. So each is kept in a few bytes, and no more than
// maxRewrites of them: above that only those are kept whose hash is below a
// limit. The limit depends on the set alone, not on its order, so that every
// split of the input keeps the same ones; objects above it are reported as
// "may have been replaced unseen".
// Only tests change it.
var maxRewrites = 1 << 17

// rewrite is an upload or deletion of one object version, in brief.
type rewrite struct {
	object  uint64 // hash of bucket and key
	seconds int64  // Unix time
	version uint64 // hash of the version made or deleted; 0 where the bucket is not versioned
	id      uuid   // of the event, so that repeats are known
	removed bool
	by      *bucket.Event // shared among the rewrites of one caller; ID and Time are of the first
}

// uuid is an event id in 16 bytes; ids of other forms are kept as a hash.
type uuid [16]byte

func parseUUID(text []byte) uuid {
	var id uuid
	if len(text) == 36 {
		flat := make([]byte, 0, 32)
		for _, part := range [...][2]int{{0, 8}, {9, 13}, {14, 18}, {19, 23}, {24, 36}} {
			flat = append(flat, text[part[0]:part[1]]...)
		}
		if _, err := hex.Decode(id[:], flat); err == nil {
			return id
		}
	}
	id = uuid{}
	binary.BigEndian.PutUint64(id[8:], xxhash.Sum64(text))
	return id
}

// String is the id as written; "" where only a hash is known.
func (id uuid) String() string {
	if id[6]&0xf0 == 0 {
		return ""
	}
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}

type rewriteSet struct {
	list  []rewrite
	limit uint64 // keeps object < limit; 0 means no limit
	by    map[string]*bucket.Event
}

// rewriteCalls are the calls that replace or remove an object.
var rewriteCalls = map[string]bool{
	"PutObject": false, "PostObject": false, "POST Object": false, "CopyObject": false, "DeleteObject": true,
}

// AddHeader takes in what matters of a record that is not decoded whole.
func (l *Ledger) AddHeader(h *trail.Header, raw []byte) {
	if string(h.Source) != "s3.amazonaws.com" || len(h.Error) > 0 {
		return
	}
	removed, ok := rewriteCalls[string(h.Name)]
	if !ok {
		return
	}
	params := request(h, raw)
	name, key := member(params, `"bucketName"`), member(params, `"key"`)
	seconds, _, dated := trail.ParseTime(h.Time)
	if name == nil || key == nil || !dated {
		return
	}
	version := versionID(string(member(response(h, raw), `"x-amz-version-id"`)))
	if removed && version != "" && string(member(params, `"versionId"`)) != version {
		return // a delete marker: the former version stays readable by its id
	}
	l.rewrites.add(rewrite{
		object: objectHash(string(name), string(key)), seconds: seconds,
		version: versionHash(version), id: parseUUID(h.EventID), removed: removed, by: l.rewrites.caller(h),
	})
}

// request is where a record's request parameters stand: in all of it, when the
// sieve did not say.
func request(h *trail.Header, raw []byte) []byte {
	if h.Request != nil {
		return h.Request
	}
	return raw
}

// response is the same for the response elements.
func response(h *trail.Header, raw []byte) []byte {
	if h.Response != nil {
		return h.Response
	}
	return raw
}

// member is the text of the first member of a name, given in quotes, that is a
// string. A quote inside a JSON string is escaped, so a name in quotes with a
// colon behind is a member's.
func member(raw []byte, quoted string) []byte {
	const blanks = " \t\r\n"
	for {
		i := bytes.Index(raw, []byte(quoted))
		if i < 0 {
			return nil
		}
		raw = raw[i+len(quoted):]
		if len(raw) > 1 && raw[0] == ':' && raw[1] == '"' { // as AWS writes it
			if end := bytes.IndexByte(raw[2:], '"'); end >= 0 && bytes.IndexByte(raw[2:2+end], '\\') < 0 {
				return raw[2 : 2+end : 2+end]
			}
		}
		value, ok := bytes.CutPrefix(bytes.TrimLeft(raw, blanks), []byte(":"))
		if value = bytes.TrimLeft(value, blanks+"["); !ok || len(value) == 0 || value[0] != '"' {
			continue
		}
		end := 1
		for end < len(value) && value[end] != '"' {
			if value[end] == '\\' {
				end++
			}
			end++
		}
		if end >= len(value) {
			return nil
		}
		return unescaped(value[:end+1])
	}
}

// unescaped is the text of a JSON string in quotes.
func unescaped(quoted []byte) []byte {
	var text string
	if bytes.IndexByte(quoted, '\\') < 0 || json.Unmarshal(quoted, &text) != nil {
		return quoted[1 : len(quoted)-1]
	}
	return []byte(text)
}

// addStrangersRewrite keeps a rewrite out of a record that was decoded because a
// stranger made the call.
func (l *Ledger) addStrangersRewrite(r *trail.Record) {
	if _, ok := rewriteCalls[r.EventName]; !ok {
		return
	}
	u := r.UserIdentity
	l.AddHeader(&trail.Header{
		Time: []byte(r.EventTimeText), Name: []byte(r.EventName), Source: []byte(r.EventSource), Region: []byte(r.AWSRegion),
		Address: []byte(r.SourceIPAddress), Agent: []byte(r.UserAgent), Error: []byte(r.ErrorCode), EventID: []byte(r.EventID),
		Type: []byte(u.Type), PrincipalID: []byte(u.PrincipalID), ARN: []byte(u.ARN), AccountID: []byte(u.AccountID),
		UserName: []byte(Shown(r)), InvokedBy: []byte(u.InvokedBy),
	}, r.Raw)
}

func objectHash(name, key string) uint64 {
	d := xxhash.New()
	_, _ = d.WriteString(name)
	_, _ = d.WriteString("/")
	_, _ = d.WriteString(key)
	return d.Sum64()
}

func versionHash(id string) uint64 {
	if id == "" {
		return 0
	}
	return max(xxhash.Sum64String(id), 1)
}

// caller shares one event among all rewrites of the same caller.
func (s *rewriteSet) caller(h *trail.Header) *bucket.Event {
	var scratch [512]byte
	key := scratch[:0]
	for _, f := range [][]byte{h.ARN, h.Address, h.Agent, h.Name, h.Type, h.AccountID} {
		key = append(append(key, f...), 0)
	}
	if e, ok := s.by[string(key)]; ok {
		return e
	}
	if s.by == nil {
		s.by = map[string]*bucket.Event{}
	}
	e := &bucket.Event{
		Name: string(h.Name), Region: string(h.Region), ARN: string(h.ARN), Type: string(h.Type),
		PrincipalID: string(h.PrincipalID), AccountID: string(h.AccountID), InvokedBy: string(h.InvokedBy),
		SourceIPAddress: string(h.Address), UserAgent: string(h.Agent),
		UserName: cmp.Or(string(h.UserName), tail(string(h.ARN), "/"), string(h.InvokedBy)),
	}
	s.by[string(key)] = e
	return e
}

func (s *rewriteSet) add(r rewrite) {
	if s.limit != 0 && r.object >= s.limit {
		return
	}
	s.list = append(s.list, r)
	if len(s.list) >= 2*maxRewrites {
		s.shrink()
	}
}

func (s *rewriteSet) merge(other *rewriteSet) {
	if other.limit != 0 && (s.limit == 0 || other.limit < s.limit) {
		s.limit = other.limit
	}
	s.list = append(s.list, other.list...)
	s.shrink()
}

// shrink sorts, drops repeats, and halves the limit until few enough are left.
func (s *rewriteSet) shrink() {
	slices.SortFunc(s.list, func(a, b rewrite) int {
		return cmp.Or(cmp.Compare(a.object, b.object), cmp.Compare(a.seconds, b.seconds), bytes.Compare(a.id[:], b.id[:]))
	})
	s.list = slices.CompactFunc(s.list, func(a, b rewrite) bool {
		return a.object == b.object && a.seconds == b.seconds && a.id == b.id
	})
	if s.limit != 0 {
		s.cut()
	}
	for len(s.list) > maxRewrites {
		if s.limit == 0 {
			s.limit = 1 << 63
		} else {
			s.limit /= 2
		}
		s.cut()
	}
}

func (s *rewriteSet) cut() {
	at, _ := slices.BinarySearchFunc(s.list, s.limit, func(r rewrite, limit uint64) int {
		return cmp.Compare(r.object, limit)
	})
	s.list = s.list[:at]
}

// addRewrites gives the timelines the rewrites of objects that have an ACL of
// note.
func (l *Ledger) addRewrites(p *partition) {
	l.rewrites.shrink()
	for name, changes := range p.buckets {
		accounts := map[string]string{} // by key: the greatest, so that order does not matter
		versions := map[uint64]string{}
		for _, c := range changes {
			if c.Slot != bucket.SlotObjectACL && c.Slot != bucket.SlotObject {
				continue
			}
			accounts[c.Key] = max(accounts[c.Key], c.Account)
			versions[versionHash(c.Version)] = c.Version
			if l.rewrites.limit != 0 && objectHash(name, c.Key) >= l.rewrites.limit {
				c.Details = append(c.Details, "uploads are too many to keep: the object may have been replaced unseen")
			}
		}
		for key, account := range accounts {
			p.buckets[name] = append(p.buckets[name], l.rewrites.of(name, key, account, versions)...)
		}
	}
}

// of lists the rewrites of one object as changes. versions are those that other
// changes name.
func (s *rewriteSet) of(name, key, account string, versions map[uint64]string) []*bucket.Change {
	hash := objectHash(name, key)
	i, _ := slices.BinarySearchFunc(s.list, hash, func(r rewrite, h uint64) int { return cmp.Compare(r.object, h) })
	var out []*bucket.Change
	for ; i < len(s.list) && s.list[i].object == hash; i++ {
		r := s.list[i]
		version, named := versions[r.version]
		if r.version != 0 && !named {
			if r.removed {
				continue // of a version that nobody opened
			}
			version = bucket.SomeVersion
		}
		event := *r.by
		event.ID, event.Time = r.id.String(), time.Unix(r.seconds, 0).UTC()
		c := &bucket.Change{Event: &event, Slot: bucket.SlotObject, Account: account, Bucket: name, Key: key, Version: version, Removed: r.removed}
		if !r.removed {
			c.ACL = bucket.Canned("private")
		}
		out = append(out, c)
	}
	return out
}
