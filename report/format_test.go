// SPDX-License-Identifier: Apache-2.0

package report

import (
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/internal/golden"
	"github.com/bucketlid/bucketlid/policy"
	"github.com/bucketlid/bucketlid/triage"
)

func TestGolden(t *testing.T) {
	tests := []struct {
		format, file string
		o            Options
	}{
		{"table", "table-80.txt", Options{Width: 80}},
		{"table", "table-120.txt", Options{Width: 120}},
		{"table", "table-200.txt", Options{Width: 200}},
		{"table", "table-colour.txt", Options{Width: 120, Color: true}},
		{"wide", "wide.txt", Options{Width: 80}},
		{"csv", "alerts.csv", Options{}},
		{"md", "report.md", Options{}},
		{"html", "report.html", Options{}},
		{"ocsf", "ocsf.jsonl", Options{}},
		{"asff", "asff.json", Options{}},
	}
	for _, tt := range tests {
		t.Run(tt.file, func(t *testing.T) {
			got, err := render(t, tt.format, fixture(t), tt.o)
			if err != nil {
				t.Fatal(err)
			}
			golden.Check(t, "testdata/"+tt.file, []byte(got))
		})
	}
}

// Every row of the table of formats has its golden file.
func TestFormatsAreTold(t *testing.T) {
	var ids []string
	for _, f := range Formats {
		if f.Title == "" || f.New == nil {
			t.Errorf("%s is not complete", f.ID)
		}
		ids = append(ids, f.ID)
	}
	slices.Sort(ids)
	if want := []string{"asff", "csv", "html", "jsonl", "md", "ocsf", "table", "wide"}; !slices.Equal(ids, want) {
		t.Errorf("formats %v, want %v: add the golden file of a new one", ids, want)
	}
}

// rows are the lines of the grid of a table.
func rows(text string) []string {
	return strings.Split(text[:strings.Index(text+"\n\n", "\n\n")], "\n")
}

func TestTableKeepsToItsWidth(t *testing.T) {
	stream := fixture(t)
	for width := 40; width <= 260; width++ {
		got, err := render(t, "table", stream, Options{Width: width})
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(got) {
			line = strings.TrimSuffix(line, "\n")
			copied := strings.HasPrefix(line, "  witness") || strings.HasPrefix(line, "  worked") || strings.HasPrefix(line, "  next")
			if textWidth(line) > width && !copied {
				t.Errorf("at %d a line has %d cells: %s", width, textWidth(line), line)
			}
			if strings.TrimRight(line, " ") != line {
				t.Errorf("at %d a line ends in blanks: %q", width, line)
			}
		}
	}
}

// Every column starts at the same cell in every row.
func TestTableIsAligned(t *testing.T) {
	for _, format := range []string{"table", "wide"} {
		for _, width := range []int{80, 120, 160, 200} {
			got, err := render(t, format, fixture(t), Options{Width: width})
			if err != nil {
				t.Fatal(err)
			}
			lines := rows(got)
			for _, start := range starts(lines[0]) {
				for _, line := range lines[1:] {
					if !strings.HasPrefix(line, "Left out") && !strings.HasPrefix(line, "has ") && !cutsAt(line, start) {
						t.Errorf("%s at %d: no column starts at %d of %q", format, width, start, line)
					}
				}
			}
		}
	}
}

// starts are the cells at which a column of the head starts.
func starts(head string) []int {
	var out []int
	for i := range head {
		if i >= 2 && head[i] != ' ' && head[i-2:i] == "  " {
			out = append(out, i)
		}
	}
	return out
}

// cutsAt reports whether two blanks stand before a cell of a line.
func cutsAt(line string, start int) bool {
	at := 0
	clusters, widths := split(line)
	for i := range clusters {
		if at == start {
			return clusters[i-1] == " " && clusters[i-2] == " "
		}
		at += widths[i]
	}
	return at <= start // the line ends before: its last cells are empty
}

