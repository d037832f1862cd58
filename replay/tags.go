// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"bytes"
	"cmp"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/bucketlid/bucketlid/bucket"
	"github.com/bucketlid/bucketlid/trail"
)

// Tag is one tag of a bucket or of an object.
type Tag struct{ Key, Value string }

// Tagging is what one successful call did to the tags of a bucket, or of the
// object that it made.
type Tagging struct {
	Time     time.Time
	Name     string // the call
	EventID  string
	UserName string // as it is shown
	Caller   string // the baseline's key of who called; "" for a reading of the account
	Whole    bool   // Set is all there is from then on; else Set is added, and Removed goes
	Set      []Tag
	Removed  []string // keys
	Lost     string   // why it is not known what the call did; "" when it is
}

// tagCalls read what a call did to tags. TagResource and UntagResource are of
// S3 Control (AWS page "Using tags with S3 general purpose buckets"); how
// CloudTrail writes their parameters was seen in no log, so they are looked for
// by name at any depth.
var tagCalls = map[string]func(r *trail.Record, t *Tagging){
	"CreateBucket":        readCreationTags, // kept only where it sets some: buckets made for a test are many
	"PutBucketTagging":    func(r *trail.Record, t *Tagging) { t.Whole = true; t.set(r, "TagSet") },
	"DeleteBucketTagging": func(_ *trail.Record, t *Tagging) { t.Whole = true },
	"TagResource":         func(r *trail.Record, t *Tagging) { t.set(r, "Tags") },
	"UntagResource":       readUntag,

	"PutObject": readUploadTags, "PostObject": readUploadTags, "POST Object": readUploadTags, "CopyObject": readUploadTags,
	"CreateMultipartUpload": readUploadTags, "InitiateMultipartUpload": readUploadTags,

	// Tags of a version leave those of the others as they are.
	"PutObjectTagging":    func(r *trail.Record, t *Tagging) { t.Whole = first(r.Param("versionId")) == ""; t.set(r, "TagSet") },
	"DeleteObjectTagging": func(r *trail.Record, t *Tagging) { t.Whole = first(r.Param("versionId")) == "" },
}

// noChange reads calls that are kept beside the ledger of changes.
func noChange(*trail.Record) []*bucket.Change { return nil }

// namesBucketARN tells tags of a bucket from those of everything else that
// services of AWS call by the same name.
func namesBucketARN(_ *trail.Header, raw []byte) bool {
	return bytes.Contains(raw, []byte(":s3:::")) || bytes.Contains(raw, []byte("%3As3%3A%3A%3A"))
}

// Bounds of what is kept of tags. AWS permits 50 tags of 128 and 256 characters.
const (
	maxTaggings = 16   // of one bucket; the latest are kept
	maxOfObject = 4    // the same of one object
	maxTags     = 64   // of one call
	maxTagBytes = 4096 // of one call
)

// maxTagged bounds the buckets, and the objects, whose tags are kept. Only tests
// change it.
var maxTagged = 1 << 14

// tagStore keeps the taggings of buckets, or of objects, by name. Above
// maxTagged names those are kept whose hash is below a limit, which depends on
// the set of names alone.
type tagStore struct {
	of       map[string]*tagged
	objects  bool // and not buckets
	halvings uint8
}

// tagged are the latest taggings of one bucket or object, in order.
type tagged struct {
	list []Tagging
	cut  bool // there were more, earlier
}

// addTags keeps what a record tells of tags.
func (l *Ledger) addTags(r *trail.Record) {
	read := tagCalls[r.EventName]
	if read == nil || r.EventTime.IsZero() || outcome(r.ErrorCode) != bucket.Done {
		return
	}
	u := r.UserIdentity
	t := Tagging{Time: r.EventTime.UTC().Truncate(time.Second), Name: r.EventName, EventID: r.EventID, UserName: Shown(r),
		Caller: PrincipalKey(u.ARN, u.InvokedBy, u.AccountID, "")}
	read(r, &t)
	key, upload := objectKey(r), isUpload(r.EventName)
	switch name := bucketName(r); {
	case (upload || r.EventName == "CreateBucket") && len(t.Set) == 0 && t.Lost == "":
	case upload:
		l.objectTags.add(objectTagKey(name, key), t)
	case strings.HasSuffix(r.EventName, "ObjectTagging"):
		if key != "" {
			l.objectTags.add(objectTagKey(name, key), t)
		}
	case strings.HasSuffix(r.EventName, "Resource"):
		if name = taggedBucket(r); name != "" {
			l.tags.add(name, t)
		}
	case name != "":
		l.tags.add(name, t)
	}
}

