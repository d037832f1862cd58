// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/bucketlid/bucketlid/coverage"
	"github.com/bucketlid/bucketlid/ingest"
	"github.com/bucketlid/bucketlid/ingest/awslog"
)

// digests are the digest files of a source, the log files with their hashes,
// and the signatures that lie beside digests.
type digests struct {
	found      []*coverage.Digest
	files      []coverage.LogFile
	signatures map[string]string // by the name of the digest's object
	metadata   []signedLater
}

// signedLater is a digest whose object may have its signature in its metadata.
type signedLater struct {
	digest *coverage.Digest
	ask    func(context.Context) (map[string]string, error)
}

func (d *digests) merge(other *digests) {
	d.found = append(d.found, other.found...)
	d.files = append(d.files, other.files...)
	d.metadata = append(d.metadata, other.metadata...)
	for name, signature := range other.signatures {
		d.signatures[name] = signature
	}
}

// within leaves out what the filter leaves out on the other side: the log files
// of other accounts, Regions and times were not read, and are not missing; and
// those delivered before the first or after the last digest of the time asked
// for are not unlisted.
func (d *digests) within(f ingest.Filter) ([]*coverage.Digest, []coverage.LogFile) {
	wanted := func(account, region string) bool {
		return (len(f.Accounts) == 0 || slices.Contains(f.Accounts, account)) && (len(f.Regions) == 0 || slices.Contains(f.Regions, region))
	}
	var found []*coverage.Digest
	spans := map[[2]string][2]time.Time{}
	for _, one := range d.found {
		if !wanted(one.Account, one.Region) || !f.From.IsZero() && one.Start.Before(f.From) || !f.To.IsZero() && one.End.After(f.To) {
			continue
		}
		found = append(found, one)
		span, ok := spans[[2]string{one.Account, one.Region}]
		if !ok || one.Start.Before(span[0]) {
			span[0] = one.Start
		}
		if one.End.After(span[1]) {
			span[1] = one.End
		}
		spans[[2]string{one.Account, one.Region}] = span
	}
	var files []coverage.LogFile
	for _, one := range d.files {
		account, region, delivered := coverage.FromName(one.Name)
		span, ok := spans[[2]string{account, region}]
		outside := ok && (!f.From.IsZero() && delivered.Before(span[0]) || !f.To.IsZero() && !delivered.Before(span[1]))
		if wanted(account, region) && !outside {
			files = append(files, one)
		}
	}
	return found, files
}

// isSignature reports whether a file holds the signature of the digest beside it.
func isSignature(base string) bool {
	name, ok := strings.CutSuffix(base, ".sig")
	return ok && coverage.IsDigest(name)
}

// maxSignature is the largest file of a signature, in bytes: an RSA key of 16,384
// bits gives 4,096 hexadecimal digits.
const maxSignature = 8 << 10

func (s *surveyor) signature(name string, r io.Reader) (int64, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxSignature))
	if err == nil {
		s.digests.signatures[strings.TrimSuffix(name, ".sig")] = strings.TrimSpace(string(raw))
	}
	return int64(len(raw)), err
}

// digest reads a digest file.
func (s *surveyor) digest(obj ingest.Object) func(string, io.Reader) (int64, error) {
	return func(name string, r io.Reader) (int64, error) {
		raw, err := io.ReadAll(io.LimitReader(r, coverage.MaxDigest+1))
		switch {
		case err != nil:
			return int64(len(raw)), err
		case len(raw) > coverage.MaxDigest:
			s.skip(name, coverage.MaxDigest, "the digest is larger than 64 MiB")
			return int64(len(raw)), nil
		}
		d, err := coverage.ParseDigest(name, raw)
		if err != nil {
			s.skip(name, -1, err.Error())
			return int64(len(raw)), nil
		}
		s.digests.found = append(s.digests.found, d)
		if obj.Metadata != nil {
			s.digests.metadata = append(s.digests.metadata, signedLater{d, obj.Metadata})
		}
		return int64(len(raw)), nil
	}
}

// hashed reads a log file and hashes what it unpacks to on the way.
func (s *surveyor) hashed(ctx context.Context, obj ingest.Object) error {
	sum := sha256.New()
	failed := errors.New("not opened")
	err := s.object(ctx, obj, func(name string, r io.Reader) (n int64, _ error) {
		n, failed = s.records(name, io.TeeReader(r, sum))
		if failed == nil {
			_, failed = io.Copy(sum, r)
		}
		return n, failed
	})
	var corrupt *ingest.CorruptError
	var bomb *ingest.BombError
	file := coverage.LogFile{Name: obj.Name}
	switch {
	case failed == nil:
		file.Hash = hex.EncodeToString(sum.Sum(nil))
	case !errors.As(failed, &corrupt) && !errors.As(failed, &bomb):
		file.Unread = true
	}
	s.digests.files = append(s.digests.files, file)
	return err
}

// asksAtOnce is how many digests' metadata are asked for at the same time.
const asksAtOnce = 16

// sign adds the signatures: from the file beside, from the digest after it, which
// a filter may leave out later, or from the metadata of the object ("Custom implementations of
// CloudTrail log file integrity validation", AWS CloudTrail User Guide).
func (d *digests) sign(ctx context.Context) error {
	handed := coverage.HandedDown(d.found)
	for _, digest := range d.found {
		digest.Signature = cmp.Or(d.signatures[digest.Name], handed[path.Base(digest.Key)])
	}
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(asksAtOnce)
	for _, m := range d.metadata {
		if m.digest.Signature != "" {
			continue
		}
		group.Go(func() error {
			meta, err := m.ask(gctx)
			if err != nil {
				return fmt.Errorf("signature of %s: %w", m.digest.Name, err)
			}
			m.digest.Signature = meta["signature"]
			return nil
		})
	}
	err := group.Wait()
	var denied *ingest.PermissionError
	if errors.As(err, &denied) {
		return denied
	}
	return err
}

// askKeysFor bounds how long CloudTrail is asked for its public keys.
const askKeysFor = 20 * time.Second

// askKeys asks CloudTrail for the public keys of the digests' Regions and times.
// What went wrong is told, and leaves digests unproven.
func askKeys(ctx context.Context, found []*coverage.Digest) (keys coverage.Keys, problems []string) {
	ctx, cancel := context.WithTimeout(ctx, askKeysFor)
	defer cancel()
	spans := map[string][2]time.Time{}
	for _, d := range found {
		span, ok := spans[d.Region]
		if !ok || d.Start.Before(span[0]) {
			span[0] = d.Start
		}
		if d.End.After(span[1]) {
			span[1] = d.End
		}
		spans[d.Region] = span
	}
	keys = coverage.Keys{}
	for _, region := range slices.Sorted(maps.Keys(spans)) {
		of, wrong, err := publicKeysOf(ctx, region, spans[region])
		if err != nil {
			wrong = append(wrong, "The public keys of "+region+" could not be asked for: "+err.Error()+"; or give them with --keys")
		}
		maps.Copy(keys, of)
		problems = append(problems, wrong...)
		if ctx.Err() != nil {
			break
		}
	}
	return keys, problems
}

// publicKeysOf asks one Region. Its keys are read as those of a file are.
func publicKeysOf(ctx context.Context, region string, span [2]time.Time) (coverage.Keys, []string, error) {
	list, err := awslog.PublicKeys(ctx, region, span[0], span[1])
	if err != nil {
		return nil, nil, err
	}
	text, err := json.Marshal(list)
	if err != nil {
		return nil, nil, err
	}
	return coverage.ParseKeys(text)
}
