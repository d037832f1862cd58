// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// Store is a place for an archive that is no local disk, such as Amazon S3.
// Names are those of the archive's files, with slashes.
type Store interface {
	// String is the place as people write it: s3://bucket/prefix.
	String() string
	// List tells the size of every object whose name begins with prefix.
	List(ctx context.Context, prefix string) (map[string]int64, error)
	// Get opens an object.
	Get(ctx context.Context, name string) (io.ReadCloser, error)
	// Put writes an object. With onlyNew it fails with ErrTaken where there is
	// one of this name, whoever wrote it.
	Put(ctx context.Context, name string, content *os.File, onlyNew bool) error
	// Delete removes an object.
	Delete(ctx context.Context, name string) error
}

// ErrTaken says that there is an object of this name already.
var ErrTaken = errors.New("there is one of this name already")

// transfers is how many objects are moved at once.
const transfers = 8

// Mirror is a local copy of an archive that lies in a Store: of its manifest
// and of those files that were needed. The manifest of the store decides.
type Mirror struct {
	store Store
	dir   string
	base  *state // of the store, when the mirror was opened for writing
}

// NewMirror keeps its copy in dir, which no other archive uses.
func NewMirror(store Store, dir string) *Mirror { return &Mirror{store: store, dir: dir} }

// Open opens the archive for reading, as it is in the store now. Files are
// fetched when they are needed.
func (m *Mirror) Open(ctx context.Context) (*Archive, error) {
	release, err := m.pull(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	// As a writer leaves it: without the files that left the archive since.
	if w, err := OpenWriter(m.dir); err == nil {
		w.Close()
	}
	a, err := Open(m.dir)
	if errors.Is(err, ErrNone) {
		return nil, fmt.Errorf("%s: %w here; load one with: bucketlid archive load --archive %s SOURCE", m.store, ErrNone, m.store)
	}
	if err != nil {
		return nil, err
	}
	m.attach(ctx, a)
	return a, nil
}

// OpenWriter opens the archive for writing, and makes it where there is none.
// What is written stays local until Push.
func (m *Mirror) OpenWriter(ctx context.Context) (*Archive, error) {
	release, err := m.pull(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	if m.base, err = readState(m.dir, true); err != nil {
		return nil, err
	}
	a, err := OpenWriter(m.dir)
	if err != nil {
		return nil, err
	}
	m.attach(ctx, a)
	return a, nil
}

func (m *Mirror) attach(ctx context.Context, a *Archive) {
	a.fetch = func(path, sum string) error { return m.fetch(ctx, path, sum) }
}

// pull makes the local manifest that of the store: what was written here and
// not pushed is not the archive's. Nobody else pulls until release.
func (m *Mirror) pull(ctx context.Context) (release func(), err error) {
	dir := filepath.Join(m.dir, manifestDir)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the local copy of %s: %w", m.store, err)
	}
	for ok := false; !ok; {
		if release, ok, err = lock(filepath.Join(dir, "pulling"), true); err != nil {
			return nil, fmt.Errorf("lock the local copy of %s: %w", m.store, err)
		}
		if !ok && !waited(ctx) {
			return nil, ctx.Err()
		}
	}
	err = m.renew(ctx, dir)
	if errors.Is(err, fs.ErrNotExist) { // folded between the listing and the reading
		err = m.renew(ctx, dir)
	}
	if err != nil {
		release()
		return nil, fmt.Errorf("read the manifest of %s: %w", m.store, err)
	}
	return release, nil
}

// waited lets a moment pass; false: ctx has ended.
func waited(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(50 * time.Millisecond):
		return true
	}
}

