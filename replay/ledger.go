// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/bucketlid/bucketlid/bucket"
	"github.com/bucketlid/bucketlid/policy"
	"github.com/bucketlid/bucketlid/trail"
)

// Ledger keeps every change that the records told, each once, and what
// strangers did. It is a set: the order in which records come, and how often,
// does not matter, and ledgers of parts merge into the ledger of the whole.
// The zero value is not ready; use NewLedger.
type Ledger struct {
	calls      map[string][]copyOf
	rewrites   rewriteSet
	uses       map[useKey]*Use
	served     throng // of uses
	refused    throng
	logged     map[loggedKey]*stretch
	agents     map[string]string // the known scanner of a user agent, "" for none
	observed   map[observedKey]*observed
	repeats    repeats
	readings   []*bucket.Change     // of the live account
	tags       tagStore             // of buckets
	untagged   map[string]time.Time // buckets that a live read showed to have none, and when
	objectTags tagStore             // of objects
}

// copyOf is one record's account of a call. A call across accounts is written
// to both trails, with different eventIDs and one sharedEventID.
type copyOf struct {
	eventID string
	hash    uint64 // of the record's bytes
	rank    int    // how much the copy tells, see richness
	changes []*bucket.Change
}

// NewLedger returns an empty ledger.
func NewLedger() *Ledger {
	return &Ledger{calls: map[string][]copyOf{}, uses: map[useKey]*Use{}, logged: map[loggedKey]*stretch{}, agents: map[string]string{}, observed: map[observedKey]*observed{}, repeats: repeats{},
		objectTags: tagStore{objects: true}}
}

// Wants reports whether the record must be decoded whole and added. It looks at
// the header first and at the raw bytes only where a call's row asks for it.
func Wants(h *trail.Header, raw []byte) bool {
	if c := lookup(h.Source, h.Name); c != nil && (c.wants == nil || c.wants(h, raw)) {
		return true
	}
	return isUse(h)
}

// Take takes one record in as it comes from the sieve, and decodes it whole only
// where that can tell something new. The answer names what could not be read;
// "" when all could.
func (l *Ledger) Take(h *trail.Header, raw []byte) string {
	l.noteDataEvent(h)
	if !Wants(h, raw) {
		l.AddHeader(h, raw)
		return ""
	}
	if l.Repeats(h, raw) {
		return ""
	}
	if r := briefly(h, raw); r != nil {
		return l.Add(r)
	}
	r, err := trail.Decode(raw, h)
	if err != nil {
		return err.Error()
	}
	return l.Add(r)
}

// Add takes one decoded record in. Records that Wants would not choose are
// ignored. The answer names what of a change could not be read, so that it is
// not taken for no change; "" when all could.
func (l *Ledger) Add(r *trail.Record) string {
	clipRecord(r)
	l.addUse(r)
	c := lookup([]byte(r.EventSource), []byte(r.EventName))
	if c == nil || (c.wants != nil && !c.wants(&trail.Header{}, r.Raw)) {
		l.addStrangersRewrite(r)
		return ""
	}
	l.addTags(r)
	changes := c.read(r)
	if len(changes) == 0 {
		return ""
	}
	if changes[0].Slot == bucket.SlotObservation && !r.EventTime.IsZero() {
		l.addObservation(changes[0])
		return ""
	}
	hash := xxhash.Sum64(r.Raw)
	l.insert(mergeKey(r, hash), copyOf{eventID: r.EventID, hash: hash, rank: richness(r), changes: changes})
	return unread(changes[0])
}

// unread names what of a successful change could not be read.
func unread(c *bucket.Change) string {
	switch {
	case c.Outcome != bucket.Done:
		return ""
	case c.PayloadLost != "":
		return "unreadable change: " + c.PayloadLost
	case c.ACL != nil && c.ACL.Partial != "":
		return "unreadable change: part of the ACL, " + c.ACL.Partial
	case c.Policy != nil && notUnderstood(c.Policy.Document) != "":
		return "unreadable change: part of the policy, " + notUnderstood(c.Policy.Document)
	case c.Bucket == "" && c.AccessPoint == "" && bucketSlots[c.Slot]:
		return "unreadable change: " + c.Event.Name + " names no bucket"
	}
	return ""
}

// notUnderstood is the first problem of a policy that may hide a meaning.
func notUnderstood(d *policy.Document) string {
	for _, p := range d.Details {
		if !p.Kind.Harmless() {
			return p.Text
		}
	}
	return ""
}

// bucketSlots are the slots that belong to a bucket.
var bucketSlots = map[bucket.Slot]bool{
	bucket.SlotBucket: true, bucket.SlotACL: true, bucket.SlotPolicy: true, bucket.SlotBlock: true,
	bucket.SlotOwnership: true, bucket.SlotObject: true, bucket.SlotObjectACL: true,
}

// maxCopies bounds the copies of one call: two trails or three write it, more
// under one id are not of AWS's making. The richest are kept.
const maxCopies = 16

func (l *Ledger) insert(key string, c copyOf) {
	copies := l.calls[key]
	at, found := slices.BinarySearchFunc(copies, c, compareCopies)
	if found {
		return
	}
	copies = slices.Insert(copies, at, c)
	l.calls[key] = copies[:min(len(copies), maxCopies)]
}

// compareCopies puts the copy that tells most first.
func compareCopies(a, b copyOf) int {
	return cmp.Or(cmp.Compare(b.rank, a.rank), cmp.Compare(a.eventID, b.eventID), cmp.Compare(a.hash, b.hash))
}

