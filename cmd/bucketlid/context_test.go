// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/bucketlid/bucketlid/internal/gentrail"
	"github.com/bucketlid/bucketlid/triage"
)

// command runs a subcommand of the program in this process.
func command(t *testing.T, make func() *cobra.Command, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	root := newRoot()
	sub := make()
	if !slices.ContainsFunc(root.Commands(), func(c *cobra.Command) bool { return c.Name() == sub.Name() }) {
		root.AddCommand(sub)
	}
	var out, errs bytes.Buffer
	root.SetArgs(append([]string{sub.Name()}, args...))
	root.SetIn(strings.NewReader(""))
	root.SetOut(&out)
	root.SetErr(&errs)
	err := root.ExecuteContext(t.Context())
	if err != nil {
		printError(&errs, err)
	}
	return out.String(), errs.String(), exitCode(t.Context(), err)
}

// uncommented takes every suggestion of a draft in.
func uncommented(draft string) string {
	lines := strings.Split(draft, "\n")
	for i, line := range lines {
		if rest, ok := strings.CutPrefix(line, "#  "); ok {
			lines[i] = "  " + rest
		}
	}
	return strings.Join(lines, "\n")
}

// A draft is a good file as it stands, and with all its suggestions taken in.
// As it stands it silences nothing.
func TestDraftIsGood(t *testing.T) {
	logs := filepath.Join(t.TempDir(), "logs")
	if err := os.Mkdir(logs, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := gentrail.Company(logs); err != nil {
		t.Fatal(err)
	}
	draft, stderr, code := command(t, newContext, "init", logs, "--no-progress")
	if code != exitDone {
		t.Fatal(stderr)
	}
	c, err := triage.ReadContext("draft", []byte(draft))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range c.Principals {
		if p.ChangesS3 != triage.Cannot || p.Role != "" {
			t.Errorf("principal %s is vouched for", p.Match)
		}
	}
	for _, b := range c.Buckets {
		if b.Public != triage.PublicUnsaid {
			t.Errorf("bucket %s is decided", b.Match)
		}
	}
	if len(c.Networks)+len(c.Trusted)+len(c.Harmless) > 0 || len(c.Principals) == 0 || len(c.Buckets) == 0 || len(c.Organizations[0].Accounts) == 0 {
		t.Errorf("the draft holds %d networks, %d trusted accounts, %d principals, %d buckets", len(c.Networks), len(c.Trusted), len(c.Principals), len(c.Buckets))
	}
	whole, err := triage.ReadContext("draft", []byte(uncommented(draft)))
	if err != nil {
		t.Fatal(err)
	}
	if len(whole.Networks) == 0 || len(whole.Trusted) == 0 || whole.Principals[0].ChangesS3 != triage.Yes {
		t.Error("the suggestions say nothing")
	}
	again, _, _ := command(t, newContext, "init", logs, "--no-progress", "--workers", "7")
	if again != draft {
		t.Error("another number of workers gives another draft")
	}
}

// Names in logs are chosen by strangers: none of them gets out of its quotes
// or its comment, nor becomes a pattern that matches more than itself.
func TestDraftOfHostileLogs(t *testing.T) {
	logs := t.TempDir()
	var records []string
	for i, name := range []string{"*", "a\nbuckets:\n  - match: \"**", "x\"]\n#  - y", "\u202eevil", "\x1b[31mred", "ok", "ok2", strings.Repeat("n", 5000)} {
		arn, _ := json.Marshal("arn:aws:iam::111122223333:user/" + name)
		bucket, _ := json.Marshal("log-" + name)
		for n := range 12 {
			records = append(records, fmt.Sprintf(`{"eventVersion":"1.11","userIdentity":{"type":"IAMUser","arn":%s,"accountId":"111122223333","userName":"u"},"eventTime":"2026-03-%02dT10:00:00Z","eventSource":"s3.amazonaws.com","eventName":"PutBucketAcl","awsRegion":"eu-west-1","sourceIPAddress":"203.0.113.7","userAgent":"x","requestParameters":{"bucketName":%s,"x-amz-acl":"public-read"},"responseElements":null,"eventID":"0c3a1f7e-0000-4000-8000-1000000%02d%03d","eventType":"AwsApiCall","recipientAccountId":"111122223333"}`, arn, n+1, bucket, i, n))
		}
	}
	text := `{"Records":[` + strings.Join(records, ",") + `]}`
	if err := os.WriteFile(filepath.Join(logs, "a.json"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	draft, stderr, code := command(t, newContext, "init", logs, "--no-progress")
	if code != exitDone {
		t.Fatal(stderr)
	}
	c, err := triage.ReadContext("draft", []byte(uncommented(draft)))
	if err != nil {
		t.Fatalf("%v\n%s", err, draft)
	}
	if len(c.Principals) != 2 || c.Principals[0].Match != "arn:aws:iam::111122223333:user/ok" || len(c.Buckets) != 2 || c.Buckets[0].Match != "log-ok" || len(c.Networks) != 1 {
		t.Errorf("%+v %+v %+v", c.Principals, c.Buckets, c.Networks)
	}
	for _, r := range draft {
		if r < ' ' && r != '\n' || r > '~' {
			t.Errorf("the draft holds %q", r)
		}
	}
	if !strings.Contains(draft, "6 principals left out") {
		t.Error("what is left out is not told")
	}
}

// seenAt is one call of a caller on each of the first days of March.
func seenAt(account, arn, address, name, failed string, days int) []string {
	var out []string
	for day := range days {
		for n := range 6 {
			out = append(out, fmt.Sprintf(`{"eventVersion":"1.11","userIdentity":{"type":"IAMUser","arn":"%[2]s","accountId":"%[1]s","userName":"u"},"eventTime":"2026-03-%02[6]dT10:0%[7]d:00Z","eventSource":"s3.amazonaws.com","eventName":"%[4]s",`+
				`"awsRegion":"eu-west-1","sourceIPAddress":"%[3]s","userAgent":"x",%[5]s"requestParameters":null,"responseElements":null,"eventID":"0c3a1f7e-%[1]s-%[3]s-%[2]s-%[6]d%[7]d","eventType":"AwsApiCall","recipientAccountId":"%[1]s"}`,
				account, arn, address, name, failed, day+1, n))
		}
	}
	return out
}

// Accounts that nothing in the logs puts together stay apart, and so do their
// networks. An address is no network of theirs where one principal alone, on a
// day, or none with success, was seen.
func TestDraftKeepsApart(t *testing.T) {
	a, b, c, d := "111122223333", "444455556666", "777788889999", "222233334444"
	user := func(account, name string) string { return "arn:aws:iam::" + account + ":user/" + name }
	sso := func(account, name string) string {
		return "arn:aws:sts::" + account + ":assumed-role/AWSReservedSSO_Admin_0a1b2c3d4e5f6789/" + name
	}
	denied := `"errorCode":"AccessDenied",`
	logs := map[string][]string{
		"AWSLogs/" + a: slices.Concat(seenAt(a, user(a, "ann"), "203.0.113.7", "ListBuckets", "", 4), seenAt(a, user(a, "bob"), "203.0.113.7", "ListBuckets", "", 4),
			seenAt(a, user(a, "ann"), "198.51.100.1", "ListBuckets", denied, 4), seenAt(a, user(a, "bob"), "198.51.100.1", "ListBuckets", denied, 4),
			seenAt(a, user(a, "ann"), "192.0.2.1", "ListBuckets", "", 4), seenAt(a, user(a, "ann"), "192.0.2.200", "ListBuckets", "", 1)),
		"AWSLogs/" + b:                          slices.Concat(seenAt(b, user(b, "zoe"), "8.8.8.8", "ListBuckets", "", 2), seenAt(b, user(b, "yan"), "8.8.8.8", "ListBuckets", "", 2), seenAt(b, sso(b, "ines@globex.example"), "9.9.9.9", "ListBuckets", "", 1)),
		"AWSLogs/" + c:                          seenAt(c, sso(c, "ines@globex.example"), "9.9.9.9", "ListBuckets", "", 1),
		"AWSLogs/o-exampleorgid/" + d:           seenAt(d, user(d, "eve"), "9.9.9.10", "ListBuckets", "", 1),
		"AWSLogs/o-exampleorgid/555566667777":   seenAt("555566667777", user("555566667777", "eve"), "9.9.9.10", "ListBuckets", "", 1),
		"AWSLogs/o-anotherorgid/666677778888":   seenAt("666677778888", sso("666677778888", "admin"), "9.9.9.10", "ListBuckets", "", 1),
		"AWSLogs/o-anotherorgid/not-an-account": nil,
	}
	dir := t.TempDir()
	for path, records := range logs {
		path = filepath.Join(dir, path, "CloudTrail")
		if err := os.MkdirAll(path, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(path, "one.json"), []byte(`{"Records":[`+strings.Join(records, ",")+`]}`), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, stderr, code := command(t, newContext, "init", dir, "--no-progress")
	if code != exitDone {
		t.Fatal(stderr)
	}
	for _, want := range []string{
		"  - name: Organization 1  # check: its name\n    accounts:\n      - id: \"111122223333\"",
		"  # together, since the trail of the organization o-exampleorgid logs them\n  - name: Organization 2  # check: its name\n    accounts:\n      - id: \"222233334444\"",
		"  # together, since IAM Identity Center signs ines@globex.example in to several\n  - name: Organization 3  # check: its name\n    accounts:\n      - id: \"444455556666\"",
		"  # 4 networks left out", "# 48 calls, successful on 4 days by 2 principals",
		"#    organization: Organization 1\n#    cidrs: [\"203.0.113.7/32\"]",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the draft lacks %q", want)
		}
	}
	whole, err := triage.ReadContext("draft", []byte(uncommented(text)))
	if err != nil {
		t.Fatal(err)
	}
	if len(whole.Networks) != 1 || len(whole.Organizations) != 4 || t.Failed() {
		t.Errorf("%d networks, %d organizations\n%s", len(whole.Networks), len(whole.Organizations), text)
	}
}

func TestContextCommands(t *testing.T) {
	dir := t.TempDir()
	good, bad := filepath.Join(dir, "good.yaml"), filepath.Join(dir, "bad.yaml")
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "context.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(page), "```yaml\n")
	text, _, _ = strings.Cut(text, "```")
	for path, content := range map[string]string{good: text, bad: "network:\nbuckets:\n  - match: acme\n    public: expected\n    until: 2020-01-01\n  - owner: \"\x1b[31m\"\n"} {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		args           []string
		code           int
		stdout, stderr string
	}{
		{[]string{"check", good}, exitDone, "organization Acme: 2 accounts\n  111122223333 acme-prod", ""},
		{[]string{"check", good}, exitDone, "network Berlin office (office of Acme): 203.0.113.0/24, 2001:db8:10::/48", ""},
		{[]string{"check", good}, exitDone, "bucket www.acme.example: public; web@acme.example; public expected, until 2027-06-30; the company's website", ""},
		{[]string{"check", good}, exitDone, "usual hours: mon tue wed thu fri, 07:00 to 19:00, Europe/Berlin", ""},
		{[]string{"check", bad}, exitUsage, "", `bad.yaml:1:1: the file has no key "network"; did you mean "networks"?`},
		{[]string{"check", bad}, exitUsage, "", `owner is "\x1b[31m"; write a name`},
		{[]string{"check", bad}, exitUsage, "", "bad.yaml: 3 problems"},
		{[]string{"check", filepath.Join(dir, "none.yaml")}, exitUsage, "", "bucketlid context init --out"},
		{[]string{"check", dir}, exitUsage, "", "is no regular file"},
		{[]string{"check"}, exitUsage, "", "context check needs one FILE"},
		{[]string{"chekc"}, exitUsage, "", "there is no command context chekc"},
		{[]string{"init", "nowhere"}, exitUsage, "", "nowhere"},
		{[]string{"init", "--out", good}, exitUsage, "", "give --force to overwrite it"},
		{[]string{"init", "--from", "soon"}, exitUsage, "", `"soon" is not a time`},
		{[]string{"init"}, exitDone, "organizations:\n#  - name: My organization", ""},
		{[]string{"init", "--out", filepath.Join(dir, "new.yaml")}, exitDone, "", "new.yaml is a draft: edit it"},
		{[]string{"check", filepath.Join(dir, "new.yaml")}, exitDone, "new.yaml is empty.\n", "the file says nothing; fill it in"},
		{[]string{"schema"}, exitDone, `"$schema": "https://json-schema.org/draft/2020-12/schema"`, ""},
	} {
		stdout, stderr, code := command(t, newContext, tt.args...)
		if code != tt.code || !strings.Contains(stdout, tt.stdout) || !strings.Contains(stderr, tt.stderr) {
			t.Errorf("context %v: exit %d, want %d\nstdout %s\nstderr %s", tt.args, code, tt.code, stdout, stderr)
		}
	}
}

func TestLoadContext(t *testing.T) {
	if c, err := loadContext(""); c != nil || err != nil {
		t.Error(c, err)
	}
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(bad, []byte("x: 1\ny: 2\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := loadContext(bad); err == nil || !strings.Contains(err.Error(), `has no key "x"`) || !strings.Contains(err.Error(), "(2 problems)") {
		t.Error(err)
	}
}
