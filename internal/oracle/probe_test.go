// SPDX-License-Identifier: Apache-2.0

//go:build oracle

package oracle

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bucketlid/bucketlid/policy"
)

// operation is how an action is asked for.
type operation struct {
	method, query string
	onObject      bool
}

var operations = map[string]operation{
	"s3:GetObject":           {"GET", "", true},
	"s3:PutObject":           {"PUT", "", true},
	"s3:DeleteObject":        {"DELETE", "", true},
	"s3:GetObjectAcl":        {"GET", "acl", true},
	"s3:PutObjectAcl":        {"PUT", "acl", true},
	"s3:ListBucket":          {"GET", "list-type=2", false},
	"s3:GetBucketLocation":   {"GET", "location", false},
	"s3:GetBucketAcl":        {"GET", "acl", false},
	"s3:PutBucketAcl":        {"PUT", "acl", false},
	"s3:GetBucketVersioning": {"GET", "versioning", false},
}

// probe is one request, as it can be put both to a server and to Evaluate.
type probe struct {
	action, key string
	user        string // "" is unsigned
	from        string // address, "" is 8.8.8.8
	https       bool
	presigned   bool
	headers     map[string]string // Referer, User-Agent, x-amz-acl
	query       map[string]string // prefix, delimiter, max-keys
}

func (p *probe) String() string {
	who := p.user
	if who == "" {
		who = "unsigned"
	}
	text := fmt.Sprintf("%s %s", who, p.action)
	if p.key != "" {
		text += " " + p.key
	}
	if p.from != "" {
		text += " from " + p.from
	}
	if p.https {
		text += " https"
	}
	if p.presigned {
		text += " presigned"
	}
	for _, m := range []map[string]string{p.headers, p.query} {
		for _, k := range slices.Sorted(maps.Keys(m)) {
			text += fmt.Sprintf(" %s=%q", k, m[k])
		}
	}
	return text
}

// call is the probe as HTTP.
func (p *probe) call(l *lab, bucket string) call {
	op := operations[p.action]
	c := call{method: op.method, query: op.query, bucket: bucket, key: p.key, headers: p.headers, as: l.users[p.user],
		presigned: p.presigned, from: p.from, https: p.https}
	for _, k := range slices.Sorted(maps.Keys(p.query)) {
		c.query = strings.Trim(c.query+"&"+k+"="+url.QueryEscape(p.query[k]), "&")
	}
	if p.action == "s3:PutObject" {
		c.body = content(p.key)
	}
	if op.query == "acl" && op.method == "PUT" {
		c.body = l.privateACL
	}
	return c
}

// request is the probe with the context that AWS would give it (IAM page "AWS
// global condition context keys"; service authorization page "Actions,
// resources, and condition keys for Amazon S3"). On a server that only hears
// loopback the address is the one that it sees.
func (p *probe) request(l *lab, bucket string) policy.Request {
	now := time.Now().UTC()
	r := policy.Request{Action: p.action, Resource: "arn:aws:s3:::" + bucket}
	if p.key != "" {
		r.Resource += "/" + p.key
	}
	ctx := map[string][]string{}
	set := func(key, value string) { ctx[key] = []string{value} }
	set("aws:SourceIp", l.address(p.from))
	set("aws:SecureTransport", strconv.FormatBool(p.https))
	set("aws:CurrentTime", now.Format(time.RFC3339))
	set("aws:EpochTime", strconv.FormatInt(now.Unix(), 10))
	set("aws:UserAgent", "oracle")
	set("aws:ViaAWSService", "false")
	set("aws:RequestedRegion", "eu-west-1")
	set("aws:ResourceAccount", OwnerAccount)
	set("s3:ResourceAccount", OwnerAccount)
	if p.https {
		set("s3:TlsVersion", "1.3")
	}
	for header, key := range map[string]string{"Referer": "aws:Referer", "User-Agent": "aws:UserAgent", "x-amz-acl": "s3:x-amz-acl"} {
		if v, ok := p.headers[header]; ok {
			set(key, v)
		}
	}
	for k, v := range p.query {
		set("s3:"+k, v)
	}
	p.identify(l, &r, set)
	r.Context = ctx
	return r
}

func (p *probe) identify(l *lab, r *policy.Request, set func(string, string)) {
	if p.user == "" {
		set("aws:PrincipalAccount", "anonymous")
		set("aws:userid", "anonymous")
		set("aws:PrincipalType", "Anonymous")
		return
	}
	account := accountOf[p.user]
	r.Caller = policy.Caller{Account: account, ARN: "arn:aws:iam::" + account + ":user/" + p.user}
	set("aws:PrincipalAccount", account)
	set("aws:PrincipalArn", r.Caller.ARN)
	set("aws:PrincipalType", "User")
	set("aws:PrincipalIsAWSService", "false")
	set("aws:userid", "AIDASTRANGERUSER00000")
	set("aws:username", p.user)
	set("s3:signatureversion", "AWS4-HMAC-SHA256")
	set("s3:signatureAge", "1000")
	set("s3:authType", "REST-HEADER")
	if p.presigned {
		set("s3:authType", "REST-QUERY-STRING")
	}
}

// accountOf gives the accounts of the users of every lab.
var accountOf = map[string]string{"mallory": strangerAccount, "bob": strangerAccount, "partner": partnerAccount}

// try sends a probe and puts right what it changed.
func (l *lab) try(t testing.TB, p *probe, bucket string) bool {
	t.Helper()
	passed := l.send(t, p.call(l, bucket)).passed(t, l.name+": "+p.String())
	if passed && (p.action == "s3:PutObject" || p.action == "s3:DeleteObject") {
		l.putObject(t, bucket, p.key)
	}
	return passed
}
