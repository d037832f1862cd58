// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/bucketlid/bucketlid/coverage"
	"github.com/bucketlid/bucketlid/ingest"
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
// of other accounts, Regions and times were not read, and are not missing.
func (d *digests) within(f ingest.Filter) ([]*coverage.Digest, []coverage.LogFile) {
	wanted := func(account, region string, from, to time.Time) bool {
		return (len(f.Accounts) == 0 || slices.Contains(f.Accounts, account)) && (len(f.Regions) == 0 || slices.Contains(f.Regions, region)) &&
			(f.From.IsZero() || !from.Before(f.From)) && (f.To.IsZero() || !to.After(f.To))
	}
	var found []*coverage.Digest
	for _, one := range d.found {
		if wanted(one.Account, one.Region, one.Start, one.End) {
			found = append(found, one)
		}
	}
	var files []coverage.LogFile
	for _, one := range d.files {
		account, region, delivered := coverage.FromName(one.Name)
		if wanted(account, region, delivered, delivered) {
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
	sum, whole := sha256.New(), false
	err := s.object(ctx, obj, func(name string, r io.Reader) (int64, error) {
		n, err := s.records(name, io.TeeReader(r, sum))
		if err == nil {
			_, err = io.Copy(sum, r)
		}
		whole = err == nil
		return n, err
	})
	s.digests.files = append(s.digests.files, coverage.LogFile{Name: obj.Name, Hash: hashText(sum, whole)})
	return err
}

func hashText(sum hash.Hash, whole bool) string {
	if !whole {
		return ""
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// asksAtOnce is how many digests' metadata are asked for at the same time.
const asksAtOnce = 16

// sign adds the signatures that digests do not hand down to each other: from the
// file beside, or from the metadata of the object ("Custom implementations of
// CloudTrail log file integrity validation", AWS CloudTrail User Guide).
func (d *digests) sign(ctx context.Context) error {
	for _, digest := range d.found {
		digest.Signature = d.signatures[digest.Name]
	}
	handed := coverage.HandedDown(d.found)
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(asksAtOnce)
	for _, m := range d.metadata {
		if m.digest.Signature != "" || handed[path.Base(m.digest.Key)] {
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
