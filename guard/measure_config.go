// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/bucketlid/bucketlid/account"
)

// rule is one of AWS's managed rules (AWS Config guide, "List of AWS Config
// Managed Rules": identifier, trigger and parameters).
type rule struct {
	name, identifier, about string
	resource                string // its name in a CloudFormation template
	periodic                bool   // it takes a frequency
	account                 bool   // about the account, not its buckets: one Region is enough
	parameters              string
}

// rules are those that notice a public bucket.
var rules = []rule{
	{"bucketlid-s3-public-read", "S3_BUCKET_PUBLIC_READ_PROHIBITED", "no bucket lets everybody read", "PublicRead", true, false, ""},
	{"bucketlid-s3-public-write", "S3_BUCKET_PUBLIC_WRITE_PROHIBITED", "no bucket lets everybody write", "PublicWrite", true, false, ""},
	{"bucketlid-s3-bucket-block", "S3_BUCKET_LEVEL_PUBLIC_ACCESS_PROHIBITED", "every bucket has Block Public Access of its own", "BucketBlock", false, false, ""},
	// AWS fills defaults in on its console only (guide, "AWS Config Managed Rules").
	{"bucketlid-s3-account-block", "S3_ACCOUNT_LEVEL_PUBLIC_ACCESS_BLOCKS_PERIODIC", "the account has Block Public Access", "AccountBlock", true, true,
		`{"BlockPublicAcls":"True","BlockPublicPolicy":"True","IgnorePublicAcls":"True","RestrictPublicBuckets":"True"}`},
}

// frequency is how often AWS Config looks without being told of a change.
const frequency = "TwentyFour_Hours"

// Identifiers lists AWS's names of the rules.
func Identifiers() []string {
	var out []string
	for _, r := range rules {
		out = append(out, r.identifier)
	}
	return out
}

// AccountWide reports whether a rule is about the account, so that one Region
// has it.
func AccountWide(identifier string) bool {
	return slices.ContainsFunc(rules, func(r rule) bool { return r.account && r.identifier == identifier })
}

func (r rule) text() string {
	type scope struct{ ComplianceResourceTypes []string }
	type source struct{ Owner, SourceIdentifier string }
	out := struct {
		ConfigRuleName, Description string
		InputParameters             string `json:",omitempty"`
		MaximumExecutionFrequency   string `json:",omitempty"`
		Scope                       *scope `json:",omitempty"`
		Source                      source
	}{r.name, mark + r.about, r.parameters, "", nil, source{"AWS", r.identifier}}
	if r.periodic {
		out.MaximumExecutionFrequency = frequency
	}
	if !r.account {
		out.Scope = &scope{[]string{"AWS::S3::Bucket"}}
	}
	text, _ := json.Marshal(out) // of strings only: cannot fail
	return string(text)
}

// configRules adds the rules to each Region whose recorder would make them
// evaluate.
func configRules(s State) draft {
	var d draft
	for _, w := range s.Watches {
		recorder := RecorderOf(s.Account, s.Partition, w)
		if recorder.Missing != "" {
			d.not = append(d.not, "AWS Config in "+w.Region+": "+recorder.Missing+"; "+recorder.Next)
			continue
		}
		d.notes = append(d.notes, recorder.Notes...)
		for _, r := range rules {
			if r.account && w.Region != s.Home || watched(w, r) {
				continue
			}
			c := account.Call{Operation: account.PutConfigRule, Account: s.Account, Region: w.Region, Name: r.name, Text: r.text()}
			d.add(s, c, "lets AWS Config check that "+r.about+" ("+r.identifier+")")
		}
	}
	return d
}

// watched reports whether another rule does the same, such as one that Security
// Hub made.
func watched(w account.Watch, r rule) bool {
	for name, s := range w.Rules {
		if name != r.name && identifier(s) == r.identifier {
			return true
		}
	}
	return false
}

