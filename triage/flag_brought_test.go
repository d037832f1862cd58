// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"testing"
	"time"
)

// Who made a bucket, copied objects and opened it may have filled it with anything.
func TestBrought(t *testing.T) {
	makes := func(d time.Duration) string {
		return before10(d, deedRecord{name: "CreateBucket", bucket: "acme-data"})
	}
	copies := func(d time.Duration) string { return before10(d, deedRecord{name: "CopyObject", bucket: "acme-x"}) }
	const told = "the caller made the bucket himself 60 minutes before, and has copied objects since (CopyObject): from where, and whether into this bucket, is not kept"
	for name, test := range map[string]struct {
		log    []string
		change func(*Alert)
		want   bool
	}{
		"copied before it was opened":          {lines([]string{makes(time.Hour), copies(time.Minute)}), nil, true},
		"copied parts of an upload":            {lines([]string{makes(time.Hour), before10(time.Minute, deedRecord{name: "UploadPartCopy", bucket: "acme-x"})}), nil, true},
		"copied once it was open":              {lines([]string{makes(time.Hour), copies(-time.Minute)}), nil, true},
		"copied after it was shut":             {lines([]string{makes(time.Hour), copies(-3 * time.Hour)}), closed, false},
		"copied before the bucket was made":    {lines([]string{makes(time.Hour), copies(2 * time.Hour)}), nil, false},
		"copied nothing":                       {lines([]string{makes(time.Hour)}), nil, false},
		"copied by another":                    {lines([]string{makes(time.Hour), before10(time.Minute, deedRecord{name: "CopyObject", arn: bob.ARN})}), nil, false},
		"made long before":                     {lines([]string{makes(9 * 24 * time.Hour), copies(time.Minute)}), nil, false},
		"made by another":                      {lines([]string{before10(time.Hour, deedRecord{name: "CreateBucket", bucket: "acme-data", arn: bob.ARN}), copies(time.Minute)}), nil, false},
		"what was copied is in its own record": {lines([]string{makes(time.Hour), copies(time.Minute)}), func(a *Alert) { a.copySource = "acme-x/k" }, false},
	} {
		a, e := alert(test.change), &evidence{}
		newTestRanker(t, test.log...).brought(a, e)
		if (a.brought != "") != test.want || (len(e.missing) > 0) != test.want {
			t.Errorf("%s: %q, %q", name, a.brought, e.missing)
		}
	}
	a := alert(all(flagged("bucket-name", No)))
	a.brought = told
	if s := suggest(&ranker{}, a); s.Verdict != Intended || s.Confidence != "low" || s.Reasons[0] != "but "+told {
		t.Errorf("%+v", s)
	}
}
