// SPDX-License-Identifier: Apache-2.0

package golden

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// recorder is a testing.TB that keeps its failures.
type recorder struct {
	testing.TB
	text string
}

func (r *recorder) Helper()      {}
func (r *recorder) Name() string { return "TestFormats/md" }
func (r *recorder) Errorf(format string, args ...any) {
	r.text += fmt.Sprintf(format, args...)
}
func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

func check(t *testing.T, path, got string, updating bool) string {
	t.Helper()
	was := *update
	*update = updating
	defer func() { *update = was }()
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		Check(r, path, []byte(got))
	}()
	<-done
	return r.text
}

func TestCheck(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deep", "x.txt")
	t.Setenv("CI", "")
	if text := check(t, path, "a\nb\n", false); !strings.Contains(text, "+b") {
		t.Errorf("a missing file passed: %q", text)
	}
	if text := check(t, path, "a\nb\n", true); text != "" {
		t.Errorf("update failed: %s", text)
	}
	if text := check(t, path, "a\nb\n", false); text != "" {
		t.Errorf("equal bytes failed: %s", text)
	}
	text := check(t, path, "a\n\x1b[31mc\n", false)
	for _, want := range []string{"-b", `+\u001b[31mc`, "go test ./internal/golden -run '^TestFormats$/^md$' -update"} {
		if !strings.Contains(text, want) {
			t.Errorf("the failure lacks %q:\n%s", want, text)
		}
	}
}

func TestUpdateRefusedInCI(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.txt")
	t.Setenv("CI", "true")
	if text := check(t, path, "a\n", true); !strings.Contains(text, "refused while CI is set") {
		t.Errorf("update was not refused: %q", text)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Error("the file was written in CI")
	}
}
