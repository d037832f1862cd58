// SPDX-License-Identifier: Apache-2.0

package account

import "encoding/json"

// Operation names an API call that changes a setting, as the API reference does.
// The account's own Block Public Access goes by its CloudTrail name, because its
// API name is that of the bucket's.
type Operation string

// The calls by which a plan changes settings. There are no others.
const (
	PutBucketACL                  Operation = "PutBucketAcl"
	PutObjectACL                  Operation = "PutObjectAcl"
	PutBucketPolicy               Operation = "PutBucketPolicy"
	DeleteBucketPolicy            Operation = "DeleteBucketPolicy"
	PutPublicAccessBlock          Operation = "PutPublicAccessBlock"
	DeletePublicAccessBlock       Operation = "DeletePublicAccessBlock"
	PutAccountBlock               Operation = "PutAccountPublicAccessBlock"
	DeleteAccountBlock            Operation = "DeleteAccountPublicAccessBlock"
	PutBucketOwnershipControls    Operation = "PutBucketOwnershipControls"
	DeleteBucketOwnershipControls Operation = "DeleteBucketOwnershipControls"
	PutAccessPointPolicy          Operation = "PutAccessPointPolicy"
	DeleteAccessPointPolicy       Operation = "DeleteAccessPointPolicy"
	// AWS has no call that deletes such a policy.
	PutMultiRegionPolicy Operation = "PutMultiRegionAccessPointPolicy"

	PutConfigRule      Operation = "PutConfigRule"
	DeleteConfigRule   Operation = "DeleteConfigRule"
	CreateQueue        Operation = "CreateQueue"
	SetQueueAttributes Operation = "SetQueueAttributes"
	DeleteQueue        Operation = "DeleteQueue"
	PutEventRule       Operation = "PutRule"
	DeleteEventRule    Operation = "DeleteRule"
	PutEventTargets    Operation = "PutTargets"
	RemoveEventTargets Operation = "RemoveTargets"
)

// Call is one API call that changes one setting.
type Call struct {
	Operation   Operation `json:"operation"`
	Account     string    `json:"account"` // the owner's: sent as ExpectedBucketOwner
	Region      string    `json:"region,omitempty"`
	Bucket      string    `json:"bucket,omitempty"`
	Key         string    `json:"key,omitempty"`
	Version     string    `json:"version,omitempty"`
	AccessPoint string    `json:"access_point,omitempty"`
	Name        string    `json:"name,omitempty"` // of a Config rule, an event rule or a queue
	// Text is what the call sets, in the form of Setting.Text, which is that of
	// the reading call's answer; "" for a deletion.
	Text string `json:"text,omitempty"`
}

// Input is Text as the writing call takes it: without the one member that the
// reading call's answer wraps around it.
func (c Call) Input() string {
	var m map[string]json.RawMessage
	if json.Unmarshal([]byte(c.Text), &m) == nil {
		for _, name := range []string{"PublicAccessBlockConfiguration", "OwnershipControls"} {
			if inner, ok := m[name]; ok && len(m) == 1 {
				return string(inner)
			}
		}
	}
	return c.Text
}

// ObjectACL is the ACL of one object version.
type ObjectACL struct {
	Key     string  `json:"key"`
	Version string  `json:"version,omitempty"` // "" is the current one of an unversioned bucket
	ACL     Setting `json:"acl"`
	// Only says that the bucket kept no versions when the object was read: the
	// name alone says which is meant for as long as it keeps none.
	Only bool `json:"only_version,omitempty"`
}
