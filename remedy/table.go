// SPDX-License-Identifier: Apache-2.0

// Package remedy computes how to close an exposure, proves what a fix does
// before it is made, runs it step by step and takes it back.
//
// A fix is a change like any other: it is applied to a [State] and evaluated
// first, then sent to AWS. Nothing here reads a clock, a file or the network:
// [Apply] and [Rollback] work on whatever keeps the settings.
package remedy

import (
	"embed"

	"github.com/bucketlid/bucketlid/account"
)

// Remedy is one row of the table: a way to close exposures.
type Remedy struct {
	ID    string
	Title string
	// forNamed is the title where named accounts are taken out instead of
	// strangers; "" where the remedy does not tell one from another.
	forNamed string
	draft    func(State, Whom) draft
}

// narrow reports whether it changes nothing but the grant itself.
func (r Remedy) narrow() bool { return r.forNamed != "" }

// Remedies lists every way, least disruptive first.
var Remedies = []Remedy{
	{"bucket-acl-grants", "drop the public grants of the bucket's ACL", "drop their grants of the bucket's ACL", bucketACLGrants},
	{"object-acl-grants", "drop the public grants of objects' ACLs", "drop their grants of objects' ACLs", objectACLGrants},
	{"access-point-policy", "take strangers out of access point policies", "take them out of access point policies", accessPointPolicies},
	{"multi-region-access-point-policy", "take strangers out of multi-Region access point policies", "take them out of multi-Region access point policies", multiRegionPolicies},
	{"policy-statement", "take strangers out of the bucket policy", "take them out of the bucket policy", policyStatement},
	{"ignore-public-acls", "let S3 ignore public ACLs (IgnorePublicAcls)", "", ignorePublicACLs},
	{"restrict-public-buckets", "let S3 hold the public policy (RestrictPublicBuckets)", "", restrictPublicBuckets},
	{"block-public-access", "full Block Public Access of the bucket", "", blockPublicAccess},
	{"account-block-public-access", "full Block Public Access of the account", "", accountBlock},
	{"bucket-owner-enforced", "disable ACLs (BucketOwnerEnforced)", "", bucketOwnerEnforced},
}

//go:embed pages/*.md
var pages embed.FS

// Page is the documentation of a remedy, as Markdown.
func (r Remedy) Page() (string, error) {
	text, err := pages.ReadFile("pages/" + r.ID + ".md")
	return string(text), err
}

// draft is what a remedy would do to a state.
type draft struct {
	steps []drafted
	// later says what deployments and callers will meet afterwards.
	later []string
	// loses are those who lose access without being an exposure.
	loses []Loser
	// first is what a person has to do before.
	first []string
	// refused says why it cannot be done, though it would apply.
	refused string
}

type drafted struct {
	call account.Call
	why  string
}

// impossible is a draft that a missing reading forbids: what cannot be saved
// must not be replaced.
func impossible(what string, s account.Setting) draft {
	why := what + " could not be read"
	if s.Problem != "" {
		why += ": " + s.Problem
	}
	return draft{refused: why + "; it must be known before it is replaced: grant " + s.Action + " and plan again"}
}

func (s State) call(op account.Operation) account.Call {
	return account.Call{Operation: op, Account: s.Settings.Account, Region: s.Settings.Region, Bucket: s.Settings.Bucket}
}
