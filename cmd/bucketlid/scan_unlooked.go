// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"github.com/bucketlid/bucketlid/account"
)

// unlooked counts the buckets in which something may be open that the flags did
// not ask for.
type unlooked struct{ objects, sampled, old int64 }

func (u *unlooked) add(b account.Settings) {
	if !b.ObjectsCount() {
		return
	}
	switch b.ObjectList.Status { // where it was refused, that is told
	case account.Absent:
		u.objects++
	case account.Present:
		u.sampled++
	}
	if b.OldUnseen() {
		u.old++
	}
}

// words tell it, with the flag that looks.
func (u *unlooked) words(choice string) []string {
	var out []string
	if u.objects > 0 {
		out = append(out, "ACLs of objects in "+bucketsOf(u.objects)+" where they have an effect (--objects all, or sample)")
	}
	if u.sampled > 0 && choice != "all" {
		out = append(out, "ACLs of objects beyond --objects "+choice+" in "+bucketsOf(u.sampled)+" (--objects all)")
	}
	if u.old > 0 {
		out = append(out, "ACLs of old versions of objects in "+bucketsOf(u.old)+" (--objects all)")
	}
	return out
}

func bucketsOf(n int64) string {
	if n == 1 {
		return "1 bucket"
	}
	return fmt.Sprintf("%d buckets", n)
}
