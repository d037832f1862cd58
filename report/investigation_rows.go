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

	"github.com/charmbracelet/x/ansi"

	"github.com/bucketlid/bucketlid/investigate"
)

// timeline draws the rows of calls as a grid, with gaps on lines of their own.
func (s *sheet) timeline(f *investigate.Investigation) {
	if len(f.Timeline) == 0 {
		s.line("", "no call in this window")
		return
	}
	columns, dropped := fit(timelineColumns(f), s.o.Width)
	var b strings.Builder
	draw(&b, columns, len(f.Timeline), s.o)
	for i, line := range strings.SplitAfter(b.String(), "\n") {
		if i > 0 && i <= len(f.Timeline) && f.Timeline[i-1].Gap != nil {
			line = s.o.apply(paintFaint, end("   … "+f.Timeline[i-1].Gap.Text+" …", s.o.Width)) + "\n"
		}
		s.b.WriteString(line)
	}
	if len(dropped) > 0 {
		s.line("", "Left out at this width: "+strings.Join(dropped, ", "))
	}
}

var paintFailed = painter(ansi.Style{}.ForegroundColor(ansi.Red))

// timelineColumns are the columns of a timeline; a gap has empty cells.
func timelineColumns(f *investigate.Investigation) []*column {
	col := func(head string, value func(r *investigate.Row) string) *column {
		c := &column{head: head, cells: make([]string, len(f.Timeline))}
		for i := range f.Timeline {
			if r := &f.Timeline[i]; r.Entry != nil {
				c.cells[i] = Terminal(value(r))
			}
		}
		return c
	}
	form := clockForm
	if !oneYear(f.Timeline) {
		form = "2006-01-02 15:04:05"
	}
	when := col("TIME", func(r *investigate.Row) string { return r.Time.Format(form) })
	when.min, when.good = 14, 14
	mark := col("", markCell)
	mark.min = 1
	count := col("N", countCell)
	count.min, count.good = 8, 8
	call := col("CALL", saidCell)
	call.min, call.good, call.max = 20, 30, 52
	call.each = make([]string, len(call.cells))
	for i := range f.Timeline {
		call.each[i] = briefSaid(&f.Timeline[i], call.cells[i])
	}
	call.paint = func(i int) paint {
		switch r := &f.Timeline[i]; {
		case r.Entry == nil:
			return nil
		case len(r.Opens) > 0:
			return paintHead
		case r.Failed():
			return paintFailed
		}
		return nil
	}
	on := col("ON", func(r *investigate.Row) string { return onCell(r) })
	on.min, on.good, on.max = 16, 24, 60
	result := col("RESULT", func(r *investigate.Row) string { return resultCell(r) })
	result.min, result.good, result.max = 12, 22, 40
	if slices.ContainsFunc(f.Timeline, func(r investigate.Row) bool { return len(r.Opens)+len(r.Closes) > 0 }) {
		result.min = len("closes a-0123456789ab") // an id that is cut names nothing
	}
	who := col("WHO", func(r *investigate.Row) string { return r.UserName })
	who.min, who.good, who.max, who.rank = 8, 14, 40, 2
	from := col("FROM", func(r *investigate.Row) string { return r.Address })
	from.min, from.good, from.max, from.rank = 13, 15, 39, 3
	agent := col("CLIENT", func(r *investigate.Row) string { return briefClient(r.Client()) })
	agent.min, agent.good, agent.max, agent.rank = 7, 12, 20, 5
	service := col("SERVICE", func(r *investigate.Row) string { return r.Service() })
	service.min, service.good, service.max, service.rank = 3, 6, 16, 4
	id := col("EVENT ID", func(r *investigate.Row) string { return r.ID })
	id.min, id.good, id.max, id.rank = 9, 36, 36, 6
	return []*column{when, mark, count, call, result, on, who, from, service, agent, id}
}

// oneYear reports whether times without their year are still exact.
func oneYear(rows []investigate.Row) bool {
	years := map[int]bool{}
	for i := range rows {
		if rows[i].Entry != nil {
			years[rows[i].Time.Year()] = true
		}
	}
	return len(years) < 2
}

// markCell tells changes and failures from what only looked.
func markCell(r *investigate.Row) string {
	switch {
	case len(r.Opens) > 0:
		return "▲"
	case len(r.Closes) > 0:
		return "▼"
	case r.Failed():
		return "✗"
	case !investigate.Reads(r.Name):
		return "●"
	}
	return ""
}

// briefClient shortens the kinds of client for a column.
var briefClient = strings.NewReplacer("infrastructure code", "infra code", "a program with an AWS SDK", "SDK", "console or an AWS service", "AWS internal",
	"an AWS service", "AWS service", "a tool of attackers and testers", "attack tool", "a desktop program", "desktop").Replace

