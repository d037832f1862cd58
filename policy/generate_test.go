// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"strings"
	"time"

	"pgregory.net/rapid"
)

// Pools from which random policies and requests are drawn. They meet often
// enough to make every operator say yes and no.
var (
	poolAddresses = []string{"203.0.113.0/24", "198.51.100.0/24", "0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "100.0.0.0/8", "10.0.0.0/8",
		"2a00::/16", "203.0.113.7", "::/0"}
	poolIDs     = []string{"AROAEXAMPLEID:*", "*:deploy", "anonymous", "AROA*", "111122223333"}
	poolARNs    = []string{"arn:aws:iam::*:role/Admin", "arn:aws:iam::444455556666:role/*", "arn:aws:iam::111122223333:*", "arn:aws:iam::*:user/*", "*"}
	poolVPC     = []string{"vpce-0aa", "vpce-*", "vpc-*", "vpc-1"}
	poolText    = []string{"https://www.example.com/*", "s3cr3t", "*", "a?c", "", "*.example.*"}
	poolObjects = []string{"arn:aws:s3:::b/*", "arn:aws:s3:::b/public/*", "arn:aws:s3:::b/private/*", "arn:aws:s3:::b/*.pdf", "arn:aws:s3:::b/private/x",
		"*", "arn:aws:s3:::*", "arn:aws:s3:::b", "arn:aws:s3:::b/p*", "arn:aws:s3:::c/*"}
	poolActions = []string{"s3:GetObject", "s3:ListBucket", "s3:PutObject", "s3:*", "s3:Get*", "s3:*Object", "s3:*Acl", "*", "s3:DeleteObject"}
)

func condition(op, key string, values []string) Condition {
	return Condition{Operator: op, Key: key, Values: values}
}

func drawConditions(t *rapid.T) []Condition {
	kinds := []func() Condition{
		func() Condition {
			op := rapid.SampledFrom([]string{"IpAddress", "NotIpAddress", "IpAddressIfExists", "NotIpAddressIfExists"}).Draw(t, "op")
			return condition(op, "aws:SourceIp", some(t, poolAddresses))
		},
		func() Condition {
			return condition(rapid.SampledFrom([]string{"Bool", "BoolIfExists"}).Draw(t, "op"),
				rapid.SampledFrom([]string{"aws:SecureTransport", "aws:ViaAWSService", "aws:PrincipalIsAWSService", "aws:MultiFactorAuthPresent"}).Draw(t, "key"),
				[]string{rapid.SampledFrom([]string{"true", "false"}).Draw(t, "v")})
		},
		func() Condition {
			return condition("Null", rapid.SampledFrom([]string{"aws:PrincipalArn", "aws:SourceVpce", "aws:Referer", "aws:SourceIp", "aws:PrincipalTag/team"}).Draw(t, "key"),
				[]string{rapid.SampledFrom([]string{"true", "false"}).Draw(t, "v")})
		},
		func() Condition {
			return condition(stringOp(t), rapid.SampledFrom([]string{"aws:Referer", "aws:UserAgent", "s3:prefix", "aws:PrincipalTag/team", "s3:x-amz-acl"}).Draw(t, "key"), some(t, poolText))
		},
		func() Condition {
			return condition(stringOp(t), rapid.SampledFrom([]string{"aws:SourceVpce", "aws:SourceVpc"}).Draw(t, "key"), some(t, poolVPC))
		},
		func() Condition { return condition(stringOp(t), "aws:userid", some(t, poolIDs)) },
		func() Condition {
			return condition(stringOp(t), "aws:PrincipalAccount", some(t, []string{"anonymous", "444455556666", "111122223333", "9*"}))
		},
		func() Condition {
			return condition(stringOp(t), "aws:PrincipalOrgID", some(t, []string{"o-own", "o-*", "o-other"}))
		},
		func() Condition {
			return condition(stringOp(t), "aws:PrincipalOrgPaths", some(t, []string{"o-own/*", "o-*/r-1/*"}))
		},
		func() Condition {
			op := rapid.SampledFrom([]string{"ArnLike", "ArnNotLike", "ArnLikeIfExists", "ArnEquals", "ArnNotEqualsIfExists", "ForAnyValue:ArnLike"}).Draw(t, "op")
			return condition(op, "aws:PrincipalArn", some(t, poolARNs))
		},
		func() Condition {
			op := rapid.SampledFrom([]string{"NumericLessThan", "NumericGreaterThanEquals", "NumericEquals", "NumericNotEquals"}).Draw(t, "op")
			return condition(op, rapid.SampledFrom([]string{"s3:max-keys", "s3:signatureAge", "s3:TlsVersion"}).Draw(t, "key"), some(t, []string{"10", "1.2", "600000"}))
		},
		func() Condition {
			op := rapid.SampledFrom([]string{"DateLessThan", "DateGreaterThan"}).Draw(t, "op")
			return condition(op, "aws:CurrentTime", some(t, []string{"2026-05-01T00:00:00Z", "2026-12-31"}))
		},
	}
	var out []Condition
	for range rapid.IntRange(0, 2).Draw(t, "conditions") {
		out = append(out, kinds[rapid.IntRange(0, len(kinds)-1).Draw(t, "kind")]())
	}
	return out
}

