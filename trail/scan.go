// SPDX-License-Identifier: Apache-2.0

package trail

import (
	"io"
	"sync"
)

// Options bounds what Scan will hold in memory. The zero value means the
// defaults.
type Options struct {
	// MaxRecord is the size in bytes of the largest record that is read;
	// larger ones are skipped by name. 0 means 32 MiB.
	MaxRecord int
	// MaxDepth is how deep objects and lists may nest inside one record;
	// deeper ones are skipped by name. 0 means 512; more than 10,000, which is
	// as deep as encoding/json goes, means that.
	MaxDepth int

	bufSize int // first size of the buffer; tests make it small
}

// Stats counts what one Scan saw.
type Stats struct {
	Bytes   int64 // bytes read from the reader
	Records int64 // records handed to visit
	Skipped int64 // pieces handed to skip
}

const (
	defaultMaxRecord = 32 << 20
	defaultMaxDepth  = 512
	limitDepth       = 10_000
	defaultBuffer    = 640 << 10 // most log objects whole
	keptBuffer       = 1 << 20   // larger buffers are not kept for the next Scan
)

var scanners = sync.Pool{New: func() any { return new(scanner) }}

// Scan reads the CloudTrail records of r in one pass and calls visit for each,
// with its header and its own bytes (of a wrapped record: the record alone,
// such as the detail of an EventBridge event). Both are valid until visit
// returns. Table lists the encodings that are understood; they need not be
// named and may be mixed in one stream.
//
// What cannot be read as a record goes to skip, which may be nil, with its
// offset in r, and reading goes on at the next record that can be found. A
// value inside a string (a CloudWatch Logs message, say) has the offset of that
// string. Memory is bounded by opts, however large the stream.
//
// The error is the reader's, after everything that was read before it has been
// visited, or the one that visit returned.
func Scan(r io.Reader, opts Options, visit func(h *Header, raw []byte) error, skip func(Skip)) (Stats, error) {
	s := scanners.Get().(*scanner)
	defer s.release()
	var stats Stats
	s.open(r, opts, &stats)
	s.visit, s.onSkip, s.table = visit, skip, Table
	s.sniff()
	err := s.run()
	if err == nil {
		err = s.readErr
	}
	return stats, err
}

func (s *scanner) open(r io.Reader, opts Options, stats *Stats) {
	if opts.MaxRecord <= 0 {
		opts.MaxRecord = defaultMaxRecord
	}
	if opts.MaxDepth <= 0 {
		opts.MaxDepth = defaultMaxDepth
	}
	opts.MaxDepth = min(opts.MaxDepth, limitDepth)
	if opts.bufSize <= 0 {
		opts.bufSize = defaultBuffer
	}
	if len(s.buf) < opts.bufSize+padding || opts.bufSize != defaultBuffer {
		s.buf = make([]byte, opts.bufSize+padding)
	}
	if len(s.kinds) < opts.MaxDepth+2 {
		s.kinds = make([]byte, opts.MaxDepth+2)
	}
	s.r, s.opts, s.stats = r, opts, stats
	s.rewind()
}

// rewind forgets the input, not the memory.
func (s *scanner) rewind() {
	s.pos, s.end, s.base = 0, 0, 0
	s.shifted, s.eof, s.readErr = false, false, nil
	s.stack = s.stack[:0]
	s.cut, s.loose, s.junk = false, false, false
	s.wasted = 0
	s.account, s.pinned, s.level, s.strings = nil, false, 0, 0
	clear(s.buf[:padding])
}

func (s *scanner) release() {
	for c := s; c != nil; c = c.child {
		c.r, c.visit, c.onSkip, c.stats, c.readErr = nil, nil, nil, nil, nil
		c.h, c.stamp, c.account = Header{}, nil, nil
		clear(c.list[:cap(c.list)])
		if len(c.buf) > keptBuffer {
			c.buf = nil
		}
		if cap(c.scratch) > keptBuffer {
			c.scratch = nil
		}
	}
	scanners.Put(s)
}
