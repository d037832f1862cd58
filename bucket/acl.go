// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"sort"
	"strings"
)

// The predefined groups and users of AWS page "Access control list (ACL) overview".
const (
	AllUsers           = "http://acs.amazonaws.com/groups/global/AllUsers"
	AuthenticatedUsers = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
	LogDelivery        = "http://acs.amazonaws.com/groups/s3/LogDelivery"
	// AnonymousID is the canonical id of the anonymous user.
	AnonymousID = "65a011a29cdf8ec533ec3d1ccaae921c"
	// LogDeliveryID is the canonical id of awslogsdelivery, by which CloudFront
	// writes its logs (AWS page "Configuring and using standard logs").
	LogDeliveryID = "c4c1ede66af53448b93c283ce9448c4ba468c9432aa01d700d3878632f77d2d0"
	// ExecReadID stands for the EC2 grantee of the canned ACL aws-exec-read.
	ExecReadID = "aws-exec-read"
	// OwnerID stands for the owner where his canonical id is not written.
	OwnerID = "owner"
	// BucketOwnerID stands for the bucket owner in a canned object ACL.
	BucketOwnerID = "bucket-owner"
)

// Permission is one of the five ACL permissions.
type Permission string

// The five permissions.
const (
	Read        Permission = "READ"
	Write       Permission = "WRITE"
	ReadACP     Permission = "READ_ACP"
	WriteACP    Permission = "WRITE_ACP"
	FullControl Permission = "FULL_CONTROL"
)

// Grantee is one grantee of an ACL; exactly one field is set.
type Grantee struct {
	URI          string // a predefined group
	ID           string // canonical user id, or one of the stand-ins above
	EmailAddress string
}

// String is the text under which the grantee is reported.
func (g Grantee) String() string { return g.URI + g.ID + g.EmailAddress }

// Public reports whether the grantee is a public group (AWS page "Blocking
// public access", "The meaning of public", or the anonymous user).
func (g Grantee) Public() bool {
	return g.URI == AllUsers || g.URI == AuthenticatedUsers || g.ID == AnonymousID
}

// Grant gives one permission to one grantee.
type Grant struct {
	Grantee    Grantee
	Permission Permission
}

// ACL is a stored access control list.
type ACL struct {
	OwnerID string // canonical id, when known
	Grants  []Grant
	// Partial names what could not be read: the ACL then grants at least Grants.
	Partial string
	// Ambiguous says that more than one form of ACL stood in one call.
	Ambiguous bool
	// Form says how it was written: body, canned or headers.
	Form string
	// Hidden says, of an ACL that S3 showed, why it may leave grants out: those
	// to public groups, or with HidesAll all but the owner's.
	Hidden   string
	HidesAll bool
	// Recovered says that the log told grants that S3 hides.
	Recovered bool
}

// Public reports whether any grant is to a public group.
func (a *ACL) Public() bool {
	for _, g := range a.Grants {
		if g.Grantee.URI == AllUsers || g.Grantee.URI == AuthenticatedUsers {
			return true
		}
	}
	return false
}

// normalise drops repeats and sorts, so that equal ACLs are equal values.
func (a *ACL) normalise() {
	sort.Slice(a.Grants, func(i, j int) bool {
		x, y := a.Grants[i], a.Grants[j]
		return cmp.Or(cmp.Compare(x.Grantee.String(), y.Grantee.String()), cmp.Compare(x.Grantee.ID, y.Grantee.ID),
			cmp.Compare(x.Grantee.URI, y.Grantee.URI), cmp.Compare(x.Permission, y.Permission)) < 0
	})
	out := a.Grants[:0]
	for i, g := range a.Grants {
		if i == 0 || g != a.Grants[i-1] {
			out = append(out, g)
		}
	}
	a.Grants = out
}

// canned lists the grants of each canned ACL besides the owner's FULL_CONTROL
// (AWS page "Access control list (ACL) overview", "Canned ACL").
var canned = map[string][]Grant{
	"private":                   nil,
	"public-read":               {{Grantee{URI: AllUsers}, Read}},
	"public-read-write":         {{Grantee{URI: AllUsers}, Read}, {Grantee{URI: AllUsers}, Write}},
	"authenticated-read":        {{Grantee{URI: AuthenticatedUsers}, Read}},
	"aws-exec-read":             {{Grantee{ID: ExecReadID}, Read}},
	"bucket-owner-read":         {{Grantee{ID: BucketOwnerID}, Read}},
	"bucket-owner-full-control": {{Grantee{ID: BucketOwnerID}, FullControl}},
	"log-delivery-write":        {{Grantee{URI: LogDelivery}, Write}, {Grantee{URI: LogDelivery}, ReadACP}},
}

