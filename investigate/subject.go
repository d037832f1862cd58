// SPDX-License-Identifier: Apache-2.0

package investigate

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"
)

// Kind says what is investigated.
type Kind string

// The kinds of subject.
const (
	User   Kind = "user"
	IP     Kind = "ip"
	Bucket Kind = "bucket"
	Alert  Kind = "alert" // its user, address and bucket together
)

// Subject is one thing to follow through the logs.
type Subject struct {
	Kind Kind
	Text string // as matched: a bucket's bare name, an address in its shortest form

	form   userForm
	prefix netip.Prefix
}

// userForm is how a user was named.
type userForm int

const (
	byName userForm = iota // of a user, a role, a session, a service; an e-mail
	byARN
	byKey       // access key id
	byPrincipal // unique id, with or without the session
	byAccount
)

// SubjectError says why a text names no subject, and what would.
type SubjectError struct{ What, Next string }

// Error is what is wrong.
func (e *SubjectError) Error() string { return e.What }

// Parse reads a subject. A user may be given by user name, role name, session
// name, e-mail, ARN, access key id, unique id, account id, "root", "anonymous"
// or a service's name; an ip as an address or a range (CIDR); a bucket by its
// name, its ARN or as s3://name. The error is a *SubjectError.
func Parse(kind Kind, text string) (Subject, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return Subject{}, &SubjectError{"the " + string(kind) + " is empty", "name one, for example: " + examples[kind]}
	}
	switch kind {
	case User:
		return Subject{Kind: User, Text: text, form: formOf(text)}, nil
	case IP:
		return parseIP(text)
	case Bucket:
		return parseBucket(text)
	}
	return Subject{}, &SubjectError{fmt.Sprintf("%q is no kind of subject", kind), "kinds: user, ip, bucket, alert"}
}

var examples = map[Kind]string{User: "alice", IP: "203.0.113.7", Bucket: "my-bucket", Alert: "a-0123456789ab"}

// The prefixes of unique ids and access keys (IAM User Guide, "IAM identifiers").
var (
	accessKeyForm = regexp.MustCompile(`^(?i:AKIA|ASIA)[A-Za-z0-9]{12,124}$`)
	principalForm = regexp.MustCompile(`^(?:AIDA|AROA|AGPA|ANPA)[A-Z0-9]{12,124}(?::.+)?$`)
	accountForm   = regexp.MustCompile(`^[0-9]{12}$`)
	bucketForm    = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$`) // with the older, wider rules of us-east-1
)

func formOf(text string) userForm {
	switch {
	case strings.HasPrefix(text, "arn:"):
		return byARN
	case accessKeyForm.MatchString(text):
		return byKey
	case principalForm.MatchString(text):
		return byPrincipal
	case accountForm.MatchString(text):
		return byAccount
	}
	return byName
}

func parseIP(text string) (Subject, error) {
	bare := strings.TrimSuffix(strings.TrimPrefix(text, "["), "]")
	if addr, err := netip.ParseAddr(bare); err == nil && addr.Zone() == "" {
		addr = addr.Unmap()
		return Subject{Kind: IP, Text: addr.String(), prefix: netip.PrefixFrom(addr, addr.BitLen())}, nil
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return Subject{}, &SubjectError{fmt.Sprintf("%q is no address and no range", text),
			"for example 203.0.113.7, 2001:db8::7 or 203.0.113.0/24; a service acts under its name: bucketlid investigate user cloudformation.amazonaws.com"}
	}
	if a := prefix.Addr(); a.Is4In6() && prefix.Bits() >= 96 {
		prefix = netip.PrefixFrom(a.Unmap(), prefix.Bits()-96)
	}
	prefix = prefix.Masked()
	return Subject{Kind: IP, Text: prefix.String(), prefix: prefix}, nil
}

func parseBucket(text string) (Subject, error) {
	name := text
	if rest, ok := strings.CutPrefix(name, "s3://"); ok {
		name, _, _ = strings.Cut(rest, "/")
	} else if _, rest, ok := strings.Cut(name, ":::"); ok && strings.HasPrefix(name, "arn:") {
		name, _, _ = strings.Cut(rest, "/")
	}
	if !bucketForm.MatchString(name) {
		return Subject{}, &SubjectError{fmt.Sprintf("%q is no bucket's name", text), "for example my-bucket, s3://my-bucket or arn:aws:s3:::my-bucket"}
	}
	return Subject{Kind: Bucket, Text: name}, nil
}
