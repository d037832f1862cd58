// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"slices"
	"strings"

	"github.com/bucketlid/bucketlid/policy"
)

// dangers are what an access class lets outsiders do, in words: what each means
// on a bucket is not what people take it for.
var dangers = map[policy.Access]string{
	policy.Write:       "write and overwrite objects: plant files, or make the owner pay",
	policy.Delete:      "delete objects",
	policy.ACLWrite:    "change ACLs, and so give themselves everything else: a takeover",
	policy.ConfigWrite: "change settings of the bucket: a takeover",
}

// permission weighs what was granted, to whom, and on how much (semantics B.7,
// D.2). It is not about whether that was meant.
func permission(r *ranker, a *Alert, e *evidence) {
	if a.Kind == KindAttempt || a.Kind == KindGuardRemoved {
		e.strongNo("nothing was granted")
		return
	}
	if deliversLogs(a) {
		e.strongNo("AWS's own load balancers may write their logs (account %s)", strings.Join(a.Principals, ", "))
		return
	}
	who := audienceWords[a.Audience]
	if who == "" {
		who = "the account " + strings.Join(a.Principals, ", ")
	}
	r.letIn(a, e)
	if a.Audience == policy.AnyAWSAccount {
		who += " (as good as anyone: an account is free)"
	}
	granted := &evidence{}
	for _, access := range a.Access {
		switch access {
		case policy.Write, policy.Delete, policy.ACLWrite, policy.ConfigWrite:
			granted.strongYes("%s may %s", who, dangers[access])
		case policy.Read:
			reads(a, who, granted)
		}
	}
	mild(a, who, granted)
	e.take(granted)
}

// mild weighs what is harmless alone: beside what is not, it makes nothing better.
func mild(a *Alert, who string, granted *evidence) {
	alone := len(granted.strongFor)+len(granted.weakFor) == 0
	for _, access := range a.Access {
		switch access {
		case policy.Write, policy.Delete, policy.ACLWrite, policy.ConfigWrite, policy.Read:
		case policy.List:
			switch {
			case alone:
				granted.weakNo("%s may list the names of objects; that alone reads none", who)
			case slices.Contains(a.Access, policy.Read):
				granted.weakYes("%s may list the names of objects, and so find what to read", who)
			default:
				granted.weakYes("%s may list the names of objects", who)
			}
		default:
			if alone {
				granted.weakNo("%s may only %s", who, accessWords[access])
			}
		}
	}
}

func reads(a *Alert, who string, e *evidence) {
	var objects []string // the scope names the bucket too, where other access is to it
	for _, s := range a.Scope.Include {
		if strings.Contains(s, "/") {
			objects = append(objects, s)
		}
	}
	whole := slices.ContainsFunc(objects, func(s string) bool { return strings.HasSuffix(s, "/*") && strings.Count(s, "/") == 1 })
	part := slices.ContainsFunc(objects, func(s string) bool { return strings.ContainsAny(s, "*?") })
	switch {
	case a.lets == letsOwn:
		e.weakNo("only your own networks may read")
	case whole:
		e.strongYes("%s may read every object of the bucket", who)
	case part:
		e.weakYes("%s may read the objects under %s", who, strings.Join(objects[:min(3, len(objects))], ", "))
	case a.Objects > 0:
		e.weakYes("%s may read %d objects", who, a.Objects)
	case len(objects) > 1 && a.Key == "":
		e.weakNo("%s may read %d named objects only", who, len(objects))
	default:
		e.weakNo("%s may read one object only", who)
	}
}
