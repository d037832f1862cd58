// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Fault is what is wrong with a file of the archive.
type Fault struct {
	File   File
	Reason string
	Index  bool // only its index is at fault: no record is lost
}

// Verify reads every file to its end: that it is there, has the checksum that
// the manifest tells, can be read row by row, has as many rows as it should,
// that each lies in its account's and day's folder and no eventID is there
// twice; of its index, that it has its checksum. told, which may be nil, is called for each file after it was read.
// The error is that of ctx, or one of reading the archive as a whole.
func (a *Archive) Verify(ctx context.Context, told func(File)) ([]Fault, error) {
	var out []Fault
	var ids map[identity]struct{}
	var within Partition
	for _, f := range a.Files() {
		if err := ctx.Err(); err != nil {
			return out, err
		}
		if p := f.Partition(); ids == nil || p != within {
			within, ids = p, map[identity]struct{}{}
		}
		if reason := a.verify(f, ids); reason != "" {
			out = append(out, Fault{File: f, Reason: reason})
		} else if f.Index != nil {
			if reason := a.checkIndex(&f); reason != "" {
				out = append(out, Fault{f, "its index " + indexName(&f) + ": " + reason, true})
			}
		}
		if told != nil {
			told(f)
		}
	}
	return out, nil
}

func (a *Archive) verify(f File, ids map[identity]struct{}) string {
	path, err := a.have(f)
	if err != nil {
		return err.Error()
	}
	sum, size, err := fileSum(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "is missing"
	case err != nil:
		return "cannot be read: " + cause(err).Error()
	case size != f.Bytes:
		return fmt.Sprintf("has %d bytes, not %d", size, f.Bytes)
	case sum != f.SHA256:
		return "its checksum does not match"
	}
	var rows, strays, twice int64
	p := f.Partition()
	err = readRows(path, func(r *Row) {
		rows++
		if !belongs(r, p) {
			strays++
		}
		id := r.identity()
		if _, known := ids[id]; known {
			twice++
		}
		ids[id] = struct{}{}
	})
	switch {
	case err != nil:
		return err.Error()
	case rows != f.Rows:
		return fmt.Sprintf("has %d rows, the manifest counts %d", rows, f.Rows)
	case strays > 0:
		return fmt.Sprintf("%d rows are of another day", strays)
	case twice > 0:
		return fmt.Sprintf("%d rows are in the archive twice", twice)
	}
	return ""
}

func belongs(r *Row, p Partition) bool {
	if r.EventTime == 0 {
		return p.Day == Unknown
	}
	return p.Day == time.UnixMicro(r.EventTime).UTC().Format(time.DateOnly)
}

func fileSum(path string) (sum string, size int64, err error) {
	file, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer file.Close()
	hash := sha256.New()
	size, err = io.Copy(hash, file)
	return hex.EncodeToString(hash.Sum(nil)), size, err
}

// damagedDir is where damaged files go, for whoever wants to look into them.
const damagedDir = "_damaged"

// SetAside takes files at fault out of the archive and moves what is left of
// them to its folder _damaged. It also forgets which log objects were read, so
// that the next load reads them again and adds just what is missing now. Of a
// file whose index is at fault only the index goes.
func (a *Archive) SetAside(faults []Fault) error {
	if !a.writes {
		return errors.New("the archive was opened for reading")
	}
	c := &change{}
	for _, f := range faults {
		if !f.Index {
			c.remove, c.forget = append(c.remove, f.File.Path), true
			continue
		}
		bare := f.File
		bare.Index = nil
		c.add = append(c.add, bare)
	}
	if err := a.commit(c); err != nil {
		return err
	}
	for _, f := range faults {
		a.unlessRead(func() { a.removeIndex(&f.File) })
		if f.Index {
			continue
		}
		target := filepath.Join(a.root, damagedDir, filepath.FromSlash(f.File.Path))
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return fmt.Errorf("move a damaged file: %w", err)
		}
		if err := os.Rename(a.Path(f.File), target); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("move a damaged file: %w", err)
		}
	}
	return nil
}
