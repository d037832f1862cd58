// SPDX-License-Identifier: Apache-2.0

package remedy

import (
	"fmt"

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
	text, does, dropped := acl.bucketWithout(whom.grant)
	if len(dropped) == 0 {
		return draft{}
	}
	call := s.call(account.PutBucketACL)
	call.Text = text
	return draft{steps: []drafted{{call, does + "; every other grant stays"}}}
}

// MaxObjects bounds the steps of a plan: before each the whole state is compared.
const MaxObjects = 1000

// objectACLGrants does the same for each object version that was read.
func objectACLGrants(s State, whom Whom) draft {
	var d, left draft
	for _, o := range s.Objects {
		if o.ACL.Status == account.Absent {
			continue // there is no such object
		}
		if !known(o.ACL) {
			left = impossible("the ACL of object "+objectName(o), o.ACL)
			d.later = append(d.later, "the ACL of object "+objectName(o)+" could not be read and stays as it is")
			continue
		}
		acl, err := readACL(o.ACL.Text)
		if err != nil {
			left = draft{refused: "object " + objectName(o) + ": " + err.Error()}
			d.later = append(d.later, "object "+objectName(o)+": "+err.Error()+"; it stays as it is")
			continue
		}
		text, dropped := acl.without(whom.grant)
		if len(dropped) == 0 {
			continue
		}
		call := s.call(account.PutObjectACL)
		call.Key, call.Version, call.Text = o.Key, o.Version, text
		d.steps = append(d.steps, drafted{call, "drops " + names(dropped) + " of object " + objectName(o) + "; every other grant stays"})
	}
	switch {
	case len(d.steps) == 0:
		return left
	case len(d.steps) > MaxObjects:
		return draft{refused: fmt.Sprintf("%d objects are too many for one plan: name at most %d with --object, or choose an option that holds all", len(d.steps), MaxObjects)}
	}
	if len(whom) == 0 {
		d.later = append(d.later, "an upload with a public ACL, such as x-amz-acl: public-read, makes an object public again; IgnorePublicAcls would hold it")
	}
	return d
}
