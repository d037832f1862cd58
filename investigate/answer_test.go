// SPDX-License-Identifier: Apache-2.0

package investigate

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bucketlid/bucketlid/triage"
)

func session(role, name, key string) string {
	return `{"type":"AssumedRole","principalId":"AROA` + strings.ToUpper(role) + `:` + name + `","arn":"arn:aws:sts::111122223333:assumed-role/` + role + `/` + name +
		`","accountId":"111122223333","accessKeyId":"` + key + `","sessionContext":{"sessionIssuer":{"type":"Role","arn":"arn:aws:iam::111122223333:role/` + role + `","userName":"` + role + `"}}}`
}

// issue is a call that gives credentials of a role's session.
func issue(at, by, name, role, session, key string) call {
	return call{at, by, name, `,"requestParameters":{"roleArn":"arn:aws:iam::111122223333:role/` + role + `","roleSessionName":"` + session + `"},"responseElements":{"credentials":{"accessKeyId":"` + key +
		`","expiration":"x"},"assumedRoleUser":{"arn":"arn:aws:sts::111122223333:assumed-role/` + role + `/` + session + `"}}`}
}

const github = `{"type":"WebIdentityUser","principalId":"arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com:sts.amazonaws.com:repo:acme/site:ref:refs/heads/main","userName":"repo:acme/site:ref:refs/heads/main","identityProvider":"arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"}`

const saml = `{"type":"SAMLUser","principalId":"abc:carol","userName":"carol","identityProvider":"https://idp.example.com"}`

const onData = `,"requestParameters":{"bucketName":"data"},"resources":[{"type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::data","accountId":"111122223333"}]`

const publicACL = `,"requestParameters":{"bucketName":"data","x-amz-acl":"public-read","Host":"data.s3.eu-west-1.amazonaws.com"}`

const blockOff = `,"requestParameters":{"bucketName":"data","PublicAccessBlockConfiguration":{"RestrictPublicBuckets":false,"BlockPublicPolicy":false,"BlockPublicAcls":false,"IgnorePublicAcls":false}}`

