// SPDX-License-Identifier: Apache-2.0

package remedy

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/bucketlid/bucketlid/bucket"
)

// aclText is an ACL as GetBucketAcl and GetObjectAcl give it. Grants keep their
// own bytes, so that what stays is put back as it was.
type aclText struct {
	owner   json.RawMessage
	OwnerID string
	Grants  []aclGrant
}

type aclGrant struct {
	raw        json.RawMessage
	who        bucket.Grantee
	permission bucket.Permission
}

func readACL(text string) (*aclText, error) {
	var body struct {
		Owner  json.RawMessage
		Grants []json.RawMessage
	}
	if err := json.Unmarshal([]byte(text), &body); err != nil {
		return nil, fmt.Errorf("the ACL cannot be read: %w", err)
	}
	if len(body.Owner) == 0 || body.Grants == nil {
		return nil, errors.New("the ACL cannot be read: Owner or Grants is missing")
	}
	acl := &aclText{owner: body.Owner}
	var owner struct{ ID string }
	_ = json.Unmarshal(body.Owner, &owner) // an owner without an id is compared as none
	acl.OwnerID = owner.ID
	for i, raw := range body.Grants {
		var g struct {
			Grantee    struct{ ID, URI, EmailAddress string }
			Permission bucket.Permission
		}
		if err := json.Unmarshal(raw, &g); err != nil {
			return nil, fmt.Errorf("grant %d of the ACL cannot be read: %w", i, err)
		}
		acl.Grants = append(acl.Grants, aclGrant{raw, bucket.Grantee{URI: g.Grantee.URI, ID: g.Grantee.ID, EmailAddress: g.Grantee.EmailAddress}, g.Permission})
	}
	return acl, nil
}

// without gives the text of the ACL less the grants that drop names.
func (a *aclText) without(drop func(aclGrant) bool) (text string, dropped []aclGrant) {
	var kept []string
	for _, g := range a.Grants {
		if drop(g) {
			dropped = append(dropped, g)
			continue
		}
		kept = append(kept, string(g.raw))
	}
	return `{"Grants":[` + strings.Join(kept, ",") + `],"Owner":` + string(a.owner) + `}`, dropped
}

// bucketWithout is the same for a bucket's ACL. Where no grant would be left the
// owner gets FULL_CONTROL, as S3's default has it (AWS page "Access control list
// overview"): what he may give himself at any time opens nothing, and not every
// server gives an ACL without grants back.
func (a *aclText) bucketWithout(drop func(aclGrant) bool) (text, does string, dropped []aclGrant) {
	text, dropped = a.without(drop)
	does = "drops " + names(dropped)
	if len(dropped) < len(a.Grants) || a.OwnerID == "" {
		return text, does, dropped
	}
	var grant struct {
		Grantee    struct{ ID, Type string }
		Permission bucket.Permission
	}
	grant.Grantee.ID, grant.Grantee.Type, grant.Permission = a.OwnerID, "CanonicalUser", bucket.FullControl
	own, _ := json.Marshal(grant) // texts cannot fail
	return `{"Grants":[` + string(own) + `],"Owner":` + string(a.owner) + `}`, does + " and gives the owner FULL_CONTROL, without which no grant would be left", dropped
}

func (a *aclText) outsiders(g aclGrant) bool {
	return g.who.ID == "" || g.who.ID != a.OwnerID
}

func names(grants []aclGrant) string {
	var out []string
	for _, g := range grants {
		out = append(out, string(g.permission)+" to "+shortGrantee(g.who))
	}
	return strings.Join(out, ", ")
}

func shortGrantee(g bucket.Grantee) string {
	switch g.ID {
	case bucket.AnonymousID:
		return "the anonymous user"
	case bucket.LogDeliveryID:
		return "CloudFront log delivery"
	}
	if i := strings.LastIndex(g.URI, "/"); i >= 0 {
		return g.URI[i+1:]
	}
	return g.String()
}

// document is the ACL as package bucket reads it.
func (a *aclText) document() *bucket.ACL {
	var list []any
	for _, g := range a.Grants {
		who := map[string]any{}
		for name, value := range map[string]string{"URI": g.who.URI, "ID": g.who.ID, "EmailAddress": g.who.EmailAddress} {
			if value != "" {
				who[name] = value
			}
		}
		list = append(list, map[string]any{"Grantee": who, "Permission": string(g.permission)})
	}
	return bucket.ACLDocument(map[string]any{"Owner": map[string]any{"ID": a.OwnerID}, "AccessControlList": list})
}
