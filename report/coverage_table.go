// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bucketlid/bucketlid/coverage"
)

// run is days of one state that follow each other, as one row.
type run struct {
	coverage.Cell
}

// runs joins the days of a table's rows.
func runs(cells []coverage.Cell) []run {
	var out []run
	for _, c := range cells {
		if n := len(out); n > 0 && out[n-1].takes(&c) {
			out[n-1].add(&c)
			continue
		}
		out = append(out, run{c})
	}
	return out
}

func (r *run) takes(c *coverage.Cell) bool {
	return r.Account == c.Account && r.Bucket == c.Bucket && r.Region == c.Region && r.Kind == c.Kind && r.State == c.State
}

func (r *run) add(c *coverage.Cell) {
	r.To, r.Days, r.Records, r.Late, r.Delay = c.To, r.Days+c.Days, r.Records+c.Records, r.Late+c.Late, max(r.Delay, c.Delay)
	r.About = r.About || c.About
	if c.Last != nil {
		r.Last = c.Last
	}
}

func (r *run) count() string {
	switch {
	case r.Records == 0:
		return ""
	case r.About:
		return "about " + number(r.Records)
	}
	return number(r.Records)
}

func (r *run) late() string {
	if r.Late == 0 {
		return ""
	}
	return number(r.Late) + ", up to " + duration(time.Duration(r.Delay)*time.Second)
}

func (r *run) whose() string { return cmp.Or(r.Account, r.Bucket, "not told") }

// coverageColumns are the columns of the table, in every format for people.
var coverageColumns = []struct {
	head  string
	value func(*run) string
}{
	{"ACCOUNT/BUCKET", (*run).whose},
	{"REGION", func(r *run) string { return cmp.Or(r.Region, "not told") }},
	{"KIND", func(r *run) string { return string(r.Kind) }},
	{"STATE", func(r *run) string { return string(r.State) }},
	{"FROM", func(r *run) string { return r.From }},
	{"TO", func(r *run) string { return r.To }},
	{"DAYS", func(r *run) string { return strconv.Itoa(r.Days) }},
	{"RECORDS", (*run).count},
	{"LATE", (*run).late},
}

// maxCovered is how many files or changes of a kind a page for people names;
// jsonl has all.
const maxCovered = 50

