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
	for _, access := range a.Access {
		switch access {
		case policy.Write, policy.Delete, policy.ACLWrite, policy.ConfigWrite:
			e.strongYes("%s may %s", who, dangers[access])
		case policy.Read:
			reads(a, who, e)
		case policy.List:
			e.weakNo("%s may list the names of objects; that alone reads none", who)
		default:
			e.weakNo("%s may only %s", who, accessWords[access])
		}
	}
	if a.Audience == policy.AnyAWSAccount {
		e.lacks("\"any AWS account\" is as good as anyone: an account is free")
	}
}

func reads(a *Alert, who string, e *evidence) {
	whole := slices.ContainsFunc(a.Scope.Include, func(s string) bool { return strings.HasSuffix(s, "/*") && strings.Count(s, "/") == 1 })
	part := slices.ContainsFunc(a.Scope.Include, func(s string) bool { return strings.ContainsAny(s, "*?") })
	switch {
	case a.lets == letsOwn:
		e.weakNo("only your own networks may read")
	case whole:
		e.strongYes("%s may read every object of the bucket", who)
	case part:
		e.weakYes("%s may read the objects under %s", who, strings.Join(a.Scope.Include[:min(3, len(a.Scope.Include))], ", "))
	case a.Objects > 0:
		e.weakYes("%s may read %d objects", who, a.Objects)
	case len(a.Scope.Include) > 1 && a.Key == "":
		e.weakNo("%s may read %d named objects only", who, len(a.Scope.Include))
	default:
		e.weakNo("%s may read one object only", who)
	}
}
