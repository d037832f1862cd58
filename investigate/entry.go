// SPDX-License-Identifier: Apache-2.0

package investigate

import (
	"cmp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/bucketlid/bucketlid/replay"
	"github.com/bucketlid/bucketlid/trail"
)

// Entry is what is kept of one record. Its JSON names are CloudTrail's own,
// but for target, which is what the call was about beside the bucket.
type Entry struct {
	Time           time.Time `json:"eventTime"` // zero where the record's is no date
	Name           string    `json:"eventName"`
	Source         string    `json:"eventSource"`
	Region         string    `json:"awsRegion"`
	Account        string    `json:"recipientAccountId"`
	UserName       string    `json:"userName"` // as it is shown: role/session, anonymous, …
	ARN            string    `json:"arn"`
	Type           string    `json:"type"`
	CallerAccount  string    `json:"accountId"` // the caller's
	PrincipalID    string    `json:"principalId"`
	AccessKeyID    string    `json:"accessKeyId"`
	InvokedBy      string    `json:"invokedBy,omitempty"`
	SourceIdentity string    `json:"sourceIdentity,omitempty"`
	MFA            string    `json:"mfaAuthenticated,omitempty"`
	Console        bool      `json:"sessionCredentialFromConsole,omitempty"`
	Address        string    `json:"sourceIPAddress"`
	Agent          string    `json:"userAgent"`
	Error          string    `json:"errorCode"`
	ErrorMessage   string    `json:"errorMessage,omitempty"`
	Bucket         string    `json:"bucketName"`
	Target         string    `json:"target"`
	ID             string    `json:"eventID"`
}

// newEntry reads a record whole. Where that fails the header still tells most.
func newEntry(h *trail.Header, raw []byte) Entry {
	r, err := trail.Decode(raw, h)
	if err != nil {
		r = fromHeader(h)
	}
	return entryOf(r, raw)
}

// entryOf keeps what is wanted of a record.
func entryOf(r *trail.Record, raw []byte) Entry {
	u, on := r.UserIdentity, bucketOf(r)
	return Entry{
		Time: r.EventTime.UTC().Truncate(time.Second), Name: clip(r.EventName), Source: clip(r.EventSource), Region: clip(r.AWSRegion),
		Account: clip(r.RecipientAccountID), UserName: clip(replay.Shown(r)), ARN: clip(u.ARN), Type: clip(u.Type),
		CallerAccount: clip(u.AccountID), PrincipalID: clip(u.PrincipalID), AccessKeyID: clip(u.AccessKeyID), InvokedBy: clip(u.InvokedBy),
		SourceIdentity: clip(u.SourceIdentity), MFA: clip(u.MFAAuthenticated), Console: fromConsole(raw),
		Address: clip(r.SourceIPAddress), Agent: clip(r.UserAgent), Error: clip(r.ErrorCode), ErrorMessage: clip(r.ErrorMessage),
		Bucket: clip(on), Target: clip(targetOf(r, on)), ID: clip(r.EventID),
	}
}

func fromHeader(h *trail.Header) *trail.Record {
	r := &trail.Record{
		EventSource: string(h.Source), EventName: string(h.Name), AWSRegion: string(h.Region), SourceIPAddress: string(h.Address),
		UserAgent: string(h.Agent), ErrorCode: string(h.Error), EventID: string(h.EventID), RecipientAccountID: string(h.RecipientAccountID),
		UserIdentity: trail.UserIdentity{Type: string(h.Type), PrincipalID: string(h.PrincipalID), ARN: string(h.ARN), AccountID: string(h.AccountID),
			UserName: string(h.UserName), InvokedBy: string(h.InvokedBy), AccessKeyID: strings.Trim(string(h.AccessKeyID), `"`)},
	}
	if seconds, _, ok := trail.ParseTime(h.Time); ok {
		r.EventTime = unix(seconds)
	}
	return r
}

// fromConsole tells that the credentials of a call came from a console session
// (AWS page "CloudTrail record contents", sessionCredentialFromConsole).
func fromConsole(raw []byte) bool {
	value, ok := textMember(raw, `"sessionCredentialFromConsole"`)
	return ok && string(value) == "true"
}

// maxText bounds every text that is kept: a key of S3 has 1,024 bytes.
const maxText = 1200

func clip(s string) string {
	if len(s) <= maxText {
		return s
	}
	end := maxText
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return strings.Clone(s[:end]) + "… (cut)"
}

// bucketOf is the bucket that a call was made on.
func bucketOf(r *trail.Record) string {
	if names := r.Param("bucketName"); len(names) > 0 {
		if _, tail, ok := strings.Cut(names[0], ":::"); ok && strings.HasPrefix(names[0], "arn:") {
			return tail
		}
		return names[0]
	}
	for _, res := range r.Resources {
		if _, name, ok := strings.Cut(res.ARN, ":::"); ok && res.Type == "AWS::S3::Bucket" {
			return name
		}
	}
	return ""
}

