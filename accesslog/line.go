// SPDX-License-Identifier: Apache-2.0

// Package accesslog reads Amazon S3 server access logs: the lines that S3
// writes to a bucket, of every age, and the JSON form that goes to CloudWatch
// Logs. It tells which requests came from outside.
package accesslog

import (
	"bytes"
	"errors"
	"strconv"
	"time"
)

// Line is one entry of an access log. Its texts are as written, "-" where S3
// did not know, nil where the line is of a time that had no such field; they
// are valid until the visit that got them returns. Source: "Amazon S3 server
// access log format", Amazon S3 User Guide.
type Line struct {
	Offset    int64 // of the line in the unpacked object
	Owner     []byte
	Bucket    []byte
	Time      time.Time
	Address   []byte
	Requester []byte
	RequestID []byte
	Operation []byte
	Key       []byte // URL-encoded, once or twice; see Key in request.go
	URI       []byte // the request line, which its sender wrote
	Status    int    // of HTTP; 0 when not told
	Error     []byte
	Bytes     int64 // sent, without headers; 0 when not told
	Size      int64 // of the object; 0 when not told
	Referer   []byte
	Agent     []byte
	Version   []byte

	// The fields that came later: by 2019 and after.
	HostID, Signature, Cipher, AuthType, Host, TLS, AccessPoint, ACLRequired, SourceRegion []byte

	Extra int // fields behind those that are known here

	plainKey bool // Key is not encoded: the JSON form
}

var (
	errFields = errors.New("fewer fields than an access log line has")
	errTime   = errors.New("the time is no date in brackets")
	errSplit  = errors.New("quotes that no reading of the line fits")
	errNumber = errors.New("a number is expected where none stands")
)

const timeForm = "[02/Jan/2006:15:04:05 -0700]"

// parse reads one line in the text form, without its end. Quotes inside of URI,
// referer and user agent are not escaped, so the readings are tried that could
// have been written (semantics F.3).
func (l *Line) parse(s []byte) error {
	for _, into := range []*[]byte{&l.Owner, &l.Bucket} {
		if *into, s = word(s); s == nil {
			return errFields
		}
	}
	if len(s) <= len(timeForm) || s[len(timeForm)] != ' ' {
		return errTime
	}
	at, err := time.Parse(timeForm, string(s[:len(timeForm)]))
	if err != nil {
		return errTime
	}
	l.Time, s = at.UTC(), s[len(timeForm)+1:]
	for _, into := range []*[]byte{&l.Address, &l.Requester, &l.RequestID, &l.Operation, &l.Key} {
		if *into, s = word(s); s == nil {
			return errFields
		}
	}
	return l.parseURI(s)
}

// word cuts the next field off; the rest is nil where nothing follows.
func word(s []byte) (field, rest []byte) {
	i := bytes.IndexByte(s, ' ')
	if i <= 0 {
		return s, nil
	}
	return s[:i], s[i+1:]
}

// maxTries bounds the readings of one line: a sender can offer thousands.
const maxTries = 64

// parseURI finds the end of the request line. A quote followed by a blank and a
// status may be the sender's own, so an end that a request line has, " HTTP/1.1",
// goes before one that it has not; of equal ones the first.
func (l *Line) parseURI(s []byte) error {
	if s[0] != '"' {
		field, rest := word(s)
		if rest == nil {
			return errFields
		}
		l.URI = field
		return l.parseNumbers(rest)
	}
	result, tries := errSplit, 0
	for _, strict := range []bool{true, false} {
		for end := 1; end < len(s); end++ {
			if s[end] != '"' || !statusFollows(s[end+1:]) || strict && !endsRequest(s[1:end]) {
				continue
			}
			if tries++; tries > maxTries {
				return errSplit
			}
			l.URI = s[1:end]
			if result = l.parseNumbers(s[end+2:]); result == nil {
				return nil
			}
		}
	}
	return result
}

// statusFollows reports whether s starts with " 200 " or " - ".
func statusFollows(s []byte) bool {
	if len(s) >= 3 && s[0] == ' ' && s[1] == '-' && s[2] == ' ' {
		return true
	}
	return len(s) >= 5 && s[0] == ' ' && digit(s[1]) && digit(s[2]) && digit(s[3]) && s[4] == ' '
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

// endsRequest reports whether a text ends with " HTTP/" and a version.
func endsRequest(s []byte) bool {
	i := bytes.LastIndexByte(s, ' ')
	return i >= 0 && bytes.HasPrefix(s[i+1:], []byte("HTTP/")) && len(s)-i <= len(" HTTP/1.1")
}

// parseNumbers reads status, error, bytes, size and two times, then the rest.
func (l *Line) parseNumbers(s []byte) error {
	var fields [6][]byte
	for i := range fields {
		if fields[i], s = word(s); s == nil {
			return errFields
		}
	}
	var numbers [6]int64
	for i, f := range fields {
		n, ok := number(f)
		if i != 1 && !ok {
			return errNumber
		}
		numbers[i] = n
	}
	l.Status, l.Error, l.Bytes, l.Size = int(numbers[0]), fields[1], numbers[2], numbers[3]
	return l.parseClient(s)
}

// number reads a field of digits; "-" is 0.
func number(f []byte) (int64, bool) {
	if len(f) == 1 && f[0] == '-' {
		return 0, true
	}
	if len(f) == 0 || !digit(f[0]) {
		return 0, false
	}
	n, err := strconv.ParseInt(string(f), 10, 64)
	return n, err == nil
}

// parseClient reads referer and user agent, which the sender wrote, and the
// fields behind them. No field behind has a quote, so the last one of the line
// ends the agent; of the readings left, the longest agent is taken.
func (l *Line) parseClient(s []byte) error {
	last := bytes.LastIndexByte(s, '"')
	if last < 0 { // both are "-"
		if l.Referer, s = word(s); s == nil {
			return errFields
		}
		if l.Agent, s = word(s); s == nil {
			return errFields
		}
		return l.parseTail(s)
	}
	quoted, tail := s[:last+1], s[last+1:]
	if len(tail) == 0 || tail[0] != ' ' {
		return errSplit
	}
	tail = tail[1:]
	middle := bytes.Index(quoted[1:], []byte(`" "`)) + 1
	switch {
	case bytes.HasPrefix(quoted, []byte(`- "`)) && len(quoted) > 3:
		l.Referer, l.Agent = quoted[:1], quoted[3:last]
	case quoted[0] != '"':
		return errSplit
	case middle > 0 && middle+3 <= last:
		l.Referer, l.Agent = quoted[1:middle], quoted[middle+3:last]
	case len(quoted) > 1 && bytes.HasPrefix(tail, []byte("- ")):
		l.Referer, l.Agent, tail = quoted[1:last], tail[:1], tail[2:]
	default:
		return errSplit
	}
	return l.parseTail(tail)
}

// parseTail reads the version id and what later years added.
func (l *Line) parseTail(s []byte) error {
	known := []*[]byte{&l.Version, &l.HostID, &l.Signature, &l.Cipher, &l.AuthType, &l.Host, &l.TLS,
		&l.AccessPoint, &l.ACLRequired, &l.SourceRegion}
	for _, into := range known {
		*into = nil // of a reading that did not fit
	}
	l.Extra = 0
	for i := 0; s != nil; i++ {
		var field []byte
		if field, s = word(s); len(field) == 0 || bytes.IndexByte(field, ' ') >= 0 {
			return errFields
		}
		if i < len(known) {
			*known[i] = field
		} else {
			l.Extra++
		}
	}
	return nil
}
