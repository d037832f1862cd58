// SPDX-License-Identifier: Apache-2.0

package remedy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/bucketlid/bucketlid/account"
)

// Account keeps settings: AWS, or a model of it.
type Account interface {
	// Read reads the present settings of what a state holds.
	Read(ctx context.Context, like State) (State, error)
	// Do makes one call. It returns once S3 has taken it or refused it, with the
	// id that S3 gave the request, "" where it gave none.
	Do(ctx context.Context, c account.Call) (request string, err error)
}

// Entry is one line of a journal: what was begun and what came of it.
type Entry struct {
	Plan   string `json:"plan"`
	Option string `json:"option"`
	// Event is begin, try, done, failed, applied, undo-begin, undo-try,
	// undo-done, undo-failed or undone.
	Event   string `json:"event"`
	Step    int    `json:"step"` // from 1; 0 where the entry is about all
	Problem string `json:"problem,omitempty"`
	// NotMade says of a failure that AWS refused the call.
	NotMade bool   `json:"not_made,omitempty"`
	Time    string `json:"time,omitempty"`
	By      string `json:"by,omitempty"`
	// Call is what was sent, without what it sets; RequestID is AWS's id of it.
	// By both a log's record is known for this plan's.
	Call      *account.Call `json:"call,omitempty"`
	RequestID string        `json:"request_id,omitempty"`
}

// ErrStale is a plan that was made for another state than the present one.
var ErrStale = errors.New("the plan is stale")

// PartlyError says that some steps were done and one was not.
type PartlyError struct {
	Calls []account.Call // all, in their order
	Done  int            // how many were made
	Err   error
}

// Error tells how far it came, why no further, and what was done.
func (e *PartlyError) Error() string {
	step := fmt.Sprintf("step %d of %d", e.Done+1, len(e.Calls))
	if e.Done < len(e.Calls) {
		step += ", " + string(e.Calls[e.Done].Operation) + ","
	}
	how := "failed"
	if errors.Is(e.Err, ErrStale) {
		how = "was not made"
	}
	return fmt.Sprintf("%s %s: %v; made before: %s", step, how, e.Err, e.made())
}

// made are the calls that were made, those of one kind counted.
func (e *PartlyError) made() string {
	count, order := map[account.Operation]int{}, []account.Operation{}
	for _, c := range e.Calls[:min(e.Done, len(e.Calls))] {
		if count[c.Operation]++; count[c.Operation] == 1 {
			order = append(order, c.Operation)
		}
	}
	var out []string
	for _, op := range order {
		if n := count[op]; n > 1 {
			out = append(out, fmt.Sprintf("%d %s", n, op))
		} else {
			out = append(out, string(op))
		}
	}
	return strings.Join(out, ", ")
}

// Unwrap returns the cause.
func (e *PartlyError) Unwrap() error { return e.Err }

// Run is one option of a plan on its way.
type Run struct {
	Plan    *Plan
	Option  *Option
	Account Account
	// Settle waits a little where a read still tells what held before the last
	// call, and says whether to read again; nil never waits. S3 keeps settings in
	// several places (S3 page "What is Amazon S3?", "Amazon S3 data consistency
	// model": bucket configurations are eventually consistent).
	Settle func(ctx context.Context, attempt int) bool
	// Tried says that the journal tells of one more call than are done: it may have
	// been made, so that its effect is this plan's.
	Tried  bool
	looked bool // at everything, once
	// Record keeps an entry so that it outlives the process. Where it fails
	// nothing is changed any more.
	Record func(Entry) error
}

// Apply makes the steps from the first that is not done. Before each step the
// state is read and compared, of many objects those that the step is about, so
// that what somebody else changed meanwhile is not overwritten. done is what the journal tells; 0 begins. It stops at the
// first failure. The error is ErrStale before anything was done, and a
// *PartlyError after.
func (r *Run) Apply(ctx context.Context, done int) error {
	if err := r.Plan.Check(r.Option); err != nil {
		return err
	}
	states, err := r.states()
	if err != nil {
		return err
	}
	return r.walk(ctx, calls(r.Option.Steps), states, done, "")
}

