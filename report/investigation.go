// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/bucketlid/bucketlid/investigate"
)

// InvestigationFormat is one row of the table of forms of an investigation.
type InvestigationFormat struct {
	ID    string // the value of -o
	Title string
	Write func(w io.Writer, x *Inquest, o Options) error
}

// InvestigationFormats lists every form of an investigation.
var InvestigationFormats = []InvestigationFormat{
	{"table", "summary, timeline, answers and next steps for a terminal", writeInvestigation},
	{"jsonl", "one JSON object a line: the investigation, then each row, answer, step and skipped input", writeInvestigationJSON},
	{"md", "the same as the table, in GitHub-flavoured Markdown, with the SQL of each question", writeInvestigationMarkdown},
	{"csv", "the timeline for spreadsheets (RFC 4180)", writeInvestigationCSV},
}

// Inquest is an investigation with how it was made.
type Inquest struct {
	Config  *Config
	Found   *investigate.Investigation
	Skipped []Skipped
	Summary *Summary // of the reading
}

// inquestLine is one line of the JSON form: exactly one field is set.
type inquestLine struct {
	Config        *Config                    `json:"config,omitempty"`
	Investigation *investigate.Investigation `json:"investigation,omitempty"`
	Event         *inquestRow                `json:"event,omitempty"`
	Gap           *investigate.Gap           `json:"gap,omitempty"`
	Answer        *investigate.Answer        `json:"answer,omitempty"`
	Step          *investigate.Step          `json:"step,omitempty"`
	Skipped       *Skipped                   `json:"skipped,omitempty"`
	Summary       *Summary                   `json:"summary,omitempty"`
}

// inquestRow is a row of the timeline that is a call.
type inquestRow struct {
	investigate.Entry
	Last   string         `json:"last"`
	Count  int            `json:"count"`
	IDs    []string       `json:"eventIDs"`
	Calls  map[string]int `json:"calls"`
	Others []string       `json:"others"`
	Opens  []string       `json:"opens"`
	Closes []string       `json:"closes"`
}

// writeInvestigationJSON writes config first and the summary of the reading
// last, so that a stream that was cut off shows.
func writeInvestigationJSON(w io.Writer, x *Inquest, _ Options) error {
	lines := []inquestLine{{Config: x.Config}, {Investigation: x.Found}}
	for i := range x.Found.Timeline {
		row := &x.Found.Timeline[i]
		if row.Gap != nil {
			lines = append(lines, inquestLine{Gap: row.Gap})
			continue
		}
		lines = append(lines, inquestLine{Event: &inquestRow{*row.Entry, rfc3339(&row.Last), row.Count, row.IDs, row.Calls, row.Others, row.Opens, row.Closes}})
	}
	for i := range x.Found.Answers {
		lines = append(lines, inquestLine{Answer: &x.Found.Answers[i]})
	}
	for i := range x.Found.Steps {
		lines = append(lines, inquestLine{Step: &x.Found.Steps[i]})
	}
	for i := range x.Skipped {
		lines = append(lines, inquestLine{Skipped: &x.Skipped[i]})
	}
	lines = append(lines, inquestLine{Summary: x.Summary})
	for _, line := range lines {
		text, err := encodeInquest(line)
		if err != nil {
			return err
		}
		if _, err := w.Write(text); err != nil {
			return err
		}
	}
	return nil
}

func encodeInquest(line inquestLine) ([]byte, error) {
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	if err := e.Encode(normalValue(reflect.ValueOf(line)).Interface()); err != nil {
		return nil, fmt.Errorf("encoding an investigation: %w", err)
	}
	return escapeJSON(buf.Bytes()), nil
}

const (
	clockForm = "01-02 15:04:05"
	// maxProofLines bounds the events told under an answer of the table.
	maxProofLines = 5
	// maxCounts bounds the names counted in one line.
	maxCounts = 8
)

