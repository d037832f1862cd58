// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strconv"
	"strings"

	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/triage"
)

//go:embed format_html.tmpl
var htmlText string

//go:embed format_html.css
var htmlStyle string

// htmlTemplate is the page. html/template escapes for HTML; t makes the rest
// visible: controls, directions of writing, what has no shape.
var htmlTemplate = template.Must(template.New("report").Funcs(template.FuncMap{
	"t":      Terminal,
	"answer": answerWord,
	"semis":  func(list []string) string { return strings.Join(list, "; ") },
}).Parse(htmlText))

func newHTML(w io.Writer, o Options) Handler {
	return &collector{w: w, o: o, render: renderHTML}
}

// renderHTML writes the report as one file that asks nobody for anything: the
// policy in its head permits its own style sheet and nothing else.
func renderHTML(b *strings.Builder, c *collector) {
	if err := htmlTemplate.Execute(b, c.page()); err != nil {
		panic(fmt.Sprintf("drawing the page: %v", err)) // a fault of the template, whatever the stream holds
	}
}

// htmlPage is what the template shows.
type htmlPage struct {
	CSP           string
	Style         template.CSS
	Run           string
	Counts        []htmlCount
	Worst         string
	NotSeen       string
	NoAlerts      string
	Overview      template.HTML
	Alerts        []htmlAlert
	SaidElsewhere []string
	AWSConfig     []string
	Read          []htmlPair
	CutOff        string
	Gaps          []string
	Skipped       []Skipped
}

type htmlPair struct{ Name, Text string }

type htmlCount struct{ Class, N, Name string }

// htmlAlert is one alert in the words of all formats.
type htmlAlert struct {
	N                                                              int
	Anchor, Class, Severity, Title, Place, What, State             string
	Since, Lasted, Who, From, Why, Used, Witness, Succeeds, Probed string
	Five, Details                                                  []htmlPair
	Flags                                                          []triage.Flag
	Suggestion                                                     *triage.Suggestion
	Strangers, Reasons, Needs, Careful, Unknowns, Elsewhere        []string
	Chart                                                          template.HTML
}

func (c *collector) page() htmlPage {
	sum := sha256.Sum256([]byte(htmlStyle))
	p := htmlPage{
		CSP:   "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'",
		Style: template.CSS(htmlStyle), Run: c.runLine(), NoAlerts: c.noAlerts(), CutOff: cutOff, Skipped: c.skipped,
		NotSeen: strings.TrimPrefix(c.notSeen(), "Not seen: "), Read: c.readPairs(),
	}
	for i, a := range c.alerts {
		p.Alerts = append(p.Alerts, c.htmlAlert(i+1, a))
	}
	if len(c.alerts) > 0 {
		p.Worst, p.Counts, p.Overview = c.alerts[0].Title, c.counts(), overview(c.alerts, c.asOf())
	}
	if s := c.summary; s != nil {
		for _, g := range s.Gaps {
			p.Gaps = append(p.Gaps, gapWords(g))
		}
		p.SaidElsewhere, p.AWSConfig = unmatched(s), htmlConfig(s)
	}
	return p
}

// runLine says what was run, on what and up to when.
func (c *collector) runLine() string {
	if c.config == nil {
		return "The head of the stream is missing: what was run is not known."
	}
	text := spaced("bucketlid", c.config.Version, c.config.Command) + " " + strings.Join(c.config.Sources, " ")
	for _, f := range []struct {
		before string
		list   []string
	}{{"accounts ", c.config.Accounts}, {"Regions ", c.config.Regions}} {
		if len(f.list) > 0 {
			text += "; " + f.before + strings.Join(f.list, ", ")
		}
	}
	if c.config.From != nil || c.config.To != nil {
		text += "; asked for " + stamp(c.config.From, "the beginning") + " .. " + stamp(c.config.To, "the end")
	}
	if t := c.asOf(); t != nil {
		text += "; tells up to " + stamp(t, "")
	}
	return text
}

func (c *collector) counts() []htmlCount {
	number := map[triage.Severity]int{}
	open := 0
	for _, a := range c.alerts {
		number[a.Severity]++
		if a.State == exposure.Open && a.Kind != triage.KindGuardRemoved && a.Kind != triage.KindAttempt {
			open++
		}
	}
	alerts := "alerts"
	if len(c.alerts) == 1 {
		alerts = "alert"
	}
	out := []htmlCount{{"", strconv.Itoa(len(c.alerts)), alerts}, {"", strconv.Itoa(open), "still open"}}
	for _, s := range triage.Severities {
		out = append(out, htmlCount{severityClass(s), strconv.Itoa(number[s]), string(s)})
	}
	return out
}

