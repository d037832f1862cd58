// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/policy"
	"github.com/bucketlid/bucketlid/triage"
)

// The words of an alert, the same in every format. They hold log content as it
// is; each format makes them harmless for itself.

const (
	notSeen  = "not seen"
	notKnown = "not known"
)

var audienceWords = map[policy.Audience]string{
	policy.Anyone:        "everyone",
	policy.AnyAWSAccount: "any AWS account",
	policy.WebIdentity:   "any web identity",
	policy.Network:       "listed addresses",
	policy.ServiceDeputy: "AWS services",
	policy.Organization:  "an organization",
	policy.None:          "nobody",
}

// place is the bucket with the key, or the account of an account's setting.
func place(a *triage.Alert) string {
	switch {
	case a.Bucket == "" && a.AccessPoint != "":
		return "access point " + a.AccessPoint
	case a.Bucket == "":
		return "account " + a.Account
	case a.Key != "":
		return a.Bucket + "/" + a.Key
	case a.Objects > 0:
		return fmt.Sprintf("%s (%d objects)", a.Bucket, a.Objects)
	}
	return a.Bucket
}

// what is the grant in a few words: "AllUsers READ via bucket-acl".
func what(a *triage.Alert) string {
	switch {
	case a.Kind == triage.KindGuardRemoved:
		return a.Route + " off: " + guardFlags(a.Permission)
	case a.Kind == triage.KindAttempt && a.Audience == policy.None:
		return "tried: " + cmp.Or(a.Permission, "to remove a guard")
	case a.Kind == triage.KindAttempt:
		return "tried: " + grant(a)
	}
	return grant(a)
}

func guardFlags(permission string) string {
	if strings.Count(permission, ",") == 3 {
		return "all four flags"
	}
	return cmp.Or(permission, "flags not known")
}

func grant(a *triage.Alert) string {
	who, how := audience(a), joined(a.Access, ",")
	if isACL(a.Route) && a.URI != "" && a.Permission != "" {
		who, how = group(a.URI), a.Permission
	}
	text := who + " " + cmp.Or(how, a.Permission, "unknown access")
	if a.Route != "" {
		text += " via " + a.Route
	}
	if a.AccessPoint != "" && a.Bucket != "" {
		text += " (" + a.AccessPoint + ")"
	}
	return text
}

func isACL(route string) bool {
	return route == string(exposure.BucketACL) || route == string(exposure.ObjectACL)
}

func audience(a *triage.Alert) string {
	if word, ok := audienceWords[a.Audience]; ok {
		return word
	}
	switch n := len(a.Principals); {
	case a.Audience != policy.Account:
		return cmp.Or(string(a.Audience), "somebody")
	case n == 0:
		return "a foreign account"
	case n > 2:
		return strconv.Itoa(n) + " accounts"
	}
	return "account " + strings.Join(a.Principals, " and ")
}

// group shortens the address of an ACL group to its name. An alert can name
// several, parted by commas.
func group(uri string) string {
	names := strings.Split(uri, ", ")
	for i, name := range names {
		if strings.Contains(name, "/groups/") {
			names[i] = lastPart(name)
		}
	}
	return strings.Join(names, ", ")
}

// began is when the alert's story began: the opening, or the refused call.
func began(a *triage.Alert) *time.Time {
	if a.OpenedAt == nil && a.Kind == triage.KindAttempt && a.OpenedBy != nil {
		return a.OpenedBy.EventTime
	}
	return a.OpenedAt
}

