// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"fmt"
	"strings"

	"github.com/bucketlid/bucketlid/archive"
)

// Text is what is sent for a query over the view records. The view is put
// before it as a WITH, behind which the grammar of Trino and Athena permits a
// query and nothing that changes something (Trino documentation, "SELECT").
// DESCRIBE records asks for the columns. A *archive.NotSelectError tells other
// statements.
func Text(query string, t Table) (string, error) {
	query = strings.TrimRight(query, "; \t\r\n")
	start := skipComments(query)
	first, rest := word(query[start:])
	view := fmt.Sprintf("WITH records AS (SELECT * FROM %s)", t)
	switch first {
	case "":
		if start == len(query) {
			return "", &archive.NotSelectError{Reason: "it is empty"}
		}
		return view + "\n" + query, nil
	case "SELECT", "VALUES", "TABLE":
		return view + "\n" + query, nil
	case "WITH":
		if next, after := word(rest[skipComments(rest):]); next == "RECURSIVE" {
			return strings.Replace(view, "WITH", "WITH RECURSIVE", 1) + ",\n" + after, nil
		}
		return view + ",\n" + rest, nil
	case "DESCRIBE", "DESC":
		if name, after := word(rest[skipComments(rest):]); name == "RECORDS" && strings.TrimSpace(after) == "" {
			return t.columns(), nil
		}
	}
	return "", &archive.NotSelectError{Reason: "it begins with " + first}
}

// word is the first word, in upper case, and what is behind it.
func word(text string) (first, rest string) {
	end := 0
	for end < len(text) && (text[end] == '_' || 'a' <= text[end]|0x20 && text[end]|0x20 <= 'z') {
		end++
	}
	return strings.ToUpper(text[:end]), text[end:]
}

// skipComments is where the first thing stands that is neither blank nor comment.
func skipComments(text string) int {
	at := 0
	for {
		rest := strings.TrimLeft(text[at:], " \t\r\n")
		at = len(text) - len(rest)
		end := ""
		switch {
		case strings.HasPrefix(rest, "--"):
			end = "\n"
		case strings.HasPrefix(rest, "/*"):
			end = "*/"
		default:
			return at
		}
		_, behind, closed := strings.Cut(rest[2:], end)
		if !closed {
			return len(text)
		}
		at = len(text) - len(behind)
	}
}
