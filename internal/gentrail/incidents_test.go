// SPDX-License-Identifier: Apache-2.0

package gentrail_test

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bucketlid/bucketlid/internal/gentrail"
)

// checkTruth looks up every call of every incident in the files.
func checkTruth(t *testing.T, objects []object, truth gentrail.Truth) map[string]record {
	t.Helper()
	byID := map[string]record{}
	for _, r := range allRecords(objects) {
		byID[r.EventID] = r
	}
	ids := map[string]bool{}
	for _, in := range truth.Incidents {
		if ids[in.ID] {
			t.Errorf("incident %s twice", in.ID)
		}
		ids[in.ID] = true
		for _, call := range in.Calls {
			checkCall(t, byID, in, call)
		}
		checkIncident(t, in)
	}
	return byID
}

func checkCall(t *testing.T, byID map[string]record, in gentrail.Incident, call gentrail.Call) {
	t.Helper()
	r, ok := byID[call.EventID]
	if !ok {
		t.Errorf("%s: %s %s is not in the files", in.ID, call.EventName, call.EventID)
		return
	}
	if r.EventName != call.EventName || !r.EventTime.Equal(call.EventTime) || r.ErrorCode != call.ErrorCode ||
		r.SourceIPAddress != call.SourceIPAddress || r.UserIdentity.ARN != call.ARN || r.RecipientAccountID != in.Account && r.SharedEventID == "" || r.AWSRegion != in.Region {
		t.Errorf("%s: truth says %+v, the file %s", in.ID, call, r.raw)
	}
	if name := r.RequestParameters["bucketName"]; name != nil && name != in.Bucket {
		t.Errorf("%s: %s is about bucket %v", in.ID, call.EventName, name)
	}
}

func checkIncident(t *testing.T, in gentrail.Incident) {
	t.Helper()
	has := func(c gentrail.Call) bool {
		return slices.Contains(in.Calls, c)
	}
	if !has(in.Event) {
		t.Errorf("%s: the decisive call is none of its calls", in.ID)
	}
	open := in.Kind == "public" || in.Kind == "shared"
	if open != (len(in.Windows) > 0) {
		t.Errorf("%s: kind %s with %d windows", in.ID, in.Kind, len(in.Windows))
	}
	if (in.Kind == "none" || in.Kind == "guard-removed") != (in.Route == "") {
		t.Errorf("%s: kind %s with route %q", in.ID, in.Kind, in.Route)
	}
	for _, w := range in.Windows {
		if !has(w.OpenedBy) || !w.Opened.Equal(w.OpenedBy.EventTime) || w.OpenedBy.ErrorCode != "" {
			t.Errorf("%s: opened by %+v", in.ID, w.OpenedBy)
		}
		if w.Closed.IsZero() != (w.ClosedBy == nil) {
			t.Errorf("%s: closed at %v by %v", in.ID, w.Closed, w.ClosedBy)
		}
		if w.ClosedBy != nil && (!has(*w.ClosedBy) || !w.Closed.After(w.Opened) || w.ClosedBy.ErrorCode != "") {
			t.Errorf("%s: closed by %+v", in.ID, *w.ClosedBy)
		}
	}
}

func TestTruthIsInTheFiles(t *testing.T) {
	c := gentrail.Config{Seed: 11, Records: 3000, Duplicates: 0.1, Gzip: true}
	objects, truth := write(t, c)
	byID := checkTruth(t, objects, truth)
	for _, o := range objects {
		if o.account == "999988887777" {
			t.Errorf("%s is of the foreign account, which makes it look like one of our own", o.path)
		}
	}
	repeated := map[string]int{}
	for _, r := range allRecords(objects) {
		repeated[r.EventID]++
	}
	for _, in := range truth.Incidents {
		if repeated[in.Event.EventID] != 2 {
			t.Errorf("%s: with duplicates asked for, its call occurs %d times", in.ID, repeated[in.Event.EventID])
		}
	}
	for id, wants := range shapes {
		i := slices.IndexFunc(truth.Incidents, func(in gentrail.Incident) bool { return in.ID == id })
		if i < 0 {
			t.Errorf("incident %s is missing", id)
			continue
		}
		var all []byte
		for _, call := range truth.Incidents[i].Calls {
			all = append(all, byID[call.EventID].raw...)
		}
		for _, want := range wants {
			if !bytes.Contains(all, []byte(want)) {
				t.Errorf("%s: no %s in %s", id, want, all)
			}
		}
	}
}

