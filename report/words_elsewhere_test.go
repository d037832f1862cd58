// SPDX-License-Identifier: Apache-2.0

package report

import (
	"strings"
	"testing"

	"github.com/bucketlid/bucketlid/triage"
)

// What other services said is shown by every format, beside an alert and where
// there is none, and so is what a probe gave.
func TestElsewhereIsShown(t *testing.T) {
	a := &triage.Alert{ID: "a-1", Kind: triage.KindPublic, Severity: triage.High, Bucket: "acme-exports", ElsewhereMore: 3,
		Probe: &triage.Probe{At: *instant("2026-08-03T15:00:00Z"), Method: "GET", URL: "https://acme-exports.s3.amazonaws.com/?list-type=2&max-keys=1", Status: 403, Code: "AccessDenied", Agrees: triage.No, Why: "it is open here"},
		Elsewhere: []triage.Elsewhere{{Service: "GuardDuty", ID: "g1", Type: "Policy:S3/BucketAnonymousAccessGranted", Title: "Anonymous access was granted", Severity: "8", Status: "active",
			Says: triage.SaysPublic, First: instant("2026-08-03T14:02:11Z"), Details: []string{"user alice"}, Agrees: triage.Yes}}}
	s := &Summary{Buckets: 1, SaidElsewhereMore: 7, SaidElsewhere: []triage.Elsewhere{{Service: "Macie", Type: "Policy:IAMUser/S3BucketPublic", Status: "active", Bucket: "acme-other", Agrees: triage.Cannot, Why: "no record was read"}},
		Findings: &FindingsRead{Read: 12, Beside: 4, Alone: 8, Aside: map[string]int64{"not about S3": 2}}}
	alert := []string{"GuardDuty", "BucketAnonymousAccessGranted", "AccessDenied"}
	alone := []string{"acme-other", "S3BucketPublic", "no record was read"}
	for _, f := range Formats {
		got := write(t, f.ID, Options{}, Message{Config: &Config{Schema: Schema}}, Message{Alert: a}, Message{Summary: s})
		want := alert
		if f.ID != "csv" && f.ID != "ocsf" && f.ID != "asff" { // a row or finding for each alert, and none for the rest
			want = append(append([]string{}, alert...), alone...)
		}
		if f.ID == "wide" { // counts them
			want = append([]string{"4 findings beside these alerts"}, alone...)
		}
		for _, w := range want {
			if !strings.Contains(strings.ReplaceAll(got, `\_`, "_"), w) {
				t.Errorf("%s does not tell %q:\n%s", f.ID, w, got)
			}
		}
		if strings.Contains(strings.Join(want, ""), "acme-other") && !strings.Contains(write(t, f.ID, Options{}, Message{Config: &Config{Schema: Schema}}, Message{Summary: s}), "acme-other") {
			t.Errorf("%s does not tell of findings where there is no alert at all", f.ID)
		}
	}
	var b strings.Builder
	if err := WriteSummary(&b, *s, Options{}); err != nil || !strings.Contains(b.String(), "12 findings of other services: 4 beside alerts, 8 without an alert of ours, no evidence on S3: not about S3 2") {
		t.Errorf("%v: %s", err, b.String())
	}
}

func TestSaidElsewhere(t *testing.T) {
	for _, tt := range []struct {
		e    triage.Elsewhere
		want string
	}{
		{triage.Elsewhere{Service: "GuardDuty", Says: triage.SaysPublic, Type: "T", Title: "Words", Severity: "8", Status: "active", First: instant("2026-08-03T14:02:11Z"), Details: []string{"user alice"}, Agrees: triage.No, Why: "here it was held shut"},
			"GuardDuty says public: T, Words (active, severity 8, since 2026-08-03 14:02:11Z); user alice; DISAGREES: here it was held shut"},
		{triage.Elsewhere{Service: "Macie", Says: triage.SaysSensitive, ID: "m", Status: "unknown", Agrees: triage.Cannot, Why: "it tells of the content"},
			"Macie says sensitive: m (unknown): it tells of the content"},
		{triage.Elsewhere{Agrees: triage.Yes, Says: triage.SaysPublic}, "another service says public: no type; agrees"},
	} {
		if got := saidElsewhere(&tt.e); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

func TestProbed(t *testing.T) {
	at := *instant("2026-08-03T15:00:00Z")
	for _, tt := range []struct {
		p    *triage.Probe
		want string
	}{
		{nil, ""},
		{&triage.Probe{Why: "the witness would write"}, "not sent: the witness would write"},
		{&triage.Probe{At: at, Method: "GET", URL: "http://x/", Status: 200, Agrees: triage.Yes}, "GET http://x/ unsigned at 2026-08-03 15:00:00Z: HTTP 200; agrees"},
		{&triage.Probe{At: at, Method: "GET", URL: "http://x/", Status: 403, Code: "AccessDenied", Agrees: triage.No, Why: "w"}, "GET http://x/ unsigned at 2026-08-03 15:00:00Z: HTTP 403 AccessDenied; CONTRADICTS what is told here: w"},
		{&triage.Probe{At: at, Method: "HEAD", URL: "http://x/", Agrees: triage.Cannot, Why: "no answer within 10s"}, "HEAD http://x/ unsigned at 2026-08-03 15:00:00Z: no answer: no answer within 10s"},
	} {
		if got := probed(&triage.Alert{Probe: tt.p}); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}
