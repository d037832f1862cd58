// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bucketlid/bucketlid/policy"
)

const (
	own     = "111122223333"
	other   = "444455556666"
	refusal = "the call was refused"
)

var (
	modern = time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC)
	april  = time.Date(2023, 4, 15, 0, 0, 0, 0, time.UTC)
	older  = time.Date(2019, 6, 1, 0, 0, 0, 0, time.UTC)
)

// at starts a change of bucket b a number of seconds after 2025-06-01.
func at(second int, slot Slot, fill ...func(*Change)) *Change {
	return when(modern.Add(time.Duration(second)*time.Second), slot, fill...)
}

var serial int

func when(moment time.Time, slot Slot, fill ...func(*Change)) *Change {
	serial++
	c := &Change{
		Event: &Event{ID: fmt.Sprintf("event-%06d", serial), Time: moment, Name: "Call"},
		Slot:  slot, Account: own, Region: "eu-west-1", Bucket: "b",
	}
	if slot == SlotAccountBlock || slot == SlotOrganizationBlock {
		c.Bucket = ""
	}
	if slot == SlotBucket {
		c.Create = &Creation{}
	}
	for _, f := range fill {
		f(c)
	}
	return c
}

func removed(c *Change)                         { c.Removed, c.Create = true, nil }
func refused(c *Change)                         { c.Outcome, c.Event.ErrorCode = Refused, "AccessDenied" }
func unclear(c *Change)                         { c.Outcome, c.Event.ErrorCode = Unclear, "InternalError" }
func lostPayload(c *Change)                     { c.PayloadLost = "the payload is lost" }
func by(account string) func(*Change)           { return func(c *Change) { c.Account = account } }
func id(id string) func(*Change)                { return func(c *Change) { c.Event.ID = id } }
func key(k, version string) func(*Change)       { return func(c *Change) { c.Key, c.Version = k, version } }
func flags(v Tri) func(*Change)                 { return func(c *Change) { b := AllFlags(v); c.Block = &b } }
func ownership(o ObjectOwnership) func(*Change) { return func(c *Change) { c.Ownership = o } }
func value(v string) func(*Change)              { return func(c *Change) { c.Value = v } }
func sees(o Observation) func(*Change) {
	return func(c *Change) { c.Observed = append(c.Observed, o) }
}

func acl(name string) func(*Change) {
	return func(c *Change) {
		c.ACL = Canned(name)
		if c.Create != nil {
			c.Create.ACL = c.ACL
		}
	}
}

func header(o ObjectOwnership) func(*Change) {
	return func(c *Change) { c.Create.Ownership = o }
}

func point(name string, v Tri) func(*Change) {
	return func(c *Change) {
		c.AccessPoint = name
		c.Point = &AccessPoint{Name: name, Account: c.Account, PublicAccessBlock: AllFlags(v)}
	}
}

func named(name string) func(*Change) { return func(c *Change) { c.AccessPoint = name } }

func statement(text string) func(*Change) {
	return func(c *Change) {
		doc, err := policy.Parse([]byte(`{"Version":"2012-10-17","Statement":[` + text + `]}`))
		if err != nil {
			panic(err)
		}
		c.Policy = &PolicyText{Document: doc, Hash: doc.Hash()}
	}
}

const (
	everyone = `{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}`
	private  = `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}`
)

