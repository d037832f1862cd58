// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bucketlid/bucketlid/internal/mototest"
)

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// scan reads everything and returns what was found, by bucket.
func scan(t *testing.T, s *Scanner, accounts ...*Account) (map[string]Settings, error) {
	t.Helper()
	out := map[string]Settings{}
	s.Now = func() time.Time { return noon }
	s.Found = func(b Settings) { out[b.Bucket] = b }
	return out, s.Scan(t.Context(), accounts...)
}

// What a refusal, a failure or an absence makes of one setting. The refusals
// are AWS's words, given by the fake at the edge of HTTP.
func TestOutcomesOfReads(t *testing.T) {
	user := "User: arn:aws:iam::111122223333:user/scan is not authorized to perform: s3:GetBucketAcl on resource: \"arn:aws:s3:::one\" "
	tests := []struct {
		name, what string
		status     int
		code, text string
		of         func(Settings) Setting
		want       Setting
	}{
		{"denied, bare", "acl", 403, "AccessDenied", "Access Denied", func(s Settings) Setting { return s.ACL },
			Setting{Status: Denied, Action: "s3:GetBucketAcl", Problem: "the permission s3:GetBucketAcl is missing"}},
		{"denied, with a reason", "acl", 403, "AccessDenied", user + "because no identity-based policy allows the s3:GetBucketAcl action", func(s Settings) Setting { return s.ACL },
			Setting{Status: Denied, Action: "s3:GetBucketAcl", Problem: "the permission s3:GetBucketAcl is missing, because no identity-based policy allows it"}},
		{"denied by the bucket", "acl", 403, "AccessDenied", user + "with an explicit deny in a resource-based policy", func(s Settings) Setting { return s.ACL },
			Setting{Status: Denied, Action: "s3:GetBucketAcl", Problem: "the permission s3:GetBucketAcl is missing, with an explicit deny in a resource-based policy"}},
		{"the action is not the call's name", "encryption", 403, "AccessDenied", "Access Denied", func(s Settings) Setting { return s.Encryption },
			Setting{Status: Denied, Action: "s3:GetEncryptionConfiguration", Problem: "the permission s3:GetEncryptionConfiguration is missing"}},
		{"a policy of another account's", "policyStatus", 405, "MethodNotAllowed", "not allowed", func(s Settings) Setting { return s.PolicyStatus },
			Setting{Status: Denied, Action: "s3:GetBucketPolicyStatus", Problem: "the permission s3:GetBucketPolicyStatus is missing"}},
		{"absent", "ownershipControls", 404, "OwnershipControlsNotFoundError", "none", func(s Settings) Setting { return s.Ownership },
			Setting{Status: Absent, Action: "s3:GetBucketOwnershipControls"}},
		{"a Region that is not enabled", "publicAccessBlock", 403, "InvalidAccessKeyId", "no such key", func(s Settings) Setting { return s.Block },
			Setting{Status: Failed, Action: "s3:GetBucketPublicAccessBlock",
				Problem: "AWS does not accept these credentials there; is the Region enabled for the account? (InvalidAccessKeyId: no such key)"}},
		{"not implemented", "requestPayment", 501, "NotImplemented", "no", func(s Settings) Setting { return s.Payer },
			Setting{Status: Failed, Action: "s3:GetBucketRequestPayment", Problem: "NotImplemented: no"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake("one", "two")
			f.edge = func(w http.ResponseWriter, _ *http.Request, bucket, what string) bool {
				if bucket != "one" || what != tt.what {
					return false
				}
				refuse(w, tt.status, tt.code, tt.text)
				return true
			}
			found, err := scan(t, &Scanner{}, f.open(t))
			if err != nil || len(found) != 2 {
				t.Fatal(len(found), err)
			}
			if got := tt.of(found["one"]); got != tt.want {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
			if missed := Unread(found["two"]); len(missed) > 0 {
				t.Errorf("the other bucket: %+v", missed)
			}
			wantMissed := 1
			if tt.want.Status == Absent {
				wantMissed = 0
			}
			if missed := Unread(found["one"]); len(missed) != wantMissed {
				t.Errorf("missed %+v", missed)
			}
		})
	}
}

// Throttled calls are repeated until they are answered.
func TestThrottling(t *testing.T) {
	f := newFake("one")
	var asked atomic.Int64
	f.edge = func(w http.ResponseWriter, _ *http.Request, bucket, what string) bool {
		if bucket != "one" || what != "acl" || asked.Add(1) > 2 {
			return false
		}
		refuse(w, http.StatusServiceUnavailable, "SlowDown", "Please reduce your request rate.")
		return true
	}
	found, err := scan(t, &Scanner{}, f.open(t))
	if err != nil || found["one"].ACL.Status != Present || asked.Load() != 3 {
		t.Errorf("%+v after %d calls, %v", found["one"].ACL, asked.Load(), err)
	}
}

// What ends a scan, and in which words.
func TestScanEnds(t *testing.T) {
	tests := []struct {
		name, bucket, what string
		status             int
		code               string
		signIn             bool
		words              string
	}{
		{"expired in the middle", "two", "acl", 400, "ExpiredToken", true, "ended during the scan"},
		{"buckets may not be listed", "", "max-buckets", 403, "AccessDenied", false, "s3:ListAllMyBuckets is missing"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake("one", "two")
			f.edge = func(w http.ResponseWriter, r *http.Request, bucket, what string) bool {
				if bucket != tt.bucket || r.Method != http.MethodGet || tt.bucket != "" && what != tt.what {
					return false
				}
				refuse(w, tt.status, tt.code, "no")
				return true
			}
			_, err := scan(t, &Scanner{}, f.open(t))
			var signIn *SignInError
			var denied *DeniedError
			if errors.As(err, &signIn) != tt.signIn || errors.As(err, &denied) == tt.signIn || !strings.Contains(err.Error(), tt.words) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestSignInRefused(t *testing.T) {
	for _, tt := range []struct{ code, words string }{
		{"ExpiredToken", "aws sso login"}, {"InvalidClientTokenId", "aws sso login"}, {"RequestTimeTooSkewed", "clock"},
	} {
		f := newFake()
		f.edge = func(w http.ResponseWriter, r *http.Request, _, _ string) bool {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprintf(w, `<ErrorResponse><Error><Code>%s</Code><Message>no</Message></Error></ErrorResponse>`, tt.code)
			return true
		}
		_, err := f.tryOpen(t)
		var signIn *SignInError
		if !errors.As(err, &signIn) || !strings.Contains(err.Error(), tt.words) {
			t.Errorf("%s: %v", tt.code, err)
		}
	}
	mototest.Isolate(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	var signIn *SignInError
	if _, err := Open(t.Context(), SignIn{}); !errors.As(err, &signIn) || !strings.Contains(err.Error(), "aws sso login") {
		t.Errorf("no credentials: %v", err)
	}
	if _, err := Open(t.Context(), SignIn{Profile: "nobody"}); !errors.As(err, &signIn) || !strings.Contains(err.Error(), "list-profiles") {
		t.Errorf("no profile: %v", err)
	}
}

func TestDeletedMeanwhile(t *testing.T) {
	f := newFake("one", "two")
	f.edge = func(w http.ResponseWriter, _ *http.Request, bucket, what string) bool {
		if bucket != "one" || what != "acl" {
			return false
		}
		refuse(w, http.StatusNotFound, "NoSuchBucket", "gone")
		return true
	}
	found, err := scan(t, &Scanner{}, f.open(t))
	if err != nil || !found["one"].Gone || found["two"].Gone {
		t.Errorf("%+v, %v", found, err)
	}
	if changes := Changes(found["one"]); len(changes) != 1 || !changes[0].Removed {
		t.Errorf("%+v", changes)
	}
}

func TestPagesAndFilters(t *testing.T) {
	f := newFake()
	for i := range 25 {
		region := "us-east-1"
		if i%5 == 0 {
			region = "eu-west-1"
		}
		f.buckets[fmt.Sprintf("bucket-%02d", i)] = &fakeBucket{region: region, replies: map[string]string{}}
	}
	f.page = 4
	a := f.open(t)
	tests := []struct {
		name string
		s    *Scanner
		want int
	}{
		{"all", &Scanner{}, 25},
		{"one at a time", &Scanner{Concurrency: 1}, 25},
		{"by Region", &Scanner{Regions: []string{"eu-west-1"}}, 5},
		{"by name", &Scanner{Buckets: []string{"bucket-03", "nowhere"}}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var own Owned
			tt.s.Owned = func(o Owned) { own = o }
			found, err := scan(t, tt.s, a)
			if err != nil || len(found) != tt.want || len(own.Buckets) != 25 || own.Account != fakeAccount || own.Block.Status != Absent {
				t.Errorf("%d buckets, %+v, %v", len(found), own, err)
			}
			if tt.s.Progress.Listed.Load() != int64(tt.want) || tt.s.Progress.Done.Load() != int64(tt.want) {
				t.Errorf("progress %d of %d", tt.s.Progress.Done.Load(), tt.s.Progress.Listed.Load())
			}
		})
	}
}

// The order of semantics B.10, and no call that tells nothing.
func TestOrderOfReads(t *testing.T) {
	f := newFake("one")
	if _, err := scan(t, &Scanner{}, f.open(t)); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range f.seen {
		if what, ok := strings.CutPrefix(s, "one "); ok {
			got = append(got, what)
		}
	}
	want := []string{"publicAccessBlock", "ownershipControls", "policyStatus", "acl", "website", "requestPayment", "encryption", "versioning"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestObjects(t *testing.T) {
	build := func() *fake {
		f := newFake("one")
		f.buckets["one"].objects = map[string]string{
			"a/open": aclBody(groupGrant("AllUsers", "READ")), "a/own": aclBody(""), "b c/+é": aclBody(groupGrant("AuthenticatedUsers", "READ_ACP")),
		}
		return f
	}
	for _, tt := range []struct {
		choice string
		keys   []string
		want   []string
		looked int
	}{
		{"none", nil, nil, 0},
		{"none", []string{"a/own"}, []string{"a/own"}, 1},
		{"all", nil, []string{"a/open", "b c/+é"}, 3},
		{"all", []string{"a/own"}, []string{"a/own", "a/open", "b c/+é"}, 3},
		{"prefix:b c/+", nil, []string{"b c/+é"}, 1},
		{"sample:1", nil, []string{"a/open"}, 1},           // of the first folder
		{"sample:3", nil, []string{"a/open", "b c/+é"}, 2}, // one of each folder
	} {
		t.Run(tt.choice, func(t *testing.T) {
			choice, err := ParseChoice(tt.choice)
			if err != nil {
				t.Fatal(err)
			}
			found, err := scan(t, &Scanner{Objects: choice, Keys: func(string) []string { return tt.keys }}, build().open(t))
			var got []string
			for _, o := range found["one"].Objects {
				got = append(got, o.Key)
			}
			if err != nil || !slices.Equal(got, tt.want) || found["one"].Looked != tt.looked {
				t.Errorf("%q of %d, %v", got, found["one"].Looked, err)
			}
		})
	}
	f := build()
	f.buckets["one"].replies["ownershipControls"] = `<OwnershipControls><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule></OwnershipControls>`
	found, err := scan(t, &Scanner{Objects: Choice{Kind: "all"}}, f.open(t))
	if err != nil || found["one"].Looked != 0 {
		t.Errorf("ACLs are disabled, and %d were read: %v", found["one"].Looked, err)
	}
}

func TestParseChoice(t *testing.T) {
	for text, want := range map[string]Choice{
		"": {}, "none": {}, "all": {Kind: "all"}, "sample": {Kind: "sample", Sample: defaultSample}, "sample:7": {Kind: "sample", Sample: 7},
		"prefix:a/:b": {Kind: "prefix", Prefix: "a/:b"},
	} {
		if got, err := ParseChoice(text); err != nil || got != want {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"some", "sample:", "sample:0", "sample:-1", "sample:x", "prefix:", "prefix", "ALL"} {
		if got, err := ParseChoice(text); err == nil {
			t.Errorf("%q: %+v", text, got)
		}
	}
}

func TestInterrupted(t *testing.T) {
	f := newFake("one", "two", "three")
	a := f.open(t)
	ctx, stop := context.WithCancel(t.Context())
	s := Scanner{Concurrency: 1, Now: func() time.Time { return noon }, Found: func(Settings) { stop() }}
	if err := s.Scan(ctx, a); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// A bucket policy of 20 KB, the most that S3 takes, and an ACL of 1,000 grants
// arrive whole.
func TestLargeSettings(t *testing.T) {
	f := newFake("one")
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":["arn:aws:s3:::one/` +
		strings.Repeat("x", 20_000) + `"]}]}`
	var grants strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&grants, `<Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>%064d</ID></Grantee><Permission>READ</Permission></Grant>`, i)
	}
	grants.WriteString(groupGrant("AllUsers", "READ"))
	f.buckets["one"].replies["policyStatus"] = `<PolicyStatus><IsPublic>true</IsPublic></PolicyStatus>`
	f.buckets["one"].replies["policy"] = policy
	f.buckets["one"].replies["acl"] = aclBody(grants.String())
	found, err := scan(t, &Scanner{}, f.open(t))
	if err != nil || found["one"].Policy.Text != policy {
		t.Fatalf("%d bytes of policy, %v", len(found["one"].Policy.Text), err)
	}
	if acl := readACL(found["one"].ACL.Text); len(acl.Grants) != 1002 || acl.Partial != "" || !acl.Public() {
		t.Errorf("%d grants, %q", len(acl.Grants), acl.Partial)
	}
}
