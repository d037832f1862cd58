// SPDX-License-Identifier: Apache-2.0

package remedy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/bucketlid/bucketlid/account"
	"github.com/bucketlid/bucketlid/bucket"
	"github.com/bucketlid/bucketlid/policy"
)

// Loser is somebody who loses access by a fix, or may.
type Loser struct {
	// Kind is an audience, or one of: service, cloudfront, website, reader,
	// own-account, account-wide.
	Kind   string          `json:"kind"`
	Who    string          `json:"who"`
	Access []policy.Access `json:"access,omitempty"`
	Note   string          `json:"note,omitempty"`
}

// lost compares the openings of two states.
func lost(before, after []Opening) []Loser {
	left := rights(after)
	out := map[string]*Loser{}
	for _, r := range rights(before) {
		if slices.ContainsFunc(left, func(l right) bool { return l.covers(r) }) {
			continue
		}
		key := string(r.audience) + " " + r.principal
		if out[key] == nil {
			out[key] = &Loser{Kind: string(r.audience), Who: whoIs(r.audience, r.principal)}
		}
		out[key].Access = append(out[key].Access, r.access)
	}
	var list []Loser
	for _, l := range out {
		slices.SortFunc(l.Access, func(a, b policy.Access) int {
			return cmp.Compare(slices.Index(policy.AccessOrder, a), slices.Index(policy.AccessOrder, b))
		})
		l.Access = slices.Compact(l.Access)
		list = append(list, *l)
	}
	return list
}

var audienceWords = map[policy.Audience]string{
	policy.Anyone: "anyone on the internet", policy.AnyAWSAccount: "anyone with an AWS account",
	policy.WebIdentity: "users of a public identity provider", policy.Network: "whoever asks from the listed addresses",
}

func whoIs(a policy.Audience, principal string) string {
	if principal != "" {
		return principal
	}
	return cmp.Or(audienceWords[a], string(a))
}

// besideEverybody are the exposures to those whom policies name beside "*": as long
// as everybody may do the same they are none of their own. openings are those of
// the state.
func (s State) besideEverybody(openings []Opening) []Opening {
	texts := []string{s.Settings.Policy.Text}
	for _, p := range s.Settings.AccessPoints {
		texts = append(texts, p.Policy.Text)
	}
	if !slices.ContainsFunc(texts, namesBesideEverybody) {
		return nil
	}
	alone := State{Settings: s.Settings}
	for _, draft := range []func(State, Whom) draft{accessPointPolicies, multiRegionPolicies, policyStatement} {
		for _, step := range draft(alone, nil).steps {
			if next, err := alone.With(step.call); err == nil {
				alone = next
			}
		}
	}
	had, told := rights(openings), map[string]bool{}
	for _, r := range had {
		told[r.id()] = true
	}
	var out []Opening
	for _, o := range Evaluate(alone) {
		now := slices.ContainsFunc(rights([]Opening{o}), func(r right) bool {
			return !told[r.id()] && slices.ContainsFunc(had, func(h right) bool { return h.covers(r) })
		})
		if now && !o.Audience.Public() && isOpen(o) {
			out = append(out, o)
		}
	}
	return out
}

// partnersBeside are those of besideEverybody whom a guard may hold: with
// RestrictPublicBuckets services keep what a public policy gives them (AWS page
// "Blocking public access to your Amazon S3 storage").
func (s State) partnersBeside(openings []Opening) []Opening {
	_, out := split(s.besideEverybody(openings), func(o Opening) bool { return o.Audience == policy.ServiceDeputy })
	return out
}

// namesBesideEverybody reports whether a statement of a policy admits "*" and names
// others too.
func namesBesideEverybody(text string) bool {
	d, err := policy.Parse([]byte(text))
	return text != "" && err == nil && slices.ContainsFunc(d.Statements, func(s policy.Statement) bool {
		return s.Effect == "Allow" && s.Principal != nil && s.Principal.Everyone() && len(s.Principal.AWS)+len(s.Principal.CanonicalUser) > 1
	})
}

