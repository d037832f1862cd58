// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/bucketlid/bucketlid/account"
	"github.com/bucketlid/bucketlid/bucket"
)

// missing takes in the buckets that the log knows in a scanned account, and that
// are there no more. A call that sets an ACL may have been about a bucket of another
// account: of those S3 is asked whether there is one of the name.
func (s *scan) missing(ctx context.Context) error {
	there, read := map[string]map[string]bool{}, map[string]time.Time{}
	listed := map[string]bool{}
	for _, o := range s.owned {
		there[o.Account], read[o.Account] = set(o.Buckets), o.Read
		maps.Copy(listed, there[o.Account])
	}
	told, perhaps := map[string]bool{}, map[string]string{}
	for _, c := range s.logs.ledger.Changes() {
		names, scanned := there[c.Account]
		switch {
		case !scanned || c.Reading || c.Bucket == "" || c.Outcome != bucket.Done || names[c.Bucket] || told[c.Bucket]:
		case bucketsOwn(c):
			told[c.Bucket] = true
			s.logs.ledger.AddReadings(account.Gone(c.Account, c.Bucket, read[c.Account]))
		case !listed[c.Bucket]:
			perhaps[c.Bucket] = c.Account
		}
	}
	maps.DeleteFunc(perhaps, func(name, _ string) bool { return told[name] })
	gone, err := s.nowhere(ctx, slices.Sorted(maps.Keys(perhaps)))
	for _, name := range gone {
		s.logs.ledger.AddReadings(account.Gone(perhaps[name], name, read[perhaps[name]]))
	}
	return err
}

// maxAsked bounds the names of which S3 is asked whether there is a bucket, and
// askedAtOnce how many calls are under way.
const (
	maxAsked    = 1000
	askedAtOnce = 8
)

// nowhere are those of some names of which S3 has no bucket.
func (s *scan) nowhere(ctx context.Context, names []string) ([]string, error) {
	if more := len(names) - maxAsked; more > 0 {
		s.unread.add(fmt.Sprintf("%d more buckets", more), "not asked", "whether they are there was not asked: the log names more than it was asked of")
		names = names[:maxAsked]
	}
	gone, failed := make([]bool, len(names)), make([]error, len(names))
	turns := make(chan struct{}, askedAtOnce)
	var all sync.WaitGroup
	for i, name := range names {
		all.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			gone[i], failed[i] = s.signed[0].Nowhere(ctx, name)
		})
	}
	all.Wait()
	var out []string
	for i, name := range names {
		if failed[i] != nil {
			return nil, failed[i]
		}
		if gone[i] {
			out = append(out, name)
		}
	}
	return out, nil
}

// bucketsOwn reports whether a change tells for sure whose the bucket is.
func bucketsOwn(c *bucket.Change) bool {
	switch c.Slot {
	case bucket.SlotBucket, bucket.SlotPolicy, bucket.SlotBlock, bucket.SlotOwnership:
		return true
	}
	return false
}
