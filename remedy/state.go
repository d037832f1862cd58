// SPDX-License-Identifier: Apache-2.0

package remedy

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/bucketlid/bucketlid/account"
	"github.com/bucketlid/bucketlid/bucket"
	"github.com/bucketlid/bucketlid/policy"
)

// State is everything of one bucket that a remedy looks at or replaces, byte for
// byte as it was read.
type State struct {
	Settings account.Settings    `json:"settings"`
	Objects  []account.ObjectACL `json:"objects,omitempty"`
}

// known reports whether AWS told the setting: a remedy replaces nothing else,
// since it could not be put back.
func known(s account.Setting) bool {
	return s.Status == account.Present || s.Status == account.Absent
}

// slot finds the setting that a call changes; nil where the state has none such.
func (s *State) slot(c account.Call) *account.Setting {
	switch c.Operation {
	case account.PutBucketACL:
		return &s.Settings.ACL
	case account.PutBucketPolicy, account.DeleteBucketPolicy:
		return &s.Settings.Policy
	case account.PutPublicAccessBlock, account.DeletePublicAccessBlock:
		return &s.Settings.Block
	case account.PutAccountBlock, account.DeleteAccountBlock:
		return &s.Settings.AccountBlock
	case account.PutBucketOwnershipControls, account.DeleteBucketOwnershipControls:
		return &s.Settings.Ownership
	case account.PutObjectACL:
		for i := range s.Objects {
			if o := &s.Objects[i]; o.Key == c.Key && o.Version == c.Version {
				return &o.ACL
			}
		}
	case account.PutAccessPointPolicy, account.DeleteAccessPointPolicy:
		for i := range s.Settings.AccessPoints {
			if p := &s.Settings.AccessPoints[i]; p.Name == c.AccessPoint && !p.MultiRegion {
				return &p.Policy
			}
		}
	case account.PutMultiRegionPolicy:
		for i := range s.Settings.AccessPoints {
			if p := &s.Settings.AccessPoints[i]; p.Name == c.AccessPoint && p.MultiRegion {
				return &p.Policy
			}
		}
	}
	return nil
}

// With is the state after a call succeeded. An error means that the call is none
// that a plan makes, or is about something that the state does not hold.
func (s State) With(c account.Call) (State, error) {
	out := State{Settings: s.Settings, Objects: slices.Clone(s.Objects)}
	out.Settings.AccessPoints = slices.Clone(s.Settings.AccessPoints)
	slot := out.slot(c)
	if slot == nil || (c.Bucket != s.Settings.Bucket && !accountWide(c)) || c.Account != s.Settings.Account {
		return State{}, fmt.Errorf("%s: no such setting of bucket %s was read", c.Operation, s.Settings.Bucket)
	}
	slot.Status, slot.Text, slot.Problem = account.Present, c.Text, ""
	if c.Text == "" {
		slot.Status = account.Absent
	}
	if slot == &out.Settings.Policy {
		// AWS's verdict was about the former text.
		out.Settings.PolicyStatus = account.Setting{Status: account.Failed, Action: s.Settings.PolicyStatus.Action,
			Problem: "not asked for the policy as planned"}
	}
	return out, nil
}

func accountWide(c account.Call) bool {
	return c.Operation == account.PutAccountBlock || c.Operation == account.DeleteAccountBlock
}

// Assuming is the state with what could not be read as it was before: what an
// opening rests on is then not taken for closed unseen.
func (s State) Assuming(before State) State {
	out := State{Settings: s.Settings, Objects: slices.Clone(s.Objects)}
	out.Settings.AccessPoints = slices.Clone(s.Settings.AccessPoints)
	unless := func(now *account.Setting, then account.Setting) {
		if !known(*now) {
			*now = then
		}
	}
	b := before.Settings
	unless(&out.Settings.Policy, b.Policy)
	unless(&out.Settings.ACL, b.ACL)
	unless(&out.Settings.Block, b.Block)
	unless(&out.Settings.AccountBlock, b.AccountBlock)
	unless(&out.Settings.Ownership, b.Ownership)
	unless(&out.Settings.Website, b.Website)
	unless(&out.Settings.Payer, b.Payer)
	unless(&out.Settings.Points, b.Points)
	unless(&out.Settings.MultiRegionPoints, b.MultiRegionPoints)
	for _, then := range b.AccessPoints {
		same := func(p account.AccessPoint) bool { return p.Name == then.Name && p.MultiRegion == then.MultiRegion }
		if i := slices.IndexFunc(out.Settings.AccessPoints, same); i >= 0 {
			unless(&out.Settings.AccessPoints[i].Policy, then.Policy)
			unless(&out.Settings.AccessPoints[i].Block, then.Block)
		} else if !known(s.Settings.Points) && !then.MultiRegion || !known(s.Settings.MultiRegionPoints) && then.MultiRegion {
			out.Settings.AccessPoints = append(out.Settings.AccessPoints, then)
		}
	}
	for _, then := range before.Objects {
		for i := range out.Objects {
			if o := &out.Objects[i]; o.Key == then.Key && o.Version == then.Version {
				unless(&o.ACL, then.ACL)
			}
		}
	}
	return out
}

