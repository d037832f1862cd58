// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/investigate"
	"github.com/bucketlid/bucketlid/triage"
)

// maxBlocks is how many alerts the table tells in words below its rows.
const maxBlocks = 5

func newTable(w io.Writer, o Options) Handler {
	return &collector{w: w, o: o, render: renderTable}
}

func renderTable(b *strings.Builder, c *collector) {
	if len(c.alerts) == 0 {
		c.paragraph(b, c.noAlerts())
		c.elsewhere(b)
		return
	}
	columns, dropped := fit(compactColumns(c.alerts), c.o.Width)
	draw(b, columns, len(c.alerts), c.o)
	if len(dropped) > 0 {
		c.paragraph(b, "Left out at this width: "+strings.Join(dropped, ", ")+" (-o wide has every column).")
	}
	c.blocks(b)
	c.elsewhere(b)
	b.WriteByte('\n')
	c.paragraph(b, c.notSeen())
}

// cells are the harmless cells of a column, one per alert.
func cells(alerts []*triage.Alert, value func(*triage.Alert) string) []string {
	out := make([]string, len(alerts))
	for i, a := range alerts {
		out[i] = Terminal(value(a))
	}
	return out
}

// compactColumns are the columns of the table. At 160 nearly all fit; what a
// narrow terminal leaves out first is what other columns imply.
func compactColumns(alerts []*triage.Alert) []*column {
	col := func(head string, value func(*triage.Alert) string) *column {
		return &column{head: head, cells: cells(alerts, value)}
	}
	severity := col("SEVERITY", func(a *triage.Alert) string { return string(a.Severity) })
	severity.min, severity.good = 8, 8
	severity.tight = true
	severity.brief = col("SEV", func(a *triage.Alert) string { return cmp.Or(briefSeverity[a.Severity], string(a.Severity)) })
	severity.paint = func(i int) paint { return paintSeverity[alerts[i].Severity] }

	kind := col("KIND", func(a *triage.Alert) string { return string(a.Kind) })
	kind.min, kind.good, kind.rank = 13, 13, 5

	where := col("BUCKET", place)
	where.min, where.good, where.max = 12, 24, 48
	where.each = cells(alerts, func(a *triage.Alert) string { return strings.TrimPrefix(place(a), "account ") })

	grants := col("WHAT", what)
	grants.min, grants.good, grants.max = 20, 28, 60
	grants.each = cells(alerts, func(a *triage.Alert) string { return briefWhat(strings.TrimPrefix(what(a), "account ")) })

	standing := col("STATE", func(a *triage.Alert) string { return state(a, false) })
	standing.each = cells(alerts, func(a *triage.Alert) string { return state(a, true) })
	standing.min, standing.good, standing.max = 14, 18, 44
	standing.paint = func(i int) paint { return paintState[stateColour(alerts[i])] }

	start := col("SINCE (UTC)", func(a *triage.Alert) string { return since(a, stampForm) })
	start.min, start.good = 14, 20
	if sameYear(alerts) {
		start.brief = col("SINCE (UTC)", func(a *triage.Alert) string { return since(a, shortForm) })
	}

	long := col("FOR", lasted)
	long.min, long.good, long.rank = 10, 10, 4

	who := col("WHO", actor)
	who.each = cells(alerts, func(a *triage.Alert) string { return briefName(actor(a)) })
	who.min, who.good, who.max, who.rank = 6, 14, 28, 1

	from := col("FROM", source)
	from.min, from.good, from.max, from.rank = 13, 15, 39, 2

	id := col("ID", func(a *triage.Alert) string { return a.ID })
	id.min, id.good, id.rank = 14, 14, 3

	return []*column{severity, kind, where, grants, standing, start, long, who, from, id}
}

// briefName leaves the domain of an address out: that part is everybody's.
func briefName(name string) string {
	local, _, found := strings.Cut(name, "@")
	if !found || local == "" {
		return name
	}
	return local + "@…"
}

var briefSeverity = map[triage.Severity]string{triage.Critical: "crit", triage.Medium: "med"}

