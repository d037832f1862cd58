// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"context"
	"errors"
	"fmt"

	"github.com/bucketlid/bucketlid/account"
	"github.com/bucketlid/bucketlid/remedy"
)

// Option is the name under which a journal keeps the steps of a plan: it has one
// way only.
const Option = "guard"

// Account keeps settings: AWS, or a model of it.
type Account interface {
	// At reads the setting that a call changes.
	At(ctx context.Context, c account.Call) (account.Setting, error)
	// Do makes one call and returns AWS's id of the request.
	Do(ctx context.Context, c account.Call) (request string, err error)
}

// Run is a plan on its way.
type Run struct {
	Plan    *Plan
	Account Account
	// Settle waits a little where a read does not show the last call yet, and says
	// whether to read again; nil never waits.
	Settle func(ctx context.Context, attempt int) bool
	// Record keeps an entry so that it outlives the process. Where it fails
	// nothing is changed any more.
	Record func(remedy.Entry) error
}

// turn is one call with what must be there before it.
type turn struct {
	call account.Call
	// before is what must be there for the call to be made; after is what says
	// that it was made already.
	before, after func(account.Setting) bool
}

// Apply makes the steps from the first that is not done. Before each the setting
// that it replaces is read and compared. It stops at the first failure: the error
// is remedy.ErrStale or AWS's before anything was done, and a
// *remedy.PartlyError after.
func (r *Run) Apply(ctx context.Context, done int) error {
	var list []turn
	for _, s := range r.Plan.Steps {
		list = append(list, turn{s.Call, isBefore(s), isSet(s.Call)})
	}
	return r.walk(ctx, list, done, "")
}

// Rollback puts back what the first done steps replaced, the last one first.
func (r *Run) Rollback(ctx context.Context, done, undone int) error {
	var list []turn
	for i := done - 1; i >= 0; i-- {
		s := r.Plan.Steps[i]
		list = append(list, turn{s.Undo, isSet(s.Call), isBefore(s)})
	}
	return r.walk(ctx, list, undone, "undo-")
}

// isBefore reports whether a setting is as before the step. Of a queue only what
// the step sets counts.
func isBefore(s Step) func(account.Setting) bool {
	return func(now account.Setting) bool {
		if s.Call.Operation == account.SetQueueAttributes && now.Status == account.Present {
			return essence(s.Call, former(s.Call.Text, now.Text)) == essence(s.Call, s.Undo.Text)
		}
		return meaning(s.Call, now) == meaning(s.Call, s.Before)
	}
}

func isSet(c account.Call) func(account.Setting) bool {
	return func(now account.Setting) bool { return now.Status == account.Present && holds(c, now.Text) }
}

func (r *Run) walk(ctx context.Context, list []turn, done int, kind string) error {
	for i := done; i < len(list); i++ {
		now, err := r.Account.At(ctx, list[i].call)
		if err != nil {
			return r.failed(r.entry("", i+1), i, list, kind, fmt.Errorf("reading the present settings: %w", err))
		}
		e := r.entry(kind+"done", i+1)
		switch {
		case list[i].before(now):
		case list[i].after(now):
			if err := r.record(e); err != nil {
				return r.failed(e, i, list, kind, err)
			}
			continue
		default:
			return r.failed(e, i, list, kind, fmt.Errorf("%w: %s changed since it was made", remedy.ErrStale, place(list[i].call)))
		}
		e.Event, e.Call = kind+"try", remedy.Sent(list[i].call)
		if err := r.record(e); err != nil {
			return r.failed(e, i, list, kind, err)
		}
		if e.RequestID, err = r.Account.Do(ctx, list[i].call); err != nil {
			e.NotMade = remedy.NotMade(err)
			if err = r.settled(ctx, list[i], i, err); err != nil {
				return r.failed(e, i, list, kind, err)
			}
			e.Problem = "its answer was lost; the settings show that it was made"
		}
		e.Event = kind + "done"
		if err := r.record(e); err != nil {
			return r.failed(e, i+1, list, kind, err)
		}
	}
	return r.record(r.entry(map[string]string{"": "applied", "undo-": "undone"}[kind], 0))
}

func (r *Run) entry(event string, step int) remedy.Entry {
	return remedy.Entry{Plan: r.Plan.ID, Option: Option, Event: event, Step: step}
}

func (r *Run) failed(e remedy.Entry, done int, list []turn, kind string, err error) error {
	e.Event, e.Problem = kind+"failed", err.Error()
	_ = r.record(e) // the failure itself is what is reported
	var lost *remedy.LostError
	if done == 0 || errors.As(err, &lost) {
		return err
	}
	var calls []account.Call
	for _, t := range list {
		calls = append(calls, t.call)
	}
	return &remedy.PartlyError{Calls: calls, Done: done, Err: err}
}

// settled looks what became of a call whose answer was lost: nil where its setting
// shows that it was made. What it does not show may yet come.
func (r *Run) settled(ctx context.Context, t turn, i int, err error) error {
	var lost *account.NoAnswerError
	if !errors.As(err, &lost) {
		return err
	}
	told := &remedy.LostError{Step: i + 1, Shown: "what became of it is not known", Err: err}
	for attempt := 0; ctx.Err() == nil; attempt++ {
		now, unread := r.Account.At(ctx, t.call)
		switch {
		case unread != nil:
			told.Shown += ": the setting cannot be read (" + unread.Error() + ")"
			return told
		case t.after(now):
			return nil
		case !t.before(now):
			told.Shown += ": " + place(t.call) + " is neither as before it nor as it sets it"
			return told
		case r.Settle == nil || !r.Settle(ctx, attempt):
			told.Shown = "the setting is as before it: it was not made, or not yet"
			return told
		}
	}
	return told
}

func (r *Run) record(e remedy.Entry) error {
	if err := r.Record(e); err != nil {
		return fmt.Errorf("the journal cannot be written, so that nothing is changed any more: %w", err)
	}
	return nil
}

// NotYet lists the steps whose settings do not show, read again while Settle
// says so.
func (r *Run) NotYet(ctx context.Context) ([]string, error) {
	var out []string
	for _, s := range r.Plan.Steps {
		for attempt := 0; ; attempt++ {
			now, err := r.Account.At(ctx, s.Call)
			if err != nil {
				return out, err
			}
			if isSet(s.Call)(now) {
				break
			}
			if r.Settle == nil || !r.Settle(ctx, attempt) {
				out = append(out, place(s.Call))
				break
			}
		}
	}
	return out, nil
}

// Place names what a step changes.
func (s Step) Place() string { return place(s.Call) }

// Made reports whether a step was made, for one that was on its way when a
// process ended.
func (r *Run) Made(ctx context.Context, step int) (bool, error) {
	if step >= len(r.Plan.Steps) {
		return false, nil
	}
	now, err := r.Account.At(ctx, r.Plan.Steps[step].Call)
	return err == nil && isSet(r.Plan.Steps[step].Call)(now), err
}
