// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/bucketlid/bucketlid/account"
	"github.com/bucketlid/bucketlid/bucket"
)

// scan reads live accounts into the ledger of a hunt, so that one evaluator
// judges both.
type scan struct {
	flags   *scanFlags
	notes   io.Writer
	scanner account.Scanner
	logs    *hunt
	started time.Time
	kept    *checkpoint // nil where nothing is kept

	opened   map[string][]string // of each bucket: the keys that the log saw opened
	accounts []string
	owned    []account.Owned
	regions  map[string]bool
	buckets  int64
	live     map[string]time.Time // when each bucket was read
	others   *elsewhere
	signed   []*account.Account // the accounts that are scanned
	places   placesOf           // where each bucket lies, for AWS Config
	unread   unreadSet
	notThere error // something that was asked for and is not there
	unlooked unlooked
	partly   int64 // buckets of which something could not be read
	events   account.Events
}

func (s *scan) read(ctx context.Context) error {
	accounts, err := s.signIn(ctx)
	if err != nil {
		return err
	}
	s.signed = accounts
	if s.others, err = s.logs.readFindings(ctx, s.flags.findings); err != nil {
		return err
	}
	if err := s.readLogs(ctx); err != nil {
		return err
	}
	s.regions = map[string]bool{}
	s.scanner.Found, s.scanner.Owned = s.found, s.own
	if len(accounts) > 1 {
		s.scanner.Refused = func(id string, err *account.DeniedError) {
			s.unread.add("account "+id, "access denied", "the permission "+err.Action+" is missing: no bucket of the account was read")
		}
	}
	bar := startScanProgress(s.notes, &s.scanner.Progress, !s.flags.noProgress && !s.flags.quiet)
	err = s.scanner.Scan(ctx, accounts...)
	bar.stop()
	if err != nil {
		return err
	}
	if err := s.missing(ctx); err != nil {
		return err
	}
	return s.checkAsked()
}

// signIn opens every account that is asked for, before anything is read. One of
// the organization that refuses is named, and the others are scanned.
func (s *scan) signIn(ctx context.Context) ([]*account.Account, error) {
	who := s.flags.whose()
	out, err := who.open(ctx, func(id string, err error) { s.unread.add("account "+id, "sign-in failed", err.Error()) })
	if err != nil {
		return nil, err
	}
	for _, a := range out {
		s.accounts = append(s.accounts, a.ID)
	}
	if err := s.checkAccounts(); len(out) > 0 && err != nil {
		return nil, err
	}
	if len(out) == 0 {
		return nil, usageError("sign in to it (--profile), or leave --account out", "--account: none of the accounts signed in to is asked for")
	}
	return out, nil
}

// whose are the accounts that a scan is to read.
func (f *scanFlags) whose() *accountsFlags {
	return &accountsFlags{profiles: f.profiles, endpoint: f.endpoint, organization: f.organization, role: f.role, externalID: f.externalID, only: f.accounts}
}

// readLogs reads the logs of --with as hunt does, and notes which objects they
// saw opened.
func (s *scan) readLogs(ctx context.Context) error {
	if len(s.flags.with) == 0 && len(s.flags.accessLogs) == 0 {
		return nil
	}
	bar := startProgress(s.notes, &s.logs.progress, !s.flags.noProgress && !s.flags.quiet)
	err := s.logs.read(ctx, s.flags.with)
	bar.stop()
	if err != nil {
		return err
	}
	s.opened = map[string][]string{}
	for _, c := range s.logs.ledger.Changes() {
		if c.Key == "" || c.Outcome != bucket.Done || c.ACL == nil || !c.ACL.Public() {
			continue
		}
		if keys := s.opened[c.Bucket]; len(keys) < maxOpenedKeys && !slices.Contains(keys, c.Key) {
			s.opened[c.Bucket] = append(keys, c.Key)
		}
	}
	return nil
}

// maxOpenedKeys bounds the objects of one bucket that are looked at because the
// log saw them opened.
const maxOpenedKeys = 1000

func (s *scan) openedKeys(name string) []string { return s.opened[name] }

// own takes an account's own settings in.
func (s *scan) own(o account.Owned) {
	s.owned = append(s.owned, o)
	s.logs.ledger.AddReadings(account.AccountChange(o.Account, o.Block, o.Read))
	s.unread.setting("account "+o.Account, o.Block, "the account's Block Public Access")
}

// found takes one bucket in.
func (s *scan) found(b account.Settings) {
	s.buckets++
	s.regions[b.Region] = true
	if s.kept != nil {
		s.kept.put(b, s.notes)
	}
	changes := s.events.Changes(b)
	if len(s.flags.with) == 0 {
		changes = slices.DeleteFunc(changes, account.Inert)
	}
	s.logs.ledger.AddReadings(changes...)
	name := "s3://" + b.Bucket
	if b.Gone {
		s.unread.add(name, "deleted meanwhile", "the bucket was deleted while it was read")
		return
	}
	s.sawLive(b.Bucket, b.Read)
	s.logs.ledger.AddTagging(b.Bucket, readTags(&b))
	s.unlooked.add(b)
	unread := account.Unread(b)
	if len(unread) > 0 {
		s.partly++
	}
	if s.flags.awsConfig {
		s.places.add(b, len(unread) == 0)
	}
	for _, u := range unread {
		object := name
		if u.Key != "" {
			object += "/" + u.Key
		}
		s.unread.setting(object, u.Setting, u.What)
	}
}

func (u *unreadSet) setting(object string, s account.Setting, what string) {
	switch s.Status {
	case account.Denied:
		u.add(object, "access denied", fmt.Sprintf("%s stays unknown, %s", what, s.Problem))
	case account.Failed:
		u.add(object, "not read", fmt.Sprintf("%s stays unknown, %s", what, s.Problem))
	}
}
