// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/policy"
	"github.com/bucketlid/bucketlid/replay"
)

func access(list ...policy.Access) func(*Alert) { return func(a *Alert) { a.Access = list } }

func shared(list ...policy.Access) func(*Alert) {
	return func(a *Alert) {
		a.Kind, a.Audience, a.Principals, a.Access = KindShared, policy.Account, []string{"444455556666"}, list
	}
}

func kind(k Kind) func(*Alert) { return func(a *Alert) { a.Kind = k } }

func flagged(id string, answer Answer) func(*Alert) {
	return func(a *Alert) {
		f := Flag{ID: id, Answer: answer}
		switch answer {
		case Yes:
			f.For = []string{"evidence for " + id}
		case No:
			f.Against = []string{"evidence against " + id}
		}
		a.Flags = append(a.Flags, f)
	}
}

func all(changes ...func(*Alert)) func(*Alert) {
	return func(a *Alert) {
		for _, c := range changes {
			c(a)
		}
	}
}

func used(a *Alert)   { a.AccessSeen.Verdict = "confirmed" }
func sign(a *Alert)   { a.signs++ }
func hidden(a *Alert) { a.hides = true }
func unseen(a *Alert) { a.unseen = true }

func prepared(a *Alert) {
	a.prepared = "the caller switched off or narrowed logging: StopLogging 5 minutes before"
}

// tookItself is the opener's own address, taking objects unsigned.
func tookItself(objects int64) func(*Alert) { return func(a *Alert) { a.tookItems = objects } }

// listing is a policy for listed addresses.
func listing(whose lets) func(*Alert) {
	return func(a *Alert) { a.Audience, a.lets = policy.Network, whose }
}

// shutByBob is shut by another three minutes later.
func shutByBob(a *Alert) {
	later := ten.Add(3 * time.Minute)
	a.State, a.ClosedAt, a.ClosedBy = exposure.Closed, &later, bob
}
func objects(n int64) func(*Alert) { return func(a *Alert) { a.AccessSeen.Objects = n } }

// lately is an address that the caller alone began to use the day before.
func lately(a *Alert) { a.unsettled = ten.AddDate(0, 0, -1) }

// soon is strangers a minute later.
func soon(a *Alert) {
	first := ten.Add(time.Minute)
	a.AccessSeen.First, a.AccessSeen.Requests = &first, 9
}
func scannersOnly(a *Alert) { a.AccessSeen.ScannerRequests = a.AccessSeen.Requests }

// awaitedAfter is a call at an odd hour, and strangers a while later.
func awaitedAfter(d time.Duration) func(*Alert) {
	return func(a *Alert) {
		first := ten.Add(d)
		a.offHours, a.AccessSeen.First = true, &first
	}
}

// byWord is an odd address, of a caller of whom only the context file says that
// this is his work.
func byWord(a *Alert) {
	a.byWord = true
	a.Flags = append(a.Flags, Flag{ID: "source-ip", Answer: Yes, Strong: true, For: []string{"not seen before"}},
		Flag{ID: "user-behaviour", Answer: No, Strong: true, For: []string{"first use"}, Against: []string{"their work"}})
}
func odd(a *Alert) { flagged("source-ip", Yes)(a); flagged("user-behaviour", Yes)(a) }
func reading(list ...policy.Access) func(*Alert) {
	return func(a *Alert) { a.AccessSeen.Access = list }
}
func loadBalancer(a *Alert) {
	shared(policy.Write)(a)
	a.Principals = []string{"156460612806"}
}
func escalated(a *Alert) { a.escalated = true }
func blocked(a *Alert)   { a.State = exposure.Blocked }

