// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// number groups digits by blanks: 4 118 220.
func number(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + " " + digits[i:]
	}
	return sign + digits
}

// plural is a count with its noun.
func plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return number(n) + " " + many
}

func counted(n int64, noun string) string { return plural(n, noun, noun+"s") }

// bytesText is an amount of bytes in decimal units, exact below 1 kB.
func bytesText(n int64) string {
	if n < 1000 {
		return plural(n, "byte", "bytes")
	}
	value, unit := float64(n), ""
	for _, unit = range []string{"kB", "MB", "GB", "TB", "PB", "EB"} {
		// From 999.95 on, one decimal would be written as 1000.0.
		if value /= 1000; value < 999.95 {
			break
		}
	}
	return strconv.FormatFloat(value, 'f', 1, 64) + " " + unit
}

// share is part of whole in per cent with two significant digits. It is "0 %"
// only of nothing and "100 %" only of all.
func share(part, whole int64) string {
	if part <= 0 || whole <= 0 {
		return "0 %"
	}
	if part >= whole {
		return "100 %"
	}
	percent := min(100*float64(part)/float64(whole), 99.99)
	switch {
	case percent < 0.0001:
		return "under 0.0001 %"
	case percent >= 99:
		return strconv.FormatFloat(percent, 'f', 2, 64) + " %"
	case percent >= 10:
		return strconv.FormatFloat(percent, 'f', 0, 64) + " %"
	}
	text := strconv.FormatFloat(percent, 'g', 2, 64)
	if strings.ContainsRune(text, 'e') {
		text = strings.TrimRight(strconv.FormatFloat(percent, 'f', 5, 64), "0")
	}
	return text + " %"
}

// tally lists counts by name, largest first: "corrupt gzip 2, permission 1".
func tally(counts map[string]int64) string {
	names := make([]string, 0, len(counts))
	for name := range counts {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	for i, name := range names {
		names[i] = fmt.Sprintf("%s %s", name, number(counts[name]))
	}
	return strings.Join(names, ", ")
}
