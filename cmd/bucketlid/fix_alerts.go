// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/bucketlid/bucketlid/account"
	"github.com/bucketlid/bucketlid/remedy"
	"github.com/bucketlid/bucketlid/report"
	"github.com/bucketlid/bucketlid/triage"
)

// alertsOf gathers the alerts of a stream.
type alertsOf struct {
	list    []triage.Alert
	read    *time.Time // when a scan read the accounts
	scanned string     // the same, where it looked at all objects
}

// Handle keeps alerts.
func (a *alertsOf) Handle(m report.Message) error {
	switch {
	case m.Alert != nil:
		a.list = append(a.list, *m.Alert)
	case m.Config != nil && m.Config.Command == "scan":
		a.read = m.Config.Read
	case m.Skipped != nil:
		a.read = nil // a look that missed something is none at all
	case m.Summary != nil && a.read != nil && len(m.Summary.NotLooked) == 0:
		a.scanned = a.read.UTC().Format(time.RFC3339)
	}
	return nil
}

// Close does nothing.
func (a *alertsOf) Close() error { return nil }

// fromStream plans for the alerts of one bucket in a saved stream.
func (f *planFlags) fromStream(ctx context.Context, name, id string, objects []account.ObjectACL) (remedy.Request, error) {
	file, err := os.Open(name)
	if err != nil {
		return remedy.Request{}, usageError("give a stream that hunt or scan wrote with -o jsonl", "%v", err)
	}
	defer file.Close()
	var found alertsOf
	if err := report.Read(file, &found); err != nil {
		return remedy.Request{}, usageError("give a stream that hunt or scan wrote with -o jsonl, or saved settings", "%s: %v", name, err)
	}
	list, err := about(found.list, id, name)
	if err != nil {
		return remedy.Request{}, err
	}
	whom, err := f.whom.named()
	if i := slices.IndexFunc(list, func(a triage.Alert) bool { return a.ID == id }); i >= 0 {
		whom, err = f.whom.ofAlert(&list[i])
	}
	if err != nil {
		return remedy.Request{}, err
	}
	mine, beyond := objectsOf(list, id)
	objects, more := asMany(append(objects, mine...))
	beyond = append(beyond, more...)
	state, err := f.read(ctx, list[0].Bucket, list[0].Account, list[0].Region, objects)
	r := remedy.Request{State: state, Alert: id, Readers: readersOf(list, whom), Whom: whom, Scanned: found.scanned, Beyond: beyond}
	for i := range list {
		if more := list[i].Objects - len(list[i].Keys); more > 0 && list[i].Objects > 0 && (id == "" || id == list[i].ID) {
			r.Beyond = append(r.Beyond, fmt.Sprintf("%d objects that alert %s counts and does not name", more, list[i].ID))
		}
		if by := list[i].OpenedBy; by != nil {
			r.Marks = append(r.Marks, by.UserAgent, by.InvokedBy)
		}
	}
	return r, err
}

// objectsOf are the objects that alerts name: those of one alert where a plan is for
// one, and then it is said what the others name.
func objectsOf(list []triage.Alert, id string) (objects []account.ObjectACL, beyond []string) {
	others := 0
	for i := range list {
		if id == "" || list[i].ID == id {
			objects = append(objects, objectsNamed(alertKeys(&list[i]))...)
		} else {
			others += max(list[i].Objects, len(alertKeys(&list[i])))
		}
	}
	if others > 0 {
		beyond = []string{counted(others, "object") + " of other alerts about the bucket; a plan for all of them: without the alert's id"}
	}
	return objects, beyond
}

// asMany are as many objects as one plan takes, and what is said of the others.
func asMany(objects []account.ObjectACL) (some []account.ObjectACL, beyond []string) {
	more := len(objects) - remedy.MaxObjects
	if more <= 0 {
		return objects, nil
	}
	return objects[:remedy.MaxObjects], []string{fmt.Sprintf("%d more objects that the alerts name: one plan takes %d; scan and plan again once this one is applied", more, remedy.MaxObjects)}
}

// about chooses the alerts to plan for: all of one bucket.
func about(list []triage.Alert, id, name string) ([]triage.Alert, error) {
	bucket := ""
	var buckets []string
	for _, a := range list {
		if a.ID == id {
			bucket = a.Bucket
		}
		if (a.Kind == triage.KindPublic || a.Kind == triage.KindLatent) && a.ClosedAt == nil && a.Bucket != "" && !slices.Contains(buckets, a.Bucket) {
			buckets = append(buckets, a.Bucket)
		}
	}
	switch {
	case id != "" && bucket == "":
		return nil, usageError("see the ids with: bucketlid report "+name, "%s has no alert %s about a bucket", name, id)
	case id == "" && len(buckets) == 0:
		return nil, usageError("a bucket can be planned for by its name", "%s has no open alert", name)
	case id == "" && len(buckets) > 1:
		return nil, usageError("choose one with --alert ID, or name the bucket", "%s has open alerts about %d buckets: %s", name, len(buckets), strings.Join(firstFew(buckets), ", "))
	case id == "":
		bucket = buckets[0]
	}
	return slices.DeleteFunc(slices.Clone(list), func(a triage.Alert) bool { return a.Bucket != bucket }), nil
}

func alertKeys(a *triage.Alert) []string {
	if a.Key != "" {
		return []string{a.Key}
	}
	return a.Keys
}

// readersOf is what the alerts tell of the use by strangers, or by those named.
func readersOf(list []triage.Alert, whom remedy.Whom) remedy.Readers {
	var r remedy.Readers
	for i := range list {
		if len(whom) > 0 && !slices.ContainsFunc(list[i].Principals, func(p string) bool { return slices.Contains(whom, p) }) {
			continue
		}
		seen := &list[i].AccessSeen
		if seen.Verdict == "cannot-be-known" {
			r.Why = cmp.Or(r.Why, seen.Why)
			continue
		}
		r.Looked = true
		r.Requests += seen.Requests
		for _, s := range seen.Strangers {
			if s.Requests > s.Denied {
				r.Strangers = append(r.Strangers, fmt.Sprintf("%s (%s), %d requests", s.SourceIPAddress, s.Account, s.Requests))
			}
		}
		if seen.Last != nil {
			r.Last = max(r.Last, seen.Last.UTC().Format(time.RFC3339))
		}
	}
	slices.Sort(r.Strangers)
	r.Strangers = slices.Compact(r.Strangers)
	return r
}
