// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bucketlid/bucketlid/exposure"
)

// Deeds are the successful changes of who may reach a bucket, by who made them
// and by bucket, in order of time.
func TestDeeds(t *testing.T) {
	d := newTestRanker(t,
		before10(2*time.Hour, deedRecord{name: "PutBucketAcl", bucket: "b"}),
		before10(3*time.Hour, deedRecord{name: "CreateBucket", bucket: "b"}),
		before10(time.Hour, deedRecord{name: "PutBucketAcl", bucket: "b", err: "AccessDenied"}), // changed nothing
		before10(time.Hour, deedRecord{name: "GetBucketAcl", bucket: "b"}),                      // nor did this
		before10(time.Hour, deedRecord{arn: bob.ARN, name: "PutBucketAcl", bucket: "c"}),
	).deeds
	told := func(list []done) string {
		var out []string
		for _, x := range list {
			out = append(out, fmt.Sprintf("%s %s %s %s", x.at.Format("15:04"), x.user, x.name, x.bucket))
		}
		return strings.Join(out, "; ")
	}
	for _, test := range []struct {
		name, want string
		list       []done
	}{
		{"by ann", "07:00 ann CreateBucket b; 08:00 ann PutBucketAcl b", d.by[ann.ARN]},
		{"by bob", "09:00 bob PutBucketAcl c", d.by[bob.ARN]},
		{"of b", "07:00 ann CreateBucket b; 08:00 ann PutBucketAcl b", d.of["b"]},
		{"before eight", "07:00 ann CreateBucket b", before(d.of["b"], ten.Add(-2*time.Hour))},
		{"before seven", "", before(d.of["b"], ten.Add(-3*time.Hour))},
		{"from eight to eight", "08:00 ann PutBucketAcl b", within(d.of["b"], ten.Add(-2*time.Hour), ten.Add(-2*time.Hour))},
		{"after eight", "", within(d.of["b"], ten.Add(-time.Hour), ten)},
	} {
		if got := told(test.list); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

// object is an alert of one object that ann opened some minutes after ten.
func object(key string, minute int, change func(*Alert)) Alert {
	at := ten.Add(time.Duration(minute) * time.Minute)
	by := *ann
	by.EventTime = &at
	a := alert(func(a *Alert) {
		a.ID, a.Key, a.OpenedAt, a.OpenedBy, a.Route = "a-"+key, key, &at, &by, "object-acl"
		a.Exposures, a.Scope.Include = []string{"e-" + key}, []string{"acme-data/" + key}
	})
	if change != nil {
		change(a)
	}
	return *a
}

// Objects that one caller opened one after the other in the same way are one
// alert; anything else about them apart is another.
func TestChangeSets(t *testing.T) {
	shut := func(minute int) func(*Alert) {
		return func(a *Alert) {
			at := ten.Add(time.Duration(minute) * time.Minute)
			a.State, a.ClosedAt, a.ClosedBy = exposure.Closed, &at, bob
		}
	}
	by := func(change func(*exposure.Actor)) func(*Alert) { return func(a *Alert) { change(a.OpenedBy) } }
	many := []Alert{}
	for i := range 25 {
		many = append(many, object(fmt.Sprintf("k%02d", i), i, nil))
	}
	for _, test := range []struct {
		name string
		list []Alert
		want string // id, objects, keys, state of each
	}{
		{"none", nil, ""},
		{"one", []Alert{object("a", 0, nil)}, "a-a 0 a open"},
		{"two", []Alert{object("b", 1, nil), object("a", 0, nil)}, "a-a 2 a,b open"},
		{"in a chain", []Alert{object("a", 0, nil), object("b", 10, nil), object("c", 20, nil)}, "a-a 3 a,b,c open"},
		{"too far apart", []Alert{object("a", 0, nil), object("b", 11, nil)}, "a-a 0 a open; a-b 0 b open"},
		{"another bucket", []Alert{object("a", 0, nil), object("b", 1, func(a *Alert) { a.Bucket = "other" })}, "a-a 0 a open; a-b 0 b open"},
		{"another audience", []Alert{object("a", 0, nil), object("b", 1, func(a *Alert) { a.Audience = "any-aws-account" })}, "a-b 0 b open; a-a 0 a open"},
		{"another address", []Alert{object("a", 0, nil), object("b", 1, by(func(x *exposure.Actor) { x.SourceIPAddress = elsewhere }))}, "a-b 0 b open; a-a 0 a open"},
		{"another program", []Alert{object("a", 0, nil), object("b", 1, by(func(x *exposure.Actor) { x.UserAgent = "Boto3/1" }))}, "a-a 0 a open; a-b 0 b open"},
		{"another caller", []Alert{object("a", 0, nil), object("b", 1, by(func(x *exposure.Actor) { x.ARN = bob.ARN }))}, "a-a 0 a open; a-b 0 b open"},
		{"opener unseen", []Alert{object("a", 0, nil), object("b", 1, func(a *Alert) { a.OpenedBy = nil })}, "a-b 0 b open; a-a 0 a open"},
		{"no object", []Alert{object("a", 0, nil), object("", 1, nil)}, "a- 0  open; a-a 0 a open"},
		{"what is open speaks", []Alert{object("a", 0, shut(5)), object("b", 1, nil)}, "a-a 2 a,b open"},
		{"shut with the last", []Alert{object("a", 0, shut(30)), object("b", 1, shut(5))}, "a-a 2 a,b closed 10:30"},
		{"the same key twice", []Alert{object("a", 0, shut(2)), object("a", 3, nil)}, "a-a 1 a open"},
		{"more keys than are told", many, "a-k00 25 k00,k01,k02,k03,k04,k05,k06,k07,k08,k09,k10,k11,k12,k13,k14,k15,k16,k17,k18,k19 open"},
	} {
		var got []string
		for _, a := range changeSets(slices.Clone(test.list)) {
			keys := append(slices.Clone(a.Keys), a.Key)
			text := fmt.Sprintf("%s %d %s %s", a.ID, a.Objects, strings.TrimSuffix(strings.Join(keys, ","), ","), a.State)
			if a.ClosedAt != nil {
				text += " " + a.ClosedAt.Format("15:04")
			}
			got = append(got, text)
		}
		if text := strings.Join(got, "; "); text != test.want {
			t.Errorf("%s: %q, want %q", test.name, text, test.want)
		}
	}
}

// A set keeps what was true of any of its objects.
func TestChangeSetKeeps(t *testing.T) {
	set := changeSets([]Alert{object("a", 0, nil), object("b", 1, escalated), object("c", 2, func(a *Alert) { a.Unknowns = []string{"a guard"} })})[0]
	if !set.escalated || !slices.Equal(set.Exposures, []string{"e-a", "e-b", "e-c"}) || !slices.Equal(set.Unknowns, []string{"a guard"}) ||
		!slices.Equal(set.Scope.Include, []string{"acme-data/a", "acme-data/b", "acme-data/c"}) ||
		!slices.Contains(set.Reasons, "3 objects in all, the last at 2026-03-02 10:02:00Z; 3 still open") {
		t.Errorf("%+v", set)
	}
}
