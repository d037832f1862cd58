// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"strings"
	"testing"

	"github.com/bucketlid/bucketlid/policy"
	"github.com/bucketlid/bucketlid/replay"
)

// Trust in an account, and that a bucket is expected to be public, hold for
// reading, and for whoever usually opens buckets.
func TestTrustHasBounds(t *testing.T) {
	const carrier, everything = "trusted_accounts: [{id: \"444455556666\", name: Carrier, why: contract}]\n", "buckets: [{match: acme-data, public: expected, why: open data, until: 2027-12-31}]\n"
	for _, test := range []struct {
		name, context string
		change        func(*Alert)
		level         Severity
		verdict       string // and confidence
		saying        string // in the reasons or what would make it wrong
	}{
		{"trusted, reading", carrier, shared(policy.Read, policy.List), Info, "intended high", ""},
		{"trusted, reading, by somebody odd", carrier, all(shared(policy.Read), odd), High, "cannot-tell low", "evidence for source-ip"},
		{"trusted, writing", carrier, shared(policy.Read, policy.Write), Medium, "intended medium", "covers reading only"},
		{"trusted, everything", carrier, shared(policy.Read, policy.Write, policy.Delete, policy.ACLWrite, policy.ConfigWrite), Medium, "intended low", "grant what it needs"},
		{"trusted, everything, by somebody odd", carrier, all(shared(policy.Read, policy.ConfigWrite), odd), Critical, "malicious low", ""},
		{"trusted, reading what is sensitive, by somebody odd", carrier, all(shared(policy.Read), odd, flagged("bucket-name", Yes)), Critical, "malicious low", "bucket-name"},
		{"trusted, reading, after logging was stopped", carrier, all(shared(policy.Read), prepared), Info, "intended medium", "but the caller switched off or narrowed logging"},
		{"expected", everything, nil, Info, "intended high", ""},
		{"expected, for writing", everything, access(policy.Write), Critical, "unintended medium", ""},
		{"expected, by somebody odd", everything, odd, Critical, "cannot-tell low", "evidence for source-ip"},
		{"expected, by way of a VPN, by stale lists", everything, all(flagged("source-ip", Yes), flagged("user-behaviour", No), func(a *Alert) { a.listed = "vpn: 192.0.2.0/25" }), Info, "intended medium", "but vpn: 192.0.2.0/25"},
		{"taken by the caller himself, from an odd address", "trusted_accounts: []\n", all(flagged("source-ip", Yes), flagged("user-behaviour", No), flagged("bucket-name", No), tookItself(30)), Medium, "malicious low", ""},
		{"new address on a stale list", "trusted_accounts: []\n", all(flagged("source-ip", Yes), flagged("user-behaviour", No), flagged("bucket-name", No), func(a *Alert) { a.listed = "vpn: 192.0.2.0/25" }), Medium, "cannot-tell low", ""},
		{"expected, by somebody odd with a new key", everything, all(odd, sign), Critical, "malicious medium", ""},
		{"expected, after logging was stopped", everything, prepared, Info, "intended medium", "but the caller switched off or narrowed logging"},
	} {
		r := &ranker{baseline: replay.NewBaseline(), known: Known{Context: told(t, test.context)}}
		a := alert(test.change)
		level, why := severity(r, a)
		s := suggest(r, a)
		if told := strings.Join(append(s.Reasons, s.WrongIf...), "; "); level != test.level || s.Verdict+" "+s.Confidence != test.verdict || !strings.Contains(told, test.saying) {
			t.Errorf("%s: %s (%s), %s %s (%s); want %s, %s, saying %q", test.name, level, why, s.Verdict, s.Confidence, told, test.level, test.verdict, test.saying)
		}
	}
}
