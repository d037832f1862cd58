// SPDX-License-Identifier: Apache-2.0

package findings

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/bucketlid/bucketlid/bucket"
	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/policy"
	"github.com/bucketlid/bucketlid/triage"
)

func at(s string) *time.Time {
	t, err := time.Parse(time.RFC3339, "2026-08-03T"+s+"Z")
	if err != nil {
		panic(err)
	}
	return &t
}

// Each kind of statement against each kind of alert.
func TestAgreement(t *testing.T) {
	open := triage.Alert{Kind: triage.KindPublic, State: exposure.Open, OpenedAt: at("10:00:00")}
	closed := triage.Alert{Kind: triage.KindPublic, State: exposure.Closed, OpenedAt: at("10:00:00"), ClosedAt: at("11:00:00")}
	latent := triage.Alert{Kind: triage.KindLatent, State: exposure.Blocked, OpenedAt: at("10:00:00"), BlockedBy: []string{"IgnorePublicAcls (bucket)"}}
	shared := triage.Alert{Kind: triage.KindShared, State: exposure.Open, OpenedAt: at("10:00:00")}
	guard := triage.Alert{Kind: triage.KindGuardRemoved, State: exposure.Open, OpenedAt: at("10:00:00")}
	attempt := triage.Alert{Kind: triage.KindAttempt, State: exposure.Blocked}
	unsure := triage.Alert{Kind: triage.KindPublic, State: exposure.Unknown, OpenedAt: at("10:00:00")}
	before, within, after := at("09:00:00"), at("10:30:00"), at("12:00:00")
	tests := []struct {
		says   triage.Says
		status string
		last   *time.Time
		a      triage.Alert
		want   triage.Answer
		why    string
	}{
		{triage.SaysPublic, "active", after, open, triage.Yes, ""},
		{triage.SaysPublic, "active", nil, open, triage.Yes, ""},
		{triage.SaysExternal, "active", after, open, triage.Yes, ""},
		{triage.SaysPublic, "active", before, open, triage.Cannot, "before this opening"},
		{triage.SaysPublic, "active", within, closed, triage.Yes, "while it was open"},
		{triage.SaysPublic, "active", after, closed, triage.No, "after this was closed at 2026-08-03T11:00:00Z"},
		{triage.SaysPublic, "archived", after, closed, triage.Yes, "while it was open"},
		{triage.SaysPublic, "active", after, latent, triage.No, "held shut all the time, by IgnorePublicAcls (bucket)"},
		{triage.SaysPublic, "active", after, shared, triage.Cannot, "named account"},
		{triage.SaysExternal, "active", after, shared, triage.Yes, ""},
		{triage.SaysPublic, "active", after, guard, triage.Cannot, "no opening"},
		{triage.SaysPublic, "active", after, attempt, triage.Cannot, "no opening"},
		{triage.SaysPublic, "active", after, unsure, triage.Cannot, "not known here"},
		{triage.SaysNotPublic, "resolved", after, open, triage.No, "here it is open"},
		{triage.SaysNotPublic, "resolved", before, open, triage.Cannot, "before this opening"},
		{triage.SaysNotPublic, "resolved", nil, open, triage.Cannot, "does not tell when"},
		{triage.SaysNotPublic, "resolved", within, closed, triage.No, "while it was open here"},
		{triage.SaysNotPublic, "resolved", after, closed, triage.Yes, ""},
		{triage.SaysNotPublic, "resolved", after, latent, triage.Yes, ""},
		{triage.SaysNotPublic, "resolved", after, unsure, triage.Cannot, "not known here"},
		{triage.SaysNotPublic, "resolved", after, shared, triage.Cannot, "no public access"},
		{triage.SaysShared, "active", after, shared, triage.Yes, ""},
		{triage.SaysShared, "active", after, open, triage.Cannot, "named accounts only"},
		{triage.SaysGuardOff, "active", after, guard, triage.Yes, ""},
		{triage.SaysGuardOff, "active", after, open, triage.Cannot, "not who has access"},
		{triage.SaysGuardOff, "active", after, latent, triage.Cannot, "no setting was read"},
		{triage.SaysSensitive, "active", after, open, triage.Cannot, "of the content"},
		{triage.SaysActivity, "active", after, open, triage.Cannot, "of requests"},
		{triage.SaysOther, "active", after, open, triage.Cannot, "nothing of who has access"},
	}
	for _, tt := range tests {
		e := triage.Elsewhere{Says: tt.says, Status: tt.status, Last: tt.last}
		if got, why := new(Seen).agreement(&e, &tt.a); got != tt.want || !strings.Contains(why, tt.why) {
			t.Errorf("%s %s against %s %s: %s, %q", tt.says, tt.status, tt.a.Kind, tt.a.State, got, why)
		}
	}
}

