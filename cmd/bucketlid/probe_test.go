// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/policy"
	"github.com/bucketlid/bucketlid/triage"
)

// stranger is a server that stands for S3's enforcement: it serves what is open
// and refuses the rest as S3 does to an unsigned request.
type stranger struct {
	*httptest.Server
	open  map[string]bool // paths
	asked []string
}

func newStranger(t *testing.T, open ...string) *stranger {
	t.Helper()
	s := &stranger{open: set(open)}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked = append(s.asked, r.Method+" "+r.URL.String())
		if r.Header.Get("Authorization") != "" || len(r.Cookies()) > 0 || r.Header.Get("X-Amz-Date") != "" {
			t.Errorf("the request is signed: %v", r.Header)
		}
		switch {
		case s.open[r.URL.Path]:
			fmt.Fprint(w, "<ListBucketResult/>")
		case strings.HasPrefix(r.URL.Path, "/moved/"):
			http.Redirect(w, r, "/open/", http.StatusTemporaryRedirect)
		case strings.HasPrefix(r.URL.Path, "/gone/"):
			http.Error(w, "<Error><Code>NoSuchBucket</Code></Error>", http.StatusNotFound)
		case strings.HasPrefix(r.URL.Path, "/odd/"):
			http.Error(w, "<Error><Code>"+strings.Repeat("x", 1<<20), http.StatusInternalServerError)
		default:
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>`)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *stranger) prober() *prober {
	p := newProber()
	p.pause = 0
	p.now = func() time.Time { return time.Date(2026, 8, 3, 15, 0, 0, 0, time.UTC) }
	p.owns = func(account, bucket string) bool { return account == "1" && bucket != "foreign" }
	p.endpoint = func(string, string) string { return s.URL }
	p.key = func(context.Context, *triage.Alert, string) (string, error) { return "", nil }
	return p
}

func listOf(bucket string) *policy.Witness {
	return &policy.Witness{Archetype: "anonymous", Method: "GET", URL: "https://" + bucket + ".s3.eu-west-1.amazonaws.com/?list-type=2", Action: "s3:ListBucket"}
}

func alertOn(bucket string, state exposure.State, w *policy.Witness) triage.Alert {
	return triage.Alert{Kind: triage.KindPublic, Account: "1", Region: "eu-west-1", Bucket: bucket, State: state, Witness: w, Scope: policy.Scope{Include: []string{bucket}}}
}

// What came back is compared with what the alert says.
func TestProbeJudges(t *testing.T) {
	server := newStranger(t, "/open/")
	for _, tt := range []struct {
		bucket string
		state  exposure.State
		status int
		code   string
		agrees triage.Answer
		why    string
	}{
		{"open", exposure.Open, 200, "", triage.Yes, "a stranger is served"},
		{"open", exposure.Blocked, 200, "", triage.No, "told to be blocked"},
		{"open", exposure.Closed, 200, "", triage.No, "told to be closed"},
		{"open", exposure.Unknown, 200, "", triage.Cannot, "by this route or another"},
		{"shut", exposure.Open, 403, "AccessDenied", triage.No, "something that was not seen holds it"},
		{"shut", exposure.Blocked, 403, "AccessDenied", triage.Yes, "refused"},
		{"shut", exposure.Unknown, 403, "AccessDenied", triage.Cannot, "refused"},
		{"moved", exposure.Open, 307, "", triage.Cannot, "redirects are not followed"},
		{"gone", exposure.Open, 404, "NoSuchBucket", triage.Cannot, "not there"},
		{"odd", exposure.Open, 500, "", triage.Cannot, "tells nothing"},
	} {
		alerts := []triage.Alert{alertOn(tt.bucket, tt.state, listOf(tt.bucket))}
		if err := server.prober().all(t.Context(), alerts); err != nil {
			t.Fatal(err)
		}
		p := alerts[0].Probe
		if p == nil || p.Status != tt.status || p.Code != tt.code || p.Agrees != tt.agrees || !strings.Contains(p.Why, tt.why) || p.URL != server.URL+"/"+tt.bucket+"/?list-type=2&max-keys=1" {
			t.Errorf("%s, %s: %+v", tt.bucket, tt.state, p)
		}
		if alerts[0].State != tt.state || alerts[0].Severity != "" {
			t.Errorf("the alert changed: %+v", alerts[0])
		}
	}
}

// Nothing is sent that writes, that needs a sign-in, or that goes elsewhere.
func TestProbeSendsNothingElse(t *testing.T) {
	server := newStranger(t)
	witness := func(change func(w *policy.Witness)) *policy.Witness {
		w := listOf("mine")
		change(w)
		return w
	}
	for _, tt := range []struct {
		name, why string
		a         triage.Alert
	}{
		{"no witness", "", alertOn("mine", exposure.Open, nil)},
		{"writes", "would change something", alertOn("mine", exposure.Open, witness(func(w *policy.Witness) { w.Method = "PUT" }))},
		{"deletes", "would change something", alertOn("mine", exposure.Open, witness(func(w *policy.Witness) { w.Method = "DELETE" }))},
		{"posts", "would change something", alertOn("mine", exposure.Open, witness(func(w *policy.Witness) { w.Method = "POST" }))},
		{"without a method", "would change something", alertOn("mine", exposure.Open, witness(func(w *policy.Witness) { w.Method = "" }))},
		{"signed", "needs a sign-in", alertOn("mine", exposure.Open, witness(func(w *policy.Witness) { w.Archetype = "any AWS account" }))},
		{"from an address", "cannot be brought along: aws:SourceIp", alertOn("mine", exposure.Open, witness(func(w *policy.Witness) { w.Context = map[string]string{"aws:SourceIp": "198.51.100.7"} }))},
		{"foreign bucket", "not known to belong", alertOn("foreign", exposure.Open, listOf("foreign"))},
		{"no bucket", "not known to belong", alertOn("", exposure.Open, listOf(""))},
		{"other host", "own address", alertOn("mine", exposure.Open, witness(func(w *policy.Witness) { w.URL = "https://mine.s3.evil.example/?list-type=2" }))},
		{"host of another bucket", "own address", alertOn("mine", exposure.Open, listOf("other"))},
		{"bucket as a part of another's name", "own address", alertOn("mine", exposure.Open, listOf("not-mine"))},
		{"path of another bucket", "own address", alertOn("mine", exposure.Open, witness(func(w *policy.Witness) { w.URL = "https://s3.eu-west-1.amazonaws.com/mine-too/" }))},
		{"a port", "own address", alertOn("mine", exposure.Open, witness(func(w *policy.Witness) { w.URL = "https://mine.s3.eu-west-1.amazonaws.com:8443/" }))},
		{"a name and password", "own address", alertOn("mine", exposure.Open, witness(func(w *policy.Witness) { w.URL = "https://a:b@mine.s3.eu-west-1.amazonaws.com/" }))},
		{"another scheme", "own address", alertOn("mine", exposure.Open, witness(func(w *policy.Witness) { w.URL = "file://mine.s3.eu-west-1.amazonaws.com/" }))},
		{"no address", "own address", alertOn("mine", exposure.Open, witness(func(w *policy.Witness) { w.URL = "" }))},
		{"a metadata address", "own address", alertOn("mine", exposure.Open, witness(func(w *policy.Witness) { w.URL = "http://169.254.169.254/mine/" }))},
	} {
		alerts := []triage.Alert{tt.a}
		if err := server.prober().all(t.Context(), alerts); err != nil {
			t.Fatal(err)
		}
		p := alerts[0].Probe
		if tt.why == "" && p != nil || tt.why != "" && (p == nil || p.Method != "" || p.Agrees != triage.Cannot || !strings.Contains(p.Why, tt.why)) {
			t.Errorf("%s: %+v", tt.name, p)
		}
	}
	point := alertOn("mine", exposure.Open, listOf("mine"))
	point.AccessPoint = "arn:aws:s3:eu-west-1:1:accesspoint/p"
	alerts := []triage.Alert{point}
	if err := server.prober().all(t.Context(), alerts); err != nil || !strings.Contains(alerts[0].Probe.Why, "signed requests only") {
		t.Errorf("access point: %v, %+v", err, alerts[0].Probe)
	}
	if len(server.asked) > 0 {
		t.Errorf("sent: %v", server.asked)
	}
}

// An object is asked for by HEAD, one that exists where the grant covers many.
func TestProbeOfObjects(t *testing.T) {
	read := func(url string) *policy.Witness {
		return &policy.Witness{Archetype: "anonymous", Method: "GET", URL: url, Action: "s3:GetObject", Headers: map[string]string{"Referer": "https://acme.example/"}}
	}
	for _, tt := range []struct {
		name  string
		url   string
		key   string // of the alert
		scope policy.Scope
		found string // what the owner's listing gives
		err   error
		want  string // the request, or why there is none
		sure  triage.Answer
	}{
		{"the alert's own", "https://b.s3.amazonaws.com/a%20b/%E2%82%AC", "a b/€", policy.Scope{Include: []string{"b/a b/€"}}, "", nil, "HEAD /b/a%20b/%E2%82%AC", triage.No},
		{"marks of patterns", "https://b.s3.amazonaws.com/k", "a?b*[c]", policy.Scope{}, "", nil, "HEAD /b/a%3Fb%2A%5Bc%5D", triage.No},
		{"a key that looks like a version", "https://b.s3.amazonaws.com/x", "a?versionId=b", policy.Scope{}, "", nil, "HEAD /b/a%3FversionId%3Db", triage.No},
		{"a version of such a key", "https://b.s3.amazonaws.com/x?versionId=v1", "a?versionId=b?versionId=v1", policy.Scope{}, "", nil, "HEAD /b/a%3FversionId%3Db?versionId=v1", triage.No},
		{"a path upwards", "https://b.s3.amazonaws.com/x", "dir/../../up", policy.Scope{}, "", nil, "HEAD /b/dir/../../up", triage.No},
		{"slashes", "https://b.s3.amazonaws.com/x", "/a//b/", policy.Scope{}, "", nil, "HEAD /b//a//b/", triage.No},
		{"marks of encodings", "https://b.s3.amazonaws.com/x", "a+b %20&=;\n😀", policy.Scope{}, "", nil, "HEAD /b/a%2Bb%20%2520%26%3D%3B%0A%F0%9F%98%80", triage.No},
		{"found by the owner", "https://b.s3.amazonaws.com/k", "", policy.Scope{Include: []string{"b/*"}}, "a+b?c", nil, "HEAD /b/a%2Bb%3Fc", triage.No},
		{"a version", "https://b.s3.amazonaws.com/k?versionId=v1", "k?versionId=v1", policy.Scope{}, "", nil, "HEAD /b/k?versionId=v1", triage.No},
		{"its ACL", "https://b.s3.amazonaws.com/k?acl", "k", policy.Scope{}, "", nil, "GET /b/k?acl", triage.No},
		{"path style", "https://s3.eu-west-1.amazonaws.com/b/k", "k", policy.Scope{}, "", nil, "HEAD /b/k", triage.No},
		{"any object", "https://b.s3.amazonaws.com/k", "", policy.Scope{Include: []string{"b/*"}}, "real.csv", nil, "HEAD /b/real.csv", triage.No},
		{"below a prefix", "https://b.s3.amazonaws.com/pub/k", "", policy.Scope{Include: []string{"b/pub/*"}}, "pub/real.csv", nil, "HEAD /b/pub/real.csv", triage.No},
		{"none there", "https://b.s3.amazonaws.com/k", "", policy.Scope{Include: []string{"b/*"}}, "", nil, "there is no object", triage.Cannot},
		{"listing refused", "https://b.s3.amazonaws.com/k", "", policy.Scope{Include: []string{"b/*"}}, "", errors.New("denied"), "HEAD /b/k", triage.Cannot},
		{"a pattern within", "https://b.s3.amazonaws.com/x.jpg", "", policy.Scope{Include: []string{"b/*.jpg"}}, "real.csv", nil, "HEAD /b/x.jpg", triage.Cannot},
		{"with an exception", "https://b.s3.amazonaws.com/k", "", policy.Scope{Include: []string{"b/*"}, Exclude: []string{"b/secret/*"}}, "secret/x", nil, "HEAD /b/k", triage.Cannot},
	} {
		server := newStranger(t)
		p := server.prober()
		var prefixes []string
		p.key = func(_ context.Context, _ *triage.Alert, prefix string) (string, error) {
			prefixes = append(prefixes, prefix)
			return tt.found, tt.err
		}
		a := alertOn("b", exposure.Open, read(tt.url))
		a.Key, a.Scope = tt.key, tt.scope
		alerts := []triage.Alert{a}
		if err := p.all(t.Context(), alerts); err != nil {
			t.Fatal(err)
		}
		got := strings.Join(server.asked, "; ")
		if got == "" {
			got = alerts[0].Probe.Why
		}
		if !strings.HasPrefix(got, tt.want) || alerts[0].Probe.Agrees != tt.sure {
			t.Errorf("%s: %s, %+v", tt.name, got, alerts[0].Probe)
		}
		if tt.name == "below a prefix" && !slices.Equal(prefixes, []string{"pub/"}) {
			t.Errorf("asked for %q", prefixes)
		}
	}
}

// Where nobody answers, not every alert waits for it.
func TestProbeGivesUp(t *testing.T) {
	server := newStranger(t)
	server.Close()
	var alerts []triage.Alert
	for range maxUnanswered + 2 {
		alerts = append(alerts, alertOn("mine", exposure.Open, listOf("mine")))
	}
	if err := server.prober().all(t.Context(), alerts); err != nil {
		t.Fatal(err)
	}
	for i, a := range alerts {
		if sent := a.Probe.Method != ""; sent != (i < maxUnanswered) || !sent && !strings.Contains(a.Probe.Why, "5 requests before it had no answer") {
			t.Errorf("%d: %+v", i, a.Probe)
		}
	}
}

func TestProbeWithoutAnAnswer(t *testing.T) {
	server := newStranger(t)
	server.Close()
	alerts := []triage.Alert{alertOn("mine", exposure.Open, listOf("mine"))}
	if err := server.prober().all(t.Context(), alerts); err != nil {
		t.Fatal(err)
	}
	if p := alerts[0].Probe; p.Status != 0 || p.Agrees != triage.Cannot || !strings.Contains(p.Why, "no answer: ") {
		t.Errorf("%+v", p)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	var exit *exitError
	if err := newStranger(t).prober().all(ctx, alerts); !errors.As(err, &exit) || exit.code != exitInterrupt {
		t.Errorf("a stopped run: %v", err)
	}
}

// Against AWS itself only its own names are taken.
func TestStorageHost(t *testing.T) {
	for host, want := range map[string]bool{
		"s3.amazonaws.com": true, "s3.eu-west-1.amazonaws.com": true, "s3-eu-west-1.amazonaws.com": true, "s3.dualstack.us-gov-west-1.amazonaws.com": true, "s3.cn-north-1.amazonaws.com.cn": true,
		"s3.evil.amazonaws.com": false, "s3.eu-west-1.amazonaws.com.evil.example": false, "ec2.amazonaws.com": false, "": false, "xs3.amazonaws.com": false,
	} {
		if storageHost.MatchString(host) != want {
			t.Errorf("%s: %t", host, !want)
		}
	}
}

// The whole way: moto judges nothing, so that what is held shut is served there,
// and the probe says so.
func TestScanProbes(t *testing.T) {
	c := newCloud(t)
	c.bucket("by-acl")
	c.acl("by-acl", s3types.BucketCannedACLPublicRead)
	c.bucket("by-policy")
	c.policy("by-policy", publicRead("by-policy"))
	c.put("by-policy", "real.csv", s3types.ObjectCannedACLPublicRead)
	c.bucket("held")
	c.acl("held", s3types.BucketCannedACLPublicRead)
	c.block("held", true)
	plainRun := runScan(t, "-q")
	for way, a := range plainRun.alerts {
		if a.Probe != nil {
			t.Errorf("%s was probed unasked: %+v", way, a.Probe)
		}
	}
	r := runScan(t, "-q", "--probe")
	if r.code != exitDone {
		t.Fatalf("exit %d\n%s", r.code, r.stderr)
	}
	for way, want := range map[string]struct {
		path   string
		agrees triage.Answer
	}{
		"by-acl bucket-acl":       {"/by-acl/?list-type=2&max-keys=1", triage.Yes},
		"by-policy bucket-policy": {"/by-policy/real.csv", triage.Yes},
		"held bucket-acl":         {"/held/?list-type=2&max-keys=1", triage.No},
	} {
		a := r.alerts[way]
		if a == nil || a.Probe == nil || a.Probe.Status != 200 || a.Probe.Agrees != want.agrees || !strings.HasSuffix(a.Probe.URL, want.path) {
			t.Errorf("%s: %+v", way, a.Probe)
		}
	}
}
