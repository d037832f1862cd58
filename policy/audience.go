// SPDX-License-Identifier: Apache-2.0

package policy

import "slices"

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

// audienceCount is the number of audiences.
const audienceCount = 8

// rank counts audiences from the widest on; one that is not known counts as the
// widest.
func (a Audience) rank() int {
	switch a {
	case Anyone:
		return 0
	case AnyAWSAccount:
		return 1
	case WebIdentity:
		return 2
	case Network:
		return 3
	case ServiceDeputy:
		return 4
	case Organization:
		return 5
	case Account:
		return 6
	case None:
		return 7
	}
	return 0
}

// Wider reports whether a admits more requesters than b.
func (a Audience) Wider(b Audience) bool { return a.rank() < b.rank() }

// Public reports whether strangers are admitted without being named.
func (a Audience) Public() bool { return a.rank() <= Network.rank() }

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

// accessCount is the number of access classes.
const accessCount = 8

// rank counts access classes in the order of reports.
func (a Access) rank() int { return slices.Index(AccessOrder, a) }