var answerTests = []struct {
	name    string
	kind    Kind
	subject string
	calls   []call
	id      string
	verdict Verdict
	says    []string // parts of the text, the events and the caveats
	silent  string   // must not be said
}{
	{"a chain of three levels", User, "Three/s3", []call{
		issue("09:00:00", "user", "AssumeRole", "One", "s1", "ASIAONE0000000000000"),
		issue("09:01:00", session("One", "s1", "ASIAONE0000000000000"), "AssumeRole", "Two", "s2", "ASIATWO0000000000000"),
		issue("09:02:00", session("Two", "s2", "ASIATWO0000000000000"), "AssumeRole", "Three", "s3", "ASIATHREE00000000000"),
		{"10:00:00", session("Three", "s3", "ASIATHREE00000000000"), "PutBucketAcl", onData},
	}, "sessions", Told, []string{"Alice (key AKIAALICE00000000000) from 203.0.113.7 → One/s1 → Two/s2 → Three/s3."}, "not in the logs"},
	{"a chain that goes in a circle ends", User, "One/s1", []call{
		issue("09:00:00", session("Two", "s2", "ASIATWO0000000000000"), "AssumeRole", "One", "s1", "ASIAONE0000000000000"),
		issue("09:01:00", session("One", "s1", "ASIAONE0000000000000"), "AssumeRole", "Two", "s2", "ASIATWO0000000000000"),
		{"10:00:00", session("One", "s1", "ASIAONE0000000000000"), "PutBucketAcl", onData},
	}, "sessions", Told, []string{"→ One/s1"}, ""},
	{"a workflow of GitHub", User, "Deploy", []call{
		issue("09:00:00", github, "AssumeRoleWithWebIdentity", "Deploy", "gha-7", "ASIADEPLOY0000000000"),
		{"10:00:00", "session", "PutBucketAcl", onData},
	}, "sessions", Told, []string{"repo:acme/site:ref:refs/heads/main signed in by arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com", "→ Deploy/gha-7"}, ""},
	{"a sign-in by SAML", User, "Dev/carol", []call{
		issue("09:00:00", saml, "AssumeRoleWithSAML", "Dev", "carol", "ASIADEV0000000000000"),
		{"10:00:00", session("Dev", "carol", "ASIADEV0000000000000"), "PutBucketAcl", onData},
	}, "sessions", Told, []string{"carol signed in by https://idp.example.com", "→ Dev/carol"}, ""},
	{"a key that changed is linked by the session's name", User, "One/s1", []call{
		issue("09:00:00", "user", "AssumeRole", "One", "s1", "ASIAONE0000000000000"),
		{"10:00:00", session("One", "s1", "ASIAREFRESHED0000000"), "PutBucketAcl", onData},
	}, "sessions", Told, []string{"→ One/s1", "by the session's name"}, ""},
	{"a session whose issue was not logged", User, "deploy", []call{{"10:00:00", "session", "PutBucketAcl", onData}},
		"sessions", Unknown, []string{"Who got 1 session is not in the logs: Deploy/gha-7.", "logs begin on 2026-03-02 10:00Z"}, ""},
	{"sessions that it got", User, "alice", []call{
		issue("09:00:00", "user", "AssumeRole", "One", "s1", "ASIAONE0000000000000"),
		{"10:00:00", session("One", "s1", "ASIAONE0000000000000"), "DeleteTrail", ""},
	}, "sessions", Told, []string{"long-term key AKIAALICE00000000000", "It got 1 session of a role: One/s1 (DeleteTrail)."}, ""},
	{"a source identity", User, "bob", []call{{"10:00:00", "behind", "PutBucketAcl", onData}}, "sessions", Unknown, []string{"source identity Bob"}, ""},

	{"others at the address", User, "alice", []call{{"10:00:00", "user", "ListBuckets", ""}, {"10:01:00", "session", "ListBuckets", ""}, {"10:02:00", "root", "ListBuckets", `,"sourceIPAddress":"203.0.113.99"`}},
		"address-elsewhere", Yes, []string{"1 other caller of 1 account: Deploy"}, "root"},
	{"nobody else at the address", User, "alice", []call{{"10:00:00", "user", "ListBuckets", ""}}, "address-elsewhere", No, []string{"1 address", "logs begin on"}, ""},
	{"no address at all", User, "config.amazonaws.com", []call{{"10:00:00", "service", "GetBucketAcl", `,"sourceIPAddress":"config.amazonaws.com"`}}, "address-elsewhere", Unknown, []string{"AWS services"}, ""},

	{"console, command line and code", User, "alice", []call{
		{"10:00:00", "user", "ListBuckets", `,"userAgent":"[S3Console/0.4]"`}, {"10:01:00", "user", "ListBuckets", ""},
		{"10:02:00", "user", "ListBuckets", `,"userAgent":"APN/1.0 HashiCorp/1.0 Terraform/1.5 aws-sdk-go"`}, {"10:03:00", "user", "ListBuckets", `,"userAgent":"Boto3/1.2","sessionCredentialFromConsole":"true"`},
	}, "client", Told, []string{"console ×2", "command line ×1 (aws-cli)", "infrastructure code ×1 (Terraform)"}, ""},

	{"a guard that was taken off", Bucket, "data", []call{{"10:00:00", "user", "PutBucketPublicAccessBlock", blockOff}, {"10:02:00", "user", "PutBucketAcl", publicACL}},
		"guard-first", Yes, []string{"block-public-access was taken off by Alice at 2026-03-02 10:00:00Z, 2 m before the opening", "all four flags off"}, ""},
	{"no guard was taken off", Bucket, "data", []call{{"10:02:00", "user", "PutBucketAcl", publicACL}}, "guard-first", No, []string{"may have been off since before"}, ""},
	{"a refused try to take it off", Bucket, "data", []call{{"10:00:00", "user", "PutBucketPublicAccessBlock", blockOff + `,"errorCode":"AccessDenied"`}}, "guard-first", No, []string{"refused"}, ""},

	{"the same change elsewhere", Bucket, "data", []call{{"10:02:00", "user", "PutBucketAcl", publicACL}, {"10:03:00", "session", "PutBucketAcl", strings.ReplaceAll(publicACL, "data", "other")}},
		"same-change", Yes, []string{"PutBucketAcl was called by others on other."}, ""},
	{"the same change nowhere else", Bucket, "data", []call{{"10:02:00", "user", "PutBucketAcl", publicACL}}, "same-change", No, []string{"No PutBucketAcl on another bucket"}, ""},

	{"what was made around it", User, "alice", []call{{"10:00:00", "user", "CreateAccessKey", `,"requestParameters":{"userName":"backdoor"}`}, {"10:01:00", "user", "StopLogging", `,"errorCode":"AccessDenied"`}, {"10:02:00", "user", "ListBuckets", ""}},
		"around", Yes, []string{"Logging and detection: StopLogging (1 refused or failed); keys and passwords: CreateAccessKey.", "on backdoor"}, "ListBuckets"},
	{"nothing was made around it", User, "alice", []call{{"10:02:00", "user", "ListBuckets", ""}}, "around", No, []string{"Nothing was seen"}, ""},
	{"by those who changed the bucket", Bucket, "data", []call{{"10:00:00", "user", "CreateUser", `,"requestParameters":{"userName":"x"}`}, {"10:02:00", "user", "PutBucketAcl", publicACL}, {"10:03:00", "session", "DeleteTrail", ""}, {"15:00:00", "user", "DeleteUser", ""}},
		"around", Yes, []string{"CreateUser"}, "DeleteUser"},

	{"what was done to it", User, "alice", []call{{"09:00:00", "session", "CreateAccessKey", `,"requestParameters":{"userName":"alice"}`}, {"10:00:00", "user", "ListBuckets", ""}},
		"done-to", Yes, []string{"CreateAccessKey, by Deploy/gha-7."}, ""},
	{"nothing was done to it", User, "alice", []call{{"09:00:00", "session", "CreateAccessKey", `,"requestParameters":{"userName":"bob"}`}, {"10:00:00", "user", "ListBuckets", ""}}, "done-to", No, []string{"No change of Alice"}, ""},

	{"the life of a bucket", Bucket, "data", []call{{"09:00:00", "user", "CreateBucket", onData}, {"10:00:00", "user", "PutBucketWebsite", onData}, {"11:00:00", "user", "DeleteObject", onData}, {"11:01:00", "user", "DeleteBucket", onData}},
		"bucket-life", Told, []string{"created 2026-03-02 09:00:00Z by Alice; made a website", "objects deleted 2026-03-02 11:00:00Z", "deleted 2026-03-02 11:01:00Z"}, "before the logs begin"},
	{"a bucket that is older than the logs", Bucket, "data", []call{{"10:00:00", "user", "PutBucketWebsite", onData}}, "bucket-life", Told, []string{"created before the logs begin"}, ""},
	{"who else touches it", Bucket, "data", []call{{"10:00:00", "user", "PutBucketWebsite", onData}, {"10:00:00", "anonymous", "GetObject", onData}}, "bucket-others", Yes, []string{"2 callers from 1 address: anonymous ×1, Alice ×1."}, ""},

	{"who read it", Bucket, "data", []call{{"10:00:00", "user", "PutBucketAcl", publicACL}, {"10:10:00", "anonymous", "ListObjects", onData + `,"sourceIPAddress":"198.51.100.9"`}},
		"readers", Yes, []string{"confirmed, 1 request served and 0 refused, from 1 address", "198.51.100.9"}, ""},
	{"who read it cannot be known", Bucket, "data", []call{{"10:00:00", "user", "PutBucketAcl", publicACL}, {"10:10:00", "user", "ListBuckets", ""}}, "readers", Unknown, []string{"cannot-be-known"}, ""},
	{"data events are logged", Bucket, "data", []call{{"10:10:00", "anonymous", "ListObjects", onData}}, "data-events", Yes, []string{"of this bucket"}, ""},
	{"but not of this bucket", Bucket, "data", []call{{"10:00:00", "user", "PutBucketAcl", publicACL}, {"10:10:00", "anonymous", "ListObjects", `,"requestParameters":{"bucketName":"other"}`}}, "data-events", Unknown, []string{"None of this bucket"}, ""},
	{"data events are not logged", User, "alice", []call{{"10:00:00", "user", "PutBucketAcl", publicACL}}, "data-events", No, []string{"No data event"}, ""},
	{"which alerts", User, "alice", []call{{"10:00:00", "user", "PutBucketAcl", publicACL}}, "alerts", Yes, []string{"by it"}, ""},
	{"no alert", User, "alice", []call{{"10:00:00", "user", "ListBuckets", ""}}, "alerts", No, []string{"None of the alerts"}, ""},
	{"the address is private", User, "alice", []call{{"10:00:00", "user", "ListBuckets", `,"sourceIPAddress":"10.0.0.7"`}}, "address-known", Told, []string{"not a public address", "neither a context file"}, ""},
	{"nothing is known of the address", User, "alice", []call{{"10:00:00", "user", "ListBuckets", `,"sourceIPAddress":"9.9.9.9"`}}, "address-known", Unknown, []string{"Nothing is known of 9.9.9.9"}, ""},
}