func stringOp(t *rapid.T) string {
	return rapid.SampledFrom([]string{"", "", "ForAllValues:", "ForAnyValue:"}).Draw(t, "set") +
		rapid.SampledFrom([]string{"StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase"}).Draw(t, "op") +
		rapid.SampledFrom([]string{"", "", "IfExists"}).Draw(t, "if")
}

func some(t *rapid.T, pool []string) []string {
	return rapid.SliceOfNDistinct(rapid.SampledFrom(pool), 1, 3, func(s string) string { return s }).Draw(t, "values")
}

func drawPrincipal(t *rapid.T) *Principal {
	return rapid.SampledFrom([]*Principal{{Any: true}, {Any: true}, {Any: true}, {AWS: []string{"*"}}, {AWS: []string{"444455556666"}},
		{Service: []string{"cloudtrail.amazonaws.com"}}, {Federated: []string{"graph.facebook.com"}}, {CanonicalUser: []string{anonymousCanonicalUser}},
		{AWS: []string{"arn:aws:iam::444455556666:role/R", "arn:aws:iam::444455556666:root"}}}).Draw(t, "principal")
}

func drawStatement(t *rapid.T, effect string) Statement {
	s := Statement{Effect: effect}
	if rapid.IntRange(0, 7).Draw(t, "not principal") == 0 {
		s.NotPrincipal = drawPrincipal(t)
	} else {
		s.Principal = drawPrincipal(t)
	}
	if rapid.IntRange(0, 7).Draw(t, "not action") == 0 {
		s.NotAction = some(t, poolActions)
	} else {
		s.Action = some(t, poolActions)
	}
	if rapid.IntRange(0, 7).Draw(t, "not resource") == 0 {
		s.NotResource = some(t, poolObjects)
	} else {
		s.Resource = some(t, poolObjects)
	}
	s.Conditions = drawConditions(t)
	return s
}

func drawDocument(t *rapid.T) *Document {
	d := &Document{Version: "2012-10-17"}
	for range rapid.IntRange(1, 2).Draw(t, "allows") {
		d.Statements = append(d.Statements, drawStatement(t, "Allow"))
	}
	for range rapid.IntRange(0, 3).Draw(t, "denies") {
		d.Statements = append(d.Statements, drawStatement(t, "Deny"))
	}
	renumber(d)
	return d
}

func renumber(d *Document) {
	for i := range d.Statements {
		d.Statements[i].Index = i
	}
}

var testFacts = Facts{Bucket: "b", Account: "111122223333", Region: "eu-west-1", At: time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)}

// outsider is a random requester whom no policy names, with a context that AWS
// would give it; written by hand from semantics C.5, apart from the solver.
type outsider struct {
	request Request
	signed  bool
	vpce    bool
}