// countCell is the number of calls of a run and how long it lasted.
func countCell(r *investigate.Row) string {
	if r.Count == 1 {
		return ""
	}
	text := "×" + strconv.Itoa(r.Count)
	if d := r.Last.Sub(r.Time); d >= time.Minute {
		text += " " + strings.ReplaceAll(investigate.Span(d.Truncate(time.Minute)), " ", "")
	}
	return text
}

// saidCell names the call, or the reads of a burst.
func saidCell(r *investigate.Row) string {
	if len(r.Calls) > 1 {
		return "reads: " + r.Said()
	}
	return r.Name
}

// briefSaid is a burst of reads where there is no room for their names.
func briefSaid(r *investigate.Row, text string) string {
	if len(r.Calls) > 1 {
		return fmt.Sprintf("reads of %d kinds", len(r.Calls))
	}
	return text
}

// onCell is what a row was about: of a run the first, and how much else.
func onCell(r *investigate.Row) string {
	switch n := len(r.Others); {
	case n == 0:
		return r.On()
	case r.On() == "":
		return strings.Join(r.Others, ", ")
	default:
		return r.On() + ", " + strings.Join(r.Others, ", ")
	}
}

// resultCell tells what was refused or failed, and which alerts a call made.
func resultCell(r *investigate.Row) string {
	var parts []string
	for _, id := range r.Opens {
		parts = append(parts, "opens "+id)
	}
	for _, id := range r.Closes {
		parts = append(parts, "closes "+id)
	}
	switch {
	case r.NothingThere() && len(r.Calls) > 1:
		parts = append(parts, "nothing there")
	case r.Failed():
		parts = append(parts, strings.TrimPrefix(cmp.Or(r.Error, r.ErrorMessage), "Client."))
	}
	return strings.Join(parts, ", ")
}

// inquestColumns are the columns of the CSV form; the names are an agreement.
var inquestColumns = []struct {
	name  string
	value func(r *investigate.Row) string
}{
	{"eventTime", func(r *investigate.Row) string { return rfc3339(&r.Time) }},
	{"last", func(r *investigate.Row) string { return rfc3339(&r.Last) }},
	{"count", func(r *investigate.Row) string { return strconv.Itoa(r.Count) }},
	{"eventName", func(r *investigate.Row) string { return r.Said() }},
	{"errorCode", func(r *investigate.Row) string { return r.Error }},
	{"userName", func(r *investigate.Row) string { return r.UserName }},
	{"sourceIPAddress", func(r *investigate.Row) string { return r.Address }},
	{"bucketName", func(r *investigate.Row) string { return r.Bucket }},
	{"target", func(r *investigate.Row) string { return r.Target }},
	{"eventSource", func(r *investigate.Row) string { return r.Source }},
	{"awsRegion", func(r *investigate.Row) string { return r.Region }},
	{"recipientAccountId", func(r *investigate.Row) string { return r.Account }},
	{"arn", func(r *investigate.Row) string { return r.ARN }},
	{"type", func(r *investigate.Row) string { return r.Type }},
	{"accessKeyId", func(r *investigate.Row) string { return r.AccessKeyID }},
	{"sourceIdentity", func(r *investigate.Row) string { return r.SourceIdentity }},
	{"userAgent", func(r *investigate.Row) string { return r.Agent }},
	{"client", func(r *investigate.Row) string { return r.Client() }},
	{"errorMessage", func(r *investigate.Row) string { return r.ErrorMessage }},
	{"eventID", func(r *investigate.Row) string { return r.ID }},
	{"opens", func(r *investigate.Row) string { return list(r.Opens) }},
	{"closes", func(r *investigate.Row) string { return list(r.Closes) }},
}

