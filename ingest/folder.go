// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// folder is a file or a folder with all below it.
type folder struct {
	name     string // as given, cleaned
	real     string // absolute, links resolved
	isDir    bool
	filter   Filter
	progress *Progress
}

func openFolder(_ context.Context, spec string, f Filter, opts Options) (Source, error) {
	name := filepath.Clean(spec)
	info, err := os.Stat(name)
	if err != nil {
		return nil, noSuchPath(spec, name, err)
	}
	switch mode := info.Mode(); {
	case mode&fs.ModeNamedPipe != 0:
		// A pipe that the user names is what a shell's <(command) gives.
		open := func() (io.ReadCloser, error) { return os.OpenFile(name, os.O_RDONLY|openNonblock, 0) }
		return &stream{name: name, id: name, open: open}, nil
	case !mode.IsRegular() && !mode.IsDir():
		return nil, &UsageError{Spec: spec, Reason: "is " + kindOf(mode), Hint: "give a file or a folder"}
	}
	full, err := realPath(name)
	if err != nil {
		return nil, noSuchPath(spec, name, err)
	}
	if info.IsDir() {
		dir, err := os.Open(name)
		if err != nil {
			return nil, noSuchPath(spec, name, err)
		}
		dir.Close()
	}
	return &folder{name: name, real: full, isDir: info.IsDir(), filter: f, progress: opts.Progress}, nil
}

func realPath(name string) (string, error) {
	abs, err := filepath.Abs(name)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(abs)
}

func noSuchPath(spec, name string, err error) *UsageError {
	e := &UsageError{Spec: spec, Reason: pathReason(err), Hint: "check the path"}
	switch {
	case errors.Is(err, fs.ErrPermission):
		e.Hint = "let this user read it, or copy it to where this user can"
	case strings.ContainsAny(spec, "*?["):
		e.Hint = "let the shell expand the pattern (no quotes), or give the folder"
	case errors.Is(err, fs.ErrNotExist):
		if up := nearest(name); up != "" {
			e.Hint = "check the path: the last part of it that exists is " + up
		}
	}
	return e
}

// nearest returns the longest leading part of a path that exists, or "".
func nearest(name string) string {
	for up := filepath.Dir(name); up != "." && up != string(filepath.Separator); up = filepath.Dir(up) {
		if _, err := os.Stat(up); err == nil {
			return up
		}
	}
	return ""
}

// pathReason says what is wrong with a path, without naming it again.
func pathReason(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "no such file or folder"
	case errors.Is(err, fs.ErrPermission):
		return "not readable by this user"
	}
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}

func kindOf(mode fs.FileMode) string {
	switch {
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	case mode&fs.ModeDevice != 0:
		return "a device"
	case mode.IsDir():
		return "a folder"
	}
	return "not a regular file"
}

// Objects walks the tree in lexical order, one folder in memory at a time.
func (d *folder) Objects(ctx context.Context, yield func(Object) error, problem func(Problem)) error {
	w := &walk{ctx: ctx, folder: d, yield: yield, problem: problem,
		roots: map[string]bool{d.real: true}, linked: map[string]bool{}}
	if d.isDir {
		return w.dir(spot{name: d.name, real: d.real, base: under(d.real), chain: []string{d.real}})
	}
	info, err := os.Stat(d.name)
	if err != nil {
		w.tell(d.name, pathReason(err))
		return nil
	}
	// A file that was named is never foreign, whatever it is called.
	return w.file(spot{name: d.name, real: d.real, base: len(d.real)}, placeOf(filepath.ToSlash(d.real), len(d.real)), info)
}

// openRegular opens a file that was regular when it was listed, and makes sure
// that it still is: a pipe put in its place would block.
func openRegular(name string) func(context.Context) (io.ReadCloser, error) {
	return func(ctx context.Context) (io.ReadCloser, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		f, err := os.OpenFile(name, os.O_RDONLY|openNonblock, 0)
		if err != nil {
			return nil, errors.New(pathReason(err))
		}
		info, err := f.Stat()
		if err == nil && !info.Mode().IsRegular() {
			err = errors.New("is " + kindOf(info.Mode()) + " now, not a file")
		}
		if err != nil {
			f.Close()
			return nil, err
		}
		return f, nil
	}
}
