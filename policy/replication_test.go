// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"strings"
	"testing"
)

// Actions that no client asks for: replication needs an account, and what goes
// with another action gives nothing alone.
func TestActionsWithoutARequest(t *testing.T) {
	const all = `"Resource":"arn:aws:s3:::b/*"`
	for _, c := range []struct{ actions, deny, want, command string }{
		{`"s3:BypassGovernanceRetention"`, "", "", ""},
		{`"s3:ObjectOwnerOverrideToBucketOwner"`, "", "", ""},
		{`"s3:ReplicateTags"`, "", "", ""},
		{`"s3:ReplicateObject"`, "", "any-aws-account [write] [s3:ReplicateObject]", "put-bucket-replication"},
		{`"s3:*"`, `["s3:DeleteObject","s3:DeleteObjectVersion"]`, "any-aws-account [delete] [s3:ReplicateDelete]", "put-bucket-replication"},
		{`["s3:PutObject","s3:ReplicateObject"]`, "", "anyone [write] [s3:PutObject]", "curl"},
	} {
		text := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":` + c.actions + `,` + all + `}`
		if c.deny != "" {
			text += `,{"Effect":"Deny","Principal":"*","Action":` + c.deny + `,` + all + `}`
		}
		found, some := c.want == "", false
		for _, g := range Analyse(parse(t, text+"]}"), testFacts).Grants {
			some = some || g.Audience.Public()
			if fmt.Sprint(g.Audience, " ", g.Access, " ", g.Actions) == c.want {
				found = g.Witness != nil && strings.Contains(g.Witness.Command, c.command)
			}
			if g.Audience == Anyone && (fmt.Sprint(g.Access) == "[delete]" || strings.Contains(fmt.Sprint(g.Actions), "Replicate")) {
				t.Errorf("%s: anyone gets %v", c.actions, g.Actions)
			}
		}
		if !found || some != (c.want != "") {
			t.Errorf("%s: %+v", c.actions, Analyse(parse(t, text+"]}"), testFacts).Grants)
		}
	}
}
