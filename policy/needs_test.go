// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"slices"
	"strings"
	"testing"
)

func TestWitnessCommands(t *testing.T) {
	for _, c := range []struct {
		name, text string
		facts      Facts
		command    string // "" for none
		needs      []string
		writes     bool
	}{
		{"a reader", statements(allowRead), testFacts, "curl -sS https://b.s3.eu-west-1.amazonaws.com/k", nil, false},
		{"from an address", statements(allow(`"*"`, `{"IpAddress":{"aws:SourceIp":"203.0.113.7"}}`)), testFacts, "curl -sS https://b.s3.eu-west-1.amazonaws.com/k",
			[]string{"aws:SourceIp, such as 203.0.113.7"}, false},
		{"by a header", statements(allow(`"*"`, `{"StringEquals":{"aws:Referer":"x"}}`)), testFacts, "curl -sS -H 'Referer: x' https://b.s3.eu-west-1.amazonaws.com/k", nil, false},
		{"GovCloud has no host for all Regions", strings.ReplaceAll(statements(allowRead), "arn:aws:", "arn:aws-us-gov:"), Facts{Bucket: "b"},
			"curl -sS https://b.s3.us-gov-west-1.amazonaws.com/k", nil, false},
		{"a setting", statements(`{"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"s3:PutBucketCORS","Resource":"arn:aws:s3:::b"}`), testFacts,
			"aws s3api put-bucket-cors --bucket b --cors-configuration file://FILE --region eu-west-1", []string{"a file with the new setting, as JSON"}, true},
		{"an upload that was begun", statements(`{"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"s3:AbortMultipartUpload","Resource":"arn:aws:s3:::b/*"}`), testFacts,
			"aws s3api abort-multipart-upload --bucket b --key k --upload-id UPLOAD-ID --region eu-west-1", []string{"the id of an unfinished upload"}, true},
		{"a copy", statements(`{"Effect":"Allow","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::b/*","Condition":{"StringEquals":{"s3:x-amz-copy-source":"src/k"}}}`), testFacts,
			"aws s3api copy-object --bucket b --key k --copy-source src/k --region eu-west-1", []string{}, true},
		{"a new object only", statements(`{"Effect":"Allow","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::b/*","Condition":{"Null":{"s3:if-none-match":"false"}}}`), testFacts,
			"curl -sS -X PUT -H 'if-none-match: *' --data-binary @FILE https://b.s3.eu-west-1.amazonaws.com/k", []string{"a file with what is to be stored: for a setting, its XML"}, true},
		{"signed in the URL", statements(allow(`"*"`, `{"StringEquals":{"s3:authType":"REST-QUERY-STRING"}}`)), testFacts, "", []string{"s3:authType, such as REST-QUERY-STRING"}, false},
		{"by a service", statements(allow(`"*"`, `{"Bool":{"aws:ViaAWSService":"true"}}`)), testFacts, "", []string{"aws:ViaAWSService, such as true"}, false},
		{"with a grant header", statements(`{"Effect":"Allow","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::b/*","Condition":{"Null":{"s3:x-amz-grant-read":"false"}}}`), testFacts,
			"curl -sS -X PUT -H 'x-amz-grant-read: id=CANONICAL-USER-ID' --data-binary @FILE https://b.s3.eu-west-1.amazonaws.com/k",
			[]string{"the canonical user id of an own account, in place of CANONICAL-USER-ID", "a file with what is to be stored: for a setting, its XML"}, true},
		{"over IPv6", statements(allow(`"*"`, `{"IpAddress":{"aws:SourceIp":"2001:db8::/64"}}`)), testFacts,
			"curl -sS https://b.s3.dualstack.eu-west-1.amazonaws.com/k", []string{"aws:SourceIp, such as 2001:db8::1"}, false},
		{"over IPv6, signed", statements(allow(`"*"`, `{"IpAddress":{"aws:SourceIp":"2001:db8::/64"},"Null":{"aws:PrincipalArn":"false"}}`)), Facts{Bucket: "b"},
			"aws s3api get-object --bucket b --key k FILE --endpoint-url https://s3.dualstack.us-east-1.amazonaws.com", nil, false},
		{"a version that the policy names", statements(`{"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"s3:GetObjectVersion","Resource":"arn:aws:s3:::b/k","Condition":{"StringEquals":{"s3:VersionId":"3HL4"}}}`), testFacts,
			"aws s3api get-object --bucket b --key k --version-id 3HL4 FILE --region eu-west-1", nil, false},
		{"a key like a flag", statements(`{"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/-x"}`), testFacts,
			"aws s3api get-object --bucket b --key='-x' FILE --region eu-west-1", nil, false},
		{"what nobody brings", statements(allow(`"*"`, `{"Bool":{"aws:ViaAWSService":"false"}}`)), testFacts, "curl -sS https://b.s3.eu-west-1.amazonaws.com/k", []string{}, false},
		{"a Region that is none", statements(allowRead), Facts{Bucket: "b", Region: "evil.example/x#"}, "curl -sS https://b.s3.amazonaws.com/k", nil, false},
		{"a plus sign in a key", statements(`{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/a+b c"}`), testFacts, "curl -sS 'https://b.s3.eu-west-1.amazonaws.com/a%2Bb%20c'", nil, false},
		{"steps in a key", statements(`{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/../a"}`), testFacts,
			"curl -sS --path-as-is https://b.s3.eu-west-1.amazonaws.com/../a", nil, false},
		{"a key like the place of a file", statements(`{"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/file:///etc/passwd"}`), testFacts,
			`aws s3api get-object --bucket b --cli-input-json '{"Key":"file:///etc/passwd"}' FILE --region eu-west-1`, nil, false},
		{"a header like the place of a file", statements(`{"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"s3:PutObject","Resource":"arn:aws:s3:::b/k","Condition":{"StringEquals":{"s3:x-amz-website-redirect-location":"http://example.com/"}}}`), testFacts,
			"", nil, true},
		{"through an own access point", statements(allow(`"*"`, `{"StringLike":{"s3:DataAccessPointAccount":"*"}}`)), testFacts,
			"aws s3api get-object --bucket OWN-ACCESS-POINT-ARN --key k FILE --region eu-west-1", nil, false},
	} {
		r := Analyse(parse(t, c.text), c.facts)
		if len(r.Grants) == 0 || r.Grants[0].Witness == nil {
			t.Errorf("%s: no witness: %s", c.name, describe(r.Grants))
			continue
		}
		w := r.Grants[0].Witness
		if w.Command != c.command || w.Writes() != c.writes {
			t.Errorf("%s: command %q, writes %t", c.name, w.Command, w.Writes())
		}
		if needs := w.Needs(); c.needs != nil && !slices.Equal(needs, c.needs) || c.needs == nil && c.name == "a reader" && len(needs) > 0 {
			t.Errorf("%s: needs %q, want %q", c.name, needs, c.needs)
		}
	}
}

