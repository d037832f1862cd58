// SPDX-License-Identifier: Apache-2.0

package account

// Missed is one setting that could not be read.
type Missed struct {
	What    string // the setting in words
	Key     string // of an object
	Setting Setting
}

// Unread lists what of a bucket could not be read, but not its account's own
// settings: those are told once for the account.
func Unread(s Settings) []Missed {
	var out []Missed
	note := func(what, key string, one Setting) {
		if one.Status == Denied || one.Status == Failed {
			out = append(out, Missed{what, key, one})
		}
	}
	for _, row := range settings {
		note(row.what, "", *row.of(&s))
	}
	note("the list of access points", "", s.Points)
	note("the list of multi-Region access points", "", s.MultiRegionPoints)
	for _, p := range s.AccessPoints {
		note("Block Public Access of access point "+p.Name, "", p.Block)
		note("the policy of access point "+p.Name, "", p.Policy)
	}
	note("the list of objects", "", s.ObjectList)
	note("the list of old versions", "", s.VersionList)
	for _, o := range s.Objects {
		if !o.Gone {
			note("the object's ACL", o.Name(), o.ACL)
		}
	}
	return out
}