// state is how it stands now: "open (assumed)", "closed 12:28:24Z",
// "blocked by IgnorePublicAcls". Brief leaves out what can be looked up.
func state(a *triage.Alert, brief bool) string {
	held := ""
	if len(a.BlockedBy) > 0 && !brief {
		held = "by " + strings.Join(a.BlockedBy, ", ")
	}
	guard := "guard "
	if brief {
		guard = ""
	}
	switch {
	case a.Kind == triage.KindAttempt:
		return spaced("refused", held)
	case a.State == exposure.Unknown:
		return "unknown"
	case a.Kind == triage.KindGuardRemoved && a.State == exposure.Open:
		return guard + "off" + mark(a)
	case a.Kind == triage.KindGuardRemoved && a.State == exposure.Closed:
		return spaced(guard+"back", clock(a, brief)) + mark(a)
	case a.State == exposure.Blocked:
		return spaced("blocked", held) + mark(a)
	case a.State == exposure.Closed:
		return spaced("closed", clock(a, brief)) + mark(a)
	}
	return string(a.State) + mark(a)
}

// mark names a certainty that is less than proof.
func mark(a *triage.Alert) string {
	if a.Certainty == exposure.Proven || a.Certainty == "" {
		return ""
	}
	return " (" + string(a.Certainty) + ")"
}

func spaced(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), " ")
}

// clock is the time of closing, with its date where that is another day. Brief
// is to the minute, or the date alone.
func clock(a *triage.Alert, brief bool) string {
	if a.ClosedAt == nil {
		return ""
	}
	closed, opened := a.ClosedAt.UTC(), began(a)
	sameDay := opened != nil && opened.UTC().Format(time.DateOnly) == closed.Format(time.DateOnly)
	switch {
	case sameDay && brief:
		return closed.Format("15:04Z")
	case sameDay:
		return closed.Format("15:04:05Z")
	case brief:
		return closed.Format("01-02")
	}
	return closed.Format(stampForm)
}

const (
	stampForm = "2006-01-02 15:04:05Z"
	shortForm = "01-02 15:04"
)

// stamp is a time in UTC, or the words for none.
func stamp(t *time.Time, none string) string {
	if t == nil {
		return none
	}
	return t.UTC().Format(stampForm)
}

// since is when it began; "by" is the latest instant where that is not exact.
func since(a *triage.Alert, form string) string {
	switch opened := began(a); {
	case opened != nil:
		return opened.UTC().Format(form)
	case a.Bounds != nil && a.Bounds.OpenedLatest != nil:
		return "by " + a.Bounds.OpenedLatest.UTC().Format(form)
	}
	return notKnown
}

// lasted is how long it was open.
func lasted(a *triage.Alert) string {
	switch {
	case a.Kind == triage.KindAttempt, a.Kind == triage.KindLatent:
		return "never open"
	case a.State == exposure.Unknown:
		return notKnown
	case a.State == exposure.Open && a.Kind == triage.KindGuardRemoved:
		return "still off"
	case a.State == exposure.Open:
		return "still open"
	case a.OpenedAt == nil || a.ClosedAt == nil || a.ClosedAt.Before(*a.OpenedAt):
		return notKnown
	}
	return duration(a.ClosedAt.Sub(*a.OpenedAt))
}

// duration is a span in its two largest units: "3d 4h", "1h 12m", "5m", "42s".
func duration(d time.Duration) string {
	seconds := max(int64(d/time.Second), 0)
	days, hours, minutes := seconds/86400, seconds/3600%24, seconds/60%60
	switch {
	case days > 0:
		return units(days, "d", hours, "h")
	case hours > 0:
		return units(hours, "h", minutes, "m")
	case minutes > 0:
		return units(minutes, "m", seconds%60, "s")
	}
	return fmt.Sprintf("%ds", seconds)
}

func units(large int64, of string, small int64, part string) string {
	if small == 0 {
		return fmt.Sprintf("%d%s", large, of)
	}
	return fmt.Sprintf("%d%s %d%s", large, of, small, part)
}

// actor is who did it. An empty name with a known caller is told apart from a
// call that was not seen.
func actor(a *triage.Alert) string {
	switch {
	case a.UserName != "":
		return a.UserName
	case a.OpenedBy == nil:
		return notSeen
	}
	return cmp.Or(lastPart(a.OpenedBy.ARN), a.OpenedBy.Type, "unnamed")
}