func TestColourChangesNoText(t *testing.T) {
	for _, width := range []int{80, 160} {
		plain, _ := render(t, "table", fixture(t), Options{Width: width})
		colour, _ := render(t, "table", fixture(t), Options{Width: width, Color: true})
		if stripped := stripSGR(colour); stripped != plain {
			t.Errorf("at %d colour changes the text:\n%s\n%s", width, stripped, plain)
		}
		if strings.Contains(plain, "\x1b") || !strings.Contains(colour, "\x1b[") {
			t.Errorf("at %d colour is not as asked", width)
		}
	}
}

func stripSGR(s string) string {
	var b strings.Builder
	for s != "" {
		before, after, found := strings.Cut(s, "\x1b[")
		b.WriteString(before)
		if !found {
			break
		}
		_, s, _ = strings.Cut(after, "m")
	}
	return b.String()
}

func TestTableWithoutAlerts(t *testing.T) {
	config := Message{Config: &Config{Schema: Schema}}
	at := instant("2026-07-01T00:00:00Z")
	tests := []struct {
		name string
		s    Summary
		want string
	}{
		{"nothing read", Summary{Objects: 2, SkippedObjects: 2, Skipped: map[string]int64{"corrupt gzip": 2}},
			"No record was read, so nothing can be said about exposure; not seen: 2 pieces of 2 files skipped: corrupt gzip 2."},
		{"clean", Summary{Objects: 1204, Records: 4118220, FirstEvent: at, LastEvent: at},
			"No exposure found in 4 118 220 records of 1 204 files, 2026-07-01 00:00:00Z .. 2026-07-01 00:00:00Z; not seen: nothing was skipped and no gap is known; nor what was set before 2026-07-01 00:00:00Z and not touched since."},
		{"gap", Summary{Objects: 1, Records: 1, FirstEvent: at, LastEvent: at, Gaps: []Gap{{Account: "111122223333", From: at, Reason: "\x1b[2J"}}},
			`No exposure found in 1 record of 1 file, 2026-07-01 00:00:00Z .. 2026-07-01 00:00:00Z; not seen: 1 gap (111122223333 2026-07-01 00:00:00Z .. end not seen: \x1b[2J); nor what was set before 2026-07-01 00:00:00Z and not touched since.`},
		{"quiet exposures", Summary{Objects: 1, Records: 9, Exposures: 2},
			"No alert in 9 records of 1 file, with 2 exposures that raise none (-o jsonl lists them); not seen: nothing was skipped and no gap is known."},
	}
	for _, tt := range tests {
		for _, format := range []string{"table", "wide"} {
			if got := write(t, format, Options{}, config, Message{Summary: &tt.s}); got != tt.want+"\n" {
				t.Errorf("%s, %s:\ngot  %swant %s", tt.name, format, got, tt.want)
			}
		}
	}
}

func TestTableTellsFiveInWords(t *testing.T) {
	var stream []Message
	for i := range 7 {
		stream = append(stream, Message{Alert: &triage.Alert{ID: fmt.Sprintf("a-%d", i), Severity: triage.High, Title: "It is open.", Route: "bucket-acl"}})
	}
	stream = append(stream, Message{Alert: &triage.Alert{ID: "a-low", Severity: triage.Low}}, Message{Summary: &Summary{}})
	got := write(t, "table", Options{}, stream...)
	if n := strings.Count(got, "\nHIGH a-"); n != 5 {
		t.Errorf("%d blocks, want 5", n)
	}
	if !strings.Contains(got, "\n2 more at high or critical: -o md tells each one.\n") {
		t.Errorf("the rest is not counted:\n%s", got)
	}
	if n := strings.Count(got, "next     bucketlid explain route bucket-acl\n"); n != 5 {
		t.Errorf("%d next commands, want 5", n)
	}
}

