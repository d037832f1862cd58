// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"context"
	"errors"
	"io"
	"runtime"
	"strings"

	"github.com/bucketlid/bucketlid/ingest/awslog"
)

// s3Source is the keys of a bucket that start with a prefix.
type s3Source struct {
	bucket   *awslog.Bucket
	prefix   string
	filter   Filter
	progress *Progress
	parallel int
}

func openS3(ctx context.Context, spec string, f Filter, opts Options) (Source, error) {
	_, rest, _ := strings.Cut(spec, "://")
	name, prefix, _ := strings.Cut(rest, "/")
	if name == "" {
		return nil, &UsageError{Spec: spec, Reason: "names no bucket", Hint: "write s3://bucket/prefix"}
	}
	b, err := awslog.Open(ctx, awslog.Config{Bucket: name, Prefix: prefix, Endpoint: opts.Endpoint})
	switch {
	case errors.Is(err, awslog.ErrNoBucket):
		return nil, &UsageError{Spec: spec, Reason: "there is no bucket " + name,
			Hint: "check the name and the AWS account and partition you are signed in to"}
	case errors.Is(err, awslog.ErrBadName):
		return nil, &UsageError{Spec: spec, Reason: name + " is not the name of a bucket", Hint: "write s3://bucket/prefix"}
	case errors.Is(err, awslog.ErrNoKeys):
		return nil, &UsageError{Spec: spec, Reason: "no key in the bucket starts with " + prefix,
			Hint: "see what there is with: aws s3 ls s3://" + name + "/"}
	case err != nil:
		return nil, err
	}
	parallel := opts.Concurrency
	if parallel <= 0 {
		parallel = max(8, 2*runtime.GOMAXPROCS(0))
	}
	return &s3Source{bucket: b, prefix: prefix, filter: f, progress: opts.Progress, parallel: parallel}, nil
}

func (s *s3Source) downloads() int { return s.parallel }

// Objects lists the keys, opening only those folders of CloudTrail's tree that
// the filter does not rule out.
func (s *s3Source) Objects(ctx context.Context, yield func(Object) error, _ func(Problem)) error {
	base := strings.LastIndexByte(s.prefix, '/') + 1
	scope := func(prefix string) awslog.Scope {
		if prefix == s.prefix {
			return awslog.Descend
		}
		sc, w := s.filter.scope(prefix, base)
		s.progress.addSkip(w)
		return sc
	}
	return s.bucket.List(ctx, s.prefix, scope, func(key awslog.Key) error {
		// A key given whole is what the user named, whatever it is called.
		from := base
		if key.Name == s.prefix {
			from = len(key.Name)
		}
		if w := s.filter.wants(placeOf(key.Name, from)); w != wantRead {
			s.progress.addSkip(w)
			return nil
		}
		name := "s3://" + s.bucket.Name() + "/" + key.Name
		return yield(Object{Name: name, Size: key.Size, ID: name, Open: func(ctx context.Context) (io.ReadCloser, error) {
			return s.bucket.Get(ctx, key)
		}, Metadata: func(ctx context.Context) (map[string]string, error) {
			return s.bucket.Metadata(ctx, key)
		}})
	})
}
