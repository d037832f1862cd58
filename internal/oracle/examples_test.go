// SPDX-License-Identifier: Apache-2.0

//go:build oracle

package oracle

import (
	"encoding/json"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/bucketlid/bucketlid/policy"
)

// example is one row of policy/testdata/examples.json.
type example struct {
	ID     string          `json:"id"`
	Gist   string          `json:"gist"`
	Policy json.RawMessage `json:"policy"`
	Owner  string          `json:"owner"`
	Region string          `json:"region"`
	Clock  time.Time       `json:"clock"`
}

func examples(t testing.TB) []example {
	t.Helper()
	text, err := os.ReadFile("../../policy/testdata/examples.json")
	if err != nil {
		t.Fatal(err)
	}
	var out []example
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	if len(out) == 0 {
		t.Fatal("no examples")
	}
	return out
}

// standingKeys are the objects of every bucket.
var standingKeys = []string{"k", "public/k", "private/x", "shared/k", "mallory/k", "pub/k"}

// judgeExamples sends the witnesses of every example, which must pass, and a
// set of requests derived from it, whose fate Evaluate tells.
func (l *lab) judgeExamples(t *testing.T) {
	witnesses, requests := l.tally.part("witnesses of examples"), l.tally.part("requests on examples")
	for _, e := range examples(t) {
		bucket := l.newBucket(t, standingKeys...)
		text, d := renamed(t, e.Policy, bucket)
		ok, why := l.setPolicy(t, bucket, text)
		if !ok {
			reason := found(l.refuses, d)
			if reason == "" {
				l.tally.differs(requests, e.ID, rejects, why)
				continue
			}
			l.tally.skip(reason, e.ID)
			continue
		}
		if reason := found(l.cannotJudge, d); reason != "" {
			l.tally.skip(reason, e.ID)
			continue
		}
		facts := policy.Facts{Bucket: bucket, Account: e.Owner, Region: e.Region, At: time.Now()}
		grants := policy.Analyse(d, facts).Grants
		before := witnesses.requests + requests.requests
		for i := range grants {
			l.judgeWitness(t, witnesses, e.ID, bucket, d, &grants[i])
		}
		l.putObject(t, bucket, "k") // without the tags that a witness may need
		seen := requests.requests
		for _, p := range derived() {
			if len(grants) == 0 && policy.Evaluate(l.moved(t, d), p.request(l, bucket)).Outcome == policy.Allowed {
				t.Errorf("%s: Analyse finds nobody, Evaluate allows %s", e.ID, p)
			}
			l.judgeProbe(t, requests, e.ID, bucket, d, p)
		}
		if requests.requests > seen {
			requests.cases++
		}
		if witnesses.requests+requests.requests == before && !l.tally.skipped(e.ID) {
			t.Errorf("%s: nothing of %s (%s) was judged", l.name, e.ID, e.Gist)
		}
	}
}

// derived are the requests that are put on every example.
func derived() []*probe {
	var out []*probe
	for _, user := range []string{"", "mallory"} {
		for _, key := range []string{"k", "public/k", "private/x", "mallory/k", "shared/k"} {
			out = append(out, &probe{action: "s3:GetObject", key: key, user: user})
		}
		out = append(out,
			&probe{action: "s3:GetObject", key: "k", user: user, https: true},
			&probe{action: "s3:GetObject", key: "k", user: user, from: "203.0.113.7"},
			&probe{action: "s3:GetObject", key: "k", user: user, headers: map[string]string{"Referer": "https://www.example.com/x"}},
			&probe{action: "s3:GetObject", key: "k", user: user, headers: map[string]string{"User-Agent": "s3cr3t"}},
			&probe{action: "s3:PutObject", key: "k", user: user},
			&probe{action: "s3:PutObject", key: "k", user: user, https: true, headers: map[string]string{"x-amz-acl": "bucket-owner-full-control"}},
			&probe{action: "s3:DeleteObject", key: "k", user: user},
			&probe{action: "s3:ListBucket", user: user},
			&probe{action: "s3:ListBucket", user: user, query: map[string]string{"prefix": "pub/k"}},
			&probe{action: "s3:ListBucket", user: user, query: map[string]string{"max-keys": "11"}},
			&probe{action: "s3:GetBucketLocation", user: user},
			&probe{action: "s3:GetBucketAcl", user: user},
			&probe{action: "s3:GetObjectAcl", key: "k", user: user})
	}
	return append(out, &probe{action: "s3:GetObject", key: "k", user: "mallory", presigned: true},
		&probe{action: "s3:GetObject", key: "k", user: "partner"}, &probe{action: "s3:PutObject", key: "k", user: "partner"},
		&probe{action: "s3:GetObject", key: "k", user: "bob"})
}

