// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bucketlid/bucketlid/bucket"
	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/policy"
	"github.com/bucketlid/bucketlid/report"
)

// aclFlags are the flags of explain acl, as given.
type aclFlags struct {
	output  explainOutput
	canned  string
	headers []string
	object  bool
	bucket  string
	key     string
	region  string
}

func newExplainACL() *cobra.Command {
	f := &aclFlags{}
	cmd := &cobra.Command{
		Use: "acl FILE|-", Short: "Say in plain words who can do what by an access control list",
		Long: "Say in plain words who can do what by an access control list, and whether it is public.\n\n" +
			"FILE is the list as S3 keeps it (XML), the output of `aws s3api get-bucket-acl` or\n" +
			"get-object-acl, or the requestParameters of a CloudTrail record; - is standard input.\n" +
			"--canned and --header take what a call would carry.",
		Example: "  aws s3api get-bucket-acl --bucket my-bucket | bucketlid explain acl - -o table\n" +
			"  bucketlid explain acl --canned public-read\n" +
			"  bucketlid explain acl --object --header 'x-amz-grant-read: uri=http://acs.amazonaws.com/groups/global/AllUsers'",
		Args: func(_ *cobra.Command, args []string) error { return f.check(args) },
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
	}
	f.output.add(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.canned, "canned", "", "a canned ACL by its `name`, such as public-read")
	flags.StringArrayVar(&f.headers, "header", nil, "a grant `header`, such as 'x-amz-grant-read: id=…'; may be repeated")
	flags.BoolVar(&f.object, "object", false, "the list is an object's, not a bucket's")
	flags.StringVar(&f.bucket, "bucket", "", "the bucket, for the witness")
	flags.StringVar(&f.key, "key", "", "the object's key, for the witness (with --object)")
	flags.StringVar(&f.region, "region", "", "the bucket's `region`, for the witness")
	return cmd
}

func (f *aclFlags) check(args []string) error {
	given := len(args)
	if f.canned != "" {
		given++
	}
	if len(f.headers) > 0 {
		given++
	}
	switch {
	case given == 0:
		return usageError("for example: bucketlid explain acl --canned public-read", "explain acl needs one FILE, - for standard input, --canned or --header")
	case given > 1:
		return usageError("give one of them", "FILE, --canned and --header exclude each other")
	case f.key != "" && !f.object:
		return usageError("add --object", "--key is about an object's list")
	}
	return nil
}

func (f *aclFlags) run(cmd *cobra.Command, args []string) error {
	w := cmd.OutOrStdout()
	if err := f.output.settle(w); err != nil {
		return err
	}
	found, err := f.read(cmd, args)
	if err != nil {
		return err
	}
	f.object = f.object || found.object
	s := aclSubject{object: f.object, owner: found.acl.OwnerID, unlisted: found.unlisted, bucket: cmp.Or(f.bucket, found.bucket, "bucket"), key: cmp.Or(f.key, found.key, "key"), region: f.region}
	v := judgeACL(found.acl, s)
	v.ID = found.name
	if f.output.format == "jsonl" {
		return f.output.line(w, report.Explanation{ACL: &v})
	}
	return report.WriteACL(w, &report.ACLSheet{ACL: v, Assumed: f.assumed(found)}, f.output.options(w))
}

func (f *aclFlags) assumed(found foundACL) []string {
	var out []string
	if found.within != "" {
		out = append(out, "the list stands in "+found.within)
	}
	if found.unlisted {
		out = append(out, "the owner's rights: the list does not grant them, and need not")
	}
	if !f.object {
		out = append(out, "it is a bucket's list (--object for an object's)")
	}
	if f.bucket == "" && found.bucket == "" {
		out = append(out, `the bucket's name is not given: the witness says "bucket" (--bucket)`)
	}
	if f.object && f.key == "" && found.key == "" {
		out = append(out, `the object's key is not given: the witness says "key" (--key)`)
	}
	return out
}

// aclSubject is what a list is about.
type aclSubject struct {
	object              bool
	owner               string // canonical id; "" where the list does not tell
	unlisted            bool   // the owner's rights are no part of the list
	bucket, key, region string
}

// judgeACL says what a list gives whom, each grant by itself: by the evaluation
// that hunt uses, with no other setting known.
func judgeACL(acl *bucket.ACL, s aclSubject) report.ACL {
	if !s.object && slices.ContainsFunc(acl.Grants, func(g bucket.Grant) bool { return g.Grantee.ID == bucket.BucketOwnerID }) {
		acl = ownerOnly(acl)
	}
	v := report.ACL{On: "bucket", Form: acl.Form, Public: acl.Public(), Reach: policy.None, Owner: acl.OwnerID,
		Grants: []report.ACLGrant{}, Guards: []string{}, Problems: []string{}}
	if s.object {
		v.On = "object"
	}
	if acl.Partial != "" {
		v.Problems = append(v.Problems, "part of the list could not be understood, so that it may grant more: "+acl.Partial)
	}
	if acl.Ambiguous {
		v.Problems = append(v.Problems, "more than one form of list stands together, which S3 refuses: told is what either grants")
	}
	if len(acl.Grants) > maxGrants {
		v.Problems = append(v.Problems, "S3 takes at most 100 grants in a list")
	}
	for _, g := range acl.Grants {
		if s.unlisted && g == ownersRights {
			continue
		}
		one, guards := judgeGrant(g, s)
		v.Grants = append(v.Grants, one)
		if one.Audience == policy.Account && v.Owner == "" {
			v.Problems = addNew(v.Problems, "the list does not name its owner: a grantee with an id may be the owner")
		}
		if one.Audience.Public() && one.Audience.Wider(v.Reach) && len(one.Access) > 0 {
			v.Reach, v.Witness = one.Audience, one.Witness
		}
		for _, guard := range guards {
			v.Guards = addNew(v.Guards, guard)
		}
	}
	v.Guards = append(mayHold(&v), v.Guards...)
	slices.SortStableFunc(v.Grants, func(a, b report.ACLGrant) int {
		switch {
		case a.Audience == b.Audience:
			return 0
		case a.Audience.Wider(b.Audience):
			return -1
		}
		return 1
	})
	return v
}

