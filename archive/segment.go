// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// The manifest's folder. Hive, Athena, Trino and Spark leave out names that
// begin with an underscore.
const manifestDir = "_manifest"

const schema = "bucketlid-archive/1"

// maxSegments is when segments are put together into one.
const maxSegments = 64

// line is one line of a segment: exactly one of its members is set.
type line struct {
	Archive string        `json:"archive,omitempty"` // the schema, on the first line
	Segment int           `json:"segment,omitempty"` // beside it, the number
	Add     *File         `json:"add,omitempty"`
	Remove  string        `json:"remove,omitempty"`
	Source  *Source       `json:"source,omitempty"`
	Known   *[2]hexDigest `json:"known,omitempty"`  // a source in short: hash of name, hash of content
	Mended  string        `json:"mended,omitempty"` // an object of which nothing is unread now, but for what follows
	Unread  *Unread       `json:"unread,omitempty"`
	Forget  bool          `json:"forget_sources,omitempty"`
	End     string        `json:"end,omitempty"` // SHA-256 of all lines before, on the last line
}

// hexDigest is a digest as JSON text.
type hexDigest digest

// MarshalText writes hexadecimal digits.
func (d hexDigest) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, d[:]), nil }

// UnmarshalText reads them.
func (d *hexDigest) UnmarshalText(b []byte) error {
	if len(b) != 2*len(d) {
		return fmt.Errorf("%d hexadecimal digits expected", 2*len(d))
	}
	_, err := hex.Decode(d[:], b)
	return err
}

// ManifestError says that the archive's manifest cannot be trusted.
type ManifestError struct {
	Path   string
	Reason string
}

// Error names the file, the reason and what is still whole.
func (e *ManifestError) Error() string {
	return fmt.Sprintf("%s: %s; the Parquet files are untouched: restore the manifest's folder from a copy, or load into a new archive", e.Path, e.Reason)
}

// segmentFile is a segment on disk.
type segmentFile struct {
	name   string
	number int
	whole  bool // it replaces all before it
}

func segmentName(number int, whole bool) string {
	if whole {
		return fmt.Sprintf("%09d-whole.jsonl", number)
	}
	return fmt.Sprintf("%09d.jsonl", number)
}

func listSegments(dir string) ([]segmentFile, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []segmentFile
	for _, e := range entries {
		s := segmentFile{name: e.Name()}
		base, isJSON := strings.CutSuffix(s.name, ".jsonl")
		base, s.whole = strings.CutSuffix(base, "-whole")
		if _, err := fmt.Sscanf(base, "%09d", &s.number); err != nil || !isJSON || s.name != segmentName(s.number, s.whole) {
			continue
		}
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b segmentFile) int {
		if a.number == b.number && a.whole != b.whole {
			return map[bool]int{true: 1, false: -1}[a.whole]
		}
		return a.number - b.number
	})
	return out, nil
}

// readState reads the newest whole segment and all after it. Readers do without
// the sources, which are most of the lines.
func readState(root string, sources bool) (*state, error) {
	dir := filepath.Join(root, manifestDir)
	segments, err := listSegments(dir)
	if err != nil {
		return nil, err
	}
	st := newState()
	st.segments = len(segments)
	for i := len(segments) - 1; i > 0; i-- {
		if segments[i].whole {
			segments = segments[i:]
			break
		}
	}
	for i, s := range segments {
		if !s.whole && s.number != st.segment+1 {
			return nil, &ManifestError{dir, fmt.Sprintf("segment %s follows %d: one is missing", s.name, st.segment)}
		}
		if i > 0 && s.whole {
			return nil, &ManifestError{dir, "segments out of order"}
		}
		if err := st.read(filepath.Join(dir, s.name), s.number, sources); err != nil {
			return nil, err
		}
		st.segment = s.number
	}
	return st, nil
}

// read applies one segment, after its last line has proved it whole.
func (s *state) read(path string, number int, sources bool) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	bad := func(reason string) error { return &ManifestError{path, reason} }
	body := bytes.TrimSuffix(data, []byte("\n"))
	cut := bytes.LastIndexByte(body, '\n') + 1
	var end line
	if json.Unmarshal(body[cut:], &end) != nil || end.End != checksum(body[:cut]) {
		return bad("its checksum does not match")
	}
	first := true
	for text := range bytes.Lines(body[:cut]) {
		if !sources && (bytes.HasPrefix(text, []byte(`{"source":`)) || bytes.HasPrefix(text, []byte(`{"known":`))) {
			continue
		}
		var l line
		if err := json.Unmarshal(text, &l); err != nil {
			return bad(err.Error())
		}
		if first && (l.Archive != schema || l.Segment != number) {
			return bad(fmt.Sprintf("written as %q segment %d; this version reads %s", l.Archive, l.Segment, schema))
		}
		first = false
		if l.Add != nil && !safePath(l.Add.Path) {
			return bad(fmt.Sprintf("names a file outside of the archive: %q", l.Add.Path))
		}
		if l.Add != nil && l.Add.Index != nil && !isDigest(l.Add.Index.SHA256, 64) {
			return bad(fmt.Sprintf("names an index by no SHA-256: %q", l.Add.Index.SHA256))
		}
		s.line(&l)
	}
	return nil
}

