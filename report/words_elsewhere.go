// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/bucketlid/bucketlid/triage"
)

// elsewhere tells what other services said of an alert's bucket, a line each.
func elsewhere(a *triage.Alert) []string {
	var out []string
	for i := range a.Elsewhere {
		out = append(out, saidElsewhere(&a.Elsewhere[i]))
	}
	if a.ElsewhereMore > 0 {
		out = append(out, "and "+number(int64(a.ElsewhereMore))+" more")
	}
	return out
}

// saidElsewhere is one finding in a line: who says what, since when, and
// whether it agrees.
func saidElsewhere(e *triage.Elsewhere) string {
	text := cmp.Or(e.Service, "another service") + " says " + string(e.Says) + ": " + cmp.Or(e.Type, e.Title, e.ID, "no type")
	if e.Title != "" && e.Type != "" {
		text += ", " + e.Title
	}
	inside := nonEmpty(e.Status, prefixed("severity ", e.Severity), prefixed("since ", stamp(e.First, "")), prefixed("last ", stamp(e.Last, "")))
	if len(inside) > 0 {
		text += " (" + strings.Join(inside, ", ") + ")"
	}
	if len(e.Details) > 0 {
		text += "; " + strings.Join(e.Details, "; ")
	}
	switch e.Agrees {
	case triage.Yes:
		text += "; agrees"
	case triage.No:
		text += "; DISAGREES"
	}
	if e.Why != "" {
		text += ": " + e.Why
	}
	return text
}

// probed tells what came back when the witness was sent; "" where it was not
// asked for.
func probed(a *triage.Alert) string {
	p := a.Probe
	if p == nil {
		return ""
	}
	if p.Method == "" {
		return "not sent: " + p.Why
	}
	answer := "no answer"
	if p.Status > 0 {
		answer = "HTTP " + strconv.Itoa(p.Status) + prefixed(" ", p.Code)
	}
	text := p.Method + " " + p.URL + " unsigned at " + stamp(&p.At, "") + ": " + answer
	switch p.Agrees {
	case triage.Yes:
		text += "; agrees"
	case triage.No:
		text += "; CONTRADICTS what is told here"
	}
	return text + prefixed(": ", p.Why)
}

func prefixed(before, text string) string {
	if text == "" {
		return ""
	}
	return before + text
}

// unmatched tells what other services said of buckets for which there is no
// alert, with the reason.
func unmatched(s *Summary) []string {
	var out []string
	for i := range s.SaidElsewhere {
		e := &s.SaidElsewhere[i]
		out = append(out, cmp.Or(e.Bucket, prefixed("account ", e.Account), "no bucket named")+": "+saidElsewhere(e))
	}
	if more := s.SaidElsewhereMore; more > 0 {
		out = append(out, "and "+number(more)+" more")
	}
	return out
}

// findingsWords count the findings of other services behind the alerts; "" where
// none were asked for.
func findingsWords(s *Summary) string {
	f := s.Findings
	if f == nil {
		return ""
	}
	text := "; " + counted(f.Read, "finding") + " of other services: " + number(f.Beside) + " beside alerts, " + number(f.Alone) + " without an alert of ours"
	if aside := tally(f.Aside); len(f.Aside) > 0 {
		text += ", no evidence on S3: " + aside
	}
	return text
}

// maxSaid is how many findings without an alert a table tells.
const maxSaid = 10

// elsewhere tells below a table what other services said: how much of it stands
// beside alerts and disagrees, and what stands beside none.
func (c *collector) elsewhere(b *strings.Builder) {
	c.awsConfig(b)
	beside, against := 0, 0
	for _, a := range c.alerts {
		beside += len(a.Elsewhere) + a.ElsewhereMore
		for i := range a.Elsewhere {
			if a.Elsewhere[i].Agrees == triage.No {
				against++
			}
		}
	}
	if beside > 0 {
		b.WriteByte('\n')
		c.paragraph(b, "Other services: "+counted(int64(beside), "finding")+" beside these alerts, "+number(int64(against))+" of them disagreeing (-o md tells each one).")
	}
	if c.summary == nil || len(c.summary.SaidElsewhere) == 0 {
		return
	}
	said := unmatched(c.summary)
	b.WriteString("\nSaid elsewhere, not seen by us:\n")
	for _, text := range said[:min(len(said), maxSaid)] {
		c.paragraph(b, "  "+text)
	}
	if more := len(said) - maxSaid; more > 0 {
		b.WriteString("  and " + number(int64(more)) + " more (-o md or -o jsonl has them)\n")
	}
}
