// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/bucketlid/bucketlid/internal/golden"
	"github.com/bucketlid/bucketlid/investigate"
	"github.com/bucketlid/bucketlid/triage"
)

// inquest is an investigation with every part, in which every text of the log
// is as hostile as h makes it.
func inquest(h func(string) string) *Inquest {
	at := func(clock string) time.Time {
		t, _ := time.Parse(time.DateTime, "2026-03-02 "+clock)
		return t
	}
	first, last := at("09:30:00"), at("15:00:00")
	entry := func(clock, name, err string) *investigate.Entry {
		return &investigate.Entry{Time: at(clock), Name: h(name), Source: "s3.amazonaws.com", Region: "eu-west-1", Account: "111122223333", UserName: h("alice"),
			ARN: "arn:aws:iam::111122223333:user/alice", Type: "IAMUser", AccessKeyID: "AKIAEXAMPLE000000000", Address: h("203.0.113.7"), Agent: h("aws-cli/2.17.0"),
			Error: err, Bucket: h("acme-exports"), Target: h("2026/customers.csv"), ID: "4d2192b9-0b7a-4756-9ef2-37263716454f"}
	}
	count := []investigate.Count{{Name: h("PutBucketAcl"), Calls: 1_234, Failed: 12, First: first, Last: last}, {Name: h("GetObject"), Calls: 2, Failed: 2, First: first, Last: last}}
	found := &investigate.Investigation{
		Kind: investigate.Alert, Subject: "a-0123456789ab", From: &first, To: &last,
		Alert:   &triage.Alert{ID: "a-0123456789ab", Severity: triage.High, Title: h("alice let anyone on the internet list object names of bucket acme-exports by bucket-acl")},
		Matched: []investigate.Matched{{Name: h("arn:aws:iam::111122223333:user/alice"), How: "ARN", Calls: 1_236, First: first, Last: last}, {Name: h("203.0.113.7"), How: "address", Calls: 1, Exact: true, First: first, Last: first}},
		Near:    []string{}, Notes: []string{h("user alice made more calls than are kept")},
		Logs:    investigate.Logs{Records: 4_118_220, First: &first, Last: &last, Accounts: []string{"111122223333"}, Data: true},
		Summary: investigate.Summary{Calls: 1_236, Failed: 14, First: &first, Last: &last, Events: count, Errors: count[:1], Callers: count, Addresses: count, Agents: count, Keys: count, Regions: count, Buckets: count},
		Timeline: []investigate.Row{
			{Entry: entry("09:30:00", "PutBucketAcl", "AccessDenied"), Last: at("09:30:00"), Count: 1, IDs: []string{"1"}, Calls: map[string]int{"PutBucketAcl": 1}},
			{Entry: entry("09:31:00", "GetBucketAcl", ""), Last: at("09:36:00"), Count: 41, IDs: []string{"2", "3"}, Calls: map[string]int{h("GetBucketAcl"): 40, h("ListBuckets"): 1}, Others: []string{h("acme-media")}},
			{Entry: entry("10:00:00", "PutBucketAcl", ""), Last: at("10:00:00"), Count: 1, IDs: []string{"4"}, Calls: map[string]int{"PutBucketAcl": 1}, Opens: []string{"a-0123456789ab"}},
			{Gap: &investigate.Gap{From: at("10:00:00"), To: at("12:14:00"), Logs: "present", Text: "2 h 14 m, no events; logs present"}},
			{Entry: entry("12:14:00", "GetObject", ""), Last: at("12:14:20"), Count: 3, IDs: []string{"5", "6", "7"}, Calls: map[string]int{"GetObject": 3}},
			{Entry: entry("15:00:00", "PutBucketAcl", ""), Last: last, Count: 1, IDs: []string{"8"}, Calls: map[string]int{"PutBucketAcl": 1}, Closes: []string{"a-0123456789ab"}},
		},
		Answers: []investigate.Answer{
			{ID: "before", Question: "Did it ever do this before?", Verdict: investigate.No, Text: h("It never called PutBucketAcl before."), Caveats: []string{"logs begin on 2026-03-02 09:30Z"},
				Events: []investigate.Proof{{Time: at("09:30:00"), EventID: h("4d2192b9-0b7a-4756-9ef2-37263716454f"), Text: h("alice called PutBucketAcl")}}, SQL: "SELECT 1\nFROM t -- " + h("x")},
			{ID: "readers", Question: "Who used it while it was open?", Verdict: investigate.Unknown, Text: "It cannot be known.", Caveats: []string{},
				Events: []investigate.Proof{{Time: at("09:30:00"), EventID: h("4d2192b9-0b7a-4756-9ef2-37263716454f"), Text: h("alice called PutBucketAcl")}}, More: 7, SQL: "SELECT 2"},
		},
		Steps: []investigate.Step{{Why: h("everything else that alice did"), Command: "bucketlid investigate user alice ./logs"}},
	}
	return &Inquest{
		Config:  &Config{Schema: Schema, Version: "dev", Command: "investigate", Sources: []string{"./logs"}},
		Found:   found,
		Skipped: []Skipped{{Object: h("a.json.gz"), Offset: 7, Reason: "truncated"}},
		Summary: &Summary{Objects: 3, Records: 4_118_220, Skipped: map[string]int64{"truncated": 1}, SkippedObjects: 1},
	}
}

