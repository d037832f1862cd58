// SPDX-License-Identifier: Apache-2.0

package intel

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// packings are the endings of databases as they are downloaded.
var packings = []string{".mmdb", ".mmdb.gz", ".mmdb.zip", ".tar.gz", ".tgz"}

func ownDatabase(name string) bool {
	return slices.ContainsFunc(packings, func(ending string) bool { return strings.HasSuffix(name, ending) })
}

// Open loads what a directory holds: the sources that its manifest lists, and
// every other database, packed or not, the user's own. Problems name files that could not
// be used; the others answer. A directory that is not there is an error that
// matches fs.ErrNotExist.
func Open(dir string) (d *Database, problems []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil, fmt.Errorf("%w: run bucketlid intel update, or name another directory", err)
		}
		return nil, nil, err
	}
	manifest, err := readManifest(dir)
	if err != nil {
		return nil, nil, err
	}
	d = &Database{}
	fetched := map[string]bool{}
	for i := range manifest.Sources {
		r := &manifest.Sources[i]
		fetched[r.File] = true
		if err := d.load(dir, r); err != nil {
			problems = append(problems, err.Error()+": run bucketlid intel update")
			d.unused = append(d.unused, Unused{r.Name, kindsOf(r.Kind), err.Error()})
		}
	}
	for _, e := range entries {
		if ownDatabase(e.Name()) && !fetched[e.Name()] && !strings.HasPrefix(e.Name(), ".") && !superseded(e.Name(), manifest) {
			if err := d.loadOwn(dir, e.Name()); err != nil {
				problems = append(problems, err.Error()+": replace or remove it")
				d.unused = append(d.unused, Unused{e.Name(), nil, err.Error()})
			}
		}
	}
	for _, g := range d.geo {
		d.sources = append(d.sources, g.source)
	}
	for _, l := range d.lists {
		d.sources = append(d.sources, l.source)
	}
	return d, problems, nil
}

// load reads a fetched file, which must be the one that was fetched.
func (d *Database) load(dir string, r *Record) error {
	row := r.row()
	content, err := readBounded(filepath.Join(dir, r.File), row.limit())
	if err != nil {
		return err
	}
	if sum(content) != r.SHA256 {
		return fmt.Errorf("%s is not the file that was fetched", filepath.Join(dir, r.File))
	}
	return d.add(r.source(), row, content)
}

// ownMaxAge is beyond which a user's own database is stale: MaxMind builds
// them twice a week.
const ownMaxAge = month

func (d *Database) loadOwn(dir, name string) error {
	content, err := readBounded(filepath.Join(dir, name), maxDatabase)
	if err != nil {
		return err
	}
	short, _, _ := strings.Cut(name, ".mmdb")
	s := &Source{Name: short, File: name, MaxAge: ownMaxAge}
	return d.add(s, &Row{Name: s.Name, Format: "mmdb"}, content)
}

// add makes one source answer. Databases keep the order of their files.
func (d *Database) add(s *Source, row *Row, content []byte) error {
	content, err := unpack(content, row.Format, row.limit())
	if err != nil {
		return fmt.Errorf("%s: %w", s.File, err)
	}
	if row.Format == "mmdb" {
		g, err := newGeo(s, content)
		if err == nil {
			d.geo = append(d.geo, g)
			slices.SortStableFunc(d.geo, func(a, b *geo) int { return cmp.Compare(a.source.File, b.source.File) })
		}
		return err
	}
	l, err := newList(s, row, content)
	if err == nil {
		d.lists = append(d.lists, l)
	}
	return err
}

// dataFile is the name of a source's file.
func dataFile(row *Row, sha string) string {
	extension := map[string]string{"mmdb": "mmdb", "csv": "csv", "text": "txt"}[row.Format]
	if extension == "" {
		extension = "json"
	}
	return row.Name + "." + sha[:16] + "." + extension
}

// superseded reports whether a file was fetched for a source of the manifest,
// but is not the one in use.
func superseded(name string, m *Manifest) bool {
	source, rest, ok := strings.Cut(name, ".")
	hash, _, _ := strings.Cut(rest, ".")
	return ok && len(hash) == 16 && strings.Trim(hash, "0123456789abcdef") == "" && m.find(source) != nil
}
