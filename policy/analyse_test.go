// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// short puts a grant into one line: audience, principals, access, scope.
func short(g Grant) string {
	s := string(g.Audience)
	if len(g.Principals) > 0 {
		s += "(" + strings.Join(g.Principals, ",") + ")"
	}
	s += " " + string(g.Access[0]) + " " + strings.Join(g.Scope.Include, ",")
	if len(g.Scope.Exclude) > 0 {
		s += " minus " + strings.Join(g.Scope.Exclude, ",")
	}
	if g.Addresses > 0 {
		s += fmt.Sprintf(" from %d", g.Addresses)
	}
	if g.UnsignedOnly {
		s += " unsigned"
	}
	if len(g.Unsettled) > 0 {
		s += " ? " + strings.Join(g.Unsettled, "; ")
	}
	return s
}

func shorts(grants []Grant) []string {
	out := []string{}
	for _, g := range grants {
		out = append(out, short(g))
	}
	return out
}

const allowRead = `{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}`

func statements(list ...string) string {
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(list, ",") + `]}`
}

func allow(principal, condition string) string {
	return `{"Effect":"Allow","Principal":` + principal + `,"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":` + condition + `}`
}

func deny(condition string) string {
	return `{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"],"Condition":` + condition + `}`
}

var (
	ownOrg  = Facts{Bucket: "b", Account: "111122223333", Organization: "o-own", Region: "eu-west-1", At: testFacts.At}
	noOwner = Facts{Bucket: "b", Region: "eu-west-1", At: testFacts.At}
)

