// SPDX-License-Identifier: Apache-2.0

package athena

import (
	"database/sql/driver"
	"strconv"
	"strings"
	"time"
)

// value is a value of an answer, where all are texts, as database/sql has it.
func value(kind string, text *string) (driver.Value, error) {
	if text == nil {
		return nil, nil
	}
	switch {
	case kind == "bigint" || kind == "integer" || kind == "smallint" || kind == "tinyint":
		return strconv.ParseInt(*text, 10, 64)
	case kind == "double" || kind == "float" || kind == "real":
		return strconv.ParseFloat(*text, 64)
	case kind == "boolean":
		return strconv.ParseBool(*text)
	case strings.HasPrefix(kind, "timestamp"):
		if t, err := time.Parse("2006-01-02 15:04:05", strings.TrimSuffix(*text, " UTC")); err == nil {
			return t, nil
		}
	}
	return *text, nil
}
