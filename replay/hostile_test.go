// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bucketlid/bucketlid/trail"
)

// A change that cannot be read is named: it is not taken for no change.
func TestUnreadableChangesAreNamed(t *testing.T) {
	for params, want := range map[string]string{
		`{"bucketName":"b","acl":"","AccessControlPolicy":5}`:                                                    "AccessControlPolicy is not an object",
		`{"bucketName":"b","acl":"","AccessControlPolicy":{"AccessControlList":{"Grant":7}}}`:                    "Grant is not an object",
		`{"bucketName":"","acl":"","x-amz-acl":"public-read"}`:                                                   "names no bucket",
		`{"bucketName":"b","acl":"","x-amz-acl":"public-read"}`:                                                  "",
		`{"bucketName":"b","policy":"","bucketPolicy":5}`:                                                        "cannot be read",
		`{"bucketName":"b","policy":"","bucketPolicy":"x"}`:                                                      "cannot be read",
		`{"bucketName":"b","policy":"","bucketPolicy":{"Statement":[5]}}`:                                        "statement 0",
		`{"bucketName":"b","policy":"","bucketPolicy":{"Statement":[{"Effect":5,"Principal":"*"}]}}`:             "effect",
		`{"bucketName":"b","policy":"","bucketPolicy":{"Version":"2012-10-17","Statement":[` + allowList + `]}}`: "",
	} {
		name := "PutBucketAcl"
		if strings.Contains(params, "policy") {
			name = "PutBucketPolicy"
		}
		r, err := trail.Decode([]byte(record(name, params, at("10:00:00"))), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := NewLedger().Add(r); (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", params, got, want)
		}
	}
}

const allowList = `{"Effect":"Allow","Principal":"*","Action":"s3:ListBucket","Resource":"arn:aws:s3:::b"}`

// One event id on calls of two buckets hides neither.
func TestReusedIDHidesNothing(t *testing.T) {
	l := NewLedger()
	for _, name := range []string{"x1", "x2"} {
		r, err := trail.Decode([]byte(record("PutBucketAcl", `{"bucketName":"`+name+`","acl":"","x-amz-acl":"public-read"}`, at("10:00:00"),
			`"eventID":"11111111-2222-4333-8444-555555555555"`)), nil)
		if err != nil {
			t.Fatal(err)
		}
		l.Add(r)
	}
	n := 0
	for range l.Timelines(time.Time{}, nil) {
		n++
	}
	if n != 2 {
		t.Errorf("%d timelines, want 2", n)
	}
}

// Texts too long to be AWS's are cut, and cut the same in every copy.
func TestLongTextsAreCut(t *testing.T) {
	long := strings.Repeat("é", 5_000_000)
	r, err := trail.Decode([]byte(record("PutBucketAcl", `{"bucketName":"b","acl":"","x-amz-acl":"public-read"}`, at("10:00:00"),
		fmt.Sprintf(`"sourceIPAddress":%q`, long))), nil)
	if err != nil {
		t.Fatal(err)
	}
	l := NewLedger()
	l.Add(r)
	if got := l.Changes()[0].Event.SourceIPAddress; len(got) > maxText+len(cutMark) || !strings.HasSuffix(got, cutMark) {
		t.Errorf("%d bytes are kept", len(got))
	}
}
