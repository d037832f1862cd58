// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// walk is one pass over a folder. Each real file is read once: what lies under
// a root is met by walking that root, so a link that leads there is not
// followed. Only links cost memory, never plain files.
type walk struct {
	*folder
	ctx     context.Context
	yield   func(Object) error
	problem func(Problem)
	roots   map[string]bool // real paths of the folders entered as such: the start and the targets of links
	linked  map[string]bool // real paths of files read through a link
}

// spot is a place in the walk.
type spot struct {
	name  string   // as the user sees it
	real  string   // absolute, links resolved
	base  int      // length of the part of real that was entered as such
	chain []string // the real folders from which links led here, and the root
}

func (s spot) child(name string) spot {
	s.name, s.real = inside(s.name, name), inside(s.real, name)
	return s
}

// inside is the path of what is called name in a folder, whose own path is clean.
func inside(dir, name string) string {
	const slash = string(filepath.Separator)
	if dir == "." || strings.HasSuffix(dir, slash) {
		return filepath.Join(dir, name)
	}
	return dir + slash + name
}

func (w *walk) tell(name, reason string) { w.problem(Problem{Object: name, Reason: reason}) }

func (w *walk) dir(at spot) error {
	entries, err := os.ReadDir(at.name)
	if err != nil {
		w.tell(at.name, "folder cannot be listed: "+pathReason(err))
	}
	here := folderPlace(filepath.ToSlash(at.real)+"/", at.base)
	for _, e := range entries {
		if err := w.ctx.Err(); err != nil {
			return err
		}
		if err := w.entry(at.child(e.Name()), at.real, here, e); err != nil {
			return err
		}
	}
	return nil
}

// entry goes on at a folder's entry; here is what the folder's path tells.
func (w *walk) entry(at spot, parent string, here place, e fs.DirEntry) error {
	mode := e.Type()
	switch {
	case mode&fs.ModeSymlink != 0:
		return w.link(at, parent)
	case mode.IsDir():
		if w.skipDir(at) || w.roots[at.real] {
			return nil
		}
		return w.dir(at)
	case !mode.IsRegular():
		w.tell(at.name, "is "+kindOf(mode)+"; not read")
		return nil
	}
	info, err := e.Info()
	if err != nil {
		w.tell(at.name, pathReason(err))
		return nil
	}
	if w.linked[at.real] {
		return nil
	}
	return w.file(at, here.withFile(e.Name(), false), info)
}

// skipDir rules a folder out by its name and counts it.
func (w *walk) skipDir(at spot) bool {
	if hidden(filepath.Base(at.real)) {
		w.progress.addHidden()
		return true
	}
	want := w.filter.wants(placeOf(filepath.ToSlash(at.real)+"/", at.base))
	if want == wantRead {
		return false
	}
	w.progress.addSkip(want)
	return true
}

func hidden(name string) bool { return strings.HasPrefix(name, ".") }

func (w *walk) file(at spot, p place, info fs.FileInfo) error {
	if want := w.filter.wants(p); want != wantRead {
		w.progress.addSkip(want)
		return nil
	}
	return w.yield(Object{Name: at.name, Size: info.Size(), ID: at.real, Open: openRegular(at.name)})
}

// link follows a symbolic link unless what it leads to is read anyway.
func (w *walk) link(at spot, parent string) error {
	target, err := filepath.EvalSymlinks(at.real)
	if err != nil {
		w.tell(at.name, "symbolic link leads nowhere: "+pathReason(err))
		return nil
	}
	info, err := os.Stat(target)
	if err != nil {
		w.tell(at.name, "symbolic link leads nowhere: "+pathReason(err))
		return nil
	}
	switch mode := info.Mode(); {
	case mode.IsDir():
		return w.linkedDir(at, parent, target)
	case !mode.IsRegular():
		w.tell(at.name, "leads to "+kindOf(mode)+"; not read")
		return nil
	}
	if w.met(target) || w.linked[target] {
		return nil
	}
	w.linked[target] = true
	at.real, at.base = target, under(filepath.Dir(target))
	return w.file(at, placeOf(filepath.ToSlash(target), at.base), info)
}

func (w *walk) linkedDir(at spot, parent, target string) error {
	for _, above := range append([]string{parent}, at.chain...) {
		if within(above, target) {
			w.tell(at.name, "symbolic link leads back to a folder above it; not followed")
			return nil
		}
	}
	if w.met(target) || w.roots[target] {
		return nil
	}
	if hidden(filepath.Base(at.name)) {
		w.progress.addHidden()
		return nil
	}
	w.roots[target] = true
	return w.dir(spot{name: at.name, real: target, base: under(target),
		chain: append(at.chain[:len(at.chain):len(at.chain)], parent, target)})
}

// met reports whether the walk of some root comes by path on its own: it lies
// under that root, and in no hidden folder there.
func (w *walk) met(path string) bool {
	for root := range w.roots {
		if !within(path, root) || path == root {
			continue
		}
		rel, err := filepath.Rel(root, filepath.Dir(path))
		if err == nil && !hiddenWithin(rel) {
			return true
		}
	}
	return false
}

func hiddenWithin(rel string) bool {
	for _, part := range strings.Split(filepath.ToSlash(rel), "/") {
		if part != "." && hidden(part) {
			return true
		}
	}
	return false
}

// under returns where the names of what lies in dir start.
func under(dir string) int {
	return len(strings.TrimSuffix(dir, string(filepath.Separator))) + 1
}

// within reports whether path is dir or lies under it.
func within(path, dir string) bool {
	return path == dir || strings.HasPrefix(path, strings.TrimSuffix(dir, string(filepath.Separator))+string(filepath.Separator))
}
