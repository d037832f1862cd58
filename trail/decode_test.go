// SPDX-License-Identifier: Apache-2.0

package trail

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestDecode(t *testing.T) {
	const text = `{"eventVersion":"1.08","userIdentity":{"type":"AssumedRole","principalId":"AROA:b","arn":"arn:aws:sts::111111111111:assumed-role/a/b","accountId":"111111111111",
"accessKeyId":"ASIA","userName":"b","invokedBy":"x.amazonaws.com","identityProvider":"idp","onBehalfOf":{"userId":"u1"},"sessionContext":{"sourceIdentity":"carla",
"sessionIssuer":{"type":"Role","principalId":"AROA","arn":"arn:aws:iam::111111111111:role/a","accountId":"111111111111","userName":"a"},"attributes":{"creationDate":"2023-07-10T11:00:00Z","mfaAuthenticated":"true"}}},
"eventTime":"2023-07-10T11:42:36Z","eventSource":"s3.amazonaws.com","eventName":"PutBucketAcl","awsRegion":"us-east-1","sourceIPAddress":"198.51.100.7","userAgent":"aws-cli","errorCode":"AccessDenied","errorMessage":"no",
"requestParameters":{"bucketName":"b","n":12345678901234567890},"responseElements":{"r":1},"additionalEventData":{"bytesTransferredOut":243.0},"serviceEventDetails":{"s":true},"requestID":"q1","eventID":"e1","sharedEventID":"s1",
"readOnly":false,"resources":[{"accountId":"111111111111","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::b"},{"ARNPrefix":"arn:aws:s3:::b/","type":"AWS::S3::Object"},{},7],"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"222222222222","eventCategory":"Management","vpcEndpointId":"vpce-1"}`
	got, err := Decode([]byte(text), &Header{RecipientAccountID: []byte("999999999999")})
	if err != nil {
		t.Fatal(err)
	}
	no, yes := false, true
	want := &Record{
		EventVersion: "1.08", EventTime: time.Date(2023, 7, 10, 11, 42, 36, 0, time.UTC), EventTimeText: "2023-07-10T11:42:36Z",
		EventSource: "s3.amazonaws.com", EventName: "PutBucketAcl", AWSRegion: "us-east-1", SourceIPAddress: "198.51.100.7", UserAgent: "aws-cli",
		ErrorCode: "AccessDenied", ErrorMessage: "no", RequestID: "q1", EventID: "e1", SharedEventID: "s1", EventType: "AwsApiCall",
		EventCategory: "Management", RecipientAccountID: "222222222222", VPCEndpointID: "vpce-1", ReadOnly: &no, ManagementEvent: &yes,
		UserIdentity: UserIdentity{
			Type: "AssumedRole", PrincipalID: "AROA:b", ARN: "arn:aws:sts::111111111111:assumed-role/a/b", AccountID: "111111111111",
			UserName: "b", AccessKeyID: "ASIA", InvokedBy: "x.amazonaws.com", IdentityProvider: "idp", SourceIdentity: "carla",
			Issuer:           SessionIssuer{"Role", "AROA", "arn:aws:iam::111111111111:role/a", "111111111111", "a"},
			MFAAuthenticated: "true", SessionCreated: "2023-07-10T11:00:00Z", OnBehalfOfUserID: "u1",
		},
		Resources:           []Resource{{"AWS::S3::Bucket", "arn:aws:s3:::b", "111111111111"}, {"AWS::S3::Object", "arn:aws:s3:::b/", ""}},
		RequestParameters:   map[string]any{"bucketName": "b", "n": json.Number("12345678901234567890")},
		ResponseElements:    map[string]any{"r": json.Number("1")},
		AdditionalEventData: map[string]any{"bytesTransferredOut": json.Number("243.0")},
		ServiceEventDetails: map[string]any{"s": true},
		Raw:                 json.RawMessage(text),
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestDecodeTolerance: the odd forms that re-writing tools and old versions use.
func TestDecodeTolerance(t *testing.T) {
	for _, c := range []struct {
		title, members string
		got            func(r *Record) any
		want           any
	}{
		{"account as a number", `"recipientAccountId":123456789012`, func(r *Record) any { return r.RecipientAccountID }, "123456789012"},
		{"identity's account as a number", `"userIdentity":{"accountId":123456789012}`, func(r *Record) any { return r.UserIdentity.AccountID }, "123456789012"},
		{"a list of one", `"userAgent":["x"]`, func(r *Record) any { return r.UserAgent }, "x"},
		{"an empty list", `"userAgent":[]`, func(r *Record) any { return r.UserAgent }, ""},
		{"null", `"userAgent":null`, func(r *Record) any { return r.UserAgent }, ""},
		{"boolean as a string", `"readOnly":"true"`, func(r *Record) any { return *r.ReadOnly }, true},
		{"no boolean", `"readOnly":"perhaps"`, func(r *Record) any { return r.ReadOnly == nil }, true},
		{"string as a boolean", `"userIdentity":{"sessionContext":{"attributes":{"mfaAuthenticated":false}}}`, func(r *Record) any { return r.UserIdentity.MFAAuthenticated }, "false"},
		{"version as a number", `"eventVersion":1.08`, func(r *Record) any { return r.EventVersion }, "1.08"},
		{"fraction of a second", `"eventTime":"2020-03-28T21:54:30.347Z"`, func(r *Record) any { return r.EventTime }, time.Date(2020, 3, 28, 21, 54, 30, 347e6, time.UTC)},
		{"@timestamp", `"@timestamp":"2020-09-14T00:44:20.000Z"`, func(r *Record) any { return r.EventTime }, time.Date(2020, 9, 14, 0, 44, 20, 0, time.UTC)},
		{"both times", `"@timestamp":"2020-09-14T00:44:20.000Z","eventTime":"2021-01-01T00:00:00Z"`, func(r *Record) any { return r.EventTimeText }, "2021-01-01T00:00:00Z"},
		{"no date", `"eventTime":"..."`, func(r *Record) any { return []any{r.EventTime.IsZero(), r.EventTimeText} }, []any{true, "..."}},
		{"time as a number", `"eventTime":1689000000`, func(r *Record) any { return []any{r.EventTime.IsZero(), r.EventTimeText} }, []any{true, "1689000000"}},
		{"one resource", `"resources":{"ARN":"x"}`, func(r *Record) any { return r.Resources }, []Resource{{ARN: "x"}}},
		{"parameters in a string", `"requestParameters":"{\"bucketName\":\"b\"}"`, func(r *Record) any { return r.RequestParameters }, map[string]any{"bucketName": "b"}},
		{"parameters null", `"requestParameters":null`, func(r *Record) any { return r.RequestParameters == nil }, true},
		{"response a string", `"responseElements":"x"`, func(r *Record) any { return r.ResponseElements == nil }, true},
		{"last of repeated objects", `"userIdentity":{"arn":"a","type":"t"},"userIdentity":{"type":"u"}`, func(r *Record) any { return r.UserIdentity }, UserIdentity{Type: "u"}},
		{"session of another type", `"userIdentity":{"sessionContext":"x"}`, func(r *Record) any { return r.UserIdentity }, UserIdentity{}},
	} {
		r, err := Decode([]byte("{"+c.members+"}"), nil)
		if err != nil {
			t.Errorf("%s: %v", c.title, err)
			continue
		}
		if d := cmp.Diff(c.want, c.got(r)); d != "" {
			t.Errorf("%s: %s", c.title, d)
		}
	}
}

func TestDecodeErrors(t *testing.T) {
	for _, c := range []struct{ text, field, message string }{
		{``, "", "CloudTrail record: unexpected EOF"},
		{`{"eventName":"A"`, "", "CloudTrail record: unexpected EOF"},
		{`null`, "", "CloudTrail record: not an object"},
		{`[]`, "", "CloudTrail record: not an object"},
		{`{} {}`, "", "CloudTrail record: more data after the record"},
		{`{}}`, "", "CloudTrail record: more data after the record"},
		{`{"a":` + strings.Repeat("[", 200_000), "", "CloudTrail record: invalid character '[' exceeded max depth"},
		{`{"eventName":1}`, "eventName", "CloudTrail record: eventName: has the wrong type"},
		{`{"eventName":true}`, "eventName", "CloudTrail record: eventName: has the wrong type"},
		{`{"userAgent":["a","b"]}`, "userAgent", "CloudTrail record: userAgent: has the wrong type"},
		{`{"userAgent":[["a"]]}`, "userAgent", "CloudTrail record: userAgent: has the wrong type"},
		{`{"userIdentity":[]}`, "userIdentity", "CloudTrail record: userIdentity: has the wrong type"},
		{`{"userIdentity":{"arn":{}}}`, "userIdentity.arn", "CloudTrail record: userIdentity.arn: has the wrong type"},
		{`{"requestParameters":"x"}`, "requestParameters", "CloudTrail record: requestParameters: has the wrong type"},
		{`{"requestParameters":[1]}`, "requestParameters", "CloudTrail record: requestParameters: has the wrong type"},
	} {
		r, err := Decode([]byte(c.text), nil)
		var fault *DecodeError
		if r != nil || !errors.As(err, &fault) || fault.Field != c.field || err.Error() != c.message || errors.Unwrap(err) == nil {
			t.Errorf("%.40s: %v", c.text, err)
		}
	}
}

// TestDecodeOwnsMemory: what is decoded outlives the scanner's buffer.
func TestDecodeOwnsMemory(t *testing.T) {
	raw := []byte(rec("A", `"requestParameters":{"bucketName":"b"}`))
	h := &Header{RecipientAccountID: []byte("111111111111")}
	r, err := Decode(raw, h)
	if err != nil {
		t.Fatal(err)
	}
	clear(raw)
	clear(h.RecipientAccountID)
	if r.EventName != "A" || r.RecipientAccountID != "111111111111" || !json.Valid(r.Raw) || r.Param("bucketName")[0] != "b" {
		t.Errorf("%+v", r)
	}
}
