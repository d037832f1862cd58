// SPDX-License-Identifier: Apache-2.0

// Package findings reads what other services found (Amazon GuardDuty, AWS
// Security Hub, IAM Access Analyzer, Amazon Macie) as evidence beside our own
// alerts. It decides nothing: no severity, flag or suggestion follows from it.
package findings

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/bucketlid/bucketlid/triage"
)

// Format is one row of the table of formats.
type Format struct {
	ID    string
	Title string
	// is reports whether a JSON object is a finding of this format.
	is func(s *shape) bool
	// read makes evidence of it, one for each bucket that it names. A
	// *NoEvidenceError says why it is none.
	read func(raw json.RawMessage) ([]triage.Elsewhere, error)
}

// Formats lists every format that is recognised, by content alone.
var Formats = []Format{
	{"securityhub", "AWS Security Hub: the AWS Security Finding Format, as get-findings and EventBridge give it", isASFF, readASFF},
	{"guardduty", "Amazon GuardDuty: get-findings, exports to S3, EventBridge", isGuardDuty, readGuardDuty},
	{"macie", "Amazon Macie: get-findings, EventBridge", isMacie, readMacie},
	{"access-analyzer", "IAM Access Analyzer: list-findings, list-findings-v2, get-finding(-v2), EventBridge", isAccessAnalyzer, readAccessAnalyzer},
}

// NoEvidenceError says why a finding is no evidence on a bucket.
type NoEvidenceError struct {
	Reason string // the same for many findings
	What   string // the finding's type or resource
}

// Error is the reason and what the finding is about.
func (e *NoEvidenceError) Error() string { return e.Reason + ": " + e.What }

func noEvidence(reason, what string) error { return &NoEvidenceError{reason, brief(what)} }

// shape is what tells the formats apart. Field names are matched without regard
// to case: the APIs write PascalCase or camelCase, EventBridge camelCase.
type shape struct {
	SchemaVersion      json.RawMessage
	ProductArn         json.RawMessage
	Resources          json.RawMessage
	Resource           json.RawMessage
	Service            json.RawMessage
	Type               json.RawMessage
	ResourcesAffected  json.RawMessage
	Category           json.RawMessage
	ResourceType       json.RawMessage
	AnalyzedAt         json.RawMessage
	ID                 json.RawMessage
	Status             json.RawMessage
	ResourceOwnerAcct  json.RawMessage `json:"resourceOwnerAccount"`
	PolicyDetails      json.RawMessage
	ClassificationInfo json.RawMessage `json:"classificationDetails"`
}

// place is what a finding is about: a bucket, and an object where it names one.
type place struct{ bucket, key, region string }

// each is a finding for each bucket that it names; about the account where it
// names none.
func each(e triage.Elsewhere, named []place) []triage.Elsewhere {
	if len(named) == 0 {
		return []triage.Elsewhere{e}
	}
	var out []triage.Elsewhere
	for _, p := range named {
		i := slices.IndexFunc(out, func(o triage.Elsewhere) bool { return o.Bucket == p.bucket })
		switch {
		case i >= 0 && out[i].Key == "":
			out[i].Key = p.key
		case i >= 0 && p.key != "" && p.key != out[i].Key:
			out[i].Details = append(out[i].Details, "also object "+p.key)
		case i < 0 && len(out) < maxBuckets:
			one := e
			one.Bucket, one.Key, one.Region = p.bucket, p.key, cmp.Or(e.Region, p.region)
			one.Details = slices.Clone(e.Details)
			out = append(out, one)
		}
	}
	if more := len(named) - maxBuckets; more > 0 && len(out) == maxBuckets {
		out[maxBuckets-1].Details = append(out[maxBuckets-1].Details, "and more buckets and objects, which were left out")
	}
	return out
}

// maxBuckets is of how many buckets one finding may tell; Security Hub permits 32
// resources.
const maxBuckets = 100

// Lengths of what is kept of one finding.
const (
	maxText    = 500 // characters
	maxDetails = 20
)

// settle brings a finding into its bounds.
func settle(e triage.Elsewhere) triage.Elsewhere {
	for _, s := range []*string{&e.Service, &e.ID, &e.Type, &e.Title, &e.Severity, &e.Status, &e.Account, &e.Region, &e.Bucket, &e.Key} {
		*s = brief(*s)
	}
	e.Details = slices.DeleteFunc(slices.Clone(e.Details), func(s string) bool { return strings.TrimSpace(s) == "" })
	if more := len(e.Details) - maxDetails; more > 0 {
		e.Details = append(e.Details[:maxDetails:maxDetails], "and more of the same kind")
	}
	for i := range e.Details {
		e.Details[i] = brief(e.Details[i])
	}
	if e.Details == nil {
		e.Details = []string{}
	}
	e.Status = cmp.Or(e.Status, "unknown")
	return e
}

func brief(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if utf8.RuneCountInString(s) <= maxText {
		return s
	}
	return string([]rune(s)[:maxText]) + "…"
}

// told is "name value", or nothing where there is no value.
func told(name, value string) string {
	if value == "" {
		return ""
	}
	return name + " " + value
}

// instant reads RFC 3339, or the seconds since 1970 that the AWS CLI writes for
// some services; nil where it is neither.
func instant(raw json.RawMessage) *time.Time {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		if at, err := time.Parse(time.RFC3339, text); err == nil {
			at = at.UTC()
			return &at
		}
		return nil
	}
	var seconds float64
	if len(raw) == 0 || json.Unmarshal(raw, &seconds) != nil || seconds <= 0 || seconds > maxSeconds {
		return nil
	}
	at := time.Unix(int64(seconds), 0).UTC()
	return &at
}

// maxSeconds is the end of the year 9999.
const maxSeconds = 253402300799

// latest is the last of the times that are known.
func latest(times ...*time.Time) *time.Time {
	var out *time.Time
	for _, t := range times {
		if t != nil && (out == nil || t.After(*out)) {
			out = t
		}
	}
	return out
}

// bucketOf takes bucket and key from an ARN of Amazon S3; empty where it names
// neither.
func bucketOf(arn string) (bucket, key string) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[2] != "s3" || parts[3] != "" || parts[4] != "" {
		return "", ""
	}
	bucket, key, _ = strings.Cut(parts[5], "/")
	return bucket, key
}
