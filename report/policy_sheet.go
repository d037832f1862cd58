// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"io"
	"strings"
)

// sheet is a page of labelled lines for people. Text is made harmless here, and
// wrapped to the width; nothing of it is cut.
type sheet struct {
	b strings.Builder
	o Options
}

// headline is the line that is read first.
func (s *sheet) headline(text string) {
	for i, line := range wrap(Terminal(text), s.room(2)) {
		if i > 0 {
			line = "  " + line
		}
		s.b.WriteString(s.o.apply(paintHead, line) + "\n")
	}
}

// room is the width behind an indent; 0 is unlimited.
func (s *sheet) room(indent int) int {
	if s.o.Width <= 0 {
		return 0
	}
	return max(s.o.Width-indent, 20)
}

// title opens a part.
func (s *sheet) title(text string) {
	s.b.WriteByte('\n')
	s.headline(text)
}

// line is one labelled text; an empty text writes nothing.
func (s *sheet) line(name, text string) {
	if text == "" {
		return
	}
	for i, part := range wrap(Terminal(text), s.room(labelWidth)) {
		if i > 0 {
			name = ""
		}
		s.b.WriteString(s.label(name) + part + "\n")
	}
}

// lines is a label and one line for each text.
func (s *sheet) lines(name string, texts []string) {
	for _, text := range texts {
		s.line(name, text)
		name = ""
	}
}

// command is text to be copied: never wrapped.
func (s *sheet) command(name, text string) {
	if text == "" {
		return
	}
	s.b.WriteString(s.label(name) + Terminal(text) + "\n")
	if Terminal(text) != text {
		s.line("", escapesNote)
	}
}

func (s *sheet) label(name string) string {
	return "  " + s.o.apply(paintFaint, fmt.Sprintf("%-*s", labelWidth-2, name))
}

func (s *sheet) writeTo(w io.Writer) error {
	_, err := io.WriteString(w, s.b.String())
	return err
}

// firstOf keeps a list readable: its first n, and how many more there are.
func firstOf(list []string, n int) []string {
	if len(list) <= n {
		return list
	}
	return append(list[:n:n], fmt.Sprintf("and %d more (-o jsonl has all)", len(list)-n))
}
