// SPDX-License-Identifier: Apache-2.0

package eval

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bucketlid/bucketlid/triage"
)

// outcome is what came of one scenario.
type outcome struct {
	*Scenario
	alerts []triage.Alert // worst first
}

// now reports whether a person would be called.
func (o *outcome) now() bool {
	return o.severity() == triage.Critical || o.severity() == triage.High
}

func (o *outcome) severity() triage.Severity {
	if len(o.alerts) == 0 {
		return ""
	}
	return o.alerts[0].Severity
}

// verdict is what the worst alert suggests.
func (o *outcome) verdict() string {
	if len(o.alerts) == 0 {
		return NoAlert
	}
	return o.alerts[0].Suggestion.Verdict
}

func (o *outcome) flag(id string) triage.Flag {
	for i := range o.alerts {
		j := slices.IndexFunc(o.alerts[i].Flags, func(f triage.Flag) bool { return f.ID == id })
		return o.alerts[i].Flags[j]
	}
	return triage.Flag{Answer: triage.Cannot}
}

// judged is what a flag may answer, nil where that is not judged: no label, or no
// alert whose flag it would be.
func (o *outcome) judged(id string) []string {
	if len(o.alerts) == 0 {
		return nil
	}
	return o.Label.Flags[id]
}

// summary is all that is judged, on one line.
func (o *outcome) summary() string {
	text := fmt.Sprintf("severity %s, %s", o.severity(), o.verdict())
	for _, row := range triage.FlagTable {
		text += fmt.Sprintf(", %s %s", row.ID, o.flag(row.ID).Answer)
	}
	return text
}

