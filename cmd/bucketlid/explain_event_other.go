// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"strings"

	"github.com/bucketlid/bucketlid/replay"
	"github.com/bucketlid/bucketlid/trail"
	"github.com/bucketlid/bucketlid/triage"
)

// onlyReads goes by the record's own word, and by the call's name where it has none.
func onlyReads(r *trail.Record) bool {
	if r.ReadOnly != nil {
		return *r.ReadOnly
	}
	return slices.ContainsFunc([]string{"Get", "List", "Head", "Describe"}, func(verb string) bool { return strings.HasPrefix(r.EventName, verb) })
}

// otherEffects says what a record means that changes no setting by itself: what an
// upload that was begun will be, that nothing changes, or that nobody looks.
func otherEffects(r *trail.Record, changed bool) []string {
	var out []string
	if r.ErrorCode == "" && strings.HasSuffix(r.EventName, "MultipartUpload") {
		whole := *r
		whole.EventName = "PutObject"
		ledger, baseline := replay.NewLedger(), replay.NewBaseline()
		ledger.Add(&whole)
		found := triage.Rank(ledger, baseline, triage.Known{})
		for i := range found.Exposures {
			out = addNew(out, "once CompleteMultipartUpload ends the upload: "+openingWords(&found.Exposures[i]))
		}
	}
	switch {
	case len(out) > 0:
		return out
	case changed:
		return []string{"not known from this record alone: hunt puts it together with others"}
	case onlyReads(r), replay.Knows(r.EventSource, r.EventName):
		return []string{"none: it changes no setting that decides who gets in"}
	}
	return []string{"not known: bucketlid does not look at this call, which is no word on whether it lets anybody in"}
}
