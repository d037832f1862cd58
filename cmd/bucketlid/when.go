// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strconv"
	"strings"
	"time"
)

// parseWhen reads a time flag: RFC 3339, a date (its first moment, UTC), or an
// age before now such as 90m, 36h, 7d or 2w. Empty is the zero time.
func parseWhen(flag, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	if age, ok := parseAge(text); ok {
		return now.Add(-age).UTC(), nil
	}
	return time.Time{}, usageError("good forms: 2026-08-03T14:00:00Z, 2026-08-03, 36h, 7d", "%s: %q is not a time", flag, text)
}

func parseAge(text string) (time.Duration, bool) {
	for suffix, unit := range map[string]time.Duration{"d": 24 * time.Hour, "w": 7 * 24 * time.Hour} {
		if number, ok := strings.CutSuffix(text, suffix); ok {
			n, err := strconv.ParseUint(number, 10, 16)
			return time.Duration(n) * unit, err == nil
		}
	}
	age, err := time.ParseDuration(text)
	return age, err == nil && age >= 0
}
