// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"strconv"
	"strings"
)

// settle works out what the solver takes for granted: the bucket's names and
// those of a stranger whom the policy does not name.
func (w *world) settle(m *form, f Facts) {
	d := &m.doc
	w.memory.reset()
	w.crowded = false
	before := w.names
	w.facts, w.tests, w.alike, w.attained = f, m.tests, m.alike, nil
	if w.facts.Bucket == "" {
		w.facts.Bucket = bucketOf(d)
	}
	w.region, w.owner, w.partition = f.Region, f.Account, partitionOf(d, f)
	if strings.Trim(w.region, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		w.region = "" // from a hostile log: it must not lead a witness's host elsewhere
	}
	w.foreign = freshStranger(d, f)
	w.names = names{w.facts, w.partition}
	if w.names != before {
		w.host = ""
		w.setResources()
	}
}

// partitionOf is the AWS partition: the Region tells, else the policy's ARNs.
func partitionOf(d *Document, f Facts) string {
	switch {
	case strings.HasPrefix(f.Region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(f.Region, "us-gov-"):
		return "aws-us-gov"
	case f.Region != "":
		return "aws"
	}
	partition := "aws"
	eachResource(d, func(text string) bool {
		for _, p := range []string{"aws-cn", "aws-us-gov"} {
			if strings.HasPrefix(text, "arn:"+p+":") {
				partition = p
				return false
			}
		}
		return true
	})
	return partition
}

// bucketOf guesses the bucket's name from the policy's resources; without one,
// any name does for the question.
func bucketOf(d *Document) string {
	name := "bucket"
	eachResource(d, func(text string) bool {
		_, rest, ok := strings.Cut(text, ":s3:::")
		rest, _, _ = strings.Cut(rest, "/")
		if ok && rest != "" && !strings.ContainsAny(rest, "*?$") {
			name = rest
			return false
		}
		return true
	})
	return name
}

func eachResource(d *Document, do func(string) bool) {
	for i := range d.Statements {
		for _, list := range [][]string{d.Statements[i].Resource, d.Statements[i].NotResource} {
			for _, text := range list {
				if !do(text) {
					return
				}
			}
		}
	}
}

// freshStranger makes names that stand nowhere in the policy.
func freshStranger(d *Document, f Facts) stranger {
	taken := func(s string) bool {
		if s == f.Account || s == f.Organization {
			return true
		}
		for i := range d.Statements {
			if d.Statements[i].contains(s) {
				return true
			}
		}
		return false
	}
	fresh := func(name string) string {
		for n := 0; ; n++ {
			s := name
			if n > 0 {
				x := strconv.Itoa(n)
				s = s[:len(s)-len(x)] + x
			}
			if !taken(s) || n > 200 {
				return s
			}
		}
	}
	return stranger{
		account: fresh("999988887777"), organization: fresh("o-stranger00"),
		vpc: fresh("vpc-0123456789abcdef9"), endpoint: fresh("vpce-0123456789abcdef9"),
		roleID: fresh("AROASTRANGERROLE00000"), userID: fresh("AIDASTRANGERUSER00000"),
	}
}

// contains says whether a text stands anywhere in the statement's principals or
// conditions.
func (s *Statement) contains(text string) (found bool) {
	s.eachName(func(v string) bool {
		found = strings.Contains(v, text)
		return !found
	})
	return found
}

// spoken is all that stands in the statement's principals and conditions, as one
// text, to be searched more than once.
func (s *Statement) spoken() string {
	var b strings.Builder
	s.eachName(func(v string) bool {
		b.WriteByte(0)
		b.WriteString(v)
		return true
	})
	return b.String() + "\x00"
}

// eachName goes through the texts of the statement's principals and conditions.
func (s *Statement) eachName(do func(string) bool) {
	for _, p := range []*Principal{s.Principal, s.NotPrincipal} {
		if p == nil {
			continue
		}
		for _, list := range [][]string{p.AWS, p.Federated} {
			for _, v := range list {
				if !do(v) {
					return
				}
			}
		}
	}
	for _, c := range s.Conditions {
		for _, v := range c.Values {
			if !do(v) {
				return
			}
		}
	}
}

// resourceRule gives the ARNs on which an action can act: the bucket, or the
// objects in it.
func (w *world) resourceRule(a *action) textRule { return w.whole[a.level] }

// setResources fills in the ARNs of the bucket or access point. What is not
// known of an access point's ARN is left open.
func (w *world) setResources() {
	or := func(s string) string {
		if s == "" {
			return "*"
		}
		return s
	}
	w.base = "arn:" + w.partition + ":s3:::" + w.facts.Bucket
	slash := "/"
	switch w.facts.Kind {
	case AccessPointPolicy:
		w.base = "arn:" + w.partition + ":s3:" + or(w.region) + ":" + or(w.owner) + ":accesspoint/" + or(w.facts.AccessPoint)
		slash = "/object/"
	case MultiRegionAccessPointPolicy:
		w.base = "arn:" + w.partition + ":s3::" + or(w.owner) + ":accesspoint/" + or(w.facts.AccessPoint)
		slash = "/object/"
	}
	w.prefix = w.base + slash
	switch {
	case w.facts.Kind != BucketPolicy:
		// An open Region or account does not reach beyond its part of the ARN.
		w.bucket, w.objects = newPattern(w.base).asARN(), newPattern(w.prefix+"?*").asARN()
	case strings.ContainsAny(w.base, "*?"):
		// A bucket's name is taken as it is: it may come from a hostile log.
		w.bucket, w.objects = newLiteral(w.base), &pattern{mixed: true, text: w.prefix + "?*"}
		w.objects.add(w.prefix, false)
		w.objects.add("?*", true)
	default:
		w.bucket, w.objects = newLiteral(w.base), newPattern(w.prefix+"?*")
	}
	w.whole[onBucket] = textRule{patterns: []*pattern{w.bucket}, want: true}
	w.whole[onObject] = textRule{patterns: []*pattern{w.objects}, want: true}
}

// scopeText names a resource pattern as a scope does: "b" for the bucket, "b/…"
// for objects, without the ARN prefix.
func (w *world) scopeText(p *pattern, l level) string {
	whole := w.bucket
	if l == onObject {
		whole = w.objects
	}
	switch {
	case p.covers(whole) && l == onObject:
		return w.facts.Bucket + "/*"
	case p.covers(whole) || (l == onBucket && w.facts.Kind != BucketPolicy):
		return w.facts.Bucket
	}
	if _, key, ok := strings.Cut(p.text, "/object/"); ok && w.facts.Kind != BucketPolicy {
		return w.facts.Bucket + "/" + key
	}
	if _, rest, ok := strings.Cut(p.text, ":s3:::"); ok {
		return rest
	}
	return p.text
}
