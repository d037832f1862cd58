// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Position is a place in the text of a policy. The zero value is unknown: the
// policy came decoded, as CloudTrail's requestParameters carry it.
type Position struct {
	Offset int `json:"offset"` // in bytes, from 0
	Line   int `json:"line"`   // from 1
	Column int `json:"column"` // in characters, from 1
}

// ProblemKind is a short name for a kind of problem, the same in every version.
type ProblemKind string

// The kinds of problems.
const (
	BadEncoding    ProblemKind = "encoding"          // a byte order mark, or JSON inside a JSON string
	TooLarge       ProblemKind = "too-large"         // above S3's limit
	DuplicateName  ProblemKind = "duplicate-element" // one name twice; the last one counts
	UnknownElement ProblemKind = "unknown-element"   // a member that the grammar does not know
	OddSpelling    ProblemKind = "spelling"          // an element or effect in another case, or with spaces around
	WrongShape     ProblemKind = "wrong-shape"       // such as a list where the grammar wants an object
	MissingElement ProblemKind = "missing-element"
	BothElements   ProblemKind = "contradiction" // such as Action beside NotAction
	EmptyElement   ProblemKind = "empty-element"
	UnknownValue   ProblemKind = "unknown-value" // such as a version or an effect that does not exist
	UnknownOp      ProblemKind = "unknown-operator"
	BadPrincipal   ProblemKind = "principal"
)

// Harmless reports whether a problem leaves the meaning of the policy as clear
// as without it.
func (k ProblemKind) Harmless() bool {
	return k == BadEncoding || k == OddSpelling || k == TooLarge
}

// Problem is one thing that S3 would refuse, or that could not be understood.
type Problem struct {
	Position  Position    `json:"position"`
	Kind      ProblemKind `json:"kind"`
	Text      string      `json:"text"`
	Statement int         `json:"statement"` // its index, or -1 for the policy as a whole
	Sid       string      `json:"sid,omitempty"`
}

// String gives the text with its line and column where they are known.
func (p Problem) String() string {
	if p.Position.Line == 0 {
		return p.Text
	}
	return fmt.Sprintf("%d:%d: %s", p.Position.Line, p.Position.Column, p.Text)
}

// positionAt finds the line and column of a byte.
func positionAt(src string, offset int) Position {
	if offset < 0 || offset > len(src) {
		return Position{}
	}
	before := src[:offset]
	line := strings.Count(before, "\n") + 1
	start := strings.LastIndexByte(before, '\n') + 1
	return Position{Offset: offset, Line: line, Column: utf8.RuneCountInString(before[start:]) + 1}
}
