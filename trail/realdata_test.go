// SPDX-License-Identifier: Apache-2.0

package trail

import (
	"compress/gzip"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRealData reads public logs, if there are any: every file must yield
// records or be named as skipped, and all records must decode.
func TestRealData(t *testing.T) {
	root := os.Getenv("BUCKETLID_REALDATA")
	if root == "" {
		t.Skip("BUCKETLID_REALDATA names no folder of real logs")
	}
	var files, records, undecodable int
	var skipped, bytes int64
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !isLog(path) {
			return err
		}
		stats, bad := scanFile(t, path)
		if stats.Records == 0 && stats.Skipped == 0 && stats.Bytes > 20 {
			t.Errorf("%s: %d bytes, neither records nor skips", path, stats.Bytes)
		}
		files++
		records += int(stats.Records)
		skipped += stats.Skipped
		bytes += stats.Bytes
		undecodable += bad
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d files, %d bytes, %d records, %d skipped, %d undecodable", files, bytes, records, skipped, undecodable)
}

func isLog(path string) bool {
	for _, end := range []string{".json", ".json.gz", ".jsonl", ".ndjson", ".csv", ".yml", ".yaml", ".cloudtrail", ".log"} {
		if strings.HasSuffix(path, end) {
			return true
		}
	}
	return false
}

func scanFile(t *testing.T, path string) (Stats, int) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			t.Errorf("%s: %v", path, err)
			return Stats{}, 0
		}
	}
	bad := 0
	stats, err := Scan(r, Options{}, func(h *Header, raw []byte) error {
		record, err := Decode(raw, h)
		if err != nil {
			bad++
			t.Logf("%s: %v", path, err)
			return nil
		}
		agree(t, h, record)
		return nil
	}, func(s Skip) {
		t.Logf("%s:%d: %s", filepath.Base(path), s.Offset, s.Reason)
	})
	if err != nil {
		t.Errorf("%s: %v", path, err)
	}
	return stats, bad
}

// agree fails the test where the header and the decoded record differ.
func agree(t interface {
	Helper()
	Errorf(string, ...any)
}, h *Header, r *Record) {
	t.Helper()
	for _, c := range []struct {
		name    string
		header  []byte
		decoded string
	}{
		{"Time", h.Time, r.EventTimeText},
		{"Name", h.Name, r.EventName},
		{"Source", h.Source, r.EventSource},
		{"Region", h.Region, r.AWSRegion},
		{"Address", h.Address, r.SourceIPAddress},
		{"Agent", h.Agent, r.UserAgent},
		{"Error", h.Error, r.ErrorCode},
		{"EventID", h.EventID, r.EventID},
		{"SharedEventID", h.SharedEventID, r.SharedEventID},
		{"RecipientAccountID", h.RecipientAccountID, r.RecipientAccountID},
		{"Type", h.Type, r.UserIdentity.Type},
		{"PrincipalID", h.PrincipalID, r.UserIdentity.PrincipalID},
		{"ARN", h.ARN, r.UserIdentity.ARN},
		{"AccountID", h.AccountID, r.UserIdentity.AccountID},
		{"UserName", h.UserName, r.UserIdentity.UserName},
		{"InvokedBy", h.InvokedBy, r.UserIdentity.InvokedBy},
		{"IssuerARN", h.IssuerARN, r.UserIdentity.Issuer.ARN},
	} {
		if string(c.header) != c.decoded {
			t.Errorf("%s: header %q, decoded %q", c.name, c.header, c.decoded)
		}
	}
}