// briefWhat shortens the names of routes and guards in the words of a grant.
var briefWhat = strings.NewReplacer(
	"via bucket-acl", "via acl", "via bucket-policy", "via policy", "via access-point-policy", "via access point",
	"via multi-region-access-point-policy", "via multi-region access point",
	"account-block-public-access", "account BPA", "organization-block-public-access", "organization BPA", "block-public-access", "bucket BPA",
	"all four flags", "all",
).Replace

// stateColour is the state whose colour a row has. What was refused needs none.
func stateColour(a *triage.Alert) exposure.State {
	if a.Kind == triage.KindAttempt {
		return exposure.Closed
	}
	return a.State
}

// sameYear reports whether a start without its year is still exact.
func sameYear(alerts []*triage.Alert) bool {
	year := 0
	for _, a := range alerts {
		t := began(a)
		if t == nil && a.Bounds != nil {
			t = a.Bounds.OpenedLatest
		}
		if t == nil {
			continue
		}
		if year != 0 && t.UTC().Year() != year {
			return false
		}
		year = t.UTC().Year()
	}
	return true
}

// blocks tells the first few of the worst alerts in words.
func (c *collector) blocks(b *strings.Builder) {
	shown, left := 0, 0
	for _, a := range c.alerts {
		switch {
		case !worst(a):
		case shown == maxBlocks:
			left++
		default:
			shown++
			c.block(b, a)
		}
	}
	if left > 0 {
		fmt.Fprintf(b, "\n%s more at high or critical: -o md tells each one.\n", number(int64(left)))
	}
}

// block is one alert in a few labelled lines: the sentence, why it matters, who
// used it, the chain of reasons, what is not known, a request that proves it, where to read on.
func (c *collector) block(b *strings.Builder, a *triage.Alert) {
	b.WriteByte('\n')
	severity := strings.ToUpper(Terminal(string(a.Severity)))
	for i, line := range wrap(severity+" "+Terminal(a.ID)+" "+Terminal(a.Title), c.room()) {
		if i == 0 {
			line = strings.Replace(line, severity, c.o.apply(paintSeverity[a.Severity], severity), 1)
		} else {
			line = "  " + line
		}
		b.WriteString(line + "\n")
	}
	c.lines(b, "why", strings.Join(nonEmpty(a.SeverityWhy, c.openFor(a)), "; "))
	c.lines(b, "used", used(&a.AccessSeen))
	c.flags(b, a)
	c.suggestion(b, a.Suggestion)
	c.lines(b, "reasons", strings.Join(a.Reasons, "; "))
	c.lines(b, "unknown", strings.Join(a.Unknowns, "; "))
	c.lines(b, "others", strings.Join(elsewhere(a), "; "))
	c.lines(b, "probed", probed(a))
	if text := witness(a); text != "" {
		// Never shortened or broken: it is there to be copied.
		b.WriteString(c.label(witnessLabel(a)) + Terminal(text) + "\n")
		if Terminal(text) != text {
			c.lines(b, "", escapesNote)
		}
		c.lines(b, "needs", strings.Join(witnessNeeds(a.Witness, a.Scope), "; "))
		if a.Witness.Writes() {
			c.lines(b, "careful", writesNote)
		}
	}
	c.next(b, a)
}

// next are the commands to go on with, in full: they are there to be copied.
func (c *collector) next(b *strings.Builder, a *triage.Alert) {
	label := "next"
	if text, ok := investigate.Typed(c.investigation(a)); ok {
		b.WriteString(c.label(label) + Terminal(text) + "\n")
		label = ""
	}
	if routed(a) {
		c.lines(b, label, "bucketlid explain route "+a.Route)
	}
}

// investigation is the command that investigates an alert of a hunt in files, with
// what the hunt was given; none where it would be long, or the sources cannot be
// read again.
func (c *collector) investigation(a *triage.Alert) []string {
	if c.config == nil || c.config.Command != "hunt" || a.ID == "" || len(c.config.Sources) == 0 || len(c.config.Sources) > maxTyped {
		return nil
	}
	words := append([]string{"bucketlid", "investigate", "alert", a.ID}, c.config.Sources...)
	for _, source := range c.config.Sources {
		if scheme, _, remote := strings.Cut(source, "://"); source == "-" || remote && scheme != "s3" {
			return nil
		}
	}
	for _, flag := range []struct{ name, value string }{
		{"--context", c.config.Context}, {"--account", strings.Join(c.config.Accounts, ",")}, {"--region", strings.Join(c.config.Regions, ",")},
		{"--from", rfc3339(c.config.From)}, {"--to", rfc3339(c.config.To)},
	} {
		if flag.value != "" {
			words = append(words, flag.name, flag.value)
		}
	}
	return words
}

