// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"sync"

	"github.com/parquet-go/parquet-go"
	"golang.org/x/sync/errgroup"
)

const (
	// fileRows is how many rows a file should have: enough that Athena and Trino
	// read few files, few enough that one is soon written again.
	fileRows = 1 << 20
	// mergeFiles is how many files are merged at once; each takes about 2 MB of
	// memory.
	mergeFiles = 32
	// crowded is how many small files of one partition a load leaves alone.
	crowded = 8
)

// Compacted counts what a compaction did.
type Compacted struct {
	Partitions    int
	Before, After int // files
	Rows          int64
}

// Compact merges the small files of each partition, or of those in only when
// it is not nil, into larger ones. atLeast is the number of small files below
// which a partition is left as it is; 0 means 2. The archive must have been
// opened by OpenWriter. Each merge is one change: an end of ctx, an error or a
// kill leaves what was merged before.
func (a *Archive) Compact(ctx context.Context, only []Partition, atLeast int) (Compacted, error) {
	if !a.writes {
		return Compacted{}, errors.New("the archive was opened for reading")
	}
	var done Compacted
	var mu sync.Mutex
	workers, ctx := errgroup.WithContext(ctx)
	workers.SetLimit(runtime.GOMAXPROCS(0))
	for _, p := range a.Partitions() {
		if only != nil && !slices.Contains(only, p) {
			continue
		}
		a.mu.Lock()
		files := a.state.within(p)
		a.mu.Unlock()
		groups := mergeable(files, max(atLeast, 2))
		if len(groups) > 0 {
			done.Partitions++
		}
		for _, group := range groups {
			workers.Go(func() error {
				made, err := a.merge(ctx, p, group)
				if err != nil {
					return err
				}
				mu.Lock()
				defer mu.Unlock()
				done.Before += len(group)
				done.After++
				done.Rows += made.Rows
				return nil
			})
		}
	}
	err := workers.Wait()
	return done, err
}

// CompactAfterLoad merges the partitions that a load left crowded with small
// files.
func (a *Archive) CompactAfterLoad(ctx context.Context, touched []Partition) (Compacted, error) {
	return a.Compact(ctx, touched, crowded)
}

// Partitions lists the folders of the archive, by account and day.
func (a *Archive) Partitions() []Partition {
	var out []Partition
	for _, f := range a.Files() {
		if p := f.Partition(); len(out) == 0 || out[len(out)-1] != p {
			out = append(out, p)
		}
	}
	return out
}

// mergeable groups the small ones of files, smallest first.
func mergeable(files []File, atLeast int) [][]File {
	small := slices.DeleteFunc(slices.Clone(files), func(f File) bool { return f.Rows > fileRows/2 })
	if len(small) < atLeast {
		return nil
	}
	slices.SortStableFunc(small, func(a, b File) int { return int(a.Rows - b.Rows) })
	var out [][]File
	var group []File
	var rows int64
	for _, f := range small {
		if len(group) == mergeFiles || rows+f.Rows > fileRows {
			out, group, rows = append(out, group), nil, 0
		}
		group, rows = append(group, f), rows+f.Rows
	}
	out = append(out, group)
	return slices.DeleteFunc(out, func(g []File) bool { return len(g) < 2 })
}

// merge writes one file in the place of several, keeping their order.
func (a *Archive) merge(ctx context.Context, p Partition, files []File) (made File, err error) {
	defer recovered(p.Dir(), &err)
	var inputs merging
	defer func() {
		for _, in := range inputs {
			in.close()
		}
	}()
	var want int64
	for _, f := range files {
		want += f.Rows
		path, err := a.have(f)
		if err != nil {
			return File{}, err
		}
		in, err := openInput(path)
		if err != nil {
			return File{}, err
		}
		if in != nil {
			inputs = append(inputs, in)
		}
	}
	heap.Init(&inputs)
	w, err := a.newFile(p, dense)
	if err != nil {
		return File{}, err
	}
	if err := inputs.copy(ctx, w); err != nil {
		w.discard()
		return File{}, err
	}
	if w.made.Rows != want {
		w.discard()
		return File{}, damaged(p.Dir(), fmt.Errorf("%d rows read, the manifest counts %d", w.made.Rows, want))
	}
	if made, err = w.finish(); err != nil {
		return File{}, err
	}
	c := &change{add: []File{made}}
	for _, f := range files {
		c.remove = append(c.remove, f.Path)
	}
	if err := a.commit(c); err != nil {
		return File{}, err
	}
	a.drop(files)
	return made, nil
}

// input is a file being merged.
type input struct {
	file   *os.File
	reader *parquet.GenericReader[Row]
	rows   []Row
	next   int
}

// openInput opens a file at its first row; nil if it has none.
func openInput(path string) (in *input, err error) {
	defer recovered(path, &err)
	file, err := os.Open(path)
	if err != nil {
		return nil, damaged(path, err)
	}
	in = &input{file: file, reader: parquet.NewGenericReader[Row](file)}
	more, err := in.fill()
	if err != nil || !more {
		in.close()
		return nil, err
	}
	return in, nil
}

// fill reads the next rows. Their texts must not share memory with those
// before, which are still to be written.
func (in *input) fill() (more bool, err error) {
	in.rows, in.next = make([]Row, readBatch), 0
	n, err := in.reader.Read(in.rows)
	in.rows = in.rows[:n]
	if err != nil && !errors.Is(err, io.EOF) {
		return false, damaged(in.file.Name(), err)
	}
	return n > 0, nil
}

func (in *input) close() {
	_ = in.reader.Close()
	_ = in.file.Close()
}

// merging is a heap of inputs by their next rows.
type merging []*input

// Len, Less, Swap, Push and Pop make it a heap.Interface.
func (m merging) Len() int { return len(m) }

// Less compares the next rows.
func (m merging) Less(i, j int) bool {
	return compareRows(&m[i].rows[m[i].next], &m[j].rows[m[j].next]) < 0
}

// Swap swaps two.
func (m merging) Swap(i, j int) { m[i], m[j] = m[j], m[i] }

// Push adds one.
func (m *merging) Push(x any) { *m = append(*m, x.(*input)) }

// Pop takes the last off.
func (m *merging) Pop() any {
	last := (*m)[len(*m)-1]
	*m = (*m)[:len(*m)-1]
	return last
}

// copy writes all rows in order.
func (m *merging) copy(ctx context.Context, w *fileWriter) error {
	batch := make([]Row, 0, writeBatch)
	for m.Len() > 0 {
		in := (*m)[0]
		batch = append(batch, in.rows[in.next])
		in.next++
		if err := m.advance(in); err != nil {
			return err
		}
		if len(batch) < writeBatch && m.Len() > 0 {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := w.write(batch); err != nil {
			return err
		}
		batch = batch[:0]
	}
	return nil
}

// advance puts the first input where its next row belongs, or takes it out.
func (m *merging) advance(in *input) error {
	if in.next < len(in.rows) {
		heap.Fix(m, 0)
		return nil
	}
	more, err := in.fill()
	if err != nil {
		return err
	}
	if more {
		heap.Fix(m, 0)
		return nil
	}
	heap.Pop(m)
	in.close()
	return nil
}
