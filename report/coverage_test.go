// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/bucketlid/bucketlid/coverage"
)

// Names of trails, files and buckets are whatever their makers liked: no format
// of coverage lets them through raw.
func TestCoverageIsHarmless(t *testing.T) {
	const bad = "=cmd|'x'!A0 \x1b[2J\u202e<script>[a](http://b.example)|\n"
	at := time.Date(2026, 6, 1, 10, 0, 0, 0, time.UTC)
	check := coverage.Checked{Name: bad, Verdict: coverage.Altered, Why: bad, Account: bad, Region: bad}
	s := &CoverageSheet{
		Config: &Config{Schema: Schema, Command: "coverage", Sources: []string{bad}},
		Report: coverage.Report{
			Cells:      []coverage.Cell{{Account: bad, Bucket: bad, Region: bad, Kind: coverage.Management, State: coverage.Seen, From: "2026-06-01", To: "2026-06-01", Days: 1, First: &at, Last: &at}},
			Trails:     []coverage.Change{{Time: at, Account: bad, Region: bad, Trail: bad, Call: bad, By: bad, Address: bad, Error: bad, Means: bad}},
			Gaps:       []coverage.MissingTime{{Account: bad, Region: bad, Kind: "management", From: &at, Reason: bad}},
			Statements: []coverage.Statement{{Account: bad, Text: bad}}, First: &at, Last: &at,
		},
		Validation: &coverage.Validation{Digests: []coverage.Checked{check}, Files: []coverage.Checked{check}},
		Skipped:    []Skipped{{Object: bad, Offset: 7, Reason: bad}},
		Summary:    CoverageSummary{Digests: map[coverage.Verdict]int64{coverage.Altered: 1}},
	}
	for _, f := range CoverageFormats {
		for _, width := range []int{0, 40, 200} {
			var b bytes.Buffer
			if err := f.Write(&b, s, Options{Width: width}); err != nil {
				t.Fatal(err)
			}
			text := b.String()
			if strings.ContainsAny(text, "\x1b\u202e") {
				t.Errorf("%s: drives a terminal: %q", f.ID, text)
			}
			if f.ID == "csv" && (strings.Contains(text, "\n=") || strings.Contains(text, ",=")) {
				t.Errorf("a formula: %q", text)
			}
			if f.ID == "md" && (strings.Contains(text, "<script") || strings.Contains(text, "[a](")) {
				t.Errorf("markup: %q", text)
			}
		}
	}
}

// Every line of the stream has exactly one key.
func TestCoverageLines(t *testing.T) {
	var b bytes.Buffer
	s := &CoverageSheet{Config: &Config{}, Report: coverage.Report{Statements: []coverage.Statement{{Text: "x"}}}}
	if err := writeCoverageLines(&b, s, Options{}); err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, line := range strings.Split(strings.TrimSpace(b.String()), "\n") {
		var m map[string]json.RawMessage
		if err := json.Unmarshal([]byte(line), &m); err != nil || len(m) != 1 {
			t.Errorf("%s: %v", line, err)
		}
		for key := range m {
			keys = append(keys, key)
		}
	}
	if got := strings.Join(keys, " "); got != "config statement summary" {
		t.Error(got)
	}
}
