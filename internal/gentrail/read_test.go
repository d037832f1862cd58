// SPDX-License-Identifier: Apache-2.0

package gentrail_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// record is what the tests look at of a record.
type record struct {
	EventVersion, EventName, EventSource, EventID, SharedEventID, RequestID string
	EventTime                                                               time.Time
	AWSRegion, SourceIPAddress, UserAgent, ErrorCode, ErrorMessage          string
	RecipientAccountID                                                      string
	ReadOnly                                                                bool
	UserIdentity                                                            struct {
		Type, PrincipalID, ARN, AccountID, UserName, AccessKeyID string
	}
	RequestParameters map[string]any

	raw  json.RawMessage
	file string
}

// object is one file of a trail.
type object struct {
	path        string // below the folder
	account     string
	region      string
	slot        time.Time
	records     []record
	raw, stored int
	outOfOrder  bool
}

var fileName = regexp.MustCompile(`^(\d{12})_CloudTrail_([a-z0-9-]+)_(\d{8}T\d{4}Z)_([A-Za-z0-9]{16})\.json(\.gz)?$`)

// readTrail decodes every file with the standard library alone.
func readTrail(t testing.TB, dir string) []object {
	t.Helper()
	var out []object
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		out = append(out, readObject(t, dir, path))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func readObject(t testing.TB, dir, path string) object {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	parts := fileName.FindStringSubmatch(filepath.Base(path))
	if parts == nil {
		t.Fatalf("%s is not named as CloudTrail names its files", path)
	}
	slot, err := time.Parse("20060102T1504Z", parts[3])
	if err != nil || slot.Minute()%5 != 0 {
		t.Fatalf("%s: minute %v, %v", path, slot, err)
	}
	short, _ := filepath.Rel(dir, path)
	o := object{path: short, account: parts[1], region: parts[2], slot: slot, stored: len(data)}
	if strings.HasSuffix(path, ".gz") {
		zip, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if data, err = io.ReadAll(zip); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	}
	o.raw = len(data)
	o.records = decode(t, path, data)
	for i := 1; i < len(o.records); i++ {
		if o.records[i].EventTime.Before(o.records[i-1].EventTime) {
			o.outOfOrder = true
		}
	}
	return o
}

func decode(t testing.TB, path string, data []byte) []record {
	t.Helper()
	if bytes.ContainsAny(data, "\n\r") {
		t.Fatalf("%s: the records are not on one line", path)
	}
	var file struct{ Records []json.RawMessage }
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	records := make([]record, len(file.Records))
	for i, raw := range file.Records {
		if err := json.Unmarshal(raw, &records[i]); err != nil {
			t.Fatalf("%s: record %d: %v", path, i, err)
		}
		records[i].raw, records[i].file = raw, path
	}
	return records
}

// allRecords is the records of all files.
func allRecords(objects []object) []record {
	var out []record
	for _, o := range objects {
		out = append(out, o.records...)
	}
	return out
}

// treeHash is a digest of all names and bytes under a folder.
func treeHash(t *testing.T, dir string) string {
	t.Helper()
	sum := sha256.New()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		short, err := filepath.Rel(dir, path)
		_, _ = io.WriteString(sum, filepath.ToSlash(short)+"\x00")
		_, _ = sum.Write(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(sum.Sum(nil))
}
