// SPDX-License-Identifier: Apache-2.0

package findings

import (
	"encoding/json"
	"strings"

	"github.com/bucketlid/bucketlid/triage"
)

// guardDuty is a finding of Amazon GuardDuty, as far as it matters here
// (GuardDuty API reference, "Finding"; user guide, "GuardDuty S3 Protection
// finding types").
type guardDuty struct {
	AccountID   string `json:"accountId"`
	Region      string
	ID          string
	Type        string
	Title       string
	Severity    json.Number
	CreatedAt   json.RawMessage
	UpdatedAt   json.RawMessage
	Resource    guardDutyResource
	Service     guardDutyService
	Description string
}

type guardDutyResource struct {
	ResourceType     string
	S3BucketDetails  []guardDutyBucket
	AccessKeyDetails struct{ UserName, UserType, PrincipalID string }
}

type guardDutyBucket struct {
	Name, Arn    string
	PublicAccess struct{ EffectivePermission string }
}

type guardDutyService struct {
	Archived       bool
	EventFirstSeen json.RawMessage
	EventLastSeen  json.RawMessage
	AdditionalInfo json.RawMessage
	Action         struct {
		AwsAPICallAction struct {
			API             string `json:"api"`
			RemoteIPDetails struct {
				IPAddressV4 string `json:"ipAddressV4"`
			} `json:"remoteIpDetails"`
		} `json:"awsApiCallAction"`
	}
}

func isGuardDuty(s *shape) bool {
	return len(s.Type) > 0 && len(s.Resource) > 0 && len(s.Service) > 0 && len(s.ProductArn) == 0
}

// guardDutySays is what the findings about settings say; those of other types
// tell of somebody's requests.
var guardDutySays = map[string]triage.Says{
	"Policy:S3/AccountBlockPublicAccessDisabled": triage.SaysGuardOff,
	"Policy:S3/BucketBlockPublicAccessDisabled":  triage.SaysGuardOff,
	"Policy:S3/BucketAnonymousAccessGranted":     triage.SaysPublic,
	"Policy:S3/BucketPublicAccessGranted":        triage.SaysPublic,
	"Object:S3/MaliciousFile":                    triage.SaysOther,
}

func guardDutyType(name string) triage.Says {
	if says, known := guardDutySays[name]; known {
		return says
	}
	return triage.SaysActivity
}

func readGuardDuty(raw json.RawMessage) ([]triage.Elsewhere, error) {
	var g guardDuty
	if err := json.Unmarshal(raw, &g); err != nil {
		return nil, err
	}
	onS3 := strings.Contains(g.Type, ":S3/")
	if !onS3 && len(g.Resource.S3BucketDetails) == 0 {
		return nil, noEvidence("not about S3", g.Type)
	}
	if strings.HasPrefix(g.Title, "[SAMPLE]") || isSample(g.Service.AdditionalInfo) {
		return nil, noEvidence("a sample finding", g.Type)
	}
	call := g.Service.Action.AwsAPICallAction
	e := triage.Elsewhere{
		Service: "GuardDuty", ID: g.ID, Type: g.Type, Title: g.Title, Severity: string(g.Severity), Status: activeUnless(g.Service.Archived),
		Says: guardDutyType(g.Type), Account: g.AccountID, Region: g.Region,
		First: instant(g.Service.EventFirstSeen), Last: instant(g.Service.EventLastSeen),
		Details: []string{told("user", g.Resource.AccessKeyDetails.UserName), told("call", call.API), told("from", call.RemoteIPDetails.IPAddressV4)},
	}
	if e.First == nil {
		e.First = instant(g.CreatedAt)
	}
	if e.Last == nil {
		e.Last = instant(g.UpdatedAt)
	}
	var named []place
	permission := map[string]string{}
	for _, b := range g.Resource.S3BucketDetails {
		name := b.Name
		if name == "" {
			name, _ = bucketOf(b.Arn)
		}
		if name != "" {
			named, permission[name] = append(named, place{bucket: name}), b.PublicAccess.EffectivePermission
		}
	}
	list := each(e, named)
	for i := range list {
		list[i].Details = append(list[i].Details, told("effective permission", permission[list[i].Bucket]))
	}
	return list, nil
}

// isSample reads the mark of sample findings: additionalInfo.sample, or the
// same in the text that additionalInfo.value holds.
func isSample(raw json.RawMessage) bool {
	var info struct {
		Sample any
		Value  string
	}
	if json.Unmarshal(raw, &info) != nil {
		return false
	}
	return info.Sample == true || strings.Contains(info.Value, `"sample":true`)
}

func activeUnless(archived bool) string {
	if archived {
		return "archived"
	}
	return "active"
}
