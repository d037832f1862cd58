// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"strings"

	"github.com/bucketlid/bucketlid/bucket"
	"github.com/bucketlid/bucketlid/trail"
)

// Settings by which S3 itself sends objects, their names or word of them
// elsewhere (semantics A.3 rows 22, 26 and 27, B.7 N10). Change.Value is the
// foreign account that they go to, "" where none is named; Details are all
// destinations.

// readPutReplication keeps where the copies go. The destination's Account and
// ARN tell whether they leave the account.
func readPutReplication(r *trail.Record) []*bucket.Change {
	c := newChange(r, bucket.SlotReplication)
	body, _ := trail.Leaf(r.RequestParameters, "ReplicationConfiguration")
	for _, d := range destinations(body, 0) {
		sendsTo(c, textOf(d, "Bucket"), textOf(d, "Account"))
	}
	return []*bucket.Change{c}
}

func readDeleteReplication(r *trail.Record) []*bucket.Change {
	c := newChange(r, bucket.SlotReplication)
	c.Removed = true
	return succeeded(c)
}

// readPutInventory keeps where the lists of objects go. A bucket has up to 1,000
// such settings, told apart by an id (API page PutBucketInventoryConfiguration);
// one that is not enabled sends nothing.
func readPutInventory(r *trail.Record) []*bucket.Change {
	c := newChange(r, bucket.SlotInventory)
	body, _ := trail.Leaf(r.RequestParameters, "InventoryConfiguration")
	m, _ := body.(map[string]any)
	c.Key = inventoryID(r, m)
	if first(r.Param("IsEnabled")) == "false" {
		c.Removed = true
		return succeeded(c)
	}
	for _, d := range destinations(body, 0) {
		if inner, ok := d["S3BucketDestination"].(map[string]any); ok {
			sendsTo(c, textOf(inner, "Bucket"), textOf(inner, "AccountId"))
		}
	}
	return succeeded(c)
}

func readDeleteInventory(r *trail.Record) []*bucket.Change {
	c := newChange(r, bucket.SlotInventory)
	c.Key, c.Removed = inventoryID(r, nil), true
	return succeeded(c)
}

func inventoryID(r *trail.Record, body map[string]any) string {
	if id := first(r.Param("id")); id != "" {
		return id
	}
	return textOf(body, "Id")
}

// readPutNotification keeps whose topics, queues and functions are told of
// objects. A call replaces all of them (API page
// PutBucketNotificationConfiguration).
func readPutNotification(r *trail.Record) []*bucket.Change {
	c := newChange(r, bucket.SlotNotification)
	body, _ := trail.Leaf(r.RequestParameters, "NotificationConfiguration")
	for _, name := range receivers(body, 0) {
		sendsTo(c, name, "")
	}
	c.Removed = len(c.Details) == 0
	return succeeded(c)
}

// sendsTo notes a destination by its ARN, and its account where that is told.
func sendsTo(c *bucket.Change, name, account string) {
	if parts := strings.SplitN(name, ":", 6); account == "" && len(parts) == 6 && parts[0] == "arn" {
		account = parts[4] // the ARN of a bucket has none
	}
	c.Details = append(c.Details, strings.TrimPrefix(name, "arn:aws:s3:::")+" "+account)
	if account != "" && account != c.Account {
		c.Value = account
	}
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

// receivers finds the ARNs of topics, queues and functions in a notification
// configuration, whose members are objects or lists of them.
func receivers(v any, depth int) []string {
	if depth > 6 {
		return nil
	}
	var out []string
	switch x := v.(type) {
	case []any:
		for _, e := range x {
			out = append(out, receivers(e, depth+1)...)
		}
	case map[string]any:
		for _, kind := range []string{"TopicConfiguration", "QueueConfiguration", "CloudFunctionConfiguration", "LambdaFunctionConfiguration"} {
			out = append(out, receivers(x[kind], depth+1)...)
		}
		for _, kind := range []string{"Topic", "Queue", "CloudFunction", "LambdaFunctionArn"} {
			if name := textOf(x, kind); name != "" {
				out = append(out, name)
			}
		}
	}
	return out
}
