// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// Summer puts together what the indexes of many files say.
type Summer interface {
	// Add takes in what was gathered of a file, or an earlier gist of the sums.
	Add(part func(i int) ([]byte, error)) error
	// Gists ends it: few gists, each of as many parts as a file's, that together
	// say what all do. ok is false where there was too much to keep.
	Gists() (gists [][][]byte, ok bool)
}

// The sums lie beside the manifest, in the form of an index file. They follow
// from the files' indexes, so that the manifest does not tell of them: they hold
// a digest of those that they are of, and are of no use for any others.
const (
	sumsName   = "sums.bin"
	sumsSchema = "bucketlid-sums/1"
)

// Sums are opened sums: gists that say what the indexes of some files do. They
// serve one goroutine.
type Sums struct {
	Rows  int64 // of the files
	Gists int
	index *Index
}

// Sums opens the archive's sums, if they are of just these files, which all have
// an index; else the answer is nil. The error is an *IndexError.
func (a *Archive) Sums(files []File) (*Sums, error) {
	s, err := a.openSums()
	if err != nil || s == nil {
		return nil, err
	}
	if s.index.dir.Of != a.sumsKey(indexesOf(files)) {
		s.Close()
		return nil, nil
	}
	return s, nil
}

func (a *Archive) sumsPath() string { return filepath.Join(a.root, manifestDir, sumsName) }

// openSums opens the sums, of whichever files they are; nil where there are none.
func (a *Archive) openSums() (*Sums, error) {
	if a.gathering.Sum == nil {
		return nil, nil
	}
	x := &Index{path: a.sumsPath()}
	var err error
	if x.file, err = os.Open(x.path); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil {
		err = x.readDirectory(sumsSchema)
	}
	if n := x.dir.Gists; err == nil && (n <= 0 || len(x.dir.Parts) < 2 || (len(x.dir.Parts)-1)%n != 0) {
		err = errIndex
	}
	if err != nil {
		x.Close()
		return nil, &IndexError{x.path, cause(err)}
	}
	return &Sums{Rows: x.dir.Rows, Gists: x.dir.Gists, index: x}, nil
}

// Part reads a part of a gist. The error is an *IndexError.
func (s *Sums) Part(gist, part int) ([]byte, error) {
	each := (len(s.index.dir.Parts) - 1) / s.Gists
	if part >= each {
		return nil, &IndexError{s.index.path, errIndex}
	}
	return s.index.Part(1 + gist*each + part)
}

// Close ends their use.
func (s *Sums) Close() { s.index.Close() }

// indexesOf lists the digests of the indexes of files, sorted. An index names
// its file by the file's digest.
func indexesOf(files []File) []string {
	var out []string
	for i := range files {
		out = append(out, files[i].Index.SHA256)
	}
	slices.Sort(out)
	return out
}

// sumsKey stands for the indexes that sums are of.
func (a *Archive) sumsKey(indexes []string) string {
	sum := sha256.Sum256([]byte(fmt.Sprintf("%d\n%s", a.gathering.Version, strings.Join(indexes, "\n"))))
	return hex.EncodeToString(sum[:])
}

// Summarize writes the sums of all files that have an index, unless they are
// there and whole. What the sums before say of files that are still there is not
// gathered again. The archive must have been opened by OpenWriter. Sums that
// cannot be made are none: answers do not depend on them.
func (a *Archive) Summarize(ctx context.Context) error {
	if !a.writes {
		return errors.New("the archive was opened for reading")
	}
	if a.gathering.Sum == nil {
		return nil
	}
	files := slices.DeleteFunc(a.Files(), func(f File) bool { return !a.HasIndex(&f) })
	if len(files) == 0 || a.summarized(files) {
		return nil
	}
	sum, rest, err := a.summed(files)
	if err != nil {
		return err
	}
	for _, f := range rest {
		if err := cmp.Or(ctx.Err(), a.sumIndex(sum, f)); err != nil {
			return err
		}
	}
	gists, ok := sum.Gists()
	if !ok || len(gists) == 0 {
		return a.withoutSums()
	}
	return a.writeSums(files, gists)
}

// summarized reports whether the sums of just these files are there and whole.
func (a *Archive) summarized(files []File) bool {
	s, err := a.Sums(files)
	if err != nil || s == nil {
		return false
	}
	defer s.Close()
	for i := range s.index.dir.Parts {
		if _, err := s.index.Part(i); err != nil {
			return false
		}
	}
	return true
}

// summed is a Summer that knows what the sums before say, if all files that they
// are of are still there, and the files of which it knows nothing.
func (a *Archive) summed(files []File) (Summer, []File, error) {
	s, err := a.openSums()
	if err != nil || s == nil {
		return a.gathering.Sum(), files, nil // what is damaged is made anew
	}
	defer s.Close()
	list, err := s.index.Part(0)
	known := strings.Fields(string(list))
	if err != nil || s.index.dir.Of != a.sumsKey(known) {
		return a.gathering.Sum(), files, nil
	}
	now := indexesOf(files)
	for _, index := range known {
		if _, still := slices.BinarySearch(now, index); !still {
			return a.gathering.Sum(), files, nil
		}
	}
	sum := a.gathering.Sum()
	for gist := range s.Gists {
		if err := sum.Add(func(part int) ([]byte, error) { return s.Part(gist, part) }); err != nil {
			return a.gathering.Sum(), files, nil
		}
	}
	rest := slices.DeleteFunc(slices.Clone(files), func(f File) bool { return slices.Contains(known, f.Index.SHA256) })
	return sum, rest, nil
}

func (a *Archive) sumIndex(sum Summer, f File) error {
	x, err := a.Index(f)
	if err != nil {
		return err
	}
	defer x.Close()
	return sum.Add(x.Part)
}

func (a *Archive) withoutSums() error {
	if err := os.Remove(a.sumsPath()); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// writeSums puts the sums in the place of those before.
func (a *Archive) writeSums(files []File, gists [][][]byte) error {
	pack, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return err
	}
	indexes := indexesOf(files)
	b := indexBuffer{pack: pack}
	d := directory{Schema: sumsSchema, Of: a.sumsKey(indexes), Gists: len(gists)}
	for i := range files {
		d.Rows += files[i].Rows
	}
	d.Parts = append(d.Parts, b.put([]byte(strings.Join(indexes, "\n"))))
	for _, gist := range gists {
		for _, part := range gist {
			d.Parts = append(d.Parts, b.put(part))
		}
	}
	if err := b.finish(&d); err != nil {
		return err
	}
	return putFile(a.sumsPath(), b.Bytes())
}
