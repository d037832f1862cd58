// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"slices"

	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/policy"
)

// The verdicts that a person may give, and a suggestion propose.
const (
	Unintended = "unintended"
	Intended   = "intended"
	Malicious  = "malicious"
	Test       = "test"
	CannotTell = "cannot-tell"
)

// suggestionRow is one row of the table of suggestions; the first that fits
// speaks. wrong says what would make it wrong.
type suggestionRow struct {
	verdict, confidence string
	when                string // for the documentation
	fits                func(r *ranker, a *Alert) bool
	flags               []string // whose evidence are the reasons
	wrong               string
}

var suggestionTable = []suggestionRow{
	{Malicious, "medium", "odd address and unusual behaviour, with a refusal worked around, new or just made credentials, changed rights, failed calls, logging stopped, Tor, or an instance's credentials elsewhere",
		func(_ *ranker, a *Alert) bool {
			return a.flag("source-ip") == Yes && a.flag("user-behaviour") == Yes && (a.escalated || a.signs > 0)
		}, []string{"source-ip", "user-behaviour", "bucket-name"},
		"the caller is known to work from this address, and had a reason for what happened around it"},
	{Malicious, "medium", "the same from a VPN or a rented server, by whatever list, or where other identities did such things from the same new address; where for all that people know of the caller the behaviour may be usual",
		func(_ *ranker, a *Alert) bool {
			return (a.hides || a.listed != "" || a.linked) && a.flag("source-ip") == Yes && a.flag("user-behaviour") == Cannot && (a.escalated || a.signs > 0)
		}, []string{"source-ip", "user-behaviour", "bucket-name"},
		"the caller is known to work through this VPN or server: list it in the context file"},
	{Malicious, "medium", "an odd address of Tor, a proxy or an anonymizer, however usual the behaviour: a stolen session does what its owner does",
		func(_ *ranker, a *Alert) bool { return a.unseen && a.flag("source-ip") == Yes }, []string{"source-ip", "user-behaviour", "permission"},
		"the caller is known to work by way of this network: list it in the context file"},
	{Malicious, "medium", "odd address and unusual behaviour around access for a foreign account that is not known",
		func(r *ranker, a *Alert) bool {
			return a.Kind == KindShared && a.flag("source-ip") == Yes && a.flag("user-behaviour") == Yes && !r.trusted(a) && !r.listed(a)
		}, []string{"source-ip", "user-behaviour", "permission"},
		"the account is a partner's, or one of your own: list it in the context file"},
	{Malicious, "low", "new credentials, changed rights or logging stopped around a dangerous grant, from an address that is not known as usual",
		func(_ *ranker, a *Alert) bool {
			return a.flag("user-behaviour") == Yes && a.signs > 1 && a.flag("source-ip") != No && a.flag("permission") == Yes
		}, []string{"user-behaviour", "permission"},
		"the caller is an administrator who set something up; ask him"},
	{Malicious, "low", "unusual behaviour, and a policy that lets in addresses of Tor, a VPN, a proxy or an anonymizer, or, from an odd address, that address itself",
		func(_ *ranker, a *Alert) bool {
			return exposed(a) && (a.lets == letsHidden && a.flag("user-behaviour") == Yes ||
				a.letsSelf && a.flag("source-ip") == Yes && (a.flag("user-behaviour") == Yes || a.listed != "" || a.flag("bucket-name") == Yes))
		}, []string{"permission", "source-ip", "user-behaviour"},
		"those addresses are of people who are entitled to it: list them in the context file"},
	{Malicious, "low", "within the day before, and not as on other days, the caller stopped logging, made new credentials or changed rights (earlier than the hour before, only the recording of calls, from an address that is not usual, or a key that he then used); unusual behaviour, from whatever address",
		func(r *ranker, a *Alert) bool {
			return (exposed(a) && !(readOnly(a) && a.flag("bucket-name") == No) || a.Kind == KindShared && !r.trusted(a) && !r.listed(a)) &&
				a.prepared != "" && a.flag("user-behaviour") == Yes
		}, []string{"user-behaviour", "bucket-name", "permission"},
		"that was his work of the day, or his own key that he had to change; ask him"},
	{Intended, "high", "people expect the bucket to be public, and only reading was granted",
		func(r *ranker, a *Alert) bool {
			return a.Kind == KindPublic && readOnly(a) && r.expected(a) && !suspicious(a)
		}, []string{"bucket-name"},
		"the bucket now also holds what is not for the public"},
	{Intended, "high", "people trust the accounts that were let in, and only reading was granted, or list them as the organization's own",
		func(r *ranker, a *Alert) bool {
			return a.Kind == KindShared && (r.trusted(a) && readOnly(a) && !suspicious(a) || r.listed(a))
		}, nil,
		"more was granted than the agreement with the account covers"},
	{Intended, "medium", "people trust the accounts that were let in, but more was granted than reading",
		func(r *ranker, a *Alert) bool {
			return a.Kind == KindShared && r.trusted(a) && !takesOver(a) && !suspicious(a)
		}, []string{"permission"},
		"the agreement with the account covers reading only"},
	{Intended, "low", "people trust the accounts that were let in, but they may change who has access, or the bucket's settings",
		func(r *ranker, a *Alert) bool { return a.Kind == KindShared && r.trusted(a) && !suspicious(a) }, []string{"permission"},
		"the agreement with the account covers less, as it nearly always does: grant what it needs"},
	{Intended, "high", "AWS's own accounts were let in, to write the logs of load balancers",
		func(_ *ranker, a *Alert) bool { return deliversLogs(a) }, nil,
		"no load balancer of yours writes there"},
	{Malicious, "low", "odd address and unusual behaviour, and strangers could change or did take what is stored",
		func(_ *ranker, a *Alert) bool {
			return (exposed(a) || a.Kind == KindShared) && suspicious(a) && (taken(a) || !readOnly(a))
		}, []string{"source-ip", "user-behaviour", "permission"},
		"the caller is known to work from this address, and made a mistake"},
	{Malicious, "low", "odd address and unusual behaviour, and a sensitive name",
		func(_ *ranker, a *Alert) bool {
			return (exposed(a) || a.Kind == KindShared) && suspicious(a) && a.flag("bucket-name") == Yes
		}, []string{"source-ip", "user-behaviour", "bucket-name"},
		"the caller is known to work from this address, and made a mistake"},
	{Malicious, "low", "an odd address, a sensitive name and a dangerous grant, where only the context file calls such changes the caller's work, and he made none before",
		func(_ *ranker, a *Alert) bool {
			return exposed(a) && a.flag("source-ip") == Yes && a.strong("source-ip") && a.byWord && a.flag("bucket-name") == Yes && a.flag("permission") == Yes && a.flagOf("user-behaviour").doubted()
		}, []string{"source-ip", "bucket-name", "permission"},
		"the caller is known to work from this address, and made a mistake"},
	{Malicious, "low", "access for a foreign account that is none of those that people trust, unusual behaviour, from whatever address, and the account used it",
		func(r *ranker, a *Alert) bool {
			return a.Kind == KindShared && r.unlisted(a) && a.flag("user-behaviour") == Yes && a.AccessSeen.Verdict == "confirmed"
		}, []string{"user-behaviour", "permission", "bucket-name"},
		"the account is a new partner's: list it in the context file"},
	{Malicious, "low", "an address that the caller alone began to use within the week before, unusual behaviour, a sensitive name, and strangers took what is stored within the hour",
		func(_ *ranker, a *Alert) bool {
			return exposed(a) && !a.unsettled.IsZero() && a.flag("source-ip") != No && a.flag("user-behaviour") == Yes && a.flag("bucket-name") == Yes && takenSoon(a)
		}, []string{"user-behaviour", "bucket-name"},
		"the caller has worked there since, and made a mistake"},
	{Malicious, "low", "an odd address, from which objects were taken unsigned while it was open",
		func(_ *ranker, a *Alert) bool {
			return exposed(a) && a.flag("source-ip") == Yes && a.tookItems >= minTaken
		}, []string{"source-ip", "user-behaviour"},
		"the caller is known to work from this address, and tried what others would see"},
	{Malicious, "low", "opened at an hour at which the caller does not work, unusual behaviour, and strangers took what is stored within the hour",
		func(_ *ranker, a *Alert) bool { return exposed(a) && a.flag("user-behaviour") == Yes && awaited(a) }, []string{"user-behaviour", "bucket-name", "source-ip"},
		"the caller worked at that hour and made a mistake, and scanners were quick; ask him"},
	{Malicious, "low", "shut again by the same caller within two hours, in which others than scanners took what is stored; unusual behaviour",
		func(_ *ranker, a *Alert) bool { return exposed(a) && a.flag("user-behaviour") == Yes && handedOver(a) }, []string{"user-behaviour", "bucket-name", "source-ip"},
		"the caller handed something to somebody who was entitled to it, or undid a mistake at once; ask him"},
	{Malicious, "low", "shut again within two hours, by whomever, after others than scanners had taken three objects or more, beginning within ten minutes of the opening; unusual behaviour",
		func(_ *ranker, a *Alert) bool {
			return exposed(a) && a.flag("user-behaviour") == Yes && expectedGuest(a)
		}, []string{"user-behaviour", "bucket-name", "source-ip"},
		"people were waiting for what was opened, and were entitled to it; ask the caller"},
	{Intended, "low", "read only, and only the organization's own networks get in",
		func(_ *ranker, a *Alert) bool {
			return exposed(a) && readOnly(a) && a.lets == letsOwn && a.flag("source-ip") != Yes
		}, []string{"permission", "source-ip", "bucket-name"},
		"guests, or machines that are not meant to, share these networks"},
	{Unintended, "high", "a sensitive name by strong evidence, or with a dangerous grant that is still open",
		func(_ *ranker, a *Alert) bool {
			return exposed(a) && a.flag("bucket-name") == Yes && (a.strong("bucket-name") || a.flag("permission") == Yes && a.State == exposure.Open)
		}, []string{"bucket-name", "permission", "user-behaviour"},
		"the owner publishes this content on purpose; the name misleads"},
	{Unintended, "medium", "a sensitive name",
		func(_ *ranker, a *Alert) bool { return exposed(a) && a.flag("bucket-name") == Yes }, []string{"bucket-name", "permission", "user-behaviour"},
		"the owner publishes this content on purpose; the name misleads"},
	{Unintended, "medium", "strangers could write, delete or take over",
		func(_ *ranker, a *Alert) bool { return exposed(a) && !readOnly(a) && !closedBySame(a) }, []string{"permission"},
		"strangers are meant to put files there, and nothing can be overwritten"},
	{Test, "medium", "read only, not a sensitive name, shut by the same caller within a day, and strangers did no more than visit, or list a bucket that the caller had made that day; what he took himself does not matter where neither his address nor his behaviour is odd",
		func(r *ranker, a *Alert) bool {
			return exposed(a) && readOnly(a) && closedBySame(a) && a.flag("source-ip") != Yes && (!taken(a) || r.emptyTry(a)) &&
				(a.tookItems < minTaken || a.flag("source-ip") == No && a.flag("user-behaviour") == No)
		},
		[]string{"bucket-name", "source-ip", "user-behaviour"},
		"something was taken while it was open"},
	{Intended, "medium", "read only, a name meant for the public, and neither address nor behaviour odd",
		func(_ *ranker, a *Alert) bool {
			return exposed(a) && readOnly(a) && a.flag("bucket-name") == No && a.flag("source-ip") != Yes && a.flag("user-behaviour") != Yes
		}, []string{"bucket-name", "source-ip", "user-behaviour"},
		"the bucket also holds what is not for the public"},
	{Intended, "low", "the same from a usual address, where only weak evidence calls the behaviour unusual, or a key that the caller made himself",
		func(_ *ranker, a *Alert) bool {
			return exposed(a) && readOnly(a) && a.flag("bucket-name") == No && a.flag("source-ip") == No && (!a.strong("user-behaviour") || a.ownKey) && !taken(a)
		}, []string{"bucket-name", "source-ip"},
		"the bucket also holds what is not for the public, or somebody published what was not his to publish"},
	{Intended, "low", "read only, a name meant for the public and usual behaviour, from an address that is new, but on no list of VPNs or rented servers, stale or not, and nothing taken, not by the caller himself either",
		func(_ *ranker, a *Alert) bool {
			return exposed(a) && readOnly(a) && a.flag("bucket-name") == No && a.flag("user-behaviour") == No && !a.hides && !a.unseen && a.listed == "" && a.signs == 0 && a.tookItems == 0 && !taken(a)
		}, []string{"user-behaviour", "bucket-name", "source-ip"},
		"the caller's credentials are in other hands, which an address that was never his may tell of"},
	{Unintended, "low", "strangers may read a folder or more, nothing tells that it is meant for them, and the change is unusual for the caller, from an address that is not odd",
		func(_ *ranker, a *Alert) bool {
			return exposed(a) && readOnly(a) && a.flag("permission") == Yes && a.flag("bucket-name") == Cannot && a.flag("user-behaviour") == Yes && a.flag("source-ip") != Yes
		}, []string{"permission", "user-behaviour"},
		"it is meant for the public under a name that does not say so"},
	{Unintended, "low", "strangers may list and read, and did, and nothing tells that the bucket is meant for them",
		func(_ *ranker, a *Alert) bool {
			return exposed(a) && taken(a) && a.flag("bucket-name") != No && slices.Contains(a.Access, policy.List) && slices.Contains(a.Access, policy.Read)
		}, []string{"permission", "user-behaviour", "source-ip"},
		"it is there for downloads under a name that does not say so"},
}