// A guard is no route: `explain route` would refuse it.
func TestNoNextCommandForAGuard(t *testing.T) {
	got := write(t, "table", Options{}, Message{Alert: &triage.Alert{Kind: triage.KindGuardRemoved, Severity: triage.High, Route: "block-public-access"}})
	if strings.Contains(got, "explain route") {
		t.Errorf("got %s", got)
	}
}

func TestCSVIsRFC4180(t *testing.T) {
	got, err := render(t, "csv", fixture(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(strings.NewReader(got)).ReadAll()
	if err != nil || len(records) != 8 {
		t.Fatalf("%d records: %v", len(records), err)
	}
	if strings.Count(got, "\r\n") != len(records) || strings.Count(got, "\n") != len(records) {
		t.Error("a record does not end in CR LF, or a cell holds a line feed")
	}
	for _, name := range []string{"userName", "sourceIPAddress", "bucketName", "URI", "Permission"} {
		if !slices.Contains(records[0], name) {
			t.Errorf("the header lacks %s", name)
		}
	}
	seen := map[string]bool{}
	for _, name := range records[0] {
		if seen[name] {
			t.Errorf("%s stands twice in the header", name)
		}
		seen[name] = true
	}
	empty := write(t, "csv", Options{})
	if !strings.HasPrefix(got, empty) || !strings.HasSuffix(empty, "\r\n") {
		t.Errorf("without alerts there is no header: %q", empty)
	}
}

func TestMarkdownHoldsItsShape(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := hostile().Draw(t, "text")
		a := &triage.Alert{
			ID: text, Kind: triage.Kind(text), Severity: triage.Severity(text), Title: text, UserName: text, SourceIPAddress: text, Bucket: text, BucketName: text,
			Key: text, URI: text, Permission: text, Route: text, Audience: policy.Audience(text), State: exposure.State(text), Reasons: []string{text}, Unknowns: []string{text},
			BlockedBy: []string{text}, OpenedBy: &exposure.Actor{UserAgent: text, ARN: text}, Witness: &policy.Witness{Command: text},
			Flags: []triage.Flag{{ID: text, For: []string{text}}}, Suggestion: &triage.Suggestion{Verdict: text, WrongIf: []string{text}},
		}
		innocent := &triage.Alert{
			ID: "x", Kind: "x", Severity: "x", Title: "x", UserName: "x", SourceIPAddress: "x", Bucket: "x", BucketName: "x", Key: "x", URI: "x", Permission: "x", Route: "x",
			Audience: "x", State: "x", Reasons: []string{"x"}, Unknowns: []string{"x"}, BlockedBy: []string{"x"},
			OpenedBy: &exposure.Actor{UserAgent: "x", ARN: "x"}, Witness: &policy.Witness{Command: "x"},
			Flags: []triage.Flag{{ID: "x", For: []string{"x"}}}, Suggestion: &triage.Suggestion{Verdict: "x", WrongIf: []string{"x"}},
		}
		if got, want := shape(write(t, "md", Options{}, Message{Alert: a})), shape(write(t, "md", Options{}, Message{Alert: innocent})); text != "" && got != want {
			t.Fatalf("%q changes the shape of the report:\n%s\nwant\n%s", text, got, want)
		}
	})
}

// shape is the skeleton of a report: what kind each line is, and its cells.
func shape(md string) string {
	var b strings.Builder
	fenced := false
	for line := range strings.Lines(md) {
		switch {
		case strings.HasPrefix(line, "```"):
			fenced = !fenced
			b.WriteString("fence\n")
		case fenced:
			b.WriteString("code\n")
		case strings.HasPrefix(line, "|"):
			fmt.Fprintf(&b, "row of %d\n", strings.Count(line, "|"))
		case strings.HasPrefix(line, "#"):
			b.WriteString(line[:strings.IndexByte(line, ' ')] + "\n")
		case strings.HasPrefix(line, "- **Object"), strings.HasPrefix(line, "("): // blank text has none, escapes have a note
		case strings.HasPrefix(line, "- "):
			b.WriteString("item\n")
		}
	}
	return b.String()
}