// writeInvestigation writes the form for a terminal: what is read last stands
// at the end, beside the prompt.
func writeInvestigation(w io.Writer, x *Inquest, o Options) error {
	s := &sheet{o: o}
	f := x.Found
	s.headline(inquestHeadline(f))
	if len(f.Matched) == 0 {
		s.nothing(x)
		return s.writeTo(w)
	}
	s.matched(f)
	s.counts(f)
	s.line("logs", logsWords(f.Logs))
	s.lines("note", append(slices.Clone(f.Notes), unseen(x.Summary)))
	s.title("Timeline (UTC)")
	s.timeline(f)
	s.title("Questions")
	told := map[string]int{}
	for i := range f.Answers {
		s.reply(i+1, &f.Answers[i], told)
	}
	s.next(f.Steps)
	return s.writeTo(w)
}

// inquestHeadline says what was investigated, and of an alert what it says.
func inquestHeadline(f *investigate.Investigation) string {
	text := fmt.Sprintf("Investigation of %s %s", f.Kind, f.Subject)
	if f.Alert != nil {
		text = fmt.Sprintf("Investigation of alert %s (%s): %s", f.Alert.ID, f.Alert.Severity, f.Alert.Title)
	}
	return text
}

// nothing tells an investigation without a match.
func (s *sheet) nothing(x *Inquest) {
	f := x.Found
	s.line("result", fmt.Sprintf("Nothing in the logs matches the %s %q.", f.Kind, f.Subject))
	s.line("read", logsWords(f.Logs))
	s.line("not seen", unseen(x.Summary))
	if len(f.Near) > 0 {
		s.lines("near", f.Near)
	} else {
		s.line("near", "no name in the logs is like it")
	}
	s.lines("note", f.Notes)
}

// matched lists whom the subject's text fits. Several are candidates: all are
// shown, and it is said.
func (s *sheet) matched(f *investigate.Investigation) {
	if f.From != nil && f.To != nil {
		s.line("window", stamp(f.From, "")+" .. "+stamp(f.To, ""))
	}
	var texts []string
	for _, m := range f.Matched {
		texts = append(texts, matchedWords(m))
	}
	if f.Kind == investigate.User && len(texts) > 1 {
		s.line("matched", fmt.Sprintf("%d candidates; all are shown, and an ARN or an access key tells them apart:", len(texts)))
		s.lines("", firstOf(texts, maxCounts))
		return
	}
	s.lines("matched", firstOf(texts, maxCounts))
}

func matchedWords(m investigate.Matched) string {
	about := ""
	if !m.Exact {
		about = "about "
	}
	return fmt.Sprintf("%s (by %s), %s%s, %s", m.Name, m.How, about, counted(m.Calls, "call"), spanWords(m))
}

func spanWords(m investigate.Matched) string {
	if m.First.Equal(m.Last) {
		return stamp(&m.First, "")
	}
	return stamp(&m.First, "") + " .. " + stamp(&m.Last, "")
}

// counts is the summary.
func (s *sheet) counts(f *investigate.Investigation) {
	sum := &f.Summary
	s.line("calls", callsWords(sum))
	s.line("seen", stamp(sum.First, notSeen)+" .. "+stamp(sum.Last, notSeen))
	for _, part := range countParts(sum) {
		s.line(part.name, countWords(part.brief(), maxCounts))
	}
}

func callsWords(sum *investigate.Summary) string {
	about := ""
	if !sum.Exact {
		about = "about "
	}
	return fmt.Sprintf("%s%s: %s done, %s refused or failed", about, number(sum.Calls), number(sum.Calls-sum.Failed), number(sum.Failed))
}

type countPart struct {
	name, title string
	counts      []investigate.Count
}

