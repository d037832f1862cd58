// SPDX-License-Identifier: Apache-2.0

package exposure

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bucketlid/bucketlid/bucket"
	"github.com/bucketlid/bucketlid/policy"
)

// bucketPolicy is the route by the bucket policy.
func bucketPolicy(v *view) []holding {
	r := v.state.Policy
	if !r.Known && v.state.PolicyStatus.Known {
		return v.policyByVerdict()
	}
	if r.Known && r.Value == nil {
		// AWS calling a policy public after the last call that is known to have
		// left none: a change went unseen.
		if s := v.state.PolicyStatus; s.Known && s.Step > r.Step && s.Step <= v.step {
			return v.policyByVerdict()
		}
		return nil
	}
	list, why := candidates(v.t, r, func(step int) bucket.Reading[*bucket.PolicyText] { return v.t.State(step).Policy }, policyOf)
	var out []holding
	for _, r := range list {
		reach := v.cache.of(r.Value, v.facts())
		for _, g := range reach.Grants {
			out = append(out, doubt(v.policyHoldings(BucketPolicyRoute, g, r), why)...)
		}
	}
	return out
}

func policyOf(c *bucket.Change) *bucket.PolicyText { return c.Policy }

// policyByVerdict tells of a policy whose text was never seen, but which AWS
// itself called public: GetBucketPolicyStatus.
func (v *view) policyByVerdict() []holding {
	s := v.state.PolicyStatus
	if !s.Known || s.Value != policy.Public {
		return nil
	}
	h := holding{
		route: BucketPolicyRoute, audience: policy.Anyone, scope: policy.Scope{Include: []string{v.t.Bucket}}, uri: "*",
		grantStep: -1, blockStep: -1, earliest: max(s.Earliest, v.state.GapSince), grade: bucket.InferredGrade, undecided: true,
		unseen: []string{"the text of the policy: who may do what (" + s.Why + ")"},
	}
	v.applyFlag(&h, bucket.RestrictPublicBuckets)
	return []holding{h}
}

// policyHoldings evaluates one grant of a policy against Block Public Access
// and Requester Pays (semantics B.7).
func (v *view) policyHoldings(route RouteID, g policy.Grant, r bucket.Reading[*bucket.PolicyText]) []holding {
	principals := g.Principals
	if len(principals) == 0 || g.Audience.Public() {
		principals = []string{""}
	}
	var out []holding
	for _, principal := range principals {
		h := holding{
			route: route, audience: v.payerAudience(g.Audience), principal: principal, uri: grantee(g),
			permission: strings.Join(g.Actions, ", "), statement: statementName(g.Statement),
			grantStep: r.Step, earliest: r.Earliest, blockStep: -1, grade: r.Grade, until: g.Until,
		}
		if g.UnsignedOnly && v.state.Payer.Value == "Requester" {
			h.block("requester-pays", v.state.Payer.Step)
		}
		if g.Audience != policy.ServiceDeputy {
			v.applyRestrict(&h)
		}
		v.applyGap(&h)
		out = append(out, accessOf(h, []policy.Grant{g})...)
	}
	return out
}

func grantee(g policy.Grant) string {
	if len(g.Principals) > 0 {
		return strings.Join(g.Principals, ", ")
	}
	return "*"
}

func statementName(s policy.StatementRef) string {
	if s.Sid != "" {
		return fmt.Sprintf("statement %d (%s)", s.Index, s.Sid)
	}
	return fmt.Sprintf("statement %d", s.Index)
}

// accessPointPolicy is the route by the policies of the bucket's access points.
// An access point serves signed requests only, and lets through what both its
// own policy and the bucket policy permit (semantics B.8).
func accessPointPolicy(v *view) []holding { return v.points(false) }

// multiRegionPolicy is the same route for multi-Region access points.
func multiRegionPolicy(v *view) []holding { return v.points(true) }

func (v *view) points(multiRegion bool) []holding {
	var out []holding
	for _, p := range v.state.Points {
		if p.MultiRegion != multiRegion {
			continue
		}
		list, why := candidates(v.t, p.Policy, func(step int) bucket.Reading[*bucket.PolicyText] {
			return pointPolicy(v.t.State(step).Points, p)
		}, policyOf)
		for _, r := range list {
			p.Policy = r
			out = append(out, doubt(v.pointHoldings(p), why)...)
		}
	}
	return out
}

