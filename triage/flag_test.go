// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/policy"
)

// call is a management event by a user of the account.
func call(at time.Time, user, address, name string) string {
	recordCount++
	return fmt.Sprintf(`{"eventVersion":"1.11","userIdentity":{"type":"IAMUser","principalId":"AIDAEXAMPLE","arn":"arn:aws:iam::111122223333:user/%s",`+
		`"accountId":"111122223333","userName":"%s"},"eventTime":"%s","eventSource":"s3.amazonaws.com","eventName":"%s","awsRegion":"eu-west-1",`+
		`"sourceIPAddress":"%s","userAgent":"aws-cli/2.17.0","requestParameters":null,"responseElements":null,"requestID":"%016X",`+
		`"eventID":"6f1f9f5e-0000-4000-8000-%012d","readOnly":true,"eventType":"AwsApiCall","managementEvent":true,`+
		`"recipientAccountId":"111122223333","eventCategory":"Management"}`,
		user, user, at.UTC().Format(time.RFC3339), name, address, recordCount, recordCount)
}

func calls(n int, from time.Time, every time.Duration, user, address, name string) []string {
	var out []string
	for i := range n {
		out = append(out, call(from.Add(time.Duration(i)*every), user, address, name))
	}
	return out
}

func lines(lists ...[]string) []string {
	var out []string
	for _, l := range lists {
		out = append(out, l...)
	}
	return out
}

const office, elsewhere = "203.0.113.7", "192.0.2.66"

// The opening is ann's PutBucketPolicy at ten, from the office unless the case
// says otherwise; weekBefore is a week of ordinary work.
var (
	weekBefore = ten.AddDate(0, 0, -7)
	opening    = []string{call(ten, "ann", office, "PutBucketPolicy")}
)

func from(address string) func(*Alert) {
	return func(a *Alert) {
		by := *a.OpenedBy
		by.SourceIPAddress = address
		a.OpenedBy, a.SourceIPAddress = &by, address
	}
}

type flagCase struct {
	name    string
	change  func(*Alert)
	log     []string
	want    Answer
	saying  string // in the evidence for or against
	nothing bool   // no evidence at all
}

func checkFlag(t *testing.T, answer func(*ranker, *Alert, *evidence), cases []flagCase) {
	t.Helper()
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			e := &evidence{}
			answer(newTestRanker(t, test.log...), alert(test.change), e)
			f := e.flag(FlagRow{})
			evidence := strings.Join(append(f.For, f.Against...), "; ")
			if f.Answer != test.want || !strings.Contains(evidence, test.saying) || (test.nothing && evidence != "") {
				t.Errorf("%s, want %s saying %q: for %q, against %q", f.Answer, test.want, test.saying, f.For, f.Against)
			}
		})
	}
}

func TestSourceIPFlag(t *testing.T) {
	checkFlag(t, sourceIP, []flagCase{
		{name: "no address", change: from(""), want: Cannot, nothing: true},
		{name: "opener unseen", change: func(a *Alert) { a.OpenedBy = nil }, want: Cannot, nothing: true},
		{name: "a service", change: all(from("cloudformation.amazonaws.com"), func(a *Alert) { a.OpenedBy.InvokedBy = "cloudformation.amazonaws.com" }), want: No, saying: "an AWS service made the call"},
		{name: "the address of a service that is not named", change: from("cloudformation.amazonaws.com"), want: Cannot},
		{name: "private", change: from("10.1.2.3"), want: No, saying: "no public address"},
		{name: "loopback", change: from("::1"), want: No, saying: "no public address"},
		{name: "never in the log", change: from(elsewhere), log: opening, want: Cannot, nothing: true},
		{name: "logs too short", log: opening, want: Cannot, nothing: true},
		{name: "usual for many", log: lines(calls(10, weekBefore, 12*time.Hour, "ann", office, "ListBuckets"), calls(3, weekBefore, 12*time.Hour, "bob", office, "ListBuckets"), opening), want: No, saying: "worked from on 5 days before since 2026-02-23; in all by 2 principals of the organization"},
		{name: "usual for one", log: lines(calls(12, weekBefore, 12*time.Hour, "ann", office, "ListBuckets"), opening), want: No, saying: "the caller's own address: worked from on 6 days before"},
		{name: "on two days, of old", log: lines(calls(2, weekBefore, 24*time.Hour, "ann", office, "ListBuckets"), calls(9, weekBefore, 12*time.Hour, "bob", elsewhere, "ListBuckets"), opening), want: No, saying: "worked from on 2 days before since 2026-02-23, by 1 principal"},
		{name: "first seen now", change: from(elsewhere), log: lines(calls(12, weekBefore, 12*time.Hour, "ann", office, "ListBuckets"), []string{call(ten, "ann", elsewhere, "PutBucketPolicy")}), want: Yes, saying: "not seen before, in 6 days of records"},
		{name: "first seen this morning, and busy with two identities", change: from(elsewhere),
			log:  lines(calls(12, weekBefore, 12*time.Hour, "ann", office, "ListBuckets"), calls(20, ten.Add(-time.Hour), time.Minute, "ann", elsewhere, "ListBuckets"), calls(20, ten.Add(-time.Hour), time.Minute, "bob", elsewhere, "ListBuckets")),
			want: Yes, saying: "first seen 60 minutes before"},
	})
}

