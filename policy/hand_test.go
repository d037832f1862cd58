// SPDX-License-Identifier: Apache-2.0

package policy

import "testing"

// TestCorners: what AWS's pages say of the corners of the language, as a reader
// decides it, against both verdicts: the status and the widest audience of those
// whom nobody names.
func TestCorners(t *testing.T) {
	all := func(effect, rest string) string {
		return `{"Effect":"` + effect + `",` + rest + `,"Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"]}`
	}
	service := func(name, condition string) string { return allow(`{"Service":"`+name+`"}`, condition) }
	for _, c := range []struct {
		name, text string
		status     Status
		reach      Audience
	}{
		{"the endpoint, only of those who use one", statements(allowRead, deny(`{"StringNotEquals":{"aws:SourceVpce":"vpce-1"},"Null":{"aws:SourceVpce":"false"}}`)), Public, Anyone},
		{"the endpoint, by ForAnyValue", statements(allowRead, deny(`{"ForAnyValue:StringNotEquals":{"aws:SourceVpce":"vpce-1"}}`)), Public, Anyone},
		{"the endpoint, absent or not", statements(allowRead, deny(`{"StringNotEqualsIfExists":{"aws:SourceVpce":"vpce-1"}}`)), Unconfirmed, None},
		{"the organization, services spared", statements(allowRead, deny(`{"StringNotEquals":{"aws:PrincipalOrgID":"o-own"},"BoolIfExists":{"aws:PrincipalIsAWSService":"false"}}`)), Unconfirmed, None},
		{"the organization, services spared without IfExists", statements(allowRead, deny(`{"StringNotEquals":{"aws:PrincipalOrgID":"o-own"},"Bool":{"aws:PrincipalIsAWSService":"false"}}`)), Public, Anyone},
		{"an organization of whoever", statements(allow(`"*"`, `{"Null":{"aws:PrincipalOrgID":"false"}}`)), Public, AnyAWSAccount},
		{"absent or present", statements(allow(`"*"`, `{"Null":{"aws:SourceVpce":["true","false"]}}`)), Public, Anyone},
		{"an access point of whoever", statements(allow(`"*"`, `{"StringLike":{"s3:DataAccessPointAccount":"*"}}`)), Public, AnyAWSAccount},
		{"the own access points, if any", statements(allow(`"*"`, `{"StringEqualsIfExists":{"s3:DataAccessPointAccount":"111122223333"}}`)), Public, Anyone},
		{"both halves of IPv6", statements(allow(`"*"`, `{"IpAddress":{"aws:SourceIp":["::/1","8000::/1"]}}`)), Public, Anyone},
		{"no IPv4 address", statements(allow(`"*"`, `{"NotIpAddress":{"aws:SourceIp":"0.0.0.0/0"}}`)), Public, Anyone},
		{"no address at all", statements(allow(`"*"`, `{"NotIpAddress":{"aws:SourceIp":["0.0.0.0/0","::/0"]}}`)), Public, AnyAWSAccount},
		{"an address as text", statements(allow(`"*"`, `{"StringEquals":{"aws:SourceIp":"203.0.113.7"}}`)), Public, Network},
		{"IPv6 in a /33", statements(allow(`"*"`, `{"IpAddress":{"aws:SourceIp":"2600:1f00::/33"}}`)), NotPublic, Network},
		{"CloudFront for a distribution", statements(service("cloudfront.amazonaws.com", `{"StringEquals":{"AWS:SourceArn":"arn:aws:cloudfront::111122223333:distribution/E1"}}`)), NotPublic, None},
		{"a service beside everybody", statements(allow(`{"Service":"cloudtrail.amazonaws.com","AWS":"*"}`, `{}`)), Public, Anyone},
		{"an application of a web identity", statements(allow(`{"Federated":"cognito-identity.amazonaws.com"}`, `{"StringEquals":{"cognito-identity.amazonaws.com:aud":"us-east-1:x"}}`)), Public, WebIdentity},
		{"encrypted and not", statements(allowRead, deny(`{"Bool":{"aws:SecureTransport":["true","false"]}}`)), Unconfirmed, None},
		{"MFA that is not false", statements(allowRead, deny(`{"Bool":{"aws:MultiFactorAuthPresent":"false"}}`)), Public, Anyone},
		{"MFA that is neither false nor absent", statements(allowRead, deny(`{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}`)), Public, AnyAWSAccount},
		{"whoever has an ARN", statements(allow(`"*"`, `{"ArnLike":{"aws:PrincipalArn":"*"}}`)), Public, AnyAWSAccount},
		{"ARNs whose account begins so", statements(allow(`"*"`, `{"StringLike":{"aws:PrincipalArn":"arn:aws:iam::1111*"}}`)), Public, AnyAWSAccount},
		{"ARNs whose account ends so", statements(allow(`"*"`, `{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*1:role/x"}}`)), Public, AnyAWSAccount},
		{"the account of a service, if any", statements(allow(`"*"`, `{"StringEqualsIfExists":{"aws:SourceAccount":"111122223333"}}`)), Public, Anyone},
		{"an operator and a key in another case", statements(allow(`"*"`, `{"stringequals":{"AWS:principalORGid":"o-own"}}`)), NotPublic, None},
		{"all but lists denied", statements(all("Allow", `"Principal":"*","Action":"s3:*"`), all("Deny", `"Principal":"*","NotAction":"s3:List*"`)), Public, Anyone},
		{"without values", statements(allow(`"*"`, `{"StringEquals":{"aws:PrincipalOrgID":[]}}`)), Unconfirmed, None},
		{"a principal of a template", statements(allow(`{"AWS":{"Fn::GetAtt":["Role","Arn"]}}`, `{}`)), Unconfirmed, Anyone},
		{"a resource of a template", statements(`{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":{"Fn::Sub":"arn:aws:s3:::${Bucket}/*"}}`), Unconfirmed, Anyone},
		{"numbers like a text", statements(`{"Effect":"Allow","Principal":"*","Action":"s3:ListBucket","Resource":"arn:aws:s3:::b","Condition":{"StringLike":{"s3:max-keys":"7*"},"NumericGreaterThan":{"s3:max-keys":"10"}}}`), Public, Anyone},
		{"a number between whole ones", statements(`{"Effect":"Allow","Principal":"*","Action":"s3:ListBucket","Resource":"arn:aws:s3:::b","Condition":{"NumericLessThan":{"s3:max-keys":"2"},"NumericGreaterThan":{"s3:max-keys":"1"}}}`), Public, None},
	} {
		d := parse(t, c.text)
		if got := Classify(d, ownOrg).Status; got != c.status {
			t.Errorf("%s: status %s, want %s", c.name, got, c.status)
		}
		if grants := Analyse(d, ownOrg).Grants; widest(grants) != c.reach {
			t.Errorf("%s: %s, want %s", c.name, describe(grants), c.reach)
		}
	}
}
