// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/bucketlid/bucketlid/trail"
)

// meets says whether an engine that knows the choice would choose the record.
func (c *Choice) meets(h *trail.Header, raw []byte) bool {
	source := string(h.Source)
	if !slices.Contains(c.Names, string(h.Name)) || c.UserType != "" && c.UserType != string(h.Type) ||
		!slices.Contains(c.Sources, source) && (!c.Redacted || strings.HasSuffix(source, ".amazonaws.com")) {
		return false
	}
	return c.Marks == nil || slices.ContainsFunc(c.Marks, func(list []string) bool {
		return !slices.ContainsFunc(list, func(text string) bool { return !bytes.Contains(bytes.ToLower(raw), bytes.ToLower([]byte(text))) })
	})
}

// Whatever Wants takes, one of the choices takes.
func TestChoicesAreNeverNarrowerThanWants(t *testing.T) {
	var names, texts []string
	for _, c := range calls {
		names = append(names, c.name)
	}
	names = append(append(names, DataEvents()...), "GetBucketAcl", "ListBuckets", "CreatePolicyVersion")
	for _, list := range marks {
		texts = append(texts, list...)
	}
	texts = append(texts, "x-amz-", "x-amz-acl", "x-amz-storage-class", "X-Amz-Grant-Read", "x-AMZ-aCL", "X_Amz_", "private", `"`, " ")
	sources := []string{"s3.amazonaws.com", "cloudtrail.amazonaws.com", "organizations.amazonaws.com", "iam.amazonaws.com", "s3express.amazonaws.com", "redacted", ""}
	wanted := 0
	rapid.Check(t, func(t *rapid.T) {
		raw := []byte(strings.Join(rapid.SliceOfN(rapid.SampledFrom(texts), 0, 5).Draw(t, "texts"), ""))
		h := &trail.Header{
			Name:   []byte(rapid.SampledFrom(names).Draw(t, "name")),
			Source: []byte(rapid.SampledFrom(sources).Draw(t, "source")),
			Type:   []byte(rapid.SampledFrom([]string{"IAMUser", "AWSAccount", ""}).Draw(t, "type")),
		}
		if !Wants(h, raw) {
			return
		}
		wanted++
		if !slices.ContainsFunc(Choices(), func(c Choice) bool { return c.meets(h, raw) }) {
			t.Fatalf("%s of %s by %s with %q is wanted, but no choice takes it", h.Name, h.Source, h.Type, raw)
		}
	})
	if wanted == 0 {
		t.Error("no record was wanted")
	}
}

// A row that looks into the record says by which texts: else an engine would
// hand back every record of its name.
func TestEveryNarrowingHasItsMarks(t *testing.T) {
	for _, c := range calls {
		if one := c.choice(); c.wants != nil && one.Marks == nil {
			t.Errorf("%s narrows by texts that are not among the marks", c.name)
		}
	}
}
