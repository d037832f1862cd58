// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/replay"
	"github.com/bucketlid/bucketlid/triage/intel"
)

// userBehaviour weighs whether the call is what its caller does (semantics E.2).
func userBehaviour(r *ranker, a *Alert, e *evidence) {
	by := a.OpenedBy
	if by == nil || by.EventTime == nil {
		e.lacks("the call that opened it was not seen, or has no time")
		return
	}
	e.baseline = r.comparedWith(*by.EventTime)
	r.role(a, e)
	r.credentials(a, e)
	r.machine(a, e)
	r.firsts(a, e)
	r.formerChanges(a, e)
	r.around(a, e)
	if a.escalated {
		e.strongYes("the call was refused before, and a way around was found")
	}
	r.hours(a, e)
}

// role weighs what the context file says of the caller.
func (r *ranker) role(a *Alert, e *evidence) {
	p, matched, ok := r.known.Context.Principal(a.OpenedBy)
	if !ok {
		if r.known.Context == nil {
			e.lacks("no context file tells the caller's role (bucketlid context init)")
		}
		return
	}
	who := matched
	switch {
	case p.Role != "" && p.Team != "":
		who += " is " + p.Role + " of " + p.Team
	case p.Role+p.Team != "":
		who += " is " + p.Role + strings.TrimSuffix(" of "+p.Team, " of ")
	}
	if r.namedFreely(a.OpenedBy, p) {
		e.lacks("whether it is who it is called after: only the session fits the context file (line %d), and whoever may assume the role names it as he likes", p.Line)
		return
	}
	switch p.ChangesS3 {
	case Yes:
		if a.escalated {
			e.weakNo("%s: changing S3 settings is their work (context line %d), but it was refused", who, p.Line)
			return
		}
		e.word = true
		e.strongNo("%s: changing S3 settings is their work (context line %d)", who, p.Line)
	case No:
		e.strongYes("%s: changing S3 settings is not their work (context line %d)", who, p.Line)
	default:
		e.lacks("%s; the context file does not say whether they change S3 settings (line %d)", who, p.Line)
	}
}

// namedFreely reports whether an entry of the context file fits a caller only by
// what he could choose himself: the name of a session, or a source identity, of a
// role that IAM Identity Center does not look after. An entry that is an ARN names
// the role too.
func (r *ranker) namedFreely(by *exposure.Actor, p Principal) bool {
	head, rest, assumed := strings.Cut(by.ARN, ":assumed-role/")
	role, _, _ := strings.Cut(rest, "/")
	if !assumed || replay.NamesSessions(role) || strings.HasPrefix(strings.ToLower(p.Match), "arn:") {
		return false
	}
	bare := exposure.Actor{ARN: head + ":assumed-role/" + role + "/", AccountID: by.AccountID, Type: by.Type, InvokedBy: by.InvokedBy}
	known, _, ok := r.known.Context.Principal(&bare)
	return !ok || known.Line != p.Line
}

// tools tell infrastructure code from people, by the user agent.
var tools = []struct{ mark, name string }{
	{"APN/1.0 HashiCorp", "Terraform"}, {"Terraform", "Terraform"}, {"terraform", "Terraform"}, {"Pulumi", "Pulumi"}, {"aws-cdk", "the AWS CDK"},
	{"cloudformation.amazonaws.com", "CloudFormation"}, {"OpenTofu", "OpenTofu"}, {"Ansible", "Ansible"}, {"crossplane", "Crossplane"},
}

// attackTools are marks of systems and programs made for breaking in, or for
// trying it, in a user agent. A system's name stands in its kernel's: 5.2.0-kali2-amd64,
// 6.1.0-1parrot1-amd64.
var attackTools = []struct {
	name string
	mark *regexp.Regexp
}{
	{"kali", regexp.MustCompile(`(?i)[-\d]kali\d|\bkali linux\b`)},
	{"parrot", regexp.MustCompile(`(?i)[-\d]parrot\d|\bparrot (os|security)\b`)},
	{"pentoo", regexp.MustCompile(`(?i)\bpentoo\b`)},
	{"pacu", regexp.MustCompile(`(?i)\bpacu\b`)},
	{"cloudgoat", regexp.MustCompile(`(?i)\bcloudgoat\b`)},
	{"stratus-red-team", regexp.MustCompile(`(?i)\bstratus-red-team`)},
}

