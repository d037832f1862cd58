// SPDX-License-Identifier: Apache-2.0

package report

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/policy"
	"github.com/bucketlid/bucketlid/triage"
)

// Names that other tools and standards have for what an alert tells. They are
// labels: none of them changes severity or state.

// technique is a technique of MITRE ATT&CK with its tactic.
type technique struct{ id, name, tactic, tacticName string }

// attackVersion is the version of ATT&CK whose ids stand here.
const attackVersion = "16.1"

var (
	cloudRead     = technique{"T1530", "Data from Cloud Storage", "TA0009", "Collection"}
	cloudList     = technique{"T1619", "Cloud Storage Object Discovery", "TA0007", "Discovery"}
	dataGone      = technique{"T1485", "Data Destruction", "TA0040", "Impact"}
	dataChanged   = technique{"T1565.001", "Data Manipulation: Stored Data Manipulation", "TA0040", "Impact"}
	toAccount     = technique{"T1537", "Transfer Data to Cloud Account", "TA0010", "Exfiltration"}
	guardImpaired = technique{"T1562", "Impair Defenses", "TA0005", "Defense Evasion"}
)

// techniqueOf is the one technique that says most of an alert.
func techniqueOf(a *triage.Alert) technique {
	switch {
	case a.Kind == triage.KindGuardRemoved, a.Kind == triage.KindAttempt && a.Audience == policy.None:
		return guardImpaired
	case a.Kind == triage.KindShared:
		return toAccount
	case slices.Contains(a.Access, policy.Delete):
		return dataGone
	case slices.Contains(a.Access, policy.Write):
		return dataChanged
	case slices.Contains(a.Access, policy.List) && !slices.Contains(a.Access, policy.Read):
		return cloudList
	}
	return cloudRead
}

// controls are the controls of AWS Security Hub about the same thing (Security
// Hub User Guide, "Security Hub CSPM controls for Amazon S3").
func controls(a *triage.Alert) []string {
	switch {
	case a.Route == "account-block-public-access":
		return []string{"S3.1"}
	case a.Route == "block-public-access":
		return []string{"S3.8"}
	case a.Kind == triage.KindShared:
		return []string{"S3.6"}
	case a.Route == string(exposure.AccessPointPolicyRoute):
		return []string{"S3.19"}
	case a.Route == string(exposure.MultiRegionAccessPointRoute):
		return []string{"S3.24"}
	}
	var out []string
	if slices.ContainsFunc(a.Access, func(x policy.Access) bool { return x == policy.List || x == policy.Read }) {
		out = append(out, "S3.2")
	}
	if slices.ContainsFunc(a.Access, func(x policy.Access) bool { return x == policy.Write || x == policy.Delete }) {
		out = append(out, "S3.3")
	}
	return out
}

// blockPage is the page "Blocking public access to your Amazon S3 storage" of
// the Amazon S3 User Guide.
const blockPage = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html"

// remedyText is the next step in a sentence or two.
func remedyText(a *triage.Alert) string {
	switch {
	case a.Kind == triage.KindShared:
		return sharedRemedy(a)
	case a.Kind == triage.KindAttempt:
		return "Nothing was opened: the call was refused. Ask who made it what was intended."
	case a.Kind == triage.KindGuardRemoved:
		return "Switch Block Public Access on again, unless content is published on purpose."
	case a.State == exposure.Closed:
		return "It is shut, as far as is known. Look at who used it while it was open, and keep it shut with Block Public Access."
	case a.Bucket == "":
		return "Narrow the access point's policy, or switch Block Public Access on."
	}
	return "See what closes it, least disruptive first: bucketlid fix plan " + a.Bucket
}

// partitionOf is the part of AWS in which a Region lies.
func partitionOf(region string) string {
	for _, p := range partitions {
		if strings.HasPrefix(region, p.regions) {
			return p.name
		}
	}
	return "aws"
}

// partitions are those beside aws, by how their Regions begin, each with the
// Region where what is about none belongs.
var partitions = []struct{ regions, name, home string }{
	{"cn-", "aws-cn", "cn-north-1"}, {"us-gov-", "aws-us-gov", "us-gov-west-1"}, {"us-iso-", "aws-iso", "us-iso-east-1"},
	{"us-isob-", "aws-iso-b", "us-isob-east-1"}, {"eu-isoe-", "aws-iso-e", "eu-isoe-west-1"}, {"us-isof-", "aws-iso-f", "us-isof-south-1"}, {"eusc-", "aws-eusc", "eusc-de-east-1"},
}

// homeOf is the Region of a partition where what is about no Region belongs.
func homeOf(partition string) string {
	for _, p := range partitions {
		if p.name == partition {
			return p.home
		}
	}
	return globalRegion
}

// sharedRemedy is what to do about a named account that has access, which Block
// Public Access does not stop.
func sharedRemedy(a *triage.Alert) string {
	switch {
	case a.State == exposure.Closed:
		return "It is over, as far as is known. Ask the owner whether the account was meant to have access, and look at what it did meanwhile."
	case a.Route == "inventory":
		return "Ask the owner whether lists of the objects may go to that account. If not: delete the inventory configuration (aws s3api list-bucket-inventory-configurations); what was delivered stays there."
	case a.Route == "notification":
		return "Ask the owner whether that account may be told of objects. If not: take its topic, queue or function out of the bucket's notifications (aws s3api get-bucket-notification-configuration)."
	case a.Route == "replication":
		return "Ask the owner whether copies may go to that account. If not: take the rule out of the bucket's replication (aws s3api get-bucket-replication); what was copied stays there."
	}
	return "Ask the owner whether the account is meant to have access: Block Public Access does not stop it. What takes it away, and who else would lose access: bucketlid fix plan " + a.Bucket
}

// remedyPage is the page of the user guide for it.
func remedyPage(a *triage.Alert) string {
	if a.Kind == triage.KindShared {
		return sharingPage
	}
	return blockPage
}

// sharingPage is "Bucket owner granting cross-account bucket permissions".
const sharingPage = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-walkthroughs-managing-access-example2.html"

func bucketARN(a *triage.Alert, key string) string {
	arn := "arn:" + partitionOf(a.Region) + ":s3:::" + a.Bucket
	if key != "" {
		arn += "/" + key
	}
	return arn
}

// keysOf are the objects that an alert names.
func keysOf(a *triage.Alert) []string {
	if a.Key != "" {
		return []string{a.Key}
	}
	return a.Keys
}

// isAddress tells an address from the name of a service, which CloudTrail
// writes into sourceIPAddress too.
func isAddress(s string) bool {
	_, err := netip.ParseAddr(s)
	return err == nil
}

// told is the earliest instant that an alert's story names; nil where it names none.
func told(a *triage.Alert) *time.Time {
	switch opened := began(a); {
	case opened != nil:
		return opened
	case a.Bounds != nil && a.Bounds.OpenedLatest != nil:
		return a.Bounds.OpenedLatest
	}
	return a.ClosedAt
}

// latest is the last instant of which an alert tells.
func latest(a *triage.Alert) *time.Time {
	out := told(a)
	for _, t := range []*time.Time{a.ClosedAt, a.AccessSeen.Last} {
		if t != nil && (out == nil || t.After(*out)) {
			out = t
		}
	}
	return out
}

// asOf is the instant up to which the stream tells: the reading of live
// accounts or the last record, whichever is later.
func (c *collector) asOf() *time.Time {
	var out *time.Time
	if c.config != nil {
		out = c.config.Read
	}
	if s := c.summary; s != nil && s.LastEvent != nil && (out == nil || s.LastEvent.After(*out)) {
		out = s.LastEvent
	}
	return out
}
