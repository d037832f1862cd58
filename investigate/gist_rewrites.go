// SPDX-License-Identifier: Apache-2.0

package investigate

import (
	"cmp"
	"math/bits"
	"slices"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/bucketlid/bucketlid/replay"
	"github.com/bucketlid/bucketlid/trail"
)

// rewrites are the uploads and deletions of objects of a file. A ledger keeps
// those of the objects whose hash is smallest, and how many it keeps depends on
// all files: so a gist keeps as many as one file alone would need, in that order.
type rewrites struct {
	list  []rewrite
	floor int // hashes with fewer leading zero bits are left out
}

// rewrite is a record in brief: what replay reads off it.
type rewrite struct {
	hash    uint64 // of bucket and key
	seconds int64
	id      string
	by      [9]string // name, Region, address, agent, type, principalId, ARN, accountId, userName
	invoked string
	account string
	bucket  string
	key     string
	version string // that was asked for
	made    string // that was made or deleted
}

// isRewrite reports a record that a ledger may keep as a rewrite.
func isRewrite(h *trail.Header) bool {
	return rewriteName[string(h.Name)] && len(h.Error) == 0 && string(h.Source) == s3Source
}

// note adds a rewrite. The answer is false where a ledger must see the record.
func (s *rewrites) note(h *trail.Header, raw []byte) bool {
	request, response := h.Request, h.Response
	if request == nil {
		request = raw
	}
	if response == nil {
		response = raw
	}
	bucket, plain := clean(request, `"bucketName"`)
	key, keyed := clean(request, `"key"`)
	version, versioned := clean(request, `"versionId"`)
	made, told := clean(response, `"x-amz-version-id"`)
	if !plain || !keyed || !versioned || !told {
		return false
	}
	if bucket == nil || key == nil {
		return true // a ledger keeps none without them
	}
	r := rewrite{id: string(h.EventID), invoked: string(h.InvokedBy), account: string(h.RecipientAccountID), bucket: string(bucket), key: string(key), version: string(version), made: string(made)}
	r.hash = xxhash.Sum64String(r.bucket + "/" + r.key)
	if bits.LeadingZeros64(r.hash) < s.floor {
		return true
	}
	r.seconds, _, _ = trail.ParseTime(h.Time)
	for i, f := range [...][]byte{h.Name, h.Region, h.Address, h.Agent, h.Type, h.PrincipalID, h.ARN, h.AccountID, h.UserName} {
		r.by[i] = string(f)
	}
	s.list = append(s.list, r)
	if len(s.list) >= 2*replay.MaxRewrites() {
		s.shrink(1)
	}
	return true
}

// shrink leaves out what no ledger will keep, whatever other files hold. of is
// how many times as many as a ledger keeps are left.
func (s *rewrites) shrink(of int64) {
	slices.SortFunc(s.list, func(a, b rewrite) int {
		return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.seconds, b.seconds), strings.Compare(a.id, b.id))
	})
	var c crowd
	for i := range s.list {
		c.add(s.list[i].hash)
	}
	s.floor = max(s.floor, c.least(of))
	s.list = slices.DeleteFunc(s.list, func(r rewrite) bool { return bits.LeadingZeros64(r.hash) < s.floor })
}

// crowd counts rewrites by the leading zero bits of their hash.
type crowd [65]int64

func (c *crowd) add(hash uint64) { c[bits.LeadingZeros64(hash)]++ }

// least is the number of leading zero bits with which there are just more than so
// many times what a ledger keeps; 0 where there are not.
func (c *crowd) least(of int64) int {
	var n int64
	for zeros := len(c) - 1; zeros > 0; zeros-- {
		if n += c[zeros]; n > of*int64(replay.MaxRewrites()) {
			return zeros
		}
	}
	return 0
}

// encode writes the counts, then the rewrites by hash.
func (s *rewrites) encode() []byte {
	s.shrink(1)
	return s.text()
}

