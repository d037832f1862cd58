// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"errors"
	"os"
	"path/filepath"
	"time"
)

// Older lists the files of days that end before a time or at it. Those whose
// day is unknown are never among them.
func (a *Archive) Older(than time.Time) []File {
	var out []File
	for _, f := range a.Files() {
		day, err := time.Parse(time.DateOnly, f.Partition().Day)
		if err == nil && !day.AddDate(0, 0, 1).After(than) {
			out = append(out, f)
		}
	}
	return out
}

// Prune takes files out of the archive and deletes them. The log objects that
// they came from stay known, so that the next load does not bring them back.
func (a *Archive) Prune(files []File) error {
	if !a.writes {
		return errors.New("the archive was opened for reading")
	}
	c := &change{}
	for _, f := range files {
		c.remove = append(c.remove, f.Path)
	}
	if err := a.commit(c); err != nil {
		return err
	}
	a.drop(files)
	a.dropFolders(files)
	return nil
}

// dropFolders removes the folders that became empty.
func (a *Archive) dropFolders(files []File) {
	for _, f := range files {
		day := filepath.Join(a.root, filepath.FromSlash(f.dir()))
		if os.Remove(day) == nil {
			_ = os.Remove(filepath.Dir(day))
		}
	}
}
