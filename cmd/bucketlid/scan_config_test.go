// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bucketlid/bucketlid/account"
)

func scanned(t *testing.T, want int, args ...string) (out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	if code := run(append([]string{"scan"}, args...), strings.NewReader(""), &o, &e); code != want {
		t.Fatalf("exit %d\n%s%s", code, o.String(), e.String())
	}
	return o.String(), e.String()
}

// AWS Config's word beside ours: where they differ, with what its history tells.
// moto says nothing of compliance, so that an answer of our own stands in.
func TestScanConfig(t *testing.T) {
	c := motoEnv(t)
	published(t, c, "policy")
	recording(t)
	plan := filepath.Join(t.TempDir(), "guard.json")
	guardMust(t, "plan", "--measure", "config-rules", "--out", plan)
	guardMust(t, "apply", plan)
	complies(t, evaluated("fix-me-bucket", "COMPLIANT")+","+evaluated("config-delivery", "COMPLIANT")+","+evaluated("no-bucket", "NON_COMPLIANT"))
	out, errs := scanned(t, exitDone, "--config", "-o", "jsonl")
	const head = "AWS Config and bucketlid: agreed 3, disagreed 1, not known to one of them 0, buckets not evaluated by AWS Config 0"
	if !strings.Contains(errs, head+"\n") {
		t.Errorf("no %q in\n%s", head, errs)
	}
	for _, format := range []string{"table", "md", "html"} {
		text, _ := scanned(t, exitDone, "--config", "-o", format)
		plain := strings.Join(strings.Fields(strings.NewReplacer("\\", "", "&#39;", "'").Replace(text)), " ")
		for _, want := range []string{head,
			"fix-me-bucket: AWS Config says COMPLIANT by bucketlid-s3-public-read; bucketlid: open: anyone read by bucket-policy", "AWS Config's newest state is of"} {
			if !strings.Contains(plain, want) {
				t.Errorf("%s: no %q in\n%s", format, want, text)
			}
		}
	}
	if !strings.Contains(out, `"aws_config":{"agree":3,"disagree":[{"account":"123456789012"`) || !strings.Contains(out, "AWS Config says COMPLIANT by its rule bucketlid-s3-public-read, evaluated at") {
		t.Errorf("%s", out)
	}
}

// What AWS Config does not say is unknown.
func TestScanConfigDenied(t *testing.T) {
	c := motoEnv(t)
	published(t, c, "policy")
	proxy(t, func(w http.ResponseWriter, r *http.Request) bool {
		if target(r) != "DescribeConfigRules" {
			return false
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"__type":"AccessDeniedException","Message":"no"}`))
		return true
	})
	out, errs := scanned(t, exitIncomplete, "--config", "--strict", "-o", "jsonl")
	for _, want := range []string{"what AWS Config says stays unknown, the permission config:DescribeConfigRules is missing",
		`"not_evaluated":[],"unread":[{"account":"123456789012","region":"us-east-1","what":"what AWS Config says","why":"the permission config:DescribeConfigRules is missing","buckets":["fix-me-bucket"]}]`} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	for _, want := range []string{"buckets not evaluated by AWS Config 0, not known whether evaluated 1\n", "buckets of which it is not known whether they were evaluated: 1\n"} {
		if !strings.Contains(errs, want) {
			t.Errorf("no %q in\n%s", want, errs)
		}
	}
	if out, _ := scanned(t, exitDone, "--config", "--print-iam-policy"); !strings.Contains(out, "config:GetComplianceDetailsByConfigRule") {
		t.Errorf("%s", out)
	}
}

func TestRecordedWords(t *testing.T) {
	day := func(n int) account.Recorded {
		return account.Recorded{At: time.Date(2026, 6, n, 12, 0, 0, 0, time.UTC), Policy: "p", ACL: "a"}
	}
	other := day(1)
	other.Policy = "q"
	present := account.Setting{Status: account.Present}
	for _, c := range []struct {
		states []account.Recorded
		s      account.Setting
		want   string
	}{
		{nil, account.Setting{Status: account.Absent}, "has recorded no state"},
		{nil, account.Setting{Status: account.Denied, Problem: "the permission is missing"}, "is unknown: the permission is missing"},
		{[]account.Recorded{day(3), day(2), other}, present, "newest state is of 2026-06-03T12:00:00Z; policy, ACL and Block Public Access are the same in its history since 2026-06-02T12:00:00Z (3 states read)"},
	} {
		if got := recordedWords(c.states, c.s); !strings.Contains(got, c.want) {
			t.Errorf("%q, not %q", got, c.want)
		}
	}
}
