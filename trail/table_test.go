// SPDX-License-Identifier: Apache-2.0

package trail

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// encodingCases are by the ID of the encoding. Each record has a name; what is
// expected are the names and the reasons of skips.
var encodingCases = map[string][]struct {
	title, text string
	names       string
	reasons     []string
}{
	"records-wrapper": {
		{"compact", `{"Records":[` + rec("A") + `,` + rec("B") + `]}`, "A B", nil},
		{"not the first member", `{"x":{"Records":1},"y":[1,2],"z":"Records","Records":[` + rec("A") + `],"Records":[` + rec("B") + `],"w":{"a":[]}}`, "A B", nil},
		{"pretty-printed", "{\n  \"Records\" : [\n    " + rec("A") + " ,\n    " + rec("B") + "\n  ]\n}\n", "A B", nil},
		{"several files in one", `{"Records":[` + rec("A") + `]}{"Records":[` + rec("B") + `]}`, "A B", nil},
		{"one object for the list", `{"Records":` + rec("A") + `}`, "A", nil},
		{"beside members of a record", `{"eventVersion":"1","Records":[` + rec("A") + `]}`, "A", nil},
		{"wrapper in a wrapper", `{"Records":[{"Records":[` + rec("A") + `]},` + rec("B") + `]}`, "A B", nil},
	},
	"bare-record": {
		{"one", rec("A"), "A", nil},
		{"old or re-written, without version and time", `{"eventName":"A","eventSource":"s3.amazonaws.com","userIdentity":{"type":"AWSAccount","principalId":"","accountId":"ANONYMOUS_PRINCIPAL"}}`, "A", nil},
		{"Logstash", `{"@timestamp":"2020-09-14T00:44:20.000Z","eventName":"A","awsRegion":"us-east-1"}`, "A", nil},
		{"a page about an event", `{"eventName":"A","eventSource":"s3.amazonaws.com","description":"x"}`, "", []string{`not a CloudTrail record: an object with "eventName", "eventSource", "description"`}},
		{"no name", `{"eventVersion":"1.08","eventSource":"s3.amazonaws.com","eventTime":"x"}`, "", []string{"a CloudTrail record without eventName"}},
	},
	"bare-array": {
		{"compact", `[` + rec("A") + `,` + rec("B") + `]`, "A B", nil},
		{"pretty-printed", "[\n    " + rec("A") + ",\n    " + rec("B") + "\n]\n", "A B", nil},
		{"lists in lists", `[[` + rec("A") + `],[` + rec("B") + `]]`, "A B", nil},
	},
	"json-lines": {
		{"lines", rec("A") + "\n" + rec("B") + "\n", "A B", nil},
		{"no line breaks", rec("A") + rec("B"), "A B", nil},
		{"commas between", rec("A") + ",\n" + rec("B") + ",\n", "A B", nil},
		{"JSON text sequence", "\x1e" + rec("A") + "\n\x1e" + rec("B") + "\n", "A B", nil},
		{"strings that hold records", strconv.Quote(rec("A")) + "\n" + strconv.Quote(rec("B")) + "\n", "A B", nil},
		{"mixed", rec("A") + `{"Records":[` + rec("B") + `]}[` + rec("C") + `]{"detail":` + rec("D") + `}`, "A B C D", nil},
	},
	"eventbridge": {
		{"one", envelope(rec("A")), "A", nil},
		{"lines", envelope(rec("A")) + "\n" + envelope(rec("B")), "A B", nil},
		{"held in data", `[{"data":` + envelope(rec("A")) + `,"description":"x"}]`, "A", nil},
		{"in the body of a queue's message", `{"Records":[{"body":` + strconv.Quote(envelope(rec("A"))) + `,"eventSource":"aws:sqs","awsRegion":"us-east-1"}]}`, "A", nil},
		{"another kind", envelope(`{"instance-id":"i-1","state":"running"}`), "", []string{"an EventBridge event of another kind than CloudTrail's"}},
		{"an insight", envelope(`{"eventVersion":"1.07","eventType":"AwsCloudTrailInsight","insightDetails":{"state":"Start","eventName":"x"}}`), "", []string{reasonInsight}},
		{"no detail to speak of", envelope(`null`), "", []string{"an EventBridge event whose detail is not an object"}},
	},
	"cloudwatch-logs": {
		{"subscription", `{"messageType":"DATA_MESSAGE","owner":"1","logGroup":"x","logEvents":[{"id":"1","timestamp":1,"message":` + strconv.Quote(rec("A")) + `},{"id":"2","timestamp":1,"message":` + strconv.Quote(rec("B")) + `}]}`, "A B", nil},
		{"control message", `{"messageType":"CONTROL_MESSAGE","owner":"CloudwatchLogs","logGroup":"","logEvents":[{"id":"","timestamp":1,"message":"CWL CONTROL MESSAGE: Checking health of destination Firehose."}]}`, "", nil},
		{"a message that is text", `{"logEvents":[{"id":"1","timestamp":1,"message":"START RequestId"}]}`, "", []string{"a log event whose message is not JSON"}},
		{"as shippers write it", `{"@timestamp":"2023-01-01T00:00:00Z","message":` + strconv.Quote(rec("A")) + `}`, "A", nil},
	},
	"lookup-events": {
		{"whole answer", `{"Events":[{"EventId":"1","EventName":"A","CloudTrailEvent":` + strconv.Quote(rec("A")) + `},{"CloudTrailEvent":` + strconv.Quote(rec("B")) + `}],"NextToken":"x"}`, "A B", nil},
		{"one entry a line", `{"EventId":"1","CloudTrailEvent":` + strconv.Quote(rec("A")) + `}` + "\n" + `{"CloudTrailEvent":` + strconv.Quote(rec("B")) + `}`, "A B", nil},
		{"not JSON", `{"CloudTrailEvent":"{cut"}`, "", []string{"malformed JSON"}},
		{"null", `{"CloudTrailEvent":null}`, "", []string{"a LookupEvents entry whose CloudTrailEvent is not JSON"}},
	},
	"lake": {
		{"object", `{"eventData":` + rec("A") + `}`, "A", nil},
		{"string", `{"eventData":` + strconv.Quote(rec("A")) + `}`, "A", nil},
		{"lower case", `{"eventdata":` + rec("A") + `}`, "A", nil},
		{"query result", `{"QueryStatus":"FINISHED","QueryResultRows":[[{"eventData":` + strconv.Quote(rec("A")) + `}],[{"eventData":` + strconv.Quote(rec("B")) + `}]],"NextToken":"x"}`, "A B", nil},
		{"not JSON", `{"eventData":"x"}`, "", []string{"a CloudTrail Lake row whose eventData is not JSON"}},
	},
	"lake-summary": {
		{"answer without rows", `{"QueryStatus":"RUNNING","QueryStatistics":{"ResultsCount":1}}`, "", []string{"a CloudTrail Lake query summary, not records"}},
	},
	"sns": {
		{"record", `{"Type":"Notification","MessageId":"1","Message":` + strconv.Quote(rec("A")) + `}`, "A", nil},
		{"envelope in a queue's message", `{"Messages":[{"Body":` + strconv.Quote(`{"Type":"Notification","Message":`+strconv.Quote(envelope(rec("A")))+`}`) + `}]}`, "A", nil},
		{"Lambda", `{"Records":[{"EventSource":"aws:sns","EventVersion":"1.0","Sns":{"Type":"Notification","Message":` + strconv.Quote(rec("A")) + `}}]}`, "A", nil},
		{"validation message", `{"Type":"Notification","Message":"CloudTrail validation message."}`, "", nil},
		{"text", `{"Type":"Notification","Message":"hello"}`, "", []string{"an SNS notification whose Message is not JSON"}},
	},
	"log-notice": {
		{"by SNS", `{"Type":"Notification","Message":"{\"s3Bucket\":\"b\",\"s3ObjectKey\":[\"k\"]}"}`, "", []string{"a notice of CloudTrail log files, which are to be read themselves"}},
	},
	"sqs": {
		{"Lambda", `{"Records":[{"messageId":"1","body":` + strconv.Quote(`{"Records":[`+rec("A")+`]}`) + `},{"body":` + rec("B") + `}]}`, "A B", nil},
		{"text", `{"body":"hello"}`, "", []string{"an SQS message whose body is not JSON"}},
		{"four strings deep", `{"body":` + nest(4, rec("A")) + `}`, "", []string{"wrapped too often"}},
		{"three strings deep", `{"body":` + nest(3, rec("A")) + `}`, "A", nil},
	},
	"ecs": {
		{"original", `{"ecs":{"version":"8"},"event":{"original":` + strconv.Quote(rec("A")) + `},"aws":{"cloudtrail":{"event_version":"1.08"}}}`, "A", nil},
		{"flat", `{"event.original":` + strconv.Quote(rec("A")) + `}`, "A", nil},
		{"hit of a search", `{"_index":"x","_source":{"event":{"original":` + strconv.Quote(rec("A")) + `}}}`, "A", nil},
		{"no original", `{"event":{"action":"x"},"aws":{"cloudtrail":{"event_version":"1.08","request_parameters":"{a=b}"}}}`, "", []string{"an Elastic Common Schema event without event.original"}},
	},
	"aws-cloudtrail": {
		{"list", `[{"event":{"result":"ACCEPT"},"aws":{"cloudtrail":` + rec("A") + `}}]`, "A", nil},
		{"comma-joined", `{"aws":{"cloudtrail":` + rec("A") + `}},` + "\n" + `{"aws":{"cloudtrail":` + rec("B") + `}}`, "A B", nil},
	},
	"holder": {
		{"wrapper in data", `{"data":{"Records":[` + rec("A") + `]},"log":"cloudtrail:events"}`, "A", nil},
		{"Splunk export", `{"preview":false,"result":{"_raw":` + strconv.Quote(rec("A")) + `}}`, "A", nil},
	},
	"s3-notification": {
		{"as delivered", `{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","awsRegion":"us-east-1","eventTime":"2023-07-10T11:42:36Z","eventName":"ObjectCreated:Put","userIdentity":{"principalId":"x"},"s3":{}}]}`, "", []string{reasonS3Notification}},
		{"of DynamoDB", `{"Records":[{"eventID":"1","eventName":"INSERT","eventVersion":"1.1","eventSource":"aws:dynamodb","awsRegion":"us-east-1"}]}`, "", []string{"an event of another service for AWS Lambda, not a CloudTrail record"}},
		{"test event", `{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"x"}`, "", nil},
		{"little of it", `{"eventSource":"aws:s3","s3":{}}`, "", []string{reasonS3Notification}},
	},
	"digest": {
		{"file", `{"awsAccountId":"1","digestStartTime":"x","digestEndTime":"y","logFiles":[{"s3Bucket":"b","s3Object":"k"}]}`, "", []string{"a CloudTrail digest file, not records"}},
	},
	"insight": {
		{"in a file", `{"Records":[{"eventVersion":"1.07","eventTime":"x","awsRegion":"y","eventID":"z","insightDetails":{"eventName":"n","eventSource":"s"}}]}`, "", []string{reasonInsight}},
		{"with a name", rec("A", `"insightDetails":{}`), "", []string{reasonInsight}},
	},
	"aggregated": {
		{"event", `{"eventVersion":"1.0","accountId":"1","eventCategory":"Aggregated","timeWindow":{},"summary":{}}`, "", []string{"a CloudTrail aggregated event, not a record"}},
	},
	"ocsf": {
		{"event", `{"metadata":{"product":{"name":"CloudTrail"}},"class_uid":6003,"api":{"operation":"x"}}`, "", []string{"an OCSF (Security Lake) event: give the CloudTrail logs it was made from"}},
	},
}

