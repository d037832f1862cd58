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
}

type drafted struct {
	call account.Call
	why  string
}

// add puts a call in the draft unless what it would set is there already.
func (d *draft) add(s State, c account.Call, why string) {
	now := s.at(c)
	switch {
	case !known(now):
		d.not = append(d.not, unread(string(c.Operation)+" "+named(c), now))
	case now.Status == account.Present && holds(c, now.Text):
	default:
		d.steps = append(d.steps, drafted{c, why})
	}
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
	c.Text = before.Text
	return c
}

// Action is the IAM permission that a call needs.
func Action(op account.Operation) string { return actions[op] }
