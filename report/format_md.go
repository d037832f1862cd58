// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/triage"
)

func newMarkdown(w io.Writer, o Options) Handler {
	return &collector{w: w, o: o, render: renderMarkdown}
}

// renderMarkdown writes the report: the lines that must be read first, a table
// of the alerts, a section for each, then what was read and what was not.
func renderMarkdown(b *strings.Builder, c *collector) {
	b.WriteString("# Public S3 buckets: report\n\n")
	c.mdTopLines(b)
	if len(c.alerts) > 0 {
		b.WriteString("\n## Alerts\n\n")
		c.mdTable(b)
	}
	for i, a := range c.alerts {
		mdAlert(b, i+1, a)
	}
	c.mdElsewhere(b)
	c.mdConfig(b)
	c.mdSummary(b)
	c.mdSkipped(b)
}

// mdTopLines are the few lines for those who read no further.
func (c *collector) mdTopLines(b *strings.Builder) {
	if c.config != nil {
		mdItem(b, "Run", mdText(spaced("bucketlid", c.config.Version, c.config.Command))+mdSources(c.config))
		if c.config.From != nil || c.config.To != nil {
			mdItem(b, "Asked for", stamp(c.config.From, "the beginning")+" .. "+stamp(c.config.To, "the end"))
		}
		if len(c.config.Accounts) > 0 {
			mdItem(b, "Accounts asked for", mdText(strings.Join(c.config.Accounts, ", ")))
		}
		if len(c.config.Regions) > 0 {
			mdItem(b, "Regions asked for", mdText(strings.Join(c.config.Regions, ", ")))
		}
	}
	if len(c.alerts) == 0 {
		mdItem(b, "Result", mdText(c.noAlerts()))
		return
	}
	counts := map[triage.Severity]int64{}
	var open int64
	for _, a := range c.alerts {
		counts[a.Severity]++
		if a.State == exposure.Open && a.Kind != triage.KindGuardRemoved && a.Kind != triage.KindAttempt {
			open++
		}
	}
	var parts []string
	for _, severity := range triage.Severities {
		parts = append(parts, string(severity)+" "+number(counts[severity]))
	}
	mdItem(b, "Alerts", fmt.Sprintf("**%s**: %s", number(int64(len(c.alerts))), strings.Join(parts, ", ")))
	mdItem(b, "Still open", "**"+number(open)+"**")
	mdItem(b, "Worst", mdText(c.alerts[0].Title))
	if c.summary == nil {
		mdItem(b, "Not seen", cutOff)
		return
	}
	mdItem(b, "Not seen", mdText(unseen(c.summary)))
}

func mdSources(c *Config) string {
	codes := make([]string, len(c.Sources))
	for i, s := range c.Sources {
		codes[i] = mdCode(s)
	}
	return " " + strings.Join(codes, " ")
}

// mdItem is one labelled item of a list; its text is Markdown already.
func mdItem(b *strings.Builder, label, text string) {
	b.WriteString("- **" + label + ":** " + cmp.Or(text, "none") + "\n")
}

// mdRow is one row of a table.
func mdRow(b *strings.Builder, cells ...string) {
	b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
}

func mdHead(b *strings.Builder, names ...string) {
	mdRow(b, names...)
	b.WriteString(strings.Repeat("| --- ", len(names)) + "|\n")
}

func (c *collector) mdTable(b *strings.Builder) {
	mdHead(b, "#", "Severity", "Kind", "Bucket", "What", "State", "Since (UTC)", "For", "Who", "From")
	for i, a := range c.alerts {
		mdRow(b, fmt.Sprint(i+1), mdText(string(a.Severity)), mdText(string(a.Kind)), mdCode(place(a)), mdText(what(a)), mdText(state(a, false)),
			mdText(since(a, stampForm)), mdText(lasted(a)), mdSeen(actor(a)), mdSeen(source(a)))
	}
}

