// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"strings"

	"github.com/bucketlid/bucketlid/bucket"
	"github.com/bucketlid/bucketlid/trail"
)

func readCreateBucket(r *trail.Record) []*bucket.Change {
	c := newChange(r, bucket.SlotBucket)
	if location := first(r.Param("LocationConstraint")); location != "" {
		c.Region = location
	}
	if c.Region == "EU" { // the old name of eu-west-1
		c.Region = "eu-west-1"
	}
	ownership := bucket.ObjectOwnership(first(r.Param("x-amz-object-ownership")))
	c.ACL = readACL(r.RequestParameters)
	c.Create = &bucket.Creation{ACL: c.ACL, Ownership: ownership}
	c.Observed = aclObservations(c, r)
	return []*bucket.Change{c}
}

func readDeleteBucket(r *trail.Record) []*bucket.Change {
	c := newChange(r, bucket.SlotBucket)
	if c.Outcome != bucket.Done {
		return nil
	}
	c.Removed = true
	return []*bucket.Change{c}
}

func readRequestPayment(r *trail.Record) []*bucket.Change {
	c := newChange(r, bucket.SlotPayer)
	c.Value = first(r.Param("Payer"))
	return succeeded(c)
}

func readPutWebsite(r *trail.Record) []*bucket.Change {
	c := newChange(r, bucket.SlotWebsite)
	c.Value = "on"
	if suffix := first(r.Param("Suffix")); suffix != "" {
		c.Value = suffix
	}
	return succeeded(c)
}

func readDeleteWebsite(r *trail.Record) []*bucket.Change {
	c := newChange(r, bucket.SlotWebsite)
	c.Removed = true
	return succeeded(c)
}

func readVersioning(r *trail.Record) []*bucket.Change {
	c := newChange(r, bucket.SlotVersioning)
	c.Value = first(r.Param("Status"))
	return succeeded(c)
}

// readPutReplication keeps where the copies go. The destination's Account and
// ARN tell whether they leave the account.
func readPutReplication(r *trail.Record) []*bucket.Change {
	c := newChange(r, bucket.SlotReplication)
	body, _ := trail.Leaf(r.RequestParameters, "ReplicationConfiguration")
	for _, d := range destinations(body, 0) {
		account := textOf(d, "Account")
		c.Details = append(c.Details, strings.TrimPrefix(textOf(d, "Bucket"), "arn:aws:s3:::")+" "+account)
		if account != "" && account != c.Account {
			c.Value = account
		}
	}
	return []*bucket.Change{c}
}

func readDeleteReplication(r *trail.Record) []*bucket.Change {
	c := newChange(r, bucket.SlotReplication)
	c.Removed = true
	return succeeded(c)
}

// destinations finds the Destination objects of a replication configuration,
// whose Rule is an object or a list.
func destinations(v any, depth int) []map[string]any {
	if depth > 6 {
		return nil
	}
	var out []map[string]any
	switch x := v.(type) {
	case []any:
		for _, e := range x {
			out = append(out, destinations(e, depth+1)...)
		}
	case map[string]any:
		if d, ok := x["Destination"].(map[string]any); ok {
			return append(out, d)
		}
		if rule, ok := x["Rule"]; ok {
			return destinations(rule, depth+1)
		}
	}
	return out
}

func textOf(m map[string]any, name string) string {
	s := scalars(m[name])
	if len(s) == 1 {
		return s[0]
	}
	if n, ok := m[name].(interface{ String() string }); ok {
		return n.String()
	}
	return ""
}

// succeeded keeps a change of a setting that matters only once it is made.
func succeeded(c *bucket.Change) []*bucket.Change {
	if c.Outcome == bucket.Refused {
		return nil
	}
	return []*bucket.Change{c}
}