func isUpload(call string) bool {
	_, rewrites := rewriteCalls[call]
	return rewrites || strings.HasSuffix(call, "MultipartUpload")
}

// readUploadTags reads the tags that an upload gave its object in its header.
func readUploadTags(r *trail.Record, t *Tagging) {
	t.Whole = true
	values, err := url.ParseQuery(clip(first(r.Param("x-amz-tagging"))))
	if err != nil {
		t.Lost = "the tags of x-amz-tagging are not readable"
	}
	for key, of := range values {
		t.Set = append(t.Set, Tag{key, first(of)})
	}
	t.settle()
}

func objectTagKey(name, key string) string { return name + "/" + key }

// taggedBucket is the bucket that TagResource and UntagResource name: of their
// other subjects, such as access points, nothing is kept.
func taggedBucket(r *trail.Record) string {
	if strings.HasSuffix(r.EventSource, ".amazonaws.com") && r.EventSource != "s3.amazonaws.com" {
		return ""
	}
	arn := first(r.Param("resourceArn"))
	if plain, err := url.PathUnescape(arn); err == nil {
		arn = plain
	}
	_, name, ok := strings.Cut(arn, ":s3:::")
	if !ok || strings.Contains(name, "/") {
		return ""
	}
	return clip(name)
}

func readCreationTags(r *trail.Record, t *Tagging) {
	t.Whole = true
	if v, ok := trail.Leaf(r.RequestParameters, "CreateBucketConfiguration"); ok {
		if body, ok := v.(map[string]any); ok {
			if tags, ok := body["Tags"]; ok {
				t.take(tags)
			}
		}
	}
}

func readUntag(r *trail.Record, t *Tagging) {
	t.Removed = slices.Clone(r.Param("tagKeys"))
	if len(t.Removed) > maxTags {
		t.Removed = nil
	}
	for i := range t.Removed {
		t.Removed[i] = clip(t.Removed[i])
	}
	if len(t.Removed) == 0 {
		t.Lost = "the log does not hold which tags UntagResource removed"
	}
}

// set reads the tags under the parameter of a name.
func (t *Tagging) set(r *trail.Record, name string) {
	v, ok := trail.Leaf(r.RequestParameters, name)
	if !ok {
		t.Lost = "the log does not hold the tags that " + t.Name + " set"
		return
	}
	t.take(v)
}

// take reads tags: an object Tag that holds one or a list, as XML bodies are
// written, or a list (semantics A.1 A5).
func (t *Tagging) take(v any) {
	if body, ok := v.(map[string]any); ok {
		if inner, ok := body["Tag"]; ok {
			v = inner
		} else if body["Key"] == nil {
			v = nil // an empty element
		}
	}
	list, ok := v.([]any)
	if !ok && v != nil && v != "" {
		list = []any{v}
	}
	for _, e := range list[:min(len(list), maxTags+1)] {
		body, _ := e.(map[string]any)
		key, value := tagText(body["Key"]), tagText(body["Value"])
		if key == "" {
			t.Lost = "a tag that " + t.Name + " set is not readable"
			continue
		}
		t.Set = append(t.Set, Tag{key, value})
	}
	t.settle()
}

// settle puts tags in order and refuses more than AWS permits.
func (t *Tagging) settle() {
	slices.SortFunc(t.Set, func(a, b Tag) int { return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Value, b.Value)) })
	size := 0
	for i, tag := range t.Set {
		if size += len(tag.Key) + len(tag.Value); i == maxTags || size > maxTagBytes {
			t.Set, t.Lost = slices.Clip(t.Set[:i]), t.Name+" set more tags than are kept"
			return
		}
	}
}

