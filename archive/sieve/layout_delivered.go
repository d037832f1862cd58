// SPDX-License-Identifier: Apache-2.0

package sieve

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// delivered is the table of CloudTrail's own log files, as people have it in
// Athena and in Trino (Amazon Athena User Guide, "Query AWS CloudTrail logs").
var delivered = layout{
	id: "cloudtrail",
	needs: []string{"eventversion", "useridentity", "eventtime", "eventsource", "eventname", "awsregion", "sourceipaddress", "useragent", "errorcode",
		"errormessage", "requestparameters", "responseelements", "additionaleventdata", "requestid", "eventid", "resources", "eventtype", "readonly",
		"recipientaccountid", "sharedeventid", "vpcendpointid"},
	even: evenOf(deliveredSeconds, deliveredBucket, deliveredKey),
	text: "concat(coalesce(requestparameters, ''), ' ', coalesce(errorcode, ''), ' ', coalesce(errormessage, ''), ' ', coalesce(json_format(CAST(resources AS JSON)), ''))",
	odd: oddities(slices.Concat(
		[]string{"eventtime IS NULL", "NOT regexp_like(eventtime, '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$')",
			deliveredSeconds + " IS NULL", "eventtime < '1990'", "eventtime >= '2201'", "eventid IS NULL", "length(eventid) < 12",
			"regexp_like(useridentity.arn, '[^ -~]')", oddAgent("useragent")},
		longTexts(deliveredBucket),
		[]string{"length(useridentity.accesskeyid) > 120", unclear("eventsource", "eventname", "requestparameters", deliveredBucket, deliveredKey)},
	)...),
	filter: deliveredFilter,
	row:    deliveredRow(),
	whole:  deliveredRecord,
}

// evenOf are the members of an even record in a table with the columns of
// CloudTrail's own files, of which time, bucket and key are had by expressions.
func evenOf(seconds, bucket, key string) []member {
	return []member{
		{"seconds", seconds},
		{"event_id", "eventid"},
		{"principal", deliveredPrincipal},
		{"address", "coalesce(sourceipaddress, '')"},
		{"name", "coalesce(eventname, '')"},
		{"agent", agentFamily("useragent")},
		{"region", "coalesce(awsregion, '')"},
		{"error", "coalesce(errorcode, '')"},
		{"account", "coalesce(recipientaccountid, '')"},
		{"access_key", "coalesce(useridentity.accesskeyid, '')"},
		{"source", "coalesce(eventsource, '')"},
		{"user_type", "coalesce(useridentity.type, '')"},
		{"bucket", bucket},
		{"object_key", key},
	}
}

// longTexts are the oddities of texts that are too long for an even record.
func longTexts(bucket string) []string {
	return tooLong("eventid", "useridentity.arn", "useridentity.accountid", "useridentity.invokedby", "useridentity.principalid", "sourceipaddress", "eventname",
		"awsregion", "errorcode", "recipientaccountid", bucket)
}

const (
	deliveredSeconds = "CAST(floor(to_unixtime(try(from_iso8601_timestamp(eventtime)))) AS bigint)"
	deliveredBucket  = `regexp_extract(requestparameters, '"bucketName":"([^"\\]*)"', 1)`
	deliveredKey     = `regexp_extract(requestparameters, '"key":"([^"\\]*)"', 1)`
)

// deliveredPrincipal is replay.PrincipalKey.
var deliveredPrincipal = caller(deliveredSession, "useridentity.arn")

// deliveredSession is replay.SessionKey: in the name of a session every run of
// five or more digits of base 16, of which two are decimal, becomes "*".
const deliveredSession = `CASE WHEN coalesce(useridentity.arn, '') <> '' THEN
 CASE WHEN strpos(useridentity.arn, ':assumed-role/') > 0 AND strpos(regexp_extract(useridentity.arn, '[^/]*$'), '@') = 0
 THEN concat(regexp_extract(useridentity.arn, '^.*/'), regexp_replace(regexp_extract(useridentity.arn, '[^/]*$'), '(?<![0-9a-f])(?=[a-f]*[0-9][a-f]*[0-9])[0-9a-f]{5,}', '*'))
 ELSE useridentity.arn END
 WHEN coalesce(useridentity.invokedby, '') <> '' THEN concat('service:', useridentity.invokedby)
 WHEN coalesce(useridentity.accountid, '') <> '' THEN concat('account:', useridentity.accountid)
 ELSE coalesce(useridentity.principalid, '') END`

func deliveredFilter(f Filter) []string {
	var out []string
	if len(f.Accounts) > 0 {
		out = append(out, untold("recipientaccountid", f.Accounts))
	}
	if len(f.Regions) > 0 {
		out = append(out, untold("awsregion", f.Regions))
	}
	for _, condition := range f.within(deliveredSeconds) {
		out = append(out, "("+deliveredSeconds+" IS NULL OR "+condition+")")
	}
	return out
}

// field is where a column's value stands in a record.
type field struct {
	column string
	path   []string
	json   bool // the value is JSON
}

