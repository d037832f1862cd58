// SPDX-License-Identifier: Apache-2.0

package sieve

import (
	"database/sql"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/bucketlid/bucketlid/archive"
	"github.com/bucketlid/bucketlid/replay"
)

// archived is the archive's own form (docs/archive.md).
var archived = layout{
	id:    "archive",
	needs: []string{"event_time", "event_id", "principal_key", "raw", "raw_bytes", "account", "day"},
	even: []member{
		{"seconds", archivedSeconds},
		{"event_id", "event_id"},
		{"principal", caller("coalesce(principal_key, '')", "principal_key")},
		{"address", "coalesce(source_ip, '')"},
		{"name", "coalesce(event_name, '')"},
		{"agent", agentFamily("user_agent")},
		{"region", "coalesce(region, '')"},
		{"error", "coalesce(error_code, '')"},
		{"account", "account"},
		{"access_key", "coalesce(access_key_id, '')"},
		{"source", "coalesce(event_source, '')"},
		{"user_type", "coalesce(user_type, '')"},
		{"bucket", "coalesce(bucket, '')"},
		{"object_key", "coalesce(object_key, '')"},
	},
	text: "raw",
	odd: oddities(slices.Concat(
		[]string{"event_time IS NULL", "event_id IS NULL", "length(event_id) < 12", "raw_bytes IS NOT NULL", "account = " + quoted(archive.Unknown), oddAgent("user_agent")},
		tooLong("event_id", "principal", "source_ip", "event_name", "region", "error_code", "caller_account", "invoked_by", "bucket"),
		[]string{"length(access_key_id) > 120", unclear("event_source", "event_name", "raw", "bucket", "object_key")},
	)...),
	filter: archivedFilter,
	row:    []string{"CASE WHEN raw_bytes IS NULL THEN raw END", "to_hex(raw_bytes)", "source_file", "source_offset", "account"},
	whole:  archivedRecord,
}

const archivedSeconds = "CAST(floor(to_unixtime(event_time)) AS bigint)"

// unclear is the condition that bucket or key of a data event, as the columns
// have them, may not be what replay reads off the record's text.
func unclear(source, name, text, bucket, key string) string {
	return fmt.Sprintf("%s = '%s' AND ((%s AND NOT coalesce(%s, false)) OR (%s AND NOT coalesce(%s, false)))", source, s3Source,
		among(name, slices.Concat(replay.DataEvents(), replay.Rewrites())), tellsOnce(text, "bucketName", bucket),
		among(name, replay.Rewrites()), tellsOnce(text, "key", key))
}

func archivedFilter(f Filter) []string {
	var out []string
	if len(f.Accounts) > 0 {
		out = append(out, among("account", append(slices.Clone(f.Accounts), archive.Unknown)))
	}
	if len(f.Regions) > 0 {
		out = append(out, "(region IS NULL OR "+among("region", f.Regions)+")")
	}
	// Unknown sorts behind every date.
	if !f.From.IsZero() {
		out = append(out, "day >= "+quoted(f.From.UTC().Format(time.DateOnly)))
	}
	if !f.To.IsZero() {
		out = append(out, fmt.Sprintf("(day <= %s OR day = %s)", quoted(f.To.UTC().Format(time.DateOnly)), quoted(archive.Unknown)))
	}
	for _, condition := range f.within(archivedSeconds) {
		out = append(out, "(event_time IS NULL OR "+condition+")")
	}
	return out
}

func archivedRecord(c []sql.NullString) (record, error) {
	r := record{raw: []byte(c[0].String), object: c[2].String, offset: -1}
	if !c[0].Valid {
		var err error
		if r.raw, err = hex.DecodeString(c[1].String); err != nil {
			return r, fmt.Errorf("raw_bytes of a record from %s: %w", r.object, err)
		}
	}
	if offset, err := strconv.ParseInt(c[3].String, 10, 64); err == nil {
		r.offset = offset
	}
	if c[4].String != archive.Unknown {
		r.account = c[4].String
	}
	return r, nil
}
