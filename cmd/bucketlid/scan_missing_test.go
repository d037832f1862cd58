// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/bucketlid/bucketlid/exposure"
)

// called is a call of 1 June as CloudTrail writes it.
func called(call, parameters string) string {
	return `{"eventVersion":"1.10","userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::123456789012:user/ann","accountId":"123456789012","userName":"ann"},"eventTime":"2026-06-01T10:00:00Z","eventSource":"s3.amazonaws.com","eventName":"` +
		call + `","awsRegion":"us-east-1","sourceIPAddress":"203.0.113.7","requestParameters":` + parameters + `,"eventID":"` + fmt.Sprintf("%x", sha256.Sum256([]byte(call+parameters))) + `","recipientAccountId":"123456789012"}`
}

func trailOf(t *testing.T, records ...string) string {
	t.Helper()
	log := filepath.Join(t.TempDir(), "log.json")
	check(t, os.WriteFile(log, []byte(`{"Records":[`+strings.Join(records, ",")+`]}`), 0o600))
	return log
}

// A bucket that the log knows and that is nowhere any more is closed, whichever of
// its settings the log tells of; one that another account has is not.
func TestScanGone(t *testing.T) {
	c := newCloud(t)
	c.bucket("theirs")
	log := trailOf(t, called("PutBucketAcl", `{"bucketName":"gone-acl","x-amz-acl":"public-read"}`),
		called("PutBucketPolicy", `{"bucketName":"gone-policy","bucketPolicy":`+publicRead("gone-policy")+`}`),
		called("PutObjectAcl", `{"bucketName":"gone-object","key":"k","x-amz-acl":"public-read"}`),
		called("PutBucketAcl", `{"bucketName":"theirs","x-amz-acl":"public-read"}`))
	proxy(t, func(w http.ResponseWriter, r *http.Request) bool { // theirs is in no list of this account's buckets
		if r.URL.Path != "/" || r.Method != http.MethodGet {
			return false
		}
		_, err := w.Write([]byte(`<?xml version="1.0"?><ListAllMyBucketsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Owner><ID>o</ID></Owner><Buckets></Buckets></ListAllMyBucketsResult>`))
		check(t, err)
		return true
	})
	r := runScan(t, "--with", log)
	for name, want := range map[string]exposure.State{"gone-acl bucket-acl": exposure.Closed, "gone-policy bucket-policy": exposure.Closed,
		"gone-object object-acl": exposure.Closed, "theirs bucket-acl": exposure.Open} {
		if a := r.alerts[name]; a == nil || a.State != want {
			t.Errorf("%s: %+v, not %s", name, a, want)
		}
	}
	if r := runScan(t, "--with", log, "--bucket", "gone-acl"); r.code != exitDone || len(r.alerts) != 1 {
		t.Errorf("exit %d, %d alerts\n%s", r.code, len(r.alerts), r.stderr)
	}
}

// What the live settings prove a log does not make less sure.
func TestScanLogKeepsCertainty(t *testing.T) {
	c := newCloud(t)
	c.bucket("open")
	c.acl("open", s3types.BucketCannedACLPublicRead)
	log := trailOf(t, called("PutBucketAcl", `{"bucketName":"open","x-amz-acl":"public-read"}`))
	alone, joined := runScan(t).alerts["open bucket-acl"], runScan(t, "--with", log).alerts["open bucket-acl"]
	if alone == nil || joined == nil || alone.Certainty != exposure.Proven || joined.Certainty != exposure.Proven || joined.OpenedBy == nil {
		t.Errorf("alone %+v\njoined %+v", alone, joined)
	}
}

// People are told the names of what could not be read, with the reason.
func TestScanNamesWhatItDidNotRead(t *testing.T) {
	c := newCloud(t)
	for _, name := range []string{"dark-1", "dark-2", "dark-3", "dark-4", "dark-5", "dark-6"} {
		c.bucket(name)
	}
	proxy(t, func(w http.ResponseWriter, r *http.Request) bool {
		return r.URL.Query().Has("acl") && fault(w, http.StatusForbidden, "AccessDenied")
	})
	var out, errs bytes.Buffer
	if code := run([]string{"scan", "-o", "table"}, strings.NewReader(""), &out, &errs); code != exitDone {
		t.Fatalf("exit %d\n%s", code, errs.String())
	}
	want := "What could not be read:\n  access denied: the bucket ACL stays unknown, the permission s3:GetBucketAcl is missing: s3://dark-1, s3://dark-2, s3://dark-3, s3://dark-4, s3://dark-5 and 1 more\n"
	if !strings.Contains(errs.String(), want) {
		t.Errorf("no %q in\n%s", want, errs.String())
	}
}