func envelope(detail string) string {
	return `{"version":"0","id":"x","detail-type":"AWS API Call via CloudTrail","source":"aws.s3","account":"333333333333","time":"2023-07-10T11:42:36Z","region":"us-east-1","resources":[],"detail":` + detail + `}`
}

// nest writes text as a string, that as a string and so on, each the body of a
// message.
func nest(n int, text string) string {
	text = strconv.Quote(text)
	for range n - 1 {
		text = strconv.Quote(`{"body":` + text + `}`)
	}
	return text
}

func TestEncodings(t *testing.T) {
	for _, e := range Table {
		if len(encodingCases[e.ID]) == 0 {
			t.Errorf("no case for %s", e.ID)
		}
		for _, c := range encodingCases[e.ID] {
			t.Run(e.ID+"/"+c.title, func(t *testing.T) {
				got := collect(strings.NewReader(c.text), Options{})
				if got.names() != c.names || !cmp.Equal(got.reasons(), c.reasons) {
					t.Errorf("got %q, skipped %q\nwant %q, skipped %q", got.names(), got.reasons(), c.names, c.reasons)
				}
				for _, raw := range got.Raw {
					if !json.Valid([]byte(raw)) || strings.Contains(raw, `"detail"`) {
						t.Errorf("raw is %q", raw)
					}
				}
				for _, size := range []int{1, 100} {
					if d := cmp.Diff(got, collect(strings.NewReader(c.text), Options{bufSize: size})); d != "" {
						t.Errorf("with a buffer of %d bytes: %s", size, d)
					}
				}
			})
		}
	}
}

