// SPDX-License-Identifier: Apache-2.0

package investigate

import (
	"bytes"
	"fmt"
	"io"

	"github.com/cespare/xxhash/v2"

	"github.com/bucketlid/bucketlid/replay"
	"github.com/bucketlid/bucketlid/trail"
)

// gistForm is raised when gists hold other things than before, or when what
// replay and this package take from a record changes.
const gistForm = 1

// GistVersion stands for what gists hold: the form, and which calls replay and
// this package ask for. Where it is another, files are read instead, until their
// gists were written again.
var GistVersion = int(xxhash.Sum64String(fmt.Sprint(gistForm, replay.Choices(), replay.NotedCalls(), replay.DataEvents(), replay.Rewrites(), deedCalls, sessionCalls, dataCalls)) >> 32)

// The parts of a gist.
const (
	partTotals = iota
	partChosen
	partOdd
	partRewrites
	partState
	partAddresses
)

// Gist is what an investigation must know of the records of one file that it
// does not read: sums for the baseline, the records that a ledger wants, what a
// Collector notes of everybody's. The terms that it names find the records that
// a subject may match. All of it is a function of the set of records.
type Gist struct {
	totals    *totals
	chosen    pen
	odd       pen
	rewrites  rewrites
	collector *Collector
	repeats   *replay.Ledger // only of readings
	addresses addresses
	terms     termWriter
	crowded   bool
}

// NewGist begins the gist of a file.
func NewGist() *Gist {
	return &Gist{totals: newTotals(), collector: NewCollector(nil), repeats: replay.NewLedger(), addresses: addresses{}}
}

const (
	// maxPlain is how long texts of a record may be before replay cuts them:
	// longer ones are kept whole, to be read as they are.
	maxPlain = 1200
	// minPlainID is the length below which an eventID tells nothing.
	minPlainID = 12
	// maxChosen bounds the records that a gist keeps whole, in bytes.
	maxChosen = 256 << 20
)

// Note takes the next record of the file. filed is told the terms under which
// it can be found, near those of which it is one of few thousand.
func (g *Gist) Note(object string, h *trail.Header, raw []byte, filed, near func(term uint64)) {
	if g.crowded {
		return
	}
	if isOdd(h) {
		choose(&g.odd, object, h, raw)
		g.crowded = len(g.odd.text) > maxChosen
		return
	}
	g.terms.write(h, raw, filed, near)
	g.addresses.note(g.terms.addr)
	g.collector.Observe(h, raw)
	unclear := !g.totals.note(h)
	switch {
	case replay.Wants(h, raw):
		if !g.repeats.Repeats(h, raw) {
			choose(&g.chosen, object, h, raw)
		}
	case unclear || isRewrite(h) && !g.rewrites.note(h, raw):
		choose(&g.chosen, object, h, raw)
	}
	g.crowded = g.crowded || g.totals.crowded() || len(g.chosen.text) > maxChosen || len(g.addresses) > maxTotals
}

// isOdd reports records of which sums would not tell what reading tells: such
// are kept whole.
func isOdd(h *trail.Header) bool {
	if _, _, dated := trail.ParseTime(h.Time); !dated || len(h.EventID) < minPlainID {
		return true
	}
	for _, f := range [...][]byte{
		h.Name, h.Source, h.Region, h.Address, h.Agent, h.Error, h.EventID, h.SharedEventID, h.RecipientAccountID,
		h.Type, h.PrincipalID, h.ARN, h.AccountID, h.UserName, h.InvokedBy, h.IssuerARN,
	} {
		if len(f) > maxPlain {
			return true
		}
	}
	return false
}

// choose keeps a record whole.
func choose(p *pen, object string, h *trail.Header, raw []byte) {
	p.word(object)
	p.number(h.Offset)
	p.word(string(h.RecipientAccountID))
	p.plain(string(raw))
}