// shapes is text that each incident must hold: the forms that readers get wrong.
var shapes = map[string][]string{
	"acl-body-list":              {`"AccessControlList":{"Grant":[{`, `"URI":"http://acs.amazonaws.com/groups/global/AllUsers"},"Permission":"READ_ACP"`},
	"acl-body-single":            {`"AccessControlList":{"Grant":{"Grantee"`, `"x-amz-acl":"private"`},
	"acl-canned-2019":            {`"eventVersion":"1.05"`, `"x-amz-acl":["public-read"]`, `"host":["old-brochures.s3.amazonaws.com"]`},
	"acl-canned":                 {`"x-amz-acl":"public-read-write"`, `"IgnorePublicAcls":true`},
	"acl-grant-headers":          {`"accessControlList":{"x-amz-grant-read":"uri=\"http://acs.amazonaws.com/groups/global/AuthenticatedUsers\""`},
	"object-acl":                 {`"eventName":"PutObjectAcl"`, `"managementEvent":false`, `"eventName":"DeleteObject"`},
	"object-put-header":          {`"eventName":"PutObject"`, `"x-amz-acl":"public-read"`},
	"object-multipart":           {`"eventName":"CreateMultipartUpload"`, `"eventName":"CompleteMultipartUpload"`},
	"object-acl-cross-account":   {`"sharedEventID":"`, `"type":"AWSAccount"`, `"userName":"nightly-sync"`},
	"create-2022":                {`"eventTime":"2022-11-08T13:40:05Z"`, `"eventName":"CreateBucket"`, `"x-amz-acl":"public-read"`},
	"policy-star":                {`"Principal":"*"`, `"eventName":"DeleteBucketPolicy"`},
	"policy-foreign":             {`"Principal":{"AWS":"arn:aws:iam::999988887777:root"}`},
	"policy-deny-deleted":        {`"Effect":"Deny"`, `"eventName":"DeleteBucketPolicy"`},
	"policy-after-block-removed": {`"Principal":{"AWS":"*"}`, `"accountId":"anonymous"`, `"eventName":"DeleteBucketPublicAccessBlock"`},
	"attempt-then-success":       {`BlockPublicPolicy setting`, `"eventName":"DeleteBucketPublicAccessBlock"`},
	"policy-latent":              {`"RestrictPublicBuckets":true`, `"BlockPublicPolicy":false`},
	"account-block-removed":      {`"Host":"666677778888.s3-control.`, `"eventName":"DeleteAccountPublicAccessBlock"`},
	"ownership-reenabled":        {`"ObjectOwnership":"BucketOwnerEnforced"`, `"ObjectOwnership":"ObjectWriter"`},
	"guard-removed":              {`"eventName":"DeleteBucketPublicAccessBlock"`},
	"attempt-acl":                {`BlockPublicAcls setting`},
	"near-log-delivery":          {`http://acs.amazonaws.com/groups/s3/LogDelivery`},
	"near-deny-star":             {`"Effect":"Deny","Principal":"*"`},
	"near-service":               {`"Service":["cloudfront.amazonaws.com"]`},
	"near-private":               {`"x-amz-acl":"private"`, `"RestrictPublicBuckets":true`},
	"near-denied":                {`"errorCode":"AccessDenied"`},
}

