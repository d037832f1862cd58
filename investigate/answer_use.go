// SPDX-License-Identifier: Apache-2.0

package investigate

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/bucketlid/bucketlid/replay"
	"github.com/bucketlid/bucketlid/triage"
)

// partOfAlerts names the alerts that the subject opened, closed, used or is.
func partOfAlerts(d *dossier) finding {
	var texts []string
	f := finding{verdict: No, text: "None of the alerts of these logs."}
	own := d.ownIDs()
	for i := range d.Result.Alerts {
		a := &d.Result.Alerts[i]
		part := d.partIn(a, own)
		if part == "" {
			continue
		}
		texts = append(texts, fmt.Sprintf("%s (%s, %s): %s", a.ID, a.Severity, part, strings.TrimSuffix(a.Title, ".")))
		if a.OpenedBy != nil {
			f.events = append(f.events, Proof{alertTime(a), a.OpenedBy.EventID, "opened " + a.ID + " by " + a.OpenedBy.EventName})
		}
	}
	if len(texts) > 0 {
		f.verdict = Yes
		f.text = strings.Join(texts[:min(len(texts), 3)], "; ")
		if more := len(texts) - 3; more > 0 {
			f.text += fmt.Sprintf("; and %d more", more)
		}
		f.text += "."
	}
	return f
}

// partIn is the subject's part in an alert, "" for none.
func (d *dossier) partIn(a *triage.Alert, own map[string]bool) string {
	opened, closed := a.OpenedBy, a.ClosedBy
	switch d.Kind {
	case Bucket:
		if a.Bucket == d.bucketName() {
			return "its own"
		}
	case User:
		if opened != nil && own[opened.EventID] {
			return "by it"
		}
		if closed != nil && own[closed.EventID] {
			return "closed by it"
		}
	case IP:
		if d.within(a.SourceIPAddress) {
			return "from it"
		}
		if slices.ContainsFunc(a.AccessSeen.Strangers, func(s triage.Stranger) bool { return d.within(s.SourceIPAddress) }) {
			return "used from it"
		}
	}
	return ""
}

// within reports whether an address is one of the subject's.
func (d *dossier) within(text string) bool {
	addr, err := netip.ParseAddr(text)
	s := d.subject(IP)
	return err == nil && s != nil && s.prefix.Contains(addr.Unmap().WithZone(""))
}

// bucketOthers names who called on the bucket, but for the alert's own caller.
func bucketOthers(d *dossier) finding {
	s := d.subject(Bucket)
	if s == nil {
		return finding{verdict: Unknown, text: "The alert names no bucket."}
	}
	opener := ""
	if d.Alert != nil && d.Alert.OpenedBy != nil {
		opener = (&Entry{ARN: d.Alert.OpenedBy.ARN, UserName: d.Alert.OpenedBy.UserName}).familiar()
	}
	sum := d.sums(s, &opener)
	callers := sum.callers.list()
	if len(callers) == 0 {
		return finding{verdict: No, text: "Nobody else was seen.", caveats: []string{d.beginning()}}
	}
	f := finding{verdict: Yes}
	var names []string
	for _, c := range callers {
		names = append(names, fmt.Sprintf("%s ×%d", shortCaller(c.Name), c.Calls))
		f.events = append(f.events, Proof{c.First, c.seen.id, fmt.Sprintf("%s, %d calls (%d refused or failed), %s", c.Name, c.Calls, c.Failed, between(c.seen))})
	}
	who := plural(len(callers), "caller", "callers")
	if opener != "" {
		who = plural(len(callers), "other caller", "other callers")
	}
	f.text = fmt.Sprintf("%s from %s: %s.", who, plural(len(sum.addresses), "address", "addresses"), some(names))
	return f
}

func shortCaller(name string) string { return strings.TrimSuffix(shortARN(name), "/") }

