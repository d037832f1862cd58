// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"slices"
	"time"

	"github.com/bucketlid/bucketlid/bucket"
)

// partition is the ledger's changes by what they belong to.
type partition struct {
	buckets  map[string][]*bucket.Change
	accounts map[string][]*bucket.Change
	undated  [][]*bucket.Change // changes whose time cannot be read: each stands alone
}

func (l *Ledger) partition(gaps []Gap) *partition {
	p := &partition{buckets: map[string][]*bucket.Change{}, accounts: map[string][]*bucket.Change{}}
	j := newJoiner()
	for _, c := range l.Changes() {
		if c.Event.Time.IsZero() {
			p.undated = append(p.undated, []*bucket.Change{c})
			continue
		}
		if c.Slot == bucket.SlotLogging && !edgeOf(gaps, c) {
			continue // another trail went on writing
		}
		j.add(c)
	}
	for _, c := range j.joined() {
		switch {
		case c.Bucket != "":
			p.buckets[c.Bucket] = append(p.buckets[c.Bucket], c)
		case c.AccessPoint != "":
			// The bucket behind the access point was never seen.
			p.buckets[""] = append(p.buckets[""], c)
		default:
			p.accounts[c.Account] = append(p.accounts[c.Account], c)
		}
	}
	l.addRewrites(p)
	return p
}

func edgeOf(gaps []Gap, c *bucket.Change) bool {
	return slices.ContainsFunc(gaps, func(g Gap) bool {
		return g.Account == c.Account && (g.From.Equal(c.Event.Time) || g.To.Equal(c.Event.Time))
	})
}

// withAccount lays the changes of the owner accounts into a bucket's own.
func (p *partition) withAccount(own []*bucket.Change) []*bucket.Change {
	accounts := map[string]bool{}
	for _, c := range own {
		if c.Account != "" {
			accounts[c.Account] = true
		}
	}
	all := slices.Clone(own)
	for account := range accounts {
		all = append(all, p.accounts[account]...)
	}
	return append(all, p.accounts[everyAccount]...)
}

// joiner puts together what several calls tell only jointly: the two halves of
// a multipart upload, access points and their buckets, organization policies
// and the accounts they are attached to.
type joiner struct {
	plain     []*bucket.Change
	uploads   map[string][]*bucket.Change // starts, by bucket and key
	completed []*bucket.Change
	points    map[string]map[string]bool // buckets behind an access point
	byPoint   []*bucket.Change
	org       orgChanges
}

func newJoiner() *joiner {
	return &joiner{uploads: map[string][]*bucket.Change{}, points: map[string]map[string]bool{}}
}

func uploadKey(c *bucket.Change) string { return c.Bucket + "\x00" + c.Key }

// clockSlack is by how much the clocks of two of S3's hosts may differ (semantics A.5).
const clockSlack = time.Second

// start finds the call that started a completed upload: by its upload id, or,
// where the log does not hold that, the last start before the completion.
func (j *joiner) start(done *bucket.Change) *bucket.Change {
	var best *bucket.Change
	for _, s := range j.uploads[uploadKey(done)] {
		same := done.Value != "" && s.Value == done.Value
		if same && !s.Event.Time.After(done.Event.Time.Add(clockSlack)) {
			return s
		}
		if s.Value != "" && done.Value != "" || s.Event.Time.After(done.Event.Time) {
			continue
		}
		if best == nil || s.Event.Time.After(best.Event.Time) || (s.Event.Time.Equal(best.Event.Time) && s.Event.ID < best.Event.ID) {
			best = s
		}
	}
	return best
}

func pointKey(c *bucket.Change) string { return c.Account + "\x00" + c.AccessPoint }

func (j *joiner) add(c *bucket.Change) {
	switch c.Slot {
	case slotStartUpload:
		j.uploads[uploadKey(c)] = append(j.uploads[uploadKey(c)], c)
	case slotCompleteUpload:
		j.completed = append(j.completed, c)
	case slotOrganizationPolicy, SlotOrganizationAttach:
		j.org = append(j.org, c)
	case bucket.SlotAccessPoint, bucket.SlotAccessPointPolicy:
		if c.Bucket != "" {
			j.bindPoint(c)
		}
		j.byPoint = append(j.byPoint, c)
	default:
		j.plain = append(j.plain, c)
	}
}

func (j *joiner) bindPoint(c *bucket.Change) {
	if j.points[pointKey(c)] == nil {
		j.points[pointKey(c)] = map[string]bool{}
	}
	j.points[pointKey(c)][c.Bucket] = true
}

func (j *joiner) joined() []*bucket.Change {
	out := j.plain
	for _, done := range j.completed {
		c := *done
		c.Slot = bucket.SlotObject
		if start := j.start(done); start != nil {
			c.ACL, c.Encryption = start.ACL, start.Encryption
			c.Details = append(c.Details, "the ACL was given by "+start.Event.Name+" "+start.Event.ID)
		} else if c.Outcome == bucket.Unclear {
			continue
		} else {
			c.ACL = bucket.Canned("private")
		}
		out = append(out, &c)
	}
	for _, c := range j.byPoint {
		out = append(out, j.spread(c)...)
	}
	return append(out, j.org.changes()...)
}

// spread gives a change of an access point to every bucket behind it.
func (j *joiner) spread(c *bucket.Change) []*bucket.Change {
	names := j.points[pointKey(c)]
	if c.Bucket != "" || len(names) == 0 {
		return []*bucket.Change{c}
	}
	var out []*bucket.Change
	for name := range names {
		one := *c
		one.Bucket = name
		out = append(out, &one)
	}
	return out
}
