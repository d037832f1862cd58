// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"
)

// ACLDocument reads an AccessControlPolicy as CloudTrail writes it: XML turned
// into JSON, in which one Grant is an object and several are a list
// (semantics A.4 a). Member names are compared without letter case. What cannot
// be read marks the ACL Partial.
func ACLDocument(body any) *ACL {
	acl := &ACL{Form: "body", Grants: []Grant{{Grantee{ID: OwnerID}, FullControl}}}
	m, ok := body.(map[string]any)
	if !ok {
		acl.Partial = "AccessControlPolicy is not an object"
		return acl
	}
	if owner, ok := member(m, "Owner").(map[string]any); ok {
		acl.OwnerID = text(member(owner, "ID"))
	}
	acl.strange(m, "Owner", "AccessControlList")
	acl.twice(m, "Owner")
	for _, name := range membersNamed(m, "AccessControlList") {
		acl.addList(m[name])
	}
	for i := range acl.Grants {
		if g := &acl.Grants[i].Grantee; g.ID == acl.OwnerID && g.ID != "" {
			g.ID = OwnerID
		}
	}
	acl.normalise()
	return acl
}

// addList adds the grants of an AccessControlList element.
func (a *ACL) addList(list any) {
	switch l := list.(type) {
	case map[string]any:
		a.strange(l, "Grant")
		for _, name := range membersNamed(l, "Grant") {
			a.addGrants(l[name])
		}
	case []any: // log pipelines drop the inner Grant
		a.addGrants(l)
	case nil: // no grants
	case string: // "" is an empty element: no grants
		if l != "" {
			a.Partial = "AccessControlList is a text"
		}
	default:
		a.Partial = "AccessControlList is not an object"
	}
}

func (a *ACL) addGrants(grants any) {
	switch g := grants.(type) {
	case nil:
	case string:
		if g != "" {
			a.Partial = "Grant is a text"
		}
	case []any:
		for _, one := range g {
			a.addGrants(one)
		}
	case map[string]any:
		a.addGrant(g)
	default:
		a.Partial = "Grant is not an object"
	}
}

func (a *ACL) addGrant(m map[string]any) {
	permission := Permission(strings.ToUpper(strings.TrimSpace(text(member(m, "Permission")))))
	if !permission.valid() {
		a.Partial = fmt.Sprintf("Permission is %q", permission)
		return
	}
	who, ok := member(m, "Grantee").(map[string]any)
	if !ok {
		a.Partial = "Grant without a Grantee"
		return
	}
	a.twice(m, "Grantee", "Permission")
	a.twice(who, "URI", "ID", "EmailAddress")
	g := Grantee{}
	switch {
	case text(member(who, "URI")) != "":
		g.URI = groupURI(text(member(who, "URI")))
		a.doubtGroup(g)
	case text(member(who, "ID")) != "":
		g.ID = strings.TrimSpace(text(member(who, "ID")))
	case text(member(who, "EmailAddress")) != "":
		g.EmailAddress = text(member(who, "EmailAddress"))
	default:
		a.Partial = "Grantee without URI, ID or EmailAddress"
		return
	}
	a.Grants = append(a.Grants, Grant{g, permission})
}

func (p Permission) valid() bool {
	switch p {
	case Read, Write, ReadACP, WriteACP, FullControl:
		return true
	}
	return false
}

// member finds a member by name without letter case and namespace prefix. An
// exact match wins; of several others the first in sorted order, so that the
// answer never depends on the order of a map.
func member(m map[string]any, name string) any {
	if v, ok := m[name]; ok {
		return v
	}
	if names := membersNamed(m, name); len(names) > 0 {
		return m[names[0]]
	}
	return nil
}

// membersNamed lists the members that have a name, but for letter case and prefix.
func membersNamed(m map[string]any, name string) []string {
	var names []string
	for k := range m {
		if !namespace(k) && strings.EqualFold(k[strings.LastIndexByte(k, ':')+1:], name) {
			names = append(names, k)
		}
	}
	sort.Strings(names)
	return names
}

// namespace reports whether a member declares an XML namespace or is an
// attribute of XML Schema.
func namespace(name string) bool {
	name = strings.ToLower(name)
	return name == "xmlns" || strings.HasPrefix(name, "xmlns:") || strings.HasPrefix(name, "xsi:")
}

// strange marks the ACL Partial where an element has members of other names:
// they may hold grants.
func (a *ACL) strange(m map[string]any, known ...string) {
	names := map[string]bool{}
	for _, name := range known {
		for _, k := range membersNamed(m, name) {
			names[k] = true
		}
	}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if !names[k] && !namespace(k) && m[k] != nil && m[k] != "" {
			a.Partial = fmt.Sprintf("unknown element %q", k)
			return
		}
	}
}

// twice marks the ACL Partial where an element has two members of one name, but for
// letter case and prefix: which one S3 took is not known.
func (a *ACL) twice(m map[string]any, single ...string) {
	for _, name := range single {
		if names := membersNamed(m, name); len(names) > 1 {
			a.Partial = fmt.Sprintf("%q and %q in one element", names[0], names[1])
		}
	}
}

// text is the scalar text of a value, also of {"content": …} and of a list of one.
func text(v any) string {
	switch x := v.(type) {
	case nil:
		return ""
	case string:
		return x
	case map[string]any:
		return text(x["content"])
	case []any:
		if len(x) == 1 {
			return text(x[0])
		}
		return ""
	}
	return fmt.Sprint(v)
}
