// SPDX-License-Identifier: Apache-2.0

//go:build cgo && (((linux || darwin) && (amd64 || arm64)) || (windows && amd64))

package duckdb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/binary"

	"github.com/cespare/xxhash/v2"
	"github.com/duckdb/duckdb-go/v2"
)

// words are functions of Trino and Athena that DuckDB calls by other names, so
// that one text of SQL runs on all three (Trino documentation, "Functions and
// operators").
var words = []string{
	"CREATE MACRO to_utf8(text) AS encode(text)",
	"CREATE MACRO array_join(list, separator) AS array_to_string(list, separator)",
	"CREATE MACRO to_unixtime(stamp) AS epoch(stamp)",
	"CREATE MACRO regexp_like(text, pattern) AS regexp_matches(text, pattern)",
}

// teach gives the engine the words, and xxhash64, which it has not at all.
func teach(ctx context.Context, db *sql.DB) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := duckdb.RegisterScalarUDF(conn, "xxhash64", hashing{}); err != nil {
		return err
	}
	for _, statement := range words {
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// hashing is xxhash64 of bytes, as bytes, the most significant first.
type hashing struct{}

// Config implements duckdb.ScalarFunc.
func (hashing) Config() duckdb.ScalarFuncConfig {
	blob, _ := duckdb.NewTypeInfo(duckdb.TYPE_BLOB) // of the simple types none fails
	return duckdb.ScalarFuncConfig{InputTypeInfos: []duckdb.TypeInfo{blob}, ResultTypeInfo: blob}
}

// Executor implements duckdb.ScalarFunc.
func (hashing) Executor() duckdb.ScalarFuncExecutor {
	return duckdb.ScalarFuncExecutor{RowExecutor: func(values []driver.Value) (any, error) {
		text, _ := values[0].([]byte)
		return binary.BigEndian.AppendUint64(nil, xxhash.Sum64(text)), nil
	}}
}
