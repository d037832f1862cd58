// SPDX-License-Identifier: Apache-2.0

package investigate

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"github.com/bucketlid/bucketlid/triage"
)

// maxSteps bounds the steps that are proposed.
const maxSteps = 12

// steps proposes what to look at next, with the commands as they are typed.
// Nothing that is proposed changes anything in AWS.
func (d *dossier) steps() []Step {
	p := &proposals{sources: d.Sources}
	if a := d.Alert; a != nil {
		d.alertSteps(p)
	}
	for i := range d.Result.Alerts {
		if a := &d.Result.Alerts[i]; d.Alert == nil && len(p.list) < 3 && d.partIn(a, d.ownIDs()) != "" {
			p.investigate("the whole of the alert "+a.ID, Alert, a.ID)
		}
	}
	if d.Kind != Bucket {
		d.sessionSteps(p)
	}
	d.bucketSteps(p)
	d.addressSteps(p)
	if name := d.bucketName(); name != "" && !d.deleted() {
		p.aws("what holds it now (reads only)", "s3api get-public-access-block --bucket", name)
		p.aws("what its policy says now (reads only)", "s3api get-bucket-policy --bucket", name)
	}
	if len(d.c.data) == 0 {
		p.add("which data events the trails log (reads only)", "aws cloudtrail describe-trails && aws cloudtrail get-event-selectors --trail-name TRAIL")
	}
	return p.list[:min(len(p.list), maxSteps)]
}

// deleted reports whether the bucket was last seen being deleted.
func (d *dossier) deleted() bool {
	gone := false
	for _, e := range d.of(Bucket) {
		if !e.Failed() && (e.Name == "DeleteBucket" || e.Name == "CreateBucket") {
			gone = e.Name == "DeleteBucket"
		}
	}
	return gone
}

// alertSteps go on from an alert to its parties.
func (d *dossier) alertSteps(p *proposals) {
	a := d.Alert
	if s := d.subject(User); s != nil {
		p.investigate("everything else that "+a.UserName+" did", User, s.Text)
	}
	if s := d.subject(IP); s != nil {
		p.investigate("everything from the same address", IP, s.Text)
	}
	if a.Bucket != "" {
		p.investigate("the bucket's whole story", Bucket, a.Bucket)
	}
	for _, s := range a.AccessSeen.Strangers[:min(2, len(a.AccessSeen.Strangers))] {
		if !s.Opener {
			p.investigate("what else the stranger "+s.SourceIPAddress+" did", IP, s.SourceIPAddress)
		}
	}
}

// sessionSteps follow sessions to where they came from and where they went.
func (d *dossier) sessionSteps(p *proposals) {
	x := d.c.sessions.index()
	var arns []string
	for _, e := range d.subjectEntries() {
		if chain, _ := x.up(e.AccessKeyID, e.ARN); len(chain) > 0 && !chain[len(chain)-1].Service {
			p.investigate("who stands behind the session "+shortARN(e.ARN), User, chain[len(chain)-1].By)
		}
		arns = append(arns, e.ARN)
	}
	for _, one := range x.down(unique(arns)) {
		if d.beside(unix(one.at)) {
			p.investigate("what the session "+one.Name()+" did", User, one.ARN)
		}
		if len(p.list) >= maxSteps/2 {
			return
		}
	}
}

// bucketSteps go to the other buckets that a user or an address changed.
func (d *dossier) bucketSteps(p *proposals) {
	if d.Kind == Bucket {
		return
	}
	var names []string
	for _, e := range d.subjectEntries() {
		if deedCalls[e.Name] == ofBuckets && e.Bucket != d.bucketName() {
			names = append(names, e.Bucket)
		}
	}
	for _, name := range unique(names)[:min(2, len(unique(names)))] {
		p.investigate("the bucket "+name+", whose settings it changed too", Bucket, name)
	}
}

// addressSteps go to the callers at an address, and from a user to his addresses.
func (d *dossier) addressSteps(p *proposals) {
	switch d.Kind {
	case User:
		addresses := d.addresses()
		for _, addr := range addresses[:min(2, len(addresses))] {
			p.investigate("who else is at "+addr.String(), IP, addr.String())
		}
	case IP, Bucket:
		var callers []string
		for _, e := range d.of(d.Kind) {
			if deedCalls[e.Name] != "" {
				callers = append(callers, cmp.Or(e.ARN, e.UserName))
			}
		}
		callers = unique(callers)
		for _, who := range callers[:min(3, len(callers))] {
			p.investigate("what else "+shortARN(who)+" did", User, who)
		}
	}
}

// proposals are steps, each command once.
type proposals struct {
	sources []string
	list    []Step
}

func (p *proposals) add(why, command string) {
	if !slices.ContainsFunc(p.list, func(s Step) bool { return s.Command == command }) {
		p.list = append(p.list, Step{why, command})
	}
}

func (p *proposals) investigate(why string, kind Kind, subject string) {
	if strings.HasPrefix(subject, "-") {
		return // it would be read as a flag
	}
	words := []string{"bucketlid", "investigate", string(kind), subject}
	p.command(why, append(words, p.sources...))
}

func (p *proposals) aws(why, call, name string) {
	p.command(why, append(append([]string{"aws"}, strings.Fields(call)...), name))
}

// command adds a command of words, quoted for a shell. A word that cannot be
// typed gives none: names in logs are chosen by strangers.
func (p *proposals) command(why string, words []string) {
	if text, ok := Typed(words); ok {
		p.add(why, text)
	}
}

// Typed is a command of words, quoted for a shell; ok is false where there are none
// or one cannot be typed.
func Typed(words []string) (text string, ok bool) {
	if len(words) == 0 {
		return "", false
	}
	quoted := make([]string, len(words))
	for i, word := range words {
		if strings.ContainsFunc(word, func(r rune) bool { return !unicode.IsPrint(r) }) {
			return "", false
		}
		quoted[i] = shellQuote(word)
	}
	return strings.Join(quoted, " "), true
}

// shellQuote quotes a word for a POSIX shell where that is needed.
func shellQuote(s string) string {
	plain := s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("@%+=:,./_-", r))
	})
	if plain {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// PartiesOf are the subjects of an alert: who opened it, from where, and the
// bucket. Of a role's sessions all are followed, unless one names a person.
func PartiesOf(a *triage.Alert) []Subject {
	var out []Subject
	for _, party := range []struct {
		kind Kind
		text string
	}{{User, openerOf(a)}, {IP, a.SourceIPAddress}, {Bucket, a.Bucket}} {
		if s, err := Parse(party.kind, party.text); err == nil {
			out = append(out, s)
		}
	}
	return out
}

func openerOf(a *triage.Alert) string {
	by := a.OpenedBy
	switch {
	case by == nil:
		return ""
	case by.ARN != "":
		return (&Entry{ARN: by.ARN}).familiar()
	case by.InvokedBy != "":
		return by.InvokedBy
	case by.AccountID != "":
		return by.AccountID
	}
	return by.UserName
}
