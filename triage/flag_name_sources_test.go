// SPDX-License-Identifier: Apache-2.0

package triage

import "testing"

// What an object was copied from, and the folders of what strangers got, tell
// of what it holds.
func TestNamesBesideTheObjectsOwn(t *testing.T) {
	from := func(source string) func(*Alert) {
		return func(a *Alert) { a.Key, a.copySource = "a.bin", source }
	}
	got := func(key string) func(*Alert) { return func(a *Alert) { a.AccessSeen.Keys = []string{key} } }
	checkEvidence(t, bucketName, []evidenceCase{
		{name: "copied from a sensitive bucket", change: from("acme-payroll/x"), side: "yes!", saying: `it was copied from the bucket acme-payroll: "payroll" tells of pay`},
		{name: "copied from one with words for both", change: from("public-payroll/x"), side: "yes", saying: `"payroll" tells of pay`},
		{name: "copied from what is in production", change: from("acme-prod/x"), side: "yes", saying: `"prod" tells of production`},
		{name: "copied from a known file", change: from("acme-data2/app/.env"), side: "yes!", saying: `".env" in the key it was copied from`},
		{name: "copied within the bucket", change: from("acme-data/x"), absent: "copied"},
		{name: "copied from a site", change: from("www.acme.example/index.html"), absent: "copied"},
		{name: "a folder of customers", change: got("customers/1.pdf"), side: "yes", saying: `the folder "customers" in the key of an object that strangers got`},
		{name: "a folder that sites have", change: got("uploads/1.pdf"), absent: "strangers got"},
	})
}
