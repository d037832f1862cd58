// SPDX-License-Identifier: Apache-2.0

package accesslog

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"sync"
)

// Stats counts what one Scan saw.
type Stats struct {
	Bytes   int64 // read
	Lines   int64 // handed to visit
	Skipped int64 // handed to skip
}

// Skip names a line that could not be read.
type Skip struct {
	Offset int64 // in the unpacked object
	Reason string
}

// maxLine is the longest line that is read, in bytes. S3 takes requests with
// headers of 8 KiB at most, so that its own lines are far shorter.
const maxLine = 128 << 10

var readers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, maxLine) }}

// Scan reads the lines of r in one pass and calls visit for each: the text form
// of any age, the JSON form with one object a line, as CloudWatch Logs exports
// it too, and its subscription envelope. A line that cannot be read goes to skip
// with its offset, and reading goes on with the next. The error is the
// reader's, or the one that visit returned.
func Scan(r io.Reader, visit func(*Line) error, skip func(Skip)) (Stats, error) {
	in := readers.Get().(*bufio.Reader)
	in.Reset(r)
	defer func() {
		in.Reset(nil)
		readers.Put(in)
	}()
	s := scan{visit: visit, skip: skip}
	for {
		start := s.stats.Bytes
		text, err := in.ReadSlice('\n')
		s.stats.Bytes += int64(len(text))
		if errors.Is(err, bufio.ErrBufferFull) {
			s.refuse(start, "line is longer than 128 KiB")
			err = s.passOver(in)
		} else if failed := s.text(bytes.TrimSpace(text), start); failed != nil {
			return s.stats, failed
		}
		switch {
		case err == io.EOF:
			return s.stats, nil
		case err != nil:
			return s.stats, err
		}
	}
}

// scan is one pass.
type scan struct {
	stats Stats
	visit func(*Line) error
	skip  func(Skip)
}

// passOver reads to the end of a line that is too long.
func (s *scan) passOver(in *bufio.Reader) error {
	for {
		more, err := in.ReadSlice('\n')
		s.stats.Bytes += int64(len(more))
		if !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
	}
}

func (s *scan) refuse(offset int64, reason string) {
	s.stats.Skipped++
	if s.skip != nil {
		s.skip(Skip{offset, reason})
	}
}

func (s *scan) text(text []byte, offset int64) error {
	if len(text) == 0 {
		return nil
	}
	if object := jsonPart(text); object != nil {
		return s.object(object, offset, 0)
	}
	l := &Line{Offset: offset}
	if err := l.parse(text); err != nil {
		s.refuse(offset, "not an access log line: "+err.Error())
		return nil
	}
	return s.give(l)
}

func (s *scan) give(l *Line) error {
	s.stats.Lines++
	return s.visit(l)
}
