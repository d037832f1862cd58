// SPDX-License-Identifier: Apache-2.0

package exposure

import (
	"slices"

	"github.com/bucketlid/bucketlid/bucket"
	"github.com/bucketlid/bucketlid/policy"
)

// bucketACL is the route by the bucket's own ACL.
func bucketACL(v *view) []holding {
	name := v.t.Bucket
	return v.aclCandidates(BucketACL, "", v.state.ACL, func(step int) bucket.Reading[*bucket.ACL] { return v.t.State(step).ACL },
		policy.Scope{Include: []string{name}}, policy.Scope{Include: []string{name + "/*"}})
}

// objectACL is the route by the ACL of one object version.
func objectACL(v *view, id bucket.ObjectID) []holding {
	scope := policy.Scope{Include: []string{v.t.Bucket + "/" + id.Key}}
	key := id.Key
	if id.Version != "" {
		key += "?versionId=" + id.Version
	}
	at := func(step int) bucket.Reading[*bucket.ACL] { return v.t.ObjectACL(id, step) }
	v.encryption = v.t.ObjectEncryption(id, v.step)
	out := v.aclCandidates(ObjectACL, key, at(v.step), at, policy.Scope{}, scope)
	for i := range out {
		if w := out[i].witness; w != nil && id.Version != "" {
			out[i].witness = w.OfVersion(id.Version)
		}
	}
	return out
}

func (v *view) aclCandidates(route RouteID, key string, r bucket.Reading[*bucket.ACL], at func(int) bucket.Reading[*bucket.ACL],
	onBucket, onObjects policy.Scope) []holding {
	list, why := candidates(v.t, r, at, func(c *bucket.Change) *bucket.ACL { return c.ACL })
	var out []holding
	for _, r := range list {
		out = append(out, doubt(v.aclHoldings(route, key, r, onBucket, onObjects), why)...)
	}
	return out
}

// aclHoldings evaluates the grants of an ACL against ownership, Block Public
// Access and the Deny statements of the bucket policy (semantics B.7).
func (v *view) aclHoldings(route RouteID, key string, r bucket.Reading[*bucket.ACL], onBucket, onObjects policy.Scope) []holding {
	var out []holding
	for _, g := range r.Value.Grants {
		audience, principal := v.aclAudience(g.Grantee)
		if audience == policy.None {
			continue
		}
		h := holding{
			route: route, key: key, audience: audience, principal: principal, uri: g.Grantee.String(),
			permission: string(g.Permission), grantStep: r.Step, earliest: r.Earliest, blockStep: -1, grade: r.Grade,
		}
		if r.Value.Partial != "" {
			h.unseen = append(h.unseen, "the rest of the ACL: "+r.Value.Partial)
		}
		v.guardACL(&h, g.Grantee)
		out = append(out, v.byEncryption(h, g.Permission, onBucket, onObjects)...)
	}
	return out
}

// byEncryption tells the reading of an object that is under a key from what else
// a permission gives.
func (v *view) byEncryption(h holding, p bucket.Permission, onBucket, onObjects policy.Scope) []holding {
	actions := p.Actions(h.route == ObjectACL)
	if e := v.encryption.Value; h.route != ObjectACL || !v.encryption.Known || !e.KMS() && e.Algorithm != bucket.SSEC {
		return v.splitACL(h, actions, onBucket, onObjects)
	}
	var content, others []string
	for _, a := range actions {
		if policy.AccessOf(a) == policy.Read {
			content = append(content, a)
		} else {
			others = append(others, a)
		}
	}
	locked := h
	locked.unseen, locked.blockedBy = slices.Clone(h.unseen), slices.Clone(h.blockedBy)
	if e := v.encryption.Value; e.KMS() && !e.AWSManaged && h.audience == policy.Anyone {
		locked.audience = policy.AnyAWSAccount
	}
	v.lock(&locked, v.encryption)
	return append(v.splitACL(locked, content, onBucket, onObjects), v.splitACL(h, others, onBucket, onObjects)...)
}

