// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"testing"
	"time"

	"github.com/bucketlid/bucketlid/exposure"
)

// An address is not usual because of what whoever opened the bucket did from it
// himself, nor by what failed, what anybody can cause, or what others did.
func TestAddressIsNotPrimed(t *testing.T) {
	const (
		other   = "arn:aws:iam::777700001111:user/gus" // of the same organization in the context file
		foreign = "arn:aws:iam::888800001111:user/eve" // of another
	)
	week := days(7, deedRecord{})
	opened := []string{before10(0, deedRecord{address: elsewhere})}
	on := func(n int, d deedRecord) []string {
		d.address = elsewhere
		return lines(week, days(n, d), opened)
	}
	burst := func(d deedRecord) []string {
		d.address = elsewhere
		out := lines(week, opened)
		for i := range 12 {
			out = append(out, before10(time.Duration(50*60+i)*time.Minute, d))
		}
		return out
	}
	const never = "nobody of the organization worked from it before that day"
	checkEvidence(t, sourceIP, []evidenceCase{
		{name: "calls of one day", change: from(elsewhere), log: burst(deedRecord{}), side: "yes", saying: "on one day before, 2026-02-28"},
		{name: "calls of three days", change: from(elsewhere), log: on(3, deedRecord{}), side: "yes", saying: "the caller alone works from it, and only since 2026-02-27: until then he worked from other addresses, on 4 days"},
		{name: "calls of two days", change: from(elsewhere), log: on(2, deedRecord{}), side: "no", saying: "the caller worked from it on 2 days before"},
		{name: "a colleague's calls", change: from(elsewhere), log: on(3, deedRecord{arn: bob.ARN}), side: "no!", saying: "worked from on 3 days before since 2026-02-27, by 1 principal of the organization"},
		{name: "a colleague's calls of one day", change: from(elsewhere), log: on(1, deedRecord{arn: bob.ARN}), side: "missing", saying: "too little to call it usual or odd"},
		{name: "failed calls", change: from(elsewhere), log: on(6, deedRecord{err: "AccessDenied"}), side: "yes!", saying: never},
		{name: "sign-ins, which bear no error code when they fail", change: from(elsewhere), log: on(6, deedRecord{name: "ConsoleLogin"}), side: "yes!", saying: never},
		{name: "unsigned requests", change: from(elsewhere), log: on(6, deedRecord{arn: anonymous, name: "GetObject"}), side: "yes!", saying: never},
		{name: "a stranger's calls", change: from(elsewhere), log: on(6, deedRecord{arn: foreign}), side: "yes!", saying: never},
		{name: "calls of the same morning", change: from(elsewhere), log: lines(week, opened, []string{before10(9*time.Hour, deedRecord{address: elsewhere}), before10(5*time.Hour, deedRecord{address: elsewhere})}), side: "yes!", saying: "first seen 9 hours before"},
		{name: "calls afterwards", change: from(elsewhere), log: lines(week, opened, []string{before10(-time.Hour, deedRecord{address: elsewhere}), before10(-30*time.Hour, deedRecord{address: elsewhere}), before10(-60*time.Hour, deedRecord{address: elsewhere})}),
			side: "yes!", saying: "not seen before"},
		{name: "requests for objects, which presigned URLs make", change: from(elsewhere), log: on(6, deedRecord{name: "GetObject"}), side: "missing", saying: "anybody who has a presigned URL"},
		{name: "an account of the same organization", context: "trusted_accounts: []\n", change: from(elsewhere), log: on(3, deedRecord{arn: other}), side: "no!", saying: "by 1 principal of the organization"},
		{name: "another organization's account, whose trail was read too", context: "trusted_accounts: []\n", change: from(elsewhere), log: on(6, deedRecord{arn: foreign, account: "888800001111"}), side: "yes!", saying: never},
		{name: "another account whose trail was read, without a context file", change: from(elsewhere), log: on(3, deedRecord{arn: foreign, account: "888800001111"}), side: "no!", saying: "by 1 principal"},
		{name: "failed calls of a neighbour", change: from("203.0.113.99"), log: days(7, deedRecord{err: "AccessDenied"}), absent: "other address"},
		{name: "a neighbour of one day", change: from("203.0.113.99"), log: days(1, deedRecord{}), absent: "other address"},
		{name: "since a few days only, in long records", change: from(elsewhere), log: lines(days(20, deedRecord{}), days(4, deedRecord{address: elsewhere}), opened),
			side: "yes", saying: "the caller alone works from it, and only since 2026-02-26"},
		{name: "for more than a week", change: from(elsewhere), log: lines(days(20, deedRecord{}), days(9, deedRecord{address: elsewhere}), opened), side: "no!", saying: "the caller's own address: worked from on 9 days before"},
		{name: "since the records begin", change: from(elsewhere), log: lines(days(5, deedRecord{address: elsewhere}), opened), side: "no!", saying: "the caller's own address: worked from on 5 days before", absent: "only since"},
		{name: "a colleague's too", change: from(elsewhere), log: on(3, deedRecord{arn: bob.ARN}), absent: "only since"},
	})
}

