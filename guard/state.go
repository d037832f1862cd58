// SPDX-License-Identifier: Apache-2.0

// Package guard plans lasting protection of an account: what keeps buckets shut
// (Block Public Access of the account), what notices that one opens (rules of AWS
// Config), and what feeds the calls that open one (EventBridge and SQS).
//
// A plan is a pure function of what was read: nothing here reads a clock, a file
// or the network. [Run] works on whatever keeps the settings.
package guard

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/bucketlid/bucketlid/account"
	"github.com/bucketlid/bucketlid/remedy"
)

// State is what of one account was read for a plan.
type State struct {
	Account   string
	Partition string // aws, aws-cn or aws-us-gov
	Home      string // the Region that is asked first
	Block     account.Setting
	Buckets   []remedy.State // every bucket of the account
	Watches   []account.Watch
	// Replace says that what others made under guard's names may be replaced.
	Replace bool
}

// Saved is what a plan replaces or rests on, byte for byte.
type Saved struct {
	Block   account.Setting `json:"block_public_access"`
	Watches []account.Watch `json:"watches"`
}

// known reports whether AWS told the setting.
func known(s account.Setting) bool {
	return s.Status == account.Present || s.Status == account.Absent
}

// watch finds what was read of a Region.
func (s State) watch(region string) (account.Watch, bool) {
	for _, w := range s.Watches {
		if w.Region == region {
			return w, true
		}
	}
	return account.Watch{}, false
}

// at is the setting that a call changes.
func (s State) at(c account.Call) account.Setting {
	w, ok := s.watch(c.Region)
	switch c.Operation {
	case account.PutAccountBlock, account.DeleteAccountBlock:
		return s.Block
	case account.PutConfigRule, account.DeleteConfigRule:
		return account.RuleIn(w.RuleList, w.Rules, c.Name)
	case account.PutEventRule, account.DeleteEventRule:
		return w.EventRule
	case account.PutEventTargets, account.RemoveEventTargets:
		return w.Targets
	}
	switch {
	case ok && c.Name == FeedNames.Queue:
		return w.Queue
	case ok && c.Name == FeedNames.DeadLetters:
		return w.DeadLetters
	}
	return account.Setting{Status: account.Failed, Problem: "it was not read"}
}

// fingerprint names what a plan rests on: the settings that its calls replace,
// and the buckets whose access they change. That other buckets come, go or
// change does not make a plan stale.
func fingerprint(parts map[string]string) string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		_, _ = fmt.Fprintf(h, "%q %q\n", name, parts[name])
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}

// meaning is a setting as a fingerprint takes it.
func meaning(c account.Call, s account.Setting) string {
	if s.Status != account.Present {
		return string(s.Status)
	}
	return string(s.Status) + " " + essence(c, s.Text)
}

// essence is the part of a text that somebody sets: AWS adds ids, states and
// owners of its own.
func essence(c account.Call, text string) string {
	var m map[string]any
	if json.Unmarshal([]byte(text), &m) != nil {
		return text
	}
	for name, value := range m {
		if drop[c.Operation][name] || value == "" {
			delete(m, name)
		}
	}
	inner(m)
	out, err := json.Marshal(m)
	if err != nil {
		return text
	}
	return string(out)
}

// drop are the members that AWS adds to a setting (API references of AWS Config,
// EventBridge).
var drop = map[account.Operation]map[string]bool{
	account.PutConfigRule:    {"ConfigRuleArn": true, "ConfigRuleId": true, "ConfigRuleState": true, "CreatedBy": true, "EvaluationModes": true, "RuleEvaluationVisibility": true},
	account.DeleteConfigRule: {"ConfigRuleArn": true, "ConfigRuleId": true, "ConfigRuleState": true, "CreatedBy": true, "EvaluationModes": true, "RuleEvaluationVisibility": true},
	account.PutEventRule:     {"Arn": true, "CreatedBy": true, "EventBusName": true, "Name": true, "ManagedBy": true},
	account.DeleteEventRule:  {"Arn": true, "CreatedBy": true, "EventBusName": true, "Name": true, "ManagedBy": true},
}

// inner decodes JSON that is kept as text in JSON, such as a queue's Policy, so
// that its layout does not count.
func inner(m map[string]any) {
	for name, value := range m {
		switch v := value.(type) {
		case map[string]any:
			inner(v)
		case string:
			var decoded map[string]any
			if json.Unmarshal([]byte(v), &decoded) == nil {
				inner(decoded)
				m[name] = decoded
			}
		case float64: // SQS gives a number back as it was set, or as text
			m[name] = strconv.FormatFloat(v, 'f', -1, 64)
		}
	}
}
