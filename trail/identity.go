// SPDX-License-Identifier: Apache-2.0

package trail

// within says which object inside userIdentity is being read.
type within uint8

const (
	inUser within = iota
	inSession
	inIssuer
)

// identity reads the value at i of userIdentity.
func (s *scanner) identity(b []byte, i int) (int, status) {
	h := &s.h
	h.Type, h.PrincipalID, h.ARN, h.AccountID = nil, nil, nil, nil
	h.UserName, h.InvokedBy, h.IssuerARN, h.AccessKeyID = nil, nil, nil, nil
	s.wrong &^= inIdentity
	if b[i] == '{' {
		return s.identityObject(b, i, inUser)
	}
	if b[i] != 'n' {
		s.wrong |= 1 << fieldUserIdentity
	}
	return s.value(b, i)
}

// identityObject reads the members of the object at i: those of userIdentity,
// of its sessionContext, or of the sessionIssuer in that.
func (s *scanner) identityObject(b []byte, i int, in within) (int, status) {
	i = space(b, i+1)
	if b[i] == '}' {
		return i + 1, statusOK
	}
	for {
		key, next, st := s.key(b, i)
		if st != statusOK {
			return next, st
		}
		i, st = s.identityMember(b, next, key, in)
		if st != statusOK {
			return i, st
		}
		c := b[i]
		if c != ',' && c != '}' {
			i = space(b, i)
			c = b[i]
		}
		i++
		if c == '}' {
			return i, statusOK
		}
		if c != ',' {
			return s.stop(i - 1)
		}
	}
}

func (s *scanner) identityMember(b []byte, i int, key []byte, in within) (int, status) {
	switch in {
	case inUser:
		return s.userMember(b, i, key)
	case inSession:
		if string(key) == "sessionIssuer" {
			return s.enter(b, i, inIssuer)
		}
	case inIssuer:
		if string(key) == "arn" {
			return s.scalar(b, i, &s.h.IssuerARN, fieldIssuerARN)
		}
	}
	return s.value(b, i)
}

func (s *scanner) userMember(b []byte, i int, key []byte) (int, status) {
	h := &s.h
	switch string(key) {
	case "type":
		return s.scalar(b, i, &h.Type, fieldType)
	case "principalId":
		return s.scalar(b, i, &h.PrincipalID, fieldPrincipalID)
	case "arn":
		return s.scalar(b, i, &h.ARN, fieldARN)
	case "accountId":
		return s.scalar(b, i, &h.AccountID, fieldAccountID)
	case "userName":
		return s.scalar(b, i, &h.UserName, fieldUserName)
	case "invokedBy":
		return s.scalar(b, i, &h.InvokedBy, fieldInvokedBy)
	case "accessKeyId":
		return s.span(b, i, &h.AccessKeyID)
	case "sessionContext":
		return s.enter(b, i, inSession)
	}
	return s.value(b, i)
}

// enter reads an object on the way to sessionIssuer.arn. Something else in its
// place counts as absent.
func (s *scanner) enter(b []byte, i int, in within) (int, status) {
	s.h.IssuerARN = nil
	s.wrong &^= 1 << fieldIssuerARN
	if b[i] != '{' {
		return s.value(b, i)
	}
	return s.identityObject(b, i, in)
}
