// SPDX-License-Identifier: Apache-2.0

package investigate

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
	"unicode"
	"unicode/utf8"

	"github.com/cespare/xxhash/v2"

	"github.com/bucketlid/bucketlid/trail"
)

// Kinds of terms: the same text of two kinds is two terms.
const (
	termName      = 'n' // of whoever called, as matchesName compares it
	termARN       = 'a'
	termKey       = 'k'
	termPrincipal = 'p'
	termAddress   = 'i'
	termBucket    = 'b'
)

// termWriter names the terms of records: every record that a Subject matches
// has one of the subject's, and most others have none.
type termWriter struct {
	text []byte
	// Files are sorted by principal, so that most callers and addresses are those
	// of the record before: their terms are kept.
	key, lastKey []byte
	caller       []uint64
	address      string
	addr         netip.Addr // of address; the zero value where it is none
	at           uint64     // its term
}

func (w *termWriter) hash(kind byte, text []byte) uint64 {
	w.text = append(append(w.text[:0], kind), text...)
	return xxhash.Sum64(w.text)
}

// folded is the hash of a text in which letters differ by case only: the least
// rune that Unicode folds to the same stands for each, as bytes.EqualFold has it.
func (w *termWriter) folded(kind byte, text []byte) uint64 {
	w.text = append(w.text[:0], kind)
	for i := 0; i < len(text); {
		if c := text[i]; c < utf8.RuneSelf {
			if c >= 'a' && c <= 'z' {
				c -= 'a' - 'A'
			}
			w.text = append(w.text, c)
			i++
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		w.text = utf8.AppendRune(w.text, leastFold(r))
		i += size
	}
	return xxhash.Sum64(w.text)
}

func leastFold(r rune) rune {
	out := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		out = min(out, next)
	}
	return out
}

func (w *termWriter) write(h *trail.Header, raw []byte, filed, near func(uint64)) {
	if w.key = identityKey(w.key[:0], h); !bytes.Equal(w.key, w.lastKey) {
		w.lastKey = append(w.lastKey[:0], w.key...)
		w.caller = w.caller[:0]
		w.user(h, func(term uint64) { w.caller = append(w.caller, term) })
	}
	for _, term := range w.caller {
		filed(term)
	}
	w.behind(h, raw, filed)
	if w.address != string(h.Address) {
		w.address, w.addr = string(h.Address), netip.Addr{}
		if addr, err := netip.ParseAddr(w.address); err == nil {
			w.addr = addr.Unmap().WithZone("")
			w.at = w.hash(termAddress, []byte(w.addr.String()))
		}
	}
	if w.addr.IsValid() {
		filed(w.at)
	}
	own := named(h.Request, beforeName)
	arn := named(h.Resources, beforeARN)
	to := func(name []byte) func(uint64) {
		if len(own) > 0 && bytes.Equal(name, own) || len(arn) > 0 && bytes.Equal(name, arn) {
			return filed
		}
		return near
	}
	w.buckets(h.Request, to)
	w.buckets(h.Resources, to)
}

// named is the run of bytes of a name behind a text.
func named(text, before []byte) []byte {
	at := bytes.Index(text, before)
	if at < 0 {
		return nil
	}
	text = text[at+len(before):]
	end := 0
	for end < len(text) && nameBytes[text[end]] {
		end++
	}
	return text[:end]
}

// identityKey is everything of a header that user looks at.
func identityKey(key []byte, h *trail.Header) []byte {
	for _, f := range [...][]byte{h.ARN, h.Type, h.AccountID, h.UserName, h.InvokedBy, h.PrincipalID, h.AccessKeyID, h.IssuerARN} {
		key = append(binary.AppendUvarint(key, uint64(len(f))), f...)
	}
	return key
}

// behind names what matchesBehind looks for.
func (w *termWriter) behind(h *trail.Header, raw []byte, filed func(uint64)) {
	if value, ok := textMember(raw, `"sourceIdentity"`); ok && len(value) > 0 {
		filed(w.folded(termName, value))
	}
	if string(h.Type) == "IdentityCenterUser" {
		if value, ok := textMember(raw, `"userId"`); ok && len(value) > 0 {
			filed(w.folded(termName, value))
		}
	}
}

// user names what else matchesUser looks at.
func (w *termWriter) user(h *trail.Header, filed func(uint64)) {
	name := func(text []byte) {
		if len(text) > 0 {
			filed(w.folded(termName, text))
		}
	}
	role, session, ofRole := sessionOf(h.ARN)
	if ofRole {
		name(role)
		name(session)
		name(h.ARN[len(h.ARN)-len(role)-1-len(session):])
	} else if len(h.ARN) > 0 {
		name(h.ARN[bytes.LastIndexAny(h.ARN, "/:")+1:])
	}
	if string(h.Type) == "Root" {
		name([]byte("root"))
		name([]byte("root (" + string(h.AccountID) + ")"))
	}
	if anonymous(h) {
		name([]byte("anonymous"))
	}
	name(h.UserName)
	name(h.InvokedBy)
	id, behind, _ := bytes.Cut(h.PrincipalID, []byte(":"))
	name(behind)
	if len(h.PrincipalID) > 0 {
		filed(w.hash(termPrincipal, h.PrincipalID))
		filed(w.hash(termPrincipal, id))
	}
	if key := bytes.Trim(h.AccessKeyID, `"`); len(key) > 0 {
		filed(w.folded(termKey, key))
	}
	w.arns(h, ofRole, filed)
}

