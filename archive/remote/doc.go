// SPDX-License-Identifier: Apache-2.0

// Package remote is what query engines elsewhere have in common: a table's name
// that is safe to write into SQL, the text that is sent, and rows that come page
// by page as database/sql has them.
package remote

import (
	"fmt"
	"strings"
)

// Table is where the records lie.
type Table struct {
	Catalog string // "" for the engine's own default
	Schema  string
	Name    string
}

// NameError says that a part of a table's name is none.
type NameError struct{ Name string }

// Error tells which names are possible.
func (e *NameError) Error() string {
	return fmt.Sprintf("%q is no name of a catalog, schema or table: letters, digits, _, - and : only", e.Name)
}

// Check returns a *NameError for a name that could be more than a name.
func (t Table) Check() error {
	for _, name := range []string{t.Catalog, t.Schema, t.Name} {
		if !plain(name) && (name != "" || t.Catalog != "") {
			return &NameError{name}
		}
	}
	if t.Schema == "" || t.Name == "" {
		return &NameError{""}
	}
	return nil
}

// plain reports a name of letters, digits and the signs that names have: ":" is
// in that of the schema that CloudTrail Lake shows.
func plain(name string) bool {
	for _, c := range []byte(name) {
		if !(c == '_' || c == '-' || c == ':' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z') {
			return false
		}
	}
	return name != "" && len(name) <= 128
}

// String is the name as SQL.
func (t Table) String() string { return t.in(t.Schema, t.Name) }

func (t Table) in(schema, name string) string {
	parts := []string{`"` + schema + `"`, `"` + name + `"`}
	if t.Catalog != "" {
		parts = append([]string{`"` + t.Catalog + `"`}, parts...)
	}
	return strings.Join(parts, ".")
}

// columns asks for the names and types of the columns, as DESCRIBE tells them.
func (t Table) columns() string {
	return fmt.Sprintf("SELECT column_name, data_type FROM %s WHERE table_schema = '%s' AND table_name = '%s' ORDER BY ordinal_position",
		t.in("information_schema", "columns"), strings.ToLower(t.Schema), strings.ToLower(t.Name))
}

// PermissionError says that an engine or its store refused who asked.
type PermissionError struct {
	Where  string // the engine, without secrets
	Reason string
	Hint   string
}

// Error gives the reason and the next step.
func (e *PermissionError) Error() string {
	return fmt.Sprintf("%s: %s; %s", e.Where, e.Reason, e.Hint)
}

// QueryError says that an engine could not answer a query.
type QueryError struct {
	Where  string // the engine, without secrets
	ID     string // by which the engine knows the query; "" when it took none
	Reason string
	Query  string // as it was sent
}

// maxShown is how much of a query an error shows.
const maxShown = 400

// Error gives the reason and the query, cut when it is long.
func (e *QueryError) Error() string {
	query := strings.Join(strings.Fields(e.Query), " ")
	if runes := []rune(query); len(runes) > maxShown {
		query = string(runes[:maxShown]) + "…"
	}
	id := ""
	if e.ID != "" {
		id = " (query " + e.ID + ")"
	}
	return fmt.Sprintf("%s: %s%s; asked was: %s", e.Where, e.Reason, id, query)
}
