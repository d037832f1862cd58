// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bucketlid/bucketlid/policy"
	"github.com/bucketlid/bucketlid/replay"
	"github.com/bucketlid/bucketlid/trail"
)

// newTestRanker reads records as a run does.
func newTestRanker(t *testing.T, lines ...string) *ranker {
	t.Helper()
	ledger, baseline := replay.NewLedger(), replay.NewBaseline()
	_, err := trail.Scan(strings.NewReader(strings.Join(lines, "\n")), trail.Options{}, func(h *trail.Header, raw []byte) error {
		baseline.Observe(h)
		ledger.Take(h, raw)
		return nil
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	baseline.Settle()
	r := &ranker{baseline: baseline, deeds: newDeeds(ledger), days: baseline.Days(), entries: ledger.Logged, taggings: ledger.Taggings, ownAccounts: baseline.Accounts(), told: map[string]bool{}}
	r.layUses(ledger.Uses())
	return r
}

var recordCount int

// request is a data event of a stranger on acme-data: account "anonymous" or a
// foreign one.
func request(at time.Time, account, address, name, errorCode string) string {
	recordCount++
	failed := ""
	if errorCode != "" {
		failed = `"errorCode":"` + errorCode + `",`
	}
	return fmt.Sprintf(`{"eventVersion":"1.11","userIdentity":{"type":"AWSAccount","principalId":"","accountId":"%s"},"eventTime":"%s",`+
		`"eventSource":"s3.amazonaws.com","eventName":"%s","awsRegion":"eu-west-1","sourceIPAddress":"%s","userAgent":"curl/8.5.0",%s`+
		`"requestParameters":{"bucketName":"acme-data","key":"k","Host":"acme-data.s3.eu-west-1.amazonaws.com"},`+
		`"additionalEventData":{"bytesTransferredOut":100},"requestID":"%016X","eventID":"6f1f9f5e-0000-4000-8000-%012d",`+
		`"readOnly":true,"resources":[{"accountId":"111122223333","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::acme-data"}],`+
		`"eventType":"AwsApiCall","managementEvent":false,"recipientAccountId":"111122223333","eventCategory":"Data"}`,
		account, at.UTC().Format(time.RFC3339), name, address, failed, recordCount, recordCount)
}

func get(at time.Time, address string) string {
	return request(at, "anonymous", address, "GetObject", "")
}

func TestAccessSeen(t *testing.T) {
	minute := func(n int) time.Time { return ten.Add(time.Duration(n) * time.Minute) }
	window := func(from, to int) func(*Alert) {
		return func(a *Alert) {
			at, until := minute(from), minute(to)
			closed(a)
			a.OpenedAt, a.ClosedAt = &at, &until
		}
	}
	partner := all(shared(policy.Read), closed)
	for _, test := range []struct {
		name     string
		change   func(*Alert)
		requests []string
		verdict  string
		count    int64
		denied   int64
		inexact  bool
	}{
		{"no data events", closed, nil, "cannot-be-known", 0, 0, false},
		{"inside", closed, []string{get(minute(5), "192.0.2.1"), get(minute(6), "192.0.2.2")}, "confirmed", 2, 0, false},
		{"at the very edges", closed, []string{get(minute(0), "192.0.2.1"), get(minute(60), "192.0.2.1")}, "confirmed", 2, 0, false},
		{"the hour is cut", window(20, 50), []string{get(minute(5), "192.0.2.1"), get(minute(30), "192.0.2.1")}, "confirmed", 2, 0, true},
		{"around a short window", window(20, 22), []string{get(minute(5), "192.0.2.1"), get(minute(55), "192.0.2.1")}, "cannot-be-known", 0, 0, false},
		{"before and after, in other hours", closed, []string{get(minute(-30), "192.0.2.1"), get(minute(130), "192.0.2.1")}, "none-seen", 0, 0, false},
		{"still open", nil, []string{get(minute(6000), "192.0.2.1")}, "confirmed", 1, 0, false},
		{"opened before the first record", func(a *Alert) { a.OpenedAt = nil }, []string{get(minute(-6000), "192.0.2.1")}, "confirmed", 1, 0, false},
		{"denied", closed, []string{request(minute(5), "anonymous", "192.0.2.1", "GetObject", "AccessDenied")}, "attempts-only", 0, 1, false},
		{"denied and passed", closed, []string{request(minute(5), "anonymous", "192.0.2.1", "GetObject", "AccessDenied"), get(minute(6), "192.0.2.1")}, "confirmed", 1, 1, false},
		{"other access", closed, []string{request(minute(5), "anonymous", "192.0.2.1", "ListObjects", ""), get(minute(130), "192.0.2.1")}, "none-seen", 0, 0, false},
		{"other access, and nothing after", closed, []string{request(minute(5), "anonymous", "192.0.2.1", "ListObjects", "")}, "cannot-be-known", 0, 0, false},
		{"logged soon after a short window", window(20, 22), []string{get(minute(70), "192.0.2.1")}, "cannot-be-known", 0, 0, false},
		{"foreign account", closed, []string{request(minute(5), "999988887777", "192.0.2.1", "GetObject", "")}, "confirmed", 1, 0, false},
		{"the partner", partner, []string{request(minute(5), "444455556666", "192.0.2.1", "GetObject", "")}, "confirmed", 1, 0, false},
		{"not the partner", partner, []string{request(minute(5), "999988887777", "192.0.2.1", "GetObject", ""), get(minute(6), "192.0.2.1"), get(minute(130), "192.0.2.1")}, "none-seen", 0, 0, false},
		{"attempt", kind(KindAttempt), []string{get(minute(5), "192.0.2.1")}, "none-seen", 0, 0, false},
		{"latent", kind(KindLatent), []string{get(minute(5), "192.0.2.1")}, "none-seen", 0, 0, false},
		{"guard removed", kind(KindGuardRemoved), []string{get(minute(5), "192.0.2.1")}, "none-seen", 0, 0, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			seen := newTestRanker(t, test.requests...).accessSeen(alert(test.change))
			if seen.Verdict != test.verdict || seen.Requests != test.count || seen.Denied != test.denied {
				t.Errorf("%+v, want %s with %d requests and %d denied", seen, test.verdict, test.count, test.denied)
			}
			if strings.Contains(seen.Why, "estimates") != test.inexact {
				t.Errorf("why: %q", seen.Why)
			}
			if (seen.Verdict == "confirmed") != (seen.First != nil && seen.Bytes > 0 && seen.Addresses > 0) {
				t.Errorf("numbers do not fit: %+v", seen)
			}
		})
	}
}

func TestAccessSeenBoundsItsList(t *testing.T) {
	var lines []string
	for i := range 40 {
		lines = append(lines, request(ten.Add(time.Minute), fmt.Sprintf("9999000000%02d", i), "192.0.2.1", "GetObject", ""))
	}
	seen := newTestRanker(t, lines...).accessSeen(alert(nil))
	if len(seen.Accounts) != maxAccounts || seen.Requests != 40 || seen.Addresses != 1 {
		t.Errorf("%+v", seen)
	}
}

// One request is one use, however often its record comes.
func TestAccessSeenCountsRepeatsOnce(t *testing.T) {
	line := get(ten.Add(time.Minute), "192.0.2.1")
	if seen := newTestRanker(t, line, line, line).accessSeen(alert(nil)); seen.Requests != 1 || seen.Bytes != 100 {
		t.Errorf("%+v", seen)
	}
}

// Requests from the opener's own address are listed, but are no stranger's.
func TestOpenersOwnAddressIsToldApart(t *testing.T) {
	at := ten.Add(time.Minute)
	own := func(a *Alert) { a.SourceIPAddress = "203.0.113.7" }
	seen := newTestRanker(t, get(at, "203.0.113.7"), get(at, "192.0.2.9"), get(at.Add(time.Second), "192.0.2.9")).accessSeen(alert(own))
	if seen.OwnRequests != 1 || seen.Requests != 2 || seen.Addresses != 1 || len(seen.Strangers) != 2 || seen.Strangers[0].Opener || !seen.Strangers[1].Opener {
		t.Errorf("%+v", seen)
	}
	seen = newTestRanker(t, get(at, "203.0.113.7")).accessSeen(alert(own))
	if seen.Verdict != "none-seen" || seen.Requests != 0 || seen.OwnRequests != 1 {
		t.Errorf("%+v", seen)
	}
}

// Nor are requests from a network of the organization's own a stranger's.
func TestOwnNetworksAreToldApart(t *testing.T) {
	at := ten.Add(time.Minute)
	r := newTestRanker(t, get(at, "203.0.113.10"), get(at, "192.0.2.9"))
	r.known.Context = told(t, ownNetworks)
	seen := r.accessSeen(alert(nil))
	if seen.OwnRequests != 1 || seen.Requests != 1 || len(seen.Strangers) != 2 || seen.Strangers[0].Own || !seen.Strangers[1].Own {
		t.Errorf("a colleague, and the partner's network: %+v", seen)
	}
}

// lined adds lines of access logs to a ranker's ledger: address, account, minute
// after ten, access.
func lined(t *testing.T, lines []replay.Request, records ...string) *ranker {
	t.Helper()
	ledger, baseline := replay.NewLedger(), replay.NewBaseline()
	_, err := trail.Scan(strings.NewReader(strings.Join(records, "\n")), trail.Options{}, func(h *trail.Header, raw []byte) error {
		baseline.Observe(h)
		ledger.Take(h, raw)
		return nil
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range lines {
		ledger.NoteAccessLog([]byte(lines[i].Bucket), lines[i].Time)
		if lines[i].Account != "" {
			ledger.AddRequest(&lines[i])
		}
	}
	baseline.Settle()
	r := &ranker{baseline: baseline, entries: ledger.Logged, taggings: ledger.Taggings, ownAccounts: map[string]bool{"111122223333": true, "222233334444": true}, told: map[string]bool{}}
	r.layUses(ledger.Uses())
	return r
}

func asked(minute int, account, address string, change ...func(*replay.Request)) replay.Request {
	recordCount++
	r := replay.Request{ID: fmt.Sprintf("LINE%012d", recordCount), Bucket: "acme-data", Account: account, Address: address, Key: "k",
		Access: policy.Read, Content: true, Time: ten.Add(time.Duration(minute) * time.Minute), Bytes: 7}
	for _, c := range change {
		c(&r)
	}
	return r
}

// What access logs tell is laid over the window like data events, and it is said
// what the answer rests on.
func TestAccessSeenByAccessLogs(t *testing.T) {
	quietLine := func(minute int) replay.Request { return asked(minute, "", "") }
	probe := func(agent string) func(*replay.Request) {
		return func(r *replay.Request) { r.Agent, r.Content = agent, false }
	}
	for _, test := range []struct {
		name    string
		lines   []replay.Request
		records []string
		want    string // verdict, requests, objects, sources, scanners
		why     string
	}{
		{"a stranger", []replay.Request{quietLine(0), asked(5, "anonymous", "192.0.2.1"), quietLine(60)}, nil, "confirmed 1 1 [access logs] 0", "best effort: there may be requests"},
		{"the owner's account and another of one's own", []replay.Request{quietLine(0), asked(5, "111122223333", "192.0.2.1"), asked(5, "222233334444", "192.0.2.1"), quietLine(60)}, nil, "none-seen 0 0 [access logs] 0", "weak evidence"},
		{"lines that start late", []replay.Request{quietLine(130), asked(140, "anonymous", "192.0.2.1")}, nil, "cannot-be-known 0 0 [access logs] 0", "who came before 2026-03-02T12:10:00Z cannot be known"},
		{"lines that end early", []replay.Request{quietLine(-200), quietLine(-150)}, nil, "cannot-be-known 0 0 [access logs] 0", "who came after 2026-03-02T07:30:00Z cannot be known"},
		{"both logs, one of them whole", []replay.Request{quietLine(30)}, []string{get(ten.Add(-30*time.Minute), "192.0.2.7"), get(ten.Add(130*time.Minute), "192.0.2.7")}, "none-seen 0 0 [S3 data events access logs] 0", "S3 data events of this bucket are in the logs from 2026-03-02T09:30:00Z to 2026-03-02T12:10:00Z"},
		{"a scanner by its name", []replay.Request{asked(5, "anonymous", "192.0.2.1", probe("S3Scanner/3"))}, nil, "confirmed 1 1 [access logs] 1", ""},
		{"a scanner's name that took content", []replay.Request{asked(5, "anonymous", "192.0.2.1", probe("S3Scanner/3")), asked(6, "anonymous", "192.0.2.1")}, nil, "confirmed 2 1 [access logs] 0", ""},
		{"a scanner by the buckets it asks", buckets(5), nil, "confirmed 1 1 [access logs] 1", ""},
		{"four buckets are no scan", buckets(4), nil, "confirmed 1 1 [access logs] 0", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			seen := lined(t, test.lines, test.records...).accessSeen(alert(closed))
			got := fmt.Sprint(seen.Verdict, " ", seen.Requests, " ", seen.Objects, " ", seen.Sources, " ", seen.Scanners)
			if got != test.want || !strings.Contains(seen.Why, test.why) {
				t.Errorf("got  %s: %s\nwant %s: %s", got, seen.Why, test.want, test.why)
			}
		})
	}
}

func buckets(n int) []replay.Request {
	var out []replay.Request
	for i := range n {
		out = append(out, asked(5, "anonymous", "192.0.2.1", func(r *replay.Request) {
			if i > 0 {
				r.Bucket = fmt.Sprint("acme-", i)
			}
		}))
	}
	return out
}
