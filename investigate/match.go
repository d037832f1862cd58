// SPDX-License-Identifier: Apache-2.0

package investigate

import (
	"bytes"
	"net/netip"
	"slices"

	"github.com/bucketlid/bucketlid/trail"
)

// match is how a record belongs to a subject.
type match struct {
	how      string // "user name", "role", "session", …
	identity string // the one principal, address or bucket that was met
}

// Matches reports whether a record belongs to the subject. raw is the record of
// the header. Several goroutines may ask.
func (s *Subject) Matches(h *trail.Header, raw []byte) bool {
	_, ok := s.matches(h, raw)
	return ok
}

// matches reports whether a record belongs to the subject, by its header where
// that suffices.
func (s *Subject) matches(h *trail.Header, raw []byte) (match, bool) {
	switch s.Kind {
	case User:
		return s.matchesUser(h, raw)
	case IP:
		addr, err := netip.ParseAddr(string(h.Address))
		if err != nil || !s.prefix.Contains(addr.Unmap().WithZone("")) {
			return match{}, false
		}
		return match{"address", addr.Unmap().WithZone("").String()}, true
	case Bucket:
		if mentions(h.Request, s.Text) || mentions(h.Resources, s.Text) {
			return match{"name", s.Text}, true
		}
	}
	return match{}, false
}

// mentions reports whether text names a bucket, alone, in an ARN, a URL or a
// host name, and not as a part of a longer name.
func mentions(text []byte, bucket string) bool {
	for {
		at := bytes.Index(text, []byte(bucket))
		if at < 0 {
			return false
		}
		rest := text[at+len(bucket):]
		if (at == 0 || !nameByte(text[at-1])) && endsName(rest) {
			return true
		}
		text = text[at+1:]
	}
}

func nameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '-' || c == '_'
}

func endsName(rest []byte) bool {
	return len(rest) == 0 || !nameByte(rest[0]) || bytes.HasPrefix(rest, []byte(".s3"))
}

func (s *Subject) matchesUser(h *trail.Header, raw []byte) (match, bool) {
	switch s.form {
	case byARN:
		return s.matchesARN(h)
	case byKey:
		if bytes.EqualFold(bytes.Trim(h.AccessKeyID, `"`), []byte(s.Text)) {
			return match{"access key", caller(h)}, true
		}
	case byPrincipal:
		id, _, _ := bytes.Cut(h.PrincipalID, []byte(":"))
		if string(h.PrincipalID) == s.Text || string(id) == s.Text {
			return match{"unique id", caller(h)}, true
		}
	case byAccount:
		if string(h.AccountID) == s.Text {
			return match{"account", s.Text}, true
		}
	default:
		return s.matchesName(h, raw)
	}
	return match{}, false
}

// matchesARN takes the ARN of a user, of a session, or of a role for all its
// sessions; of a role also in the form that sessions have.
func (s *Subject) matchesARN(h *trail.Header) (match, bool) {
	want := []byte(s.Text)
	switch {
	case bytes.Equal(h.ARN, want):
		return match{"ARN", s.Text}, true
	case bytes.Equal(h.IssuerARN, want):
		return match{"role ARN", s.Text}, true
	}
	role, _, ok := sessionOf(h.ARN)
	if !ok {
		return match{}, false
	}
	account, name, ok := roleOf(want)
	if ok && len(h.IssuerARN) == 0 && bytes.EqualFold(name, role) && bytes.Contains(h.ARN, slices.Concat([]byte(":"), account, assumedRole)) {
		return match{"role ARN", s.Text}, true
	}
	if bytes.HasPrefix(h.ARN, want) && len(h.ARN) > len(want) && h.ARN[len(want)] == '/' {
		return match{"role ARN", s.Text}, true
	}
	return match{}, false
}

var (
	assumedRole = []byte(":assumed-role/")
	roleMark    = []byte(":role/")
)

// sessionOf parts the ARN of a session into role and session name.
func sessionOf(arn []byte) (role, session []byte, ok bool) {
	_, rest, ok := bytes.Cut(arn, assumedRole)
	if !ok {
		return nil, nil, false
	}
	role, session, _ = bytes.Cut(rest, []byte("/"))
	return role, session, true
}

// roleOf parts the ARN of a role into account and bare name.
func roleOf(arn []byte) (account, name []byte, ok bool) {
	head, rest, ok := bytes.Cut(arn, roleMark)
	if !ok {
		return nil, nil, false
	}
	return head[bytes.LastIndexByte(head, ':')+1:], rest[bytes.LastIndexByte(rest, '/')+1:], true
}

