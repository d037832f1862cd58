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
func reread(t tester, p Plan) *Plan {
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
	applied := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		s := states().Draw(t, "state")
		eachOption(t, s, rapid.SampledFrom(whoms).Draw(t, "whom"), applied)
	})
	if len(applied) == 0 {
		t.Error("no option was applied")
	}
}

// The same for the state of every case of the table, so that no remedy is left
// out, for strangers or for named accounts.
func TestEveryRemedyThereAndBack(t *testing.T) {
	applied := map[string]int{}
	for _, c := range remedyCases {
		s := closedBucket()
		c.open(&s)
		eachOption(t, s, c.whom, applied)
	}
	for _, r := range Remedies {
		if applied[r.ID+" strangers"] == 0 {
			t.Errorf("%s was never applied", r.ID)
		}
		if r.narrow() && applied[r.ID+" named"] == 0 {
			t.Errorf("%s was never applied to named accounts", r.ID)
		}
	}
}

// tester is what the checks of an option need of a test.
type tester interface {
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// eachOption applies every option of a plan for a state, and takes it back.
func eachOption(t tester, s State, whom Whom, applied map[string]int) {
	plan := reread(t, Make(Request{State: s, Made: readAt, Whom: whom}))
	for i := range plan.Options {
		if o := &plan.Options[i]; o.Refused == "" {
			applied[o.ID+" "+whose(whom)]++
			thereAndBack(t, s, plan, o)
		}
	}
}

func thereAndBack(t tester, s State, plan *Plan, o *Option) {
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
	bytesKept(t, plan.Whom, s, m.state)
	othersKept(t, plan.Whom, start, after)
	back(t, run, m, s, journal)
}

// whoms are those whom generated plans take out.
var whoms = []Whom{nil, {"222233334444"}, {"222233334444", partner}}

func whose(w Whom) string {
	if len(w) == 0 {
		return "strangers"
	}
	return "named"
}

// othersKept sees that a plan for named accounts takes nothing from anybody else.
func othersKept(t tester, whom Whom, before, after []Opening) {
	left := rights(after)
	for _, r := range rights(before) {
		kept := slices.ContainsFunc(left, func(l right) bool { return l.covers(r) })
		if len(whom) > 0 && !slices.Contains(whom, r.principal) && !kept {
			t.Fatalf("a plan for %v takes %s", whom, r)
		}
	}
}

func samePlace(a, b Opening) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return string(x) == string(y)
}

// bytesKept sees that every statement without those who are taken out is in the
// policy after, byte for byte, and that it is JSON.
func bytesKept(t tester, whom Whom, before, after State) {
	theirs := func(st string) bool {
		if len(whom) == 0 {
			return strings.Contains(st, `"Sid":"public`)
		}
		return slices.ContainsFunc(whom, func(w string) bool { return strings.Contains(st, w) })
	}
	for _, st := range statements {
		had := strings.Contains(before.Settings.Policy.Text, st)
		if had && !theirs(st) && !strings.Contains(after.Settings.Policy.Text, st) {
			t.Fatalf("the policy lost %s\nand is %s", st, after.Settings.Policy.Text)
		}
	}
	if p := after.Settings.Policy.Text; p != "" && !json.Valid([]byte(p)) {
		t.Fatalf("no JSON: %s", p)
	}
	for _, g := range []string{grant("URI", "s3/LogDelivery", "WRITE"), grant("ID", partner, "READ")} {
		if len(whom) > 0 && theirs(g) {
			continue
		}
		same := before.Settings.Ownership == after.Settings.Ownership
		if same && strings.Contains(before.Settings.ACL.Text, g) && !strings.Contains(after.Settings.ACL.Text, g) {
			t.Fatalf("the ACL lost %s", g)
		}
	}
}

func back(t tester, run *Run, m *model, s State, journal []Entry) {
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
		if err := (&Run{Plan: plan, Option: o, Account: killed, Tried: p.Tried, Record: kept(&told)}).Apply(context.Background(), p.Done); err != nil {
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