func pointPolicy(points []bucket.Point, p bucket.Point) bucket.Reading[*bucket.PolicyText] {
	for _, q := range points {
		if q.Name == p.Name && q.MultiRegion == p.MultiRegion {
			return q.Policy
		}
	}
	return bucket.Reading[*bucket.PolicyText]{Step: -1}
}

func (v *view) pointHoldings(p bucket.Point) []holding {
	route, kind := AccessPointPolicyRoute, policy.AccessPointPolicy
	if p.MultiRegion {
		route, kind = MultiRegionAccessPointRoute, policy.MultiRegionAccessPointPolicy
	}
	facts := v.facts()
	facts.Kind, facts.AccessPoint, facts.Account = kind, resourceName(p), pointAccount(v, p)
	status := v.t.Proved(p.Policy.Value, true, policy.Classify(p.Policy.Value.Document, facts)).Status
	var out []holding
	for _, g := range v.cache.of(p.Policy.Value, facts).Grants {
		if g.Audience == policy.Anyone {
			g.Audience = policy.AnyAWSAccount
		}
		g.Scope = v.pointScope(g.Scope)
		for _, h := range v.policyHoldings(route, g, p.Policy) {
			if h.audience == policy.Account && h.principal == v.t.Account {
				continue // the bucket's own account
			}
			h.point = p.Name
			v.guardPoint(&h, p, status, g)
			out = append(out, h)
		}
	}
	return out
}

// resourceName is the access point's name in ARNs. AWS gives a multi-Region
// access point an alias, which no call tells but the resources of its policy do.
func resourceName(p bucket.Point) string {
	if !p.MultiRegion || !p.Policy.Known || p.Policy.Value == nil {
		return p.Name
	}
	for _, s := range p.Policy.Value.Document.Statements {
		for _, r := range s.Resource {
			_, name, _ := strings.Cut(r, ":accesspoint/")
			if name, _, _ = strings.Cut(name, "/"); strings.HasSuffix(name, ".mrap") {
				return name
			}
		}
	}
	return p.Name
}

// pointScope names what the access point's resources are in the bucket.
func (v *view) pointScope(s policy.Scope) policy.Scope {
	rename := func(list []string) []string {
		out := slices.Clone(list)
		for i, r := range out {
			if _, key, ok := strings.Cut(r, "/object/"); ok {
				out[i] = v.t.Bucket + "/" + key
			} else if !strings.HasPrefix(r, v.t.Bucket+"/") {
				out[i] = v.t.Bucket
			}
		}
		return out
	}
	return policy.Scope{Include: rename(s.Include), Exclude: rename(s.Exclude)}
}

func (v *view) guardPoint(h *holding, p bucket.Point, status policy.Status, g policy.Grant) {
	created := p.Created
	switch {
	case !created.Known || created.Value == nil:
		h.weaken(bucket.NeverSeen, "the creation of the access point: its network origin and Block Public Access")
	case created.Value.VPC != "":
		h.block("network origin "+created.Value.VPC, created.Step)
	case status != policy.NotPublic && created.Value.PublicAccessBlock[bucket.RestrictPublicBuckets] == bucket.True:
		h.block("RestrictPublicBuckets (access point)", created.Step)
	}
	if status == policy.Public {
		v.applyFlag(h, bucket.RestrictPublicBuckets)
	}
	if account := pointAccount(v, p); account != v.t.Account {
		h.weaken(bucket.NeverSeen, "Block Public Access of account "+account+", which owns the access point")
	}
	if p.MultiRegion && v.byCall(p.Policy.Step) { // what the live account shows is in force
		h.weaken(bucket.NeverSeen, "when the policy took effect: minutes to hours after the call")
	}
	v.guardDelegation(h, p, g)
}

// byCall reports whether a call of the log set what holds since a step.
func (v *view) byCall(step int) bool {
	return step >= 0 && v.t.Steps[step].Change != nil && !v.t.Steps[step].Change.Reading
}

// guardDelegation asks the bucket policy whether it lets the request through
// the access point pass.
func (v *view) guardDelegation(h *holding, p bucket.Point, g policy.Grant) {
	r := v.state.Policy
	if !r.Known || v.t.Bucket == "" {
		h.weaken(bucket.NeverSeen, "the bucket policy: it must permit requests through the access point")
		return
	}
	if r.Value != nil && delegates(r.Value.Document, v, p, h) {
		return
	}
	h.block("bucket policy does not permit it through the access point", r.Step)
}
