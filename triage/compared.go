// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/policy"
)

// Evaluated is what AWS Config says of one bucket by one of AWS's managed rules.
type Evaluated struct {
	Account    string
	Region     string
	Bucket     string
	Rule       string // its name in the account
	Identifier string // AWS's, such as S3_BUCKET_PUBLIC_READ_PROHIBITED
	Says       string // COMPLIANT, NON_COMPLIANT, NOT_APPLICABLE, INSUFFICIENT_DATA
	At         time.Time
}

// Compared is where AWS Config and this program agree on buckets, and where not.
type Compared struct {
	Agree     int            `json:"agree"`
	Disagree  []Disagreement `json:"disagree"`
	Undecided int            `json:"undecided"` // one of both does not know
	// NotEvaluated are buckets of which AWS Config says nothing by these rules.
	NotEvaluated []string `json:"not_evaluated"`
	// Unread are places where what AWS Config says could not be read.
	Unread []ConfigUnread `json:"unread,omitempty"`
}

// ConfigUnread is one account and Region where AWS Config could not be asked.
type ConfigUnread struct {
	Account string `json:"account"`
	Region  string `json:"region"`
	What    string `json:"what"`
	Why     string `json:"why"` // such as the permission that is missing
	// Buckets are those there of which for this reason nothing is known.
	Buckets []string `json:"buckets"`
}

// String tells it in one line.
func (u ConfigUnread) String() string {
	text := fmt.Sprintf("account %s, %s: %s is unknown: %s", u.Account, u.Region, u.What, u.Why)
	if n := len(u.Buckets); n > 0 {
		text += fmt.Sprintf("; buckets of which it is not known whether they were evaluated: %d", n)
	}
	return text
}

// UnreadBuckets counts the buckets of which it is not known whether AWS Config
// evaluated them.
func (c *Compared) UnreadBuckets() int {
	n := 0
	for _, u := range c.Unread {
		n += len(u.Buckets)
	}
	return n
}

// LookedAt is one bucket that a scan read.
type LookedAt struct {
	Account, Region string
	Whole           bool // all of its settings could be read
}

// Disagreement is one bucket about which AWS Config and this program differ.
type Disagreement struct {
	Account  string    `json:"account"`
	Region   string    `json:"region"`
	Bucket   string    `json:"bucket"`
	Rule     string    `json:"rule"`
	Says     string    `json:"says"`     // AWS Config
	At       time.Time `json:"at"`       // when it evaluated
	Ours     string    `json:"ours"`     // what this program finds
	Why      string    `json:"why"`      // what may explain it
	Recorded string    `json:"recorded"` // what AWS Config's history tells; "" where it was not read
}

// ruleAccess is what the rules about buckets look for. They look at the bucket's
// ACL, policy and own Block Public Access, and not at the account's, at objects'
// ACLs or at access points (AWS Config guide, "s3-bucket-public-read-prohibited",
// "s3-bucket-public-write-prohibited").
var ruleAccess = map[string][]policy.Access{
	"S3_BUCKET_PUBLIC_READ_PROHIBITED":  {policy.List, policy.Read, policy.ACLRead},
	"S3_BUCKET_PUBLIC_WRITE_PROHIBITED": {policy.Write, policy.Delete, policy.ACLWrite},
}

// Compares reports whether a rule can be compared with what this program finds.
func Compares(identifier string) bool { return ruleAccess[identifier] != nil }

// CompareConfig lays what AWS Config says beside what was found. looked has every
// bucket that was looked at, unread the places where AWS Config could not be
// asked. An alert that AWS Config contradicts says so.
func CompareConfig(r *Result, said []Evaluated, looked map[string]LookedAt, unread []ConfigUnread) Compared {
	out := Compared{Disagree: []Disagreement{}, NotEvaluated: []string{}, Unread: unread}
	found := map[string][]*exposure.Exposure{}
	for i := range r.Exposures {
		if e := &r.Exposures[i]; e.ClosedAt == nil && e.Audience.Public() {
			found[e.Bucket] = append(found[e.Bucket], e)
		}
	}
	evaluated := map[string]bool{}
	for _, e := range said {
		wanted := ruleAccess[e.Identifier]
		at, there := looked[e.Bucket]
		if wanted == nil || !there {
			continue
		}
		evaluated[e.Bucket] = true
		ours := standing(found[e.Bucket], wanted)
		switch {
		case e.Says != "COMPLIANT" && e.Says != "NON_COMPLIANT", (ours.unknown || !at.Whole) && len(ours.open) == 0:
			out.Undecided++
		case (e.Says == "NON_COMPLIANT") == (len(ours.open) > 0):
			out.Agree++
		default:
			out.Disagree = append(out.Disagree, disagreement(e, ours))
			contradict(r, e, wanted)
		}
	}
	for name, at := range looked {
		if !evaluated[name] {
			out.silent(name, at)
		}
	}
	slices.Sort(out.NotEvaluated)
	for i := range out.Unread {
		slices.Sort(out.Unread[i].Buckets)
	}
	slices.SortFunc(out.Disagree, func(a, b Disagreement) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Bucket, b.Bucket), cmp.Compare(a.Rule, b.Rule))
	})
	return out
}