func same(s string) string { return s }

func TestInvestigationGolden(t *testing.T) {
	for _, tt := range []struct {
		format, file string
		o            Options
	}{
		{"table", "investigation-80.txt", Options{Width: 80}},
		{"table", "investigation-160.txt", Options{Width: 160}},
		{"table", "investigation-colour.txt", Options{Width: 120, Color: true}},
		{"md", "investigation.md", Options{}},
		{"csv", "investigation.csv", Options{}},
		{"jsonl", "investigation.jsonl", Options{}},
	} {
		t.Run(tt.file, func(t *testing.T) {
			golden.Check(t, "testdata/"+tt.file, drawInquest(t, tt.format, inquest(same), tt.o))
		})
	}
}

func drawInquest(t *testing.T, format string, x *Inquest, o Options) []byte {
	t.Helper()
	var out bytes.Buffer
	for _, f := range InvestigationFormats {
		if f.ID == format {
			if err := f.Write(&out, x, o); err != nil {
				t.Fatal(err)
			}
		}
	}
	if out.Len() == 0 {
		t.Fatalf("%s wrote nothing", format)
	}
	return out.Bytes()
}

// codeSpan is what Markdown shows as it is.
var codeSpan = regexp.MustCompile("`[^`\n]*`")

// Names of the log do no harm in any form.
func TestInvestigationIsHarmless(t *testing.T) {
	for _, bad := range []string{"\x1b]0;x\x07", "\u202e", "=cmd|' /C calc'!A0", "<script>alert(1)</script>", "|x|\n# y", "`x`", "@team", "www.example.com", "\xff\xfe"} {
		x := inquest(func(s string) string { return bad + s })
		for _, f := range InvestigationFormats {
			text := string(drawInquest(t, f.ID, x, Options{Width: 120}))
			if strings.ContainsAny(text, "\x1b\x07\u202e") {
				t.Errorf("%s lets %q through", f.ID, bad)
			}
			switch f.ID {
			case "md":
				prose, _, _ := strings.Cut(text, "## The same questions")
				if prose = codeSpan.ReplaceAllString(prose, ""); strings.Contains(prose, "<script") || strings.Contains(prose, "@team") || strings.Contains(prose, "www.example.com") {
					t.Errorf("md lets %q through", bad)
				}
			case "csv":
				harmlessCells(t, text)
			case "jsonl":
				for line := range strings.Lines(text) {
					if !json.Valid([]byte(line)) {
						t.Errorf("no JSON: %s", line)
					}
				}
			}
		}
	}
}

func harmlessCells(t *testing.T, text string) {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		for _, cell := range row {
			if cell != "" && strings.ContainsRune(formulaStarts, firstRune(cell)) {
				t.Errorf("a formula: %q", cell)
			}
		}
	}
}

// No line is wider than the terminal, but for commands that are there to be copied.
func TestInvestigationKeepsToItsWidth(t *testing.T) {
	for width := 60; width <= 220; width += 7 {
		for line := range strings.Lines(string(drawInquest(t, "table", inquest(same), Options{Width: width}))) {
			line = strings.TrimSuffix(line, "\n")
			if textWidth(line) > width && !strings.Contains(line, "bucketlid investigate") {
				t.Errorf("at %d a line has %d cells: %s", width, textWidth(line), line)
			}
		}
	}
}

// An investigation that matched nothing says what was read and what is near.
func TestInvestigationOfNothing(t *testing.T) {
	x := inquest(same)
	x.Found = &investigate.Investigation{Kind: investigate.User, Subject: "al\x1bice", Matched: []investigate.Matched{}, Near: []string{"arn:aws:iam::111122223333:user/alice"}, Logs: x.Found.Logs, Notes: []string{}}
	for _, f := range InvestigationFormats {
		text := string(drawInquest(t, f.ID, x, Options{Width: 100}))
		if f.ID != "csv" && (!strings.Contains(text, "user/alice") || !strings.Contains(text, "4")) {
			t.Errorf("%s does not say what is near:\n%s", f.ID, text)
		}
	}
}

// A stream of an investigation is config, one investigation, its parts, summary.
func TestInvestigationStream(t *testing.T) {
	var keys []string
	for line := range strings.Lines(string(drawInquest(t, "jsonl", inquest(same), Options{}))) {
		var m map[string]json.RawMessage
		if err := json.Unmarshal([]byte(line), &m); err != nil || len(m) != 1 {
			t.Fatalf("%v: %s", err, line)
		}
		for key := range m {
			keys = append(keys, key)
		}
	}
	want := "[config investigation event event event gap event event answer answer step skipped summary]"
	if got := fmt.Sprint(keys); got != want {
		t.Errorf("the stream is %s, want %s", got, want)
	}
}
