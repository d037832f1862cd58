// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"

	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/triage"
)

// ocsfEvidence is a call or a stranger's use behind an alert.
type ocsfEvidence struct {
	Name        string          `json:"name"`
	UID         string          `json:"uid,omitempty"` // the eventID
	Actor       *ocsfActor      `json:"actor,omitempty"`
	API         *ocsfAPI        `json:"api,omitempty"`
	SrcEndpoint *ocsfEndpoint   `json:"src_endpoint,omitempty"`
	HTTPRequest *ocsfHTTP       `json:"http_request,omitempty"`
	Databucket  *ocsfDatabucket `json:"databucket,omitempty"`
	Data        any             `json:"data,omitempty"`
}

type ocsfActor struct {
	User    *ocsfUser    `json:"user,omitempty"`
	Session *ocsfSession `json:"session,omitempty"`
	AppName string       `json:"app_name,omitempty"` // the AWS service that called for the user
}

type ocsfUser struct {
	Name    string       `json:"name,omitempty"`
	UID     string       `json:"uid,omitempty"` // the ARN
	TypeID  int          `json:"type_id"`
	Type    string       `json:"type,omitempty"` // CloudTrail's own word
	Account *ocsfAccount `json:"account,omitempty"`
}

type ocsfSession struct {
	CredentialUID string `json:"credential_uid"`
}

type ocsfAPI struct {
	Operation string      `json:"operation"`
	Service   ocsfService `json:"service"`
}

type ocsfService struct {
	Name string `json:"name"`
}

type ocsfEndpoint struct {
	IP      string `json:"ip,omitempty"`
	SvcName string `json:"svc_name,omitempty"`
}

type ocsfHTTP struct {
	UserAgent string `json:"user_agent"`
}

type ocsfDatabucket struct {
	Name     string `json:"name"`
	UID      string `json:"uid"`
	TypeID   int    `json:"type_id"`
	Type     string `json:"type"`
	Region   string `json:"region,omitempty"`
	IsPublic *bool  `json:"is_public,omitempty"`
}

type ocsfResource struct {
	UID       string    `json:"uid"`
	Name      string    `json:"name,omitempty"`
	Type      string    `json:"type"`
	Region    string    `json:"region,omitempty"`
	Partition string    `json:"cloud_partition"`
	Owner     *ocsfUser `json:"owner,omitempty"`
}

// ocsfSeen is an observable: what analysts look up elsewhere.
type ocsfSeen struct {
	Name   string `json:"name"` // where it stands in the finding
	TypeID int    `json:"type_id"`
	Type   string `json:"type"`
	Value  string `json:"value"`
}

func ocsfEvidences(a *triage.Alert) []ocsfEvidence {
	bucket := ocsfBucket(a)
	var out []ocsfEvidence
	if a.OpenedBy != nil {
		out = append(out, ocsfCall(openedBy(a), a.OpenedBy, bucket))
	}
	if a.ClosedBy != nil {
		out = append(out, ocsfCall("Closed by", a.ClosedBy, bucket))
	}
	if len(out) == 0 && bucket != nil {
		out = append(out, ocsfEvidence{Name: "The settings of the bucket", Databucket: bucket})
	}
	for i := range a.AccessSeen.Strangers {
		s := &a.AccessSeen.Strangers[i]
		e := ocsfEvidence{Name: "Used by a stranger", SrcEndpoint: ocsfSource(s.SourceIPAddress), Databucket: bucket, Data: s}
		if s.Account != "" && s.Account != "anonymous" {
			e.Actor = &ocsfActor{User: &ocsfUser{TypeID: 0, Account: ocsfAccountOf(s.Account)}}
		}
		out = append(out, e)
	}
	return append(out, ocsfElsewhere(a)...)
}

// ocsfElsewhere is what other services said, as they said it.
func ocsfElsewhere(a *triage.Alert) []ocsfEvidence {
	var out []ocsfEvidence
	for i := range a.Elsewhere {
		out = append(out, ocsfEvidence{Name: "Said by " + a.Elsewhere[i].Service, UID: a.Elsewhere[i].ID, Data: &a.Elsewhere[i]})
	}
	return out
}