var analyseCases = []struct {
	name  string
	text  string
	facts Facts
	want  []string
}{
	{"own account", statements(allow(`{"AWS":["111122223333","arn:aws:iam::111122223333:role/R"]}`, `{}`)), testFacts, []string{}},
	{"foreign role", statements(allow(`{"AWS":["arn:aws:iam::444455556666:role/R","arn:aws:sts::555566667777:assumed-role/S/s"]}`, `{}`)), testFacts,
		[]string{"account(444455556666,555566667777) read b/*"}},
	{"owner unknown", statements(allow(`{"AWS":"444455556666"}`, `{}`)), noOwner,
		[]string{"account(444455556666) read b/* ? the owner's account is not known: it may be the named one"}},
	{"own organization", statements(allow(`"*"`, `{"StringEquals":{"aws:PrincipalOrgID":"o-own"}}`)), ownOrg, []string{}},
	{"own organization, named account elsewhere", statements(allow(`"*"`, `{"StringEquals":{"aws:PrincipalOrgID":"o-own"}}`), allow(`{"AWS":"444455556666"}`, `{}`)), ownOrg,
		[]string{"account(444455556666) read b/*"}},
	{"other organization", statements(allow(`"*"`, `{"StringEquals":{"aws:PrincipalOrgID":["o-own","o-other"]}}`)), ownOrg, []string{"organization(o-other) read b/*"}},
	{"any organization", statements(allow(`"*"`, `{"StringLike":{"aws:PrincipalOrgID":"o-*"}}`)), ownOrg, []string{"any-aws-account read b/*"}},
	{"origin access identity", statements(allow(`{"AWS":"arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1"}`, `{}`)), testFacts, []string{}},
	{"deleted principal", statements(allow(`{"AWS":"AROAEXAMPLEID"}`, `{}`)), testFacts, []string{}},
	{"canonical user", statements(allow(`{"CanonicalUser":"`+strings.Repeat("ab", 32)+`"}`, `{}`)), testFacts,
		[]string{"account(" + strings.Repeat("ab", 32) + ") read b/* ? the account of the canonical user " + strings.Repeat("ab", 32) + " is not known: it may be the owner's"}},
	{"service for a named account", statements(allow(`{"Service":"s3.amazonaws.com"}`, `{"StringEquals":{"aws:SourceAccount":"444455556666"}}`)), testFacts,
		[]string{"account(444455556666) read b/*"}},
	{"two services", statements(allow(`{"Service":["a.amazonaws.com","b.amazonaws.com"]}`, `{}`)), testFacts,
		[]string{"service-deputy(a.amazonaws.com,b.amazonaws.com) read b/*"}},
	{"organization or account", statements(allowRead, deny(`{"StringNotEquals":{"aws:PrincipalOrgID":"o-own","aws:PrincipalAccount":"444455556666"}}`)), ownOrg,
		[]string{"account(444455556666) read b/*"}},
	{"account that only a Deny spares", statements(allowRead, deny(`{"StringNotEquals":{"aws:PrincipalAccount":["111122223333","444455556666"]}}`)), testFacts,
		[]string{"account(444455556666) read b/*"}},
	{"account spared by NotPrincipal", statements(allowRead, `{"Effect":"Deny","NotPrincipal":{"AWS":"arn:aws:iam::444455556666:root"},"Action":"s3:*","Resource":"*"}`), testFacts,
		[]string{"account(444455556666) read b/*"}},
	{"role spared by NotPrincipal", statements(allowRead, `{"Effect":"Deny","NotPrincipal":{"AWS":["arn:aws:iam::444455556666:root","arn:aws:iam::444455556666:role/R"]},"Action":"s3:*","Resource":"*"}`), testFacts,
		[]string{"account(444455556666) read b/* ? AWS's text leaves open whether NotPrincipal spares sessions of arn:aws:iam::444455556666:role/R that it does not name"}},
	{"session spared by NotPrincipal", statements(allowRead, `{"Effect":"Deny","NotPrincipal":{"AWS":["arn:aws:iam::444455556666:root","arn:aws:iam::444455556666:role/R","arn:aws:sts::444455556666:assumed-role/R/s"]},"Action":"s3:*","Resource":"*"}`), testFacts,
		[]string{"account(444455556666) read b/*"}},
	{"account id with open digits", statements(allow(`"*"`, `{"StringLike":{"aws:PrincipalAccount":"1234*"}}`)), testFacts, []string{"any-aws-account read b/*"}},
	{"vpc endpoint with open end", statements(allow(`"*"`, `{"StringLike":{"aws:SourceVpce":"vpce-0*"}}`)), testFacts, []string{"any-aws-account read b/*"}},
	{"vpc endpoint nearly fixed", statements(allow(`"*"`, `{"StringLike":{"aws:SourceVpce":"vpce-0123456789aaaa*"}}`)), testFacts, []string{}},
	{"Deny on a prefix for unsigned requests", statements(allowRead, `{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b/private/*","Condition":{"StringEquals":{"aws:PrincipalType":"Anonymous"}}}`), testFacts,
		[]string{"anyone read b/* minus b/private/*", "any-aws-account read b/*"}},
	{"Deny outside a prefix", statements(allowRead, `{"Effect":"Deny","Principal":"*","Action":"s3:*","NotResource":"arn:aws:s3:::b/public/*"}`), testFacts,
		[]string{"anyone read b/public/*"}},
	{"two prefixes, one denied", statements(`{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":["arn:aws:s3:::b/a/*","arn:aws:s3:::b/c/*"]}`,
		`{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b/a*"}`), testFacts, []string{"anyone read b/c/*"}},
	{"Deny inside a Deny, with the account's own order of names", statements(
		`{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","NotResource":"arn:aws:s3:::b/public/*"}`,
		`{"Effect":"Deny","Principal":{"AWS":"444455556666"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/p*"}`,
		`{"Effect":"Deny","NotPrincipal":{"AWS":["arn:aws:iam::444455556666:role/R","arn:aws:iam::444455556666:root"]},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/private/*"}`),
		testFacts, []string{"anyone read b/* minus b/private/*,b/public/*", "account(444455556666) read b/* minus b/p*"}},
	{"union of Deny patterns", statements(allowRead, `{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::b/?","arn:aws:s3:::b/??*"]}`), testFacts, []string{}},
	{"all buckets", statements(`{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}`, `{"Effect":"Deny","Principal":"*","NotAction":["s3:GetObject","s3:ListBucket"],"Resource":"*"}`), testFacts,
		[]string{"anyone list b", "anyone read b/*"}},
	{"addresses from two rules", statements(allow(`"*"`, `{"IpAddress":{"aws:SourceIp":["203.0.113.0/24","198.51.100.0/24"]}}`), deny(`{"IpAddress":{"aws:SourceIp":"203.0.113.128/25"}}`)), testFacts,
		[]string{"network read b/* from 384"}},
	{"addresses through branches", statements(allowRead, deny(`{"NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"},"StringNotEquals":{"aws:Referer":"x"}}`)), testFacts,
		[]string{"anyone read b/*"}},
	{"signed and addressed", statements(allow(`"*"`, `{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"},"StringEquals":{"s3:authType":"REST-HEADER"}}`)), testFacts,
		[]string{"network read b/* from 256"}},
	{"unknown key in Allow", statements(allow(`"*"`, `{"StringEquals":{"acme:colour":"red"}}`)), testFacts,
		[]string{"anyone read b/* ? the condition key acme:colour is unknown"}},
	{"unknown key in Deny", statements(allowRead, deny(`{"StringEquals":{"acme:colour":"red"}}`)), testFacts,
		[]string{"anyone read b/* ? the condition key acme:colour is unknown"}},
	{"unknown operator in Deny", statements(allowRead, deny(`{"StringIsh":{"aws:Referer":"red"}}`)), testFacts,
		[]string{"anyone read b/* ? the operator StringIsh is unknown"}},
	{"settled beside unknown", statements(allow(`"*"`, `{"StringEquals":{"aws:PrincipalTag/a":"b"}}`), deny(`{"StringEquals":{"acme:colour":"red"},"Null":{"aws:PrincipalArn":"false"},"StringNotEquals":{"aws:PrincipalTag/c":"d"}}`)), testFacts,
		[]string{"any-aws-account read b/*"}},
	{"unknown action", statements(`{"Effect":"Allow","Principal":"*","Action":"s3:GetObjectHologram","Resource":"arn:aws:s3:::b/*"}`), testFacts,
		[]string{"anyone read b/* ? the action s3:GetObjectHologram is not in the catalogue"}},
	{"policy actions are the owner's", statements(`{"Effect":"Allow","Principal":"*","Action":"s3:*BucketPolicy","Resource":"arn:aws:s3:::b"}`), testFacts, []string{}},
	{"encryption with KMS needs a signature", statements(`{"Effect":"Allow","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::b/*"}`,
		deny(`{"StringNotEquals":{"s3:x-amz-server-side-encryption":"aws:kms"}}`)), testFacts, []string{"any-aws-account write b/*"}},
	{"web identity", statements(allow(`{"Federated":"cognito-identity.amazonaws.com"}`, `{}`)), testFacts, []string{"web-identity(cognito-identity.amazonaws.com) read b/*"}},
	{"variable of the owner's organization", statements(allow(`"*"`, `{"StringEquals":{"aws:PrincipalOrgID":"${aws:ResourceOrgID}"}}`)), ownOrg, []string{}},
	{"literal dollar", statements(`{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/${$}{x}${*}/*"}`), testFacts, []string{"anyone read b/${$}{x}${*}/*"}},
	{"access points of any account", statements(allow(`"*"`, `{"StringLike":{"s3:DataAccessPointAccount":"*"}}`)), testFacts, []string{"any-aws-account read b/*"}},
	{"access points by a pattern of ARNs", statements(allow(`"*"`, `{"ArnLike":{"s3:DataAccessPointArn":"arn:aws:s3:us-east-1:*:accesspoint/*"}}`)), testFacts, []string{"any-aws-account read b/*"}},
	{"access points of whatever VPC", statements(allow(`"*"`, `{"StringEquals":{"s3:AccessPointNetworkOrigin":"VPC"}}`)), testFacts, []string{"any-aws-account read b/*"}},
	{"access points of a foreign account", statements(allow(`"*"`, `{"StringEquals":{"s3:DataAccessPointAccount":"444455556666"}}`)), testFacts, []string{"account(444455556666) read b/*"}},
	{"own access points in every Region", statements(allow(`"*"`, `{"ArnLike":{"s3:DataAccessPointArn":"arn:aws:s3:*:111122223333:accesspoint/*"}}`)), testFacts, []string{}},
	{"own access points", statements(allow(`"*"`, `{"StringEquals":{"s3:DataAccessPointAccount":"111122223333"}}`)), testFacts, []string{}},
	{"VPC endpoints of a foreign account", statements(allow(`"*"`, `{"StringEquals":{"aws:VpceAccount":"444455556666"}}`)), testFacts, []string{"account(444455556666) read b/*"}},
	{"VPC endpoints of a foreign organization", statements(allow(`"*"`, `{"StringEquals":{"aws:VpceOrgID":"o-other"}}`)), ownOrg, []string{"organization(o-other) read b/*"}},
	{"provider of a foreign account", statements(allow(`{"Federated":"arn:aws:iam::444455556666:saml-provider/p"}`, `{}`)), testFacts, []string{"account(444455556666) read b/*"}},
	{"machine of whatever account", statements(allow(`"*"`, `{"Null":{"aws:Ec2InstanceSourceVpc":"false"}}`)), testFacts, []string{"any-aws-account read b/*"}},
	{"machine within its own VPC", statements(allow(`"*"`, `{"StringEquals":{"aws:Ec2InstanceSourceVpc":"${aws:SourceVpc}"}}`)), testFacts, []string{"any-aws-account read b/*"}},
	{"KMS key of a foreign account", statements(`{"Effect":"Allow","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::b/*","Condition":{"StringEquals":{"s3:x-amz-server-side-encryption-aws-kms-key-id":"arn:aws:kms:eu-west-1:444455556666:key/k"}}}`), testFacts,
		[]string{"account(444455556666) write b/*"}},
	{"Deny against a variable without a value", statements(allowRead, deny(`{"StringNotEquals":{"aws:PrincipalTag/a":"${aws:PrincipalTag/b}"}}`)), testFacts, []string{"any-aws-account read b/*"}},
	{"one resource with a variable of the caller's", statements(`{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":["arn:aws:s3:::b/public/*","arn:aws:s3:::b/home/${aws:username}/*"]}`), testFacts,
		[]string{"anyone read b/public/*", "any-aws-account read b/home/*/*,b/public/*"}},
	{"copies are signed", statements(`{"Effect":"Allow","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::b/*","Condition":{"StringLike":{"s3:x-amz-copy-source":"src/*"}}}`), testFacts, []string{"any-aws-account write b/*"}},
	{"attributes without the object", statements(`{"Effect":"Allow","Principal":"*","Action":["s3:GetObjectAttributes","s3:GetObjectVersionForReplication","s3:GetObjectTorrent"],"Resource":"arn:aws:s3:::b/*"}`), testFacts, []string{}},
	{"service of the own account, by ARN", statements(allow(`{"Service":"cloudfront.amazonaws.com"}`, `{"StringLike":{"aws:SourceArn":"arn:aws:cloudfront::111122223333:distribution/*"}}`)), testFacts, []string{}},
	{"service of the own account, in every Region", statements(allow(`{"Service":"cloudtrail.amazonaws.com"}`, `{"ArnLike":{"aws:SourceArn":"arn:aws:cloudtrail:*:111122223333:trail/*"}}`)), testFacts, []string{}},
	{"service of a foreign account, by ARN", statements(allow(`{"Service":"cloudfront.amazonaws.com"}`, `{"ArnLike":{"aws:SourceArn":"arn:aws:cloudfront::444455556666:distribution/*"}}`)), testFacts, []string{"account(444455556666) read b/*"}},
	{"service of a foreign organization", statements(allow(`{"Service":"cloudtrail.amazonaws.com"}`, `{"StringEquals":{"aws:SourceOrgID":"o-other"}}`)), ownOrg, []string{"organization(o-other) read b/*"}},
	{"KMS keys of the own account", statements(`{"Effect":"Allow","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::b/*"}`, deny(`{"StringNotLike":{"s3:x-amz-server-side-encryption-aws-kms-key-id":"arn:aws:kms:*:111122223333:key/*"}}`)), testFacts, []string{}},
	{"KMS alias, which is whose it is used by", statements(`{"Effect":"Allow","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::b/*","Condition":{"StringEquals":{"s3:x-amz-server-side-encryption-aws-kms-key-id":"alias/foo"}}}`), testFacts, []string{"any-aws-account write b/*"}},
	{"own VPCs by ARN", statements(allow(`"*"`, `{"ArnLike":{"aws:SourceVpcArn":"arn:aws:ec2:*:111122223333:vpc/*"}}`)), testFacts, []string{}},
	{"foreign VPCs by ARN", statements(allow(`"*"`, `{"ArnLike":{"aws:SourceVpcArn":"arn:aws:ec2:*:444455556666:vpc/*"}}`)), testFacts, []string{"account(444455556666) read b/*"}},
	{"access points of accounts that begin so", statements(allow(`"*"`, `{"StringLike":{"s3:DataAccessPointAccount":"1111*"}}`)), testFacts, []string{"any-aws-account read b/*"}},
	{"access point through an own VPC endpoint", statements(allow(`"*"`, `{"StringEquals":{"s3:AccessPointNetworkOrigin":"VPC"},"Null":{"aws:SourceVpce":"false"}}`)), testFacts, []string{"any-aws-account read b/*"}},
	{"access point of a VPC, from no VPC", statements(allow(`"*"`, `{"StringEquals":{"s3:AccessPointNetworkOrigin":"VPC"},"Null":{"aws:SourceVpce":"true"}}`)), testFacts, []string{}},
	{"provider in a condition", statements(allow(`"*"`, `{"StringEquals":{"aws:FederatedProvider":"arn:aws:iam::444455556666:saml-provider/p"}}`)), testFacts, []string{"account(444455556666) read b/*"}},
	{"a version is always named", statements(`{"Effect":"Allow","Principal":"*","Action":"s3:GetObjectVersion","Resource":"arn:aws:s3:::b/*","Condition":{"Null":{"s3:VersionId":"true"}}}`), testFacts, []string{}},
	{"more variables than can be tried together", statements(append([]string{`{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/${aws:PrincipalTag/t0}/*"}`}, tagDenies(8)...)...), testFacts,
		[]string{"any-aws-account read b/*/*"}},
	{"one service, by a condition", statements(allow(`"*"`, `{"StringEquals":{"aws:PrincipalServiceName":["b.amazonaws.com","a.amazonaws.com"]}}`)), testFacts,
		[]string{"service-deputy(a.amazonaws.com,b.amazonaws.com) read b/*"}},
	{"services by a pattern", statements(allow(`"*"`, `{"StringLike":{"aws:PrincipalServiceName":"*.amazonaws.com"}}`)), testFacts, []string{"service-deputy(*) read b/*"}},
	{"issued between two instants", statements(allow(`"*"`, `{"DateGreaterThanEquals":{"aws:TokenIssueTime":"`+hoursAgo(4)+`"},"DateLessThan":{"aws:TokenIssueTime":"`+hoursAgo(3)+`"}}`)), testFacts, []string{"any-aws-account read b/*"}},
	{"issued longer ago than a session lives", statements(allow(`"*"`, `{"DateLessThan":{"aws:TokenIssueTime":"`+hoursAgo(36)+`"}}`)), testFacts, []string{}},
	{"twelve folders, each with a part that is denied", statements(folders(12)...), testFacts, []string{"anyone read b/0/*,b/1/*,b/10/*,b/11/*,b/2/*,b/3/*,b/4/*,b/5/*,b/6/*,b/7/*,b/8/*,b/9/*" + deniedFolders(12)}},
	{"fifty roles by condition", statements(allow(`"*"`, `{"StringEquals":{"aws:PrincipalArn":[`+manyRoles(50)+`]}}`)), testFacts, []string{"account(444455556666) read b/*"}},
	{"a key that is always there", statements(allow(`"*"`, `{"Null":{"aws:userid":"true","aws:PrincipalType":"true"}}`), deny(`{"StringEquals":{"aws:PrincipalAccount":"444455556666"}}`)), testFacts, []string{}},
	{"the id that a provider on the web gave", statements(`{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/${cognito-identity.amazonaws.com:sub}/*"}`), testFacts, []string{"any-aws-account read b/*/*"}},
	{"a name that unsigned requests lack, beside many variables", statements(append([]string{`{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/${aws:username}/*"}`}, tagDenies(40)...)...), testFacts,
		[]string{"any-aws-account read b/*/*"}},
	{"an own name, unless it begins with m", statements(`{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/${aws:username}/*"}`, `{"Effect":"Deny","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/m*/*"}`), testFacts,
		[]string{"any-aws-account read b/*/* minus b/m*/*"}},
	{"an own tag, of two", statements(`{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/${aws:PrincipalTag/t}/x"}`, `{"Effect":"Deny","Principal":"*","Action":"s3:GetObject","NotResource":["arn:aws:s3:::b/red/*","arn:aws:s3:::b/blue/*"]}`), testFacts,
		[]string{"any-aws-account read b/*/x"}},
	{"an own prefix that begins with a", statements(`{"Effect":"Allow","Principal":"*","Action":"s3:ListBucket","Resource":"arn:aws:s3:::b","Condition":{"StringLike":{"s3:prefix":"${aws:username}/*"}}}`, `{"Effect":"Deny","Principal":"*","Action":"s3:ListBucket","Resource":"arn:aws:s3:::b","Condition":{"StringNotLike":{"s3:prefix":"a*"}}}`), testFacts,
		[]string{"any-aws-account list b"}},
	{"the object's tag is the own one, and red", statements(allow(`"*"`, `{"StringEquals":{"s3:ExistingObjectTag/owner":"${aws:PrincipalTag/team}"}}`), deny(`{"StringNotEquals":{"s3:ExistingObjectTag/owner":"red"}}`)), testFacts,
		[]string{"any-aws-account read b/*"}},
	{"an own prefix behind a name that is not ASCII", statements(`{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/größe/${aws:username}/*"}`, `{"Effect":"Deny","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/größe/m*/*"}`), testFacts,
		[]string{"any-aws-account read b/größe/*/* minus b/größe/m*/*"}},
	{"an own name that no name can be", statements(`{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/${aws:username}/*"}`, `{"Effect":"Deny","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/?*/*"}`), testFacts, []string{}},
	{"a role's session of 13 hours ago", statements(allow(`"*"`, `{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/x"},"DateLessThan":{"aws:TokenIssueTime":"`+hoursAgo(13)+`"}}`)), testFacts, []string{}},
	{"effect unknown", statements(`{"Effect":"Perhaps","Principal":"*","Action":"s3:*","Resource":"*"}`), testFacts, []string{}},
}

