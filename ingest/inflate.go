// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"bufio"
	"errors"
	"io"
	"os"
	"sync"

	"github.com/bucketlid/bucketlid/ingest/deflate"
)

// DefaultMaxUnpacked is the cap on the unpacked bytes of one object: 1 GiB.
const DefaultMaxUnpacked int64 = 1 << 30

const (
	// maxRatio caps unpacked to stored bytes, beyond the first ratioFree
	// unpacked bytes. Logs reach 5 to 30.
	maxRatio  = 1000
	ratioFree = 64 << 20
	// maxLayers is how often content is unwrapped: packed, and packed again
	// by whoever moved it.
	maxLayers = 2
	// readBuffer holds most log objects whole.
	readBuffer = 128 << 10
)

// Reader gives the unpacked bytes of one object. It is not safe for use by
// several goroutines at once.
type Reader struct {
	m        *machine
	packed   int64
	unpacked int64
	limit    int64
	err      error
}

// machine is what unpacking needs and is worth keeping: buffers, windows and
// tables. It lives in a pool between two objects.
type machine struct {
	src    source
	in     *bufio.Reader // over src
	layers [maxLayers]layer
	limit  int64     // on the bytes that a layer gives
	depth  int       // layers in use
	top    io.Reader // the innermost layer, or in when the content is plain
	head   [sniffLen]byte
	inner  *bufio.Reader // between two layers, made when first needed
	rest   []byte        // bytes of head not yet delivered
	after  error         // what follows rest

	deflate *deflate.Decoder // made when first needed
	buf     []byte           // an object that whole unpacked
}

var machines = sync.Pool{New: func() any {
	m := &machine{}
	m.in = bufio.NewReaderSize(&m.src, readBuffer)
	return m
}}

// source counts the stored bytes and remembers its own failure, which must not
// be taken for damage of the content.
type source struct {
	r    io.Reader
	n    int64
	done error // how it ended: asking again gives the same
}

func (s *source) Read(p []byte) (int, error) {
	if s.done != nil {
		return 0, s.done
	}
	var n int
	n, s.done = s.r.Read(p)
	s.n += int64(n)
	return n, s.done
}

// failed returns the source's own failure, nil when it has none.
func (s *source) failed() error {
	if s.done == io.EOF {
		return nil
	}
	return s.done
}

// Inflate unpacks r as it is read. It goes by content, never by a name: gzip of
// one or more members, with or without zero padding behind them, and zstd are
// unpacked, at most twice; everything else is passed through.
//
// limit caps the unpacked bytes; 0 or less means DefaultMaxUnpacked. Plain
// content is not capped, for it does not grow. Read ends with a *BombError
// beyond the cap, with a *CorruptError where content is damaged, cut off or an
// archive that is not read, and with r's own error where r fails; every byte
// before that is delivered first.
//
// Close gives the buffers back for the next object. It does not close r.
func Inflate(r io.Reader, limit int64) *Reader {
	if limit <= 0 {
		limit = DefaultMaxUnpacked
	}
	m := machines.Get().(*machine)
	m.src = source{r: r}
	m.in.Reset(&m.src)
	m.limit, m.depth, m.top, m.rest, m.after = limit, 0, nil, nil, nil
	return &Reader{m: m, limit: limit}
}

// Packed returns the stored bytes read so far. Read ahead of the unpacked bytes
// counts too.
func (r *Reader) Packed() int64 {
	if r.m != nil {
		return r.m.src.n
	}
	return r.packed
}

// Unpacked returns the bytes delivered so far.
func (r *Reader) Unpacked() int64 { return r.unpacked }

// Close gives the buffers back. Read fails with os.ErrClosed afterwards.
func (r *Reader) Close() error {
	if m := r.m; m != nil {
		r.packed, r.m, r.err = m.src.n, nil, os.ErrClosed
		m.release()
		machines.Put(m)
	}
	return nil
}

// release lets go of everything that belongs to the object.
func (m *machine) release() {
	m.src = source{}
	for i := range m.layers {
		m.layers[i].release()
	}
	m.in.Reset(&m.src)
	if m.inner != nil {
		m.inner.Reset(nil)
	}
	m.top, m.rest, m.after = nil, nil, nil
	if len(m.buf) > keptWhole {
		m.buf = nil
	}
}

