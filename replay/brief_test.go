// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bucketlid/bucketlid/trail"
)

const strangersRead = `{"eventTime":"2026-06-01T10:00:00Z","eventSource":"s3.amazonaws.com","eventName":"GetObject","awsRegion":"eu-west-1",` +
	`"sourceIPAddress":"192.0.2.7","userAgent":"curl/8","userIdentity":{"type":"AWSAccount","principalId":"","accountId":"anonymous"},` +
	`"requestParameters":{"bucketName":"b-one","Host":"b-one.s3.eu-west-1.amazonaws.com","key":"k"},` +
	`"additionalEventData":{"bytesTransferredOut":100,"aclRequired":"Yes"},` +
	`"eventID":"00000000-1111-2222-3333-000000000001","recipientAccountId":"111122223333",` +
	`"resources":[{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::b-one/k"},{"type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::b-one","accountId":"444455556666"}]}`

// What is read briefly is what the whole record tells. brief says whether the
// short way is taken at all.
func TestBriefly(t *testing.T) {
	for _, c := range []struct {
		old, new string
		brief    bool
	}{
		{"", "", true},
		{`"anonymous"`, `"777788889999"`, true},
		{`"GetObject"`, `"ListObjects"`, true},
		{`"eventName":"GetObject"`, `"eventName":"GetObject","errorCode":"AccessDenied"`, true},
		{`"aclRequired":"Yes"`, `"x":1`, true},
		{`100,`, `100.0,`, true},
		{`"bytesTransferredOut":100`, `"bytesTransferredOut": 100`, false},
		{`"bytesTransferredOut":100`, `"bytesTransferredOut":"100"`, false},
		{`"additionalEventData":{"bytesTransferredOut":100,"aclRequired":"Yes"},`, ``, true},
		{`"accountId":"444455556666"`, `"x":""`, true},
		{`"accountId":"444455556666"`, `"accountId":444455556666`, false},
		{`"resources"`, `"other"`, true},
		{`"bucketName":"b-one"`, `"bucketName":["b-one"]`, false},
		{`"bucketName":"b-one"`, `"bucketName" : "b-one"`, true},
		{`"bucketName":"b-one"`, `"bucketName":"b\u002done"`, false},
		{`"bucketName":"b-one"`, `"bucketName":"arn:aws:s3:eu-west-1:1:accesspoint/ap"`, true},
		{`"bucketName":"b-one"`, `"bucketName":"ap-0123-s3alias"`, true},
		{`"bucketName":"b-one"`, `"bucketName":"b-one","bucketName":"b-two"`, false},
		{`"bucketName":"b-one",`, ``, false},
		{`"requestParameters":`, `"requestParameters":null,"x":`, false},
		{`00000000-1111-2222-3333-000000000001`, `...`, false},
		{`10:00:00Z`, `10:00:00.5+01:00`, true},
		{`"192.0.2.7"`, `"` + strings.Repeat("9", 2*maxText) + `"`, true},
		{`"GetObject"`, `"PutObject"`, false},
		{`"GetObject"`, `"GetBucketAcl"`, true},
		{`"aclRequired":"Yes"`, `"aclRequired":["Yes"]`, false},
	} {
		text := strings.Replace(strangersRead, c.old, c.new, 1)
		uses := map[bool][]string{}
		_, err := trail.Scan(strings.NewReader(text), trail.Options{}, func(h *trail.Header, raw []byte) error {
			if got := briefly(h, raw) != nil; got != c.brief {
				t.Errorf("%s: read briefly: %v", c.new, got)
			}
			whole, err := trail.Decode(raw, h)
			if err != nil {
				return err
			}
			taken, added := NewLedger(), NewLedger()
			taken.Take(h, raw)
			added.Add(whole)
			for brief, l := range map[bool]*Ledger{true: taken, false: added} {
				for _, u := range l.Uses() {
					uses[brief] = append(uses[brief], fmt.Sprintf("%+v", *u))
				}
			}
			return nil
		}, func(s trail.Skip) { t.Errorf("%s: %s", c.new, s.Reason) })
		if err != nil {
			t.Errorf("%s: %v", c.new, err)
		}
		if diff := cmp.Diff(uses[false], uses[true]); diff != "" || len(uses[true]) != 1 {
			t.Errorf("%s: %d uses, whole against brief:\n%s", c.new, len(uses[true]), diff)
		}
	}
}
