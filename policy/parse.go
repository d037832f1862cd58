// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"sort"
	"strings"
	"unicode/utf8"
)

const (
	// maxText bounds the text of a policy.
	maxText = 1 << 20
	// maxPolicy is S3's own bound on a bucket policy (S3 page "Bucket policies
	// for Amazon S3": 20 KB).
	maxPolicy = 20 << 10
	// maxDepth bounds nesting; the grammar needs 5 levels.
	maxDepth = 32
	// maxNodes bounds the number of values in a decoded policy.
	maxNodes = 1 << 18
	// maxProblems bounds the list of problems, so that a hostile text cannot
	// make it long.
	maxProblems = 100
)

// Parse reads the text of a policy. It is tolerant (semantics C.3 N1): one
// object or a list, a string or a list, element names in any case. What S3
// would refuse is named in Problems and, with its place, in Details. An error
// means that the text is not a JSON object at all, is above 1 MiB, nests deeper
// than 32 levels, or holds more than 2^18 values.
func Parse(text []byte) (*Document, error) {
	if len(text) > maxText {
		return nil, fmt.Errorf("policy: %d bytes are above the limit of %d; S3 takes at most %d", len(text), maxText, maxPolicy)
	}
	p := parser{doc: &Document{}, src: string(text)}
	r := readers.Get().(*jsonReader)
	r.src = p.src
	defer r.give()
	if strings.HasPrefix(p.src, byteOrderMark) {
		r.at = len(byteOrderMark)
		p.note(0, -1, BadEncoding, "the text begins with a byte order mark")
	}
	if len(text) > maxPolicy {
		p.note(0, -1, TooLarge, "the policy has %d bytes; S3 takes at most %d", len(text), maxPolicy)
	}
	top, err := r.value(0)
	if err == nil {
		if r.space(); r.at < len(r.src) {
			err = fmt.Errorf("text after the end of the policy")
		}
	}
	if err != nil {
		at := positionAt(r.src, r.at)
		return nil, fmt.Errorf("policy: at line %d, column %d (byte %d): %w", at.Line, at.Column, at.Offset, err)
	}
	if top.kind == jsonString && strings.HasPrefix(strings.TrimSpace(top.text), "{") {
		return parseInner(top.text)
	}
	for i := len(r.twice) - 1; i >= 0; i-- {
		n := &r.twice[i]
		p.note(n.nameAt, -1, DuplicateName, "the member %q stands twice; the last one counts", n.name)
	}
	for _, at := range r.torn {
		p.note(at, -1, UnknownValue, "the string is not whole UTF-8: what is torn is read as %q", utf8.RuneError)
	}
	p.texts.block = make([]string, r.nodes/2) // about as many as the document keeps
	return p.document(&top)
}

const byteOrderMark = "\xef\xbb\xbf"

// parseInner reads a policy that is a JSON text inside a JSON string; places
// are those in the inner text.
func parseInner(text string) (*Document, error) {
	d, err := Parse([]byte(text))
	if err != nil {
		return nil, err
	}
	for i := range d.Statements {
		d.Statements[i].Start, d.Statements[i].End = 0, 0
	}
	p := parser{doc: d}
	p.note(-1, -1, BadEncoding, "the policy is a JSON text inside a JSON string")
	return d, nil
}

// ParseValue reads a policy that is decoded already: a map[string]any, with
// numbers as json.Number or float64, as CloudTrail's requestParameters carry
// it. A string is parsed as text.
func ParseValue(v any) (*Document, error) {
	if s, ok := v.(string); ok {
		return Parse([]byte(s))
	}
	budget := maxNodes
	top, err := nodeOf(v, 0, &budget)
	if err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	p := parser{doc: &Document{}}
	return p.document(&top)
}

// parser turns nodes into a Document.
type parser struct {
	doc    *Document
	src    string
	texts  arena[string] // where the document's lists lie
	people arena[Principal]
}

// note adds a problem: at a byte of the text, or -1 where there is no text, in
// a statement, or -1.
func (p *parser) note(at, statement int, kind ProblemKind, format string, args ...any) {
	d := p.doc
	if len(d.Problems) >= maxProblems {
		return
	}
	text := fmt.Sprintf(format, args...)
	one := Problem{Kind: kind, Text: text, Statement: statement}
	if p.src != "" {
		one.Position = positionAt(p.src, at)
	}
	d.Problems, d.Details = append(d.Problems, text), append(d.Details, one)
}

func (p *parser) document(top *node) (*Document, error) {
	if top.kind != jsonObject {
		return nil, fmt.Errorf("policy: the text is %s, not a JSON object", top.kind)
	}
	d := p.doc
	var statement *node
	var seen elementSet
	for i := range top.kids {
		n := &top.kids[i]
		e := p.element(n, -1, "policy", policyElements, &seen)
		switch e {
		case elementVersion:
			d.Version = p.text(n, -1, "Version")
		case elementID:
			d.ID = p.text(n, -1, "Id")
		case elementStatement:
			statement = n
		default:
			d.Other = keep(d.Other, n.name, n.value())
			p.note(n.nameAt, -1, UnknownElement, "the policy has the unknown element %q", n.name)
		}
	}
	switch d.Version {
	case "2012-10-17", "2008-10-17", "":
	default:
		p.note(top.start, -1, UnknownValue, "Version %q does not exist", d.Version)
	}
	var list []node
	switch {
	case statement == nil:
	case statement.kind == jsonList:
		list = statement.kids
	case statement.kind != jsonNull:
		list, d.single = []node{*statement}, true
	}
	if len(list) == 0 {
		p.note(top.start, -1, MissingElement, "the policy has no Statement")
	}
	d.Statements = make([]Statement, len(list))
	p.people.block = make([]Principal, len(list))
	if len(list) == 0 {
		d.Statements = nil
	}
	for i := range list {
		p.statement(i, &list[i])
	}
	for i := range d.Details {
		if n := d.Details[i].Statement; n >= 0 {
			d.Details[i].Sid = d.Statements[n].Sid
		}
	}
	return d, nil
}

// element finds which standard element a member is. The set remembers those
// that were there already, in whatever case.
func (p *parser) element(n *node, statement int, where string, standard []string, seen *elementSet) element {
	for i, s := range standard {
		if s != n.name && !strings.EqualFold(s, n.name) {
			continue
		}
		if s != n.name {
			p.note(n.nameAt, statement, OddSpelling, "%s: the element %q is spelt %q", where, s, n.name)
		}
		if seen.has(element(i)) {
			p.note(n.nameAt, statement, DuplicateName, "%s: the element %q stands twice; the last one counts", where, s)
		}
		seen.add(element(i))
		return element(i)
	}
	return unknownElement
}

func (p *parser) text(n *node, statement int, name string) string {
	switch n.kind {
	case jsonString, jsonNumber:
		return n.text
	case jsonNull:
		return ""
	}
	if statement >= 0 {
		name = fmt.Sprintf("statement %d: %s", statement, name)
	}
	p.note(n.start, statement, WrongShape, "%s is %s, not a string", name, n.kind)
	return n.text
}

func keep(m map[string]any, name string, v any) map[string]any {
	if m == nil {
		m = map[string]any{}
	}
	m[name] = v
	return m
}

func sortedNames[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
