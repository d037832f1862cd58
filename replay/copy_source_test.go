// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"encoding/json"
	"testing"

	"github.com/bucketlid/bucketlid/trail"
)

func TestCopySource(t *testing.T) {
	for header, want := range map[string]string{
		`"acme-payroll/all.csv"`:                 "acme-payroll/all.csv",
		`"/acme-payroll/all.csv?versionId=abc"`:  "acme-payroll/all.csv",
		`"acme-payroll%2Fgeh%C3%A4lter%202.csv"`: "acme-payroll/gehälter 2.csv",
		`"100%/x"`:                               "100%/x",
		`["acme/x"]`:                             "acme/x",
		`null`:                                   "",
		`{}`:                                     "",
	} {
		r := &trail.Record{}
		if err := json.Unmarshal([]byte(`{"bucketName":"b","key":"k","x-amz-copy-source":`+header+`}`), &r.RequestParameters); err != nil {
			t.Fatal(err)
		}
		if got := copySource(r); got != want {
			t.Errorf("%s: %q, want %q", header, got, want)
		}
	}
}
