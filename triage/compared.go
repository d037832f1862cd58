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

// CompareConfig lays what AWS Config says beside what was found. whole has every
// bucket that was looked at, and whether all of its settings could be read. An
// alert that AWS Config contradicts says so.
func CompareConfig(r *Result, said []Evaluated, whole map[string]bool) Compared {
	out := Compared{Disagree: []Disagreement{}, NotEvaluated: []string{}}
	found := map[string][]*exposure.Exposure{}
	for i := range r.Exposures {
		if e := &r.Exposures[i]; e.ClosedAt == nil && e.Audience.Public() {
			found[e.Bucket] = append(found[e.Bucket], e)
		}
	}
	evaluated := map[string]bool{}
	for _, e := range said {
		wanted := ruleAccess[e.Identifier]
		read, looked := whole[e.Bucket]
		if wanted == nil || !looked {
			continue
		}
		evaluated[e.Bucket] = true
		ours := standing(found[e.Bucket], wanted)
		switch {
		case e.Says != "COMPLIANT" && e.Says != "NON_COMPLIANT", (ours.unknown || !read) && len(ours.open) == 0:
			out.Undecided++
		case (e.Says == "NON_COMPLIANT") == (len(ours.open) > 0):
			out.Agree++
		default:
			out.Disagree = append(out.Disagree, disagreement(e, ours))
			contradict(r, e, wanted)
		}
	}
	for b := range whole {
		if !evaluated[b] {
			out.NotEvaluated = append(out.NotEvaluated, b)
		}
	}
	slices.Sort(out.NotEvaluated)
	slices.SortFunc(out.Disagree, func(a, b Disagreement) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Bucket, b.Bucket), cmp.Compare(a.Rule, b.Rule))
	})
	return out
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
