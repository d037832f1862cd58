// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
)

// write makes one file of the chunks' rows that are new, and commits it. No
// other goroutine writes the same partition meanwhile.
func (l *Loader) write(p Partition, chunks []*chunk) error {
	set, err := l.idsOf(p)
	if err != nil {
		return err
	}
	rows, duplicates := fresh(chunks, set.ids)
	c := &change{}
	if len(rows) > 0 {
		inOrder(rows)
		f, err := l.archive.writeDrafts(p, rows)
		if err != nil {
			return err
		}
		c.add = []File{f}
	}
	l.mu.Lock()
	set.size = len(set.ids)
	for _, chunk := range chunks {
		chunk.object.pending--
		l.complete(chunk.object)
	}
	c.sources, l.ready = l.ready, nil
	c.unread, l.unread = l.unread, nil
	l.mu.Unlock()
	if err := l.archive.commit(c); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.loaded.Duplicates += duplicates
	for _, f := range c.add {
		l.touched[p] = true
		l.loaded.Files++
		l.loaded.Added += f.Rows
		l.loaded.Bytes += f.Bytes
		l.loaded.RawBytes += f.RawBytes
	}
	return nil
}

// placed is a draft with its chunk, and the place of its principal_key among
// those of the file.
type placed struct {
	*draft
	chunk *chunk
	rank  int
}

// fresh is the drafts whose identities are not in ids, which it adds to it.
func fresh(chunks []*chunk, ids map[identity]struct{}) (rows []placed, duplicates int64) {
	n := 0
	for _, c := range chunks {
		n += len(c.drafts)
	}
	rows = make([]placed, 0, n)
	for _, c := range chunks {
		for i := range c.drafts {
			d := &c.drafts[i]
			if _, known := ids[d.identity]; known {
				duplicates++
				continue
			}
			ids[d.identity] = struct{}{}
			rows = append(rows, placed{draft: d, chunk: c})
		}
	}
	return rows, duplicates
}

func (p *placed) key() string { return p.chunk.entries[p.words[wordKey]].column }

// inOrder sorts drafts as compareRows does rows.
func inOrder(rows []placed) {
	ranks := map[string]int{}
	for i := range rows {
		ranks[rows[i].key()] = 0
	}
	for rank, key := range slices.Sorted(maps.Keys(ranks)) {
		ranks[key] = rank
	}
	for i := range rows {
		rows[i].rank = ranks[rows[i].key()]
	}
	slices.SortFunc(rows, func(a, b placed) int {
		if c := cmp.Compare(a.rank, b.rank); c != 0 {
			return c
		}
		if c := cmp.Compare(a.time, b.time); c != 0 {
			return c
		}
		return bytes.Compare(a.at(placeEventID), b.at(placeEventID))
	})
}

// compareRows is the order within a file: what one principal did, by time.
func compareRows(a, b *Row) int {
	if c := cmp.Compare(a.PrincipalKey, b.PrincipalKey); c != 0 {
		return c
	}
	if c := cmp.Compare(a.EventTime, b.EventTime); c != 0 {
		return c
	}
	return bytes.Compare(a.EventID, b.EventID)
}

func (a *Archive) writeDrafts(p Partition, drafts []placed) (File, error) {
	w, err := a.newFile(p, quick)
	if err != nil {
		return File{}, err
	}
	rows := make([]Row, writeBatch)
	for part := range slices.Chunk(drafts, writeBatch) {
		for i, d := range part {
			d.row(&rows[i], d.chunk.entries, d.chunk.file)
		}
		if err := w.writeDrafts(part, rows[:len(part)]); err != nil {
			w.discard()
			return File{}, err
		}
	}
	return w.finish()
}

// idsOf is the identities of a partition, read from its files unless they are
// still in memory.
func (l *Loader) idsOf(p Partition) (*idSet, error) {
	l.mu.Lock()
	l.clock++
	set := l.ids[p]
	if set != nil {
		set.used = l.clock
		l.mu.Unlock()
		return set, nil
	}
	l.forgetIDs()
	l.mu.Unlock()

	l.archive.mu.Lock()
	files := l.archive.state.within(p)
	l.archive.mu.Unlock()
	set = &idSet{ids: map[identity]struct{}{}}
	for _, f := range files {
		path, err := l.archive.have(f)
		if err == nil {
			err = readIDs(path, f.WithoutID, set.ids)
		}
		if err != nil {
			return nil, err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	set.used, set.size = l.clock, len(set.ids)
	l.ids[p] = set
	return set, nil
}

// forgetIDs drops the sets that were not used for longest, of partitions that
// are not being written, until there is room for more.
func (l *Loader) forgetIDs() {
	total := 0
	for _, set := range l.ids {
		total += set.size
	}
	for total > maxIDs {
		var oldest Partition
		found := false
		for p, set := range l.ids {
			if b := l.buffers[p]; b != nil && b.writing {
				continue
			}
			if !found || set.used < l.ids[oldest].used {
				oldest, found = p, true
			}
		}
		if !found {
			return
		}
		total -= l.ids[oldest].size
		delete(l.ids, oldest)
	}
}