func TestAnswers(t *testing.T) {
	for _, tt := range answerTests {
		t.Run(tt.name, func(t *testing.T) {
			a := find(t, tt.kind, tt.subject, allTexts(tt.calls)).reply(t, tt.id)
			said := a.Text + "\n" + strings.Join(a.Caveats, "\n")
			for _, p := range a.Events {
				said += "\n" + p.Text
				if p.EventID == "" {
					t.Errorf("an event without its id: %s", p.Text)
				}
			}
			if a.Verdict != tt.verdict {
				t.Errorf("%s, want %s: %s", a.Verdict, tt.verdict, said)
			}
			for _, part := range tt.says {
				if !strings.Contains(said, part) {
					t.Errorf("it does not say %q:\n%s", part, said)
				}
			}
			if tt.silent != "" && strings.Contains(said, tt.silent) {
				t.Errorf("it says %q:\n%s", tt.silent, said)
			}
		})
	}
}

// Every question has cases, and those that can be answered by yes and no have
// both.
func TestEveryQuestionHasCases(t *testing.T) {
	asked := map[string][]Verdict{"before": {Yes, No}} // in TestAlert
	for _, tt := range answerTests {
		asked[tt.id] = append(asked[tt.id], tt.verdict)
	}
	ids := map[string]bool{}
	for _, q := range Questions {
		if q.ID == "" || !strings.HasSuffix(q.Ask, "?") || len(q.For) == 0 || q.find == nil || q.SQL == "" || ids[q.ID] {
			t.Errorf("the row of %q is not complete, or stands twice", q.ID)
		}
		ids[q.ID] = true
		if len(asked[q.ID]) == 0 {
			t.Errorf("%s has no case", q.ID)
		}
	}
}

