// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"strings"
	"unicode/utf8"
)

// maxText is the length in bytes to which a column's text is cut. Statistics in
// a file's footer hold whole values; raw holds what was cut.
const maxText = 4096

const (
	// maxWords is how many words are kept to be shared, maxWordBytes what they
	// take. What repeats soon is noted again in the next table.
	maxWords     = 1 << 15
	maxWordBytes = 8 << 20
	entryCost    = 128
)

// word is the number of a text; 0 is that of none.
type word uint32

// entry is a text as records have it, and as a column does.
type entry struct {
	written []byte
	column  string
}

// words numbers texts, since most columns repeat a few values. Entries never
// change: what was cut from them can be read while more are added.
type words struct {
	known   map[string]word
	entries []entry
	derived []derived
	size    int
}

// derived is what follows from a word, once it was asked for: of an ARN the
// principal_key, the session's name and the userIdentity that it stood in last;
// of a value the text that it says.
type derived struct {
	key, session, said word
	isSaid             bool
	identity           []byte
}

// maxIdentity is how long a userIdentity may be that is remembered.
const maxIdentity = 2048

func (t *words) identify(arn word, identity []byte) {
	if arn == 0 || len(identity) > maxIdentity {
		return
	}
	of := &t.derived[arn]
	t.size += max(0, len(identity)-cap(of.identity))
	of.identity = append(of.identity[:0], identity...)
}

func newWords() *words {
	return &words{known: make(map[string]word, 1024), entries: make([]entry, 1, 1024), derived: make([]derived, 1, 1024)}
}

func (t *words) full() bool { return len(t.entries) > maxWords || t.size > maxWordBytes }

func (t *words) of(text []byte) word {
	if len(text) == 0 {
		return 0
	}
	if w, ok := t.known[string(text)]; ok {
		return w
	}
	w := word(len(t.entries))
	written := string(text)
	t.known[written] = w
	t.entries = append(t.entries, entry{[]byte(written), columnText(written)})
	t.derived = append(t.derived, derived{})
	t.size += 2*len(text) + entryCost
	return w
}

// columnText makes s fit for a column.
func columnText(s string) string {
	if len(s) > maxText {
		cut := maxText
		for cut > maxText-utf8.UTFMax && !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = strings.Clone(s[:cut])
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// columnBytes is columnText for bytes, which most often are fit already.
func columnBytes(b []byte) []byte {
	if len(b) <= maxText && utf8.Valid(b) {
		return b
	}
	return []byte(columnText(string(b)))
}

// block is how much memory is taken at once for records.
const block = 16 << 10

// arena holds records side by side, so that few are an allocation of their own.
type arena struct{ block []byte }

// keep copies b and what is to stand behind it.
func (a *arena) keep(b, behind []byte) []byte {
	size := len(b) + len(behind)
	if size > block/4 {
		return append(append(make([]byte, 0, size), b...), behind...)
	}
	if cap(a.block)-len(a.block) < size {
		a.block = make([]byte, 0, block)
	}
	start := len(a.block)
	a.block = append(append(a.block, b...), behind...)
	return a.block[start:len(a.block):len(a.block)]
}
