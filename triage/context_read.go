// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Bounds of a context file. Its format is five levels deep and has ten keys in
// a mapping; what goes beyond the bounds is no such file, and is refused before
// the parser, which is recursive, sees it.
const (
	maxContextBytes  = 8 << 20
	maxContextTokens = 2 << 20
	maxContextDepth  = 16
	maxContextKeys   = 64
	maxProblems      = 100
)

// ReadContext reads a context file; file is its name, for errors. Every
// problem is found in one go: the error is then a *ContextError. Anchors,
// aliases, tags and merge keys are refused: they can blow a small file up, and
// hide what an entry says.
func ReadContext(file string, text []byte) (*Context, error) {
	r := &contextReader{file: file}
	root := r.parse(text)
	if r.failed() {
		return nil, r.err()
	}
	tree := r.value(root, contextShape, "the file")
	if r.failed() {
		return nil, r.err()
	}
	b := &contextBuilder{contextReader: r, out: &Context{File: file}, names: map[string]bool{}}
	b.build(tree)
	if r.failed() {
		return nil, r.err()
	}
	return b.out, nil
}

// CheckYAML says why a text is no plain YAML, with the place: its bounds are those of
// a context file, and anchors, aliases, tags and merge keys are refused.
func CheckYAML(file string, text []byte) error {
	r := &contextReader{file: file}
	if r.parse(text); r.failed() {
		return r.err()
	}
	return nil
}

// contextReader gathers the problems of one file.
type contextReader struct {
	file     string
	problems []Problem
	more     int
}

// fileValue is a checked value of the file. Keys that do not stand there are
// absent values.
type fileValue struct {
	at   filePlace
	set  bool
	text string
	list []fileValue
	keys map[string]fileValue
}

type filePlace struct{ line, column int }

func placeOf(t *token.Token) filePlace {
	if t == nil || t.Position == nil {
		return filePlace{1, 1}
	}
	return filePlace{t.Position.Line, t.Position.Column}
}

func (r *contextReader) problem(at filePlace, next, what string, args ...any) {
	if len(r.problems) >= maxProblems {
		r.more++
		return
	}
	r.problems = append(r.problems, Problem{r.file, at.line, at.column, fmt.Sprintf(what, args...), next})
}

func (r *contextReader) failed() bool { return len(r.problems) > 0 }

func (r *contextReader) err() error {
	slices.SortStableFunc(r.problems, comparePlaces)
	return &ContextError{r.problems, r.more}
}

// parse makes a tree of the text; nil is an empty file.
func (r *contextReader) parse(text []byte) ast.Node {
	switch {
	case len(text) > maxContextBytes:
		r.problem(filePlace{}, "split it, or give networks instead of single addresses", "the file has more than %d bytes", maxContextBytes)
		return nil
	case !utf8.Valid(text):
		r.problem(placeIn(text, notUTF8(text)), "save the file as UTF-8", "the byte 0x%02x is not UTF-8", text[notUTF8(text)])
		return nil
	case bytes.IndexByte(text, 0) >= 0:
		r.problem(placeIn(text, bytes.IndexByte(text, 0)), "give a YAML file", "a NUL byte stands there")
		return nil
	}
	tokens := lexer.Tokenize(strings.TrimPrefix(string(text), "\ufeff"))
	if r.refuse(tokens); r.failed() {
		return nil
	}
	tree, err := parser.Parse(tokens, 0)
	if err != nil {
		r.syntax(err)
		return nil
	}
	var body ast.Node
	for _, doc := range tree.Docs {
		if doc.Body == nil {
			continue
		}
		if body != nil {
			r.problem(placeOf(doc.Body.GetToken()), "keep one", "the file has more than one document")
		}
		body = doc.Body
	}
	return body
}

// notUTF8 is where a text first is not UTF-8.
func notUTF8(text []byte) int {
	at := 0
	for at < len(text) {
		r, size := utf8.DecodeRune(text[at:])
		if r == utf8.RuneError && size < 2 {
			break
		}
		at += size
	}
	return at
}

