// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// DefaultConcurrency is how many buckets are read at once. Each waits for one
// call at a time.
const DefaultConcurrency = 32

// accountsAtOnce bounds the accounts whose buckets are listed at one time.
const accountsAtOnce = 8

// Scanner reads all buckets of accounts, many at once. The zero value reads
// everything but objects.
type Scanner struct {
	Concurrency int      // buckets at once; 0 is DefaultConcurrency
	Regions     []string // none: all
	Buckets     []string // none: all
	Objects     Choice
	Tags        bool
	// Keys names objects of a bucket to look at in any case; nil is none.
	Keys func(bucket string) []string
	// Kept gives what an earlier scan read of a bucket, the objects of these keys
	// too, so that it is not read again; nil is nothing. Many may call it at once.
	Kept func(account, bucket string, keys []string) (Settings, bool)
	Now  func() time.Time
	// Found takes each bucket's settings, Owned each account's own; neither is
	// called by two at once.
	Found func(Settings)
	Owned func(Owned)
	// Refused takes an account whose buckets may not be listed; nil ends the
	// scan with the error.
	Refused  func(account string, err *DeniedError)
	Progress Progress

	silent atomic.Int64 // buckets in succession without an answer
}

// Owned is what a scan learnt of an account itself.
type Owned struct {
	Account string
	Read    time.Time
	Block   Setting // the account's own Block Public Access
	// Buckets are the names of all buckets of the account in every Region,
	// whether read or not.
	Buckets []string
	// Regions are where those buckets lie that Scanner.Buckets names, or all, by
	// name; nil where Scanner.Regions asks for none.
	Regions map[string]string
}

// Progress counts buckets; it is safe for concurrent use.
type Progress struct{ Listed, Done atomic.Int64 }

// job is one bucket to read.
type job struct {
	account *scanned
	name    string
	region  string
}

// scanned is one account during a scan.
type scanned struct {
	*Account
	block Setting
	list  *lister
	wide  points // multi-Region
}

// Scan reads the accounts. It ends early with an error only when it cannot go
// on: interrupted, credentials that ended, or buckets that may not be listed.
func (s *Scanner) Scan(ctx context.Context, accounts ...*Account) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	jobs := make(chan job)
	var mu sync.Mutex
	var listing, reading sync.WaitGroup
	turns := make(chan struct{}, accountsAtOnce)
	workers := s.Concurrency
	if workers <= 0 {
		workers = DefaultConcurrency
	}
	for range workers {
		reading.Go(func() {
			for j := range jobs {
				if err := s.readOne(ctx, j, &mu); err != nil {
					cancel(err)
				}
			}
		})
	}
	for _, a := range accounts {
		listing.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			err := s.listOne(ctx, a, jobs, &mu)
			var denied *DeniedError
			if s.Refused != nil && errors.As(err, &denied) {
				mu.Lock()
				s.Refused(a.ID, denied)
				mu.Unlock()
				return
			}
			if err != nil {
				cancel(err)
			}
		})
	}
	listing.Wait()
	close(jobs)
	reading.Wait()
	return context.Cause(ctx)
}

