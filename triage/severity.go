// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"slices"
	"time"

	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/policy"
)

// severityRow is one row of the severity table; the first row that fits gives
// the level, which the adjustments then move.
type severityRow struct {
	kind     Kind
	audience audiences
	access   []policy.Access // any of these; nil: whatever
	level    Severity
	why      string
}

// audiences is a set of audiences with its name in the documentation.
type audiences struct {
	name string
	list []policy.Audience // nil: all
}

func (a audiences) has(one policy.Audience) bool {
	return a.list == nil || slices.Contains(a.list, one)
}

var (
	strangers = audiences{"anyone, any AWS account, any web identity", []policy.Audience{policy.Anyone, policy.AnyAWSAccount, policy.WebIdentity}}
	whoever   = audiences{"whoever", nil}
)

// severityTable and adjustments are the whole rule; docs/severity.md is made
// from them.
var severityTable = []severityRow{
	{KindPublic, strangers, []policy.Access{policy.ACLWrite, policy.ConfigWrite}, Critical, "strangers can take the bucket over"},
	{KindPublic, strangers, []policy.Access{policy.Write, policy.Delete}, Critical, "strangers can change what is stored"},
	{KindPublic, strangers, []policy.Access{policy.Read}, High, "strangers can read contents"},
	{KindPublic, strangers, []policy.Access{policy.List}, Medium, "strangers can list names"},
	{KindPublic, strangers, nil, Medium, "strangers can read settings"},
	{KindPublic, whoever, nil, Medium, "only listed addresses get in, but nobody is named"},
	{KindShared, whoever, []policy.Access{policy.ACLWrite, policy.ConfigWrite, policy.Write, policy.Delete}, High, "a foreign account can change what is stored"},
	{KindShared, whoever, nil, Medium, "a foreign account has access"},
	{KindLatent, whoever, nil, Low, "a guard holds, but its removal would open it"},
	{KindGuardRemoved, whoever, nil, Medium, "the next public grant will not be stopped"},
	{KindAttempt, whoever, nil, Low, "it was refused"},
}

// severity applies the table, then the adjustments. What was public stays at
// low or above, unless people expect it to be.
func severity(r *ranker, a *Alert) (Severity, string) {
	level, why := Low, "no row of the table fits"
	for _, row := range severityTable {
		if row.kind == a.Kind && row.audience.has(a.Audience) && (row.access == nil || slices.ContainsFunc(row.access, func(x policy.Access) bool { return slices.Contains(a.Access, x) })) {
			level, why = row.level, row.why
			break
		}
	}
	floor := Info
	if a.Kind == KindPublic && (!r.expected(a) || suspicious(a)) {
		floor = Low
	}
	for _, adjust := range adjustments {
		if adjust.fits(r, a) {
			level = move(level, adjust.by)
			why += "; " + adjust.why
		}
	}
	return Severities[min(slices.Index(Severities, level), slices.Index(Severities, floor))], why
}

// adjustment moves the level by steps: up is negative.
type adjustment struct {
	fits func(r *ranker, a *Alert) bool
	by   int
	why  string
	when string // for the documentation
}

