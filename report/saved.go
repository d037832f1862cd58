// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"time"

	"github.com/bucketlid/bucketlid/coverage"
	"github.com/bucketlid/bucketlid/investigate"
)

// Saved tells by which command a saved stream (-o jsonl) was written, from its
// first line, and gives the whole stream to read on. The command is "" where the
// line does not tell; Read says then what is wrong with it.
func Saved(r io.Reader) (command string, whole io.Reader) {
	const longest = 1 << 20 // of a first line: names of sources and files
	buffered := bufio.NewReaderSize(r, longest)
	head, _ := buffered.Peek(longest) // what can be read is enough
	line, _, _ := bytes.Cut(bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\uFEFF")), " \t\r\n"), []byte("\n"))
	var first struct {
		Config struct {
			Command string `json:"command"`
		} `json:"config"`
	}
	_ = json.Unmarshal(line, &first) // no JSON tells no command
	return first.Config.Command, buffered
}

// ReadCoverage reads the saved stream of a coverage, as Read does. Nothing is
// returned of a stream that is cut off: what is not covered could be missing.
func ReadCoverage(r io.Reader) (*CoverageSheet, error) {
	s, sheet := newStream(r), &CoverageSheet{}
	err := s.read(func(line []byte) error {
		var m CoverageMessage
		if err := decodeLine(line, &m); err != nil {
			return err
		}
		if err := s.order(m.Config, m.Summary != nil); err != nil {
			return err
		}
		sheet.take(&m)
		return nil
	})
	if err != nil {
		return nil, savedError(err, "coverage")
	}
	sheet.finish()
	return sheet, nil
}

func (s *CoverageSheet) take(m *CoverageMessage) {
	if s.Validation == nil && (m.Digest != nil || m.File != nil || m.Summary != nil && m.Summary.Digests != nil) {
		s.Validation = &coverage.Validation{}
	}
	switch {
	case m.Config != nil:
		s.Config = m.Config
	case m.Coverage != nil:
		s.Report.Cells = append(s.Report.Cells, *m.Coverage)
	case m.Trail != nil:
		s.Report.Trails = append(s.Report.Trails, *m.Trail)
	case m.Gap != nil:
		s.Report.Gaps = append(s.Report.Gaps, *m.Gap)
	case m.Digest != nil:
		s.Validation.Digests = append(s.Validation.Digests, *m.Digest)
	case m.File != nil:
		s.Validation.Files = append(s.Validation.Files, *m.File)
	case m.Statement != nil:
		s.Report.Statements = append(s.Report.Statements, *m.Statement)
	case m.Skipped != nil:
		s.Skipped = append(s.Skipped, *m.Skipped)
	default:
		s.Summary = *m.Summary
	}
}

// finish sets what the messages tell together: the first and the last event.
func (s *CoverageSheet) finish() {
	for i := range s.Report.Cells {
		c, r := &s.Report.Cells[i], &s.Report
		if c.First != nil && (r.First == nil || c.First.Before(*r.First)) {
			r.First = c.First
		}
		if c.Last != nil && (r.Last == nil || c.Last.After(*r.Last)) {
			r.Last = c.Last
		}
	}
}

// ReadInquest reads the saved stream of an investigation, as Read does. Nothing
// is returned of a stream that is cut off: answers could be missing.
func ReadInquest(r io.Reader) (*Inquest, error) {
	s, x := newStream(r), &Inquest{}
	err := s.read(func(line []byte) error {
		var m inquestLine
		if err := decodeLine(line, &m); err != nil {
			return err
		}
		if err := s.order(m.Config, m.Summary != nil); err != nil {
			return err
		}
		return x.take(&m)
	})
	if err == nil && x.Found == nil {
		err = errors.New("no investigation message: the stream was changed since it was written")
	}
	if err != nil {
		return nil, savedError(err, "investigate")
	}
	return x, nil
}

func (x *Inquest) take(m *inquestLine) error {
	switch {
	case m.Config != nil:
		x.Config = m.Config
		return nil
	case m.Investigation != nil && x.Found != nil:
		return errors.New("a second investigation message: the file holds more than one stream; split it")
	case m.Investigation != nil:
		x.Found = m.Investigation
		return nil
	case m.Skipped != nil:
		x.Skipped = append(x.Skipped, *m.Skipped)
		return nil
	case m.Summary != nil:
		x.Summary = m.Summary
		return nil
	case x.Found == nil:
		return errors.New("the investigation message is missing before this one")
	}
	return x.part(m)
}

// part adds a row, an answer or a step to the investigation.
func (x *Inquest) part(m *inquestLine) error {
	f := x.Found
	switch {
	case m.Event != nil:
		last, err := time.Parse(time.RFC3339, m.Event.Last)
		if err != nil {
			return fmt.Errorf("an event whose last is no time: %w", err)
		}
		e := m.Event
		f.Timeline = append(f.Timeline, investigate.Row{Entry: &e.Entry, Last: last, Count: e.Count, IDs: e.IDs, Calls: e.Calls, Others: e.Others, Opens: e.Opens, Closes: e.Closes})
	case m.Gap != nil:
		f.Timeline = append(f.Timeline, investigate.Row{Gap: m.Gap})
	case m.Answer != nil:
		f.Answers = append(f.Answers, *m.Answer)
	case m.Step != nil:
		f.Steps = append(f.Steps, *m.Step)
	}
	return nil
}

// savedError names the command to run again.
func savedError(err error, command string) error {
	if errors.Is(err, ErrCutOff) {
		return fmt.Errorf("the stream is cut off: it has no summary, so that parts of it may be missing; run %s again", command)
	}
	return err
}

// decodeLine reads a line into a struct of pointers, of which it must set one.
func decodeLine(line []byte, into any) error {
	if err := json.Unmarshal(line, into); err != nil {
		return fmt.Errorf("not a message of %s: %w", Schema, err)
	}
	v, set := reflect.ValueOf(into).Elem(), 0
	for i := range v.NumField() {
		if !v.Field(i).IsNil() {
			set++
		}
	}
	if set != 1 {
		return fmt.Errorf("a message has exactly one of the keys of its stream, this line has %d", set)
	}
	return nil
}
