// SPDX-License-Identifier: Apache-2.0

package remedy

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bucketlid/bucketlid/account"
)

// Schema names the version of a plan's file.
const Schema = "bucketlid-plan/1"

// Plan is every way to close what strangers can do to one bucket, with what it
// was made from.
type Plan struct {
	Schema  string    `json:"schema"`
	ID      string    `json:"id"`
	Made    time.Time `json:"made"`
	Account string    `json:"account"`
	Region  string    `json:"region"`
	Bucket  string    `json:"bucket"`
	Alert   string    `json:"alert,omitempty"`
	// Whom are the named accounts that the plan takes out; none means strangers.
	Whom Whom `json:"whom,omitempty"`
	// Hash is the fingerprint of the state that the plan was made for.
	Hash  string `json:"hash"`
	Saved State  `json:"saved"`
	// Closes are the exposures that the plan is about; empty means that nothing
	// is to be done.
	Closes  []Opening `json:"closes"`
	Options []Option  `json:"options"`
	// Use is what the option applies that is named by no one; "" where none does all.
	Use     string   `json:"use"`
	Readers Readers  `json:"readers"`
	Unknown []string `json:"unknown"` // settings that could not be read
	// Beyond is what was not looked at, and how to.
	Beyond []string `json:"not_looked_at,omitempty"`
	// Stays are the other exposures: the plan is not about them.
	Stays []Opening `json:"stays,omitempty"`
}

// Option is one way, ready to be applied.
type Option struct {
	ID      string   `json:"id"`
	Title   string   `json:"title"`
	Steps   []Step   `json:"steps"`
	Proof   Proof    `json:"proof"`
	First   []string `json:"first,omitempty"` // what a person has to do before
	Later   []string `json:"later"`           // what later deploys and callers meet
	Undo    Undo     `json:"undo"`
	Confirm []string `json:"confirm,omitempty"` // why apply asks for the bucket's name
	// Terraform is the same as the steps, for whoever keeps the bucket as code.
	Terraform string `json:"terraform"`
	Refused   string `json:"refused,omitempty"` // why it must not be applied
}

// Step is one call, with what it replaces.
type Step struct {
	Call   account.Call    `json:"call"`
	Why    string          `json:"why"`
	Before account.Setting `json:"before"`
	Action string          `json:"action"` // the IAM permission that it needs
	CLI    string          `json:"cli"`
	Undo   account.Call    `json:"undo"`
	Hash   string          `json:"hash"` // the fingerprint once it is done
}

// Undo says whether the fix can be taken back.
type Undo struct {
	Possible bool     `json:"possible"`
	Why      []string `json:"why,omitempty"`
}

// Request is what a plan is asked for.
type Request struct {
	State   State
	Made    time.Time
	Alert   string
	Readers Readers
	// Whom takes named accounts out, and leaves strangers alone; none plans for
	// strangers.
	Whom Whom
	// Scanned is when a scan looked at all objects; "" where none did.
	Scanned string
	// Beyond is what else was not looked at.
	Beyond []string
	// Marks are signs of the tool that keeps the bucket, such as a user agent.
	Marks []string
}

// Make computes a plan. Options come least disruptive first. A plan with no
// exposure to close has no option.
func Make(r Request) Plan {
	s := r.State
	p := Plan{Schema: Schema, Made: r.Made.UTC(), Account: s.Settings.Account, Region: s.Settings.Region, Bucket: s.Settings.Bucket,
		Alert: r.Alert, Whom: r.Whom, Hash: s.Fingerprint(), Saved: s, Readers: r.Readers, Unknown: s.Unread(),
		Beyond: append(s.Beyond(r.Whom, r.Scanned), r.Beyond...), Options: []Option{}}
	openings := Evaluate(s)
	p.Closes, p.Stays = targets(openings, r.Whom)
	if len(r.Whom) == 0 {
		p.Stays = append(p.Stays, s.besideEverybody(openings)...)
	}
	sum := sha256.Sum256([]byte(p.Hash + p.Made.Format(time.RFC3339Nano)))
	p.ID = "fix-" + hex.EncodeToString(sum[:6])
	if len(p.Closes) == 0 {
		return p
	}
	for _, row := range Remedies {
		title := row.Title
		if len(r.Whom) > 0 {
			title = row.forNamed
		}
		if title != "" {
			p.add(row.ID, title, row.draft(s, r.Whom), r)
		}
		if row.ID == lastNarrow {
			p.addTogether(r)
		}
	}
	for _, o := range p.Options {
		if o.Refused == "" && o.Proof.ClosesAll && p.Use == "" {
			p.Use = o.ID
		}
	}
	return p
}

// targets are the exposures to close: what strangers, or those named, can do now,
// or, where that is nothing, what they could but for a guard. stay are the others.
func targets(list []Opening, whom Whom) (mine, stay []Opening) {
	for _, o := range list {
		part, ok := whom.part(o)
		if ok {
			mine = append(mine, part)
		}
		if rest, some := whom.rest(o, part, ok); some {
			stay = append(stay, rest)
		}
	}
	open, held := split(mine, Opening.open)
	if len(open) > 0 {
		return open, append(stay, held...)
	}
	return held, stay
}

