// SPDX-License-Identifier: Apache-2.0

package coverage

import (
	"cmp"
	"encoding/hex"
	"path"
	"slices"
	"strings"
	"time"
)

// Verdict is what validation says of a file.
type Verdict string

// The verdicts (semantics G.3).
const (
	Verified Verdict = "verified" // as CloudTrail delivered it
	Altered  Verdict = "altered"  // not as CloudTrail delivered it
	Missing  Verdict = "missing"  // a digest vouches for it, and it is not there
	Unlisted Verdict = "unlisted" // delivered, and in no digest: too recent, or added by somebody
	Unproven Verdict = "unproven" // nothing speaks against it, and nothing proves it
	Moved    Verdict = "moved"    // a digest that lies where CloudTrail did not put it
)

// LogFile is a log file as it lies in the source.
type LogFile struct {
	Name string
	Hash string // hexadecimal SHA-256, unpacked; "" where its content is damaged
	// Unread says that it could not be read at all, which is no fault of its content.
	Unread bool
}

// Checked is one file with its verdict. Its JSON form is the `digest` message
// for digests and the `file` message for log files.
type Checked struct {
	Name    string     `json:"object"`
	Verdict Verdict    `json:"verdict"`
	Why     string     `json:"why,omitempty"`
	Account string     `json:"account"`
	Region  string     `json:"region"`
	Start   *time.Time `json:"start,omitempty"` // of a digest: the hour of delivery that it vouches for
	End     *time.Time `json:"end,omitempty"`
	Files   int        `json:"files,omitempty"` // of a digest: how many it lists
}

// Hole is a stretch of deliveries that no digest vouches for.
type Hole struct {
	Account string    `json:"account"`
	Region  string    `json:"region"`
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	Reason  string    `json:"reason"`
}

// Validation is the result: every digest, the log files that are not verified,
// how many there are of each verdict, and the holes between digests.
type Validation struct {
	Digests []Checked
	Files   []Checked
	Counts  map[Verdict]int64 // of log files
	Holes   []Hole
	Notes   []string // where a chain begins before the files given
}

// Sound reports whether everything is as CloudTrail delivered it, so far as the
// files given go.
func (v *Validation) Sound() bool {
	bad := func(c Checked) bool { return c.Verdict != Verified }
	return len(v.Holes) == 0 && !slices.ContainsFunc(v.Digests, bad) && !slices.ContainsFunc(v.Files, bad)
}

// Validate walks the chains of digests from the newest to the oldest and checks
// the log files that they list (semantics G.2, G.3; "Validating CloudTrail log
// file integrity", AWS CloudTrail User Guide). It is a pure function of the sets
// given. Without keys the hashes are checked, and nothing counts as verified.
func Validate(digests []*Digest, files []LogFile, keys Keys) Validation {
	w := &validator{keys: keys, byName: map[string][]LogFile{}, listed: map[string]bool{}, spans: map[[2]string]*[2]time.Time{}}
	w.out.Counts = map[Verdict]int64{}
	for _, f := range files {
		base := unpackedName(path.Base(f.Name))
		w.byName[base] = append(w.byName[base], f)
	}
	chains := map[string][]*Digest{}
	for _, d := range once(digests) {
		chains[d.Chain] = append(chains[d.Chain], d)
		w.span(d)
	}
	for _, chain := range chains {
		w.walk(chain)
	}
	w.unlisted(files)
	w.sort()
	return w.out
}

type validator struct {
	keys   Keys
	byName map[string][]LogFile
	listed map[string]bool
	spans  map[[2]string]*[2]time.Time // by account and Region: from the first digest's start to the last one's end
	out    Validation
}

func (w *validator) span(d *Digest) {
	place := [2]string{d.Account, d.Region}
	have := w.spans[place]
	if have == nil {
		w.spans[place] = &[2]time.Time{d.Start, d.End}
		return
	}
	if d.Start.Before(have[0]) {
		have[0] = d.Start
	}
	if d.End.After(have[1]) {
		have[1] = d.End
	}
}