func hoursAgo(n int) string {
	return testFacts.At.Add(-time.Duration(n) * time.Hour).UTC().Format(time.RFC3339)
}

// folders is an Allow on some folders, and a Deny on a part of each.
func folders(n int) []string {
	var open, shut []string
	for i := range n {
		open = append(open, fmt.Sprintf(`"arn:aws:s3:::b/%d/*"`, i))
		shut = append(shut, fmt.Sprintf(`"arn:aws:s3:::b/*/%d/private/*"`, i))
	}
	return []string{`{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":[` + strings.Join(open, ",") + `]}`,
		`{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":[` + strings.Join(shut, ",") + `]}`}
}

func deniedFolders(n int) string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf("b/*/%d/private/*", i))
	}
	sort.Strings(out)
	return " minus " + strings.Join(out, ",")
}

func manyRoles(n int) string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf(`"arn:aws:iam::444455556666:role/r%d"`, i))
	}
	return strings.Join(out, ",")
}

// tagDenies are Deny statements, each with a variable of its own.
func tagDenies(n int) []string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf(`{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b/${aws:PrincipalTag/t%d}/*"}`, i+1))
	}
	return out
}

// TestAllowNeverNarrowsWithVariables: another Allow, with a variable whose name
// comes first, takes nothing away.
func TestAllowNeverNarrowsWithVariables(t *testing.T) {
	list := append(tagDenies(6), `{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/${aws:PrincipalTag/t0}/*"}`)
	more := append(slices.Clone(list), `{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/${aws:PrincipalTag/a}/*"}`)
	for _, statementsOf := range [][]string{list, more} {
		r := Analyse(parse(t, statements(statementsOf...)), testFacts)
		if len(r.Grants) == 0 || r.Grants[0].Audience != AnyAWSAccount || len(r.Grants[0].Unsettled) > 0 {
			t.Errorf("%d statements: %s", len(statementsOf), describe(r.Grants))
		}
	}
}

