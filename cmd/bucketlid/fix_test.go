// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// The whole way: plan, apply, verify, rollback, each opening where it is. Objects
// go this way against radosgw: moto keeps an object's ACL once it was narrowed.
func TestFixWholeWay(t *testing.T) {
	c := motoEnv(t)
	published(t, c, "acl", "policy", "website")
	plan := filepath.Join(t.TempDir(), "plan.json")
	shown := must(t, "plan", fixBucket, "--out", plan)
	for _, want := range []string{"* each-opening", "removes statement 0 (PublicRead)", "visitors of the bucket's website", "aws s3api put-bucket-acl"} {
		if !strings.Contains(shown.out, want) {
			t.Errorf("the plan does not say %q:\n%s", want, shown.out)
		}
	}
	if f := fix(t, "another-name\n", "apply", plan); f.code != exitUsage || publicGrants(t, c) != 1 {
		t.Fatalf("applied for a wrong name: %+v", f)
	}
	if f := fix(t, fixBucket+"\n", "apply", plan); f.code != exitDone || strings.Contains(f.out, "OPEN") {
		t.Fatalf("apply: %+v", f)
	}
	if got := policyText(t, c); strings.Contains(got, "PublicRead") || !strings.Contains(got, `{"Sid":"DenyHTTP","Effect":"Deny","Principal":"*","Action":"s3:DeleteObject"`) {
		t.Errorf("policy after: %s", got)
	}
	if publicGrants(t, c) != 0 {
		t.Error("the ACL is public after")
	}
	must(t, "verify", plan)
	if f := fix(t, "", "apply", plan, "--yes"); f.code != exitUsage || !strings.Contains(f.err, "applied already") {
		t.Errorf("applied twice: %+v", f)
	}
	back := must(t, "rollback", plan, "--yes")
	if policyText(t, c) != mixed || publicGrants(t, c) != 1 || !strings.Contains(back.err, "open again: anyone may list") || !strings.Contains(back.out, "OPEN    anyone may list fix-me-bucket") {
		t.Errorf("rollback: %+v, policy %s", back, policyText(t, c))
	}
	if f := fix(t, "", "verify", plan); f.code != exitFailed || !strings.Contains(f.out, "OPEN") {
		t.Errorf("verify after the rollback: %+v", f)
	}
}

// Every option that closes everything goes there and back.
func TestFixEachOption(t *testing.T) {
	c := motoEnv(t)
	published(t, c, "policy")
	for _, option := range []string{"policy-statement", "restrict-public-buckets", "block-public-access", "account-block-public-access"} {
		plan := filepath.Join(t.TempDir(), "plan.json")
		must(t, "plan", fixBucket, "--out", plan)
		must(t, "apply", plan, "--yes", "--option", option)
		must(t, "verify", plan)
		must(t, "rollback", plan, "--yes")
		if policyText(t, c) != mixed {
			t.Errorf("%s: the policy did not come back", option)
		}
	}
}

// A plan for another state is stale, before anything is done and between steps.
func TestFixStale(t *testing.T) {
	c := motoEnv(t)
	published(t, c, "acl", "policy")
	plan := planOf(t, fixBucket)
	changed := strings.Replace(mixed, "fix-me-bucket/*\"},", "fix-me-bucket/other/*\"},", 1)
	_, err := c.PutBucketPolicy(context.Background(), &s3.PutBucketPolicyInput{Bucket: aws.String(fixBucket), Policy: &changed})
	check(t, err)
	f := fix(t, "", "apply", plan, "--yes")
	if f.code != exitStale || !strings.Contains(f.err, "the bucket policy changed") || publicGrants(t, c) != 1 {
		t.Errorf("%+v", f)
	}
	_, err = c.DeleteBucketPolicy(context.Background(), &s3.DeleteBucketPolicyInput{Bucket: aws.String(fixBucket)})
	check(t, err)
	_, err = c.DeleteBucket(context.Background(), &s3.DeleteBucketInput{Bucket: aws.String(fixBucket)})
	check(t, err)
	if f := fix(t, "", "apply", plan, "--yes"); f.code != exitStale || !strings.Contains(f.err, "the bucket") {
		t.Errorf("a deleted bucket: %+v", f)
	}
	if f := fix(t, "", "plan", fixBucket); f.code != exitUsage || !strings.Contains(f.err, "there is no bucket") {
		t.Errorf("a plan for a deleted bucket: %+v", f)
	}
}

