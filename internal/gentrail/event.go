// SPDX-License-Identifier: Apache-2.0

package gentrail

import (
	"strconv"
	"time"
)

// event is one record before it is rendered. Text fields are JSON-escaped
// already, the byte slices are whole JSON values.
type event struct {
	at        int64 // seconds since 1970, UTC
	by        *actor
	address   string
	agent     string
	source    string // eventSource without ".amazonaws.com"
	name      string
	region    string
	account   string // recipientAccountId
	code      string
	message   string
	params    []byte
	response  []byte
	extra     []byte // additionalEventData
	resources []byte
	details   []byte // serviceEventDetails
	requestID string
	eventID   string
	shared    string // sharedEventID
	endpoint  string // vpcEndpointId
	host      string // tlsDetails.clientProvidedHostHeader; "" leaves tlsDetails out
	kind      string // eventType; "" is AwsApiCall
	readOnly  bool
	data      bool // a data event
	console   bool // sessionCredentialFromConsole
}

// eventVersion follows the versions that CloudTrail wrote at that time.
func eventVersion(at int64) string {
	switch {
	case at < unixDate(2019, 10):
		return "1.05"
	case at < unixDate(2023, 6):
		return "1.08"
	case at < unixDate(2024, 7):
		return "1.09"
	case at < unixDate(2025, 3):
		return "1.10"
	}
	return "1.11"
}

func unixDate(year int, month time.Month) int64 {
	return time.Date(year, month, 1, 0, 0, 0, 0, time.UTC).Unix()
}

// append renders the record on one line, keys in CloudTrail's own order.
func (e *event) append(b []byte) []byte {
	version := eventVersion(e.at)
	b = append(append(append(b, `{"eventVersion":"`...), version...), `","userIdentity":`...)
	b = e.by.append(b, e.at)
	b = append(appendTime(append(b, `,"eventTime":"`...), e.at), '"')
	b = append(append(b, `,"eventSource":"`...), e.source...)
	b = append(b, `.amazonaws.com"`...)
	b = appendText(b, "eventName", e.name)
	b = appendText(b, "awsRegion", e.region)
	b = appendText(b, "sourceIPAddress", e.address)
	b = appendText(b, "userAgent", e.agent)
	b = appendTextIf(b, "errorCode", e.code)
	b = appendTextIf(b, "errorMessage", e.message)
	b = appendValue(append(b, `,"requestParameters":`...), e.params)
	b = appendValue(append(b, `,"responseElements":`...), e.response)
	if len(e.extra) > 0 {
		b = append(append(b, `,"additionalEventData":`...), e.extra...)
	}
	b = appendTextIf(b, "requestID", e.requestID)
	b = appendText(b, "eventID", e.eventID)
	b = strconv.AppendBool(append(b, `,"readOnly":`...), e.readOnly)
	if len(e.resources) > 0 {
		b = append(append(b, `,"resources":`...), e.resources...)
	}
	return append(e.appendTail(b, version), '}')
}

// appendTail renders what follows the resources list. Old versions lack
// managementEvent, eventCategory and tlsDetails.
func (e *event) appendTail(b []byte, version string) []byte {
	kind := e.kind
	if kind == "" {
		kind = "AwsApiCall"
	}
	b = appendText(b, "eventType", kind)
	if version != "1.05" {
		b = strconv.AppendBool(append(b, `,"managementEvent":`...), !e.data)
	}
	b = appendText(b, "recipientAccountId", e.account)
	if len(e.details) > 0 {
		b = append(append(b, `,"serviceEventDetails":`...), e.details...)
	}
	b = appendTextIf(b, "sharedEventID", e.shared)
	b = appendTextIf(b, "vpcEndpointId", e.endpoint)
	if version == "1.05" {
		return b
	}
	category := "Management"
	if e.data {
		category = "Data"
	}
	b = appendText(b, "eventCategory", category)
	if e.host != "" {
		b = append(b, `,"tlsDetails":{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"`...)
		b = append(append(b, e.host...), `"}`...)
	}
	if e.console {
		b = append(b, `,"sessionCredentialFromConsole":"true"`...)
	}
	return b
}

func appendText(b []byte, key, text string) []byte {
	b = append(append(append(b, `,"`...), key...), `":"`...)
	return append(append(b, text...), '"')
}

func appendTextIf(b []byte, key, text string) []byte {
	if text == "" {
		return b
	}
	return appendText(b, key, text)
}

func appendValue(b, value []byte) []byte {
	if len(value) == 0 {
		return append(b, "null"...)
	}
	return append(b, value...)
}

// appendTime appends a moment as CloudTrail writes it: RFC 3339, UTC, whole seconds.
func appendTime(b []byte, at int64) []byte {
	return time.Unix(at, 0).UTC().AppendFormat(b, "2006-01-02T15:04:05Z")
}
