// SPDX-License-Identifier: Apache-2.0

package gentrail_test

import (
	"strings"
	"testing"
	"time"

	"github.com/bucketlid/bucketlid/internal/gentrail"
)

func TestCompany(t *testing.T) {
	dir, again := t.TempDir(), t.TempDir()
	truth, err := gentrail.Company(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := gentrail.Company(again); err != nil {
		t.Fatal(err)
	}
	if treeHash(t, dir) != treeHash(t, again) {
		t.Error("two runs give different bytes")
	}
	checkStories(t, truth)
	objects := readTrail(t, dir)
	checkSums(t, gentrail.Config{Records: 5000}, objects, truth)
	checkTruth(t, objects, truth)
	records := allRecords(objects)
	checkNames(t, records)
	if len(records) > 7000 {
		t.Errorf("%d records, about 6,000 are wanted", len(records))
	}
	start := time.Date(2026, 8, 3, 0, 0, 0, 0, time.UTC)
	people := map[string]bool{}
	for _, r := range records {
		if r.EventTime.Before(start) || !r.EventTime.Before(start.AddDate(0, 0, 5)) {
			t.Fatalf("%s at %v is outside the week", r.EventName, r.EventTime)
		}
		if _, name, ok := strings.Cut(r.UserIdentity.PrincipalID, ":"); ok && strings.HasSuffix(name, "@lighthousefoods.example") {
			people[name] = true
		}
	}
	if len(people) != 10 {
		t.Errorf("%d people signed in, want 10: %v", len(people), people)
	}
}

// checkStories pins what the demo tells.
func checkStories(t *testing.T, truth gentrail.Truth) {
	t.Helper()
	got := map[string]gentrail.Incident{}
	for _, in := range truth.Incidents {
		got[in.ID] = in
	}
	for _, want := range []struct {
		id, kind, bucket, user, address string
		open                            time.Duration // 0: still open
	}{
		{"charity-site", "public", "lanternfest-charity.example", "maya.okafor@lighthousefoods.example", "203.0.113.24", 5*time.Hour + 26*time.Minute + 38*time.Second},
		{"kops-state", "public", "kops-state-prod", "rowan.blake", "192.0.2.77", 0},
		{"kops-secret", "public", "kops-state-prod", "rowan.blake", "192.0.2.77", 0},
		{"menu-feed", "public", "lh-menu-feed", "joana.ferreira@lighthousefoods.example", "198.51.100.32", 26*time.Minute + 3*time.Second},
		{"partner-share", "shared", "lh-loyalty-exports", "hanna.vogel@lighthousefoods.example", "198.51.100.33", 0},
		{"firmware-share", "shared", "lh-label-firmware", "tomas.lindqvist@lighthousefoods.example", "198.51.100.32", 39*time.Minute + 23*time.Second},
		{"supplier-docs", "public", "lh-supplier-docs", "ellie.marsh@lighthousefoods.example", "2001:db8:42::19", 0},
	} {
		in := got[want.id]
		if in.Kind != want.kind || in.Bucket != want.bucket || in.Event.UserName != want.user || in.Event.SourceIPAddress != want.address || len(in.Windows) != 1 {
			t.Errorf("%s: %+v", want.id, in)
			continue
		}
		w := in.Windows[0]
		if open := w.Closed.Sub(w.Opened); want.open != 0 && open != want.open || want.open == 0 && !w.Closed.IsZero() {
			t.Errorf("%s: open for %v, want %v", want.id, open, want.open)
		}
	}
	for _, id := range []string{"log-delivery", "deny-star", "cloudfront", "private-bucket", "denied-policy"} {
		if got[id].Kind != "none" {
			t.Errorf("near miss %s: %+v", id, got[id])
		}
	}
}
