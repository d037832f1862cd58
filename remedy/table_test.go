// SPDX-License-Identifier: Apache-2.0

package remedy

import (
	"strings"
	"testing"

	"github.com/bucketlid/bucketlid/account"
)

const (
	publicRead = `{"Sid":"publicRead","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}`
	boe        = `{"OwnershipControls":{"Rules":[{"ObjectOwnership":"BucketOwnerEnforced"}]}}`
)

type remedyCase struct {
	name, remedy string
	whom         Whom
	open         func(*State)
	calls        string // operations, with commas
	sets         string // what the last call sets
	says         []string
	refused      string
}

func (c remedyCase) compare(t *testing.T, plan *Plan, o *Option) {
	var calls []string
	for _, s := range o.Steps {
		calls = append(calls, string(s.Call.Operation))
	}
	if got := strings.Join(calls, ","); got != c.calls {
		t.Errorf("calls %s", got)
	}
	if got := o.Steps[len(o.Steps)-1].Call.Text; got != c.sets {
		t.Errorf("sets\n%s\nnot\n%s", got, c.sets)
	}
	for _, want := range c.says {
		if !strings.Contains(said(o), want) {
			t.Errorf("does not say %q:\n%s", want, said(o))
		}
	}
	if !o.Proof.ClosesAll || o.Terraform == "" {
		t.Errorf("closes all: %v; Terraform %q", o.Proof.ClosesAll, o.Terraform)
	}
	if err := reread(t, *plan).Check(o); err != nil {
		t.Error(err)
	}
}

