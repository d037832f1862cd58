// SPDX-License-Identifier: Apache-2.0

package remedy

import (
	"context"
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/bucketlid/bucketlid/account"
)

// busy is a model whose bucket somebody else changes at random between our calls:
// before each of our looks. Between a look and the call that follows S3 lets
// nobody be kept out.
type busy struct {
	*model
	t     *rapid.T
	moves int
	// expects is compared with what is there when a call of ours comes.
	expects func(c account.Call)
}

func (b *busy) Read(ctx context.Context, like State) (State, error) {
	if rapid.IntRange(0, 2).Draw(b.t, "somebody acts") == 0 {
		b.move()
	}
	return b.model.Read(ctx, like)
}

func (b *busy) Do(ctx context.Context, c account.Call) (string, error) {
	b.expects(c)
	return b.model.Do(ctx, c)
}

// move is one change by somebody else, of any setting to anything.
func (b *busy) move() {
	b.moves++
	other := states().Draw(b.t, "their settings")
	to, s := &b.model.state.Settings, other.Settings
	switch rapid.IntRange(0, 6).Draw(b.t, "their setting") {
	case 0:
		to.Policy = s.Policy
	case 1:
		to.ACL = s.ACL
	case 2:
		to.Block = s.Block
	case 3:
		to.AccountBlock = s.AccountBlock
	case 4:
		to.Ownership = s.Ownership
	case 5:
		to.Website = s.Website
	default:
		for i := range b.model.state.Objects {
			b.model.state.Objects[i].ACL = acl(grant("URI", "global/AllUsers", "READ_ACP"))
		}
	}
}

// Whatever somebody else does between our calls, a call of ours is made only on
// the state that its proof is about, none gives anybody more than he had, what is
// open at the end is told, and a way back overwrites nobody and restores the bytes.
func TestSomebodyElseActsMeanwhile(t *testing.T) {
	seen := map[string]int{}
	ends := []string{"stale", "partly", "applied", "back"}
	unseen := func(how string) bool { return seen[how] == 0 }
	for range 10 { // the rarest end comes in six of a hundred draws
		rapid.Check(t, func(t *rapid.T) { amongOthers(t, seen) })
		if !slices.ContainsFunc(ends, unseen) {
			return
		}
	}
	t.Errorf("one end never came: %v", seen)
}

// amongOthers draws a bucket, an option that closes it, and what somebody else
// does meanwhile, and counts how it ended.
func amongOthers(t *rapid.T, seen map[string]int) {
	s := states().Draw(t, "state")
	plan := reread(t, Make(Request{State: s, Made: readAt, Whom: rapid.SampledFrom(whoms).Draw(t, "whom")}))
	ready := slices.DeleteFunc(slices.Clone(plan.Options), func(o Option) bool { return o.Refused != "" })
	if len(ready) == 0 {
		return
	}
	if long := slices.DeleteFunc(slices.Clone(ready), func(o Option) bool { return len(o.Steps) < 2 }); len(long) > 0 {
		ready = long // only these can be half done
	}
	o := rapid.SampledFrom(ready).Draw(t, "option")
	b := &busy{model: newModel(s), t: t}
	var journal []Entry
	run := &Run{Plan: plan, Option: &o, Account: b, Record: kept(&journal)}
	b.expects = onlyAsProved(t, b, run)
	err := run.Apply(context.Background(), 0)
	// A public grant that somebody gave under IgnorePublicAcls is not shown, and S3
	// refuses what it stands against.
	hidden := errors.Is(err, errRefused) && b.model.block().PublicAccessBlockConfiguration.IgnorePublicAcls
	var partly *PartlyError
	switch {
	case err != nil && !errors.Is(err, ErrStale) && !hidden:
		t.Fatalf("apply: %v", err)
	case errors.As(err, &partly):
		seen["partly"]++
	case err != nil:
		seen["stale"]++
	default:
		seen["applied"]++
	}
	if b.moves > 0 && err == nil {
		b.move() // after the last call
	}
	allTold(t, b.model.state, plan, &o)
	progress, err := Follow(journal)
	if err != nil {
		t.Fatal(err)
	}
	if progress.Done > 0 && backAmongOthers(t, b, run, progress.Done) {
		seen["back"]++
	}
}

// onlyAsProved sees that each call of an option meets the very state that its
// proof is about, and widens nothing.
func onlyAsProved(t *rapid.T, b *busy, run *Run) func(account.Call) {
	expected, err := run.states()
	if err != nil {
		t.Fatal(err)
	}
	step := 0
	return func(c account.Call) {
		now, _ := b.model.Read(context.Background(), State{})
		if now.Fingerprint() != expected[step].Fingerprint() {
			t.Fatalf("%s was made on another state: %s", c.Operation, differences(expected[step], now))
		}
		next, err := now.With(c)
		if err != nil {
			t.Fatal(err)
		}
		if wide := widened(run.Option.Proof.Before, Evaluate(next)); len(wide) > 0 {
			t.Fatalf("%s widens: %v", c.Operation, wide)
		}
		step++
	}
}

// allTold sees that what is open to those whom a plan is about is told: by how its
// exposures stand, as unplanned, or by the plan as left.
func allTold(t *rapid.T, now State, plan *Plan, o *Option) {
	told := slices.Clone(o.Proof.After)
	for _, s := range Stand(now, o.Proof.Closed) {
		told = append(told, s.Now...)
	}
	mine, others := Unplanned(now, plan.Whom, told)
	told = slices.Concat(told, mine, others)
	for _, r := range rights(Evaluate(now)) {
		if !slices.ContainsFunc(rights(told), func(h right) bool { return h.covers(r) }) {
			t.Fatalf("open, and not told: %s", r)
		}
	}
	for _, m := range mine {
		if part, ok := plan.Whom.part(m); !m.Audience.Public() && (!ok || len(part.Principals) != len(m.Principals)) {
			t.Fatalf("told of those whom the plan is about, and is of others: %+v", m)
		}
	}
}

// backAmongOthers takes the first steps back while somebody else goes on, and
// reports whether that was possible.
func backAmongOthers(t *rapid.T, b *busy, run *Run, done int) bool {
	left, err := run.states()
	if err != nil {
		t.Fatal(err)
	}
	step := done
	b.expects = func(c account.Call) {
		now, _ := b.model.Read(context.Background(), State{})
		for now.parts()[partOf(c)] != left[step].parts()[partOf(c)] {
			if step--; step == 0 { // a step may be back already, by somebody else
				t.Fatalf("%s overwrites what somebody else set", c.Operation)
			}
		}
		if was := run.Plan.Saved.slot(c); c.Text != was.Text {
			t.Fatalf("%s puts back %q, and it was %q", c.Operation, c.Text, was.Text)
		}
	}
	err = run.Rollback(context.Background(), done, 0)
	if err != nil {
		if !errors.Is(err, ErrStale) && !errors.Is(err, errRefused) {
			t.Fatalf("rollback: %v", err)
		}
		return false
	}
	return true
}
