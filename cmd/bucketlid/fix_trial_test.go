// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/bucketlid/bucketlid/account"
	"github.com/bucketlid/bucketlid/remedy"
)

func putPublic(t *testing.T, c *s3.Client, keys ...string) {
	t.Helper()
	for _, key := range keys {
		_, err := c.PutObject(context.Background(), &s3.PutObjectInput{Bucket: aws.String(fixBucket), Key: &key, ACL: types.ObjectCannedACLPublicRead, Body: strings.NewReader("x")})
		check(t, err)
	}
}

func objectIsPublic(t *testing.T, c *s3.Client, key string) bool {
	t.Helper()
	out, err := c.GetObjectAcl(context.Background(), &s3.GetObjectAclInput{Bucket: aws.String(fixBucket), Key: &key})
	check(t, err)
	for _, g := range out.Grants {
		if g.Grantee != nil && aws.ToString(g.Grantee.URI) == allUsers {
			return true
		}
	}
	return false
}

// Objects that nobody looked at are not shut.
func TestFixSaysWhatItDidNotLookAt(t *testing.T) {
	c := motoEnv(t)
	published(t, c)
	putPublic(t, c, "invoice.pdf")
	says(t, fix(t, "", "plan", fixBucket), exitDone, []string{"not everything was looked at: strangers may have access", "Not looked at: the ACLs of its objects",
		"bucketlid scan --bucket fix-me-bucket --objects all"}, "Nothing to do", "old versions")
	stream := filepath.Join(t.TempDir(), "scan.jsonl")
	done(t, "scan", "--bucket", fixBucket, "--objects", "all", "-o", "jsonl", "--out", stream)
	says(t, fix(t, "", "plan", stream), exitDone, []string{"1 to close", "Not looked at: the ACLs of objects that were put there, or changed, after the scan of 20"}, "--objects all")
	done(t, "scan", "--bucket", fixBucket, "--objects", "prefix:in", "-o", "jsonl", "--out", stream, "--force")
	says(t, fix(t, "", "plan", stream), exitDone, []string{"1 to close", "bucketlid scan --bucket fix-me-bucket --objects all"})
	says(t, fix(t, "", "plan", fixBucket, "--object", "invoice"), exitDone, []string{"object invoice: there is none of this name now", "the ACLs of other objects"}, "Nothing to do")
	ctx, name := context.Background(), aws.String(fixBucket)
	_, err := c.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{Bucket: name, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}})
	check(t, err)
	says(t, fix(t, "", "plan", fixBucket, "--object", "invoice.pdf"), exitDone, []string{"1 to close", "those of old versions"})
	_, err = c.PutBucketOwnershipControls(ctx, &s3.PutBucketOwnershipControlsInput{Bucket: name, OwnershipControls: &types.OwnershipControls{Rules: []types.OwnershipControlsRule{{ObjectOwnership: types.ObjectOwnershipBucketOwnerEnforced}}}})
	check(t, err)
	says(t, fix(t, "", "plan", fixBucket), exitDone, []string{"Nothing to do: nothing lets strangers in"}, "Not looked at")
}

// Keys are names and no patterns: whatever they hold, exactly those objects are
// closed, and one that cannot be read keeps no other from it.
func TestFixOddKeys(t *testing.T) {
	c := motoEnv(t)
	published(t, c)
	odd := []string{"a?b", "a*b", "a[b]c", "*", "k?versionId=zz", "../up", "with space", "plus+sign", "per%20cent", "-dash", "file:///etc/hosts", "https://x.test/a", "\U0001F600", "x/../y", "//double", "it's", "$(id)", "trail/"}
	putPublic(t, c, odd...)
	putPublic(t, c, "ab", "akb", "k", "up") // what patterns would take in
	plan := filepath.Join(t.TempDir(), "plan.json")
	args := []string{"plan", fixBucket, "--out", plan, "--object", "not-there"}
	for _, key := range odd {
		args = append(args, "--object", key)
	}
	shown := fix(t, "", args...)
	says(t, shown, exitDone, []string{"18 to close", "* object-acl-grants", "object k?versionId=zz", `--key='-dash'`, `--cli-input-json '{"Key":"file:///etc/hosts"}'`,
		`--cli-input-json '{"Key":"https://x.test/a"}'`, `--key 'a*b'`, `--key 'it'\''s'`, `--key '$(id)'`, `--key $'\xf0\x9f\x98\x80'`, "object not-there: there is none"},
		"amazonaws.com/akb", "refused  the ACL of")
	must(t, "apply", plan, "--yes", "--option", "object-acl-grants")
	for _, key := range odd {
		if objectIsPublic(t, c, key) {
			t.Errorf("%q is public", key)
		}
	}
	for _, key := range []string{"ab", "akb", "k", "up"} {
		if !objectIsPublic(t, c, key) {
			t.Errorf("%q was closed too", key)
		}
	}
	must(t, "verify", plan)
}