// A finding without an alert is never dropped, and says why.
func TestAlone(t *testing.T) {
	read := *at("12:00:00")
	logs := Seen{Accounts: map[string]bool{"1": true}, Buckets: map[string]bool{"seen": true, "quiet": true}, Quiet: map[string]int{"quiet": 2}, First: *at("08:00:00"), Last: *at("11:00:00")}
	live := Seen{Accounts: map[string]bool{"1": true}, Live: map[string]time.Time{"seen": read, "quiet": read}, Quiet: map[string]int{"quiet": 1}, Owned: map[string]map[string]bool{"1": {"seen": true, "quiet": true, "other": true}}}
	public := func(account, bucket, status string, first, last *time.Time) triage.Elsewhere {
		return triage.Elsewhere{Says: triage.SaysPublic, Account: account, Bucket: bucket, Status: status, First: first, Last: last}
	}
	tests := []struct {
		name string
		seen Seen
		e    triage.Elsewhere
		want string
	}{
		{"other account", logs, public("2", "b", "active", nil, nil), "no record and no setting of account 2"},
		{"before the records", logs, public("1", "b", "active", nil, at("07:00:00")), "before the records begin"},
		{"after the records", logs, public("1", "b", "active", at("11:30:00"), nil), "after the records end"},
		{"never changed", logs, public("1", "b", "active", nil, at("09:00:00")), "no record of what opened it was read"},
		{"changed, not opened", logs, public("1", "seen", "active", nil, at("09:00:00")), "DISAGREEMENT: changes of the bucket were read"},
		{"known and no alert", logs, public("1", "quiet", "active", nil, at("09:00:00")), "known here, and no alert: 2 exposures"},
		{"no records at all", Seen{Accounts: map[string]bool{"1": true}}, public("1", "b", "active", nil, nil), "no record with a time"},
		{"live and shut", live, public("1", "seen", "active", nil, at("13:00:00")), "DISAGREEMENT: the live account, read at 2026-08-03T12:00:00Z, shows no opening"},
		{"live, older finding", live, public("1", "seen", "active", nil, at("09:00:00")), "DISAGREEMENT, or closed since"},
		{"live, archived", live, public("1", "seen", "archived", nil, at("09:00:00")), "it is archived there"},
		{"live, known and no alert", live, public("1", "quiet", "active", nil, nil), "known here, and no alert: 1 exposures"},
		{"no such bucket", live, public("1", "gone", "active", nil, nil), "account 1 has no bucket of that name now"},
		{"not read", live, public("1", "other", "active", nil, nil), "no record with a time"},
		{"sensitive", logs, triage.Elsewhere{Says: triage.SaysSensitive, Bucket: "b"}, "no alert about the bucket"},
		{"not public", logs, triage.Elsewhere{Says: triage.SaysNotPublic, Bucket: "b"}, "nothing speaks against it"},
		{"account", logs, triage.Elsewhere{Says: triage.SaysGuardOff, Account: "1"}, "about the account"},
	}
	for _, tt := range tests {
		alone := Attach([]triage.Alert{{Bucket: "an other"}}, []triage.Elsewhere{tt.e}, tt.seen)
		if len(alone) != 1 || !strings.Contains(alone[0].Why, tt.want) || alone[0].Agrees != triage.Cannot {
			t.Errorf("%s: %+v", tt.name, alone)
		}
	}
}

