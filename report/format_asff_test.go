// SPDX-License-Identifier: Apache-2.0

package report

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/triage"
)

// asffRules are the constraints of the Security Hub API reference,
// "AwsSecurityFinding", and of the user guide, "Required top-level ASFF
// attributes": name, whether it is required, the most characters, a pattern.
var asffRules = []struct {
	name     string
	required bool
	most     int
	pattern  *regexp.Regexp
}{
	{"SchemaVersion", true, 10, regexp.MustCompile(`^2018-10-08$`)},
	{"Id", true, 512, nil},
	{"ProductArn", true, 2048, regexp.MustCompile(`^arn:aws(-cn|-us-gov)?:securityhub:[a-z0-9-]+:\d{12}:product/\d{12}/default$`)},
	{"GeneratorId", true, 512, nil},
	{"AwsAccountId", true, 12, regexp.MustCompile(`^\d{12}$`)},
	{"CreatedAt", true, 0, stamps},
	{"UpdatedAt", true, 0, stamps},
	{"FirstObservedAt", false, 0, stamps},
	{"LastObservedAt", false, 0, stamps},
	{"Title", true, 256, nil},
	{"Description", true, 1024, nil},
	{"Region", false, 16, nil},
	{"ProductName", false, 128, nil},
	{"CompanyName", false, 128, nil},
	{"RecordState", false, 0, regexp.MustCompile(`^(ACTIVE|ARCHIVED)$`)},
}

