// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Log content is hostile: names, keys and user agents are chosen by strangers.
// This file is the one place that makes text harmless for where it goes: a
// terminal, a line of JSON, a spreadsheet, Markdown.

// maxMarks is how many combining marks a letter may carry. Living scripts need
// up to four; stacks of hundreds paint over the lines around them.
const maxMarks = 4

// Terminal makes text harmless for a terminal, on one line. Controls, bidi and
// zero-width characters and everything else that has no shape of its own is
// written as a visible escape such as \x1b or \u202e; invalid UTF-8 becomes
// U+FFFD.
func Terminal(s string) string {
	if plainASCII(s) {
		return s
	}
	var b strings.Builder
	marks := maxMarks // a mark at the start would sit on the text before it
	for _, r := range s {
		switch {
		case shapeless(r):
			b.WriteString(visible(r))
			marks = maxMarks
		case unicode.Is(unicode.M, r):
			if marks++; marks > maxMarks {
				b.WriteString(visible(r))
				continue
			}
			b.WriteRune(r)
		default:
			b.WriteRune(r)
			marks = 0
		}
	}
	return b.String()
}

func plainASCII(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// shapeless reports a rune that a reader cannot see as itself: controls, format
// characters, odd blanks, fillers, variation selectors, code points without a
// character.
func shapeless(r rune) bool {
	return !unicode.IsPrint(r) || r == '\u2800' ||
		unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// visible spells a rune as Go would in a quoted string.
func visible(r rune) string {
	switch {
	case r == '\n':
		return `\n`
	case r == '\r':
		return `\r`
	case r == '\t':
		return `\t`
	case r < 0x80:
		return fmt.Sprintf(`\x%02x`, r)
	case r <= 0xFFFF:
		return fmt.Sprintf(`\u%04x`, r)
	}
	return fmt.Sprintf(`\U%08x`, r)
}

// unsafeInJSON are the characters that JSON permits in a string but that drive
// or deceive a terminal or a reader: DEL and C1 controls, bidi controls,
// zero-width, filling and other invisible characters, line separators, tags. It
// is a fixed list, of Unicode 15, not a property, so that a new Unicode version
// does not change the bytes of a stream.
var unsafeInJSON = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x007F, Hi: 0x009F, Stride: 1}, {Lo: 0x00AD, Hi: 0x00AD, Stride: 1}, {Lo: 0x034F, Hi: 0x034F, Stride: 1},
		{Lo: 0x0600, Hi: 0x0605, Stride: 1}, {Lo: 0x061C, Hi: 0x061C, Stride: 1}, {Lo: 0x06DD, Hi: 0x06DD, Stride: 1},
		{Lo: 0x070F, Hi: 0x070F, Stride: 1}, {Lo: 0x0890, Hi: 0x0891, Stride: 1}, {Lo: 0x08E2, Hi: 0x08E2, Stride: 1},
		{Lo: 0x115F, Hi: 0x1160, Stride: 1}, {Lo: 0x17B4, Hi: 0x17B5, Stride: 1}, {Lo: 0x180E, Hi: 0x180E, Stride: 1},
		{Lo: 0x200B, Hi: 0x200F, Stride: 1}, {Lo: 0x2028, Hi: 0x202E, Stride: 1}, {Lo: 0x2060, Hi: 0x206F, Stride: 1},
		{Lo: 0x3164, Hi: 0x3164, Stride: 1}, {Lo: 0xFEFF, Hi: 0xFEFF, Stride: 1}, {Lo: 0xFFA0, Hi: 0xFFA0, Stride: 1},
		{Lo: 0xFFF0, Hi: 0xFFFB, Stride: 1},
	},
	R32: []unicode.Range32{
		{Lo: 0x110BD, Hi: 0x110BD, Stride: 1}, {Lo: 0x110CD, Hi: 0x110CD, Stride: 1}, {Lo: 0x13430, Hi: 0x1343F, Stride: 1},
		{Lo: 0x1BCA0, Hi: 0x1BCA3, Stride: 1}, {Lo: 0x1D173, Hi: 0x1D17A, Stride: 1}, {Lo: 0xE0000, Hi: 0xE0FFF, Stride: 1},
	},
}

