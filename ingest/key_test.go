// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"testing"
	"time"

	"github.com/bucketlid/bucketlid/ingest/awslog"
)

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

var (
	june     = Filter{From: at("2024-06-10T12:00:00Z"), To: at("2024-06-12T12:00:00Z")}
	oneAcct  = Filter{Accounts: []string{"111122223333"}}
	oneReg   = Filter{Regions: []string{"eu-west-1"}}
	noFilter Filter
)

func TestFilterWants(t *testing.T) {
	const tree = "AWSLogs/111122223333/CloudTrail/"
	const file = "111122223333_CloudTrail_eu-west-1_"
	tests := []struct {
		key    string
		filter Filter
		want   want
	}{
		{tree + "eu-west-1/2024/06/10/" + file + "20240610T1300Z_abcdefghijklmnop.json.gz", june, wantRead},
		{tree + "eu-west-1/2024/06/10/" + file + "20240610T1144Z_abcdefghijklmnop.json.gz", june, wantOutside},
		{tree + "eu-west-1/2024/06/10/" + file + "20240610T1150Z_abcdefghijklmnop.json.gz", june, wantRead},    // clocks differ
		{tree + "eu-west-1/2024/06/13/" + file + "20240613T1200Z_abcdefghijklmnop.json.gz", june, wantRead},    // delivered late
		{tree + "eu-west-1/2024/06/13/" + file + "20240613T1201Z_abcdefghijklmnop.json.gz", june, wantOutside}, // later than that
		{file + "20240701T0000Z_abcdefghijklmnop.json.gz", june, wantOutside},
		{file + "20249901T0000Z_abcdefghijklmnop.json.gz", june, wantRead}, // no such month
		{"copies/2024/01/01/events.json", june, wantRead},                  // not CloudTrail's tree
		{"CloudTrail/eu-west-1/2024/01/01/events.json", june, wantOutside},

		{tree, oneAcct, wantRead},
		{"AWSLogs/444455556666/", oneAcct, wantOutside},
		{"AWSLogs/o-abcdefghij/444455556666/", oneAcct, wantOutside},
		{"AWSLogs/o-abcdefghij/", oneAcct, wantRead},
		{"AWSLogs/", oneAcct, wantRead},
		{"logs/444455556666/CloudTrail/eu-west-1/", oneAcct, wantOutside},
		{"logs/444455556666/", oneAcct, wantRead}, // a number, perhaps an account
		{"444455556666_CloudTrail_eu-west-1_20240610T1300Z_x.json.gz", oneAcct, wantOutside},
		{"AWSLogs/444455556666/CloudTrail/" + file + "20240610T1300Z_x.json.gz", oneAcct, wantRead}, // the file's name wins

		{tree + "eu-west-1/", oneReg, wantRead},
		{tree + "us-east-1/", oneReg, wantOutside},
		{tree + "us-gov-west-1/2024/", oneReg, wantOutside},
		{tree + "notes/", oneReg, wantRead},

		{"AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2024/06/10/", noFilter, wantForeign},
		{"AWSLogs/111122223333/CloudTrail-Insight/", noFilter, wantForeign},
		{"AWSLogs/111122223333/CloudTrail-Aggregated-Events/", noFilter, wantForeign},
		{"111122223333_CloudTrail-Digest_eu-west-1_trail_eu-west-1_20240610T130000Z.json.gz", noFilter, wantForeign},
		{"AWSLogs/111122223333/vpcflowlogs/eu-west-1/2024/", noFilter, wantForeign},
		{"AWSLogs/o-abcdefghij/111122223333/GuardDuty/", noFilter, wantForeign},
		{"AWSLogs/111122223333/mine/", noFilter, wantRead},
		{"vpcflowlogs/", noFilter, wantRead},
		{"CloudTrail-Digest", noFilter, wantRead}, // a file
		{"", june, wantRead},
		{"/", june, wantRead},
	}
	for _, tt := range tests {
		if got := tt.filter.wants(placeOf(tt.key, 0)); got != tt.want {
			t.Errorf("%s: got %d, want %d", tt.key, got, tt.want)
		}
	}
}

func TestNamedIsNotForeign(t *testing.T) {
	const root = "AWSLogs/111122223333/CloudTrail-Digest/"
	if got := noFilter.wants(placeOf(root+"eu-west-1/", len(root))); got != wantRead {
		t.Errorf("a folder under the one that was named: %d", got)
	}
	const file = root + "111122223333_CloudTrail-Digest_eu-west-1_t.json.gz"
	if got := noFilter.wants(placeOf(file, len(file))); got != wantRead {
		t.Errorf("a file that was named: %d", got)
	}
}

func TestFilterScope(t *testing.T) {
	const region = "logs/AWSLogs/o-abcdefghij/111122223333/CloudTrail/eu-west-1/"
	both := Filter{Accounts: oneAcct.Accounts, Regions: oneReg.Regions, From: june.From, To: at("2024-08-05T00:00:00Z")}
	tests := []struct {
		prefix string
		filter Filter
		want   awslog.Scope
	}{
		{"logs/", both, awslog.Descend},
		{"logs/AWSLogs/", both, awslog.Descend},
		{"logs/AWSLogs/o-abcdefghij/111122223333/", both, awslog.Descend},
		{"logs/AWSLogs/o-abcdefghij/444455556666/", both, awslog.Skip},
		{"logs/AWSLogs/o-abcdefghij/111122223333/CloudTrail/", both, awslog.Descend},
		{"logs/AWSLogs/o-abcdefghij/111122223333/CloudTrail/us-east-1/", both, awslog.Skip},
		{region, both, awslog.Descend},
		{region + "2023/", both, awslog.Skip},
		{region + "2024/", both, awslog.Descend},
		{region + "2024/05/", both, awslog.Skip},
		{region + "2024/06/", both, awslog.Descend},
		{region + "2024/06/09/", both, awslog.Skip},
		{region + "2024/06/10/", both, awslog.Whole},
		{region + "2024/07/", both, awslog.Whole},
		{region + "2024/08/", both, awslog.Descend},
		{region + "2024/08/06/", both, awslog.Whole},
		{region + "2024/08/07/", both, awslog.Skip},
		{region + "2024/09/", both, awslog.Skip},
		{region + "2024/", noFilter, awslog.Descend},
		{region + "2024/09/", noFilter, awslog.Whole},
		{"a/", both, awslog.Descend},
		{"a/b/c/", both, awslog.Descend},
		{"a/b/c/d/", both, awslog.Whole},
		{"AWSLogs/111122223333/Config/", both, awslog.Skip},
		{"AWSLogs/111122223333/mine/a/b/", both, awslog.Whole},
	}
	for _, tt := range tests {
		if got, _ := tt.filter.scope(tt.prefix, 0); got != tt.want {
			t.Errorf("%s: got %d, want %d", tt.prefix, got, tt.want)
		}
	}
}