// All sessions of a role are one principal, but for those that IAM Identity
// Center names; and a session's name alone proves nobody.
func TestSessionsOfARole(t *testing.T) {
	const (
		role   = "arn:aws:sts::111122223333:assumed-role/ops"
		center = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Ops_0a1b2c3d4e5f6789"
		mails  = "principals: [{match: \"*@acme.example\", role: devops, changes_s3: true}]\n"
		worker = "changing S3 settings is their work"
	)
	by := func(arn string) func(*Alert) {
		return func(a *Alert) {
			a.OpenedBy = &exposure.Actor{ARN: arn, AccountID: "111122223333", Type: "AssumedRole", UserName: arn, EventName: a.OpenedBy.EventName, EventTime: a.OpenedBy.EventTime, SourceIPAddress: office}
		}
	}
	user := func(name string) func(*Alert) {
		return all(by("arn:aws:iam::111122223333:user/"+name), func(a *Alert) { a.OpenedBy.Type, a.OpenedBy.UserName = "IAMUser", name })
	}
	failed := func(arn string) []string {
		return lines(days(7, deedRecord{arn: role + "/amy"}), days(7, deedRecord{arn: center + "/amy@acme.example"}), calls3(deedRecord{arn: arn, name: "CreateUser", err: "AccessDenied"}))
	}
	checkEvidence(t, userBehaviour, []evidenceCase{
		{name: "a new session of a known role", change: by(role + "/mallory"), log: days(7, deedRecord{arn: role + "/amy"}), absent: "the caller was"},
		{name: "a new person of a role", change: by(center + "/mallory@acme.example"), log: lines(days(7, deedRecord{arn: center + "/amy@acme.example"}), []string{before10(0, deedRecord{arn: center + "/mallory@acme.example"})}), side: "yes!", saying: "the caller was not seen before", signs: 1},
		{name: "failures of another session", change: by(role + "/amy"), log: failed(role + "/eve"), side: "yes!", saying: "3 failed calls", signs: 1},
		{name: "failures of another person", change: by(center + "/amy@acme.example"), log: failed(center + "/eve@acme.example"), absent: "failed calls"},
		{name: "a session called like a person", context: mails, change: by(role + "/amy@acme.example"), side: "missing", saying: "whoever may assume the role names it as he likes", absent: "devops"},
		{name: "a person's session", context: mails, change: by(center + "/amy@acme.example"), side: "no!", saying: worker},
		{name: "a role called like one of IAM Identity Center", context: mails, change: all(by(center+"/amy@acme.example"), func(a *Alert) {
			a.OpenedBy.IssuerARN = "arn:aws:iam::111122223333:role/AWSReservedSSO_Ops_0a1b2c3d4e5f6789"
		}), absent: "devops"},
		{name: "a role that IAM Identity Center made", context: mails, change: all(by(center+"/amy@acme.example"), func(a *Alert) {
			a.OpenedBy.IssuerARN = "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Ops_0a1b2c3d4e5f6789"
		}), side: "no!", saying: worker},
		{name: "a user called like a person", context: mails, change: user("amy@acme.example"), absent: "devops"},
		{name: "a user that the entry names as one", context: "principals: [{match: \"*:user/*@acme.example\", role: devops, changes_s3: true}]\n", change: user("amy@acme.example"), side: "no!", saying: worker},
		{name: "an entry for the role", context: "principals: [{match: ops, role: devops, changes_s3: true}]\n", change: by(role + "/amy@acme.example"), side: "no!", saying: worker},
		{name: "an entry for the role's ARN", context: "principals: [{match: \"arn:aws:iam::111122223333:role/ops\", role: devops, changes_s3: true}]\n", change: by(role + "/amy@acme.example"), side: "no!", saying: worker},
		{name: "an entry for that session of that role", context: "principals: [{match: \"" + role + "/amy@*\", role: devops, changes_s3: true}]\n", change: by(role + "/amy@acme.example"), side: "no!", saying: worker},
	})
}
