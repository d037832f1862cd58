// SPDX-License-Identifier: Apache-2.0

package report

import (
	"io"
	"strings"

	"github.com/bucketlid/bucketlid/triage"
)

// maxCell bounds a cell of the wide table: one user agent of eight thousand
// characters must not push every other row out of sight.
const maxCell = 64

func newWide(w io.Writer, o Options) Handler {
	return &collector{w: w, o: o, render: renderWide}
}

// renderWide draws every column whatever the width of the terminal: it is for
// a pager that scrolls sideways, or for a wide screen.
func renderWide(b *strings.Builder, c *collector) {
	if len(c.alerts) == 0 {
		b.WriteString(Terminal(c.noAlerts()) + "\n")
		c.elsewhere(b)
		return
	}
	columns, _ := fit(wideColumns(c.alerts), 0)
	draw(b, columns, len(c.alerts), c.o)
	c.elsewhere(b)
	b.WriteString("\n" + Terminal(c.notSeen()) + "\n")
}

func wideColumns(alerts []*triage.Alert) []*column {
	columns := compactColumns(alerts)
	for _, c := range columns {
		c.max = maxCell
	}
	more := []struct {
		head  string
		value func(*triage.Alert) string
	}{
		{"ACCOUNT", func(a *triage.Alert) string { return a.Account }},
		{"REGION", func(a *triage.Alert) string { return a.Region }},
		{"CERTAINTY", func(a *triage.Alert) string { return string(a.Certainty) }},
		{"BLOCKED BY", func(a *triage.Alert) string { return strings.Join(a.BlockedBy, ", ") }},
		{"OPENED (UTC)", func(a *triage.Alert) string { return stamp(a.OpenedAt, "-") }},
		{"CLOSED (UTC)", func(a *triage.Alert) string { return stamp(a.ClosedAt, "-") }},
		{"EVENTNAME", func(a *triage.Alert) string { return opener(a).EventName }},
		{"EVENTID", func(a *triage.Alert) string { return opener(a).EventID }},
		{"USERAGENT", func(a *triage.Alert) string { return opener(a).UserAgent }},
		{"URI", func(a *triage.Alert) string { return a.URI }},
		{"PERMISSION", func(a *triage.Alert) string { return a.Permission }},
		{"AUDIENCE", func(a *triage.Alert) string { return string(a.Audience) }},
		{"ACCESS", func(a *triage.Alert) string { return joined(a.Access, ",") }},
		{"FLAGS", flagWords},
		{"TITLE", func(a *triage.Alert) string { return a.Title }},
	}
	for _, m := range more {
		columns = append(columns, &column{head: m.head, cells: cells(alerts, m.value), max: maxCell})
	}
	for _, c := range columns[len(columns)-2:] {
		c.max = 0 // the flags are ours; the title is last and pads nothing
	}
	return columns
}
