// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"
)

// Archive is an opened archive: for reading, as it was at one moment; for
// writing, by one process at a time.
type Archive struct {
	root      string
	mu        sync.Mutex // of state and of the manifest's next segment
	state     *state
	release   []func()
	removing  sync.Mutex // while files are deleted: the lock is the process's
	writes    bool
	fetch     func(path, sum string) error // of a Mirror: brings a file here
	gathering Gathering
}

// ErrNone says that a folder holds no archive.
var ErrNone = errors.New("no archive")

// BusyError says that another process writes to the archive.
type BusyError struct{ Root string }

// Error says so, and what to do.
func (e *BusyError) Error() string {
	return fmt.Sprintf("%s: another bucketlid writes to this archive; wait until it ends", e.Root)
}

// Open opens the archive below root for reading. What it shows does not change
// while others write. ErrNone is returned, wrapped, where there is none.
func Open(root string) (*Archive, error) {
	a := &Archive{root: root}
	dir := filepath.Join(root, manifestDir)
	if _, err := os.Stat(dir); err != nil {
		return nil, fmt.Errorf("%s: %w here (%v); load one with: bucketlid archive load --archive %s SOURCE", root, ErrNone, cause(err), root)
	}
	// While this is held, no file that the manifest names is deleted. A reader
	// without the right to write cannot make the lock's file; it does without.
	release, ok, err := lock(filepath.Join(dir, "reading"), false)
	if err == nil && ok {
		a.release = append(a.release, release)
	}
	if a.state, err = readState(root, false); err != nil {
		a.Close()
		return nil, err
	}
	if a.state.segment == 0 {
		a.Close()
		return nil, fmt.Errorf("%s: %w here: its manifest is empty; load one with: bucketlid archive load --archive %s SOURCE", root, ErrNone, root)
	}
	return a, nil
}

// OpenWriter opens the archive below root for writing, and makes it where there
// is none. It removes what a killed process left behind. A *BusyError means that
// another process is writing.
func OpenWriter(root string) (*Archive, error) {
	dir := filepath.Join(root, manifestDir)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the archive: %w", err)
	}
	release, ok, err := lock(filepath.Join(dir, "writing"), true)
	if err != nil {
		return nil, fmt.Errorf("lock the archive: %w", err)
	}
	if !ok {
		return nil, &BusyError{root}
	}
	a := &Archive{root: root, writes: true, release: []func(){release}}
	if a.state, err = readState(root, true); err != nil {
		a.Close()
		return nil, err
	}
	if err := a.clean(); err != nil {
		a.Close()
		return nil, err
	}
	return a, nil
}

// Close ends the use of the archive.
func (a *Archive) Close() {
	for _, release := range a.release {
		release()
	}
	a.release = nil
}

// Mirrored reports whether the folder is the copy of an archive elsewhere.
func (a *Archive) Mirrored() bool { return a.fetch != nil }

// Root is the archive's folder.
func (a *Archive) Root() string { return a.root }

// Files lists the files of the archive by path.
func (a *Archive) Files() []File {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.state.list()
}

// Sources is how many log objects are known to be wholly in the archive; 0 when
// it was opened for reading.
func (a *Archive) Sources() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.state.sources)
}

// Path is where a file of the archive lies.
func (a *Archive) Path(f File) string { return filepath.Join(a.root, filepath.FromSlash(f.Path)) }

// have is where a file lies, after a Mirror has brought it here.
func (a *Archive) have(f File) (string, error) {
	path := a.Path(f)
	if a.fetch == nil {
		return path, nil
	}
	if info, err := os.Stat(path); err == nil && info.Size() == f.Bytes {
		return path, nil
	}
	return path, a.fetch(f.Path, f.SHA256)
}

// MissingError says that files of the archive are not there, or not of the size
// that the manifest tells.
type MissingError struct {
	Root  string
	Files []File
}

// Error names the first of the files, with the account and the day that an
// answer would lack, and the next step.
func (e *MissingError) Error() string {
	more := ""
	if n := len(e.Files) - 1; n > 0 {
		more = fmt.Sprintf(", and so are %d more files", n)
	}
	first := e.Files[0].Partition()
	return fmt.Sprintf("%s is missing or not of its size%s: an answer would lack records of account %s on day %s; run: bucketlid archive verify --archive %s",
		filepath.Join(e.Root, filepath.FromSlash(e.Files[0].Path)), more, first.Account, first.Day, e.Root)
}