// Fingerprint names a state by what its settings mean: the order of grants, the
// layout of JSON and the time of reading do not count. Tags, encryption and
// AWS's verdict on the policy are left out: no remedy rests on them.
func (s State) Fingerprint() string {
	parts := s.parts()
	var text []byte
	row := func(name, value string) {
		text = strconv.AppendQuote(text, name)
		text = append(text, ' ')
		text = strconv.AppendQuote(text, value)
		text = append(text, '\n')
	}
	row(s.Settings.Account, s.Settings.Bucket)
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		row(name, parts[name])
	}
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// The parts of a state by name.
const (
	partPolicy       = "the bucket policy"
	partACL          = "the bucket's ACL"
	partBlock        = "the bucket's Block Public Access"
	partAccountBlock = "the account's Block Public Access"
	partOwnership    = "Object Ownership"
	partWebsite      = "the website"
	partPayer        = "request payment"
	partPoints       = "the list of access points"
	partMultiRegion  = "the list of multi-Region access points"
	partVersioning   = "versioning"
)

func partPolicyOf(p account.AccessPoint) string { return "the policy of " + pointName(p) }

// partObject tells versions apart: none has a space, and none is "".
func partObject(o account.ObjectACL) string { return "the ACL of object " + o.Key + " " + o.Version }

// parts are the meanings of the settings by name.
func (s State) parts() map[string]string {
	out := map[string]string{}
	put := func(name string, v account.Setting, meaning func(string) string) {
		out[name] = string(v.Status)
		if v.Status == account.Present {
			out[name] += " " + meaning(v.Text)
		}
	}
	b := s.Settings
	put(partPolicy, b.Policy, policyMeaning)
	put(partACL, b.ACL, s.aclInForce)
	put(partBlock, b.Block, blockMeaning)
	put(partAccountBlock, b.AccountBlock, blockMeaning)
	put(partOwnership, b.Ownership, jsonMeaning)
	put(partWebsite, b.Website, jsonMeaning)
	put(partPayer, b.Payer, jsonMeaning)
	out[partPoints] = string(b.Points.Status)
	if b.MultiRegionPoints.Action != "" { // states that were saved may not hold it
		out[partMultiRegion] = string(b.MultiRegionPoints.Status)
	}
	for _, p := range b.AccessPoints {
		put(partPolicyOf(p), p.Policy, policyMeaning)
		out[pointName(p)] = p.VPC + " " + blockMeaning(p.Block.Text)
	}
	known := map[string]string{} // of many objects most ACLs are the same
	for _, o := range s.Objects {
		put(partObject(o), o.ACL, func(text string) string {
			if _, ok := known[text]; !ok {
				known[text] = s.aclInForce(text)
			}
			return known[text]
		})
	}
	if slices.ContainsFunc(s.Objects, func(o account.ObjectACL) bool { return o.Only }) {
		put(partVersioning, b.Versioning, jsonMeaning)
	}
	if b.Gone {
		out["the bucket"] = "deleted"
	}
	return out
}

// partOf names the part of a state that a call changes.
func partOf(c account.Call) string {
	switch c.Operation {
	case account.PutBucketACL:
		return partACL
	case account.PutBucketPolicy, account.DeleteBucketPolicy:
		return partPolicy
	case account.PutPublicAccessBlock, account.DeletePublicAccessBlock:
		return partBlock
	case account.PutAccountBlock, account.DeleteAccountBlock:
		return partAccountBlock
	case account.PutBucketOwnershipControls, account.DeleteBucketOwnershipControls:
		return partOwnership
	case account.PutObjectACL:
		return partObject(account.ObjectACL{Key: c.Key, Version: c.Version})
	}
	return partPolicyOf(account.AccessPoint{Name: c.AccessPoint, MultiRegion: c.Operation == account.PutMultiRegionPolicy})
}

func pointName(p account.AccessPoint) string {
	if p.MultiRegion {
		return "multi-Region access point " + p.Name
	}
	return "access point " + p.Name
}

func blockMeaning(text string) string {
	return fmt.Sprint(blockOf(account.Setting{Status: account.Present, Text: text}))
}

func policyMeaning(text string) string {
	d, err := policy.Parse([]byte(text))
	if err != nil {
		return text
	}
	return d.Hash()
}

// jsonMeaning is a JSON text without the wrapper that an API's output has around
// its one member, with sorted names.
func jsonMeaning(text string) string {
	out, err := json.Marshal(unwrap(text))
	if err != nil || string(out) == "null" {
		return text
	}
	return string(out)
}

// unwrap decodes a JSON object and takes it out of its wrappers, such as
// {"PublicAccessBlockConfiguration": {…}}.
func unwrap(text string) map[string]any {
	m := unwrapOnce(text)
	for inner := onlyObject(m); inner != nil; inner = onlyObject(m) {
		m = inner
	}
	return m
}

func unwrapOnce(text string) map[string]any {
	var m map[string]any
	_ = json.Unmarshal([]byte(text), &m) // what is no object has no members
	return m
}

// onlyObject is the one member of an object, where that is an object itself.
func onlyObject(m map[string]any) map[string]any {
	if len(m) != 1 {
		return nil
	}
	for _, v := range m {
		inner, _ := v.(map[string]any)
		return inner
	}
	return nil
}

// aclInForce is the owner and the set of grants that S3 shows: with
// IgnorePublicAcls it leaves those to public groups out, and with
// BucketOwnerEnforced all but the owner's, though they stay stored (AWS page
// "Blocking public access to your Amazon S3 storage").
func (s State) aclInForce(text string) string {
	acl, err := readACL(text)
	if err != nil {
		return text
	}
	if ownershipOf(s.Settings.Ownership) == bucket.BucketOwnerEnforced {
		return acl.OwnerID
	}
	var grants []string
	for _, g := range acl.Grants {
		if !s.flag(bucket.IgnorePublicAcls) || !g.who.Public() {
			grants = append(grants, fmt.Sprintf("%q %q", g.who.String(), g.permission))
		}
	}
	slices.Sort(grants)
	return acl.OwnerID + "\n" + strings.Join(slices.Compact(grants), "\n")
}