func exposed(a *Alert) bool { return a.Kind == KindPublic }

// suspicious reports whether who opened it, and from where, are both odd.
func suspicious(a *Alert) bool { return a.flag("source-ip") == Yes && a.flag("user-behaviour") == Yes }

// takesOver reports whether who was let in may let others in, or change settings.
func takesOver(a *Alert) bool {
	return slices.Contains(a.Access, policy.ACLWrite) || slices.Contains(a.Access, policy.ConfigWrite)
}

// closedBySame reports whether the caller shut within a day what he had opened,
// by taking the grant back or by a guard.
func closedBySame(a *Alert) bool {
	return (a.State == exposure.Closed || a.State == exposure.Blocked) && sameCaller(a.OpenedBy, a.ClosedBy) && shortLived(a)
}

// suggest proposes a verdict. It decides nothing, and says what would make it
// wrong.
func suggest(r *ranker, a *Alert) *Suggestion {
	s := &Suggestion{Verdict: CannotTell, Confidence: "low", Reasons: []string{}, WrongIf: []string{}, Missing: missing(a)}
	for i := range suggestionTable {
		row := &suggestionTable[i]
		if row.fits(r, a) {
			s.Verdict, s.Confidence, s.WrongIf = row.verdict, row.confidence, []string{row.wrong}
			s.Reasons = row.reasons(a)
			temper(a, s)
			return s
		}
	}
	for _, f := range a.Flags {
		if f.Answer == Yes && len(f.For) > 0 {
			s.Reasons = append(s.Reasons, f.ID+": "+f.For[0])
		}
	}
	s.Reasons = s.Reasons[:min(3, len(s.Reasons))]
	s.WrongIf = []string{untold}
	return s
}