// TestDenyNeverWidensWhatIsGivenUp: where the search is given up, nobody is let in
// whom the Allow alone keeps out.
func TestDenyNeverWidensWhatIsGivenUp(t *testing.T) {
	list := []string{allow(`"*"`, `{"StringEquals":{"aws:PrincipalOrgID":"o-own"},"StringLike":{"aws:Referer":"*a*"}}`)}
	for i := range 120 {
		list = append(list, deny(fmt.Sprintf(`{"StringNotLike":{"aws:Referer":"*%d*","aws:UserAgent":"*%d*","aws:SourceIdentity":"*%d*"}}`, i, i, i)))
	}
	r := Analyse(parse(t, statements(list...)), ownOrg)
	if len(r.Grants) > 0 {
		t.Errorf("grants: %s", describe(r.Grants))
	}
}

func TestAnalyse(t *testing.T) {
	for _, c := range analyseCases {
		r := Analyse(parse(t, c.text), c.facts)
		if diff := cmp.Diff(c.want, shorts(r.Grants)); diff != "" {
			t.Errorf("%s: (-want +got)\n%s\n%s", c.name, diff, describe(r.Grants))
		}
	}
}

// TestSessionsOfLater: a session's time of issue follows the clock.
func TestSessionsOfLater(t *testing.T) {
	bound := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		operator string
		at       time.Time
		want     int
	}{
		{"DateGreaterThan", bound, 0},
		{"DateGreaterThan", bound.Add(time.Second), 1},
		{"DateLessThan", bound.Add(longestSession - time.Second), 1},
		{"DateLessThan", bound.Add(longestSession), 0},
	} {
		d := parse(t, statements(allow(`"*"`, `{"`+c.operator+`":{"aws:TokenIssueTime":"2026-06-01T00:00:00Z"}}`)))
		f := testFacts
		f.At = c.at
		r := Analyse(d, f)
		if len(r.Grants) != c.want {
			t.Errorf("%s at %s: %s", c.operator, c.at, describe(r.Grants))
		}
		if !slices.ContainsFunc(r.Edges, func(e time.Time) bool { return !e.Before(bound) && !e.After(bound.Add(longestSession)) }) {
			t.Errorf("%s: edges %s", c.operator, r.Edges)
		}
	}
}

