// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/bucketlid/bucketlid/archive"
	"github.com/bucketlid/bucketlid/ingest/awslog"
)

// An archive lies in a folder or at s3://bucket/prefix. Of one in S3 the files
// that are needed are copied to the user's cache folder first: engines read
// local files only.

func inS3(root string) bool { return strings.HasPrefix(root, "s3://") }

// mirrorOf is the local copy of an archive in S3. Readers and writers have each
// their own, in dir or, where that is "", in the user's cache folder.
func mirrorOf(ctx context.Context, root, dir, use string) (*archive.Mirror, error) {
	bucket, prefix, _ := strings.Cut(strings.TrimPrefix(root, "s3://"), "/")
	store, err := awslog.OpenStore(ctx, awslog.Config{Bucket: bucket, Prefix: prefix}, archive.ErrTaken)
	switch {
	case errors.Is(err, awslog.ErrNoBucket), errors.Is(err, awslog.ErrBadName):
		return nil, usageError("write s3://bucket/prefix, of a bucket that exists and that you are signed in for", "--archive %s: %v", root, err)
	case err != nil:
		return nil, fmt.Errorf("--archive %s: %w", root, err)
	}
	if dir == "" {
		if dir, err = os.UserCacheDir(); err != nil {
			return nil, usageError("set XDG_CACHE_HOME to a folder", "the local copy of %s has no place: %v", root, err)
		}
		sum := sha256.Sum256([]byte(store.String()))
		dir = filepath.Join(dir, "bucketlid", "archive", hex.EncodeToString(sum[:8]), use)
	}
	return archive.NewMirror(store, dir), nil
}

// openArchive opens an archive for reading; where there is none, that is a
// mistake of the call.
func openArchive(ctx context.Context, root string) (*archive.Archive, error) {
	return openCopied(ctx, root, "")
}

// openCopied opens an archive for reading; copies of one in S3 go to dir, or
// where that is "" to the user's cache folder.
func openCopied(ctx context.Context, root, dir string) (a *archive.Archive, err error) {
	if inS3(root) {
		var mirror *archive.Mirror
		if mirror, err = mirrorOf(ctx, root, dir, "read"); err != nil {
			return nil, err
		}
		a, err = mirror.Open(ctx)
	} else {
		a, err = archive.Open(root)
	}
	if a != nil {
		a.Gather(gathering)
	}
	return a, noArchive(err)
}

func noArchive(err error) error {
	if errors.Is(err, archive.ErrNone) {
		return usageError("", "%v", err)
	}
	return err
}

// writing is an archive opened for writing. In S3 nothing is changed before
// push.
type writing struct {
	*archive.Archive
	mirror *archive.Mirror // nil: the archive is a folder
}

// writeArchive opens an archive for writing, and makes it where there is none.
func writeArchive(ctx context.Context, root string) (*writing, error) {
	if !inS3(root) {
		a, err := archive.OpenWriter(root)
		return newWriting(a, nil), err
	}
	mirror, err := mirrorOf(ctx, root, "", "write")
	if err != nil {
		return nil, err
	}
	a, err := mirror.OpenWriter(ctx)
	return newWriting(a, mirror), err
}

func newWriting(a *archive.Archive, mirror *archive.Mirror) *writing {
	if a != nil {
		a.Gather(gathering)
	}
	return &writing{a, mirror}
}

// changeArchive opens an archive that is there for writing.
func changeArchive(ctx context.Context, root string) (*writing, error) {
	a, err := openArchive(ctx, root)
	if err != nil {
		return nil, err
	}
	a.Close()
	return writeArchive(ctx, root)
}

// push makes the changes part of the archive in S3; in a folder they are
// already. tidy also deletes what a killed push left there.
func (w *writing) push(ctx context.Context, tidy bool) error {
	if w.mirror == nil {
		return nil
	}
	_, err := w.mirror.Push(ctx, w.Archive, tidy)
	return err
}

// summarize writes the sums of the indexes, which make answers quicker. Where
// that fails nothing is lost, and it is only told. Readers of an archive in S3 do
// without.
func (w *writing) summarize(ctx context.Context, notes io.Writer) {
	if w.mirror != nil || ctx.Err() != nil {
		return
	}
	if err := w.Summarize(ctx); err != nil && ctx.Err() == nil {
		fmt.Fprintf(notes, "note: the sums of all indexes were not written: %s; answers are the same without them, and slower\n", plain(err.Error()))
	}
}
