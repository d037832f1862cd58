// SPDX-License-Identifier: Apache-2.0

package findings

import (
	"slices"
	"strings"
	"time"

	"github.com/bucketlid/bucketlid/bucket"
	"github.com/bucketlid/bucketlid/policy"
	"github.com/bucketlid/bucketlid/triage"
)

// Guard is what is known of one Block Public Access, of a bucket or an account.
type Guard struct {
	At    time.Time
	Live  bool   // read in the account at that time; else set by a call then
	Why   string // it could not be read; Flags then say nothing
	Flags bucket.PublicAccessBlock
}

// Guards takes the last that changes tell of each Block Public Access: by bucket,
// and by account under AccountGuard.
func Guards(changes []*bucket.Change) map[string]Guard {
	out := map[string]Guard{}
	for _, c := range changes {
		name := c.Bucket
		if c.Slot == bucket.SlotAccountBlock {
			name = AccountGuard(c.Account)
		} else if c.Slot != bucket.SlotBlock {
			continue
		}
		if c.Outcome != bucket.Done || c.Block == nil && c.PayloadLost == "" {
			continue
		}
		g := Guard{At: c.Event.Time, Live: c.Reading, Why: c.PayloadLost}
		if c.Block != nil {
			g.Flags = *c.Block
		}
		if was, ok := out[name]; !ok || g.At.After(was.At) || g.At.Equal(was.At) && (g.Live || g.Flags != was.Flags && offFirst(g.Flags, was.Flags)) {
			out[name] = g
		}
	}
	return out
}

// offFirst orders two settings of one second, so that the order of the records
// does not count: the one with more flags off comes last.
func offFirst(a, b bucket.PublicAccessBlock) bool { return len(off(a)) > len(off(b)) }

// AccountGuard is the name of an account's own Block Public Access.
func AccountGuard(account string) string { return "account " + account }

func off(b bucket.PublicAccessBlock) []string {
	var out []string
	for _, f := range bucket.Flags {
		if b[f] != bucket.True {
			out = append(out, f.String())
		}
	}
	return out
}

// ofAccount are the findings about the account's own Block Public Access, where
// they name a bucket too; ofPoints those about access points.
var (
	ofAccount = []string{"S3.1", "Policy:S3/AccountBlockPublicAccessDisabled"}
	ofPoints  = []string{"S3.19", "S3.24"}
)

// guardState compares what a finding says of a guard with what is known of that
// guard here. ok is false where nothing is.
func (s *Seen) guardState(e *triage.Elsewhere) (answer triage.Answer, why string, ok bool) {
	name, what := e.Bucket, "Block Public Access of the bucket"
	switch {
	case slices.Contains(ofPoints, e.Type):
		return triage.Cannot, "it tells of Block Public Access of access points, which this does not compare", true
	case slices.Contains(ofAccount, e.Type) || e.Bucket == "":
		name, what = AccountGuard(e.Account), "Block Public Access of the account"
	}
	g, ok := s.Guards[name]
	switch {
	case !ok:
		return "", "", false
	case g.Why != "":
		return triage.Cannot, "whether it is on is not known here: " + g.Why, true
	}
	how := ", set at " + stamp(g.At)
	if g.Live {
		how = ", read at " + stamp(g.At)
	}
	answer, why = compareGuard(e, g, what, how)
	return answer, why, true
}

func compareGuard(e *triage.Elsewhere, g Guard, what, how string) (triage.Answer, string) {
	lacks := off(g.Flags)
	isOff := len(lacks) > 0
	state := what + " is on here" + how
	if isOff {
		state = "of " + what + " these are off here" + how + ": " + strings.Join(lacks, ", ")
	}
	switch saysOff := e.Says == triage.SaysGuardOff; {
	case saysOff && e.Status != "active":
		return triage.Cannot, "it is " + e.Status + " there; " + state
	case saysOff == isOff:
		return triage.Yes, state
	case e.Last == nil:
		return triage.Cannot, state + "; the finding does not tell when it was seen"
	case e.Last.Before(g.At):
		return triage.Cannot, state + "; the finding was last seen before that, at " + stamp(*e.Last)
	}
	return triage.No, state
}

// looksAt is the access that a check looks for, by type; the others look for any
// (user guide, "Security Hub CSPM controls for Amazon S3").
var looksAt = map[string][]policy.Access{
	"S3.2": {policy.List, policy.Read, policy.ACLRead},
	"S3.3": {policy.Write, policy.Delete, policy.ACLWrite},
}

// lookedFor reports whether a finding looks for what an alert is about.
func lookedFor(e *triage.Elsewhere, a *triage.Alert) bool {
	wanted := looksAt[e.Type]
	return wanted == nil || len(a.Access) == 0 || slices.ContainsFunc(a.Access, func(x policy.Access) bool { return slices.Contains(wanted, x) })
}
