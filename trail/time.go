// SPDX-License-Identifier: Apache-2.0

package trail

import "time"

const (
	firstYear = 1990 // earlier and later years are damage, not dates
	lastYear  = 2200
)

// ParseTime reads an eventTime: 2006-01-02T15:04:05Z, also with a fraction of up
// to nine digits that count, with an offset from UTC instead of Z or with
// neither (then it is UTC), and with a blank for the T. It returns seconds since
// 1970 and nanoseconds; ok is false for anything else, and for years outside
// 1990 to 2200.
func ParseTime(text []byte) (unixSeconds int64, nanos int, ok bool) {
	const fixed = len("2006-01-02T15:04:05")
	if len(text) < fixed || text[4] != '-' || text[7] != '-' || text[13] != ':' || text[16] != ':' {
		return 0, 0, false
	}
	if c := text[10]; c != 'T' && c != ' ' && c != 't' {
		return 0, 0, false
	}
	hundreds, y, mo, d := two(text, 0), two(text, 2), two(text, 5), two(text, 8)
	h, mi, s := two(text, 11), two(text, 14), two(text, 17)
	year := 100*hundreds + y
	if hundreds < 0 || y < 0 || year < firstYear || year > lastYear || h < 0 || h > 23 || mi < 0 || mi > 59 || s < 0 || s > 59 {
		return 0, 0, false
	}
	if mo < 1 || mo > 12 || d < 1 || d > 28 && d > daysIn(year, mo) {
		return 0, 0, false
	}
	seconds := daysSince1970(year, mo, d)*86400 + int64(h*3600+mi*60+s)
	if len(text) == fixed+1 && text[fixed] == 'Z' {
		return seconds, 0, true
	}
	nanos, rest := fraction(text[fixed:])
	offset, ok := zone(rest)
	if !ok {
		return 0, 0, false
	}
	return seconds - offset, nanos, true
}

// two reads two digits; negative if they are none.
func two(text []byte, i int) int {
	a, b := text[i]-'0', text[i+1]-'0'
	if a > 9 || b > 9 {
		return -1
	}
	return int(a)*10 + int(b)
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// daysSince1970 counts days in years that begin in March, so that the leap day
// is the last.
func daysSince1970(year, month, day int) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	const until1970 = 719469 // the same sum for 1970-01-01, less its day
	return int64(365*year+year/4-year/100+year/400+(153*(month-3)+2)/5+day) - until1970
}

// fraction reads .123 or ,123 if it is there; without digits it is left.
func fraction(text []byte) (nanos int, rest []byte) {
	if len(text) < 2 || text[0] != '.' && text[0] != ',' {
		return 0, text
	}
	i, scale := 1, 100_000_000
	for ; i < len(text) && '0' <= text[i] && text[i] <= '9'; i++ {
		nanos += int(text[i]-'0') * scale
		scale /= 10
	}
	if i == 1 {
		return 0, text
	}
	return nanos, text[i:]
}

// zone reads Z, +01:00, +0100 or nothing, as seconds east of UTC.
func zone(text []byte) (seconds int64, ok bool) {
	switch {
	case len(text) == 0, len(text) == 1 && (text[0] == 'Z' || text[0] == 'z'):
		return 0, true
	case len(text) != 5 && (len(text) != 6 || text[3] != ':'), text[0] != '+' && text[0] != '-':
		return 0, false
	}
	h, m := two(text, 1), two(text, len(text)-2)
	if h < 0 || h > 23 || m < 0 || m > 59 {
		return 0, false
	}
	seconds = int64(h*3600 + m*60)
	if text[0] == '-' {
		seconds = -seconds
	}
	return seconds, true
}