// judgeProbe compares the server with Evaluate.
func (l *lab) judgeProbe(t *testing.T, part *part, where, bucket string, d *policy.Document, p *probe) {
	r := p.request(l, bucket)
	if key := l.unsent(d, r); key != "" {
		l.tally.skip("requests carry no "+key, where)
		return
	}
	if l.lacks[p.action] {
		return
	}
	d = l.moved(t, d)
	want := policy.Evaluate(d, r)
	if len(want.Unsettled) > 0 {
		t.Errorf("%s: %s: unsettled %q", where, p, want.Unsettled)
	}
	got := l.try(t, p, bucket)
	part.requests++
	switch {
	case got && want.Outcome != policy.Allowed:
		l.tally.differs(part, where, allows, p.String()+"\n"+string(d.Canonical()))
	case !got && want.Outcome == policy.Allowed:
		l.tally.differs(part, where, refuses, p.String()+"\n"+string(d.Canonical()))
	}
}

// moved is the document as the server has it.
func (l *lab) moved(t *testing.T, d *policy.Document) *policy.Document {
	if !l.loopbackOnly {
		return d
	}
	out, err := policy.Parse([]byte(moved.Replace(string(d.Canonical()))))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// judgeWitness sends a witness as it stands: its method, path, query and
// headers, from its address, signed or not.
func (l *lab) judgeWitness(t *testing.T, part *part, where, bucket string, d *policy.Document, g *policy.Grant) {
	w := g.Witness
	if w == nil {
		t.Errorf("%s: a grant to %s without a witness", where, g.Audience)
		return
	}
	u, err := url.Parse(w.URL)
	if err != nil {
		t.Fatalf("%s: witness %s: %v", where, w.URL, err)
	}
	p := &probe{action: w.Action, key: strings.TrimPrefix(u.Path, "/"), from: w.Context["aws:SourceIp"], https: u.Scheme == "https",
		headers: w.Headers, presigned: w.Context["s3:authType"] == "REST-QUERY-STRING", user: signer(w, g)}
	if l.lacks[w.Action] {
		l.tally.skip("no call for "+w.Action, where)
		return
	}
	if p.user == "?" {
		l.tally.skip("no such caller: "+string(g.Audience)+", "+strings.TrimSuffix(w.Archetype, " "+partnerAccount), where)
		return
	}
	if key := l.unsent(d, p.request(l, bucket)); key != "" {
		l.tally.skip("requests carry no "+key, where)
		return
	}
	for key, value := range w.Context {
		low := strings.ToLower(key)
		if tag, ok := strings.CutPrefix(key, "s3:ExistingObjectTag/"); ok && l.sends["s3:existingobjecttag/"] {
			l.must(t, call{method: "PUT", bucket: bucket, key: p.key, query: "tagging", as: l.owner,
				body: "<Tagging><TagSet><Tag><Key>" + tag + "</Key><Value>" + value + "</Value></Tag></TagSet></Tagging>"})
			continue
		}
		if !l.sends[low] {
			l.tally.skip("requests carry no "+key, where)
			return
		}
	}
	if p.key != "" && w.Method != "PUT" {
		l.putObjectIfMissing(t, bucket, p.key)
	}
	c := p.call(l, bucket)
	c.method, c.query, c.key = w.Method, u.RawQuery, p.key
	a := l.send(t, c)
	part.requests++
	part.cases++
	if !a.passed(t, where) {
		l.tally.differs(part, where, refusesWitness, w.Action+": "+w.Method+" "+w.URL+": "+a.body)
		return
	}
	if p.key != "" && w.Method != "GET" {
		l.putObject(t, bucket, p.key)
	}
}

// signer is the user who sends a witness: "" is nobody, "?" is a caller whom no
// server here knows.
func signer(w *policy.Witness, g *policy.Grant) string {
	switch {
	case w.Archetype == "anonymous":
		return ""
	case w.Archetype == "any AWS account" && w.Context["aws:username"] == "bob":
		return "bob"
	case w.Archetype == "any AWS account":
		return "mallory"
	case g.Audience == policy.Account && w.Archetype == "account "+partnerAccount:
		return "partner"
	}
	return "?"
}

func (l *lab) putObjectIfMissing(t *testing.T, bucket, key string) {
	for _, have := range standingKeys {
		if have == key {
			return
		}
	}
	l.putObject(t, bucket, key)
}