// untold is what would make it wrong that nobody can tell.
const untold = "somebody can: ask the caller, or whoever owns the bucket, what it was for"

// tempering is a reason to be less sure of a verdict that accuses nobody.
type tempering struct {
	when string // for the documentation
	why  func(a *Alert, verdict string) string
}

// temperings are looked at in order; the first that tells something counts.
var temperings = []tempering{
	{"within the day before, the caller, or another from his address, made credentials, changed rights or stopped logging, not as on other days", func(a *Alert, _ string) string { return a.prepared }},
	{"`intended`, and the address is odd and on a list of networks that hide people, or of rented servers", func(a *Alert, verdict string) string {
		if verdict == Intended && a.flag("source-ip") == Yes {
			return a.listed
		}
		return ""
	}},
	{"the caller alone works from the address, and began to within the week", func(a *Alert, _ string) string {
		if a.unsettled.IsZero() {
			return ""
		}
		return "the caller alone works from this address, and only since " + date(a.unsettled)
	}},
	{"`intended` or `test`, and the caller made the bucket within the week, and copied objects meanwhile, nobody knows from where", func(a *Alert, verdict string) string {
		if verdict == Intended || verdict == Test {
			return a.brought
		}
		return ""
	}},
	{"`intended`, though address and behaviour are odd", func(a *Alert, verdict string) string {
		if verdict == Intended && suspicious(a) {
			return a.flagOf("source-ip").For[0]
		}
		return ""
	}},
}