func TestSeverity(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*Alert)
		level  Severity
		why    string
	}{
		// Each row.
		{"takeover by ACL", access(policy.List, policy.ACLWrite), Critical, "strangers can take the bucket over"},
		{"takeover by settings", access(policy.ConfigWrite), Critical, "strangers can take the bucket over"},
		{"write", access(policy.Write, policy.Read), Critical, "strangers can change what is stored"},
		{"delete", access(policy.Delete), Critical, "strangers can change what is stored"},
		{"read", access(policy.Read, policy.List), High, "strangers can read contents"},
		{"list", access(policy.List), Medium, "strangers can list names"},
		{"settings", access(policy.ConfigRead), Medium, "strangers can read settings"},
		{"nobody knows what", access(), Medium, "strangers can read settings"},
		{"any account", all(access(policy.Read), func(a *Alert) { a.Audience = policy.AnyAWSAccount }), High, "strangers can read contents"},
		{"web identity", all(access(policy.Read), func(a *Alert) { a.Audience = policy.WebIdentity }), High, "strangers can read contents"},
		{"network", all(access(policy.Write), func(a *Alert) { a.Audience = policy.Network }), Medium, "only listed addresses get in, but nobody is named"},
		{"shared write", shared(policy.Write), High, "a foreign account can change what is stored"},
		{"shared ACL", shared(policy.ACLWrite), High, "a foreign account can change what is stored"},
		{"shared read", shared(policy.Read), Medium, "a foreign account has access"},
		{"latent", kind(KindLatent), Low, "a guard holds, but its removal would open it"},
		{"account's guard", all(kind(KindGuardRemoved), func(a *Alert) { a.Bucket = "" }), Medium, "the next public grant will not be stopped"},
		{"attempt", kind(KindAttempt), Low, "it was refused"},
		{"no kind", kind("other"), Low, "no row of the table fits"},
		// Each adjustment.
		{"sensitive name", flagged("bucket-name", Yes), Critical, "strangers can read contents; the name tells of sensitive content"},
		{"sensitive name, attempt", all(kind(KindAttempt), flagged("bucket-name", Yes)), Low, "it was refused"},
		{"sensitive name, latent", all(kind(KindLatent), flagged("bucket-name", Yes)), Medium, "a guard holds, but its removal would open it; the name tells of sensitive content"},
		{"used", used, Critical, "strangers can read contents; strangers used it"},
		{"shared and used", all(shared(policy.Read), used), Medium, "a foreign account has access"},
		{"escalated", escalated, Critical, "strangers can read contents; it was tried before and refused"},
		{"closed", closed, Medium, "strangers can read contents; it is shut again"},
		{"blocked again", blocked, Medium, "strangers can read contents; it is shut again"},
		{"blocked attempt", all(kind(KindAttempt), blocked), Low, "it was refused"},
		{"closed attempt", all(kind(KindAttempt), closed), Low, "it was refused"},
		{"closed latent", all(kind(KindLatent), closed), Info, "a guard holds, but its removal would open it; it is shut again"},
		{"one object", func(a *Alert) { a.Key = "k" }, Medium, "strangers can read contents; one object only"},
		{"public name", flagged("bucket-name", No), Medium, "strangers can read contents; the name looks meant for the public"},
		{"public name, write", all(access(policy.Write), flagged("bucket-name", No)), Critical, "strangers can change what is stored"},
		{"own account", all(shared(policy.Write), func(a *Alert) { a.Principals = []string{"999900001111"} }), Low, "a foreign account can change what is stored; the account is one of your own"},
		{"own account and another", all(shared(policy.Write), func(a *Alert) { a.Principals = []string{"999900001111", "444455556666"} }), High, "a foreign account can change what is stored"},
		{"visited site", all(used, reading(policy.Read), flagged("bucket-name", No)), Medium, "strangers can read contents; the name looks meant for the public"},
		{"site that strangers list", all(used, reading(policy.List, policy.Read), flagged("bucket-name", No)), Medium, "strangers can read contents; the name looks meant for the public"},
		{"site that strangers list, from an odd address", all(used, reading(policy.List, policy.Read), flagged("bucket-name", No), flagged("source-ip", Yes)), High, "strangers can read contents; strangers used it; the name looks meant for the public"},
		{"own networks only", listing(letsOwn), Low, "only listed addresses get in, but nobody is named; only your own networks get in"},
		{"own networks only, for writing", all(listing(letsOwn), access(policy.Write)), Medium, "only listed addresses get in, but nobody is named"},
		{"a hiding network", listing(letsHidden), High, "only listed addresses get in, but nobody is named; addresses of a network that hides people get in"},
		{"odd and unusual", all(odd, access(policy.List)), High, "strangers can list names; an odd address and unusual behaviour together"},
		{"odd attempt", all(kind(KindAttempt), odd), Medium, "it was refused; somebody odd tried"},
		{"odd attempt with a new key", all(kind(KindAttempt), odd, sign), High, "it was refused; somebody odd tried; the credentials may be in wrong hands"},
		{"attempt with a new key from a usual address", all(kind(KindAttempt), sign, flagged("source-ip", No), flagged("user-behaviour", Yes)), Low, "it was refused"},
		{"load balancers' logs", loadBalancer, Info, "a foreign account can change what is stored; it is AWS's own account for the logs of load balancers"},
		{"bucket's guard", kind(KindGuardRemoved), Low, "the next public grant will not be stopped; of one bucket only"},
		// Together, and at the ends of the scale.
		{"worse than critical", all(access(policy.ACLWrite), flagged("bucket-name", Yes), used, escalated), Critical,
			"strangers can take the bucket over; the name tells of sensitive content; strangers used it; it was tried before and refused"},
		{"no lower than low", all(access(policy.List), closed, func(a *Alert) { a.Key = "k" }, flagged("bucket-name", No)), Low,
			"strangers can list names; it is shut again; one object only; the name looks meant for the public"},
		{"used, then shut", all(used, closed), High, "strangers can read contents; strangers used it; it is shut again"},
	} {
		level, why := severity(&ranker{ownAccounts: map[string]bool{"999900001111": true}}, alert(test.change))
		if level != test.level || why != test.why {
			t.Errorf("%s: %s (%s), want %s (%s)", test.name, level, why, test.level, test.why)
		}
	}
}