// losers are those whom the cut statements name beside those who are to be taken
// out, and whom "everybody" took in. A statement that was made out to the own
// account instead takes nothing from its users.
func (c cutting) losers(owner string, whom Whom) []Loser {
	var out []Loser
	var everybody []string
	if len(whom) == 0 { // else "*" stays in the lists that are narrowed
		for i := range c.narrowed {
			everybody = append(everybody, statementName(&c.narrowed[i]))
		}
	}
	for i := range c.removed {
		s := &c.removed[i]
		madeOut := c.text != "" && c.final != "" && i == len(c.removed)-1
		if !madeOut && (s.Principal == nil || s.Principal.Everyone()) {
			everybody = append(everybody, statementName(s))
		}
		for _, l := range named(s, "named by "+statementName(s)) {
			if !whom.has(l.Who) {
				out = append(out, l)
			}
		}
	}
	return append(out, ownAccount(owner, everybody)...)
}

// ownAccount are the owner's own users and roles, whom "everybody" takes in: what
// a policy of the bucket gives them they need no permission in IAM for (IAM page
// "Policy evaluation logic", requests within one account).
func ownAccount(owner string, statements []string) []Loser {
	if len(statements) == 0 {
		return nil
	}
	return []Loser{{Kind: "own-account", Who: "users and roles of account " + cmp.Or(owner, "the owner's"),
		Note: "they may lose what " + strings.Join(statements, ", ") + " gave everybody, unless their own policies allow it"}}
}

// identities are the CloudFront origins that a policy names and a guard may hold.
// AWS does not say whether an origin access identity counts as an AWS service.
func (s State) identities(note string) []Loser {
	d, err := policy.Parse([]byte(s.Settings.Policy.Text))
	if err != nil || s.Settings.Policy.Status != account.Present {
		return nil
	}
	var out []Loser
	for i := range d.Statements {
		if d.Statements[i].Effect == "Allow" {
			for _, l := range named(&d.Statements[i], note+"; AWS does not say whether it binds an origin access identity") {
				if l.Kind == "cloudfront" && !strings.Contains(l.Who, ".amazonaws.com") {
					out = append(out, l)
				}
			}
		}
	}
	return out
}

// named lists the services and CloudFront origins that a statement names: what
// raises no alert is not among the exposures.
func named(s *policy.Statement, note string) []Loser {
	if s.Principal == nil {
		return nil
	}
	var out []Loser
	for _, name := range s.Principal.Service {
		kind := "service"
		if name == "cloudfront.amazonaws.com" {
			kind = "cloudfront"
		}
		out = append(out, Loser{Kind: kind, Who: name + sourceOf(s), Note: note})
	}
	for _, name := range slices.Concat(s.Principal.AWS, s.Principal.CanonicalUser) {
		switch {
		case name == "*", name == bucket.AnonymousID:
		case strings.Contains(name, ":cloudfront:"):
			out = append(out, Loser{Kind: "cloudfront", Who: name, Note: note})
		default:
			out = append(out, Loser{Kind: string(policy.Account), Who: name, Note: note})
		}
	}
	return out
}

// sourceOf names the distribution or account that a statement binds a service to.
func sourceOf(s *policy.Statement) string {
	for _, c := range s.Conditions {
		if strings.EqualFold(c.Key, "aws:SourceArn") || strings.EqualFold(c.Key, "aws:SourceAccount") {
			return " for " + strings.Join(c.Values, ", ")
		}
	}
	return ""
}

// Readers tells what logs say of the strangers who used an opening in the last
// days. The zero value means that no log was looked at.
type Readers struct {
	Looked    bool     `json:"looked"`
	Why       string   `json:"why,omitempty"` // why it cannot be known
	Requests  int64    `json:"requests"`
	Strangers []string `json:"strangers,omitempty"` // the busiest
	Last      string   `json:"last,omitempty"`
}

func (r Readers) losers() []Loser {
	var out []Loser
	for _, s := range r.Strangers {
		out = append(out, Loser{Kind: "reader", Who: s, Note: "seen in the logs"})
	}
	if r.Requests > 0 && len(out) == 0 {
		out = append(out, Loser{Kind: "reader", Who: fmt.Sprintf("%d requests of strangers", r.Requests), Note: "seen in the logs"})
	}
	return out
}

// visitors are those of a website, which S3 serves to anyone or to nobody.
func visitors(s State, before, after []Opening) []Loser {
	reads := func(list []Opening) bool {
		return slices.ContainsFunc(rights(list), func(r right) bool { return r.audience == policy.Anyone && r.access == policy.Read })
	}
	if s.Settings.Website.Status == account.Absent || !reads(before) || reads(after) {
		return nil
	}
	l := Loser{Kind: "website", Who: "visitors of the bucket's website", Note: "the website endpoint serves public objects only"}
	if s.Settings.Website.Status != account.Present {
		l.Note = "whether a website is on could not be read"
	}
	return []Loser{l}
}
