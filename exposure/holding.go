// SPDX-License-Identifier: Apache-2.0

package exposure

import (
	"fmt"
	"strings"
	"time"

	"github.com/bucketlid/bucketlid/bucket"
	"github.com/bucketlid/bucketlid/policy"
)

// holding is one access class that one grant gives at one step, with the
// guards that hold it shut, if any.
type holding struct {
	route      RouteID
	key        string // object key, with "?versionId=" for a version
	point      string
	audience   policy.Audience
	principal  string // for account, organization and service audiences
	access     policy.Access
	scope      policy.Scope
	uri        string
	permission string
	statement  string   // "statement 0 (PublicRead)"
	guards     []string // hinder, but do not stop
	blockedBy  []string // the layers that stop it; empty means open
	blockStep  int      // the step that set the newest of them
	grantStep  int      // the step that set the grant; -1 when it was proved only
	earliest   int      // the step after which an inferred grant may have begun
	grade      bucket.Grade
	unseen     []string
	witness    *policy.Witness
	until      *time.Time
	undecided  bool // the grant itself was not seen
}

func (h *holding) open() bool { return len(h.blockedBy) == 0 }

func (h *holding) block(by string, step int) {
	h.blockedBy = append(h.blockedBy, by)
	if step > h.blockStep {
		h.blockStep = step
	}
}

// weaken lowers the grade to that of a guard that is not known to hold, and
// names what was never seen.
func (h *holding) weaken(g bucket.Grade, unseen ...string) {
	if g < h.grade {
		h.grade = g
	}
	h.unseen = append(h.unseen, unseen...)
}

// identity is what a window is about: who can do what to which resources.
type identity struct {
	audience  policy.Audience
	principal string
	access    policy.Access
	scope     string
	key       string
	point     string
}

func (h *holding) identity() identity {
	return identity{h.audience, h.principal, h.access,
		strings.Join(h.scope.Include, "\x00") + "\x01" + strings.Join(h.scope.Exclude, "\x00"), h.key, h.point}
}

// view is a timeline at one step, as the routes see it.
type view struct {
	t     *bucket.Timeline
	step  int
	at    time.Time
	state bucket.State
	cache *analyses
	// encryption is that of the object that is looked at.
	encryption bucket.Reading[*bucket.Encryption]
}

// candidates are the values that a setting may have: the one that is known; or,
// where the payload of a call is lost or its outcome unclear, what was before
// and what the call meant to set (semantics B.2). why names the doubt.
func candidates[T any](t *bucket.Timeline, r bucket.Reading[*T], at func(step int) bucket.Reading[*T],
	meant func(*bucket.Change) *T) (out []bucket.Reading[*T], why string) {
	for !r.Known && r.Step >= 0 {
		c := t.Steps[r.Step].Change
		if c == nil || c.Slot == bucket.SlotBucket {
			return out, why // of a former bucket of this name nothing holds
		}
		if why == "" {
			why = "what " + c.Event.UserName + " set at " + stamp(t.Steps[r.Step].Time) + ": " + r.Why
		}
		if m := meant(c); m != nil && c.Outcome == bucket.Unclear {
			out = append(out, bucket.Reading[*T]{Value: m, Known: true, Grade: bucket.NeverSeen, Step: r.Step, Earliest: r.Step})
		}
		r = at(r.Step - 1)
	}
	if r.Known && r.Value != nil {
		out = append(out, r)
	}
	return out, why
}

// doubt marks holdings that rest on a value which may have been replaced.
func doubt(list []holding, why string) []holding {
	for i := range list {
		if why != "" {
			list[i].weaken(bucket.NeverSeen, why)
		}
	}
	return list
}

func (v *view) facts() policy.Facts {
	return policy.Facts{Bucket: v.t.Bucket, Account: v.t.Account, Region: v.t.Region, At: v.at}
}

// status is AWS's own verdict on the policy in force.
func (v *view) status() policy.Status {
	if v.state.PolicyStatus.Known {
		return v.state.PolicyStatus.Value
	}
	if p := v.state.Policy; p.Known && p.Value != nil {
		return v.t.Classify(p.Value).Status
	}
	return policy.NotPublic
}

// applyFlag blocks a holding by a flag of Block Public Access, or notes which
// level of it was never seen.
func (v *view) applyFlag(h *holding, f bucket.Flag) {
	flag := v.state.Flag(f)
	if flag.On() {
		h.block(f.String()+" ("+flag.Level+")", flag.Step)
		return
	}
	h.weaken(flag.Grade, flag.Unseen...)
}

// applyRestrict is RestrictPublicBuckets: it cuts every route of a bucket whose
// policy AWS calls public, ACLs too, except AWS services and the owner's
// account (AWS page "Troubleshoot access denied (403 Forbidden) errors").
func (v *view) applyRestrict(h *holding) {
	switch v.status() {
	case policy.NotPublic:
	case policy.Public:
		v.applyFlag(h, bucket.RestrictPublicBuckets)
	default:
		flag := v.state.Flag(bucket.RestrictPublicBuckets)
		if flag.On() {
			h.weaken(bucket.NeverSeen, "whether AWS calls the policy public, so that RestrictPublicBuckets ("+flag.Level+") would hold")
		}
	}
}

// applyOwnership is Object Ownership: under BucketOwnerEnforced ACLs are stored
// but have no effect.
func (v *view) applyOwnership(h *holding) {
	disabled, grade := v.state.ACLsDisabled()
	switch {
	case disabled:
		h.block("BucketOwnerEnforced", v.state.Ownership.Step)
	case grade == bucket.NeverSeen:
		h.weaken(grade, "Object Ownership was never seen")
	default:
		h.weaken(grade)
	}
}

// applyGap weakens a holding whose evidence lies before a stretch without logs.
func (v *view) applyGap(h *holding) {
	if v.state.GapSince < 0 || h.grantStep >= v.state.GapSince {
		return
	}
	from := v.t.Steps[v.state.GapSince].Time
	until := "now"
	if v.state.GapUntil >= 0 {
		until = stamp(v.t.Steps[v.state.GapUntil].Time)
	}
	h.weaken(bucket.NeverSeen, fmt.Sprintf("what changed while logging was stopped, from %s until %s", stamp(from), until))
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// analyses remembers what a policy permits, by text and resource, and what ACL
// grants are worth under it: an object's are asked for at every step.
type analyses struct {
	reach map[string]policy.Reach
	acl   map[string][]policy.Grant
}

func (a *analyses) ofACL(given []policy.ACLGrant, denies *bucket.PolicyText, f policy.Facts) []policy.Grant {
	key := fmt.Sprint(given)
	var doc *policy.Document
	if denies != nil {
		doc = denies.Document
		key += "|" + denies.Hash + "|" + f.At.Format(time.RFC3339)
	}
	grants, ok := a.acl[key]
	if !ok {
		grants = policy.AnalyseACL(given, doc, f)
		a.acl[key] = grants
	}
	return grants
}

func (a *analyses) of(p *bucket.PolicyText, f policy.Facts) policy.Reach {
	key := p.Hash + "|" + f.AccessPoint + "|" + f.At.Format(time.RFC3339)
	r, ok := a.reach[key]
	if !ok {
		r = policy.Analyse(p.Document, f)
		a.reach[key] = r
	}
	return r
}