// renew replaces the local manifest by that of the store.
func (m *Mirror) renew(ctx context.Context, dir string) error {
	there, err := m.store.List(ctx, manifestDir+"/")
	if err != nil {
		return err
	}
	here, err := listSegments(dir)
	if err != nil {
		return err
	}
	for _, s := range here {
		if err := os.Remove(filepath.Join(dir, s.name)); err != nil {
			return err
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(transfers)
	found := false
	for name := range there {
		if _, ok := segmentNumber(name); ok {
			found = true
			group.Go(func() error { return m.copy(ctx, name, "") })
		}
	}
	if !found {
		return m.forget()
	}
	return group.Wait()
}

// forget removes local files of an archive that the store has no more.
func (m *Mirror) forget() error {
	folders, err := filepath.Glob(filepath.Join(m.dir, "account=*"))
	for _, folder := range folders {
		err = errors.Join(err, os.RemoveAll(folder))
	}
	return err
}

// segmentNumber reads the name of a segment in a store.
func segmentNumber(name string) (int, bool) {
	var number int
	base, ok := strings.CutPrefix(name, manifestDir+"/")
	if _, err := fmt.Sscanf(base, "%09d", &number); err != nil || !ok {
		return 0, false
	}
	return number, base == segmentName(number, false) || base == segmentName(number, true)
}

// fetch brings a file of the archive here, and proves it by its checksum.
func (m *Mirror) fetch(ctx context.Context, path, sum string) error {
	name := m.store.String() + "/" + path
	switch err := m.copy(ctx, path, sum); {
	case err == nil || ctx.Err() != nil:
		return err
	case errors.Is(err, errChecksum):
		return damaged(name, err)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s is missing, or was replaced meanwhile: run the same command again, or: bucketlid archive verify --archive %s", name, m.store)
	default:
		return fmt.Errorf("fetch %s: %w", name, err)
	}
}

var errChecksum = errors.New("its checksum does not match")

// copy brings one object here under its name, if it has the checksum.
func (m *Mirror) copy(ctx context.Context, name, sum string) error {
	content, err := m.store.Get(ctx, name)
	if err != nil {
		return err
	}
	defer content.Close()
	target := filepath.Join(m.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(target), tempPrefix+"*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // gone already if all went well
	hash := sha256.New()
	_, err = io.Copy(io.MultiWriter(file, hash), content)
	err = errors.Join(err, file.Close())
	if got := hex.EncodeToString(hash.Sum(nil)); err == nil && sum != "" && got != sum {
		err = errChecksum
	}
	if err != nil {
		return err
	}
	return os.Rename(file.Name(), target)
}

// Pushed counts what a push changed in the store.
type Pushed struct{ Added, Removed int }

// Push makes what was written to an archive of OpenWriter part of the store, in
// one step: first the files, then the segment that names them, under the number
// that follows the last one. Where another writer took that number, that is an
// error, and nothing changed. Files that left the archive are
// deleted then. tidy also deletes files that no segment names, which a killed
// push leaves; nobody else may be writing meanwhile.
func (m *Mirror) Push(ctx context.Context, a *Archive, tidy bool) (Pushed, error) {
	c := m.difference(a)
	if !c.empty() {
		if err := m.upload(ctx, a, c.add); err != nil {
			return Pushed{}, err
		}
		number := m.base.segment + 1
		err := m.publish(ctx, number, false, c.lines)
		if errors.Is(err, ErrTaken) {
			return Pushed{}, fmt.Errorf("%s: another bucketlid wrote to this archive meanwhile; nothing was changed: run the same command again", m.store)
		}
		if err != nil {
			return Pushed{}, err
		}
		m.base.segment = number
	}
	return Pushed{len(c.add), len(c.remove)}, m.clear(ctx, a, c, tidy)
}

// difference is what was changed since the mirror was opened for writing.
func (m *Mirror) difference(a *Archive) *change {
	a.mu.Lock()
	defer a.mu.Unlock()
	c := &change{}
	for _, f := range a.state.list() {
		if had, ok := m.base.files[f.Path]; !ok || had.indexPath() != f.indexPath() {
			c.add = append(c.add, f)
		}
	}
	for _, f := range m.base.list() {
		if _, has := a.state.files[f.Path]; !has {
			c.remove = append(c.remove, f.Path)
		}
	}
	for name, content := range a.state.sources {
		if had, known := m.base.sources[name]; !known || had != content {
			c.known = append(c.known, [2]hexDigest{hexDigest(name), hexDigest(content)})
		}
	}
	for object := range m.base.unread {
		if len(a.state.unread[object]) == 0 {
			c.unread = append(c.unread, pieces{object: object})
		}
	}
	for object, list := range a.state.unread {
		if !slices.Equal(list, m.base.unread[object]) {
			c.unread = append(c.unread, pieces{object, list})
		}
	}
	return c
}

func (m *Mirror) upload(ctx context.Context, a *Archive, files []File) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(transfers)
	for _, f := range files {
		if _, there := m.base.files[f.Path]; !there {
			group.Go(func() error { return m.put(ctx, f.Path, a.Path(f), false) })
		}
		if f.Index != nil {
			group.Go(func() error {
				return m.put(ctx, f.indexPath(), filepath.Join(a.root, filepath.FromSlash(f.indexPath())), false)
			})
		}
	}
	return group.Wait()
}

func (m *Mirror) put(ctx context.Context, name, path string, onlyNew bool) error {
	content, err := os.Open(path)
	if err != nil {
		return err
	}
	defer content.Close()
	if err := m.store.Put(ctx, name, content, onlyNew); err != nil {
		return fmt.Errorf("write %s/%s: %w; the archive there is as it was: run the same command again", m.store, name, err)
	}
	return nil
}

// publish writes a segment into the store, unless there is one of its name.
func (m *Mirror) publish(ctx context.Context, number int, whole bool, lines func(put func(line) error) error) error {
	dir, err := os.MkdirTemp(m.dir, tempPrefix+"*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := os.Mkdir(filepath.Join(dir, manifestDir), 0o755); err != nil {
		return err
	}
	if err := writeSegment(dir, number, whole, lines); err != nil {
		return err
	}
	name := manifestDir + "/" + segmentName(number, whole)
	return m.put(ctx, name, filepath.Join(dir, filepath.FromSlash(name)), true)
}

// clear folds a long manifest and deletes what the archive does not name any
// more.
func (m *Mirror) clear(ctx context.Context, a *Archive, c *change, tidy bool) error {
	drop := m.dropped(a, c)
	segments, err := m.store.List(ctx, manifestDir+"/")
	if err != nil {
		return err
	}
	if len(segments) > maxSegments {
		if err := m.publish(ctx, m.base.segment, true, a.state.lines); err != nil && !errors.Is(err, ErrTaken) {
			return err
		}
		for name := range segments {
			if number, ok := segmentNumber(name); ok && number <= m.base.segment {
				drop = append(drop, name)
			}
		}
	}
	if tidy {
		all, err := m.store.List(ctx, "account=")
		if err != nil {
			return err
		}
		named := a.state.names()
		for name := range all {
			if !named[name] && (safePath(name) || safeIndex(name)) {
				drop = append(drop, name)
			}
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(transfers)
	for _, name := range drop {
		group.Go(func() error { return m.store.Delete(ctx, name) })
	}
	return group.Wait()
}

// dropped is the files that left the archive, with their indexes, and the
// indexes in whose place others came.
func (m *Mirror) dropped(a *Archive, c *change) []string {
	out := slices.Clone(c.remove)
	named := a.state.names()
	for _, f := range m.base.files {
		if path := f.indexPath(); path != "" && !named[path] {
			out = append(out, path)
		}
	}
	return out
}
