// SPDX-License-Identifier: Apache-2.0

package remedy

import (
	"github.com/bucketlid/bucketlid/account"
)

// bucketACLGrants puts the ACL back without their grants. The owner, log
// delivery and partners keep theirs, which a canned "private" would not do.
func bucketACLGrants(s State, whom Whom) draft {
	if !known(s.Settings.ACL) {
		return impossible("the bucket's ACL", s.Settings.ACL)
	}
	acl, err := readACL(s.Settings.ACL.Text)
	if err != nil {
		return draft{refused: err.Error()}
	}
	text, dropped := acl.without(whom.grant)
	if len(dropped) == 0 {
		return draft{}
	}
	call := s.call(account.PutBucketACL)
	call.Text = text
	return draft{steps: []drafted{{call, "drops " + names(dropped) + "; every other grant stays"}}}
}

// objectACLGrants does the same for each object version that was read.
func objectACLGrants(s State, whom Whom) draft {
	var d draft
	for _, o := range s.Objects {
		if !known(o.ACL) {
			return impossible("the ACL of object "+o.Key, o.ACL)
		}
		acl, err := readACL(o.ACL.Text)
		if err != nil {
			return draft{refused: "object " + o.Key + ": " + err.Error()}
		}
		text, dropped := acl.without(whom.grant)
		if len(dropped) == 0 {
			continue
		}
		call := s.call(account.PutObjectACL)
		call.Key, call.Version, call.Text = o.Key, o.Version, text
		d.steps = append(d.steps, drafted{call, "drops " + names(dropped) + "; every other grant stays"})
	}
	if len(d.steps) > 0 && len(whom) == 0 {
		d.later = []string{"an upload with a public ACL, such as x-amz-acl: public-read, makes an object public again; IgnorePublicAcls would hold it"}
	}
	return d
}