// states are those before the first step and after each.
func (r *Run) states() ([]State, error) {
	out := []State{r.Plan.Saved}
	for _, s := range r.Option.Steps {
		next, err := out[len(out)-1].With(s.Call)
		if err != nil {
			return nil, err
		}
		out = append(out, next)
	}
	return out, nil
}

// End is the state after the last step.
func (r *Run) End() (State, error) {
	states, err := r.states()
	if err != nil {
		return State{}, err
	}
	return states[len(states)-1], nil
}

// Rollback puts back what the first done steps replaced, the last one first.
// undone is how many the journal tells to be put back already. A setting is put
// back where it is as the plan left it, whatever somebody else made of others
// meanwhile; else the error is ErrStale.
func (r *Run) Rollback(ctx context.Context, done, undone int) error {
	if err := r.Plan.Check(r.Option); err != nil {
		return err
	}
	states, err := r.states()
	if err != nil {
		return err
	}
	var undo []account.Call
	for i := done - 1; i >= 0; i-- {
		undo = append(undo, r.Option.Steps[i].Undo)
	}
	back := slices.Clone(states[:done+1])
	slices.Reverse(back)
	return r.walk(ctx, undo, back, undone, "undo-")
}

// walk makes calls one by one. states[i] is what must hold before call i. A call
// that was on its way when the process ended may have been made: then the state
// is already the next one, and the call is not made again.
func (r *Run) walk(ctx context.Context, list []account.Call, states []State, done int, kind string) error {
	for i := done; i < len(list); i++ {
		now, err := r.read(ctx, list, states, i)
		if err != nil {
			return r.failed(i, list, kind, fmt.Errorf("reading the present settings: %w", err))
		}
		switch r.fits(now, list[i], states[i:i+2], kind) {
		case before:
		case after:
			if kind == "" && !(r.Tried && i == done) {
				// Taking it back later would undo somebody else's work.
				return r.failed(i, list, kind, fmt.Errorf("%w: what step %d would change is so already, by somebody else", ErrStale, i+1))
			}
			if err := r.record(r.entry(kind+"done", i+1)); err != nil {
				return r.failed(i, list, kind, err)
			}
			continue
		default:
			return r.failed(i, list, kind, misfit(states[i], now))
		}
		e := r.entry(kind+"try", i+1)
		e.Call = Sent(list[i])
		if err := r.record(e); err != nil {
			return r.failed(i, list, kind, err)
		}
		if e.RequestID, err = r.Account.Do(ctx, list[i]); err != nil {
			e.NotMade = NotMade(err)
			if err = r.settled(ctx, list, states, i, err); err != nil {
				return r.refused(e, i, list, kind, err)
			}
			e.Problem = "its answer was lost; the settings show that it was made"
		}
		e.Event = kind + "done"
		if err := r.record(e); err != nil {
			return r.failed(i+1, list, kind, err)
		}
	}
	return r.record(r.entry(map[string]string{"": "applied", "undo-": "undone"}[kind], 0))
}

// NotMade reports whether AWS refused a call, so that nothing came of it.
func NotMade(err error) bool {
	var denied *account.WriteDeniedError
	var refused *account.RefusedError
	var signIn *account.SignInError
	return errors.As(err, &denied) || errors.As(err, &refused) || errors.As(err, &signIn)
}

// LostError says that a step was sent and its answer was lost.
type LostError struct {
	Step  int    // from 1
	Shown string // what the settings show of it
	Err   error  // why there is no answer
}

// Error tells what is known.
func (e *LostError) Error() string { return fmt.Sprintf("step %d: %v; %s", e.Step, e.Err, e.Shown) }

// Unwrap returns why there is no answer.
func (e *LostError) Unwrap() error { return e.Err }

// settled looks what became of call i, whose answer was lost: nil where the
// settings show that it was made. What they do not show may yet come.
func (r *Run) settled(ctx context.Context, list []account.Call, states []State, i int, err error) error {
	var lost *account.NoAnswerError
	if !errors.As(err, &lost) {
		return err
	}
	told := &LostError{i + 1, "what became of it is not known", err}
	if ctx.Err() != nil {
		return told
	}
	now, unread := r.read(ctx, list, states, i+1)
	if unread != nil {
		told.Shown += ": the settings cannot be read (" + unread.Error() + ")"
		return told
	}
	switch shows(now, list[i], states[i:i+2]) {
	case after:
		return nil
	case before:
		told.Shown = "the settings are as before it: it was not made, or not yet"
	default:
		told.Shown += ": " + misfit(states[i+1], now).Error()
	}
	return told
}

