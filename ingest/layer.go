// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// maxWindow caps the memory that a zstd frame may ask for: what `zstd
// --long=27` writes, in bytes.
const maxWindow = 128 << 20

// layer unpacks one packing. Its decoders are kept for the next object.
type layer struct {
	in   *bufio.Reader
	pack packing
	gz   *gzip.Reader
	mem  bytes.Reader // the rest of in, when all of it is in memory
	held int          // bytes given to mem; 0: gz reads in itself
	open bool         // gz stands inside a member
	any  bool         // a member was read to its end
	zs   *zstd.Decoder
	n    int64 // bytes unpacked
	err  error
}

func (l *layer) start(pack packing, in *bufio.Reader) {
	l.in, l.pack, l.open, l.any, l.n, l.err = in, pack, false, false, 0, nil
	l.held = 0
	l.mem.Reset(nil)
	if pack == packZstd {
		l.err = l.startZstd()
	}
}

func (l *layer) startZstd() error {
	if l.zs != nil {
		return l.zs.Reset(l.in)
	}
	var err error
	// One goroutine's worth: objects are unpacked beside each other already.
	l.zs, err = zstd.NewReader(l.in, zstd.WithDecoderConcurrency(1),
		zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
	return err
}

func (l *layer) release() {
	if l.pack == packZstd && l.zs != nil {
		_ = l.zs.Reset(nil)
	}
	l.in, l.pack = nil, packPlain
	l.mem.Reset(nil)
}

// Read gives unpacked bytes; bytes and an error may come together.
func (l *layer) Read(p []byte) (int, error) {
	if l.err != nil {
		return 0, l.err
	}
	var n int
	if l.pack == packZstd {
		n, l.err = l.zs.Read(p)
		l.err = damage("zstd", l.err)
	} else {
		n, l.err = l.readGzip(p)
	}
	l.n += int64(n)
	return n, l.err
}

func (l *layer) readGzip(p []byte) (int, error) {
	for {
		if !l.open {
			if err := l.nextMember(); err != nil {
				return 0, err
			}
		}
		n, err := l.gz.Read(p)
		if err == io.EOF {
			l.open, l.any, err = false, true, l.endMember()
		}
		if n > 0 || err != nil {
			return n, damage("gzip", err)
		}
	}
}

// nextMember opens the next gzip member. io.EOF means that there is none. The
// zero bytes that tape and block devices leave behind the last one are no damage.
func (l *layer) nextMember() error {
	if l.any {
		if err := skipZeros(l.in); err != nil {
			return err
		}
		head, _ := l.in.Peek(len(gzipMagic))
		if !startsLike(head, gzipMagic, 1) {
			return &CorruptError{Reason: "something that is not gzip follows the last gzip member"}
		}
	}
	var err error
	if l.gz == nil {
		l.gz = new(gzip.Reader)
	}
	if err = l.gz.Reset(l.member()); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return damage("gzip", err)
	}
	l.gz.Multistream(false)
	l.open = true
	return nil
}

// member is what the next member is read from. The decoder is a fifth faster
// over bytes in memory than over a bufio.Reader, and most log objects fit.
func (l *layer) member() io.Reader {
	rest, err := l.in.Peek(l.in.Size())
	if err != io.EOF {
		return l.in
	}
	l.held = len(rest)
	l.mem.Reset(rest)
	return &l.mem
}

// endMember steps over the member in the buffer that it was read from.
func (l *layer) endMember() error {
	_, err := l.in.Discard(l.held - l.mem.Len())
	l.mem.Reset(nil)
	l.held = 0
	return err
}

func skipZeros(in *bufio.Reader) error {
	for {
		head, err := in.Peek(1)
		if err != nil {
			return err
		}
		if head[0] != 0 {
			return nil
		}
		head, _ = in.Peek(in.Buffered())
		zeros := len(head) - len(bytes.TrimLeft(head, "\x00"))
		if _, err := in.Discard(zeros); err != nil {
			return err
		}
	}
}

// damage puts a decoder's error into words. It leaves nil, io.EOF and errors
// that already are.
func damage(pack string, err error) error {
	if err == nil || err == io.EOF {
		return err // before anything is put on the heap: this is asked at every read
	}
	var bad *CorruptError
	var flateBad flate.CorruptInputError
	switch {
	case errors.As(err, &bad):
		return err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &CorruptError{Reason: pack + " content is cut off", Err: err}
	case errors.Is(err, gzip.ErrChecksum), errors.Is(err, zstd.ErrCRCMismatch):
		return &CorruptError{Reason: pack + " checksum does not match", Err: err}
	case errors.Is(err, gzip.ErrHeader):
		return &CorruptError{Reason: "gzip header is damaged", Err: err}
	case errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrDecoderSizeExceeded):
		return &CorruptError{Reason: "zstd content asks for more memory than is given", Err: err}
	case errors.As(err, &flateBad):
		return &CorruptError{Reason: "gzip content is damaged", Err: err}
	}
	return &CorruptError{Reason: pack + " content is damaged", Err: err}
}
