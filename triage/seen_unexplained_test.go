// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/replay"
	"github.com/bucketlid/bucketlid/trail"
)

// setting is a call of ann's on acme-data.
func setting(at time.Time, name, params string) string {
	recordCount++
	if params != "" {
		params = "," + params
	}
	return fmt.Sprintf(`{"eventVersion":"1.11","userIdentity":{"type":"IAMUser","principalId":"AIDAEXAMPLE","arn":"%s","accountId":"111122223333","userName":"ann"},"eventTime":"%s",`+
		`"eventSource":"s3.amazonaws.com","eventName":"%s","awsRegion":"eu-west-1","sourceIPAddress":"%s","userAgent":"aws-cli/2.17.0",`+
		`"requestParameters":{"bucketName":"acme-data","Host":"acme-data.s3.eu-west-1.amazonaws.com"%s},"requestID":"%016X","eventID":"8a1f9f5e-0000-4000-8000-%012d",`+
		`"readOnly":false,"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"111122223333","eventCategory":"Management"}`,
		ann.ARN, at.UTC().Format(time.RFC3339), name, office, params, recordCount, recordCount)
}

// What strangers got although no opening explains it ends with the bucket, begins
// no earlier than it, and is not laid to a policy that is known not to exist.
func TestUnexplainedUseKnowsTheBucketsLife(t *testing.T) {
	hour := func(n int) time.Time { return ten.Add(time.Duration(n) * time.Hour) }
	made, gone := setting(hour(0), "CreateBucket", `"x-amz-object-ownership":"ObjectWriter"`), setting(hour(4), "DeleteBucket", "")
	privately := setting(hour(0), "CreateBucket", "")
	for _, test := range []struct {
		name   string
		log    []string
		route  exposure.RouteID
		state  exposure.State
		from   *time.Time
		alerts int
	}{
		{"of a bucket of which nothing is known", lines([]string{get(hour(1), "192.0.2.1")}), exposure.BucketPolicyRoute, exposure.Unknown, nil, 1},
		{"of a bucket made and deleted", lines([]string{made, get(hour(1), "192.0.2.1"), gone}), exposure.ObjectACL, exposure.Closed, at(hour(0)), 1},
		{"of a bucket made, without ACLs", lines([]string{privately, get(hour(1), "192.0.2.1")}), exposure.BucketPolicyRoute, exposure.Unknown, at(hour(0)), 1},
		{"of a bucket deleted", lines([]string{get(hour(1), "192.0.2.1"), gone}), exposure.BucketPolicyRoute, exposure.Closed, nil, 1},
		{"of two buckets of one name", lines([]string{get(hour(1), "192.0.2.1"), gone, setting(hour(5), "CreateBucket", `"x-amz-object-ownership":"ObjectWriter"`), get(hour(6), "192.0.2.1")}),
			exposure.BucketPolicyRoute, exposure.Closed, nil, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			found := unexplainedOf(t, test.log)
			if len(found) != test.alerts {
				t.Fatalf("%d alerts, want %d: %+v", len(found), test.alerts, found)
			}
			first := found[0]
			for _, a := range found {
				if a.Bounds.OpenedEarliest == nil && test.from == nil || a.State == exposure.Closed {
					first = a
				}
			}
			if first.Route != string(test.route) || first.State != test.state || first.Confidence != "low" || !sameTime(first.Bounds.OpenedEarliest, test.from) {
				t.Errorf("route %s, state %s, confidence %s, not before %v; want %s, %s, low, %v", first.Route, first.State, first.Confidence, first.Bounds.OpenedEarliest, test.route, test.state, test.from)
			}
			if closed := first.ClosedAt != nil && first.ClosedBy != nil; closed != (test.state == exposure.Closed) {
				t.Errorf("closed at %v by %v", first.ClosedAt, first.ClosedBy)
			}
			if len(found) > 1 && found[0].ID == found[1].ID {
				t.Error("two buckets of one name have one id")
			}
		})
	}
}

func at(t time.Time) *time.Time { return &t }

func sameTime(a, b *time.Time) bool {
	return a == nil && b == nil || a != nil && b != nil && a.Equal(*b)
}

// unexplainedOf are the alerts of use without an opening.
func unexplainedOf(t *testing.T, log []string) []Alert {
	t.Helper()
	ledger, baseline := replay.NewLedger(), replay.NewBaseline()
	_, err := trail.Scan(strings.NewReader(strings.Join(log, "\n")), trail.Options{}, func(h *trail.Header, raw []byte) error {
		baseline.Observe(h)
		ledger.Take(h, raw)
		return nil
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	baseline.Settle()
	var out []Alert
	for _, a := range Rank(ledger, baseline, Known{}).Alerts {
		if a.unseenGrant {
			out = append(out, a)
		}
	}
	return out
}
