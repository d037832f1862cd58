// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/bucketlid/bucketlid/account"
	"github.com/bucketlid/bucketlid/replay"
)

// FeedNames are the names of the feed's parts in every Region.
var FeedNames = account.Feed{Rule: "bucketlid-s3-changes", Queue: "bucketlid-s3-changes", DeadLetters: "bucketlid-s3-changes-dead"}

// deliveries is how often an event is handed out before it goes to the queue of
// dead letters.
const deliveries = "5"

// eventFeed lays a queue in each Region, which EventBridge fills with the calls
// that open a bucket: a rule's target lies in the rule's own Region.
func eventFeed(s State) draft {
	var d draft
	for _, w := range s.Watches {
		var here draft
		f := feed{s, w.Region}
		here.queue(s, f.call(account.CreateQueue, FeedNames.DeadLetters, f.dead()), "keeps events that could not be read "+deliveries+" times")
		here.queue(s, f.call(account.CreateQueue, FeedNames.Queue, f.queue()), "takes the events until continuous intake reads them")
		here.add(s, f.call(account.PutEventRule, FeedNames.Rule, f.rule()), "takes the calls that can open a bucket out of CloudTrail's events")
		here.add(s, f.call(account.PutEventTargets, FeedNames.Rule, f.targets()), "sends them to the queue"+others(w.Targets))
		if len(here.kept) > 0 {
			here.steps = nil // a feed that lacks a part feeds nothing
		}
		d.take(here)
	}
	d.notes = append(d.notes,
		"EventBridge gets these calls only where a trail logs management events, and PutObjectAcl only where it logs data events of S3 (EventBridge guide, \"AWS service events delivered via AWS CloudTrail\")",
		"uploads that carry an ACL of their own are not in the feed: read the trail itself for them (bucketlid hunt)")
	return d
}

// others tells that a rule has targets that guard did not set.
func others(now account.Setting) string {
	var v struct{ Targets []struct{ ID string } }
	_ = json.Unmarshal([]byte(now.Text), &v) // no targets
	n := 0
	for _, t := range v.Targets {
		if t.ID != account.TargetID {
			n++
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("; the rule has %d targets that guard did not set: they stay and get the events too", n)
}

// queue makes a queue, or sets what an existing one lacks.
func (d *draft) queue(s State, c account.Call, why string) {
	if now := s.at(c); now.Status == account.Present {
		c.Operation = account.SetQueueAttributes
	}
	d.add(s, c, why)
}

// feed writes the texts of one Region.
type feed struct {
	state  State
	region string
}

func (f feed) call(op account.Operation, name, text string) account.Call {
	return account.Call{Operation: op, Account: f.state.Account, Region: f.region, Name: name, Text: text}
}

func (f feed) arn(service, resource string) string {
	return fmt.Sprintf("arn:%s:%s:%s:%s:%s", f.state.Partition, service, f.region, f.state.Account, resource)
}

// attributes is the text of a queue.
func attributes(m map[string]string) string {
	text, _ := json.Marshal(struct{ Attributes map[string]string }{m}) // of strings only: cannot fail
	return string(text)
}

// Two weeks is the longest that SQS keeps a message, four days its default.
func (f feed) dead() string {
	return attributes(map[string]string{"MessageRetentionPeriod": "1209600"})
}

func (f feed) queue() string {
	return attributes(map[string]string{
		"MessageRetentionPeriod": "1209600", "VisibilityTimeout": "300", "ReceiveMessageWaitTimeSeconds": "20",
		"RedrivePolicy": object("deadLetterTargetArn", f.arn("sqs", FeedNames.DeadLetters), "maxReceiveCount", deliveries),
		"Policy":        f.policy(),
	})
}

// policy lets EventBridge send for this rule alone (EventBridge guide, "Using
// resource-based policies for Amazon EventBridge").
func (f feed) policy() string {
	type statement struct {
		Sid, Effect string
		Principal   map[string]string
		Action      string
		Resource    string
		Condition   map[string]map[string]string
	}
	text, _ := json.Marshal(struct {
		Version   string
		Statement []statement
	}{"2012-10-17", []statement{{statementID, "Allow", map[string]string{"Service": "events.amazonaws.com"}, "sqs:SendMessage",
		f.arn("sqs", FeedNames.Queue), map[string]map[string]string{"ArnEquals": {"aws:SourceArn": f.arn("events", "rule/"+FeedNames.Rule)}}}}})
	return string(text)
}

// Pattern matches the calls of the table of calls that can open a bucket. The
// source keeps events out that somebody makes up: PutEvents takes none whose
// source begins with aws. (EventBridge reference, PutEventsRequestEntry).
func Pattern() string {
	services, names := replay.Watched()
	var origins []string
	for _, s := range services {
		origins = append(origins, "aws."+strings.TrimSuffix(s, ".amazonaws.com"))
	}
	text, _ := json.Marshal(map[string]any{
		"source":      origins,
		"detail-type": []string{"AWS API Call via CloudTrail"},
		"detail":      map[string][]string{"eventSource": services, "eventName": names},
	})
	return string(text)
}

func (f feed) rule() string {
	return object("Description", mark+"calls that can open an S3 bucket", "EventPattern", Pattern(), "State", "ENABLED")
}

func (f feed) targets() string {
	text, _ := json.Marshal(struct {
		Targets []map[string]string
	}{[]map[string]string{{"Id": account.TargetID, "Arn": f.arn("sqs", FeedNames.Queue)}}})
	return string(text)
}

// object is a JSON object of texts.
func object(pairs ...string) string {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	text, _ := json.Marshal(m) // of strings only: cannot fail
	return string(text)
}

// holds reports whether a setting has what a call would set. Of a queue only
// the attributes that the call sets count.
func holds(c account.Call, text string) bool {
	if c.Operation == account.SetQueueAttributes || c.Operation == account.CreateQueue {
		return essence(c, former(c.Text, text)) == essence(c, c.Text)
	}
	if c.Operation == account.PutEventTargets { // those of others do not count
		return targetOf(text) == targetOf(c.Text)
	}
	return essence(c, text) == essence(c, c.Text)
}

// former are a queue's attributes before a call that sets some of them; "" takes
// one away again (API reference, SetQueueAttributes).
func former(set, before string) string {
	var want, have struct{ Attributes map[string]string }
	_ = json.Unmarshal([]byte(set), &want) // the plan's own text
	_ = json.Unmarshal([]byte(before), &have)
	for name := range want.Attributes {
		want.Attributes[name] = have.Attributes[name]
	}
	return attributes(want.Attributes)
}
