// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"unicode/utf8"
)

// node is one JSON value with its place in the text. encoding/json is not used,
// because it drops duplicate members silently and tells no places.
type node struct {
	name       string // of a member
	nameAt     int    // where the name stands
	start, end int    // the value's bytes
	kind       jsonKind
	text       string // of a string, number or boolean
	kids       []node // members or elements
}

type jsonKind uint8

const (
	jsonNull jsonKind = iota
	jsonString
	jsonNumber
	jsonBool
	jsonList
	jsonObject
)

func (k jsonKind) String() string {
	return [...]string{"null", "a string", "a number", "a boolean", "a list", "an object"}[k]
}

// value gives the node as encoding/json decodes it, with json.Number.
func (n *node) value() any {
	switch n.kind {
	case jsonString:
		return n.text
	case jsonNumber:
		return json.Number(n.text)
	case jsonBool:
		return n.text == "true"
	case jsonList:
		out := make([]any, 0, len(n.kids))
		for i := range n.kids {
			out = append(out, n.kids[i].value())
		}
		return out
	case jsonObject:
		out := make(map[string]any, len(n.kids))
		for i := range n.kids {
			out[n.kids[i].name] = n.kids[i].value()
		}
		return out
	}
	return nil
}

// jsonReader reads one JSON value (RFC 8259).
type jsonReader struct {
	src   string
	at    int
	nodes int
	stack []node // values of lists and objects that are not closed yet
	twice []node // members that a later one of the same name replaces
	torn  []int  // where strings begin that are not whole UTF-8
	kids  arena[node]
}

// readers keep their memory from one text to the next. Nothing of a node lasts
// but strings.
var readers = sync.Pool{New: func() any { return &jsonReader{} }}

// give puts a reader back for others, unless a large text made it large.
func (r *jsonReader) give() {
	if len(r.kids.block) > maxKept || cap(r.stack) > maxKept {
		return
	}
	r.kids.reset()
	clear(r.stack[:cap(r.stack)])
	*r = jsonReader{stack: r.stack[:0], kids: r.kids}
	readers.Put(r)
}

var (
	errDeep  = fmt.Errorf("nesting is deeper than %d levels", maxDepth)
	errMany  = fmt.Errorf("more than %d values", maxNodes)
	errShort = errors.New("the text ends in the middle")
)

func (r *jsonReader) space() {
	for r.at < len(r.src) {
		switch r.src[r.at] {
		case ' ', '\t', '\n', '\r':
			r.at++
		default:
			return
		}
	}
}

func (r *jsonReader) value(depth int) (n node, err error) {
	if r.nodes++; r.nodes > maxNodes {
		return n, errMany
	}
	if depth > maxDepth {
		return n, errDeep
	}
	r.space()
	if r.at == len(r.src) {
		return n, errShort
	}
	start := r.at
	n, err = r.body(depth)
	n.start, n.end = start, r.at
	return n, err
}

func (r *jsonReader) body(depth int) (n node, err error) {
	switch c := r.src[r.at]; {
	case c == '{':
		n.kind = jsonObject
		n.kids, err = r.items(depth, jsonObject, '}')
		return n, err
	case c == '[':
		n.kind = jsonList
		n.kids, err = r.items(depth, jsonList, ']')
		return n, err
	case c == '"':
		n.kind = jsonString
		n.text, err = r.quoted()
		return n, err
	case c == '-' || '0' <= c && c <= '9':
		n.kind = jsonNumber
		n.text, err = r.number()
		return n, err
	}
	for _, w := range jsonWords {
		if strings.HasPrefix(r.src[r.at:], w.word) {
			r.at += len(w.word)
			return node{kind: w.kind, text: w.word}, nil
		}
	}
	return n, fmt.Errorf("%s is no JSON value", r.here())
}

var jsonWords = []struct {
	word string
	kind jsonKind
}{{"true", jsonBool}, {"false", jsonBool}, {"null", jsonNull}}

// items reads what stands between brackets.
func (r *jsonReader) items(depth int, kind jsonKind, closing byte) ([]node, error) {
	r.at++
	base := len(r.stack)
	for {
		r.space()
		if r.at < len(r.src) && r.src[r.at] == closing && len(r.stack) == base {
			r.at++
			return nil, nil
		}
		if err := r.item(depth, kind); err != nil {
			return nil, err
		}
		r.space()
		switch {
		case r.at == len(r.src):
			return nil, errShort
		case r.src[r.at] == ',':
			r.at++
		case r.src[r.at] == closing:
			r.at++
			return r.take(kind, base), nil
		default:
			return nil, fmt.Errorf("%s stands where a comma or a closing bracket belongs", r.here())
		}
	}
}

// item puts one member or element on the stack.
func (r *jsonReader) item(depth int, kind jsonKind) error {
	var name string
	var nameAt int
	if kind == jsonObject {
		var err error
		if name, nameAt, err = r.memberName(); err != nil {
			return err
		}
	}
	kid, err := r.value(depth + 1)
	if err != nil {
		return err
	}
	kid.name, kid.nameAt = name, nameAt
	r.stack = append(r.stack, kid)
	return nil
}