// Sent is a call as a journal keeps it: without what it sets.
func Sent(c account.Call) *account.Call {
	c.Text = ""
	return &c
}

// read reads the state before call i, once the call before it shows.
func (r *Run) read(ctx context.Context, list []account.Call, states []State, i int) (State, error) {
	for attempt := 0; ; attempt++ {
		now, err := r.present(ctx, states, i)
		if err != nil || i == 0 || r.Settle == nil || shows(now, list[i-1], states[i-1:i+1]) != before || !r.Settle(ctx, attempt) {
			return now, err
		}
	}
}

// present reads the settings, and the ACLs of all objects the first time. Later
// it reads those that the calls before and after change: another one is read
// before its own call.
func (r *Run) present(ctx context.Context, states []State, i int) (State, error) {
	if !r.looked {
		now, err := r.Account.Read(ctx, r.Plan.Saved)
		r.looked = err == nil
		return now, err
	}
	like := State{Settings: r.Plan.Saved.Settings}
	beside := states[max(0, i-1):min(len(states), i+2)]
	for k, o := range states[i].Objects {
		if slices.ContainsFunc(beside, func(s State) bool { return s.Objects[k].ACL != o.ACL }) {
			like.Objects = append(like.Objects, o)
		}
	}
	now, err := r.Account.Read(ctx, like)
	if err != nil || now.Settings.Gone {
		return now, err
	}
	read := now.Objects
	now.Objects = slices.Clone(states[i].Objects)
	for k, o := range now.Objects {
		for _, one := range read {
			if one.Key == o.Key && one.Version == o.Version {
				now.Objects[k] = one
			}
		}
	}
	return now, nil
}

func (r *Run) failed(done int, list []account.Call, kind string, err error) error {
	return r.refused(r.entry("", done+1), done, list, kind, err)
}

// refused records a call that failed.
func (r *Run) refused(e Entry, done int, list []account.Call, kind string, err error) error {
	e.Event, e.Problem = kind+"failed", err.Error()
	_ = r.record(e) // the failure itself is what is reported
	var lost *LostError
	if done == 0 || errors.As(err, &lost) {
		return err
	}
	return &PartlyError{list, done, err}
}

func (r *Run) entry(event string, step int) Entry {
	return Entry{Plan: r.Plan.ID, Option: r.Option.ID, Event: event, Step: step}
}

func (r *Run) record(e Entry) error {
	if err := r.Record(e); err != nil {
		return fmt.Errorf("the journal cannot be written, so that nothing is changed any more: %w", err)
	}
	return nil
}

// Progress is what a journal tells of a plan.
type Progress struct {
	Option string
	Done   int  // steps that are done
	Tried  bool // one more was on its way: it may have been made
	Ended  bool // all are done
	Undone int  // steps put back
	Back   bool // the rollback ended
}

// Follow reads a journal's entries. A rollback that ended leaves nothing done.
func Follow(entries []Entry) (p Progress, err error) {
	for _, e := range entries {
		if e.Option != p.Option && (p.Done > p.Undone || p.Tried) {
			return p, fmt.Errorf("the journal tells of option %s while %s is not finished", e.Option, p.Option)
		}
		if e.Option != p.Option {
			p = Progress{Option: e.Option}
		}
		p.take(e)
	}
	return p, nil
}

func (p *Progress) take(e Entry) {
	switch e.Event {
	case "begin":
		if p.Back {
			*p = Progress{Option: e.Option}
		}
	case "try":
		p.Tried = true
	case "done":
		p.Done, p.Tried = e.Step, false
	case "failed":
		p.Tried = p.Tried && !e.NotMade
	case "applied":
		p.Ended = true
	case "undo-done":
		p.Undone = e.Step
	case "undone":
		p.Back = true
	}
}
