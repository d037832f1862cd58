// SPDX-License-Identifier: Apache-2.0

package report

import (
	"os"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/policy"
	"github.com/bucketlid/bucketlid/triage"
)

func instant(s string) *time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return &t
}

func TestWhat(t *testing.T) {
	read := []policy.Access{policy.Read}
	tests := []struct {
		a    triage.Alert
		want string
	}{
		{triage.Alert{Kind: triage.KindPublic, Route: "bucket-acl", URI: "http://acs.amazonaws.com/groups/global/AllUsers", Permission: "READ"}, "AllUsers READ via bucket-acl"},
		{triage.Alert{Kind: triage.KindPublic, Route: "bucket-policy", URI: "*", Permission: "s3:GetObject", Audience: policy.Anyone, Access: read}, "everyone read via bucket-policy"},
		{triage.Alert{Kind: triage.KindPublic, Route: "access-point-policy", Audience: policy.AnyAWSAccount, Access: read, Bucket: "b", AccessPoint: "ap"}, "any AWS account read via access-point-policy (ap)"},
		{triage.Alert{Kind: triage.KindShared, Route: "bucket-policy", Audience: policy.Account, Principals: []string{"1"}, Access: read}, "account 1 read via bucket-policy"},
		{triage.Alert{Kind: triage.KindShared, Route: "bucket-policy", Audience: policy.Account, Principals: []string{"1", "2", "3"}, Access: read}, "3 accounts read via bucket-policy"},
		{triage.Alert{Kind: triage.KindAttempt, Route: "bucket-policy", Audience: policy.Anyone, Access: read}, "tried: everyone read via bucket-policy"},
		{triage.Alert{Kind: triage.KindAttempt, Audience: policy.None, Permission: "DeleteBucketPublicAccessBlock"}, "tried: DeleteBucketPublicAccessBlock"},
		{triage.Alert{Kind: triage.KindGuardRemoved, Route: "block-public-access", Permission: "IgnorePublicAcls"}, "block-public-access off: IgnorePublicAcls"},
		{triage.Alert{Kind: triage.KindGuardRemoved, Route: "block-public-access", Permission: "a, b, c, d"}, "block-public-access off: all four flags"},
		{triage.Alert{}, "somebody unknown access"},
	}
	for _, tt := range tests {
		if got := what(&tt.a); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

func TestStateAndTimes(t *testing.T) {
	opened, soon, later := instant("2026-08-03T12:23:24Z"), instant("2026-08-03T12:28:24Z"), instant("2026-08-04T01:00:00Z")
	tests := []struct {
		a                           triage.Alert
		state, brief, since, lasted string
	}{
		{triage.Alert{Kind: triage.KindPublic, State: exposure.Open, Certainty: exposure.Assumed, OpenedAt: opened},
			"open (assumed)", "open (assumed)", "2026-08-03 12:23:24Z", "still open"},
		{triage.Alert{Kind: triage.KindPublic, State: exposure.Closed, Certainty: exposure.Proven, OpenedAt: opened, ClosedAt: soon},
			"closed 12:28:24Z", "closed 12:28Z", "2026-08-03 12:23:24Z", "5m"},
		{triage.Alert{Kind: triage.KindPublic, State: exposure.Closed, OpenedAt: opened, ClosedAt: later},
			"closed 2026-08-04 01:00:00Z", "closed 08-04", "2026-08-03 12:23:24Z", "12h 36m"},
		{triage.Alert{Kind: triage.KindPublic, State: exposure.Closed, OpenedAt: soon, ClosedAt: opened},
			"closed 12:23:24Z", "closed 12:23Z", "2026-08-03 12:28:24Z", notKnown},
		{triage.Alert{Kind: triage.KindPublic, State: exposure.Blocked, BlockedBy: []string{"IgnorePublicAcls"}, OpenedAt: opened, ClosedAt: soon},
			"blocked by IgnorePublicAcls", "blocked", "2026-08-03 12:23:24Z", "5m"},
		{triage.Alert{Kind: triage.KindLatent, State: exposure.Blocked, Certainty: exposure.Inferred, BlockedBy: []string{"A", "B"}, Bounds: &exposure.Bounds{OpenedLatest: opened}},
			"blocked by A, B (inferred)", "blocked (inferred)", "by 2026-08-03 12:23:24Z", "never open"},
		{triage.Alert{Kind: triage.KindAttempt, State: exposure.Blocked, BlockedBy: []string{"BlockPublicPolicy"}, OpenedBy: &exposure.Actor{EventTime: opened}},
			"refused by BlockPublicPolicy", "refused", "2026-08-03 12:23:24Z", "never open"},
		{triage.Alert{Kind: triage.KindAttempt, State: exposure.Closed}, "refused", "refused", notKnown, "never open"},
		{triage.Alert{Kind: triage.KindGuardRemoved, State: exposure.Open, OpenedAt: opened}, "guard off", "off", "2026-08-03 12:23:24Z", "still off"},
		{triage.Alert{Kind: triage.KindGuardRemoved, State: exposure.Closed, OpenedAt: opened, ClosedAt: soon}, "guard back 12:28:24Z", "back 12:28Z", "2026-08-03 12:23:24Z", "5m"},
		{triage.Alert{Kind: triage.KindPublic, State: exposure.Unknown, Certainty: exposure.Inferred}, "unknown", "unknown", notKnown, notKnown},
		{triage.Alert{Kind: triage.KindPublic, State: exposure.Closed}, "closed", "closed", notKnown, notKnown},
	}
	for _, tt := range tests {
		a := &tt.a
		if got := [4]string{state(a, false), state(a, true), since(a, stampForm), lasted(a)}; got != [4]string{tt.state, tt.brief, tt.since, tt.lasted} {
			t.Errorf("%s %s: got %q", a.Kind, a.State, got)
		}
	}
}

func TestWho(t *testing.T) {
	tests := []struct {
		a    triage.Alert
		want string
	}{
		{triage.Alert{UserName: "alice"}, "alice"},
		{triage.Alert{}, notSeen},
		{triage.Alert{OpenedBy: &exposure.Actor{ARN: "arn:aws:sts::1:assumed-role/deploy/bot"}}, "bot"},
		{triage.Alert{OpenedBy: &exposure.Actor{Type: "AWSService"}}, "AWSService"},
		{triage.Alert{OpenedBy: &exposure.Actor{}}, "unnamed"},
	}
	for _, tt := range tests {
		if got := actor(&tt.a); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

func TestBriefName(t *testing.T) {
	for in, want := range map[string]string{"hanna.vogel@acme.example": "hanna.vogel@…", "alice": "alice", "@x": "@x", "": ""} {
		if got := briefName(in); got != want {
			t.Errorf("briefName(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestNumbers(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 7: "7", 999: "999", 1000: "1 000", 4118220: "4 118 220", -1204: "-1 204", -9223372036854775808: "-9 223 372 036 854 775 808"} {
		if got := number(n); got != want {
			t.Errorf("number(%d) = %q, want %q", n, got, want)
		}
	}
	for n, want := range map[int64]string{0: "0 bytes", 1: "1 byte", 999: "999 bytes", 1000: "1.0 kB", 999_949: "999.9 kB", 999_950: "1.0 MB", 812_345_678: "812.3 MB", 9223372036854775807: "9.2 EB", -5: "-5 bytes"} {
		if got := bytesText(n); got != want {
			t.Errorf("bytesText(%d) = %q, want %q", n, got, want)
		}
	}
	for _, tt := range []struct {
		part, whole int64
		want        string
	}{{0, 0, "0 %"}, {0, 9, "0 %"}, {9, 9, "100 %"}, {10, 9, "100 %"}, {312, 4118220, "0.0076 %"}, {1, 1e12, "under 0.0001 %"}, {1, 1e6, "0.0001 %"},
		{1, 3, "33 %"}, {1, 30, "3.3 %"}, {99999, 100000, "99.99 %"}, {995, 1000, "99.50 %"}, {1, 10000, "0.01 %"}, {-1, 5, "0 %"}} {
		if got := share(tt.part, tt.whole); got != tt.want {
			t.Errorf("share(%d, %d) = %q, want %q", tt.part, tt.whole, got, tt.want)
		}
	}
	for d, want := range map[time.Duration]string{0: "0s", 42 * time.Second: "42s", 5 * time.Minute: "5m", 61 * time.Second: "1m 1s", 72 * time.Minute: "1h 12m", time.Hour: "1h", 76 * time.Hour: "3d 4h", -time.Second: "0s"} {
		if got := duration(d); got != want {
			t.Errorf("duration(%s) = %q, want %q", d, got, want)
		}
	}
}

// Nothing is 0 % only if it is none, and nothing is 100 % only if it is all.
func TestShareNeverRoundsToTheEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		whole := rapid.Int64Range(1, 1<<62).Draw(t, "whole")
		part := rapid.Int64Range(0, whole).Draw(t, "part")
		got := share(part, whole)
		if (got == "0 %") != (part == 0) || (got == "100 %") != (part == whole) || strings.HasPrefix(got, "-") || strings.Contains(got, "e") && !strings.HasPrefix(got, "under") {
			t.Fatalf("share(%d, %d) = %q", part, whole, got)
		}
	})
}

func TestMiddle(t *testing.T) {
	tests := []struct {
		in    string
		width int
		want  string
	}{
		{"acme-customer-backups", 21, "acme-customer-backups"},
		{"acme-customer-backups", 12, "acme-cus…ups"},
		{"abc", 1, "…"}, {"abc", 0, ""}, {"", 0, ""},
		{"日本語のとても長い", 9, "日本語…い"},
		{"e\u0301e\u0301e\u0301e\u0301e\u0301", 4, "e\u0301e\u0301…e\u0301"},
	}
	for _, tt := range tests {
		if got := middle(tt.in, tt.width); got != tt.want {
			t.Errorf("middle(%q, %d) = %q, want %q", tt.in, tt.width, got, tt.want)
		}
	}
}

func TestMiddleAndWrapKeepTheWidth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text, width := Terminal(hostile().Draw(t, "text")), rapid.IntRange(2, 60).Draw(t, "width")
		if got := middle(text, width); textWidth(got) > width {
			t.Fatalf("middle(%q, %d) has %d cells", text, width, textWidth(got))
		}
		if got := end(text, width); textWidth(got) > width {
			t.Fatalf("end(%q, %d) has %d cells", text, width, textWidth(got))
		}
		lines := wrap(text, width)
		for _, line := range lines {
			if textWidth(line) > width && !strings.Contains(line, " ") {
				t.Fatalf("wrap(%q, %d) has a line %q", text, width, line)
			}
		}
		squeeze := func(s string) string { return strings.Join(strings.Fields(s), "") }
		if squeeze(strings.Join(lines, "")) != squeeze(text) {
			t.Fatalf("wrap(%q, %d) = %q loses text", text, width, lines)
		}
	})
}

func TestWrapKeepsNumbersTogether(t *testing.T) {
	got := wrap("found in 4 118 220 records", 12)
	if want := []string{"found in", "4 118 220", "records"}; strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("got %q", got)
	}
}

func TestWantColor(t *testing.T) {
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	tests := []struct {
		env  map[string]string
		want bool
	}{
		{nil, false},
		{map[string]string{"CLICOLOR_FORCE": "1"}, true},
		{map[string]string{"CLICOLOR_FORCE": "0"}, false},
		{map[string]string{"CLICOLOR_FORCE": "1", "TERM": "dumb"}, true},
		{map[string]string{"CLICOLOR_FORCE": "1", "NO_COLOR": "1"}, false},
		{map[string]string{"TERM": "dumb"}, false},
	}
	for _, tt := range tests {
		env := func(name string) string { return tt.env[name] }
		if got := WantColor(file, env); got != tt.want {
			t.Errorf("%v: got %v for a file", tt.env, got)
		}
		if got := WantColor(nil, env); got != tt.want {
			t.Errorf("%v: got %v for nothing", tt.env, got)
		}
	}
}
