// SPDX-License-Identifier: Apache-2.0

package remedy

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/bucketlid/bucketlid/account"
)

// torn is a model whose answers get lost at one call: after it was made, or
// before.
type torn struct {
	*model
	at       int
	made     bool
	darkness func(*State) // what the reads after it do not tell
	late     int          // reads that still tell what held before
	cut      bool
	old      State
}

func (m *torn) Do(ctx context.Context, c account.Call) (string, error) {
	if m.calls+1 != m.at {
		return m.model.Do(ctx, c)
	}
	m.old, _ = m.model.Read(ctx, State{})
	if m.cut = true; m.made {
		_, _ = m.model.Do(ctx, c)
	} else {
		m.calls++
	}
	return "", &account.NoAnswerError{Operation: c.Operation, Resource: "s3://b", Err: errors.New("EOF")}
}

func (m *torn) Read(ctx context.Context, like State) (State, error) {
	out, err := m.model.Read(ctx, like)
	if m.cut && m.late > 0 {
		m.late--
		return m.old, err
	}
	if m.cut && m.darkness != nil {
		m.darkness(&out)
	}
	return out, err
}

// A lost answer is looked after: what was made is gone on from, what was not is
// told, and with what cannot be read nobody guesses.
func TestLostAnswers(t *testing.T) {
	dark := func(s *State) {
		s.Settings.ACL = account.Setting{Status: account.Denied, Action: "s3:GetBucketAcl", Problem: "AccessDenied"}
	}
	for _, c := range []struct {
		name string
		m    torn
		lost string // "" where the work goes on
	}{
		{"made", torn{at: 1, made: true}, ""},
		{"made, and shown late", torn{at: 1, made: true, late: 3}, ""},
		{"the second one made", torn{at: 2, made: true}, ""},
		{"not made", torn{at: 1}, "step 1: PutBucketAcl on s3://b was sent and no answer came (EOF); the settings are as before it: it was not made, or not yet"},
		{"the second one not made", torn{at: 2}, "step 2: "},
		{"dark", torn{at: 1, made: true, darkness: dark}, "what became of it is not known: whether the plan still fits is not known: these could not be read: ACL (s3:GetBucketAcl): AccessDenied"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := closedBucket()
			s.Settings.Policy, s.Settings.ACL = policyOf(publicRead, statements[5]), acl(grant("URI", "global/AllUsers", "READ"))
			plan := reread(t, Make(Request{State: s, Made: readAt}))
			o, err := plan.Option(together)
			if err != nil {
				t.Fatal(err)
			}
			m := c.m
			m.model = newModel(s)
			var journal []Entry
			run := &Run{Plan: plan, Option: o, Account: &m, Record: kept(&journal), Settle: func(_ context.Context, attempt int) bool { return attempt < 4 }}
			err = run.Apply(context.Background(), 0)
			var lost *LostError
			var partly *PartlyError
			switch {
			case c.lost == "" && err == nil:
				if !slices.ContainsFunc(journal, func(e Entry) bool { return e.Event == "done" && strings.Contains(e.Problem, "answer was lost") }) {
					t.Errorf("the journal does not tell: %+v", journal)
				}
			case c.lost != "" && errors.As(err, &lost) && strings.Contains(err.Error(), c.lost) && !errors.As(err, &partly):
				resumed(t, &m, run, &journal)
			default:
				t.Fatalf("%v", err)
			}
			if left := Still(m.state, plan.Closes); len(left) > 0 {
				t.Errorf("open at the end: %v", left)
			}
			back(t, run, m.model, s, journal)
		})
	}
}

// resumed goes on as fix apply --resume does.
func resumed(t *testing.T, m *torn, run *Run, journal *[]Entry) {
	t.Helper()
	m.at, m.darkness = 0, nil
	progress, err := Follow(*journal)
	if err != nil || !progress.Tried {
		t.Fatalf("%+v %v", progress, err)
	}
	run.Tried = progress.Tried
	if err := run.Apply(context.Background(), progress.Done); err != nil {
		t.Fatal(err)
	}
}

// interrupted is a model whose user ends the run while a call is on its way.
type interrupted struct {
	*model
	end func()
}

func (m *interrupted) Do(ctx context.Context, c account.Call) (string, error) {
	m.end()
	return "", &account.NoAnswerError{Operation: c.Operation, Resource: "s3://b", Err: ctx.Err()}
}

// A run that is ended on a call's way does not guess and does not say that
// nothing was changed.
func TestInterrupted(t *testing.T) {
	s := closedBucket()
	s.Settings.Policy = policyOf(publicRead)
	plan := reread(t, Make(Request{State: s, Made: readAt}))
	o, err := plan.Option("policy-statement")
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(context.Background())
	var journal []Entry
	err = (&Run{Plan: plan, Option: o, Account: &interrupted{newModel(s), end}, Record: kept(&journal)}).Apply(ctx, 0)
	var lost *LostError
	if !errors.As(err, &lost) || !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "what became of it is not known") {
		t.Errorf("%v", err)
	}
	if p, err := Follow(journal); err != nil || !p.Tried || p.Done != 0 {
		t.Errorf("%+v %v", p, err)
	}
}