func countParts(sum *investigate.Summary) []countPart {
	return []countPart{
		{"events", "Events", sum.Events}, {"errors", "Errors", sum.Errors}, {"callers", "Callers", sum.Callers}, {"from", "Addresses", sum.Addresses},
		{"agents", "Agents", sum.Agents}, {"keys", "Access keys", sum.Keys}, {"regions", "Regions", sum.Regions}, {"buckets", "Buckets", sum.Buckets},
	}
}

// brief are the counts as a terminal shows them: callers by their short names,
// errors without saying that they failed.
func (p *countPart) brief() []investigate.Count {
	out := slices.Clone(p.counts)
	for i := range out {
		switch p.name {
		case "callers":
			out[i].Name = briefCaller(out[i].Name)
		case "errors":
			out[i].Failed = 0
		}
	}
	return out
}

// briefCaller is a caller's ARN without what is the same for all: of a role's
// session that names a person, the person.
func briefCaller(arn string) string {
	account, role, ok := strings.Cut(arn, ":assumed-role/")
	if !ok {
		return lastPart(arn)
	}
	if session := lastPart(role); strings.Contains(session, "@") {
		return session + " in " + lastPart(account)
	}
	return "role " + role
}

// countWords names the most frequent: "GetObject 12 (3 failed), PutObject 2; 4 more".
func countWords(list []investigate.Count, most int) string {
	var parts []string
	for _, c := range list[:min(len(list), most)] {
		text := c.Name + " " + number(c.Calls)
		switch {
		case c.Failed == c.Calls:
			text += " (all failed)"
		case c.Failed > 0:
			text += " (" + number(c.Failed) + " failed)"
		}
		parts = append(parts, text)
	}
	text := strings.Join(parts, ", ")
	if more := len(list) - most; more > 0 {
		text += fmt.Sprintf("; %s more", number(int64(more)))
	}
	return text
}

func logsWords(l investigate.Logs) string {
	if l.Records == 0 {
		return "no record was read"
	}
	data := "with data events of S3"
	if !l.Data {
		data = "without data events of S3"
	}
	accounts := counted(int64(len(l.Accounts)), "account")
	if len(l.Accounts) == 0 {
		accounts = "accounts that they do not name"
	}
	return fmt.Sprintf("%s of %s, %s .. %s, %s", counted(l.Records, "record"), accounts, stamp(l.First, notKnown), stamp(l.Last, notKnown), data)
}

// reply is one question with its answer. An event that stands under an earlier
// one is not told again.
func (s *sheet) reply(n int, a *investigate.Answer, told map[string]int) {
	s.title(fmt.Sprintf("%d. %s %s", n, a.Question, strings.ToUpper(string(a.Verdict))))
	s.line("", a.Text)
	shown, above := 0, []string{}
	for _, p := range a.Events {
		switch at := told[p.EventID]; {
		case at > 0 && p.EventID != "":
			above = append(above, fmt.Sprint(at))
		case shown < maxProofLines:
			s.line("event", proofWords(p))
			told[p.EventID] = n
			shown++
		}
	}
	if len(above) > 0 {
		s.line("", fmt.Sprintf("%s under %s above", plural(int64(len(above)), "event stands", "events stand"), strings.Join(slices.Compact(above), ", ")))
	}
	if more := len(a.Events) + a.More - shown - len(above); more > 0 {
		s.line("", fmt.Sprintf("%s more (-o md and -o jsonl list them)", counted(int64(more), "event")))
	}
	s.lines("caveat", a.Caveats)
}

func proofWords(p investigate.Proof) string {
	text := p.Text
	if p.EventID != "" {
		text += " (" + p.EventID + ")"
	}
	if p.Time.IsZero() {
		return text
	}
	return stamp(&p.Time, "") + " " + text
}

// next lists the steps with their commands, which are never wrapped.
func (s *sheet) next(steps []investigate.Step) {
	if len(steps) == 0 {
		return
	}
	s.title("Next")
	for _, step := range steps {
		s.line("", step.Why)
		s.command("", "  "+step.Command)
	}
}