func drawOutsider(t *rapid.T) outsider {
	o := outsider{}
	ctx := map[string][]string{}
	set := func(key string, values ...string) { ctx[key] = values }
	pick := func(key string, values ...string) {
		if v := rapid.SampledFrom(append(values, "-")).Draw(t, key); v != "-" {
			set(key, v)
		}
	}
	const id = "999988887777"
	switch rapid.SampledFrom([]string{"anonymous", "user", "mfa", "role", "root"}).Draw(t, "who") {
	case "anonymous":
		set("aws:PrincipalAccount", "anonymous")
		set("aws:userid", "anonymous")
		set("aws:PrincipalType", "Anonymous")
	case "user":
		signIn(ctx, &o, id, "arn:aws:iam::"+id+":user/bob", "User", "AIDASTRANGERUSER00000")
		set("aws:username", "bob")
		pick("aws:PrincipalTag/team", "red", "s3cr3t", "abc")
	case "mfa":
		signIn(ctx, &o, id, "arn:aws:iam::"+id+":user/bob", "User", "AIDASTRANGERUSER00000")
		set("aws:username", "bob")
		set("aws:MultiFactorAuthPresent", "true")
		set("aws:MultiFactorAuthAge", "60")
	case "role":
		name := rapid.SampledFrom([]string{"Admin", "x"}).Draw(t, "role")
		session := rapid.SampledFrom([]string{"deploy", "x"}).Draw(t, "session")
		signIn(ctx, &o, id, "arn:aws:iam::"+id+":role/"+name, "AssumedRole", "AROASTRANGERROLE00000:"+session)
		set("aws:MultiFactorAuthPresent", rapid.SampledFrom([]string{"true", "false"}).Draw(t, "mfa"))
		pick("aws:PrincipalTag/team", "red", "s3cr3t", "abc")
	case "root":
		signIn(ctx, &o, id, "arn:aws:iam::"+id+":root", "Account", id)
	}
	if o.signed {
		if rapid.Bool().Draw(t, "org") {
			set("aws:PrincipalOrgID", "o-stranger00")
			set("aws:PrincipalOrgPaths", "o-stranger00/r-1/ou-2/")
		}
		set("s3:authType", rapid.SampledFrom([]string{"REST-HEADER", "REST-QUERY-STRING"}).Draw(t, "auth"))
		set("s3:signatureversion", "AWS4-HMAC-SHA256")
		set("s3:signatureAge", rapid.SampledFrom([]string{"5", "900000"}).Draw(t, "age"))
	}
	drawNetwork(t, &o, set)
	pick("aws:Referer", "https://www.example.com/x", "http://evil.example/", "s3cr3t")
	pick("aws:UserAgent", "s3cr3t", "curl", "abc")
	set("aws:ViaAWSService", "false")
	set("aws:CurrentTime", testFacts.At.Format(time.RFC3339))
	o.request.Action = rapid.SampledFrom([]string{"s3:GetObject", "s3:ListBucket", "s3:PutObject", "s3:GetObjectAcl", "s3:PutBucketAcl", "s3:DeleteObject", "s3:GetBucketLocation"}).Draw(t, "action")
	o.request.Resource = "arn:aws:s3:::b"
	if strings.Contains(o.request.Action, "Object") {
		o.request.Resource += rapid.SampledFrom([]string{"/k", "/public/k", "/private/k", "/private/x", "/a.pdf", "/private/a.pdf", "/private/"}).Draw(t, "key")
	}
	if o.request.Action == "s3:ListBucket" {
		pick("s3:prefix", "s3cr3t", "public/", "")
		pick("s3:max-keys", "5", "10", "1000")
	}
	if o.request.Action == "s3:PutObject" || strings.HasPrefix(o.request.Action, "s3:Put") {
		pick("s3:x-amz-acl", "private", "s3cr3t")
	}
	o.request.Context = ctx
	return o
}

func signIn(ctx map[string][]string, o *outsider, account, arn, kind, userid string) {
	o.signed = true
	o.request.Caller = Caller{Account: account, ARN: arn}
	ctx["aws:PrincipalAccount"] = []string{account}
	ctx["aws:PrincipalArn"] = []string{arn}
	ctx["aws:PrincipalType"] = []string{kind}
	ctx["aws:userid"] = []string{userid}
	ctx["aws:PrincipalIsAWSService"] = []string{"false"}
}

func drawNetwork(t *rapid.T, o *outsider, set func(string, ...string)) {
	switch rapid.SampledFrom([]string{"https", "https6", "http", "vpce"}).Draw(t, "network") {
	case "https":
		set("aws:SourceIp", rapid.SampledFrom([]string{"8.8.8.8", "203.0.113.7", "203.0.113.8", "198.51.100.1", "100.1.2.3", "200.1.1.1"}).Draw(t, "ip"))
		set("aws:SecureTransport", "true")
		set("s3:TlsVersion", rapid.SampledFrom([]string{"1.2", "1.3"}).Draw(t, "tls"))
	case "https6":
		set("aws:SourceIp", rapid.SampledFrom([]string{"2a00::1", "2600::1"}).Draw(t, "ip"))
		set("aws:SecureTransport", "true")
		set("s3:TlsVersion", "1.3")
	case "http":
		set("aws:SourceIp", "8.8.4.4")
		set("aws:SecureTransport", "false")
	case "vpce":
		o.vpce = true
		set("aws:SourceVpc", "vpc-0123456789abcdef9")
		set("aws:SourceVpce", "vpce-0123456789abcdef9")
		set("aws:VpcSourceIp", "10.1.0.1")
		set("aws:SecureTransport", "true")
		set("s3:TlsVersion", "1.3")
	}
}

// admits says whether the grants hold an outsider's request.
func (o *outsider) admitted(grants []Grant) bool {
	resource := strings.TrimPrefix(o.request.Resource, "arn:aws:s3:::")
	for _, g := range grants {
		if g.Access[0] != AccessOf(o.request.Action) || !matchesAny(g.Actions, strings.ToLower(o.request.Action), true) ||
			!matchesAny(g.Scope.Include, resource, false) || matchesAny(g.Scope.Exclude, resource, false) {
			continue
		}
		switch g.Audience {
		case Anyone:
			if !g.UnsignedOnly || !o.signed {
				return true
			}
		case AnyAWSAccount:
			if o.signed || o.vpce {
				return true
			}
		case Network:
			if !o.vpce {
				return true
			}
		}
	}
	return false
}

func matchesAny(patterns []string, text string, fold bool) bool {
	for _, p := range patterns {
		if fold {
			p = strings.ToLower(p)
		}
		if wildcard(p, text) {
			return true
		}
	}
	return false
}