// targetParams are the parameters that name what a call is about, the most
// telling first.
var targetParams = []string{
	"key", "userName", "roleName", "roleArn", "groupName", "instanceProfileName", "policyName", "policyArn", "accessKeyId", "secretId", "functionName",
	"dBInstanceIdentifier", "snapshotId", "volumeId", "trailName", "trailArn", "groupId", "keyName", "name", "keyId", "resourceArn", "s3BucketName",
}

// targetOf is what a call is about beside the bucket.
func targetOf(r *trail.Record, bucket string) string {
	for _, param := range targetParams {
		if text, ok := r.RequestParameters[param].(string); ok && text != "" && text != bucket {
			return text
		}
	}
	if strings.Contains(r.EventName, "Instance") || r.EventSource == "ec2.amazonaws.com" {
		for _, from := range []map[string]any{r.RequestParameters, r.ResponseElements} {
			if id, ok := trail.Leaf(from, "instanceId"); ok {
				if text, ok := id.(string); ok {
					return text
				}
			}
		}
	}
	return ""
}

// texts keeps one copy of each text that many entries share.
type texts map[string]string

// maxTexts bounds the texts that are kept once.
const maxTexts = 1 << 16

func (t texts) share(e *Entry) {
	for _, s := range []*string{
		&e.Name, &e.Source, &e.Region, &e.Account, &e.UserName, &e.ARN, &e.Type, &e.CallerAccount, &e.PrincipalID, &e.AccessKeyID, &e.InvokedBy,
		&e.SourceIdentity, &e.MFA, &e.Address, &e.Agent, &e.Error, &e.ErrorMessage, &e.Bucket,
	} {
		have, ok := t[*s]
		if !ok {
			if len(t) >= maxTexts {
				clear(t)
			}
			have = *s
			t[have] = have
		}
		*s = have
	}
}

// compareEntries is the order of a timeline. It tells any two entries apart
// that differ in anything.
func compareEntries(a, b *Entry) int {
	if c := a.Time.Compare(b.Time); c != 0 {
		return c
	}
	if c := cmp.Compare(a.ID, b.ID); c != 0 {
		return c
	}
	return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Error, b.Error),
		cmp.Compare(a.ARN, b.ARN), cmp.Compare(a.Address, b.Address), cmp.Compare(a.Bucket, b.Bucket), cmp.Compare(a.Target, b.Target),
		cmp.Compare(a.Account, b.Account), cmp.Compare(a.Region, b.Region), cmp.Compare(a.Agent, b.Agent), cmp.Compare(a.UserName, b.UserName),
		cmp.Compare(a.AccessKeyID, b.AccessKeyID), cmp.Compare(a.ErrorMessage, b.ErrorMessage), cmp.Compare(a.Source, b.Source),
		cmp.Compare(a.Type, b.Type), cmp.Compare(a.CallerAccount, b.CallerAccount), cmp.Compare(a.PrincipalID, b.PrincipalID),
		cmp.Compare(a.InvokedBy, b.InvokedBy), cmp.Compare(a.SourceIdentity, b.SourceIdentity), cmp.Compare(a.MFA, b.MFA))
}

// joinEntries chooses one of the copies of a record.
func joinEntries(a, b *Entry) *Entry {
	if c := compareEntries(a, b); c < 0 || c == 0 && !b.Console {
		return a
	}
	return b
}

// Service is the name of the service without its domain.
func (e *Entry) Service() string { return strings.TrimSuffix(e.Source, ".amazonaws.com") }

// Failed reports a call that was refused or failed. CloudTrail writes a failed
// sign-in without an error code; its message tells.
func (e *Entry) Failed() bool { return e.Error != "" || e.ErrorMessage != "" }

// readVerbs begin the names of calls that change nothing.
var readVerbs = []string{"Get", "List", "Describe", "Head", "Lookup", "BatchGet", "Search", "Select", "Query", "Scan", "View", "Detect", "Check", "Simulate", "Test", "Validate", "Preview"}

// tellsSecrets are reads that hand out what others must not have.
var tellsSecrets = map[string]bool{
	"GetSecretValue": true, "GetPasswordData": true, "GetSessionToken": true, "GetFederationToken": true, "GetParametersByPath": true, "GetParameters": true, "GetParameter": true,
	"GetAuthorizationToken": true,
}

// Reads reports a call that only looks.
func Reads(name string) bool {
	if tellsSecrets[name] {
		return false
	}
	for _, verb := range readVerbs {
		if strings.HasPrefix(name, verb) {
			return true
		}
	}
	return false
}
