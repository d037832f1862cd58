// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"cmp"
	"crypto/sha256"
	"maps"
	"slices"
	"strings"
	"time"
)

// File is a Parquet file of the archive, as the manifest tells it.
type File struct {
	Path      string     `json:"path"` // below the archive's folder, with slashes
	Rows      int64      `json:"rows"`
	Bytes     int64      `json:"bytes"`
	SHA256    string     `json:"sha256"`
	RawBytes  int64      `json:"raw_bytes"`            // of the records as they were read
	From      time.Time  `json:"from,omitzero"`        // first eventTime
	To        time.Time  `json:"to,omitzero"`          // last eventTime
	WithoutID int64      `json:"without_id,omitempty"` // rows without an eventID by which to know them
	Index     *IndexFile `json:"index,omitempty"`
}

// note counts a row that is written to the file.
func (f *File) note(r *Row) {
	f.Rows++
	f.RawBytes += int64(max(len(r.Raw), len(r.RawBytes)))
	if len(r.EventID) < minIDLength {
		f.WithoutID++
	}
	if r.EventTime == 0 {
		return
	}
	t := time.UnixMicro(r.EventTime).UTC()
	if f.From.IsZero() || t.Before(f.From) {
		f.From = t
	}
	if t.After(f.To) {
		f.To = t
	}
}

// Partition is the folder that the file lies in.
func (f *File) Partition() Partition {
	p, _ := parsePartition(f.dir())
	return p
}

func (f *File) dir() string {
	dir, _ := splitPath(f.Path)
	return dir
}

// Source is a log object that was read to its end, all of whose records are in
// the archive.
type Source struct {
	Name   string `json:"name"` // as given: a path, or s3://bucket/key
	Size   int64  `json:"size"` // as stored, in bytes
	SHA256 string `json:"sha256"`
}

// sourceName is a name as the manifest can hold it: JSON has no invalid UTF-8.
func sourceName(name string) string { return strings.ToValidUTF8(name, "\uFFFD") }

// digest is a short hash, so that millions of sources take little memory.
type digest [16]byte

func digestOf(s string) digest {
	sum := sha256.Sum256([]byte(s))
	return digest(sum[:16])
}

// state is what all segments together say.
type state struct {
	segment  int // the last one's number; 0 for a new archive
	files    map[string]File
	sources  map[digest]digest // by name: the content
	segments int               // how many there are on disk
	unread   map[string][]Unread
}

func newState() *state {
	return &state{files: map[string]File{}, sources: map[digest]digest{}, unread: map[string][]Unread{}}
}

// change is one step of the archive: one segment.
type change struct {
	add     []File
	remove  []string
	sources []Source
	known   [][2]hexDigest // sources in short
	unread  []pieces
	forget  bool // what is known of sources, so that they are read again
}

func (c *change) empty() bool {
	return len(c.add) == 0 && len(c.remove) == 0 && len(c.sources) == 0 && len(c.known) == 0 && len(c.unread) == 0 && !c.forget
}

func (s *state) apply(c *change) {
	for _, f := range c.add {
		s.files[f.Path] = f
	}
	for _, path := range c.remove {
		delete(s.files, path)
	}
	if c.forget {
		clear(s.sources)
	}
	for _, src := range c.sources {
		s.sources[digestOf(src.Name)] = digestOf(src.SHA256)
	}
	for _, p := range c.unread {
		s.setUnread(p)
	}
}

// list is the files by path.
func (s *state) list() []File {
	return slices.SortedFunc(maps.Values(s.files), func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
}

// names is every name below the archive's folder that the manifest tells.
func (s *state) names() map[string]bool {
	out := map[string]bool{}
	for path, f := range s.files {
		out[path] = true
		if f.Index != nil {
			out[f.indexPath()] = true
		}
	}
	return out
}

// within is the files of one partition, by path.
func (s *state) within(p Partition) []File {
	var out []File
	for _, f := range s.files {
		if f.dir() == p.Dir() {
			out = append(out, f)
		}
	}
	slices.SortFunc(out, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	return out
}
