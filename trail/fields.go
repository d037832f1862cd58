// SPDX-License-Identifier: Apache-2.0

package trail

// field numbers the members of a record that the sieve looks at.
type field uint8

// fields is a set of them.
type fields uint32

const (
	fieldTime field = iota
	fieldStamp
	fieldName
	fieldSource
	fieldRegion
	fieldAddress
	fieldAgent
	fieldError
	fieldEventID
	fieldSharedEventID
	fieldRecipient
	fieldUserIdentity
	fieldType
	fieldPrincipalID
	fieldARN
	fieldAccountID
	fieldUserName
	fieldInvokedBy
	fieldIssuerARN
	fieldVersion
	fieldInsight
	fieldRequest
	fieldResponse
	fieldResources
	fieldAdditional
	fieldList // a wrapper's list of records
	fieldNone
)

// fieldNames are the names by which errors call them.
var fieldNames = [...]string{
	fieldTime:          "eventTime",
	fieldStamp:         "@timestamp",
	fieldName:          "eventName",
	fieldSource:        "eventSource",
	fieldRegion:        "awsRegion",
	fieldAddress:       "sourceIPAddress",
	fieldAgent:         "userAgent",
	fieldError:         "errorCode",
	fieldEventID:       "eventID",
	fieldSharedEventID: "sharedEventID",
	fieldRecipient:     "recipientAccountId",
	fieldUserIdentity:  "userIdentity",
	fieldType:          "userIdentity.type",
	fieldPrincipalID:   "userIdentity.principalId",
	fieldARN:           "userIdentity.arn",
	fieldAccountID:     "userIdentity.accountId",
	fieldUserName:      "userIdentity.userName",
	fieldInvokedBy:     "userIdentity.invokedBy",
	fieldIssuerARN:     "userIdentity.sessionContext.sessionIssuer.arn",
}

const (
	// numbers are the fields that may be written as JSON numbers: tools that
	// pass records through a table write account ids so.
	numbers fields = 1<<fieldTime | 1<<fieldStamp | 1<<fieldRecipient |
		1<<fieldPrincipalID | 1<<fieldAccountID | 1<<fieldUserName

	// inIdentity are the fields inside userIdentity.
	inIdentity fields = 1<<fieldUserIdentity | 1<<fieldType | 1<<fieldPrincipalID | 1<<fieldARN |
		1<<fieldAccountID | 1<<fieldUserName | 1<<fieldInvokedBy | 1<<fieldIssuerARN

	// telling are the fields of which a record has at least two, beside its
	// eventName.
	telling fields = 1<<fieldTime | 1<<fieldStamp | 1<<fieldSource | 1<<fieldRegion | 1<<fieldAddress |
		1<<fieldEventID | 1<<fieldUserIdentity | 1<<fieldVersion
)

// recordField tells the members of a record, and the lists of wrappers, by name.
func recordField(key []byte) field {
	switch len(key) {
	case 6, 8:
		if string(key) == "Events" || string(key) == "Messages" {
			return fieldList
		}
	case 7:
		if string(key) == "eventID" {
			return fieldEventID
		}
		if string(key) == "Records" {
			return fieldList
		}
	case 9:
		return recordField9(key)
	case 10:
		if string(key) == "@timestamp" {
			return fieldStamp
		}
	case 11:
		if string(key) == "eventSource" {
			return fieldSource
		}
	case 12:
		if string(key) == "userIdentity" {
			return fieldUserIdentity
		}
		if string(key) == "eventVersion" {
			return fieldVersion
		}
	case 13, 14:
		if string(key) == "sharedEventID" {
			return fieldSharedEventID
		}
		if string(key) == "insightDetails" {
			return fieldInsight
		}
	case 15:
		if string(key) == "sourceIPAddress" {
			return fieldAddress
		}
		if string(key) == "QueryResultRows" {
			return fieldList
		}
	case 16, 17:
		if string(key) == "responseElements" {
			return fieldResponse
		}
		if string(key) == "requestParameters" {
			return fieldRequest
		}
	case 18:
		if string(key) == "recipientAccountId" {
			return fieldRecipient
		}
	case 19:
		if string(key) == "additionalEventData" {
			return fieldAdditional
		}
	}
	return fieldNone
}

func recordField9(key []byte) field {
	switch string(key) {
	case "eventTime":
		return fieldTime
	case "eventName":
		return fieldName
	case "awsRegion":
		return fieldRegion
	case "userAgent":
		return fieldAgent
	case "errorCode":
		return fieldError
	case "resources":
		return fieldResources
	case "logEvents":
		return fieldList
	}
	return fieldNone
}

// target is where the text of a field goes.
func (s *scanner) target(f field) *[]byte {
	switch f {
	case fieldTime:
		return &s.h.Time
	case fieldStamp:
		return &s.stamp
	case fieldName:
		return &s.h.Name
	case fieldSource:
		return &s.h.Source
	case fieldRegion:
		return &s.h.Region
	case fieldAddress:
		return &s.h.Address
	case fieldAgent:
		return &s.h.Agent
	case fieldError:
		return &s.h.Error
	case fieldEventID:
		return &s.h.EventID
	case fieldSharedEventID:
		return &s.h.SharedEventID
	}
	return &s.h.RecipientAccountID
}

// scalar reads the value at i of a field that is a text.
func (s *scanner) scalar(b []byte, i int, dst *[]byte, f field) (int, status) {
	if b[i] != '"' {
		return s.oddScalar(b, i, dst, f)
	}
	s.wrong &^= 1 << f // the last of several members of one name counts
	start := i + 1
	end, plain := stringEnd(b, start)
	if b[end] != '"' {
		return s.stop(end)
	}
	if plain {
		*dst = b[start:end:end]
		return end + 1, statusOK
	}
	text, ok := s.unquoted(b[start:end])
	*dst = text
	if !ok {
		return end, statusSyntax
	}
	return end + 1, statusOK
}

// oddScalar reads the other forms of a text: null, a number where that is
// allowed, and a list of one text, as old records wrap header values.
func (s *scanner) oddScalar(b []byte, i int, dst *[]byte, f field) (int, status) {
	*dst = nil
	s.wrong &^= 1 << f
	switch b[i] {
	case '[':
		inner := space(b, i+1)
		end, st := s.nested(b, i, 1)
		if st != statusOK || b[inner] == ']' {
			return end, st
		}
		if c := b[inner]; c == '[' || c == '{' {
			s.wrong |= 1 << f
			return end, statusOK
		}
		after, st := s.scalar(b, inner, dst, f)
		if st != statusOK {
			return after, st
		}
		if space(b, after) != end-1 {
			s.wrong |= 1 << f
		}
		return end, statusOK
	case '{':
		s.wrong |= 1 << f
		return s.nested(b, i, 1)
	}
	end := literalEnd(b, i)
	if end == i || end >= s.end {
		return s.stop(end)
	}
	text := b[i:end:end]
	switch {
	case string(text) == "null":
	case numbers>>f&1 == 1 && ('0' <= text[0] && text[0] <= '9' || text[0] == '-'):
		*dst = text
	default:
		s.wrong |= 1 << f
	}
	return end, statusOK
}
