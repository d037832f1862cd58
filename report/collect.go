// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"io"
	"strings"

	"github.com/bucketlid/bucketlid/triage"
)

// collector keeps a stream until Close for the formats that must know all of
// it before they write: a table's widths, a report's first lines.
type collector struct {
	w         io.Writer
	o         Options
	config    *Config
	alerts    []*triage.Alert
	skipped   []Skipped
	exposures int64
	summary   *Summary
	render    func(b *strings.Builder, c *collector)
	closed    bool
}

func (c *collector) Handle(m Message) error {
	if err := m.check(); err != nil {
		return err
	}
	switch {
	case m.Config != nil:
		c.config = m.Config
	case m.Exposure != nil:
		c.exposures++
	case m.Alert != nil:
		c.alerts = append(c.alerts, m.Alert)
	case m.Skipped != nil:
		c.skipped = append(c.skipped, *m.Skipped)
	default:
		c.summary = m.Summary
	}
	return nil
}

func (c *collector) Close() error {
	if c.closed {
		return nil
	}
	c.closed = true
	var b strings.Builder
	c.render(&b, c)
	_, err := io.WriteString(c.w, b.String())
	return err
}

// cutOff is what a rendered stream without a summary says.
const cutOff = "The stream is cut off before its summary: alerts, gaps and skipped input may be missing."

// noAlerts is the honest line of a stream without alerts. It never says that
// nothing is exposed, only what was looked at and what was not seen.
func (c *collector) noAlerts() string {
	s := c.summary
	if s == nil {
		return "No alert so far. " + cutOff
	}
	if s.Records == 0 && s.Buckets > 0 {
		return "No exposure found in " + bucketsRead(s) + "; not seen: " + unseen(s) + "."
	}
	if s.Records == 0 {
		return "No record was read, so nothing can be said about exposure; not seen: " + unseen(s) + "."
	}
	read := counted(s.Records, "record") + " of " + counted(s.Objects, "file")
	if s.FirstEvent != nil && s.LastEvent != nil {
		read += ", " + span(s)
	}
	found := "No exposure found in " + read
	if n := max(c.exposures, s.Exposures); n > 0 {
		found = "No alert in " + read + ", with " + counted(n, "exposure") + " that raise none (-o jsonl lists them)"
	}
	if s.FirstEvent == nil {
		return found + "; not seen: " + unseen(s) + "."
	}
	return found + "; not seen: " + unseen(s) + "; nor what was set before " + stamp(s.FirstEvent, "") + " and not touched since."
}

// bucketsRead tells how many buckets were read, and that some were not read whole.
func bucketsRead(s *Summary) string {
	text := counted(s.Buckets, "bucket") + " of live accounts"
	if s.BucketsPartly > 0 {
		text += ", of which " + number(s.BucketsPartly) + " could be read in part only, so that they may be open"
	}
	return text
}

// notSeen is the line under alerts that says what they may leave out.
func (c *collector) notSeen() string {
	if c.summary == nil {
		return cutOff
	}
	return "Not seen: " + unseen(c.summary) + "."
}

// unseen tells in one line what was skipped and where the logs are silent.
func unseen(s *Summary) string {
	var parts []string
	if s.OutsideObjects > 0 || s.OutsideRecords > 0 {
		parts = append(parts, outside(s)+" outside of the filter")
	}
	if n := s.SkippedTotal(); n > 0 {
		parts = append(parts, skippedWords(s))
	}
	if n := len(s.Gaps); n > 0 {
		text := counted(int64(n), "gap") + " (" + gapWords(s.Gaps[0])
		if n > 1 {
			text += "; and " + number(int64(n-1)) + " more"
		}
		parts = append(parts, text+")")
	}
	parts = append(parts, s.NotLooked...)
	if len(parts) == 0 {
		return "nothing was skipped and no gap is known"
	}
	return strings.Join(parts, "; ")
}

// skippedWords is how much was skipped, by reason. A reason can hold text of
// the input.
func skippedWords(s *Summary) string {
	of := counted(s.SkippedObjects, "file")
	if s.Buckets > 0 {
		of = plural(s.SkippedObjects, "bucket or file", "buckets or files")
	}
	return counted(s.SkippedTotal(), "piece") + " of " + of + " skipped: " +
		cmp.Or(tally(s.Skipped), "reason not known")
}

// gapWords names one gap: account, region, from, to, reason.
func gapWords(g Gap) string {
	return spaced(cmp.Or(g.Account, "account not known"), g.Region, stamp(g.From, "start not known"), "..", stamp(g.To, "end not seen")) +
		": " + cmp.Or(g.Reason, "reason not known")
}

// span is the first and the last event of what was read.
func span(s *Summary) string {
	return stamp(s.FirstEvent, notKnown) + " .. " + stamp(s.LastEvent, notKnown)
}