// matchesName compares a plain name with everything that names a caller. IAM
// tells no two names apart by case (IAM User Guide, "IAM and AWS STS quotas").
func (s *Subject) matchesName(h *trail.Header, raw []byte) (match, bool) {
	want := []byte(s.Text)
	role, session, ofRole := sessionOf(h.ARN)
	switch {
	case string(h.Type) == "Root" && (bytes.EqualFold(want, []byte("root")) || s.Text == "root ("+string(h.AccountID)+")"):
		return match{"root user", caller(h)}, true
	case ofRole && bytes.EqualFold(session, want), ofRole && len(want) > len(role) && bytes.EqualFold(h.ARN[len(h.ARN)-len(role)-1-len(session):], want):
		return match{"session name", string(h.ARN)}, true
	case ofRole && bytes.EqualFold(role, want):
		return match{"role name", roleIdentity(h)}, true
	case bytes.EqualFold(h.UserName, want):
		return match{"user name", caller(h)}, true
	case !ofRole && len(h.ARN) > 0 && bytes.EqualFold(h.ARN[bytes.LastIndexAny(h.ARN, "/:")+1:], want):
		return match{"user name", caller(h)}, true
	case anonymous(h) && bytes.EqualFold(want, []byte("anonymous")):
		return match{"unsigned requests", "anonymous"}, true
	case bytes.EqualFold(h.InvokedBy, want):
		return match{"service", string(h.InvokedBy)}, true
	}
	if _, name, ok := bytes.Cut(h.PrincipalID, []byte(":")); ok && bytes.EqualFold(name, want) {
		return match{"session name", caller(h)}, true
	}
	return s.matchesBehind(h, raw)
}

// matchesBehind looks for the person behind a session, whom the header does
// not name: sourceIdentity, or the user of IAM Identity Center (AWS page
// "CloudTrail userIdentity element").
func (s *Subject) matchesBehind(h *trail.Header, raw []byte) (match, bool) {
	if value, ok := textMember(raw, `"sourceIdentity"`); ok && bytes.EqualFold(value, []byte(s.Text)) {
		return match{"source identity", caller(h)}, true
	}
	if string(h.Type) == "IdentityCenterUser" {
		if value, ok := textMember(raw, `"userId"`); ok && string(value) == s.Text {
			return match{"Identity Center user", s.Text}, true
		}
	}
	return match{}, false
}

// textMember is the text of the first member of a name.
func textMember(raw []byte, quoted string) ([]byte, bool) {
	at := bytes.Index(raw, []byte(quoted))
	if at < 0 {
		return nil, false
	}
	rest := bytes.TrimLeft(raw[at+len(quoted):], " \t\r\n:")
	if len(rest) == 0 || rest[0] != '"' {
		return nil, false
	}
	end := bytes.IndexByte(rest[1:], '"')
	if end < 0 {
		return nil, false
	}
	return rest[1 : end+1], true
}

func anonymous(h *trail.Header) bool {
	account := string(h.AccountID)
	return account == "anonymous" || account == "ANONYMOUS_PRINCIPAL"
}

// roleIdentity is a role's ARN, with its path where the record tells it.
func roleIdentity(h *trail.Header) string {
	if len(h.IssuerARN) > 0 {
		return string(h.IssuerARN)
	}
	return string(h.ARN[:max(0, bytes.LastIndexByte(h.ARN, '/'))])
}

// caller is who made a call, as the record names him best.
func caller(h *trail.Header) string {
	switch {
	case len(h.ARN) > 0:
		return string(h.ARN)
	case anonymous(h):
		return "anonymous"
	case len(h.InvokedBy) > 0:
		return string(h.InvokedBy)
	case len(h.UserName) > 0:
		return string(h.UserName)
	case len(h.PrincipalID) > 0 && len(h.AccountID) > 0 && !bytes.Equal(h.PrincipalID, h.AccountID):
		return "account " + string(h.AccountID) + " · " + string(h.PrincipalID)
	case len(h.AccountID) > 0:
		return "account " + string(h.AccountID)
	}
	return string(h.PrincipalID)
}

// familiar is the caller without a session's name, unless that names a person:
// ten thousand sessions of one machine are one caller.
func familiar(h *trail.Header) []byte {
	switch {
	case len(h.ARN) == 0:
		return []byte(caller(h))
	case !bytes.Contains(h.ARN, assumedRole):
		return h.ARN
	}
	slash := bytes.LastIndexByte(h.ARN, '/')
	if slash < 0 || bytes.IndexByte(h.ARN[slash:], '@') >= 0 {
		return h.ARN
	}
	return h.ARN[:slash]
}