// arns names the ARNs of the caller, and of a session also what stands before
// each slash: that is how a role's sessions are asked for.
func (w *termWriter) arns(h *trail.Header, ofRole bool, filed func(uint64)) {
	if len(h.IssuerARN) > 0 {
		filed(w.hash(termARN, h.IssuerARN))
	}
	if len(h.ARN) == 0 {
		return
	}
	filed(w.hash(termARN, h.ARN))
	for i, c := range h.ARN {
		if ofRole && c == '/' {
			filed(w.hash(termARN, h.ARN[:i]))
		}
	}
}

var nameBytes = func() (is [256]bool) {
	for c := range is {
		is[c] = nameByte(byte(c))
	}
	return is
}()

// maxName is how long a bucket's name may be, and minName how short (bucketForm).
const minName, maxName = 2, 255

var (
	beforeName = []byte(`"bucketName":"`)
	beforeARN  = []byte(":s3:::")
	behindName = []byte(".s3")
)

// buckets names every text that mentions may be asked for: runs of bytes that
// names have, whole or up to ".s3". to says whether a row is filed under one or
// only its block is: under the bucket that the call is about, rows are.
func (w *termWriter) buckets(text []byte, to func(name []byte) func(uint64)) {
	for i := 0; i < len(text); {
		if !nameBytes[text[i]] {
			i++
			continue
		}
		end := i + 1
		for end < len(text) && nameBytes[text[end]] {
			end++
		}
		w.bucket(text[i:end], to)
		for at := i; at < end; {
			next := bytes.Index(text[at:end], behindName)
			if next < 0 {
				break
			}
			w.bucket(text[i:at+next], to)
			at += next + 1
		}
		i = end
	}
}

func (w *termWriter) bucket(name []byte, to func(name []byte) func(uint64)) {
	if c := name; len(c) >= minName && len(c) <= maxName && c[0] != '.' && c[0] != '-' && c[0] != '_' {
		to(name)(w.hash(termBucket, name))
	}
}

// Terms are how the rows are found that a subject may match: every such row is
// filed under one of Filed, or lies in a block near one of Near.
type Terms struct{ Filed, Near []uint64 }

// Terms lists the terms of a subject in a file with this gist. ok is false where
// only reading all records will do: a whole account's.
func (s *Subject) Terms(parts Parts) (out Terms, ok bool, err error) {
	var w termWriter
	text := []byte(s.Text)
	switch s.Kind {
	case IP:
		out.Filed, err = s.addressTerms(&w, parts)
	case Bucket:
		out.Filed = []uint64{w.hash(termBucket, text)}
		out.Near = out.Filed
	case User:
		switch s.form {
		case byAccount:
			return out, false, nil
		case byARN:
			out.Filed = []uint64{w.hash(termARN, text)}
			if _, name, isRole := roleOf(text); isRole {
				out.Filed = append(out.Filed, w.folded(termName, name))
			}
		case byKey:
			out.Filed = []uint64{w.folded(termKey, text)}
		case byPrincipal:
			out.Filed = []uint64{w.hash(termPrincipal, text)}
		default:
			out.Filed = []uint64{w.folded(termName, text)}
		}
	}
	return out, true, err
}

func (s *Subject) addressTerms(w *termWriter, parts Parts) (out []uint64, err error) {
	if s.prefix.IsSingleIP() {
		return []uint64{w.hash(termAddress, []byte(s.prefix.Addr().String()))}, nil
	}
	text, err := parts(partAddresses)
	if err != nil {
		return nil, err
	}
	r := reader{text: text}
	r.list(func() {
		text := r.bytes()
		if addr, err := netip.ParseAddr(string(text)); err == nil && s.prefix.Contains(addr) {
			out = append(out, w.hash(termAddress, text))
		}
	})
	return out, r.err
}

// addresses are those that the records of a file were made from.
type addresses map[netip.Addr]bool

func (a addresses) note(addr netip.Addr) {
	if addr.IsValid() {
		a[addr] = true
	}
}

func (a addresses) encode() []byte {
	var list []netip.Addr
	for addr := range a {
		list = append(list, addr)
	}
	slices.SortFunc(list, netip.Addr.Compare)
	p := &pen{}
	p.list(len(list), func(i int) { p.plain(list[i].String()) })
	return p.text
}
