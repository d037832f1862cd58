// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Dialects names the engines for which DDL can be written.
var Dialects = []string{"athena", "trino", "duckdb"}

// DDL is the statements that make the archive, lying at location, a table of
// this name or schema.name (for DuckDB a view). from is the first day that Athena looks for.
func DDL(dialect, table, location string, from time.Time) (string, error) {
	schema, name, qualified := strings.Cut(table, ".")
	if !qualified {
		schema, name = "default", table
	}
	if !identifier(name) || !identifier(schema) {
		return "", fmt.Errorf("%q is no name for a table: letters, digits and _ only, for example cloudtrail_archive", table)
	}
	if strings.ContainsAny(location, "'\n\r\\") || location == "" {
		return "", errors.New("the location may hold no quotes, backslashes or line breaks")
	}
	location = strings.TrimRight(location, "/")
	switch dialect {
	case "athena":
		return athena(schema, name, location, from), nil
	case "trino":
		return trino(schema, name, location), nil
	case "duckdb":
		return duckdbView(name, location), nil
	}
	return "", fmt.Errorf("unknown engine %q: %s", dialect, strings.Join(Dialects, ", "))
}

func identifier(s string) bool {
	for i, c := range s {
		letter := c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != "" && len(s) <= 128
}

// athena follows the Amazon Athena User Guide, "Set up partition projection":
// no crawler and no MSCK REPAIR is needed, but a query must name accounts.
func athena(schema, table, location string, from time.Time) string {
	var b strings.Builder
	fmt.Fprintf(&b, "CREATE EXTERNAL TABLE `%s`.`%s` (\n%s\n)\n", schema, table, columnList("  `%s` %s", nil))
	b.WriteString("PARTITIONED BY (`account` string, `day` string)\nSTORED AS PARQUET\n")
	fmt.Fprintf(&b, "LOCATION '%s/'\nTBLPROPERTIES (\n", location)
	b.WriteString("  'projection.enabled' = 'true',\n")
	b.WriteString("  'projection.account.type' = 'injected',\n")
	b.WriteString("  'projection.day.type' = 'date',\n  'projection.day.format' = 'yyyy-MM-dd',\n")
	fmt.Fprintf(&b, "  'projection.day.range' = '%s,NOW',\n", from.Format(time.DateOnly))
	b.WriteString("  'projection.day.interval' = '1',\n  'projection.day.interval.unit' = 'DAYS',\n")
	fmt.Fprintf(&b, "  'storage.location.template' = '%s/account=${account}/day=${day}/'\n);\n", location)
	return b.String()
}

var trinoTypes = map[string]string{"string": "varchar", "timestamp": "timestamp(3)", "binary": "varbinary"}

// trino follows the Trino documentation, "Hive connector".
func trino(schema, table, location string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "CREATE TABLE %s.%s (\n%s,\n  account varchar,\n  day varchar\n)\n", schema, table, columnList("  %s %s", trinoTypes))
	fmt.Fprintf(&b, "WITH (\n  external_location = '%s/',\n  format = 'PARQUET',\n  partitioned_by = ARRAY['account', 'day']\n);\n", location)
	fmt.Fprintf(&b, "CALL system.sync_partition_metadata('%s', '%s', 'FULL');\n", schema, table)
	return b.String()
}

func duckdbView(table, location string) string {
	return fmt.Sprintf("SET TimeZone = 'UTC';\nCREATE VIEW %s AS SELECT * FROM read_parquet('%s/account=*/day=*/part-*.parquet',\n"+
		"  hive_partitioning = true, hive_types = {'account': VARCHAR, 'day': VARCHAR});\n", table, location)
}

func columnList(format string, types map[string]string) string {
	var lines []string
	for _, c := range Columns() {
		kind := c.Type
		if t := types[kind]; t != "" {
			kind = t
		}
		lines = append(lines, fmt.Sprintf(format, c.Name, kind))
	}
	return strings.Join(lines, ",\n")
}
