// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"sort"
	"strings"

	"github.com/bucketlid/bucketlid/bucket"
	"github.com/bucketlid/bucketlid/trail"
)

func newPointChange(r *trail.Record, slot bucket.Slot) *bucket.Change {
	c := newChange(r, slot)
	c.Account, c.Region = controlAccount(r), r.AWSRegion
	c.AccessPoint = pointName(r)
	c.Bucket = first(r.Param("bucket"))
	return c
}

// pointName is the access point's name, also out of its ARN.
func pointName(r *trail.Record) string {
	for _, name := range []string{"name", "accessPointName", "accessPointArn"} {
		if v := first(r.Param(name)); v != "" {
			return tail(tail(v, "/"), ":accesspoint:")
		}
	}
	return ""
}

func readCreateAccessPoint(r *trail.Record) []*bucket.Change {
	c := newPointChange(r, bucket.SlotAccessPoint)
	c.Point = &bucket.AccessPoint{Name: c.AccessPoint, Account: c.Account, VPC: first(r.Param("VpcId")),
		PublicAccessBlock: bucket.AllFlags(bucket.True)}
	if body, ok := trail.Leaf(r.RequestParameters, "PublicAccessBlockConfiguration"); ok {
		if m, ok := body.(map[string]any); ok {
			c.Point.PublicAccessBlock = readBlock(m)
		}
	}
	return succeeded(c)
}

func readDeleteAccessPoint(r *trail.Record) []*bucket.Change {
	c := newPointChange(r, bucket.SlotAccessPoint)
	c.Removed = true
	return succeeded(c)
}

func readPutAccessPointPolicy(r *trail.Record) []*bucket.Change {
	c := newPointChange(r, bucket.SlotAccessPointPolicy)
	setPolicy(c, r, "Policy")
	c.Observed = policyObservations(r)
	return []*bucket.Change{c}
}

func readDeleteAccessPointPolicy(r *trail.Record) []*bucket.Change {
	c := newPointChange(r, bucket.SlotAccessPointPolicy)
	c.Removed = true
	return succeeded(c)
}

// Multi-Region access points. Their calls are answered in us-west-2 and take
// effect minutes to hours later.

func readCreateMultiRegion(r *trail.Record) []*bucket.Change {
	base := newPointChange(r, bucket.SlotAccessPoint)
	base.MultiRegion = true
	base.Point = &bucket.AccessPoint{Name: base.AccessPoint, Account: base.Account,
		PublicAccessBlock: bucket.AllFlags(bucket.True)}
	if body, ok := trail.Leaf(r.RequestParameters, "PublicAccessBlock"); ok {
		if m, ok := body.(map[string]any); ok {
			base.Point.PublicAccessBlock = readBlock(m)
		}
	}
	if base.Outcome == bucket.Refused {
		return nil
	}
	var out []*bucket.Change
	for _, name := range memberBuckets(r) {
		c := *base
		c.Bucket = name
		out = append(out, &c)
	}
	return out
}

// memberBuckets are the buckets behind a multi-Region access point:
// Details.Regions.Region is an object or a list of {Bucket, BucketAccountId}.
func memberBuckets(r *trail.Record) []string {
	regions, _ := trail.Leaf(r.RequestParameters, "Regions")
	seen := map[string]bool{}
	var walk func(v any, depth int)
	walk = func(v any, depth int) {
		switch x := v.(type) {
		case []any:
			for _, e := range x {
				walk(e, depth+1)
			}
		case map[string]any:
			for name, e := range x {
				if s, ok := e.(string); ok && strings.EqualFold(name, "bucket") && s != "" {
					seen[s] = true
				} else if depth < 4 {
					walk(e, depth+1)
				}
			}
		}
	}
	walk(regions, 0)
	names := make([]string, 0, len(seen))
	for n := range seen {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}

func readDeleteMultiRegion(r *trail.Record) []*bucket.Change {
	c := newPointChange(r, bucket.SlotAccessPoint)
	c.MultiRegion, c.Removed, c.Bucket = true, true, ""
	return succeeded(c)
}

func readPutMultiRegionPolicy(r *trail.Record) []*bucket.Change {
	c := newPointChange(r, bucket.SlotAccessPointPolicy)
	c.MultiRegion, c.Bucket = true, ""
	setPolicy(c, r, "Policy")
	c.Observed = policyObservations(r)
	return []*bucket.Change{c}
}
