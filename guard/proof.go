// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bucketlid/bucketlid/account"
	"github.com/bucketlid/bucketlid/remedy"
)

// Proof is what the evaluator says of the account's Block Public Access, bucket
// by bucket, before it is switched on.
type Proof struct {
	Looked int `json:"looked"` // buckets that were evaluated
	// Buckets are those that it closes, where somebody loses access, or of which
	// that is not known. The others have nothing that it would close.
	Buckets []Effect `json:"buckets"`
	Widened []string `json:"widened,omitempty"` // must be empty
}

// Effect is what it does to one bucket.
type Effect struct {
	Bucket  string           `json:"bucket"`
	Region  string           `json:"region"`
	Hash    string           `json:"hash"` // the fingerprint of the bucket's settings
	Closes  []remedy.Opening `json:"closes"`
	Leaves  []remedy.Opening `json:"leaves,omitempty"` // still open after it
	Loses   []remedy.Loser   `json:"loses,omitempty"`
	Unknown []string         `json:"unknown,omitempty"` // what could not be read, so that more may close
}

func prove(s State, c account.Call) *Proof {
	p := &Proof{Buckets: []Effect{}}
	for _, b := range s.Buckets {
		if b.Settings.Gone {
			continue
		}
		p.Looked++
		one := remedy.UnderAccountBlock(b, c)
		p.Widened = append(p.Widened, one.Widened...)
		e := Effect{Bucket: b.Settings.Bucket, Region: b.Settings.Region, Hash: ownFingerprint(b),
			Closes: append([]remedy.Opening{}, one.Closed...), Leaves: one.Remaining, Loses: one.Loses, Unknown: unreadOf(b)}
		if len(e.Closes)+len(e.Leaves)+len(e.Loses)+len(e.Unknown) > 0 {
			p.Buckets = append(p.Buckets, e)
		}
	}
	slices.SortFunc(p.Buckets, func(a, b Effect) int { return strings.Compare(a.Bucket, b.Bucket) })
	return p
}

// ownFingerprint leaves the account's block out, which is a part of its own.
func ownFingerprint(b remedy.State) string {
	b.Settings.AccountBlock = account.Setting{Status: account.Absent}
	return b.Fingerprint()
}

// unreadOf names what of a bucket is not known. The account's block is told once.
func unreadOf(b remedy.State) []string {
	one := b
	one.Settings.AccountBlock = account.Setting{Status: account.Absent}
	out := one.Unread()
	if why := remedy.HiddenObjects(b); why != "" {
		out = append(out, why)
	}
	return out
}

// confirm says why apply asks for the account's id: something public that is in
// use, or may be, would close; first what is known to be used.
func confirm(p Proof, readers map[string]remedy.Readers) []string {
	var out, unlogged []string
	unknown := 0
	for _, e := range p.Buckets {
		for _, why := range inUse(e, readers[e.Bucket]) {
			out = append(out, e.Bucket+": "+why)
		}
		if r := readers[e.Bucket]; len(e.Closes) > 0 && r.Requests == 0 && !r.Looked {
			unlogged = append(unlogged, e.Bucket)
		}
		if len(e.Unknown) > 0 {
			unknown++
		}
	}
	if n := len(unlogged); n > 0 {
		it, most := "it", min(n, maxUnlogged)
		names := strings.Join(unlogged[:most], ", ")
		if n > 1 {
			it = "them"
		}
		if n > most {
			names += fmt.Sprintf(" and %d more", n-most)
		}
		out = append(out, names+": whether strangers use "+it+" is not known: no log of requests was given")
	}
	if unknown > 0 {
		out = append(out, fmt.Sprintf("of %d of %d buckets it is not known whether something would close: not everything of them was read", unknown, p.Looked))
	}
	return out
}

// maxUnlogged is how many buckets are named of whose use no log tells.
const maxUnlogged = 5

// inUse says who uses, or can use, what would close.
func inUse(e Effect, r remedy.Readers) (used []string) {
	for _, l := range e.Loses {
		switch l.Kind {
		case "website":
			used = append(used, "a website is on, or may be: "+l.Note)
		case "account", "cloudfront":
			used = append(used, l.Who+" may lose access"+noted(l.Note))
		}
	}
	if len(e.Closes) > 0 && r.Requests > 0 {
		used = append(used, fmt.Sprintf("strangers use it: %d requests seen in the logs", r.Requests))
	}
	return used
}

func noted(note string) string {
	if note == "" {
		return ""
	}
	return " (" + note + ")"
}
