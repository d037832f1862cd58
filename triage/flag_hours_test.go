// SPDX-License-Identifier: Apache-2.0

package triage

import "testing"

func TestRest(t *testing.T) {
	for _, test := range []struct {
		hours []int
		rest  int
		text  string
	}{
		{nil, 0, ""},
		{[]int{9}, 23, "09"},
		{[]int{8, 9, 10, 17}, 14, "08 to 10, 17"},
		{[]int{0, 23}, 22, "00, 23"},
		{[]int{1, 9, 17}, 7, "01, 09, 17"},
		{[]int{22, 23}, 22, "22 to 23"},
	} {
		if got, text := rest(test.hours), hourRanges(test.hours); got != test.rest || text != test.text {
			t.Errorf("%v: rest %d, %q; want %d, %q", test.hours, got, text, test.rest, test.text)
		}
	}
}
