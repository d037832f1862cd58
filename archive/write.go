// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	parquetzstd "github.com/parquet-go/parquet-go/compress/zstd"
)

// Sizes of what is written. Row groups are small so that a question for one
// user, address, bucket or event reads few of the others' rows.
const (
	rowGroupRows = 1 << 15
	pageBytes    = 64 << 10
	maxDictBytes = 1 << 20
	bloomBits    = 10 // of each distinct value: one in a hundred groups is read in vain
	writeBatch   = 128
)

var (
	sortedBy     = []string{"principal_key", "event_time", "event_id"}
	bloomColumns = []string{"principal", "principal_key", "user_name", "source_ip", "bucket", "event_id", "access_key_id"}
)

// packing is how hard the bytes are packed: a load must keep up with the logs, a
// merge may take its time.
type packing int

const (
	quick packing = iota
	dense
)

// codecs pack pages. A window makes the quick one take a page of up to 128 KiB as
// one block, without a copy; and it packs what repeats nothing but has few
// letters: ids.
var codecs = [...]*codec{
	quick: newCodec(zstd.WithWindowSize(1<<20), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithAllLitEntropyCompression(true)),
	dense: newCodec(zstd.WithEncoderLevel(zstd.SpeedDefault)),
}

// codec is parquet-go's for Zstandard with an encoder of other settings, which
// all files share.
type codec struct {
	parquetzstd.Codec
	encoder *zstd.Encoder
}

func newCodec(options ...zstd.EOption) *codec {
	options = append(options, zstd.WithZeroFrames(true), zstd.WithEncoderCRC(false))
	encoder, err := zstd.NewWriter(nil, options...)
	if err != nil {
		panic(err) // the options are constants
	}
	return &codec{encoder: encoder}
}

// Encode implements compress.Codec.
func (c *codec) Encode(dst, src []byte) ([]byte, error) {
	return c.encoder.EncodeAll(src, dst[:0]), nil
}

func writerOptions(how packing) []parquet.WriterOption {
	var blooms []parquet.BloomFilterColumn
	for _, name := range bloomColumns {
		blooms = append(blooms, parquet.SplitBlockFilter(bloomBits, name))
	}
	var sorting []parquet.SortingColumn
	for _, name := range sortedBy {
		sorting = append(sorting, parquet.Ascending(name))
	}
	return []parquet.WriterOption{
		parquet.Compression(codecs[how]),
		parquet.MaxRowsPerRowGroup(rowGroupRows),
		parquet.PageBufferSize(pageBytes),
		parquet.DictionaryMaxBytes(maxDictBytes),
		parquet.BloomFilters(blooms...),
		parquet.SortingWriterConfig(parquet.SortingColumns(sorting...)),
		parquet.SkipPageBounds("raw"), parquet.SkipPageBounds("raw_bytes"),
		parquet.SkipPageStatistics("raw"), parquet.SkipPageStatistics("raw_bytes"),
		parquet.CreatedBy("bucketlid", "1", "archive"),
	}
}

// parquetWriter makes a writer for one file. One that was reset leaves the next
// file's columns without their names (path_in_schema) and its sorting columns
// wrong, at parquet-go 0.32: Trino refuses such a file.
func parquetWriter(how packing, w io.Writer) *parquet.GenericWriter[Row] {
	return parquet.NewGenericWriter[Row](w, writerOptions(how)...)
}

// tempPrefix begins the names of files that are being written.
const tempPrefix = ".tmp-"

// fileWriter writes one Parquet file. Nothing is seen of it before finish.
type fileWriter struct {
	root  string
	part  Partition
	file  *os.File
	hash  hash.Hash
	buf   *bufio.Writer
	rows  *parquet.GenericWriter[Row]
	made  File
	size  int64
	index *indexWriter // nil: none is wanted
}

func (a *Archive) newFile(p Partition, how packing) (*fileWriter, error) {
	root := a.root
	dir := filepath.Join(root, filepath.FromSlash(p.Dir()))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, writeError(dir, err)
	}
	file, err := os.CreateTemp(dir, tempPrefix+"*")
	if err != nil {
		return nil, writeError(dir, err)
	}
	w := &fileWriter{root: root, part: p, file: file, hash: sha256.New(), index: newIndexWriter(a.gathering, p)}
	w.buf = bufio.NewWriterSize(io.MultiWriter(file, w.hash, (*counter)(&w.size)), 256<<10)
	w.rows = parquetWriter(how, w.buf)
	return w, nil
}

type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// write adds rows, which come in the order of sortedBy.
func (w *fileWriter) write(rows []Row) error {
	w.index.write(rows)
	return w.add(rows)
}

// writeDrafts is write for rows of which there are still drafts.
func (w *fileWriter) writeDrafts(drafts []placed, rows []Row) error {
	w.index.writeDrafts(drafts, rows)
	return w.add(rows)
}

func (w *fileWriter) add(rows []Row) error {
	for i := range rows {
		w.made.note(&rows[i])
	}
	if _, err := w.rows.Write(rows); err != nil {
		return writeError(w.file.Name(), err)
	}
	return nil
}

// finish puts the file under its name, which its content gives. Until the
// manifest names it, it does not belong to the archive.
func (w *fileWriter) finish() (File, error) {
	temp := w.file.Name()
	err := w.rows.Close()
	if err == nil {
		err = w.buf.Flush()
	}
	if err == nil {
		err = w.file.Chmod(0o644)
	}
	if err == nil {
		err = w.file.Sync()
	}
	if err = errors.Join(err, w.file.Close()); err != nil {
		_ = os.Remove(temp)
		return File{}, writeError(temp, err)
	}
	sum := hex.EncodeToString(w.hash.Sum(nil))
	w.made.SHA256, w.made.Bytes = sum, w.size
	w.made.Path = w.part.Dir() + "/part-" + sum[:32] + ".parquet"
	target := filepath.Join(w.root, filepath.FromSlash(w.made.Path))
	if err := os.Rename(temp, target); err != nil {
		_ = os.Remove(temp)
		return File{}, writeError(target, err)
	}
	if w.made.Index, err = w.index.finish(w.root, &w.made); err != nil {
		return File{}, err
	}
	return w.made, syncDir(filepath.Dir(target))
}

// discard forgets the file.
func (w *fileWriter) discard() {
	_ = w.file.Close()
	_ = os.Remove(w.file.Name())
}

func writeError(path string, err error) error {
	return fmt.Errorf("%w; the archive is as it was after the last complete step: when there is room, run the same command again", &os.PathError{Op: "write", Path: path, Err: cause(err)})
}

// cause drops a path that an error names already.
func cause(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// syncDir makes a rename last through a loss of power.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return writeError(dir, err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, os.ErrInvalid) {
		return writeError(dir, err)
	}
	return nil
}
