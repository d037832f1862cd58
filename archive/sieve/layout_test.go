// SPDX-License-Identifier: Apache-2.0

package sieve

import (
	"database/sql"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bucketlid/bucketlid/archive"
	"github.com/bucketlid/bucketlid/trail"
)

func TestFind(t *testing.T) {
	var names []string
	for _, c := range archive.Columns() {
		names = append(names, c.Name)
	}
	names = append(names, archive.PartitionColumns...)
	aws := strings.Fields("eventversion useridentity eventtime eventsource eventname awsregion sourceipaddress useragent errorcode errormessage requestparameters " +
		"responseelements additionaleventdata requestid eventid resources eventtype apiversion readonly recipientaccountid serviceeventdetails sharedeventid vpcendpointid tlsdetails timestamp")
	store := append(slices.Clone(aws), "managementevent", "annotation", "addendum", "eventcategory", "eventjson", "eventjsonchecksum")
	for want, columns := range map[string][]string{"archive": names, "cloudtrail": aws, "lake": store} {
		if l, err := find(columns); err != nil || l.id != want {
			t.Errorf("%v is taken for %v (%v)", columns, l, err)
		}
	}
	for want, columns := range map[string][]string{
		"no such table":           nil,
		"(it lacks sharedeventid": slices.DeleteFunc(slices.Clone(aws), func(s string) bool { return s == "sharedeventid" }),
		"(it lacks raw)":          slices.DeleteFunc(slices.Clone(names), func(s string) bool { return s == "raw" }),
	} {
		var e *LayoutError
		if _, err := find(columns); !errors.As(err, &e) || !strings.Contains(e.Error(), want) {
			t.Errorf("%v; want %s", err, want)
		}
	}
}

// A row of CloudTrail's table becomes the record that it was.
func TestDeliveredRecord(t *testing.T) {
	row := map[string]string{
		"eventversion": "1.11", "useridentity.type": "AssumedRole", "useridentity.arn": "arn:aws:sts::111122223333:assumed-role/r/ann <x>", "useridentity.accountid": "111122223333",
		"useridentity.sessioncontext.sessionissuer.username": "r", "useridentity.sessioncontext.attributes.mfaauthenticated": "true",
		"eventtime": "2026-03-02T10:00:00Z", "eventsource": "s3.amazonaws.com", "eventname": "PutBucketAcl", "awsregion": "eu-west-1", "errorcode": "AccessDenied",
		"requestparameters": `{"bucketName":"b","n":12345678901234567890,"x-amz-acl":"public-read"}`, "responseelements": "null", "additionaleventdata": "",
		"eventid": "11111111-2222-3333-4444-555555555555", "readonly": "false", "recipientaccountid": "111122223333", "vpcendpointid": "vpce-1",
		"json_format(CAST(resources AS JSON))": `[{"arn":"arn:aws:s3:::b","accountid":"111122223333","type":"AWS::S3::Bucket"},["arn:aws:s3:::c",null,"AWS::S3::Bucket"]]`,
	}
	values := make([]sql.NullString, len(deliveredFields))
	for i, f := range deliveredFields {
		text, told := row[f.column]
		values[i] = sql.NullString{String: text, Valid: told}
	}
	one, err := deliveredRecord(values)
	if err != nil || one.object != "eventID 11111111-2222-3333-4444-555555555555" {
		t.Fatalf("%s: %v", one.object, err)
	}
	r, err := trail.Decode(one.raw, nil)
	if err != nil {
		t.Fatalf("%v: %s", err, one.raw)
	}
	got := []any{r.EventTimeText, r.EventName, r.ErrorCode, r.UserIdentity.ARN, r.UserIdentity.Issuer.UserName, r.UserIdentity.MFAAuthenticated, r.Param("n"), r.Param("bucketName"),
		*r.ReadOnly, r.VPCEndpointID, r.Resources, r.ResponseElements == nil}
	want := []any{"2026-03-02T10:00:00Z", "PutBucketAcl", "AccessDenied", "arn:aws:sts::111122223333:assumed-role/r/ann <x>", "r", "true", []string{"12345678901234567890"}, []string{"b"},
		false, "vpce-1", []trail.Resource{{Type: "AWS::S3::Bucket", ARN: "arn:aws:s3:::b", AccountID: "111122223333"}, {Type: "AWS::S3::Bucket", ARN: "arn:aws:s3:::c"}}, true}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s\n%s", diff, one.raw)
	}
	if !strings.Contains(string(one.raw), "ann <x>") {
		t.Errorf("texts are written otherwise than CloudTrail writes them: %s", one.raw)
	}
}

// What people write in filters stands in the questions as text and nothing else.
func TestFiltersAreQuoted(t *testing.T) {
	for _, l := range layouts {
		a := &asker{layout: l, where: l.filter(Filter{Regions: []string{"it's'; DROP TABLE x --"}})}
		for _, question := range []string{a.patterns(), a.chosen(), a.rewrites(2, 3)} {
			if !strings.Contains(question, "'it''s''; DROP TABLE x --'") {
				t.Errorf("%s: %s", l.id, question)
			}
		}
	}
}