// say writes a State in short: exists, block, account, organization, ownership,
// ACL, policy; "?" is unknown, and a value is followed by "~" where it is inferred.
func say(s State) string {
	var w strings.Builder
	word := func(known bool, g Grade, text string) {
		w.WriteByte(' ')
		if !known {
			text = "?"
		}
		w.WriteString(text)
		if known && g == InferredGrade {
			w.WriteByte('~')
		}
	}
	word(s.Exists.Known, s.Exists.Grade, map[bool]string{true: "exists", false: "gone"}[s.Exists.Value])
	for _, block := range [...][flagCount]Reading[Tri]{s.Block, s.AccountBlock} {
		text, inferred, known := "", false, false
		for _, r := range block {
			text += map[bool]string{true: [...]string{"U", "F", "T"}[r.Value], false: "?"}[r.Known]
			known = known || r.Known
			inferred = inferred || r.Known && r.Grade == InferredGrade
		}
		grade := Seen
		if inferred {
			grade = InferredGrade
		}
		word(known, grade, text)
	}
	word(s.Organization.Known, s.Organization.Grade, "org="+s.Organization.Value)
	word(s.Ownership.Known, s.Ownership.Grade, string(s.Ownership.Value))
	word(s.ACL.Known, s.ACL.Grade, map[bool]string{true: "public", false: "closed"}[s.ACL.Value != nil && s.ACL.Value.Public()])
	word(s.Policy.Known, s.Policy.Grade, map[bool]string{true: "policy", false: "none"}[s.Policy.Value != nil])
	return strings.TrimSpace(w.String())
}

type timelineCase struct {
	name    string
	changes []*Change
	second  int // the state is that after the last step at or before this second; -1 is before all
	want    string
}

func run(t *testing.T, cases []timelineCase) {
	t.Helper()
	for _, c := range cases {
		first := ""
		for _, order := range permutations(min(len(c.changes), 5)) {
			shuffled := append([]*Change{}, c.changes...)
			for i, k := range order {
				shuffled[i] = c.changes[k]
			}
			tl := Fold("b", shuffled, time.Time{})
			step := -1
			for i, s := range tl.Steps {
				if !s.Time.After(modern.Add(time.Duration(c.second) * time.Second)) {
					step = i
				}
			}
			if c.second < 0 && c.second > -100 {
				step = -1
			}
			got := say(tl.State(step))
			if first == "" {
				first = got
			}
			if got != first {
				t.Errorf("%s: order %v gives %s, another %s", c.name, order, got, first)
			}
		}
		if first != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, first, c.want)
		}
	}
}

