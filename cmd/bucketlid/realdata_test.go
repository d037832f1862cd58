// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bucketlid/bucketlid/ingest"
	"github.com/bucketlid/bucketlid/triage"
)

// realData is the folder of public logs that BUCKETLID_REALDATA names.
func realData(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("BUCKETLID_REALDATA")
	if dir == "" {
		t.Skip("BUCKETLID_REALDATA is not set: public logs are not needed, but tell more")
	}
	return dir
}

func huntFolder(t *testing.T, dir string) (*hunt, triage.Result) {
	t.Helper()
	h := &hunt{workers: 2, filter: ingest.Filter{}}
	if err := h.read(t.Context(), []string{dir}); err != nil {
		t.Fatal(err)
	}
	return h, triage.Rank(h.ledger, h.baseline, triage.Known{})
}

func huntBytes(t *testing.T, content []byte) triage.Result {
	t.Helper()
	h := &hunt{workers: 1, filter: ingest.Filter{}, stdin: bytes.NewReader(content)}
	if err := h.read(t.Context(), []string{"-"}); err != nil {
		t.Fatal(err)
	}
	return triage.Rank(h.ledger, h.baseline, triage.Known{})
}

// An hour of a busy account: one bucket policy let a foreign account in for six
// minutes, and nothing else is to be told.
func TestRealHourHasOneShare(t *testing.T) {
	h, result := huntFolder(t, filepath.Join(realData(t), "invictus-ir_aws_dataset", "CloudTrail"))
	if h.counts.records != 2900 || len(h.skipped) != 0 {
		t.Errorf("%d records, %d skipped", h.counts.records, len(h.skipped))
	}
	if len(result.Alerts) != 1 {
		for _, a := range result.Alerts {
			t.Log(a.Kind, a.Title, a.Reasons)
		}
		t.Fatalf("%d alerts, want 1", len(result.Alerts))
	}
	a := result.Alerts[0]
	opened, closed := a.OpenedAt.Format(time.TimeOnly), a.ClosedAt.Format(time.TimeOnly)
	if a.Kind != triage.KindShared || opened != "12:22:41" || closed != "12:28:24" {
		t.Errorf("kind %s from %s to %s: %s", a.Kind, opened, closed, a.Title)
	}
}

// Labelled events of detection rules: those about S3 grants to groups raise an
// alert where the rule should fire, and none where it should not.
func TestLabelledEvents(t *testing.T) {
	dir := filepath.Join(realData(t), "streamalert", "rules", "community", "cloudwatch_events")
	for _, name := range []string{"cloudtrail_put_bucket_acl.json", "cloudtrail_put_object_acl_public.json", "cloudtrail_critical_api_calls.json"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		var cases []struct {
			Data         json.RawMessage `json:"data"`
			Description  string          `json:"description"`
			TriggerRules []string        `json:"trigger_rules"`
		}
		if err := json.Unmarshal(text, &cases); err != nil {
			t.Fatal(err)
		}
		for i, c := range cases {
			if name == "cloudtrail_critical_api_calls.json" && !strings.Contains(string(c.Data), "PublicAccessBlock") {
				continue
			}
			if strings.Contains(c.Description, "whitelisted") {
				continue // what is expected to be public is told to that tool apart, not in the record
			}
			alerts := huntBytes(t, c.Data).Alerts
			if fires := len(c.TriggerRules) > 0; fires != (len(alerts) > 0) {
				t.Errorf("%s case %d (%s): %d alerts", name, i, c.Description, len(alerts))
			}
		}
	}
}

// A real PutBucketAcl with a grant header inside accessControlList.
func TestGrantHeaderExample(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(realData(t), "splunk-security-content", "data_sources", "aws_cloudtrail_putbucketacl.yml"))
	if err != nil {
		t.Fatal(err)
	}
	_, example, found := strings.Cut(string(text), "example_log: '")
	if !found {
		t.Fatal("the example is not where it was")
	}
	record := strings.Join(strings.Fields(strings.TrimSuffix(strings.TrimSpace(example), "'")), " ")
	alerts := huntBytes(t, []byte(record)).Alerts
	if len(alerts) != 1 || alerts[0].Permission != "WRITE_ACP" || alerts[0].UserName != "patrick_cli" || alerts[0].Audience != "any-aws-account" {
		t.Errorf("%+v", alerts)
	}
}

// Every file there is read or named as skipped.
func TestRealDataIsReadOrNamed(t *testing.T) {
	h, _ := huntFolder(t, realData(t))
	named := map[string]bool{}
	for _, s := range h.skipped {
		named[s.Object] = true
	}
	t.Logf("%d objects, %d records, %d objects with something skipped", h.counts.objects, h.counts.records, len(named))
	reasons := make([]string, 0, len(h.counts.reasons))
	for r := range h.counts.reasons {
		reasons = append(reasons, r)
	}
	slices.Sort(reasons)
	t.Log(strings.Join(reasons, "\n"))
	if h.counts.records < 3000 {
		t.Errorf("only %d records", h.counts.records)
	}
}
