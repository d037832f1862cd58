// SPDX-License-Identifier: Apache-2.0

package trino

import (
	"bytes"
	"database/sql/driver"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"time"
)

var errType = errors.New("the value is not of the column's type")

// value is a value of a reply as database/sql has it. Lists, maps and rows are
// JSON; numbers that no Go number holds are text.
func value(kind string, v any) (driver.Value, error) {
	kind, _, _ = strings.Cut(kind, "(")
	switch v := v.(type) {
	case nil, bool:
		return v, nil
	case json.Number:
		return number(kind, v)
	case string:
		return text(kind, v)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return strings.TrimSuffix(b.String(), "\n"), err
}

func number(kind string, n json.Number) (driver.Value, error) {
	switch kind {
	case "bigint", "integer", "smallint", "tinyint":
		return n.Int64()
	}
	return n.Float64()
}

func text(kind, s string) (driver.Value, error) {
	switch {
	case kind == "varbinary":
		return base64.StdEncoding.DecodeString(s)
	case strings.HasPrefix(kind, "timestamp"):
		s = strings.TrimSuffix(s, " UTC")
		if t, err := time.Parse("2006-01-02 15:04:05", s); err == nil {
			return t, nil
		}
		return s, nil // in another time zone: as it is
	case kind == "bigint" || kind == "boolean":
		return nil, errType
	}
	return s, nil
}
