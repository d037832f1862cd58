// SPDX-License-Identifier: Apache-2.0

package exposure

import (
	"slices"
	"strings"

	"github.com/bucketlid/bucketlid/bucket"
	"github.com/bucketlid/bucketlid/policy"
)

// stranger is the caller by whom delegation is tried: a role of an account that
// no policy names.
var stranger = policy.Caller{Account: "999999999999", ARN: "arn:aws:iam::999999999999:role/stranger"}

// sampleAction is the action by which an access class is tried.
var sampleAction = map[policy.Access]string{
	policy.List: "s3:ListBucket", policy.Read: "s3:GetObject", policy.Write: "s3:PutObject", policy.Delete: "s3:DeleteObject",
	policy.ACLRead: "s3:GetObjectAcl", policy.ACLWrite: "s3:PutObjectAcl", policy.ConfigRead: "s3:GetBucketLocation", policy.ConfigWrite: "s3:PutBucketTagging",
}

// delegates reports whether the bucket policy lets a request pass that comes
// through the access point (semantics B.8 R2, R5): as a request to the bucket
// that carries the access point's context keys.
func delegates(d *policy.Document, v *view, p bucket.Point, h *holding) bool {
	account := pointAccount(v, p)
	region := v.t.Region
	if p.MultiRegion {
		region = ""
	}
	caller := stranger
	if h.audience == policy.Account && len(h.principal) == len(stranger.Account) {
		caller = rootOf(h.principal)
	}
	return passes(d, caller, account, "arn:aws:s3:"+region+":"+account+":accesspoint/"+resourceName(p), h.access, sampleResource(h))
}

// pointAccount is the account that owns an access point: the bucket's own unless
// its creation tells otherwise.
func pointAccount(v *view, p bucket.Point) string {
	if p.Created.Known && p.Created.Value != nil && p.Created.Value.Account != "" {
		return p.Created.Value.Account
	}
	return v.t.Account
}

func rootOf(account string) policy.Caller {
	return policy.Caller{Account: account, ARN: "arn:aws:iam::" + account + ":root"}
}

// passes reports whether a policy lets a request through an access point pass,
// as far as can be judged.
func passes(d *policy.Document, caller policy.Caller, account, point string, access policy.Access, resource string) bool {
	decision := policy.Evaluate(d, policy.Request{
		Caller: caller, Action: sampleAction[access], Resource: resource,
		Context: map[string][]string{
			"s3:DataAccessPointAccount":   {account},
			"s3:DataAccessPointArn":       {point},
			"s3:AccessPointNetworkOrigin": {"Internet"},
			"aws:PrincipalAccount":        {caller.Account},
			"aws:PrincipalArn":            {caller.ARN},
			"aws:SecureTransport":         {"true"},
			"aws:SourceIp":                {"198.51.100.77"},
		},
	})
	return decision.Outcome == policy.Allowed || (decision.Outcome == policy.ImplicitDeny && len(decision.Unsettled) > 0)
}

// delegated are the foreign accounts to whose access points a bucket policy
// leaves the decision: each lets in whom it likes, now or later (semantics B.8
// R6). An account that is a pattern is every account's.
func (v *view) delegated(r bucket.Reading[*bucket.PolicyText], reach policy.Reach) []holding {
	var out []holding
	for _, d := range reach.Delegations {
		for _, value := range d.AccessPoints {
			account, point := delegate(value)
			if account == v.t.Account || v.t.Account == "" {
				continue
			}
			h := holding{route: BucketPolicyRoute, audience: policy.Account, principal: account, uri: "access points of " + account,
				grantStep: r.Step, earliest: r.Earliest, blockStep: -1, grade: r.Grade, statement: statementName(d.Statement)}
			if strings.ContainsAny(account, "*?") {
				h.audience, h.principal, h.uri, account = policy.AnyAWSAccount, "", "access points of any account", stranger.Account
			}
			v.applyRestrict(&h)
			v.applyGap(&h)
			out = append(out, v.delegatedAccess(h, r.Value.Document, d.Statement, account, point)...)
		}
	}
	return out
}

// delegate reads an account id or an access point's ARN.
func delegate(value string) (account, point string) {
	if parts := strings.SplitN(value, ":", 6); len(parts) == 6 {
		return parts[4], strings.NewReplacer("*", "k", "?", "k").Replace(value)
	}
	return value, "arn:aws:s3:eu-west-1:" + value + ":accesspoint/k"
}

// delegatedAccess makes one holding of each access class that passes.
func (v *view) delegatedAccess(h holding, d *policy.Document, ref policy.StatementRef, account, point string) []holding {
	statement := d.Statements[ref.Index]
	h.permission = strings.Join(statement.Action, ", ")
	var out []holding
	for _, access := range policy.AccessOrder {
		for _, pattern := range statement.Resource {
			one := h
			_, name, _ := strings.Cut(pattern, ":::")
			one.access, one.scope = access, policy.Scope{Include: []string{name}}
			onBucket := access == policy.List || access == policy.ConfigRead || access == policy.ConfigWrite
			if onBucket == strings.Contains(name, "/") || !passes(d, rootOf(account), account, point, access, sampleResource(&one)) {
				continue
			}
			one.blockedBy, one.unseen = slices.Clone(h.blockedBy), slices.Clone(h.unseen)
			out = append(out, one)
		}
	}
	return out
}

// sampleResource is the shortest resource of the holding's scope.
func sampleResource(h *holding) string {
	name := ""
	if len(h.scope.Include) > 0 {
		name = strings.ReplaceAll(strings.ReplaceAll(h.scope.Include[0], "*", "k"), "?", "k")
	}
	return "arn:aws:s3:::" + name
}
