// SPDX-License-Identifier: Apache-2.0

package awslog

import (
	"context"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"
)

// Scope says what to do with the keys under a prefix.
type Scope int

const (
	Skip    Scope = iota // leave them out
	Descend              // list the folder and ask again for each folder in it
	Whole                // list all keys under it as they come
)

// listers is how many listings run at once.
const listers = 8

// List yields the objects whose key starts with prefix. Folders, the parts of
// a key that end with a slash, are listed beside each other as scope says,
// which is asked for prefix itself first and must be safe for concurrent use.
// yield is never called twice at the same time; the order is not fixed. Markers
// of folders (empty, with a name that ends with a slash) are left out.
func (b *Bucket) List(ctx context.Context, prefix string, scope func(prefix string) Scope, yield func(Key) error) error {
	group, gctx := errgroup.WithContext(ctx)
	l := &lister{b: b, scope: scope, yield: yield}
	l.more = sync.NewCond(&l.mu)
	l.push(prefix)
	stop := context.AfterFunc(gctx, l.end)
	defer stop()
	for range listers {
		group.Go(func() error { return l.run(gctx) })
	}
	return group.Wait()
}

// lister shares the prefixes still to be listed among goroutines. They are
// taken last first, so that few are ever waiting.
type lister struct {
	b     *Bucket
	scope func(string) Scope

	mu    sync.Mutex
	more  *sync.Cond
	stack []listing
	busy  int
	ended bool

	yieldMu sync.Mutex
	yield   func(Key) error
}

type listing struct {
	prefix string
	whole  bool
}

func (l *lister) push(prefix string) {
	scope := l.scope(prefix)
	if scope == Skip {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stack = append(l.stack, listing{prefix, scope == Whole})
	l.more.Signal()
}

func (l *lister) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	l.more.Broadcast()
}

// take waits for a prefix; ok is false when there will be none.
func (l *lister) take() (job listing, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.stack) == 0 && l.busy > 0 && !l.ended {
		l.more.Wait()
	}
	if len(l.stack) == 0 || l.ended {
		return listing{}, false
	}
	job = l.stack[len(l.stack)-1]
	l.stack = l.stack[:len(l.stack)-1]
	l.busy++
	return job, true
}

func (l *lister) done() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.busy--
	if l.busy == 0 {
		l.more.Broadcast()
	}
}

func (l *lister) run(ctx context.Context) error {
	for {
		job, ok := l.take()
		if !ok {
			return ctx.Err()
		}
		err := l.list(ctx, job)
		l.done()
		if err != nil {
			return err
		}
	}
}

func (l *lister) list(ctx context.Context, job listing) error {
	in := &s3.ListObjectsV2Input{Bucket: &l.b.name, Prefix: &job.prefix, EncodingType: types.EncodingTypeUrl}
	if !job.whole {
		in.Delimiter = aws.String("/")
	}
	pages := s3.NewListObjectsV2Paginator(l.b.client, in)
	for pages.HasMorePages() {
		out, err := pages.NextPage(ctx)
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return refusal(err, "s3://"+l.b.name+"/"+job.prefix, "s3:ListBucket")
		}
		for _, p := range out.CommonPrefixes {
			l.push(decodeKey(aws.ToString(p.Prefix), out.EncodingType))
		}
		if err := l.give(ctx, out); err != nil {
			return err
		}
	}
	return nil
}

func (l *lister) give(ctx context.Context, page *s3.ListObjectsV2Output) error {
	l.yieldMu.Lock()
	defer l.yieldMu.Unlock()
	for _, o := range page.Contents {
		if err := ctx.Err(); err != nil {
			return err
		}
		k := Key{Name: decodeKey(aws.ToString(o.Key), page.EncodingType), Size: aws.ToInt64(o.Size), ETag: aws.ToString(o.ETag)}
		if k.Size == 0 && strings.HasSuffix(k.Name, "/") {
			continue
		}
		if err := l.yield(k); err != nil {
			return err
		}
	}
	return nil
}