// silent takes in a bucket of which nothing was read: AWS Config did not evaluate
// it, or could not be asked.
func (c *Compared) silent(name string, at LookedAt) {
	for i := range c.Unread {
		if u := &c.Unread[i]; u.Account == at.Account && u.Region == at.Region {
			u.Buckets = append(u.Buckets, name)
			return
		}
	}
	c.NotEvaluated = append(c.NotEvaluated, name)
}

// stands is what of a bucket is open, or held, of the access that a rule looks for.
type stands struct {
	open    []*exposure.Exposure
	held    []*exposure.Exposure
	unknown bool
}

func standing(list []*exposure.Exposure, wanted []policy.Access) stands {
	var s stands
	for _, e := range list {
		if !slices.ContainsFunc(e.Access, func(a policy.Access) bool { return slices.Contains(wanted, a) }) {
			continue
		}
		switch e.State {
		case exposure.Open:
			s.open = append(s.open, e)
		case exposure.Blocked:
			s.held = append(s.held, e)
		case exposure.Unknown:
			s.unknown = true
		}
	}
	return s
}

func disagreement(e Evaluated, s stands) Disagreement {
	d := Disagreement{Account: e.Account, Region: e.Region, Bucket: e.Bucket, Rule: e.Rule, Says: e.Says, At: e.At}
	older := "AWS Config evaluated at " + e.At.UTC().Format(time.RFC3339) + ", which may be before a change"
	if len(s.open) > 0 {
		d.Ours, d.Why = "open: "+inFewWords(s.open), older
		if !slices.ContainsFunc(s.open, func(e *exposure.Exposure) bool {
			return e.Route == exposure.BucketACL || e.Route == exposure.BucketPolicyRoute
		}) {
			d.Why = "the rule looks at the bucket's ACL and policy only, not at objects' ACLs and access points"
		}
		return d
	}
	d.Ours, d.Why = "nothing open", older+"; the rule takes every value with a wildcard in a policy's condition for public"
	if len(s.held) > 0 {
		d.Ours = "granted, and held: " + inFewWords(s.held)
		if slices.ContainsFunc(s.held, func(e *exposure.Exposure) bool {
			return slices.ContainsFunc(e.BlockedBy, func(g string) bool { return strings.Contains(g, "account") || strings.Contains(g, "organization") })
		}) {
			d.Why = "the rule does not look at the account's Block Public Access"
		}
	}
	return d
}

// inFewWords names exposures in a few words.
func inFewWords(list []*exposure.Exposure) string {
	var out []string
	for _, e := range list {
		text := string(e.Audience) + " " + joinAccess(e.Access) + " by " + string(e.Route)
		if len(e.BlockedBy) > 0 {
			text += ", held by " + strings.Join(e.BlockedBy, " and ")
		}
		out = appendNew(out, text)
	}
	return strings.Join(out, "; ")
}

func joinAccess(list []policy.Access) string {
	var out []string
	for _, a := range list {
		out = append(out, string(a))
	}
	return strings.Join(out, ", ")
}

// contradict notes on the alerts of a bucket that AWS Config says otherwise.
func contradict(r *Result, e Evaluated, wanted []policy.Access) {
	for i := range r.Alerts {
		a := &r.Alerts[i]
		if a.Kind == KindPublic && a.State == exposure.Open && a.Bucket == e.Bucket && slices.ContainsFunc(a.Access, func(x policy.Access) bool { return slices.Contains(wanted, x) }) {
			a.Unknowns = appendNew(a.Unknowns, fmt.Sprintf("AWS Config says %s by its rule %s, evaluated at %s", e.Says, e.Rule, e.At.UTC().Format(time.RFC3339)))
		}
	}
}
