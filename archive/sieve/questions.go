// SPDX-License-Identifier: Apache-2.0

package sieve

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bucketlid/bucketlid/replay"
)

// asker writes the questions for one layout and one filter, as SQL that DuckDB
// (with the words of archive/duckdb), Trino and Athena understand alike.
type asker struct {
	*layout
	where []string // the filter's conditions
}

// Parts of questions.
const (
	hash = "to_hex(xxhash64(to_utf8(event_id)))"
	// first sorts by time, then by eventID, and tells both.
	first = "lpad(CAST(seconds AS varchar), 12, '0') || event_id"
)

// ids are the hashes that replay.Alike needs, sixteen digits each.
var ids = fmt.Sprintf("array_join(min(DISTINCT %s, %d), '')", hash, replay.EnoughIDs)

// days are those that replay.Alike needs.
var days = fmt.Sprintf("array_join(min(DISTINCT seconds - seconds %% 86400, %d), ' ')", replay.EnoughDays)

// from is the even records with their members.
func (a *asker) from() string {
	columns := make([]string, len(a.even))
	for i, m := range a.even {
		columns[i] = m.sql + " AS " + m.name
	}
	return "(SELECT " + strings.Join(columns, ", ") + " FROM records" + where(a.narrowed("NOT "+a.odd)) + ") AS even"
}

// narrowed are conditions behind those of the filter.
func (a *asker) narrowed(conditions ...string) []string { return slices.Concat(a.where, conditions) }

func where(conditions []string) string {
	if len(conditions) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(conditions, " AND ")
}

// patterns counts records by all that a baseline tells apart.
func (a *asker) patterns() string {
	return "SELECT principal, address, name, agent, region, failed, count(*), min(seconds), max(seconds), " + ids + ", " + days +
		" FROM (SELECT *, CASE WHEN error = '' THEN 0 ELSE 1 END AS failed FROM " + a.from() + ") AS patterns" +
		" GROUP BY principal, address, name, agent, region, failed"
}

// hours asks for the first call of each principal in each hour of the day.
func (a *asker) hours() string {
	return "SELECT principal, min(seconds) FROM " + a.from() + " WHERE principal <> '' GROUP BY principal, seconds % 86400 - seconds % 3600"
}

// coverage lists, by account, Region and day, the slots that have records.
func (a *asker) coverage() string {
	return fmt.Sprintf("SELECT account, region, day, array_join(array_agg(DISTINCT slot), ' ') FROM"+
		" (SELECT account, region, seconds - seconds %% 86400 AS day, seconds %% 86400 - seconds %% %d AS slot FROM %s) AS covered GROUP BY account, region, day",
		replay.SlotSeconds, a.from())
}

// noted adds up failures, and calls of note, by hour.
func (a *asker) noted() string {
	return "SELECT principal, name, error, min(" + first + "), min_by(address, " + first + "), max(seconds), " + ids +
		" FROM " + a.from() + " WHERE principal <> '' AND (error <> '' OR " + among("name", replay.NotedCalls()) + ")" +
		" GROUP BY principal, name, error, seconds - seconds % 3600"
}

// keys asks when each long-term access key was first used.
func (a *asker) keys() string {
	return "SELECT access_key, min(seconds) FROM " + a.from() + " WHERE access_key LIKE 'AKIA%' GROUP BY access_key"
}

// logged asks of which buckets there are data events, and from when to when.
func (a *asker) logged() string {
	return "SELECT bucket, min(seconds), max(seconds) FROM " + a.from() + " WHERE source = '" + s3Source + "' AND error <> 'NoSuchBucket' AND " +
		among("name", replay.DataEvents()) + " GROUP BY bucket"
}

// chosen asks for the records that a ledger wants, and for the odd ones, whole.
func (a *asker) chosen() string {
	any := []string{a.odd}
	for _, c := range replay.Choices() {
		any = append(any, a.choice(c))
	}
	return "SELECT CASE WHEN " + a.odd + " THEN 1 ELSE 0 END, " + strings.Join(a.row, ", ") + " FROM records" +
		where(a.narrowed("("+strings.Join(any, " OR ")+")"))
}

// all asks for every record, whole.
func (a *asker) all() string {
	return "SELECT 1, " + strings.Join(a.row, ", ") + " FROM records" + where(a.where)
}

func (a *asker) choice(c replay.Choice) string {
	source := a.member("source")
	from := among(source, c.Sources)
	if c.Redacted {
		from = "(" + from + " OR " + source + " NOT LIKE '%.amazonaws.com')"
	}
	all := []string{among(a.member("name"), c.Names), from}
	if c.UserType != "" {
		all = append(all, a.member("user_type")+" = "+quoted(c.UserType))
	}
	if c.Marks != nil {
		all = append(all, a.marked(c.Marks))
	}
	return "(" + strings.Join(all, " AND ") + ")"
}

func (a *asker) marked(marks [][]string) string {
	var any []string
	for _, list := range marks {
		var all []string
		for _, text := range list {
			all = append(all, fmt.Sprintf("strpos(lower(%s), %s) > 0", a.text, quoted(strings.ToLower(text))))
		}
		any = append(any, "("+strings.Join(all, " AND ")+")")
	}
	return "(" + strings.Join(any, " OR ") + ")"
}

// rewrite is the condition of an even record that it replaces or removes an
// object.
func (a *asker) rewrite() string {
	return fmt.Sprintf("%s = '%s' AND %s = '' AND %s", a.member("source"), s3Source, a.member("error"), among(a.member("name"), replay.Rewrites()))
}

// object is the hash by which a ledger chooses the objects whose rewrites it keeps.
func (a *asker) object() string {
	return fmt.Sprintf("to_hex(xxhash64(to_utf8(%s || '/' || %s)))", a.member("bucket"), a.member("object_key"))
}

// crowd counts rewrites by the first digits of that hash: its zeros and one more.
func (a *asker) crowd() string {
	return "SELECT zeros, count(*) FROM (SELECT regexp_extract(" + a.object() + ", '^0*.?') AS zeros FROM records" +
		where(a.narrowed("NOT "+a.odd, a.rewrite())) + ") AS rewrites GROUP BY zeros"
}

// rewrites asks for the rewrites of objects whose hash has at least so many
// leading zero bits, and fewer than below; 0 is no limit.
func (a *asker) rewrites(least, below int) string {
	conditions := a.narrowed("NOT "+a.odd, a.rewrite())
	if least > 0 {
		conditions = append(conditions, a.object()+" < "+bound(least))
	}
	if below > 0 {
		conditions = append(conditions, a.object()+" >= "+bound(below))
	}
	return "SELECT 0, " + strings.Join(a.row, ", ") + " FROM records" + where(conditions)
}

// bound is the first hash with fewer leading zero bits.
func bound(zeros int) string { return fmt.Sprintf("'%016X'", uint64(1)<<(64-zeros)) }