// mdAlert is the section of one alert.
func mdAlert(b *strings.Builder, n int, a *triage.Alert) {
	fmt.Fprintf(b, "\n### %d. %s: %s\n\n", n, mdText(strings.ToUpper(string(a.Severity))), mdText(a.Title))
	mdFive(b, a)
	b.WriteByte('\n')
	mdItem(b, "Id", mdCode(a.ID)+", account "+mdCode(cmp.Or(a.Account, notKnown))+", region "+mdCode(cmp.Or(a.Region, notKnown)))
	mdItem(b, "What", mdText(what(a)))
	for _, f := range []struct{ name, value string }{
		{"Object", cmp.Or(a.Key, strings.Join(a.Keys, ", "))}, {"Access point", a.AccessPoint}, {"Principals", strings.Join(a.Principals, ", ")}, {"Scope", strings.Join(a.Scope.Include, ", ")},
	} {
		if f.value != "" {
			mdItem(b, f.name, mdCode(f.value))
		}
	}
	mdItem(b, "State", mdText(state(a, false))+proven(a)+", confidence "+mdText(cmp.Or(a.Confidence, notKnown)))
	mdItem(b, "Window", mdText(window(a)))
	mdSegments(b, a.Segments)
	mdItem(b, openedBy(a), mdActor(a.OpenedBy))
	if a.ClosedBy != nil {
		mdItem(b, "Closed by", mdActor(a.ClosedBy))
	}
	mdItem(b, "Severity", mdText(string(a.Severity))+", because "+mdText(cmp.Or(a.SeverityWhy, "no reason was given")))
	mdItem(b, "Strangers' use", mdText(used(&a.AccessSeen)))
	if names := strangers(a.AccessSeen.Strangers); len(names) > 0 {
		mdList(b, "Who used it", names)
	}
	mdList(b, "Reasons", a.Reasons)
	mdFlags(b, a.Flags)
	mdSuggestion(b, a.Suggestion)
	mdList(b, "What is not known", a.Unknowns)
	if said := elsewhere(a); len(said) > 0 {
		mdList(b, "Said by other services", said)
	}
	if text := probed(a); text != "" {
		mdList(b, "Probed", []string{text})
	}
	if text := witness(a); text != "" {
		b.WriteString("\n**Witness**, a request that " + succeeds(a) + ":\n\n" + mdBlock(text))
		if Terminal(text) != text {
			b.WriteString("\n(" + escapesNote + ")\n")
		}
		if needs := witnessNeeds(a.Witness, a.Scope); len(needs) > 0 {
			mdList(b, "It needs", needs)
		}
		if a.Witness.Writes() {
			b.WriteString("\nCareful: " + writesNote + ".\n")
		}
	}
}

// mdFive is the table of the five fields that an analyst looks for first.
func mdFive(b *strings.Builder, a *triage.Alert) {
	mdHead(b, "Field", "Value")
	mdRow(b, "userName", mdSeen(cmp.Or(a.UserName, notSeen)))
	mdRow(b, "sourceIPAddress", mdSeen(source(a)))
	mdRow(b, "bucketName", cmp.Or(mdCode(a.BucketName), "none"))
	mdRow(b, "URI", cmp.Or(mdCode(a.URI), "none"))
	mdRow(b, "Permission", cmp.Or(mdCode(a.Permission), "none"))
}

// mdSeen is a code span, or the plain words for what was not seen.
func mdSeen(s string) string {
	if s == notSeen {
		return s
	}
	return mdCode(s)
}

// proven names the certainty where the state does not do so itself.
func proven(a *triage.Alert) string {
	if mark(a) != "" && strings.HasSuffix(state(a, false), mark(a)) {
		return ""
	}
	return ", certainty " + mdText(cmp.Or(string(a.Certainty), notKnown))
}

// openedBy names the part that the caller had.
func openedBy(a *triage.Alert) string {
	switch a.Kind {
	case triage.KindAttempt:
		return "Tried by"
	case triage.KindGuardRemoved:
		return "Switched off by"
	case triage.KindLatent, triage.KindShared:
		return "Granted by"
	}
	return "Opened by"
}

// mdSegments lists the stretches of a window that several routes made.
func mdSegments(b *strings.Builder, segments []exposure.Segment) {
	if len(segments) < 2 {
		return
	}
	for _, s := range segments {
		mdItem(b, "Segment", mdText(stamp(s.From, "start "+notKnown)+" .. "+stamp(s.To, "now")+" by "+joined(s.Routes, ", ")))
	}
}

// succeeds says of the witness what the state permits to say.
func succeeds(a *triage.Alert) string {
	switch a.State {
	case exposure.Open:
		return "would succeed"
	case exposure.Closed:
		return "would have succeeded while it was open"
	case exposure.Blocked:
		return "would succeed if the guard were taken off"
	}
	return "may succeed"
}

// window is the stretch in which it was open, with inexact edges named.
func window(a *triage.Alert) string {
	switch {
	case a.Kind == triage.KindAttempt:
		return "never open; refused " + since(a, stampForm)
	case a.Kind == triage.KindLatent:
		return "never open; granted " + since(a, stampForm)
	}
	text := since(a, stampForm) + " .. "
	switch {
	case a.ClosedAt != nil:
		text += stamp(a.ClosedAt, "")
	case a.State == exposure.Open && a.LiveOnly():
		text += "now, as the account was read"
	case a.State == exposure.Open:
		text += "now, as far as the log tells"
	default:
		text += "end " + notSeen
	}
	return text + " (" + lasted(a) + ")"
}

