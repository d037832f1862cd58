// SPDX-License-Identifier: Apache-2.0

package investigate

import (
	"cmp"
	"encoding/json"
	"strings"

	"github.com/cespare/xxhash/v2"

	"github.com/bucketlid/bucketlid/replay"
	"github.com/bucketlid/bucketlid/trail"
)

// sessionCalls are the calls that issue temporary credentials (AWS page
// "Logging IAM and AWS STS API calls with AWS CloudTrail").
var sessionCalls = map[string]bool{
	"AssumeRole": true, "AssumeRoleWithSAML": true, "AssumeRoleWithWebIdentity": true, "AssumeRoot": true,
	"GetFederationToken": true, "GetSessionToken": true,
}

// Session is one issue of temporary credentials: who got which, by whom.
type Session struct {
	AccessKeyID    string `json:"accessKeyId"` // that was issued
	ARN            string `json:"arn"`         // of the session
	By             string `json:"by"`          // the caller: an ARN, a service, or the user of an identity provider
	ByName         string `json:"byName"`      // the caller as it is shown
	ByKey          string `json:"byAccessKeyId,omitempty"`
	Service        bool   `json:"service,omitempty"` // an AWS service got them, for a workload
	Provider       string `json:"identityProvider,omitempty"`
	SourceIdentity string `json:"sourceIdentity,omitempty"`
	Call           string `json:"eventName"`
	Address        string `json:"sourceIPAddress"`
	ID             string `json:"eventID"`
	at             int64
}

// maxSessions bounds the sessions that are remembered, maxWorkloads those that
// AWS services made for workloads: they are by far the most, and end a chain.
const (
	maxSessions  = 1 << 17
	maxWorkloads = 1 << 15
)

// sessions remembers who was given which credentials, of all that were seen.
type sessions struct {
	people, workloads kept[*Session]
}

func newSessions() sessions {
	return sessions{newKept[*Session](maxSessions), newKept[*Session](maxWorkloads)}
}

// note takes a call that issued credentials.
func (s *sessions) note(h *trail.Header, raw []byte, seconds int64) {
	var reply struct {
		Credentials struct {
			AccessKeyID string `json:"accessKeyId"`
		} `json:"credentials"`
		AssumedRoleUser struct {
			ARN string `json:"arn"`
		} `json:"assumedRoleUser"`
		FederatedUser struct {
			ARN string `json:"arn"`
		} `json:"federatedUser"`
		SourceIdentity string `json:"sourceIdentity"`
	}
	if json.Unmarshal(h.Response, &reply) != nil || reply.Credentials.AccessKeyID == "" {
		return
	}
	// The header tells enough: decoding whole takes ten times as long, and in
	// a busy account every tenth record is such a call.
	r := fromHeader(h)
	provider, _ := textMember(raw, `"identityProvider"`)
	behind, _ := textMember(raw, `"sourceIdentity"`)
	one := &Session{
		AccessKeyID: clip(reply.Credentials.AccessKeyID), ARN: clip(cmp.Or(reply.AssumedRoleUser.ARN, reply.FederatedUser.ARN, string(h.ARN))),
		By: clip(caller(h)), ByName: clip(replay.Shown(r)), ByKey: clip(r.UserIdentity.AccessKeyID), Service: string(h.Type) == "AWSService",
		Provider: clip(string(provider)), SourceIdentity: clip(cmp.Or(reply.SourceIdentity, string(behind))), Call: clip(r.EventName),
		Address: clip(r.SourceIPAddress), ID: clip(r.EventID), at: seconds,
	}
	s.put(one)
}

func (s *sessions) put(one *Session) {
	of := &s.people
	if one.Service {
		of = &s.workloads
	}
	of.put(xxhash.Sum64String(one.AccessKeyID+"\x00"+one.ARN), one, joinSessions)
}

// joinSessions chooses one of the copies of a record.
func joinSessions(a, b *Session) *Session {
	if cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.ID, b.ID), cmp.Compare(a.By, b.By), cmp.Compare(a.Address, b.Address), cmp.Compare(a.ByKey, b.ByKey),
		cmp.Compare(a.Call, b.Call), cmp.Compare(a.Provider, b.Provider), cmp.Compare(a.SourceIdentity, b.SourceIdentity), cmp.Compare(a.ByName, b.ByName)) <= 0 {
		return a
	}
	return b
}

func (s *sessions) merge(other *sessions) {
	s.people.merge(&other.people, joinSessions)
	s.workloads.merge(&other.workloads, joinSessions)
}

func (s *sessions) settle() {
	s.people.shrink()
	s.workloads.shrink()
}

func (s *sessions) dropped() bool { return s.people.dropped || s.workloads.dropped }

// Origin says in words where a session came from.
func (s *Session) Origin() string {
	text := s.ByName
	if s.ByKey != "" {
		text += " (key " + s.ByKey + ")"
	}
	if s.Provider != "" {
		text += " signed in by " + s.Provider
	}
	if s.SourceIdentity != "" && s.SourceIdentity != s.ByName {
		text += ", source identity " + s.SourceIdentity
	}
	if s.Address != "" && s.Address != s.ByName {
		text += " from " + s.Address
	}
	return text
}

// Name is the session as role/session.
func (s *Session) Name() string { return shortARN(s.ARN) }

// shortARN is the part of an ARN that people say: role/session, or a name.
func shortARN(arn string) string {
	if _, rest, ok := strings.Cut(arn, ":assumed-role/"); ok {
		return rest
	}
	if strings.HasPrefix(arn, "arn:") {
		return arn[strings.LastIndexAny(arn, "/:")+1:]
	}
	return arn
}
