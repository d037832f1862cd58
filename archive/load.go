// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"errors"
	"runtime"
	"sync"

	"github.com/bucketlid/bucketlid/trail"
)

// LoadOptions bound a load. The zero value means the defaults.
type LoadOptions struct {
	// Buffer is how many bytes of records are held before files are written;
	// 0 means 160 MiB. A load takes about four times this.
	Buffer int64
	// Partition is how many bytes of one partition are held at most; 0 means
	// half of Buffer.
	Partition int64
}

func (o LoadOptions) withDefaults() LoadOptions {
	if o.Buffer <= 0 {
		o.Buffer = 160 << 20
	}
	if o.Partition <= 0 {
		o.Partition = o.Buffer / 2
	}
	return o
}

// Loaded counts what a load did.
type Loaded struct {
	Records    int64 // records read
	Added      int64 // rows written
	Duplicates int64 // records that were in the archive already, or came twice
	Files      int64 // files written, compaction not counted
	Bytes      int64 // their size
	RawBytes   int64 // of the records added, as they were read
}

// Loader adds records to an archive. Loading a record twice changes nothing:
// within an account and a day, an eventID is kept once.
type Loader struct {
	archive *Archive
	opts    LoadOptions

	mu       sync.Mutex
	settled  sync.Cond // a partition was written
	buffers  map[Partition]*buffer
	held     int64 // bytes of all buffers, those being written not counted
	ready    []Source
	unread   []pieces
	ids      map[Partition]*idSet
	clock    int64 // ticks with each use of an idSet
	loaded   Loaded
	failed   error
	touched  map[Partition]bool
	finished bool
}

// buffer is what is held of one partition.
type buffer struct {
	chunks  []*chunk
	bytes   int64
	writing bool // at most one file of a partition is made at a time
}

// chunk is some rows of one partition from one log object.
type chunk struct {
	drafts  []draft
	entries []entry // of their words
	file    string  // source_file
	arena   arena
	bytes   int64
	object  *object
}

// object is a log object being read.
type object struct {
	source  Source
	pending int  // chunks that are in no file yet
	whole   bool // read to its end, nothing left out
}

// Load begins a load. The archive must have been opened by OpenWriter. Close
// ends it; records count as loaded only then.
func (a *Archive) Load(opts LoadOptions) (*Loader, error) {
	if !a.writes {
		return nil, errors.New("the archive was opened for reading")
	}
	l := &Loader{archive: a, opts: opts.withDefaults(), buffers: map[Partition]*buffer{}, ids: map[Partition]*idSet{}, touched: map[Partition]bool{}}
	l.settled.L = &l.mu
	return l, nil
}

// Known reports whether a log object of this name was loaded before, and
// whether it had this content, given as the SHA-256 of its stored bytes. Without
// sum it tells whether the name is known at all.
func (l *Loader) Known(name, sum string) bool {
	l.archive.mu.Lock()
	defer l.archive.mu.Unlock()
	content, ok := l.archive.state.sources[digestOf(sourceName(name))]
	return ok && (sum == "" || content == digestOf(sum))
}

// Reader takes the records of one log object after the other. One serves one
// goroutine; a Loader may have many.
type Reader struct {
	loader  *Loader
	convert *converter
	day     dayText
	chunks  map[Partition]*chunk
	last    Partition
	current *chunk // that of last
	object  *object
	file    string
	usual   int // how many records the chunk before had
	records int64
}

// Reader makes a reader for a goroutine.
func (l *Loader) Reader() *Reader {
	return &Reader{loader: l, convert: newConverter(), chunks: map[Partition]*chunk{}}
}

// chunkBytes is when a chunk is handed over before its object ends.
const chunkBytes = 1 << 20

// usualDrafts bounds for how many records a chunk has room from its beginning.
const usualDrafts = 256

// Begin starts a log object.
func (r *Reader) Begin(name string) {
	r.object = &object{source: Source{Name: sourceName(name)}}
	r.file = columnText(name)
}

