// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sort"
	"strings"
)

const (
	// maxText bounds the text of a policy; S3's own bound is 20 KB (S3 page
	// "Bucket policies and user policies").
	maxText = 1 << 20
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
// would refuse is named in Problems. An error means that the text is not a JSON
// object at all, is above 1 MiB, or nests deeper than 32 levels.
func Parse(text []byte) (*Document, error) {
	if len(text) > maxText {
		return nil, fmt.Errorf("policy: %d bytes are above the limit of %d", len(text), maxText)
	}
	var problems []string
	if t, ok := bytes.CutPrefix(text, []byte("\xef\xbb\xbf")); ok {
		text, problems = t, append(problems, "the text begins with a byte order mark")
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	r := reader{dec: dec}
	v, err := r.value(0)
	if err != nil {
		return nil, fmt.Errorf("policy: at byte %d: %w", dec.InputOffset(), err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("policy: at byte %d: text after the end of the policy", dec.InputOffset())
	}
	if s, ok := v.(string); ok && strings.HasPrefix(strings.TrimSpace(s), "{") {
		d, err := Parse([]byte(s))
		if err != nil {
			return nil, err
		}
		d.problem("the policy is a JSON text inside a JSON string")
		return d, nil
	}
	return fromValue(v, append(problems, r.problems...))
}

// ParseValue reads a policy that is decoded already: a map[string]any, with
// numbers as json.Number or float64, as CloudTrail's requestParameters carry
// it. A string is parsed as text.
func ParseValue(v any) (*Document, error) {
	if s, ok := v.(string); ok {
		return Parse([]byte(s))
	}
	budget := maxNodes
	if err := checkValue(v, 0, &budget); err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	return fromValue(v, nil)
}

var errDeep = fmt.Errorf("nesting is deeper than %d levels", maxDepth)

func checkValue(v any, depth int, budget *int) error {
	if *budget--; *budget < 0 {
		return fmt.Errorf("more than %d values", maxNodes)
	}
	if depth > maxDepth {
		return errDeep
	}
	switch v := v.(type) {
	case map[string]any:
		for _, x := range v {
			if err := checkValue(x, depth+1, budget); err != nil {
				return err
			}
		}
	case []any:
		for _, x := range v {
			if err := checkValue(x, depth+1, budget); err != nil {
				return err
			}
		}
	}
	return nil
}

// reader decodes JSON token by token, because encoding/json drops duplicate
// members silently and has a far higher depth limit.
type reader struct {
	dec      *json.Decoder
	problems []string
}

func (r *reader) value(depth int) (any, error) {
	if depth > maxDepth {
		return nil, errDeep
	}
	t, err := r.dec.Token()
	if errors.Is(err, io.EOF) {
		return nil, io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, err
	}
	switch t {
	case json.Delim('{'):
		return r.object(depth)
	case json.Delim('['):
		return r.list(depth)
	}
	return t, nil
}

func (r *reader) object(depth int) (any, error) {
	out := map[string]any{}
	for r.dec.More() {
		name, err := r.dec.Token()
		if err != nil {
			return nil, err
		}
		v, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		key := name.(string)
		if _, dup := out[key]; dup && len(r.problems) < maxProblems {
			r.problems = append(r.problems, fmt.Sprintf("the member %q stands twice; the last one counts", key))
		}
		out[key] = v
	}
	_, err := r.dec.Token()
	return out, err
}

func (r *reader) list(depth int) (any, error) {
	out := []any{}
	for r.dec.More() {
		v, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	_, err := r.dec.Token()
	return out, err
}

func (d *Document) problem(format string, args ...any) {
	if len(d.Problems) < maxProblems {
		d.Problems = append(d.Problems, fmt.Sprintf(format, args...))
	}
}

func fromValue(v any, problems []string) (*Document, error) {
	m, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("policy: the text is %s, not a JSON object", shape(v))
	}
	d := &Document{Problems: problems}
	var statement any
	for _, name := range sortedNames(m) {
		switch d.element("policy", name, "Version", "Id", "Statement") {
		case "Version":
			d.Version = d.text("Version", m[name])
		case "Id":
			d.ID = d.text("Id", m[name])
		case "Statement":
			statement = m[name]
		default:
			d.Other = keep(d.Other, name, m[name])
			d.problem("the policy has the unknown element %q", name)
		}
	}
	switch d.Version {
	case "2012-10-17", "2008-10-17", "":
	default:
		d.problem("Version %q does not exist", d.Version)
	}
	list, ok := statement.([]any)
	if !ok && statement != nil {
		list = []any{statement}
	}
	if len(list) == 0 {
		d.problem("the policy has no Statement")
	}
	for i, s := range list {
		d.statement(i, s)
	}
	return d, nil
}

// element gives the standard spelling of an element's name, or "".
func (d *Document) element(where, name string, standard ...string) string {
	for _, s := range standard {
		if s == name {
			return s
		}
		if strings.EqualFold(s, name) {
			d.problem("%s: the element %q is spelt %q", where, s, name)
			return s
		}
	}
	return ""
}

func (d *Document) text(where string, v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case nil:
		return ""
	}
	d.problem("%s is %s, not a string", where, shape(v))
	return scalar(v)
}

func shape(v any) string {
	switch v.(type) {
	case map[string]any:
		return "an object"
	case []any:
		return "a list"
	case string:
		return "a string"
	case bool:
		return "a boolean"
	case nil:
		return "null"
	}
	return "a number"
}

// scalar gives the text of a string, number or boolean, as S3 compares it.
func scalar(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		if v {
			return "true"
		}
		return "false"
	case float64:
		b, _ := json.Marshal(v)
		return string(b)
	}
	return ""
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
