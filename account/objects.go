// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/bucketlid/bucketlid/bucket"
)

// Read says what of a bucket to read.
type Read struct {
	At      time.Time // written into the answer
	Tags    bool
	Objects Choice
	Keys    []string // objects to look at in any case
}

// Choice says which objects' ACLs to read. The zero value is none.
type Choice struct {
	Kind   string // "", "sample", "prefix" or "all"
	Prefix string
	Sample int // most objects of a sample
}

// defaultSample is how many objects of a bucket a sample looks at.
const defaultSample = 100

// ParseChoice reads "none", "sample", "sample:500", "prefix:logs/" or "all".
func ParseChoice(text string) (Choice, error) {
	kind, rest, more := strings.Cut(text, ":")
	switch {
	case text == "" || text == "none":
		return Choice{}, nil
	case text == "all":
		return Choice{Kind: "all"}, nil
	case text == "sample":
		return Choice{Kind: "sample", Sample: defaultSample}, nil
	case kind == "sample" && more:
		n, err := strconv.Atoi(rest)
		if err != nil || n <= 0 {
			return Choice{}, fmt.Errorf("%q is not a number of objects", rest)
		}
		return Choice{Kind: "sample", Sample: n}, nil
	case kind == "prefix" && rest != "":
		return Choice{Kind: "prefix", Prefix: rest}, nil
	}
	return Choice{}, fmt.Errorf("%q is none of none, sample, sample:N, prefix:PREFIX, all", text)
}

// maxSampleFolders is over how many folders a sample is spread.
const maxSampleFolders = 20

// maxKept bounds the objects of one bucket that are kept; the findings beyond
// are counted in ObjectList.Problem.
const maxKept = 10_000

// objectReader reads ACLs of objects of one bucket.
type objectReader struct {
	client  *s3.Client
	into    *Settings
	seen    map[string]bool
	dropped int
	silent  int    // calls in succession without an answer
	owner   string // the bucket owner's canonical id; "" when not known
}

// objects reads the ACLs that were asked for, those of old versions too but where
// a sample is enough. Where ACLs are disabled none has an effect, and S3 shows
// none.
func (a *Account) objects(ctx context.Context, client *s3.Client, s *Settings, read Read) error {
	s.ObjectList = Setting{Status: Absent, Action: "s3:ListBucket"}
	s.VersionList = Setting{Status: Absent, Action: "s3:ListBucketVersions"}
	if !s.ObjectsCount() {
		return nil
	}
	r := objectReader{client: client, into: s, seen: map[string]bool{}}
	if s.ACL.Status == Present {
		r.owner = readACL(s.ACL.Text).OwnerID
	}
	keys := s.ObjectList
	if err := r.listed(ctx, &keys, func() error { return r.named(ctx, read.Keys) }); err != nil {
		return err
	}
	if keys.Status == Failed {
		s.ObjectList = keys
	}
	if read.Objects.Kind == "" {
		return nil
	}
	err := r.listed(ctx, &s.ObjectList, func() error { return r.walk(ctx, read.Objects) })
	if err != nil || s.Gone || read.Objects.Kind == "sample" || !s.keepsVersions() {
		return err
	}
	return r.listed(ctx, &s.VersionList, func() error { return r.old(ctx, read.Objects.Prefix) })
}

// listed notes in a setting what became of walking a list.
func (r *objectReader) listed(ctx context.Context, into *Setting, walk func() error) error {
	r.dropped = 0
	err := walk()
	var stop *stopError
	if errors.As(err, &stop) {
		return stop.err
	}
	list, err := settle(ctx, into.Action, err)
	if errors.Is(err, errGone) {
		r.into.Gone = true
		return nil
	}
	if *into = list; r.dropped > 0 {
		into.Status = Failed
		into.Problem = fmt.Sprintf("%d more objects admit others than the first %d named", r.dropped, maxKept)
	}
	return err
}

// stopError is an error of an object's ACL that ends the scan, to tell it from
// one of the listing.
type stopError struct{ err error }

func (e *stopError) Error() string { return e.err.Error() }

func (r *objectReader) named(ctx context.Context, keys []string) error {
	for _, key := range keys {
		if err := r.acl(ctx, key, "", true); err != nil {
			return err
		}
	}
	return nil
}

func (r *objectReader) walk(ctx context.Context, c Choice) error {
	switch c.Kind {
	case "all":
		return r.list(ctx, "", 0)
	case "prefix":
		return r.list(ctx, c.Prefix, 0)
	}
	return r.sample(ctx, c.Sample)
}

