// SPDX-License-Identifier: Apache-2.0

package account

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/bucketlid/bucketlid/bucket"
	"github.com/bucketlid/bucketlid/policy"
)

const ownerEnforced = string(bucket.BucketOwnerEnforced)

// Changes turns settings into readings for a ledger: what each setting held
// when it was read. What could not be read says why; what is not there is
// reported as such. It is a pure function of the settings.
func Changes(s Settings) []*bucket.Change { return new(Events).Changes(s) }

// Events shares the events of readings of one second among buckets, which a
// scan of many keeps all. The zero value is ready; it is not for concurrent use.
type Events struct {
	at   time.Time
	made map[string]*bucket.Event // by call
}

// of is the event of one call at a time.
func (e *Events) of(call string, at time.Time) *bucket.Event {
	if e.made == nil || !e.at.Equal(at) {
		e.at, e.made = at, map[string]*bucket.Event{}
	}
	if e.made[call] == nil {
		e.made[call] = event(call, at)
	}
	return e.made[call]
}

// Changes is the function of that name.
func (e *Events) Changes(s Settings) []*bucket.Change {
	r := reader{s: s, events: e, at: s.Read.UTC().Truncate(time.Second)} // CloudTrail's resolution, so that both sort alike
	if s.Gone {
		r.add("GetBucketLocation", bucket.SlotBucket).Removed = true
		return r.out
	}
	r.block()
	r.ownership()
	r.policy()
	r.acl()
	r.website()
	r.payer()
	r.encryption()
	r.versioning()
	r.accessPoints()
	r.objects()
	return r.out
}

// AccountChange is the reading of an account's own Block Public Access.
func AccountChange(account string, block Setting, at time.Time) *bucket.Change {
	c := &bucket.Change{Event: event("GetAccountPublicAccessBlock", at.UTC().Truncate(time.Second)), Slot: bucket.SlotAccountBlock, Account: account, Reading: true}
	setFlags(c, block, "the account's Block Public Access", bucket.False)
	return c
}

// Gone is the reading of a bucket that the log knows and the account has no more.
func Gone(account, name string, at time.Time) *bucket.Change {
	r := reader{s: Settings{Account: account, Bucket: name}, events: new(Events), at: at.UTC().Truncate(time.Second)}
	c := r.add("ListBuckets", bucket.SlotBucket)
	c.Removed = true
	return c
}

type reader struct {
	s      Settings
	at     time.Time
	events *Events
	out    []*bucket.Change
}

func event(call string, at time.Time) *bucket.Event {
	return &bucket.Event{ID: "read:" + call, Name: call, Time: at}
}

func (r *reader) add(call string, slot bucket.Slot) *bucket.Change {
	c := &bucket.Change{Event: r.events.of(call, r.at), Slot: slot, Account: r.s.Account, Region: r.s.Region, Bucket: r.s.Bucket, Reading: true}
	r.out = append(r.out, c)
	return c
}

// unread marks a reading whose setting could not be read.
func unread(c *bucket.Change, s Setting, what string) bool {
	if s.Status == Present || s.Status == Absent {
		return false
	}
	c.PayloadLost = what + ": " + cmp.Or(s.Problem, "it was not read")
	return true
}

func (r *reader) block() {
	setFlags(r.add("GetBucketPublicAccessBlock", bucket.SlotBlock), r.s.Block, "the bucket's Block Public Access", bucket.False)
}

// flags is the shape of GetPublicAccessBlock.
type flags struct {
	PublicAccessBlockConfiguration *struct {
		BlockPublicAcls, IgnorePublicAcls, BlockPublicPolicy, RestrictPublicBuckets bool
	}
}

// setFlags reads the four flags; none is what holds where nothing is configured.
func setFlags(c *bucket.Change, s Setting, what string, none bucket.Tri) {
	if unread(c, s, what) {
		return
	}
	block := bucket.AllFlags(none)
	if s.Status == Present {
		var f flags
		if err := json.Unmarshal([]byte(s.Text), &f); err != nil || f.PublicAccessBlockConfiguration == nil {
			c.PayloadLost = what + ": the reply cannot be understood"
			return
		}
		p := f.PublicAccessBlockConfiguration
		block[bucket.BlockPublicAcls], block[bucket.IgnorePublicAcls] = bucket.TriOf(p.BlockPublicAcls), bucket.TriOf(p.IgnorePublicAcls)
		block[bucket.BlockPublicPolicy], block[bucket.RestrictPublicBuckets] = bucket.TriOf(p.BlockPublicPolicy), bucket.TriOf(p.RestrictPublicBuckets)
	}
	c.Block = &block
}

