// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"maps"
	"math/bits"
	"slices"
	"strings"

	"github.com/bucketlid/bucketlid/trail"
)

// Choice is one of the conditions of Wants, in words that a query engine has
// too. A record that Wants takes meets one of Choices; some that meet one are
// not wanted, so that whatever an engine finds still goes to Take.
type Choice struct {
	Names   []string // eventName is one of them
	Sources []string // eventSource is one of them
	// Redacted: an eventSource that is no service's name of AWS, or none, will do too.
	Redacted bool
	UserType string // userIdentity.type; "" for any
	// Marks are lists of texts: the record holds every text of one list, in any
	// letter case. nil: no text is asked for.
	Marks [][]string
}

// marks are the texts that the rows of the table of calls look for.
var marks = [][]string{
	{"x_amz_"}, {"x-amz-grant-"}, {"x-amz-acl", "public-read"}, {"x-amz-acl", "authenticated-read"},
	{"NoSuchBucketPolicy"}, {"OwnershipControlsNotFoundError"},
	{":s3:::"}, {"%3As3%3A%3A%3A"},
}

// Choices lists the conditions of Wants.
func Choices() []Choice {
	var out []Choice
	for i := range calls {
		one := calls[i].choice()
		same := slices.IndexFunc(out, func(c Choice) bool {
			return c.Redacted == one.Redacted && slices.EqualFunc(c.Marks, one.Marks, slices.Equal)
		})
		if same < 0 {
			out = append(out, one)
			continue
		}
		out[same].Names = append(out[same].Names, one.Names...)
	}
	return append(out, Choice{Names: slices.Sorted(maps.Keys(useClasses)), Sources: []string{"s3.amazonaws.com"}, UserType: "AWSAccount"})
}

// choice asks a row's own function which of the marks it takes.
func (c *call) choice() Choice {
	out := Choice{Names: []string{c.name}, Sources: sources, Redacted: true}
	if organizationCalls[c.name] {
		out.Sources, out.Redacted = []string{"organizations.amazonaws.com"}, false
	}
	if c.wants == nil {
		return out
	}
	for _, list := range marks {
		if c.wants(&trail.Header{}, []byte(strings.Join(list, " "))) {
			out.Marks = append(out.Marks, list)
		}
	}
	return out
}

// DataEvents lists the calls whose records show that data events of a bucket are
// logged.
func DataEvents() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(useClasses)), func(name string) bool { return !isDataEvent([]byte(name)) })
}

// Rewrites lists the calls that replace or remove an object. Of Amazon S3's own
// that succeeded, each must go to Take, unless RewriteLimit leaves it out.
func Rewrites() []string { return slices.Sorted(maps.Keys(rewriteCalls)) }

// RewriteLimit is the number of leading zero bits of xxhash64(bucket/key) below
// which rewrites of objects are too many to keep, in those that were taken in; 0
// while all are kept.
func (l *Ledger) RewriteLimit() int {
	l.rewrites.shrink()
	if l.rewrites.limit == 0 {
		return 0
	}
	return bits.LeadingZeros64(l.rewrites.limit - 1)
}

// MaxRewrites is how many rewrites of objects are kept.
func MaxRewrites() int { return maxRewrites }
