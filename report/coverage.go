// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/bucketlid/bucketlid/coverage"
)

// CoverageMessage is one line of `coverage -o jsonl`: exactly one field is set.
// Config comes first, Summary last.
type CoverageMessage struct {
	Config    *Config               `json:"config,omitempty"`
	Coverage  *coverage.Cell        `json:"coverage,omitempty"`
	Trail     *coverage.Change      `json:"trail,omitempty"`
	Gap       *coverage.MissingTime `json:"gap,omitempty"`
	Digest    *coverage.Checked     `json:"digest,omitempty"` // with --validate-digests
	File      *coverage.Checked     `json:"file,omitempty"`   // of those: one that is not verified
	Statement *coverage.Statement   `json:"statement,omitempty"`
	Skipped   *Skipped              `json:"skipped,omitempty"`
	Summary   *CoverageSummary      `json:"summary,omitempty"`
}

// CoverageSummary counts what was read and found.
type CoverageSummary struct {
	Objects        int64                      `json:"objects"`
	Bytes          int64                      `json:"bytes"` // as stored
	Records        int64                      `json:"records"`
	AccessLogLines int64                      `json:"access_log_lines"`
	OutsideRecords int64                      `json:"outside_records"`
	Skipped        map[string]int64           `json:"skipped"` // by reason
	Days           map[coverage.State]int64   `json:"days"`    // of accounts, Regions and kinds, by state
	Gaps           int64                      `json:"gaps"`
	Digests        map[coverage.Verdict]int64 `json:"digests,omitzero"` // with --validate-digests
	Files          map[coverage.Verdict]int64 `json:"files,omitzero"`
}

// CoverageSheet is all that `coverage` found, for a page.
type CoverageSheet struct {
	Config     *Config
	Report     coverage.Report
	Validation *coverage.Validation // nil when it was not asked for
	Skipped    []Skipped
	Summary    CoverageSummary
}

// CoverageFormats are the forms in which coverage is written.
var CoverageFormats = []struct {
	ID    string
	Write func(io.Writer, *CoverageSheet, Options) error
}{
	{"table", writeCoverageTable},
	{"jsonl", writeCoverageLines},
	{"csv", writeCoverageCSV},
	{"md", writeCoverageMarkdown},
}

// messages lists the sheet in the order of the stream.
func (s *CoverageSheet) messages() []CoverageMessage {
	out := []CoverageMessage{{Config: s.Config}}
	for i := range s.Report.Cells {
		out = append(out, CoverageMessage{Coverage: &s.Report.Cells[i]})
	}
	for i := range s.Report.Trails {
		out = append(out, CoverageMessage{Trail: &s.Report.Trails[i]})
	}
	if s.Validation != nil {
		for i := range s.Validation.Digests {
			out = append(out, CoverageMessage{Digest: &s.Validation.Digests[i]})
		}
		for i := range s.Validation.Files {
			out = append(out, CoverageMessage{File: &s.Validation.Files[i]})
		}
	}
	for i := range s.Report.Gaps {
		out = append(out, CoverageMessage{Gap: &s.Report.Gaps[i]})
	}
	for i := range s.Report.Statements {
		out = append(out, CoverageMessage{Statement: &s.Report.Statements[i]})
	}
	for i := range s.Skipped {
		out = append(out, CoverageMessage{Skipped: &s.Skipped[i]})
	}
	return append(out, CoverageMessage{Summary: &s.Summary})
}

func writeCoverageLines(w io.Writer, s *CoverageSheet, _ Options) error {
	for _, m := range s.messages() {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(m); err != nil {
			return fmt.Errorf("encoding a message: %w", err)
		}
		if _, err := w.Write(escapeJSON(b.Bytes())); err != nil {
			return err
		}
	}
	return nil
}