func (r *reader) ownership() {
	c := r.add("GetBucketOwnershipControls", bucket.SlotOwnership)
	if unread(c, r.s.Ownership, "Object Ownership") {
		return
	}
	c.Ownership = bucket.NoOwnershipControls
	if r.s.Ownership.Status == Present {
		if c.Ownership = bucket.ObjectOwnership(controls(r.s.Ownership.Text)); c.Ownership == "" {
			c.PayloadLost = "Object Ownership: the reply cannot be understood"
		}
	}
}

// controls is the one rule of GetBucketOwnershipControls, "" when there is none.
func controls(text string) string {
	var o struct {
		OwnershipControls struct {
			Rules []struct{ ObjectOwnership string }
		}
	}
	if json.Unmarshal([]byte(text), &o) != nil || len(o.OwnershipControls.Rules) == 0 {
		return ""
	}
	return o.OwnershipControls.Rules[0].ObjectOwnership
}

func (r *reader) policy() {
	c := r.add("GetBucketPolicy", bucket.SlotPolicy)
	readPolicy(c, r.s.Policy, "the bucket policy")
	if public, ok := verdict(r.s.PolicyStatus); ok {
		c.Observed = []bucket.Observation{{Kind: bucket.SeesPolicyStatus, Value: bucket.TriOf(public), Exact: true,
			Why: fmt.Sprintf("GetBucketPolicyStatus answered IsPublic %v", public)}}
	}
}

// verdict is AWS's own on the policy in force.
func verdict(s Setting) (public, ok bool) {
	var v struct{ PolicyStatus struct{ IsPublic *bool } }
	if s.Status != Present || json.Unmarshal([]byte(s.Text), &v) != nil || v.PolicyStatus.IsPublic == nil {
		return false, false
	}
	return *v.PolicyStatus.IsPublic, true
}

func readPolicy(c *bucket.Change, s Setting, what string) {
	if unread(c, s, what) || s.Status == Absent {
		c.Removed = s.Status == Absent
		return
	}
	doc, err := policy.Parse([]byte(s.Text))
	switch {
	case err != nil:
		c.PayloadLost = fmt.Sprintf("%s: it cannot be understood (%v)", what, err)
	case len(doc.Statements) == 0 && len(doc.Problems) > 0:
		c.PayloadLost = what + ": it cannot be understood (" + strings.Join(doc.Problems, "; ") + ")"
	default:
		c.Policy = &bucket.PolicyText{Document: doc, Hash: doc.Hash()}
	}
}

func (r *reader) acl() {
	c := r.add("GetBucketAcl", bucket.SlotACL)
	if unread(c, r.s.ACL, "the bucket ACL") {
		return
	}
	c.ACL = readACL(r.s.ACL.Text)
	r.markHidden(c.ACL, "GetBucketAcl")
}

// readACL reads the shape of GetBucketAcl and GetObjectAcl.
func readACL(text string) *bucket.ACL {
	var shown struct{ Owner, Grants any }
	if err := json.Unmarshal([]byte(text), &shown); err != nil {
		return &bucket.ACL{Form: "read", Partial: "the reply cannot be understood"}
	}
	acl := bucket.ACLDocument(map[string]any{"Owner": shown.Owner, "AccessControlList": map[string]any{"Grant": shown.Grants}})
	acl.Form = "read"
	return acl
}

// markHidden notes that S3 may leave grants out of an ACL that it shows: it
// shows what has effect, not what is stored (AWS page "Blocking public access").
func (r *reader) markHidden(acl *bucket.ACL, call string) {
	if acl.Public() {
		return // then it shows all
	}
	switch {
	case controls(r.s.Ownership.Text) == ownerEnforced:
		acl.Hidden, acl.HidesAll = call+" shows no grants to others while BucketOwnerEnforced disables ACLs", true
	case ignores(r.s.Block), ignores(r.s.AccountBlock):
		acl.Hidden = call + " shows no grants to public groups while IgnorePublicAcls holds"
	case r.s.Block.Status == Denied, r.s.Block.Status == Failed, r.s.AccountBlock.Status == Denied, r.s.AccountBlock.Status == Failed:
		acl.Hidden = call + " shows no grants to public groups, and whether IgnorePublicAcls holds could not be read"
	}
}

func ignores(s Setting) bool {
	var f flags
	return s.Status == Present && json.Unmarshal([]byte(s.Text), &f) == nil &&
		f.PublicAccessBlockConfiguration != nil && f.PublicAccessBlockConfiguration.IgnorePublicAcls
}

