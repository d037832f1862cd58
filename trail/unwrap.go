// SPDX-License-Identifier: Apache-2.0

package trail

import (
	"fmt"
	"strconv"
	"strings"
)

const (
	maxStrings  = 3 // strings that hold JSON, one inside the other
	maxWrappers = 8 // wrappers of every kind, one inside the other
)

// member is a name and its value in an object that is not a record.
type member struct{ key, value []byte }

// object is a complete object that is not a record.
type object struct {
	s       *scanner
	raw     []byte
	start   int // in the scanner's buffer
	members []member
}

// get returns the value of a member, the last of that name, or nil.
func (o *object) get(name string) []byte {
	for i := len(o.members) - 1; i >= 0; i-- {
		if string(o.members[i].key) == name {
			return o.members[i].value
		}
	}
	return nil
}

// child returns the object that is the value of a member, if it is one.
func (o *object) child(name string) (object, bool) {
	value := o.get(name)
	if len(value) == 0 || value[0] != '{' {
		return object{}, false
	}
	return object{s: o.s, raw: value, start: o.at(value), members: o.s.members(nil, value)}, true
}

// at is where a value of the object stands in the scanner's buffer.
func (o *object) at(value []byte) int {
	return o.start + cap(o.raw) - cap(value)
}

// members appends the members of the complete object raw to list.
func (s *scanner) members(list []member, raw []byte) []member {
	probe := scanner{opts: s.opts, kinds: s.kinds, end: len(raw)}
	b := raw[:len(raw)+padding]
	for i := 1; i < len(raw); {
		i = space(b, i)
		if b[i] == ',' {
			i++
			continue
		}
		key, start, st := probe.key(b, i)
		if st != statusOK {
			break
		}
		end, st := probe.value(b, start)
		if st != statusOK {
			break
		}
		list = append(list, member{key, b[start:end]})
		i = end
	}
	return list
}

// unwrap looks for records in the object at buf[start:end], which is none.
func (s *scanner) unwrap(start, end int) error {
	s.list = s.members(s.list[:0], s.buf[start:end])
	o := object{s: s, raw: s.buf[start:end], start: start, members: s.list}
	if len(o.members) == 0 {
		return nil
	}
	for i := range s.table {
		if s.table[i].open == nil {
			continue
		}
		if mine, err := s.table[i].open(s, &o); mine || err != nil {
			return err
		}
	}
	s.skip(start, describe(&o))
	return nil
}

// inner reads the JSON value, which stands at i in the buffer, as a text of its
// own. A string is read as the JSON it holds. account, if any, is the account
// of records that name no recipient.
func (s *scanner) inner(value []byte, i int, account []byte) error {
	quoted := value[0] == '"'
	if s.level >= maxWrappers || quoted && s.strings >= maxStrings {
		s.skip(i, "wrapped too often")
		return nil
	}
	if s.child == nil {
		s.child = new(scanner)
	}
	c := s.child
	c.opts, c.stats, c.kinds, c.table = s.opts, s.stats, s.kinds, s.table
	c.visit, c.onSkip = s.visit, s.onSkip
	c.buf = append(c.buf[:0], make([]byte, padding)...)
	c.rewind()
	c.level, c.strings, c.account = s.level+1, s.strings, s.account
	if account != nil {
		c.account = account
	}
	c.base, c.pinned = s.offset(i), s.pinned
	text := c.buf[:0]
	if quoted {
		var ok bool
		if text, ok = unquote(text, value[1:len(value)-1]); !ok {
			s.skip(i, "malformed text in a string")
			return nil
		}
		c.strings++
		c.pinned = true
	} else {
		text = append(text, value...)
	}
	c.end = len(text)
	c.buf = append(text, make([]byte, padding)...)
	c.eof = true
	return c.run()
}

// holdsJSON reports whether the string (with its quotes) holds an object or a
// list, as far as its beginning tells.
func holdsJSON(value []byte) bool {
	if len(value) < 4 || value[0] != '"' {
		return false
	}
	if value[1] == '{' || value[1] == '[' {
		return true
	}
	text, _ := unquote(nil, value[1:min(len(value)-1, 64)])
	return strings.IndexByte("{[", firstByte(text)) >= 0
}

func firstByte(text []byte) byte {
	for _, c := range text {
		if !blank[c] {
			return c
		}
	}
	return ' '
}

// textOf is the text of a short string value; "" for anything else.
func textOf(value []byte) string {
	const longest = 256
	if len(value) < 2 || len(value) > longest || value[0] != '"' {
		return ""
	}
	text, _ := unquote(nil, value[1:len(value)-1])
	return string(text)
}

// describe says of an unknown object what members it has. Names come from the
// input: they are shortened, and quoted so that they are plain ASCII.
func describe(o *object) string {
	const most, longest = 4, 32
	if o.get("eventVersion") != nil && o.get("eventSource") != nil && o.get("eventName") == nil {
		return "a CloudTrail record without eventName"
	}
	var names []string
	for _, m := range o.members[:min(len(o.members), most)] {
		names = append(names, strconv.QuoteToASCII(string(m.key[:min(len(m.key), longest)])))
	}
	if len(o.members) > most {
		names = append(names, "…")
	}
	return fmt.Sprintf("not a CloudTrail record: an object with %s", strings.Join(names, ", "))
}