func TestClock(t *testing.T) {
	d := parse(t, statements(allow(`"*"`, `{"DateGreaterThan":{"aws:CurrentTime":"2026-01-01T00:00:00Z"},"DateLessThanEquals":{"aws:EpochTime":"1798675200"}}`)))
	start := time.Date(2026, 1, 1, 0, 0, 1, 0, time.UTC)
	end := time.Unix(1798675201, 0).UTC()
	for _, c := range []struct {
		at    time.Time
		want  int
		until *time.Time
	}{
		{start.Add(-time.Second), 0, nil},
		{start, 1, &end},
		{end.Add(-time.Second), 1, &end},
		{end, 0, nil},
	} {
		f := testFacts
		f.At = c.at
		r := Analyse(d, f)
		if len(r.Grants) != c.want {
			t.Errorf("%s: %s", c.at, describe(r.Grants))
			continue
		}
		if diff := cmp.Diff([]time.Time{start, end}, r.Edges); diff != "" {
			t.Error(diff)
		}
		if c.want > 0 && (r.Grants[0].Until == nil || !r.Grants[0].Until.Equal(*c.until)) {
			t.Errorf("%s: until %v, want %v", c.at, r.Grants[0].Until, c.until)
		}
	}
	f := testFacts
	f.At = time.Time{}
	r := Analyse(d, f)
	if len(r.Grants) != 1 || len(r.Grants[0].Unsettled) == 0 {
		t.Errorf("without a clock: %s", describe(r.Grants))
	}
}