func TestUserBehaviourFlag(t *testing.T) {
	usual := calls(12, weekBefore, 12*time.Hour, "ann", office, "PutBucketPolicy")
	checkFlag(t, userBehaviour, []flagCase{
		{name: "opener unseen", change: func(a *Alert) { a.OpenedBy = nil }, want: Cannot, nothing: true},
		{name: "undated", change: func(a *Alert) { a.OpenedBy = &exposure.Actor{UserName: "ann"} }, want: Cannot, nothing: true},
		{name: "not in the log", log: nil, want: Cannot, nothing: true},
		{name: "logs too short", log: opening, want: Cannot, nothing: true},
		{name: "done often", log: lines(usual, opening), want: No, saying: "used PutBucketPolicy on 6 days before"},
		{name: "first use", log: lines(calls(12, weekBefore, 12*time.Hour, "ann", office, "ListBuckets"), opening), want: Yes, saying: "first use of PutBucketPolicy"},
		{name: "new principal", log: lines(calls(12, weekBefore, 12*time.Hour, "bob", office, "ListBuckets"), opening), want: Yes, saying: "not seen before"},
		{name: "seldom", log: lines(calls(8, weekBefore, 12*time.Hour, "ann", office, "GetBucketPolicy"), opening), want: Yes, saying: "first change of any S3 permission"},
		{name: "done often, but from a new address", change: from(elsewhere), log: lines(usual, []string{call(ten, "ann", elsewhere, "PutBucketPolicy")}), want: No, saying: "first hour from 192.0.2.66"},
		{name: "refused before", change: escalated, log: lines(calls(2, weekBefore, 12*time.Hour, "ann", office, "PutBucketPolicy"), opening), want: Yes, saying: "a way around was found"},
		{name: "refused before, though usual", change: escalated, log: lines(usual, opening), want: Cannot, saying: "a way around was found"},
	})
}

func TestPermissionFlag(t *testing.T) {
	checkFlag(t, permission, []flagCase{
		{name: "attempt", change: kind(KindAttempt), want: No, saying: "nothing was granted"},
		{name: "guard removed", change: kind(KindGuardRemoved), want: No, saying: "nothing was granted"},
		{name: "write", change: access(policy.Write), want: Yes, saying: "anyone on the internet may write and overwrite objects"},
		{name: "delete", change: access(policy.Delete), want: Yes, saying: "may delete objects"},
		{name: "change ACLs", change: access(policy.ACLWrite, policy.List), want: Yes, saying: "a takeover"},
		{name: "change settings", change: access(policy.ConfigWrite), want: Yes, saying: "change settings of the bucket"},
		{name: "read all", want: Yes, saying: "read every object of the bucket"},
		{name: "read one", change: func(a *Alert) { a.Scope.Include = []string{"acme-data/k"} }, want: No, saying: "one object only"},
		{name: "read a folder, and list", change: all(access(policy.List, policy.Read), func(a *Alert) { a.Scope.Include = []string{"acme-data", "acme-data/f/*"} }), want: Yes, saying: "find what to read"},
		{name: "list", change: access(policy.List), want: No, saying: "list the names of objects"},
		{name: "read settings", change: access(policy.ConfigRead, policy.ACLRead), want: No, saying: "may only read settings"},
		{name: "nobody knows what", change: access(), want: Cannot, nothing: true},
	})
}

// Each alert carries the four flags, in the order of the table.
func TestFlagsAreAlwaysFour(t *testing.T) {
	r := newTestRanker(t)
	for _, change := range []func(*Alert){nil, kind(KindAttempt), kind(KindGuardRemoved), func(a *Alert) { *a = Alert{} }} {
		flags := r.flags(alert(change))
		if len(flags) != 4 {
			t.Fatalf("%d flags", len(flags))
		}
		for i, f := range flags {
			if f.ID != FlagTable[i].ID || f.Question == "" || f.For == nil || f.Against == nil || f.Missing == nil || f.How == "" || (f.Answer != Yes && f.Answer != No && f.Answer != Cannot) {
				t.Errorf("flag %d: %+v", i, f)
			}
		}
	}
}