func TestSuggest(t *testing.T) {
	bySame := func(a *Alert) { closed(a); a.ClosedBy = a.OpenedBy }
	for _, test := range []struct {
		name       string
		change     func(*Alert)
		verdict    string
		confidence string
	}{
		{"nothing known", nil, "cannot-tell", "low"},
		{"escalated from a new address", all(escalated, flagged("source-ip", Yes), flagged("user-behaviour", Yes)), "malicious", "medium"},
		{"escalated, sensitive, from a new address", all(escalated, flagged("bucket-name", Yes), flagged("source-ip", Yes), flagged("user-behaviour", Yes)), "malicious", "medium"},
		{"escalated from a known address", all(escalated, flagged("source-ip", No), flagged("user-behaviour", Yes)), "cannot-tell", "low"},
		{"new address alone", flagged("source-ip", Yes), "cannot-tell", "low"},
		{"sensitive", flagged("bucket-name", Yes), "unintended", "medium"},
		{"sensitive, shut", all(flagged("bucket-name", Yes), closed), "unintended", "medium"},
		{"sensitive, shared", all(shared(policy.Read), flagged("bucket-name", Yes)), "cannot-tell", "low"},
		{"website", flagged("bucket-name", No), "intended", "medium"},
		{"website, written by strangers", all(access(policy.Write), flagged("bucket-name", No)), "unintended", "medium"},
		{"website, from an odd address", all(flagged("bucket-name", No), flagged("source-ip", Yes)), "cannot-tell", "low"},
		{"odd and unusual, with new credentials", all(func(a *Alert) { a.signs = 1 }, flagged("source-ip", Yes), flagged("user-behaviour", Yes)), "malicious", "medium"},
		{"new credentials around a dangerous grant", all(func(a *Alert) { a.signs = 2 }, flagged("permission", Yes), flagged("user-behaviour", Yes)), "malicious", "low"},
		{"sensitive, dangerous, open", all(flagged("bucket-name", Yes), flagged("permission", Yes)), "unintended", "high"},
		{"the same through a VPN, where the behaviour may be usual", all(sign, hidden, flagged("source-ip", Yes), flagged("user-behaviour", Cannot)), "malicious", "medium"},
		{"the same elsewhere, where the behaviour may be usual", all(sign, flagged("source-ip", Yes), flagged("user-behaviour", Cannot)), "cannot-tell", "low"},
		{"a VPN alone", all(hidden, flagged("source-ip", Yes), flagged("user-behaviour", Cannot)), "cannot-tell", "low"},
		{"Tor, from who does this every day", all(sign, unseen, flagged("source-ip", Yes), flagged("user-behaviour", No)), "malicious", "medium"},
		{"Tor, from an address that is usual", all(sign, unseen, flagged("source-ip", Cannot), flagged("user-behaviour", No)), "cannot-tell", "low"},
		{"by night, and strangers took it at once", all(used, awaitedAfter(time.Minute), flagged("user-behaviour", Yes), flagged("bucket-name", Yes)), "malicious", "low"},
		{"by night, and strangers took it in the morning", all(used, awaitedAfter(5*time.Hour), flagged("user-behaviour", Yes), flagged("bucket-name", Yes)), "unintended", "medium"},
		{"by night, of who does this every day", all(used, awaitedAfter(time.Minute), flagged("user-behaviour", No), flagged("bucket-name", Yes)), "unintended", "medium"},
		{"by night, a site's visitors", all(used, reading(policy.Read), awaitedAfter(time.Minute), flagged("user-behaviour", Yes), flagged("bucket-name", No), flagged("source-ip", No)), "intended", "low"},
		{"unusual for the caller, nothing told", all(flagged("permission", Yes), flagged("user-behaviour", Yes)), "unintended", "low"},
		{"unusual for the caller, one object", all(flagged("permission", No), flagged("user-behaviour", Yes)), "cannot-tell", "low"},
		{"unusual for the caller, from an odd address", all(flagged("permission", Yes), flagged("user-behaviour", Yes), flagged("source-ip", Yes)), "cannot-tell", "low"},
		{"odd and unusual, read only", odd, "cannot-tell", "low"},
		{"odd and unusual, and strangers took it", all(odd, used), "malicious", "low"},
		{"odd and unusual, for writing", all(odd, access(policy.Write)), "malicious", "low"},
		{"odd and unusual, for a foreign account", all(odd, shared(policy.Read)), "malicious", "medium"},
		{"for a foreign account, from a usual address", all(shared(policy.Read), flagged("source-ip", No), flagged("user-behaviour", Yes)), "cannot-tell", "low"},
		{"load balancers' logs", loadBalancer, "intended", "high"},
		{"odd and unusual, and sensitive", all(odd, flagged("bucket-name", Yes)), "malicious", "low"},
		{"odd alone, and sensitive", all(flagged("source-ip", Yes), flagged("bucket-name", Yes)), "unintended", "medium"},
		{"prepared, from a usual address", all(prepared, flagged("source-ip", No), flagged("user-behaviour", Yes)), "malicious", "low"},
		{"prepared, shared", all(prepared, shared(policy.Read), flagged("source-ip", No), flagged("user-behaviour", Yes)), "malicious", "low"},
		{"prepared, a site", all(prepared, flagged("bucket-name", No), flagged("user-behaviour", Yes)), "cannot-tell", "low"},
		{"prepared, a site written by strangers", all(prepared, access(policy.Write), flagged("bucket-name", No), flagged("user-behaviour", Yes)), "malicious", "low"},
		{"prepared, where it may be usual, and sensitive", all(prepared, flagged("bucket-name", Yes), flagged("permission", Yes)), "unintended", "medium"},
		{"prepared, where it is usual, and a site", all(prepared, flagged("bucket-name", No), flagged("user-behaviour", No)), "intended", "low"},
		{"taken unsigned from an odd address", all(tookItself(3), flagged("source-ip", Yes)), "malicious", "low"},
		{"tried unsigned from an odd address", all(tookItself(2), flagged("source-ip", Yes)), "cannot-tell", "low"},
		{"taken unsigned from a usual address, and shut", all(tookItself(3), bySame), "cannot-tell", "low"},
		{"shut by the same after strangers took it, unusual", all(bySame, used, soon, flagged("user-behaviour", Yes)), "malicious", "low"},
		{"shut by the same after scanners took it, unusual", all(bySame, used, soon, scannersOnly, flagged("user-behaviour", Yes)), "cannot-tell", "low"},
		{"shut by another at once, after strangers took it, unusual", all(shutByBob, used, soon, objects(9), flagged("user-behaviour", Yes)), "malicious", "low"},
		{"shut by another at once, after strangers took one object", all(shutByBob, used, soon, objects(1), flagged("user-behaviour", Yes)), "cannot-tell", "low"},
		{"shut by another at once, after scanners took it", all(shutByBob, used, soon, scannersOnly, objects(9), flagged("user-behaviour", Yes)), "cannot-tell", "low"},
		{"shut by another at once, after strangers took it, usual", all(shutByBob, used, soon, objects(9), flagged("user-behaviour", No)), "cannot-tell", "low"},
		{"an address that is new to him, sensitive, and taken at once", all(lately, used, soon, flagged("user-behaviour", Yes), flagged("bucket-name", Yes)), "malicious", "low"},
		{"an address that is new to him, and sensitive", all(lately, flagged("user-behaviour", Yes), flagged("bucket-name", Yes)), "unintended", "low"},
		{"an address that is new to him, and a site", all(lately, flagged("bucket-name", No)), "intended", "low"},
		{"own networks only", listing(letsOwn), "intended", "low"},
		{"own networks only, from an odd address", all(listing(letsOwn), flagged("source-ip", Yes)), "cannot-tell", "low"},
		{"a hiding network, unusual", all(listing(letsHidden), flagged("user-behaviour", Yes)), "malicious", "low"},
		{"a hiding network, usual", all(listing(letsHidden), flagged("user-behaviour", No)), "cannot-tell", "low"},
		{"lets in its own odd address, unusual", all(listing(letsUnknown), func(a *Alert) { a.letsSelf = true }, odd), "malicious", "low"},
		{"lets in its own usual address, unusual", all(listing(letsUnknown), func(a *Alert) { a.letsSelf = true }, flagged("source-ip", No), flagged("user-behaviour", Yes)), "cannot-tell", "low"},
		{"trusted by word alone, odd address, sensitive, dangerous", all(byWord, flagged("bucket-name", Yes), flagged("permission", Yes)), "malicious", "low"},
		{"trusted by word alone, odd address, not sensitive", all(byWord, flagged("permission", Yes)), "cannot-tell", "low"},
		{"taken unsigned from a usual address, by who does such things, and shut", all(tookItself(5), bySame, flagged("source-ip", No), flagged("user-behaviour", No)), "test", "medium"},
		{"site, with a key of his own making", all(flagged("bucket-name", No), flagged("source-ip", No), func(a *Alert) {
			a.ownKey = true
			a.Flags = append(a.Flags, Flag{ID: "user-behaviour", Answer: Yes, Strong: true})
		}), "intended", "low"},
		{"site, usual behaviour, from a new address", all(flagged("bucket-name", No), flagged("user-behaviour", No), flagged("source-ip", Yes)), "intended", "low"},
		{"the same from a VPN", all(hidden, flagged("bucket-name", No), flagged("user-behaviour", No), flagged("source-ip", Yes)), "cannot-tell", "low"},
		{"site of who never did such a thing, at a usual address", all(flagged("bucket-name", No), flagged("source-ip", No), flagged("user-behaviour", Yes)), "intended", "low"},
		{"site, with strong evidence of unusual behaviour", all(flagged("bucket-name", No), flagged("source-ip", No), func(a *Alert) {
			a.Flags = append(a.Flags, Flag{ID: "user-behaviour", Answer: Yes, Strong: true})
		}), "cannot-tell", "low"},
		{"strangers list and take", all(used, access(policy.List, policy.Read)), "unintended", "low"},
		{"strangers take what they cannot list", used, "cannot-tell", "low"},
		{"shut by the same after strangers took it", all(bySame, used), "cannot-tell", "low"},
		{"visited site, shut by the same", all(bySame, used, reading(policy.Read), flagged("bucket-name", No)), "test", "medium"},
		{"unknown name, shut by the same", bySame, "test", "medium"},
		{"website, shut by the same", all(flagged("bucket-name", No), bySame), "test", "medium"},
		{"website, shut by another", all(flagged("bucket-name", No), closed), "intended", "medium"},
		{"website, shut by the same a week later", all(flagged("bucket-name", No), bySame, func(a *Alert) {
			week := ten.AddDate(0, 0, 7)
			a.ClosedAt = &week
		}), "intended", "medium"},
		{"website, opener unseen", all(flagged("bucket-name", No), bySame, func(a *Alert) { a.OpenedBy = nil }), "intended", "medium"},
	} {
		s := suggest(&ranker{}, alert(test.change))
		if s.Verdict != test.verdict || s.Confidence != test.confidence {
			t.Errorf("%s: %s (%s), want %s (%s)", test.name, s.Verdict, s.Confidence, test.verdict, test.confidence)
		}
		if s.Reasons == nil || len(s.WrongIf) == 0 || s.Missing == nil || len(s.Reasons) > 3 {
			t.Errorf("%s: %+v", test.name, s)
		}
		if s.Verdict != "cannot-tell" && len(s.Reasons) == 0 {
			t.Errorf("%s: a verdict without its reasons: %+v", test.name, s)
		}
	}
}