// TestEnvelopeAccount: the account of an envelope counts if the record names
// none, in Scan and in Decode.
func TestEnvelopeAccount(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{envelope(rec("A")), "333333333333"},
		{envelope(rec("A", `"recipientAccountId":"444444444444"`)), "444444444444"},
		{envelope(rec("A", `"recipientAccountId":444444444444`)), "444444444444"},
		{strings.Replace(envelope(rec("A")), `"333333333333"`, `333333333333`, 1), "333333333333"},
		{`{"Message":` + strconv.Quote(envelope(rec("A"))) + `}`, "333333333333"},
		{rec("A"), ""},
	} {
		_, err := Scan(strings.NewReader(c.text), Options{}, func(h *Header, raw []byte) error {
			r, err := Decode(raw, h)
			if err != nil {
				return err
			}
			if string(h.RecipientAccountID) != c.want || r.RecipientAccountID != c.want {
				t.Errorf("%s: header %q, decoded %q, want %q", c.text, h.RecipientAccountID, r.RecipientAccountID, c.want)
			}
			return nil
		}, nil)
		if err != nil {
			t.Error(err)
		}
	}
}

// TestSkipOffset: a skip inside a wrapper has its own offset where the text is
// part of the stream, and that of the string where it is inside one.
func TestSkipOffset(t *testing.T) {
	bad := rec("A", `"eventName":1`)
	for _, c := range []struct {
		text string
		want string // the offset is where this begins
	}{
		{rec("A") + "\n" + bad, bad},
		{rec("A") + "\n" + envelope(bad), bad},
		{`[{"data":` + envelope(bad) + `}]`, bad},
		{`{"Records":[{"body":` + strconv.Quote(bad) + `}]}`, `"{\"event`},
		{`{"Records":[{"body":` + strconv.Quote(envelope(bad)) + `}]}`, `"{\"version`},
		{`{"event":{"x":1,"original":` + strconv.Quote(bad) + `}}`, `"{\"event`},
		{`{"aws":{"x":1,"cloudtrail":` + bad + `}}`, bad},
	} {
		got := collect(strings.NewReader(c.text), Options{bufSize: 64})
		want := []Skip{{Offset: int64(strings.Index(c.text, c.want)), Reason: "eventName has the wrong type"}}
		if d := cmp.Diff(want, got.Skips); d != "" {
			t.Errorf("%s: %s", c.text, d)
		}
	}
	malformed := collect(strings.NewReader(`{"Records":[]}`+"\n"+`{"a":1 oops}`), Options{})
	if want := []Skip{{Offset: 15, Reason: "malformed JSON at offset 22"}}; !cmp.Equal(malformed.Skips, want) {
		t.Errorf("%v, want %v", malformed.Skips, want)
	}
}

// TestTable: the rows are complete, and every case has one.
func TestTable(t *testing.T) {
	ids := map[string]bool{}
	for _, e := range Table {
		if e.ID == "" || e.Title == "" || e.Recognised == "" || ids[e.ID] {
			t.Errorf("row %+v", e)
		}
		ids[e.ID] = true
	}
	for id := range encodingCases {
		if !ids[id] {
			t.Errorf("cases for %s, which is no encoding", id)
		}
	}
}