// ownerOnly is a canned list for objects as a bucket takes it: S3 passes over what
// it gives the bucket's owner (AWS page "Access control list (ACL) overview").
func ownerOnly(acl *bucket.ACL) *bucket.ACL {
	out := *acl
	out.Grants = slices.DeleteFunc(slices.Clone(acl.Grants), func(g bucket.Grant) bool { return g.Grantee.ID == bucket.BucketOwnerID })
	return &out
}

// ownersRights are what an owner has whether the list says so or not (AWS page
// "Access control list (ACL) overview").
var ownersRights = bucket.Grant{Grantee: bucket.Grantee{ID: bucket.OwnerID}, Permission: bucket.FullControl}

// mayHold lists what holds a list shut whatever it grants (semantics B.7).
func mayHold(v *report.ACL) []string {
	out := []string{}
	if !slices.ContainsFunc(v.Grants, func(g report.ACLGrant) bool { return len(g.Access) > 0 }) {
		return out
	}
	out = append(out, "Object Ownership: under BucketOwnerEnforced the list has no effect")
	if v.Public {
		out = append(out, "Block Public Access of bucket, account and organization: under IgnorePublicAcls its public grants have no effect")
	}
	return append(out, "the bucket policy: a Deny stands over the list, and so does RestrictPublicBuckets while the policy is public")
}

// maxGrants is S3's bound on the grants of a list (AWS page "Access control list
// (ACL) overview").
const maxGrants = 100

func judgeGrant(g bucket.Grant, s aclSubject) (report.ACLGrant, []string) {
	one := report.ACLGrant{
		Grantee: g.Grantee.String(), Permission: string(g.Permission), Audience: policy.None, Public: g.Grantee.Public(),
		Who: granteeWords(g.Grantee, s.object), May: permissionWords(g.Permission, s.object), Access: []policy.Access{}, Actions: g.Permission.Actions(s.object),
	}
	if one.Actions == nil {
		one.Actions = []string{}
	}
	var guards []string
	for _, e := range aclExposures(&bucket.ACL{OwnerID: s.owner, Grants: []bucket.Grant{g}}, s) {
		one.Audience, one.Witness = e.Audience, cmp.Or(one.Witness, e.Witness)
		one.Access = append(one.Access, e.Access...)
		for _, text := range e.Unknowns {
			if s.object && s.owner != "" && strings.Contains(text, "the grantee may be the owner") {
				text = "whose the bucket is: the grantee may be its owner"
			}
			if !strings.Contains(text, "never seen") { // mayHold tells of those
				guards = append(guards, text)
			}
		}
	}
	return one, guards
}

// aclExposures is what a list alone exposes.
func aclExposures(acl *bucket.ACL, s aclSubject) []exposure.Exposure {
	c := &bucket.Change{Event: &bucket.Event{Name: "PutBucketAcl"}, Slot: bucket.SlotACL, Bucket: s.bucket, Region: s.region, ACL: acl}
	if s.object {
		c.Slot, c.Key, c.Event.Name = bucket.SlotObjectACL, s.key, "PutObjectAcl"
	}
	t := bucket.Fold(s.bucket, []*bucket.Change{c}, c.Event.Time)
	return exposure.Find(t)
}

// granteeWords says who a grantee is (AWS page "Access control list (ACL) overview").
func granteeWords(g bucket.Grantee, onObject bool) string {
	switch {
	case g.URI == bucket.AllUsers:
		return "anyone on the internet, without credentials"
	case g.URI == bucket.AuthenticatedUsers:
		return "any AWS account in the world, not only your own"
	case g.URI == bucket.LogDelivery:
		return "the log delivery of S3"
	case g.URI != "":
		return "a group that S3 does not have: " + g.URI
	case g.EmailAddress != "":
		return "the AWS account with the e-mail address " + g.EmailAddress
	}
	switch g.ID {
	case bucket.OwnerID:
		if onObject {
			return "the object's owner: the account that wrote it"
		}
		return "the owner"
	case bucket.BucketOwnerID:
		return "the bucket's owner, where another account wrote the object"
	case bucket.ExecReadID:
		return "Amazon EC2, to read bundles of images"
	case bucket.LogDeliveryID:
		return "the log delivery of CloudFront"
	case bucket.AnonymousID:
		return "the anonymous user: everybody who does not sign"
	}
	return "the AWS account with the canonical id " + g.ID
}

// permissionWords says what a permission lets somebody do.
func permissionWords(p bucket.Permission, onObject bool) string {
	words := map[bucket.Permission]string{
		bucket.Read: "list the names of the objects, not read them", bucket.Write: "create objects",
		bucket.ReadACP: "read this list", bucket.WriteACP: "change this list, and so give himself the rest",
	}
	order := []bucket.Permission{bucket.Read, bucket.Write, bucket.ReadACP, bucket.WriteACP}
	if onObject {
		words[bucket.Read], words[bucket.Write] = "read the object's content", "do nothing more: WRITE on an object has no effect"
		order = slices.Delete(order, 1, 2)
	}
	if p != bucket.FullControl {
		return words[p]
	}
	var all []string
	for _, one := range order {
		all = append(all, words[one])
	}
	return strings.Join(all, "; ")
}