func TestAccessPoint(t *testing.T) {
	const base = "arn:aws:s3:eu-west-1:111122223333:accesspoint/ap"
	d := parse(t, statements(`{"Effect":"Allow","Principal":"*","Action":["s3:GetObject","s3:ListBucket"],"Resource":["`+base+`","`+base+`/object/pub/*"]}`))
	f := testFacts
	f.Kind, f.AccessPoint = AccessPointPolicy, "ap"
	want := []string{"any-aws-account list b", "any-aws-account read b/pub/*"}
	r := Analyse(d, f)
	if diff := cmp.Diff(want, shorts(r.Grants)); diff != "" {
		t.Error(diff)
	}
	if got, want := r.Grants[1].Witness.URL, "https://ap-111122223333.s3-accesspoint.eu-west-1.amazonaws.com/pub/"; got != want {
		t.Errorf("URL %s, want %s", got, want)
	}
	if c := Classify(d, f); c.Status != Public {
		t.Errorf("status %+v", c)
	}
	f.Account, f.Region = "", ""
	if diff := cmp.Diff(want, shorts(Analyse(d, f).Grants)); diff != "" {
		t.Errorf("account unknown: %s", diff)
	}
}

// TestThroughAccessPoint: a bucket policy that delegates, seen by a request that
// comes through an access point.
func TestThroughAccessPoint(t *testing.T) {
	d := parse(t, statements(`{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"],"Condition":{"StringEquals":{"s3:DataAccessPointAccount":"111122223333"}}}`))
	r := Analyse(d, testFacts)
	if len(r.Grants) != 0 || len(r.Delegations) != 1 {
		t.Errorf("direct: %+v", r)
	}
	f := testFacts
	f.AccessPoint = "ap"
	if got := widest(Analyse(d, f).Grants); got != AnyAWSAccount {
		t.Errorf("through the access point: %s", got)
	}
}