// once leaves one of several copies of a digest: the one in its place.
func once(digests []*Digest) []*Digest {
	sorted := slices.Clone(digests)
	slices.SortFunc(sorted, func(a, b *Digest) int {
		return cmp.Or(cmp.Compare(a.Key, b.Key), b.End.Compare(a.End), boolOrder(a.moved(), b.moved()), cmp.Compare(b.Signature, a.Signature), cmp.Compare(a.Name, b.Name),
			cmp.Compare(hex.EncodeToString(a.hash[:]), hex.EncodeToString(b.hash[:])))
	})
	return slices.CompactFunc(sorted, func(a, b *Digest) bool { return a.Bucket == b.Bucket && a.Key == b.Key && a.hash == b.hash })
}

func boolOrder(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// walk checks one chain, the newest digest first: each vouches for the one
// before it, by hash and by handing down its signature.
func (w *validator) walk(chain []*Digest) {
	slices.SortFunc(chain, func(a, b *Digest) int {
		return cmp.Or(boolOrder(a.Backfill, b.Backfill), b.End.Compare(a.End), cmp.Compare(a.Name, b.Name))
	})
	var newer *Digest
	for len(chain) > 0 {
		copies := 1
		for copies < len(chain) && chain[copies].Key == chain[0].Key && chain[copies].Bucket == chain[0].Bucket {
			copies++
		}
		stands := w.copies(chain[:copies], newer)
		if !stands.Backfill {
			if newer != nil {
				w.link(newer, stands)
			}
			newer = stands
		}
		chain = chain[copies:]
	}
	if newer != nil && newer.previousKey != "" {
		w.out.Notes = append(w.out.Notes, "Log files delivered before "+stamp(newer.Start)+" in "+newer.Region+" of account "+newer.Account+
			" are not checked: the digest before, "+path.Base(newer.previousKey)+", is not among the files given.")
	}
}

// copies checks the digests that claim one place, of which CloudTrail wrote one
// at most, and gives the one to go on with.
func (w *validator) copies(digests []*Digest, newer *Digest) (stands *Digest) {
	stands = digests[0]
	for _, d := range digests {
		verdict, why := w.digest(d, newer)
		if newer != nil && newer.previousHash == hex.EncodeToString(d.hash[:]) {
			stands = d
		}
		w.out.Digests = append(w.out.Digests, Checked{Name: d.Name, Verdict: verdict, Why: why, Account: d.Account, Region: d.Region, Start: &d.Start, End: &d.End, Files: len(d.Listed)})
		for _, f := range d.Listed {
			w.file(d, f, verdict)
		}
	}
	return stands
}

// digest gives the verdict of one digest; newer is the one after it in the
// chain, nil for the newest.
func (w *validator) digest(d, newer *Digest) (Verdict, string) {
	signature := d.Signature
	if newer != nil && !d.Backfill && path.Base(newer.previousKey) == path.Base(d.Key) {
		if newer.previousAlgorithm == "SHA-256" && newer.previousHash != hex.EncodeToString(d.hash[:]) {
			return Altered, "the digest after it, " + path.Base(newer.Key) + ", has another hash of it"
		}
		signature = newer.previousSigning
	}
	if d.moved() {
		return Moved, "CloudTrail put it at s3://" + d.Bucket + "/" + d.Key
	}
	switch {
	case len(w.keys) == 0:
		return Unproven, "no public key is known (--keys)"
	case signature == "" && newer == nil:
		return Unproven, "the newest digest is signed in the metadata of its object, which a copy does not have; save it beside as " + path.Base(d.Name) + ".sig"
	case signature == "":
		return Unproven, "no signature: no digest after it hands one down"
	}
	return d.verify(w.keys, signature)
}

// link tells holes between a digest and the one that stands before it here.
func (w *validator) link(newer, older *Digest) {
	hole := Hole{Account: newer.Account, Region: newer.Region, From: older.End, To: newer.Start}
	switch {
	case newer.previousKey == "":
		hole.Reason = "the digest that ends at " + stamp(newer.End) + " starts a new chain: logging was stopped and started again, or the digests before were taken away"
	case path.Base(newer.previousKey) != path.Base(older.Key):
		hole.Reason = "digest missing: " + path.Base(newer.previousKey)
	case !older.End.Equal(newer.Start):
		hole.Reason = "two digests that follow each other leave time between them"
	default:
		return
	}
	w.out.Holes = append(w.out.Holes, hole)
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// file gives the verdict of a log file that a digest lists.
func (w *validator) file(d *Digest, f ListedFile, of Verdict) {
	base := unpackedName(path.Base(f.Key))
	w.listed[base] = true
	here := w.byName[base]
	if len(here) == 0 {
		w.add(Checked{Name: f.Key, Verdict: Missing, Why: "listed in " + path.Base(d.Key) + ", and not among the files given" + doubt(of), Account: d.Account, Region: d.Region})
		return
	}
	for _, have := range here {
		c := Checked{Name: have.Name, Verdict: Verified, Account: d.Account, Region: d.Region}
		switch {
		case have.Unread:
			c.Verdict, c.Why = Unproven, "it could not be read, so that it is not checked"
		case have.Hash == "":
			c.Verdict, c.Why = Altered, "cannot be read to its end; "+path.Base(d.Key)+" lists it whole"+doubt(of)
		case f.Algorithm != "SHA-256":
			c.Verdict, c.Why = Unproven, "its digest hashes by an algorithm that is not known here: "+f.Algorithm
		case have.Hash != f.Hash:
			c.Verdict, c.Why = Altered, "its hash is not the one in "+path.Base(d.Key)+doubt(of)
		case of != Verified:
			c.Verdict, c.Why = Unproven, "its hash fits, but the digest that lists it, "+path.Base(d.Key)+", is "+string(of)
		}
		w.add(c)
	}
}

// doubt says what a digest that is not verified takes from a finding.
func doubt(of Verdict) string {
	if of == Verified {
		return ""
	}
	return "; that digest itself is " + string(of)
}

func (w *validator) add(c Checked) {
	w.out.Counts[c.Verdict]++
	if c.Verdict != Verified {
		w.out.Files = append(w.out.Files, c)
	}
}

// unlisted names the log files that no digest lists.
func (w *validator) unlisted(files []LogFile) {
	for _, f := range files {
		base := unpackedName(path.Base(f.Name))
		if w.listed[base] {
			continue
		}
		account, region, delivered := FromName(base)
		c := Checked{Name: f.Name, Verdict: Unlisted, Account: account, Region: region}
		span := w.spans[[2]string{account, region}]
		switch {
		case span == nil:
			c.Verdict, c.Why = Unproven, "no digest of this account and Region is among the files given"
		case !delivered.Before(span[1].Add(-stampSlack)):
			c.Why = "newer than the last digest: the next one will list it"
		case delivered.Before(span[0]), w.inHole(account, region, delivered):
			c.Verdict, c.Why = Unproven, "the digest of its hour is missing"
		default:
			c.Why = "the digests of its hour do not list it: added by somebody, or moved here"
		}
		w.add(c)
	}
}

// stampSlack is how far a file's stamp may lie from the hour in which its digest
// counts it.
const stampSlack = 5 * time.Minute

func (w *validator) inHole(account, region string, at time.Time) bool {
	return slices.ContainsFunc(w.out.Holes, func(h Hole) bool {
		return h.Account == account && h.Region == region && !at.Before(h.From.Add(-stampSlack)) && at.Before(h.To.Add(stampSlack))
	})
}

func (w *validator) sort() {
	order := func(a, b Checked) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Region, b.Region), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Verdict, b.Verdict), cmp.Compare(a.Why, b.Why))
	}
	slices.Sort(w.out.Notes)
	slices.SortFunc(w.out.Digests, order)
	slices.SortFunc(w.out.Files, order)
	slices.SortFunc(w.out.Holes, func(a, b Hole) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Region, b.Region), a.From.Compare(b.From), cmp.Compare(a.Reason, b.Reason))
	})
}

// IsLogFile reports whether an object's name is that of a log file of CloudTrail.
func IsLogFile(name string) bool {
	account, _, delivered := FromName(unpackedName(path.Base(name)))
	return account != "" && !delivered.IsZero() && strings.Contains(path.Base(name), "_CloudTrail_")
}

// HandedDown gives the signatures of digests that others of the digests hand
// down, by the last part of their keys. Where copies differ the first by text is
// taken.
func HandedDown(digests []*Digest) map[string]string {
	out := map[string]string{}
	for _, d := range digests {
		name := path.Base(d.previousKey)
		if have := out[name]; d.previousSigning != "" && (have == "" || d.previousSigning < have) {
			out[name] = d.previousSigning
		}
	}
	return out
}
