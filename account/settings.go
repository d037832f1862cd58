// SPDX-License-Identifier: Apache-2.0

// Package account reads the settings of live AWS accounts and writes them back.
// It is the only place that changes anything in AWS, and does so only for a
// plan that package remedy made.
package account

import "time"

// Status says what became of reading one setting.
type Status string

// The four outcomes. Denied and Failed are never taken for Absent.
const (
	Present Status = "present"
	Absent  Status = "absent" // AWS answered that there is none
	Denied  Status = "denied" // the permission is missing
	Failed  Status = "failed" // no answer, or one that could not be read
)

// Setting is one setting as AWS gave it.
type Setting struct {
	Status Status `json:"status"`
	// Text is the setting byte for byte: a policy's JSON as AWS returned it, and
	// of the others the canonical JSON of the API's output shape.
	Text string `json:"text,omitempty"`
	// Action is the IAM action that reads it, such as s3:GetBucketAcl.
	Action string `json:"action"`
	// Problem says why it was denied or failed.
	Problem string `json:"problem,omitempty"`
}

// Settings are all settings of one bucket that decide who may reach it, as read
// at one time.
type Settings struct {
	Account string    `json:"account"` // the owner's
	Region  string    `json:"region"`
	Bucket  string    `json:"bucket"`
	Read    time.Time `json:"read"`

	Policy       Setting `json:"policy"`
	PolicyStatus Setting `json:"policy_status"`
	ACL          Setting `json:"acl"`
	Block        Setting `json:"block_public_access"`
	Ownership    Setting `json:"ownership_controls"`
	Website      Setting `json:"website"`
	Payer        Setting `json:"request_payment"`
	Versioning   Setting `json:"versioning"`
	Encryption   Setting `json:"encryption"`
	Tags         Setting `json:"tags"`

	// AccountBlock is the account's own Block Public Access.
	AccountBlock Setting `json:"account_block_public_access"`
	// AccessPoints are the bucket's access points with their policies.
	AccessPoints []AccessPoint `json:"access_points,omitempty"`
	// Points says whether the list of access points could be read.
	Points Setting `json:"access_point_list"`
	// MultiRegionPoints says the same of multi-Region access points.
	MultiRegionPoints Setting `json:"multi_region_access_point_list"`

	// Objects are the objects whose ACL was asked for: those that admit others
	// than the owner, those that could not be read, and those named beforehand.
	Objects []Object `json:"objects,omitempty"`
	// ObjectList says whether the objects could be listed, VersionList the same of
	// old versions; their Text is empty.
	ObjectList  Setting `json:"object_list"`
	VersionList Setting `json:"version_list"`
	// Looked counts the objects whose ACL was asked for.
	Looked int `json:"objects_read,omitempty"`
	// Gone says that the bucket was deleted before it was read to the end.
	Gone bool `json:"gone,omitempty"`
	// Silent says that calls about the bucket had no answer, one after the other,
	// so that the rest was not asked for.
	Silent bool `json:"silent,omitempty"`
}

// Object is one object, in its current version or an old one.
type Object struct {
	Key     string  `json:"key"`
	Version string  `json:"version,omitempty"` // the id of an old version
	ACL     Setting `json:"acl"`
	// Gone says that there is no object of this key.
	Gone bool `json:"gone,omitempty"`
}

// AccessPoint is one access point of a bucket.
type AccessPoint struct {
	Name  string `json:"name"`
	Alias string `json:"alias,omitempty"`
	// MultiRegion says that it is a multi-Region access point, and Buckets are
	// all to which that leads.
	MultiRegion bool     `json:"multi_region,omitempty"`
	Buckets     []string `json:"buckets,omitempty"`
	VPC         string   `json:"vpc,omitempty"` // "" when it is open to the internet
	Policy      Setting  `json:"policy"`
	// Proposed is the policy that a multi-Region access point is to have: it is
	// under way and not in force. "" where there is none such.
	Proposed string  `json:"proposed_policy,omitempty"`
	Block    Setting `json:"block_public_access"`
}
