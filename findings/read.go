// SPDX-License-Identifier: Apache-2.0

package findings

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/bucketlid/bucketlid/triage"
)

// maxElement bounds one finding, or one line: many times what the services
// permit (240 KB in Security Hub).
const maxElement = 16 << 20

// Skip names a piece of input that could not be read, and why.
type Skip struct {
	Offset int64 // in the unpacked input
	Reason string
}

// Sink takes what Read finds.
type Sink struct {
	// Found takes one finding, as evidence on each bucket that it names.
	Found func([]triage.Elsewhere)
	Skip  func(Skip)
	// Aside takes findings that were read and are no evidence on S3: about
	// something else, samples, our own.
	Aside func(*NoEvidenceError)
}

// Read reads findings until the end of r: JSON Lines, a list, or what the CLI
// of a service prints, each also in the envelope of EventBridge. The error is
// that of r; damaged JSON is a skip.
func Read(r io.Reader, to Sink) (int64, error) {
	in := bufio.NewReaderSize(r, 1<<16)
	s := &scan{to: to}
	if bom, _ := in.Peek(3); bytes.Equal(bom, []byte("\uFEFF")) {
		s.offset = 3
		_, _ = in.Discard(3)
	}
	if isLines(in) {
		return s.lines(in)
	}
	return s.document(in)
}

// isLines reports JSON Lines: a first line that is an object of its own.
func isLines(in *bufio.Reader) bool {
	head, _ := in.Peek(in.Size())
	line, _, whole := bytes.Cut(head, []byte("\n"))
	line = bytes.TrimSpace(line)
	return whole && len(line) > 0 && line[0] == '{' && json.Valid(line)
}

// scan is the state of one Read.
type scan struct {
	to     Sink
	offset int64
}

func (s *scan) skip(offset int64, reason string) { s.to.Skip(Skip{offset, reason}) }

// lines reads a line at a time, so that a bad one costs no other.
func (s *scan) lines(in *bufio.Reader) (int64, error) {
	for {
		line, size, err := nextLine(in)
		if text := bytes.TrimSpace(line); size > maxElement {
			s.skip(s.offset, fmt.Sprintf("a line longer than %d MiB", maxElement>>20))
		} else if len(text) > 0 {
			s.element(text, s.offset)
		}
		s.offset += size
		if err == io.EOF {
			return s.offset, nil
		}
		if err != nil {
			return s.offset, err
		}
	}
}

// nextLine reads to the next line feed. Of a line that is too long it keeps
// nothing and gives the size.
func nextLine(in *bufio.Reader) (line []byte, size int64, err error) {
	for {
		part, err := in.ReadSlice('\n')
		size += int64(len(part))
		if size <= maxElement {
			line = append(line, part...)
		} else {
			line = nil
		}
		if err != bufio.ErrBufferFull {
			return line, size, err
		}
	}
}

// meter fails a read of more than one element may have.
type meter struct {
	r        io.Reader
	n, limit int64
}

var errTooLong = fmt.Errorf("a finding longer than %d MiB", maxElement>>20)

func (m *meter) Read(p []byte) (int, error) {
	if m.n > m.limit {
		return 0, errTooLong
	}
	n, err := m.r.Read(p)
	m.n += int64(n)
	return n, err
}

// document reads JSON values one after the other. Lists are read element by
// element, so that memory does not grow with their length.
func (s *scan) document(in io.Reader) (int64, error) {
	m := &meter{r: in}
	d := &document{scan: s, meter: m, base: s.offset, json: json.NewDecoder(m)}
	var err error
	for err == nil {
		err = d.value()
	}
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, io.EOF):
		return m.n, nil
	case errors.As(err, &syntax), errors.Is(err, errTooLong), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, errShape):
		s.skip(d.at(), "not a list of findings: "+err.Error()+"; the rest of the file was not read")
		return m.n, nil
	}
	return m.n, err
}

var errShape = errors.New("neither an object nor a list")

type document struct {
	scan  *scan
	meter *meter
	base  int64
	json  *json.Decoder
}

func (d *document) at() int64 { return d.base + d.json.InputOffset() }

