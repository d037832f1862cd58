// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bucketlid/bucketlid/account"
	"github.com/bucketlid/bucketlid/remedy"
)

// Schema names the version of a plan's file.
const Schema = "bucketlid-guard/1"

// Plan is what lasting protection of one account takes, with what it was made
// from and what it does to every bucket.
type Plan struct {
	Schema    string    `json:"schema"`
	ID        string    `json:"id"`
	Made      time.Time `json:"made"`
	Account   string    `json:"account"`
	Partition string    `json:"partition"`
	Home      string    `json:"home"` // the Region that is asked first
	// Measures, Regions and Objects are what was asked for; apply reads the same.
	Measures []string `json:"measures"`
	Regions  []string `json:"regions"`
	Objects  string   `json:"objects,omitempty"`
	// Replace says that what others made under guard's names may be replaced.
	Replace bool `json:"replace,omitempty"`
	// Hash is the fingerprint of what the plan rests on.
	Hash  string            `json:"hash"`
	Parts map[string]string `json:"parts"` // what the hash is made of, by name
	Saved Saved             `json:"saved"`
	Steps []Step            `json:"steps"` // empty: nothing is to be done
	// Proof is what Block Public Access of the account does to its buckets; nil
	// where no step switches it on.
	Proof   *Proof                    `json:"proof,omitempty"`
	Readers map[string]remedy.Readers `json:"readers,omitempty"` // by bucket: strangers' use that logs tell
	Later   []string                  `json:"later,omitempty"`
	Notes   []string                  `json:"notes,omitempty"`
	Not     []string                  `json:"not,omitempty"`     // what cannot be done, with the next step
	Kept    []string                  `json:"kept,omitempty"`    // of these, what others made and is in the way
	Confirm []string                  `json:"confirm,omitempty"` // why apply asks for the account's id
	// Terraform and CloudFormation are all of the measures, whether there already
	// or not; Organization is the same for every account of an organization.
	Terraform      string `json:"terraform"`
	CloudFormation string `json:"cloudformation"`
	Organization   string `json:"organization"`
}

// Step is one call, with what it replaces.
type Step struct {
	Measure string          `json:"measure"`
	Call    account.Call    `json:"call"`
	Why     string          `json:"why"`
	Before  account.Setting `json:"before"`
	Action  string          `json:"action"` // the IAM permission that it needs
	CLI     string          `json:"cli"`
	Undo    account.Call    `json:"undo"`
}

// Request is what a plan is asked for.
type Request struct {
	State    State
	Made     time.Time
	Measures []string // none: all
	Objects  string   // the choice of objects whose ACLs were read, as flag
	Readers  map[string]remedy.Readers
}

// Make computes a plan.
func Make(r Request) Plan {
	s := r.State
	p := Plan{Schema: Schema, Made: r.Made.UTC(), Account: s.Account, Partition: s.Partition, Home: s.Home, Measures: r.Measures, Objects: r.Objects, Replace: s.Replace,
		Saved: Saved{s.Block, s.Watches}, Steps: []Step{}, Readers: r.Readers, Parts: map[string]string{}}
	for _, w := range s.Watches {
		p.Regions = append(p.Regions, w.Region)
	}
	for _, m := range Measures {
		if len(r.Measures) > 0 && !slices.Contains(r.Measures, m.ID) {
			continue
		}
		d := m.draft(s)
		d.not, p.Kept = append(d.not, refusals(d.kept)...), append(p.Kept, d.kept...)
		for _, name := range d.replaced {
			p.Confirm = append(p.Confirm, name+": one that guard did not make is replaced")
		}
		for _, one := range d.steps {
			p.step(s, m.ID, one)
		}
		p.Later, p.Notes, p.Not = append(p.Later, d.later...), append(p.Notes, d.notes...), append(p.Not, d.not...)
	}
	p.prove(s)
	p.Hash = fingerprint(p.Parts)
	sum := sha256.Sum256([]byte(p.Hash + p.Made.Format(time.RFC3339Nano)))
	p.ID = "guard-" + hex.EncodeToString(sum[:6])
	p.Terraform, p.CloudFormation, p.Organization = terraform(s, r.Measures), cloudFormation(s, r.Measures), organization
	return p
}

func (p *Plan) step(s State, measure string, one drafted) {
	before := s.at(one.call)
	p.Steps = append(p.Steps, Step{Measure: measure, Call: one.call, Why: one.why, Before: before,
		Action: actions[one.call.Operation], CLI: commandLine(one.call), Undo: inverse(one.call, before)})
	p.Parts[place(one.call)] = meaning(one.call, before)
}

