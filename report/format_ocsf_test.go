// SPDX-License-Identifier: Apache-2.0

package report

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/policy"
	"github.com/bucketlid/bucketlid/triage"
)

// ocsfShape is the part of the published schema that the findings use: of each
// object its attributes ("type", "!" required, "[]" list, "=" permitted values).
type ocsfShape struct {
	Objects map[string]struct {
		Attributes map[string]string
		AtLeastOne []string `json:"at_least_one"`
	}
}

func readShape(t testing.TB) ocsfShape {
	t.Helper()
	text, err := os.ReadFile("testdata/ocsf-" + ocsfVersion + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var s ocsfShape
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// faults lists where a value does not keep to an object of the schema.
func (s ocsfShape) faults(object, at string, value map[string]any) []string {
	shape, known := s.Objects[object]
	if !known {
		return []string{at + ": the schema of " + object + " is not at hand"}
	}
	var out []string
	for name, kind := range shape.Attributes {
		if base, _, _ := strings.Cut(kind, "="); strings.HasSuffix(base, "!") && value[name] == nil {
			out = append(out, at+"."+name+" is required")
		}
	}
	if len(shape.AtLeastOne) > 0 && !slices.ContainsFunc(shape.AtLeastOne, func(name string) bool { return value[name] != nil }) {
		out = append(out, fmt.Sprintf("%s needs one of %v", at, shape.AtLeastOne))
	}
	for name, v := range value {
		kind, known := shape.Attributes[name]
		if !known {
			out = append(out, at+"."+name+" is no attribute of "+object)
			continue
		}
		out = append(out, s.attribute(kind, at+"."+name, v)...)
	}
	return out
}

func (s ocsfShape) attribute(kind, at string, v any) []string {
	kind, values, enumerated := strings.Cut(kind, "=")
	kind = strings.TrimSuffix(kind, "!")
	if single, list := strings.CutSuffix(kind, "[]"); list {
		items, ok := v.([]any)
		if !ok {
			return []string{at + " is no list"}
		}
		var out []string
		for i, item := range items {
			out = append(out, s.attribute(single, fmt.Sprintf("%s[%d]", at, i), item)...)
		}
		return out
	}
	switch kind {
	case "integer", "long", "timestamp":
		n, ok := v.(json.Number)
		if _, err := strconv.ParseInt(string(n), 10, 64); !ok || err != nil {
			return []string{fmt.Sprintf("%s is %v, not a whole number", at, v)}
		}
		if enumerated && !slices.Contains(strings.Split(values, ","), string(n)) {
			return []string{fmt.Sprintf("%s is %s, not of %s", at, n, values)}
		}
		return nil
	case "boolean":
		if _, ok := v.(bool); !ok {
			return []string{at + " is no boolean"}
		}
		return nil
	case "json", "object":
		return nil
	case "string", "username", "resource_uid", "url", "ip", "hostname", "email":
		if text, ok := v.(string); !ok || kind == "ip" && !isAddress(text) {
			return []string{fmt.Sprintf("%s is %v, not of type %s", at, v, kind)}
		}
		return nil
	}
	inner, ok := v.(map[string]any)
	if !ok {
		return []string{at + " is no object"}
	}
	return s.faults(kind, at, inner)
}

func ocsfFaults(t tester, s ocsfShape, line string) []string {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(line))
	d.UseNumber()
	var value map[string]any
	if err := d.Decode(&value); err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	out := s.faults("detection_finding", "", value)
	if value["class_uid"] != json.Number("2004") || value["category_uid"] != json.Number("2") || value["type_uid"] != json.Number("200401") {
		out = append(out, "class, category and type are not those of a Detection Finding")
	}
	return out
}

func TestOCSFKeepsToTheSchema(t *testing.T) {
	shape := readShape(t)
	got, err := render(t, "ocsf", fixture(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(got, "\n"); n != 7 {
		t.Errorf("%d lines for 7 alerts", n)
	}
	for line := range strings.Lines(got) {
		for _, fault := range ocsfFaults(t, shape, line) {
			t.Error(fault)
		}
	}
}

func TestOCSFOfAnything(t *testing.T) {
	shape := readShape(t)
	rapid.Check(t, func(t *rapid.T) {
		stream := rapid.SliceOfN(messages(), 1, 4).Draw(t, "messages")
		for line := range strings.Lines(write(t, "ocsf", Options{}, stream...)) {
			for _, fault := range ocsfFaults(t, shape, line) {
				t.Error(fault)
			}
		}
	})
}

// The validator itself sees what it is there for.
func TestShapeFindsFaults(t *testing.T) {
	shape := readShape(t)
	var good map[string]any
	d := json.NewDecoder(strings.NewReader(write(t, "ocsf", Options{}, Message{Alert: &triage.Alert{ID: "a-1", Bucket: "b"}})))
	d.UseNumber()
	if err := d.Decode(&good); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		change func(f map[string]any)
		want   string
	}{
		{"nothing", func(map[string]any) {}, ""},
		{"required", func(f map[string]any) { delete(f, "metadata") }, ".metadata is required"},
		{"unknown", func(f map[string]any) { f["bucket"] = "b" }, ".bucket is no attribute"},
		{"enum", func(f map[string]any) { f["severity_id"] = json.Number("7") }, ".severity_id is 7"},
		{"type", func(f map[string]any) { f["time"] = "2026-08-03T12:23:24Z" }, ".time is 2026"},
		{"at least one", func(f map[string]any) { f["resources"] = []any{map[string]any{"type": "x"}} }, ".resources[0] needs one of"},
	} {
		f := map[string]any{}
		for k, v := range good {
			f[k] = v
		}
		tt.change(f)
		faults := strings.Join(shape.faults("detection_finding", "", f), "; ")
		if tt.want == "" && faults != "" || !strings.Contains(faults, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, faults, tt.want)
		}
	}
}

// Unknown is never shown as no: a bucket is called public or nothing.
func TestOCSFNeverSaysNotPublic(t *testing.T) {
	for _, state := range []exposure.State{exposure.Open, exposure.Closed, exposure.Blocked, exposure.Unknown} {
		got := write(t, "ocsf", Options{}, Message{Alert: &triage.Alert{Kind: triage.KindPublic, Bucket: "b", State: state}})
		if strings.Contains(got, `"is_public":true`) != (state == exposure.Open) || strings.Contains(got, `"is_public":false`) {
			t.Errorf("%s: %s", state, got)
		}
	}
}

func TestTechniquesAndControls(t *testing.T) {
	access := func(list ...policy.Access) []policy.Access { return list }
	for _, tt := range []struct {
		a         triage.Alert
		technique string
		controls  string
	}{
		{triage.Alert{Kind: triage.KindPublic, Access: access(policy.List)}, "T1619", "S3.2"},
		{triage.Alert{Kind: triage.KindPublic, Access: access(policy.List, policy.Read)}, "T1530", "S3.2"},
		{triage.Alert{Kind: triage.KindPublic, Access: access(policy.Read, policy.Write)}, "T1565.001", "S3.2 S3.3"},
		{triage.Alert{Kind: triage.KindPublic, Access: access(policy.Write, policy.Delete)}, "T1485", "S3.3"},
		{triage.Alert{Kind: triage.KindPublic, Access: access(policy.ACLRead)}, "T1530", ""},
		{triage.Alert{Kind: triage.KindShared, Access: access(policy.Read)}, "T1537", "S3.6"},
		{triage.Alert{Kind: triage.KindGuardRemoved, Route: "block-public-access"}, "T1562", "S3.8"},
		{triage.Alert{Kind: triage.KindAttempt, Audience: policy.None, Route: "account-block-public-access"}, "T1562", "S3.1"},
		{triage.Alert{Kind: triage.KindPublic, Route: "access-point-policy", Access: access(policy.Read)}, "T1530", "S3.19"},
		{triage.Alert{Kind: triage.KindPublic, Route: "multi-region-access-point-policy", Access: access(policy.Read)}, "T1530", "S3.24"},
	} {
		if got := techniqueOf(&tt.a).id; got != tt.technique || strings.Join(controls(&tt.a), " ") != tt.controls {
			t.Errorf("%s %s %v: %s, %v", tt.a.Kind, tt.a.Route, tt.a.Access, got, controls(&tt.a))
		}
	}
}
