// SPDX-License-Identifier: Apache-2.0

package intel

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// manifestName is the file that says which files of a directory are in use.
// Data files carry their hash in their name and are never overwritten; the
// manifest changes from one to the next in one rename. So a process killed at
// any moment leaves the old data or the new, never a mixture.
const manifestName = "manifest.json"

const manifestVersion = 1

// Manifest lists what was fetched.
type Manifest struct {
	Version int      `json:"version"`
	Sources []Record `json:"sources"`
}

// Record is what is kept of one fetched source.
type Record struct {
	Name         string    `json:"name"`
	Title        string    `json:"title"`
	Kind         Kind      `json:"kind,omitempty"`
	Provider     string    `json:"provider,omitempty"`
	Format       string    `json:"format"`
	File         string    `json:"file"`
	URL          string    `json:"url"`
	Fetched      time.Time `json:"fetched"` // when the file came
	Checked      time.Time `json:"checked"` // when it was last known to be the newest
	ETag         string    `json:"etag,omitempty"`
	LastModified string    `json:"last_modified,omitempty"`
	SHA256       string    `json:"sha256"`
	Bytes        int64     `json:"bytes"`
	Entries      int       `json:"entries"`
	Malformed    int       `json:"malformed"`
	Licence      string    `json:"licence"`
	LicenceURL   string    `json:"licence_url,omitempty"`
	MaxAgeHours  int       `json:"max_age_hours"`
}

func (r *Record) row() *Row {
	return &Row{Name: r.Name, Title: r.Title, URL: r.URL, Kind: r.Kind, Provider: r.Provider, Format: r.Format, Licence: r.Licence,
		MaxAge: time.Duration(r.MaxAgeHours) * time.Hour}
}

func (r *Record) source() *Source {
	return &Source{Name: r.Name, Title: r.Title, Kinds: kindsOf(r.Kind), File: r.File, Licence: r.Licence, URL: r.URL, Date: r.Checked,
		MaxAge: time.Duration(r.MaxAgeHours) * time.Hour}
}

func kindsOf(kind Kind) []Kind {
	if kind == "" {
		return nil
	}
	return []Kind{kind}
}

// maxManifest bounds the manifest.
const maxManifest = 4 << 20

// readManifest reads a directory's manifest; one that is not there is empty.
func readManifest(dir string) (*Manifest, error) {
	m := &Manifest{Version: manifestVersion}
	text, err := readBounded(filepath.Join(dir, manifestName), maxManifest)
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, m); err != nil {
		return nil, fmt.Errorf("%s is damaged (%w): remove it and run bucketlid intel update", filepath.Join(dir, manifestName), err)
	}
	if m.Version != manifestVersion {
		return nil, fmt.Errorf("%s is of version %d, this program reads %d: use another --dir, or the newer program", filepath.Join(dir, manifestName), m.Version, manifestVersion)
	}
	for _, r := range m.Sources {
		if !goodName(r.Name) || r.File != filepath.Base(r.File) || strings.HasPrefix(r.File, ".") {
			return nil, fmt.Errorf("%s names the source %q and the file %q: remove it and run bucketlid intel update", filepath.Join(dir, manifestName), shorten(r.Name), shorten(r.File))
		}
	}
	return m, nil
}

// find returns the record of a source, or nil.
func (m *Manifest) find(name string) *Record {
	for i := range m.Sources {
		if m.Sources[i].Name == name {
			return &m.Sources[i]
		}
	}
	return nil
}

// put adds or replaces a record.
func (m *Manifest) put(r Record) {
	if have := m.find(r.Name); have != nil {
		*have = r
		return
	}
	m.Sources = append(m.Sources, r)
	slices.SortFunc(m.Sources, func(a, b Record) int { return cmp.Compare(a.Name, b.Name) })
}

// write replaces a directory's manifest in one step.
func (m *Manifest) write(dir string) error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	temp, err := writeTemp(dir, bytes.NewReader(append(text, '\n')))
	if err != nil {
		return err
	}
	return rename(temp, filepath.Join(dir, manifestName))
}

// tempPrefix begins the names of unfinished files.
const tempPrefix = ".unfinished-"

// writeTemp writes a file to the disk under a name of its own.
func writeTemp(dir string, content io.Reader) (string, error) {
	f, err := os.CreateTemp(dir, tempPrefix+"*")
	if err != nil {
		return "", err
	}
	_, err = io.Copy(f, content)
	err = errors.Join(err, f.Sync(), f.Chmod(0o644), f.Close())
	if err != nil {
		_ = os.Remove(f.Name())
		return "", err
	}
	return f.Name(), nil
}

func rename(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		_ = os.Remove(from)
		return err
	}
	return nil
}

// readBounded reads a regular file of at most limit bytes.
func readBounded(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file", path)
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("%s has %d bytes, more than %d", path, info.Size(), limit)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, limit+1))
	if int64(len(text)) > limit {
		return nil, fmt.Errorf("%s has more than %d bytes", path, limit)
	}
	return text, err
}

func sum(content []byte) string {
	hash := sha256.Sum256(content)
	return hex.EncodeToString(hash[:])
}

// goodName reports whether a source's name may stand in a file's name.
func goodName(name string) bool {
	return name != "" && len(name) <= 64 && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == "" && name[0] != '-'
}