// together is the option that closes each opening where it is.
const (
	together   = "each-opening"
	lastNarrow = "policy-statement"
)

// addTogether chains the narrow remedies. Each is drafted for the state that the
// one before it leaves. ACLs come before the policy: under RestrictPublicBuckets
// a public policy holds ACLs shut too, and its end would open them.
func (p *Plan) addTogether(r Request) {
	state, all, parts := r.State, draft{}, 0
	for _, row := range Remedies {
		if !row.narrow() {
			continue
		}
		d := row.draft(state, r.Whom)
		if d.refused != "" || len(d.steps) == 0 {
			continue
		}
		parts++
		for _, step := range d.steps {
			next, err := state.With(step.call)
			if err != nil {
				return
			}
			state = next
		}
		all.steps, all.later, all.loses = append(all.steps, d.steps...), append(all.later, d.later...), append(all.loses, d.loses...)
	}
	if parts > 1 {
		p.add(together, "close each opening where it is", all, r)
	}
}

// add turns a draft into an option, unless it does nothing for the plan.
func (p *Plan) add(id, title string, d draft, r Request) {
	if len(d.steps) == 0 {
		if d.refused != "" {
			p.Options = append(p.Options, Option{ID: id, Title: title, Refused: d.refused, Steps: []Step{}, Later: []string{}})
		}
		return
	}
	o := Option{ID: id, Title: title, First: d.first, Refused: d.refused}
	steps, why, err := plotted(r.State, d)
	if err != nil {
		o.Refused = err.Error()
	}
	o.Steps = steps
	o.Proof = Prove(r.State, calls(steps), p.Closes)
	o.Proof.Loses = sortLosers(slices.Concat(o.Proof.Loses, d.loses, r.Readers.losers()))
	if len(o.Proof.Closed) == 0 {
		return
	}
	if o.Refused == "" {
		o.Refused = why
	}
	if o.Refused == "" && len(o.Proof.Widened) > 0 {
		o.Refused = "it would give access that nobody has now: " + o.Proof.Widened[0]
	}
	o.Undo = undoOf(r.State, steps)
	o.Later = append(slices.Compact(d.later), drift(r)...)
	o.Confirm = confirm(o, r)
	o.Terraform = terraform(r.State, steps)
	p.Options = append(p.Options, o)
}

// plotted lays the calls of a draft over the state one by one. why tells which
// of them S3 would refuse.
func plotted(s State, d draft) (steps []Step, why string, err error) {
	for _, one := range d.steps {
		slot := s.slot(one.call)
		if slot == nil {
			return steps, why, fmt.Errorf("%s: the setting was not read", one.call.Operation)
		}
		if refused := refusal(s, one.call); refused != "" && why == "" {
			why = "S3 would refuse " + string(one.call.Operation) + ": " + refused
		}
		next, err := s.With(one.call)
		if err != nil {
			return steps, why, err
		}
		steps = append(steps, Step{Call: one.call, Why: one.why, Before: *slot, Action: actions[one.call.Operation],
			CLI: CommandLine(one.call), Undo: inverse(one.call, *slot), Hash: next.Fingerprint()})
		s = next
	}
	return steps, why, nil
}

func calls(steps []Step) []account.Call {
	var out []account.Call
	for _, s := range steps {
		out = append(out, s.Call)
	}
	return out
}

// actions are the IAM permissions that the calls need (Service Authorization
// Reference, "Actions, resources, and condition keys for Amazon S3").
var actions = map[account.Operation]string{
	account.PutBucketACL: "s3:PutBucketAcl", account.PutObjectACL: "s3:PutObjectAcl, s3:PutObjectVersionAcl",
	account.PutBucketPolicy: "s3:PutBucketPolicy", account.DeleteBucketPolicy: "s3:DeleteBucketPolicy",
	account.PutPublicAccessBlock: "s3:PutBucketPublicAccessBlock", account.DeletePublicAccessBlock: "s3:PutBucketPublicAccessBlock",
	account.PutAccountBlock: "s3:PutAccountPublicAccessBlock", account.DeleteAccountBlock: "s3:PutAccountPublicAccessBlock",
	account.PutBucketOwnershipControls: "s3:PutBucketOwnershipControls", account.DeleteBucketOwnershipControls: "s3:PutBucketOwnershipControls",
	account.PutAccessPointPolicy: "s3:PutAccessPointPolicy", account.DeleteAccessPointPolicy: "s3:DeleteAccessPointPolicy",
	account.PutMultiRegionPolicy: "s3:PutMultiRegionAccessPointPolicy, s3:DescribeMultiRegionAccessPointOperation, s3:ListAllMyBuckets",
}

