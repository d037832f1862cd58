// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"slices"
	"strings"
)

// AnalyseACL gives what ACL grants are worth beside a bucket policy: each one
// stands as an Allow from which the policy's Deny statements are taken, because
// an explicit Deny beats an ACL (S3 page "How Amazon S3 authorizes a request").
// Allow statements of the policy are not looked at; denies may be nil. The
// grants that come back have Statement.Index -1.
func AnalyseACL(grants []ACLGrant, denies *Document, f Facts) []Grant {
	k := takeDesk()
	out := k.analyseACL(grants, denies, f)
	k.give()
	return out
}

func (k *desk) analyseACL(grants []ACLGrant, denies *Document, f Facts) []Grant {
	f.Kind, f.AccessPoint = BucketPolicy, ""
	an := &k.acl
	var found []*finding
	for _, g := range grants {
		an.hold(syntheticPolicy(g, denies, f))
		an.settle(f)
		an.only = an.aclTiers(g)
		for _, one := range an.run() {
			one.Statement = StatementRef{Index: -1}
			for i, text := range one.Scope.Include {
				if g.Exact {
					break
				}
				one.Scope.Include[i] = strings.ReplaceAll(text, "${$}{", "${")
			}
			kept := *one // the next run takes the memory back
			found = append(found, &kept)
		}
	}
	sortFindings(found)
	out := make([]Grant, 0, len(found))
	for _, one := range found {
		out = append(out, one.Grant)
	}
	return out
}

// syntheticPolicy is an ACL grant as an Allow, with the Deny statements.
func syntheticPolicy(g ACLGrant, denies *Document, f Facts) *Document {
	d := &Document{}
	if denies != nil {
		d.Version = denies.Version
	}
	partition := "arn:" + partitionOf(d, f) + ":s3:::"
	if denies != nil {
		partition = "arn:" + partitionOf(denies, f) + ":s3:::"
	}
	arns := func(list []string) []string {
		out := make([]string, 0, len(list))
		for _, text := range list {
			if d.hasVariables() && !g.Exact {
				text = strings.ReplaceAll(text, "${", "${$}{") // a key's own text
			}
			out = append(out, partition+text)
		}
		return out
	}
	allow := Statement{Index: -1, Effect: "Allow", Principal: &Principal{Any: true}, Action: g.Actions, Resource: arns(g.Scope.Include), exact: g.Exact}
	switch {
	case g.Audience != Account:
	case isAccountID(g.Account):
		allow.Principal = &Principal{AWS: []string{g.Account}}
	default:
		allow.Principal = &Principal{CanonicalUser: []string{g.Account}}
	}
	d.Statements = append(d.Statements, allow)
	if len(g.Scope.Exclude) > 0 {
		d.Statements = append(d.Statements, Statement{Index: -1, Effect: "Deny", Principal: &Principal{Any: true},
			Action: []string{"s3:*"}, Resource: arns(g.Scope.Exclude)})
	}
	if denies != nil {
		for i := range denies.Statements {
			if denies.Statements[i].Effect == "Deny" {
				d.Statements = append(d.Statements, denies.Statements[i])
			}
		}
	}
	return d
}

// aclTiers keeps the subjects whom an ACL grantee stands for: everybody, every
// signed request, or one account (S3 page "Access control list (ACL) overview").
func (an *analysis) aclTiers(g ACLGrant) []tier {
	out := make([]tier, tierCount)
	if g.Audience == Account {
		s := &subject{who: named, label: "account " + g.Account, principal: g.Account}
		if isAccountID(g.Account) {
			s.account = g.Account
		} else {
			s.canonical = g.Account
		}
		for i := range out {
			out[i].audience = Account
		}
		out[0].subjects = []*subject{s}
		return out
	}
	for i := range out {
		t := an.tier(i)
		if t.audience == ServiceDeputy || t.audience == WebIdentity {
			t.subjects = nil
		}
		t.subjects = slices.DeleteFunc(slices.Clone(t.subjects), func(s *subject) bool { return s.network.ownPoint() })
		if g.Audience != Anyone {
			t.subjects = slices.DeleteFunc(slices.Clone(t.subjects), func(s *subject) bool { return s.who == unsigned })
		}
		out[i] = t
	}
	return out
}
