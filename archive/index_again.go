// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// Reindex writes the indexes that files lack, have of another version, or have
// damaged. It tells how many it wrote. The archive must have been opened by
// OpenWriter. Each is one change: an end of ctx, an error or a kill leaves what
// was written before.
func (a *Archive) Reindex(ctx context.Context) (int, error) {
	if !a.writes {
		return 0, errors.New("the archive was opened for reading")
	}
	if a.gathering.New == nil {
		return 0, nil
	}
	var made atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for _, f := range a.Files() {
		if a.HasIndex(&f) && a.checkIndex(&f) == "" {
			continue
		}
		group.Go(func() error {
			written, err := a.reindex(ctx, f)
			if written {
				made.Add(1)
			}
			return err
		})
	}
	err := group.Wait()
	return int(made.Load()), err
}

// recordRow is what an index is made of.
type recordRow struct {
	Raw          []byte `parquet:"raw,string"`
	RawBytes     []byte `parquet:"raw_bytes,optional"`
	SourceFile   string `parquet:"source_file,optional,dict"`
	SourceOffset int64  `parquet:"source_offset,delta"`
}

// reindex writes the index of one file; written is false where it gets none.
func (a *Archive) reindex(ctx context.Context, f File) (written bool, err error) {
	path, err := a.have(f)
	if err != nil {
		return false, err
	}
	x := newIndexWriter(a.gathering, f.Partition())
	batch := make([]Row, 0, readBatch)
	err = readRows(path, func(r *recordRow) {
		batch = append(batch, Row{Raw: r.Raw, RawBytes: r.RawBytes, SourceFile: r.SourceFile, SourceOffset: r.SourceOffset})
		if len(batch) == readBatch {
			x.write(batch)
			batch = batch[:0]
			x.useless = x.useless || ctx.Err() != nil
		}
	})
	if err = errors.Join(ctx.Err(), err); err != nil {
		return false, err
	}
	x.write(batch)
	old := f
	if f.Index, err = x.finish(a.root, &f); err != nil || f.Index == nil {
		return false, err
	}
	if err := a.commit(&change{add: []File{f}}); err != nil {
		return false, err
	}
	if old.Index != nil && old.indexPath() != f.indexPath() {
		a.unlessRead(func() { a.removeIndex(&old) })
	}
	return true, syncDir(filepath.Dir(path))
}

// checkIndex says what is wrong with a file's index; "" where nothing is.
func (a *Archive) checkIndex(f *File) string {
	path, err := a.haveIndex(*f)
	if err != nil {
		return err.Error()
	}
	sum, size, err := fileSum(path)
	switch {
	case err != nil:
		return "cannot be read: " + cause(err).Error()
	case size != f.Index.Bytes:
		return fmt.Sprintf("has %d bytes, not %d", size, f.Index.Bytes)
	case sum != f.Index.SHA256:
		return "its checksum does not match"
	}
	return ""
}
