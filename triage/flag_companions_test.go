// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"testing"
	"time"

	"github.com/bucketlid/bucketlid/exposure"
)

// What the caller did that day, what he calls himself, and who came with him.
func TestTheDayOfTheOpening(t *testing.T) {
	week := days(7, deedRecord{})
	change := deedRecord{name: "PutBucketAcl", bucket: "acme-other"}
	minutes := func(n int, d deedRecord) string {
		return before10(time.Duration(n)*time.Minute, d)
	}
	agent := func(text string) func(*Alert) {
		return all(from(office), func(a *Alert) { a.OpenedBy.UserAgent = text })
	}
	visitor := deedRecord{arn: bob.ARN, address: elsewhere, name: "CreateAccessKey"}
	assumes := deedRecord{arn: bob.ARN, address: elsewhere, name: "AssumeRole"}
	asRole := all(from(elsewhere), func(a *Alert) { a.OpenedBy.ARN = "arn:aws:sts::111122223333:assumed-role/deploy/run" })
	const sso = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_"
	asSSO := func(name string) func(*Alert) {
		return all(from(elsewhere), func(a *Alert) { a.OpenedBy.ARN = sso + "Developer_1b2c3d4e5f678901/" + name })
	}
	bobs := days(7, deedRecord{arn: bob.ARN})
	stops := deedRecord{arn: bob.ARN, name: "StopLogging"}
	elseStops := deedRecord{arn: bob.ARN, name: "StopLogging", address: elsewhere}
	checkEvidence(t, userBehaviour, []evidenceCase{
		{name: "changes of two days, and of that morning", log: lines(week, days(2, change), []string{minutes(5, change), minutes(1, change)}), side: "no", saying: "changed S3 permissions 2 times before", absent: "on 3 days"},
		{name: "changes of that morning only", log: lines(week, []string{minutes(5, change)}), side: "yes", saying: "changed no S3 permission before that day"},
		{name: "a service's name for an agent", change: agent("cloudformation.amazonaws.com"), log: week, side: "yes", saying: "but no service did", absent: "infrastructure code"},
		{name: "the console's agent", change: agent("signin.amazonaws.com"), log: week, absent: "but no service did"},
		{name: "first use of a tool by its name", change: agent("APN/1.0 HashiCorp/1.0 Terraform/1.7"), log: lines(week, []string{minutes(1, deedRecord{agent: "APN/1.0 HashiCorp/1.0 Terraform/1.7"})}), side: "yes", saying: "first use of Terraform"},
		{name: "another's new key, from the same new address", change: from(elsewhere), log: lines(week, days(7, deedRecord{arn: bob.ARN}), []string{minutes(30, visitor)}), side: "yes!", saying: "called CreateAccessKey 30 minutes before", signs: 1},
		{name: "another who first took on a role, from the same new address", change: asRole, log: lines(week, bobs, []string{minutes(3, assumes)}), side: "yes!", saying: "3 minutes before took on a role for the first time", signs: 1},
		{name: "another who takes on roles every day", change: asRole, log: lines(week, days(7, deedRecord{arn: bob.ARN, name: "AssumeRole"}), []string{minutes(3, assumes)}), side: "yes", saying: "another identity", absent: "took on a role"},
		{name: "another who is new himself", change: asRole, log: lines(week, []string{minutes(3, assumes)}), absent: "took on a role"},
		{name: "another who took on a role, where no role opened it", change: from(elsewhere), log: lines(week, bobs, []string{minutes(3, assumes)}), absent: "took on a role"},
		{name: "the same person in another account", change: asSSO("ann@acme.example"), log: lines(week, []string{minutes(3, deedRecord{arn: sso + "DevOps_0a1b2c3d4e5f6789/ann@acme.example", address: elsewhere})}), absent: "another identity"},
		{name: "another person by single sign-on", change: asSSO("ann@acme.example"), log: lines(week, []string{minutes(3, deedRecord{arn: sso + "DevOps_0a1b2c3d4e5f6789/bob@acme.example", address: elsewhere})}), side: "yes", saying: "another identity"},
		{name: "a role that anybody assumes, with the person's name", change: asSSO("ann@acme.example"), log: lines(week, []string{minutes(3, deedRecord{arn: "arn:aws:sts::111122223333:assumed-role/deploy/ann@acme.example", address: elsewhere})}), side: "yes", saying: "another identity"},
		{name: "what the same person did of note in another account", change: asSSO("ann@acme.example"), log: lines(week, []string{minutes(3, deedRecord{arn: sso + "DevOps_0a1b2c3d4e5f6789/ann@acme.example", address: elsewhere, name: "StopLogging"})}), side: "yes!", saying: "ann@acme.example called StopLogging", signs: 2},
		{name: "rights changed, in records of a week", log: lines(week, []string{minutes(5, deedRecord{name: "AttachRolePolicy"})}), side: "yes!", saying: "the caller changed users or their rights: AttachRolePolicy", signs: 1},
		{name: "rights changed, in records of that day", log: []string{minutes(5, deedRecord{name: "AttachRolePolicy"})}, side: "yes", saying: "the caller changed users or their rights: AttachRolePolicy"},
		{name: "a key made, in records of that day", log: []string{minutes(5, deedRecord{name: "CreateAccessKey"})}, side: "yes!", saying: "the caller made new credentials", signs: 1},
		{name: "no earlier day", log: []string{minutes(5, deedRecord{})}, side: "missing", saying: "the records hold no earlier day: too short to say what is new"},
		{name: "two earlier days", log: lines(days(2, deedRecord{}), []string{minutes(5, deedRecord{})}), side: "missing", saying: "the records hold only 2 earlier days: too short to say what is new"},
		{name: "logging stopped by another, from the same address", change: from(office), log: lines(week, bobs, []string{minutes(10, stops)}), side: "yes!", saying: "user/bob called StopLogging 10 minutes before", signs: 1},
		{name: "logging stopped by another, from elsewhere", change: from(office), log: lines(week, bobs, []string{minutes(10, elseStops)}), side: "yes", saying: "user/bob called StopLogging 10 minutes before"},
		{name: "logging stopped by another, who does so every day", change: from(office), log: lines(week, days(7, stops), []string{minutes(10, stops)}), absent: "StopLogging"},
		{name: "logging that another failed to stop", change: from(office), log: lines(week, bobs, []string{minutes(10, deedRecord{arn: bob.ARN, name: "StopLogging", err: "AccessDenied"})}), absent: "StopLogging"},
		{name: "logging stopped by another, two hours before", change: from(office), log: lines(week, bobs, []string{minutes(120, stops)}), absent: "StopLogging"},
		{name: "the same in a network of one's own", context: "networks:\n  - {name: Home, kind: office, cidrs: [192.0.2.0/24]}\n", change: from(elsewhere), log: lines(week, days(7, deedRecord{arn: bob.ARN}), []string{minutes(30, visitor)}), absent: "same address"},
		{name: "the same where people worked before", change: from(elsewhere), log: lines(week, days(7, deedRecord{arn: bob.ARN, address: elsewhere}), []string{minutes(30, visitor)}), absent: "same address"},
	})
}

// Who shuts by a guard what he opened has shut it.
func TestShutByAGuard(t *testing.T) {
	later := ten.Add(3 * time.Minute)
	guard := func(a *Alert) {
		a.State, a.ClosedAt, a.ClosedBy = exposure.Blocked, &later, a.OpenedBy
	}
	if a := alert(guard); !closedBySame(a) {
		t.Error("shut by the same caller's guard: want it to count as shut by him")
	}
	if a := alert(func(a *Alert) { guard(a); a.ClosedBy = bob }); closedBySame(a) {
		t.Error("shut by another's guard: want it not to count as shut by the caller")
	}
}