// Merge takes everything of other in.
func (l *Ledger) Merge(other *Ledger) {
	for key, copies := range other.calls {
		for _, c := range copies {
			l.insert(key, c)
		}
	}
	l.mergeObserved(other)
	l.readings = append(l.readings, other.readings...)
	l.rewrites.merge(&other.rewrites)
	l.mergeUses(other)
	l.mergeLogged(other)
	l.tags.merge(&other.tags)
	l.objectTags.merge(&other.objectTags)
	for name, at := range other.untagged {
		if at.After(l.untagged[name]) {
			l.readUntagged(name, at)
		}
	}
}

// mergeKey joins the copies of one call (semantics A.6 F2). An id that stands
// on calls of different names or buckets, which AWS does not write, joins
// neither: it could hide one behind the other. Event ids that
// cannot be unique ("...", "redacted") do not join anything.
func mergeKey(r *trail.Record, hash uint64) string {
	switch {
	case len(r.SharedEventID) >= minIDLength:
		return "s:" + r.SharedEventID + "/" + r.EventName + "/" + bucketName(r)
	case len(r.EventID) >= minIDLength:
		return "e:" + r.EventID + "/" + r.EventName + "/" + bucketName(r)
	}
	return fmt.Sprintf("h:%016x", hash)
}

// minIDLength is the length below which an id is taken for a placeholder.
const minIDLength = 12

// richness ranks the copies of one call: the caller's own copy names him, and
// holds what the owner's copy leaves out.
func richness(r *trail.Record) int {
	n := 0
	if r.UserIdentity.ARN != "" {
		n += 4
	}
	if len(r.RequestParameters) > 1 {
		n += 2
	}
	if r.SourceIPAddress != "" {
		n++
	}
	return n
}

// merged is the one account of a call that its copies give: the richest copy,
// which stands first, with what it lacks taken from the others.
func merged(copies []copyOf) []*bucket.Change {
	out := make([]*bucket.Change, 0, len(copies[0].changes))
	for i, c := range copies[0].changes {
		best := *c
		for _, other := range copies[1:] {
			if i < len(other.changes) {
				fill(&best, other.changes[i])
			}
		}
		out = append(out, &best)
	}
	return out
}

// fill completes a change from another copy of the same call. The owner's copy
// knows the owner's account.
func fill(c, other *bucket.Change) {
	if c.Slot != other.Slot {
		return
	}
	if other.Account != "" && (c.Account == "" || c.Account == c.Event.AccountID) {
		c.Account = other.Account
	}
	if c.Bucket == "" {
		c.Bucket = other.Bucket
	}
	if c.Key == "" {
		c.Key = other.Key
	}
	if c.PayloadLost != "" && other.PayloadLost == "" {
		c.ACL, c.Policy, c.PayloadLost = other.ACL, other.Policy, ""
	}
	if c.Event.ARN == "" && other.Event.ARN != "" {
		c.Event = other.Event
	}
}

// Changes lists every change once, in an order that depends on the set alone.
func (l *Ledger) Changes() []*bucket.Change {
	out := l.observations()
	for _, key := range slices.Sorted(maps.Keys(l.calls)) {
		out = append(out, merged(l.calls[key])...)
	}
	return append(out, l.readings...)
}

// Count is the number of calls that changed, or tried to change, a setting.
func (l *Ledger) Count() int64 {
	var n int64
	for _, copies := range l.calls {
		if copies[0].changes[0].Slot != bucket.SlotObservation {
			n++
		}
	}
	return n
}

// Timelines folds the ledger: one timeline for each bucket that a change
// names, then one for each account whose own settings changed (Bucket ""). They
// come sorted by bucket and account, and are made one at a time: a change of an
// account stands in the timeline of each of its buckets. until is the end of
// the logs, gaps the stretches without.
func (l *Ledger) Timelines(until time.Time, gaps []Gap) iter.Seq[*bucket.Timeline] {
	return func(yield func(*bucket.Timeline) bool) {
		for _, s := range l.strands(gaps) {
			t := bucket.Fold(s.bucket, s.changes(), until)
			if s.bucket == "" && t.Account == "" {
				t.Account = s.account
			}
			if !yield(t) {
				return
			}
		}
	}
}

// strand is what one timeline is made of.
type strand struct {
	bucket, account, event string
	changes                func() []*bucket.Change
}

func (l *Ledger) strands(gaps []Gap) []strand {
	parts := l.partition(gaps)
	var out []strand
	for name, own := range parts.buckets {
		out = append(out, strand{bucket: name, changes: func() []*bucket.Change { return parts.withAccount(own) }})
	}
	for account, own := range parts.accounts {
		if slices.ContainsFunc(own, func(c *bucket.Change) bool { return c.Slot == bucket.SlotAccountBlock }) {
			out = append(out, strand{account: account, changes: func() []*bucket.Change { return own }})
		}
	}
	for _, own := range parts.undated {
		out = append(out, strand{bucket: own[0].Bucket, account: own[0].Account, event: own[0].Event.ID, changes: func() []*bucket.Change { return own }})
	}
	slices.SortStableFunc(out, func(a, b strand) int {
		return cmp.Or(boolOrder(a.bucket == "", b.bucket == ""), strings.Compare(a.bucket, b.bucket), strings.Compare(a.account, b.account), strings.Compare(a.event, b.event))
	})
	return out
}