func (s *Scanner) listOne(ctx context.Context, a *Account, jobs chan<- job, mu *sync.Mutex) error {
	at := s.Now()
	acc := &scanned{Account: a, list: newLister(a)}
	var err error
	if acc.block, err = a.accountBlock(ctx); err != nil && !errors.Is(err, errGone) {
		return err
	}
	all, err := a.listBuckets(ctx)
	if err != nil {
		return err
	}
	own := Owned{Account: a.ID, Read: at, Block: acc.block}
	var wanted []job
	for _, b := range all {
		own.Buckets = append(own.Buckets, aws.ToString(b.Name))
		j := job{acc, aws.ToString(b.Name), aws.ToString(b.BucketRegion)}
		if s.wants(ctx, &j, &own) {
			wanted = append(wanted, j)
		}
	}
	s.Progress.Listed.Add(int64(len(wanted)))
	if len(wanted) > 0 {
		if acc.wide, err = a.multiRegion(ctx); err != nil {
			return err
		}
	}
	mu.Lock()
	if s.Owned != nil {
		s.Owned(own)
	}
	mu.Unlock()
	for _, j := range wanted {
		select {
		case jobs <- j:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// wants reports whether a bucket is to be read; its Region is asked for only
// where that decides, and noted.
func (s *Scanner) wants(ctx context.Context, j *job, own *Owned) bool {
	if len(s.Buckets) > 0 && !slices.Contains(s.Buckets, j.name) {
		return false
	}
	if len(s.Regions) == 0 {
		return true
	}
	if j.region == "" {
		j.region = j.account.locate(ctx, j.name)
	}
	if own.Regions == nil {
		own.Regions = map[string]string{}
	}
	own.Regions[j.name] = j.region
	return slices.Contains(s.Regions, j.region)
}

func (s *Scanner) readOne(ctx context.Context, j job, mu *sync.Mutex) error {
	if ctx.Err() != nil {
		return nil // the listing says why
	}
	read := Read{At: s.Now(), Tags: s.Tags, Objects: s.Objects}
	if s.Keys != nil {
		read.Keys = s.Keys(j.name)
	}
	if s.Kept != nil {
		if got, ok := s.Kept(j.account.ID, j.name, read.Keys); ok {
			got.AccountBlock = j.account.block
			s.found(got, mu)
			return nil
		}
	}
	got, err := j.account.Bucket(ctx, j.name, j.region, read)
	if err != nil {
		return err
	}
	got.AccountBlock = j.account.block
	if err := s.answered(got); err != nil {
		return err
	}
	if !got.Gone && !got.Silent {
		near, err := j.account.list.in(ctx, got.Region)
		if err != nil {
			return err
		}
		got.AccessPoints = slices.Concat(near.bucket[j.name], j.account.wide.bucket[j.name])
		got.Points, got.MultiRegionPoints = near.list, j.account.wide.list
	}
	s.found(got, mu)
	return nil
}

func (s *Scanner) found(b Settings, mu *sync.Mutex) {
	s.Progress.Done.Add(1)
	mu.Lock()
	defer mu.Unlock()
	s.Found(b)
}

// silentBuckets is how many buckets in succession may be without an answer
// before a scan is given up: each took maxSilent times callTimeout.
const silentBuckets = 2 * DefaultConcurrency

// answered counts the buckets that gave no answer.
func (s *Scanner) answered(b Settings) error {
	if !b.Silent {
		s.silent.Store(0)
		return nil
	}
	if s.silent.Add(1) < silentBuckets {
		return nil
	}
	return fmt.Errorf("AWS gave no answer about %d buckets in succession, within %s for each call: see whether the network, a proxy or --endpoint-url is at fault", silentBuckets, callTimeout)
}

// listBuckets lists all buckets of the account, with their Regions where S3
// tells them: it does so for paged requests.
func (a *Account) listBuckets(ctx context.Context) ([]types.Bucket, error) {
	pages := s3.NewListBucketsPaginator(a.bucketsIn(a.cfg.Region), &s3.ListBucketsInput{MaxBuckets: aws.Int32(1000)})
	var out []types.Bucket
	round := cycle{most: mostPages}
	for pages.HasMorePages() {
		page, err := within(ctx, pages.NextPage)
		if err == nil && round.closes(aws.ToString(page.ContinuationToken)) {
			err = errRepeats
		}
		code, _ := codeOf(err)
		switch {
		case err == nil:
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case expiredCodes[code]:
			return nil, signInError("account "+a.ID, err)
		case denied(err):
			return nil, &DeniedError{Action: "s3:ListAllMyBuckets", Resource: "account " + a.ID, Err: err}
		default:
			return nil, &UnreadError{"the buckets of account " + a.ID, err}
		}
		out = append(out, page.Buckets...)
	}
	return out, nil
}