func TestConcerns(t *testing.T) {
	for _, tt := range []struct {
		e    triage.Elsewhere
		a    triage.Alert
		want bool
	}{
		{triage.Elsewhere{Bucket: "b", Account: "1"}, triage.Alert{Bucket: "b", Account: "1"}, true},
		{triage.Elsewhere{Bucket: "b", Account: "1"}, triage.Alert{Bucket: "b", Account: "2"}, false},
		{triage.Elsewhere{Bucket: "b"}, triage.Alert{Bucket: "b", Account: "2"}, true},
		{triage.Elsewhere{Bucket: "b", Account: "1"}, triage.Alert{Bucket: "b"}, true},
		{triage.Elsewhere{Account: "1"}, triage.Alert{Account: "1"}, true},
		{triage.Elsewhere{Account: "1"}, triage.Alert{Account: "2"}, false},
		{triage.Elsewhere{Account: "1"}, triage.Alert{Bucket: "b", Account: "1"}, false},
	} {
		alerts := []triage.Alert{tt.a}
		alone := Attach(alerts, []triage.Elsewhere{tt.e}, Seen{})
		if got := len(alerts[0].Elsewhere) == 1; got != tt.want || got == (len(alone) == 1) {
			t.Errorf("%+v beside %+v: %t", tt.e, tt.a, got)
		}
	}
}

// Of several versions of one finding the last stays.
func TestVersions(t *testing.T) {
	found := []triage.Elsewhere{
		{Service: "s", ID: "1", Bucket: "b", Status: "active", Last: at("10:00:00")},
		{Service: "s", ID: "1", Bucket: "b", Status: "resolved", Last: at("11:00:00")},
		{Service: "s", ID: "1", Bucket: "b", Status: "active"},
		{Service: "s", ID: "2", Bucket: "b"},
		{Service: "s", Bucket: "b", Title: "without an id"}, {Service: "s", Bucket: "b", Title: "without an id", Offset: 1},
	}
	alone := Attach(nil, found, Seen{})
	if len(alone) != 4 || Distinct(found) != 4 {
		t.Fatalf("%d are left: %+v", len(alone), alone)
	}
	for _, e := range alone {
		if e.ID == "1" && e.Status != "resolved" {
			t.Errorf("an older version stays: %+v", e)
		}
	}
}

func TestManyBesideOneAlert(t *testing.T) {
	var found []triage.Elsewhere
	for i := range 130 {
		found = append(found, triage.Elsewhere{Service: "Macie", ID: fmt.Sprint(i), Bucket: "b", Says: triage.SaysSensitive})
	}
	alerts := []triage.Alert{{Bucket: "b"}}
	if alone := Attach(alerts, found, Seen{}); len(alone) != 0 || len(alerts[0].Elsewhere) != maxBeside || alerts[0].ElsewhereMore != 130-maxBeside {
		t.Errorf("%d alone, %d beside, %d more", len(alone), len(alerts[0].Elsewhere), alerts[0].ElsewhereMore)
	}
}

// The result depends on the set of findings, and nothing but the evidence
// beside an alert changes.
func TestAttachIsAFunctionOfTheSet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		some := func(name string, values ...string) string { return rapid.SampledFrom(values).Draw(t, name) }
		n := rapid.IntRange(0, 8).Draw(t, "findings")
		var found []triage.Elsewhere
		for i := range n {
			found = append(found, triage.Elsewhere{Service: some("service", "GuardDuty", "Macie"), ID: some("id", "", "1", "2"), Type: some("type", "x", "y"),
				Says: triage.Says(some("says", "public", "not-public", "sensitive")), Status: some("status", "active", "resolved"),
				Bucket: some("bucket", "", "a", "b", "c"), Account: some("account", "", "1", "2"), Object: "f", Offset: int64(i)})
		}
		make := func() []triage.Alert {
			return []triage.Alert{{ID: "1", Bucket: "a", Account: "1", Severity: triage.Low}, {ID: "2", Bucket: "b", State: exposure.Open, Kind: triage.KindPublic}, {ID: "3", Account: "1"}}
		}
		one, two := make(), make()
		alone := Attach(one, found, Seen{})
		shuffled := append(append([]triage.Elsewhere{}, found...), found...)
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		rng.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		var again []triage.Elsewhere
		for _, e := range Attach(two, shuffled, Seen{}) {
			if len(again) == 0 || !reflect.DeepEqual(again[len(again)-1], e) {
				again = append(again, e)
			}
		}
		if !reflect.DeepEqual(alone, again) && len(alone)+len(again) > 0 {
			t.Fatalf("alone: %+v\nshuffled: %+v", alone, again)
		}
		for i, plain := range make() {
			got := one[i]
			got.Elsewhere, got.ElsewhereMore = nil, 0
			if !reflect.DeepEqual(got, plain) {
				t.Fatalf("the alert changed: %+v", got)
			}
		}
	})
}

