// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"
	"time"

	"github.com/bucketlid/bucketlid/ingest"
	"github.com/bucketlid/bucketlid/internal/gentrail"
	"github.com/bucketlid/bucketlid/triage"
)

// What was planted into a generated trail is found, with its windows and its
// actor; what is harmless raises nothing.
func TestPlantedIncidentsAreFound(t *testing.T) {
	for _, seed := range []uint64{1, 2, 3} {
		dir := t.TempDir()
		truth, err := gentrail.Write(dir, gentrail.Config{Seed: seed, Records: 12_000, Gzip: true})
		if err != nil {
			t.Fatal(err)
		}
		checkTruth(t, dir, truth)
	}
}

func TestDemoTellsItsStory(t *testing.T) {
	dir := t.TempDir()
	truth, err := gentrail.Company(dir)
	if err != nil {
		t.Fatal(err)
	}
	checkTruth(t, dir, truth)
}

func checkTruth(t *testing.T, dir string, truth gentrail.Truth) {
	t.Helper()
	h := &hunt{workers: 2, filter: ingest.Filter{}}
	if err := h.read(t.Context(), []string{dir}); err != nil {
		t.Fatal(err)
	}
	result := triage.Rank(h.ledger, h.baseline, triage.Known{})
	told := map[string]bool{}
	for _, incident := range truth.Incidents {
		if incident.Kind != "none" {
			told[incident.Bucket] = true
			checkIncident(t, incident, result)
		}
	}
	for _, a := range result.Alerts {
		if !told[a.Bucket] {
			t.Errorf("false alert: %s\n%q", a.Title, a.Reasons)
		}
	}
}

func checkIncident(t *testing.T, want gentrail.Incident, result triage.Result) {
	t.Helper()
	found := false
	for _, a := range result.Alerts {
		if a.Bucket == want.Bucket && string(a.Kind) == want.Kind && (a.Key == want.Key || a.Route != "object-acl") && (a.Route == want.Route || want.Kind == "guard-removed") {
			found = true
		}
	}
	if !found {
		t.Errorf("%s (%s %s on %s %s): no such alert; there are:", want.ID, want.Kind, want.Route, want.Bucket, want.Key)
		for _, a := range result.Alerts {
			if a.Bucket == want.Bucket {
				t.Logf("  %s %s key=%q %s %q", a.Kind, a.Route, a.Key, a.Title, a.Reasons)
			}
		}
		return
	}
	for _, w := range want.Windows {
		if !hasWindow(result, want, w) {
			t.Errorf("%s: no exposure of %s by %s from %v to %v", want.ID, want.Bucket, want.Route, w.Opened, w.Closed)
		}
	}
}

func hasWindow(result triage.Result, want gentrail.Incident, w gentrail.Window) bool {
	for _, e := range result.Exposures {
		if e.Bucket != want.Bucket || (e.Key != want.Key && e.Route == "object-acl") || e.OpenedAt == nil || !e.OpenedAt.Equal(w.Opened) || e.OpenedBy == nil {
			continue
		}
		// Of two copies of one call the caller's own names him, and is the one told.
		if w.OpenedBy.ARN != "" && e.OpenedBy.EventID != w.OpenedBy.EventID {
			continue
		}
		var closed time.Time
		if e.ClosedAt != nil {
			closed = *e.ClosedAt
		}
		if closed.Equal(w.Closed) {
			return true
		}
	}
	return false
}