// An object whose ACL may not be read keeps no other from being closed.
func TestFixOneDarkObject(t *testing.T) {
	c := motoEnv(t)
	published(t, c)
	putPublic(t, c, "dark", "open")
	proxy(t, func(w http.ResponseWriter, r *http.Request) bool {
		return strings.HasSuffix(r.URL.Path, "/dark") && fault(w, 403, "AccessDenied")
	})
	plan := filepath.Join(t.TempDir(), "plan.json")
	says(t, fix(t, "", "plan", fixBucket, "--object", "dark", "--object", "open", "--out", plan), exitDone,
		[]string{"drops READ to AllUsers of object open", "later    the ACL of object dark could not be read and stays as it is", "Not known: ACL of object dark (s3:GetObjectAcl)"})
	must(t, "apply", plan, "--yes", "--option", "object-acl-grants")
	if objectIsPublic(t, c, "open") {
		t.Error("it is public")
	}
}

// Two groups in one ACL are one alert and two exposures, each told and closed.
func TestFixMixedGroups(t *testing.T) {
	c := motoEnv(t)
	published(t, c)
	ctx, name := context.Background(), aws.String(fixBucket)
	acl, err := c.GetBucketAcl(ctx, &s3.GetBucketAclInput{Bucket: name})
	check(t, err)
	for group, permission := range map[string]types.Permission{"AllUsers": types.PermissionRead, "AuthenticatedUsers": types.PermissionWriteAcp} {
		acl.Grants = append(acl.Grants, types.Grant{Permission: permission, Grantee: &types.Grantee{Type: types.TypeGroup, URI: aws.String("http://acs.amazonaws.com/groups/global/" + group)}})
	}
	_, err = c.PutBucketAcl(ctx, &s3.PutBucketAclInput{Bucket: name, AccessControlPolicy: &types.AccessControlPolicy{Owner: acl.Owner, Grants: acl.Grants}})
	check(t, err)
	dir := t.TempDir()
	stream, plan := filepath.Join(dir, "scan.jsonl"), filepath.Join(dir, "plan.json")
	done(t, "scan", "--bucket", fixBucket, "-o", "jsonl", "--out", stream)
	says(t, fix(t, "", "plan", stream, "--out", plan), exitDone, []string{"2 to close", "any-aws-account may acl-write fix-me-bucket", "anyone may list fix-me-bucket",
		"loses    anyone on the internet: list", "loses    anyone with an AWS account: acl-write"})
	says(t, fix(t, "", "apply", plan, "--yes", "--option", "bucket-acl-grants"), exitDone, []string{"closed  any-aws-account may acl-write", "closed  anyone may list"})
	after, err := c.GetBucketAcl(ctx, &s3.GetBucketAclInput{Bucket: name})
	check(t, err)
	if len(after.Grants) != 1 {
		t.Errorf("%d grants are left", len(after.Grants))
	}
}

// A rollback reads back: what a guard holds is not public.
func TestFixRollbackUnderAGuard(t *testing.T) {
	c := motoEnv(t)
	published(t, c, "policy")
	ctx, name := context.Background(), aws.String(fixBucket)
	_, err := c.PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{Bucket: name, PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{RestrictPublicBuckets: aws.Bool(true),
		BlockPublicAcls: aws.Bool(false), BlockPublicPolicy: aws.Bool(false), IgnorePublicAcls: aws.Bool(false)}})
	check(t, err)
	plan := filepath.Join(t.TempDir(), "plan.json")
	says(t, fix(t, "", "plan", fixBucket, "--out", plan), exitDone, []string{"(held by RestrictPublicBuckets (bucket))"})
	says(t, fix(t, "", "apply", plan, "--yes"), exitDone, []string{"closed  anyone may read"}, "held ")
	says(t, fix(t, "", "rollback", plan, "--yes"), exitDone, []string{"granted again, and held by RestrictPublicBuckets (bucket): anyone may read",
		"held    anyone may read fix-me-bucket/*, by bucket-policy, statement 0 (PublicRead): the grant is there, and held by RestrictPublicBuckets (bucket)",
		"1 settings of bucket fix-me-bucket are as they were"}, "public again", "OPEN")
	says(t, fix(t, "", "verify", plan), exitFailed, []string{"was taken back", "nothing is open, since a guard holds them"}, "OPEN")
}

// What may not be read back after a rollback is not told to be there.
func TestFixRollbackUnread(t *testing.T) {
	c := motoEnv(t)
	published(t, c, "policy")
	plan := planOf(t, fixBucket)
	must(t, "apply", plan, "--yes")
	var put atomic.Bool
	proxy(t, func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPut {
			put.Store(true)
		}
		return put.Load() && r.Method == http.MethodGet && (r.URL.Query().Has("policy") || r.URL.Query().Has("policyStatus")) && fault(w, 403, "AccessDenied")
	})
	says(t, fix(t, "", "rollback", plan, "--yes"), exitFailed, []string{"unknown anyone may read", "unknown bucket policy (s3:GetBucketPolicy)", "whether the settings are as before is not known"},
		"are as they were", "OPEN", "closed  ")
}

