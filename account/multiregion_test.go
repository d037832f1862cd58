// SPDX-License-Identifier: Apache-2.0

package account

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	wideToken  = "arn:aws:s3:us-west-2:111122223333:async-request/mrap/putmultiregionaccesspointpolicy/t1"
	widePolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"*"}]}`
)

func refuseControl(w http.ResponseWriter, status int, code string) {
	w.WriteHeader(status)
	fmt.Fprintf(w, `<ErrorResponse><Error><Code>%s</Code><Message>no</Message></Error></ErrorResponse>`, code)
}

// asynchronous answers as S3 Control does to a change of a multi-Region access
// point's policy: statuses are those of one question after the other, the last
// for good. moto makes such a change at once.
func asynchronous(t *testing.T, statuses ...string) *fake {
	f, asked := newFake("one"), 0
	f.edge = func(w http.ResponseWriter, r *http.Request, _, _ string) bool {
		switch {
		case strings.HasSuffix(r.URL.Path, "/async-requests/mrap/put-policy"):
			w.Header().Set("X-Amz-Request-Id", "CHANGE1")
			fmt.Fprintf(w, `<PutMultiRegionAccessPointPolicyResult><RequestTokenARN>%s</RequestTokenARN></PutMultiRegionAccessPointPolicyResult>`, wideToken)
		case strings.Contains(r.URL.Path, "/async-requests/mrap/"):
			if !strings.HasSuffix(r.URL.Path, wideToken) {
				t.Errorf("asked about %s", r.URL.Path)
			}
			status := statuses[min(asked, len(statuses)-1)]
			asked++
			if status == "AccessDenied" {
				refuseControl(w, http.StatusForbidden, status)
				return true
			}
			w.Header().Set("X-Amz-Request-Id", "QUESTION1")
			fmt.Fprintf(w, `<DescribeMultiRegionAccessPointOperationResult><AsyncOperation><RequestStatus>%s</RequestStatus>`+
				`<ResponseDetails><ErrorDetails><Code>InvalidPolicy</Code><Message>m</Message></ErrorDetails></ResponseDetails></AsyncOperation></DescribeMultiRegionAccessPointOperationResult>`, status)
		default:
			return false
		}
		return true
	}
	return f
}

// A change that AWS makes after its answer is followed to its end, within a bound.
func TestAsynchronousChange(t *testing.T) {
	call := Call{Operation: PutMultiRegionPolicy, Account: fakeAccount, Region: MultiRegionHome, Bucket: "one", AccessPoint: "wide", Text: widePolicy}
	for _, tt := range []struct {
		name     string
		statuses []string
		patience time.Duration
		says     string // "" is no error
		open     bool   // it may still be made
	}{
		{"at once", []string{"SUCCEEDED"}, time.Minute, "", false},
		{"after a while", []string{"NEW", "INPROGRESS", "SUCCEEDED"}, time.Minute, "", false},
		{"refused later", []string{"INPROGRESS", "FAILED"}, time.Minute, "then failed to make it: InvalidPolicy: m", false},
		{"the questions are denied", []string{"AccessDenied"}, time.Minute, "describe-multi-region-access-point-operation --account-id 111122223333 --request-token-arn " + wideToken, true},
		{"without end", []string{"INPROGRESS"}, 400 * time.Millisecond, "waited 400ms", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := asynchronous(t, tt.statuses...).open(t).Writer("fix-1")
			w.patience = tt.patience
			request, err := w.Do(t.Context(), call, "s3:PutMultiRegionAccessPointPolicy")
			if request != "CHANGE1" {
				t.Errorf("the change's request is %q", request)
			}
			var unfinished *UnfinishedError
			if (err == nil) != (tt.says == "") || err != nil && !strings.Contains(err.Error(), tt.says) || errors.As(err, &unfinished) != tt.open {
				t.Errorf("%v", err)
			}
		})
	}
}

// What is read of a multi-Region access point, by Whole and by a scan alike: the
// policy in force, the one under way beside it, and where it leads.
func TestMultiRegionPointsAreRead(t *testing.T) {
	f := newFake("one", "two")
	documents := map[string]string{
		"wide":    `<Established><Policy>` + widePolicy + `</Policy></Established><Proposed><Policy>` + widePolicy + `</Policy></Proposed>`,
		"pending": `<Established><Policy>` + widePolicy + `</Policy></Established><Proposed><Policy>{}</Policy></Proposed>`,
		"new":     `<Proposed><Policy>{}</Policy></Proposed>`,
	}
	f.edge = func(w http.ResponseWriter, r *http.Request, _, _ string) bool {
		_, path, _ := strings.Cut(r.URL.Path, "/mrap/instances")
		name, policy := strings.CutSuffix(strings.Trim(path, "/"), "/policy")
		switch {
		case !strings.Contains(r.URL.Path, "/mrap/instances"):
			return false
		case name == "":
			fmt.Fprint(w, `<ListMultiRegionAccessPointsResult><AccessPoints>`)
			for _, n := range []string{"wide", "pending", "new", "none", "gone"} {
				fmt.Fprintf(w, `<AccessPoint><Name>%[1]s</Name><Alias>%[1]s.mrap</Alias><Status>READY</Status><PublicAccessBlock><BlockPublicAcls>true</BlockPublicAcls></PublicAccessBlock>`+
					`<Regions><Region><Bucket>one</Bucket></Region><Region><Bucket>two</Bucket></Region></Regions></AccessPoint>`, n)
			}
			fmt.Fprint(w, `</AccessPoints></ListMultiRegionAccessPointsResult>`)
		case !policy:
			t.Errorf("asked for %s", r.URL.Path)
		case name == "none":
			refuseControl(w, http.StatusNotFound, "NoSuchMultiRegionAccessPointPolicy")
		case name == "gone":
			refuseControl(w, http.StatusNotFound, "NoSuchMultiRegionAccessPoint")
		default:
			fmt.Fprint(w, `<GetMultiRegionAccessPointPolicyResult><Policy>`+documents[name]+`</Policy></GetMultiRegionAccessPointPolicyResult>`)
		}
		return true
	}
	a := f.open(t)
	whole, err := a.Whole(t.Context(), "one", "us-east-1", noon)
	if err != nil {
		t.Fatal(err)
	}
	all, err := scan(t, &Scanner{}, a)
	if err != nil {
		t.Fatal(err)
	}
	const block = `{"PublicAccessBlockConfiguration":{"BlockPublicAcls":true}}`
	for _, s := range []Settings{whole, all["two"]} {
		var got []string
		for _, p := range s.AccessPoints {
			if !p.MultiRegion || p.Alias != p.Name+".mrap" || !slices.Equal(p.Buckets, []string{"one", "two"}) || p.Block.Text != block {
				t.Errorf("%+v", p)
			}
			got = append(got, fmt.Sprintf("%s %s %q proposed %q", p.Name, p.Policy.Status, p.Policy.Text, p.Proposed))
		}
		want := []string{fmt.Sprintf(`wide present %q proposed ""`, widePolicy), fmt.Sprintf(`pending present %q proposed "{}"`, widePolicy),
			`new absent "" proposed "{}"`, `none absent "" proposed ""`}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q", s.Bucket, got)
		}
	}
}
