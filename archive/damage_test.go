// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// damage is what may happen to an archive's files, and what is said then.
var damage = []struct {
	name   string
	do     func(a *Archive, f File) error
	reason string
}{
	{"missing file", func(a *Archive, f File) error { return os.Remove(a.Path(f)) }, "is missing"},
	{"missing partition", func(a *Archive, f File) error { return os.RemoveAll(filepath.Dir(a.Path(f))) }, "is missing"},
	{"cut short", func(a *Archive, f File) error { return os.Truncate(a.Path(f), f.Bytes/2) }, "bytes, not"},
	{"empty", func(a *Archive, f File) error { return os.Truncate(a.Path(f), 0) }, "0 bytes, not"},
	{"one byte changed", func(a *Archive, f File) error { return flip(a.Path(f), f.Bytes/3) }, "checksum does not match"},
	{"footer changed", func(a *Archive, f File) error { return flip(a.Path(f), f.Bytes-200) }, "checksum does not match"},
}

func flip(path string, at int64) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	data[at] ^= 0x55
	return os.WriteFile(path, data, 0o644)
}

func TestDamageIsFoundAndMended(t *testing.T) {
	for _, d := range damage {
		t.Run(d.name, func(t *testing.T) {
			root := filepath.Join(t.TempDir(), "archive")
			text := fmt.Sprintf(oneRecord+oneRecord+strings.Replace(oneRecord, "-02T", "-03T", 1), 1, 2, 3)
			if err := loadText(t, root, text); err != nil {
				t.Fatal(err)
			}
			a := openWriter(t, root)
			if err := d.do(a, a.Files()[0]); err != nil {
				t.Fatal(err)
			}
			faults, err := a.Verify(t.Context(), nil)
			if err != nil || len(faults) != 1 || !strings.Contains(faults[0].Reason, d.reason) {
				t.Fatalf("faults %v, %v", faults, err)
			}
			if err := a.SetAside(faults); err != nil {
				t.Fatal(err)
			}
			a.Close()
			if err := loadText(t, root, text); err != nil {
				t.Fatal(err)
			}
			if got := inArchive(t, root, Filter{}); len(got) != 3 {
				t.Errorf("%d records after mending", len(got))
			}
			mustVerify(t, root)
		})
	}
}

// A timeline over damage ends with an error, never with fewer events alone.
func TestTimelineOverDamageIsAnError(t *testing.T) {
	for _, d := range damage[:4] {
		root := filepath.Join(t.TempDir(), "archive")
		if err := loadText(t, root, fmt.Sprintf(oneRecord, 1)); err != nil {
			t.Fatal(err)
		}
		a := open(t, root)
		if err := d.do(a, a.Files()[0]); err != nil {
			t.Fatal(err)
		}
		var last error
		for _, err := range a.Timeline(t.Context(), Filter{}) {
			last = err
		}
		var broken *DamagedError
		var missing *MissingError
		if !errors.As(last, &broken) && !errors.As(last, &missing) {
			t.Errorf("%s: %v", d.name, last)
		}
	}
}

func TestManifestDamage(t *testing.T) {
	for name, do := range map[string]func(dir string) error{
		"segment missing":   func(dir string) error { return os.Remove(filepath.Join(dir, segmentName(1, false))) },
		"all gone":          func(dir string) error { return os.RemoveAll(dir) },
		"segment cut":       func(dir string) error { return os.Truncate(filepath.Join(dir, segmentName(2, false)), 40) },
		"one digit changed": func(dir string) error { return flip(filepath.Join(dir, segmentName(1, false)), 90) },
	} {
		t.Run(name, func(t *testing.T) {
			root := filepath.Join(t.TempDir(), "archive")
			for i := range 2 {
				if err := loadText(t, root, fmt.Sprintf(oneRecord, i)); err != nil {
					t.Fatal(err)
				}
			}
			before := filesBelow(t, filepath.Join(root, "account=111122223333"))
			if err := do(filepath.Join(root, manifestDir)); err != nil {
				t.Fatal(err)
			}
			_, err := OpenWriter(root)
			var broken *ManifestError
			if !errors.As(err, &broken) {
				t.Errorf("opened for writing: %v", err)
			}
			if after := filesBelow(t, filepath.Join(root, "account=111122223333")); !slices.Equal(after, before) {
				t.Errorf("files %v, before %v", after, before)
			}
		})
	}
}
