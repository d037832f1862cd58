// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// maxLine bounds one line of a saved stream, so that a file that is no stream
// cannot fill the memory.
const maxLine = 64 << 20

// ErrCutOff is a stream that ends before its summary: what it holds was
// rendered, what is missing is not known.
var ErrCutOff = errors.New("the stream is cut off: it has no summary, so alerts may be missing; run the hunt again")

// Read feeds a saved stream (-o jsonl) to a handler and closes the handler in
// every case, so that what could be read is rendered. Fields that this version
// does not know are left out. It fails with ErrCutOff where the summary is
// missing, and names the line where a line is no message, the schema is not
// bucketlid/1, or the order is not config first and summary last.
func Read(r io.Reader, h Handler) error {
	s := newStream(r)
	err := s.read(func(line []byte) error { return s.message(line, h) })
	return errors.Join(err, h.Close())
}

// stream is the state of one reading of a saved stream.
type stream struct {
	r    *bufio.Reader
	line int
	// configured and finished tell whether config and summary were seen.
	configured, finished bool
}

func newStream(r io.Reader) *stream { return &stream{r: bufio.NewReaderSize(r, 1<<16)} }

// read hands every line to take, which calls order.
func (s *stream) read(take func(line []byte) error) error {
	for {
		line, err := s.next()
		if err == io.EOF {
			return s.end()
		}
		if err == nil {
			err = take(line)
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", s.line, err)
		}
	}
}

func (s *stream) end() error {
	switch {
	case !s.configured:
		return errors.New("the stream is empty: a saved stream (-o jsonl) begins with a config message")
	case !s.finished:
		return ErrCutOff
	}
	return nil
}

// next is the next line that is not blank, or io.EOF.
func (s *stream) next() ([]byte, error) {
	for {
		line, err := s.rawLine()
		if s.line == 1 {
			line = bytes.TrimPrefix(line, []byte("\uFEFF")) // editors on Windows add it
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			return line, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// rawLine reads to the next line feed or the end. At the end it gives what is
// left together with io.EOF.
func (s *stream) rawLine() ([]byte, error) {
	s.line++
	var line []byte
	for {
		part, err := s.r.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > maxLine {
			return nil, fmt.Errorf("longer than %d MiB: this is no stream of bucketlid", maxLine>>20)
		}
		if err != bufio.ErrBufferFull {
			return line, err
		}
	}
}

func (s *stream) message(line []byte, h Handler) error {
	var m Message
	if err := json.Unmarshal(line, &m); err != nil {
		return fmt.Errorf("not a message of %s: %w", Schema, err)
	}
	if err := m.check(); err != nil {
		return err
	}
	if a := m.Alert; a != nil && (a.ID == "" || a.Kind == "" || a.Severity == "") {
		return errors.New("an alert without id, kind or severity: the line was changed since it was written")
	}
	if err := s.order(m.Config, m.Summary != nil); err != nil {
		return err
	}
	return h.Handle(m)
}

// order holds the stream to its agreement: config first, summary last.
func (s *stream) order(config *Config, summary bool) error {
	switch {
	case s.finished:
		return errors.New("a message after the summary: the file holds more than one stream; split it")
	case config != nil && s.configured:
		return errors.New("a second config message: the file holds more than one stream; split it")
	case config == nil && !s.configured:
		return errors.New("the first message must be config: the head of the stream is missing")
	case config != nil && config.Schema != Schema:
		return fmt.Errorf("unknown schema %q: this bucketlid reads %s; use the version that wrote the file, or run the hunt again", config.Schema, Schema)
	}
	s.configured = true
	s.finished = summary
	return nil
}
