// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/cespare/xxhash/v2"
	"github.com/klauspost/compress/zstd"

	"github.com/bucketlid/bucketlid/trail"
)

// Gatherer notes of the records of one file what questions will ask, so that
// the file need not be read for an answer.
type Gatherer interface {
	// Note takes the next record, which is valid until it returns. It calls filed
	// with each term under which the record's row is to be found, and near with
	// each under which its block of blockRows rows is.
	Note(object string, h *trail.Header, raw []byte, filed, near func(term uint64))
	// Parts ends gathering: what is to be kept of all records together. ok is
	// false where there was too much to keep.
	Parts() (parts [][]byte, ok bool)
}

// Gathering says how the files that are written get their indexes, and the
// archive its sums.
type Gathering struct {
	Version int // of what New's gatherers write; an index of another one is not read
	New     func() Gatherer
	Sum     func() Summer // nil: there are no sums
}

// Gather makes the archive write an index beside each file, and read the
// indexes of this version.
func (a *Archive) Gather(g Gathering) { a.gathering = g }

// IndexFile is the index of a file, as the manifest tells it. It lies in the
// file's folder, under a name that Hive, Athena, Trino and Spark leave out.
type IndexFile struct {
	Bytes   int64  `json:"bytes"`
	SHA256  string `json:"sha256"`
	Version int    `json:"version"`
}

const (
	indexPrefix = "_index-"
	indexSuffix = ".bin"
)

// indexPath is where a file's index lies below the archive's folder; "" where
// it has none.
func (f *File) indexPath() string {
	if f.Index == nil {
		return ""
	}
	return f.dir() + "/" + indexPrefix + f.Index.SHA256[:32] + indexSuffix
}

func indexName(f *File) string {
	_, name := splitPath(f.indexPath())
	return name
}

// An index file is its parts and shards, each packed alone; then the directory,
// as JSON; then the directory's length and xxhash64, 4 and 8 bytes.
type directory struct {
	Schema string    `json:"schema"`
	Rows   int64     `json:"rows"`
	Of     string    `json:"of"` // SHA-256 of the Parquet file
	Parts  []stretch `json:"parts"`
	Shards []stretch `json:"shards"`          // of terms, by their first byte
	Gists  int       `json:"gists,omitempty"` // of sums
}

// stretch is a piece of an index file: where, how long, and its xxhash64.
type stretch [3]uint64

const (
	indexSchema = "bucketlid-index/1"
	indexTail   = 12
	// maxDirectory and maxPart bound what is unpacked of an index: a file of
	// 2²⁰ rows has some tens of megabytes.
	maxDirectory = 1 << 20
	maxPart      = 1 << 30
)

// errIndex says that an index does not hold what it should.
var errIndex = errors.New("the index is damaged")

// IndexError says that an index cannot be used. The file that it is of can be
// read all the same.
type IndexError struct {
	Path string
	Err  error
}

// Error names the index and the next step.
func (e *IndexError) Error() string {
	return fmt.Sprintf("%s: %v; answers are the same without it, and slower: run bucketlid archive compact, which writes it again", e.Path, e.Err)
}

// Unwrap returns the cause.
func (e *IndexError) Unwrap() error { return e.Err }

// Index is an opened index. It serves one goroutine.
type Index struct {
	file *os.File
	path string
	size int64
	dir  directory
}

// HasIndex reports whether a file has an index of the gathering's version.
func (a *Archive) HasIndex(f *File) bool {
	return f.Index != nil && a.gathering.New != nil && f.Index.Version == a.gathering.Version
}

// Index opens the index of a file that HasIndex says has one. The error is an
// *IndexError.
func (a *Archive) Index(f File) (*Index, error) {
	path, err := a.haveIndex(f)
	if err != nil {
		return nil, &IndexError{path, cause(err)}
	}
	x := &Index{path: path}
	if x.file, err = os.Open(path); err == nil {
		err = x.open(&f)
	}
	if err != nil {
		x.Close()
		return nil, &IndexError{path, cause(err)}
	}
	return x, nil
}

