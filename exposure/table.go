// SPDX-License-Identifier: Apache-2.0

// Package exposure says who outside can do what to a bucket, by which route,
// from when to when. Find is a pure function of a timeline.
package exposure

// Route is one row of the table of routes: a way in.
type Route struct {
	ID    RouteID
	Title string
	find  func(*view) []holding // nil: evaluated object by object
}

// Routes lists every way in.
var Routes = []Route{
	{BucketACL, "the bucket's access control list", bucketACL},
	{ObjectACL, "an object's access control list", nil},
	{BucketPolicyRoute, "the bucket policy", bucketPolicy},
	{AccessPointPolicyRoute, "an access point's policy", accessPointPolicy},
	{MultiRegionAccessPointRoute, "a multi-Region access point's policy", multiRegionPolicy},
}
