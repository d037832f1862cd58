// SPDX-License-Identifier: Apache-2.0

package remedy

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/bucketlid/bucketlid/account"
	"github.com/bucketlid/bucketlid/policy"
)

// policyStatement takes them out of the bucket policy. Deny statements and every
// byte of the others stay; the policy is deleted only where nothing is left.
func policyStatement(s State, whom Whom) draft {
	if !known(s.Settings.Policy) {
		return impossible("the bucket policy", s.Settings.Policy)
	}
	if s.Settings.Policy.Status == account.Absent {
		return draft{}
	}
	facts := policy.Facts{Bucket: s.Settings.Bucket, Account: s.Settings.Account, Region: s.Settings.Region, At: s.Settings.Read}
	return cutDraft(s.Settings.Policy.Text, facts, s.call(account.PutBucketPolicy), account.DeleteBucketPolicy, whom)
}

// accessPointPolicies does the same for each access point.
func accessPointPolicies(s State, whom Whom) draft { return s.pointPolicies(whom, false) }

// multiRegionPolicies does the same for each multi-Region access point.
func multiRegionPolicies(s State, whom Whom) draft {
	d := s.pointPolicies(whom, true)
	if len(d.steps) > 0 {
		d.later = append(d.later, "AWS makes the change after it answered, in minutes or more; fix apply waits for it")
	}
	return d
}

func (s State) pointPolicies(whom Whom, multiRegion bool) draft {
	var d draft
	for _, p := range s.Settings.AccessPoints {
		if p.MultiRegion != multiRegion {
			continue
		}
		if !known(p.Policy) {
			return impossible("the policy of "+pointName(p), p.Policy)
		}
		if p.Policy.Status == account.Absent {
			continue
		}
		one := s.pointPolicy(p, whom)
		if one.refused != "" {
			one.refused = pointName(p) + ": " + one.refused
			return one
		}
		d.steps, d.loses = append(d.steps, one.steps...), append(d.loses, one.loses...)
	}
	return d
}

func (s State) pointPolicy(p account.AccessPoint, whom Whom) draft {
	facts := policy.Facts{Kind: policy.AccessPointPolicy, Bucket: s.Settings.Bucket, AccessPoint: p.Name,
		Account: s.Settings.Account, Region: s.Settings.Region, At: s.Settings.Read}
	call := s.call(account.PutAccessPointPolicy)
	call.AccessPoint = p.Name
	if !p.MultiRegion {
		return cutDraft(p.Policy.Text, facts, call, account.DeleteAccessPointPolicy, whom)
	}
	facts.Kind, facts.AccessPoint = policy.MultiRegionAccessPointPolicy, cmp.Or(p.Alias, p.Name)
	call.Operation, call.Region = account.PutMultiRegionPolicy, account.MultiRegionHome
	d := cutDraft(p.Policy.Text, facts, call, "", whom)
	if len(d.steps) > 0 && p.Proposed != "" {
		d.refused = "another change of its policy is under way: plan again once AWS has made it"
	}
	for _, name := range p.Buckets {
		if len(d.steps) > 0 && name != s.Settings.Bucket {
			d.loses = append(d.loses, Loser{Kind: string(policy.AnyAWSAccount), Who: "those who are taken out, to bucket " + name,
				Note: pointName(p) + " leads there too"})
		}
	}
	return d
}

// cutDraft cuts a policy. remove is the call that deletes it; "" where AWS has
// none: then a last statement is made out to the own account.
func cutDraft(text string, facts policy.Facts, put account.Call, remove account.Operation, whom Whom) draft {
	cut, err := cutOut(text, facts, whom)
	if err != nil {
		return draft{refused: "the policy cannot be cut: " + err.Error()}
	}
	if len(cut.removed)+len(cut.narrowed) == 0 {
		return draft{}
	}
	call, why := put, cut.words(whom)
	switch {
	case cut.text != "":
		why += "; every other byte stays"
	case remove != "":
		call.Operation = remove
		why += "; the policy has no other statement, so that it is deleted"
	default:
		if cut.text, err = own(cut.final, facts.Account); err != nil {
			return draft{refused: err.Error()}
		}
		why += "; it is the last, and AWS has no call that deletes the policy, so that the statement names account " + facts.Account + " alone instead"
	}
	call.Text = cut.text
	return draft{steps: []drafted{{call, why}}, loses: cut.losers(facts.Account, whom), refused: deletedPrincipals(cut.text)}
}

func (c cutting) words(whom Whom) string {
	var out []string
	for i := range c.narrowed {
		text := `takes "*" out of the principals of `
		if len(whom) > 0 {
			text = "takes " + strings.Join(whom, ", ") + " out of "
		}
		out = append(out, text+statementName(&c.narrowed[i]))
	}
	for i := range c.removed {
		out = append(out, "removes "+statementName(&c.removed[i]))
	}
	return strings.Join(out, ", ")
}

// statementName is the name that exposures and explain policy give a statement:
// counted from 0, in the policy as it is now.
func statementName(s *policy.Statement) string {
	if s.Sid != "" {
		return fmt.Sprintf("statement %d (%s)", s.Index, s.Sid)
	}
	return fmt.Sprintf("statement %d", s.Index)
}

// deletedPrincipals says why S3 would not take a policy: it shows the unique id
// of a user or role that was deleted, and refuses it as a principal (IAM page
// "AWS JSON policy elements: Principal").
func deletedPrincipals(text string) string {
	var ids []string
	d, err := policy.Parse([]byte(text))
	if text == "" || err != nil {
		return ""
	}
	for _, s := range d.Statements {
		for _, p := range []*policy.Principal{s.Principal, s.NotPrincipal} {
			if p == nil {
				continue
			}
			for _, name := range p.AWS {
				if uniqueID(name) {
					ids = append(ids, name)
				}
			}
		}
	}
	if len(ids) == 0 {
		return ""
	}
	return "the policy names deleted users or roles (" + strings.Join(ids, ", ") + "), and S3 refuses to store it again with them"
}

// uniqueID recognises the unique ids of users (AIDA) and roles (AROA).
func uniqueID(s string) bool {
	rest, user := strings.CutPrefix(s, "AIDA")
	if !user {
		rest, user = strings.CutPrefix(s, "AROA")
	}
	return user && len(rest) >= 12 && strings.Trim(rest, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}
