// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"strings"
	"testing"
	"time"

	"github.com/bucketlid/bucketlid/exposure"
)

// Whether a call is this program's own is told by its journal: by AWS's id of
// the request where both have one, else by name, place and time.
func TestOwnCalls(t *testing.T) {
	at := time.Date(2026, 3, 2, 10, 0, 30, 0, time.UTC)
	later := at.Add(time.Hour)
	call := OwnCall{Plan: "fix-0123456789ab", Operation: "DeletePublicAccessBlock", Account: "111122223333", Bucket: "b", RequestID: "AAAA", From: at, To: at.Add(time.Second), Rollback: true, Journal: "p.journal"}
	with := func(edit func(*OwnCall)) []OwnCall { c := call; edit(&c); return []OwnCall{c} }
	same := []OwnCall{call}
	for _, c := range []struct {
		name     string
		agent    string
		event    string
		bucket   string
		request  string
		at       *time.Time
		journals []OwnCall
		verified bool
		why      string // "": no mark at all
	}{
		{"by the request's id", "[a bucketlid/fix-0123456789ab]", "DeleteBucketPublicAccessBlock", "b", "AAAA", &later, same, true, "with AWS's id"},
		{"the API's name", "bucketlid/fix-0123456789ab", "DeletePublicAccessBlock", "b", "AAAA", &at, same, true, "with AWS's id"},
		{"another request at the same time", "bucketlid/fix-0123456789ab", "DeletePublicAccessBlock", "b", "BBBB", &at, same, false, "none of the journals"},
		{"another call", "bucketlid/fix-0123456789ab", "DeleteBucketPolicy", "b", "AAAA", &at, same, false, "none of the journals"},
		{"another bucket", "bucketlid/fix-0123456789ab", "DeletePublicAccessBlock", "c", "AAAA", &at, same, false, "none of the journals"},
		{"another plan", "bucketlid/fix-ffffffffffff", "DeletePublicAccessBlock", "b", "AAAA", &at, same, false, "none of the journals"},
		{"killed on the way", "bucketlid/fix-0123456789ab", "DeletePublicAccessBlock", "b", "AAAA", &at, with(func(c *OwnCall) { c.RequestID = "" }), true, "without AWS's id"},
		{"killed, an hour later", "bucketlid/fix-0123456789ab", "DeletePublicAccessBlock", "b", "AAAA", &later, with(func(c *OwnCall) { c.RequestID = "" }), false, "none of the journals"},
		{"killed, no time", "bucketlid/fix-0123456789ab", "DeletePublicAccessBlock", "b", "AAAA", nil, with(func(c *OwnCall) { c.RequestID = "" }), false, "none of the journals"},
		{"no journal", "bucketlid/fix-0123456789ab", "DeletePublicAccessBlock", "b", "AAAA", &at, nil, false, "no journal was given"},
		{"guard's mark", "x bucketlid/guard-0123456789ab y", "PutAccountPublicAccessBlock", "", "AAAA", &at, nil, false, "plan guard-0123456789ab"},
		{"no mark", "aws-cli/2", "DeletePublicAccessBlock", "b", "AAAA", &at, same, false, ""},
		{"part of a word", "notbucketlid/fix-0123456789ab", "DeletePublicAccessBlock", "b", "AAAA", &at, same, false, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &ranker{known: Known{Journals: c.journals}}
			if len(c.journals) > 0 {
				r.known.JournalNames = []string{"p.journal"}
			}
			a := Alert{Kind: KindGuardRemoved, Severity: Medium, Title: "T.", Account: "111122223333", Bucket: c.bucket, Suggestion: &Suggestion{Verdict: CannotTell},
				OpenedBy: &exposure.Actor{UserAgent: c.agent, EventName: c.event, RequestID: c.request, EventTime: c.at}}
			r.ours(&a)
			if c.why == "" {
				if len(a.Own) != 0 || a.Severity != Medium {
					t.Fatalf("taken for a mark: %+v", a.Own)
				}
				return
			}
			if len(a.Own) != 1 || a.Own[0].Verified != c.verified || !strings.Contains(a.Own[0].Why, c.why) {
				t.Fatalf("%+v", a.Own)
			}
			if told := strings.Join(append(a.Reasons, a.Unknowns...), ""); told != a.Own[0].Why {
				t.Errorf("told: %q", told)
			}
			if (a.Severity == Info) != c.verified || (a.Suggestion.Verdict == Intended) != c.verified || (a.Title != "T.") != c.verified {
				t.Errorf("%+v", a)
			}
		})
	}
}

// What our own rollback opened is as bad as what anybody opened.
func TestOwnOpeningStaysOpen(t *testing.T) {
	at := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	r := &ranker{known: Known{JournalNames: []string{"p.journal"}, Journals: []OwnCall{{Plan: "fix-0123456789ab", Operation: "PutBucketPolicy", RequestID: "AAAA", Rollback: true}}}}
	a := Alert{Kind: KindPublic, Severity: High, State: exposure.Open, Title: "T.", Suggestion: &Suggestion{},
		OpenedBy: &exposure.Actor{UserAgent: "bucketlid/fix-0123456789ab", EventName: "PutBucketPolicy", RequestID: "AAAA", EventTime: &at}}
	r.ours(&a)
	if a.Severity != High || a.State != exposure.Open || !a.Own[0].Verified || !strings.Contains(a.Title, "own rollback") || len(a.Suggestion.WrongIf) == 0 {
		t.Errorf("%+v", a)
	}
}