// writeInvestigationCSV writes the timeline. A gap is a row with its ends and
// the words under eventName.
func writeInvestigationCSV(w io.Writer, x *Inquest, _ Options) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	head := make([]string, len(inquestColumns))
	for i, c := range inquestColumns {
		head[i] = c.name
	}
	if err := out.Write(head); err != nil {
		return err
	}
	for i := range x.Found.Timeline {
		r := &x.Found.Timeline[i]
		cells := make([]string, len(inquestColumns))
		if r.Gap != nil {
			cells[0], cells[1], cells[2], cells[3] = rfc3339(&r.Gap.From), rfc3339(&r.Gap.To), "0", "gap: "+r.Gap.Text
		} else {
			for j, c := range inquestColumns {
				cells[j] = CSVText(c.value(r))
			}
		}
		if err := out.Write(cells); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// writeInvestigationMarkdown writes the report for a ticket.
func writeInvestigationMarkdown(w io.Writer, x *Inquest, _ Options) error {
	var b strings.Builder
	f := x.Found
	b.WriteString("# " + mdText(inquestHeadline(f)) + "\n\n")
	if len(f.Matched) == 0 {
		mdItem(&b, "Result", mdText(fmt.Sprintf("Nothing in the logs matches the %s %q.", f.Kind, f.Subject)))
		mdItem(&b, "Near", mdCodes(f.Near))
	}
	if f.From != nil && f.To != nil {
		mdItem(&b, "Window", stamp(f.From, "")+" .. "+stamp(f.To, ""))
	}
	for _, m := range f.Matched[:min(len(f.Matched), maxListed)] {
		mdItem(&b, "Matched", mdText(matchedWords(m)))
	}
	mdItem(&b, "Logs", mdText(logsWords(f.Logs)))
	mdItem(&b, "Not seen", mdText(unseen(x.Summary)))
	for _, note := range f.Notes {
		mdItem(&b, "Note", mdText(note))
	}
	if len(f.Matched) > 0 {
		mdInquestCounts(&b, &f.Summary)
		mdAnswers(&b, f.Answers)
		mdSteps(&b, f.Steps)
		mdTimeline(&b, f.Timeline)
		mdQueries(&b, f.Answers)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func mdCodes(names []string) string {
	codes := make([]string, len(names))
	for i, name := range names {
		codes[i] = mdCode(name)
	}
	return strings.Join(codes, ", ")
}

func mdInquestCounts(b *strings.Builder, sum *investigate.Summary) {
	b.WriteString("\n## Summary\n\n")
	mdItem(b, "Calls", mdText(callsWords(sum)))
	mdItem(b, "First and last seen", stamp(sum.First, notSeen)+" .. "+stamp(sum.Last, notSeen))
	for _, part := range countParts(sum) {
		if len(part.counts) > 0 {
			mdItem(b, part.title, mdText(countWords(part.counts, maxListed)))
		}
	}
}

func mdAnswers(b *strings.Builder, answers []investigate.Answer) {
	b.WriteString("\n## Questions\n")
	for i, a := range answers {
		fmt.Fprintf(b, "\n### %d. %s\n\n**%s.** %s\n\n", i+1, mdText(a.Question), mdText(string(a.Verdict)), mdText(a.Text))
		for _, p := range a.Events {
			b.WriteString("- " + mdText(stamp(&p.Time, "")+" "+p.Text) + " " + mdCode(p.EventID) + "\n")
		}
		if a.More > 0 {
			fmt.Fprintf(b, "- and %s more\n", counted(int64(a.More), "event"))
		}
		for _, caveat := range a.Caveats {
			b.WriteString("- *Caveat:* " + mdText(caveat) + "\n")
		}
	}
}

func mdSteps(b *strings.Builder, steps []investigate.Step) {
	b.WriteString("\n## Next steps\n\n")
	for _, step := range steps {
		b.WriteString("- " + mdText(step.Why) + ": " + mdCode(step.Command) + "\n")
	}
}

func mdTimeline(b *strings.Builder, rows []investigate.Row) {
	b.WriteString("\n## Timeline (UTC)\n\n")
	mdHead(b, "Time", "N", "Call", "Result", "On", "Who", "From", "Event id")
	for i := range rows {
		r := &rows[i]
		if r.Gap != nil {
			mdRow(b, "", "", "*"+mdText(r.Gap.Text)+"*", "", "", "", "", "")
			continue
		}
		mdRow(b, stamp(&r.Time, ""), countCell(r), mdCode(saidCell(r)), mdText(resultCell(r)), mdCode(onCell(r)), mdCode(r.UserName), mdCode(r.Address), mdCode(r.ID))
	}
}

// mdQueries lists the SQL that asks the same of a table of CloudTrail records.
func mdQueries(b *strings.Builder, answers []investigate.Answer) {
	b.WriteString("\n## The same questions in SQL (Athena, Trino)\n")
	for i, a := range answers {
		fmt.Fprintf(b, "\n%d. %s\n\n%s", i+1, mdText(a.Question), mdFenced("sql", a.SQL))
	}
}

// mdFenced is text of several lines as a fenced block; its fence is longer than
// any run of backticks in the text.
func mdFenced(language, text string) string {
	block := "```"
	for strings.Contains(text, block) {
		block += "`"
	}
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = Terminal(lines[i])
	}
	return block + language + "\n" + strings.Join(lines, "\n") + "\n" + block + "\n"
}
