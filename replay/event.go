// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"regexp"
	"strings"

	"github.com/bucketlid/bucketlid/bucket"
	"github.com/bucketlid/bucketlid/trail"
)

// newChange starts a change from what every record tells: who, when, which
// bucket and account, and what became of the call.
func newChange(r *trail.Record, slot bucket.Slot) *bucket.Change {
	return &bucket.Change{
		Event: newEvent(r), Outcome: outcome(r.ErrorCode), Slot: slot,
		Account: ownerAccount(r), Region: bucketRegion(r), Bucket: bucketName(r),
	}
}

func newEvent(r *trail.Record) *bucket.Event {
	u := r.UserIdentity
	return &bucket.Event{
		ID: r.EventID, Time: r.EventTime.UTC().Truncate(1e9), Name: r.EventName, Region: r.AWSRegion,
		UserName: Shown(r), ARN: u.ARN, Type: u.Type, PrincipalID: u.PrincipalID, AccountID: u.AccountID,
		AccessKeyID: u.AccessKeyID, InvokedBy: u.InvokedBy, SourceIPAddress: r.SourceIPAddress,
		UserAgent: r.UserAgent, ErrorCode: r.ErrorCode, ErrorMessage: r.ErrorMessage,
		SourceIdentity: u.SourceIdentity, IssuerARN: u.Issuer.ARN, MFA: u.MFAAuthenticated, VPCEndpointID: r.VPCEndpointID,
		RequestID: markedRequest(r),
	}
}

// markedRequest is AWS's id of a request whose user agent bears this program's
// mark. That of others is not kept: nothing asks for it.
func markedRequest(r *trail.Record) string {
	if !strings.Contains(r.UserAgent, bucket.AgentMark) {
		return ""
	}
	return r.RequestID
}

// Shown is the name under which a record's caller is shown (semantics E.1).
func Shown(r *trail.Record) string {
	u := r.UserIdentity
	switch u.Type {
	case "Root":
		return "root (" + u.AccountID + ")"
	case "AWSService":
		return u.InvokedBy
	case "AssumedRole", "Role":
		return shownSession(u)
	case "AWSAccount":
		if Anonymous(u.AccountID) {
			return "anonymous"
		}
		return "account " + u.AccountID + sessionSuffix(u.PrincipalID)
	case "IdentityCenterUser":
		return u.OnBehalfOfUserID
	}
	switch {
	case u.UserName != "":
		return u.UserName
	case u.ARN != "":
		return tail(u.ARN, "/")
	case u.InvokedBy != "":
		return u.InvokedBy
	case u.PrincipalID != "":
		return u.PrincipalID
	}
	return "unknown"
}

func shownSession(u trail.UserIdentity) string {
	session := tail(u.ARN, "/")
	role := u.Issuer.UserName
	if role == "" {
		role = tail(strings.TrimSuffix(u.ARN, "/"+session), "/")
	}
	switch {
	case strings.Contains(session, "@"), role == "":
		return session
	case session == "":
		return role
	}
	return role + "/" + session
}

func sessionSuffix(principalID string) string {
	if _, session, ok := strings.Cut(principalID, ":"); ok {
		return " · " + session
	}
	return ""
}

// tail is the part of s after the last separator.
func tail(s, separator string) string {
	if i := strings.LastIndex(s, separator); i >= 0 {
		return s[i+len(separator):]
	}
	return s
}

// Anonymous reports whether an account id stands for an unsigned request:
// "anonymous" (AWS page "Identifying Amazon S3 requests using CloudTrail") or
// the older "ANONYMOUS_PRINCIPAL".
func Anonymous(accountID string) bool {
	return accountID == "anonymous" || accountID == "ANONYMOUS_PRINCIPAL"
}

// unclearCodes are errors after which the call may or may not have taken
// effect (semantics A.5).
var unclearCodes = map[string]bool{
	"InternalError": true, "InternalFailure": true, "ServiceUnavailable": true, "RequestTimeout": true,
	"ServiceException": true, "ServerInternal": true,
}

func outcome(errorCode string) bucket.Outcome {
	if errorCode == "" {
		return bucket.Done
	}
	code := strings.TrimPrefix(strings.TrimPrefix(errorCode, "Client."), "Server.")
	if unclearCodes[code] {
		return bucket.Unclear
	}
	return bucket.Refused
}

// ownerAccount is the account that owns the bucket (semantics A.2).
func ownerAccount(r *trail.Record) string {
	owner := ""
	for _, res := range r.Resources {
		if !strings.HasPrefix(res.Type, "AWS::S3::") || !isAccount(res.AccountID) {
			continue
		}
		if res.Type == "AWS::S3::Bucket" {
			return res.AccountID
		}
		if owner == "" && res.Type != "AWS::S3::AccessPoint" { // which may be another account's
			owner = res.AccountID
		}
	}
	if owner != "" {
		return owner
	}
	if r.RecipientAccountID == "" && isAccount(r.UserIdentity.AccountID) {
		return r.UserIdentity.AccountID
	}
	return r.RecipientAccountID
}

func isAccount(s string) bool {
	if len(s) != 12 {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// bucketName is the bucket that a record is about (semantics A.2).
func bucketName(r *trail.Record) string { return clip(rawBucketName(r)) }

func rawBucketName(r *trail.Record) string {
	alias := ""
	for _, name := range []string{"bucketName", "bucket"} {
		v := first(r.Param(name))
		if _, tail, ok := strings.Cut(v, ":::"); ok && strings.HasPrefix(v, "arn:") {
			v = tail
		}
		if strings.HasPrefix(v, "arn:") || strings.HasSuffix(v, "-s3alias") {
			alias = v // of an access point; the resources name the bucket
		} else if v != "" {
			return v
		}
	}
	for _, res := range r.Resources {
		if _, name, _ := strings.Cut(res.ARN, ":::"); res.Type == "AWS::S3::Bucket" && name != "" {
			return name
		}
	}
	if alias != "" {
		return alias
	}
	name, _ := fromHost(r)
	return name
}

func bucketRegion(r *trail.Record) string {
	if _, region := fromHost(r); region != "" {
		return region
	}
	return r.AWSRegion
}

// hostForm is the Host of a request to a bucket, virtual-hosted or not:
// [<bucket>.]s3[.-]<region>.amazonaws.com, with the marks of dual-stack, FIPS,
// website and accelerated endpoints. The bucket may itself hold ".s3.".
var hostForm = regexp.MustCompile(`^(?:(.+)\.)?s3(?:-website|-fips|-accelerate|-external-1)?(?:\.dualstack)?(?:[.-]([a-z]{2}(?:-[a-z]+)+-[0-9]+))?$`)

// fromHost reads bucket and Region off a Host header.
func fromHost(r *trail.Record) (name, region string) {
	hosts := r.Param("Host")
	if len(hosts) == 0 {
		return "", ""
	}
	host, ok := strings.CutSuffix(strings.TrimSuffix(strings.ToLower(hosts[0]), ".cn"), ".amazonaws.com")
	if m := hostForm.FindStringSubmatch(host); ok && m != nil {
		return m[1], m[2]
	}
	return "", ""
}

// controlAccount is the account of an s3control call: the first label of its Host.
func controlAccount(r *trail.Record) string {
	if hosts := r.Param("Host"); len(hosts) > 0 {
		if account, _, ok := strings.Cut(hosts[0], ".s3-control"); ok && isAccount(account) {
			return account
		}
	}
	return r.RecipientAccountID
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}