// temper takes certainty back where what the caller did just before, or who he is
// and from where, speaks against a harmless verdict, and shows it.
func temper(a *Alert, s *Suggestion) {
	if s.Verdict == Malicious {
		return
	}
	for _, t := range temperings {
		if why := t.why(a, s.Verdict); why != "" {
			s.Confidence = map[string]string{"high": "medium", "medium": "low", "low": "low"}[s.Confidence]
			s.Reasons = append([]string{"but " + why}, s.Reasons[:min(2, len(s.Reasons))]...)
			return
		}
	}
}

// reasons are the three strongest: what fits the row, and the first evidence of
// its flags.
func (row *suggestionRow) reasons(a *Alert) []string {
	out := []string{}
	if row.verdict == Test {
		out = append(out, "the same caller shut it after "+span(a.ClosedAt.Sub(*a.OpenedAt)))
	}
	for _, id := range row.flags {
		f := a.flagOf(id)
		switch {
		case f == nil:
		case f.Answer == Yes && len(f.For) > 0:
			out = append(out, id+": "+f.For[0])
		case f.Answer == No && len(f.Against) > 0 && row.verdict != Malicious && row.verdict != Unintended:
			out = append(out, id+": "+f.Against[0])
		}
	}
	if why := "user-behaviour: " + a.prepared; a.prepared != "" && row.verdict == Malicious && !slices.Contains(out, why) {
		out = slices.Insert(out, 0, why)
	}
	if a.escalated && row.verdict == Malicious {
		out = slices.Insert(out, min(1, len(out)), "it was refused before")
	}
	if len(out) == 0 {
		out = append(out, row.when)
	}
	return out[:min(3, len(out))]
}

// missing lists the evidence that would help most.
func missing(a *Alert) []string {
	out := []string{}
	if a.AccessSeen.Verdict == "cannot-be-known" {
		out = append(out, "S3 data events or access logs of the bucket, to know who used it")
	}
	for _, f := range a.Flags {
		for _, m := range f.Missing {
			out = appendNew(out, f.ID+": "+m)
		}
		if f.Answer == Cannot && len(f.Missing) == 0 && len(f.Against) == 0 && len(f.For) == 0 {
			out = append(out, "evidence for the flag "+f.ID)
		}
	}
	return out
}
