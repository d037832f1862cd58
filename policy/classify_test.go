// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"strings"
	"testing"
)

func TestClassify(t *testing.T) {
	point := testFacts
	point.Kind, point.AccessPoint = AccessPointPolicy, "ap"
	for _, c := range []struct {
		name   string
		text   string
		facts  Facts
		want   Status
		reason string // part of some reason
	}{
		{"empty", `{"Statement":[]}`, testFacts, NotPublic, "no statement allows"},
		{"only Deny", statements(deny(`{}`)), testFacts, NotPublic, "no statement allows"},
		{"everybody", statements(allowRead), testFacts, Public, "allows everybody"},
		{"named", statements(allow(`{"AWS":["1","2","3","4","5"]}`, `{}`)), testFacts, NotPublic, "and 2 more"},
		{"one public statement of two", statements(allow(`{"AWS":"444455556666"}`, `{}`), allowRead), testFacts, Public, "statement 1 allows everybody"},
		{"NotPrincipal", statements(`{"Effect":"Allow","NotPrincipal":{"AWS":"1"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}`), testFacts, Public, ""},
		{"all services", statements(allow(`{"Service":"*"}`, `{}`)), testFacts, Public, ""},
		{"SAML provider", statements(allow(`{"Federated":"arn:aws:iam::444455556666:saml-provider/x"}`, `{}`)), testFacts, NotPublic, ""},
		{"web identity", statements(allow(`{"Federated":"accounts.google.com"}`, `{}`)), testFacts, Public, ""},
		{"IPv4 /8", statements(allow(`"*"`, `{"IpAddress":{"aws:SourceIp":"12.0.0.0/8"}}`)), testFacts, NotPublic, "aws:SourceIp"},
		{"IPv4 /7", statements(allow(`"*"`, `{"IpAddress":{"aws:SourceIp":"12.0.0.0/7"}}`)), testFacts, Public, ""},
		{"IPv6 /32", statements(allow(`"*"`, `{"IpAddress":{"aws:SourceIp":"2a00:1::/32"}}`)), testFacts, NotPublic, ""},
		{"IPv6 /31", statements(allow(`"*"`, `{"IpAddress":{"aws:SourceIp":"2a00::/31"}}`)), testFacts, Public, ""},
		{"private", statements(allow(`"*"`, `{"IpAddress":{"aws:SourceIp":["10.0.0.0/8","172.16.0.0/12","192.168.0.0/16"]}}`)), testFacts, NotPublic, ""},
		{"one wide block of two", statements(allow(`"*"`, `{"IpAddress":{"aws:SourceIp":["203.0.113.0/24","0.0.0.0/0"]}}`)), testFacts, Public, ""},
		{"fixed organization", statements(allow(`"*"`, `{"StringEquals":{"aws:PrincipalOrgID":"o-own"}}`)), testFacts, NotPublic, "o-own"},
		{"organization pattern", statements(allow(`"*"`, `{"StringLike":{"aws:PrincipalOrgID":"o-*"}}`)), testFacts, Public, ""},
		{"key of no list", statements(allow(`"*"`, `{"StringEquals":{"aws:PrincipalTag/a":"b"}}`)), testFacts, Public, ""},
		{"unknown key", statements(allow(`"*"`, `{"StringEquals":{"acme:colour":"red"}}`)), testFacts, Public, ""},
		{"unknown operator", statements(allow(`"*"`, `{"StringIsh":{"aws:SourceVpc":"vpc-1"}}`)), testFacts, Unconfirmed, "the operator StringIsh"},
		{"point of a fixed account", statements(allow(`"*"`, `{"ArnLike":{"s3:DataAccessPointArn":"arn:aws:s3:eu-west-1:111122223333:accesspoint/*"}}`)), testFacts, NotPublic, ""},
		{"point of any account", statements(allow(`"*"`, `{"ArnLike":{"s3:DataAccessPointArn":"arn:aws:s3:eu-west-1:*:accesspoint/x"}}`)), testFacts, Public, ""},
		{"point of a fixed account, in its own policy", `{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:eu-west-1:111122223333:accesspoint/ap/object/*","Condition":{"ArnLike":{"s3:DataAccessPointArn":"arn:aws:s3:eu-west-1:111122223333:accesspoint/*"}}}}`, point, Public, ""},
		{"Deny that leaves everybody", statements(allowRead, deny(`{"Bool":{"aws:SecureTransport":"false"}}`)), testFacts, Public, ""},
		{"Deny that leaves a network", statements(allowRead, deny(`{"NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`)), testFacts, Unconfirmed, "a Deny statement"},
		{"Deny that leaves nobody", statements(allowRead, deny(`{}`)), testFacts, Unconfirmed, "a Deny statement"},
		{"Null", statements(allow(`"*"`, `{"Null":{"aws:SourceVpce":"true"}}`)), testFacts, Public, ""},
		{"never matches", statements(`{"Effect":"Allow","Principal":"*","Action":"s3:ListBucket","Resource":"arn:aws:s3:::b/*"}`), testFacts, Unconfirmed, "S3 refuses"},
	} {
		got := Classify(parse(t, c.text), c.facts)
		if got.Status != c.want || !strings.Contains(strings.Join(got.Reasons, "\n"), c.reason) {
			t.Errorf("%s: %s %q, want %s (%q)", c.name, got.Status, got.Reasons, c.want, c.reason)
		}
	}
	if c := Classify(nil, testFacts); c.Status != NotPublic || len(c.Reasons) == 0 {
		t.Errorf("no policy: %+v", c)
	}
}

// TestProved: what a call proves about a text beats the reading of it, which
// stays visible.
func TestProved(t *testing.T) {
	denied := statements(allowRead, deny(`{}`))
	for _, c := range []struct {
		name      string
		text      string
		proof     Proof
		want      Status
		construct Status
		reason    string
	}{
		{"nothing proved", denied, Proof{}, Unconfirmed, "", "statement 0 allows everybody, and no condition that AWS counts holds it to fixed values"},
		{"refused", denied, ProofOfCall(true, "BlockPublicPolicy refused it (eventID e1)"), Public, Unconfirmed,
			"AWS takes this policy for public: BlockPublicPolicy refused it (eventID e1); the text alone reads as unconfirmed"},
		{"accepted", denied, ProofOfCall(false, "it was accepted while BlockPublicPolicy was on"), NotPublic, Unconfirmed,
			"AWS takes this policy for not-public: it was accepted while BlockPublicPolicy was on; the text alone reads as unconfirmed"},
		{"accepted against the text", statements(allowRead), ProofOfCall(false, "x"), NotPublic, Public,
			"AWS takes this policy for not-public: x; the text alone reads as public"},
		{"refused as the text says", statements(allowRead), ProofOfCall(true, "x"), Public, Public, "AWS takes this policy for public: x"},
	} {
		f := testFacts
		f.Proven = c.proof
		got := Classify(parse(t, c.text), f)
		if got.Status != c.want || got.Construct != c.construct || got.Reasons[0] != c.reason {
			t.Errorf("%s: %+v", c.name, got)
		}
		if again := got.Proved(c.proof); again.Status != got.Status || again.Construct != got.Construct {
			t.Errorf("%s: proved twice gives %+v", c.name, again)
		}
		if c.proof.Status != "" && len(got.Reasons) < 2 {
			t.Errorf("%s: the text's own reasons are lost: %q", c.name, got.Reasons)
		}
	}
}