// remedyCases has at least one case for each row: the state, and what its
// option must say. "" of calls means that there is no such option.
var remedyCases = []remedyCase{
	{"the owner, log delivery and a partner stay", "bucket-acl-grants", nil, func(s *State) {
		s.Settings.ACL = acl(grant("URI", "global/AllUsers", "READ"), grant("URI", "s3/LogDelivery", "WRITE"), grant("ID", partner, "READ"))
	}, "PutBucketAcl", acl(grant("URI", "s3/LogDelivery", "WRITE"), grant("ID", partner, "READ")).Text, []string{"drops READ to AllUsers"}, ""},
	{"the owner is given what keeps the ACL from being empty", "bucket-acl-grants", nil, func(s *State) {
		s.Settings.ACL = account.Setting{Status: account.Present, Action: "s3:GetBucketAcl",
			Text: `{"Grants":[` + grant("URI", "global/AuthenticatedUsers", "WRITE") + `],"Owner":{"ID":"` + ownerCanonical + `"}}`}
	}, "PutBucketAcl", `{"Grants":[{"Grantee":{"ID":"` + ownerCanonical + `","Type":"CanonicalUser"},"Permission":"FULL_CONTROL"}],"Owner":{"ID":"` + ownerCanonical + `"}}`,
		[]string{"drops WRITE to AuthenticatedUsers and gives the owner FULL_CONTROL, without which no grant would be left"}, ""},
	{"ACLs that are disabled cannot be set", "bucket-acl-grants", nil, func(s *State) {
		s.Settings.ACL, s.Settings.Ownership = acl(grant("URI", "global/AllUsers", "READ")), text(boe)
	}, "PutBucketAcl", acl().Text, nil, "BucketOwnerEnforced is on"},
	{"an ACL that could not be read is not replaced", "bucket-acl-grants", nil, func(s *State) {
		s.Settings.ACL = account.Setting{Status: account.Denied, Action: "s3:GetBucketAcl", Problem: "AccessDenied"}
		s.Settings.Policy = policyOf(publicRead)
	}, "", "", nil, "grant s3:GetBucketAcl"},
	{"two versions", "object-acl-grants", nil, func(s *State) {
		for _, v := range []string{"v1", "v2"} {
			s.Objects = append(s.Objects, account.ObjectACL{Key: "k", Version: v, ACL: acl(grant("URI", "global/AllUsers", "READ"))})
		}
	}, "PutObjectAcl,PutObjectAcl", acl().Text, []string{"x-amz-acl: public-read", "--version-id v2"}, ""},
	{"the point's own statement stays", "access-point-policy", nil, func(s *State) {
		s.Settings.Policy = policyOf(statements[8])
		s.Settings.AccessPoints = []account.AccessPoint{{Name: "ap", Policy: text(pointPolicy), Block: flags(false, false, false, false)}}
	}, "PutAccessPointPolicy", pointPolicy[:strings.Index(pointPolicy, `,{"Sid":"publicPoint"`)] + "]}", []string{"aws s3control put-access-point-policy"}, ""},
	{"the point's partner goes, the statement with him", "access-point-policy", Whom{"222233334444"}, func(s *State) {
		s.Settings.Policy = policyOf(statements[8])
		s.Settings.AccessPoints = []account.AccessPoint{{Name: "ap", Policy: text(partnerPoint), Block: flags(false, false, false, false)}}
	}, "DeleteAccessPointPolicy", "", []string{"removes statement 0 (partnerPoint)"}, ""},
	{"a partner's statement stays", "multi-region-access-point-policy", nil, func(s *State) {
		s.Settings.Policy = policyOf(statements[8])
		s.Settings.AccessPoints = []account.AccessPoint{multiRegionPoint(publicWide, partnerWide)}
	}, "PutMultiRegionAccessPointPolicy", multiRegionPoint(partnerWide).Policy.Text,
		[]string{`aws s3control put-multi-region-access-point-policy --account-id 111122223333 --details '{"Name":"ap","Policy":"{\"Version\"`, "--region us-west-2", "to bucket c"}, ""},
	{"the last statement is made out to the account", "multi-region-access-point-policy", nil, func(s *State) {
		s.Settings.Policy = policyOf(statements[8])
		s.Settings.AccessPoints = []account.AccessPoint{multiRegionPoint(publicWide)}
	}, "PutMultiRegionAccessPointPolicy", strings.Replace(multiRegionPoint(publicWide).Policy.Text, `"Principal":"*"`, `"Principal":{"AWS":"arn:aws:iam::111122223333:root"}`, 1),
		[]string{"AWS has no call that deletes the policy"}, ""},
	{"one partner of two", "multi-region-access-point-policy", Whom{"222233334444"}, func(s *State) {
		s.Settings.Policy = policyOf(statements[8])
		s.Settings.AccessPoints = []account.AccessPoint{multiRegionPoint(partnerWide)}
	}, "PutMultiRegionAccessPointPolicy", strings.Replace(multiRegionPoint(partnerWide).Policy.Text, `"arn:aws:iam::222233334444:root",`, "", 1),
		[]string{"takes 222233334444 out of statement 0 (partnerWide)"}, ""},
	{"not while another change is under way", "multi-region-access-point-policy", nil, func(s *State) {
		s.Settings.Policy = policyOf(statements[8])
		s.Settings.AccessPoints = []account.AccessPoint{multiRegionPoint(publicWide)}
		s.Settings.AccessPoints[0].Proposed = partnerWide
	}, "", "", nil, "another change of its policy is under way"},
	{"a partner's grant goes, another's and a public one stay", "bucket-acl-grants", Whom{partner}, func(s *State) {
		s.Settings.ACL = acl(grant("URI", "global/AllUsers", "READ_ACP"), grant("ID", partner, "READ"), grant("ID", third, "READ"))
	}, "PutBucketAcl", acl(grant("URI", "global/AllUsers", "READ_ACP"), grant("ID", third, "READ")).Text, nil, ""},
	{"what cannot be read keeps no other from it", "object-acl-grants", nil, func(s *State) {
		s.Objects = []account.ObjectACL{{Key: "gone", ACL: absent("s3:GetObjectAcl")}, {Key: "dark", ACL: account.Setting{Status: account.Denied, Action: "s3:GetObjectAcl"}},
			{Key: "k", ACL: acl(grant("URI", "global/AllUsers", "READ"))}}
	}, "PutObjectAcl", acl().Text, []string{"of object k;", "the ACL of object dark could not be read and stays as it is"}, ""},
	{"a partner's grant of an object", "object-acl-grants", Whom{partner}, func(s *State) {
		s.Objects = []account.ObjectACL{{Key: "k", ACL: acl(grant("ID", partner, "READ"), grant("ID", third, "READ"))}}
	}, "PutObjectAcl", acl(grant("ID", third, "READ")).Text, []string{"drops READ to " + partner}, ""},
	{"one account of two, with its roles", "policy-statement", Whom{"222233334444"}, func(s *State) { s.Settings.Policy = policyOf(statements[9], publicRead) },
		"PutBucketPolicy", strings.Replace(strings.Replace(policyOf(statements[9], publicRead).Text, `"222233334444",`, "", 1), `,"arn:aws:iam::222233334444:role/r"`, "", 1),
		[]string{"takes 222233334444 out of statement 0 (Two)"}, ""},
	{"the only account", "policy-statement", Whom{"222233334444"}, func(s *State) { s.Settings.Policy = policyOf(statements[4], statements[5]) },
		"PutBucketPolicy", policyOf(statements[5]).Text, []string{"removes statement 0 (Partner)"}, ""},
	{"one value of a condition", "policy-statement", Whom{"222233334444"}, func(s *State) { s.Settings.Policy = policyOf(statements[10]) },
		"PutBucketPolicy", strings.Replace(policyOf(statements[10]).Text, `, "222233334444"`, "", 1), nil, ""},
	{"whom their access points let in", "policy-statement", Whom{"222233334444"}, func(s *State) { s.Settings.Policy = policyOf(statements[11], statements[5]) },
		"PutBucketPolicy", policyOf(statements[5]).Text, nil, ""},
	{"a condition that cannot be taken apart", "policy-statement", Whom{"222233334444"}, func(s *State) {
		s.Settings.Policy = policyOf(strings.Replace(statements[10], `{"StringEquals":{"aws:PrincipalAccount":["111122223333", "222233334444"]}}`,
			`{"ForAllValues:StringEquals":{"aws:PrincipalAccount":["111122223333","222233334444"]},"Null":{"aws:PrincipalAccount":"false"}}`, 1))
	}, "", "", nil, "lets 222233334444 in by what cannot be taken apart"},
	{"the Deny stays", "policy-statement", nil, func(s *State) { s.Settings.Policy = policyOf(publicRead, statements[5]) },
		"PutBucketPolicy", policyOf(statements[5]).Text, []string{"removes statement 0 (publicRead)", "unless their own policies allow it"}, ""},
	{"only * of a list goes", "policy-statement", nil, func(s *State) { s.Settings.Policy = policyOf(statements[2]) },
		"PutBucketPolicy", strings.Replace(policyOf(statements[2]).Text, ` , "*"`, "", 1), []string{`takes "*" out of the principals of statement 0 (publicMixed)`, "they may lose what statement 0 (publicMixed) gave everybody"}, ""},
	{"statements keep the numbers that they had", "policy-statement", nil, func(s *State) {
		s.Settings.Policy = policyOf(publicRead, statements[4], strings.Replace(statements[1], `"Sid":"publicList", `, "", 1), statements[2])
	}, "PutBucketPolicy", policyOf(statements[4], strings.Replace(statements[2], ` , "*"`, "", 1)).Text,
		[]string{`takes "*" out of the principals of statement 3 (publicMixed), removes statement 0 (publicRead), removes statement 2;`,
			"what statement 3 (publicMixed), statement 0 (publicRead), statement 2 gave everybody"}, ""},
	{"the last statement", "policy-statement", nil, func(s *State) { s.Settings.Policy = policyOf(publicRead) },
		"DeleteBucketPolicy", "", []string{"no other statement", "aws s3api delete-bucket-policy"}, ""},
	{"deleted principals cannot be stored again", "policy-statement", nil, func(s *State) {
		s.Settings.Policy = policyOf(publicRead, strings.Replace(statements[4], "arn:aws:iam::222233334444:root", "AROAEXAMPLEEXAMPLE12", 1))
	}, "PutBucketPolicy", "", nil, "AROAEXAMPLEEXAMPLE12"},
	{"it would open what the public policy holds shut", "policy-statement", nil, func(s *State) {
		s.Settings.Policy, s.Settings.ACL = policyOf(publicRead), acl(grant("URI", "global/AllUsers", "READ"))
		s.Settings.Block = flags(false, false, false, true)
	}, "DeleteBucketPolicy", "", nil, "it would give access that nobody has now: anyone list b"},
	{"other flags stay", "ignore-public-acls", nil, func(s *State) {
		s.Settings.ACL, s.Settings.Block = acl(grant("URI", "global/AllUsers", "READ")), flags(false, false, true, false)
	}, "PutPublicAccessBlock", flags(false, true, true, false).Text, []string{"IgnorePublicAcls"}, ""},
	{"named accounts lose too", "restrict-public-buckets", nil, func(s *State) { s.Settings.Policy = policyOf(publicRead, statements[4]) },
		"PutPublicAccessBlock", flags(false, false, false, true).Text, []string{"222233334444"}, ""},
	{"all four", "block-public-access", nil, func(s *State) { s.Settings.Policy = policyOf(publicRead) },
		"PutPublicAccessBlock", flags(true, true, true, true).Text, []string{"deployments that put a public policy fail"}, ""},
	{"unknown flags are not overwritten", "block-public-access", nil, func(s *State) {
		s.Settings.Policy = policyOf(publicRead)
		s.Settings.Block = account.Setting{Status: account.Failed, Action: "s3:GetBucketPublicAccessBlock"}
	}, "", "", nil, "grant s3:GetBucketPublicAccessBlock"},
	{"every bucket", "account-block-public-access", nil, func(s *State) { s.Settings.Policy = policyOf(publicRead) },
		"PutAccountPublicAccessBlock", flags(true, true, true, true).Text, []string{"read every bucket of account 111122223333 first", "it binds every bucket"}, ""},
	{"log delivery moves to the policy first", "bucket-owner-enforced", nil, func(s *State) {
		s.Settings.ACL = acl(grant("URI", "global/AllUsers", "READ"), grant("URI", "s3/LogDelivery", "WRITE"))
	}, "PutBucketAcl,PutBucketOwnershipControls", boe, []string{"logging.s3.amazonaws.com", "S3 server access logging", "AccessControlListNotSupported"}, ""},
}