func (s *rewrites) text() []byte {
	p := &pen{}
	var c crowd
	for i := range s.list {
		c.add(s.list[i].hash)
	}
	p.count(uint64(s.floor))
	for _, n := range c {
		p.number(n)
	}
	for i := range s.list {
		r := &s.list[i]
		p.fixed(r.hash)
		p.number(r.seconds)
		p.plain(r.id)
		for _, f := range r.by {
			p.word(f)
		}
		p.word(r.invoked)
		p.word(r.account)
		p.word(r.bucket)
		p.plain(r.key)
		p.plain(r.version)
		p.plain(r.made)
	}
	return p.text
}

// rewritten reads what encode wrote, one rewrite after the other.
type rewritten struct {
	reader
	floor int
	crowd crowd
	next  rewrite
	any   bool // next is one
}

func newRewritten(text []byte) *rewritten {
	r := &rewritten{reader: reader{text: text}}
	r.floor = int(min(r.count(), 64))
	for i := range r.crowd {
		r.crowd[i] = r.number()
	}
	r.advance()
	return r
}

func (r *rewritten) advance() {
	if r.any = len(r.text) > 0 && r.err == nil; !r.any {
		return
	}
	n := &r.next
	n.hash, n.seconds, n.id = r.fixed(), r.number(), r.plain()
	for i := range n.by {
		n.by[i] = r.word()
	}
	n.invoked, n.account, n.bucket = r.word(), r.word(), r.word()
	n.key, n.version, n.made = r.plain(), r.plain(), r.plain()
}

// tell hands on the rewrites whose hash has at least so many leading zero bits
// and that were not handed on before.
func (r *rewritten) tell(least int, l *replay.Ledger) error {
	var h trail.Header
	for r.any && r.err == nil && bits.LeadingZeros64(r.next.hash) >= least {
		r.next.header(&h)
		l.AddHeader(&h, nil)
		r.advance()
	}
	return r.err
}

// header writes into h what the record's said of it.
func (w *rewrite) header(h *trail.Header) {
	h.Time = time.Unix(w.seconds, 0).UTC().AppendFormat(h.Time[:0], time.RFC3339)
	h.Source = append(h.Source[:0], s3Source...)
	h.EventID = append(h.EventID[:0], w.id...)
	h.InvokedBy = append(h.InvokedBy[:0], w.invoked...)
	h.RecipientAccountID = append(h.RecipientAccountID[:0], w.account...)
	for i, f := range [...]*[]byte{&h.Name, &h.Region, &h.Address, &h.Agent, &h.Type, &h.PrincipalID, &h.ARN, &h.AccountID, &h.UserName} {
		*f = append((*f)[:0], w.by[i]...)
	}
	h.Request = pieced(h.Request, `{"bucketName":"`, w.bucket, `","key":"`, w.key, `"`)
	if w.version != "" {
		h.Request = append(append(append(h.Request, `,"versionId":"`...), w.version...), '"')
	}
	h.Request = append(h.Request, '}')
	h.Response = pieced(h.Response, "{}")
	if w.made != "" {
		h.Response = pieced(h.Response, `{"x-amz-version-id":"`, w.made, `"}`)
	}
}

// pieced puts texts in the place of one.
func pieced(text []byte, pieces ...string) []byte {
	text = text[:0]
	for _, piece := range pieces {
		text = append(text, piece...)
	}
	return text
}

// tellRewrites hands a ledger those of the rewrites of all files that it keeps.
// The counts hold some that it does not, so that the bound is felt for downwards.
// The error is ErrGist also where a gist left out too many.
func tellRewrites(all []*rewritten, l *replay.Ledger) error {
	var sum crowd
	for _, r := range all {
		for zeros, n := range r.crowd {
			sum[zeros] += n
		}
	}
	for least := sum.least(1); ; least-- {
		for _, r := range all {
			if r.floor > least {
				return ErrGist
			}
			if err := r.tell(least, l); err != nil {
				return err
			}
		}
		if least == 0 || l.RewriteLimit() >= least {
			return nil
		}
	}
}