// lastPart is what stands behind the last slash or colon of an ARN.
func lastPart(arn string) string { return arn[strings.LastIndexAny(arn, "/:")+1:] }

func source(a *triage.Alert) string {
	if a.SourceIPAddress != "" {
		return a.SourceIPAddress
	}
	return notSeen
}

// opener is the call that opened it; a call that was not seen has empty fields.
func opener(a *triage.Alert) exposure.Actor {
	if a.OpenedBy == nil {
		return exposure.Actor{}
	}
	return *a.OpenedBy
}

// flagWords are the four red flags in a row: "source-ip ?, permission yes".
func flagWords(a *triage.Alert) string {
	var words []string
	for _, f := range a.Flags {
		words = append(words, f.ID+" "+answer(f.Answer))
	}
	return strings.Join(words, ", ")
}

func answer(a triage.Answer) string {
	if a == triage.Yes || a == triage.No {
		return string(a)
	}
	return "?"
}

// used says what strangers did, in one line.
func used(s *triage.AccessSeen) string {
	text := cmp.Or(s.Verdict, notKnown)
	if s.Requests > 0 || s.Denied > 0 {
		text += fmt.Sprintf(": %s served and %s refused to %s, %s", counted(s.Requests, "request"), number(s.Denied),
			plural(int64(s.Addresses), "address", "addresses"), bytesText(s.Bytes)) + usedMore(s)
	}
	if s.First != nil && s.Last != nil {
		text += ", " + stamp(s.First, "") + " .. " + stamp(s.Last, "")
	}
	if names := strangers(s.Strangers); len(names) > 0 {
		text += "; " + strings.Join(names[:min(len(names), maxStrangers)], ", ")
		if more := len(names) - maxStrangers; more > 0 {
			text += " and more"
		}
	}
	if s.Why != "" {
		text += " (" + s.Why + ")"
	}
	return text
}

// usedMore says what was taken, how, and by whom, as far as that is told.
func usedMore(s *triage.AccessSeen) string {
	text := ""
	if s.Objects > 0 {
		text += " of " + plural(s.Objects, "object", "objects")
	}
	if s.ByACL > 0 {
		text += ", " + number(s.ByACL) + " let in by an ACL"
	}
	if s.ScannerRequests > 0 {
		text += ", " + number(s.ScannerRequests) + " of them by " + plural(int64(s.Scanners), "scanner", "scanners")
	}
	if len(s.Sources) > 0 {
		text += ", told by " + strings.Join(s.Sources, " and ")
	}
	return text
}

// maxStrangers is how many strangers one line names; Markdown and jsonl have more.
const maxStrangers = 3

// strangers names who used an opening, the busiest first.
func strangers(list []triage.Stranger) []string {
	var out []string
	for _, s := range list {
		text := s.SourceIPAddress + " ×" + number(s.Requests)
		if s.Account != "anonymous" {
			text = "account " + s.Account + " from " + text
		}
		if s.Denied > 0 {
			text += " (" + number(s.Denied) + " refused)"
		}
		if s.Opener {
			text += " (the opener's own address)"
		}
		if s.Scanner != "" {
			text += " (a scanner: " + s.Scanner + ")"
		}
		out = append(out, text)
	}
	return out
}

// worst reports an alert at high or above.
func worst(a *triage.Alert) bool {
	return a.Severity == triage.Critical || a.Severity == triage.High
}

// routed reports whether `explain route` has a page for the alert's route; the
// route of a removed guard is the guard.
func routed(a *triage.Alert) bool {
	return slices.ContainsFunc(exposure.Routes, func(r exposure.Route) bool { return string(r.ID) == a.Route })
}

func joined[T ~string](list []T, sep string) string {
	parts := make([]string, len(list))
	for i, item := range list {
		parts[i] = string(item)
	}
	return strings.Join(parts, sep)
}
