// SPDX-License-Identifier: Apache-2.0

package exposure

import (
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

// sampleResource is the shortest resource of the holding's scope.
func sampleResource(h *holding) string {
	name := ""
	if len(h.scope.Include) > 0 {
		name = strings.ReplaceAll(strings.ReplaceAll(h.scope.Include[0], "*", "k"), "?", "k")
	}
	return "arn:aws:s3:::" + name
}
