// SPDX-License-Identifier: Apache-2.0

package guard

import "github.com/bucketlid/bucketlid/account"

// Measure is one row of the table: something that lasts.
type Measure struct {
	ID    string
	Title string
	draft func(State) draft
}

// Measures lists them in the order in which they are applied: what shuts comes
// while the look at every bucket is fresh.
var Measures = []Measure{
	{"account-block", "Block Public Access of the whole account", accountBlock},
	{"config-rules", "AWS Config rules that notice a public bucket", configRules},
	{"event-feed", "EventBridge rule and SQS queue that feed the calls which open a bucket", eventFeed},
}

// draft is what a measure would do to a state.
type draft struct {
	steps []drafted
	later []string // what callers and owners meet afterwards
	notes []string // what holds whether or not there are steps
	// not are things that cannot be done, with the reason and the next step.
	not []string
	// replaced are things of others that the steps replace; kept are those that
	// are in the way of a step, which is left out.
	replaced, kept []string
}

type drafted struct {
	call account.Call
	why  string
}

// take adds what another draft does.
func (d *draft) take(o draft) {
	d.steps, d.later, d.notes = append(d.steps, o.steps...), append(d.later, o.later...), append(d.notes, o.notes...)
	d.not, d.replaced, d.kept = append(d.not, o.not...), append(d.replaced, o.replaced...), append(d.kept, o.kept...)
}

// add puts a call in the draft unless what it would set is there already. What
// somebody else made under the same name is replaced only where that was asked for.
func (d *draft) add(s State, c account.Call, why string) {
	now := s.at(c)
	switch {
	case !known(now):
		d.not = append(d.not, unread(string(c.Operation)+" "+named(c), now))
	case now.Status == account.Present && holds(c, now.Text):
	case now.Status == account.Present && !s.ours(c, now.Text) && !s.Replace:
		d.kept = append(d.kept, place(c))
	case now.Status == account.Present && !s.ours(c, now.Text):
		d.replaced = append(d.replaced, place(c))
		d.steps = append(d.steps, drafted{c, why + "; REPLACES one that guard did not make"})
	default:
		d.steps = append(d.steps, drafted{c, why})
	}
}

// refusals say what is in the way, and what to do.
func refusals(kept []string) []string {
	var out []string
	for _, p := range kept {
		out = append(out, p+": one of that name is there that guard did not make, and it is left as it is; give it another name, or plan with --replace, which saves it and puts yours in its place")
	}
	return out
}

// unread says why nothing is done: what cannot be saved must not be replaced.
func unread(what string, s account.Setting) string {
	why := what + ": what is there now could not be read"
	if s.Problem != "" {
		why += ", " + s.Problem
	}
	return why + "; it must be known before it is replaced: grant " + s.Action + " and plan again"
}

func named(c account.Call) string {
	if c.Name == "" {
		return "of account " + c.Account
	}
	return c.Name + " in " + c.Region
}

// actions are the IAM permissions that the calls need (Service Authorization
// Reference, the pages of AWS Config, EventBridge and SQS).
var actions = map[account.Operation]string{
	account.PutAccountBlock: "s3:PutAccountPublicAccessBlock", account.DeleteAccountBlock: "s3:PutAccountPublicAccessBlock",
	account.PutConfigRule: "config:PutConfigRule", account.DeleteConfigRule: "config:DeleteConfigRule",
	account.CreateQueue: "sqs:CreateQueue", account.SetQueueAttributes: "sqs:SetQueueAttributes", account.DeleteQueue: "sqs:DeleteQueue",
	account.PutEventRule: "events:PutRule", account.DeleteEventRule: "events:DeleteRule",
	account.PutEventTargets: "events:PutTargets", account.RemoveEventTargets: "events:RemoveTargets",
}

// removal is the call that takes away what another set.
var removal = map[account.Operation]account.Operation{
	account.PutAccountBlock: account.DeleteAccountBlock, account.PutConfigRule: account.DeleteConfigRule,
	account.CreateQueue: account.DeleteQueue, account.PutEventRule: account.DeleteEventRule, account.PutEventTargets: account.RemoveEventTargets,
}

// inverse is the call that puts back what another replaced.
func inverse(c account.Call, before account.Setting) account.Call {
	if before.Status == account.Absent {
		c.Operation, c.Text = removal[c.Operation], ""
		return c
	}
	if c.Operation == account.SetQueueAttributes {
		c.Text = former(c.Text, before.Text)
		return c
	}
	if c.Operation == account.PutEventTargets && targetOf(before.Text) == "" {
		c.Operation, c.Text = account.RemoveEventTargets, "" // the others' stay
		return c
	}
	c.Text = before.Text
	return c
}

// Action is the IAM permission that a call needs.
func Action(op account.Operation) string { return actions[op] }
