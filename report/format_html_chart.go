// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"html"
	"html/template"
	"strings"
	"time"

	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/triage"
)

// A chart lays windows over one axis of time. A solid bar is proven, a striped
// one rests on what was not seen; an edge that is not known is an arrow. The
// stripes are defined once, in the page.

const (
	chartWidth = 1000
	chartLeft  = 230 // for the names of the rows
	chartRow   = 22
	chartHead  = 24
	// maxRows bounds the overview; the table below it has every alert.
	maxRows = 40
	// maxLabel is how many cells of text fit left of a bar.
	maxLabel = 34
)

// chartBar is one row of a chart.
type chartBar struct {
	label    string
	class    string
	from, to *time.Time // nil: not known, or not ended
	sure     bool
	point    bool // an instant, not a stretch
	hollow   bool // granted, but held shut
	lasts    bool // it has not ended
}

// overview draws the windows of all alerts, worst first.
func overview(alerts []*triage.Alert, asOf *time.Time) template.HTML {
	var bars []chartBar
	for i, a := range alerts[:min(len(alerts), maxRows)] {
		bar := alertBar(a)
		bar.label = fmt.Sprintf("%d. %s", i+1, place(a))
		bars = append(bars, bar)
	}
	title := "When each bucket was open, as a chart of the table below"
	if more := len(alerts) - maxRows; more > 0 {
		title += fmt.Sprintf("; %d more alerts are in the table only", more)
	}
	return drawChart(title, bars, asOf)
}

// windowChart draws the window of one alert, its segments and its use.
func windowChart(a *triage.Alert, asOf *time.Time) template.HTML {
	bar := alertBar(a)
	bar.label = what(a)
	bars := []chartBar{bar}
	if len(a.Segments) > 1 {
		for _, s := range a.Segments[:min(len(a.Segments), maxRows)] {
			bars = append(bars, chartBar{label: "by " + joined(s.Routes, ", "), class: bar.class, from: s.From, to: s.To, sure: bar.sure})
		}
	}
	if s := &a.AccessSeen; s.First != nil && s.Last != nil {
		bars = append(bars, chartBar{label: "used by strangers", class: "info", from: s.First, to: s.Last, sure: true, point: s.First.Equal(*s.Last)})
	}
	if !bar.lasts {
		asOf = nil // what came after does not matter, and would make the window small
	}
	return drawChart("Window: "+window(a), bars, asOf)
}

func alertBar(a *triage.Alert) chartBar {
	bar := chartBar{class: severityClass(a.Severity), from: began(a), to: a.ClosedAt, sure: a.Certainty == exposure.Proven, hollow: a.Kind == triage.KindLatent}
	bar.lasts = a.ClosedAt == nil && (a.State == exposure.Open || a.State == exposure.Blocked)
	switch {
	case a.Kind == triage.KindAttempt:
		bar.point, bar.sure = true, true
	case a.State == exposure.Unknown:
		bar.sure = false
	}
	return bar
}

// drawChart draws bars over a common axis; nothing where no time is known.
func drawChart(title string, bars []chartBar, asOf *time.Time) template.HTML {
	first, last := chartSpan(bars, asOf)
	if first == nil {
		return ""
	}
	height := chartHead + chartRow*len(bars) + 6
	var b strings.Builder
	fmt.Fprintf(&b, `<svg role="img" viewBox="0 0 %d %d" aria-label="%s">`,
		chartWidth, height, svgText(title))
	at := func(t time.Time) float64 {
		return chartLeft + (chartWidth-chartLeft-20)*float64(t.Sub(*first))/float64(last.Sub(*first))
	}
	for _, tick := range ticks(*first, *last) {
		x := at(tick)
		fmt.Fprintf(&b, `<line class="axis" x1="%.1f" y1="%d" x2="%.1f" y2="%d"/><text class="faint" x="%.1f" y="14" text-anchor="middle">%s</text>`,
			x, chartHead-4, x, height, x, tickText(tick, last.Sub(*first)))
	}
	for i, bar := range bars {
		bar.draw(&b, chartHead+chartRow*i, at)
	}
	b.WriteString("</svg>")
	return template.HTML(b.String())
}

func (bar *chartBar) draw(b *strings.Builder, top int, at func(time.Time) float64) {
	fmt.Fprintf(b, `<text x="0" y="%d">%s</text>`, top+14, svgText(middle(Terminal(bar.label), maxLabel)))
	if bar.from == nil && bar.to == nil && !bar.lasts {
		fmt.Fprintf(b, `<text class="faint" x="%d" y="%d">times not known</text>`, chartLeft, top+14)
		return
	}
	class := "bar " + bar.class
	switch {
	case bar.hollow:
		class = "hollow"
	case !bar.sure:
		class = "unsure"
	}
	left, right := float64(chartLeft), float64(chartWidth-20)
	if bar.from != nil {
		left = at(*bar.from)
	}
	if bar.to != nil {
		right = at(*bar.to)
	}
	if bar.point {
		fmt.Fprintf(b, `<circle class="%s" cx="%.1f" cy="%d" r="5"/>`, class, left, top+10)
		return
	}
	right = max(right, left+3)
	fmt.Fprintf(b, `<rect class="%s" x="%.1f" y="%d" width="%.1f" height="12"/>`, class, left, top+4, right-left)
	if bar.to == nil {
		fmt.Fprintf(b, `<path class="%s" d="M%.1f %d l12 6 l-12 6 z"/>`, class, right, top+4)
	}
	if bar.from == nil {
		fmt.Fprintf(b, `<path class="%s" d="M%.1f %d l-12 6 l12 6 z"/>`, class, left, top+4)
	}
}

// chartSpan is the time that the axis covers, with a margin; nil where no bar
// has a time.
func chartSpan(bars []chartBar, asOf *time.Time) (first, last *time.Time) {
	take := func(t *time.Time) {
		if t == nil {
			return
		}
		if at := normalTime(*t); first == nil || at.Before(*first) {
			first = &at
		}
		if at := normalTime(*t); last == nil || at.After(*last) {
			last = &at
		}
	}
	for _, bar := range bars {
		take(bar.from)
		take(bar.to)
	}
	if first == nil {
		return nil, nil
	}
	take(asOf)
	margin := max(last.Sub(*first)/40, time.Second)
	from, to := first.Add(-margin), last.Add(margin)
	return &from, &to
}

// tickSteps are the distances between marks, of which the first that gives few
// enough is taken.
var tickSteps = []time.Duration{
	time.Second, 10 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour, 24 * time.Hour,
	2 * 24 * time.Hour, 7 * 24 * time.Hour, 30 * 24 * time.Hour, 90 * 24 * time.Hour, 365 * 24 * time.Hour, 3650 * 24 * time.Hour,
}

const maxTicks = 7

func ticks(first, last time.Time) []time.Time {
	step := tickSteps[len(tickSteps)-1]
	for _, s := range tickSteps {
		if last.Sub(first)/s < maxTicks {
			step = s
			break
		}
	}
	var out []time.Time
	for t := first.Truncate(step).Add(step); t.Before(last) && len(out) <= 10*maxTicks; t = t.Add(step) {
		out = append(out, t)
	}
	return out
}

func tickText(t time.Time, span time.Duration) string {
	switch {
	case span < 10*time.Minute:
		return t.UTC().Format("15:04:05Z")
	case span < 7*24*time.Hour:
		return t.UTC().Format("01-02 15:04Z")
	}
	return t.UTC().Format("2006-01-02")
}

func svgText(s string) string { return html.EscapeString(Terminal(s)) }
