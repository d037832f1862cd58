// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/bucketlid/bucketlid/account"
)

// A scan whose credentials end goes on from what it read: nothing is read twice,
// and the report is that of a scan that was never cut off.
func TestScanGoesOn(t *testing.T) {
	c := newCloud(t)
	for i := range 5 {
		c.bucket(fmt.Sprintf("kept-%d", i))
	}
	c.acl("kept-1", s3types.BucketCannedACLPublicRead)
	c.put("kept-2", "k", s3types.ObjectCannedACLPublicRead)
	c.bucket("last")
	c.acl("last", s3types.BucketCannedACLPublicRead)
	whole := done(t, "scan", "--objects", "all").out
	var expired atomic.Bool
	var reads atomic.Int32
	expired.Store(true)
	proxy(t, func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Query().Has("acl") && strings.HasPrefix(r.URL.Path, "/kept-") {
			reads.Add(1)
		}
		return expired.Load() && strings.HasPrefix(r.URL.Path, "/last") && fault(w, 400, "ExpiredToken")
	})
	file := filepath.Join(t.TempDir(), "scan.checkpoint")
	args := []string{"scan", "--objects", "all", "--concurrency", "1", "--checkpoint", file}
	says(t, entered("", args...), exitPermission, []string{"what was read is kept in " + file + ": the same command goes on from there"})
	if n := reads.Swap(0); n != 6 { // five buckets and an object
		t.Fatalf("%d ACLs were read", n)
	}
	says(t, entered("", "scan", "--checkpoint", file), exitUsage, []string{"is of a scan with --objects all, and this one has none"})
	expired.Store(false)
	f := done(t, args...)
	if reads.Load() != 0 {
		t.Errorf("%d ACLs were read again", reads.Load())
	}
	says(t, f, exitDone, []string{"Checkpoint 5 buckets of a run before, the earliest read at 2"})
	if undated(f.out) != undated(whole) {
		t.Errorf("another report:\n%s\nnot\n%s", f.out, whole)
	}
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Errorf("the file is there: %v", err)
	}
}

var reTime = regexp.MustCompile(`\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\dZ`)

// undated takes the times of reading out.
func undated(stream string) string { return reTime.ReplaceAllString(stream, "TIME") }

// What could not be read is read again, and so is what was cut off or is old.
func TestCheckpointKeeps(t *testing.T) {
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	file := filepath.Join(t.TempDir(), "c")
	c, err := openCheckpoint(file, "all", now)
	check(t, err)
	bucket := func(name string, age time.Duration) account.Settings {
		return account.Settings{Account: "111122223333", Bucket: name, Read: now.Add(-age), ACL: account.Setting{Status: account.Present, Text: "x"}}
	}
	whole, old, dark, odd, gone := bucket("whole", time.Hour), bucket("old", 25*time.Hour), bucket("dark", 0), bucket("odd", 0), bucket("gone", 0)
	whole.Objects = []account.Object{{Key: "k"}}
	dark.Policy.Status, odd.Objects, gone.Gone = account.Denied, []account.Object{{Key: "\xff"}}, true
	for _, b := range []account.Settings{whole, old, dark, odd, gone} {
		c.put(b, t.Output())
	}
	if _, err := openCheckpoint(file, "all", now); err == nil || !strings.Contains(err.Error(), "another scan uses") {
		t.Errorf("two scans: %v", err)
	}
	c.close()
	text, err := os.ReadFile(file)
	check(t, err)
	check(t, os.WriteFile(file, append(text, `{"account":"111122223333","bucket":"cut","rea`...), 0o600))
	c, err = openCheckpoint(file, "all", now)
	check(t, err)
	c.put(bucket("later", 0), t.Output())
	c.close()
	c, err = openCheckpoint(file, "all", now)
	check(t, err)
	defer c.close()
	for name, want := range map[string]bool{"whole": true, "later": true, "old": false, "dark": false, "odd": false, "gone": false, "cut": false} {
		if got, ok := c.get("111122223333", name, nil); ok != want || ok && (got.Bucket != name || got.ACL.Text != "x") {
			t.Errorf("%s: %v %+v", name, ok, got)
		}
	}
	if _, ok := c.get("444455556666", "whole", nil); ok {
		t.Error("another account's bucket")
	}
	if _, ok := c.get("111122223333", "whole", []string{"k"}); !ok {
		t.Error("the object was looked at")
	}
	if _, ok := c.get("111122223333", "whole", []string{"other"}); ok {
		t.Error("the object was not looked at")
	}
	if got := c.since(now); !got.Equal(now.Add(-time.Hour)) {
		t.Errorf("since %s", got)
	}
}

// A file that is no checkpoint is left as it is.
func TestCheckpointForeign(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"hunt.jsonl": hunted, "newer": `{"checkpoint":"bucketlid-scan/9","objects":"all"}` + "\n", "binary": "\x1f\x8b\x00"} {
		file := filepath.Join(dir, name)
		check(t, os.WriteFile(file, []byte(text), 0o600))
		if _, err := openCheckpoint(file, "all", time.Now()); err == nil || !strings.Contains(err.Error(), "--checkpoint") {
			t.Errorf("%s: %v", name, err)
		}
		if left, err := os.ReadFile(file); err != nil || string(left) != text {
			t.Errorf("%s was changed", name)
		}
	}
	if _, err := openCheckpoint(filepath.Join(dir, "no", "such"), "all", time.Now()); err == nil {
		t.Error("no folder")
	}
}
