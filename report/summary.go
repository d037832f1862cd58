// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/bucketlid/bucketlid/triage"
)

// maxGaps is how many gaps the summary names; the rest is counted.
const maxGaps = 20

// WriteSummary writes the block that ends a hunt: the same labels in the same
// order whatever was found, so that people find a number where it was last
// time. It is for standard error; the stream holds the same numbers.
func WriteSummary(w io.Writer, s Summary, o Options) error {
	var b strings.Builder
	line := func(label, text string) {
		b.WriteString(o.apply(paintHead, fmt.Sprintf("%-8s", label)) + "  " + Terminal(text) + "\n")
	}
	line("Read", readWords(&s)+elapsed(o.Elapsed))
	line("Skipped", skippedLine(&s))
	for _, text := range s.NotLooked {
		line("", "not looked at: "+text)
	}
	line("Filter", filterLine(&s))
	if s.nothingRead() && s.OutsideObjects+s.OutsideRecords > 0 {
		line("", "no record was read: the filter left all out; are --account, --region, --from and --to meant so?")
	}
	line("Events", eventsLine(&s))
	line("Changes", changesLine(&s))
	line("Alerts", alertsLine(&s)+findingsWords(&s))
	line("Open", stillOpen(s.StillOpen))
	line("Gaps", gapsLine(&s))
	for _, g := range s.Gaps[:min(len(s.Gaps), maxGaps)] {
		line("", gapWords(g))
	}
	if more := len(s.Gaps) - maxGaps; more > 0 {
		line("", "and "+number(int64(more))+" more (-o jsonl has all)")
	}
	line("Buckets", bucketsLine(&s))
	_, err := io.WriteString(w, b.String())
	return err
}

func liveBuckets(s *Summary) string {
	text := counted(s.Buckets, "bucket") + " of live accounts"
	if s.BucketsPartly > 0 {
		text += " (" + number(s.BucketsPartly) + " in part only)"
	}
	return text
}

func readWords(s *Summary) string {
	if s.Buckets > 0 && s.Objects == 0 {
		return liveBuckets(s)
	}
	text := counted(s.Objects, "file") + ", " + bytesText(s.Bytes)
	if s.Buckets > 0 {
		text = liveBuckets(s) + ", " + text
	}
	if s.Unpacked > s.Bytes {
		text += " (" + bytesText(s.Unpacked) + " unpacked)"
	}
	if s.AccessLogLines > 0 {
		text += ", " + counted(s.AccessLogLines, "access log line")
	}
	return text + ", " + counted(s.Records, "record")
}

func elapsed(d time.Duration) string {
	switch {
	case d <= 0:
		return ""
	case d < time.Minute:
		return fmt.Sprintf(" in %.1f s", d.Seconds())
	}
	return " in " + duration(d)
}

func skippedLine(s *Summary) string {
	if s.SkippedTotal() == 0 {
		return "nothing"
	}
	return strings.Replace(skippedWords(s), " skipped", "", 1)
}

func eventsLine(s *Summary) string {
	if s.FirstEvent == nil && s.LastEvent == nil {
		return "none with a time"
	}
	return span(s)
}

func changesLine(s *Summary) string {
	return counted(s.Changes, "call") + " that change settings, refused ones too, " + share(s.Changes, s.Records) + " of the records kept"
}

// nothingRead: no alert can be told then, and that is no all-clear.
func (s *Summary) nothingRead() bool { return s.Records == 0 && s.Buckets == 0 }

// alertsLine counts alerts by severity, every severity in its order.
func alertsLine(s *Summary) string {
	var total int64
	var parts []string
	for _, severity := range triage.Severities {
		n := s.Alerts[string(severity)]
		total += n
		parts = append(parts, string(severity)+" "+number(n))
	}
	if total == 0 && s.nothingRead() {
		return "nothing to say: no record was read"
	}
	return number(total) + ": " + strings.Join(parts, ", ")
}

func stillOpen(n int64) string { return number(n) + " still open" }

func gapsLine(s *Summary) string {
	if len(s.Gaps) == 0 {
		return "none known"
	}
	return number(int64(len(s.Gaps)))
}

func bucketsLine(s *Summary) string {
	if len(s.TopBuckets) == 0 {
		return "none with an alert"
	}
	parts := make([]string, len(s.TopBuckets))
	for i, bucket := range s.TopBuckets {
		parts[i] = bucket.Bucket + " " + number(bucket.Alerts)
	}
	return strings.Join(parts, ", ")
}

func filterLine(s *Summary) string {
	if s.OutsideObjects == 0 && s.OutsideRecords == 0 {
		return "nothing left out"
	}
	return outside(s) + " left out, as asked for"
}

// outside counts what the filter left out.
func outside(s *Summary) string {
	var parts []string
	if s.OutsideObjects > 0 { // a folder counts once, whatever it holds
		parts = append(parts, "at least "+plural(s.OutsideObjects, "file or folder", "files and folders"))
	}
	if s.OutsideRecords > 0 {
		parts = append(parts, counted(s.OutsideRecords, "record"))
	}
	return strings.Join(parts, " and ")
}