var adjustments = []adjustment{
	{func(_ *ranker, a *Alert) bool { return a.flag("bucket-name") == Yes && a.Kind != KindAttempt }, -1,
		"the name tells of sensitive content", "flag bucket-name yes; not for attempts"},
	{func(_ *ranker, a *Alert) bool { return a.Kind == KindPublic && taken(a) }, -1,
		"strangers used it", "public, and data events show strangers' requests inside the window, other than visits: objects read, of a bucket whose flag bucket-name is no"},
	{func(_ *ranker, a *Alert) bool { return a.escalated }, -1,
		"it was tried before and refused", "the same caller was refused within the 24 hours before"},
	{func(_ *ranker, a *Alert) bool {
		return a.flag("source-ip") == Yes && a.flag("user-behaviour") == Yes && a.Kind != KindAttempt
	}, -1, "an odd address and unusual behaviour together", "flags source-ip and user-behaviour both yes; not for attempts"},
	{func(_ *ranker, a *Alert) bool {
		return a.Kind == KindAttempt && a.flag("source-ip") == Yes && a.flag("user-behaviour") == Yes
	}, -1,
		"somebody odd tried", "an attempt, flags source-ip and user-behaviour both yes"},
	{func(_ *ranker, a *Alert) bool {
		return a.Kind == KindAttempt && a.signs > 0 && a.flag("source-ip") == Yes && a.flag("user-behaviour") == Yes
	}, -1,
		"the credentials may be in wrong hands", "the same, with new credentials, failed calls, changed rights, logging stopped, Tor, or an instance's credentials elsewhere"},
	{func(_ *ranker, a *Alert) bool {
		return (a.State == exposure.Closed && a.Kind != KindAttempt) || (a.State == exposure.Blocked && a.Kind == KindPublic)
	}, 1, "it is shut again", "closed, or blocked by a guard since"},
	{func(_ *ranker, a *Alert) bool {
		return a.Key != "" && a.Kind == KindPublic && a.flag("bucket-name") != Yes
	}, 1, "one object only", "public, one object, flag bucket-name not yes"},
	{func(_ *ranker, a *Alert) bool {
		return a.flag("bucket-name") == No && a.Kind == KindPublic && readOnly(a)
	}, 1, "the name looks meant for the public", "public and read only, flag bucket-name no"},
	{func(r *ranker, a *Alert) bool {
		return a.Kind == KindPublic && readOnly(a) && r.expected(a) && !suspicious(a)
	}, 3,
		"people expect it to be public", "public and read only, and a bucket rule of the context file expects it at that time; not where flags source-ip and user-behaviour are both yes"},
	{func(r *ranker, a *Alert) bool {
		return a.Kind == KindShared && len(a.Principals) > 0 && !slices.ContainsFunc(a.Principals, func(p string) bool { return !r.own(a, p) })
	}, 2, "the account is one of your own", "shared, and the context file lists every named account in the same organization, or, where it lists it nowhere, its own trail was read"},
	{func(r *ranker, a *Alert) bool {
		return a.Kind == KindShared && r.trusted(a) && readOnly(a) && !suspicious(a)
	}, 2,
		"the account is trusted", "shared for reading only, and the context file trusts every named account at that time; not where flags source-ip and user-behaviour are both yes"},
	{func(r *ranker, a *Alert) bool {
		return a.Kind == KindShared && r.trusted(a) && !readOnly(a) && !suspicious(a)
	}, 1,
		"the account is trusted, but more was granted than reading", "shared for more than reading, and the context file trusts every named account at that time; not where flags source-ip and user-behaviour are both yes"},
	{func(_ *ranker, a *Alert) bool { return deliversLogs(a) }, 3,
		"it is AWS's own account for the logs of load balancers", "shared, for writing only, with AWS's own accounts for the logs of load balancers"},
	{func(r *ranker, a *Alert) bool { return a.Kind == KindShared && r.unlisted(a) }, -1,
		"the account is none of those that people trust", "shared, and the context file lists trusted accounts, but none of those named, nor as your own"},
	{func(_ *ranker, a *Alert) bool { return a.lets == letsOwn && a.Kind == KindPublic && readOnly(a) }, 2,
		"only your own networks get in", "public to listed addresses and read only, and all of these lie in networks of the context file, other than partners'"},
	{func(_ *ranker, a *Alert) bool { return a.lets == letsHidden && a.Kind == KindPublic }, -1,
		"addresses of a network that hides people get in", "public to listed addresses, some of Tor, a VPN, a proxy or an anonymizer, stale or not"},
	{func(_ *ranker, a *Alert) bool { return a.Kind == KindGuardRemoved && a.Bucket != "" }, 1,
		"of one bucket only", "a bucket's own guard was removed, not the account's"},
}

