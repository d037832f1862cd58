// SPDX-License-Identifier: Apache-2.0

package sieve

import (
	"database/sql"
	"fmt"
	"slices"
	"time"
)

// lake is an event data store of CloudTrail Lake, as federation shows it to
// Athena (AWS CloudTrail User Guide, "Supported SQL schemas for event data
// stores"). Its columns are called as those of delivered are, but hold maps, in
// which nested values lose their form: so whole records come from eventjson.
var lake = layout{
	id: "lake",
	needs: []string{"eventjson", "useridentity", "eventtime", "eventsource", "eventname", "awsregion", "sourceipaddress", "useragent", "errorcode", "eventid",
		"recipientaccountid"},
	even: evenOf(lakeSeconds, "coalesce("+lakeBucket+", '')", "coalesce("+lakeKey+", '')"),
	text: "eventjson",
	odd: oddities(slices.Concat(
		[]string{"eventjson IS NULL", "eventtime IS NULL", lakeSeconds + " < 631152000", lakeSeconds + " >= 7289654400", "eventid IS NULL", "length(eventid) < 12",
			"regexp_like(useridentity.arn, '[^ -~]')", oddAgent("useragent")},
		longTexts(lakeBucket),
		[]string{"length(useridentity.accesskeyid) > 120", unclear("eventsource", "eventname", "eventjson", lakeBucket, lakeKey)},
	)...),
	filter: lakeFilter,
	row:    []string{"eventjson", "eventid", "recipientaccountid"},
	whole:  lakeRecord,
}

const (
	lakeSeconds = "CAST(floor(to_unixtime(eventtime)) AS bigint)"
	lakeBucket  = `regexp_extract(eventjson, '"bucketName":"([^"\\]*)"', 1)`
	lakeKey     = `regexp_extract(eventjson, '"key":"([^"\\]*)"', 1)`
)

// lakeFilter narrows by eventtime itself, by which a store leaves files out.
func lakeFilter(f Filter) []string {
	var out []string
	if len(f.Accounts) > 0 {
		out = append(out, untold("recipientaccountid", f.Accounts))
	}
	if len(f.Regions) > 0 {
		out = append(out, untold("awsregion", f.Regions))
	}
	stamp := func(t time.Time) string { return "TIMESTAMP " + quoted(t.UTC().Format(time.DateTime)) }
	if !f.From.IsZero() {
		out = append(out, fmt.Sprintf("(eventtime IS NULL OR eventtime >= %s)", stamp(f.From)))
	}
	if !f.To.IsZero() {
		out = append(out, fmt.Sprintf("(eventtime IS NULL OR eventtime < %s)", stamp(f.To)))
	}
	return out
}

// lakeRecord is the record of a row. One without eventjson, as stores have of
// their first time, is no record that can be read.
func lakeRecord(c []sql.NullString) (record, error) {
	return record{raw: []byte(c[0].String), object: "eventID " + c[1].String, offset: -1, account: c[2].String}, nil
}
