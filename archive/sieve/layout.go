// SPDX-License-Identifier: Apache-2.0

package sieve

import (
	"database/sql"
	"fmt"
	"strings"
	"time"
)

// layout is one form of a table of records: how it tells what the sieve asks.
type layout struct {
	id    string
	needs []string // columns by which the form is known
	// even are the members of an even record, by the names that the questions
	// use, as SQL. None is NULL for an even record.
	even []member
	// odd is true for a record that must come back whole; it is never NULL.
	odd string
	// text holds every text of the record in which marks are looked for.
	text string
	// filter narrows to accounts, Regions and times. What does not tell them stays.
	filter func(Filter) []string
	// row are the columns of a whole record, which whole puts together.
	row   []string
	whole func(columns []sql.NullString) (record, error)
}

// member is one named value.
type member struct{ name, sql string }

// record is one record that came back whole.
type record struct {
	raw     []byte
	object  string // the log object it was in, or what tells it apart
	offset  int64  // in that object; -1 when unknown
	account string // that received it, where its own text may not say so; "" for none
}

// layouts are the forms that are understood; the first whose columns are all
// there is taken. The names that delivered needs, lake has too.
var layouts = []*layout{&archived, &lake, &delivered}

// member is the SQL of a named value.
func (l *layout) member(name string) string {
	for _, m := range l.even {
		if m.name == name {
			return m.sql
		}
	}
	panic("sieve: no member " + name)
}

// LayoutError says that a table has no form that is understood.
type LayoutError struct{ Columns []string }

// Error names what is missing.
func (e *LayoutError) Error() string {
	if len(e.Columns) == 0 {
		return "there is no such table, or none that the user may see"
	}
	missing := func(l *layout) string { return strings.Join(without(l.needs, e.Columns), ", ") }
	return fmt.Sprintf("the table is no archive of bucketlid (it lacks %s) and no table of CloudTrail logs as Amazon Athena makes it (it lacks %s)",
		missing(&archived), missing(&delivered))
}

func find(columns []string) (*layout, error) {
	for _, l := range layouts {
		if len(without(l.needs, columns)) == 0 {
			return l, nil
		}
	}
	return nil, &LayoutError{columns}
}

// without lists the names that are not among columns.
func without(names, columns []string) []string {
	var out []string
	have := " " + strings.ToLower(strings.Join(columns, " ")) + " "
	for _, name := range names {
		if !strings.Contains(have, " "+name+" ") {
			out = append(out, name)
		}
	}
	return out
}

// Filter narrows to records of accounts, of Regions and of a time. Zero fields
// do not narrow. Records that do not tell are not left out.
type Filter struct {
	Accounts, Regions []string
	From, To          time.Time
}

// quoted is a text as SQL.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// untold is the condition that a column has one of some values, or none.
func untold(column string, list []string) string {
	return fmt.Sprintf("(coalesce(%s, '') = '' OR %s)", column, among(column, list))
}

// among is the SQL condition that a value is one of a list.
func among(value string, list []string) string {
	texts := make([]string, len(list))
	for i, text := range list {
		texts[i] = quoted(text)
	}
	return value + " IN (" + strings.Join(texts, ", ") + ")"
}

// within is the condition that a number of seconds lies in the filter's time.
func (f *Filter) within(seconds string) []string {
	var out []string
	if !f.From.IsZero() {
		out = append(out, fmt.Sprintf("%s >= %d", seconds, f.From.Unix()))
	}
	if !f.To.IsZero() {
		out = append(out, fmt.Sprintf("%s < %d", seconds, f.To.Unix()))
	}
	return out
}

// longest is the length in characters up to which a text is surely not cut by
// replay, at four bytes each. AWS writes longer ones for user agents only.
const longest = 300

// oddities joins conditions, of which one is enough, to one that is never NULL.
func oddities(conditions ...string) string {
	for i, c := range conditions {
		conditions[i] = "coalesce(" + c + ", false)"
	}
	return "(" + strings.Join(conditions, " OR ") + ")"
}

// tooLong are the conditions that a text is too long.
func tooLong(values ...string) []string {
	var out []string
	for _, v := range values {
		out = append(out, fmt.Sprintf("length(%s) > %d", v, longest))
	}
	return out
}

// caller is replay.PrincipalKey, of which session is replay.SessionKey: of a
// session of a role whose sessions anybody names, only the role.
func caller(session, arn string) string {
	const mark = "':assumed-role/'"
	at := fmt.Sprintf("strpos(%s, %s)", arn, mark)
	rest := fmt.Sprintf("substr(%s, %s + 14)", arn, at)
	return fmt.Sprintf("CASE WHEN coalesce(%s, 0) > 0 AND NOT regexp_like(%s, '^AWSReservedSSO_[^/]+_[0-9a-f]{16}/') THEN concat(substr(%s, 1, %s + 13), split_part(%s, '/', 1)) ELSE %s END",
		at, rest, arn, at, rest, session)
}

// agentFamily is replay.AgentFamily of an even record's agent.
func agentFamily(agent string) string {
	return `coalesce(regexp_extract(` + agent + `, '^\[?([^/ \](]{0,64})', 1), '')`
}

// oddAgent is true where agentFamily would count characters for bytes.
func oddAgent(agent string) string {
	return `regexp_like(substr(` + agent + `, 1, 65), '[^\x00-\x7F]')`
}

// tellsOnce is the condition that text holds the member name once, with this
// value: so that it is the one that replay finds.
func tellsOnce(text, name, value string) string {
	at := fmt.Sprintf(`concat('"%s":"', %s, '"')`, name, value)
	return fmt.Sprintf(`(strpos(%s, %s) > 0 AND strpos(replace(%s, %s, ''), '"%s"') = 0)`, text, at, text, at, name)
}

const s3Source = "s3.amazonaws.com"
