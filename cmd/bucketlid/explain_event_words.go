// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/bucketlid/bucketlid/bucket"
	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/policy"
	"github.com/bucketlid/bucketlid/replay"
	"github.com/bucketlid/bucketlid/report"
	"github.com/bucketlid/bucketlid/trail"
)

// eventFrom starts an explanation with what the record says of the call.
func eventFrom(r *trail.Record, changes []*bucket.Change, uses []*replay.Use) report.Event {
	u := r.UserIdentity
	e := report.Event{
		Who: &exposure.Actor{
			UserName: replay.Shown(r), ARN: u.ARN, Type: u.Type, AccountID: u.AccountID, SourceIPAddress: r.SourceIPAddress,
			UserAgent: r.UserAgent, EventName: r.EventName, EventID: r.EventID, InvokedBy: u.InvokedBy,
			AccessKeyID: u.AccessKeyID, SourceIdentity: u.SourceIdentity,
		},
		Service: r.EventSource, Account: r.RecipientAccountID, Region: r.AWSRegion, Outcome: outcomeOf(r.ErrorCode, changes),
		Error:   strings.Trim(r.ErrorCode+": "+r.ErrorMessage, ": "),
		Changes: []report.EventChange{}, Effects: []string{}, Alerts: []report.EventAlert{}, Unknowns: []string{}, Problems: []string{},
	}
	if !r.EventTime.IsZero() {
		at := r.EventTime.UTC()
		e.Who.EventTime = &at
	}
	switch {
	case len(changes) > 0:
		c := changes[0]
		e.Account, e.Region, e.Bucket, e.Key = cmp.Or(c.Account, e.Account), cmp.Or(c.Region, e.Region), c.Bucket, c.Key
		e.AccessPoint = c.AccessPoint
	case len(uses) > 0:
		e.Account, e.Bucket = cmp.Or(uses[0].Owner, e.Account), uses[0].Bucket
	}
	if e.Bucket == "" && len(changes) == 0 {
		e.Bucket = strings.Join(r.Param("bucketName"), ", ")
	}
	if e.Key == "" {
		e.Key, _ = r.RequestParameters["key"].(string) // not the Key of a tag or an error page
	}
	return e
}

// failures are the beginnings of error codes that tell of a fault in the call or
// the service, not of a refusal.
var failures = []string{"NoSuch", "Malformed", "Throttl", "SlowDown", "OperationAborted", "BucketAlready", "BucketNotEmpty", "InvalidArgument", "InvalidRequest"}

func outcomeOf(code string, changes []*bucket.Change) string {
	switch {
	case len(changes) > 0 && changes[0].Outcome == bucket.Unclear:
		return "unclear"
	case code != "" && slices.ContainsFunc(failures, func(f string) bool { return strings.HasPrefix(code, f) }):
		return "failed"
	case code != "":
		return "denied"
	}
	return "allowed"
}

func describeChanges(e *report.Event, changes []*bucket.Change) {
	for _, c := range changes {
		one := report.EventChange{Setting: string(c.Slot), To: settingWords(c)}
		for _, o := range c.Observed {
			one.Proves = append(one.Proves, o.Why)
		}
		for _, text := range c.Details {
			one.To += "; " + text
		}
		e.Changes = append(e.Changes, one)
	}
}

// settingWords is the value that a change sets, in words.
func settingWords(c *bucket.Change) string {
	switch {
	case c.PayloadLost != "":
		return "not known: " + c.PayloadLost
	case c.Slot == bucket.SlotObservation:
		return "read, not changed"
	case c.Block != nil && c.Removed:
		return "removed: all four flags off"
	case c.Removed:
		return "removed"
	case c.Block != nil:
		return flagWords(*c.Block)
	case c.Policy != nil:
		v := judge(c.Policy.Document, changeFacts(c))
		return report.PolicyHeadline(&v)
	case c.ACL != nil:
		return grantWords(c.ACL)
	case c.Ownership != "":
		return string(c.Ownership)
	case c.Create != nil:
		return createWords(c.Create)
	case c.Point != nil:
		return pointWords(c.Point)
	case c.Slot == bucket.SlotBucket:
		return "created"
	}
	return cmp.Or(c.Value, "set")
}

// changeFacts are what the record of a policy tells of the resource.
func changeFacts(c *bucket.Change) policy.Facts {
	f := policy.Facts{Bucket: c.Bucket, Account: c.Account, Region: c.Region, At: c.Event.Time}
	if c.Slot == bucket.SlotAccessPointPolicy {
		f, _, _, _ = settle(c.Policy.Document, policy.Facts{Account: c.Account, Region: c.Region, At: c.Event.Time}) // no bucket is given that it could contradict
		f.AccessPoint = cmp.Or(f.AccessPoint, c.AccessPoint)
	}
	return f
}

func flagWords(b bucket.PublicAccessBlock) string {
	var words []string
	for _, f := range bucket.Flags {
		state := map[bucket.Tri]string{bucket.True: "on", bucket.False: "off"}[b[f]]
		words = append(words, f.String()+" "+cmp.Or(state, "not told"))
	}
	return strings.Join(words, ", ")
}

func grantWords(acl *bucket.ACL) string {
	var words []string
	for _, g := range acl.Grants {
		name := g.Grantee.String()
		words = append(words, name[strings.LastIndexByte(name, '/')+1:]+" "+string(g.Permission))
	}
	if len(words) > 20 {
		words = append(words[:20], fmt.Sprintf("and %d more grants", len(words)-20))
	}
	return acl.Form + ": " + strings.Join(words, ", ")
}

func createWords(n *bucket.Creation) string {
	text := "created"
	if n.ACL != nil {
		text += " with the ACL " + grantWords(n.ACL)
	}
	if n.Ownership != "" {
		text += " with Object Ownership " + string(n.Ownership)
	}
	return text
}

func pointWords(p *bucket.AccessPoint) string {
	origin := "reachable from the internet"
	if p.VPC != "" {
		origin = "reachable only from " + p.VPC
	}
	return "access point " + p.Name + ", " + origin + ", " + flagWords(p.PublicAccessBlock)
}