func TestCreation(t *testing.T) {
	const day = 86400
	since := func(moment time.Time) int { return int(moment.Sub(modern)/time.Second) + day }
	run(t, []timelineCase{
		{"before April 2023", []*Change{when(older, SlotBucket)}, since(older), "exists FFFF ? ? ObjectWriter closed none"},
		{"before, with a header", []*Change{when(older, SlotBucket, header(BucketOwnerEnforced))}, since(older), "exists FFFF ? ? BucketOwnerEnforced closed none"},
		{"the last second of March", []*Change{when(newDefaultsFrom.Add(-time.Second), SlotBucket)}, since(newDefaultsFrom), "exists FFFF ? ? ObjectWriter closed none"},
		{"the first of April", []*Change{when(newDefaultsFrom, SlotBucket)}, since(newDefaultsFrom), "exists ? ? ? ? closed none"},
		{"in April, with a header", []*Change{when(april, SlotBucket, header(ObjectWriter))}, since(april), "exists ? ? ? ObjectWriter closed none"},
		{"the first of May", []*Change{when(newDefaultsUntil, SlotBucket)}, since(newDefaultsUntil), "exists TTTT ? ? BucketOwnerEnforced closed none"},
		{"after", []*Change{at(0, SlotBucket)}, 0, "exists TTTT ? ? BucketOwnerEnforced closed none"},
		{"after, with a header", []*Change{at(0, SlotBucket, header(ObjectWriter))}, 0, "exists TTTT ? ? ObjectWriter closed none"},
		{"before, public", []*Change{when(older, SlotBucket, acl("public-read"))}, since(older), "exists FFFF F???~ ? ObjectWriter public none"},
		{"in April, public: the old defaults", []*Change{when(april, SlotBucket, acl("public-read"))}, since(april), "exists FFFF F???~ ? ObjectWriter public none"},
		{"after, public: the old defaults", []*Change{at(0, SlotBucket, acl("public-read"))}, 0, "exists FFFF F???~ ? ObjectWriter public none"},
		{"refused", []*Change{at(0, SlotBucket, refused)}, 0, "? ? ? ? ? ? ?"},
		{"unclear", []*Change{at(0, SlotBucket, removed), at(5, SlotBucket, unclear)}, 5, "? ? ? ? ? ? ?"},
		{"repeated, unclear", []*Change{when(older, SlotBucket), at(5, SlotBucket, unclear)}, 5, "exists FFFF ? ? ObjectWriter ? none"},
		{"repeated: the ACL is reset", []*Change{when(older, SlotBucket, acl("public-read")), at(5, SlotBlock, flags(True)), at(9, SlotBucket)}, 9, "exists TTTT F???~ ? ObjectWriter closed none"},
		{"repeated, public: proves", []*Change{when(older, SlotBucket), at(9, SlotBucket, acl("public-read"))}, 9, "exists FFFF F???~ ? ObjectWriter public none"},
		{"deleted", []*Change{at(0, SlotBucket), at(5, SlotBucket, removed)}, 5, "gone ? ? ? ? ? ?"},
		{"deleted and created", []*Change{when(older, SlotBucket), at(2, SlotPolicy, statement(everyone)), at(5, SlotBucket, removed), at(7, SlotBucket)}, 7, "exists TTTT ??F?~ ? BucketOwnerEnforced closed none"},
		{"deleted, then taken by another", []*Change{at(0, SlotAccountBlock, flags(True)), at(1, SlotBucket), at(5, SlotBucket, removed), at(7, SlotBucket, by(other))}, 7, "exists TTTT ? ? BucketOwnerEnforced closed none"},
		{"taken by another, deletion unseen", []*Change{when(older, SlotBucket), at(2, SlotPolicy, statement(everyone)), at(7, SlotBucket, by(other))}, 7, "exists TTTT ? ? BucketOwnerEnforced closed none"},
		{"used again, creation unseen", []*Change{at(0, SlotBucket), at(5, SlotBucket, removed), at(7, SlotPolicy, statement(everyone))}, 7, "exists~ ??F?~ ??F?~ ? ? ? policy"},
		{"an object's removal does not revive", []*Change{at(5, SlotBucket, removed), at(6, SlotObject, key("k", ""), removed)}, 6, "gone ? ? ? ? ? ?"},
	})
}

