// SPDX-License-Identifier: Apache-2.0

package remedy

import (
	"fmt"
	"strings"

	"github.com/bucketlid/bucketlid/account"
	"github.com/bucketlid/bucketlid/policy"
)

// policyStatement takes strangers out of the bucket policy. Deny statements and
// every byte of the others stay; the policy is deleted only where nothing is left.
func policyStatement(s State) draft {
	if !known(s.Settings.Policy) {
		return impossible("the bucket policy", s.Settings.Policy)
	}
	if s.Settings.Policy.Status == account.Absent {
		return draft{}
	}
	facts := policy.Facts{Bucket: s.Settings.Bucket, Account: s.Settings.Account, Region: s.Settings.Region, At: s.Settings.Read}
	return cutDraft(s.Settings.Policy.Text, facts, s.call(account.PutBucketPolicy), account.DeleteBucketPolicy)
}

// accessPointPolicies does the same for each access point.
func accessPointPolicies(s State) draft {
	var d draft
	for _, p := range s.Settings.AccessPoints {
		if p.MultiRegion {
			continue // its policy takes minutes to hours to change: a guard is the way
		}
		if !known(p.Policy) {
			return impossible("the policy of access point "+p.Name, p.Policy)
		}
		if p.Policy.Status == account.Absent {
			continue
		}
		facts := policy.Facts{Kind: policy.AccessPointPolicy, Bucket: s.Settings.Bucket, AccessPoint: p.Name,
			Account: s.Settings.Account, Region: s.Settings.Region, At: s.Settings.Read}
		call := s.call(account.PutAccessPointPolicy)
		call.AccessPoint = p.Name
		one := cutDraft(p.Policy.Text, facts, call, account.DeleteAccessPointPolicy)
		if one.refused != "" {
			one.refused = "access point " + p.Name + ": " + one.refused
			return one
		}
		d.steps, d.loses = append(d.steps, one.steps...), append(d.loses, one.loses...)
	}
	return d
}

func cutDraft(text string, facts policy.Facts, put account.Call, remove account.Operation) draft {
	cut, err := cutPublic(text, facts)
	if err != nil {
		return draft{refused: "the policy cannot be cut: " + err.Error()}
	}
	if len(cut.removed)+len(cut.narrowed) == 0 {
		return draft{}
	}
	call, why := put, cut.words()
	call.Text = cut.text
	if cut.text == "" {
		call.Operation = remove
		why += "; the policy has no other statement, so that it is deleted"
	} else {
		why += "; every other byte stays"
	}
	return draft{steps: []drafted{{call, why}}, loses: cut.losers(facts.Account), refused: deletedPrincipals(cut.text)}
}

func (c cutting) words() string {
	var out []string
	for i := range c.narrowed {
		out = append(out, `takes "*" out of the principals of `+statementName(&c.narrowed[i]))
	}
	for i := range c.removed {
		out = append(out, "removes "+statementName(&c.removed[i]))
	}
	return strings.Join(out, ", ")
}

func statementName(s *policy.Statement) string {
	if s.Sid != "" {
		return fmt.Sprintf("statement %s", s.Sid)
	}
	return fmt.Sprintf("statement number %d", s.Index+1)
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