// severityClass names a style; a severity that is none of ours has that of info.
func severityClass(s triage.Severity) string {
	switch s {
	case triage.Critical, triage.High, triage.Medium, triage.Low:
		return string(s)
	}
	return string(triage.Info)
}

func (c *collector) htmlAlert(n int, a *triage.Alert) htmlAlert {
	h := htmlAlert{
		N: n, Anchor: "a" + strconv.Itoa(n), Class: severityClass(a.Severity), Severity: strings.ToUpper(string(a.Severity)), Title: a.Title,
		Place: place(a), What: what(a), State: state(a, false), Since: since(a, stampForm), Lasted: lasted(a), Who: actor(a), From: source(a),
		Why:  cmp.Or(strings.Join(nonEmpty(a.SeverityWhy, c.openFor(a)), "; "), "no reason was given"),
		Used: used(&a.AccessSeen), Five: fiveFields(a), Details: details(a), Flags: a.Flags, Suggestion: a.Suggestion,
		Strangers: strangers(a.AccessSeen.Strangers), Reasons: a.Reasons, Unknowns: a.Unknowns, Elsewhere: elsewhere(a), Probed: probed(a),
		Chart: windowChart(a, c.asOf()),
	}
	if text := witness(a); text != "" {
		h.Witness, h.Succeeds = text, succeeds(a)
		h.Needs = witnessNeeds(a.Witness, a.Scope)
		if a.Witness.Writes() {
			h.Careful = append(h.Careful, writesNote)
		}
		if Terminal(text) != text {
			h.Careful = append(h.Careful, escapesNote)
		}
	}
	return h
}

// fiveFields are what an analyst looks for first, under CloudTrail's own names.
func fiveFields(a *triage.Alert) []htmlPair {
	return []htmlPair{
		{"userName", cmp.Or(a.UserName, notSeen)}, {"sourceIPAddress", source(a)}, {"bucketName", cmp.Or(a.BucketName, "none")},
		{"URI", cmp.Or(a.URI, "none")}, {"Permission", cmp.Or(a.Permission, "none")},
	}
}

func details(a *triage.Alert) []htmlPair {
	var out []htmlPair
	for _, p := range []htmlPair{
		{"Id", a.ID}, {"Kind", string(a.Kind)}, {"Account", cmp.Or(a.Account, notKnown)}, {"Region", cmp.Or(a.Region, notKnown)},
		{"Objects", strings.Join(keysOf(a), ", ")}, {"Access point", a.AccessPoint}, {"Principals", strings.Join(a.Principals, ", ")},
		{"Scope", strings.Join(a.Scope.Include, ", ")}, {"State", state(a, false) + ", certainty " + cmp.Or(string(a.Certainty), notKnown) + ", confidence " + cmp.Or(a.Confidence, notKnown)},
		{"Window", window(a)}, {openedBy(a), actorLine(a.OpenedBy)}, {"Closed by", closerLine(a)},
		{"Controls", strings.Join(controls(a), ", ")}, {"ATT&CK " + attackVersion, techniqueOf(a).id + " " + techniqueOf(a).name},
		{"Exposures", strings.Join(a.Exposures, ", ")},
	} {
		if p.Text != "" {
			out = append(out, p)
		}
	}
	return out
}

func closerLine(a *triage.Alert) string {
	if a.ClosedBy == nil {
		return ""
	}
	return actorLine(a.ClosedBy)
}

// actorLine is a call and who made it.
func actorLine(by *exposure.Actor) string {
	if by == nil {
		return notSeen
	}
	return strings.Join(nonEmpty(cmp.Or(by.UserName, by.Type, "an unnamed caller"), by.ARN, prefixed("with ", by.EventName), prefixed("at ", stamp(by.EventTime, "")),
		prefixed("from ", by.SourceIPAddress), prefixed("agent ", by.UserAgent), prefixed("eventID ", by.EventID)), ", ")
}

func (c *collector) readPairs() []htmlPair {
	s := c.summary
	if s == nil {
		return nil
	}
	return []htmlPair{
		{"Read", readWords(s)}, {"Skipped", skippedLine(s)}, {"Filter", filterLine(s)}, {"Events", eventsLine(s)}, {"Changes", changesLine(s)},
		{"Exposures", number(s.Exposures) + ", also those that raise no alert"}, {"Alerts", alertsLine(s)}, {"Kinds", tally(s.Kinds)},
		{"Open", stillOpen(s.StillOpen)}, {"Buckets", bucketsLine(s)},
	}
}

func answerWord(a triage.Answer) string {
	return cmp.Or(string(a), string(triage.Cannot))
}
