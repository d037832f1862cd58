// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"io"
	"net/netip"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/triage"
)

func newASFF(w io.Writer, o Options) Handler {
	return &collector{w: w, o: o, render: renderASFF}
}

// renderASFF writes all findings as one JSON list, a finding a line. That is
// what `aws securityhub batch-import-findings --findings file://…` takes, up to
// 100 at a time.
func renderASFF(b *strings.Builder, c *collector) {
	b.WriteString("[")
	for i, a := range c.alerts {
		if i > 0 {
			b.WriteString(",")
		}
		b.WriteString("\n")
		b.WriteString(strings.TrimSuffix(string(jsonLine(c.asff(a))), "\n"))
	}
	b.WriteString("\n]\n")
}

// ASFF is an alert in the AWS Security Finding Format. Updated is the time of
// this version of the finding: Security Hub keeps the one with the latest.
func ASFF(a *triage.Alert, config *Config, summary *Summary, updated time.Time) ASFFinding {
	c := &collector{config: config, summary: summary}
	f := c.asff(a)
	f.UpdatedAt = asffTime(&updated)
	return f
}

// GeneratorPrefix begins the generator's id of every finding: then follow the
// kind of the alert and its route.
const GeneratorPrefix = "bucketlid/"

// ProductARN is the default product of an account in a Region, which needs no
// integration to be enabled.
func ProductARN(account, region string) string {
	return "arn:" + partitionOf(region) + ":securityhub:" + region + ":" + account + ":product/" + account + "/default"
}

// ASFFinding is a finding as BatchImportFindings takes it (Security Hub API
// reference, "AwsSecurityFinding").
type ASFFinding struct {
	SchemaVersion   string
	ID              string `json:"Id"`
	ProductArn      string
	ProductName     string
	CompanyName     string
	GeneratorID     string `json:"GeneratorId"`
	AwsAccountID    string `json:"AwsAccountId"`
	Region          string
	Types           []string
	FirstObservedAt string `json:",omitempty"`
	LastObservedAt  string `json:",omitempty"`
	CreatedAt       string
	UpdatedAt       string
	Severity        asffSeverity
	Title           string
	Description     string
	Remediation     asffRemediation
	ProductFields   map[string]string
	Resources       []asffResource
	Action          *asffAction `json:",omitempty"`
	RecordState     string
	// FindingProviderFields repeat what a person may change in Security Hub.
	FindingProviderFields asffProvider
}

type asffSeverity struct {
	Label    string
	Original string `json:",omitempty"`
}

type asffProvider struct {
	Severity asffSeverity
	Types    []string
}

type asffRemediation struct{ Recommendation asffRecommendation }

type asffRecommendation struct {
	Text string
	URL  string `json:"Url"`
}

type asffResource struct {
	Type      string
	ID        string `json:"Id"`
	Partition string
	Region    string
	Details   *asffDetails `json:",omitempty"`
}

type asffDetails struct {
	AwsS3Bucket *asffBucket
}

type asffBucket struct {
	Name           string
	OwnerAccountID string `json:"OwnerAccountId"`
}

type asffAction struct {
	ActionType       string
	AwsAPICallAction asffCall `json:"AwsApiCallAction"`
}

type asffCall struct {
	API             string `json:"Api"`
	ServiceName     string
	CallerType      string
	RemoteIPDetails *asffRemote `json:"RemoteIpDetails,omitempty"`
	DomainDetails   *asffDomain `json:",omitempty"`
	FirstSeen       string      `json:",omitempty"`
	LastSeen        string      `json:",omitempty"`
}

type asffRemote struct {
	IPAddressV4 string `json:"IpAddressV4"`
}

type asffDomain struct{ Domain string }

// Lengths that the API reference gives, in characters.
const (
	maxTitle       = 256
	maxDescription = 1024
	maxASFFID      = 512
	maxRemedy      = 512
	// maxField is below the 2,048 that a product field may have, so that a
	// finding of hostile text stays below 240 KB.
	maxField     = 1000
	maxResources = 32
)

// accountUnknown stands for an account that the log does not tell; Security Hub
// refuses it, so that such a finding is not taken for another account's.
const accountUnknown = "000000000000"

// globalRegion is where a finding about no Region belongs.
const globalRegion = "us-east-1"

