// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/bucketlid/bucketlid/account"
	"github.com/bucketlid/bucketlid/policy"
	"github.com/bucketlid/bucketlid/remedy"
)

// words tells an opening in one line.
func words(o remedy.Opening) string {
	who := string(o.Audience)
	if len(o.Principals) > 0 {
		who += " " + strings.Join(o.Principals, ", ")
	}
	what := strings.Join(o.Scope.Include, ", ")
	if len(o.Scope.Exclude) > 0 {
		what += " but not " + strings.Join(o.Scope.Exclude, ", ")
	}
	text := who + " may " + cmp.Or(accessWords(o.Access), "do what is not known to") + " " + what + ", by " + string(o.Route)
	for _, s := range o.Statements {
		text += ", " + s
	}
	if o.AccessPoint != "" {
		text += ", access point " + o.AccessPoint
	}
	if o.Key != "" {
		text += ", object " + o.Key
	}
	return text
}

// showPlan renders a plan for people: what is open, then the options.
func showPlan(w io.Writer, p *remedy.Plan, file string) error {
	var b bytes.Buffer
	line := func(format string, args ...any) {
		for i, a := range args {
			if s, ok := a.(string); ok {
				args[i] = plain(s)
			}
		}
		fmt.Fprintf(&b, format+"\n", args...)
	}
	line("Bucket %s of account %s, %s", p.Bucket, p.Account, p.Region)
	switch {
	case len(p.Closes) > 0:
		line("\n%d to close:", len(p.Closes))
	case len(p.Unknown) > 0:
		line("Nothing open is known, and not everything could be read: %s may have access.", whomWords(p.Whom))
	case len(p.Beyond) > 0:
		line("Nothing open is known, and not everything was looked at: %s may have access.", whomWords(p.Whom))
	default:
		line("Nothing to do: nothing lets %s in, and no guard holds any back.", whomWords(p.Whom))
	}
	for _, o := range p.Closes {
		line("  %s%s", words(o), heldBy(o))
		if o.Witness != nil && o.Witness.Command != "" && len(o.BlockedBy) == 0 {
			line("      %s", o.Witness.Command)
		}
	}
	for _, u := range p.Unknown {
		line("Not known: %s", u)
	}
	for _, b := range p.Beyond {
		line("Not looked at: %s", b)
	}
	showStays(line, p)
	if len(p.Closes) > 0 && len(p.Options) == 0 {
		line("\nNo option closes it.")
	}
	if len(p.Options) > 0 {
		line("\n%s, least disruptive first; * is what fix apply uses:", counted(len(p.Options), "option"))
	}
	common := rowsOfAll(p.Options)
	if len(common) > 0 {
		line("\nWith each of them:")
	}
	for _, r := range common {
		line("    %-8s %s", r.name, r.text)
	}
	for i := range p.Options {
		showOption(line, p, &p.Options[i], common)
	}
	switch {
	case p.Use == "":
	case file != "":
		line("\nNext: bucketlid fix apply %s   (its calls carry %s/%s in their user agent)", pasted(file), account.AgentName, p.ID)
	default:
		line("\nNext: the same command with --out plan.json, then: bucketlid fix apply plan.json")
	}
	_, err := w.Write(b.Bytes())
	return err
}

// showStays tells of the exposures that the plan is not about.
func showStays(line func(string, ...any), p *remedy.Plan) {
	public := false
	for i, o := range p.Stays {
		if i < maxWhys {
			line("Stays: %s%s", words(o), heldBy(o))
		}
		public = public || o.Audience.Public() && len(o.BlockedBy) == 0
	}
	if more := len(p.Stays) - maxWhys; more > 0 {
		line("Stays: %d more, which the plan's file and -o json name", more)
	}
	if public && len(p.Whom) > 0 {
		line("What strangers may do, %s may do too: see how to close that with: bucketlid fix plan %s", whomWords(p.Whom), p.Bucket)
	}
}

func heldBy(o remedy.Opening) string {
	if len(o.BlockedBy) == 0 {
		return ""
	}
	return " (held by " + strings.Join(o.BlockedBy, ", ") + ")"
}

// row is one line below an option.
type row struct{ name, text string }

// prospects are the rows of an option that tell what comes of it.
func prospects(o *remedy.Option) []row {
	var out []row
	for _, text := range o.Later {
		out = append(out, row{"later", text})
	}
	if o.Undo.Possible {
		out = append(out, row{"undo", "can be attempted"})
	}
	for _, text := range o.Undo.Why {
		out = append(out, row{"undo", "not possible: " + text})
	}
	for _, text := range o.Confirm {
		out = append(out, row{"asks", text})
	}
	return out
}

// rowsOfAll are the prospects that several options share, to be told once.
func rowsOfAll(options []remedy.Option) (common []row) {
	n := 0
	for i := range options {
		if options[i].Refused != "" {
			continue
		}
		list := prospects(&options[i])
		if n++; n == 1 {
			common = list
			continue
		}
		common = slices.DeleteFunc(common, func(r row) bool { return !slices.Contains(list, r) })
	}
	if n < 2 {
		return nil
	}
	return common
}

func showOption(line func(string, ...any), p *remedy.Plan, o *remedy.Option, told []row) {
	mark := " "
	if o.ID == p.Use {
		mark = "*"
	}
	line("\n%s %s: %s", mark, o.ID, o.Title)
	show := func(name, text string) { line("    %-8s %s", name, text) }
	if o.Refused != "" {
		show("refused", o.Refused)
		return
	}
	for _, s := range o.Proof.Remaining {
		show("leaves", words(s))
	}
	for _, text := range o.First {
		show("first", text)
	}
	for _, s := range o.Steps {
		show("does", string(s.Call.Operation)+": "+s.Why+"; needs "+s.Action)
		show("", s.CLI)
	}
	for _, l := range o.Proof.Loses {
		show("loses", loserWords(l))
	}
	for _, r := range prospects(o) {
		if !slices.Contains(told, r) {
			show(r.name, r.text)
		}
	}
}

func loserWords(l remedy.Loser) string {
	text := l.Who
	if len(l.Access) > 0 {
		text += ": " + accessWords(l.Access)
	}
	if l.Note != "" {
		text += " (" + l.Note + ")"
	}
	return text
}

func accessWords(list []policy.Access) string {
	var out []string
	for _, a := range list {
		out = append(out, string(a))
	}
	return strings.Join(out, ", ")
}
