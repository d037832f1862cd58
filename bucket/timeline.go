// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"sort"
	"time"

	"github.com/bucketlid/bucketlid/policy"
)

// Step is one moment of a timeline: a change, or a clock edge of a policy when
// Change is nil.
type Step struct {
	Time   time.Time
	Change *Change
	// Tied says that another change of the same slot stands in the same second
	// and that nothing tells which came first.
	Tied bool
}

// Timeline is the life of one bucket name as its changes tell it, with the
// changes of its account and organization laid in. Step i is the state after
// Steps[i]; -1 is the state before the first.
type Timeline struct {
	Bucket  string
	Account string
	Region  string
	Steps   []Step
	// ReadAt is when the bucket was read in the live account; zero: it was not.
	ReadAt time.Time
	// Unread says what of the live account could not be read, and why.
	Unread []string

	exists     Track[bool]
	block      [flagCount]Track[Tri]
	accounts   map[string]*accountTracks
	owners     []string // by step: the account that owned the bucket
	creator    string   // the account that made the present incarnation
	ownership  Track[ObjectOwnership]
	acl        Track[*ACL]
	policy     Track[*PolicyText]
	status     Track[policy.Status]
	payer      Track[string]
	website    Track[string]
	versioning Track[string]
	encryption Track[string]
	objects    map[ObjectID]*Track[*ACL]
	encrypted  map[ObjectID]*Track[*Encryption]
	current    map[string]string // by key: the version that the last upload made
	points     map[pointKey]*pointTracks
	gaps       []gapSteps
	drift      []Drift
	replaced   []int // readings of another policy than the log knows
	ownerIDs   map[string]bool
	classified map[string]policy.Classification
	proofs     map[proofKey]policy.Proof
}

// pointKey names an access point: two accounts may each give one of the same
// name to a bucket.
type pointKey struct {
	name, account string
	multiRegion   bool
}

type pointTracks struct {
	created Track[*AccessPoint]
	policy  Track[*PolicyText]
}

// gapSteps is a stretch of steps in which the account's logging was off.
type gapSteps struct{ from, to int }

// SomeVersion stands for the version that an upload made where its id is not kept.
const SomeVersion = "*"

// ObjectID names an object version; Version "" is one that was current when a
// call named none.
type ObjectID struct{ Key, Version string }

// Fold orders the changes of a bucket and of its account, and reads off what
// each assigns and proves. The result depends on the set of changes only.
// Clock edges inside the changes' span, from Date conditions of their policies,
// become steps of their own; until is the end of the logs (zero: the last
// change), after which nothing is said.
func Fold(name string, changes []*Change, until time.Time) *Timeline {
	t := &Timeline{
		Bucket: name, objects: map[ObjectID]*Track[*ACL]{}, encrypted: map[ObjectID]*Track[*Encryption]{}, current: map[string]string{}, points: map[pointKey]*pointTracks{}, accounts: map[string]*accountTracks{},
		ownerIDs: map[string]bool{}, classified: map[string]policy.Classification{}, proofs: map[proofKey]policy.Proof{},
	}
	t.place(changes, until)
	t.identify()
	for i := range t.Steps {
		if c := t.Steps[i].Change; c != nil {
			t.apply(i, c)
		}
	}
	t.proveRefused()
	t.deduce()
	t.proveAccepted()
	return t
}

// identify finds the owner account and Region. Refused calls tell nothing: anyone
// can send one, with any Region and any owner's id in it.
func (t *Timeline) identify() {
	t.findOwners()
	t.findRegion()
	for _, s := range t.Steps {
		c := s.Change
		if c == nil || c.Bucket == "" || c.Outcome != Done || c.Slot != SlotACL {
			continue
		}
		if c.ACL != nil && c.ACL.OwnerID != "" {
			t.ownerIDs[c.ACL.OwnerID] = true
		}
	}
}

// findRegion takes the Region of the last call that only the owner can have
// made; where there is none, of the last call that succeeded.
func (t *Timeline) findRegion() {
	weak := ""
	for _, s := range t.Steps {
		c := s.Change
		if c == nil || c.Bucket == "" || c.Region == "" || c.MultiRegion || c.Outcome != Done {
			continue // calls about multi-Region access points are answered in us-west-2
		}
		weak = c.Region
		if c.ownersOwn() && c.Account == t.Account {
			t.Region = c.Region
		}
	}
	if t.Region == "" {
		t.Region = weak
	}
}

// place sorts the changes into steps (semantics A.6 F7).
func (t *Timeline) place(changes []*Change, until time.Time) {
	for _, c := range changes {
		t.Steps = append(t.Steps, Step{Time: c.Event.Time, Change: c})
	}
	t.addClockEdges(until)
	sort.SliceStable(t.Steps, func(i, j int) bool { return t.before(t.Steps[i], t.Steps[j]) })
	t.tie()
}