// A finding about a guard is compared with the guard, beside an alert and alone.
func TestGuardFindings(t *testing.T) {
	flags := func(all bucket.Tri) *bucket.PublicAccessBlock {
		b := bucket.AllFlags(all)
		return &b
	}
	half := bucket.AllFlags(bucket.True)
	half[bucket.IgnorePublicAcls] = bucket.False
	change := func(slot bucket.Slot, name, clock string, live bool, block *bucket.PublicAccessBlock) *bucket.Change {
		return &bucket.Change{Event: &bucket.Event{Time: *at(clock)}, Slot: slot, Account: "1", Bucket: name, Block: block, Outcome: bucket.Done, Reading: live}
	}
	lost := change(bucket.SlotBlock, "lost", "12:00:00", true, nil)
	lost.PayloadLost = "the permission s3:GetBucketPublicAccessBlock is missing"
	refused := change(bucket.SlotBlock, "on", "11:30:00", false, flags(bucket.False))
	refused.Outcome = bucket.Refused
	changes := []*bucket.Change{
		change(bucket.SlotBlock, "on", "12:00:00", true, flags(bucket.True)), change(bucket.SlotBlock, "on", "09:00:00", false, flags(bucket.False)), refused,
		change(bucket.SlotBlock, "off", "12:00:00", true, flags(bucket.False)), change(bucket.SlotBlock, "half", "10:00:00", false, &half), lost,
		change(bucket.SlotAccountBlock, "", "12:00:00", true, flags(bucket.True)),
	}
	seen := Seen{Accounts: map[string]bool{"1": true}, Guards: Guards(changes), Live: map[string]time.Time{"on": *at("12:00:00"), "off": *at("12:00:00"), "lost": *at("12:00:00")}}
	tests := []struct {
		name string
		e    triage.Elsewhere
		want triage.Answer
		why  string
	}{
		{"off there and here", triage.Elsewhere{Says: triage.SaysGuardOff, Bucket: "off", Type: "S3.8"}, triage.Yes, "these are off here, read at 2026-08-03T12:00:00Z: BlockPublicAcls"},
		{"one flag is off", triage.Elsewhere{Says: triage.SaysGuardOff, Bucket: "half", Type: "S3.8"}, triage.Yes, "these are off here, set at 2026-08-03T10:00:00Z: IgnorePublicAcls"},
		{"off there, on here", triage.Elsewhere{Says: triage.SaysGuardOff, Bucket: "on", Last: at("13:00:00")}, triage.No, "is on here"},
		{"off there before", triage.Elsewhere{Says: triage.SaysGuardOff, Bucket: "on", Last: at("11:00:00")}, triage.Cannot, "last seen before that"},
		{"off there at no time", triage.Elsewhere{Says: triage.SaysGuardOff, Bucket: "on"}, triage.Cannot, "does not tell when"},
		{"archived there", triage.Elsewhere{Says: triage.SaysGuardOff, Bucket: "on", Status: "archived", Last: at("13:00:00")}, triage.Cannot, "it is archived there"},
		{"on there and here", triage.Elsewhere{Says: triage.SaysGuardOn, Bucket: "on", Status: "resolved", Last: at("13:00:00")}, triage.Yes, "is on here"},
		{"on there, off here", triage.Elsewhere{Says: triage.SaysGuardOn, Bucket: "off", Status: "resolved", Last: at("13:00:00")}, triage.No, "these are off here"},
		{"not known here", triage.Elsewhere{Says: triage.SaysGuardOff, Bucket: "lost"}, triage.Cannot, "s3:GetBucketPublicAccessBlock is missing"},
		{"not read here", triage.Elsewhere{Says: triage.SaysGuardOff, Bucket: "other"}, triage.Cannot, "no setting"},
		{"the account's", triage.Elsewhere{Says: triage.SaysGuardOff, Account: "1", Last: at("13:00:00")}, triage.No, "Block Public Access of the account is on here"},
		{"the account's, by a bucket", triage.Elsewhere{Says: triage.SaysGuardOff, Account: "1", Bucket: "off", Type: "S3.1", Last: at("13:00:00")}, triage.No, "of the account is on here"},
		{"of access points", triage.Elsewhere{Says: triage.SaysGuardOff, Account: "1", Type: "S3.19"}, triage.Cannot, "access points"},
	}
	for _, tt := range tests {
		tt.e.Status = cmp.Or(tt.e.Status, "active")
		alone := Attach(nil, []triage.Elsewhere{tt.e}, seen)
		if len(alone) != 1 || alone[0].Agrees != tt.want || !strings.Contains(alone[0].Why, tt.why) || strings.Contains(alone[0].Why, "DISAGREEMENT") {
			t.Errorf("%s, alone: %+v", tt.name, alone)
		}
		alerts := []triage.Alert{{Bucket: tt.e.Bucket, Account: tt.e.Account, Kind: triage.KindPublic, State: exposure.Open}}
		Attach(alerts, []triage.Elsewhere{tt.e}, seen)
		if len(alerts[0].Elsewhere) == 1 && (alerts[0].Elsewhere[0].Agrees != tt.want || !strings.Contains(alerts[0].Elsewhere[0].Why, tt.why)) {
			t.Errorf("%s, beside: %+v", tt.name, alerts[0].Elsewhere)
		}
	}
	slices.Reverse(changes)
	if again := Guards(changes); !reflect.DeepEqual(again, seen.Guards) {
		t.Errorf("the order of changes counts: %+v", again)
	}
}