var (
	accountForm = regexp.MustCompile(`^\d{12}$`)
	regionForm  = regexp.MustCompile(`^[a-z]{2,4}(-[a-z]+)+-\d$`)
)

func asffAccount(id string) string {
	if accountForm.MatchString(id) {
		return id
	}
	return accountUnknown
}

func isRegion(name string) bool { return regionForm.MatchString(name) && len(name) <= 16 }

// asffRegion is the alert's Region. What is about none belongs to the partition's
// first, which the opener's ARN tells, or what else was scanned.
func (c *collector) asffRegion(a *triage.Alert) string {
	if isRegion(a.Region) {
		return a.Region
	}
	if parts := strings.SplitN(opener(a).ARN, ":", 3); len(parts) == 3 && parts[0] == "arn" {
		return homeOf(parts[1])
	}
	if c.config != nil && len(c.config.Regions) > 0 {
		return homeOf(partitionOf(c.config.Regions[0]))
	}
	return globalRegion
}

func (c *collector) asff(a *triage.Alert) ASFFinding {
	account, region := asffAccount(a.Account), c.asffRegion(a)
	created := c.asffBegan(a)
	updated := asffLatest(created, a.ClosedAt, c.asOf())
	severity := asffSeverity{asffLabel(a.Severity), asffText(string(a.Severity), maxRemedy)}
	types := asffTypes(a)
	return ASFFinding{
		SchemaVersion: "2018-10-08",
		ID:            cmp.Or(asffText(a.ID, maxASFFID), "unnamed"),
		ProductArn:    ProductARN(account, region),
		ProductName:   "bucketlid", CompanyName: "bucketlid",
		GeneratorID:  GeneratorPrefix + cmp.Or(asffText(spaced(string(a.Kind), a.Route), maxASFFID-len(GeneratorPrefix)), "alert"),
		AwsAccountID: account, Region: region, Types: types,
		FirstObservedAt: asffTime(told(a)), LastObservedAt: asffTime(latest(a)), CreatedAt: asffTime(created), UpdatedAt: asffTime(updated),
		Severity: severity, FindingProviderFields: asffProvider{severity, types},
		Title:         cmp.Or(asffText(what(a)+" on "+place(a), maxTitle), "alert"),
		Description:   cmp.Or(asffText(a.Title+" "+a.SeverityWhy, maxDescription), "no description"),
		Remediation:   asffRemediation{asffRecommendation{asffText(remedyText(a), maxRemedy), remedyPage(a)}},
		ProductFields: c.asffFields(a), Resources: asffResources(a, region), Action: asffActionOf(a), RecordState: asffState(a),
	}
}

// asffBegan is when the finding came to be: a required field, so that the time
// of the reading stands in where nothing else is known.
func (c *collector) asffBegan(a *triage.Alert) *time.Time {
	if t := cmp.Or(told(a), c.asOf()); t != nil {
		return t
	}
	return &time.Time{}
}

func asffLatest(times ...*time.Time) *time.Time {
	var out *time.Time
	for _, t := range times {
		if t != nil && (out == nil || t.After(*out)) {
			out = t
		}
	}
	return out
}

// asffTime is RFC 3339 with Z (API reference, "Timestamps").
func asffTime(t *time.Time) string {
	if t == nil {
		return ""
	}
	return normalTime(*t).Format(time.RFC3339)
}

// asffText is harmless text of at most so many characters; blank text, which
// the API refuses, is none.
func asffText(s string, length int) string {
	s = strings.TrimSpace(Terminal(s))
	if utf8.RuneCountInString(s) <= length {
		return s
	}
	return strings.TrimSpace(string([]rune(s)[:length-1])) + "…"
}

func asffLabel(s triage.Severity) string {
	switch s {
	case triage.Critical, triage.High, triage.Medium, triage.Low:
		return strings.ToUpper(string(s))
	}
	return "INFORMATIONAL"
}

// asffState archives what is shut. An attempt was never open, and stays for a
// person to look at.
func asffState(a *triage.Alert) string {
	if a.State == exposure.Closed && a.Kind != triage.KindAttempt {
		return "ARCHIVED"
	}
	return "ACTIVE"
}