// Whole returns a *MissingError where a file of the archive is missing. A Mirror
// brings all files here first.
func (a *Archive) Whole() error { return a.whole(a.Files()) }

func (a *Archive) whole(files []File) error {
	if a.fetch != nil {
		var group errgroup.Group
		group.SetLimit(transfers)
		for _, f := range files {
			group.Go(func() error {
				_, err := a.have(f)
				return err
			})
		}
		return group.Wait()
	}
	missing := slices.DeleteFunc(slices.Clone(files), func(f File) bool {
		info, err := os.Stat(a.Path(f))
		return err == nil && info.Size() == f.Bytes
	})
	if len(missing) > 0 {
		return &MissingError{a.root, missing}
	}
	return nil
}

// commit makes a change part of the archive.
func (a *Archive) commit(c *change) error {
	if c.empty() {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := writeSegment(a.root, a.state.segment+1, false, c.lines); err != nil {
		return err
	}
	a.state.segment++
	a.state.segments++
	a.state.apply(c)
	if a.state.segments <= maxSegments {
		return nil
	}
	return a.fold()
}

// fold puts all segments together into one.
func (a *Archive) fold() error {
	if err := writeSegment(a.root, a.state.segment, true, a.state.lines); err != nil {
		return err
	}
	a.state.segments = 1
	a.unlessRead(func() {
		dir := filepath.Join(a.root, manifestDir)
		segments, _ := listSegments(dir)
		for _, s := range segments {
			if s.number < a.state.segment || s.number == a.state.segment && !s.whole {
				_ = os.Remove(filepath.Join(dir, s.name))
			}
		}
	})
	return nil
}

// unlessRead deletes what no reader may be reading. Otherwise it stays for the
// next process that writes.
func (a *Archive) unlessRead(remove func()) {
	a.removing.Lock()
	defer a.removing.Unlock()
	release, ok, err := lock(filepath.Join(a.root, manifestDir, "reading"), true)
	if err != nil || !ok {
		return
	}
	defer release()
	remove()
}

// drop deletes files that do not belong to the archive any more.
func (a *Archive) drop(files []File) {
	a.unlessRead(func() {
		for _, f := range files {
			_ = os.Remove(a.Path(f))
			a.removeIndex(&f)
		}
	})
}

func (a *Archive) removeIndex(f *File) {
	if f.Index != nil {
		_ = os.Remove(filepath.Join(a.root, filepath.FromSlash(f.indexPath())))
	}
}

// clean removes half-written files, and complete ones that no segment names:
// a process was killed before it could tell. Their log objects do not count as
// read, so that nothing is lost. Only names that load gives are touched.
func (a *Archive) clean() error {
	if a.state.segment == 0 {
		if path, found := a.anyPart(); found {
			return &ManifestError{path, "a Parquet file, but the manifest is empty or gone"}
		}
	}
	var orphans []string
	known := a.state.names()
	err := a.walk(func(path, name string) {
		rel, _ := filepath.Rel(a.root, path)
		if strings.HasPrefix(name, tempPrefix) || (isPart(name) || isIndex(name)) && !known[filepath.ToSlash(rel)] {
			orphans = append(orphans, path)
		}
	})
	if err != nil {
		return err
	}
	a.unlessRead(func() {
		for _, path := range orphans {
			_ = os.Remove(path)
		}
	})
	return nil
}

func (a *Archive) anyPart() (path string, found bool) {
	_ = a.walk(func(p, name string) {
		if isPart(name) {
			path, found = p, true
		}
	})
	return path, found
}

// walk calls f for each file in the partitions' folders and in the manifest's.
func (a *Archive) walk(f func(path, name string)) error {
	return filepath.WalkDir(a.root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("read the archive: %w", err)
		}
		rel, _ := filepath.Rel(a.root, path)
		rel = filepath.ToSlash(rel)
		if !d.IsDir() {
			f(path, d.Name())
			return nil
		}
		if rel == "." || rel == manifestDir || strings.HasPrefix(rel, "account=") {
			return nil
		}
		return filepath.SkipDir
	})
}