// An alert brings its three parties together, within the time around it.
func TestAlert(t *testing.T) {
	records := allTexts([]call{
		{"2026-03-01T10:00:00Z", "user", "CreateUser", ""},
		{"2026-03-01T10:00:00Z", "user", "PutBucketAcl", strings.ReplaceAll(publicACL, "data", "other")},
		{"09:40:00", "user", "CreateAccessKey", ""},
		{"10:00:00", "user", "PutBucketAcl", publicACL},
		{"10:20:00", "session", "ListBuckets", ""},
		{"13:00:00", "anonymous", "ListObjects", onData + `,"sourceIPAddress":"198.51.100.9"`},
		{"14:00:00", "user", "ListBuckets", ""},
		{"15:00:00", "session", "PutBucketAcl", `,"requestParameters":{"bucketName":"data","x-amz-acl":"private"}`},
	})
	x := findAlert(t, "data", records)
	want := []string{"09:40 CreateAccessKey", "10:00 PutBucketAcl", "10:20 ListBuckets", "gap 2 h 40 m, no events; no logs", "13:00 ListObjects", "gap 2 h, no events; logs in part: records in 1 of 11 stretches of 10 minutes", "15:00 PutBucketAcl"}
	if got := drawn(x.Timeline); !slices.Equal(got, want) {
		t.Errorf("the timeline is\n%s", strings.Join(got, "\n"))
	}
	if before := x.reply(t, "before"); before.Verdict != Yes || !strings.Contains(before.Text, "PutBucketAcl once before") {
		t.Errorf("before: %s %s", before.Verdict, before.Text)
	}
	if text := x.reply(t, "around").Text; !strings.Contains(text, "CreateAccessKey") || strings.Contains(text, "CreateUser") {
		t.Errorf("around: %s", text)
	}
	if same := x.reply(t, "same-change"); same.Verdict != Yes || !strings.Contains(same.Text, "the same caller on other") {
		t.Errorf("same change: %s", same.Text)
	}
	if row := x.Timeline[1]; !slices.Equal(row.Opens, []string{x.Alert.ID}) {
		t.Errorf("the opening is not marked: %v", row.Opens)
	}
	var commands []string
	for _, s := range x.Steps {
		commands = append(commands, s.Command)
	}
	for _, want := range []string{"bucketlid investigate user arn:aws:iam::111122223333:user/team/Alice ./logs", "bucketlid investigate ip 203.0.113.7 ./logs",
		"bucketlid investigate bucket data ./logs", "bucketlid investigate ip 198.51.100.9 ./logs", "aws s3api get-public-access-block --bucket data"} {
		if !slices.Contains(commands, want) {
			t.Errorf("%q is not proposed:\n%s", want, strings.Join(commands, "\n"))
		}
	}
	if never := findAlert(t, "data", records[2:]).reply(t, "before"); never.Verdict != No || !strings.Contains(never.Text, "It never called PutBucketAcl before") {
		t.Errorf("before, without the other bucket: %s %s", never.Verdict, never.Text)
	}
}

