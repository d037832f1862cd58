// SPDX-License-Identifier: Apache-2.0

package remedy

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/bucketlid/bucketlid/account"
)

func kept(entries *[]Entry) func(Entry) error {
	return func(e Entry) error { *entries = append(*entries, e); return nil }
}

// reread is a plan as it comes back from its file.
func reread(t interface{ Fatal(...any) }, p Plan) *Plan {
	raw, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	out, err := Read(raw)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Plan, apply and rollback over a model of S3: an option closes exactly what it
// says, nobody gains anything at any step, and the rollback restores the bytes.
func TestFixClosesWhatItSaysAndNeverWidens(t *testing.T) {
	applied := 0
	rapid.Check(t, func(t *rapid.T) {
		s := states().Draw(t, "state")
		plan := reread(t, Make(Request{State: s, Made: readAt}))
		for i := range plan.Options {
			o := &plan.Options[i]
			if o.Refused != "" {
				continue
			}
			applied++
			m := newModel(s)
			start := Evaluate(m.state)
			m.before = func(m *model) {
				if wide := widened(start, Evaluate(m.state)); len(wide) > 0 {
					t.Fatalf("%s widens: %v", o.ID, wide)
				}
			}
			var journal []Entry
			run := &Run{Plan: plan, Option: o, Account: m, Record: kept(&journal)}
			if err := run.Apply(context.Background(), 0); err != nil {
				t.Fatalf("apply %s: %v", o.ID, err)
			}
			m.before = nil
			after := Evaluate(m.state)
			if wide := widened(start, after); len(wide) > 0 {
				t.Fatalf("%s widens: %v", o.ID, wide)
			}
			for _, target := range plan.Closes {
				said := slices.ContainsFunc(o.Proof.Closed, func(c Opening) bool { return samePlace(c, target) })
				if said != closed(target, after) {
					t.Fatalf("%s: says closed %v of %s %s by %s, and it is %v", o.ID, said, target.Audience, target.Access, target.Route, !said)
				}
			}
			bytesKept(t, s, m.state)
			back(t, run, m, s, journal)
		}
	})
	if applied == 0 {
		t.Error("no option was applied")
	}
}

func samePlace(a, b Opening) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return string(x) == string(y)
}

// bytesKept sees that every statement without strangers is in the policy after,
// byte for byte, and that nothing is there that was not before.
func bytesKept(t *rapid.T, before, after State) {
	for _, st := range statements {
		had := strings.Contains(before.Settings.Policy.Text, st)
		if had && !strings.Contains(st, `"Sid":"public`) && !strings.Contains(after.Settings.Policy.Text, st) {
			t.Fatalf("the policy lost %s\nand is %s", st, after.Settings.Policy.Text)
		}
	}
	if p := after.Settings.Policy.Text; p != "" && !json.Valid([]byte(p)) {
		t.Fatalf("no JSON: %s", p)
	}
	for _, g := range []string{grant("URI", "s3/LogDelivery", "WRITE"), grant("ID", partner, "READ")} {
		same := before.Settings.Ownership == after.Settings.Ownership
		if same && strings.Contains(before.Settings.ACL.Text, g) && !strings.Contains(after.Settings.ACL.Text, g) {
			t.Fatalf("the ACL lost %s", g)
		}
	}
}

func back(t *rapid.T, run *Run, m *model, s State, journal []Entry) {
	p, err := Follow(journal)
	if err != nil || !p.Ended {
		t.Fatalf("journal %+v: %v", p, err)
	}
	err = run.Rollback(context.Background(), p.Done, p.Undone)
	if !run.Option.Undo.Possible {
		return // it may be refused, and says so
	}
	if err != nil {
		t.Fatalf("rollback of %s: %v", run.Option.ID, err)
	}
	was, _ := json.Marshal(withoutNotes(s))
	is, _ := json.Marshal(withoutNotes(m.state))
	if string(was) != string(is) {
		t.Fatalf("rollback of %s left\n%s\ninstead of\n%s", run.Option.ID, is, was)
	}
}

func withoutNotes(s State) State {
	s.Settings.PolicyStatus = account.Setting{}
	return s
}

// Wherever a run is cut off, before or after the call that was on its way, the
// journal leads to the same end.
func TestResumeEndsWhereOneRunEnds(t *testing.T) {
	resumed := 0
	rapid.Check(t, func(t *rapid.T) {
		s := states().Draw(t, "state")
		plan := reread(t, Make(Request{State: s, Made: readAt}))
		o, err := plan.Option("each-opening")
		if err != nil || o.Refused != "" || len(o.Steps) < 2 {
			return
		}
		whole := newModel(s)
		var journal []Entry
		if err := (&Run{Plan: plan, Option: o, Account: whole, Record: kept(&journal)}).Apply(context.Background(), 0); err != nil {
			t.Fatal(err)
		}
		cut := rapid.IntRange(1, len(journal)-1).Draw(t, "entries before the end")
		killed := newModel(s)
		var told []Entry
		end := errors.New("killed")
		record := func(e Entry) error {
			if len(told) == cut {
				return end
			}
			told = append(told, e)
			return nil
		}
		if err := (&Run{Plan: plan, Option: o, Account: killed, Record: record}).Apply(context.Background(), 0); !errors.Is(err, end) {
			t.Fatalf("not cut off: %v", err)
		}
		p, err := Follow(told)
		if err != nil || p.Ended {
			t.Fatalf("%+v %v", p, err)
		}
		resumed++
		if err := (&Run{Plan: plan, Option: o, Account: killed, Record: kept(&told)}).Apply(context.Background(), p.Done); err != nil {
			t.Fatalf("resume after %d entries: %v", cut, err)
		}
		if killed.state.Fingerprint() != whole.state.Fingerprint() {
			t.Fatal("another end")
		}
	})
	if resumed == 0 {
		t.Error("no run was resumed")
	}
}