// A second step that fails leaves a journal, from which the work goes on. Every
// write names the owner, and carries the plan in its user agent.
func TestFixStopsAndResumes(t *testing.T) {
	c := motoEnv(t)
	published(t, c, "acl", "policy")
	plan := planOf(t, fixBucket)
	var refuse atomic.Bool
	refuse.Store(true)
	proxy(t, func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPut {
			return false
		}
		if r.Header.Get("X-Amz-Expected-Bucket-Owner") != motoID || !strings.Contains(r.UserAgent(), "bucketlid/fix-") {
			t.Errorf("%s %s: owner %q, agent %q", r.Method, r.URL, r.Header.Get("X-Amz-Expected-Bucket-Owner"), r.UserAgent())
		}
		return refuse.Load() && r.URL.Query().Has("policy") && fault(w, 403, "AccessDenied")
	})
	f := fix(t, "", "apply", plan, "--yes")
	if f.code != exitPartly || !strings.Contains(f.err, "s3:PutBucketPolicy") || !strings.Contains(f.err, "--resume") {
		t.Fatalf("%+v", f)
	}
	if f := fix(t, "", "apply", plan, "--yes"); f.code != exitUsage || !strings.Contains(f.err, "cut off after 1 of 2") {
		t.Fatalf("not told: %+v", f)
	}
	if f := fix(t, "", "plan", fixBucket, "--out", plan, "--force"); f.code != exitUsage {
		t.Errorf("a plan with a journal was replaced: %+v", f)
	}
	refuse.Store(false)
	must(t, "apply", plan, "--yes", "--resume")
	must(t, "verify", plan)
	must(t, "rollback", plan, "--yes")
	if policyText(t, c) != mixed || publicGrants(t, c) != 1 {
		t.Error("the rollback of a resumed plan left something")
	}
}

// A plan that stopped after one step can be taken back.
func TestFixRollbackOfPart(t *testing.T) {
	c := motoEnv(t)
	published(t, c, "acl", "policy")
	plan := planOf(t, fixBucket)
	proxy(t, func(w http.ResponseWriter, r *http.Request) bool {
		return r.Method == http.MethodPut && r.URL.Query().Has("policy") && fault(w, 403, "AccessDenied")
	})
	if f := fix(t, "", "apply", plan, "--yes"); f.code != exitPartly {
		t.Fatalf("%+v", f)
	}
	must(t, "rollback", plan, "--yes")
	if publicGrants(t, c) != 1 {
		t.Error("the grant did not come back")
	}
}

// A process that is killed on its second step has lost nothing: the journal
// tells, the next run asks for --resume and ends the work.
func TestFixKilled(t *testing.T) {
	c := motoEnv(t)
	published(t, c, "acl", "policy")
	plan := planOf(t, fixBucket)
	reached, release := make(chan struct{}, 8), make(chan struct{})
	var held atomic.Bool
	held.Store(true)
	proxy(t, func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPut && r.URL.Query().Has("policy") && held.Load() {
			reached <- struct{}{}
			<-release
		}
		return false // it is made all the same: the answer is what gets lost
	})
	process := exec.Command("bucketlid", "fix", "apply", plan, "--yes")
	check(t, process.Start())
	<-reached
	check(t, process.Process.Kill())
	_ = process.Wait()
	held.Store(false)
	close(release)
	if f := fix(t, "", "apply", plan, "--yes"); f.code != exitUsage || !strings.Contains(f.err, "cut off after 1 of 2") {
		t.Fatalf("%+v", f)
	}
	must(t, "apply", plan, "--yes", "--resume")
	must(t, "verify", plan)
	must(t, "rollback", plan, "--yes")
	if policyText(t, c) != mixed || publicGrants(t, c) != 1 {
		t.Error("the rollback left something")
	}
}

