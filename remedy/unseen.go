// SPDX-License-Identifier: Apache-2.0

package remedy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bucketlid/bucketlid/account"
	"github.com/bucketlid/bucketlid/bucket"
)

// unread is a setting that could not be read: the part of a state that it is, and
// words with the permission that reads it.
type unread struct {
	part, text string
	denied     bool
}

// Unread names the settings that could not be read, and the permission for each.
func (s State) Unread() []string {
	out := []string{}
	for _, u := range s.unread() {
		out = append(out, u.text)
	}
	return out
}

// Refused reports whether something could not be read for want of a permission.
func (s State) Refused() bool {
	return slices.ContainsFunc(s.unread(), func(u unread) bool { return u.denied })
}

func (s State) unread() []unread {
	var out []unread
	note := func(part, name string, v account.Setting) {
		if known(v) {
			return
		}
		text := name + " (" + v.Action + ")"
		if v.Problem != "" {
			text += ": " + v.Problem
		}
		out = append(out, unread{part, text, v.Status == account.Denied})
	}
	b := s.Settings
	note(partPolicy, "bucket policy", b.Policy)
	note(partACL, "ACL", b.ACL)
	note(partBlock, "Block Public Access of the bucket", b.Block)
	note(partAccountBlock, "Block Public Access of the account", b.AccountBlock)
	note(partOwnership, "Object Ownership", b.Ownership)
	note(partWebsite, "website", b.Website)
	note(partPayer, "Requester Pays", b.Payer)
	note(partPoints, "list of access points", b.Points)
	if b.MultiRegionPoints.Action != "" { // states that were saved may not hold it
		note(partMultiRegion, "list of multi-Region access points", b.MultiRegionPoints)
	}
	for _, p := range b.AccessPoints {
		note(partPolicyOf(p), "policy of "+pointName(p), p.Policy)
		if p.Block.Status == account.Denied || p.Block.Status == account.Failed {
			note(pointName(p), "Block Public Access of "+pointName(p), p.Block)
		}
	}
	for _, o := range s.Objects {
		note(partObject(o), "ACL of object "+objectName(o), o.ACL)
	}
	return out
}

// versionMark parts a key from a version, as in a URL. A key that holds it itself
// is told with one more, and no version behind it.
const versionMark = "?versionId="

// objectName is an object's key, with its version.
func objectName(o account.ObjectACL) string {
	if o.Version == "" && !strings.Contains(o.Key, versionMark) {
		return o.Key
	}
	return o.Key + versionMark + o.Version
}

// Beyond says what of a bucket was not looked at that may admit those whom a plan
// is about, and how to look at it: what nobody looked at is not shut. scanned is
// when a scan looked at all of its objects, whose alerts name those that are open;
// "" where none did.
func (s State) Beyond(whom Whom, scanned string) []string {
	b := s.Settings
	if ownershipOf(b.Ownership) == bucket.BucketOwnerEnforced && known(b.Ownership) || len(whom) == 0 && s.flag(bucket.IgnorePublicAcls) {
		return nil // no ACL of an object lets them in
	}
	var out []string
	for _, o := range s.Objects {
		if o.ACL.Status == account.Absent {
			out = append(out, "object "+objectName(o)+": there is none of this name now; name a version of it with: --object "+Shell(o.Key+versionMark+"ID"))
		}
	}
	if scanned != "" {
		return append(out, "the ACLs of objects that were put there, or changed, after the scan of "+scanned)
	}
	what := "the ACLs of its objects"
	if len(s.Objects) > 0 || b.ObjectList.Status == account.Present {
		what = "the ACLs of other objects"
	}
	if s.versioned() {
		what += ", and those of old versions"
	}
	return append(out, fmt.Sprintf("%s; name them with --object KEY or --object 'KEY?versionId=ID', or read all: "+
		"bucketlid scan --bucket %s --objects all -o jsonl --out scan.jsonl, then: bucketlid fix plan scan.jsonl", what, b.Bucket))
}

// versioned reports whether objects may have old versions.
func (s State) versioned() bool {
	v := s.Settings.Versioning
	if !known(v) {
		return true
	}
	status, _ := memberOf(v.Text, "Status").(string)
	return status != ""
}

// UnreadableError says that what a plan rests on could not be read, so that it is
// not known whether the plan still fits.
type UnreadableError struct {
	Settings []string // in words, with the permission that reads each
	Denied   bool     // a permission is missing
}

// Error names what could not be read.
func (e *UnreadableError) Error() string {
	return "whether the plan still fits is not known: these could not be read: " + strings.Join(e.Settings, "; ")
}

// misfit says why a state is not the one that a plan expects: ErrStale with the
// settings that differ, or an UnreadableError where none is known to.
func misfit(want, now State) error {
	if now.Settings.Gone {
		return fmt.Errorf("%w: the bucket is gone", ErrStale)
	}
	before := map[string]bool{}
	for _, u := range want.unread() {
		before[u.part] = true
	}
	dark := &UnreadableError{}
	for _, u := range now.unread() {
		if !before[u.part] {
			dark.Settings = append(dark.Settings, u.text)
			dark.Denied = dark.Denied || u.denied
		}
	}
	changed := differences(want, now.Assuming(want))
	switch {
	case changed != "" && len(dark.Settings) > 0:
		return fmt.Errorf("%w: %s changed since it was made; and these could not be read: %s", ErrStale, changed, strings.Join(dark.Settings, "; "))
	case changed == "" && len(dark.Settings) > 0:
		return dark
	case changed == "":
		changed = differences(want, now)
	}
	return fmt.Errorf("%w: %s changed since it was made", ErrStale, changed)
}

// differences names the settings that are not as a plan expects them.
func differences(want, now State) string {
	a, b := want.parts(), now.parts()
	var out []string
	for name := range a {
		if a[name] != b[name] {
			out = append(out, strings.TrimSpace(name))
		}
	}
	for name := range b {
		if _, ok := a[name]; !ok {
			out = append(out, strings.TrimSpace(name))
		}
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}
