// SPDX-License-Identifier: Apache-2.0

package investigate

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/bucketlid/bucketlid/replay"
	"github.com/bucketlid/bucketlid/trail"
	"github.com/bucketlid/bucketlid/triage"
)

// Whatever bytes a log holds, an investigation ends, and its parts can be written.
func FuzzInvestigate(f *testing.F) {
	for _, by := range []string{"user", "session", "foreign", "behind", "center"} {
		f.Add(call{at: "10:00:00", by: by, name: "PutBucketAcl", more: publicACL}.text())
	}
	f.Add(issue("09:00:00", "session", "AssumeRole", "Deploy", "gha-7", "ASIADEPLOY0000000000").text())
	f.Add(`{"eventTime":"2026-03-02T10:00:00Z","eventName":"AssumeRole","eventSource":"sts.amazonaws.com","userIdentity":{"arn":":assumed-role/","type":"AssumedRole"},"responseElements":{"credentials":[]}}`)
	f.Add(`{"eventTime":"1990-01-01T00:00:00Z","eventName":"X","userIdentity":{"arn":"arn:x","userName":"alice"}}` + "\n" + `{"eventTime":"2200-01-01T00:00:00Z","eventName":"X","userIdentity":{"arn":"/","userName":"alice"}}`)
	f.Fuzz(func(t *testing.T, text string) {
		for _, subject := range everySubject {
			s, err := Parse(subject.kind, subject.text)
			if err != nil {
				t.Fatal(err)
			}
			c, ledger, baseline := NewCollector([]Subject{s}), replay.NewLedger(), replay.NewBaseline()
			_, _ = trail.Scan(strings.NewReader(text), trail.Options{}, func(h *trail.Header, raw []byte) error {
				baseline.Observe(h)
				ledger.Take(h, raw)
				c.Observe(h, raw)
				return nil
			}, func(trail.Skip) {})
			baseline.Settle()
			x := c.Investigate(Case{Kind: subject.kind, Subject: subject.text}, Found{ledger, baseline, triage.Rank(ledger, baseline, triage.Known{})})
			if _, err := json.Marshal([]any{x, x.Timeline, x.Answers, x.Steps}); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// hostileNames would do harm in a shell or in SQL if they were taken as they are.
var hostileNames = []string{"x'; DROP TABLE logs; --", "$(reboot)", "`reboot`", "a b", "-o", "--force", "x\x1b[31m", "%_\\", "{bucket}", "ü", "*", "~", "!!", "a\nb"}

// A proposed command is one command whose words are what was meant.
func TestCommandsAreQuoted(t *testing.T) {
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no sh here")
	}
	for _, name := range hostileNames {
		p := proposals{sources: []string{"./my logs", name}}
		p.investigate("why", User, name)
		p.aws("why", "s3api get-bucket-policy --bucket", name)
		for _, step := range p.list {
			out, err := exec.Command(shell, "-c", "printf '<%s>' "+step.Command).Output()
			if err != nil || !strings.Contains(string(out), "<"+name+">") {
				t.Errorf("%q: %s gave %q, %v", name, step.Command, out, err)
			}
			if strings.ContainsAny(step.Command, "\x1b\n") {
				t.Errorf("%q: a control character in %q", name, step.Command)
			}
		}
	}
}

// Every value in SQL is a literal: outside of literals and comments stands only
// what the table of questions holds.
func TestSQLIsQuoted(t *testing.T) {
	for _, name := range hostileNames {
		subjects := []Subject{{Kind: User, Text: name}, {Kind: User, Text: name, form: byARN}, {Kind: User, Text: name, form: byPrincipal}}
		for _, s := range subjects {
			d := &dossier{Case: Case{Kind: User}, Found: Found{Ledger: replay.NewLedger()}, c: NewCollector([]Subject{s}), listed: map[Kind][]*Entry{}}
			for i := range Questions {
				text := d.sql(&Questions[i])
				if bare := outsideLiterals(text); strings.Contains(bare, name) && len(name) > 1 || strings.Contains(bare, "{") {
					t.Errorf("%s of %q: %s", Questions[i].ID, name, bare)
				}
			}
		}
	}
}

// outsideLiterals is SQL without the contents of its literals.
func outsideLiterals(text string) string {
	var b strings.Builder
	for i, part := range strings.Split(text, "'") {
		if i%2 == 0 {
			b.WriteString(part)
		}
	}
	return b.String()
}

func TestClient(t *testing.T) {
	tests := []struct{ agent, class, name string }{
		{"aws-cli/2.17.0 md/awscrt", "command line", "aws-cli"},
		{"[aws-cli/2.17.0]", "command line", "aws-cli"},
		{"[S3Console/0.4, aws-internal/3]", "console", "S3Console"},
		{"APN/1.0 HashiCorp/1.0 Terraform/1.5.7 (+https://www.terraform.io)", "infrastructure code", "Terraform"},
		{"APN/1.0 HashiCorp/1.0 Terraform/1.1.2 stratus-red-team_39f95f43-cd2f-4beb-b69e-be60b6fe1f57", "a tool of attackers and testers", "stratus-red-team"},
		{"cloudformation.amazonaws.com", "infrastructure code", "CloudFormation"},
		{"config.amazonaws.com", "an AWS service", "config.amazonaws.com"},
		{"AWS Internal", "console or an AWS service", "AWS Internal"},
		{"Boto3/1.28.57 md/Botocore", "a program with an AWS SDK", "Boto3"},
		{"build_0f1e2d3c-1111-2222-3333-444455556666/1", "another client", "build"},
		{"", "unnamed", ""},
		{"-", "unnamed", "-"},
	}
	for _, tt := range tests {
		if class, name := Client(tt.agent), agentName(tt.agent); class != tt.class || name != tt.name {
			t.Errorf("%q: %q, %q; want %q, %q", tt.agent, class, name, tt.class, tt.name)
		}
	}
}

func TestNear(t *testing.T) {
	records := allTexts([]call{{"10:00:00", "user", "PutBucketAcl", publicACL}, {"10:01:00", "person", "ListBuckets", ""}})
	tests := []struct {
		kind Kind
		text string
		want string
	}{
		{User, "alcie", "[arn:aws:iam::111122223333:user/team/Alice]"},
		{User, "ann", "[arn:aws:sts::222233334444:assumed-role/AWSReservedSSO_Dev_0123456789abcdef/ann@example.com]"},
		{Bucket, "dta", "[data]"},
		{IP, "203.0.113.8", "[203.0.113.7]"},
		{User, "zebra", "[]"},
	}
	for _, tt := range tests {
		x := find(t, tt.kind, tt.text, records)
		if got := fmt.Sprint(x.Near); got != tt.want || len(x.Matched) > 0 || len(x.Answers) > 0 {
			t.Errorf("%s %q: %s, want %s", tt.kind, tt.text, got, tt.want)
		}
	}
}
