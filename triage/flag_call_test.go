// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"fmt"
	"strings"
	"testing"

	"github.com/bucketlid/bucketlid/replay"
	"github.com/bucketlid/bucketlid/trail"
)

// What only the record of the opening tells reaches its flags: whether there was
// a second factor, and through which endpoint the call came.
func TestTheOpeningsOwnRecord(t *testing.T) {
	const record = `{"eventVersion":"1.11","userIdentity":{"type":"%s","principalId":"AIDAEXAMPLE","arn":"arn:aws:iam::111122223333:user/ann","accountId":"111122223333","accessKeyId":"ASIAEXAMPLE","userName":"ann",` +
		`"sessionContext":{"attributes":{"creationDate":"2026-03-02T09:00:00Z","mfaAuthenticated":"%s"}}},"eventTime":"2026-03-02T10:00:00Z","eventSource":"s3.amazonaws.com","eventName":"%s","awsRegion":"eu-west-1",` +
		`"sourceIPAddress":"10.1.2.3","vpcEndpointId":"vpce-0a1b","userAgent":"aws-cli/2.17.0","requestParameters":{"bucketName":"acme-data"%s},"responseElements":null,"requestID":"0000000000000001",` +
		`"eventID":"7a1f9f5e-0000-4000-8000-000000000001","recipientAccountId":"111122223333"}`
	const policy = `,"bucketPolicy":{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::acme-data/*"}]}`
	for _, test := range []struct {
		kind, mfa, call, params string
		alone                   bool // no second factor
	}{
		{"IAMUser", "false", "PutBucketPolicy", policy, true},
		{"Root", "false", "PutBucketPolicy", policy, true},
		{"IAMUser", "true", "PutBucketPolicy", policy, false},
		{"IAMUser", "false", "DeleteBucketPublicAccessBlock", "", true},
		{"IAMUser", "false", "DeleteAccountPublicAccessBlock", "", true},
	} {
		line := fmt.Sprintf(record, test.kind, test.mfa, test.call, test.params)
		ledger, baseline := replay.NewLedger(), replay.NewBaseline()
		_, err := trail.Scan(strings.NewReader(line), trail.Options{}, func(h *trail.Header, raw []byte) error {
			baseline.Observe(h)
			ledger.Take(h, raw)
			return nil
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
		baseline.Settle()
		alerts := Rank(ledger, baseline, Known{}).Alerts
		if len(alerts) != 1 {
			t.Fatalf("%s: %d alerts", test.call, len(alerts))
		}
		user, source := alerts[0].flagOf("user-behaviour"), alerts[0].flagOf("source-ip")
		if got := strings.Contains(strings.Join(user.Missing, "; "), "without a second factor"); got != test.alone {
			t.Errorf("%+v: that there was no second factor is told: %v", test, got)
		}
		if !strings.Contains(strings.Join(source.Against, "; "), "VPC endpoint vpce-0a1b") {
			t.Errorf("%+v: the endpoint is not told: %+v", test, source)
		}
	}
}
