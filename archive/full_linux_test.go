// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"errors"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/bucketlid/bucketlid/internal/gentrail"
)

// On a disk that becomes full the load ends with an error that says so; what
// was complete stays, nothing half-written does, and after there is room the
// same load ends well.
func TestFullDisk(t *testing.T) {
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=600k"); err != nil {
		t.Skipf("no small disk can be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(disk, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	logs := t.TempDir()
	if _, err := gentrail.Write(logs, gentrail.Config{Records: 6000, Files: 60, Layout: gentrail.Flat, Gzip: true}); err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(disk, "archive")
	err := loadAndMerge(logs, root)
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "run the same command again") {
		t.Fatalf("a full disk: %v", err)
	}
	mustVerify(t, root)
	for _, path := range filesBelow(t, root) {
		if strings.HasPrefix(filepath.Base(path), tempPrefix) {
			t.Errorf("left behind: %s", path)
		}
	}
	if len(inArchive(t, root, Filter{})) == 0 {
		t.Error("what was complete before the disk was full is gone")
	}
	if err := syscall.Mount("tmpfs", disk, "tmpfs", syscall.MS_REMOUNT, "size=100m"); err != nil {
		t.Fatal(err)
	}
	if err := loadAndMerge(logs, root); err != nil {
		t.Fatal(err)
	}
	sameRecords(t, inArchive(t, root, Filter{}), inLogs(t, filesBelow(t, logs)))
	mustVerify(t, root)
}
