// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bucketlid/bucketlid/ingest"
	"github.com/bucketlid/bucketlid/investigate"
	"github.com/bucketlid/bucketlid/triage"
)

// followed investigates one subject over a folder.
func followed(t *testing.T, kind investigate.Kind, text, dir string) *investigate.Investigation {
	t.Helper()
	q := &inquiry{flags: &investigateFlags{}, subject: investigate.Case{Kind: kind, Subject: text, Sources: []string{"logs"}}, specs: []string{dir},
		hunt: &hunt{workers: 2, filter: ingest.Filter{}}}
	collect := q.hunted
	if kind == investigate.Alert {
		q.subject.Around = time.Hour
		if err := q.findAlert(t.Context()); err != nil {
			t.Fatal(err)
		}
		q.subjects, collect = investigate.PartiesOf(q.subject.Alert), q.again
	} else if err := q.follow(kind, text); err != nil {
		t.Fatal(err)
	}
	if err := q.collect(t.Context(), collect); err != nil {
		t.Fatal(err)
	}
	if kind != investigate.Alert {
		q.result = triage.Rank(q.hunt.ledger, q.hunt.baseline, triage.Known{})
	}
	return q.collector.Investigate(q.subject, investigate.Found{Ledger: q.hunt.ledger, Baseline: q.hunt.baseline, Result: q.result})
}

// said is the text of an answer with its events.
func said(t *testing.T, x *investigate.Investigation, id string) string {
	t.Helper()
	for _, a := range x.Answers {
		if a.ID == id {
			text := string(a.Verdict) + " " + a.Text
			for _, p := range a.Events {
				text += "\n" + p.Text
			}
			return text
		}
	}
	t.Fatalf("no answer %s", id)
	return ""
}

// The whole of an exercise with an attack simulator can be read off its one
// alert: who gave a foreign account the bucket, from where, with what, and what
// else he did in that hour.
func TestRealAlertTellsItsStory(t *testing.T) {
	dir := filepath.Join(realData(t), "invictus-ir_aws_dataset", "CloudTrail")
	_, result := huntFolder(t, dir)
	x := followed(t, investigate.Alert, result.Alerts[0].ID, dir)
	for id, parts := range map[string][]string{
		"sessions": {"AKIATFQR7NSC8Q4X20BJ", "It got 5 sessions of roles", "stratus-red-team-leave-org-role/aws-go-sdk-1688990515440126480 (LeaveOrganization)"},
		"client":   {"a tool of attackers and testers ×", "(stratus-red-team)"},
		"around": {"StopLogging", "DeleteTrail ×2", "CreateAccessKey ×2", "CreateUser ×4", "AttachRolePolicy ×6", "LeaveOrganization (1 refused or failed)", "GetSecretValue ×60",
			"GetPasswordData (29 refused or failed)", "RunInstances ×2"},
		"address-elsewhere": {"stratus-red-team-ec2-steal-credentials-role"},
		"same-change":       {"stratus-red-team-ctes-bucket-qyxyekjbtk"},
		"bucket-life":       {"created 2023-07-10 12:22:34Z by bert-jan; policy set 2023-07-10 12:22:41Z by bert-jan; policy deleted 2023-07-10 12:28:24Z by bert-jan; deleted"},
		"readers":           {"unknown"},
		"data-events":       {"no No data event"},
	} {
		text := said(t, x, id)
		for _, part := range parts {
			if !strings.Contains(text, part) {
				t.Errorf("%s does not say %q:\n%s", id, part, text)
			}
		}
	}
	if n := int64(len(x.Timeline)); n*5 > x.Summary.Calls {
		t.Errorf("%d rows for %d calls: nobody reads them", n, x.Summary.Calls)
	}
}

// A bucket laid out for strangers has two years of them: 224 addresses.
func TestRealHoneyBucketTellsItsStrangers(t *testing.T) {
	x := followed(t, investigate.Bucket, "microsoft-devtest", filepath.Join(realData(t), "otrf-security-datasets", "extracted"))
	if n := len(x.Summary.Addresses); n != 224 || !x.Summary.Exact {
		t.Errorf("%d addresses, exact %v", n, x.Summary.Exact)
	}
	if text := said(t, x, "bucket-others"); !strings.Contains(text, "8 callers from 224 addresses") {
		t.Error(text)
	}
	if text := said(t, x, "readers"); !strings.Contains(text, "confirmed") {
		t.Error(text)
	}
}

// A run that is stopped says so and leaves nothing behind.
func TestInvestigateInterrupted(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	q := &inquiry{specs: []string{"-"}, hunt: &hunt{workers: 1, stdin: bytes.NewReader(nil)}, flags: &investigateFlags{}}
	if err := q.follow(investigate.User, "alice"); err != nil {
		t.Fatal(err)
	}
	if err := q.collect(ctx, q.hunted); err == nil {
		t.Error("a stopped run gave no error")
	}
}
