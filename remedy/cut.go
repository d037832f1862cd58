// SPDX-License-Identifier: Apache-2.0

package remedy

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/bucketlid/bucketlid/policy"
)

// cutting is a policy less what admits those who are to be taken out.
type cutting struct {
	text     string // "" where nothing is left: the policy is to be deleted
	final    string // where text is "", what it was with one statement
	removed  []policy.Statement
	narrowed []policy.Statement // as they were
	// places are those that the statements of text had before any was cut.
	places []int
}

// cutOut takes out of a policy what admits some: from a list of principals, or
// of values of a condition that names them, those alone, else the statement.
// Every other byte stays.
func cutOut(text string, f policy.Facts, whom Whom) (cutting, error) {
	c := cutting{text: text}
	for {
		d, err := policy.Parse([]byte(c.text))
		if err != nil {
			return cutting{}, err
		}
		if c.places == nil {
			c.places = positions(len(d.Statements))
		}
		at := whom.statement(d, f)
		if at < 0 {
			return c, nil
		}
		if err := c.cut(d, at, whom); err != nil {
			return cutting{}, err
		}
		if c.text == "" {
			return c, nil
		}
	}
}

func positions(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// anyAccount reports whether an account id or an access point's ARN is a
// pattern in its account.
func anyAccount(point string) bool { return strings.ContainsAny(pointOwner(point), "*?") }

// pointOwner is the account of an account id or of an access point's ARN.
func pointOwner(point string) string {
	if parts := strings.SplitN(point, ":", 6); len(parts) == 6 {
		return parts[4]
	}
	return point
}

func (c *cutting) cut(d *policy.Document, at int, whom Whom) error {
	s := d.Statements[at]
	s.Index = c.places[at]
	if s.End > 0 {
		narrow, done, err := whom.narrowed(&s, c.text[s.Start:s.End])
		if err != nil {
			return err
		}
		if done {
			c.text = c.text[:s.Start] + narrow + c.text[s.End:]
			c.narrowed = append(c.narrowed, s)
			return nil
		}
	}
	c.removed = append(c.removed, s)
	if len(d.Statements) == 1 {
		c.text, c.final = "", c.text
		return nil
	}
	out, err := policy.Without([]byte(c.text), at)
	if err != nil {
		return fmt.Errorf("%s cannot be cut out: %w", statementName(&s), err)
	}
	c.text, c.places = string(out), slices.Delete(c.places, at, at+1)
	return nil
}

// span is a value inside a text, with what must go with it.
type span struct{ from, to int }

// withoutNames cuts names out of a statement's Principal. ok is false where none
// would be left, so that the statement itself must go, or none is cut.
func withoutNames(statement string, gone func(raw string) bool) (string, bool) {
	principal, ok := memberSpan(statement, "Principal")
	if !ok || statement[principal.from] != '{' {
		return "", false
	}
	cuts, left, ok := cutsOf(statement, principal, gone)
	if !ok || left == 0 || len(cuts) == 0 {
		return "", false
	}
	out := without(statement, cuts)
	return out, json.Valid([]byte(out))
}

// cutsOf finds what to cut out of an object whose members are texts or lists of
// texts: elements of a list, or a member of which nothing would be left. left
// counts the texts that stay.
func cutsOf(text string, object span, gone func(raw string) bool) (cuts []span, left int, ok bool) {
	members, ok := elements(text, object)
	if !ok {
		return nil, 0, false
	}
	var whole []int
	for i, m := range members {
		some := 1
		var inside []span
		if text[m.value.from] == '[' {
			list, ok := elements(text, m.value)
			if !ok {
				return nil, 0, false
			}
			inside, some = goneIn(text, list, gone)
		} else if gone(text[m.value.from:m.value.to]) {
			some = 0
		}
		left += some
		if some == 0 {
			whole = append(whole, i)
		}
		if some > 0 {
			cuts = append(cuts, inside...)
		}
	}
	for _, run := range runsOf(whole) {
		cuts = append(cuts, parted(members, run[0], run[1]))
	}
	slices.SortFunc(cuts, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	return cuts, left, true
}

// runsOf gives the first and last of each run of neighbours.
func runsOf(list []int) [][2]int {
	var out [][2]int
	for _, i := range list {
		if n := len(out); n > 0 && out[n-1][1] == i-1 {
			out[n-1][1] = i
			continue
		}
		out = append(out, [2]int{i, i})
	}
	return out
}

// goneIn gives the elements of a list that are to go, each with a comma beside
// it, and how many others there are.
func goneIn(text string, list []element, gone func(raw string) bool) (cuts []span, others int) {
	var whole []int
	for i, e := range list {
		if gone(text[e.value.from:e.value.to]) {
			whole = append(whole, i)
		}
	}
	for _, run := range runsOf(whole) {
		cuts = append(cuts, parted(list, run[0], run[1]))
	}
	return cuts, len(list) - len(whole)
}

// parted is a run of elements with the comma that parts it from its neighbours:
// the one before it, or at the beginning the one behind.
func parted(list []element, first, last int) span {
	switch {
	case first > 0:
		return span{list[first-1].value.to, list[last].value.to}
	case last+1 < len(list):
		return span{list[first].from, list[last+1].from}
	}
	return span{list[first].from, list[last].value.to}
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