func TestTransitions(t *testing.T) {
	fresh := func(more ...*Change) []*Change { return append([]*Change{when(older, SlotBucket)}, more...) }
	run(t, []timelineCase{
		{"ACL", fresh(at(1, SlotACL, acl("public-read"))), 1, "exists FFFF F???~ ? ObjectWriter public none"},
		{"ACL refused", fresh(at(1, SlotACL, acl("public-read"), refused)), 1, "exists FFFF ? ? ObjectWriter closed none"},
		{"ACL unclear", fresh(at(1, SlotACL, acl("public-read"), unclear)), 1, "exists FFFF ? ? ObjectWriter ? none"},
		{"ACL lost", fresh(at(1, SlotACL, lostPayload)), 1, "exists FFFF ? ? ObjectWriter ? none"},
		{"policy", fresh(at(1, SlotPolicy, statement(private))), 1, "exists FFFF ? ? ObjectWriter closed policy"},
		{"policy deleted", fresh(at(1, SlotPolicy, statement(private)), at(2, SlotPolicy, removed)), 2, "exists FFFF ? ? ObjectWriter closed none"},
		{"policy lost", fresh(at(1, SlotPolicy, lostPayload)), 1, "exists FFFF ? ? ObjectWriter closed ?"},
		{"policy's deletion unclear", fresh(at(1, SlotPolicy, removed, unclear)), 1, "exists FFFF ? ? ObjectWriter closed ?"},
		{"block", fresh(at(1, SlotBlock, flags(True))), 1, "exists TTTT ? ? ObjectWriter closed none"},
		{"block removed", fresh(at(1, SlotBlock, flags(True)), at(2, SlotBlock, flags(False), removed)), 2, "exists FFFF ? ? ObjectWriter closed none"},
		{"block unclear", fresh(at(1, SlotBlock, flags(True), unclear)), 1, "exists ? ? ? ObjectWriter closed none"},
		{"account block", fresh(at(1, SlotAccountBlock, flags(True))), 1, "exists FFFF TTTT ? ObjectWriter closed none"},
		{"account block of another account", fresh(at(1, SlotAccountBlock, flags(True), by(other))), 1, "exists FFFF ? ? ObjectWriter closed none"},
		{"account block unclear", fresh(at(1, SlotAccountBlock, flags(True)), at(2, SlotAccountBlock, flags(False), unclear)), 2, "exists FFFF ? ? ObjectWriter closed none"},
		{"organization", fresh(at(1, SlotOrganizationBlock, value("all"), by("*"))), 1, "exists FFFF ? org=all ObjectWriter closed none"},
		{"organization, of another account", fresh(at(1, SlotOrganizationBlock, value("all"), by(other))), 1, "exists FFFF ? ? ObjectWriter closed none"},
		{"organization, lost", fresh(at(1, SlotOrganizationBlock, value("all"), by("*")), at(2, SlotOrganizationBlock, by("*"), lostPayload)), 2, "exists FFFF ? ? ObjectWriter closed none"},
		{"the account's stands over everybody's", fresh(at(1, SlotOrganizationBlock, value("all"), by("*"), id("same-event-id")), at(1, SlotOrganizationBlock, value("none"), id("same-event-id"))), 1, "exists FFFF ? org=none ObjectWriter closed none"},
		{"ownership", fresh(at(1, SlotOwnership, ownership(BucketOwnerPreferred))), 1, "exists FFFF ? ? BucketOwnerPreferred closed none"},
		{"ownership deleted", fresh(at(1, SlotOwnership, ownership(NoOwnershipControls), removed)), 1, "exists FFFF ? ? none closed none"},
		{"ownership lost", fresh(at(1, SlotOwnership, lostPayload)), 1, "exists FFFF ? ? ? closed none"},
		{"the ACL is kept under BucketOwnerEnforced", fresh(at(1, SlotACL, acl("log-delivery-write")), at(2, SlotOwnership, ownership(BucketOwnerEnforced)), at(3, SlotOwnership, ownership(ObjectWriter))), 3, "exists FFFF ? ? ObjectWriter closed none"},
	})
	tl := Fold("b", fresh(at(1, SlotPayer, value("Requester")), at(2, SlotWebsite, value("index.html")), at(3, SlotVersioning, value("Enabled")),
		at(4, SlotPayer, unclear), at(5, SlotWebsite, unclear), at(6, SlotVersioning, unclear)), time.Time{})
	if s := tl.State(3); s.Payer.Value != "Requester" || s.Website.Value != "index.html" || s.Versioning.Value != "Enabled" {
		t.Errorf("payer %q, website %q, versioning %q", s.Payer.Value, s.Website.Value, s.Versioning.Value)
	}
	if s := tl.State(6); s.Payer.Known || s.Website.Known || s.Versioning.Known {
		t.Errorf("after unclear calls payer %v, website %v, versioning %v are known", s.Payer.Known, s.Website.Known, s.Versioning.Known)
	}
}