func TestAnalyseACL(t *testing.T) {
	object := ACLGrant{Audience: Anyone, Actions: []string{"s3:GetObject"}, Scope: Scope{Include: []string{"b/*"}}}
	list := ACLGrant{Audience: Anyone, Actions: []string{"s3:ListBucket", "s3:ListBucketVersions"}, Scope: Scope{Include: []string{"b"}}}
	signed := ACLGrant{Audience: AnyAWSAccount, Actions: []string{"s3:GetBucketAcl"}, Scope: Scope{Include: []string{"b"}}}
	named := ACLGrant{Audience: Account, Account: strings.Repeat("0f", 32), Actions: []string{"s3:ListBucket"}, Scope: Scope{Include: []string{"b"}}}
	key := ACLGrant{Audience: Anyone, Actions: []string{"s3:GetObject"}, Scope: Scope{Include: []string{"b/${aws:username}/k"}}, Exact: true}
	odd := ACLGrant{Audience: Anyone, Actions: []string{"s3:GetObject"}, Scope: Scope{Include: []string{"b/a?*${$}{x"}}, Exact: true}
	for _, c := range []struct {
		name   string
		grants []ACLGrant
		denies string
		want   []string
	}{
		{"no policy", []ACLGrant{object, list, signed}, "", []string{"anyone list b", "anyone read b/*", "any-aws-account acl-read b"}},
		{"Allow is not looked at", []ACLGrant{list}, statements(allowRead), []string{"anyone list b"}},
		{"Deny takes it", []ACLGrant{list, object}, statements(`{"Effect":"Deny","Principal":"*","Action":"s3:ListBucket*","Resource":"arn:aws:s3:::b"}`), []string{"anyone read b/*"}},
		{"Deny takes one action", []ACLGrant{list}, statements(`{"Effect":"Deny","Principal":"*","Action":"s3:ListBucket","Resource":"arn:aws:s3:::b"}`), []string{"anyone list b"}},
		{"Deny of a prefix", []ACLGrant{object}, statements(`{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b/x/*"}`), []string{"anyone read b/* minus b/x/*"}},
		{"Deny of unsigned requests", []ACLGrant{object}, statements(deny(`{"StringEquals":{"aws:PrincipalType":"Anonymous"}}`)), []string{"any-aws-account read b/*"}},
		{"Deny outside a network", []ACLGrant{object}, statements(deny(`{"NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`)), []string{"network read b/* from 256"}},
		{"named account", []ACLGrant{named}, "", []string{"account(" + strings.Repeat("0f", 32) + ") list b"}},
		{"named account denied", []ACLGrant{named}, statements(deny(`{"StringNotEquals":{"aws:PrincipalAccount":"111122223333"}}`)), []string{}},
		{"key with a dollar", []ACLGrant{key}, statements(deny(`{"Bool":{"aws:SecureTransport":"false"}}`)), []string{"anyone read b/${aws:username}/k"}},
		{"key with wildcards", []ACLGrant{odd}, "", []string{"anyone read b/a?*${$}{x"}},
		{"key with wildcards, Deny of another", []ACLGrant{odd}, statements(`{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b/ab"}`), []string{"anyone read b/a?*${$}{x"}},
		{"key with wildcards, Deny of it", []ACLGrant{odd}, `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b/a${?}${*}${$}{${$}}{x"}}`, []string{}},
	} {
		var denies *Document
		if c.denies != "" {
			denies = parse(t, c.denies)
		}
		got := AnalyseACL(c.grants, denies, testFacts)
		if diff := cmp.Diff(c.want, shorts(got)); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", c.name, diff)
		}
		for _, g := range got {
			if g.Statement.Index != -1 {
				t.Errorf("%s: statement %+v", c.name, g.Statement)
			}
		}
	}
}

