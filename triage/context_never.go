// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"regexp"
	"slices"
	"strings"
)

var (
	// bucketGlob is what patterns of buckets are made of. Buckets of us-east-1 that
	// are older than March 2018 may have capitals and "_", and 255 characters
	// (Amazon S3 User Guide, "Bucket naming rules").
	bucketGlob = regexp.MustCompile(`^[A-Za-z0-9._*?-]{1,255}$`)
	oldName    = regexp.MustCompile(`[A-Z_]`)
	// bucketPrefix is what places of buckets begin with elsewhere.
	bucketPrefix = regexp.MustCompile(`^(s3[an]?://|arn:[^:]*:s3:[^:]*:[^:]*:|https?://)`)
	regexpMarks  = `[]^$\|`
	// callerKinds begin the last part of a caller's ARN (IAM User Guide, "IAM
	// identifiers").
	callerKinds = []string{"user", "role", "assumed-role", "federated-user", "root"}
	// bareKind begins a pattern that leaves out the rest of an ARN.
	bareKind = regexp.MustCompile(`^(user|role|assumed-role|federated-user)/`)
)

// matchableBucket refuses a pattern that no bucket's name can match.
func (b *contextBuilder) matchableBucket(match fileValue) {
	switch text := match.text; {
	case bucketPrefix.MatchString(text):
		name, _, _ := strings.Cut(bucketPrefix.ReplaceAllString(text, ""), "/")
		b.problem(match.at, "write the bucket's name alone: "+shorten(name), "the pattern %q matches no bucket: it is compared with names", shorten(text))
	case !bucketGlob.MatchString(text):
		b.problem(match.at, `names have letters, digits, ".", "-" and, old ones, "_"`, "the pattern %q matches no bucket", shorten(text))
	case oldName.MatchString(text):
		b.warn(match.at, "see that it is written so", `the pattern %q only matches buckets of before March 2018: newer ones have no capitals and no "_"`, shorten(text))
	}
}

// matchableCaller refuses a pattern that no caller's name can match.
func (b *contextBuilder) matchableCaller(match fileValue) {
	switch text := strings.ToLower(match.text); {
	case strings.HasPrefix(text, "arn:"):
		if why := neverARN(text); why != "" {
			b.problem(match.at, "write it as arn:aws:iam::111122223333:user/name or …:role/name", "the pattern %q matches no caller: %s", shorten(match.text), why)
		}
	case bareKind.MatchString(text):
		b.warn(match.at, "write *:"+shorten(match.text), "the pattern %q matches no user and no role: ARNs begin with arn:", shorten(match.text))
	case strings.ContainsAny(text, regexpMarks):
		b.warn(match.at, `"*" stands for any characters, "?" for one`, "the pattern %q has signs of a regular expression, which stand for themselves", shorten(match.text))
	}
}

// neverARN says why a pattern matches no caller's ARN, "" if it may. What stands
// behind the first "*" may be anything.
func neverARN(text string) string {
	parts := strings.SplitN(text, ":", 6)
	for i, part := range parts {
		kind, _, _ := strings.Cut(part, "/")
		switch wild := strings.Contains(part, "*"); {
		case wild && (i < 5 || strings.Contains(kind, "*")):
			return ""
		case strings.Contains(kind, "?"):
		case i == 1 && !strings.HasPrefix(part, "aws"):
			return "no partition is called " + part
		case i == 2 && part != "iam" && part != "sts":
			return "callers are of iam or sts"
		case i == 3 && part != "":
			return "callers have no Region"
		case i == 4 && !accountOnly.MatchString(part):
			return "an account id has 12 digits"
		case i == 5 && !slices.Contains(callerKinds, kind):
			return "callers are " + strings.Join(callerKinds, ", ")
		}
	}
	if len(parts) < 6 {
		return "it ends before the name"
	}
	return ""
}

var accountOnly = regexp.MustCompile(`^[0-9]{12}$`)
