// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/bucketlid/bucketlid/policy"
)

// The objects with a public ACL after the last step, as key@version.
func publicObjects(tl *Timeline) string {
	var out []string
	for _, o := range tl.Objects() {
		if r := tl.ObjectACL(o, len(tl.Steps)-1); r.Known && r.Value != nil && r.Value.Public() {
			out = append(out, o.Key+"@"+o.Version)
		}
	}
	return strings.Join(out, " ")
}

func TestObjects(t *testing.T) {
	for _, c := range []struct {
		name    string
		changes []*Change
		want    string
	}{
		{"put public", []*Change{at(1, SlotObject, key("k", ""), acl("public-read"))}, "k@"},
		{"overwritten", []*Change{at(1, SlotObject, key("k", ""), acl("public-read")), at(2, SlotObject, key("k", ""), acl("private"))}, ""},
		{"deleted", []*Change{at(1, SlotObject, key("k", ""), acl("public-read")), at(2, SlotObject, key("k", ""), removed)}, ""},
		{"the former version stays", []*Change{at(1, SlotObject, key("k", "v1"), acl("public-read")), at(2, SlotObject, key("k", "v2"), acl("private"))}, "k@v1"},
		{"a version is deleted", []*Change{at(1, SlotObject, key("k", "v1"), acl("public-read")), at(2, SlotObject, key("k", "v1"), removed)}, ""},
		{"a marker hides, the version stays", []*Change{at(1, SlotObject, key("k", "v1"), acl("public-read")), at(2, SlotObject, key("k", ""), removed)}, "k@v1"},
		{"the ACL of a version", []*Change{at(1, SlotObject, key("k", "v1"), acl("public-read")), at(2, SlotObjectACL, key("k", "v1"), acl("private"))}, ""},
		{"what was there before versions stays", []*Change{at(1, SlotObjectACL, key("k", ""), acl("public-read")), at(2, SlotObject, key("k", "v1"), acl("private"))}, "k@"},
		{"an ACL without a version goes to the last upload", []*Change{at(1, SlotObject, key("k", "v1"), acl("public-read")), at(2, SlotObjectACL, key("k", ""), acl("private"))}, ""},
		{"not to the one before", []*Change{at(1, SlotObject, key("k", "v1"), acl("public-read")), at(2, SlotObject, key("k", "v2"), acl("public-read")), at(3, SlotObjectACL, key("k", ""), acl("private"))}, "k@v1"},
		{"nor where an upload came between", []*Change{at(1, SlotObject, key("k", "v1"), acl("public-read")), at(2, SlotObject, key("k", SomeVersion), acl("private")), at(3, SlotObjectACL, key("k", ""), acl("private"))}, "k@v1"},
		{"of a new incarnation", []*Change{at(1, SlotObject, key("k", "v1"), acl("public-read")), at(2, SlotBucket), at(3, SlotObjectACL, key("k", ""), acl("public-read"))}, "k@"},
		{"an unclear overwriting", []*Change{at(1, SlotObject, key("k", ""), acl("public-read")), at(2, SlotObject, key("k", ""), acl("private"), unclear)}, ""},
		{"the bucket is deleted", []*Change{at(1, SlotObject, key("k", ""), acl("public-read")), at(2, SlotBucket, removed)}, ""},
		{"the bucket is made anew", []*Change{at(1, SlotObject, key("k", ""), acl("public-read")), at(2, SlotBucket)}, ""},
		{"two keys", []*Change{at(1, SlotObject, key("a", ""), acl("public-read")), at(2, SlotObjectACL, key("b", ""), acl("public-read"))}, "a@ b@"},
	} {
		if got := publicObjects(Fold("b", c.changes, time.Time{})); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	tl := Fold("b", []*Change{at(1, SlotObject, key("k", ""), acl("public-read")), at(2, SlotPayer), at(3, SlotObject, key("k", ""), acl("private"))}, time.Time{})
	if got := tl.ObjectSteps(ObjectID{Key: "k"}); !slices.Equal(got, []int{0, 2}) {
		t.Errorf("the object changes at %v", got)
	}
	if got := tl.SettingSteps(); !slices.Equal(got, []int{1}) {
		t.Errorf("settings change at %v", got)
	}
}

func TestAccessPoints(t *testing.T) {
	last := func(changes ...*Change) string {
		tl := Fold("b", changes, time.Time{})
		out := ""
		for _, p := range tl.State(len(tl.Steps) - 1).Points {
			out += fmt.Sprintf("%s:%v/%v ", p.Name, p.Created.Value != nil, p.Policy.Value != nil)
		}
		return strings.TrimSpace(out)
	}
	mrap := func(c *Change) { c.MultiRegion = true }
	for _, c := range []struct{ name, got, want string }{
		{"created", last(at(1, SlotAccessPoint, point("p", True))), "p:true/false"},
		{"with a policy", last(at(1, SlotAccessPoint, point("p", True)), at(2, SlotAccessPointPolicy, named("p"), statement(everyone))), "p:true/true"},
		{"the policy removed", last(at(1, SlotAccessPoint, point("p", True)), at(2, SlotAccessPointPolicy, named("p"), statement(everyone)), at(3, SlotAccessPointPolicy, named("p"), removed)), "p:true/false"},
		{"removed", last(at(1, SlotAccessPoint, point("p", True)), at(2, SlotAccessPointPolicy, named("p"), statement(everyone)), at(3, SlotAccessPoint, named("p"), removed)), "p:false/false"},
		{"the bucket removed", last(at(1, SlotAccessPoint, point("p", True)), at(2, SlotBucket, removed)), "p:false/false"},
		{"of two accounts", last(at(1, SlotAccessPoint, point("p", True)), at(2, SlotAccessPoint, named("p"), by(other), removed)), "p:true/false p:false/false"},
		{"of one Region and of many", last(at(1, SlotAccessPoint, point("p", True)), at(2, SlotAccessPoint, named("p"), mrap, removed)), "p:true/false p:false/false"},
		{"refused", last(at(1, SlotAccessPoint, point("p", True)), at(2, SlotAccessPointPolicy, named("p"), statement(everyone), refused)), "p:true/false"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", c.name, c.got, c.want)
		}
	}
	tl := Fold("b", []*Change{at(1, SlotBucket), at(2, SlotAccessPoint, point("p", False), by(other)), at(3, SlotAccountBlock, flags(True), by(other))}, time.Time{})
	if tl.Account != own || tl.State(2).Flag(RestrictPublicBuckets).Level == "account" {
		t.Errorf("the owner is %s, held by %+v: an access point's account is not the bucket's", tl.Account, tl.State(2).Flag(RestrictPublicBuckets))
	}
}

func TestFlag(t *testing.T) {
	org := func(v string) *Change { return at(1, SlotOrganizationBlock, value(v), by("*")) }
	for _, c := range []struct {
		name    string
		changes []*Change
		want    string
	}{
		{"never seen", []*Change{at(5, SlotPayer)}, `"" never 2`},
		{"bucket", []*Change{at(2, SlotBlock, flags(True))}, `"bucket" seen 0`},
		{"account", []*Change{at(2, SlotBlock, flags(False)), at(2, SlotAccountBlock, flags(True))}, `"account" seen 0`},
		{"off", []*Change{at(2, SlotBlock, flags(False)), at(2, SlotAccountBlock, flags(False))}, `"" seen 0`},
		{"account never seen", []*Change{at(2, SlotBlock, flags(False))}, `"" never 1`},
		{"organization on", []*Change{org("all"), at(2, SlotBlock, flags(False))}, `"organization" seen 0`},
		{"organization off stands over the account", []*Change{org("none"), at(2, SlotAccountBlock, flags(True)), at(2, SlotBlock, flags(False))}, `"" seen 0`},
		{"organization off, bucket on", []*Change{org("none"), at(2, SlotBlock, flags(True))}, `"bucket" seen 0`},
		{"organization without", []*Change{org(""), at(2, SlotAccountBlock, flags(True)), at(2, SlotBlock, flags(False))}, `"account" seen 0`},
		{"organization lost", []*Change{at(1, SlotOrganizationBlock, by("*"), lostPayload), at(2, SlotAccountBlock, flags(False)), at(2, SlotBlock, flags(False))}, `"" never 1`},
		{"bucket lost", []*Change{at(2, SlotBlock, flags(True)), at(3, SlotBlock, flags(False), unclear), at(2, SlotAccountBlock, flags(False))}, `"" never 1`},
	} {
		tl := Fold("b", c.changes, time.Time{})
		f := tl.State(len(tl.Steps) - 1).Flag(IgnorePublicAcls)
		got := fmt.Sprintf("%q %s %d", f.Level, [...]string{"never", "inferred", "seen"}[f.Grade], len(f.Unseen))
		if got != c.want || f.On() != (f.Level != "") {
			t.Errorf("%s: %s (%v), want %s", c.name, got, f.Unseen, c.want)
		}
	}
}

func TestPolicyStatus(t *testing.T) {
	verdict := func(second int, v Tri) *Change {
		return at(second, SlotObservation, sees(Observation{Kind: SeesPolicyStatus, Value: v, Why: "read"}))
	}
	tl := Fold("b", []*Change{verdict(2, True), at(4, SlotPolicy, statement(private)), at(6, SlotPolicy, removed), verdict(8, False), verdict(9, True)}, time.Time{})
	got := ""
	for i := -1; i < len(tl.Steps); i++ {
		r := tl.statusAt(i)
		got += map[bool]string{false: "? ", true: fmt.Sprint(r.Value, " ")}[r.Known]
	}
	want := fmt.Sprintf("%[1]v %[1]v ? %[2]v %[2]v %[1]v ", policy.Public, policy.NotPublic)
	if got != want {
		t.Errorf("verdicts %s, want %s", got, want)
	}
}

func TestClockEdges(t *testing.T) {
	until := func(text string) func(*Change) {
		return statement(`{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{"DateLessThan":{"aws:CurrentTime":"` + text + `"}}}`)
	}
	edges := func(end time.Time, changes ...*Change) int {
		n := 0
		for _, s := range Fold("b", changes, end).Steps {
			if s.Change == nil {
				n++
			}
		}
		return n
	}
	day := modern.AddDate(0, 0, 1)
	for _, c := range []struct {
		name      string
		got, want int
	}{
		{"after the logs", edges(time.Time{}, at(1, SlotPolicy, until("2025-06-01T18:00:00Z"))), 0},
		{"within", edges(day, at(1, SlotPolicy, until("2025-06-01T18:00:00Z"))), 1},
		{"before the first", edges(day, at(1, SlotPolicy, until("2024-06-01T18:00:00Z"))), 0},
		{"twice the same", edges(day, at(1, SlotPolicy, until("2025-06-01T18:00:00Z")), at(2, SlotPolicy, until("2025-06-01T18:00:00Z"))), 1},
		{"two", edges(day, at(1, SlotPolicy, until("2025-06-01T18:00:00Z")), at(2, SlotPolicy, until("2025-06-01T19:00:00Z"))), 2},
		{"none", edges(day), 0},
	} {
		if c.got != c.want {
			t.Errorf("%s: %d edges, want %d", c.name, c.got, c.want)
		}
	}
}

func TestGaps(t *testing.T) {
	stop := func(second int) *Change { return at(second, SlotLogging, removed) }
	start := func(second int) *Change { return at(second, SlotLogging) }
	for _, c := range []struct {
		name    string
		changes []*Change
		want    [2]int
	}{
		{"none", []*Change{at(1, SlotPayer)}, [2]int{-1, -1}},
		{"open", []*Change{at(1, SlotPayer), stop(2)}, [2]int{1, -1}},
		{"closed", []*Change{at(1, SlotPayer), stop(2), start(3)}, [2]int{1, 2}},
		{"stopped twice", []*Change{stop(2), stop(3), start(4)}, [2]int{0, 2}},
		{"started without", []*Change{start(4)}, [2]int{-1, -1}},
		{"the last of two", []*Change{stop(1), start(2), stop(3), start(4)}, [2]int{2, 3}},
	} {
		tl := Fold("b", c.changes, time.Time{})
		s := tl.State(len(tl.Steps) - 1)
		if got := [2]int{s.GapSince, s.GapUntil}; got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestIdentify(t *testing.T) {
	owned := at(1, SlotACL, acl("private"))
	owned.ACL.OwnerID = "o"
	tl := Fold("b", []*Change{at(2, SlotObject, key("k", ""), acl("private"), by(other)), owned, at(1, SlotPolicy, refused, by(other))}, time.Time{})
	if is, known := tl.OwnerID("o"); !is || !known {
		t.Error("the owner's id is not known")
	}
	if is, _ := tl.OwnerID("p"); is {
		t.Error("another's id is taken for the owner's")
	}
	if got := Fold("b", []*Change{at(1, SlotBucket), at(2, SlotPolicy, refused, by(other)), at(3, SlotObject, key("k", ""), acl("private"), by(other))}, time.Time{}).Account; got != own {
		t.Errorf("the owner is %s: a stranger's refused call tells nothing", got)
	}
	far := func(c *Change) { c.MultiRegion, c.Region = true, "us-west-2" }
	if got := Fold("b", []*Change{at(1, SlotBucket), at(2, SlotAccessPoint, point("m", True), far)}, time.Time{}).Region; got != "eu-west-1" {
		t.Errorf("the bucket is in %s", got)
	}
	if tl := Fold("b", nil, time.Time{}); tl.Account != "" || tl.Key() != "" || say(tl.State(-1)) != "? ? ? ? ? ? ?" {
		t.Error("no changes tell something")
	}
}

// randomChange draws a change of bucket b or of one of two accounts.
func randomChange(t *rapid.T) *Change {
	slots := []Slot{SlotBucket, SlotACL, SlotPolicy, SlotBlock, SlotAccountBlock, SlotOrganizationBlock, SlotOwnership, SlotObject, SlotObjectACL,
		SlotAccessPoint, SlotAccessPointPolicy, SlotPayer, SlotWebsite, SlotVersioning, SlotLogging, SlotObservation}
	c := at(rapid.IntRange(0, 4).Draw(t, "second"), rapid.SampledFrom(slots).Draw(t, "slot"))
	c.Event.ID = rapid.SampledFrom([]string{c.Event.ID, c.Event.ID, c.Event.ID, "..."}).Draw(t, "id")
	c.Account = rapid.SampledFrom([]string{own, own, own, other, ""}).Draw(t, "account")
	if c.Slot == SlotOrganizationBlock {
		c.Account = rapid.SampledFrom([]string{own, "*"}).Draw(t, "bound")
		c.Value = rapid.SampledFrom([]string{"all", "none", ""}).Draw(t, "value")
	}
	c.Outcome = rapid.SampledFrom([]Outcome{Done, Done, Done, Refused, Unclear}).Draw(t, "outcome")
	c.Removed = rapid.IntRange(0, 4).Draw(t, "removed") == 0
	tri := rapid.SampledFrom([]Tri{False, True})
	flags(tri.Draw(t, "flags"))(c)
	c.Key, c.Version = rapid.SampledFrom([]string{"j", "k"}).Draw(t, "key"), rapid.SampledFrom([]string{"", "v"}).Draw(t, "version")
	acl(rapid.SampledFrom([]string{"private", "public-read", "log-delivery-write"}).Draw(t, "acl"))(c)
	c.Ownership = rapid.SampledFrom([]ObjectOwnership{BucketOwnerEnforced, ObjectWriter, NoOwnershipControls}).Draw(t, "ownership")
	if c.Slot == SlotPolicy || c.Slot == SlotAccessPointPolicy {
		statement(rapid.SampledFrom([]string{everyone, private}).Draw(t, "policy"))(c)
	}
	if c.Slot == SlotAccessPoint || c.Slot == SlotAccessPointPolicy {
		point(rapid.SampledFrom([]string{"p", "q"}).Draw(t, "point"), tri.Draw(t, "point's flags"))(c)
	}
	if c.Removed && c.Slot != SlotBlock {
		c.Policy, c.Point = nil, nil
	}
	if rapid.IntRange(0, 3).Draw(t, "sees") == 0 {
		c.Observed = []Observation{{
			Kind: ObservationKind(rapid.IntRange(0, int(SeesNoOutsideACL)).Draw(t, "kind")), Flag: Flag(rapid.IntRange(0, 3).Draw(t, "flag")),
			Value: tri.Draw(t, "seen"), Owner: BucketOwnerEnforced, Exact: rapid.Bool().Draw(t, "exact"), Why: "seen",
		}}
	}
	return c
}

// everything writes all that a timeline answers.
func everything(tl *Timeline) string {
	out := fmt.Sprintln(tl.Account, tl.Region, tl.Key())
	for i := -1; i < len(tl.Steps); i++ {
		s := tl.State(i)
		out += fmt.Sprintln(say(s), aclText(s.ACL), policyText(s.Policy))
		for _, p := range s.Points {
			if v := p.Created.Value; v != nil {
				out += fmt.Sprint(*v)
			}
			p.Created.Value = nil
			out += fmt.Sprintln(p.Name, p.MultiRegion, p.Created, policyText(p.Policy))
		}
		s.ACL.Value, s.Policy.Value, s.Points = nil, nil, nil
		out += fmt.Sprintf("%+v\n", s)
		for _, o := range tl.Objects() {
			out += fmt.Sprintf("  %v %s\n", o, aclText(tl.ObjectACL(o, i)))
		}
		if i >= 0 {
			out += fmt.Sprintf("  %v %v\n", tl.Steps[i].Time, tl.Steps[i].Tied)
		}
	}
	return out
}

func aclText(r Reading[*ACL]) string {
	if r.Value == nil {
		return fmt.Sprint(r.Known, r.Step)
	}
	return fmt.Sprint(r.Known, r.Step, r.Grade, lines(r.Value))
}

func policyText(r Reading[*PolicyText]) string {
	text := ""
	if r.Value != nil {
		text = r.Value.Hash
	}
	r.Value = nil
	return fmt.Sprint(text, r)
}

func TestFoldAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		changes := rapid.SliceOfN(rapid.Custom(randomChange), 0, 8).Draw(t, "changes")
		want := everything(Fold("b", changes, modern.AddDate(0, 0, 1)))
		for range 3 {
			shuffled := rapid.Permutation(changes).Draw(t, "order")
			if diff := cmp.Diff(want, everything(Fold("b", shuffled, modern.AddDate(0, 0, 1)))); diff != "" {
				t.Fatalf("the answer depends on order:\n%s", diff)
			}
		}
	})
}