// misses lists what came out wrong.
func (o *outcome) misses() []string {
	var out []string
	if o.now() != o.Label.Now {
		out = append(out, fmt.Sprintf("severity %s, and somebody %s look at once", orNone(string(o.severity())), map[bool]string{true: "must", false: "need not"}[o.Label.Now]))
	}
	if !slices.Contains(o.Label.Verdicts, o.verdict()) {
		out = append(out, fmt.Sprintf("%s is suggested for %s", o.verdict(), strings.Join(o.Label.Verdicts, " or ")))
	}
	for _, row := range triage.FlagTable {
		if want, got := o.judged(row.ID), o.flag(row.ID).Answer; want != nil && !slices.Contains(want, string(got)) {
			out = append(out, fmt.Sprintf("%s is %s for %s", row.ID, got, strings.Join(want, " or ")))
		}
	}
	return out
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// why is what the rules went by where something came out wrong.
func (o *outcome) why() string {
	if len(o.alerts) == 0 {
		return "no alert"
	}
	parts := []string{o.alerts[0].SeverityWhy}
	for _, row := range triage.FlagTable {
		f := o.flag(row.ID)
		if want := o.judged(row.ID); want == nil || slices.Contains(want, string(f.Answer)) {
			continue
		}
		for _, list := range [][]string{f.For, f.Against} {
			if len(list) > 0 {
				parts = append(parts, row.ID+": "+list[0])
			}
		}
		if len(f.For)+len(f.Against) == 0 {
			parts = append(parts, row.ID+": no evidence")
		}
	}
	return strings.Join(parts, "; ")
}

// measure adds up outcomes.
type measure struct{ all []*outcome }

func (m *measure) add(o *outcome) { m.all = append(m.all, o) }

// figure is a part of a whole.
type figure struct {
	name      string
	right, of int
}

func (f figure) String() string {
	if f.of == 0 {
		return "none"
	}
	return fmt.Sprintf("%d of %d, %d %%", f.right, f.of, 100*f.right/f.of)
}

func (m *measure) count(fits func(*outcome) bool) int {
	n := 0
	for _, o := range m.all {
		if fits(o) {
			n++
		}
	}
	return n
}

func (m *measure) calls(called, needed bool) int {
	return m.count(func(o *outcome) bool { return o.now() == called && o.Label.Now == needed })
}

// heldOut is the part of the scenarios that no rule was made by.
func (m *measure) heldOut() *measure {
	return &measure{slices.DeleteFunc(slices.Clone(m.all), func(o *outcome) bool { return !o.Label.HeldOut })}
}

// figures are those that have floors.
func (m *measure) figures() []figure {
	both := m.calls(true, true)
	out := []figure{
		{"precision of calling a person", both, both + m.calls(true, false)},
		{"recall of calling a person", both, both + m.calls(false, true)},
		{"suggestions that are acceptable", m.count(func(o *outcome) bool { return slices.Contains(o.Label.Verdicts, o.verdict()) }), len(m.all)},
	}
	for _, row := range triage.FlagTable {
		f := figure{name: "flag " + row.ID + " as labelled"}
		for _, o := range m.all {
			if want := o.judged(row.ID); want != nil {
				f.of++
				if slices.Contains(want, string(o.flag(row.ID).Answer)) {
					f.right++
				}
			}
		}
		out = append(out, f)
	}
	return out
}

// text is the measured part of the page.
func (m *measure) text() string {
	var b strings.Builder
	harmful := m.calls(true, true) + m.calls(false, true)
	fmt.Fprintf(&b, "\n%d scenarios: in %d somebody must look at once, in %d not.\n\n", len(m.all), harmful, len(m.all)-harmful)
	held := m.heldOut()
	fmt.Fprintf(&b, "| figure | all %d | the %d held out |\n| --- | --- | --- |\n", len(m.all), len(held.all))
	unseen := held.figures()
	for i, f := range m.figures() {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", f.name, f, unseen[i])
	}
	b.WriteString("\n| a person is called | must look at once | need not |\n| --- | --- | --- |\n")
	fmt.Fprintf(&b, "| yes | %d | %d |\n| no | %d | %d |\n", m.calls(true, true), m.calls(true, false), m.calls(false, true), m.calls(false, false))
	m.confusion(&b)
	m.flags(&b)
	m.wrong(&b)
	return b.String()
}

// confusion is the table of what was suggested for what was true.
func (m *measure) confusion(b *strings.Builder) {
	b.WriteString("\nWhat was suggested, by the truest verdict. Other verdicts may be acceptable too; only the others count as wrong.\n\n")
	fmt.Fprintf(b, "| truth | %s | acceptable |\n|%s\n", strings.Join(Verdicts, " | "), strings.Repeat(" --- |", len(Verdicts)+2))
	for _, truth := range Verdicts {
		fmt.Fprintf(b, "| %s |", truth)
		acceptable := figure{}
		for _, said := range Verdicts {
			n := m.count(func(o *outcome) bool { return o.Label.Verdicts[0] == truth && o.verdict() == said })
			acceptable.of += n
			fmt.Fprintf(b, " %d |", n)
		}
		acceptable.right = m.count(func(o *outcome) bool {
			return o.Label.Verdicts[0] == truth && slices.Contains(o.Label.Verdicts, o.verdict())
		})
		fmt.Fprintf(b, " %d of %d |\n", acceptable.right, acceptable.of)
	}
}

// flags is the table of each flag's hits and misses.
func (m *measure) flags(b *strings.Builder) {
	b.WriteString("\n| flag | judged | right | unknown instead | yes instead of no | no instead of yes |\n| --- | --- | --- | --- | --- | --- |\n")
	for _, row := range triage.FlagTable {
		var judged, right, unknown, yes, no int
		for _, o := range m.all {
			want, got := o.judged(row.ID), o.flag(row.ID).Answer
			if want == nil {
				continue
			}
			judged++
			switch {
			case slices.Contains(want, string(got)):
				right++
			case got == triage.Yes:
				yes++
			case got == triage.No:
				no++
			default:
				unknown++
			}
		}
		fmt.Fprintf(b, "| `%s` | %d | %d | %d | %d | %d |\n", row.ID, judged, right, unknown, yes, no)
	}
}

// wrong lists what came out wrong, and why.
func (m *measure) wrong(b *strings.Builder) {
	b.WriteString("\n| came out wrong | what | the rules went by |\n| --- | --- | --- |\n")
	for _, o := range m.all {
		if miss := o.misses(); len(miss) > 0 {
			fmt.Fprintf(b, "| `%s`: %s | %s | %s |\n", o.Name, strings.ToLower(o.Title[:1])+o.Title[1:], strings.Join(miss, "; "), o.why())
		}
	}
	b.WriteString("\n")
}
