// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bucketlid/bucketlid/internal/gentrail"
)

// With these set, the test's program loads a folder of logs instead, in a
// process that can be killed.
const (
	envLogs    = "BUCKETLID_TEST_LOGS"
	envArchive = "BUCKETLID_TEST_ARCHIVE"
)

func TestMain(m *testing.M) {
	if logs := os.Getenv(envLogs); logs != "" {
		os.Exit(loadAlone(logs, os.Getenv(envArchive)))
	}
	os.Exit(m.Run())
}

func loadAlone(logs, root string) int {
	if err := loadAndMerge(logs, root); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func loadAndMerge(logs, root string) error {
	a, err := OpenWriter(root)
	if err != nil {
		return err
	}
	defer a.Close()
	a.Gather(calls)
	l, err := a.Load(LoadOptions{Buffer: 200_000})
	if err != nil {
		return err
	}
	r := l.Reader()
	names, err := filepath.Glob(filepath.Join(logs, "*"))
	if err != nil {
		return err
	}
	for _, name := range names {
		if l.Known(name, "") {
			continue
		}
		if err := loadFile(r, name); err != nil {
			return err
		}
	}
	if _, err := l.Close(); err != nil {
		return err
	}
	_, err = a.Compact(context.Background(), nil, 0)
	return err
}

// Killed again and again at moments of chance, the load leaves a whole archive
// each time, goes on where it ended, and ends with every record once.
func TestKilledLoads(t *testing.T) {
	if testing.Short() {
		t.Skip("starts and kills processes")
	}
	logs := t.TempDir()
	if _, err := gentrail.Write(logs, gentrail.Config{Records: 6000, Files: 60, Duplicates: 0.03, Layout: gentrail.Flat, Gzip: true}); err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(t.TempDir(), "archive")
	chance := rand.New(rand.NewPCG(1, 2))
	killed := 0
	for range 20 {
		after := time.Duration(chance.IntN(400)) * time.Millisecond
		if killAfter(t, logs, root, after) {
			killed++
		}
		a, err := Open(root)
		if errors.Is(err, ErrNone) {
			continue
		}
		if err != nil {
			t.Fatalf("after a kill: %v", err)
		}
		faults, err := a.Verify(t.Context(), nil)
		a.Close()
		if err != nil || len(faults) > 0 {
			t.Fatalf("after a kill: %v, %v", faults, err)
		}
	}
	if killed == 0 {
		t.Error("no load was killed before its end")
	}
	if out, err := loadCommand(logs, root).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	sameRecords(t, inArchive(t, root, Filter{}), inLogs(t, filesBelow(t, logs)))
	mustVerify(t, root)
	for _, path := range filesBelow(t, root) {
		if strings.HasPrefix(filepath.Base(path), tempPrefix) {
			t.Errorf("left behind: %s", path)
		}
	}
}

func loadCommand(logs, root string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), envLogs+"="+logs, envArchive+"="+root)
	return cmd
}

// killAfter reports whether the load was killed rather than at its end.
func killAfter(t *testing.T, logs, root string, after time.Duration) bool {
	t.Helper()
	cmd := loadCommand(logs, root)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(after)
	_ = cmd.Process.Kill()
	return cmd.Wait() != nil
}
