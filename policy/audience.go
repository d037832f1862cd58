// SPDX-License-Identifier: Apache-2.0

package policy

// Audience is the set of requesters whom a grant admits, widest first.
type Audience string

// The audiences of a grant. Anyone and AnyAWSAccount are the two that AWS
// calls public.
const (
	Anyone        Audience = "anyone"          // no credentials needed
	AnyAWSAccount Audience = "any-aws-account" // any signed request, from whatever account
	WebIdentity   Audience = "web-identity"    // a session from a public identity provider
	Network       Audience = "network"         // listed addresses only, together at most 2^24 of IPv4
	ServiceDeputy Audience = "service-deputy"  // an AWS service on a stranger's behalf
	Organization  Audience = "organization"    // one fixed organization
	Account       Audience = "account"         // a named foreign account
	None          Audience = "none"
)

// audienceOrder ranks audiences from widest to narrowest.
var audienceOrder = map[Audience]int{
	Anyone: 0, AnyAWSAccount: 1, WebIdentity: 2, Network: 3,
	ServiceDeputy: 4, Organization: 5, Account: 6, None: 7,
}

// Wider reports whether a admits more requesters than b.
func (a Audience) Wider(b Audience) bool { return audienceOrder[a] < audienceOrder[b] }

// Public reports whether strangers are admitted without being named.
func (a Audience) Public() bool { return audienceOrder[a] <= audienceOrder[Network] }

// Access is a class of S3 actions, the unit in which exposures are reported.
type Access string

// The access classes, in the order in which they are listed.
const (
	List        Access = "list"
	Read        Access = "read"
	Write       Access = "write"
	Delete      Access = "delete"
	ACLRead     Access = "acl-read"
	ACLWrite    Access = "acl-write"
	ConfigRead  Access = "config-read"
	ConfigWrite Access = "config-write"
)

// AccessOrder lists every access class in the order of reports.
var AccessOrder = []Access{List, Read, Write, Delete, ACLRead, ACLWrite, ConfigRead, ConfigWrite}
