// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// lines writes the grants of an ACL as "grantee PERMISSION", in its own order.
func lines(a *ACL) []string {
	out := []string{}
	for _, g := range a.Grants {
		who := g.Grantee.String()
		switch who {
		case AllUsers:
			who = "all"
		case AuthenticatedUsers:
			who = "auth"
		case LogDelivery:
			who = "log"
		}
		out = append(out, who+" "+string(g.Permission))
	}
	return out
}

func TestCanned(t *testing.T) {
	for _, c := range []struct {
		name    string
		want    []string
		public  bool
		partial bool
	}{
		{"private", []string{"owner FULL_CONTROL"}, false, false},
		{"public-read", []string{"all READ", "owner FULL_CONTROL"}, true, false},
		{"public-read-write", []string{"all READ", "all WRITE", "owner FULL_CONTROL"}, true, false},
		{"authenticated-read", []string{"auth READ", "owner FULL_CONTROL"}, true, false},
		{"aws-exec-read", []string{"aws-exec-read READ", "owner FULL_CONTROL"}, false, false},
		{"bucket-owner-read", []string{"bucket-owner READ", "owner FULL_CONTROL"}, false, false},
		{"bucket-owner-full-control", []string{"bucket-owner FULL_CONTROL", "owner FULL_CONTROL"}, false, false},
		{"log-delivery-write", []string{"log READ_ACP", "log WRITE", "owner FULL_CONTROL"}, false, false},
		{"Public-Read", []string{"owner FULL_CONTROL"}, false, true},
		{"", []string{"owner FULL_CONTROL"}, false, true},
		{"public-read\x00", []string{"owner FULL_CONTROL"}, false, true},
	} {
		acl := Canned(c.name)
		if diff := cmp.Diff(slices.Sorted(slices.Values(c.want)), slices.Sorted(slices.Values(lines(acl)))); diff != "" {
			t.Errorf("%q:\n%s", c.name, diff)
		}
		if acl.Public() != c.public || (acl.Partial != "") != c.partial {
			t.Errorf("%q: public %v, partial %q", c.name, acl.Public(), acl.Partial)
		}
	}
	if a, b := Canned("public-read"), Canned("public-read"); &a.Grants[0] == &b.Grants[0] {
		t.Error("two canned ACLs share their grants")
	}
}

func TestGranteePublic(t *testing.T) {
	for g, want := range map[Grantee]bool{
		{URI: AllUsers}: true, {URI: AuthenticatedUsers}: true, {ID: AnonymousID}: true,
		{URI: LogDelivery}: false, {ID: OwnerID}: false, {EmailAddress: AllUsers}: false, {}: false,
	} {
		if g.Public() != want {
			t.Errorf("%q is public: %v", g, g.Public())
		}
	}
}

func TestHeaderPermission(t *testing.T) {
	for name, want := range map[string]Permission{
		"x-amz-grant-read": Read, "X-Amz-Grant-Read": Read, "x_amz_grant_read": Read, "x-amz-grant-write": Write,
		"x_amz_grant_read_acp": ReadACP, "x-amz-grant-write-acp": WriteACP, "X_AMZ_GRANT_FULL_CONTROL": FullControl,
		"x-amz-grant": "", "grant-read": "", "": "", "x-amz-grant-read ": "", "x-amz-acl": "",
	} {
		if got, ok := HeaderPermission(name); got != want || ok != (want != "") {
			t.Errorf("%q gives %q, %v; want %q", name, got, ok, want)
		}
	}
}

func TestGrantHeader(t *testing.T) {
	all, auth := AllUsers, AuthenticatedUsers
	for _, c := range []struct {
		value   string
		want    []string // without permission
		partial bool
	}{
		{"uri=" + all, []string{"all"}, false},
		{`uri="` + all + `"`, []string{"all"}, false},
		{`URI = "` + all + `/" `, []string{"all"}, false},
		{`uri="https://acs.amazonaws.com/groups/global/AllUsers"`, []string{"all"}, false},
		{"uri=http%3A%2F%2Facs.amazonaws.com%2Fgroups%2Fglobal%2FAllUsers", []string{"all"}, false},
		{"uri=HTTP://ACS.amazonaws.com/groups/global/allusers", []string{"all"}, false},
		{"uri=http://example.com/", []string{"http://example.com/"}, true},
		{`id="o", id="p"`, []string{"o", "p"}, false},
		{`id=o,id=p,id=o`, []string{"o", "p"}, false},
		{`emailAddress="a,b@example.com",EMAILADDRESS=c@example.com`, []string{"a,b@example.com", "c@example.com"}, false},
		{`uri=` + all + `, uri=` + auth, []string{"all", "auth"}, false},
		{"", nil, false},
		{" , ,, ", nil, false},
		{"id=", nil, true},
		{`id=""`, nil, true},
		{"id", nil, true},
		{"AllUsers", nil, true},
		{"name=x", nil, true},
		{`uri="` + all + `", garbage`, []string{"all"}, true},
		{`id="o, id=p`, nil, true},
		{`id="o" "p"`, nil, true},
		{`"id=o"`, nil, true},
		{`"`, nil, true},
		{`=,=`, nil, true},
	} {
		var acl ACL
		acl.AddHeader(Read, c.value)
		var want []string
		for _, w := range c.want {
			want = append(want, w+" READ")
		}
		got := lines(&acl)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) || (acl.Partial != "") != c.partial {
			t.Errorf("%q gives %q, partial %q; want %q", c.value, got, acl.Partial, want)
		}
	}
}

