// SPDX-License-Identifier: Apache-2.0

package remedy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bucketlid/bucketlid/account"
	"github.com/bucketlid/bucketlid/bucket"
	"github.com/bucketlid/bucketlid/policy"
)

// refusal says why S3 would refuse a call in a state, by the rules that are
// known; "" where none does (AWS pages "Blocking public access to your Amazon S3
// storage", "Controlling ownership of objects and disabling ACLs").
func refusal(s State, c account.Call) string {
	if strings.HasSuffix(string(c.Operation), "Policy") && len(c.Text) > maxPolicy {
		return fmt.Sprintf("the policy has %d bytes, and S3 takes %d", len(c.Text), maxPolicy)
	}
	switch c.Operation {
	case account.PutBucketACL, account.PutObjectACL:
		return refusesACL(s, c.Text)
	case account.PutBucketPolicy, account.PutAccessPointPolicy:
		if why := deletedPrincipals(c.Text); why != "" {
			return why
		}
		if s.flag(bucket.BlockPublicPolicy) && s.public(c) {
			return "BlockPublicPolicy is on, and the policy is public"
		}
	case account.PutMultiRegionPolicy: // it belongs to no bucket: the account's flag counts
		if why := deletedPrincipals(c.Text); why != "" {
			return why
		}
		if blockOf(s.Settings.AccountBlock)[bucket.BlockPublicPolicy] == bucket.True && s.public(c) {
			return "BlockPublicPolicy of the account is on, and the policy is public"
		}
	case account.PutBucketOwnershipControls:
		acl, err := readACL(s.Settings.ACL.Text)
		if err == nil && ownershipOf(account.Setting{Status: account.Present, Text: c.Text}) == bucket.BucketOwnerEnforced &&
			slices.ContainsFunc(acl.Grants, acl.outsiders) {
			return "the bucket's ACL grants access to others, and ACLs cannot be disabled before that is gone"
		}
	}
	return ""
}

// What S3 takes at most (AWS pages "Access control list (ACL) overview" and
// "Policies and permissions in Amazon S3").
const (
	maxGrants = 100
	maxPolicy = 20 << 10
)

func refusesACL(s State, text string) string {
	acl, err := readACL(text)
	switch {
	case err != nil:
		return err.Error()
	case len(acl.Grants) > maxGrants:
		return fmt.Sprintf("the ACL has %d grants, and S3 takes %d", len(acl.Grants), maxGrants)
	case s.flag(bucket.BlockPublicAcls) && slices.ContainsFunc(acl.Grants, func(g aclGrant) bool { return g.who.URI != "" && g.who.Public() }):
		return "BlockPublicAcls is on, and the ACL is public"
	case ownershipOf(s.Settings.Ownership) == bucket.BucketOwnerEnforced && known(s.Settings.Ownership):
		return "BucketOwnerEnforced is on: ACLs are disabled, have no effect and cannot be set"
	}
	return ""
}

// flag reports whether a setting is on for the bucket or its account.
func (s State) flag(f bucket.Flag) bool {
	return blockOf(s.Settings.Block)[f] == bucket.True || blockOf(s.Settings.AccountBlock)[f] == bucket.True
}

// public reports whether AWS takes the policy of a call for public.
func (s State) public(c account.Call) bool {
	d, err := policy.Parse([]byte(c.Text))
	if err != nil {
		return false
	}
	facts := policy.Facts{Bucket: s.Settings.Bucket, Account: s.Settings.Account, Region: s.Settings.Region, At: s.Settings.Read}
	if c.AccessPoint != "" {
		facts.Kind, facts.AccessPoint = policy.AccessPointPolicy, c.AccessPoint
	}
	if c.Operation == account.PutMultiRegionPolicy {
		facts.Kind = policy.MultiRegionAccessPointPolicy
	}
	return policy.Classify(d, facts).Status == policy.Public
}

// LocksOut says why a policy would keep the caller from ever changing it again,
// "" where it does not. A Deny that cannot be judged counts. What the policy in
// force denies as well does not: it locks nobody out anew, and where it binds the
// caller S3 refuses his call anyway.
func LocksOut(inForce, next string, s account.Settings, caller policy.Caller) string {
	d, err := policy.Parse([]byte(next))
	if err != nil || next == "" {
		return ""
	}
	had, _ := policy.Parse([]byte(inForce))
	for _, action := range []string{"s3:PutBucketPolicy", "s3:DeleteBucketPolicy", "s3:GetBucketPolicy"} {
		r := policy.Request{Caller: caller, Action: action, Resource: "arn:" + partition(s.Region) + ":s3:::" + s.Bucket, Context: map[string][]string{
			"aws:PrincipalArn": {caller.ARN}, "aws:PrincipalAccount": {caller.Account}, "aws:SecureTransport": {"true"}}}
		got := policy.Evaluate(d, r)
		if got.Outcome == policy.ExplicitDeny && (had == nil || policy.Evaluate(had, r).Outcome != policy.ExplicitDeny) {
			return "it denies " + action + " to " + caller.ARN + ", who makes this call: nobody but the account's root user could mend it"
		}
		for _, doubt := range got.Unsettled {
			if !denies(doubt) || (had != nil && slices.Contains(policy.Evaluate(had, r).Unsettled, doubt)) {
				continue
			}
			return "its " + doubt + " may deny " + action + " to " + caller.ARN + ", who makes this call"
		}
	}
	return ""
}

// partition is that of a Region (AWS General Reference, "Amazon Resource Names").
func partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

func denies(doubt string) bool { return len(doubt) > 5 && doubt[:5] == "Deny " }
