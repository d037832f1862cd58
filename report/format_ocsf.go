// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/triage"
)

// ocsfVersion is the version of the Open Cybersecurity Schema Framework that
// the findings keep to.
const ocsfVersion = "1.7.0"

func newOCSF(w io.Writer, o Options) Handler {
	return &collector{w: w, o: o, render: renderOCSF}
}

// renderOCSF writes an alert a line. What bucketlid knows and OCSF has no word
// for, and what the run did not see, stands under unmapped.
func renderOCSF(b *strings.Builder, c *collector) {
	for _, a := range c.alerts {
		a = normal(Message{Alert: a}).Alert
		b.Write(jsonLine(c.ocsf(a)))
	}
}

// jsonLine is a value on one line of JSON that drives no terminal.
func jsonLine(v any) []byte {
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(fmt.Sprintf("encoding an output format: %v", err)) // its types have no value that JSON lacks
	}
	return escapeJSON(buf.Bytes())
}

// ocsfFinding is class 2004, Detection Finding, with the profile cloud
// (schema.ocsf.io, 1.7.0).
type ocsfFinding struct {
	ActivityID   int            `json:"activity_id"`
	ActivityName string         `json:"activity_name"`
	CategoryUID  int            `json:"category_uid"`
	CategoryName string         `json:"category_name"`
	ClassUID     int            `json:"class_uid"`
	ClassName    string         `json:"class_name"`
	TypeUID      int            `json:"type_uid"`
	TypeName     string         `json:"type_name"`
	Time         int64          `json:"time"` // Unix milliseconds, as all times of OCSF
	StartTime    int64          `json:"start_time,omitempty"`
	EndTime      int64          `json:"end_time,omitempty"`
	SeverityID   int            `json:"severity_id"`
	Severity     string         `json:"severity"`
	StatusID     int            `json:"status_id"`
	Status       string         `json:"status"`
	StatusDetail string         `json:"status_detail,omitempty"`
	ConfidenceID int            `json:"confidence_id"`
	Confidence   string         `json:"confidence"`
	IsAlert      bool           `json:"is_alert"`
	Message      string         `json:"message"`
	Metadata     ocsfMetadata   `json:"metadata"`
	Cloud        ocsfCloud      `json:"cloud"`
	FindingInfo  ocsfInfo       `json:"finding_info"`
	Evidences    []ocsfEvidence `json:"evidences,omitempty"`
	Resources    []ocsfResource `json:"resources,omitempty"`
	Observables  []ocsfSeen     `json:"observables,omitempty"`
	Remediation  ocsfRemedy     `json:"remediation"`
	Unmapped     ocsfUnmapped   `json:"unmapped"`
}

type ocsfMetadata struct {
	Version   string      `json:"version"`
	Product   ocsfProduct `json:"product"`
	Profiles  []string    `json:"profiles"`
	EventCode string      `json:"event_code"`
}

type ocsfProduct struct {
	Name       string `json:"name"`
	VendorName string `json:"vendor_name"`
	Version    string `json:"version,omitempty"`
}

type ocsfCloud struct {
	Provider  string       `json:"provider"`
	Region    string       `json:"region,omitempty"`
	Partition string       `json:"cloud_partition"`
	Account   *ocsfAccount `json:"account,omitempty"`
}

type ocsfAccount struct {
	UID    string `json:"uid"`
	TypeID int    `json:"type_id"`
	Type   string `json:"type"`
}

type ocsfInfo struct {
	UID           string       `json:"uid"`
	Title         string       `json:"title"`
	Desc          string       `json:"desc"`
	Types         []string     `json:"types"`
	Analytic      ocsfAnalytic `json:"analytic"`
	Attacks       []ocsfAttack `json:"attacks"`
	FirstSeenTime int64        `json:"first_seen_time,omitempty"`
	LastSeenTime  int64        `json:"last_seen_time,omitempty"`
	DataSources   []string     `json:"data_sources,omitempty"`
}

type ocsfAnalytic struct {
	Name   string `json:"name"`
	TypeID int    `json:"type_id"`
	Type   string `json:"type"`
}

type ocsfAttack struct {
	Version      string   `json:"version"`
	Tactic       ocsfName `json:"tactic"`
	Technique    ocsfName `json:"technique"`
	SubTechnique *ocsfSub `json:"sub_technique,omitempty"`
}

type ocsfName struct {
	UID  string `json:"uid"`
	Name string `json:"name"`
}

