// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// example is one row of semantics C.7.
type example struct {
	ID       string              `json:"id"`
	Gist     string              `json:"gist"`
	Class    string              `json:"audience_class"`
	Policy   json.RawMessage     `json:"policy"`
	Owner    string              `json:"owner"`
	Bucket   string              `json:"bucket"`
	Region   string              `json:"region"`
	Clock    time.Time           `json:"clock"`
	Status   string              `json:"aws_status"`
	Semantic string              `json:"semantic"`
	Witness  *exampleWitness     `json:"witness"`
	All      map[string][]string `json:"all_audiences"`
}

type exampleWitness struct {
	Audience  string            `json:"audience"`
	Archetype string            `json:"archetype"`
	Network   string            `json:"network"`
	Action    string            `json:"action"`
	Resource  string            `json:"resource"`
	Context   map[string]string `json:"context"`
	Statement int               `json:"allow_statement"`
}

func (e *example) facts() Facts {
	return Facts{Bucket: e.Bucket, Account: e.Owner, Region: e.Region, At: e.Clock}
}

func examples(t testing.TB) []example {
	t.Helper()
	text, err := os.ReadFile("testdata/examples.json")
	if err != nil {
		t.Fatal(err)
	}
	var out []example
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	if len(out) != 92 {
		t.Fatalf("%d examples, want 92", len(out))
	}
	return out
}

func (e *example) document(t testing.TB) *Document {
	t.Helper()
	d, err := Parse(e.Policy)
	if err != nil {
		t.Fatalf("%s: %v", e.ID, err)
	}
	return d
}

// statuses maps the words of the column "AWS status" to what Classify may say:
// a question mark leaves Unconfirmed open.
func statuses(words string) []Status {
	var out []Status
	switch {
	case strings.HasPrefix(words, "not public"):
		out = append(out, NotPublic)
	case strings.Contains(words, "public"):
		out = append(out, Public)
	}
	if strings.HasPrefix(words, "?") || strings.HasSuffix(words, "?") {
		out = append(out, Unconfirmed)
	}
	return out
}

func TestExamplesStatus(t *testing.T) {
	for _, e := range examples(t) {
		c := Classify(e.document(t), e.facts())
		if want := statuses(e.Status); !slices.Contains(want, c.Status) {
			t.Errorf("%s (%s): status %s, want one of %v (%q); reasons %q", e.ID, e.Gist, c.Status, want, e.Status, c.Reasons)
		}
		if len(c.Reasons) == 0 {
			t.Errorf("%s: no reasons", e.ID)
		}
	}
}

// classes maps the audience class of an example to the widest public audience;
// the other classes are None there.
var classes = map[string]Audience{
	"WORLD": Anyone, "ANYAWS": AnyAWSAccount, "ANYAWS-VPCE": AnyAWSAccount, "IP-BOUND": Network, "IP-BROAD": Network,
	"DEPUTY": None, "DELEGATED": None, "NONE": None,
}

// otherClass lists the examples whose widest audience differs from the class in
// the table, with the reason.
var otherClass = map[string]struct {
	want   Audience
	reason string
}{
	"P08": {WebIdentity, "the class has no word for web identities: ANYAWS stands for them"},
	"P30": {AnyAWSAccount, "beside 256 addresses everybody passes through an own VPC endpoint, as the row says itself"},
	"P32": {AnyAWSAccount, "beside 256 addresses every account passes through an AWS service, as the row says itself"},
}

func widest(grants []Grant) Audience {
	out := None
	for _, g := range grants {
		if g.Audience.Public() && g.Audience.Wider(out) {
			out = g.Audience
		}
	}
	return out
}

func TestExamplesAudience(t *testing.T) {
	for _, e := range examples(t) {
		r := Analyse(e.document(t), e.facts())
		want, ok := classes[e.Class]
		if !ok {
			t.Fatalf("%s: class %q is new", e.ID, e.Class)
		}
		if other, ok := otherClass[e.ID]; ok {
			want = other.want
		}
		if got := widest(r.Grants); got != want {
			t.Errorf("%s (%s): widest audience %s, want %s: %s", e.ID, e.Gist, got, want, describe(r.Grants))
		}
		has := func(a Audience) bool {
			return slices.ContainsFunc(r.Grants, func(g Grant) bool { return g.Audience == a })
		}
		if e.Class == "DEPUTY" != has(ServiceDeputy) {
			t.Errorf("%s (%s): class %s: %s", e.ID, e.Gist, e.Class, describe(r.Grants))
		}
		if strings.HasPrefix(e.Class, "IP-") && !has(Network) {
			t.Errorf("%s (%s): no grant to a network: %s", e.ID, e.Gist, describe(r.Grants))
		}
		for _, g := range r.Grants {
			if len(g.Unsettled) > 0 {
				t.Errorf("%s: unsettled %q", e.ID, g.Unsettled)
			}
		}
	}
}

func describe(grants []Grant) string {
	b, err := json.Marshal(grants)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// TestExamplesActions compares, audience by audience, the ten actions that the
// table was computed for.
func TestExamplesActions(t *testing.T) {
	probe := []string{"s3:DeleteObject", "s3:GetBucketAcl", "s3:GetBucketLocation", "s3:GetObject", "s3:GetObjectAcl", "s3:ListBucket",
		"s3:PutBucketAcl", "s3:PutBucketPublicAccessBlock", "s3:PutObject", "s3:PutObjectAcl"}
	for _, e := range examples(t) {
		got := map[string]bool{}
		for _, f := range newAnalysis(e.document(t), e.facts()).run() {
			for _, p := range f.Actions {
				for _, a := range probe {
					if wildcard(strings.ToLower(p), strings.ToLower(a)) && AccessOf(a) == f.Access[0] && f.Audience.Public() && f.Audience != Network {
						got[a] = true
					}
				}
			}
		}
		want := map[string]bool{}
		for _, key := range []string{"ANON", "AWS", "AWS(vpce,anon)", "AWS(vpce)", "AWS(via service)"} {
			for _, a := range e.All[key] {
				want[a] = true
			}
		}
		if e.ID == "P71" || e.Class == "IP-BOUND" || e.Class == "IP-BROAD" {
			continue // P71: the key policy of KMS decides, semantics E3
		}
		for _, a := range probe {
			if got[a] != want[a] {
				t.Errorf("%s (%s): %s: got %t, want %t", e.ID, e.Gist, a, got[a], want[a])
			}
		}
	}
}