// A setting that cannot be read has not changed.
func TestFixUnreadable(t *testing.T) {
	c := motoEnv(t)
	published(t, c, "acl", "policy")
	plan := planOf(t, fixBucket)
	var dark atomic.Value
	dark.Store("policy")
	proxy(t, func(w http.ResponseWriter, r *http.Request) bool {
		part := dark.Load().(string)
		if part == "second" {
			part = "none"
			if r.Method == http.MethodPut {
				dark.Store("policy")
			}
		}
		return r.Method == http.MethodGet && (r.URL.Query().Has(part) || part == "policy" && r.URL.Query().Has("policyStatus")) && fault(w, 403, "AccessDenied")
	})
	says(t, fix(t, "", "apply", plan, "--yes"), exitPermission, []string{"could not be read: bucket policy (s3:GetBucketPolicy)", "nothing was changed"}, "stale", "changed since")
	dark.Store("second")
	says(t, fix(t, "", "apply", plan, "--yes"), exitPartly, []string{"step 2 of 2, PutBucketPolicy, failed", "could not be read: bucket policy (s3:GetBucketPolicy)", "--resume"}, "stale", "changed since")
	dark.Store("none")
	must(t, "apply", plan, "--yes", "--resume")
}

// verify changes nothing, not even a file, and knows a plan that was carried out
// by hand.
func TestFixVerifyByHand(t *testing.T) {
	c := motoEnv(t)
	published(t, c, "policy")
	plan := planOf(t, fixBucket)
	says(t, fix(t, "", "verify", plan), exitFailed, []string{"was not applied", "1 of 1 exposures that the plan closes are open", "apply it with: bucketlid fix apply"}, "the plan closed")
	if _, err := os.Stat(journalName(plan)); !os.IsNotExist(err) {
		t.Errorf("verify made a journal: %v", err)
	}
	says(t, fix(t, "no\n", "apply", plan), exitUsage, nil)
	must(t, "plan", fixBucket, "--out", plan, "--force") // nothing of it was applied
	removed := strings.Replace(mixed, mixed[strings.Index(mixed, "  {\"Sid\":\"PublicRead\""):strings.Index(mixed, "  {\"Sid\":\"DenyHTTP\"")], "", 1)
	_, err := c.PutBucketPolicy(context.Background(), &s3.PutBucketPolicyInput{Bucket: aws.String(fixBucket), Policy: &removed})
	check(t, err)
	says(t, fix(t, "", "verify", plan), exitDone, []string{"closed  anyone may read"}, "OPEN")
}

// A bucket whose name looks like an alert's id, or is that of a file here.
func TestFixBucketByURL(t *testing.T) {
	c := motoEnv(t)
	const odd = "a-0123456789ab"
	_, err := c.CreateBucket(context.Background(), &s3.CreateBucketInput{Bucket: aws.String(odd)})
	check(t, err)
	says(t, fix(t, "", "plan", odd), exitUsage, []string{"--alerts is missing", "s3://a-0123456789ab"})
	says(t, fix(t, "", "plan", "s3://"+odd), exitDone, []string{"Bucket a-0123456789ab of account"})
}

// Names of objects are read as they are written, and what is too much for one plan
// is said.
func TestObjectsNamed(t *testing.T) {
	present, absent := account.Setting{Status: account.Present}, account.Setting{Status: account.Absent}
	for _, c := range []struct {
		name        string
		first, twin account.Setting // what is read of the readings, in their order
		want        []account.ObjectACL
	}{
		{"k", present, present, []account.ObjectACL{{Key: "k", ACL: present}}},
		{"k?versionId=v", present, absent, []account.ObjectACL{{Key: "k", Version: "v", ACL: present}}},
		{"k?versionId=v", absent, present, []account.ObjectACL{{Key: "k?versionId=v", ACL: present}}},
		{"k?versionId=v", absent, absent, []account.ObjectACL{{Key: "k", Version: "v", ACL: absent}}},
		{"k?versionId=v", present, present, []account.ObjectACL{{Key: "k", Version: "v", ACL: present}, {Key: "k?versionId=v", ACL: present}}},
		{"k?versionId=v", account.Setting{Status: account.Denied}, account.Setting{Status: account.Denied},
			[]account.ObjectACL{{Key: "k", Version: "v", ACL: account.Setting{Status: account.Denied}}, {Key: "k?versionId=v", ACL: account.Setting{Status: account.Denied}}}},
		{"k?versionId=v?versionId=", present, absent, []account.ObjectACL{{Key: "k?versionId=v", ACL: present}}},
	} {
		list := objectsNamed([]string{c.name, c.name})
		for i := range list {
			list[i].ACL = []account.Setting{c.first, c.twin}[i]
		}
		if got := withoutTwins(list, list); !slices.Equal(got, c.want) {
			t.Errorf("%s: %+v, not %+v", c.name, got, c.want)
		}
	}
	many := make([]account.ObjectACL, remedy.MaxObjects+3)
	if some, beyond := asMany(many); len(some) != remedy.MaxObjects || len(beyond) != 1 || !strings.HasPrefix(beyond[0], "3 more objects") {
		t.Errorf("%d %v", len(some), beyond)
	}
}
