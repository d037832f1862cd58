// SPDX-License-Identifier: Apache-2.0

package account

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bucketlid/bucketlid/internal/mototest"
)

func asff(id string, weight int) []byte {
	return fmt.Appendf(nil, `{"SchemaVersion":"2018-10-08","Id":%q,"AwsAccountId":"123456789012","ProductArn":"arn:aws:securityhub:eu-west-1:123456789012:product/123456789012/default",`+
		`"GeneratorId":"g","Types":["Effects/Data Exposure"],"CreatedAt":"2026-08-03T14:02:11Z","UpdatedAt":"2026-08-03T14:02:11Z","Severity":{"Label":"HIGH"},"Title":"t","Description":"d",`+
		`"Resources":[{"Type":"AwsS3Bucket","Id":"arn:aws:s3:::b","Details":{"AwsS3Bucket":{"Name":"b"}}}],"ProductFields":{"bucketlid/x":%q},"RecordState":"ACTIVE"}`, id, strings.Repeat("x", weight))
}

func TestBatches(t *testing.T) {
	many := func(n, weight int) (out [][]byte) {
		for range n {
			out = append(out, make([]byte, weight))
		}
		return out
	}
	for _, tt := range []struct {
		findings [][]byte
		want     []int
	}{
		{nil, nil},
		{many(1, 10), []int{1}},
		{many(100, 10), []int{100}},
		{many(101, 10), []int{100, 1}},
		{many(250, 10), []int{100, 100, 50}},
		{many(50, 200_000), []int{26, 24}},
		{many(2, maxBatchBytes+1), []int{1, 1}},
	} {
		var got []int
		for _, b := range batches(tt.findings) {
			got = append(got, len(b))
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%d findings: %v, want %v", len(tt.findings), got, tt.want)
		}
	}
}