// What is known stays known and the same when an unknown value becomes known:
// a block whose payload was lost, replaced by any block, changes no other slot
// and leaves what was read of it before the loss.
func TestUnknownReplaced(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		changes := rapid.SliceOfN(rapid.Custom(randomChange), 0, 6).Draw(t, "changes")
		lost := at(rapid.IntRange(0, 4).Draw(t, "second"), SlotBlock, lostPayload, flags(False))
		without := Fold("b", append(slices.Clone(changes), lost), time.Time{})
		concrete := *lost
		concrete.PayloadLost = ""
		with := Fold("b", append(slices.Clone(changes), &concrete), time.Time{})
		for i, step := range without.Steps {
			if step.Change == lost {
				break
			}
			a, b := without.State(i), with.State(i)
			for _, f := range Flags {
				if a.Block[f].Known && a.Block[f].Value != b.Block[f].Value && a.Block[f].Step >= 0 {
					t.Errorf("step %d: %v was %v, is %v", i, f, a.Block[f], b.Block[f])
				}
			}
		}
		for i := range without.Steps {
			a, b := without.State(i), with.State(i)
			if aclText(a.ACL) != aclText(b.ACL) || policyText(a.Policy) != policyText(b.Policy) || a.Exists != b.Exists {
				t.Errorf("step %d: other settings differ", i)
			}
		}
	})
}

// With every flag on at either level, each flag holds, whatever came before.
func TestAllOnHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		changes := rapid.SliceOfN(rapid.Custom(randomChange), 0, 6).Draw(t, "changes")
		changes = slices.DeleteFunc(changes, func(c *Change) bool { return c.Slot == SlotOrganizationBlock })
		guard := at(9, rapid.SampledFrom([]Slot{SlotBlock, SlotAccountBlock}).Draw(t, "level"), flags(True))
		tl := Fold("b", append(changes, at(8, SlotBucket), guard, at(9, SlotOwnership, ownership(BucketOwnerEnforced)), at(9, SlotPolicy, removed)), time.Time{})
		s := tl.State(len(tl.Steps) - 1)
		for _, f := range Flags {
			if !s.Flag(f).On() {
				t.Errorf("%v does not hold: %s", f, say(s))
			}
		}
		if disabled, _ := s.ACLsDisabled(); !disabled || s.Policy.Value != nil {
			t.Errorf("ACLs are not disabled, or there is a policy: %s", say(s))
		}
	})
}