// S3 refuses a write while another one of the bucket is under way: it is sent again.
func TestFixRetriesConflicts(t *testing.T) {
	c := motoEnv(t)
	published(t, c, "policy")
	plan := planOf(t, fixBucket)
	var conflicts atomic.Int32
	proxy(t, func(w http.ResponseWriter, r *http.Request) bool {
		return r.Method == http.MethodPut && conflicts.Add(1) <= 2 && fault(w, 409, "OperationAborted")
	})
	must(t, "apply", plan, "--yes")
	if conflicts.Load() != 3 || strings.Contains(policyText(t, c), "PublicRead") {
		t.Errorf("%d tries", conflicts.Load())
	}
}

// Two people with a plan of their own: the second finds another state, whether
// he comes after or between the steps.
func TestFixTwoPeople(t *testing.T) {
	c := motoEnv(t)
	published(t, c, "acl", "policy")
	first, second := planOf(t, fixBucket), planOf(t, fixBucket)
	var once atomic.Bool
	proxy(t, func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPut && r.URL.Query().Has("acl") && !once.Swap(true) {
			t.Setenv("XDG_CACHE_HOME", t.TempDir()) // somebody on another machine, while the first is on its first step
			must(t, "apply", second, "--yes", "--option", "block-public-access")
		}
		return false
	})
	if f := fix(t, "", "apply", first, "--yes"); f.code != exitPartly || !strings.Contains(f.err, "stale") {
		t.Errorf("%+v", f)
	}
	if policyText(t, c) != mixed {
		t.Error("a stale step was made")
	}
}

// One plan at a time on one machine.
func TestFixLocksThePlan(t *testing.T) {
	c := motoEnv(t)
	published(t, c, "policy")
	plan := planOf(t, fixBucket)
	release, ok, err := lockFile(journalName(plan))
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	if f := fix(t, "", "apply", plan, "--yes"); f.code != exitFailed || !strings.Contains(f.err, "in use") {
		t.Errorf("%+v", f)
	}
	release()
	must(t, "apply", plan, "--yes")
}

// A process that ends while a line of the journal is half written loses nothing
// that it acknowledged.
func TestJournalCutOff(t *testing.T) {
	name := filepath.Join(t.TempDir(), "j")
	check(t, os.WriteFile(name, []byte("\n{\"plan\":\"p\",\"option\":\"o\",\"event\":\"try\",\"step\":1}\n\n{\"plan\":\"p\",\"opt"), 0o600))
	entries, err := readJournal(name, "p")
	if err != nil || len(entries) != 1 || entries[0].Event != "try" {
		t.Fatalf("%v %v", entries, err)
	}
	if _, err := readJournal(name, "q"); err == nil {
		t.Error("the journal of another plan was taken")
	}
	check(t, os.WriteFile(name, []byte("{\"plan\":\"p\",\"event\":\"begin\"}\n\x00\x00damaged\n"), 0o600))
	if _, err := readJournal(name, "p"); err == nil || !strings.Contains(err.Error(), "line 2 is no entry of a journal") {
		t.Errorf("a damaged journal: %v", err)
	}
}

// An edited plan is not applied, and neither is one whose policy locks out.
func TestFixRefusesEditedPlans(t *testing.T) {
	c := motoEnv(t)
	published(t, c, "policy")
	dir := t.TempDir()
	plan := filepath.Join(dir, "plan.json")
	must(t, "plan", fixBucket, "--out", plan)
	text, err := os.ReadFile(plan)
	check(t, err)
	for name, edit := range map[string][2]string{
		"the calls":       {`"operation": "PutBucketPolicy"`, `"operation": "PutBucketAcl"`},
		"the saved state": {`fix-me-bucket/*`, `fix-me-bucket/x/*`},
		"the proof":       {`"closes_all": true`, `"closes_all": false`},
	} {
		edited := strings.Replace(string(text), edit[0], edit[1], 1)
		if edited == string(text) {
			t.Fatalf("%s: nothing to edit", name)
		}
		file := filepath.Join(dir, "edited.json")
		check(t, os.WriteFile(file, []byte(edited), 0o600))
		if f := fix(t, "", "apply", file, "--yes"); f.code != exitUsage {
			t.Errorf("%s: %+v", name, f)
		}
	}
	if policyText(t, c) != mixed {
		t.Error("an edited plan changed the policy")
	}
}