func (r *reader) website() {
	c := r.add("GetBucketWebsite", bucket.SlotWebsite)
	if unread(c, r.s.Website, "the website") || r.s.Website.Status == Absent {
		c.Removed = r.s.Website.Status == Absent
		return
	}
	var w struct {
		IndexDocument         struct{ Suffix string }
		RedirectAllRequestsTo struct{ HostName string }
	}
	if err := json.Unmarshal([]byte(r.s.Website.Text), &w); err != nil {
		c.PayloadLost = "the website: the reply cannot be understood"
		return
	}
	c.Value = cmp.Or(w.IndexDocument.Suffix, w.RedirectAllRequestsTo.HostName, "set")
}

func (r *reader) payer() {
	c := r.add("GetBucketRequestPayment", bucket.SlotPayer)
	if unread(c, r.s.Payer, "Requester Pays") {
		return
	}
	var p struct{ Payer string }
	_ = json.Unmarshal([]byte(r.s.Payer.Text), &p) // without a payer it is the owner
	c.Value = cmp.Or(p.Payer, "BucketOwner")
}

func (r *reader) encryption() {
	c := r.add("GetBucketEncryption", bucket.SlotEncryption)
	if unread(c, r.s.Encryption, "the default encryption") {
		return
	}
	var e struct {
		ServerSideEncryptionConfiguration struct {
			Rules []struct {
				ApplyServerSideEncryptionByDefault struct{ SSEAlgorithm string }
			}
		}
	}
	_ = json.Unmarshal([]byte(r.s.Encryption.Text), &e) // without a rule there is no default
	for _, rule := range e.ServerSideEncryptionConfiguration.Rules {
		c.Value = rule.ApplyServerSideEncryptionByDefault.SSEAlgorithm
	}
}

func (r *reader) versioning() {
	c := r.add("GetBucketVersioning", bucket.SlotVersioning)
	if unread(c, r.s.Versioning, "versioning") {
		return
	}
	var v struct{ Status string }
	_ = json.Unmarshal([]byte(r.s.Versioning.Text), &v) // without a status it was never on
	c.Value = v.Status
}

func (r *reader) accessPoints() {
	var names, wide []string
	for _, p := range r.s.AccessPoints {
		if p.MultiRegion {
			wide = append(wide, p.Name)
		} else {
			names = append(names, p.Name)
		}
		r.point(p)
	}
	list := r.add("ListAccessPoints", bucket.SlotAccessPointList)
	list.Details = names
	unread(list, r.s.Points, "the list of access points")
	if r.s.MultiRegionPoints.Action != "" {
		list := r.add("ListMultiRegionAccessPoints", bucket.SlotAccessPointList)
		list.Details, list.MultiRegion = wide, true
		unread(list, r.s.MultiRegionPoints, "the list of multi-Region access points")
	}
}

func (r *reader) point(p AccessPoint) {
	c := r.add("GetAccessPoint", bucket.SlotAccessPoint)
	c.AccessPoint, c.MultiRegion = p.Name, p.MultiRegion
	setFlags(c, p.Block, "Block Public Access of access point "+p.Name, bucket.True)
	if c.Block != nil {
		c.Point = &bucket.AccessPoint{Name: p.Name, Account: r.s.Account, VPC: p.VPC, PublicAccessBlock: *c.Block}
		c.Block = nil
	}
	c = r.add("GetAccessPointPolicy", bucket.SlotAccessPointPolicy)
	c.AccessPoint, c.MultiRegion = p.Name, p.MultiRegion
	readPolicy(c, p.Policy, "the policy of access point "+p.Name)
}

func (r *reader) objects() {
	for _, o := range r.s.Objects {
		c := r.add("GetObjectAcl", bucket.SlotObjectACL)
		c.Key, c.Version = o.Key, o.Version
		switch {
		case o.Gone:
			c.ACL = nil
		case !unread(c, o.ACL, "the ACL of "+o.Key):
			c.ACL = readACL(o.ACL.Text)
			r.markHidden(c.ACL, "GetObjectAcl")
		}
	}
}

// Inert reports whether a reading says no more than that a setting is as S3
// makes it. Where no log is read with it, nothing can contradict it.
func Inert(c *bucket.Change) bool {
	if c.PayloadLost != "" {
		return false
	}
	switch c.Slot {
	case bucket.SlotWebsite, bucket.SlotVersioning:
		return c.Value == ""
	case bucket.SlotPayer:
		return c.Value == "BucketOwner"
	case bucket.SlotEncryption:
		return !strings.HasPrefix(c.Value, "aws:kms")
	case bucket.SlotAccessPointList:
		return len(c.Details) == 0
	}
	return false
}