// readers tells what strangers did while the bucket was open.
func readers(d *dossier) finding {
	var alerts []*triage.Alert
	if d.Alert != nil {
		alerts = append(alerts, d.Alert)
	}
	for i := range d.Result.Alerts {
		if a := &d.Result.Alerts[i]; d.Kind == Bucket && a.Bucket == d.bucketName() && (a.Kind == triage.KindPublic || a.Kind == triage.KindShared) {
			alerts = append(alerts, a)
		}
	}
	if len(alerts) == 0 {
		return finding{verdict: No, text: "It was not seen to be open.", caveats: []string{d.beginning()}}
	}
	f := finding{verdict: No}
	var parts []string
	for _, a := range alerts {
		s := &a.AccessSeen
		text := fmt.Sprintf("%s: %s", a.ID, s.Verdict)
		if s.Requests+s.Denied > 0 {
			text += fmt.Sprintf(", %s served and %d refused, from %s", plural(int(s.Requests), "request", "requests"), s.Denied, plural(s.Addresses, "address", "addresses"))
		}
		if s.Why != "" {
			text += " (" + s.Why + ")"
		}
		parts = append(parts, text)
		switch {
		case s.Verdict == "confirmed":
			f.verdict = Yes
		case s.Verdict == "cannot-be-known" && f.verdict == No:
			f.verdict = Unknown
		}
		f.events = append(f.events, proofs(pick(d.of(Bucket), func(e *Entry) bool { return stranger(e) && during(a, e) && dataCalls[e.Name] }))...)
	}
	slices.SortStableFunc(f.events, func(a, b Proof) int { return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.EventID, b.EventID)) })
	f.events = slices.Compact(f.events)
	f.text = strings.Join(parts[:min(3, len(parts))], "; ")
	if more := len(parts) - 3; more > 0 {
		f.text += fmt.Sprintf("; and %d more alerts", more)
	}
	f.text += "."
	return f
}

// stranger reports a request by somebody from outside the account whose log it is in.
func stranger(e *Entry) bool {
	return e.Type == "AWSAccount" && (replay.Anonymous(e.CallerAccount) || e.CallerAccount != e.Account)
}

func during(a *triage.Alert, e *Entry) bool {
	from := alertTime(a)
	return (from.IsZero() || !e.Time.Before(from)) && (a.ClosedAt == nil || !e.Time.After(*a.ClosedAt))
}

// dataEvents tells whether reads and writes of objects are in the logs.
func dataEvents(d *dossier) finding {
	f := finding{verdict: No}
	name := d.bucketName()
	if own := pick(d.of(Bucket), func(e *Entry) bool { return dataCalls[e.Name] && e.Bucket == name }); len(own) > 0 {
		f.verdict, f.events = Yes, []Proof{proof(own[0]), proof(own[len(own)-1])}
		f.text = fmt.Sprintf("Yes, of this bucket: %s from %s to %s.", tally(own), stamp(own[0].Time), stamp(own[len(own)-1].Time))
		return f
	}
	selectors := d.deeds(func(e *Entry) bool {
		return e.Name == "PutEventSelectors" || e.Name == "CreateTrail" || e.Name == "StopLogging" || e.Name == "DeleteTrail"
	})
	f.events = proofs(selectors)
	if len(d.c.data) == 0 {
		f.text = "No data event of S3 is in these logs: who read, listed or wrote objects cannot be known from them."
		return f
	}
	var accounts []string
	for _, account := range slices.Sorted(maps.Keys(d.c.data)) {
		at := d.c.data[account]
		accounts = append(accounts, fmt.Sprintf("%s (%s)", cmp.Or(account, "account not named"), between(at)))
		f.events = append(f.events, Proof{unix(at.first), at.id, "first data event of account " + account})
	}
	f.verdict, f.text = Yes, "Data events are logged in "+some(accounts)+"."
	if name != "" {
		f.verdict = Unknown
		f.text = "None of this bucket, though data events are logged in " + some(accounts) + ": it is not selected, or nobody made a request."
	}
	return f
}
