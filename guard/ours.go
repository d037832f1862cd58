// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/bucketlid/bucketlid/account"
)

// mark begins the description of every rule that guard makes. A queue has no
// description: there the statement of its policy is the mark.
const mark = "bucketlid guard: "

// statementID is the Sid of the statement that lets EventBridge send.
const statementID = "BucketlidEvents"

// ours reports whether guard made what a call would change, or an earlier run of
// it. What others made under the same name is theirs.
func (s State) ours(c account.Call, text string) bool {
	switch c.Operation {
	case account.PutConfigRule, account.PutEventRule:
		var v struct{ Description string }
		_ = json.Unmarshal([]byte(text), &v) // no description is not ours
		return strings.HasPrefix(v.Description, mark)
	case account.CreateQueue, account.SetQueueAttributes:
		if c.Name == FeedNames.DeadLetters { // it has no policy: the queue names it
			w, _ := s.watch(c.Region)
			return w.Queue.Status == account.Present && ourQueue(w.Queue.Text) &&
				strings.Contains(queueAttribute(w.Queue.Text, "RedrivePolicy"), feed{s, c.Region}.arn("sqs", FeedNames.DeadLetters))
		}
		return ourQueue(text)
	}
	// The account's block is the account's whoever set it, and a target bears our id.
	return true
}

func ourQueue(text string) bool {
	var policy struct{ Statement []struct{ Sid string } }
	_ = json.Unmarshal([]byte(queueAttribute(text, "Policy")), &policy) // no policy is not ours
	return slices.ContainsFunc(policy.Statement, func(s struct{ Sid string }) bool { return s.Sid == statementID })
}

func queueAttribute(text, name string) string {
	var v struct{ Attributes map[string]string }
	_ = json.Unmarshal([]byte(text), &v) // a queue without attributes has none
	return v.Attributes[name]
}

// targetOf is our target in the text of a rule's targets; "" where there is none.
func targetOf(text string) string {
	var v struct{ Targets []struct{ ID, Arn string } }
	_ = json.Unmarshal([]byte(text), &v) // no targets
	for _, t := range v.Targets {
		if t.ID == account.TargetID {
			return t.Arn
		}
	}
	return ""
}
