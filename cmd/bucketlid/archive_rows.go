// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"

	"github.com/bucketlid/bucketlid/report"
)

// rowWriter writes the answer to a query.
type rowWriter interface {
	head(names []string) error
	row(values []any) error
	end() error
}

func newRowWriter(format string, w io.Writer) (rowWriter, error) {
	if format == "" {
		format = "jsonl"
		if isTerminal(w) {
			format = "table"
		}
	}
	buffered := bufio.NewWriter(w)
	switch format {
	case "table":
		return &tableRows{w: buffered}, nil
	case "jsonl":
		return &jsonRows{w: buffered}, nil
	case "csv":
		return &csvRows{w: csv.NewWriter(buffered), buffered: buffered}, nil
	}
	return nil, usageError("formats: table, jsonl, csv", "-o: unknown format %q", format)
}

// cell is a value as text. Unknown, which SQL calls NULL, is told by the writer.
func cell(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	case []byte:
		if utf8.Valid(v) {
			return string(v)
		}
		return base64.StdEncoding.EncodeToString(v)
	case fmt.Stringer:
		return v.String()
	case bool, int8, int16, int32, int64, uint8, uint16, uint32, uint64, float32, float64:
		return fmt.Sprint(v)
	}
	if text, err := json.Marshal(v); err == nil {
		return string(text)
	}
	return fmt.Sprint(v)
}

// jsonRows writes one object a line, its members in the query's order.
type jsonRows struct {
	w     *bufio.Writer
	names []string
}

func (j *jsonRows) head(names []string) error {
	for _, name := range names {
		text, err := json.Marshal(name)
		if err != nil {
			return err
		}
		j.names = append(j.names, string(report.JSONLine(text)))
	}
	return nil
}

func (j *jsonRows) row(values []any) error {
	j.w.WriteByte('{')
	for i, v := range values {
		if i > 0 {
			j.w.WriteByte(',')
		}
		j.w.WriteString(j.names[i])
		j.w.WriteByte(':')
		j.w.Write(report.JSONLine(jsonValue(v)))
	}
	_, err := j.w.WriteString("}\n")
	return err
}

func (j *jsonRows) end() error { return j.w.Flush() }

// jsonValue keeps numbers, booleans, lists and objects, and writes the rest as
// text.
func jsonValue(v any) []byte {
	switch v.(type) {
	case time.Time, []byte, fmt.Stringer:
		v = cell(v)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if enc.Encode(v) != nil {
		b.Reset()
		_ = enc.Encode(cell(v)) // a text can always be written
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// csvRows writes a head line and the rows, with nothing that a spreadsheet would
// calculate.
type csvRows struct {
	w        *csv.Writer
	buffered *bufio.Writer
}

func (c *csvRows) head(names []string) error {
	var cells []string
	for _, name := range names {
		cells = append(cells, report.CSVText(name))
	}
	return c.w.Write(cells)
}

func (c *csvRows) row(values []any) error {
	cells := make([]string, len(values))
	for i, v := range values {
		switch v.(type) {
		case nil:
		case int8, int16, int32, int64, float32, float64:
			cells[i] = cell(v) // a minus is no formula here
		default:
			cells[i] = report.CSVText(cell(v))
		}
	}
	return c.w.Write(cells)
}

func (c *csvRows) end() error {
	c.w.Flush()
	if err := c.w.Error(); err != nil {
		return err
	}
	return c.buffered.Flush()
}

const (
	tableAhead = 1000 // rows by which the widths are chosen
	maxCell    = 80   // columns of a terminal; jsonl and csv have whole values
)

// tableRows aligns columns by the first rows.
type tableRows struct {
	w      *bufio.Writer
	lines  [][]string // the head, then rows not written yet
	widths []int
	count  int64
}

func (t *tableRows) head(names []string) error {
	t.lines = append(t.lines, t.cells(len(names), func(i int) string { return names[i] }))
	return nil
}

func (t *tableRows) row(values []any) error {
	t.count++
	line := t.cells(len(values), func(i int) string {
		if values[i] == nil {
			return "NULL"
		}
		return cell(values[i])
	})
	if t.widths != nil {
		return t.write(line)
	}
	t.lines = append(t.lines, line)
	if len(t.lines) > tableAhead {
		return t.flush()
	}
	return nil
}

func (t *tableRows) cells(n int, text func(int) string) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = ansi.Truncate(plain(text(i)), maxCell, "…")
	}
	return out
}

func (t *tableRows) flush() error {
	t.widths = make([]int, len(t.lines[0]))
	for _, line := range t.lines {
		for i, text := range line {
			t.widths[i] = max(t.widths[i], ansi.StringWidth(text))
		}
	}
	for _, line := range t.lines {
		if err := t.write(line); err != nil {
			return err
		}
	}
	t.lines = nil
	return nil
}

func (t *tableRows) write(line []string) error {
	var b strings.Builder
	for i, text := range line {
		b.WriteString(text)
		b.WriteString(strings.Repeat(" ", max(0, t.widths[i]-ansi.StringWidth(text))+2))
	}
	_, err := t.w.WriteString(strings.TrimRight(b.String(), " ") + "\n")
	return err
}

func (t *tableRows) end() error {
	if t.widths == nil {
		if err := t.flush(); err != nil {
			return err
		}
	}
	if t.count == 0 {
		t.w.WriteString("(no rows)\n")
	}
	return t.w.Flush()
}
