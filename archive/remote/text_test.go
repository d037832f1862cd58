// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"errors"
	"strings"
	"testing"

	"github.com/bucketlid/bucketlid/archive"
)

func TestText(t *testing.T) {
	table := Table{"hive", "logs", "trail"}
	const view = `WITH records AS (SELECT * FROM "hive"."logs"."trail")`
	for _, tt := range []struct{ query, want string }{
		{"SELECT 1", view + "\nSELECT 1"},
		{"  select 1 ; \n", view + "\n  select 1"},
		{"-- why\n/* so */ SELECT 1", view + "\n-- why\n/* so */ SELECT 1"},
		{"(SELECT 1)", view + "\n(SELECT 1)"},
		{"VALUES 1", view + "\nVALUES 1"},
		{"WITH a AS (SELECT 1) SELECT * FROM a", view + ",\n a AS (SELECT 1) SELECT * FROM a"},
		{"with recursive a(n) AS (SELECT 1) SELECT * FROM a", strings.Replace(view, "WITH", "WITH RECURSIVE", 1) + ",\n a(n) AS (SELECT 1) SELECT * FROM a"},
		{"DESCRIBE records;", `SELECT column_name, data_type FROM "hive"."information_schema"."columns" WHERE table_schema = 'logs' AND table_name = 'trail' ORDER BY ordinal_position`},
	} {
		if got, err := Text(tt.query, table); got != tt.want || err != nil {
			t.Errorf("%s:\n%s\n%v; want\n%s", tt.query, got, err, tt.want)
		}
	}
	for _, query := range []string{"", " ;", "-- only this", "/* open", "INSERT INTO t SELECT 1", "DROP TABLE t", "-- x\nDELETE FROM t", "CALL system.x()",
		"DESCRIBE other", "DESCRIBE records; DROP TABLE t", "EXPLAIN ANALYZE DELETE FROM t", "UNLOAD (SELECT 1) TO 's3://b'", "SET SESSION x = 1"} {
		var not *archive.NotSelectError
		if got, err := Text(query, table); !errors.As(err, &not) {
			t.Errorf("%q is sent as %q (%v)", query, got, err)
		}
	}
}

func TestTableNamesAreNamesAndNothingElse(t *testing.T) {
	for _, good := range []Table{{"hive", "default", "t"}, {"", "db", "cloudtrail_logs"}, {"a-b", "c-d", "e9"}} {
		if err := good.Check(); err != nil {
			t.Errorf("%v: %v", good, err)
		}
	}
	for _, bad := range []Table{{"", "", ""}, {"c", "", "t"}, {"", "db", ""}, {"c", "d", `t"`}, {"c", "d'; --", "t"}, {"c c", "d", "t"}, {"c", "d", "tä"}, {"c", "d", "t;"}, {"c", "d", strings.Repeat("t", 200)}} {
		var name *NameError
		if err := bad.Check(); !errors.As(err, &name) {
			t.Errorf("%v is taken: %v", bad, err)
		}
	}
}

// Whatever a query says, it stands behind the view, or is refused.
func FuzzText(f *testing.F) {
	for _, seed := range []string{"SELECT 1", "WITH a AS (SELECT 1) SELECT 1", "/*/ DROP", "--\n\r;", "WITH RECURSIVE", "desc records", "\x00SELECT", "with/**/recursive/**/a"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		text, err := Text(query, Table{"", "s", "n"})
		if err == nil && !strings.HasPrefix(text, `WITH records AS (SELECT * FROM "s"."n")`) && !strings.HasPrefix(text, `WITH RECURSIVE records AS (SELECT * FROM "s"."n")`) &&
			text != (Table{"", "s", "n"}).columns() {
			t.Errorf("%q is sent as %q", query, text)
		}
	})
}