// tagText is a key or a value. CloudTrail writes what looks like a number or a
// truth value as one.
func tagText(v any) string {
	switch x := v.(type) {
	case string:
		return strings.Clone(x)
	case bool:
		return map[bool]string{true: "true", false: "false"}[x]
	case interface{ String() string }:
		return x.String()
	}
	return ""
}

func (s *tagStore) add(name string, t Tagging) {
	hash := xxhash.Sum64String(name)
	if s.halvings > 0 && hash>>(64-s.halvings) != 0 {
		return
	}
	have := s.of[name]
	if have == nil {
		if s.of == nil {
			s.of = map[string]*tagged{}
		}
		have = &tagged{}
		s.of[strings.Clone(name)] = have
		for len(s.of) > maxTagged {
			s.halve()
		}
	}
	have.add(t)
	most := maxTaggings
	if s.objects {
		most = maxOfObject
	}
	if n := len(have.list) - most; n > 0 {
		have.list, have.cut = slices.Delete(have.list, 0, n), true
	}
}

func (s *tagStore) halve() {
	s.halvings++
	for name := range s.of {
		if xxhash.Sum64String(name)>>(64-s.halvings) != 0 {
			delete(s.of, name)
		}
	}
}

func (s *tagStore) merge(other *tagStore) {
	for s.halvings < other.halvings {
		s.halve()
	}
	for name, of := range other.of {
		for _, t := range of.list {
			s.add(name, t)
		}
		if have := s.of[name]; have != nil {
			have.cut = have.cut || of.cut
		}
	}
}

func (s *tagged) add(t Tagging) {
	at, found := slices.BinarySearchFunc(s.list, t, compareTaggings)
	if found {
		return
	}
	s.list = slices.Insert(s.list, at, t)
}

// compareTaggings puts calls in order. Of one second, a bucket's making comes
// first.
func compareTaggings(a, b Tagging) int {
	rank := map[string]int{"CreateBucket": -1}
	return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(rank[a.Name], rank[b.Name]), cmp.Compare(a.EventID, b.EventID), cmp.Compare(a.Name, b.Name),
		slices.CompareFunc(a.Set, b.Set, func(a, b Tag) int { return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Value, b.Value)) }),
		slices.Compare(a.Removed, b.Removed), cmp.Compare(a.Lost, b.Lost), cmp.Compare(a.UserName, b.UserName), cmp.Compare(a.Caller, b.Caller))
}

// Taggings lists what calls did to the tags of a bucket or, where key is given,
// of that object, in order; also those of a former bucket of the same name. Missing says why some are not known; "" when all that
// the records told are listed.
func (l *Ledger) Taggings(bucketName, key string) (list []Tagging, missing string) {
	store, name := &l.tags, bucketName
	if key != "" {
		store, name = &l.objectTags, objectTagKey(bucketName, key)
	}
	list, missing = store.list(name)
	if at, ok := l.untagged[bucketName]; ok && key == "" {
		list = append(list, Tagging{Time: at, Name: "GetBucketTagging", Whole: true})
		slices.SortFunc(list, compareTaggings)
	}
	return list, missing
}

// list is what is kept of one name, and why that is not all.
func (s *tagStore) list(name string) (list []Tagging, missing string) {
	of := s.of[name]
	switch {
	case of == nil && s.halvings > 0:
		return nil, "the records tell of more tagged buckets than are kept"
	case of == nil:
		return nil, ""
	case of.cut:
		missing = "its tags changed more often than is kept: of the changes before " + of.list[0].Time.Format(time.RFC3339) + " nothing is known"
	}
	for i := range of.list {
		if t := &of.list[i]; t.Lost == "" || !slices.ContainsFunc(of.list, t.toldBy) {
			list = append(list, *t)
		}
	}
	return list, missing
}

// toldBy reports whether another trail's copy of a call tells what this lost.
func (t *Tagging) toldBy(other Tagging) bool {
	return other.Lost == "" && other.Name == t.Name && other.Time.Equal(t.Time)
}
