// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/bucketlid/bucketlid/remedy"
)

// journal is the file beside a plan that tells what was done of it. It holds
// the bucket for this run: two runs of one plan on one machine exclude each
// other by it, those of other machines notice each other by the state.
type journal struct {
	name     string
	file     *os.File
	release  func()
	by       string
	progress remedy.Progress
}

func journalName(plan string) string { return plan + ".journal" }

// openJournal reads the journal of a plan, which has this id, and locks it. A line that was cut off
// by the end of a process was not acknowledged and counts as not written.
func openJournal(plan, id string) (*journal, error) {
	j := &journal{name: journalName(plan)}
	release, ok, err := lockFile(j.name)
	switch {
	case err != nil:
		return nil, usageError("the folder of the plan must be writable: what is done is kept there", "journal: %v", err)
	case !ok:
		return nil, &exitError{exitFailed, j.name + " is in use: another run of this plan has it", "wait for it to end"}
	}
	j.release = release
	j.progress, err = readProgress(j.name, id)
	if err == nil {
		j.file, err = os.OpenFile(j.name, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	}
	if err != nil {
		release()
		return nil, err
	}
	return j, nil
}

// readProgress is what a journal tells; nothing where there is none.
func readProgress(name, plan string) (remedy.Progress, error) {
	entries, err := readJournal(name, plan)
	if err != nil {
		return remedy.Progress{}, fmt.Errorf("journal %s: %w", name, err)
	}
	return remedy.Follow(entries)
}

func readJournal(name, plan string) ([]remedy.Entry, error) {
	var out []remedy.Entry
	err := eachEntry(name, func(line int, e remedy.Entry) error {
		if e.Plan != plan {
			return fmt.Errorf("line %d is of plan %s, not %s: move the file away, or use its own plan", line, e.Plan, plan)
		}
		out = append(out, e)
		return nil
	})
	return out, err
}

// holdUnused keeps runs of a plan away until release, so that its file can be
// replaced. The error is that of a plan of which a call was made, or tried.
func holdUnused(plan string) (release func(), err error) {
	name := journalName(plan)
	if _, err := os.Stat(name); err != nil {
		return func() {}, nil
	}
	release, ok, err := lockFile(name)
	switch {
	case err != nil:
		return nil, usageError("choose another name", "--out: the journal of %s: %v", plan, err)
	case !ok:
		return nil, usageError("choose another name, or wait for it to end", "--out: a run of %s is under way", plan)
	}
	tried, err := journalTries(name)
	if err == nil && !tried {
		return release, nil
	}
	release()
	if err != nil {
		return nil, usageError("choose another name", "--out: the journal of %s cannot be read: %v", plan, err)
	}
	return nil, usageError("choose another name", "--out: calls of %s were made, or tried: %s tells", plan, name)
}

// journalTries reports whether a journal, of whatever plan, tells of a call: of a
// plan that was stale before its first one it tells of none.
func journalTries(name string) (bool, error) {
	tried := false
	err := eachEntry(name, func(_ int, e remedy.Entry) error {
		tried = tried || e.Step > 0 && e.Event != "failed"
		return nil
	})
	return tried, err
}

// eachEntry hands on the entries of a journal; none where there is no file.
func eachEntry(name string, take func(line int, e remedy.Entry) error) error {
	file, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for line := 1; lines.Scan(); line++ {
		var e remedy.Entry
		text := bytes.TrimSpace(lines.Bytes())
		if len(text) > 0 && text[0] != '{' { // what was cut off begins as an entry does
			return fmt.Errorf("line %d is no entry of a journal: the file was damaged, or is another; what AWS shows counts: bucketlid fix verify, bucketlid guard status", line)
		}
		if json.Unmarshal(text, &e) != nil {
			continue
		}
		if err := take(line, e); err != nil {
			return err
		}
	}
	return lines.Err()
}

// record writes an entry and waits until the disk has it. It begins with a line
// end, so that a line that was cut off does not swallow it.
func (j *journal) record(e remedy.Entry) error {
	e.Time, e.By = time.Now().UTC().Format(time.RFC3339), j.by
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if _, err := j.file.Write(append(append([]byte{'\n'}, line...), '\n')); err != nil {
		return err
	}
	return j.file.Sync()
}

func (j *journal) close() {
	_ = j.file.Close()
	j.release()
}