// sample spreads n objects over the bucket's folders, so that the first folder
// does not speak for all.
func (r *objectReader) sample(ctx context.Context, n int) error {
	bounded, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	out, err := r.client.ListObjectsV2(bounded, &s3.ListObjectsV2Input{Bucket: &r.into.Bucket, Delimiter: aws.String("/"), EncodingType: types.EncodingTypeUrl})
	if err != nil {
		return err
	}
	var folders []string
	for _, p := range out.CommonPrefixes {
		folders = append(folders, decodeKey(p.Prefix, out.EncodingType))
	}
	if step := len(folders) / maxSampleFolders; step > 1 {
		var some []string
		for i := 0; i < len(folders) && len(some) < maxSampleFolders; i += step {
			some = append(some, folders[i])
		}
		folders = some
	}
	share := max(1, n/(len(folders)+1))
	for i, object := range out.Contents {
		if i >= share && len(folders) > 0 || i >= n {
			break
		}
		if err := r.acl(ctx, decodeKey(object.Key, out.EncodingType), "", false); err != nil {
			return err
		}
	}
	for _, folder := range folders[:min(len(folders), n)] {
		if err := r.list(ctx, folder, share); err != nil {
			return err
		}
	}
	return nil
}

// list reads the objects below a prefix; most 0 is all of them.
func (r *objectReader) list(ctx context.Context, prefix string, most int) error {
	input := &s3.ListObjectsV2Input{Bucket: &r.into.Bucket, Prefix: aws.String(prefix), EncodingType: types.EncodingTypeUrl}
	if most > 0 {
		input.MaxKeys = aws.Int32(int32(min(most, 1000)))
	}
	pages := s3.NewListObjectsV2Paginator(r.client, input)
	var round cycle
	for n := 0; pages.HasMorePages(); {
		page, err := nextPage(ctx, pages)
		if err != nil {
			return err
		}
		if round.closes(aws.ToString(page.NextContinuationToken)) {
			return errRepeats
		}
		for _, object := range page.Contents {
			if err := r.acl(ctx, decodeKey(object.Key, page.EncodingType), "", false); err != nil {
				return err
			}
			if n++; n == most {
				return nil
			}
		}
	}
	return nil
}

// decodeKey undoes the encoding in which keys are asked for, since XML cannot
// hold every key.
func decodeKey(key *string, enc types.EncodingType) string {
	if plain, err := url.QueryUnescape(aws.ToString(key)); err == nil && enc == types.EncodingTypeUrl {
		return plain
	}
	return aws.ToString(key)
}

func nextPage(ctx context.Context, pages *s3.ListObjectsV2Paginator) (*s3.ListObjectsV2Output, error) {
	bounded, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return pages.NextPage(bounded)
}

// maxSilent is how many calls in succession may go without an answer before a
// bucket is given up: each has waited for callTimeout.
const maxSilent = 2

// errSilent says that a bucket was given up.
var errSilent = &answerError{fmt.Sprintf("not asked, since %d calls before it had no answer within %s each", maxSilent, callTimeout)}

// acl reads the ACL of one object, of an old version where its id is given. Only
// what tells something is kept. The error is a *stopError, or errSilent.
func (r *objectReader) acl(ctx context.Context, key, version string, named bool) error {
	if version == "" && r.seen[key] {
		return nil
	}
	if named {
		r.seen[key] = true
	}
	in, action := &s3.GetObjectAclInput{Bucket: &r.into.Bucket, Key: &key}, "s3:GetObjectAcl"
	if version != "" {
		in.VersionId, action = &version, "s3:GetObjectVersionAcl"
	}
	got, err := try(ctx, action, func(ctx context.Context) (string, error) { return shape(r.client.GetObjectAcl(ctx, in)) })
	if err != nil && !errors.Is(err, errGone) {
		return &stopError{err}
	}
	if r.silent++; got.Problem != noAnswer {
		r.silent = 0
	}
	r.into.Looked++
	o := Object{Key: key, Version: version, ACL: got, Gone: errors.Is(err, errGone)}
	if !named && (o.Gone || got.Status == Present && !r.admitsOthers(got.Text)) {
		return nil
	}
	if len(r.into.Objects) >= maxKept {
		r.dropped++
		return nil
	}
	r.into.Objects = append(r.into.Objects, o)
	if r.silent >= maxSilent {
		return errSilent // ends the list, and is told as its problem
	}
	return nil
}

// admitsOthers reports whether an object's ACL grants anything to others than
// its owner and the bucket's.
func (r *objectReader) admitsOthers(text string) bool {
	acl := readACL(text)
	return acl.Partial != "" || slices.ContainsFunc(acl.Grants, func(g bucket.Grant) bool {
		id := g.Grantee.ID
		return id == "" || id != bucket.OwnerID && id != acl.OwnerID && id != r.owner
	})
}