// ruleOf is what people said of an alert's bucket. It is asked often, and a
// context file may have thousands of patterns: answers are kept.
func (r *ranker) ruleOf(a *Alert) (BucketRule, bool) {
	key := [2]string{a.Account, a.Bucket}
	if kept, ok := r.rules[key]; ok {
		return kept.BucketRule, kept.said
	}
	rule, said := r.known.Context.Bucket(a.Account, a.Bucket)
	if r.rules == nil {
		r.rules = map[[2]string]saidRule{}
	}
	r.rules[key] = saidRule{rule, said}
	return rule, said
}

// saidRule is a rule, or that there is none.
type saidRule struct {
	BucketRule
	said bool
}

// expected reports whether people said that the bucket is meant to be public.
func (r *ranker) expected(a *Alert) bool {
	rule, ok := r.ruleOf(a)
	return ok && a.Bucket != "" && rule.PublicAt(openedTime(a)) == PublicExpected && rule.PublicAt(r.endOf(a)) == PublicExpected
}

// endOf is the last time at which an alert's window is known to be open.
func (r *ranker) endOf(a *Alert) time.Time {
	if a.ClosedAt != nil {
		return *a.ClosedAt
	}
	if _, last, ok := r.baseline.Span(); ok && last.After(openedTime(a)) {
		return last
	}
	return openedTime(a)
}

// taken reports whether strangers did more than visit. To read objects of what
// is named for the public is a visit; to list them is one where nothing is odd
// about who let them list, and from where.
func taken(a *Alert) bool {
	if a.AccessSeen.Verdict != "confirmed" {
		return false
	}
	odd := a.flag("source-ip") == Yes || a.flag("user-behaviour") == Yes
	return a.flag("bucket-name") != No || slices.ContainsFunc(a.AccessSeen.Access, func(x policy.Access) bool {
		return x != policy.Read && (x != policy.List || odd)
	})
}

// own reports whether an account belongs with the alert's: the context file
// puts both into one organization or, where it does not know it, its own trail
// was read.
func (r *ranker) own(a *Alert, account string) bool {
	if o, ok := r.known.Context.Account(account); ok {
		mine, _ := r.known.Context.Account(a.Account)
		return o.Organization == mine.Organization
	}
	return r.ownAccounts[account]
}

// listed reports whether the context file puts every account that was let in
// into the alert's own organization.
func (r *ranker) listed(a *Alert) bool {
	return len(a.Principals) > 0 && !slices.ContainsFunc(a.Principals, func(p string) bool {
		_, ok := r.known.Context.Account(p)
		return !ok || !r.own(a, p)
	})
}

// unlisted reports whether people say whom they trust, and it is none of those
// that were let in.
func (r *ranker) unlisted(a *Alert) bool {
	at := openedTime(a)
	return len(a.Principals) > 0 && r.known.Context != nil && len(r.known.Context.Trusted) > 0 && !slices.ContainsFunc(a.Principals, func(p string) bool {
		t, ok := r.known.Context.TrustedAccount(a.Account, p)
		return ok && t.Holds(at) && t.Holds(r.endOf(a)) || r.own(a, p) || logAccounts[p] != ""
	})
}

// trusted reports whether people trust every account that was let in.
func (r *ranker) trusted(a *Alert) bool {
	at := openedTime(a)
	for _, p := range a.Principals {
		if t, ok := r.known.Context.TrustedAccount(a.Account, p); !ok || !t.Holds(at) || !t.Holds(r.endOf(a)) {
			return false
		}
	}
	return len(a.Principals) > 0
}

func readOnly(a *Alert) bool {
	return !slices.ContainsFunc(a.Access, func(x policy.Access) bool {
		return x != policy.Read && x != policy.List && x != policy.ACLRead && x != policy.ConfigRead
	})
}

func move(s Severity, by int) Severity {
	i := slices.Index(Severities, s) + by
	return Severities[max(0, min(i, len(Severities)-1))]
}

func shortLived(a *Alert) bool {
	return a.OpenedAt != nil && a.ClosedAt != nil && a.ClosedAt.Sub(*a.OpenedAt) < 24*time.Hour
}
