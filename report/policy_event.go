// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"io"
	"strings"

	"github.com/bucketlid/bucketlid/policy"
)

// WriteEvent writes what one record says, for a person: the call in one line,
// then what it changed, what that opens or closes, and what is not known.
func WriteEvent(w io.Writer, e *Event, o Options) error {
	s := &sheet{o: o}
	s.headline(eventHeadline(e))
	s.line("who", whoWords(e))
	s.line("from", spaced(cmp.Or(e.Who.SourceIPAddress, notSeen), parens(e.Who.UserAgent)))
	s.line("call", spaced(e.Who.EventName, "of", e.Service, "in", cmp.Or(e.Region, notSeen)))
	s.line("outcome", spaced(e.Outcome, parens(e.Error)))
	s.line("event", cmp.Or(e.Who.EventID, notSeen))
	for i := range e.Changes {
		c := &e.Changes[i]
		s.line("setting", c.Setting+": "+c.To)
		s.lines("proves", c.Proves)
	}
	s.lines("effect", e.Effects)
	for i, a := range e.Alerts {
		name := "alerts"
		if i > 0 {
			name = ""
		}
		s.line(name, spaced(string(a.Kind), parens(string(a.Severity)))+": "+a.When)
	}
	s.lines("unknown", e.Unknowns)
	s.lines("problems", e.Problems)
	s.witness(e.Witness, policy.Scope{})
	s.b.WriteByte('\n')
	return s.writeTo(w)
}

func parens(text string) string {
	if text == "" {
		return ""
	}
	return "(" + text + ")"
}

func eventHeadline(e *Event) string {
	when := "at a time that cannot be read"
	if e.Who.EventTime != nil {
		when = "at " + stamp(e.Who.EventTime, "")
	}
	verb := map[string]string{"denied": "tried", "unclear": "called, with an unclear outcome,"}[e.Outcome]
	return spaced(cmp.Or(e.Who.UserName, "unknown"), cmp.Or(verb, "called"), e.Who.EventName, eventPlace(e), when)
}

func eventPlace(e *Event) string {
	switch {
	case e.Bucket != "" && e.Key != "":
		return "on object " + e.Bucket + "/" + e.Key
	case e.Bucket != "":
		return "on bucket " + e.Bucket
	case e.AccessPoint != "":
		return "on access point " + e.AccessPoint
	case e.Account != "":
		return "in account " + e.Account
	}
	return ""
}

func whoWords(e *Event) string {
	parts := []string{cmp.Or(e.Who.Type, "type not told")}
	for _, p := range []struct{ name, value string }{
		{"", e.Who.ARN}, {"account ", e.Who.AccountID}, {"through ", e.Who.InvokedBy}, {"access key ", e.Who.AccessKeyID}, {"sourceIdentity ", e.Who.SourceIdentity},
	} {
		if p.value != "" {
			parts = append(parts, p.name+p.value)
		}
	}
	return strings.Join(parts, ", ")
}