// Two grantees may be written alike; that neither hides repeats nor makes order matter.
func TestGrantOrder(t *testing.T) {
	grants := []Grant{
		{Grantee{ID: "x"}, Read}, {Grantee{EmailAddress: "x"}, Read}, {Grantee{ID: "x"}, Read},
		{Grantee{EmailAddress: "x"}, Read}, {Grantee{URI: "x"}, Read}, {Grantee{ID: "x"}, Write},
	}
	var first []Grant
	for i := range grants {
		a := ACL{Grants: slices.Concat(grants[i:], grants[:i])}
		a.normalise()
		if first == nil {
			first = a.Grants
		}
		if diff := cmp.Diff(first, a.Grants); diff != "" || len(a.Grants) != 4 {
			t.Errorf("turned by %d, %d grants:\n%s", i, len(a.Grants), diff)
		}
	}
}

func decode(t testing.TB, text string) any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestACLDocument(t *testing.T) {
	grant := func(who, permission string) string {
		return fmt.Sprintf(`{"Grantee":%s,"Permission":%q}`, who, permission)
	}
	const all = `{"xsi:type":"Group","URI":"http://acs.amazonaws.com/groups/global/AllUsers"}`
	body := func(inner string) string {
		return `{"xmlns":"x","Owner":{"ID":"o","DisplayName":"d"},"AccessControlList":` + inner + `}`
	}
	for _, c := range []struct {
		name, text string
		want       []string // besides the owner's
		partial    bool
	}{
		{"one object", body(`{"Grant":` + grant(all, "READ") + `}`), []string{"all READ"}, false},
		{"a list", body(`{"Grant":[` + grant(all, "READ") + `,` + grant(all, "WRITE_ACP") + `]}`), []string{"all READ", "all WRITE_ACP"}, false},
		{"a repeat", body(`{"Grant":[` + grant(all, "READ") + `,` + grant(all, "READ") + `]}`), []string{"all READ"}, false},
		{"a bare list", body(`[` + grant(all, "READ") + `]`), []string{"all READ"}, false},
		{"an empty list", body(`{"Grant":[]}`), nil, false},
		{"an empty element", body(`""`), nil, false},
		{"an empty grant", body(`{"Grant":""}`), nil, false},
		{"null", body(`null`), nil, false},
		{"no list", `{"Owner":{"ID":"o"}}`, nil, false},
		{"lower case", `{"owner":{"id":"o"},"accesscontrollist":{"grant":{"grantee":{"uri":"http://acs.amazonaws.com/groups/global/AllUsers"},"permission":"read"}}}`, []string{"all READ"}, false},
		{"the owner's own id", body(`{"Grant":` + grant(`{"ID":"o"}`, "FULL_CONTROL") + `}`), nil, false},
		{"another's id", body(`{"Grant":` + grant(`{"ID":" p "}`, "FULL_CONTROL") + `}`), []string{"p FULL_CONTROL"}, false},
		{"a number for an id", body(`{"Grant":` + grant(`{"ID":12}`, "READ") + `}`), []string{"12 READ"}, false},
		{"e-mail", body(`{"Grant":` + grant(`{"EmailAddress":"a@example.com"}`, "READ") + `}`), []string{"a@example.com READ"}, false},
		{"content", body(`{"Grant":{"Grantee":{"URI":{"xmlns":"","content":"http://acs.amazonaws.com/groups/global/AllUsers"}},"Permission":["READ"]}}`), []string{"all READ"}, false},
		{"a prefix", body(`{"a:Grant":{"a:Grantee":{"xsi:type":"Group","a:URI":"http://acs.amazonaws.com/groups/global/AllUsers"},"a:Permission":"READ"}}`), []string{"all READ"}, false},
		{"one with a prefix, one without", body(`{"Grant":` + grant(`{"ID":"p"}`, "READ") + `,"a:Grant":` + grant(all, "READ") + `}`), []string{"p READ", "all READ"}, false},
		{"a plural", body(`{"Grants":[` + grant(all, "READ") + `]}`), nil, true},
		{"an unknown element beside the list", `{"Owner":{"ID":"o"},"Grants":[` + grant(all, "READ") + `]}`, nil, true},
		{"an empty list beside one with a prefix", `{"Owner":{"ID":"o"},"AccessControlList":"","a:AccessControlList":{"Grant":` + grant(all, "READ") + `}}`, []string{"all READ"}, false},
		{"two permissions in one grant", body(`{"Grant":{"Grantee":` + all + `,"Permission":"WRITE","a:Permission":"READ"}}`), []string{"all WRITE"}, true},
		{"an unknown element that is empty", body(`{"Grants":""}`), nil, false},
		{"an encoded group", body(`{"Grant":` + grant(`{"URI":"http%3A%2F%2Facs.amazonaws.com%2Fgroups%2Fglobal%2FAllUsers"}`, "READ") + `}`), []string{"all READ"}, false},
		{"an unknown group", body(`{"Grant":` + grant(`{"URI":"http://acs.amazonaws.com/groups/global/All"}`, "READ") + `}`), []string{"http://acs.amazonaws.com/groups/global/All READ"}, true},
		{"no grantee", body(`{"Grant":{"Permission":"READ"}}`), nil, true},
		{"an empty grantee", body(`{"Grant":` + grant(`{}`, "READ") + `}`), nil, true},
		{"no permission", body(`{"Grant":{"Grantee":` + all + `}}`), nil, true},
		{"an unknown permission", body(`{"Grant":` + grant(all, "EVERYTHING") + `}`), nil, true},
		{"one that reads, one that does not", body(`{"Grant":[` + grant(all, "READ") + `,` + grant(all, "?") + `]}`), []string{"all READ"}, true},
		{"a text for a grant", body(`{"Grant":"hidden"}`), nil, true},
		{"a number for a grant", body(`{"Grant":1}`), nil, true},
		{"a text for the list", body(`"HIDDEN_DUE_TO_SECURITY_REASONS"`), nil, true},
		{"a number for the list", body(`1`), nil, true},
		{"a text", `"x"`, nil, true},
		{"a list for the body", `[]`, nil, true},
		{"null for the body", `null`, nil, true},
		{"an owner that is a text", `{"Owner":"o","AccessControlList":""}`, nil, false},
	} {
		acl := ACLDocument(decode(t, c.text))
		want := append([]string{"owner FULL_CONTROL"}, c.want...)
		got := lines(acl)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) || (acl.Partial != "") != c.partial {
			t.Errorf("%s gives %q, partial %q; want %q", c.name, got, acl.Partial, want)
		}
	}
}

