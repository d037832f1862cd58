// SPDX-License-Identifier: Apache-2.0

package investigate

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// opening is when the bucket of the case was opened, first of all; zero where
// that is not known.
func (d *dossier) opening() time.Time {
	if d.Alert != nil {
		return alertTime(d.Alert)
	}
	var first time.Time
	for i := range d.Result.Alerts {
		a := &d.Result.Alerts[i]
		if at := alertTime(a); a.Bucket == d.bucketName() && a.Bucket != "" && !at.IsZero() && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first
}

// bucketWindow is how far around the changes of a bucket deeds are told.
const bucketWindow = time.Hour

// doers lists the calls among which deeds are looked for: those of the user and
// of the address, or of those who changed the bucket, around these changes.
func (d *dossier) doers() []*Entry {
	if d.Kind != Bucket {
		known := map[string]bool{}
		var out []*Entry
		for _, e := range append(slices.Clone(d.of(User)), d.of(IP)...) {
			if key := e.ID + e.Name; !known[key] && d.beside(e.Time) {
				known[key] = true
				out = append(out, e)
			}
		}
		return sortEntries(out)
	}
	changed := map[string][]time.Time{}
	for _, e := range d.of(Bucket) {
		if deedCalls[e.Name] == ofBuckets {
			changed[e.familiar()] = append(changed[e.familiar()], e.Time)
		}
	}
	return d.deeds(func(e *Entry) bool {
		return slices.ContainsFunc(changed[e.familiar()], func(at time.Time) bool { return e.Time.Sub(at).Abs() <= bucketWindow })
	})
}

// deeds lists the kept calls of note of everybody that are wanted, in order.
func (d *dossier) deeds(want func(*Entry) bool) []*Entry {
	var out []*Entry
	for _, e := range d.c.deeds.values {
		if want(e) {
			out = append(out, e)
		}
	}
	return sortEntries(out)
}

// around tells what was created, destroyed or switched off.
func around(d *dossier) finding {
	by := map[deed][]*Entry{}
	var all []*Entry
	for _, e := range d.doers() {
		if kind, ok := deedCalls[e.Name]; ok {
			by[kind] = append(by[kind], e)
			all = append(all, e)
		}
	}
	within := ""
	if d.Kind == Alert {
		within = " within " + Span(d.Around) + " of it"
	} else if d.Kind == Bucket {
		within = " within " + Span(bucketWindow) + " of its changes, by those who made them"
	}
	if d.c.deeds.dropped && d.Kind == Bucket {
		within += " (of a sample)"
	}
	if d.Kind == Alert && d.subject(User) == nil && d.subject(IP) == nil {
		return finding{verdict: Unknown, text: "The call that opened it was not seen, so that nobody's other calls can be looked at.", caveats: []string{d.beginning()}}
	}
	if len(all) == 0 {
		return finding{verdict: No, text: "Nothing was seen being created, destroyed or switched off" + within + ".", caveats: []string{d.beginning()}}
	}
	var parts []string
	f := finding{verdict: Yes}
	for _, kind := range deedOrder {
		if list := by[kind]; len(list) > 0 {
			parts = append(parts, string(kind)+": "+tally(list))
		}
	}
	for _, kind := range deedOrder {
		f.events = append(f.events, proofs(by[kind])...)
	}
	f.text = strings.ToUpper(parts[0][:1]) + strings.Join(parts, "; ")[1:] + within + "."
	return f
}

// ownNames are the names of the users and roles that the subject is.
func (d *dossier) ownNames() []string {
	var names []string
	if s := d.subject(User); s != nil && s.form == byName && len(d.of(User)) == 0 {
		names = append(names, s.Text)
	}
	for _, e := range d.of(User) {
		switch role, _, ok := strings.Cut(afterMark(e.ARN), "/"); {
		case ok && role != "":
			names = append(names, role)
		case e.Type == "IAMUser":
			names = append(names, shortARN(e.ARN))
		}
	}
	return unique(names)
}

// afterMark is the part of a session's ARN that names role and session.
func afterMark(arn string) string {
	_, rest, _ := strings.Cut(arn, ":assumed-role/")
	return rest
}

// doneTo tells what was done to the user or role: by others, and by itself.
func doneTo(d *dossier) finding {
	names := d.ownNames()
	list := d.deeds(func(e *Entry) bool {
		about := slices.ContainsFunc(names, func(name string) bool {
			return strings.EqualFold(e.Target, name) || strings.HasSuffix(strings.ToLower(e.Target), "/"+strings.ToLower(name))
		})
		return e.Source == "iam.amazonaws.com" && (about || e.Target == "" && slices.Contains(names, shortARN(e.ARN)))
	})
	if d.subject(User) == nil {
		return finding{verdict: Unknown, text: "No caller is known.", caveats: []string{d.beginning()}}
	}
	if len(names) == 0 {
		return finding{verdict: No, text: "It is no user or role of IAM that could be changed."}
	}
	if len(list) == 0 {
		return finding{verdict: No, text: fmt.Sprintf("No change of %s in IAM was seen.", some(names)), caveats: []string{d.beginning()}}
	}
	var by []string
	for _, e := range list {
		by = append(by, e.UserName)
	}
	f := finding{verdict: Yes, events: proofs(list)}
	f.text = fmt.Sprintf("%s, by %s.", tally(list), some(unique(by)))
	if d.c.deeds.dropped {
		f.caveats = append(f.caveats, "more calls of note were made than are kept: some may be missing")
	}
	return f
}