func TestWitnesses(t *testing.T) {
	facts := Facts{Bucket: "b'; rm -rf x", Account: "111122223333", At: testFacts.At}
	d := parse(t, `{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"*","Condition":{"StringEquals":{"aws:Referer":"a'b\u001b[31m"}}}}`)
	w := Analyse(d, facts).Grants[0].Witness
	if want := `curl -sS -H $'Referer: a\'b\x1b[31m' 'https://s3.amazonaws.com/b%27%3B%20rm%20-rf%20x/k'`; w.Command != want {
		t.Errorf("command %s, want %s", w.Command, want)
	}
	d = parse(t, `{"Statement":{"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"s3:GetObject","Resource":"*"}}`)
	w = Analyse(d, facts).Grants[0].Witness
	if !strings.Contains(w.Command, `--bucket 'b'\''; rm -rf x'`) {
		t.Errorf("command %s", w.Command)
	}
	china := Facts{Bucket: "b", Region: "cn-north-1"}
	d = parse(t, `{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:ListBucket","Resource":"arn:aws-cn:s3:::b"}}`)
	if w := Analyse(d, china).Grants[0].Witness; w.URL != "https://b.s3.cn-north-1.amazonaws.com.cn/?list-type=2" {
		t.Errorf("URL %s", w.URL)
	}
}

// TestExamplesWitness compares the witness of the widest grant with the table,
// as far as both name the same freedom.
func TestExamplesWitness(t *testing.T) {
	other := map[string]string{
		"P30": "the widest audience comes through an own VPC endpoint",
		"P32": "the widest audience comes through an AWS service",
		"P71": "the table gives no witness: KMS decides",
	}
	for _, e := range examples(t) {
		grants := Analyse(e.document(t), e.facts()).Grants
		if e.Witness == nil || other[e.ID] != "" {
			continue
		}
		i := slices.IndexFunc(grants, func(g Grant) bool { return g.Witness != nil && g.Witness.Action == e.Witness.Action })
		if i < 0 {
			t.Errorf("%s: no witness for %s", e.ID, e.Witness.Action)
			continue
		}
		w := grants[i].Witness
		if w.Resource != e.Witness.Resource || grants[i].Statement.Index != e.Witness.Statement {
			t.Errorf("%s: %s by statement %d, want %s by %d", e.ID, w.Resource, grants[i].Statement.Index, e.Witness.Resource, e.Witness.Statement)
		}
		if (e.Witness.Audience == "ANON") != strings.HasPrefix(w.Archetype, "anonymous") && e.Witness.Network != "stranger-vpce" {
			t.Errorf("%s: archetype %s, want %s", e.ID, w.Archetype, e.Witness.Archetype)
		}
		for key := range e.Witness.Context {
			if !slices.ContainsFunc(sortedNames(w.Context), func(k string) bool { return strings.EqualFold(k, key) }) {
				t.Errorf("%s: context %v lacks %s", e.ID, w.Context, key)
			}
		}
	}
}
