// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"strings"
	"testing"
	"time"

	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/policy"
)

// Where AWS Config and this program differ, and that what is not known is no
// difference.
func TestCompareConfig(t *testing.T) {
	at := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	const read, write = "S3_BUCKET_PUBLIC_READ_PROHIBITED", "S3_BUCKET_PUBLIC_WRITE_PROHIBITED"
	open := exposure.Exposure{Bucket: "b", Route: exposure.BucketPolicyRoute, Audience: policy.Anyone, Access: []policy.Access{policy.Read}, State: exposure.Open}
	with := func(edit func(*exposure.Exposure)) []exposure.Exposure {
		e := open
		edit(&e)
		return []exposure.Exposure{e}
	}
	for name, c := range map[string]struct {
		found []exposure.Exposure
		id    string
		says  string
		part  bool // not everything of the bucket was read
		want  string
		why   string
	}{
		"both open":                      {[]exposure.Exposure{open}, read, "NON_COMPLIANT", false, "agree", ""},
		"both shut":                      {nil, read, "COMPLIANT", false, "agree", ""},
		"open, and compliant":            {[]exposure.Exposure{open}, read, "COMPLIANT", false, "disagree", "evaluated at 2026-06-01T12:00:00Z"},
		"open to read, and not to write": {[]exposure.Exposure{open}, write, "COMPLIANT", false, "agree", ""},
		"by an object's ACL":             {with(func(e *exposure.Exposure) { e.Route = exposure.ObjectACL }), read, "COMPLIANT", false, "disagree", "not at objects' ACLs and access points"},
		"shut, and not compliant":        {nil, read, "NON_COMPLIANT", false, "disagree", "every value with a wildcard"},
		"closed since":                   {with(func(e *exposure.Exposure) { e.ClosedAt = &at }), read, "COMPLIANT", false, "agree", ""},
		"held by the account's block": {with(func(e *exposure.Exposure) {
			e.State, e.BlockedBy = exposure.Blocked, []string{"RestrictPublicBuckets (account)"}
		}), read, "NON_COMPLIANT", false, "disagree", "does not look at the account's Block Public Access"},
		"held by the bucket's own block": {with(func(e *exposure.Exposure) {
			e.State, e.BlockedBy = exposure.Blocked, []string{"RestrictPublicBuckets (bucket)"}
		}), read, "COMPLIANT", false, "agree", ""},
		"not known whether it is open":   {with(func(e *exposure.Exposure) { e.State = exposure.Unknown }), read, "NON_COMPLIANT", false, "undecided", ""},
		"its policy could not be read":   {nil, read, "NON_COMPLIANT", true, "undecided", ""},
		"part not read, and yet open":    {[]exposure.Exposure{open}, read, "NON_COMPLIANT", true, "agree", ""},
		"AWS Config does not know":       {[]exposure.Exposure{open}, read, "INSUFFICIENT_DATA", false, "undecided", ""},
		"a named account is no stranger": {with(func(e *exposure.Exposure) { e.Audience = policy.Account }), read, "COMPLIANT", false, "agree", ""},
		"a rule that is not compared":    {nil, "S3_BUCKET_LEVEL_PUBLIC_ACCESS_PROHIBITED", "NON_COMPLIANT", false, "not evaluated", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := &Result{Exposures: c.found, Alerts: []Alert{{Kind: KindPublic, State: exposure.Open, Bucket: "b", Access: []policy.Access{policy.Read}}}}
			said := []Evaluated{{Account: "111122223333", Bucket: "b", Rule: "r", Identifier: c.id, Says: c.says, At: at}, {Bucket: "elsewhere", Identifier: read, Says: "NON_COMPLIANT"}}
			got := CompareConfig(r, said, map[string]LookedAt{"b": {Whole: !c.part}}, nil)
			verdicts := map[string]int{"agree": got.Agree, "disagree": len(got.Disagree), "undecided": got.Undecided, "not evaluated": len(got.NotEvaluated)}
			for verdict, n := range verdicts {
				if (n == 1) != (verdict == c.want) {
					t.Errorf("%s: %d", verdict, n)
				}
			}
			told := strings.Join(r.Alerts[0].Unknowns, "")
			if len(got.Disagree) == 1 && (!strings.Contains(got.Disagree[0].Why, c.why) || !strings.Contains(told, "AWS Config says "+c.says)) || len(got.Disagree) == 0 && told != "" {
				t.Errorf("%+v, told %q", got.Disagree, told)
			}
		})
	}
}

// Where AWS Config could not be asked, whether it evaluated a bucket is not known.
func TestCompareConfigUnread(t *testing.T) {
	looked := map[string]LookedAt{"a": {"1", "eu-west-1", true}, "b": {"1", "us-east-1", true}, "c": {"2", "eu-west-1", true}, "d": {"1", "eu-west-1", true}}
	said := []Evaluated{{Account: "1", Region: "eu-west-1", Bucket: "d", Identifier: "S3_BUCKET_PUBLIC_READ_PROHIBITED", Says: "COMPLIANT"}}
	got := CompareConfig(&Result{}, said, looked, []ConfigUnread{{Account: "1", Region: "eu-west-1", What: "what AWS Config says", Why: "the permission config:DescribeConfigRules is missing"}})
	if strings.Join(got.NotEvaluated, " ") != "b c" || len(got.Unread) != 1 || strings.Join(got.Unread[0].Buckets, " ") != "a" || got.UnreadBuckets() != 1 || got.Agree != 1 {
		t.Errorf("%+v", got)
	}
	if want := "account 1, eu-west-1: what AWS Config says is unknown: the permission config:DescribeConfigRules is missing; buckets of which it is not known whether they were evaluated: 1"; got.Unread[0].String() != want {
		t.Errorf("%q", got.Unread[0])
	}
}
