// SPDX-License-Identifier: Apache-2.0

package remedy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/bucketlid/bucketlid/bucket"
	"github.com/bucketlid/bucketlid/policy"
)

// cutting is a policy less what makes it public.
type cutting struct {
	text     string // "" where nothing is left: the policy is to be deleted
	removed  []policy.Statement
	narrowed []policy.Statement // as they were
}

// cutPublic takes out of a policy what admits strangers who are not named: from
// a list of principals "*" alone, else the statement. Every other byte stays.
func cutPublic(text string, f policy.Facts) (cutting, error) {
	var c cutting
	c.text = text
	for {
		d, err := policy.Parse([]byte(c.text))
		if err != nil {
			return cutting{}, err
		}
		at := publicStatement(d, f)
		if at < 0 {
			return c, nil
		}
		if err := c.cut(d, at); err != nil {
			return cutting{}, err
		}
		if c.text == "" {
			return c, nil
		}
	}
}

// publicStatement is the first statement that admits unnamed strangers, or the
// access points of whatever account; -1 where none does.
func publicStatement(d *policy.Document, f policy.Facts) int {
	first := -1
	found := func(i int) {
		if first < 0 || i < first {
			first = i
		}
	}
	reach := policy.Analyse(d, f)
	for _, g := range reach.Grants {
		if g.Audience.Public() {
			found(g.Statement.Index)
		}
	}
	for _, del := range reach.Delegations {
		if slices.ContainsFunc(del.AccessPoints, anyAccount) {
			found(del.Statement.Index)
		}
	}
	return first
}

// anyAccount reports whether an account id or an access point's ARN is a
// pattern in its account.
func anyAccount(point string) bool {
	if parts := strings.SplitN(point, ":", 6); len(parts) == 6 {
		point = parts[4]
	}
	return strings.ContainsAny(point, "*?")
}

func (c *cutting) cut(d *policy.Document, at int) error {
	s := d.Statements[at]
	if s.End > 0 && s.Principal.Everyone() {
		if narrow, ok := withoutEveryone(c.text[s.Start:s.End]); ok {
			c.text = c.text[:s.Start] + narrow + c.text[s.End:]
			c.narrowed = append(c.narrowed, s)
			return nil
		}
	}
	c.removed = append(c.removed, s)
	if len(d.Statements) == 1 {
		c.text = ""
		return nil
	}
	out, err := policy.Without([]byte(c.text), at)
	if err != nil {
		return fmt.Errorf("statement %d cannot be cut out: %w", at, err)
	}
	c.text = string(out)
	return nil
}

// span is a value inside a text, with what must go with it.
type span struct{ from, to int }

// withoutEveryone cuts "*" out of the lists of a statement's Principal. ok is
// false where none would be left, so that the statement itself must go.
func withoutEveryone(statement string) (string, bool) {
	principal, ok := memberSpan(statement, "Principal")
	if !ok || statement[principal.from] != '{' {
		return "", false
	}
	kinds, ok := elements(statement, principal)
	if !ok {
		return "", false
	}
	var cuts []span
	left := 0
	for i, kind := range kinds {
		if kind.name == "AWS" && statement[kind.value.from] == '[' {
			list, ok := elements(statement, kind.value)
			if !ok {
				return "", false
			}
			gone, some := everyoneIn(statement, list)
			if some > 0 {
				cuts, left = append(cuts, gone...), left+some
				continue
			}
			cuts = append(cuts, parted(kinds, i))
			continue
		}
		if isEveryone(statement[kind.value.from:kind.value.to]) {
			cuts = append(cuts, parted(kinds, i))
			continue
		}
		left++
	}
	if left == 0 || len(cuts) == 0 {
		return "", false
	}
	out := without(statement, cuts)
	return out, json.Valid([]byte(out))
}

// everyoneIn gives the elements of a list that stand for everybody, each with a
// comma beside it, and how many others there are.
func everyoneIn(text string, list []element) (gone []span, others int) {
	kept := false
	for i, e := range list {
		if !isEveryone(text[e.value.from:e.value.to]) {
			others++
			kept = true
			continue
		}
		switch {
		case i+1 < len(list) && !kept: // nothing is left before it: the comma behind goes
			gone = append(gone, span{e.value.from, list[i+1].from})
		case i > 0:
			gone = append(gone, span{list[i-1].value.to, e.value.to})
		default:
			gone = append(gone, e.value)
		}
	}
	return gone, others
}

// parted is an element with the comma that parts it from its neighbours.
func parted(list []element, i int) span {
	switch {
	case i+1 < len(list):
		return span{list[i].from, list[i+1].from}
	case i > 0:
		return span{list[i-1].value.to, list[i].value.to}
	}
	return span{list[i].from, list[i].value.to}
}

func isEveryone(raw string) bool {
	var s string
	return json.Unmarshal([]byte(raw), &s) == nil && (s == "*" || s == bucket.AnonymousID)
}

func without(text string, cuts []span) string {
	var b strings.Builder
	at := 0
	for _, c := range cuts {
		if c.from > at {
			b.WriteString(text[at:c.from])
		}
		at = max(at, c.to)
	}
	b.WriteString(text[at:])
	return b.String()
}

// element is one member of an object or one value of a list.
type element struct {
	name  string // of an object's member
	from  int    // where it begins, its name included
	value span
}

// elements finds the elements of the object or list at a span of a text.
func elements(text string, at span) (out []element, ok bool) {
	dec := json.NewDecoder(strings.NewReader(text[at.from:at.to]))
	open, err := dec.Token()
	if err != nil {
		return nil, false
	}
	for dec.More() {
		e := element{from: begin(text, at.from+int(dec.InputOffset()))}
		if open == json.Delim('{') {
			name, err := dec.Token()
			if err != nil {
				return nil, false
			}
			e.name, _ = name.(string)
		}
		var raw json.RawMessage
		if dec.Decode(&raw) != nil {
			return nil, false
		}
		to := at.from + int(dec.InputOffset())
		e.value = span{to - len(bytes.TrimSpace(raw)), to}
		if open != json.Delim('{') {
			e.from = e.value.from
		}
		out = append(out, e)
	}
	return out, true
}

// begin skips what stands between two elements.
func begin(text string, at int) int {
	for at < len(text) && strings.IndexByte(" \t\r\n,", text[at]) >= 0 {
		at++
	}
	return at
}

func memberSpan(object, name string) (span, bool) {
	members, ok := elements(object, span{0, len(object)})
	for _, m := range members {
		if strings.EqualFold(m.name, name) {
			return m.value, ok
		}
	}
	return span{}, false
}
