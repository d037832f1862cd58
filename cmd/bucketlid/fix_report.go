// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bucketlid/bucketlid/account"
	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/remedy"
)

// applied says how far a plan is from being applied; "" where it is.
func (p *prepared) applied() string {
	steps := len(p.option.Steps)
	switch done := p.done; {
	case done.Back:
		return "was taken back"
	case done.Undone > 0:
		return fmt.Sprintf("is being taken back: %d of %d steps are", done.Undone, done.Done)
	case done.Done == 0 && !done.Tried:
		return "was not applied"
	case !done.Ended:
		return fmt.Sprintf("was cut off after %d of %d steps", done.Done, steps)
	}
	return ""
}

// next is what to do where something is open.
func (p *prepared) next() string {
	switch done := p.done; {
	case done.Undone > 0 && !done.Back:
		return "finish it with: bucketlid fix rollback " + pasted(p.name) + " --resume"
	case done.Back || done.Done == 0 && !done.Tried:
		return "apply it with: bucketlid fix apply " + pasted(p.name)
	case !done.Ended:
		return "go on with: bucketlid fix apply " + pasted(p.name) + " --resume"
	}
	return "make a new plan: bucketlid fix plan " + planned(p.plan)
}

// now reads the bucket and evaluates how what the option closes stands; it reads
// again while again and settle say so.
func (p *prepared) now(ctx context.Context, settle func(context.Context, int) bool, again func(remedy.State, []remedy.Standing) bool) (remedy.State, []remedy.Standing, error) {
	end, err := p.run.End()
	if err != nil {
		return remedy.State{}, nil, err
	}
	for attempt := 0; ; attempt++ {
		now, err := p.live.Read(ctx, p.plan.Saved)
		if err != nil {
			return now, nil, err
		}
		list := remedy.Stand(now, p.option.Proof.Closed, p.plan.Saved, end)
		if !again(now, list) || !settle(ctx, attempt) {
			return now, list, nil
		}
	}
}

func isOpen(_ remedy.State, list []remedy.Standing) bool { return count(list, exposure.Open) > 0 }

func count(list []remedy.Standing, state exposure.State) (n int) {
	for _, s := range list {
		if s.State == state {
			n++
		}
	}
	return n
}

// showStanding tells how each exposure stands, what gives it now where that is not
// what the plan tells, and what could not be read.
func showStanding(out io.Writer, list []remedy.Standing, now remedy.State) {
	for _, s := range list {
		state, held := string(s.State), ""
		switch s.State {
		case exposure.Open:
			state = "OPEN"
		case exposure.Blocked:
			state, held = "held", ": the grant is there, and held by "+strings.Join(s.By, ", ")
		}
		told := words(s.Opening)
		fmt.Fprintf(out, "%-7s %s%s\n", state, plain(told), plain(held))
		for _, o := range s.Now {
			if is := words(o); is != told {
				fmt.Fprintf(out, "    now %s%s\n", plain(is), plain(heldBy(o)))
			}
		}
	}
	for _, u := range now.Unread() {
		fmt.Fprintln(out, "unknown "+plain(u))
	}
}

// report reads back, evaluates the whole bucket and tells.
func (p *prepared) report(cmd *cobra.Command, settle func(context.Context, int) bool) error {
	out := cmd.OutOrStdout()
	now, list, err := p.now(cmd.Context(), settle, isOpen)
	if err != nil {
		return p.unread(err)
	}
	if now.Settings.Gone {
		fmt.Fprintf(out, "bucket %s is gone: nothing of it is open\n", plain(p.plan.Bucket))
		return nil
	}
	showStanding(out, list, now)
	for _, o := range p.option.Proof.Remaining {
		fmt.Fprintf(out, "%-7s %s: this option does not close it\n", "left", plain(words(o)))
	}
	news, err := p.news(cmd.Context(), now, list)
	if err != nil {
		return p.unread(err)
	}
	news.show(out)
	if len(now.Beyond(p.plan.Whom, "")) > 0 {
		for _, b := range p.plan.Beyond {
			fmt.Fprintln(out, "not looked at: "+plain(b))
		}
	}
	return p.verdict(list, news, now)
}

// verdict is the error of exposures that are not closed, of the plan's first.
func (p *prepared) verdict(list []remedy.Standing, news unplanned, now remedy.State) error {
	back := 0
	for _, s := range list {
		if s.State == exposure.Blocked && len(s.Opening.BlockedBy) > 0 { // it is the grant that was to go
			back++
		}
	}
	all, open, unsure := len(list), count(list, exposure.Open), count(list, exposure.Unknown)
	switch {
	case open > 0:
		return &exitError{exitFailed, fmt.Sprintf("%d of %d exposures that the plan closes are open", open, all), p.next()}
	case len(news.mine) > 0:
		return &exitError{exitFailed, fmt.Sprintf("the bucket is open, or may be, by %s that this plan did not know of", counted(len(news.mine), "exposure")),
			"make a new plan: bucketlid fix plan " + planned(p.plan)}
	case unsure > 0:
		return &exitError{exitFailed, fmt.Sprintf("of %d of %d exposures it is not known whether they are closed: what they rest on could not be read", unsure, all), p.readAgain(now.Refused())}
	case back > 0:
		return &exitError{exitFailed, fmt.Sprintf("%d of %d grants that the plan takes away are there; nothing is open, since a guard holds them", back, all), p.next()}
	}
	return nil
}

// readAgain is what to do about settings that could not be read.
func (p *prepared) readAgain(denied bool) string {
	again := "bucketlid fix verify " + pasted(p.name)
	if denied {
		return "grant the permissions that are named, then: " + again
	}
	return "once they can be read: " + again
}

// reportBack reads back what a rollback has put back, and tells how it stands.
func (p *prepared) reportBack(cmd *cobra.Command, steps int) error {
	out := cmd.OutOrStdout()
	unlike := func(now remedy.State, _ []remedy.Standing) bool {
		_, err := p.run.Returned(now, steps)
		return errors.Is(err, remedy.ErrStale)
	}
	now, list, err := p.now(cmd.Context(), settleDown, unlike)
	if err != nil {
		return p.unread(err)
	}
	showStanding(out, list, now)
	beside, err := p.run.Returned(now, steps)
	var dark *remedy.UnreadableError
	switch {
	case err == nil:
		fmt.Fprintf(out, "%d settings of bucket %s are as they were before the plan\n", steps, plain(p.plan.Bucket))
		if beside != "" {
			fmt.Fprintf(out, "somebody else changed meanwhile, and it stays so: %s\n", plain(beside))
		}
		return nil
	case errors.As(err, &dark):
		return &exitError{exitFailed, "every step was put back; whether the settings are as before is not known: " + strings.Join(dark.Settings, "; "), p.readAgain(dark.Denied)}
	}
	return &exitError{exitFailed, "every step was put back, and the settings are not as before: " + err.Error(), "see what somebody else changed; the plan holds what it replaced"}
}

// unread says that the settings could not be read back.
func (p *prepared) unread(err error) error {
	code := exitFailed
	var refused *account.SignInError
	if errors.As(err, &refused) {
		code = exitPermission
	}
	return &exitError{code, "how the bucket stands is not known: reading its settings: " + err.Error(), "then: bucketlid fix verify " + pasted(p.name)}
}