func (s *state) line(l *line) {
	switch {
	case l.Add != nil:
		s.files[l.Add.Path] = *l.Add
	case l.Remove != "":
		delete(s.files, l.Remove)
	case l.Source != nil:
		s.sources[digestOf(l.Source.Name)] = digestOf(l.Source.SHA256)
	case l.Known != nil:
		s.sources[digest(l.Known[0])] = digest(l.Known[1])
	case l.Mended != "":
		delete(s.unread, l.Mended)
	case l.Unread != nil:
		s.unread[l.Unread.Object] = append(s.unread[l.Unread.Object], *l.Unread)
	case l.Forget:
		clear(s.sources)
	}
}

// safePath reports whether a path of the manifest is one that load writes.
func safePath(path string) bool {
	dir, name := splitPath(path)
	_, ok := parsePartition(dir)
	return ok && isPart(name)
}

// safeIndex reports whether a name is one that load gives an index.
func safeIndex(path string) bool {
	dir, name := splitPath(path)
	_, ok := parsePartition(dir)
	return ok && isIndex(name)
}

func splitPath(path string) (dir, name string) {
	i := strings.LastIndexByte(path, '/')
	return path[:max(i, 0)], path[i+1:]
}

func isPart(name string) bool {
	name, isParquet := strings.CutSuffix(name, ".parquet")
	sum, isPart := strings.CutPrefix(name, "part-")
	return isParquet && isPart && isDigest(sum, 32)
}

func isIndex(name string) bool {
	name, hasSuffix := strings.CutSuffix(name, indexSuffix)
	sum, hasPrefix := strings.CutPrefix(name, indexPrefix)
	return hasSuffix && hasPrefix && isDigest(sum, 32)
}

func isDigest(text string, digits int) bool {
	return len(text) == digits && strings.Trim(text, "0123456789abcdef") == ""
}

func checksum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// writeSegment puts a segment of the lines that each yields under its name.
func writeSegment(root string, number int, whole bool, each func(put func(line) error) error) error {
	dir := filepath.Join(root, manifestDir)
	target := filepath.Join(dir, segmentName(number, whole))
	file, err := os.CreateTemp(dir, tempPrefix+"*")
	if err != nil {
		return writeError(target, err)
	}
	defer os.Remove(file.Name()) // gone already if all went well
	hash := sha256.New()
	w := bufio.NewWriter(file)
	put := func(l line) error {
		text, err := json.Marshal(l)
		if err != nil {
			return err
		}
		text = append(text, '\n')
		hash.Write(text)
		_, err = w.Write(text)
		return err
	}
	err = put(line{Archive: schema, Segment: number})
	if err == nil {
		err = each(put)
	}
	if err == nil {
		err = put(line{End: hex.EncodeToString(hash.Sum(nil))})
	}
	err = errors.Join(err, w.Flush(), file.Chmod(0o644), file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), target)
	}
	if err != nil {
		return writeError(target, err)
	}
	return syncDir(dir)
}

func (c *change) lines(put func(line) error) error {
	for i := range c.add {
		if err := put(line{Add: &c.add[i]}); err != nil {
			return err
		}
	}
	for _, path := range c.remove {
		if err := put(line{Remove: path}); err != nil {
			return err
		}
	}
	if c.forget {
		if err := put(line{Forget: true}); err != nil {
			return err
		}
	}
	for i := range c.sources {
		if err := put(line{Source: &c.sources[i]}); err != nil {
			return err
		}
	}
	for i := range c.known {
		if err := put(line{Known: &c.known[i]}); err != nil {
			return err
		}
	}
	for _, p := range c.unread {
		if err := putUnread(put, p); err != nil {
			return err
		}
	}
	return nil
}

func putUnread(put func(line) error, p pieces) error {
	if err := put(line{Mended: p.object}); err != nil {
		return err
	}
	for i := range p.list {
		if err := put(line{Unread: &p.list[i]}); err != nil {
			return err
		}
	}
	return nil
}

func (s *state) lines(put func(line) error) error {
	for _, f := range s.list() {
		if err := put(line{Add: &f}); err != nil {
			return err
		}
	}
	for _, u := range s.unreadList() {
		if err := put(line{Unread: &u}); err != nil {
			return err
		}
	}
	for name, content := range s.sources {
		if err := put(line{Known: &[2]hexDigest{hexDigest(name), hexDigest(content)}}); err != nil {
			return err
		}
	}
	return nil
}