// asffTypes are of the taxonomy in "Types taxonomy for ASFF".
func asffTypes(a *triage.Alert) []string {
	types := []string{"Software and Configuration Checks/AWS Security Best Practices"}
	switch {
	case a.Kind == triage.KindPublic || a.Kind == triage.KindShared:
		types = append(types, "Effects/Data Exposure")
	case a.Kind == triage.KindAttempt:
		types = append(types, "TTPs/Defense Evasion")
	}
	return types
}

func asffResources(a *triage.Alert, region string) []asffResource {
	partition, there := partitionOf(region), *a
	there.Region = region
	var out []asffResource
	add := func(kind, id string, details *asffDetails) {
		if id = asffText(id, maxASFFID); id != "" && len(out) < maxResources {
			out = append(out, asffResource{kind, id, partition, region, details})
		}
	}
	if name := asffText(a.Bucket, maxASFFID); name != "" {
		add("AwsS3Bucket", bucketARN(&there, ""), &asffDetails{&asffBucket{name, asffAccount(a.Account)}})
		for _, key := range keysOf(a) {
			add("AwsS3Object", bucketARN(&there, key), nil)
		}
	}
	if a.AccessPoint != "" {
		add("AwsS3AccessPoint", a.AccessPoint, nil)
	}
	if len(out) == 0 {
		add("AwsAccount", "AWS::::Account:"+asffAccount(a.Account), nil)
	}
	return out
}

func asffActionOf(a *triage.Alert) *asffAction {
	by := opener(a)
	name := asffText(by.EventName, maxASFFID)
	if name == "" {
		return nil
	}
	call := asffCall{API: name, ServiceName: "s3.amazonaws.com", CallerType: "remoteIp", FirstSeen: asffTime(by.EventTime), LastSeen: asffTime(by.EventTime)}
	address, err := netip.ParseAddr(by.SourceIPAddress)
	switch domain := asffText(by.SourceIPAddress, maxASFFID); {
	case err == nil && address.Is4():
		call.RemoteIPDetails = &asffRemote{address.String()}
	case err != nil && domain != "":
		call.CallerType, call.DomainDetails = "domain", &asffDomain{domain}
	}
	return &asffAction{"AWS_API_CALL", call}
}

// asffFields are what ASFF has no field for, with the five fields that an
// analyst looks for first under CloudTrail's own names.
func (c *collector) asffFields(a *triage.Alert) map[string]string {
	out := map[string]string{}
	for _, f := range []struct{ name, value string }{
		{"userName", a.UserName}, {"sourceIPAddress", a.SourceIPAddress}, {"bucketName", a.BucketName}, {"URI", a.URI}, {"Permission", a.Permission},
		{"kind", string(a.Kind)}, {"route", a.Route}, {"audience", string(a.Audience)}, {"access", joined(a.Access, ", ")},
		{"state", state(a, false)}, {"certainty", string(a.Certainty)}, {"confidence", a.Confidence}, {"severityWhy", a.SeverityWhy},
		{"openedBy", opener(a).ARN}, {"eventID", opener(a).EventID}, {"userAgent", opener(a).UserAgent},
		{"witness", witness(a)}, {"accessSeen", used(&a.AccessSeen)}, {"flags", flagWords(a)}, {"suggestion", suggestionWords(a)},
		{"reasons", strings.Join(a.Reasons, "; ")}, {"unknowns", strings.Join(a.Unknowns, "; ")}, {"elsewhere", strings.Join(elsewhere(a), "; ")},
		{"probe", probed(a)}, {"notSeen", c.notSeen()}, {"controls", strings.Join(controls(a), ", ")}, {"technique", techniqueOf(a).id},
	} {
		if value := asffText(f.value, maxField); value != "" {
			out["bucketlid/"+f.name] = value
		}
	}
	return out
}

// suggestionWords are the proposed verdict with what would make it wrong.
func suggestionWords(a *triage.Alert) string {
	s := a.Suggestion
	if s == nil || s.Verdict == "" {
		return ""
	}
	text := s.Verdict + " (confidence " + cmp.Or(s.Confidence, notKnown) + "; a person decides)"
	if len(s.WrongIf) > 0 {
		text += "; wrong if " + strings.Join(s.WrongIf, "; ")
	}
	return text
}
