// SPDX-License-Identifier: Apache-2.0

package findings

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/bucketlid/bucketlid/triage"
)

// macie is a finding of Amazon Macie, as far as it matters here (Macie API
// reference, "Finding"; user guide, "Types of Macie findings").
type macie struct {
	AccountID             string `json:"accountId"`
	Region                string
	ID                    string
	Type                  string
	Title                 string
	Archived              bool
	Sample                bool
	CreatedAt             json.RawMessage
	UpdatedAt             json.RawMessage
	Severity              struct{ Description string }
	ResourcesAffected     macieResources
	ClassificationDetails struct{ Result macieResult }
	PolicyDetails         macieDetails
}

type macieResources struct {
	S3Bucket struct {
		Arn, Name    string
		PublicAccess struct{ EffectivePermission string }
	}
	S3Object struct {
		Key          string
		PublicAccess *bool
	}
}

type macieResult struct {
	SensitiveData []struct {
		Category   string
		TotalCount json.Number
		Detections []struct {
			Type  string
			Count json.Number
		}
	}
	CustomDataIdentifiers struct {
		Detections []struct {
			Name  string
			Count json.Number
		}
	}
}

type macieDetails struct {
	Action struct {
		APICallDetails struct {
			API                 string `json:"api"`
			FirstSeen, LastSeen json.RawMessage
		} `json:"apiCallDetails"`
	}
	Actor struct {
		IPAddressDetails struct {
			IPAddressV4 string `json:"ipAddressV4"`
		} `json:"ipAddressDetails"`
		UserIdentity struct {
			Type    string
			IamUser struct{ UserName string }
		}
	}
}

func isMacie(s *shape) bool {
	return len(s.ResourcesAffected) > 0 && len(s.Type) > 0 && len(s.Category) > 0
}

var macieSays = map[string]triage.Says{
	"Policy:IAMUser/S3BlockPublicAccessDisabled":  triage.SaysGuardOff,
	"Policy:IAMUser/S3BucketPublic":               triage.SaysPublic,
	"Policy:IAMUser/S3BucketSharedExternally":     triage.SaysShared,
	"Policy:IAMUser/S3BucketReplicatedExternally": triage.SaysShared,
	"Policy:IAMUser/S3BucketSharedWithCloudFront": triage.SaysOther,
	"Policy:IAMUser/S3BucketEncryptionDisabled":   triage.SaysOther,
}

func macieType(name string) triage.Says {
	if says, known := macieSays[name]; known {
		return says
	}
	if strings.HasPrefix(name, "SensitiveData:") {
		return triage.SaysSensitive
	}
	return triage.SaysOther
}

func readMacie(raw json.RawMessage) ([]triage.Elsewhere, error) {
	var m macie
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, err
	}
	bucket := m.ResourcesAffected.S3Bucket.Name
	if bucket == "" {
		bucket, _ = bucketOf(m.ResourcesAffected.S3Bucket.Arn)
	}
	switch {
	case m.Sample:
		return nil, noEvidence("a sample finding", m.Type)
	case bucket == "":
		return nil, noEvidence("it names no bucket", m.Type)
	}
	call, actor := m.PolicyDetails.Action.APICallDetails, m.PolicyDetails.Actor
	e := triage.Elsewhere{
		Service: "Macie", ID: m.ID, Type: m.Type, Title: m.Title, Severity: m.Severity.Description, Status: activeUnless(m.Archived),
		Says: macieType(m.Type), Account: m.AccountID, Region: m.Region, Bucket: bucket, Key: m.ResourcesAffected.S3Object.Key,
		First: instant(m.CreatedAt), Last: latest(instant(m.UpdatedAt), instant(call.LastSeen)),
		Details: []string{told("user", actor.UserIdentity.IamUser.UserName), told("call", call.API), told("from", actor.IPAddressDetails.IPAddressV4),
			told("effective permission", m.ResourcesAffected.S3Bucket.PublicAccess.EffectivePermission)},
	}
	if public := m.ResourcesAffected.S3Object.PublicAccess; public != nil {
		e.Details = append(e.Details, fmt.Sprintf("object public: %t", *public))
	}
	e.Details = append(e.Details, m.ClassificationDetails.Result.kinds()...)
	return []triage.Elsewhere{e}, nil
}

// kinds are the kinds of sensitive data, with how often each occurs. What the
// data is, Macie does not write into a finding.
func (r *macieResult) kinds() []string {
	var out []string
	for _, data := range r.SensitiveData {
		for _, d := range data.Detections {
			out = append(out, strings.TrimSpace(data.Category+" "+d.Type+" ×"+d.Count.String()))
		}
		if len(data.Detections) == 0 {
			out = append(out, data.Category+" ×"+data.TotalCount.String())
		}
	}
	for _, d := range r.CustomDataIdentifiers.Detections {
		out = append(out, "custom identifier "+d.Name+" ×"+d.Count.String())
	}
	return out
}