// aclAudience says whom a grantee stands for (semantics D.1).
func (v *view) aclAudience(g bucket.Grantee) (policy.Audience, string) {
	switch {
	case g.URI == bucket.AllUsers, g.ID == bucket.AnonymousID:
		return policy.Anyone, ""
	case g.URI == bucket.AuthenticatedUsers:
		return policy.AnyAWSAccount, ""
	case g.EmailAddress != "":
		return policy.Account, g.EmailAddress
	case g.URI != "", g.ID == "":
		return policy.None, ""
	}
	switch g.ID {
	case bucket.OwnerID, bucket.BucketOwnerID, bucket.ExecReadID, bucket.LogDeliveryID:
		return policy.None, ""
	}
	if own, _ := v.t.OwnerID(g.ID); own {
		return policy.None, ""
	}
	return policy.Account, g.ID
}

func (v *view) guardACL(h *holding, g bucket.Grantee) {
	v.applyOwnership(h)
	if g.URI != "" {
		v.applyFlag(h, bucket.IgnorePublicAcls)
	}
	if g.ID == bucket.AnonymousID {
		h.weaken(bucket.NeverSeen, "whether IgnorePublicAcls stops a grant to the anonymous user's id: AWS does not say")
	}
	if h.audience == policy.Account {
		if _, known := v.t.OwnerID(g.ID); !known {
			h.weaken(bucket.NeverSeen, "the owner's canonical id: the grantee may be the owner himself")
		}
	}
	v.applyRestrict(h)
	if !v.state.Policy.Known {
		h.weaken(bucket.NeverSeen, "the bucket policy was never seen: a Deny there may hold")
	} else {
		h.weaken(v.state.Policy.Grade)
	}
	v.applyGap(h)
}

// splitACL makes one holding of each access class that a permission's actions give,
// and marks those that the policy's Deny statements take away.
func (v *view) splitACL(h holding, actions []string, onBucket, onObjects policy.Scope) []holding {
	onObject := h.route == ObjectACL
	objectActions := func(a string) bool { return onObject || a == "s3:PutObject" }
	var given []policy.ACLGrant
	for _, part := range []struct {
		scope policy.Scope
		takes func(string) bool
	}{{onBucket, func(a string) bool { return !objectActions(a) }}, {onObjects, objectActions}} {
		var some []string
		for _, a := range actions {
			if part.takes(a) {
				some = append(some, a)
			}
		}
		if len(some) > 0 && len(part.scope.Include) > 0 {
			given = append(given, policy.ACLGrant{Audience: v.payerAudience(h.audience), Account: h.principal, Actions: some, Scope: part.scope, Exact: onObject})
		}
	}
	h.audience = v.payerAudience(h.audience)
	var denies *bucket.PolicyText
	if p := v.state.Policy; p.Known {
		denies = p.Value
	}
	left := accessOf(h, v.cache.ofACL(given, denies, v.facts()))
	if denies == nil {
		return left
	}
	for _, all := range accessOf(h, v.cache.ofACL(given, nil, v.facts())) {
		if !slices.ContainsFunc(left, func(x holding) bool { return x.access == all.access }) {
			all.block("policy-deny", v.state.Policy.Step)
			left = append(left, all)
		}
	}
	return left
}

// payerAudience is Requester Pays: unsigned requests are refused, signed ones
// that agree to pay pass (AWS page "Using Requester Pays buckets").
func (v *view) payerAudience(a policy.Audience) policy.Audience {
	if a == policy.Anyone && v.state.Payer.Value == "Requester" {
		return policy.AnyAWSAccount
	}
	return a
}

// accessOf makes one holding of each access class of the grants.
func accessOf(h holding, grants []policy.Grant) []holding {
	var out []holding
	for _, g := range grants {
		for _, access := range g.Access {
			one := h
			one.access, one.scope, one.witness = access, g.Scope, g.Witness
			one.guards = slices.Clone(g.Guards)
			one.blockedBy = slices.Clone(h.blockedBy)
			one.unseen = append(slices.Clone(h.unseen), g.Unsettled...)
			if len(g.Unsettled) > 0 {
				one.grade = bucket.NeverSeen
			}
			out = append(out, one)
		}
	}
	return out
}
