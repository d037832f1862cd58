// SPDX-License-Identifier: Apache-2.0

package trail

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestParseTime(t *testing.T) {
	for _, c := range []struct {
		text string
		want string // as RFC 3339; "" where the text is no time
	}{
		{"2023-07-10T11:42:36Z", "2023-07-10T11:42:36Z"},
		{"1990-01-01T00:00:00Z", "1990-01-01T00:00:00Z"},
		{"2200-12-31T23:59:59Z", "2200-12-31T23:59:59Z"},
		{"2000-02-29T00:00:00Z", "2000-02-29T00:00:00Z"},
		{"2020-03-28T21:54:30.347Z", "2020-03-28T21:54:30.347Z"},
		{"2020-03-28T21:54:30.1234567891Z", "2020-03-28T21:54:30.123456789Z"},
		{"2022-02-08 09:23:37+11:00", "2022-02-07T22:23:37Z"},
		{"2022-02-08T09:23:37-0130", "2022-02-08T10:53:37Z"},
		{"2022-02-08T09:23:37.5+00:00", "2022-02-08T09:23:37.5Z"},
		{"2022-02-08 09:23:37", "2022-02-08T09:23:37Z"},
		{"2022-02-08 09:23:37.250", "2022-02-08T09:23:37.25Z"},
		{"1989-12-31T23:59:59Z", ""},
		{"2201-01-01T00:00:00Z", ""},
		{"0000-00-00T00:00:00Z", ""},
		{"2023-02-29T00:00:00Z", ""},
		{"2100-02-29T00:00:00Z", ""},
		{"2023-00-10T00:00:00Z", ""},
		{"2023-13-10T00:00:00Z", ""},
		{"2023-04-31T00:00:00Z", ""},
		{"2023-04-00T00:00:00Z", ""},
		{"2023-04-10T24:00:00Z", ""},
		{"2023-04-10T00:60:00Z", ""},
		{"2023-04-10T00:00:60Z", ""},
		{"2023-04-10T00:00:00.Z", ""},
		{"2023-04-10T00:00:00.", ""},
		{"2023-04-10T00:00:00ZZ", ""},
		{"2023-04-10T00:00:00+1", ""},
		{"2023-04-10T00:00:00+25:00", ""},
		{"2023-04-10T00:00:00+01:60", ""},
		{"2023-04-10T00:00:00x01:00", ""},
		{"2023-04-10x00:00:00Z", ""},
		{"2023/04/10T00:00:00Z", ""},
		{"202a-04-10T00:00:00Z", ""},
		{"-023-04-10T00:00:00Z", ""},
		{"1689000000", ""},
		{"...", ""},
		{"", ""},
	} {
		seconds, nanos, ok := ParseTime([]byte(c.text))
		got := ""
		if ok {
			got = time.Unix(seconds, int64(nanos)).UTC().Format(time.RFC3339Nano)
		}
		if got != c.want {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
}

// TestParseTimeAgainstTime: what package time reads as RFC 3339 and writes again
// is read the same.
func TestParseTimeAgainstTime(t *testing.T) {
	first := time.Date(firstYear, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	last := time.Date(lastYear+1, 1, 1, 0, 0, 0, 0, time.UTC).Unix() - 1
	rapid.Check(t, func(t *rapid.T) {
		seconds := rapid.Int64Range(first+86400, last-86400).Draw(t, "seconds")
		nanos := rapid.SampledFrom([]int64{0, 1, 347e6, 999999999}).Draw(t, "nanos")
		zone := rapid.IntRange(-14*60, 14*60).Draw(t, "zone")
		text := time.Unix(seconds, nanos).In(time.FixedZone("", zone*60)).Format(time.RFC3339Nano)
		gotSeconds, gotNanos, ok := ParseTime([]byte(text))
		if !ok || gotSeconds != seconds || int64(gotNanos) != nanos {
			t.Fatalf("%s: %d.%09d, %v", text, gotSeconds, gotNanos, ok)
		}
	})
}
