// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"bytes"

	"github.com/bucketlid/bucketlid/trail"
)

// principalKey is who acted, as one key: the ARN, or the service, or the foreign
// account. All sessions of a role are one principal, since whoever may assume it
// names his session as he likes (AWS STS, "AssumeRole", RoleSessionName). Where
// IAM Identity Center made the role, it names the sessions, after its users:
// those are principals of their own.
func principalKey(buf []byte, h *trail.Header) []byte {
	switch {
	case len(h.ARN) > 0:
		return appendCaller(buf, h.ARN)
	case len(h.InvokedBy) > 0:
		return append(append(buf, "service:"...), h.InvokedBy...)
	case len(h.AccountID) > 0:
		return append(append(buf, "account:"...), h.AccountID...)
	}
	return append(buf, h.PrincipalID...)
}

var assumedRole = []byte(":assumed-role/")

const atRole = len("arn:aws:sts::123456789012")

// appendCaller copies an ARN, of the session of a role only the role.
func appendCaller(buf, arn []byte) []byte {
	at := atRole // as AWS writes it outside China and GovCloud
	if len(arn) < at || !bytes.HasPrefix(arn[at:], assumedRole) {
		if at = bytes.Index(arn, assumedRole); at < 0 {
			return append(buf, arn...)
		}
	}
	role, _, _ := bytes.Cut(arn[at+len(assumedRole):], []byte("/"))
	if namesSessions(role) {
		return appendPattern(buf, arn)
	}
	return append(buf, arn[:at+len(assumedRole)+len(role)]...)
}

var identityCenter = []byte("AWSReservedSSO_")

// namesSessions reports whether a role is one that IAM Identity Center made, by
// its name: AWSReservedSSO_, the permission set, and 16 digits of base 16 (IAM
// Identity Center User Guide, "Referencing permission sets in resource policies").
func namesSessions(role []byte) bool {
	n := len(role) - 16
	return bytes.HasPrefix(role, identityCenter) && n > len(identityCenter) && role[n-1] == '_' &&
		!bytes.ContainsFunc(role[n:], func(c rune) bool { return c > 'f' || !isHex(byte(c)) })
}

// NamesSessions reports whether the sessions of a role, by its name, are named
// by IAM Identity Center, and not by whoever assumes the role.
func NamesSessions(role string) bool { return namesSessions([]byte(role)) }

// appendPattern copies an ARN; in a session's name every run of five or more
// digits or hexadecimal digits becomes "*".
func appendPattern(buf, arn []byte) []byte {
	slash := bytes.LastIndexByte(arn, '/')
	if slash < 0 || !bytes.Contains(arn, assumedRole) || bytes.IndexByte(arn[slash:], '@') >= 0 {
		return append(buf, arn...)
	}
	buf = append(buf, arn[:slash+1]...)
	session := arn[slash+1:]
	for i := 0; i < len(session); {
		end, digits := i, 0
		for end < len(session) && isHex(session[end]) {
			if session[end] <= '9' {
				digits++
			}
			end++
		}
		switch {
		case end-i >= 5 && digits >= 2:
			buf = append(buf, '*')
			i = end
		case end > i:
			buf = append(buf, session[i:end]...)
			i = end
		default:
			buf = append(buf, session[i])
			i++
		}
	}
	return buf
}

func isHex(c byte) bool { return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' }

// PrincipalKey is the baseline's key for a caller named by ARN, service or account.
func PrincipalKey(arn, invokedBy, accountID, principalID string) string {
	h := trail.Header{ARN: []byte(arn), InvokedBy: []byte(invokedBy), AccountID: []byte(accountID), PrincipalID: []byte(principalID)}
	return string(principalKey(nil, &h))
}

// SessionKey is PrincipalKey with the sessions of roles apart, but for
// machine-made parts of their names, which are cut to a pattern: ten thousand
// build sessions are one. It is what an archive keeps.
func SessionKey(arn, invokedBy, accountID, principalID string) string {
	if arn != "" {
		return string(appendPattern(nil, []byte(arn)))
	}
	return PrincipalKey("", invokedBy, accountID, principalID)
}
