// SPDX-License-Identifier: Apache-2.0

// Package ingest finds and opens log objects: in folders and files, on
// standard input and in Amazon S3. It knows names, bytes and packing, and
// nothing of what a record means.
package ingest

import (
	"context"
	"io"
	"time"
)

// Object is one log object as it lies in a source, compressed or not.
type Object struct {
	Name string // path, "-" or s3://bucket/key
	Size int64  // bytes as stored; -1 when unknown
	// ID is equal for two mentions of one stored object, however they were
	// written (./logs/a and logs/a). Empty means that Name serves.
	ID   string
	Open func(context.Context) (io.ReadCloser, error)
	// Metadata asks for what is stored beside the bytes, with names in lower case
	// and without x-amz-meta-. It is nil where a source has none.
	Metadata func(context.Context) (map[string]string, error)
}

// Problem names an object that could not be listed or opened, and why.
type Problem struct {
	Object     string
	Reason     string
	Permission string // the AWS permission that is missing, when that is why
}

// Filter narrows what is read by what an object's key tells. Zero fields do not narrow.
type Filter struct {
	Accounts []string
	Regions  []string
	From, To time.Time
	// Digests widens: the digest files of CloudTrail are objects too.
	Digests bool
}

// Source lists log objects. Objects calls yield once for each object, never
// twice at the same time, and stops with the first error that yield returns.
// What cannot be listed is told to problem and left out; an error from Objects
// itself means that the listing as a whole failed.
type Source interface {
	Objects(ctx context.Context, yield func(Object) error, problem func(Problem)) error
}

// Options tune Open and Each. The zero value is ready to use. One value is
// meant for both, so that the sources and the pool count into one Progress.
type Options struct {
	Stdin       io.Reader // what "-" reads; os.Stdin when nil
	Endpoint    string    // overrides the address of Amazon S3, as AWS_ENDPOINT_URL_S3 does
	Concurrency int       // downloads at once from S3; max(8, 2 × CPUs) when zero
	// MaxUnpacked is the cap to hand to Inflate; DefaultMaxUnpacked when zero.
	// Neither Open nor Each unpacks anything.
	MaxUnpacked int64
	Problem     func(Problem) // told by Each, never from two goroutines at once; may be nil
	Progress    *Progress     // counted into, when not nil
}

// Open finds the kind of source that spec names and opens it: a path, "-" for
// standard input, or s3://bucket/prefix. It returns a *UsageError when there
// is no such thing and a *PermissionError when AWS refuses the sign-in or the
// listing.
func Open(ctx context.Context, spec string, f Filter, opts Options) (Source, error) {
	for _, kind := range table {
		if kind.Match(spec) {
			return kind.Open(ctx, spec, f, opts)
		}
	}
	return nil, unknownSpec(spec)
}