// credentials weighs how the caller was signed in.
func (r *ranker) credentials(a *Alert, e *evidence) {
	by := a.OpenedBy
	at := *by.EventTime
	if by.Type == "Root" {
		e.strongYes("the root user made the call: nobody works as root")
	}
	if by.InvokedBy != "" && strings.HasSuffix(by.InvokedBy, ".amazonaws.com") {
		e.weakNo("made by %s for the caller", by.InvokedBy)
	}
	switch tool := toolOf(by.UserAgent); {
	case pretends(by):
		e.weakYes("the user agent says that %s made the call, but no service did: the record names none, and has the address %s", by.UserAgent, by.SourceIPAddress)
	case tool != "":
		e.weakNo("made by infrastructure code: %s", tool)
	}
	for _, tool := range attackTools {
		if tool.mark.MatchString(by.UserAgent) {
			e.strongYes("the user agent names %s, made for breaking in", tool.name)
			e.signs++
		}
	}
	if c := a.call; c != nil && strings.EqualFold(c.MFA, "false") && (by.Type == "Root" || by.Type == "IAMUser") {
		e.lacks("whether it was the user himself: the session was opened without a second factor (mfaAuthenticated false)")
	}
	if first, fresh := r.newKey(by); fresh {
		e.strongYes("its access key %s was %s, in %s of records", by.AccessKeyID, seenSince(at.Sub(first)), span(r.logged(at)))
		e.signs++
	}
}

// toolOf is the infrastructure code that a user agent names; "" for none.
func toolOf(agent string) string {
	for _, t := range tools {
		if strings.Contains(agent, t.mark) {
			return t.name
		}
	}
	return ""
}

// pretends reports whether a user agent names a service of AWS that did not make
// the call: where one does, the record says so under invokedBy, and has the
// service's name for an address (AWS page "CloudTrail userIdentity element").
// The console's agents stand beside the address of a person.
func pretends(by *exposure.Actor) bool {
	agent := strings.Trim(by.UserAgent, "[]")
	service, ok := strings.CutSuffix(agent, ".amazonaws.com")
	_, err := netip.ParseAddr(by.SourceIPAddress)
	return ok && !strings.ContainsAny(service, " /") && service != "console" && service != "signin" && by.InvokedBy == "" && err == nil
}

// newKey tells when the caller's access key was first seen, and whether it was
// new then.
func (r *ranker) newKey(by *exposure.Actor) (first time.Time, fresh bool) {
	first, ok := r.baseline.KeySince(by.AccessKeyID)
	return first, ok && by.EventTime.Sub(first) < freshSpan && r.logged(first) >= minBaseline
}

// instanceSession is how EC2 names the sessions of an instance's role (page "IAM
// roles for Amazon EC2").
var instanceSession = regexp.MustCompile(`:assumed-role/[^/]+/i-[0-9a-f]{8,17}$`)

// machine weighs whether the credentials of a server are used where that server
// is not: they were taken from it.
func (r *ranker) machine(a *Alert, e *evidence) {
	by := a.OpenedBy
	addr, err := netip.ParseAddr(by.SourceIPAddress)
	if err != nil || !intel.Public(addr) || !instanceSession.MatchString(by.ARN) || r.logged(*by.EventTime) < minBaseline {
		return
	}
	var elsewhere, here int
	for address, days := range r.habitOf(a).Counterparts() {
		n, _ := r.habitOf(a).Worked()[address].Before(*by.EventTime)
		switch {
		case address == by.SourceIPAddress:
			here = n
		case by.EventTime.Sub(time.Unix(days.First, 0)) >= freshSpan:
			elsewhere++
		}
	}
	if elsewhere == 0 || here >= usualDays {
		return
	}
	e.strongYes("the credentials of an EC2 instance (%s), used from an address where such instances never were", by.ARN[strings.LastIndexByte(by.ARN, '/')+1:])
	e.signs++
}

