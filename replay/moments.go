// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/bucketlid/bucketlid/trail"
)

// MomentKind says why a call is worth remembering beside a change of exposure.
type MomentKind string

// The kinds of moments.
const (
	Failure   MomentKind = "failed-call"     // any call that was refused or failed
	Identity  MomentKind = "identity-change" // users, roles, their rights and secrets
	Key       MomentKind = "key-creation"    // new credentials
	Blinding  MomentKind = "logging-stopped" // logs or detectors switched off or narrowed
	SignIn    MomentKind = "sign-in"         // at the console
	Discovery MomentKind = "discovery"       // looking around, as after a theft of keys
)

// momentCalls are the calls worth remembering whatever came of them (the
// tactics that AWS's "Amazon GuardDuty finding types" names for principals).
var momentCalls = map[string]MomentKind{
	"CreateAccessKey": Key, "CreateLoginProfile": Key, "UpdateLoginProfile": Key, "CreateServiceSpecificCredential": Key,
	"UpdateAccessKey": Key, "GetFederationToken": Key, "CreateVirtualMFADevice": Key,

	"CreateUser": Identity, "CreateRole": Identity, "DeleteUser": Identity, "DeleteRole": Identity, "AddUserToGroup": Identity,
	"AttachUserPolicy": Identity, "AttachRolePolicy": Identity, "AttachGroupPolicy": Identity,
	"PutUserPolicy": Identity, "PutRolePolicy": Identity, "PutGroupPolicy": Identity,
	"UpdateAssumeRolePolicy": Identity, "CreatePolicyVersion": Identity, "SetDefaultPolicyVersion": Identity,
	"DeactivateMFADevice": Identity, "DeleteVirtualMFADevice": Identity, "DeleteAccessKey": Identity,
	"DeleteUserPermissionsBoundary": Identity, "DeleteRolePermissionsBoundary": Identity, "CreateSAMLProvider": Identity,
	"CreateOpenIDConnectProvider": Identity, "LeaveOrganization": Identity,

	"StopLogging": Blinding, "DeleteTrail": Blinding, "UpdateTrail": Blinding, "PutEventSelectors": Blinding,
	"DeleteFlowLogs": Blinding, "DeleteDetector": Blinding, "UpdateDetector": Blinding, "DisassociateFromMasterAccount": Blinding,
	"StopConfigurationRecorder": Blinding, "DeleteConfigurationRecorder": Blinding, "DeleteDeliveryChannel": Blinding,
	"DeleteConfigRule": Blinding, "DisableSecurityHub": Blinding, "DeleteLogGroup": Blinding, "DeleteEventDataStore": Blinding,
	"DisableRule": Blinding, "DeleteRule": Blinding, "DeleteAnalyzer": Blinding, "PutBucketLogging": Blinding,

	"ConsoleLogin": SignIn, "SwitchRole": SignIn, "PasswordRecoveryRequested": SignIn,

	"GetCallerIdentity": Discovery, "ListAccessKeys": Discovery, "GetAccountAuthorizationDetails": Discovery,
	"SimulatePrincipalPolicy": Discovery, "ListAttachedUserPolicies": Discovery, "GetAccountSummary": Discovery,
}

// Moment is what one principal did of note, in the same way, within one hour.
type Moment struct {
	Kind    MomentKind
	Name    string // the call
	Error   string // why it failed; "" where it did not
	Address string // of the first
	EventID string // of the first
	Seen    Tally
}

// momentKey tells the moments of one principal apart.
type momentKey struct {
	name, err string
	hour      int64
}

type moments map[momentKey]*Moment

// maxMoments bounds the moments of one principal. Those beyond are chosen by
// hash: a principal with so many has failures all day.
const maxMoments = 512

// note keeps a call of note.
func (b *Baseline) note(t *tuple, h *trail.Header, id uint64, seconds int64) {
	of, ok := b.moments[t.principal]
	if !ok {
		of = moments{}
		b.moments[t.principal] = of
	}
	if have, ok := of[momentKey{string(h.Name), string(h.Error), seconds / 3600}]; ok && seconds > have.Seen.First {
		have.Seen.add(id, seconds) // later than the first: nothing else changes
		return
	}
	m := &Moment{Kind: t.note, Name: b.text(h.Name), Error: b.text(h.Error), Address: string(h.Address), EventID: string(h.EventID)}
	m.Seen.add(id, seconds)
	of.add(m)
}

func (m moments) add(one *Moment) {
	key := momentKey{one.Name, one.Error, one.Seen.First / 3600}
	have, ok := m[key]
	if !ok {
		m[key] = one
		if len(m) > 2*maxMoments {
			m.settle()
		}
		return
	}
	if cmp.Or(cmp.Compare(one.Seen.First, have.Seen.First), cmp.Compare(one.EventID, have.EventID)) < 0 {
		have.Address, have.EventID = one.Address, one.EventID
	}
	have.Seen.merge(&one.Seen)
}

// settle keeps the maxMoments moments of smallest hash: a choice that depends
// on the set alone.
func (m moments) settle() {
	if len(m) <= maxMoments {
		return
	}
	type ranked struct {
		momentKey
		rank uint64
	}
	keys := make([]ranked, 0, len(m))
	for k := range m {
		keys = append(keys, ranked{k, xxhash.Sum64String(k.name+"\x00"+k.err) ^ uint64(k.hour)*0x9e3779b97f4a7c15})
	}
	slices.SortFunc(keys, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.name, b.name), cmp.Compare(a.err, b.err), cmp.Compare(a.hour, b.hour))
	})
	for _, k := range keys[maxMoments:] {
		delete(m, k.momentKey)
	}
}

func (b *Baseline) mergeMoments(other *Baseline) {
	for who, of := range other.moments {
		have, ok := b.moments[who]
		if !ok {
			b.moments[who] = of
			continue
		}
		for _, m := range of {
			have.add(m)
		}
	}
	for key, seconds := range other.keys {
		b.seenKey(key, seconds)
	}
}

// Moments lists what a principal (by its PrincipalKey) did of note that begins
// between two times, in order.
func (b *Baseline) Moments(principal string, from, to time.Time) []Moment {
	var out []Moment
	for _, m := range b.moments[principal] {
		if m.Seen.First >= from.Unix() && m.Seen.First <= to.Unix() {
			out = append(out, *m)
		}
	}
	slices.SortFunc(out, func(a, b Moment) int {
		return cmp.Or(cmp.Compare(a.Seen.First, b.Seen.First), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Error, b.Error), cmp.Compare(a.EventID, b.EventID))
	})
	return out
}

// longTerm begins the id of an access key of a user: those of sessions are new
// with every session (IAM User Guide, "Unique ID prefixes").
var longTerm = []byte(`"AKIA`)

func (b *Baseline) noteKey(h *trail.Header, seconds int64) {
	if !bytes.HasPrefix(h.AccessKeyID, longTerm) || len(h.AccessKeyID) > 130 {
		return
	}
	if have, ok := b.keys[string(h.AccessKeyID)]; !ok || seconds < have {
		b.keys[string(h.AccessKeyID)] = seconds
	}
}

func (b *Baseline) seenKey(quoted string, seconds int64) {
	if have, ok := b.keys[quoted]; !ok || seconds < have {
		b.keys[quoted] = seconds
	}
}

// KeySince is when a long-term access key was first seen; ok is false for keys
// of sessions, and for keys that were not seen.
func (b *Baseline) KeySince(accessKeyID string) (first time.Time, ok bool) {
	seconds, ok := b.keys[`"`+strings.Trim(accessKeyID, `"`)+`"`]
	return time.Unix(seconds, 0).UTC(), ok
}
