// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/bucketlid/bucketlid/policy"
)

// entry is one line of a batch.
type entry struct {
	id       json.RawMessage // a string or a number, as given
	document []byte          // the policy's text
	bucket   string
	account  string
	org      string
	asOf     string
}

// facts are the flags', under what the line says of its own bucket.
func (e *entry) facts(f policy.Facts) (policy.Facts, error) {
	f.Bucket, f.Account, f.Organization = cmp.Or(e.bucket, f.Bucket), cmp.Or(e.account, f.Account), cmp.Or(e.org, f.Organization)
	if e.account != "" && !isAccountID(e.account) {
		return f, fmt.Errorf("account %q is not an account id of 12 digits", e.account)
	}
	if e.asOf != "" {
		at, err := time.Parse(time.RFC3339, e.asOf)
		if err != nil {
			return f, fmt.Errorf("as_of %q is not a time such as 2026-08-03T14:00:00Z", e.asOf)
		}
		f.At = at
	}
	return f, nil
}

// readEntry takes a line apart without decoding the document, which Parse does
// once. What is told of the line before an error stays in the entry.
func readEntry(text []byte) (entry, error) {
	var e entry
	w := lineWalk{text: bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))}
	if w.skipBlanks(); w.at == len(w.text) {
		return e, errors.New("an empty line")
	}
	if !w.take('{') {
		return e, fmt.Errorf("at byte %d: not a JSON object", w.at)
	}
	for first := true; !w.take('}'); first = false {
		if !first && !w.take(',') {
			return e, w.expected("a comma or the end of the object")
		}
		name, err := w.name()
		if err != nil {
			return e, err
		}
		start := w.at
		value, err := w.value()
		if err != nil {
			return e, err
		}
		if err := e.set(name, value); err != nil {
			return e, fmt.Errorf("at byte %d: %w", start, err)
		}
	}
	if w.skipBlanks(); w.at != len(w.text) {
		return e, fmt.Errorf("at byte %d: text after the end of the object", w.at)
	}
	if len(e.document) == 0 {
		return e, errors.New("no document")
	}
	return e, nil
}

func (e *entry) set(name string, value []byte) error {
	switch name {
	case "id":
		if value[0] != '"' && value[0] != '-' && (value[0] < '0' || value[0] > '9') || !json.Valid(value) {
			return errors.New("id is not a string or a number")
		}
		if !utf8.Valid(value) { // it would be printed as it stands
			return errors.New("id is not UTF-8")
		}
		e.id = value
	case "document":
		if value[0] != '"' && value[0] != '{' {
			return errors.New("document is not an object or a string")
		}
		if value[0] == '{' {
			e.document = value
			break
		}
		var text string
		if json.Unmarshal(value, &text) != nil {
			return errors.New("document is not a JSON string")
		}
		e.document = []byte(text)
	case "bucket", "account", "org", "as_of":
		fields := map[string]*string{"bucket": &e.bucket, "account": &e.account, "org": &e.org, "as_of": &e.asOf}
		if json.Unmarshal(value, fields[name]) != nil {
			return fmt.Errorf("%s is not a string", name)
		}
	default:
		if !json.Valid(value) {
			return fmt.Errorf("the member %q is not JSON", name)
		}
	}
	return nil
}

// lineWalk finds the members of one JSON object by their brackets and quotes.
type lineWalk struct {
	text []byte
	at   int
}

func (w *lineWalk) skipBlanks() {
	for w.at < len(w.text) && (w.text[w.at] == ' ' || w.text[w.at] == '\t' || w.text[w.at] == '\r' || w.text[w.at] == '\n') {
		w.at++
	}
}

// take passes over one character, if it comes next.
func (w *lineWalk) take(c byte) bool {
	w.skipBlanks()
	if w.at < len(w.text) && w.text[w.at] == c {
		w.at++
		return true
	}
	return false
}

func (w *lineWalk) expected(what string) error {
	if w.at >= len(w.text) {
		return errors.New("the line ends inside the object")
	}
	return fmt.Errorf("at byte %d: expected %s", w.at, what)
}

func (w *lineWalk) name() (string, error) {
	w.skipBlanks()
	if w.at >= len(w.text) || w.text[w.at] != '"' {
		return "", w.expected("a member's name")
	}
	quoted, err := w.value()
	if err != nil {
		return "", err
	}
	name := string(quoted[1 : len(quoted)-1])
	if strings.IndexFunc(name, isUnusual) >= 0 && json.Unmarshal(quoted, &name) != nil {
		return "", fmt.Errorf("at byte %d: a member's name is not a JSON string", w.at-len(quoted))
	}
	if !w.take(':') {
		return "", w.expected("a colon")
	}
	return name, nil
}

// isUnusual tells names that are not their own JSON.
func isUnusual(r rune) bool { return r < ' ' || r == '\\' || r > '~' }

// value passes over one value and gives its bytes. Objects and lists are found
// by their brackets alone: whoever reads them checks what is inside.
func (w *lineWalk) value() ([]byte, error) {
	w.skipBlanks()
	start, depth := w.at, 0
	for w.at < len(w.text) {
		c := w.text[w.at]
		switch c {
		case '"':
			if !w.passString() {
				return nil, errors.New("the line ends inside a string")
			}
		case '{', '[':
			depth++
			w.at++
		case '}', ']':
			if depth == 0 {
				return w.scalar(start)
			}
			depth--
			w.at++
		case ',':
			if depth == 0 {
				return w.scalar(start)
			}
			w.at++
		default:
			w.at++
			continue
		}
		if depth == 0 {
			return w.text[start:w.at], nil
		}
	}
	return nil, errors.New("the line ends inside the object")
}

// scalar is a value without quotes or brackets, which ends where the next
// member begins.
func (w *lineWalk) scalar(start int) ([]byte, error) {
	value := bytes.TrimSpace(w.text[start:w.at])
	if len(value) == 0 {
		return nil, w.expected("a value")
	}
	return value, nil
}

// passString passes over a string; false where it does not end.
func (w *lineWalk) passString() bool {
	for w.at++; w.at < len(w.text); w.at++ {
		switch w.text[w.at] {
		case '\\':
			w.at++
		case '"':
			w.at++
			return true
		}
	}
	w.at = len(w.text)
	return false
}
