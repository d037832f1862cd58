// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"fmt"
	"slices"
	"testing"
)

// What lies among a site's files is kept, however many of those were asked for,
// and in whatever order.
func TestKeysAmongSites(t *testing.T) {
	var keys []string
	for i := range 50 {
		keys = append(keys, fmt.Sprintf("a/%02d.html", i), fmt.Sprintf("img/%02d.PNG", i))
	}
	keys = append(keys, "zz/backup.sql", "wallet.dat")
	want := []string{"wallet.dat", "zz/backup.sql", "a/00.html", "a/01.html", "a/02.html", "a/03.html", "a/04.html", "a/05.html"}
	for range 2 {
		var got []string
		for _, key := range keys {
			got = firstKeys(got, []string{key})
		}
		if half := firstKeys(firstKeys(nil, keys[:60]), keys[60:]); !slices.Equal(got, want) || !slices.Equal(half, want) {
			t.Errorf("%q, at once %q, want %q", got, half, want)
		}
		slices.Reverse(keys)
	}
}
