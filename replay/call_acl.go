// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"cmp"
	"encoding/json"
	"slices"
	"sort"
	"strings"

	"github.com/bucketlid/bucketlid/bucket"
	"github.com/bucketlid/bucketlid/trail"
)

func readPutBucketACL(r *trail.Record) []*bucket.Change {
	c := newChange(r, bucket.SlotACL)
	setACL(c, r)
	return []*bucket.Change{c}
}

func readPutObjectACL(r *trail.Record) []*bucket.Change {
	c := newChange(r, bucket.SlotObjectACL)
	c.Key, c.Version = objectKey(r), versionID(first(r.Param("versionId")))
	setACL(c, r)
	return []*bucket.Change{c}
}

// setACL fills the ACL of a Put…Acl call. A successful call without any of the
// three forms had its payload withheld (semantics A.4 d).
func setACL(c *bucket.Change, r *trail.Record) {
	c.ACL = readACL(r.RequestParameters)
	if c.ACL == nil && c.Outcome == bucket.Done {
		c.PayloadLost = "the log does not hold the ACL that " + r.EventName + " set"
	}
	if c.ACL != nil && c.ACL.Partial != "" && !c.ACL.Public() && c.Outcome == bucket.Done {
		c.PayloadLost = "the ACL in the log cannot be read: " + c.ACL.Partial
	}
	c.Observed = append(c.Observed, aclObservations(c, r)...)
}

// readACL reads an ACL in any of its three forms: body, canned name, grant
// headers, at whatever depth. It returns nil when none is there. Forms together,
// which S3 refuses, give their union.
func readACL(params map[string]any) *bucket.ACL {
	var acl *bucket.ACL
	join := func(next *bucket.ACL) {
		if acl == nil {
			acl = next
			return
		}
		acl.Grants = append(acl.Grants, next.Grants...)
		acl.Partial = cmp.Or(acl.Partial, next.Partial)
		acl.Ambiguous = true
	}
	if body, ok := trail.Leaf(params, "AccessControlPolicy"); ok && body != nil {
		join(bucket.ACLDocument(body))
	}
	canned, grants := aclHeaders(params)
	for _, name := range canned {
		join(bucket.Canned(name))
	}
	if len(grants) > 0 {
		byHeaders := &bucket.ACL{Form: "grant headers"}
		for _, h := range grants {
			byHeaders.AddHeader(h.permission, h.value)
		}
		join(byHeaders)
	}
	return acl
}

type grantHeader struct {
	name       string
	permission bucket.Permission
	value      string
}

// aclHeaders are the non-empty values of x-amz-acl and of the x-amz-grant-
// headers, wherever they stand and in whatever letter case; "_" for "-" is
// tolerated. A value that is no text is given as JSON, which no ACL is: it then
// counts as one that cannot be read.
func aclHeaders(params map[string]any) (canned []string, grants []grantHeader) {
	trail.Walk(params, func(name string, v any) bool {
		permission, grant := bucket.HeaderPermission(name)
		if !grant && strings.ReplaceAll(strings.ToLower(name), "_", "-") != "x-amz-acl" {
			return true
		}
		for _, value := range headerTexts(v) {
			if grant {
				grants = append(grants, grantHeader{name, permission, value})
			} else {
				canned = append(canned, value)
			}
		}
		return true
	})
	sort.Strings(canned)
	slices.SortFunc(grants, func(a, b grantHeader) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.value, b.value))
	})
	return canned, grants
}

func headerTexts(v any) []string {
	switch x := v.(type) {
	case nil:
		return nil
	case string:
		if x == "" {
			return nil
		}
		return []string{x}
	case []any:
		var out []string
		for _, e := range x {
			out = append(out, headerTexts(e)...)
		}
		return out
	}
	text, _ := json.Marshal(v)
	return []string{clip(string(text))}
}

func scalars(v any) []string {
	switch x := v.(type) {
	case string:
		return []string{x}
	case []any:
		var out []string
		for _, e := range x {
			out = append(out, scalars(e)...)
		}
		return out
	}
	return nil
}

func objectKey(r *trail.Record) string { return clip(rawObjectKey(r)) }

func rawObjectKey(r *trail.Record) string {
	if k := first(r.Param("key")); k != "" {
		return k
	}
	for _, res := range r.Resources {
		if res.Type == "AWS::S3::Object" {
			_, path, _ := strings.Cut(res.ARN, ":::")
			if _, key, ok := strings.Cut(path, "/"); ok {
				return key
			}
		}
	}
	return ""
}

// aclObservations reads what a refusal of an ACL proves (semantics A.5).
func aclObservations(c *bucket.Change, r *trail.Record) []bucket.Observation {
	if c.Outcome != bucket.Refused {
		return nil
	}
	switch {
	case strings.Contains(r.ErrorMessage, "BlockPublicAcls"), r.ErrorCode == "InvalidBucketAclWithBlockPublicAccessError":
		return []bucket.Observation{{Kind: bucket.SeesEffectiveFlag, Flag: bucket.BlockPublicAcls, Value: bucket.True,
			Why: r.EventName + " was refused by BlockPublicAcls"}}
	case r.ErrorCode == "AccessControlListNotSupported":
		return []bucket.Observation{{Kind: bucket.SeesOwnership, Owner: bucket.BucketOwnerEnforced,
			Why: r.EventName + " was refused with AccessControlListNotSupported"}}
	}
	return nil
}