// hub is a made-up Security Hub at the edge of HTTP.
func hub(t *testing.T, answer func(findings []map[string]any) (int, string)) (*Account, *[]int) {
	t.Helper()
	mototest.Isolate(t)
	var sizes []int
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if strings.Contains(string(body), "GetCallerIdentity") {
			fmt.Fprint(w, `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/u</Arn><UserId>u</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`)
			return
		}
		var in struct{ Findings []map[string]any }
		if err := json.Unmarshal(body, &in); err != nil || r.URL.Path != "/findings/import" {
			t.Errorf("%s: %v", r.URL.Path, err)
		}
		sizes = append(sizes, len(in.Findings))
		code, text := answer(in.Findings)
		w.Header().Set("Content-Type", "application/json")
		if code != http.StatusOK {
			kind, _, _ := strings.Cut(text, " ")
			w.Header().Set("X-Amzn-ErrorType", kind)
			text = fmt.Sprintf(`{"Message":%q}`, text)
		}
		w.WriteHeader(code)
		fmt.Fprint(w, text)
	}))
	t.Cleanup(server.Close)
	a, err := Open(t.Context(), SignIn{Endpoint: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	return a, &sizes
}

// What Security Hub refuses of a batch is named; the rest is taken.
func TestImportFindings(t *testing.T) {
	a, sizes := hub(t, func(findings []map[string]any) (int, string) {
		first := findings[0]
		if first["AwsAccountId"] != "123456789012" || first["Severity"].(map[string]any)["Label"] != "HIGH" || first["Resources"].([]any)[0].(map[string]any)["Details"].(map[string]any)["AwsS3Bucket"].(map[string]any)["Name"] != "b" {
			t.Errorf("the finding changed on its way: %v", first)
		}
		return 200, fmt.Sprintf(`{"FailedCount":1,"SuccessCount":%d,"FailedFindings":[{"Id":%q,"ErrorCode":"InvalidInput","ErrorMessage":"bad"}]}`, len(findings)-1, first["Id"])
	})
	var list [][]byte
	for i := range 130 {
		list = append(list, asff(fmt.Sprintf("f-%d", i), 10))
	}
	done, err := a.ImportFindings(t.Context(), "eu-west-1", list)
	if err != nil || done.Taken != 128 || !slices.Equal(*sizes, []int{100, 30}) {
		t.Fatalf("%+v, %v, batches %v", done, err, *sizes)
	}
	if want := []RefusedFinding{{"f-0", "InvalidInput: bad"}, {"f-100", "InvalidInput: bad"}}; !slices.Equal(done.Refused, want) {
		t.Errorf("refused: %v", done.Refused)
	}
}

func TestImportFindingsFails(t *testing.T) {
	list := [][]byte{asff("f", 10)}
	for _, tt := range []struct {
		code int
		text string
		want string
	}{
		{403, "AccessDeniedException no", "the permission securityhub:BatchImportFindings is missing"},
		{401, "InvalidAccessException no", "aws securityhub enable-security-hub --region eu-west-1"},
		{400, "InvalidInputException no", "Security Hub of account 123456789012, eu-west-1"},
	} {
		a, _ := hub(t, func([]map[string]any) (int, string) { return tt.code, tt.text })
		_, err := a.ImportFindings(t.Context(), "eu-west-1", list)
		var noHub *NoHubError
		var denied *WriteDeniedError
		if err == nil || !strings.Contains(err.Error(), tt.want) || errors.As(err, &denied) != (tt.code == 403) || errors.As(err, &noHub) != (tt.code == 401) {
			t.Errorf("%s: %v", tt.text, err)
		}
	}
	a, sizes := hub(t, func([]map[string]any) (int, string) { return 200, "{}" })
	if _, err := a.ImportFindings(t.Context(), "eu-west-1", [][]byte{[]byte("{")}); err == nil || len(*sizes) > 0 {
		t.Errorf("damaged JSON was sent: %v", err)
	}
}

// What an earlier run sent and stale picks is archived; nothing else is touched,
// and nothing that a person wrote is sent back.
func TestArchiveFindings(t *testing.T) {
	const product = "arn:aws:securityhub:eu-west-1:123456789012:product/123456789012/default"
	earlier := func(id, generator, product, state string) string {
		return fmt.Sprintf(`{"SchemaVersion":"2018-10-08","AwsAccountId":"123456789012","CreatedAt":"2026-08-03T14:02:11Z","UpdatedAt":"2026-08-03T14:02:11Z","Description":"d","Id":%q,"GeneratorId":%q,"ProductArn":%q,"RecordState":%q,"Note":{"Text":"mine","UpdatedBy":"ann","UpdatedAt":"2026-08-03T14:02:11Z"},"Workflow":{"Status":"NOTIFIED"},"Title":"t",`+
			`"Resources":[{"Type":"AwsS3Bucket","Id":"arn:aws:s3:::b","Details":{"AwsS3Bucket":{"Name":"b"}}}]}`, id, generator, product, state)
	}
	var sent []map[string]any
	mototest.Isolate(t)
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/json")
		switch {
		case strings.Contains(string(body), "GetCallerIdentity"):
			fmt.Fprint(w, `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/u</Arn><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`)
		case status != http.StatusOK:
			w.Header().Set("X-Amzn-ErrorType", map[int]string{401: "InvalidAccessException", 403: "AccessDeniedException"}[status])
			w.WriteHeader(status)
			fmt.Fprint(w, `{"Message":"no"}`)
		case r.URL.Path == "/findings":
			if !strings.Contains(string(body), product) || !strings.Contains(string(body), `"Comparison":"PREFIX"`) {
				t.Errorf("asked for %s", body)
			}
			fmt.Fprintf(w, `{"Findings":[%s,%s,%s,%s,%s]}`, earlier("old", "bucketlid/public bucket-acl", product, "ACTIVE"), earlier("kept", "bucketlid/public bucket-acl", product, "ACTIVE"),
				earlier("old, archived", "bucketlid/public bucket-acl", product, "ARCHIVED"), earlier("old, of others", "other/x", product, "ACTIVE"), earlier("old, elsewhere", "bucketlid/x", "arn:other", "ACTIVE"))
		default:
			var in struct{ Findings []map[string]any }
			_ = json.Unmarshal(body, &in)
			sent = append(sent, in.Findings...)
			fmt.Fprintf(w, `{"SuccessCount":%d,"FailedCount":0}`, len(in.Findings))
		}
	}))
	t.Cleanup(server.Close)
	a, err := Open(t.Context(), SignIn{Endpoint: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	archive := func() (ImportedFindings, error) {
		return a.ArchiveFindings(t.Context(), "eu-west-1", product, "bucketlid/", func(f EarlierFinding) bool { return strings.HasPrefix(f.ID, "old") && f.Bucket == "b" },
			time.Date(2026, 8, 4, 8, 0, 0, 0, time.UTC))
	}
	done, err := archive()
	if err != nil || done.Taken != 1 || len(sent) != 1 {
		t.Fatalf("%+v, %v, sent %v", done, err, sent)
	}
	if f := sent[0]; f["Id"] != "old" || f["RecordState"] != "ARCHIVED" || f["UpdatedAt"] != "2026-08-04T08:00:00Z" || f["Note"] != nil || f["Workflow"] != nil || f["Title"] != "t" {
		t.Errorf("sent %v", f)
	}
	status = http.StatusUnauthorized
	if done, err := archive(); err != nil || done.Taken != 0 {
		t.Errorf("without Security Hub: %+v, %v", done, err)
	}
	status = http.StatusForbidden
	if _, err := archive(); err == nil || !strings.Contains(err.Error(), "securityhub:GetFindings") {
		t.Errorf("denied: %v", err)
	}
}
