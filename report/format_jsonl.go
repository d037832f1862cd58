// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// jsonl writes the message stream itself: the same messages give the same bytes.
type jsonl struct {
	w io.Writer
}

func newJSONL(w io.Writer, _ Options) Handler { return &jsonl{w} }

// Handle writes one line at once, so that a reader at a pipe sees it.
func (j *jsonl) Handle(m Message) error {
	if err := m.check(); err != nil {
		return err
	}
	line, err := encode(m)
	if err != nil {
		return err
	}
	_, err = j.w.Write(line)
	return err
}

func (j *jsonl) Close() error { return nil }

// encode is one line of the stream with its line feed.
func encode(m Message) ([]byte, error) {
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	if err := e.Encode(normal(m)); err != nil {
		return nil, fmt.Errorf("encoding a message: %w", err)
	}
	return escapeJSON(buf.Bytes()), nil
}
