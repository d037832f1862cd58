// SPDX-License-Identifier: Apache-2.0

package guard

import "github.com/bucketlid/bucketlid/remedy"

// accountBlock shuts every bucket of the account, those to come too (AWS page
// "Blocking public access to your Amazon S3 storage").
func accountBlock(s State) draft {
	if !known(s.Block) {
		return draft{not: []string{unread("Block Public Access of account "+s.Account, s.Block)}}
	}
	call, later, changes := remedy.AccountBlockCall(s.Account, s.Home, s.Block)
	if !changes {
		return draft{}
	}
	d := draft{later: later, steps: []drafted{{call, "switches all four flags on for every bucket of the account, now and later; ACLs and policies stay stored as they are"}}}
	d.notes = append(d.notes, "where an S3 policy of the organization holds the account's flags, AWS refuses this call: then the flags are the organization's to set")
	return d
}