// Canned is the ACL that a canned name stands for. An unknown name gives an
// ACL marked Partial, since S3 would have refused it.
func Canned(name string) *ACL {
	grants, ok := canned[name]
	acl := &ACL{Form: "canned " + name}
	if !ok {
		acl.Partial = fmt.Sprintf("unknown canned ACL %q", name)
	}
	acl.Grants = append([]Grant{{Grantee{ID: OwnerID}, FullControl}}, grants...)
	acl.normalise()
	return acl
}

// grantHeaders maps the five grant headers to their permission.
var grantHeaders = map[string]Permission{
	"x-amz-grant-read":         Read,
	"x-amz-grant-write":        Write,
	"x-amz-grant-read-acp":     ReadACP,
	"x-amz-grant-write-acp":    WriteACP,
	"x-amz-grant-full-control": FullControl,
}

// HeaderPermission is the permission that a grant header gives. Letter case and
// "_" for "-" do not matter: log pipelines rewrite both.
func HeaderPermission(name string) (Permission, bool) {
	p, ok := grantHeaders[strings.ReplaceAll(strings.ToLower(name), "_", "-")]
	return p, ok
}

// AddHeader adds the grants of one grant header value, such as
// `uri="http://acs…/AllUsers", id=0123` (API reference, PutBucketAcl). What
// cannot be read marks the ACL Partial.
func (a *ACL) AddHeader(permission Permission, value string) {
	for _, part := range splitGrantees(value) {
		kind, id, found := strings.Cut(part, "=")
		id, closed := unquote(strings.TrimSpace(id))
		g, ok := grantee(strings.ToLower(strings.TrimSpace(kind)), id)
		if !found || !ok || !closed {
			a.Partial = fmt.Sprintf("grant header holds %q", part)
			continue
		}
		a.doubtGroup(g)
		a.Grants = append(a.Grants, Grant{g, permission})
	}
	a.normalise()
}

// unquote takes off the quotes around a value; ok is false where a quote stands
// alone or inside.
func unquote(s string) (value string, ok bool) {
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		s = s[1 : len(s)-1]
	}
	return s, !strings.Contains(s, `"`)
}

func grantee(kind, value string) (g Grantee, ok bool) {
	switch kind {
	case "uri":
		g.URI = groupURI(value)
	case "id":
		g.ID = value
	case "emailaddress":
		g.EmailAddress = value
	}
	return g, g != Grantee{}
}

// groupURI brings a group's URI to the form that AWS writes: blanks, https, a
// trailing slash, percent-encoding and letter case are tolerated. S3 answers an
// unknown group with an error, so a URI that it accepted is one that it knew.
func groupURI(s string) string {
	s = strings.TrimSpace(s)
	plain := s
	if decoded, err := url.PathUnescape(s); err == nil {
		plain = strings.TrimSpace(decoded)
	}
	plain = strings.TrimSuffix(plain, "/")
	if len(plain) > len("https:") && strings.EqualFold(plain[:len("https:")], "https:") {
		plain = "http:" + plain[len("https:"):]
	}
	for _, group := range groups {
		if strings.EqualFold(plain, group) {
			return group
		}
	}
	return s
}

var groups = []string{AllUsers, AuthenticatedUsers, LogDelivery}

// doubtGroup marks the ACL Partial where a group is none that AWS documents:
// whom it stands for is not known.
func (a *ACL) doubtGroup(g Grantee) {
	if g.URI != "" && !slices.Contains(groups, g.URI) {
		a.Partial = fmt.Sprintf("unknown group %q", g.URI)
	}
}

// splitGrantees splits a grant header at commas outside of quotes.
func splitGrantees(value string) []string {
	var parts []string
	start, quoted := 0, false
	for i := 0; i <= len(value); i++ {
		switch {
		case i < len(value) && value[i] == '"':
			quoted = !quoted
		case i == len(value) || (value[i] == ',' && !quoted):
			if part := strings.TrimSpace(value[start:i]); part != "" {
				parts = append(parts, part)
			}
			start = i + 1
		}
	}
	return parts
}
