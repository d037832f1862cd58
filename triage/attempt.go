// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"fmt"
	"strings"
	"time"

	"github.com/bucketlid/bucketlid/bucket"
	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/policy"
)

// escalationSpan is how long before an opening a refused try still belongs to
// it: the same fault is one alert.
const escalationSpan = 24 * time.Hour

// attempts makes alerts of the calls that would have opened the bucket but
// were refused. Tries of one caller by one route are one alert; those that an
// opening by the same caller followed within a day are told with the opening. A
// try on the account's settings stands in the timeline of each of its buckets
// and is an alert of the account alone.
func (r *ranker) attempts(t *bucket.Timeline, openings []Alert) []Alert {
	index := map[string]int{}
	var out []Alert
	for i := range t.Steps {
		c := t.Steps[i].Change
		if c == nil || c.Outcome != bucket.Refused || pointless(c.Event.ErrorCode) {
			continue
		}
		a, ok := attempt(t, c)
		if !ok || r.toldWithOpening(openings, c) || (c.Slot == bucket.SlotAccountBlock && !ofAccount(t)) {
			continue
		}
		key := a.Route + "\x00" + a.Key + "\x00" + c.Event.ARN + c.Event.UserName
		if at, seen := index[key]; seen {
			out[at].Reasons = append(out[at].Reasons, "tried again: "+exposure.Describe(c))
			continue
		}
		index[key] = len(out)
		out = append(out, a)
	}
	return out
}

// pointless are refusals after which nothing could have been opened.
func pointless(code string) bool {
	switch code {
	case "NoSuchBucket", "NoSuchKey", "SlowDown", "OperationAborted", "BucketAlreadyExists", "BucketAlreadyOwnedByYou":
		return true
	}
	return strings.HasPrefix(code, "Throttl")
}

func attempt(t *bucket.Timeline, c *bucket.Change) (Alert, bool) {
	a := Alert{
		Kind: KindAttempt, Account: t.Account, Region: t.Region, Bucket: c.Bucket, BucketName: c.Bucket, Key: c.Key,
		AccessPoint: c.AccessPoint, State: exposure.Closed, Certainty: exposure.Proven, BlockedBy: []string{},
		OpenedBy: exposure.ActorOf(c.Event), UserName: c.Event.UserName, SourceIPAddress: c.Event.SourceIPAddress,
	}
	switch {
	case c.ACL != nil && c.ACL.Public():
		a.describeACL(c)
	case c.Policy != nil && publicPolicy(t, c):
		a.describePolicy(t, c)
	case exposure.IsGuardDown(c) || (c.Removed && c.Slot == bucket.SlotBlock):
		a.Route, a.Permission = string(c.Slot), c.Event.Name
		a.Audience = policy.None
	default:
		return a, false
	}
	a.Access = sortAccess(a.Access)
	for _, o := range c.Observed {
		if o.Kind == bucket.SeesEffectiveFlag && o.Value == bucket.True {
			a.State, a.BlockedBy = exposure.Blocked, []string{o.Flag.String()}
		}
		if o.Kind == bucket.SeesOwnership {
			a.State, a.BlockedBy = exposure.Blocked, []string{string(o.Owner)}
		}
	}
	a.Reasons = []string{exposure.Describe(c)}
	if c.Event.ErrorMessage != "" {
		a.Reasons = append(a.Reasons, fmt.Sprintf("AWS answered: %s", c.Event.ErrorMessage))
	}
	a.ID = exposure.ID("a", string(KindAttempt), a.Account, a.Bucket, a.Key, a.AccessPoint, a.Route, a.OpenedBy.Key())
	return a, true
}

func (a *Alert) describeACL(c *bucket.Change) {
	a.Route = string(exposure.BucketACL)
	onObject := c.Slot == bucket.SlotObject || c.Slot == bucket.SlotObjectACL
	if onObject {
		a.Route = string(exposure.ObjectACL)
	}
	a.Audience = policy.AnyAWSAccount
	for _, g := range c.ACL.Grants {
		switch {
		case g.Grantee.URI == bucket.AllUsers, g.Grantee.ID == bucket.AnonymousID:
			a.Audience = policy.Anyone
		case g.Grantee.URI != bucket.AuthenticatedUsers:
			continue
		}
		a.URI = joinLists(a.URI, g.Grantee.String())
		a.Permission = joinLists(a.Permission, string(g.Permission))
	}
}

func (a *Alert) describePolicy(t *bucket.Timeline, c *bucket.Change) {
	a.Route, a.URI, a.Audience = string(exposure.BucketPolicyRoute), "*", policy.Anyone
	facts := policy.Facts{Bucket: c.Bucket, Account: t.Account, Region: t.Region, At: c.Event.Time}
	if c.Slot == bucket.SlotAccessPointPolicy {
		a.Route, a.Audience = string(exposure.AccessPointPolicyRoute), policy.AnyAWSAccount
		facts.Kind, facts.AccessPoint, facts.Account, facts.Region = policy.AccessPointPolicy, c.AccessPoint, c.Account, c.Region
	}
	if c.MultiRegion {
		a.Route, facts.Kind = string(exposure.MultiRegionAccessPointRoute), policy.MultiRegionAccessPointPolicy
	}
	for _, g := range policy.Analyse(c.Policy.Document, facts).Grants {
		if g.Audience.Public() {
			a.Access = append(a.Access, g.Access...)
			a.Permission = joinLists(a.Permission, strings.Join(g.Actions, ", "))
		}
	}
}

func publicPolicy(t *bucket.Timeline, c *bucket.Change) bool {
	return len(c.Observed) > 0 || t.Classify(c.Policy).Status != policy.NotPublic
}

// toldWithOpening adds a refused try to the opening by the same caller that
// followed it.
func (r *ranker) toldWithOpening(openings []Alert, c *bucket.Change) bool {
	told := r.told[exposure.ActorOf(c.Event).Key()]
	for i := range openings {
		o := &openings[i]
		if o.Kind != KindPublic || o.OpenedAt == nil || !sameCaller(o.OpenedBy, exposure.ActorOf(c.Event)) {
			continue
		}
		after := o.OpenedAt.Sub(c.Event.Time)
		if after < 0 || after > escalationSpan {
			continue
		}
		o.Reasons = append(o.Reasons, "refused before: "+exposure.Describe(c))
		o.escalated = true
		told = true
	}
	if told {
		r.told[exposure.ActorOf(c.Event).Key()] = true
	}
	return told
}

func sortAccess(list []policy.Access) []policy.Access {
	out := []policy.Access{}
	for _, a := range policy.AccessOrder {
		for _, b := range list {
			if a == b {
				out = append(out, a)
				break
			}
		}
	}
	return out
}
