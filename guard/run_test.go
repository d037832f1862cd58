// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/bucketlid/bucketlid/account"
	"github.com/bucketlid/bucketlid/remedy"
)

// model keeps settings by place, as AWS does, and adds to a rule what AWS adds.
type model struct {
	kept   map[string]account.Setting
	calls  int
	failAt int // the call that fails, from 1
	lost   int // the call that is made and whose answer is lost, from 1
}

func newModel(s State) *model {
	m := &model{kept: map[string]account.Setting{}}
	for _, step := range Make(Request{State: s}).Steps {
		m.kept[place(step.Call)] = step.Before
	}
	return m
}

func (m *model) At(_ context.Context, c account.Call) (account.Setting, error) {
	return m.kept[place(c)], nil
}

var (
	errRefused = errors.New("refused")
	errKilled  = errors.New("killed")
)

func (m *model) Do(_ context.Context, c account.Call) (string, error) {
	m.calls++
	if m.calls == m.failAt {
		return "", errRefused
	}
	s := account.Setting{Status: account.Present, Text: c.Text, Action: "x"}
	switch {
	case c.Text == "":
		s = account.Setting{Status: account.Absent, Action: "x"}
	case c.Operation == account.SetQueueAttributes:
		s.Text = setSome(m.kept[place(c)].Text, c.Text)
	case c.Operation == account.PutConfigRule:
		s.Text = strings.Replace(c.Text, "{", `{"ConfigRuleArn":"arn:x","ConfigRuleState":"ACTIVE",`, 1)
	}
	m.kept[place(c)] = s
	if m.calls == m.lost {
		return "", errKilled
	}
	return fmt.Sprintf("REQUEST%d", m.calls), nil
}

// setSome is a queue after some of its attributes were set; "" takes one away.
func setSome(before, set string) string {
	var have, want queueAttributes
	_ = json.Unmarshal([]byte(before), &have)
	_ = json.Unmarshal([]byte(set), &want)
	maps.Copy(have.Attributes, want.Attributes)
	maps.DeleteFunc(have.Attributes, func(_, v string) bool { return v == "" })
	text, _ := json.Marshal(have)
	return string(text)
}

// meanings is what a model keeps, as the plan's steps take it.
func (m *model) meanings(p *Plan) string {
	var out []string
	for _, s := range p.Steps {
		out = append(out, place(s.Call)+" "+meaning(s.Call, m.kept[place(s.Call)]))
	}
	return strings.Join(out, "\n")
}

// generated is a state with more or less of ours in it.
func generated(t *rapid.T) State {
	s := state(public("b", partner))
	pick := func(name string, list ...account.Setting) account.Setting {
		return list[rapid.IntRange(0, len(list)-1).Draw(t, name)]
	}
	s.Block = pick("block", none, there(allOn), there(`{"PublicAccessBlockConfiguration":{"BlockPublicAcls":true,"BlockPublicPolicy":false,"IgnorePublicAcls":true,"RestrictPublicBuckets":false}}`))
	for i := range s.Watches {
		w := &s.Watches[i]
		w.Queue = pick("queue", none, there(`{"Attributes":{"VisibilityTimeout":"30"}}`), there(`{"Attributes":{"MessageRetentionPeriod":"60","Policy":"{\"Statement\":[]}","DelaySeconds":"3"}}`))
		w.DeadLetters = pick("dead", none, there(`{"Attributes":{"MessageRetentionPeriod":"1209600"}}`))
		w.EventRule = pick("rule", none, there(`{"Arn":"arn:x","Name":"n","EventPattern":"{}","State":"DISABLED"}`))
		w.Targets = pick("targets", none, there(`{"Targets":[{"Id":"bucketlid","Arn":"arn:other"}]}`))
		if rapid.Bool().Draw(t, "mine") {
			w.Rules["bucketlid-s3-public-read"] = there(`{"ConfigRuleName":"bucketlid-s3-public-read","ConfigRuleArn":"arn:x","Description":"older","Source":{"Owner":"AWS","SourceIdentifier":"S3_BUCKET_PUBLIC_READ_PROHIBITED"}}`)
		}
	}
	return s
}

// Whatever was there, and wherever a run is cut off: going on ends it, a second
// plan has nothing to do, and the way back leads to what was there before.
func TestApplyAndBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := generated(t)
		p := Make(Request{State: s, Made: noon})
		m := newModel(s)
		before := m.meanings(&p)
		m.failAt, m.lost = rapid.IntRange(0, len(p.Steps)).Draw(t, "fail"), rapid.IntRange(0, len(p.Steps)).Draw(t, "lost")
		var entries []remedy.Entry
		r := &Run{Plan: &p, Account: m, Record: func(e remedy.Entry) error { entries = append(entries, e); return nil }}
		progress := func() remedy.Progress {
			out, err := remedy.Follow(entries)
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		for tries := 0; !progress().Ended; tries++ {
			err := r.Apply(t.Context(), progress().Done)
			if err != nil && !errors.Is(err, errRefused) && !errors.Is(err, errKilled) || tries > 3 {
				t.Fatalf("%v after %d tries", err, tries)
			}
		}
		for _, step := range p.Steps {
			if !isSet(step.Call)(m.kept[place(step.Call)]) {
				t.Fatalf("%s is not set", place(step.Call))
			}
		}
		if missing, err := r.NotYet(t.Context()); err != nil || len(missing) > 0 {
			t.Fatalf("read back: %v %v", missing, err)
		}
		if err := r.Rollback(t.Context(), progress().Done, 0); err != nil {
			t.Fatal(err)
		}
		if after := m.meanings(&p); after != before {
			t.Fatalf("before\n%s\nafter\n%s", before, after)
		}
	})
}

// A setting that somebody else changed is not overwritten, and the journal has
// AWS's id of each request.
func TestStepStale(t *testing.T) {
	s := state(private("b"))
	p := plan(s)
	m := newModel(s)
	third := place(p.Steps[2].Call)
	m.kept[third] = there(`{"Description":"mine"}`)
	var done []remedy.Entry
	r := &Run{Plan: &p, Account: m, Record: func(e remedy.Entry) error {
		if e.Event == "done" {
			done = append(done, e)
		}
		return nil
	}}
	err := r.Apply(t.Context(), 0)
	var partly *remedy.PartlyError
	if !errors.As(err, &partly) || !errors.Is(err, remedy.ErrStale) || partly.Done != 2 || !strings.Contains(err.Error(), third) {
		t.Fatalf("%v", err)
	}
	if len(done) != 2 || done[1].RequestID != "REQUEST2" || done[1].Call.Name != p.Steps[1].Call.Name || done[1].Call.Text != "" {
		t.Errorf("%+v", done)
	}
	if got := m.kept[third].Text; got != `{"Description":"mine"}` {
		t.Errorf("overwritten: %s", got)
	}
}

// Nothing is changed any more once the journal cannot be written.
func TestJournalLost(t *testing.T) {
	s := state(private("b"))
	p := plan(s)
	m := newModel(s)
	r := &Run{Plan: &p, Account: m, Record: func(remedy.Entry) error { return errors.New("disk full") }}
	if err := r.Apply(t.Context(), 0); err == nil || m.calls != 0 {
		t.Errorf("%v after %d calls", err, m.calls)
	}
}