// TestOrdinaryTrafficOpensNothing: all that can open a bucket is planted, so
// that an alert on anything else is a mistake of its reader.
func TestOrdinaryTrafficOpensNothing(t *testing.T) {
	objects, truth := write(t, gentrail.Config{Seed: 2, Records: 25_000, Plain: true})
	if len(truth.Incidents) != 0 {
		t.Fatal("a plain trail has incidents")
	}
	near := map[string]bool{}
	for _, r := range allRecords(objects) {
		text := string(r.raw)
		if strings.Contains(text, "groups/global") || strings.Contains(text, `"public-read`) || strings.Contains(text, `Blocks":false`) ||
			strings.Contains(text, `"Effect":"Allow","Principal":"*"`) || r.EventName == "DeleteBucketPublicAccessBlock" || r.EventName == "PutBucketOwnershipControls" {
			t.Fatalf("an opening in ordinary traffic: %s", text)
		}
		if strings.HasPrefix(r.EventName, "PutBucket") || r.EventName == "CreateBucket" {
			near[r.EventName+r.ErrorCode] = true
		}
		if r.UserIdentity.AccountID == "anonymous" && r.ErrorCode == "" {
			t.Fatalf("a stranger succeeds in ordinary traffic: %s", text)
		}
	}
	if len(near) < 3 {
		t.Errorf("near misses among 25,000 records: %v", near)
	}
}

var identifier = regexp.MustCompile(`(?:AKIA|ASIA|AIDA|AROA)[A-Z0-9]{8,}`)

// checkNames: identifiers carry EXAMPLE, addresses belong to nobody.
func checkNames(t *testing.T, records []record) {
	t.Helper()
	free := []netip.Prefix{}
	for _, text := range []string{"192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "10.0.0.0/8"} {
		free = append(free, netip.MustParsePrefix(text))
	}
	for _, r := range records {
		for _, id := range identifier.FindAll(r.raw, -1) {
			if !bytes.HasSuffix(id, []byte("EXAMPLE")) || len(id) != 20 && len(id) != 21 {
				t.Fatalf("identifier %s in %s", id, r.raw)
			}
		}
		if r.SourceIPAddress == "AWS Internal" || strings.HasSuffix(r.SourceIPAddress, ".amazonaws.com") {
			continue
		}
		address, err := netip.ParseAddr(r.SourceIPAddress)
		if err != nil || !slices.ContainsFunc(free, func(p netip.Prefix) bool { return p.Contains(address) }) {
			t.Fatalf("address %s of %s is not reserved for documentation: %v", r.SourceIPAddress, r.EventID, err)
		}
	}
}

func TestNamesBelongToNobody(t *testing.T) {
	objects, _ := write(t, gentrail.Config{Seed: 4, Records: 5000, CrossAccount: 0.02})
	checkNames(t, allRecords(objects))
}

func TestTruthSurvivesJSON(t *testing.T) {
	_, truth := write(t, gentrail.Config{Records: 200})
	text, err := json.Marshal(truth)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(text, []byte(`"closed":"0001`)) {
		t.Error("an open window has a closing time in JSON")
	}
	var back gentrail.Truth
	if err := json.Unmarshal(text, &back); err != nil || len(back.Incidents) != len(truth.Incidents) || !back.Incidents[0].Windows[0].Opened.Equal(truth.Incidents[0].Windows[0].Opened) {
		t.Errorf("truth does not come back from JSON: %v", err)
	}
}

func TestEventsStayInsideTheDays(t *testing.T) {
	start := time.Date(2026, 5, 4, 0, 0, 0, 0, time.UTC)
	objects, truth := write(t, gentrail.Config{Seed: 9, Records: 4000, Start: start, Days: 2})
	planted := map[string]bool{}
	for _, in := range truth.Incidents {
		if in.Calls[0].EventTime.Year() < 2026 {
			for _, c := range in.Calls {
				planted[c.EventID] = true
			}
		}
	}
	for _, r := range allRecords(objects) {
		if !planted[r.EventID] && (r.EventTime.Before(start) || r.EventTime.After(start.Add(48*time.Hour+15*time.Minute))) {
			t.Fatalf("%s at %v is outside the two days", r.EventName, r.EventTime)
		}
	}
}