// Every command of the catalogue either needs nothing or says what it needs.
func TestArgumentsAreOfTheCatalogue(t *testing.T) {
	for command := range cliArguments {
		if !slices.ContainsFunc(catalogue, func(a action) bool { return a.cli == command }) {
			t.Errorf("no action has the command %s", command)
		}
	}
}

func TestOfVersion(t *testing.T) {
	for _, c := range []struct {
		witness      Witness
		url, command string
		action       string
	}{
		{Witness{Method: "GET", URL: "https://b.s3.amazonaws.com/k", Action: "s3:GetObject", Command: "curl -sS https://b.s3.amazonaws.com/k"},
			"https://b.s3.amazonaws.com/k?versionId=v1", "curl -sS 'https://b.s3.amazonaws.com/k?versionId=v1'", "s3:GetObjectVersion"},
		{Witness{Method: "GET", URL: "https://b.s3.amazonaws.com/k?acl", Action: "s3:GetObjectAcl", Command: "aws s3api get-object-acl --bucket b --key k"},
			"https://b.s3.amazonaws.com/k?acl&versionId=v1", "aws s3api get-object-acl --bucket b --key k --version-id v1", "s3:GetObjectVersionAcl"},
		{Witness{Method: "GET", URL: "https://b.s3.amazonaws.com/k", Action: "s3:GetObject", Command: "aws s3api get-object --bucket b --key k FILE"},
			"https://b.s3.amazonaws.com/k?versionId=v1", "aws s3api get-object --bucket b --key k --version-id v1 FILE", "s3:GetObjectVersion"},
	} {
		w := c.witness.OfVersion("v1")
		if w.URL != c.url || w.Command != c.command || w.Action != c.action {
			t.Errorf("%+v", w)
		}
	}
}
