// SPDX-License-Identifier: Apache-2.0

package findings

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/bucketlid/bucketlid/triage"
)

// accessAnalyzer is a finding on external access of IAM Access Analyzer, as far
// as it matters here (API reference, "FindingSummary", "FindingSummaryV2",
// "GetFindingV2", and user guide, "Monitoring with Amazon EventBridge").
type accessAnalyzer struct {
	ID                   string
	Status               string
	Error                string
	Resource             string
	ResourceType         string
	ResourceOwnerAccount string
	AccountID            string `json:"accountId"` // EventBridge
	Region               string
	FindingType          string
	CreatedAt            json.RawMessage
	UpdatedAt            json.RawMessage
	AnalyzedAt           json.RawMessage
	IsDeleted            bool
	external
	FindingDetails []struct{ ExternalAccessDetails *external }
}

// external is who has access to what.
type external struct {
	IsPublic  *bool
	Principal map[string]string
	Action    []string
	Condition map[string]string
	Sources   []struct {
		Type   string
		Detail struct{ AccessPointArn string }
	}
}

func isAccessAnalyzer(s *shape) bool {
	return len(s.ResourceType) > 0 && len(s.AnalyzedAt) > 0 && len(s.Resource) > 0 && len(s.ID) > 0
}

func readAccessAnalyzer(raw json.RawMessage) ([]triage.Elsewhere, error) {
	var a accessAnalyzer
	if err := json.Unmarshal(raw, &a); err != nil {
		return nil, err
	}
	bucket, key := bucketOf(a.Resource)
	switch {
	case !strings.HasPrefix(a.ResourceType, "AWS::S3::"):
		return nil, noEvidence("not about S3", a.ResourceType)
	case bucket == "":
		return nil, noEvidence("it names no bucket", a.Resource)
	case a.FindingType != "" && a.FindingType != "ExternalAccess":
		return nil, noEvidence("not about external access", a.FindingType)
	}
	for _, d := range a.FindingDetails {
		if d.ExternalAccessDetails != nil {
			a.external = *d.ExternalAccessDetails
		}
	}
	e := triage.Elsewhere{
		Service: "IAM Access Analyzer", ID: a.ID, Type: "ExternalAccess", Status: strings.ToLower(a.Status), Says: a.says(),
		Account: a.ResourceOwnerAccount, Region: a.Region, Bucket: bucket, Key: key,
		First: instant(a.CreatedAt), Last: latest(instant(a.UpdatedAt), instant(a.AnalyzedAt)), Details: a.details(),
	}
	if e.Account == "" {
		e.Account = a.AccountID
	}
	if a.IsDeleted {
		e.Details = append(e.Details, "the resource was deleted")
	}
	return []triage.Elsewhere{e}, nil
}

// says follows the status first: a resolved finding tells that the access is
// gone. An archived one is only hidden.
func (a *accessAnalyzer) says() triage.Says {
	switch {
	case a.Error != "":
		return triage.SaysOther
	case strings.EqualFold(a.Status, "RESOLVED"):
		return triage.SaysNotPublic
	case a.IsPublic == nil:
		return triage.SaysExternal
	case *a.IsPublic:
		return triage.SaysPublic
	case slices.Contains(slices.Collect(maps.Values(a.Principal)), "*"):
		return triage.SaysExternal // a condition narrows it to no account that is told
	}
	return triage.SaysShared
}

func (a *accessAnalyzer) details() []string {
	var out []string
	if a.Error != "" {
		out = append(out, "the analysis failed: "+a.Error)
	}
	for _, kind := range slices.Sorted(maps.Keys(a.Principal)) {
		out = append(out, "principal "+kind+" "+a.Principal[kind])
	}
	if len(a.Action) > 0 {
		out = append(out, "action "+strings.Join(a.Action, ", "))
	}
	for _, name := range slices.Sorted(maps.Keys(a.Condition)) {
		out = append(out, "condition "+name+" "+a.Condition[name])
	}
	for _, s := range a.Sources {
		out = append(out, strings.TrimSpace("by "+s.Type+" "+s.Detail.AccessPointArn))
	}
	if a.IsPublic == nil && a.Error == "" {
		out = append(out, "whether everybody has access is not told: list-findings-v2 leaves it out, get-finding-v2 has it")
	}
	return out
}