// A check that looks for reading says nothing of writing.
func TestOtherAccess(t *testing.T) {
	open := triage.Alert{Kind: triage.KindPublic, State: exposure.Open, Access: []policy.Access{policy.Write}}
	for _, tt := range []struct {
		kind string
		says triage.Says
		want triage.Answer
	}{
		{"S3.2", triage.SaysPublic, triage.Cannot}, {"S3.2", triage.SaysNotPublic, triage.Cannot},
		{"S3.3", triage.SaysPublic, triage.Yes}, {"S3.3", triage.SaysNotPublic, triage.No}, {"Policy:S3/BucketAnonymousAccessGranted", triage.SaysPublic, triage.Yes},
	} {
		e := triage.Elsewhere{Says: tt.says, Type: tt.kind, Status: "active", Last: at("12:00:00")}
		if got, why := new(Seen).agreement(&e, &open); got != tt.want {
			t.Errorf("%s %s: %s, %q", tt.kind, tt.says, got, why)
		}
	}
}

// A finding that names several buckets is laid beside each.
func TestSeveralBuckets(t *testing.T) {
	many := `{"schemaVersion":"2.0","accountId":"1","type":"Policy:S3/BucketAnonymousAccessGranted","resource":{"s3BucketDetails":[`
	for i := range maxBuckets + 5 {
		many += fmt.Sprintf(`{"name":"b%d"},`, i)
	}
	many = strings.TrimSuffix(many, ",") + `]},"service":{},"id":"g"}`
	for _, tt := range []struct {
		text  string
		names string
	}{
		{`{"accountId":"1","type":"Policy:S3/BucketPublicAccessGranted","resource":{"s3BucketDetails":[{"name":"a"},{"arn":"arn:aws:s3:::b"},{"name":"a"}]},"service":{},"id":"g"}`, "a b"},
		{`{"ProductArn":"p","GeneratorId":"g/S3.2","Compliance":{"Status":"FAILED"},"AwsAccountId":"1","Resources":[{"Id":"arn:aws:s3:::a"},{"Id":"arn:aws:s3:::b/k"},{"Id":"arn:aws:s3:::b/l"},{"Id":"AWS::::Account:1"}]}`, "a b/k"},
	} {
		o, _, err := read(t, strings.NewReader(tt.text))
		var names []string
		for _, e := range o.found {
			names = append(names, strings.TrimSuffix(e.Bucket+"/"+e.Key, "/"))
		}
		if err != nil || strings.Join(names, " ") != tt.names {
			t.Errorf("%q, %v, %+v", names, err, o)
		}
		alerts := []triage.Alert{{Bucket: "a", Kind: triage.KindPublic, State: exposure.Open}, {Bucket: "b", Kind: triage.KindPublic, State: exposure.Closed, ClosedAt: at("10:00:00")}}
		if alone := Attach(alerts, o.found, Seen{}); len(alone) != 0 || len(alerts[0].Elsewhere) != 1 || len(alerts[1].Elsewhere) != 1 {
			t.Errorf("%+v, alone %+v", alerts, alone)
		}
	}
	if o, _, _ := read(t, strings.NewReader(many)); len(o.found) != maxBuckets || !strings.Contains(strings.Join(o.found[maxBuckets-1].Details, ";"), "and more buckets") {
		t.Errorf("%d kept", len(o.found))
	}
}
