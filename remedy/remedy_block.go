// SPDX-License-Identifier: Apache-2.0

package remedy

import (
	"encoding/json"
	"strings"

	"github.com/bucketlid/bucketlid/account"
	"github.com/bucketlid/bucketlid/bucket"
)

// What callers meet once a flag is on (AWS page "Blocking public access to your
// Amazon S3 storage").
var flagLater = map[bucket.Flag]string{
	bucket.BlockPublicAcls:       "calls that set a public ACL, uploads with one too, fail with AccessDenied (BlockPublicAcls)",
	bucket.IgnorePublicAcls:      "public ACLs can still be set and have no effect (IgnorePublicAcls)",
	bucket.BlockPublicPolicy:     "deployments that put a public policy fail with AccessDenied (BlockPublicPolicy)",
	bucket.RestrictPublicBuckets: "while the policy is public, other accounts that it names have no access either (RestrictPublicBuckets)",
}

func ignorePublicACLs(s State, _ Whom) draft {
	return s.blockDraft(account.PutPublicAccessBlock, s.Settings.Block, "the bucket's Block Public Access", bucket.IgnorePublicAcls)
}

func restrictPublicBuckets(s State, _ Whom) draft {
	d := s.blockDraft(account.PutPublicAccessBlock, s.Settings.Block, "the bucket's Block Public Access", bucket.RestrictPublicBuckets)
	if len(d.steps) > 0 {
		d.loses = append(d.loses, s.identities("RestrictPublicBuckets holds while the policy is public")...)
	}
	return d
}

func blockPublicAccess(s State, _ Whom) draft {
	d := s.blockDraft(account.PutPublicAccessBlock, s.Settings.Block, "the bucket's Block Public Access", bucket.Flags...)
	if len(d.steps) > 0 {
		d.loses = append(d.loses, s.identities("RestrictPublicBuckets holds while the policy is public")...)
	}
	return d
}

// accountBlock binds every bucket of the account, of which the plan knows one.
func accountBlock(s State, _ Whom) draft {
	d := s.blockDraft(account.PutAccountBlock, s.Settings.AccountBlock, "the account's Block Public Access", bucket.Flags...)
	if len(d.steps) > 0 {
		d.first = []string{"read every bucket of account " + s.Settings.Account + " first (bucketlid scan): each one that is public on purpose stops serving strangers"}
		d.loses = append(d.loses, Loser{Kind: "account-wide", Who: "strangers who use any other bucket of account " + s.Settings.Account,
			Note: "the plan has read this bucket only"})
		d.loses = append(d.loses, s.identities("RestrictPublicBuckets holds while the policy is public")...)
	}
	return d
}

// blockDraft switches flags on and leaves the others as they are.
func (s State) blockDraft(op account.Operation, now account.Setting, what string, flags ...bucket.Flag) draft {
	if !known(now) {
		return impossible(what, now)
	}
	block, changed := blockOf(now), []string{}
	var d draft
	for _, f := range flags {
		if block[f] != bucket.True {
			block[f] = bucket.True
			changed = append(changed, f.String())
			d.later = append(d.later, flagLater[f])
		}
	}
	if len(changed) == 0 {
		return draft{}
	}
	call := s.call(op)
	call.Text = blockText(block)
	if accountWide(call) {
		call.Bucket = ""
	}
	d.steps = []drafted{{call, "switches on " + strings.Join(changed, ", ") + "; ACLs and policies stay stored as they are"}}
	return d
}

// blockText is a configuration in the shape of GetPublicAccessBlock.
func blockText(b bucket.PublicAccessBlock) string {
	m := map[string]bool{}
	for _, f := range bucket.Flags {
		m[f.String()] = b[f] == bucket.True
	}
	text, _ := json.Marshal(map[string]any{"PublicAccessBlockConfiguration": m}) // a map of booleans cannot fail
	return string(text)
}
