// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"maps"
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
	object  uint64 // hash of bucket and key, by which the kept ones are chosen
	key     uint64 // a second hash of both, under a secret: see secretHash
	seconds int64  // Unix time
	version uint64 // hash of the version made or deleted; 0 where the bucket is not versioned
	id      uuid   // of the event, so that repeats are known
	removed bool
	unsaid  bool          // the record names no version at all
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
	by    map[[2]uint64]*bucket.Event
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
	told, asked := member(response(h, raw), `"x-amz-version-id"`), member(params, `"versionId"`)
	version := versionID(string(told))
	if removed && version != "" && string(asked) != version {
		return // a delete marker: the former version stays readable by its id
	}
	object := objectHash(string(name), string(key))
	if l.rewrites.limit != 0 && object >= l.rewrites.limit {
		return
	}
	l.rewrites.add(rewrite{
		object: object, key: secretHash(string(name), string(key)), seconds: seconds, version: versionHash(version),
		id: parseUUID(h.EventID), removed: removed, unsaid: len(told) == 0 && len(asked) == 0, by: l.rewrites.caller(h),
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

// jsonBlanks may stand between the parts of JSON (RFC 8259, section 2).
const jsonBlanks = " \t\r\n"

// member is the text of the first member of a name, given in quotes, that is a
// string. A quote inside a JSON string is escaped, so a name in quotes with a
// colon behind is a member's.
func member(raw []byte, quoted string) []byte {
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
		value, ok := bytes.CutPrefix(bytes.TrimLeft(raw, jsonBlanks), []byte(":"))
		if value = bytes.TrimLeft(value, jsonBlanks+"["); !ok || len(value) == 0 || value[0] != '"' {
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

// secretHash tells apart objects whose names were made to have one objectHash. It
// differs from run to run, so that nobody can make names for it, and is compared
// only: nothing is chosen or put in order by it.
func secretHash(name, key string) uint64 {
	var h maphash.Hash
	h.SetSeed(secret)
	_, _ = h.WriteString(name)
	_ = h.WriteByte('/')
	_, _ = h.WriteString(key)
	return h.Sum64()
}

var secret = maphash.MakeSeed()

func versionHash(id string) uint64 {
	if id == "" {
		return 0
	}
	return max(xxhash.Sum64String(id), 1)
}

// maxRewriteText bounds the texts of the caller of a rewrite, in bytes: a
// stranger chooses his user agent, and there may be one for each rewrite.
const maxRewriteText = 256

// caller shares one event among all rewrites of the same caller.
func (s *rewriteSet) caller(h *trail.Header) *bucket.Event {
	var scratch [512]byte
	flat := scratch[:0]
	for _, f := range [...][]byte{h.ARN, h.Address, h.Agent, h.Name, h.Type, h.AccountID, h.Region, h.PrincipalID, h.InvokedBy, h.UserName} {
		flat = append(append(flat, f...), 0)
	}
	key := [2]uint64{xxhash.Sum64(flat), maphash.Bytes(secret, flat)}
	if e, ok := s.by[key]; ok {
		return e
	}
	if s.by == nil {
		s.by = map[[2]uint64]*bucket.Event{}
	}
	text := func(b []byte) string { return clipTo(string(b), maxRewriteText) }
	e := &bucket.Event{
		Name: string(h.Name), Region: text(h.Region), ARN: text(h.ARN), Type: text(h.Type),
		PrincipalID: text(h.PrincipalID), AccountID: text(h.AccountID), InvokedBy: text(h.InvokedBy),
		SourceIPAddress: text(h.Address), UserAgent: text(h.Agent),
		UserName: cmp.Or(text(h.UserName), text([]byte(tail(string(h.ARN), "/"))), text(h.InvokedBy)),
	}
	s.by[key] = e
	return e
}

func (s *rewriteSet) add(r rewrite) {
	if s.limit != 0 && r.object >= s.limit {
		return
	}
	s.list = append(s.list, r)
	if len(s.list) >= 2*maxRewrites {
		s.shrink()
		s.forgetCallers()
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
		return cmp.Or(cmp.Compare(a.object, b.object), cmp.Compare(a.seconds, b.seconds), bytes.Compare(a.id[:], b.id[:]), cmp.Compare(a.key, b.key))
	})
	s.list = slices.CompactFunc(s.list, func(a, b rewrite) bool {
		return a.object == b.object && a.seconds == b.seconds && a.id == b.id && a.key == b.key
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

// forgetCallers leaves the callers of what is kept only.
func (s *rewriteSet) forgetCallers() {
	kept := map[*bucket.Event]bool{}
	for i := range s.list {
		kept[s.list[i].by] = true
	}
	maps.DeleteFunc(s.by, func(_ [2]uint64, e *bucket.Event) bool { return !kept[e] })
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
		keeps := versioningOf(changes)
		for key, account := range accounts {
			p.buckets[name] = append(p.buckets[name], l.rewrites.of(object{name, key, account}, versions, keeps)...)
		}
	}
}

// object is an object of a bucket, and the bucket's owner.
type object struct{ bucket, key, account string }

// of lists the rewrites of one object as changes. versions are those that other
// changes name, keeps whether the bucket kept versions.
func (s *rewriteSet) of(o object, versions map[uint64]string, keeps versioning) []*bucket.Change {
	hash, key := objectHash(o.bucket, o.key), secretHash(o.bucket, o.key)
	i, _ := slices.BinarySearchFunc(s.list, hash, func(r rewrite, h uint64) int { return cmp.Compare(r.object, h) })
	var out []*bucket.Change
	for ; i < len(s.list) && s.list[i].object == hash; i++ {
		r := s.list[i]
		if r.key != key {
			continue
		}
		version, named := versions[r.version]
		adds := r.unsaid && keeps.at(r.seconds)
		if adds || r.version != 0 && !named {
			if r.removed {
				continue // of a version that nobody opened, or a delete marker
			}
			version = bucket.SomeVersion
		}
		event := *r.by
		event.ID, event.Time = r.id.String(), time.Unix(r.seconds, 0).UTC()
		c := &bucket.Change{Event: &event, Slot: bucket.SlotObject, Account: o.account, Bucket: o.bucket, Key: o.key, Version: version, Removed: r.removed}
		if !r.removed {
			c.ACL = bucket.Canned("private")
		}
		out = append(out, c)
	}
	return out
}