func TestRemedies(t *testing.T) {
	tested := map[string]bool{}
	for _, c := range remedyCases {
		t.Run(c.remedy+" "+c.name, func(t *testing.T) {
			tested[c.remedy] = true
			s := closedBucket()
			c.open(&s)
			plan := Make(Request{State: s, Made: readAt, Whom: c.whom})
			o, err := plan.Option(c.remedy)
			if err != nil {
				t.Fatalf("%v; closes %v", err, plan.Closes)
			}
			if c.refused != "" {
				if !strings.Contains(o.Refused, c.refused) || plan.Check(o) == nil {
					t.Errorf("refused %q", o.Refused)
				}
				return
			}
			if o.Refused != "" {
				t.Fatalf("refused: %s", o.Refused)
			}
			c.compare(t, &plan, o)
		})
	}
	for _, r := range Remedies {
		page, err := r.Page()
		if !tested[r.ID] || err != nil || len(page) < 200 {
			t.Errorf("%s: tested %v, page of %d bytes, %v", r.ID, tested[r.ID], len(page), err)
		}
	}
}

// said is everything that an option tells.
func said(o *Option) string {
	out := append(append([]string{}, o.Later...), o.First...)
	out = append(out, o.Confirm...)
	for _, s := range o.Steps {
		out = append(out, s.Why, s.CLI)
	}
	for _, l := range o.Proof.Loses {
		out = append(out, l.Who, l.Note)
	}
	return strings.Join(out, "\n")
}