// removal is the call that leaves a setting absent.
var removal = map[account.Operation]account.Operation{
	account.PutBucketPolicy: account.DeleteBucketPolicy, account.PutPublicAccessBlock: account.DeletePublicAccessBlock,
	account.PutAccountBlock: account.DeleteAccountBlock, account.PutBucketOwnershipControls: account.DeleteBucketOwnershipControls,
	account.PutAccessPointPolicy: account.DeleteAccessPointPolicy,
}

// inverse is the call that puts back what another replaced.
func inverse(c account.Call, before account.Setting) account.Call {
	if before.Status == account.Absent {
		c.Operation, c.Text = removal[c.Operation], ""
		return c
	}
	for put, remove := range removal {
		if c.Operation == remove {
			c.Operation = put
		}
	}
	c.Text = before.Text
	return c
}

// undoOf tries the way back on the states that the steps leave.
func undoOf(s State, steps []Step) Undo {
	out := Undo{Possible: true}
	for _, step := range steps {
		next, err := s.With(step.Call)
		if err != nil {
			return Undo{Why: []string{err.Error()}}
		}
		if why := refusal(next, step.Undo); why != "" {
			out.Possible = false
			out.Why = append(out.Why, "S3 would refuse "+string(step.Undo.Operation)+": "+why)
		}
		s = next
	}
	return out
}

func confirm(o Option, r Request) []string {
	var out []string
	for _, l := range o.Proof.Loses {
		switch l.Kind {
		case "website":
			out = append(out, "a website is on, or may be: "+l.Note)
		case "account-wide":
			out = append(out, "it binds every bucket of the account")
		}
	}
	used := slices.ContainsFunc(o.Proof.Closed, Opening.open)
	who, uses := "strangers", " use it"
	if len(r.Whom) > 0 {
		who, uses = strings.Join(r.Whom, ", "), " uses it"
	}
	switch {
	case !used:
	case r.Readers.Requests > 0:
		out = append(out, fmt.Sprintf("%s%s: %d requests seen in the logs", who, uses, r.Readers.Requests))
	case !r.Readers.Looked:
		out = append(out, "whether "+who+uses+" is not known: no log of requests was given")
	}
	return out
}

// Option finds an option by its id; "" is the one that the plan would use.
func (p *Plan) Option(id string) (*Option, error) {
	if id == "" {
		id = p.Use
	}
	var ids []string
	for i := range p.Options {
		if p.Options[i].ID == id {
			return &p.Options[i], nil
		}
		ids = append(ids, p.Options[i].ID)
	}
	if id == "" {
		return nil, fmt.Errorf("no option closes everything: name one of %v", ids)
	}
	return nil, fmt.Errorf("the plan has no option %q: it has %v", id, ids)
}

// Read reads a plan's file. It refuses what is no plan of this version.
func Read(text []byte) (*Plan, error) {
	var p Plan
	if err := json.Unmarshal(text, &p); err != nil {
		return nil, fmt.Errorf("not a plan: %w", err)
	}
	if p.Schema != Schema {
		return nil, fmt.Errorf("not a plan: its schema is %q, not %s", p.Schema, Schema)
	}
	if p.Hash != p.Saved.Fingerprint() {
		return nil, fmt.Errorf("the plan was changed after it was made: its saved state no longer has the hash %s; plan again", p.Hash)
	}
	return &p, nil
}

// Check computes the proof of an option anew, from the saved state and the
// calls alone, and compares it with the one that the plan carries: a plan
// without a proof, or with another one, is not applied (promise 8).
func (p *Plan) Check(o *Option) error {
	if o.Refused != "" {
		return fmt.Errorf("option %s must not be applied: %s", o.ID, o.Refused)
	}
	if len(o.Steps) == 0 || len(o.Proof.Closed) == 0 {
		return fmt.Errorf("option %s has no proof: plan again", o.ID)
	}
	state := p.Saved
	for i, step := range o.Steps {
		next, err := state.With(step.Call)
		if err != nil {
			return fmt.Errorf("step %d: %w", i+1, err)
		}
		slot := state.slot(step.Call)
		if *slot != step.Before || inverse(step.Call, *slot) != step.Undo || next.Fingerprint() != step.Hash {
			return fmt.Errorf("step %d was changed after the plan was made: plan again", i+1)
		}
		state = next
	}
	again := Prove(p.Saved, calls(o.Steps), p.Closes)
	if len(again.Widened) > 0 {
		return fmt.Errorf("option %s would give access that nobody has now: %s", o.ID, again.Widened[0])
	}
	if !slices.Equal(o.Confirm, confirm(*o, Request{Whom: p.Whom, Readers: p.Readers})) {
		return fmt.Errorf("what option %s asks before it is applied was changed after the plan was made: plan again", o.ID)
	}
	if !again.sameAs(o.Proof) {
		return fmt.Errorf("the proof of option %s is not that of its steps: plan again", o.ID)
	}
	return nil
}

// Action is the IAM permission that a call needs.
func Action(op account.Operation) string { return actions[op] }
