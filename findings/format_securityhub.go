// SPDX-License-Identifier: Apache-2.0

package findings

import (
	"cmp"
	"encoding/json"
	"strings"

	"github.com/bucketlid/bucketlid/triage"
)

// asff is a finding of AWS Security Hub, as far as it matters here (Security
// Hub API reference, "AwsSecurityFinding").
type asff struct {
	ID              string `json:"Id"`
	ProductArn      string
	ProductName     string
	GeneratorID     string `json:"GeneratorId"`
	AwsAccountID    string `json:"AwsAccountId"`
	Region          string
	Title           string
	Types           []string
	Sample          bool
	RecordState     string
	FirstObservedAt json.RawMessage
	LastObservedAt  json.RawMessage
	CreatedAt       json.RawMessage
	UpdatedAt       json.RawMessage
	Severity        struct{ Label string }
	Workflow        struct{ Status string }
	Compliance      struct{ Status, SecurityControlID string }
	Resources       []struct{ Type, ID, Region string }
	Action          struct {
		AwsAPICallAction struct {
			API             string `json:"Api"`
			RemoteIPDetails struct {
				IPAddressV4 string `json:"IpAddressV4"`
			} `json:"RemoteIpDetails"`
		} `json:"AwsApiCallAction"`
	}
}

func isASFF(s *shape) bool {
	return len(s.ProductArn) > 0 && len(s.Resources) > 0
}

// controlSays is what a failed control says (user guide, "Security Hub CSPM
// controls for Amazon S3").
var controlSays = map[string]triage.Says{
	"S3.1": triage.SaysGuardOff, "S3.8": triage.SaysGuardOff, "S3.19": triage.SaysGuardOff, "S3.24": triage.SaysGuardOff,
	"S3.2": triage.SaysPublic, "S3.3": triage.SaysPublic, "S3.6": triage.SaysShared,
}

func readASFF(raw json.RawMessage) ([]triage.Elsewhere, error) {
	var a asff
	if err := json.Unmarshal(raw, &a); err != nil {
		return nil, err
	}
	named := a.targets()
	kind, says := a.kind()
	switch {
	case a.ProductName == "bucketlid" || strings.HasPrefix(a.GeneratorID, "bucketlid/"):
		return nil, noEvidence("bucketlid's own finding", a.Title)
	case a.Sample || strings.HasPrefix(a.Title, "[SAMPLE]"):
		return nil, noEvidence("a sample finding", a.Title)
	case len(named) == 0 && says != triage.SaysGuardOff && says != triage.SaysGuardOn && says != triage.SaysNotPublic:
		return nil, noEvidence("not about a bucket", cmp.Or(kind, a.Title))
	}
	call := a.Action.AwsAPICallAction
	e := triage.Elsewhere{
		Service: a.service(), ID: a.ID, Type: kind, Title: a.Title, Severity: a.Severity.Label, Status: a.status(), Says: says,
		Account: a.AwsAccountID, Region: a.Region,
		First: instant(a.FirstObservedAt), Last: instant(a.LastObservedAt),
		Details: []string{told("compliance", a.Compliance.Status), told("workflow", a.Workflow.Status), told("call", call.API), told("from", call.RemoteIPDetails.IPAddressV4)},
	}
	if e.First == nil {
		e.First = instant(a.CreatedAt)
	}
	if e.Last == nil {
		e.Last = instant(a.UpdatedAt)
	}
	return each(e, named), nil
}

// targets are the buckets and objects that the finding is about.
func (a *asff) targets() []place {
	var out []place
	for _, r := range a.Resources {
		if name, object := bucketOf(r.ID); name != "" {
			out = append(out, place{name, object, r.Region})
		}
	}
	return out
}

// service names the product behind a finding that another service sent to
// Security Hub.
func (a *asff) service() string {
	product := a.ProductName
	if product == "" {
		product = a.ProductArn[strings.LastIndex(a.ProductArn, "/")+1:]
	}
	if product == "" || strings.EqualFold(strings.ReplaceAll(product, " ", ""), "securityhub") {
		return "Security Hub"
	}
	return "Security Hub (" + product + ")"
}

// status joins what Security Hub keeps apart: the record, what a person decided,
// and a control that passed.
func (a *asff) status() string {
	switch {
	case a.RecordState == "ARCHIVED":
		return "archived"
	case a.Workflow.Status == "SUPPRESSED":
		return "suppressed"
	case a.Workflow.Status == "RESOLVED", a.Compliance.Status == "PASSED":
		return "resolved"
	case a.RecordState == "ACTIVE":
		return "active"
	}
	return ""
}

// kind is the control or the type of the finding, and what it says.
func (a *asff) kind() (string, triage.Says) {
	if control := a.control(); control != "" {
		return control, a.verdict(controlSays[control])
	}
	for _, t := range a.Types {
		name := t[strings.LastIndex(t, "/")+1:]
		if before, after, colon := strings.Cut(name, ":"); colon {
			name = before + ":" + strings.Replace(after, "-", "/", 1) // a type may hold only two slashes
		}
		if says, known := guardDutySays[name]; known {
			return name, says
		}
		if says, known := macieSays[name]; known {
			return name, says
		}
		switch {
		case strings.HasPrefix(name, "SensitiveData:"):
			return name, triage.SaysSensitive
		case strings.Contains(name, ":S3/"):
			return name, triage.SaysActivity
		}
	}
	if strings.Contains(a.ProductArn, "/access-analyzer") {
		return "ExternalAccess", a.verdict(triage.SaysExternal)
	}
	if len(a.Types) > 0 {
		return a.Types[0], triage.SaysOther
	}
	return a.GeneratorID, triage.SaysOther
}

// verdict is what a control says in view of its outcome: passed is its opposite,
// and what could not be checked says nothing. That no account on a list of S3.6
// may do some actions does not say that nobody has access.
func (a *asff) verdict(failed triage.Says) triage.Says {
	switch {
	case failed == "" || failed == triage.SaysOther, a.Compliance.Status == "NOT_AVAILABLE", a.Compliance.Status == "WARNING":
		return triage.SaysOther
	case a.Compliance.Status == "PASSED" && failed == triage.SaysGuardOff:
		return triage.SaysGuardOn
	case a.Compliance.Status == "PASSED" && failed == triage.SaysShared:
		return triage.SaysOther
	case a.Compliance.Status == "PASSED":
		return triage.SaysNotPublic
	}
	return failed
}

// control is the id of a control such as S3.2: a field of its own, or the end of
// the generator's id.
func (a *asff) control() string {
	id := a.Compliance.SecurityControlID
	if id == "" {
		id = a.GeneratorID[strings.LastIndex(a.GeneratorID, "/")+1:]
	}
	if strings.HasPrefix(id, "S3.") {
		return id
	}
	return ""
}