func (d *document) token() (json.Token, error) {
	d.meter.limit = d.json.InputOffset() + maxElement
	return d.json.Token()
}

func (d *document) decode() (json.RawMessage, error) {
	d.meter.limit = d.json.InputOffset() + maxElement
	var raw json.RawMessage
	err := d.json.Decode(&raw)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return raw, err
}

// value reads one value at the top.
func (d *document) value() error {
	start, err := d.token()
	if err != nil {
		return err
	}
	switch start {
	case json.Delim('['):
		return d.list()
	case json.Delim('{'):
		return d.object()
	}
	return errShape
}

// list reads elements up to the closing bracket.
func (d *document) list() error {
	for d.json.More() {
		raw, err := d.decode()
		if err != nil {
			return err
		}
		d.scan.element(raw, d.at()-int64(len(raw)))
	}
	return d.end()
}

func (d *document) end() error {
	_, err := d.token()
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// object reads a finding, or what a CLI prints around a list of them.
func (d *document) object() error {
	start, listed, kept := d.at()-1, false, 0
	fields := map[string]json.RawMessage{}
	for d.json.More() {
		name, err := d.token()
		if err != nil {
			return err
		}
		if key := name.(string); strings.EqualFold(key, "findings") {
			if err := d.findings(); err != nil {
				return err
			}
			listed = true
			continue
		}
		raw, err := d.decode()
		if err != nil {
			return err
		}
		if kept += len(raw); kept <= maxElement {
			fields[name.(string)] = raw
		}
	}
	if err := d.end(); err != nil || listed {
		return err
	}
	raw, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	d.scan.element(raw, start)
	return nil
}

// findings reads the list of that name.
func (d *document) findings() error {
	start, err := d.token()
	switch {
	case err != nil:
		return err
	case start == json.Delim('['):
		return d.list()
	case start == nil:
		return nil
	}
	return errShape
}

// envelope is what may stand around findings: EventBridge (with one of its own
// list inside, for Security Hub), or one finding of Access Analyzer.
type envelope struct {
	DetailType json.RawMessage `json:"detail-type"`
	Detail     json.RawMessage `json:"detail"`
	Finding    json.RawMessage `json:"finding"`
	Findings   []json.RawMessage
}

// maxNesting is how many envelopes may stand in each other.
const maxNesting = 4

func (s *scan) element(raw json.RawMessage, offset int64) { s.unwrap(raw, offset, 0) }

func (s *scan) unwrap(raw json.RawMessage, offset int64, depth int) {
	var e envelope
	if err := json.Unmarshal(raw, &e); err != nil {
		s.skip(offset, "no JSON object: "+err.Error())
		return
	}
	inner := e.Findings
	if len(e.DetailType) > 0 && len(e.Detail) > 0 {
		inner = append(inner, e.Detail)
	}
	if len(e.Finding) > 0 {
		inner = append(inner, e.Finding)
	}
	if len(inner) == 0 {
		s.finding(raw, offset)
		return
	}
	if depth == maxNesting {
		s.skip(offset, "envelopes in envelopes")
		return
	}
	for _, part := range inner {
		s.unwrap(part, offset, depth+1)
	}
}

func (s *scan) finding(raw json.RawMessage, offset int64) {
	var sh shape
	if err := json.Unmarshal(raw, &sh); err != nil {
		s.skip(offset, "no JSON object: "+err.Error())
		return
	}
	for _, f := range Formats {
		if !f.is(&sh) {
			continue
		}
		list, err := f.read(raw)
		if err == nil && list[0].Bucket == "" && list[0].Account == "" {
			err = noEvidence("it names no bucket and no account", list[0].Type)
		}
		var none *NoEvidenceError
		switch {
		case errors.As(err, &none):
			s.to.Aside(none)
		case err != nil:
			s.skip(offset, "not readable as a finding of "+f.ID+": "+err.Error())
		default:
			for i := range list {
				list[i] = settle(list[i])
				list[i].Offset = offset
			}
			s.to.Found(list)
		}
		return
	}
	s.skip(offset, "unknown shape: no finding of Security Hub, GuardDuty, Macie or Access Analyzer")
}