func TestInference(t *testing.T) {
	flag := func(f Flag, v Tri) func(*Change) {
		return sees(Observation{Kind: SeesEffectiveFlag, Flag: f, Value: v, Why: refusal})
	}
	block := func(k ObservationKind, v Tri) func(*Change) {
		return sees(Observation{Kind: k, Value: v, Exact: true, Why: "read"})
	}
	run(t, []timelineCase{
		{"K1 by the bucket's ACL", []*Change{at(5, SlotACL, acl("public-read"))}, -1, "? F???~ F???~ ? not BucketOwnerEnforced~ ? ?"},
		{"K1 by an object's ACL", []*Change{at(5, SlotObjectACL, key("k", ""), acl("authenticated-read"))}, 5, "? F???~ F???~ ? not BucketOwnerEnforced~ ? ?"},
		{"K1 by an upload", []*Change{at(5, SlotObject, key("k", ""), acl("public-read"))}, 5, "? F???~ F???~ ? not BucketOwnerEnforced~ ? ?"},
		{"K1 not by a private ACL", []*Change{at(5, SlotACL, acl("private"))}, -1, "? ? ? ? ? ? ?"},
		{"K1 not by a refused ACL", []*Change{at(5, SlotACL, acl("public-read"), refused)}, -1, "? ? ? ? ? ? ?"},
		{"K1 agrees with what was set", []*Change{at(1, SlotOwnership, ownership(ObjectWriter)), at(5, SlotACL, acl("public-read"))}, 5, "? F???~ F???~ ? ObjectWriter public ?"},
		{"K1 against what was set", []*Change{at(1, SlotBlock, flags(True)), at(5, SlotACL, acl("public-read"))}, 5, "? FTTT~ F???~ ? not BucketOwnerEnforced~ public ?"},
		{"K2", []*Change{at(5, SlotPolicy, statement(everyone))}, -1, "? ??F?~ ??F?~ ? ? ? ?"},
		{"K2 not by a private policy", []*Change{at(5, SlotPolicy, statement(private))}, -1, "? ? ? ? ? ? ?"},
		{"K3", []*Change{at(5, SlotOwnership, ownership(BucketOwnerEnforced), sees(Observation{Kind: SeesNoOutsideACL, Why: "accepted"}))}, 4, "? ? ? ? ? closed~ ?"},
		{"K3 against a public ACL", []*Change{at(1, SlotACL, acl("public-read")), at(5, SlotOwnership, ownership(BucketOwnerEnforced), sees(Observation{Kind: SeesNoOutsideACL, Why: "accepted"}))}, 5, "? F???~ F???~ ? BucketOwnerEnforced closed~ ?"},
		{"K4: the account's, since the bucket's is off", []*Change{at(1, SlotBlock, flags(False)), at(5, SlotPolicy, statement(everyone), refused, flag(BlockPublicPolicy, True))}, 5, "? FFFF ??T?~ ? ? ? ?"},
		{"K4: the bucket's, since the account's is off", []*Change{at(0, SlotBucket, refused), at(1, SlotAccountBlock, flags(False)), at(5, SlotPolicy, refused, flag(BlockPublicPolicy, True))}, 5, "? ??T?~ FFFF ? ? ? ?"},
		{"K4: either", []*Change{at(5, SlotPolicy, refused, flag(BlockPublicPolicy, True))}, 5, "? ? ? ? ? ? ?"},
		{"K4: already known", []*Change{at(1, SlotBlock, flags(True)), at(2, SlotAccountBlock, flags(False)), at(5, SlotPolicy, refused, flag(BlockPublicPolicy, True))}, 5, "? TTTT FFFF ? ? ? ?"},
		{"K4: a block of the same second explains it", []*Change{at(1, SlotBlock, flags(False)), at(5, SlotPolicy, refused, flag(BlockPublicPolicy, True)), at(5, SlotBlock, flags(True)), at(6, SlotBlock, flags(False))}, 6, "? FFFF ? ? ? ? ?"},
		{"K4: not of an access point with its own block", []*Change{at(1, SlotBlock, flags(False)), at(2, SlotAccessPoint, point("p", True)), at(5, SlotAccessPointPolicy, named("p"), refused, flag(BlockPublicPolicy, True))}, 5, "? FFFF ? ? ? ? ?"},
		{"K4: of an access point without", []*Change{at(1, SlotBlock, flags(False)), at(2, SlotAccessPoint, point("p", False)), at(5, SlotAccessPointPolicy, named("p"), refused, flag(BlockPublicPolicy, True))}, 5, "? FFFF ??T?~ ? ? ? ?"},
		{"K4: ownership", []*Change{at(5, SlotACL, refused, sees(Observation{Kind: SeesOwnership, Owner: BucketOwnerEnforced, Why: refusal}))}, 5, "? ? ? ? BucketOwnerEnforced~ ? ?"},
		{"K11: no policy", []*Change{at(5, SlotObservation, sees(Observation{Kind: SeesNoPolicy, Exact: true, Why: "read"}))}, 4, "? ? ? ? ? ? none"},
		{"K11: no block", []*Change{at(5, SlotObservation, block(SeesBucketBlock, False))}, -1, "? FFFF ? ? ? ? ?"},
		{"K11: no ownership controls", []*Change{at(5, SlotObservation, sees(Observation{Kind: SeesOwnership, Owner: NoOwnershipControls, Exact: true, Why: "read"}))}, 4, "? ? ? ? none ? ?"},
		{"the account's block, read", []*Change{at(1, SlotBucket), at(5, SlotObservation, func(c *Change) { c.Bucket = "" }, block(SeesAccountBlock, False))}, 1, "exists TTTT FFFF ? BucketOwnerEnforced closed none"},
		{"another account's block, read", []*Change{at(1, SlotBucket), at(5, SlotObservation, func(c *Change) { c.Bucket = "" }, by(other), block(SeesAccountBlock, True))}, 5, "exists TTTT ? ? BucketOwnerEnforced closed none"},
		{"a read that contradicts", []*Change{at(1, SlotBlock, flags(True)), at(5, SlotObservation, block(SeesBucketBlock, False))}, 5, "? FFFF ? ? ? ? ?"},
	})
}

