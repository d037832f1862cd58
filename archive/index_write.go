// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"slices"

	"github.com/klauspost/compress/zstd"

	"github.com/bucketlid/bucketlid/trail"
)

const (
	// blockRows is the size of the blocks of rows that near terms name.
	blockRows = 1 << 12
	// shards is into how many pieces the terms are parted, so that a question
	// reads few of them.
	shards = 256
	// termBits is how much of a term is kept. Terms that share these bits only
	// make a question read rows in vain.
	termBits = 40
	// nearBit tells terms of blocks from terms of rows.
	nearBit = 1 << (termBits - 1)
	// maxRuns bounds the memory of an index that is being made, to 256 MB.
	maxRuns = 1 << 24
)

// run is a stretch of rows, or of blocks, of one term.
type run struct {
	term        uint64
	first, last uint32
}

// runs gathers the rows of terms. Files are sorted by principal, so that most
// terms of a row were those of the row before.
type runs struct {
	open [1 << 12]run // by term, the last one; term 0 is none
	list []run
}

func (r *runs) add(term uint64, at uint32) {
	open := &r.open[term%uint64(len(r.open))]
	switch {
	case open.term != term:
		if open.term != 0 {
			r.list = append(r.list, *open)
		}
	case at <= open.last+1:
		open.last = at
		return
	default:
		r.list = append(r.list, *open)
	}
	*open = run{term, at, at}
}

// sorted ends gathering: all runs by term and row, those that touch joined.
func (r *runs) sorted() []run {
	for _, open := range r.open {
		if open.term != 0 {
			r.list = append(r.list, open)
		}
	}
	slices.SortFunc(r.list, func(a, b run) int { return cmp.Or(cmp.Compare(a.term, b.term), cmp.Compare(a.first, b.first)) })
	out := r.list[:0]
	for _, one := range r.list {
		if n := len(out); n > 0 && out[n-1].term == one.term && one.first <= out[n-1].last+1 {
			out[n-1].last = max(out[n-1].last, one.last)
			continue
		}
		out = append(out, one)
	}
	return out
}

// indexWriter makes the index of a file that is being written.
type indexWriter struct {
	gatherer Gatherer
	version  int
	account  []byte // of the folder; nil where unknown
	runs     runs
	row      uint32
	header   trail.Header
	// filed and near take the terms of a row.
	filed, near func(term uint64)
	useless     bool // too much, or not to be read: the file gets no index
}

func newIndexWriter(g Gathering, p Partition) *indexWriter {
	if g.New == nil {
		return nil
	}
	x := &indexWriter{gatherer: g.New(), version: g.Version}
	if p.Account != Unknown {
		x.account = []byte(p.Account)
	}
	x.filed = func(term uint64) { x.runs.add(term%nearBit+1, x.row) }
	x.near = func(term uint64) { x.runs.add(term%nearBit|nearBit, x.row/blockRows) }
	return x
}

// writeDrafts notes drafts, whose rows are given too.
func (x *indexWriter) writeDrafts(drafts []placed, rows []Row) {
	if x == nil || x.useless {
		return
	}
	if slices.ContainsFunc(drafts, func(d placed) bool { return d.apart }) {
		x.write(rows)
		return
	}
	for _, d := range drafts {
		d.header(&x.header, d.chunk.entries, x.account)
		x.gatherer.Note(d.chunk.file, &x.header, d.record(), x.filed, x.near)
		x.row++
	}
	x.useless = len(x.runs.list) > maxRuns
}

// write notes rows as they will be read: as trail.Scan hands them on.
func (x *indexWriter) write(rows []Row) {
	if x == nil || x.useless || len(rows) == 0 {
		return
	}
	err := scanRows(rows, x.account, func(i int, h *trail.Header, raw []byte) {
		x.gatherer.Note(rows[i].SourceFile, h, raw, x.filed, x.near)
		x.row++
	})
	x.useless = err != nil || len(x.runs.list) > maxRuns
}

// finish writes the index of a finished file beside it; nil where there is none.
func (x *indexWriter) finish(root string, f *File) (*IndexFile, error) {
	if x == nil || x.useless || int64(x.row) != f.Rows {
		return nil, nil
	}
	parts, ok := x.gatherer.Parts()
	if !ok {
		return nil, nil
	}
	pack, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	b := indexBuffer{pack: pack}
	d := directory{Schema: indexSchema, Rows: f.Rows, Of: f.SHA256}
	for _, part := range parts {
		d.Parts = append(d.Parts, b.put(part))
	}
	sorted := x.runs.sorted()
	for shard := range uint64(shards) {
		n := 0
		for n < len(sorted) && sorted[n].term>>(termBits-8) == shard {
			n++
		}
		d.Shards = append(d.Shards, b.put(packRuns(sorted[:n])))
		sorted = sorted[n:]
	}
	if err := b.finish(&d); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(b.Bytes())
	made := &IndexFile{Bytes: int64(b.Len()), SHA256: hex.EncodeToString(sum[:]), Version: x.version}
	at := *f
	at.Index = made
	return made, putFile(filepath.Join(root, filepath.FromSlash(at.indexPath())), b.Bytes())
}

// packRuns writes the runs of a shard: for each term its distance to the one
// before, how many runs it has, and of each the gap before and the length.
func packRuns(list []run) []byte {
	var out []byte
	var last uint64
	for len(list) > 0 {
		n := 1
		for n < len(list) && list[n].term == list[0].term {
			n++
		}
		out = binary.AppendUvarint(out, list[0].term-last)
		out = binary.AppendUvarint(out, uint64(n))
		last = list[0].term
		var end uint32
		for _, one := range list[:n] {
			out = binary.AppendUvarint(out, uint64(one.first-end))
			out = binary.AppendUvarint(out, uint64(one.last-one.first))
			end = one.last
		}
		list = list[n:]
	}
	return out
}

// putFile puts content under a name by a rename.
func putFile(target string, content []byte) error {
	file, err := os.CreateTemp(filepath.Dir(target), tempPrefix+"*")
	if err != nil {
		return writeError(target, err)
	}
	defer os.Remove(file.Name()) // gone already if all went well
	_, err = file.Write(content)
	if err = errors.Join(err, file.Chmod(0o644), file.Sync(), file.Close()); err == nil {
		err = os.Rename(file.Name(), target)
	}
	if err != nil {
		return writeError(target, err)
	}
	return nil
}