// hunted is what hunt would have written of two alerts: a policy of the bucket
// and an object whose key drives a terminal.
const hunted = `{"config":{"schema":"bucketlid/1","version":"dev","command":"hunt","sources":["x"]}}
{"alert":{"id":"a-0123456789ab","kind":"public","severity":"high","bucket":"fix-me-bucket","account":"123456789012","region":"us-east-1","route":"bucket-policy","state":"open","opened_by":{"userAgent":"APN/1.0 HashiCorp/1.0 Terraform/1.9.0"},"flags":[],"access_seen":{"verdict":"confirmed","requests":7,"strangers":[{"sourceIPAddress":"198.51.100.7","account":"anonymous","requests":7}]}}}
{"alert":{"id":"a-0123456789ac","kind":"public","severity":"high","bucket":"fix-me-bucket","account":"123456789012","region":"us-east-1","key":"\u202ered","route":"object-acl","state":"open","flags":[],"access_seen":{"verdict":"cannot-be-known","why":"no data events"}}}
{"alert":{"id":"a-0123456789ad","kind":"shared","severity":"low","bucket":"other","account":"123456789012","route":"bucket-policy","state":"open","flags":[],"access_seen":{"verdict":"none-seen"}}}
{"summary":{}}
`

func TestFixPlanFromAlerts(t *testing.T) {
	c := motoEnv(t)
	published(t, c)
	ctx, name := context.Background(), aws.String(fixBucket)
	_, err := c.PutObject(ctx, &s3.PutObjectInput{Bucket: name, Key: aws.String("\u202ered"), ACL: types.ObjectCannedACLPublicRead, Body: strings.NewReader("x")})
	check(t, err)
	_, err = c.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: name, Policy: aws.String(mixed)})
	check(t, err)
	dir := t.TempDir()
	file, plan := filepath.Join(dir, "hunt.jsonl"), filepath.Join(dir, "plan.json")
	check(t, os.WriteFile(file, []byte(hunted), 0o600))
	byFile := must(t, "plan", file, "--out", plan)
	for _, want := range []string{"PutObjectAcl: drops READ to AllUsers", "Terraform: its next deployment", "198.51.100.7 (anonymous), 7 requests", "strangers use it: 7 requests", `$'\xe2\x80\xaered'`} {
		if !strings.Contains(byFile.out, want) {
			t.Errorf("no %q in\n%s", want, byFile.out)
		}
	}
	if strings.ContainsRune(byFile.out, '\u202e') {
		t.Error("a key drives the terminal")
	}
	says(t, fix(t, "", "plan", "a-0123456789ab", "--alerts", file), exitDone, []string{"* policy-statement", "Not looked at: 1 object of other alerts about the bucket"}, "PutObjectAcl", "each-opening")
	says(t, fix(t, "", "plan", file, "--alert", "a-0123456789ac"), exitDone, []string{"PutObjectAcl: drops READ to AllUsers"}, "of other alerts")
	for _, c := range []struct {
		want string
		args []string
	}{
		{"--alerts is missing", []string{"plan", "a-0123456789ab"}},
		{"has no alert a-000000000000", []string{"plan", "a-000000000000", "--alerts", file}},
		{"does not tell which account", []string{"plan", file, "--alert", "a-0123456789ad"}},
		{"is none of them", []string{"plan", "no/such/file"}},
		{"exists", []string{"plan", fixBucket, "--out", plan}},
		{"not a plan", []string{"apply", file}},
		{"needs one PLAN", []string{"verify"}},
	} {
		if f := fix(t, "", c.args...); f.code != exitUsage || !strings.Contains(f.err, c.want) {
			t.Errorf("%v: %+v", c.args, f)
		}
	}
	must(t, "apply", plan, "--yes")
	if f := must(t, "plan", fixBucket, "--object", "\u202ered"); !strings.Contains(f.out, "Nothing open is known, and not everything was looked at") {
		t.Errorf("%+v", f)
	}
}