func (r *jsonReader) memberName() (name string, at int, err error) {
	r.space()
	if r.at == len(r.src) {
		return "", 0, errShort
	}
	if r.src[r.at] != '"' {
		return "", 0, fmt.Errorf("%s stands where the name of a member belongs", r.here())
	}
	at = r.at
	if name, err = r.quoted(); err != nil {
		return "", 0, err
	}
	r.space()
	if r.at == len(r.src) {
		return "", 0, errShort
	}
	if r.src[r.at] != ':' {
		return "", 0, fmt.Errorf("%s stands where a colon belongs", r.here())
	}
	r.at++
	return name, at, nil
}

// take moves the values of a closed list or object off the stack. Of members
// with one name the last stays, as JSON parsers do it (semantics A.1 A9).
func (r *jsonReader) take(kind jsonKind, base int) []node {
	kids := r.stack[base:]
	if kind == jsonObject {
		kids = r.lastOfEach(kids)
	}
	out := r.kids.take(len(kids))
	copy(out, kids)
	r.stack = r.stack[:base]
	return out
}

func (r *jsonReader) lastOfEach(kids []node) []node {
	var later map[string]bool // where comparing each with each would take long
	if len(kids) > 16 {
		later = make(map[string]bool, len(kids))
	}
	keep := len(kids)
	for i := len(kids) - 1; i >= 0; i-- {
		repeated := later[kids[i].name]
		for j := keep; later == nil && j < len(kids); j++ {
			repeated = repeated || kids[j].name == kids[i].name
		}
		if repeated {
			r.twice = append(r.twice, kids[i])
			continue
		}
		if later != nil {
			later[kids[i].name] = true
		}
		keep--
		kids[keep] = kids[i]
	}
	return kids[keep:]
}

// quoted reads a string. What is not UTF-8 becomes the replacement character.
func (r *jsonReader) quoted() (string, error) {
	start := r.at
	plain := true
	for r.at++; r.at < len(r.src); r.at++ {
		switch c := r.src[r.at]; {
		case c == '"':
			r.at++
			if plain {
				return r.src[start+1 : r.at-1], nil
			}
			var s string
			if err := json.Unmarshal([]byte(r.src[start:r.at]), &s); err != nil {
				r.at = start
				return "", errors.New("the string is not well-formed JSON")
			}
			if strings.ContainsRune(s, utf8.RuneError) && isTorn(r.src[start:r.at]) {
				r.torn = append(r.torn, start)
			}
			return s, nil
		case c == '\\':
			plain = false
			r.at++
		case c < ' ':
			return "", fmt.Errorf("%s stands in a string", r.here())
		case c >= utf8.RuneSelf:
			plain = false
		}
	}
	r.at = len(r.src)
	return "", errShort
}

// isTorn says whether a string in which a replacement character was read does not
// hold one itself.
func isTorn(quoted string) bool {
	return !strings.Contains(strings.ToLower(quoted), `\ufffd`) && (!utf8.ValidString(quoted) || !strings.ContainsRune(quoted, utf8.RuneError))
}

func (r *jsonReader) number() (string, error) {
	start := r.at
	for r.at < len(r.src) && strings.IndexByte("+-.0123456789Ee", r.src[r.at]) >= 0 {
		r.at++
	}
	text := r.src[start:r.at]
	if !json.Valid([]byte(text)) {
		r.at = start
		return "", fmt.Errorf("%s is no number", quoteShort(text))
	}
	return text, nil
}

// here shows the character at hand for a message.
func (r *jsonReader) here() string {
	_, size := utf8.DecodeRuneInString(r.src[r.at:])
	return fmt.Sprintf("%q", r.src[r.at:r.at+size])
}

func quoteShort(s string) string {
	if len(s) > 40 {
		return fmt.Sprintf("%q...", s[:40])
	}
	return fmt.Sprintf("%q", s)
}

// nodeOf makes a node of a value that is decoded already; it has no place.
func nodeOf(v any, depth int, budget *int) (node, error) {
	if *budget--; *budget < 0 {
		return node{}, errMany
	}
	if depth > maxDepth {
		return node{}, errDeep
	}
	n := node{start: -1, end: -1, nameAt: -1}
	switch v := v.(type) {
	case nil:
	case string:
		n.kind, n.text = jsonString, v
	case bool:
		n.kind, n.text = jsonBool, fmt.Sprint(v)
	case json.Number:
		n.kind, n.text = jsonNumber, v.String()
	case map[string]any:
		n.kind, n.kids = jsonObject, make([]node, 0, len(v))
		for _, name := range sortedNames(v) {
			kid, err := nodeOf(v[name], depth+1, budget)
			if err != nil {
				return n, err
			}
			kid.name = name
			n.kids = append(n.kids, kid)
		}
	case []any:
		n.kind, n.kids = jsonList, make([]node, 0, len(v))
		for _, x := range v {
			kid, err := nodeOf(x, depth+1, budget)
			if err != nil {
				return n, err
			}
			n.kids = append(n.kids, kid)
		}
	default:
		// Numbers of Go's own types, as encoding/json writes them.
		text, err := json.Marshal(v)
		if err != nil {
			return n, fmt.Errorf("a value of type %T is no JSON value", v)
		}
		n.kind, n.text = jsonNumber, string(text)
	}
	return n, nil
}
