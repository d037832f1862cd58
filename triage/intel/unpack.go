// SPDX-License-Identifier: Apache-2.0

package intel

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/klauspost/compress/gzip"
)

// maxMembers bounds the files of an archive that are looked at.
const maxMembers = 1000

// Databases and lists of networks grow to some five or ten times their packed
// size; what grows a hundredfold is made to fill the memory. Small files may.
const (
	maxGrowth = 100
	minGrown  = 1 << 20
)

// unpack takes one layer of packing off, by content: gzip, a zip archive, or a
// tar archive within gzip. Of an archive it gives the one file that can be
// meant. It unpacks to no more than limit bytes, nor than maxGrowth times its size.
func unpack(content []byte, format string, limit int64) ([]byte, error) {
	limit = min(limit, max(maxGrowth*int64(len(content)), minGrown))
	switch {
	case bytes.HasPrefix(content, []byte("\x1f\x8b")):
		r, err := gzip.NewReader(bytes.NewReader(content))
		if err != nil {
			return nil, fmt.Errorf("its gzip is damaged: %w", err)
		}
		plain, err := readLimited(r, limit)
		if err != nil {
			return nil, fmt.Errorf("its gzip: %w", err)
		}
		if len(plain) > 262 && string(plain[257:262]) == "ustar" {
			return fromTar(plain, format, limit)
		}
		return plain, nil
	case bytes.HasPrefix(content, []byte("PK\x03\x04")):
		return fromZip(content, format, limit)
	}
	return content, nil
}

func readLimited(r io.Reader, limit int64) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(r, limit+1))
	if int64(len(content)) > limit {
		return nil, fmt.Errorf("it unpacks to more than %d bytes", limit)
	}
	return content, err
}

// endings are those of the files that an archive is fetched for.
var endings = []string{".csv", ".txt", ".json", ".netset", ".ipset", ".list", ".zone", ".cidr"}

// wanted reports whether a file of an archive can be the one that is meant, and
// not a licence or a page about it.
func wanted(name, format string) bool {
	base := strings.ToLower(path.Base(name))
	if format == "mmdb" {
		return path.Ext(base) == ".mmdb" && base[0] != '.'
	}
	for _, about := range []string{"licen", "copyright", "readme", "notice", "."} {
		if strings.HasPrefix(base, about) {
			return false
		}
	}
	return slices.Contains(endings, path.Ext(base)) && !strings.HasPrefix(name, "__MACOSX/")
}

func fromZip(content []byte, format string, limit int64) ([]byte, error) {
	if n := bytes.Count(content, []byte("PK\x01\x02")); n > maxMembers {
		return nil, fmt.Errorf("its zip archive holds %d files, more than %d", n, maxMembers)
	}
	r, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return nil, fmt.Errorf("its zip archive is damaged: %w", err)
	}
	files := slices.DeleteFunc(r.File, func(f *zip.File) bool { return f.FileInfo().IsDir() || !wanted(f.Name, format) })
	var names []string
	for _, f := range files {
		names = append(names, f.Name)
	}
	if err := oneOf(names, format); err != nil {
		return nil, err
	}
	member, err := files[0].Open()
	if err != nil {
		return nil, fmt.Errorf("%q in its zip archive: %w", shorten(names[0]), err)
	}
	defer member.Close()
	plain, err := readLimited(member, limit)
	if err != nil {
		return nil, fmt.Errorf("%q in its zip archive: %w", shorten(names[0]), err)
	}
	return plain, nil
}

func fromTar(content []byte, format string, limit int64) ([]byte, error) {
	r := tar.NewReader(bytes.NewReader(content))
	var names []string
	var found []byte
	for n := 0; ; n++ {
		h, err := r.Next()
		switch {
		case errors.Is(err, io.EOF):
			return found, oneOf(names, format)
		case err != nil:
			return nil, fmt.Errorf("its tar archive is damaged: %w", err)
		case n == maxMembers:
			return nil, fmt.Errorf("its tar archive holds more than %d files", maxMembers)
		case h.Typeflag != tar.TypeReg || !wanted(h.Name, format):
			continue
		}
		if names = append(names, h.Name); len(names) > 1 {
			continue
		}
		if found, err = readLimited(r, limit); err != nil {
			return nil, fmt.Errorf("%q in its tar archive: %w", shorten(h.Name), err)
		}
	}
}

// oneOf is an error unless there is exactly one name.
func oneOf(names []string, format string) error {
	switch {
	case len(names) == 0 && format == "mmdb":
		return errors.New("its archive holds no .mmdb file")
	case len(names) == 0:
		return fmt.Errorf("its archive holds no file that ends in one of %s", strings.Join(endings, ", "))
	case len(names) == 1:
		return nil
	}
	list := names[:min(len(names), 3)]
	for i := range list {
		list[i] = shorten(list[i])
	}
	return fmt.Errorf("its archive holds %d files that may be meant (%s): unpack the right one", len(names), strings.Join(list, ", "))
}