// Read gives the next unpacked bytes.
func (r *Reader) Read(p []byte) (int, error) {
	if r.err != nil || len(p) == 0 {
		return 0, r.err
	}
	if r.m.top == nil {
		if n, ok := r.m.whole(p, r.limit); ok {
			r.unpacked += int64(n)
			return n, nil
		}
		if err := r.m.start(); err != nil {
			return 0, r.fail(err)
		}
	}
	n, err := r.next(p)
	r.unpacked += int64(n)
	if err == nil {
		err = r.m.overCap()
	}
	if err != nil {
		r.err = r.fail(err)
	}
	return n, r.err
}

// next reads within the cap. At the cap it asks for one byte more, to tell an
// object that just fits from one that does not.
func (r *Reader) next(p []byte) (int, error) {
	if r.m.depth == 0 {
		return r.m.read(p)
	}
	left := r.limit - r.unpacked
	if left > 0 {
		return r.m.read(p[:min(int64(len(p)), left)])
	}
	var one [1]byte
	for {
		n, err := r.m.read(one[:])
		if n > 0 {
			return 0, &BombError{Packed: r.m.src.n, Unpacked: r.unpacked, Limit: r.limit}
		}
		if err != nil {
			return 0, err
		}
	}
}

// overCap tells whether a layer gave more than is allowed. An inner layer may
// swallow what the outer one gives, so each is looked at.
func (m *machine) overCap() error {
	for i := range m.depth {
		n := m.layers[i].n
		if n > ratioFree && n/maxRatio > m.src.n {
			return &BombError{Packed: m.src.n, Unpacked: n}
		}
		// An outer layer is read ahead of the inner one.
		if n > m.limit+2*readBuffer {
			return &BombError{Packed: m.src.n, Unpacked: n, Limit: m.limit}
		}
	}
	return nil
}

// fail makes a decoder's error one of this package's and keeps it.
func (r *Reader) fail(err error) error {
	if own := r.m.src.failed(); own != nil {
		err = own
	} else if err != io.EOF {
		err = r.explain(err)
	}
	r.err = err
	return err
}

func (r *Reader) explain(err error) error {
	var bomb *BombError
	if errors.As(err, &bomb) {
		return bomb
	}
	var bad *CorruptError
	if !errors.As(err, &bad) {
		bad = &CorruptError{Reason: "cannot be unpacked", Err: err}
	}
	bad.Offset = r.unpacked
	return bad
}

// read gives the bytes of head that are still to be delivered, then the rest.
func (m *machine) read(p []byte) (int, error) {
	if len(m.rest) > 0 {
		n := copy(p, m.rest)
		m.rest = m.rest[n:]
		return n, nil
	}
	if m.after != nil {
		return 0, m.after
	}
	return m.top.Read(p)
}

// start looks at the first bytes and lays one layer for each packing.
func (m *machine) start() error {
	// A failure of the source comes again when what it gave is used up.
	head, _ := m.in.Peek(sniffLen)
	m.top = m.in
	in := m.in
	for {
		pack, name := sniff(head)
		switch {
		case pack == packPlain:
			return nil
		case pack == packForeign:
			return &CorruptError{Reason: name + " archives are not read; unpack first"}
		case m.depth == maxLayers:
			return &CorruptError{Reason: "packed more than twice; unpack first"}
		}
		if m.depth > 0 {
			in = m.between()
		}
		l := &m.layers[m.depth]
		m.depth++
		l.start(pack, in)
		m.top = l
		head = m.peekLayer(l)
	}
}

// between gives the bytes of the layer so far, buffered, to the next layer.
func (m *machine) between() *bufio.Reader {
	src := &joint{m: m, head: append([]byte(nil), m.rest...), after: m.after, r: m.top}
	m.rest, m.after = nil, nil
	if m.inner == nil {
		m.inner = bufio.NewReaderSize(src, readBuffer)
	} else {
		m.inner.Reset(src)
	}
	return m.inner
}

// joint gives the first bytes of a layer again, then the layer.
type joint struct {
	m     *machine
	head  []byte
	after error
	r     io.Reader
}

func (j *joint) Read(p []byte) (int, error) {
	if len(j.head) > 0 {
		n := copy(p, j.head)
		j.head = j.head[n:]
		return n, nil
	}
	if j.after != nil {
		return 0, j.after
	}
	if err := j.m.overCap(); err != nil {
		return 0, err
	}
	return j.r.Read(p)
}

// peekLayer reads the first bytes of a layer into head, where read will find them.
func (m *machine) peekLayer(l *layer) []byte {
	n := 0
	m.after = nil
	for n < len(m.head) && m.after == nil {
		var k int
		k, m.after = l.Read(m.head[n:])
		n += k
	}
	m.rest = m.head[:n]
	return m.rest
}