func ocsfCall(name string, by *exposure.Actor, bucket *ocsfDatabucket) ocsfEvidence {
	e := ocsfEvidence{Name: name, UID: by.EventID, Actor: ocsfActorOf(by), SrcEndpoint: ocsfSource(by.SourceIPAddress), Databucket: bucket}
	if by.EventName != "" {
		e.API = &ocsfAPI{by.EventName, ocsfService{"s3.amazonaws.com"}}
	}
	if by.UserAgent != "" {
		e.HTTPRequest = &ocsfHTTP{by.UserAgent}
	}
	if e.Actor == nil && e.API == nil && e.SrcEndpoint == nil && bucket == nil {
		e.Data = by
	}
	return e
}

func ocsfActorOf(by *exposure.Actor) *ocsfActor {
	actor := &ocsfActor{AppName: by.InvokedBy}
	if by.UserName != "" || by.ARN != "" || by.AccountID != "" {
		actor.User = &ocsfUser{Name: by.UserName, UID: by.ARN, TypeID: ocsfUserType(by.Type), Type: by.Type, Account: ocsfAccountOf(by.AccountID)}
	}
	if by.AccessKeyID != "" {
		actor.Session = &ocsfSession{by.AccessKeyID}
	}
	if actor.User == nil && actor.Session == nil && actor.AppName == "" {
		return nil
	}
	return actor
}

// ocsfUserType is User, Admin or System where CloudTrail's type of identity is
// one of them; 99 is Other, whose name then stands in type.
func ocsfUserType(identity string) int {
	switch identity {
	case "":
		return 0
	case "IAMUser", "IdentityCenterUser":
		return 1
	case "Root":
		return 2
	case "AWSService":
		return 3
	}
	return 99
}

func ocsfSource(address string) *ocsfEndpoint {
	switch {
	case address == "":
		return nil
	case isAddress(address):
		return &ocsfEndpoint{IP: address}
	}
	return &ocsfEndpoint{SvcName: address}
}

// ocsfBucket says public only where it is known to be so now: a shut route does
// not prove that no other is open, and OCSF has no word for not known.
func ocsfBucket(a *triage.Alert) *ocsfDatabucket {
	if a.Bucket == "" {
		return nil
	}
	b := &ocsfDatabucket{Name: a.Bucket, UID: bucketARN(a, ""), TypeID: 1, Type: "S3", Region: a.Region}
	if isOpen(a) {
		yes := true
		b.IsPublic = &yes
	}
	return b
}

func ocsfResources(a *triage.Alert) []ocsfResource {
	partition := partitionOf(a.Region)
	var owner *ocsfUser
	if account := ocsfAccountOf(a.Account); account != nil {
		owner = &ocsfUser{TypeID: 0, Account: account}
	}
	var out []ocsfResource
	add := func(uid, name, kind string) {
		out = append(out, ocsfResource{uid, name, kind, a.Region, partition, owner})
	}
	if a.Bucket != "" {
		add(bucketARN(a, ""), a.Bucket, "AWS::S3::Bucket")
	}
	for _, key := range keysOf(a) {
		add(bucketARN(a, key), key, "AWS::S3::Object")
	}
	if a.AccessPoint != "" {
		add(a.AccessPoint, "", "AWS::S3::AccessPoint")
	}
	if len(out) == 0 && a.Account != "" {
		add("AWS::::Account:"+a.Account, "", "AWS::::Account")
	}
	return out
}

func ocsfObservables(a *triage.Alert) []ocsfSeen {
	var out []ocsfSeen
	if isAddress(a.SourceIPAddress) {
		out = append(out, ocsfSeen{"evidences[].src_endpoint.ip", 2, "IP Address", a.SourceIPAddress})
	}
	for _, s := range a.AccessSeen.Strangers {
		if isAddress(s.SourceIPAddress) {
			out = append(out, ocsfSeen{"evidences[].src_endpoint.ip", 2, "IP Address", s.SourceIPAddress})
		}
	}
	if name := cmp.Or(a.UserName, opener(a).ARN); name != "" {
		out = append(out, ocsfSeen{"evidences[].actor.user.name", 4, "User Name", name})
	}
	if a.Bucket != "" {
		out = append(out, ocsfSeen{"resources[].uid", 10, "Resource UID", bucketARN(a, "")})
	}
	return out
}