func writeCoverageTable(w io.Writer, s *CoverageSheet, o Options) error {
	rows := runs(s.Report.Cells)
	var b strings.Builder
	columns := make([]*column, len(coverageColumns))
	for i, c := range coverageColumns {
		columns[i] = &column{head: c.head, good: 10, min: 6}
		for j := range rows {
			columns[i].cells = append(columns[i].cells, Terminal(c.value(&rows[j])))
		}
	}
	if len(rows) == 0 {
		b.WriteString("No dated record was read.\n")
	} else {
		columns, _ = fit(columns, o.Width)
		draw(&b, columns, len(rows), o)
	}
	for _, part := range s.parts() {
		b.WriteString("\n" + o.apply(paintHead, part.title) + "\n")
		for _, line := range firstOf(part.lines, maxCovered) {
			writeItem(&b, line, o.Width)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// writeItem writes one line of a list, wrapped to the width; nothing of it is cut.
func writeItem(b *strings.Builder, line string, width int) {
	room := 0
	if width > 0 {
		room = max(width-4, 20)
	}
	for i, part := range wrap(Terminal(line), room) {
		if i > 0 {
			part = "  " + part
		}
		b.WriteString("  " + part + "\n")
	}
}

// coveragePart is a part of a page, below the table.
type coveragePart struct {
	title string
	lines []string
}

// parts is what a page says below its table; parts that are empty are left out.
func (s *CoverageSheet) parts() []coveragePart {
	all := []coveragePart{{title: "What cannot be known"}, {title: "Gaps"}, {title: "Trails"}, {title: "Digests"}, {title: "Not read"}}
	for _, x := range s.Report.Statements {
		all[0].lines = append(all[0].lines, x.Text)
	}
	for i := range s.Report.Gaps {
		all[1].lines = append(all[1].lines, gapText(&s.Report.Gaps[i]))
	}
	for i := range s.Report.Trails {
		all[2].lines = append(all[2].lines, changeText(&s.Report.Trails[i]))
	}
	if s.Validation != nil {
		all[3].lines = s.digestLines()
	}
	for _, x := range s.Skipped {
		all[4].lines = append(all[4].lines, skippedText(x))
	}
	return slices.DeleteFunc(all, func(p coveragePart) bool { return len(p.lines) == 0 })
}

func skippedText(s Skipped) string {
	if s.Offset < 0 {
		return s.Object + ": " + s.Reason
	}
	return fmt.Sprintf("%s at byte %d: %s", s.Object, s.Offset, s.Reason)
}

func gapText(g *coverage.MissingTime) string {
	return spaced(cmp.Or(g.Account, g.Bucket, "no account"), g.Region, g.Kind) + ": " + stamp(g.From, notKnown) + " .. " + stamp(g.To, "not ended") + ": " + g.Reason
}

func changeText(c *coverage.Change) string {
	text := fmt.Sprintf("%s %s %s %s: %s by %s from %s: %s", stamp(&c.Time, ""), c.Account, c.Region, c.Trail, c.Call, c.By, cmp.Or(c.Address, notSeen), c.Means)
	if c.Error != "" {
		text += " (" + c.Error + ")"
	}
	return text
}

// digestLines tells the counts, then every digest and file that is not verified.
func (s *CoverageSheet) digestLines() []string {
	lines := []string{"digests: " + verdictCounts(s.Summary.Digests), "log files: " + verdictCounts(s.Summary.Files)}
	for _, list := range [][]coverage.Checked{s.Validation.Digests, s.Validation.Files} {
		for _, c := range list {
			if c.Verdict != coverage.Verified {
				lines = append(lines, string(c.Verdict)+" "+c.Name+": "+c.Why)
			}
		}
	}
	return lines
}

// verdictOrder puts what must be looked at first.
var verdictOrder = []coverage.Verdict{coverage.Altered, coverage.Missing, coverage.Unlisted, coverage.Moved, coverage.Unproven, coverage.Verified}

func verdictCounts(counts map[coverage.Verdict]int64) string {
	var parts []string
	for _, v := range verdictOrder {
		if n := counts[v]; n > 0 {
			parts = append(parts, number(n)+" "+string(v))
		}
	}
	return cmp.Or(strings.Join(parts, ", "), "none")
}

func writeCoverageMarkdown(w io.Writer, s *CoverageSheet, _ Options) error {
	var b strings.Builder
	b.WriteString("# Coverage of the logs\n\n")
	mdItem(&b, "Sources", strings.TrimSpace(mdSources(s.Config)))
	mdItem(&b, "Records", number(s.Summary.Records)+", access log lines "+number(s.Summary.AccessLogLines))
	mdItem(&b, "First and last", mdText(stamp(s.Report.First, notSeen)+" .. "+stamp(s.Report.Last, notSeen)))
	b.WriteByte('\n')
	var heads []string
	for _, c := range coverageColumns {
		heads = append(heads, c.head)
	}
	mdHead(&b, heads...)
	rows := runs(s.Report.Cells)
	for i := range rows {
		var cells []string
		for _, c := range coverageColumns {
			cells = append(cells, mdText(c.value(&rows[i])))
		}
		mdRow(&b, cells...)
	}
	for _, part := range s.parts() {
		b.WriteString("\n## " + part.title + "\n\n")
		for _, line := range firstOf(part.lines, maxCovered) {
			b.WriteString("- " + mdText(line) + "\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func writeCoverageCSV(w io.Writer, s *CoverageSheet, _ Options) error {
	out := csv.NewWriter(w)
	head := []string{"account", "bucket", "region", "kind", "state", "from", "to", "days", "records", "estimate", "first", "last", "late", "delay"}
	if err := out.Write(head); err != nil {
		return err
	}
	for _, c := range s.Report.Cells {
		row := []string{c.Account, c.Bucket, c.Region, string(c.Kind), string(c.State), c.From, c.To, strconv.Itoa(c.Days),
			strconv.FormatInt(c.Records, 10), strconv.FormatBool(c.About), rfc3339(c.First), rfc3339(c.Last), strconv.FormatInt(c.Late, 10), strconv.FormatInt(c.Delay, 10)}
		for i := range row {
			row[i] = CSVText(row[i])
		}
		if err := out.Write(row); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}
