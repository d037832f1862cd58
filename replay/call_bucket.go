// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"github.com/bucketlid/bucketlid/bucket"
	"github.com/bucketlid/bucketlid/trail"
)

func readCreateBucket(r *trail.Record) []*bucket.Change {
	c := newChange(r, bucket.SlotBucket)
	// What a refused call asked for says nothing of a bucket that is there already.
	if location := first(r.Param("LocationConstraint")); location != "" && c.Outcome != bucket.Refused {
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