// firsts weighs what the caller never did before.
func (r *ranker) firsts(a *Alert, e *evidence) {
	by, habit := a.OpenedBy, r.habitOf(a)
	at := by.EventTime.Unix()
	all := habit.Seen()
	if all.Count() == 0 {
		e.lacks("nothing else of the caller is in the records")
		return
	}
	if r.logged(*by.EventTime) < minBaseline {
		e.lacks("%s: too short to say what is new", earlierDays(r.logged(*by.EventTime)))
		return
	}
	if since := by.EventTime.Sub(time.Unix(all.First, 0)); since < freshSpan {
		e.strongYes("the caller was %s, in %s of records", seenSince(since), span(r.logged(*by.EventTime)))
		if _, fresh := r.newKey(by); !fresh { // the key of a new user is no further sign
			e.signs++
		}
		return
	}
	if t := habit.Names()[by.EventName]; t != nil && t.First >= at {
		e.weakYes("first use of %s by the caller, who made %s other calls since %s", by.EventName, amount(all), day(all.First))
	} else if n, more := habit.Succeeded()[by.EventName].Before(*by.EventTime); n >= usualDays {
		since := habit.Succeeded()[by.EventName].First()
		r.habitual(a, since, e, "the caller used %s on %s before, since %s", by.EventName, count(n, "day", more), date(since))
	}
	if t := habit.Agents()[replay.AgentFamily(by.UserAgent)]; t != nil && by.UserAgent != "" && !pretends(by) && t.First >= at-3600 && len(habit.Agents()) > 1 {
		e.weakYes("the caller's first use of %s", cmp.Or(toolOf(by.UserAgent), replay.AgentFamily(by.UserAgent)))
	}
	if t := habit.Regions()[a.Region]; t != nil && t.First >= at-3600 && len(habit.Regions()) > 1 {
		e.weakYes("the caller's first calls in %s", a.Region)
	}
	if t := habit.Counterparts()[by.SourceIPAddress]; t != nil && t.First >= at-3600 && len(habit.Counterparts()) > 1 {
		e.weakYes("the caller's first hour from %s", by.SourceIPAddress)
	}
}

// habitual is strong evidence that something is usual for the caller: unless he
// has done it only since he works from the alert's address, and that is new to
// him. Who took his credentials may have done all of it.
func (r *ranker) habitual(a *Alert, since time.Time, e *evidence, format string, args ...any) {
	if a.unsettled.IsZero() || since.Before(a.unsettled) {
		e.strongNo(format, args...)
		return
	}
	e.weakNo(format, args...)
	e.weakYes("the caller did so only since %s, when he began to work from %s", date(a.unsettled), a.SourceIPAddress)
}

// formerChanges weighs who changed S3 permissions before: the caller anywhere,
// and others on this bucket.
func (r *ranker) formerChanges(a *Alert, e *evidence) {
	at := *a.OpenedBy.EventTime
	all := before(r.deeds.by[r.principalOf(a)], at)
	earlier := before(all, at.UTC().Truncate(24*time.Hour)) // what came that day belongs to the opening
	own := slices.DeleteFunc(slices.Clone(earlier), func(d done) bool { return d.tightens })
	days := map[string]bool{}
	for _, d := range own {
		days[d.at.Format(time.DateOnly)] = true
	}
	switch {
	case len(own) == 0 && len(earlier) > 0 && r.logged(at) >= minBaseline:
		e.weakYes("before that day the caller put up guards of S3, and let nobody in, in %s of records", span(r.logged(at)))
	case len(own) == 0 && len(all) > 0 && r.logged(at) >= minBaseline:
		e.weakYes("the caller changed no S3 permission before that day, in %s of records", span(r.logged(at)))
	case len(own) == 0 && r.logged(at) >= minBaseline:
		e.weakYes("the caller's first change of any S3 permission in %s of records", span(r.logged(at)))
	case len(days) >= 3:
		r.habitual(a, own[0].at, e, "the caller changed S3 permissions %s before, on %d days since %s", count(len(own), "time", false), len(days), own[0].at.Format(time.DateOnly))
	case len(own) > 0 && len(days) == 2:
		e.weakNo("the caller changed S3 permissions %s before, since %s", count(len(own), "time", false), own[0].at.Format(time.DateOnly))
	}
	r.colleagues(a, at, e)
}

// colleagues weighs whose bucket it is, by who changed it before.
func (r *ranker) colleagues(a *Alert, at time.Time, e *evidence) {
	others := map[string]int{}
	mine := 0
	for _, d := range before(r.deeds.of[a.Bucket], at) {
		switch {
		case d.principal != r.principalOf(a):
			others[d.user]++
		case d.name == "CreateBucket":
			e.weakNo("the caller created the bucket %s before (eventID %s)", span(at.Sub(d.at)), d.eventID)
			mine++
		default:
			mine++
		}
	}
	if mine == 0 && len(others) > 0 {
		names := slices.Sorted(maps.Keys(others))
		e.weakYes("until then only others changed this bucket: %s", strings.Join(names[:min(len(names), 3)], ", "))
	}
}