func (x *Index) open(f *File) error {
	if err := x.readDirectory(indexSchema); err != nil {
		return err
	}
	if x.size != f.Index.Bytes || x.dir.Of != f.SHA256 || x.dir.Rows != f.Rows || len(x.dir.Shards) != shards {
		return errIndex
	}
	return nil
}

// readDirectory reads where the pieces of an index file are.
func (x *Index) readDirectory(schema string) error {
	info, err := x.file.Stat()
	if err != nil {
		return err
	}
	if x.size = info.Size(); x.size < indexTail {
		return errIndex
	}
	tail := make([]byte, indexTail)
	if _, err := x.file.ReadAt(tail, x.size-indexTail); err != nil {
		return err
	}
	length := int64(binary.LittleEndian.Uint32(tail))
	if length > min(maxDirectory, x.size-indexTail) {
		return errIndex
	}
	text := make([]byte, length)
	if _, err := x.file.ReadAt(text, x.size-indexTail-length); err != nil {
		return err
	}
	if xxhash.Sum64(text) != binary.LittleEndian.Uint64(tail[4:]) || json.Unmarshal(text, &x.dir) != nil {
		return errIndex
	}
	if x.dir.Schema != schema {
		return errIndex
	}
	return nil
}

// Close ends the use of the index.
func (x *Index) Close() {
	if x.file != nil {
		_ = x.file.Close()
	}
}

// Part reads what the gatherer kept, by its place among Parts. The error is an
// *IndexError.
func (x *Index) Part(i int) ([]byte, error) {
	if i >= len(x.dir.Parts) {
		return nil, &IndexError{x.path, errIndex}
	}
	return x.read(x.dir.Parts[i])
}

var unpacker, _ = zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxPart))

func (x *Index) read(s stretch) ([]byte, error) {
	at, length := s[0], s[1]
	if length == 0 {
		return nil, nil
	}
	if at > uint64(x.size) || length > uint64(x.size)-at {
		return nil, &IndexError{x.path, errIndex}
	}
	packed := make([]byte, length)
	if _, err := x.file.ReadAt(packed, int64(at)); err != nil && !errors.Is(err, io.EOF) {
		return nil, &IndexError{x.path, cause(err)}
	}
	if xxhash.Sum64(packed) != s[2] {
		return nil, &IndexError{x.path, errIndex}
	}
	out, err := unpacker.DecodeAll(packed, nil)
	if err != nil {
		return nil, &IndexError{x.path, err}
	}
	return out, nil
}

// indexBuffer is an index file that is being made.
type indexBuffer struct {
	bytes.Buffer
	pack *zstd.Encoder
}

func (b *indexBuffer) put(content []byte) stretch {
	if len(content) == 0 {
		return stretch{}
	}
	at := b.Len()
	b.Write(b.pack.EncodeAll(content, nil))
	return stretch{uint64(at), uint64(b.Len() - at), xxhash.Sum64(b.Bytes()[at:])}
}

// finish puts the directory behind the rest.
func (b *indexBuffer) finish(d *directory) error {
	text, err := json.Marshal(d)
	if err != nil {
		return err
	}
	b.Write(text)
	tail := binary.LittleEndian.AppendUint32(nil, uint32(len(text)))
	b.Write(binary.LittleEndian.AppendUint64(tail, xxhash.Sum64(text)))
	return nil
}

// haveIndex is where a file's index lies, after a Mirror has brought it here.
func (a *Archive) haveIndex(f File) (string, error) {
	path := filepath.Join(a.root, filepath.FromSlash(f.indexPath()))
	if a.fetch == nil {
		return path, nil
	}
	if info, err := os.Stat(path); err == nil && info.Size() == f.Index.Bytes {
		return path, nil
	}
	return path, a.fetch(f.indexPath(), f.Index.SHA256)
}