// setting names what a change is about, to find those of one second that no
// order was told of.
type setting struct {
	slot                      Slot
	bucket, key, point, owner string
}

// tie marks the changes of one setting that were made in one second.
func (t *Timeline) tie() {
	last := map[setting]int{}
	for i := range t.Steps {
		c := t.Steps[i].Change
		if c == nil || c.Reading || c.Outcome != Done || c.Slot == SlotObservation || c.Slot == SlotLogging || c.Slot == SlotBucket {
			continue
		}
		s := setting{c.Slot, c.Bucket, c.Key, c.AccessPoint, ""}
		if c.Slot == SlotAccountBlock || c.Slot == SlotOrganizationBlock {
			s.owner = c.Account
		}
		if j, ok := last[s]; ok && t.Steps[j].Time.Equal(t.Steps[i].Time) {
			t.Steps[j].Tied, t.Steps[i].Tied = true, true
		}
		last[s] = i
	}
}

func (t *Timeline) addClockEdges(until time.Time) {
	if len(t.Steps) == 0 {
		return
	}
	first, last := t.Steps[0].Time, t.Steps[0].Time
	for _, s := range t.Steps {
		if s.Time.Before(first) {
			first = s.Time
		}
		if s.Time.After(last) {
			last = s.Time
		}
	}
	if until.After(last) {
		last = until
	}
	seen := map[int64]bool{}
	for _, s := range t.Steps {
		if s.Change.Policy == nil {
			continue
		}
		for _, edge := range policy.Analyse(s.Change.Policy.Document, policy.Facts{Bucket: t.Bucket}).Edges {
			if edge.After(first) && !edge.After(last) && !seen[edge.UnixNano()] {
				seen[edge.UnixNano()] = true
				t.Steps = append(t.Steps, Step{Time: edge.UTC()})
			}
		}
	}
}

func (t *Timeline) before(a, b Step) bool {
	if !a.Time.Equal(b.Time) {
		return a.Time.Before(b.Time)
	}
	if (a.Change == nil) != (b.Change == nil) {
		return a.Change == nil
	}
	if a.Change == nil {
		return false
	}
	if x, y := t.rank(a.Change), t.rank(b.Change); x != y {
		return x < y
	}
	if a.Change.Event.ID != b.Change.Event.ID {
		return a.Change.Event.ID < b.Change.Event.ID
	}
	return a.Change.fingerprint() < b.Change.fingerprint()
}

// rank orders the changes of one second so that every recorded outcome stays
// possible: a grant that succeeded came before the guard that would have
// refused it. Between a grant and its revocation nothing decides; the grant is
// put last, so that the open reading is the one reported, and both are Tied.
func (t *Timeline) rank(c *Change) int {
	switch {
	case c.Reading && c.Slot == SlotBucket:
		return 10
	case c.Reading && c.Slot == SlotAccessPointList:
		return 9
	case c.Reading:
		return 8
	case c.Slot == SlotBucket:
		if c.Removed {
			return 7
		}
		return 0
	case c.Outcome != Done || c.Slot == SlotObservation:
		return 1
	case c.Slot == SlotBlock || c.Slot == SlotAccountBlock || c.Slot == SlotOrganizationBlock:
		if c.Block != nil && *c.Block == AllFlags(True) {
			return 6
		}
		return 2
	case c.Slot == SlotOwnership:
		if c.Ownership == BucketOwnerEnforced {
			return 6
		}
		return 2
	case c.Slot == SlotAccessPoint:
		return 2
	}
	if t.grants(c) {
		return 5
	}
	return 4
}

func (t *Timeline) grants(c *Change) bool {
	switch {
	case c.ACL != nil:
		return c.ACL.Public()
	case c.Policy != nil:
		return t.byText(c.Policy).Status != policy.NotPublic
	}
	return false
}

// Classify is AWS's own view of a bucket policy's text: what outcomes of calls
// prove of it, else what the text says.
func (t *Timeline) Classify(p *PolicyText) policy.Classification {
	return t.Proved(p, false, t.byText(p))
}

// byText is the view that the text alone gives, computed once for each text.
func (t *Timeline) byText(p *PolicyText) policy.Classification {
	c, ok := t.classified[p.Hash]
	if !ok {
		c = policy.Classify(p.Document, policy.Facts{Bucket: t.Bucket, Account: t.Account, Region: t.Region})
		t.classified[p.Hash] = c
	}
	return c
}

// Key orders timelines of one name: by the first event that they hold.
func (t *Timeline) Key() string {
	for _, s := range t.Steps {
		if s.Change != nil {
			return s.Change.Event.ID + "\x00" + s.Change.fingerprint()
		}
	}
	return ""
}