// identifier is AWS's name of the rule in a setting.
func identifier(s account.Setting) string {
	var v struct {
		Source struct{ SourceIdentifier string }
	}
	_ = json.Unmarshal([]byte(s.Text), &v) // no source is no identifier
	return v.Source.SourceIdentifier
}

// RulesOf lists the names of the rules in a Region that notice public buckets,
// whoever made them, by identifier.
func RulesOf(w account.Watch) map[string][]string {
	out := map[string][]string{}
	for name, s := range w.Rules {
		if id := identifier(s); slices.Contains(Identifiers(), id) {
			out[id] = append(out[id], name)
			slices.Sort(out[id])
		}
	}
	return out
}

// Recorder is what AWS Config needs to evaluate rules in a Region.
type Recorder struct {
	Missing string   // why rules would not evaluate; "" where they do
	Next    string   // what to do about it
	Notes   []string // what they would not see
}

// RecorderOf judges the recorder of a Region (AWS Config guide, "Working with
// the Configuration Recorder").
func RecorderOf(id, partition string, w account.Watch) Recorder {
	on := "aws configservice put-configuration-recorder --region " + w.Region +
		` --configuration-recorder '{"name":"default","roleARN":"arn:` + partition + `:iam::` + id + `:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"}'` +
		` --recording-group '{"allSupported":false,"resourceTypes":["AWS::S3::Bucket","AWS::S3::AccountPublicAccessBlock"]}'` +
		`; aws configservice put-delivery-channel --region ` + w.Region + ` --delivery-channel '{"name":"default","s3BucketName":"BUCKET"}'` +
		`; aws configservice start-configuration-recorder --region ` + w.Region + ` --configuration-recorder-name default`
	switch w.Recorder.Status {
	case account.Absent:
		return Recorder{Missing: "there is no recorder, so that rules would not evaluate and AWS refuses them", Next: "switch it on with: " + on}
	case account.Present:
		return recorderIn(w)
	}
	return Recorder{Missing: "whether a recorder is on could not be read, " + w.Recorder.Problem, Next: "grant " + w.Recorder.Action + " and plan again"}
}

func recorderIn(w account.Watch) Recorder {
	var r struct {
		ConfigurationRecorders []struct {
			Name           string
			RecordingGroup struct {
				AllSupported             bool
				ResourceTypes            []string
				ExclusionByResourceTypes struct{ ResourceTypes []string }
				RecordingStrategy        struct{ UseOnly string }
			}
		}
		ConfigurationRecordersStatus []struct {
			Name      string
			Recording bool
		}
	}
	if json.Unmarshal([]byte(w.Recorder.Text), &r) != nil || len(r.ConfigurationRecorders) == 0 {
		return Recorder{Missing: "what AWS says of its recorder cannot be understood", Next: "see: aws configservice describe-configuration-recorders --region " + w.Region}
	}
	one := r.ConfigurationRecorders[0] // a Region has one of the customer's
	running := false
	for _, s := range r.ConfigurationRecordersStatus {
		running = running || s.Name == one.Name && s.Recording
	}
	if !running {
		return Recorder{Missing: "the recorder " + one.Name + " is stopped, so that rules would not evaluate",
			Next: fmt.Sprintf("switch it on with: aws configservice start-configuration-recorder --region %s --configuration-recorder-name %s", w.Region, one.Name)}
	}
	group := one.RecordingGroup
	const bucketType = "AWS::S3::Bucket"
	excluded := group.RecordingStrategy.UseOnly == "EXCLUSION_BY_RESOURCE_TYPES"
	if slices.Contains(group.ExclusionByResourceTypes.ResourceTypes, bucketType) ||
		!excluded && !group.AllSupported && !slices.Contains(group.ResourceTypes, bucketType) {
		return Recorder{Notes: []string{"AWS Config in " + w.Region + " does not record " + bucketType + ": rules notice a change of a bucket only when they look periodically, and S3_BUCKET_LEVEL_PUBLIC_ACCESS_PROHIBITED never; add it to the recording group of " + strings.TrimSpace(one.Name)}}
	}
	return Recorder{}
}
