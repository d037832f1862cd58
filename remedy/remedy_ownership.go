// SPDX-License-Identifier: Apache-2.0

package remedy

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/bucketlid/bucketlid/account"
	"github.com/bucketlid/bucketlid/bucket"
)

// bucketOwnerEnforced disables ACLs. S3 refuses that while the bucket's ACL
// grants anything to others, so that the ACL is emptied first (AWS page
// "Prerequisites for disabling ACLs").
func bucketOwnerEnforced(s State, _ Whom) draft {
	switch {
	case !known(s.Settings.Ownership):
		return impossible("Object Ownership", s.Settings.Ownership)
	case !known(s.Settings.ACL):
		return impossible("the bucket's ACL", s.Settings.ACL)
	case ownershipOf(s.Settings.Ownership) == bucket.BucketOwnerEnforced:
		return draft{}
	}
	acl, err := readACL(s.Settings.ACL.Text)
	if err != nil {
		return draft{refused: err.Error()}
	}
	d := draft{later: []string{
		"calls that set an ACL, uploads with one other than bucket-owner-full-control too, fail with AccessControlListNotSupported",
		"objects that other accounts uploaded become the bucket owner's: policies and lifecycle rules then bind them too",
	}}
	text, does, dropped := acl.bucketWithout(acl.outsiders)
	if len(dropped) > 0 {
		call := s.call(account.PutBucketACL)
		call.Text = text
		d.steps = append(d.steps, drafted{call, does + "; S3 refuses to disable ACLs while they are there"})
	}
	call := s.call(account.PutBucketOwnershipControls)
	call.Text = `{"OwnershipControls":{"Rules":[{"ObjectOwnership":"BucketOwnerEnforced"}]}}`
	d.steps = append(d.steps, drafted{call, "disables ACLs: those of the bucket and of all its objects have no effect"})
	for _, g := range dropped {
		if !g.who.Public() {
			d.loses = append(d.loses, grantLoser(g))
			d.first = append(d.first, s.migration(g))
		}
	}
	slices.Sort(d.first)
	d.first = slices.Compact(d.first)
	if len(dropped) > 0 && s.flag(bucket.IgnorePublicAcls) {
		d.first = append(d.first, "S3 shows no public grants while IgnorePublicAcls is on: should the ACL hold some, they are dropped too, and an undo does not bring them back")
	}
	d.first = append(d.first, "see in the access logs which requests need an ACL (aclRequired: Yes): each needs a policy statement in its place")
	return d
}

func grantLoser(g aclGrant) Loser {
	switch {
	case g.who.URI == bucket.LogDelivery:
		return Loser{Kind: "service", Who: "S3 server access logging", Note: "it writes by " + string(g.permission) + " of the ACL"}
	case g.who.ID == bucket.LogDeliveryID:
		return Loser{Kind: "service", Who: "CloudFront standard logging", Note: "it writes by " + string(g.permission) + " of the ACL, and needs ACLs"}
	}
	return Loser{Kind: "account", Who: g.who.String(), Note: "the ACL grants " + string(g.permission)}
}

// migration is the policy statement that takes a grant's place.
func (s State) migration(g aclGrant) string {
	arn := "arn:" + partition(s.Settings.Region) + ":s3:::" + s.Settings.Bucket
	m := map[string]any{"Effect": "Allow"}
	switch {
	case g.who.ID == bucket.LogDeliveryID:
		return "move CloudFront's logs to standard logging (v2), or leave ACLs enabled: standard logging (legacy) needs them"
	case g.who.URI == bucket.LogDelivery:
		m["Principal"] = map[string]string{"Service": "logging.s3.amazonaws.com"}
		m["Action"], m["Resource"] = "s3:PutObject", arn+"/*"
		m["Condition"] = map[string]any{"StringEquals": map[string]string{"aws:SourceAccount": s.Settings.Account}}
	case g.who.ID != "":
		m["Principal"] = map[string]string{"CanonicalUser": g.who.ID}
		m["Action"], m["Resource"] = g.permission.Actions(false), []string{arn, arn + "/*"}
	default:
		return "give " + g.who.String() + " by the bucket policy what the ACL gave him: " + string(g.permission)
	}
	text, err := json.Marshal(m)
	if err != nil {
		return fmt.Sprintf("give %s by the bucket policy what the ACL gave: %s", g.who, g.permission)
	}
	return "add to the bucket policy, in place of " + string(g.permission) + " to " + shortGrantee(g.who) + ": " + string(text)
}