func mdActor(a *exposure.Actor) string {
	if a == nil {
		return notSeen
	}
	who := cmp.Or(mdCode(a.UserName), mdCode(a.Type), "an unnamed caller")
	for _, f := range []struct{ before, value string }{
		{", ", a.ARN}, {", with ", a.EventName}, {" at ", stamp(a.EventTime, "")}, {", from ", a.SourceIPAddress},
		{", agent ", a.UserAgent}, {", eventID ", a.EventID},
	} {
		if f.value != "" {
			who += f.before + mdCode(f.value)
		}
	}
	return who
}

// mdList is a list under a bold line; without items it says so.
func mdList(b *strings.Builder, head string, items []string) {
	b.WriteString("\n**" + head + "**\n\n")
	if len(items) == 0 {
		b.WriteString("- none\n")
	}
	for _, item := range items {
		b.WriteString("- " + mdText(item) + "\n")
	}
}

func mdFlags(b *strings.Builder, flags []triage.Flag) {
	b.WriteString("\n**Red flags**\n\n")
	mdHead(b, "Flag", "Question", "Answer", "For", "Against", "Not looked at", "Compared with")
	for _, f := range flags {
		mdRow(b, mdText(f.ID), mdText(f.Question), mdText(cmp.Or(string(f.Answer), string(triage.Cannot))),
			mdText(strings.Join(f.For, "; ")), mdText(strings.Join(f.Against, "; ")),
			mdText(strings.Join(f.Missing, "; ")), mdText(f.Baseline))
	}
}

func mdSuggestion(b *strings.Builder, s *triage.Suggestion) {
	if s == nil {
		return
	}
	b.WriteString("\n**Suggested verdict**\n\n")
	mdItem(b, "Verdict", mdText(s.Verdict)+" (confidence "+mdText(cmp.Or(s.Confidence, notKnown))+"); a person decides")
	for _, l := range []struct {
		name  string
		items []string
	}{{"Because", s.Reasons}, {"Wrong if", s.WrongIf}, {"Missing evidence", s.Missing}} {
		if len(l.items) > 0 {
			mdItem(b, l.name, mdText(strings.Join(l.items, "; ")))
		}
	}
}

func (c *collector) mdSummary(b *strings.Builder) {
	b.WriteString("\n## What was read\n\n")
	s := c.summary
	if s == nil {
		b.WriteString(cutOff + "\n")
		return
	}
	mdItem(b, "Read", mdText(readWords(s)))
	mdItem(b, "Skipped", mdText(skippedLine(s)))
	mdItem(b, "Events", mdText(eventsLine(s)))
	mdItem(b, "Changes", mdText(changesLine(s)))
	mdItem(b, "Exposures", number(s.Exposures)+", also those that raise no alert")
	mdItem(b, "Alerts", mdText(alertsLine(s)))
	mdItem(b, "Kinds", mdText(tally(s.Kinds)))
	mdItem(b, "Open", mdText(stillOpen(s.StillOpen)))
	mdItem(b, "Baseline", counted(s.Principals, "principal")+", "+plural(s.Addresses, "address", "addresses"))
	mdItem(b, "Buckets", mdText(bucketsLine(s)))
	b.WriteString("\n## Gaps\n\n")
	if len(s.Gaps) == 0 {
		b.WriteString("- none known\n")
	}
	for _, g := range s.Gaps {
		b.WriteString("- " + mdText(gapWords(g)) + "\n")
	}
}

// mdElsewhere tells what other services said of buckets without an alert.
func (c *collector) mdElsewhere(b *strings.Builder) {
	if c.summary == nil || len(c.summary.SaidElsewhere) == 0 {
		return
	}
	b.WriteString("\n## Said elsewhere, not seen by us\n\n")
	for _, text := range unmatched(c.summary) {
		b.WriteString("- " + mdText(text) + "\n")
	}
}

func (c *collector) mdSkipped(b *strings.Builder) {
	b.WriteString("\n## Skipped\n\n")
	if len(c.skipped) == 0 {
		b.WriteString("- none\n")
		return
	}
	mdHead(b, "Object", "Offset", "Reason")
	for _, s := range c.skipped {
		offset := "whole"
		if s.Offset >= 0 {
			offset = number(s.Offset)
		}
		mdRow(b, mdCode(s.Object), offset, mdText(s.Reason))
	}
}