// placeIn is the place of a byte, with columns counted in characters.
func placeIn(text []byte, at int) filePlace {
	begin := bytes.LastIndexByte(text[:at], '\n') + 1
	return filePlace{bytes.Count(text[:at], []byte("\n")) + 1, utf8.RuneCount(text[begin:at]) + 1}
}

// syntax tells the parser's error with its place.
func (r *contextReader) syntax(err error) {
	var syntax *yaml.SyntaxError
	var twice *yaml.DuplicateKeyError
	switch {
	case errors.As(err, &twice):
		r.problem(placeOf(twice.Token), "put both lists under one", "%s", twice.Message)
	case errors.As(err, &syntax):
		r.problem(placeOf(syntax.Token), "mend the YAML there", "%s", syntax.Message)
	default:
		r.problem(filePlace{}, "mend the YAML", "%v", err)
	}
}

// refused are the tokens of YAML that the format does without.
var refused = map[token.Type]string{
	token.AnchorType: "anchor", token.AliasType: "alias", token.TagType: "tag", token.MergeKeyType: "merge key",
	token.DirectiveType: "directive", token.MappingKeyType: "complex key", token.LiteralType: "block text", token.FoldedType: "block text",
}

// refuse turns down, before parsing, what the format does without and what is
// nested or repeated beyond any use.
func (r *contextReader) refuse(tokens token.Tokens) {
	if len(tokens) > maxContextTokens {
		r.problem(filePlace{}, "split it", "the file has more than %d tokens", maxContextTokens)
		return
	}
	n := nesting{}
	for _, t := range tokens {
		if what, ok := refused[t.Type]; ok {
			r.problem(placeOf(t), "write it out in plain YAML", "a YAML %s is not taken here", what)
			return
		}
		if why := n.add(t); why != "" {
			r.problem(placeOf(t), "see docs/context.md for the form of the file", "%s", why)
			return
		}
	}
}

// nesting follows how deep tokens stand and how many keys a mapping has. Both
// bounds are on what the parser will do: it recurses on depth, and compares
// each key of a mapping with all others.
type nesting struct {
	flow    []int // keys of each open flow mapping or list
	columns []int // of the block collections open
	keys    []int // of each
	line    int
	entries int // "- " on this line
}

func (n *nesting) add(t *token.Token) string {
	if t.Position.Line != n.line {
		n.line, n.entries = t.Position.Line, 0
	}
	switch t.Type {
	case token.MappingStartType, token.SequenceStartType:
		n.flow = append(n.flow, 0)
	case token.MappingEndType, token.SequenceEndType:
		n.flow = n.flow[:max(0, len(n.flow)-1)]
	case token.SequenceEntryType:
		n.entries++
		n.open(t.Position.Column, true)
	case token.MappingValueType:
		return n.key(t)
	}
	if len(n.flow)+len(n.columns) > maxContextDepth || n.entries > maxContextDepth {
		return fmt.Sprintf("nested deeper than %d levels", maxContextDepth)
	}
	return ""
}

func (n *nesting) key(t *token.Token) string {
	var count int
	if len(n.flow) > 0 {
		n.flow[len(n.flow)-1]++
		count = n.flow[len(n.flow)-1]
	} else if t.Prev != nil && t.Prev.Position != nil {
		count = n.open(t.Prev.Position.Column, false)
	}
	if count > maxContextKeys {
		return fmt.Sprintf("a mapping with more than %d keys", maxContextKeys)
	}
	return ""
}

// open counts a key or entry at a column, which closes all collections that
// stand further right. It returns the count; an entry's begins anew.
func (n *nesting) open(column int, entry bool) int {
	for len(n.columns) > 0 && n.columns[len(n.columns)-1] > column {
		n.columns, n.keys = n.columns[:len(n.columns)-1], n.keys[:len(n.keys)-1]
	}
	if len(n.columns) == 0 || n.columns[len(n.columns)-1] < column {
		n.columns, n.keys = append(n.columns, column), append(n.keys, 0)
	}
	last := len(n.keys) - 1
	if entry {
		n.keys[last] = 0
	} else {
		n.keys[last]++
	}
	return n.keys[last]
}