// JSONLine makes encoded JSON harmless for a terminal and its reader, and keeps
// its meaning: what it holds of such characters is written as \uXXXX.
func JSONLine(text []byte) []byte { return escapeJSON(text) }

// escapeJSON rewrites the unsafe characters of encoded JSON as \uXXXX. Outside
// of strings JSON has only ASCII, so that each one found stands in a string.
func escapeJSON(line []byte) []byte {
	out := make([]byte, 0, len(line))
	for len(line) > 0 {
		r, n := utf8.DecodeRune(line)
		switch {
		case !unicode.Is(unsafeInJSON, r):
			out = append(out, line[:n]...)
		case r > 0xFFFF:
			high, low := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		line = line[n:]
	}
	return out
}

// formulaStarts are the characters with which a spreadsheet takes a cell for a
// formula (CWE-1236); the full-width ones count in East Asian settings.
const formulaStarts = "=+-@\t\r\n＝＋－＠"

// CSVText makes text harmless for a cell: visible on one line, and with a
// leading apostrophe where a spreadsheet would calculate. Where the list
// separator is a semicolon a cell can be split there, so what follows one is
// treated the same.
func CSVText(s string) string {
	parts := strings.Split(s, ";")
	for i, part := range parts {
		trimmed := strings.TrimLeft(part, " ")
		if trimmed != "" && strings.ContainsRune(formulaStarts, firstRune(trimmed)) {
			part = "'" + part
		}
		parts[i] = Terminal(part)
	}
	return strings.Join(parts, ";")
}

func firstRune(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

// gap is a zero-width space as an entity. It parts what GitHub would make a
// mention or a link, and is itself visible in the source.
const gap = "&#8203;"

// mdRunes are the characters of inline Markdown. Pipe and dollar are entities:
// a backslash does not hold them in a table cell or against GitHub's math.
var mdRunes = map[rune]string{
	'\\': `\\`, '`': "\\`", '*': `\*`, '_': `\_`, '[': `\[`, ']': `\]`, '~': `\~`,
	'&': "&amp;", '<': "&lt;", '>': "&gt;", '|': "&#124;", '$': "&#36;", '@': "@" + gap,
}

// mdText makes text harmless inside a line of GitHub-flavoured Markdown: no
// HTML, emphasis, link, autolink, mention, issue reference, table cell or list
// comes of it, at the start of a line neither.
func mdText(s string) string {
	s = strings.TrimSpace(Terminal(s))
	var b strings.Builder
	for i, r := range s {
		rest := s[i+utf8.RuneLen(r):]
		escaped, special := mdRunes[r]
		switch {
		case special:
			b.WriteString(escaped)
		case r == '#' && digits(rest) > 0:
			b.WriteString("#" + gap)
		case r == '#':
			b.WriteString(`\#`)
		case r == ':' && strings.HasPrefix(rest, "//"):
			b.WriteString(":" + gap)
		case r == '.' && i >= 3 && strings.EqualFold(s[i-3:i], "www"):
			b.WriteString(gap + ".")
		case opensList(r, s[:i]):
			b.WriteString(`\` + string(r))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// opensList reports a character that makes a list or an underline of a line
// that has only before in front of it.
func opensList(r rune, before string) bool {
	switch r {
	case '-', '+', '=':
		return before == ""
	case '.', ')':
		return before != "" && strings.Trim(before, "0123456789") == ""
	}
	return false
}

// mdCode is text as a code span. Where a span would not hold it, in a table
// cell above all, it is escaped inside a code element.
func mdCode(s string) string {
	s = Terminal(s)
	switch {
	case strings.TrimSpace(s) == "":
		return ""
	case strings.ContainsAny(s, "|`\\") || strings.TrimSpace(s) != s:
		return "<code>" + mdText(s) + "</code>"
	}
	return "`" + s + "`"
}

// mdBlock is text as a fenced block on lines of its own; its fence is longer
// than any run of backticks in the text.
func mdBlock(s string) string {
	longest, run := 0, 0
	for _, r := range s {
		if r == '`' {
			run++
			longest = max(longest, run)
			continue
		}
		run = 0
	}
	fence := strings.Repeat("`", max(3, longest+1))
	return fence + "sh\n" + Terminal(s) + "\n" + fence + "\n"
}
