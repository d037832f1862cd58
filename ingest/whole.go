// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"

	"github.com/bucketlid/bucketlid/ingest/deflate"
)

const (
	// maxWhole is the largest object, in unpacked bytes, that is unpacked at once.
	maxWhole = 4 << 20
	// keptWhole is the largest buffer that is kept for the next object.
	keptWhole = 1 << 20

	gzipHead = 10 // bytes of a header without options
	gzipTail = 8  // checksum and length
)

// whole unpacks an object at once that is one gzip member and small, as most log
// objects are, into p where that is large enough. ok is false, and nothing is
// taken from the input, where the object is anything else, or has any fault: what
// is wrong, and what can still be read, is for the layers to find out. The
// checksum tells that what is given is right.
func (m *machine) whole(p []byte, limit int64) (n int, ok bool) {
	packed, err := m.in.Peek(m.in.Size())
	if err != io.EOF || !bytes.HasPrefix(packed, []byte(gzipMagic)) {
		return 0, false
	}
	body := gzipBody(packed)
	if len(body) < gzipTail {
		return 0, false
	}
	body, tail := body[:len(body)-gzipTail], body[len(body)-gzipTail:]
	size := int(binary.LittleEndian.Uint32(tail[4:]))
	if size > maxWhole || int64(size) > limit || size > maxRatio*len(packed) {
		return 0, false
	}
	out := m.room(p, size+deflate.Margin)
	n, read, ok := m.deflate.Unpack(out, body)
	if !ok || n != size || read != len(body) || crc32.ChecksumIEEE(out[:n]) != binary.LittleEndian.Uint32(tail) {
		return 0, false
	}
	if pack, _ := sniff(out[:min(n, sniffLen)]); pack != packPlain {
		return 0, false
	}
	_, _ = m.in.Discard(len(packed)) // as many as Peek gave
	m.depth, m.layers[0].n, m.top, m.after = 1, int64(n), m.in, io.EOF
	if &out[0] == &p[0] {
		return n, true
	}
	m.rest = out[:n]
	n = copy(p, m.rest)
	m.rest = m.rest[n:]
	return n, true
}

// room is p where that holds n bytes, or else a buffer that does.
func (m *machine) room(p []byte, n int) []byte {
	if m.deflate == nil {
		m.deflate = &deflate.Decoder{}
	}
	if len(p) >= n {
		return p
	}
	if len(m.buf) < n {
		m.buf = make([]byte, n)
	}
	return m.buf
}

// gzipBody is what follows the header of a gzip member (RFC 1952, section 2.3);
// nil for headers that are not plain.
func gzipBody(packed []byte) []byte {
	const hasName = 8
	switch {
	case len(packed) < gzipHead+gzipTail:
		return nil
	case packed[3] == 0:
		return packed[gzipHead:]
	case packed[3] != hasName:
		return nil
	}
	_, body, _ := bytes.Cut(packed[gzipHead:], []byte{0})
	return body
}