func TestSameSecond(t *testing.T) {
	run(t, []timelineCase{
		{"T11: the policy came before the block", []*Change{at(1, SlotBlock, flags(False)), at(5, SlotPolicy, statement(everyone), id("z")), at(5, SlotBlock, flags(True), id("a"))}, 5, "? TTTT ??F?~ ? ? ? policy"},
		{"the block was removed before the policy", []*Change{at(1, SlotBlock, flags(True)), at(5, SlotPolicy, statement(everyone), id("a")), at(5, SlotBlock, flags(False), id("z"))}, 5, "? FFFF ??F?~ ? ? ? policy"},
		{"the ACL came before BucketOwnerEnforced", []*Change{at(5, SlotACL, acl("public-read"), id("z")), at(5, SlotOwnership, ownership(BucketOwnerEnforced), id("a"))}, 5, "? F???~ F???~ ? BucketOwnerEnforced public ?"},
		{"the open reading is the last", []*Change{at(5, SlotPolicy, statement(everyone), id("a")), at(5, SlotPolicy, removed, id("z"))}, 5, "? ??F?~ ??F?~ ? ? ? policy"},
		{"creation comes first", []*Change{at(5, SlotBucket, id("z")), at(5, SlotOwnership, ownership(ObjectWriter), id("a"))}, 5, "exists TTTT ? ? ObjectWriter closed none"},
		{"deletion comes last", []*Change{at(5, SlotBucket, removed, id("a")), at(5, SlotPolicy, removed, id("z"))}, 5, "gone ? ? ? ? ? ?"},
		{"a placeholder id", []*Change{at(5, SlotOwnership, ownership(ObjectWriter), id("...")), at(5, SlotOwnership, ownership(BucketOwnerPreferred), id("..."))}, 5, "? ? ? ? ObjectWriter ? ?"},
	})
	tl := Fold("b", []*Change{at(5, SlotPolicy, statement(everyone)), at(5, SlotPolicy, removed), at(5, SlotPayer, value("Requester")), at(6, SlotPolicy, removed)}, time.Time{})
	tied := ""
	for _, s := range tl.Steps {
		tied += fmt.Sprintf("%s%v ", s.Change.Slot, s.Tied)
	}
	if tied != "bucket-policytrue requester-paysfalse bucket-policytrue bucket-policyfalse " {
		t.Errorf("tied: %s", tied)
	}
}