// Parts ends the gist. ok is false where there was too much to keep.
func (g *Gist) Parts() (parts [][]byte, ok bool) {
	if g.crowded {
		return nil, false
	}
	return [][]byte{
		partTotals:    g.totals.encode(),
		partChosen:    g.chosen.text,
		partOdd:       g.odd.text,
		partRewrites:  g.rewrites.encode(),
		partState:     g.collector.encode(),
		partAddresses: g.addresses.encode(),
	}, true
}

// Parts gives a part of a gist by its number.
type Parts func(part int) ([]byte, error)

// The parts of a gist that tell a hunt and a Collector what they must know.
var (
	HuntParts      = []int{partTotals, partChosen, partOdd, partRewrites}
	CollectorParts = []int{partOdd, partState}
)

// Visited takes a record that a gist keeps whole; object is where it was loaded
// from, as the header's Offset is.
type Visited func(object string, h *trail.Header, raw []byte) error

// Chosen hands the records on of which only a ledger has not heard.
func Chosen(parts Parts, visit Visited) error { return wholeRecords(parts, partChosen, visit) }

// Odd hands the records on of which a gist tells nothing else: they are to be
// taken as any that is read.
func Odd(parts Parts, visit Visited) error { return wholeRecords(parts, partOdd, visit) }

func wholeRecords(parts Parts, part int, visit Visited) error {
	text, err := parts(part)
	if err != nil || len(text) == 0 {
		return err
	}
	in := &chosenReader{reader: reader{text: text}, next: []byte(`{"Records":[`)}
	_, err = trail.Scan(in, trail.Options{}, func(h *trail.Header, raw []byte) error {
		if len(in.places) == 0 || in.places[0].at != h.Offset {
			return ErrGist
		}
		p := in.places[0]
		in.places = in.places[1:]
		h.Offset = p.offset
		if len(h.RecipientAccountID) == 0 {
			h.RecipientAccountID = []byte(p.account)
		}
		return visit(p.object, h, raw)
	}, nil)
	if err == nil && (in.err != nil || len(in.places) > 0) {
		err = ErrGist
	}
	return err
}

// chosenReader writes the records as a CloudTrail log file.
type chosenReader struct {
	reader
	next   []byte
	at     int64
	places []chosenPlace
	begun  bool
	parted bool
	ended  bool
}

type chosenPlace struct {
	at, offset      int64
	object, account string
}

// Read implements io.Reader.
func (r *chosenReader) Read(p []byte) (n int, err error) {
	for n < len(p) {
		if len(r.next) == 0 {
			if r.ended {
				return n, io.EOF
			}
			r.advance()
		}
		c := copy(p[n:], r.next)
		n, r.next = n+c, r.next[c:]
		r.at += int64(c)
	}
	return n, nil
}

func (r *chosenReader) advance() {
	switch {
	case len(r.text) == 0:
		r.next, r.ended = []byte("]}"), true
	case r.begun && !r.parted:
		r.next, r.parted = []byte(","), true
	default:
		p := chosenPlace{at: r.at, object: r.word(), offset: r.number(), account: r.word()}
		r.next = r.bytes()
		r.begun, r.parted = true, false
		r.places = append(r.places, p)
	}
}

// clean is the text of the only string member of a name, given in quotes, that
// is written without blanks and escapes: "" where there is none. ok is false
// where it is not certain that replay reads the same.
func clean(text []byte, quoted string) (value []byte, ok bool) {
	at := bytes.Index(text, []byte(quoted))
	if at < 0 {
		return nil, true
	}
	rest := text[at+len(quoted):]
	if bytes.Contains(rest, []byte(quoted)) || len(rest) < 2 || rest[0] != ':' || rest[1] != '"' {
		return nil, false
	}
	end := bytes.IndexByte(rest[2:], '"')
	if end < 0 || bytes.IndexByte(rest[2:2+end], '\\') >= 0 {
		return nil, false
	}
	return rest[2 : 2+end], true
}