// Add takes a record as trail.Scan hands it on.
func (r *Reader) Add(h *trail.Header, raw []byte) error {
	r.records++
	p := partition(h, &r.day)
	if r.current == nil || p != r.last {
		r.last, r.current = p, r.chunks[p]
		if r.current == nil {
			r.current = &chunk{object: r.object, file: r.file, drafts: make([]draft, 0, r.usual)}
			r.chunks[p] = r.current
		}
	}
	c := r.current
	c.drafts = append(c.drafts, draft{})
	d := &c.drafts[len(c.drafts)-1]
	r.convert.draft(d, &c.arena, h, raw)
	c.bytes += d.cost()
	switch {
	case r.convert.full():
		err := r.hand()
		r.convert = newConverter()
		return err
	case c.bytes >= chunkBytes:
		return r.hand()
	}
	return nil
}

// hand hands the chunks over.
func (r *Reader) hand() error {
	chunks := r.chunks
	r.chunks, r.current = map[Partition]*chunk{}, nil
	known := len(r.convert.words.entries)
	for _, c := range chunks {
		c.entries = r.convert.words.entries[:known:known]
		r.usual = min(len(c.drafts), usualDrafts)
	}
	return r.loader.take(chunks)
}

// End finishes the log object. sum is the SHA-256 of its size stored bytes;
// whole says that it was read to its end and nothing of it was skipped. Only
// then it is not read again by the next load.
func (r *Reader) End(size int64, sum string, whole bool) error {
	r.object.source.Size, r.object.source.SHA256 = size, sum
	l := r.loader
	l.mu.Lock()
	l.loaded.Records += r.records
	r.records = 0
	r.object.whole = whole
	l.mu.Unlock()
	if err := r.hand(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.complete(r.object)
	return nil
}

// complete notes an object as read once all its rows are in files. It is called
// when the object ends and when a file was made; the last call tells.
func (l *Loader) complete(o *object) {
	if o.pending == 0 && o.whole {
		o.whole = false
		l.ready = append(l.ready, o.source)
	}
}

// take adds chunks to their partitions' buffers, and writes files while too much
// is held.
func (l *Loader) take(chunks map[Partition]*chunk) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for p, c := range chunks {
		b := l.buffers[p]
		if b == nil {
			b = &buffer{}
			l.buffers[p] = b
		}
		b.chunks = append(b.chunks, c)
		b.bytes += c.bytes
		l.held += c.bytes
		c.object.pending++
	}
	return l.relieve(false)
}

// relieve writes the largest buffers until little enough is held, or all. It is
// called with the lock, and lets it go while it writes.
func (l *Loader) relieve(all bool) error {
	for l.failed == nil {
		p, found := l.largest()
		b := l.buffers[p]
		over := l.held > l.opts.Buffer || found && b.bytes > l.opts.Partition
		switch {
		case !all && !over, all && len(l.buffers) == 0:
			return nil
		case !found: // others write all that could be written
			if !all && l.held < 2*l.opts.Buffer {
				return nil
			}
			l.settled.Wait()
			continue
		}
		chunks := b.chunks
		l.held -= b.bytes
		b.chunks, b.bytes, b.writing = nil, 0, true
		l.mu.Unlock()
		err := l.write(p, chunks)
		l.mu.Lock()
		b.writing = false
		if len(b.chunks) == 0 {
			delete(l.buffers, p)
		}
		if l.failed == nil {
			l.failed = err
		}
		l.settled.Broadcast()
	}
	return l.failed
}

// largest is the partition of which most is held and that is not being written.
func (l *Loader) largest() (best Partition, found bool) {
	var most int64
	for p, b := range l.buffers {
		if !b.writing && b.bytes > most {
			best, most, found = p, b.bytes, true
		}
	}
	return best, found
}

// Close writes everything that is held and tells what was loaded. After an
// error the archive holds what was written before; the rest can be loaded again.
func (l *Loader) Close() (Loaded, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.finished {
		return l.loaded, l.failed
	}
	l.finished = true
	l.mu.Unlock()
	var writers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		writers.Go(l.drain)
	}
	writers.Wait()
	l.mu.Lock()
	if l.failed == nil {
		l.failed = l.archive.commit(&change{sources: l.ready, unread: l.unread})
	}
	return l.loaded, l.failed
}

func (l *Loader) drain() {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.relieve(true) // kept in failed
}

// Touched lists the partitions that got files.
func (l *Loader) Touched() []Partition {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []Partition
	for p := range l.touched {
		out = append(out, p)
	}
	return out
}

// Written tells what was loaded so far: what the archive holds if the load ends
// here.
func (l *Loader) Written() Loaded {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.loaded
}
