// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// page writes a draft. Lines that begin with "#  " are entries to take in by
// taking "#" away; "  # " begins a remark.
type page struct{ strings.Builder }

// line writes text that holds nothing of the logs but what Quote or a check of
// its characters made safe.
func (p *page) line(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

// remark writes a comment of one line, whatever the logs put in it.
func (p *page) remark(format string, args ...any) {
	p.line("  # %s", plain(fmt.Sprintf(format, args...)))
}

// left tells how much a bound left out.
func (p *page) left(n, bound int, what string) int {
	if n > bound {
		p.remark("%d more %s are left out", n-bound, what)
	}
	return min(n, bound)
}

// yamlText is a text in double quotes. Go's escapes for ASCII output are YAML's
// too (YAML 1.2, "Escaped Characters").
func yamlText(s string) string { return strconv.QuoteToASCII(s) }

// text is the draft as a context file, good as it stands.
func (d *draft) text(records int64, skipped int) string {
	p := &page{}
	p.line("# What logs do not tell: whose accounts, networks, people and buckets these are.")
	if records > 0 {
		p.line("# Drafted from %s, %s to %s; %s not read.", counted(int(records), "record"), dayOf(d.first), dayOf(d.last), counted(skipped, "piece"))
	}
	p.line("# Everything here is inferred. Entries that begin with \"#  \" would silence alerts:")
	p.line("# see whether they are true, then take the \"#\" away. Then: bucketlid context check FILE")
	p.line("")
	d.writeAccounts(p)
	d.writeNetworks(p)
	d.writePrincipals(p)
	d.writeForeign(p)
	d.writeBuckets(p)
	p.line("")
	p.line("# Words of bucket names, of your own language and projects.")
	p.line("sensitive_words:")
	p.line("#  - {word: phoenix, means: the merger project}")
	p.line("harmless_words:")
	p.line("#  - {word: press, means: press pictures}")
	p.line("")
	p.line("# Where and when people work.")
	p.line("usual:")
	p.line("#  countries: [DE, AT]")
	p.line("#  hours:")
	p.line("#    - {zone: Europe/Berlin, from: \"07:00\", to: \"19:00\"}")
	return p.String()
}

func dayOf(t time.Time) string { return t.UTC().Format(time.DateOnly) }

func (d *draft) writeAccounts(p *page) {
	p.line("organizations:")
	switch {
	case len(d.organizations) == 0:
		p.line("#  - name: My organization")
		p.line("#    accounts:")
		p.line(`#      - {id: "111122223333", alias: production}`)
	case len(d.organizations) > 1:
		p.remark("check: nothing in the logs tells that these are one organization: put the accounts together that belong together")
	}
	for i, o := range d.organizations {
		name := "My organization"
		if len(d.organizations) > 1 {
			name = organizationName(i)
		}
		for _, why := range o.why {
			p.remark("together, since %s", why)
		}
		p.line("  - name: %s  # check: its name", name)
		p.line("    accounts:")
		for _, id := range o.accounts {
			p.line("      - id: %q  # check: records of its own trail were read, so it is taken as yours", id)
		}
	}
	p.line("")
}

func organizationName(i int) string { return fmt.Sprintf("Organization %d", i+1) }

// organizationOf is the only organization of principals, where several are
// drafted; several says that there is more than one.
func (d *draft) organizationOf(principals []string) (name string, several bool) {
	if len(d.organizations) < 2 {
		return "", false
	}
	for i, o := range d.organizations {
		if !slices.ContainsFunc(principals, func(p string) bool { return slices.Contains(o.accounts, accountOf(p)) }) {
			continue
		}
		if name != "" {
			return "", true
		}
		name = organizationName(i)
	}
	return name, false
}

// accountOf is the account of an ARN.
func accountOf(arn string) string {
	if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 {
		return parts[4]
	}
	return ""
}

func (d *draft) writeNetworks(p *page) {
	p.line("# kind is one of office, vpn, nat, datacenter, partner, other.")
	p.line("networks:")
	if d.seldom > 0 {
		p.remark("%s left out: used by one principal alone, on fewer than %d days, or with calls of which most failed", counted(d.seldom, "network"), usualDays)
	}
	for i, n := range d.networks[:p.left(len(d.networks), maxDraftNetworks, "networks")] {
		p.remark("%s, successful on %s by %s, %s to %s: %s", counted(int(n.seen), "call"), counted(n.days, "day"), counted(len(n.principals), "principal"),
			dayOf(time.Unix(n.first, 0)), dayOf(time.Unix(n.last, 0)), some(short(n.principals)))
		if n.addresses > 1 {
			p.remark("%d addresses of it were seen", n.addresses)
		}
		if len(n.opened) > 0 {
			p.remark("check: alerts tell of calls from %s", some(n.opened))
		}
		organization, several := d.organizationOf(n.principals)
		if several {
			p.remark("check: principals of several organizations came from it, and it would hold for all of them")
		}
		p.line("#  - name: network %d", i+1)
		p.line("#    kind: office")
		if organization != "" {
			p.line("#    organization: %s", organization)
		}
		p.line("#    cidrs: [%q]", n.prefix)
	}
	p.line("")
}

// short takes names out of ARNs, each once.
func short(arns []string) []string {
	var names []string
	for _, arn := range arns {
		name := arn[strings.LastIndexAny(arn, "/:")+1:]
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// some lists the first of many names.
func some(names []string) string {
	const shown = 3
	text := strings.Join(names[:min(shown, len(names))], ", ")
	if len(names) > shown {
		text += fmt.Sprintf(" and %d more", len(names)-shown)
	}
	return text
}

func (d *draft) writePrincipals(p *page) {
	p.line("# role is free text; known are devops, administrator, production-support, developer, ci and others.")
	p.line("principals:")
	if d.odd > 0 {
		p.remark("%s left out: their names have characters that AWS does not allow", counted(d.odd, "principal"))
	}
	for _, who := range d.principals[:p.left(len(d.principals), maxDraftPrincipals, "principals")] {
		p.remark("changed S3 settings: %s, %s, %s to %s", counted(who.calls, "change"), counted(len(who.buckets), "bucket"), dayOf(who.first), dayOf(who.last))
		p.line("  - match: %s", yamlText(who.match))
		p.line("#    role: %s", guessRole(who.match))
		p.line("#    changes_s3: true")
	}
	p.line("")
}

// pipelines are parts of the names that people give to roles of machines.
var pipelines = []string{"deploy", "github", "gha", "gitlab", "jenkins", "terraform", "pulumi", "cloudformation", "cdk", "pipeline", "codebuild"}

func guessRole(match string) string {
	name := strings.ToLower(match[strings.LastIndexByte(match, '/')+1:])
	if slices.ContainsFunc(pipelines, func(part string) bool { return strings.Contains(name, part) }) {
		return "ci"
	}
	return "what they are"
}

func (d *draft) writeForeign(p *page) {
	p.line("# Foreign accounts that may have access.")
	p.line("trusted_accounts:")
	for _, f := range d.foreign[:p.left(len(d.foreign), maxDraftForeign, "accounts")] {
		p.remark("was given access to %s: %s", counted(len(f.buckets), "bucket"), some(f.buckets))
		p.line("#  - id: %q", f.id)
		p.line("#    name: whose account it is")
		p.line("#    why: the reason")
	}
	p.line("")
}

func (d *draft) writeBuckets(p *page) {
	p.line("# public is expected or never; expected needs why, and until, the day on which someone looks again.")
	p.line("buckets:")
	again := d.last.AddDate(0, 6, 0)
	for _, b := range d.buckets[:p.left(len(d.buckets), maxDraftBuckets, "buckets")] {
		if b.public {
			p.remark("an alert says that it is or was public")
		}
		for _, why := range append(b.sensitive, b.harmless...) {
			p.remark("the name: %s", why)
		}
		p.line("  - match: %s", yamlText(b.name))
		switch {
		case len(b.sensitive) > 0 && len(b.harmless) == 0:
			p.line("#    public: never")
		case len(b.harmless) > 0 && len(b.sensitive) == 0:
			p.line("#    public: expected")
			p.line("#    until: %s", dayOf(again))
			p.line("#    why: the reason")
		}
	}
}
