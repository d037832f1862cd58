// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/bucketlid/bucketlid/internal/mototest"
)

// cloudTrail is a server made up at the edge of HTTP: moto has no
// ListPublicKeys. It tells the keys of one Region on two pages.
func cloudTrail(t *testing.T, region string, keys json.RawMessage, asked *[]string) {
	t.Helper()
	mototest.Isolate(t)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		*asked = append(*asked, r.Header.Get("X-Amz-Target")+" "+string(body))
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		switch {
		case !strings.Contains(r.Header.Get("Authorization"), "/"+region+"/cloudtrail/"):
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"__type":"AccessDeniedException","message":"User: arn:aws:iam::111122223333:user/ann is not authorized to perform: cloudtrail:ListPublicKeys"}`)
		case strings.Contains(string(body), "NextToken"):
			fmt.Fprintf(w, `{"PublicKeyList":%s}`, keys)
		default:
			fmt.Fprint(w, `{"PublicKeyList":[],"NextToken":"more"}`)
		}
	}))
	t.Cleanup(srv.Close)
	t.Setenv("AWS_ENDPOINT_URL", srv.URL)
}

// signedTrail writes the trail of the manual's script, and gives its keys.
func signedTrail(t *testing.T) (dir string, keys json.RawMessage) {
	t.Helper()
	script, err := txtar.ParseFile(filepath.Join("testdata", "script", "digests.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	for _, f := range script.Files {
		if f.Name == "keys.json" {
			var file struct {
				PublicKeyList []struct{ Value, Fingerprint string }
			}
			if err := json.Unmarshal(f.Data, &file); err != nil {
				t.Fatal(err)
			}
			keys, _ = json.Marshal(file.PublicKeyList)
		}
		name := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "logs"), keys
}

// Without --keys CloudTrail is asked, in the Region of the digests and for
// their time.
func TestDigestKeysAreAskedFor(t *testing.T) {
	logs, keys := signedTrail(t)
	var asked []string
	cloudTrail(t, "eu-west-1", keys, &asked)
	lines := jsonl(t, "coverage", logs, "--validate-digests", "-o", "jsonl", "--strict")
	if last := lines[len(lines)-1]; !strings.Contains(last, `"digests":{"verified":3},"files":{"verified":2}`) {
		t.Error(last)
	}
	const want = `CloudTrail_20131101.ListPublicKeys {"EndTime":1772463600,"StartTime":1772452800}`
	if len(asked) != 2 || asked[0] != want || !strings.Contains(asked[1], `"NextToken":"more"`) {
		t.Errorf("asked %q", asked)
	}
}

// A refusal names the permission, fails nothing and proves nothing.
func TestDigestKeysAreRefused(t *testing.T) {
	logs, keys := signedTrail(t)
	var asked []string
	cloudTrail(t, "nowhere-1", keys, &asked)
	text := strings.Join(jsonl(t, "coverage", logs, "--validate-digests", "-o", "jsonl"), "\n")
	for _, part := range []string{`"digests":{"unproven":3}`, "The public keys of eu-west-1 could not be asked for", "the permission cloudtrail:ListPublicKeys is missing", "give them with --keys"} {
		if !strings.Contains(text, part) {
			t.Errorf("not told: %q in\n%s", part, text)
		}
	}
}
