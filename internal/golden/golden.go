// SPDX-License-Identifier: Apache-2.0

// Package golden compares output with files that a person accepted.
package golden

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/rogpeppe/go-internal/diff"
)

// update is the one -update flag of all tests that have golden files.
var update = flag.Bool("update", false, "rewrite golden files with what the tests got; look at the diff before you commit")

// Check fails t where got differs from the file at path, which is relative to
// the package under test. The failure shows what differs and the command that
// accepts it. With -update it writes the file instead, except where CI is set:
// there nobody would look at what was accepted.
func Check(t testing.TB, path string, got []byte) {
	t.Helper()
	if *update {
		if os.Getenv("CI") != "" {
			t.Fatalf("golden: -update is refused while CI is set: accept %s on your own machine and commit it", path)
		}
		write(t, path, got)
		return
	}
	want, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatalf("golden: %v", err)
	}
	if err == nil && bytes.Equal(got, want) {
		return
	}
	t.Errorf("golden: %s differs from what the test got; to accept it:\n\n  %s\n\n%s",
		path, command(t.Name()), harmless(diff.Diff(path, want, "got", got)))
}

func write(t testing.TB, path string, got []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatalf("golden: %v", err)
	}
	if err := os.WriteFile(path, got, 0o644); err != nil {
		t.Fatalf("golden: %v", err)
	}
}

// command runs exactly the test that failed, from the root of the module.
func command(test string) string {
	levels := strings.Split(test, "/")
	for i, level := range levels {
		levels[i] = "^" + level + "$"
	}
	return fmt.Sprintf("go test ./%s -run '%s' -update", folder(), strings.Join(levels, "/"))
}

// folder is the folder of the package under test below the module's root.
func folder() string {
	here, err := os.Getwd()
	if err != nil {
		return "..."
	}
	for root := here; ; root = filepath.Dir(root) {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			rel, _ := filepath.Rel(root, here)
			return filepath.ToSlash(rel)
		}
		if root == filepath.Dir(root) {
			return "..."
		}
	}
}

// harmless makes a diff of hostile bytes safe for the terminal on which it is
// read, and shows differences that cannot be seen otherwise.
func harmless(text []byte) string {
	var b strings.Builder
	for _, r := range string(text) {
		if r == '\n' || r == '\t' || unicode.IsPrint(r) {
			b.WriteRune(r)
			continue
		}
		fmt.Fprintf(&b, "\\u%04x", r)
	}
	return b.String()
}
