// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/bucketlid/bucketlid/remedy"
)

// Credentials that end, before the first write and between two.
func TestFixExpired(t *testing.T) {
	c := motoEnv(t)
	published(t, c, "acl", "policy")
	plan := planOf(t, fixBucket)
	var expired atomic.Value
	expired.Store("acl")
	proxy(t, func(w http.ResponseWriter, r *http.Request) bool {
		return r.Method == http.MethodPut && r.URL.Query().Has(expired.Load().(string)) && fault(w, 400, "ExpiredToken")
	})
	if f := fix(t, "", "apply", plan, "--yes"); f.code != exitPermission || !strings.Contains(f.err, "aws sso login") || !strings.Contains(f.err, "nothing was changed") || publicGrants(t, c) != 1 {
		t.Errorf("on the first step: %+v", f)
	}
	expired.Store("policy")
	if f := fix(t, "", "apply", plan, "--yes"); f.code != exitPartly || !strings.Contains(f.err, "aws sso login") || !strings.Contains(f.err, "--resume") {
		t.Errorf("on the second step: %+v", f)
	}
	expired.Store("none")
	must(t, "apply", plan, "--yes", "--resume")
	must(t, "verify", plan)
}

// What AWS puts off is asked for again, a read as a write.
func TestFixThrottled(t *testing.T) {
	c := motoEnv(t)
	published(t, c, "acl", "policy")
	var mu sync.Mutex
	seen := map[string]int{}
	answers := []func(http.ResponseWriter) bool{
		func(w http.ResponseWriter) bool { return fault(w, 503, "SlowDown") },
		func(w http.ResponseWriter) bool { return fault(w, 429, "TooManyRequests") },
	}
	proxy(t, func(w http.ResponseWriter, r *http.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		key := r.Method + r.URL.String()
		n := seen[key]
		seen[key]++
		return n < len(answers) && answers[n](w)
	})
	plan := filepath.Join(t.TempDir(), "plan.json")
	if f := must(t, "plan", fixBucket, "--out", plan); strings.Contains(f.out, "Not known") {
		t.Errorf("a throttled read is unknown: %s", f.out)
	}
	must(t, "apply", plan, "--yes")
	if publicGrants(t, c) != 0 || strings.Contains(policyText(t, c), "PublicRead") {
		t.Error("a throttled write was given up")
	}
}

// A bucket in a Region that the account has not enabled: nothing can be read,
// and unknown is not shown as no.
func TestFixRegionOff(t *testing.T) {
	c := motoEnv(t)
	published(t, c, "policy")
	proxy(t, func(w http.ResponseWriter, r *http.Request) bool {
		return strings.HasPrefix(r.URL.Path, "/"+fixBucket) && !r.URL.Query().Has("location") && fault(w, 403, "InvalidAccessKeyId")
	})
	f := must(t, "plan", fixBucket)
	for _, want := range []string{"strangers may have access", "is the Region enabled for the account?"} {
		if !strings.Contains(f.out, want) {
			t.Errorf("does not say %q: %s", want, f.out)
		}
	}
	if strings.Contains(f.out, "Nothing to do") {
		t.Errorf("unknown is shown as no: %s", f.out)
	}
}

// Two plans for one bucket are not applied at once on one machine.
func TestFixHoldsTheBucket(t *testing.T) {
	c := motoEnv(t)
	published(t, c, "acl", "policy")
	first, second := planOf(t, fixBucket), planOf(t, fixBucket)
	var once atomic.Bool
	proxy(t, func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPut && !once.Swap(true) {
			if f := fix(t, "", "apply", second, "--yes", "--option", "block-public-access"); f.code != exitFailed || !strings.Contains(f.err, "another run changes "+fixBucket) {
				t.Errorf("the second: %+v", f)
			}
		}
		return false
	})
	must(t, "apply", first, "--yes")
	if f := fix(t, "", "apply", second, "--yes"); f.code != exitStale {
		t.Errorf("the second, later: %+v", f)
	}
}

// hangUp ends a connection without an answer.
func hangUp(w http.ResponseWriter) bool {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		_ = conn.Close()
	}
	return true
}

// An answer that is lost leaves open what became of the call: the settings are
// read again, and tell.
func TestFixLostAnswers(t *testing.T) {
	c := motoEnv(t)
	published(t, c, "acl", "policy")
	plan := planOf(t, fixBucket)
	var how atomic.Value
	how.Store("before")
	direct := os.Getenv("AWS_ENDPOINT_URL")
	proxy(t, func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPut || how.Load() == "none" {
			return false
		}
		if how.Load() == "after" { // S3 has made it when the answer gets lost
			onward, err := http.NewRequest(r.Method, direct+r.URL.String(), r.Body)
			check(t, err)
			onward.Header, onward.ContentLength = r.Header.Clone(), r.ContentLength
			resp, err := http.DefaultClient.Do(onward)
			check(t, err)
			check(t, resp.Body.Close())
		}
		return hangUp(w)
	})
	says(t, fix(t, "", "apply", plan, "--yes", "--option", "bucket-acl-grants"), exitPartly, []string{"step 1: PutBucketAcl on s3://fix-me-bucket was sent and no answer came",
		"the settings are as before it: it was not made, or not yet", "bucketlid fix apply " + plan + " --resume"}, "nothing was changed")
	if publicGrants(t, c) != 1 {
		t.Error("it was made")
	}
	how.Store("after")
	says(t, fix(t, "", "apply", plan, "--yes", "--resume"), exitDone, []string{"step 1 of 1 done", "closed  anyone may list"})
	how.Store("none")
	if journal, err := os.ReadFile(journalName(plan)); err != nil || !strings.Contains(string(journal), "its answer was lost; the settings show that it was made") {
		t.Errorf("the journal: %s", journal)
	}
	must(t, "rollback", plan, "--yes")
	if publicGrants(t, c) != 1 {
		t.Error("the rollback left something")
	}
}

// Another option may be taken where AWS refused the first one, and goes there and
// back; where it is not known what became of that it may not.
func TestFixAnotherOption(t *testing.T) {
	c := motoEnv(t)
	published(t, c, "policy")
	plan := planOf(t, fixBucket)
	proxy(t, func(w http.ResponseWriter, r *http.Request) bool {
		return r.Method == http.MethodPut && r.URL.Query().Has("policy") && fault(w, 403, "AccessDenied")
	})
	says(t, fix(t, "", "apply", plan, "--yes"), exitPermission, []string{"s3:PutBucketPolicy", "nothing was changed"})
	must(t, "apply", plan, "--yes", "--option", "block-public-access")
	must(t, "verify", plan)
	must(t, "rollback", plan, "--yes")
	says(t, fix(t, "", "apply", plan, "--yes"), exitPermission, nil)

	name := journalName(plan)
	check(t, os.Remove(name))
	text, err := os.ReadFile(plan)
	check(t, err)
	p, err := remedy.Read(text)
	check(t, err)
	check(t, os.WriteFile(name, []byte("{\"plan\":\""+p.ID+"\",\"option\":\"policy-statement\",\"event\":\"try\",\"step\":1}\n"), 0o600))
	says(t, fix(t, "", "apply", plan, "--yes", "--option", "block-public-access"), exitUsage, []string{"was begun with option policy-statement"})
}
