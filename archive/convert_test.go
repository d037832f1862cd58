// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/bucketlid/bucketlid/trail"
)

const frame = `{"eventVersion":"1.11","eventTime":"2026-03-02T10:00:00.123456Z","eventSource":"s3.amazonaws.com","eventName":"X","recipientAccountId":"111122223333"`

// what a record gives in a column.
var columnCases = []struct {
	name   string
	record string // the rest of it
	column func(*Row) string
	want   string
}{
	{"user name", `,"userIdentity":{"type":"IAMUser","userName":"ann"}`, func(r *Row) string { return r.UserName }, "ann"},
	{"session name", `,"userIdentity":{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/admin/build-12345678"}`, func(r *Row) string { return r.UserName }, "build-12345678"},
	{"pattern of a session", `,"userIdentity":{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/admin/build-12345678"}`, func(r *Row) string { return r.PrincipalKey }, "arn:aws:sts::111122223333:assumed-role/admin/build-*"},
	{"service", `,"userIdentity":{"type":"AWSService","invokedBy":"cloudtrail.amazonaws.com"}`, func(r *Row) string { return r.PrincipalKey }, "service:cloudtrail.amazonaws.com"},
	{"issuer", `,"userIdentity":{"type":"AssumedRole","sessionContext":{"sessionIssuer":{"arn":"arn:aws:iam::1:role/admin"}}}`, func(r *Row) string { return r.SessionIssuer }, "arn:aws:iam::1:role/admin"},
	{"access key", `,"userIdentity":{"type":"IAMUser","accessKeyId":"AKIAEXAMPLE"}`, func(r *Row) string { return r.AccessKeyID }, "AKIAEXAMPLE"},
	{"no access key", `,"userIdentity":{"type":"IAMUser","accessKeyId":null}`, func(r *Row) string { return r.AccessKeyID }, ""},
	{"bucket", `,"requestParameters":{"a":{"bucketName":"no"},"bucketName":"acme","key":"a\/b\u0020c"}`, func(r *Row) string { return r.Bucket + " " + string(r.ObjectKey) }, "acme a/b c"},
	{"bucket in a list", `,"requestParameters":{"bucketName":["acme"]}`, func(r *Row) string { return r.Bucket }, "acme"},
	{"parameters as a text", `,"requestParameters":"{\"bucketName\":\"acme\"}"`, func(r *Row) string { return r.Bucket }, "acme"},
	{"bucket in resources", `,"requestParameters":null,"resources":[{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::acme/key"}]`, func(r *Row) string { return r.Bucket }, "acme"},
	{"bucket of another partition", `,"resources":[{"ARN":"arn:aws-cn:s3:::acme"}]`, func(r *Row) string { return r.Bucket }, "acme"},
	{"request", `,"requestParameters":{"requestID":"no"},"requestID":"R\t1"`, func(r *Row) string { return string(r.RequestID) }, "R\t1"},
	{"read only", `,"readOnly":true`, func(r *Row) string {
		return map[*bool]string{readOnly[isRead]: "true", readOnly[isWrite]: "false"}[r.ReadOnly]
	}, "true"},
	{"read only as a text", `,"readOnly":"False"`, func(r *Row) string {
		return map[*bool]string{readOnly[isRead]: "true", readOnly[isWrite]: "false"}[r.ReadOnly]
	}, "false"},
	{"read only unknown", `,"readOnly":"perhaps"`, func(r *Row) string { return map[*bool]string{nil: "unknown"}[r.ReadOnly] }, "unknown"},
	{"endpoint", `,"vpcEndpointId":"vpce-1","eventCategory":"Data"`, func(r *Row) string { return r.VPCEndpointID + " " + r.EventCategory }, "vpce-1 Data"},
	{"cut text", `,"userAgent":"` + strings.Repeat("ä", maxText) + `"`, func(r *Row) string { return r.UserAgent }, strings.Repeat("ä", maxText/2)},
}

func TestColumnsOfARecord(t *testing.T) {
	for _, c := range columnCases {
		row := rowOf(t, frame+c.record+"}")
		if got := c.column(row); got != c.want {
			t.Errorf("%s: %.100q, want %.100q", c.name, got, c.want)
		}
		if want := int64(1772445600123456); row.EventTime != want {
			t.Errorf("%s: event_time %d, want %d", c.name, row.EventTime, want)
		}
	}
}

func rowOf(t *testing.T, record string) *Row {
	t.Helper()
	row := &Row{}
	_, err := trail.Scan(strings.NewReader(record), trail.Options{}, func(h *trail.Header, raw []byte) error {
		var d draft
		c := newConverter()
		c.draft(&d, &arena{}, h, raw)
		d.row(row, c.words.entries, "")
		return nil
	}, func(s trail.Skip) { t.Errorf("%s: skipped: %s", record, s.Reason) })
	if err != nil {
		t.Fatal(err)
	}
	if string(row.original()) != record {
		t.Errorf("raw is %.200q", row.original())
	}
	return row
}

// The walk sees the members that encoding/json sees, and ends on anything else.
func FuzzMembers(f *testing.F) {
	f.Add([]byte(`{"a":1,"b":{"c":["}"]},"d":"\\\"","e":null}`))
	f.Add([]byte(`{"a`))
	f.Add([]byte(` { "a" : [ ] , "b" : "\u0000" } `))
	f.Fuzz(func(t *testing.T, b []byte) {
		var names []string
		var values [][]byte
		eachMember(b, nil, func(name []byte, from, to int) bool {
			names, values = append(names, string(name)), append(values, b[from:to])
			return true
		})
		trimmed := bytes.TrimSpace(b)
		if !json.Valid(b) || trimmed[0] != '{' {
			return
		}
		dec := json.NewDecoder(bytes.NewReader(b))
		_, _ = dec.Token()
		var want []string
		for i := 0; dec.More(); i++ {
			start := dec.InputOffset()
			_, _ = dec.Token()
			quoted := bytes.TrimLeft(b[start:dec.InputOffset()], ", \t\r\n")
			want = append(want, string(quoted[1:len(quoted)-1]))
			var value json.RawMessage
			if err := dec.Decode(&value); err != nil || i >= len(values) || !bytes.Equal(value, values[i]) {
				t.Fatalf("member %d of %q: %q, %v", i, b, value, err)
			}
		}
		if !slices.Equal(names, want) {
			t.Errorf("members of %q: %q, want %q", b, names, want)
		}
	})
}
