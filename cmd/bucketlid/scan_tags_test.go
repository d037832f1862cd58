// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bucketlid/bucketlid/account"
)

// Tags that could not be read are not taken for none.
func TestReadTags(t *testing.T) {
	at := time.Date(2026, 3, 2, 10, 0, 0, 5, time.UTC)
	for _, c := range []struct {
		setting account.Setting
		want    string
	}{
		{account.Setting{Status: account.Present, Text: `{"TagSet":[{"Key":"pii","Value":"true"},{"Key":"a","Value":""}]}`}, "[{pii true} {a }] "},
		{account.Setting{Status: account.Absent}, "[] "},
		{account.Setting{Status: account.Present, Text: `<html>`}, "[] the reply to GetBucketTagging cannot be understood"},
		{account.Setting{Status: account.Denied, Action: "s3:GetBucketTagging", Problem: "AccessDenied"}, "[] s3:GetBucketTagging: AccessDenied"},
		{account.Setting{Status: account.Failed, Action: "s3:GetBucketTagging", Problem: "no answer"}, "[] s3:GetBucketTagging: no answer"},
	} {
		read := readTags(&account.Settings{Bucket: "b", Read: at, Tags: c.setting})
		if got := fmt.Sprint(read.Set, " ", read.Lost); strings.TrimSpace(got) != strings.TrimSpace(c.want) || !read.Time.Equal(at.Truncate(time.Second)) || read.Name != "GetBucketTagging" {
			t.Errorf("%+v: %q at %s", c.setting, got, read.Time)
		}
	}
}