// deliveredFields are the columns of a whole record.
var deliveredFields = []field{
	{"eventversion", []string{"eventVersion"}, false},
	{"useridentity.type", []string{"userIdentity", "type"}, false},
	{"useridentity.principalid", []string{"userIdentity", "principalId"}, false},
	{"useridentity.arn", []string{"userIdentity", "arn"}, false},
	{"useridentity.accountid", []string{"userIdentity", "accountId"}, false},
	{"useridentity.invokedby", []string{"userIdentity", "invokedBy"}, false},
	{"useridentity.accesskeyid", []string{"userIdentity", "accessKeyId"}, false},
	{"useridentity.username", []string{"userIdentity", "userName"}, false},
	{"useridentity.sessioncontext.attributes.mfaauthenticated", []string{"userIdentity", "sessionContext", "attributes", "mfaAuthenticated"}, false},
	{"useridentity.sessioncontext.attributes.creationdate", []string{"userIdentity", "sessionContext", "attributes", "creationDate"}, false},
	{"useridentity.sessioncontext.sessionissuer.type", []string{"userIdentity", "sessionContext", "sessionIssuer", "type"}, false},
	{"useridentity.sessioncontext.sessionissuer.principalid", []string{"userIdentity", "sessionContext", "sessionIssuer", "principalId"}, false},
	{"useridentity.sessioncontext.sessionissuer.arn", []string{"userIdentity", "sessionContext", "sessionIssuer", "arn"}, false},
	{"useridentity.sessioncontext.sessionissuer.accountid", []string{"userIdentity", "sessionContext", "sessionIssuer", "accountId"}, false},
	{"useridentity.sessioncontext.sessionissuer.username", []string{"userIdentity", "sessionContext", "sessionIssuer", "userName"}, false},
	{"eventtime", []string{"eventTime"}, false},
	{"eventsource", []string{"eventSource"}, false},
	{"eventname", []string{"eventName"}, false},
	{"awsregion", []string{"awsRegion"}, false},
	{"sourceipaddress", []string{"sourceIPAddress"}, false},
	{"useragent", []string{"userAgent"}, false},
	{"errorcode", []string{"errorCode"}, false},
	{"errormessage", []string{"errorMessage"}, false},
	{"requestparameters", []string{"requestParameters"}, true},
	{"responseelements", []string{"responseElements"}, true},
	{"additionaleventdata", []string{"additionalEventData"}, true},
	{"requestid", []string{"requestID"}, false},
	{"eventid", []string{"eventID"}, false},
	{"json_format(CAST(resources AS JSON))", []string{"resources"}, true},
	{"eventtype", []string{"eventType"}, false},
	{"readonly", []string{"readOnly"}, false},
	{"recipientaccountid", []string{"recipientAccountId"}, false},
	{"sharedeventid", []string{"sharedEventID"}, false},
	{"vpcendpointid", []string{"vpcEndpointId"}, false},
}

func deliveredRow() []string {
	out := make([]string, len(deliveredFields))
	for i, f := range deliveredFields {
		out[i] = f.column
	}
	return out
}

// deliveredRecord writes a row as the record that it was. What a column does not
// tell is left out.
func deliveredRecord(columns []sql.NullString) (record, error) {
	members := map[string]any{}
	out := record{offset: -1}
	for i, c := range columns {
		f := deliveredFields[i]
		if !c.Valid || f.json && c.String == "" {
			continue
		}
		if f.column == "eventid" {
			out.object = "eventID " + c.String
		}
		set(members, f.path, f.value(c.String))
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false) // so that texts stand as CloudTrail writes them
	if err := enc.Encode(members); err != nil {
		return out, fmt.Errorf("a row of the table: %w", err)
	}
	out.raw = text.Bytes()
	return out, nil
}

func set(members map[string]any, path []string, value any) {
	for _, name := range path[:len(path)-1] {
		inner, ok := members[name].(map[string]any)
		if !ok {
			inner = map[string]any{}
			members[name] = inner
		}
		members = inner
	}
	members[path[len(path)-1]] = value
}

func (f *field) value(text string) any {
	switch {
	case f.path[0] == "resources":
		return resources(text)
	case f.json && json.Valid([]byte(text)):
		return json.RawMessage(text)
	}
	return text
}

// resources are the entries of a record's list. Engines write a row as an object
// or as a list of its values.
func resources(text string) any {
	var rows []json.RawMessage
	if json.Unmarshal([]byte(text), &rows) != nil {
		return nil
	}
	out := []map[string]string{}
	for _, row := range rows {
		entry := map[string]string{}
		var list []*string
		var object map[string]*string
		switch {
		case json.Unmarshal(row, &object) == nil:
			for name, value := range object {
				put(entry, name, value)
			}
		case json.Unmarshal(row, &list) == nil && len(list) == 3:
			for i, name := range []string{"arn", "accountid", "type"} {
				put(entry, name, list[i])
			}
		}
		out = append(out, entry)
	}
	return out
}

var resourceNames = map[string]string{"arn": "ARN", "accountid": "accountId", "type": "type"}

func put(entry map[string]string, name string, value *string) {
	if name = resourceNames[strings.ToLower(name)]; name != "" && value != nil {
		entry[name] = *value
	}
}
