// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/replay"
)

const (
	// changeSetSpan is how long after its last object a change set may go on.
	changeSetSpan = 10 * time.Minute
	// maxKeys bounds the keys that an alert lists.
	maxKeys = 20
)

// changeSets makes one alert of the objects that one caller opened one after
// the other in the same way: a copy of a folder with a public ACL is one deed.
// The alert takes its id from the first of them.
func changeSets(alerts []Alert) []Alert {
	var out, objects []Alert
	for _, a := range alerts {
		if a.Key == "" || a.OpenedAt == nil || a.OpenedBy == nil {
			out = append(out, a)
		} else {
			objects = append(objects, a)
		}
	}
	slices.SortStableFunc(objects, func(a, b Alert) int {
		return cmp.Or(cmp.Compare(deed(&a), deed(&b)), a.OpenedAt.Compare(*b.OpenedAt), cmp.Compare(a.Key, b.Key), cmp.Compare(a.ID, b.ID))
	})
	for len(objects) > 0 {
		n := 1
		for n < len(objects) && deed(&objects[n]) == deed(&objects[0]) && objects[n].OpenedAt.Sub(*objects[n-1].OpenedAt) <= changeSetSpan {
			n++
		}
		out = append(out, changeSet(objects[:n]))
		objects = objects[n:]
	}
	return out
}

// deed is what the objects of a change set share.
func deed(a *Alert) string {
	by := a.OpenedBy
	return fmt.Sprintf("%s|%s|%s|%s|%v|%v|%s|%s|%s", a.Kind, a.Bucket, a.Route, a.Audience, a.Access, a.Principals,
		replay.PrincipalKey(by.ARN, by.InvokedBy, by.AccountID, ""), by.SourceIPAddress, by.UserAgent)
}

// changeSet joins alerts of single objects, in order of time.
func changeSet(objects []Alert) Alert {
	if len(objects) == 1 {
		return objects[0]
	}
	// What is still open speaks for all.
	speaker := slices.IndexFunc(objects, func(a Alert) bool { return a.State == exposure.Open })
	set := objects[max(speaker, 0)]
	set.ID, set.OpenedAt, set.OpenedBy = objects[0].ID, objects[0].OpenedAt, objects[0].OpenedBy
	set.Key, set.Exposures, set.Reasons, set.Unknowns = "", nil, slices.Clone(objects[0].Reasons), nil
	set.Keys, set.Scope.Include, set.Scope.Exclude = nil, nil, nil
	open := 0
	for i := range objects {
		o := &objects[i]
		set.Keys = append(set.Keys, o.Key)
		set.Exposures = append(set.Exposures, o.Exposures...)
		set.Unknowns = appendNew(set.Unknowns, o.Unknowns[:min(len(o.Unknowns), maxKeys)]...)
		set.escalated = set.escalated || o.escalated
		if o.State == exposure.Open {
			open++
		}
		if speaker < 0 && o.ClosedAt != nil && (set.ClosedAt == nil || o.ClosedAt.After(*set.ClosedAt)) {
			set.ClosedAt, set.ClosedBy = o.ClosedAt, o.ClosedBy
		}
	}
	slices.Sort(set.Keys)
	set.Keys = slices.Compact(set.Keys)
	set.Objects = len(set.Keys)
	set.Keys = set.Keys[:min(len(set.Keys), maxKeys)]
	for _, key := range set.Keys {
		set.Scope.Include = append(set.Scope.Include, set.Bucket+"/"+key)
	}
	set.Unknowns = set.Unknowns[:min(len(set.Unknowns), maxKeys)]
	set.Reasons = append(set.Reasons, fmt.Sprintf("%d objects in all, the last at %s; %d still open", set.Objects, clock(objects[len(objects)-1].OpenedAt), open))
	return set
}
