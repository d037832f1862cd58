// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// parseDate reads a date as IAM conditions write it: one of the W3C profiles
// of ISO 8601, or seconds since 1970 (IAM page "Condition operators", Date).
func parseDate(s string) (time.Time, bool) {
	s = strings.TrimSpace(s)
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05",
		"2006-01-02T15:04", "2006-01-02", "20060102T150405Z", "2006-01", "2006"} {
		if len(s) == 4 && layout != "2006" {
			continue
		}
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), true
		}
	}
	if n, err := strconv.ParseFloat(s, 64); err == nil && math.Abs(n) < 1<<53 {
		if math.Abs(n) > 1e11 { // milliseconds
			return time.UnixMilli(int64(n)).UTC(), true
		}
		return time.Unix(int64(math.Floor(n)), 0).UTC(), true
	}
	return time.Time{}, false
}

func parseNumber(s string) (float64, bool) {
	n, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
		return 0, false
	}
	return n, true
}

// parsePrefix reads a CIDR block or one address. Host bits are dropped.
func parsePrefix(s string) (netip.Prefix, bool) {
	s = strings.TrimSpace(s)
	if strings.IndexByte(s, '/') >= 0 {
		p, err := netip.ParsePrefix(s)
		return p.Masked(), err == nil
	}
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" {
		return netip.Prefix{}, false
	}
	a = a.Unmap()
	return netip.PrefixFrom(a, a.BitLen()), true
}

func formatNumber(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

// splitVariable takes "${key}" or "${key, 'default'}" from the start of s. An
// unclosed or empty variable is plain text.
func splitVariable(s string) (key, def string, hasDef bool, rest string, ok bool) {
	if !strings.HasPrefix(s, "${") {
		return "", "", false, s, false
	}
	end := strings.IndexByte(s, '}')
	if end < 3 {
		return "", "", false, s, false
	}
	body, rest := s[2:end], s[end+1:]
	if body == "*" || body == "?" || body == "$" {
		return body, "", false, rest, true
	}
	name, d, found := strings.Cut(body, ",")
	if found {
		d = strings.TrimSpace(d)
		if len(d) < 2 || d[0] != '\'' || d[len(d)-1] != '\'' {
			return "", "", false, s, false
		}
		return lower(strings.TrimSpace(name)), d[1 : len(d)-1], true, rest, true
	}
	return lower(strings.TrimSpace(name)), "", false, rest, true
}