// place names what a call changes.
func place(c account.Call) string {
	switch c.Operation {
	case account.PutAccountBlock, account.DeleteAccountBlock:
		return "Block Public Access of the account"
	case account.PutConfigRule, account.DeleteConfigRule:
		return "Config rule " + c.Name + " in " + c.Region
	case account.PutEventRule, account.DeleteEventRule:
		return "event rule " + c.Name + " in " + c.Region
	case account.PutEventTargets, account.RemoveEventTargets:
		return "targets of event rule " + c.Name + " in " + c.Region
	}
	return "queue " + c.Name + " in " + c.Region
}

// bucketPart begins the name of a bucket's part.
const bucketPart = "bucket "

// prove evaluates every bucket where the account's block is to be switched on.
func (p *Plan) prove(s State) {
	for _, step := range p.Steps {
		if step.Call.Operation != account.PutAccountBlock {
			continue
		}
		p.Proof = prove(s, step.Call)
		for _, e := range p.Proof.Buckets {
			p.Parts[bucketPart+e.Bucket] = e.Hash
		}
		p.Confirm = append(p.Confirm, confirm(*p.Proof, p.Readers)...)
	}
}

// Read reads a plan's file. It refuses what is no plan of this version.
func Read(text []byte) (*Plan, error) {
	var p Plan
	if err := json.Unmarshal(text, &p); err != nil {
		return nil, fmt.Errorf("not a plan of guard: %w", err)
	}
	if p.Schema != Schema {
		return nil, fmt.Errorf("not a plan of guard: its schema is %q, not %s", p.Schema, Schema)
	}
	if p.Hash != fingerprint(p.Parts) {
		return nil, fmt.Errorf("the plan was changed after it was made: what it rests on no longer has the hash %s; plan again", p.Hash)
	}
	return &p, nil
}

// Check compares a plan with one that is made of what is there now. A plan for
// another state is stale; one whose steps or proof are not those of its state was
// edited, and is not applied (promise 8).
func (p *Plan) Check(now Plan) error {
	if p.Hash != now.Hash {
		return fmt.Errorf("%w: %s changed since it was made", remedy.ErrStale, differences(p.Parts, now.Parts))
	}
	mine, err := json.Marshal([]any{p.Steps, p.Proof, p.Confirm})
	if err != nil {
		return err
	}
	its, err := json.Marshal([]any{now.Steps, now.Proof, now.Confirm})
	if err != nil {
		return err
	}
	if string(mine) != string(its) {
		return fmt.Errorf("the steps or the proof of the plan are not those of what is there: it was changed after it was made, or by another version; plan again")
	}
	if p.Proof != nil && len(p.Proof.Widened) > 0 {
		return fmt.Errorf("the plan would give access that nobody has now: %s", p.Proof.Widened[0])
	}
	return nil
}

// CheckCalls makes the steps again from what the plan saved, for one of which
// some are done, so that it cannot be made again from what is there.
func (p *Plan) CheckCalls() error {
	again := Make(Request{State: State{Account: p.Account, Partition: p.Partition, Home: p.Home, Block: p.Saved.Block, Watches: p.Saved.Watches, Replace: p.Replace}, Measures: p.Measures})
	if !slices.Equal(again.Steps, p.Steps) {
		return fmt.Errorf("the steps of the plan are not those of what it saved: it was changed after it was made, or by another version; plan again")
	}
	return nil
}

// CheckSteps compares each step with what puts back what it replaced, for the way
// back, which must be there for plans of earlier versions too.
func (p *Plan) CheckSteps() error {
	for i, s := range p.Steps {
		if s.Action != actions[s.Call.Operation] || inverse(s.Call, s.Before) != s.Undo || s.Call.Account != p.Account || p.Parts[place(s.Call)] != meaning(s.Call, s.Before) {
			return fmt.Errorf("step %d was changed after the plan was made: plan again", i+1)
		}
	}
	return nil
}

// differences names the parts that differ. Buckets are parts only of a plan that
// switches the account's block on: where that is on already, nothing is said of them.
func differences(was, now map[string]string) string {
	block := place(account.Call{Operation: account.PutAccountBlock})
	_, before := was[block]
	_, after := now[block]
	var out []string
	for name := range was {
		if before && !after && strings.HasPrefix(name, bucketPart) {
			continue
		}
		if was[name] != now[name] {
			out = append(out, name)
		}
	}
	for name := range now {
		if _, ok := was[name]; !ok {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	const most = 5
	text := ""
	for i, name := range out[:min(len(out), most)] {
		if i > 0 {
			text += ", "
		}
		text += name
	}
	if len(out) > most {
		text += fmt.Sprintf(" and %d more", len(out)-most)
	}
	return text
}