// The accounts of an organization trust one another, and nobody else's.
func TestSharedAccounts(t *testing.T) {
	trusting := "trusted_accounts: [{id: \"333300001111\", name: Carrier, why: contract}, {id: \"333300002222\", name: Former carrier, why: contract, until: 2026-01-31}]\n"
	for _, test := range []struct {
		name, account, context string
		level                  Severity
		verdict                string
	}{
		{"of the same organization", "777700001111", "", Info, "intended"},
		{"of the same organization, beside trusted ones", "777700001111", trusting, Info, "intended"},
		{"of another organization", "888800001111", "", Medium, "cannot-tell"},
		{"of another organization, whose trail was read", "888800001111", "", Medium, "cannot-tell"},
		{"of nobody, whose trail was read", "999900001111", "", Info, "cannot-tell"},
		{"trusted", "333300001111", trusting, Info, "intended"},
		{"trusted until January", "333300002222", trusting, High, "cannot-tell"},
		{"not among those trusted", "444455556666", trusting, High, "cannot-tell"},
		{"where nobody is trusted", "444455556666", "", Medium, "cannot-tell"},
	} {
		r := &ranker{baseline: replay.NewBaseline(), known: Known{Context: told(t, test.context)}, ownAccounts: map[string]bool{"888800001111": strings.HasSuffix(test.name, "read"), "999900001111": true}}
		a := alert(all(shared(policy.Read), func(a *Alert) { a.Principals = []string{test.account} }))
		level, why := severity(r, a)
		if s := suggest(r, a); level != test.level || s.Verdict != test.verdict {
			t.Errorf("%s: %s (%s), %s; want %s, %s", test.name, level, why, s.Verdict, test.level, test.verdict)
		}
	}
}