// What cannot be known where the opening was not seen is unknown, and not no.
func TestAlertWithoutOpener(t *testing.T) {
	x := findAlert(t, "data", allTexts([]call{{"10:10:00", "anonymous", "ListObjects", onData}, {"10:11:00", "user", "GetBucketAcl", onData}}))
	for _, id := range []string{"sessions", "client", "before", "address-known", "address-elsewhere", "same-change", "guard-first", "around", "done-to", "bucket-life"} {
		if a := x.reply(t, id); a.Verdict != Unknown || a.Text == "" {
			t.Errorf("%s: %s %s", id, a.Verdict, a.Text)
		}
	}
	if a := x.reply(t, "readers"); a.Verdict != Yes {
		t.Errorf("readers: %s %s", a.Verdict, a.Text)
	}
}

// findAlert is the investigation of the public alert of a bucket.
func findAlert(t *testing.T, bucket string, records []string) *Investigation {
	t.Helper()
	first := gather(t, nil, records)
	first.baseline.Settle()
	result := triage.Rank(first.ledger, first.baseline, triage.Known{})
	at := slices.IndexFunc(result.Alerts, func(a triage.Alert) bool { return a.Bucket == bucket && a.Kind == triage.KindPublic })
	if at < 0 {
		t.Fatalf("no alert of %s", bucket)
	}
	a := &result.Alerts[at]
	second := gather(t, PartiesOf(a), records)
	return second.c.Investigate(Case{Kind: Alert, Subject: a.ID, Alert: a, Around: time.Hour, Sources: []string{"./logs"}}, Found{first.ledger, first.baseline, result})
}