var (
	stamps   = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`)
	labels   = []string{"INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL"}
	asffType = regexp.MustCompile(`^(Software and Configuration Checks|TTPs|Effects|Unusual Behaviors|Sensitive Data Identifications)/[^/]+(/[^/]+)?$`)
)

// maxFinding is what one finding may weigh (API reference, "BatchImportFindings").
const maxFinding = 240_000

func asffFaults(f map[string]any) []string {
	var out []string
	for _, rule := range asffRules {
		text, there := f[rule.name].(string)
		switch {
		case !there && !rule.required:
		case strings.TrimSpace(text) == "":
			out = append(out, rule.name+" is required and not blank")
		case rule.most > 0 && utf8.RuneCountInString(text) > rule.most:
			out = append(out, rule.name+" is too long")
		case rule.pattern != nil && !rule.pattern.MatchString(text):
			out = append(out, rule.name+": "+text)
		}
	}
	severity, _ := f["Severity"].(map[string]any)
	if label, _ := severity["Label"].(string); !slices.Contains(labels, label) {
		out = append(out, fmt.Sprintf("Severity: %v", f["Severity"]))
	}
	types, _ := f["Types"].([]any)
	if len(types) == 0 || len(types) > 50 || slices.ContainsFunc(types, func(x any) bool { return !asffType.MatchString(x.(string)) }) {
		out = append(out, fmt.Sprintf("Types: %v", types))
	}
	fields, _ := f["ProductFields"].(map[string]any)
	if len(fields) > 50 {
		out = append(out, fmt.Sprintf("%d product fields", len(fields)))
	}
	for key, value := range fields {
		if utf8.RuneCountInString(key) > 128 || utf8.RuneCountInString(value.(string)) > 2048 || strings.TrimSpace(value.(string)) == "" {
			out = append(out, "ProductFields: "+key)
		}
	}
	resources, _ := f["Resources"].([]any)
	if len(resources) < 1 || len(resources) > 32 {
		out = append(out, fmt.Sprintf("%d resources", len(resources)))
	}
	for _, r := range resources {
		if r := r.(map[string]any); r["Type"] == "" || r["Id"] == "" || r["Partition"] == "" {
			out = append(out, fmt.Sprintf("Resources: %v", r))
		}
	}
	if encoded, _ := json.Marshal(f); len(encoded) > maxFinding {
		out = append(out, fmt.Sprintf("%d bytes", len(encoded)))
	}
	return out
}

func asffOf(t tester, text string) []map[string]any {
	t.Helper()
	var list []map[string]any
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return list
}

func TestASFFKeepsToItsLimits(t *testing.T) {
	got, err := render(t, "asff", fixture(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	list := asffOf(t, got)
	if len(list) != 7 {
		t.Errorf("%d findings of 7 alerts", len(list))
	}
	for _, f := range list {
		for _, fault := range asffFaults(f) {
			t.Errorf("%s: %s", f["Id"], fault)
		}
	}
}

func TestASFFOfAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := Message{Alert: &triage.Alert{}}
		if drawn := messages().Draw(t, "message"); drawn.Alert != nil {
			m = drawn
		}
		if rapid.Bool().Draw(t, "huge") {
			long := strings.Repeat(rapid.SampledFrom([]string{"\u202e", "\x00", "𝕏", "\"", "a"}).Draw(t, "rune"), 4000)
			a := m.Alert
			a.Title, a.UserName, a.Bucket, a.URI, a.Permission, a.SeverityWhy = long, long, long, long, long, long
			a.Reasons, a.Unknowns, a.Keys = []string{long}, []string{long}, slices.Repeat([]string{long}, 40)
			a.OpenedBy = &exposure.Actor{ARN: long, UserAgent: long, EventID: long, EventName: long, SourceIPAddress: long}
		}
		for _, f := range asffOf(t, write(t, "asff", Options{}, m, Message{Summary: &Summary{}})) {
			for _, fault := range asffFaults(f) {
				t.Error(fault)
			}
		}
	})
}

func TestASFFOfNothing(t *testing.T) {
	if list := asffOf(t, write(t, "asff", Options{}, Message{Config: &Config{}}, Message{Summary: &Summary{}})); len(list) != 0 {
		t.Errorf("%v", list)
	}
}

// What is shut is archived, what was only tried is not; the id stays, and the
// time of the version is the caller's.
func TestASFFState(t *testing.T) {
	at := time.Date(2026, 11, 1, 8, 0, 0, 0, time.FixedZone("", 3600))
	for _, tt := range []struct {
		kind  triage.Kind
		state exposure.State
		want  string
	}{
		{triage.KindPublic, exposure.Open, "ACTIVE"}, {triage.KindPublic, exposure.Closed, "ARCHIVED"}, {triage.KindPublic, exposure.Unknown, "ACTIVE"},
		{triage.KindLatent, exposure.Blocked, "ACTIVE"}, {triage.KindAttempt, exposure.Closed, "ACTIVE"}, {triage.KindGuardRemoved, exposure.Closed, "ARCHIVED"},
	} {
		f := ASFF(&triage.Alert{ID: "a-1", Kind: tt.kind, State: tt.state, Account: "111122223333", Region: "cn-north-1"}, nil, nil, at)
		if f.RecordState != tt.want || f.ID != "a-1" || f.UpdatedAt != "2026-11-01T07:00:00Z" {
			t.Errorf("%s %s: %+v", tt.kind, tt.state, f)
		}
		if f.ProductArn != "arn:aws-cn:securityhub:cn-north-1:111122223333:product/111122223333/default" {
			t.Error(f.ProductArn)
		}
	}
}

// An address is told as its kind.
func TestASFFCaller(t *testing.T) {
	for _, tt := range []struct{ source, want string }{
		{"203.0.113.7", `"CallerType":"remoteIp","RemoteIpDetails":{"IpAddressV4":"203.0.113.7"}`},
		{"2001:db8::7", `"CallerType":"remoteIp"}`},
		{"cloudformation.amazonaws.com", `"CallerType":"domain","DomainDetails":{"Domain":"cloudformation.amazonaws.com"}`},
		{"", `"CallerType":"remoteIp"}`},
	} {
		a := &triage.Alert{OpenedBy: &exposure.Actor{EventName: "PutBucketAcl", SourceIPAddress: tt.source}}
		if got := write(t, "asff", Options{}, Message{Alert: a}); !strings.Contains(got, tt.want) {
			t.Errorf("%q: %s", tt.source, got)
		}
	}
}

// Of a named account that has access the text says what takes it away, and not
// that Block Public Access would.
func TestASFFShared(t *testing.T) {
	for _, tt := range []struct {
		route string
		state exposure.State
		want  string
	}{
		{"bucket-policy", exposure.Open, "bucketlid fix plan b"}, {"replication", exposure.Open, "get-bucket-replication"},
		{"inventory", exposure.Open, "list-bucket-inventory-configurations"}, {"notification", exposure.Open, "get-bucket-notification-configuration"}, {"bucket-policy", exposure.Closed, "look at what it did meanwhile"},
	} {
		r := ASFF(&triage.Alert{Kind: triage.KindShared, State: tt.state, Bucket: "b", Route: tt.route}, nil, nil, time.Time{}).Remediation.Recommendation
		if !strings.Contains(r.Text, tt.want) || strings.Contains(r.Text, "keep it shut with") || r.URL != sharingPage || len(r.Text) > maxRemedy {
			t.Errorf("%s %s: %+v", tt.route, tt.state, r)
		}
	}
}

// Region and partition are the bucket's own; an alert about no Region goes where
// its partition is at home.
func TestASFFPartition(t *testing.T) {
	by := func(arn string) *exposure.Actor { return &exposure.Actor{ARN: arn} }
	for _, tt := range []struct {
		region  string
		by      *exposure.Actor
		scanned []string
		want    string // Region and ARN
	}{
		{"us-gov-east-1", nil, nil, "us-gov-east-1 arn:aws-us-gov:s3:::b"}, {"cn-northwest-1", nil, nil, "cn-northwest-1 arn:aws-cn:s3:::b"}, {"eu-west-1", nil, nil, "eu-west-1 arn:aws:s3:::b"},
		{"", by("arn:aws-cn:iam::111122223333:user/u"), []string{"eu-west-1"}, "cn-north-1 arn:aws-cn:s3:::b"}, {"", by("arn:aws:iam::111122223333:user/u"), nil, "us-east-1 arn:aws:s3:::b"},
		{"", nil, []string{"us-gov-east-1"}, "us-gov-west-1 arn:aws-us-gov:s3:::b"}, {"nowhere", nil, nil, "us-east-1 arn:aws:s3:::b"}, {"eusc-de-east-1", nil, nil, "eusc-de-east-1 arn:aws-eusc:s3:::b"},
	} {
		f := ASFF(&triage.Alert{Bucket: "b", Region: tt.region, OpenedBy: tt.by, Account: "111122223333"}, &Config{Regions: tt.scanned}, nil, time.Time{})
		r := f.Resources[0]
		if got := f.Region + " " + r.ID; got != tt.want || r.Region != f.Region || r.Partition != partitionOf(f.Region) || !strings.HasPrefix(f.ProductArn, "arn:"+r.Partition+":securityhub:"+f.Region+":") {
			t.Errorf("%q: %s, %+v, %s", tt.region, got, r, f.ProductArn)
		}
	}
}
