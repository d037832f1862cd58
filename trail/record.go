// SPDX-License-Identifier: Apache-2.0

package trail

import (
	"encoding/json"
	"time"
)

// Record is one CloudTrail record, decoded whole. Fields keep the names and
// meaning of the AWS page "CloudTrail record contents"; absent fields are zero.
type Record struct {
	EventVersion        string
	EventTime           time.Time // UTC; zero when the record's text is not a date
	EventTimeText       string    // as written
	EventSource         string
	EventName           string
	AWSRegion           string
	SourceIPAddress     string
	UserAgent           string
	ErrorCode           string
	ErrorMessage        string
	RequestID           string
	EventID             string
	SharedEventID       string
	EventType           string
	EventCategory       string
	RecipientAccountID  string
	VPCEndpointID       string
	ReadOnly            *bool
	ManagementEvent     *bool
	UserIdentity        UserIdentity
	Resources           []Resource
	RequestParameters   map[string]any // numbers are json.Number
	ResponseElements    map[string]any
	AdditionalEventData map[string]any
	ServiceEventDetails map[string]any
	Raw                 json.RawMessage // the record's own bytes
}

// UserIdentity says who made the request (AWS page "CloudTrail userIdentity element").
type UserIdentity struct {
	Type             string
	PrincipalID      string
	ARN              string
	AccountID        string
	UserName         string
	AccessKeyID      string
	InvokedBy        string
	IdentityProvider string
	Issuer           SessionIssuer
	SourceIdentity   string
	MFAAuthenticated string // "true", "false" or ""
	SessionCreated   string
	OnBehalfOfUserID string
}

// SessionIssuer is the role or user that issued temporary credentials.
type SessionIssuer struct {
	Type, PrincipalID, ARN, AccountID, UserName string
}

// Resource is an entry of a record's resources list.
type Resource struct {
	Type, ARN, AccountID string
}

// Header is the few fields by which every record is weighed. Its slices alias
// the scanner's buffer and hold unescaped JSON text; they are valid until the
// next record.
type Header struct {
	Offset             int64 // of the record in the unpacked object
	Time               []byte
	Name               []byte
	Source             []byte
	Region             []byte
	Address            []byte
	Agent              []byte
	Error              []byte
	EventID            []byte
	SharedEventID      []byte
	RecipientAccountID []byte
	Type               []byte // userIdentity.type
	PrincipalID        []byte // userIdentity.principalId
	ARN                []byte // userIdentity.arn
	AccountID          []byte // userIdentity.accountId
	UserName           []byte // userIdentity.userName
	InvokedBy          []byte // userIdentity.invokedBy
	AccessKeyID        []byte // userIdentity.accessKeyId, in quotes as written
	IssuerARN          []byte // userIdentity.sessionContext.sessionIssuer.arn
	Request            []byte // requestParameters, as written
	Response           []byte // responseElements, as written
	Resources          []byte // resources, as written
	Additional         []byte // additionalEventData, as written
}

// Skip names a piece of input that could not be read as a record.
type Skip struct {
	Offset int64 // in the uncompressed object
	Reason string
}