func TestPermissionActions(t *testing.T) {
	for _, c := range []struct {
		p        Permission
		onObject bool
		want     int
		has      string
	}{
		{Read, false, 3, "s3:ListBucket"}, {Write, false, 1, "s3:PutObject"}, {ReadACP, false, 1, "s3:GetBucketAcl"},
		{WriteACP, false, 1, "s3:PutBucketAcl"}, {FullControl, false, 6, "s3:PutObject"},
		{Read, true, 2, "s3:GetObject"}, {Write, true, 0, ""}, {FullControl, true, 6, "s3:PutObjectAcl"}, {"?", true, 0, ""},
	} {
		got := c.p.Actions(c.onObject)
		if len(got) != c.want || (c.has != "" && !slices.Contains(got, c.has)) {
			t.Errorf("%s, object %v: %q", c.p, c.onObject, got)
		}
	}
}

func TestTri(t *testing.T) {
	for _, c := range []struct{ a, b, or Tri }{
		{Unknown, Unknown, Unknown}, {Unknown, False, Unknown}, {Unknown, True, True},
		{False, False, False}, {False, True, True}, {True, True, True},
	} {
		if c.a.Or(c.b) != c.or || c.b.Or(c.a) != c.or {
			t.Errorf("%v or %v gives %v, %v; want %v", c.a, c.b, c.a.Or(c.b), c.b.Or(c.a), c.or)
		}
	}
	if TriOf(true) != True || TriOf(false) != False || Unknown.String() != "unknown" {
		t.Error("TriOf or String is wrong")
	}
}

func FuzzGrantHeader(f *testing.F) {
	for _, s := range []string{"uri=" + AllUsers, `id="a,b", emailAddress="c"`, `id="a`, "=", `"",`, "uri=\x00", "uri=/", `uri=" "`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		var a, b ACL
		a.AddHeader(Read, value)
		b.AddHeader(Read, value)
		if !cmp.Equal(a, b) {
			t.Error("two readings differ")
		}
		b.AddHeader(Read, value)
		if !cmp.Equal(a, b) {
			t.Error("a repeated header adds something")
		}
		for _, g := range a.Grants {
			if strings.Contains(g.Grantee.String(), `"`) || g.Grantee.String() == "" {
				t.Errorf("grantee %q", g.Grantee)
			}
		}
	})
}

func FuzzACLDocument(f *testing.F) {
	for _, s := range []string{
		`{"Owner":{"ID":"o"},"AccessControlList":{"Grant":{"Grantee":{"URI":"u"},"Permission":"READ"}}}`,
		`{"AccessControlList":[[[{"grantee":{"ID":[1]},"permission":true}]]]}`, `[]`, `null`, `{"AccessControlList":{"Grant":[1,"",null]}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		var v any
		if d.Decode(&v) != nil {
			return
		}
		a, b := ACLDocument(v), ACLDocument(v)
		if !cmp.Equal(a, b) {
			t.Error("two readings differ")
		}
		if !slices.Contains(a.Grants, Grant{Grantee{ID: OwnerID}, FullControl}) {
			t.Error("the owner has no FULL_CONTROL")
		}
	})
}