type ocsfSub = ocsfName

type ocsfRemedy struct {
	Desc       string   `json:"desc"`
	References []string `json:"references"`
}

type ocsfUnmapped struct {
	Schema  string        `json:"schema"`
	Alert   *triage.Alert `json:"alert"`
	NotSeen string        `json:"not_seen"`
}

// ocsf is an alert as a finding. Its status is New whatever the window's state
// is: only a person closes an alert.
func (c *collector) ocsf(a *triage.Alert) ocsfFinding {
	f := ocsfFinding{
		ActivityID: 1, ActivityName: "Create", CategoryUID: 2, CategoryName: "Findings",
		ClassUID: 2004, ClassName: "Detection Finding", TypeUID: 200401, TypeName: "Detection Finding: Create",
		StatusID: 1, Status: "New", StatusDetail: state(a, false), IsAlert: true, Message: a.Title,
		Metadata:    ocsfMetadata{Version: ocsfVersion, Product: c.ocsfProduct(), Profiles: []string{"cloud"}, EventCode: string(a.Kind)},
		Cloud:       ocsfCloud{Provider: "AWS", Region: a.Region, Partition: partitionOf(a.Region), Account: ocsfAccountOf(a.Account)},
		FindingInfo: c.ocsfInfo(a),
		Evidences:   ocsfEvidences(a), Resources: ocsfResources(a), Observables: ocsfObservables(a),
		Remediation: ocsfRemedy{remedyText(a), []string{remedyPage(a)}},
		Unmapped:    ocsfUnmapped{Schema, a, c.notSeen()},
	}
	f.SeverityID, f.Severity = ocsfSeverity(a.Severity)
	f.ConfidenceID, f.Confidence = ocsfConfidence(a.Confidence)
	f.StartTime, f.EndTime = millis(told(a)), millis(a.ClosedAt)
	if f.Time = f.StartTime; f.Time == 0 {
		f.Time = millis(c.asOf())
	}
	return f
}

func (c *collector) ocsfProduct() ocsfProduct {
	p := ocsfProduct{Name: "bucketlid", VendorName: "bucketlid"}
	if c.config != nil {
		p.Version = c.config.Version
	}
	return p
}

func (c *collector) ocsfInfo(a *triage.Alert) ocsfInfo {
	t := techniqueOf(a)
	attack := ocsfAttack{Version: attackVersion, Tactic: ocsfName{t.tactic, t.tacticName}, Technique: ocsfName{t.id, t.name}}
	if parent, _, sub := strings.Cut(t.id, "."); sub {
		name, part, _ := strings.Cut(t.name, ": ")
		attack.Technique, attack.SubTechnique = ocsfName{parent, name}, &ocsfSub{t.id, part}
	}
	info := ocsfInfo{
		UID: a.ID, Title: what(a) + " on " + place(a), Desc: a.Title + " " + string(a.Severity) + ": " + a.SeverityWhy + ".",
		Types: []string{string(a.Kind)}, Analytic: ocsfAnalytic{cmp.Or(a.Route, string(a.Kind)), 1, "Rule"}, Attacks: []ocsfAttack{attack},
		FirstSeenTime: millis(told(a)), LastSeenTime: millis(latest(a)),
	}
	if c.config != nil {
		info.DataSources = c.config.Sources
	}
	return info
}

func ocsfAccountOf(id string) *ocsfAccount {
	if id == "" {
		return nil
	}
	return &ocsfAccount{id, 10, "AWS Account"}
}

// millis is Unix time in milliseconds; 0 is no time.
func millis(t *time.Time) int64 {
	if t == nil {
		return 0
	}
	return t.UnixMilli()
}

func ocsfSeverity(s triage.Severity) (int, string) {
	switch s {
	case triage.Critical:
		return 5, "Critical"
	case triage.High:
		return 4, "High"
	case triage.Medium:
		return 3, "Medium"
	case triage.Low:
		return 2, "Low"
	case triage.Info:
		return 1, "Informational"
	}
	return 99, string(s)
}

func ocsfConfidence(s string) (int, string) {
	switch s {
	case "high":
		return 3, "High"
	case "medium":
		return 2, "Medium"
	case "low":
		return 1, "Low"
	}
	return 0, "Unknown"
}

// isOpen reports an exposure that outsiders can use now, as far as is known.
func isOpen(a *triage.Alert) bool {
	return a.State == exposure.Open && a.Kind == triage.KindPublic
}