func TestConfidence(t *testing.T) {
	for _, test := range []struct {
		state     exposure.State
		certainty exposure.Certainty
		want      string
	}{
		{exposure.Open, exposure.Proven, "high"}, {exposure.Closed, exposure.Inferred, "high"},
		{exposure.Open, exposure.Assumed, "medium"}, {exposure.Unknown, exposure.Inferred, "low"},
	} {
		r := newTestRanker(t)
		a := alert(func(a *Alert) {
			a.State, a.Certainty, a.Scope, a.Access = test.state, test.certainty, policy.Scope{}, nil
		})
		r.weigh(a)
		if a.Confidence != test.want || len(a.Flags) != len(FlagTable) || a.Scope.Include == nil || a.Access == nil ||
			a.Segments == nil || a.Exposures == nil || a.Reasons == nil || a.Unknowns == nil || a.Suggestion == nil || a.Title == "" {
			t.Errorf("%+v: confidence %s, want %s, and nothing nil: %+v", test, a.Confidence, test.want, a)
		}
	}
}

// compareAlerts is a strict order of alerts with different ids.
func TestCompareAlerts(t *testing.T) {
	states := []exposure.State{exposure.Open, exposure.Unknown, exposure.Blocked, exposure.Closed}
	one := rapid.Custom(func(t *rapid.T) Alert {
		a := Alert{
			Severity: rapid.SampledFrom(Severities).Draw(t, "severity"), State: rapid.SampledFrom(states).Draw(t, "state"),
			Bucket: rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "bucket"), Key: rapid.SampledFrom([]string{"", "k"}).Draw(t, "key"),
		}
		at := ten.Add(time.Duration(rapid.IntRange(0, 2).Draw(t, "hour")) * time.Hour)
		if rapid.Bool().Draw(t, "opened") {
			a.OpenedAt = &at
		}
		if rapid.Bool().Draw(t, "by") {
			a.OpenedBy = &exposure.Actor{EventTime: &at}
		}
		return a
	})
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(one, 3, 3).Draw(t, "alerts")
		for i := range list {
			list[i].ID = fmt.Sprint("a-", i)
		}
		a, b, c := list[0], list[1], list[2]
		if compareAlerts(a, a) != 0 || compareAlerts(a, b) == 0 || compareAlerts(a, b) != -compareAlerts(b, a) {
			t.Fatalf("not antisymmetric: %+v %+v", a, b)
		}
		if compareAlerts(a, b) < 0 && compareAlerts(b, c) < 0 && compareAlerts(a, c) >= 0 {
			t.Fatalf("not transitive: %+v %+v %+v", a, b, c)
		}
	})
}

func TestWorstFirst(t *testing.T) {
	mk := func(id string, s Severity, state exposure.State, at time.Time) Alert {
		return Alert{ID: id, Severity: s, State: state, OpenedAt: &at}
	}
	list := []Alert{
		mk("6", Info, exposure.Open, eleven), mk("3", High, exposure.Open, ten), mk("2", High, exposure.Open, eleven), mk("5", High, exposure.Closed, eleven),
		mk("1", Critical, exposure.Closed, ten), mk("4", High, exposure.Blocked, eleven),
	}
	slices.SortFunc(list, compareAlerts)
	var ids []string
	for _, a := range list {
		ids = append(ids, a.ID)
	}
	if got := strings.Join(ids, ""); got != "123456" {
		t.Errorf("order %s, want 123456", got)
	}
}
