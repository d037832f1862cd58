// SPDX-License-Identifier: Apache-2.0

package investigate

import (
	"github.com/bucketlid/bucketlid/replay"
	"github.com/bucketlid/bucketlid/trail"
)

// GistSums puts the gists of many files together into few that say the same.
type GistSums struct {
	totals    *totals
	rewrites  rewrites
	collector *Collector
	odd       pen
	chosen    [chosenGists]pen
	turn      int
	size      int
	repeats   *replay.Ledger // only of readings
}

const (
	// chosenGists is into how many gists the chosen records are parted, so that
	// several readers can take them in at once; chosenTurn is how many records in
	// succession go into one.
	chosenGists = 8
	chosenTurn  = 64
	// maxSums bounds the totals of all files, as maxTotals does those of one.
	maxSums = 8 * maxTotals
	// sumsOf is how many times as many rewrites as a ledger keeps are kept: some of
	// them it will not take.
	sumsOf = 2
)

// NewGistSums returns sums of no gist.
func NewGistSums() *GistSums {
	return &GistSums{totals: newTotals(), collector: NewCollector(nil), repeats: replay.NewLedger()}
}

// Add takes a gist in, of a file or of earlier sums.
func (g *GistSums) Add(parts func(part int) ([]byte, error)) error {
	text, err := parts(partTotals)
	if err == nil {
		err = g.totals.merge(text)
	}
	if err == nil {
		err = g.collector.AddGist(parts)
	}
	if err == nil {
		err = Chosen(parts, g.choose)
	}
	if err == nil {
		err = Odd(parts, func(object string, h *trail.Header, raw []byte) error {
			choose(&g.odd, object, h, raw)
			return nil
		})
	}
	if err == nil {
		text, err = parts(partRewrites)
	}
	if err != nil {
		return err
	}
	return g.rewrites.merge(text)
}

func (g *GistSums) choose(object string, h *trail.Header, raw []byte) error {
	if g.repeats.Repeats(h, raw) {
		return nil
	}
	into := &g.chosen[g.turn/chosenTurn%chosenGists]
	before := len(into.text)
	choose(into, object, h, raw)
	g.turn++
	g.size += len(into.text) - before
	return nil
}

// Gists ends the sums. ok is false where there was too much to keep.
func (g *GistSums) Gists() (gists [][][]byte, ok bool) {
	if g.totals.more(maxSums) || g.size > 2*maxChosen || len(g.odd.text) > maxChosen {
		return nil, false
	}
	none, _ := NewGist().Parts()
	with := func(part int, text []byte) {
		gist := append([][]byte{}, none...)
		gist[part] = text
		gists = append(gists, gist)
	}
	with(partTotals, g.totals.encode())
	with(partState, g.collector.encode())
	g.rewrites.shrink(sumsOf)
	with(partRewrites, g.rewrites.text())
	with(partOdd, g.odd.text)
	for i := range g.chosen {
		with(partChosen, g.chosen[i].text)
	}
	return gists, true
}

// merge takes in what encode wrote.
func (s *rewrites) merge(text []byte) error {
	r := newRewritten(text)
	s.floor = max(s.floor, r.floor)
	for r.any && r.err == nil {
		s.list = append(s.list, r.next)
		r.advance()
	}
	if len(s.list) >= 2*sumsOf*replay.MaxRewrites() {
		s.shrink(sumsOf)
	}
	return r.err
}
