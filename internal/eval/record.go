// SPDX-License-Identifier: Apache-2.0

package eval

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"strings"
	"time"
)

// record is a CloudTrail record in CloudTrail's own order of fields.
type record struct {
	EventVersion       string          `json:"eventVersion"`
	UserIdentity       identity        `json:"userIdentity"`
	EventTime          string          `json:"eventTime"`
	EventSource        string          `json:"eventSource"`
	EventName          string          `json:"eventName"`
	AWSRegion          string          `json:"awsRegion"`
	SourceIPAddress    string          `json:"sourceIPAddress"`
	UserAgent          string          `json:"userAgent"`
	ErrorCode          string          `json:"errorCode,omitempty"`
	ErrorMessage       string          `json:"errorMessage,omitempty"`
	RequestParameters  json.RawMessage `json:"requestParameters"`
	ResponseElements   json.RawMessage `json:"responseElements"`
	AdditionalData     json.RawMessage `json:"additionalEventData,omitempty"`
	RequestID          string          `json:"requestID"`
	EventID            string          `json:"eventID"`
	ReadOnly           bool            `json:"readOnly"`
	Resources          []resource      `json:"resources,omitempty"`
	EventType          string          `json:"eventType"`
	ManagementEvent    bool            `json:"managementEvent"`
	RecipientAccountID string          `json:"recipientAccountId"`
	EventCategory      string          `json:"eventCategory"`
}

type resource struct {
	AccountID string `json:"accountId,omitempty"`
	Type      string `json:"type"`
	ARN       string `json:"ARN"`
}

// call is one call to be written as a record.
type call struct {
	at      time.Time
	by      *actor
	place   string
	agent   string
	service string
	name    string
	bucket  string
	object  string
	params  map[string]any
	err     string
	key     string // names one of several access keys of the caller
	bytes   int
}

// dataCalls are logged as data events.
var dataCalls = map[string]bool{"GetObject": true, "PutObject": true, "DeleteObject": true, "ListObjects": true, "HeadBucket": true, "PutObjectAcl": true, "GetObjectAcl": true, "CopyObject": true}

func readOnly(name string) bool {
	for _, p := range []string{"Get", "List", "Describe", "Head", "Lookup", "Receive"} {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}

// line renders the call. Its id follows from the scenario's name, its place in
// it, and its content.
func (c *call) line(scenario string, n int) []byte {
	id := digest(scenario, n, c.at.Unix(), c.name, c.bucket)
	r := record{
		EventVersion: "1.11", UserIdentity: c.by.identity(c.at, c.key), EventTime: c.at.Format(time.RFC3339),
		EventSource: c.service + ".amazonaws.com", EventName: c.name, AWSRegion: region, SourceIPAddress: places[c.place], UserAgent: agents[c.agent],
		ErrorCode: c.err, RequestParameters: c.parameters(), RequestID: strings.ToUpper(fmt.Sprintf("%016x", digest(id))),
		EventID:  fmt.Sprintf("%08x-%04x-4%03x-a%03x-%012x", id>>32, id>>16&0xffff, id&0xfff, id>>20&0xfff, digest(id, "low")&0xffffffffffff),
		ReadOnly: readOnly(c.name), EventType: "AwsApiCall", ManagementEvent: !dataCalls[c.name], RecipientAccountID: account, EventCategory: "Management",
	}
	if c.err != "" {
		r.ErrorMessage = "Access Denied"
	}
	if dataCalls[c.name] {
		r.EventCategory = "Data"
	}
	if c.bytes > 0 {
		r.AdditionalData = json.RawMessage(fmt.Sprintf(`{"bytesTransferredIn":0,"bytesTransferredOut":%d}`, c.bytes))
	}
	if c.object != "" {
		r.Resources = append(r.Resources, resource{Type: "AWS::S3::Object", ARN: "arn:aws:s3:::" + c.bucket + "/" + c.object})
	}
	if c.bucket != "" && c.name != "CreateBucket" && c.name != "CreateAccessPoint" {
		r.Resources = append(r.Resources, resource{AccountID: account, Type: "AWS::S3::Bucket", ARN: "arn:aws:s3:::" + c.bucket})
	}
	out, err := json.Marshal(r)
	if err != nil {
		panic(err) // only of a value that JSON cannot hold, which no field is
	}
	return out
}

// subresources are what S3's calls name besides the bucket.
var subresources = map[string]string{"Acl": "acl", "Policy": "policy", "PublicAccessBlock": "publicAccessBlock", "OwnershipControls": "ownershipControls", "Website": "website", "Tagging": "tagging"}

func (c *call) parameters() json.RawMessage {
	p := map[string]any{}
	for k, v := range c.params {
		p[k] = v
	}
	switch {
	case c.service == "s3" && (strings.Contains(c.name, "AccountPublicAccessBlock") || strings.Contains(c.name, "AccessPoint")):
		p["Host"] = account + ".s3-control." + region + ".amazonaws.com"
	case c.bucket != "":
		p["bucketName"], p["Host"] = c.bucket, c.bucket+".s3."+region+".amazonaws.com"
	}
	if c.object != "" {
		p["key"] = c.object
	}
	for ending, word := range subresources {
		if strings.HasSuffix(c.name, ending) && !strings.Contains(c.name, "AccessPoint") && c.service == "s3" {
			p[word] = ""
		}
	}
	if len(p) == 0 {
		return nil
	}
	out, err := json.Marshal(p)
	if err != nil {
		panic(err) // parameters are made of text, numbers and maps of them
	}
	return out
}

// example is an identifier of AWS's form.
func example(prefix, seed string) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	out, n := []byte(prefix), digest(seed)
	for range 12 {
		out = append(out, letters[n%32])
		n /= 32
	}
	return string(append(out, "EXAM"...))
}

func digest(parts ...any) uint64 {
	h := fnv.New64a()
	fmt.Fprint(h, parts...)
	// Finish as splitmix64 does, so that like inputs differ in all bits.
	n := h.Sum64()
	n = (n ^ n>>30) * 0xbf58476d1ce4e5b9
	n = (n ^ n>>27) * 0x94d049bb133111eb
	return n ^ n>>31
}