// aroundSpan is how far before and after a change what else happened is told.
const aroundSpan = time.Hour

// around weighs what else the caller did within the hour before and after.
func (r *ranker) around(a *Alert, e *evidence) {
	at := *a.OpenedBy.EventTime
	principal := r.principalOf(a)
	usual := map[string]bool{}
	for _, m := range r.baseline.Moments(principal, time.Unix(0, 0), at.Add(-freshSpan)) {
		usual[m.Name+m.Error] = true
	}
	failures, sample := int64(0), ""
	var made *replay.Moment
	for _, m := range r.baseline.Moments(principal, at.Add(-preparedSpan), at.Add(aroundSpan)) {
		if m.Kind == replay.Key && m.Error == "" && made == nil {
			made = &m
		}
		switch early := m.Seen.First < at.Add(-aroundSpan).Unix(); {
		case m.EventID == a.OpenedBy.EventID:
		case early && (m.Error != "" || usual[m.Name+m.Error]):
		case early:
			r.earlier(a, m, at, e)
		case m.Kind == replay.Failure && !usual[m.Name+m.Error]:
			failures += m.Seen.Count()
			if sample == "" {
				sample = fmt.Sprintf("%s %s, eventID %s", m.Name, m.Error, m.EventID)
			}
		case m.Kind == replay.Key || m.Kind == replay.Identity || m.Kind == replay.Blinding:
			text := fmt.Sprintf("%s: %s %s (eventID %s)", momentWords[m.Kind], m.Name, beside(m, at), m.EventID)
			if usual[m.Name+m.Error] || m.Kind == replay.Identity && r.logged(at) < minBaseline { // many do that every day
				e.weakYes("%s", text)
				continue
			}
			e.strongYes("%s", text)
			e.signs++
			if m.Kind == replay.Key {
				e.keyWork++
			}
			if m.Seen.First <= at.Unix() && e.prepared == "" {
				e.prepared = text
			}
		}
	}
	switch {
	case failures >= 3:
		e.signs++
		e.strongYes("%d failed calls within the hour before and after, of kinds that the caller had not before (first %s)", failures, sample)
	case failures > 0:
		e.weakYes("%s within the hour before and after (%s)", count(int(failures), "failed call", false), sample)
	}
	r.ownKey(a, made, e)
	r.blindedByOthers(a, at, e)
	r.companions(a, at, e)
	r.otherBuckets(a, at, principal, e)
	if a.tookItems >= minTaken {
		e.weakYes("its address took %d objects without credentials while it was open: who tries whether it is open takes one or two", a.tookItems)
	}
}

// minTaken is how many objects are more than a try.
const minTaken = 3

var momentWords = map[replay.MomentKind]string{
	replay.Key:      "the caller made new credentials",
	replay.Identity: "the caller changed users or their rights",
	replay.Blinding: "the caller switched off or narrowed logging",
}

// beside says how far from a change a moment lies.
func beside(m replay.Moment, at time.Time) string {
	first := time.Unix(m.Seen.First, 0)
	if first.Before(at) {
		return span(at.Sub(first)) + " before"
	}
	return span(first.Sub(at)) + " after"
}

func (r *ranker) otherBuckets(a *Alert, at time.Time, principal string, e *evidence) {
	var names []string
	for _, d := range within(r.deeds.by[principal], at.Add(-aroundSpan), at.Add(aroundSpan)) {
		if d.bucket != "" && d.bucket != a.Bucket && d.name != "CreateBucket" {
			names = appendNew(names, d.bucket)
		}
	}
	slices.Sort(names)
	if len(names) >= 3 {
		e.weakYes("the caller changed the permissions of %d other buckets within the hour: %s", len(names), strings.Join(names[:3], ", "))
	}
}

// sameCaller reports whether two calls are of one principal.
func sameCaller(a, b *exposure.Actor) bool {
	return a != nil && b != nil &&
		replay.PrincipalKey(a.ARN, a.InvokedBy, a.AccountID, "") == replay.PrincipalKey(b.ARN, b.InvokedBy, b.AccountID, "")
}