// maxTyped is how many sources a command to be copied names.
const maxTyped = 4

// flags tells each red flag on one line, with its strongest evidence.
func (c *collector) flags(b *strings.Builder, a *triage.Alert) {
	label := "flags"
	for _, f := range a.Flags {
		text := fmt.Sprintf("%-15s%-4s%s", f.ID, answer(f.Answer), cmp.Or(evidence(&f), strings.Join(f.Missing, "; ")))
		b.WriteString(strings.TrimRight(c.label(label)+end(Terminal(text), c.room()-labelWidth+2), " ") + "\n")
		label = ""
	}
}

// evidence is the strongest evidence for a flag's answer: where there is none,
// both sides.
func evidence(f *triage.Flag) string {
	switch {
	case f.Answer == triage.Yes && len(f.For) > 0:
		return f.For[0]
	case f.Answer == triage.No && len(f.Against) > 0:
		return f.Against[0]
	case len(f.For) > 0 && len(f.Against) > 0:
		return f.For[0] + "; but " + f.Against[0]
	}
	return ""
}

// suggestion tells the proposed verdict and what would make it wrong.
func (c *collector) suggestion(b *strings.Builder, s *triage.Suggestion) {
	if s == nil || s.Verdict == triage.CannotTell {
		return
	}
	text := fmt.Sprintf("%s (confidence %s); wrong if %s", s.Verdict, s.Confidence, strings.Join(s.WrongIf, "; "))
	c.lines(b, "suggest", text)
}

// witnessLabel says of the witness what the state permits to say.
func witnessLabel(a *triage.Alert) string {
	switch a.State {
	case exposure.Closed:
		return "worked"
	case exposure.Blocked:
		return "blocked"
	}
	return "witness"
}

const labelWidth = 11

func (c *collector) label(name string) string {
	return "  " + c.o.apply(paintFaint, fmt.Sprintf("%-*s", labelWidth-2, name))
}

// room is the width of an indented line; 0 is unlimited.
func (c *collector) room() int {
	if c.o.Width <= 0 {
		return 0
	}
	return max(c.o.Width-2, 20)
}

// lines is a labelled text on at most two lines.
func (c *collector) lines(b *strings.Builder, name, text string) {
	if text == "" {
		return
	}
	room := 0
	if c.o.Width > 0 {
		room = max(c.o.Width-labelWidth, 20)
	}
	wrapped := wrap(Terminal(text), room)
	b.WriteString(c.label(name) + wrapped[0] + "\n")
	if len(wrapped) > 1 {
		b.WriteString(strings.Repeat(" ", labelWidth) + end(strings.Join(wrapped[1:], " "), room) + "\n")
	}
}

// openFor is how long an open alert has been open at the least: up to the last
// record that was read, since no clock is asked.
func (c *collector) openFor(a *triage.Alert) string {
	if a.State != exposure.Open || a.OpenedAt == nil || c.summary == nil || c.summary.LastEvent == nil {
		return ""
	}
	d := c.summary.LastEvent.Sub(*a.OpenedAt)
	if d < time.Second {
		return ""
	}
	return "open for at least " + duration(d) + " (to the last record read)"
}

// witness is the request that would succeed, as a command where there is one.
func witness(a *triage.Alert) string {
	w := a.Witness
	if w == nil {
		return ""
	}
	return cmp.Or(w.Command, spaced(w.Method, w.URL), spaced(w.Action, w.Resource))
}

func nonEmpty(list ...string) []string {
	var out []string
	for _, s := range list {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

// paragraph is text of our own and of the log, wrapped to the width.
func (c *collector) paragraph(b *strings.Builder, text string) {
	b.WriteString(strings.Join(wrap(Terminal(text), c.o.Width), "\n") + "\n")
}
