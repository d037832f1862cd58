// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/bucketlid/bucketlid/account"
)

// checkpointSchema names the version of a checkpoint's file.
const checkpointSchema = "bucketlid-scan/1"

// checkpointAge is how long a reading stands for the present one.
const checkpointAge = 24 * time.Hour

// maxCheckpointLine bounds one bucket's settings: 10,000 objects of 1,024 bytes a
// key with an ACL of 100 grants each, and room to spare.
const maxCheckpointLine = 256 << 20

// checkpoint is the file in which a scan keeps what it read of each bucket, so
// that one that was cut off goes on from there. Where each bucket's line lies is
// kept in memory, and not the line.
type checkpoint struct {
	name    string
	file    *os.File
	release func()
	lines   map[checkpointed]extent
	broken  bool // nothing more is kept

	mu     sync.Mutex
	used   int
	oldest time.Time // of the readings that were used; zero where none was
}

type checkpointed struct{ account, bucket string }

type extent struct {
	offset int64
	length int
}

// checkpointHead is the first line: what was looked at of each bucket.
type checkpointHead struct {
	Checkpoint string `json:"checkpoint"`
	Objects    string `json:"objects"`
}

// openCheckpoint opens or makes the file and holds it against other scans. objects
// is the choice of objects as a flag, which must be that of the scan that made it.
func openCheckpoint(name, objects string, now time.Time) (*checkpoint, error) {
	release, ok, err := lockFile(name)
	switch {
	case err != nil:
		return nil, usageError("its folder must be there and writable", "--checkpoint: %v", err)
	case !ok:
		return nil, usageError("wait for it to end, or give each scan a file of its own", "--checkpoint: another scan uses %s", name)
	}
	c := &checkpoint{name: name, release: release, lines: map[checkpointed]extent{}}
	c.file, err = os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err == nil {
		err = c.load(checkpointHead{checkpointSchema, objects}, now)
	}
	var coded *exitError
	if err != nil && !errors.As(err, &coded) {
		err = fmt.Errorf("--checkpoint: %w", err)
	}
	if err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

func (c *checkpoint) load(want checkpointHead, now time.Time) error {
	info, err := c.file.Stat()
	if err != nil {
		return err
	}
	if info.Size() == 0 {
		return c.write(want)
	}
	lines := bufio.NewScanner(c.file)
	lines.Buffer(nil, maxCheckpointLine)
	var offset int64
	for first := true; lines.Scan(); {
		line := lines.Bytes()
		if len(bytes.TrimSpace(line)) > 0 {
			if first {
				if err := c.checkHead(line, want); err != nil {
					return err
				}
				first = false
			} else {
				c.index(line, offset, now)
			}
		}
		offset += int64(len(line)) + 1
	}
	if err := lines.Err(); err != nil {
		return c.foreign()
	}
	return nil
}

// index notes where a bucket's line lies. One that was cut off by the end of a
// process, or is too old, counts as not there.
func (c *checkpoint) index(line []byte, offset int64, now time.Time) {
	var b struct {
		Account, Bucket string
		Read            time.Time
	}
	if json.Unmarshal(line, &b) != nil {
		return
	}
	if age := now.Sub(b.Read); age >= 0 && age <= checkpointAge && b.Bucket != "" {
		c.lines[checkpointed{b.Account, b.Bucket}] = extent{offset, len(line)}
	}
}

func (c *checkpoint) checkHead(line []byte, want checkpointHead) error {
	var head checkpointHead
	if json.Unmarshal(line, &head) != nil || head.Checkpoint == "" {
		return c.foreign()
	}
	if head.Checkpoint != want.Checkpoint {
		return usageError("remove it, or give another file", "--checkpoint: %s is of another version of bucketlid (%s)", c.name, head.Checkpoint)
	}
	if head.Objects != want.Objects {
		return usageError("give the same --objects, remove it, or give another file", "--checkpoint: %s is of a scan with --objects %s, and this one has %s", c.name, head.Objects, want.Objects)
	}
	return nil
}

func (c *checkpoint) foreign() error {
	return usageError("give a file that is not there yet, or the one of a scan that was cut off", "--checkpoint: %s is no checkpoint of a scan", c.name)
}

func (c *checkpoint) write(v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = c.file.Write(slices.Concat([]byte("\n"), text, []byte("\n"))) // a line that was cut off before ends here
	return err
}

// get gives what was read of a bucket before, if the objects of these keys were
// looked at too. It may be called by many at once.
func (c *checkpoint) get(owner, bucket string, keys []string) (account.Settings, bool) {
	var b account.Settings
	at, ok := c.lines[checkpointed{owner, bucket}]
	if !ok {
		return b, false
	}
	text := make([]byte, at.length)
	if _, err := c.file.ReadAt(text, at.offset); err != nil || json.Unmarshal(text, &b) != nil {
		return b, false
	}
	for _, key := range keys {
		if !slices.ContainsFunc(b.Objects, func(o account.Object) bool { return o.Key == key && o.Version == "" }) {
			return b, false
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.used++; c.oldest.IsZero() || b.Read.Before(c.oldest) {
		c.oldest = b.Read
	}
	return b, true
}

// put keeps a bucket that was read whole. What could not be read is read again by
// the next scan, and so is what JSON cannot hold.
func (c *checkpoint) put(b account.Settings, notes io.Writer) {
	_, there := c.lines[checkpointed{b.Account, b.Bucket}]
	if there || c.broken || b.Gone || b.Silent || len(account.Unread(b)) > 0 {
		return
	}
	text, err := json.Marshal(b)
	if err == nil && bytes.Contains(text, []byte(`\ufffd`)) {
		return
	}
	if err == nil {
		err = c.write(json.RawMessage(text))
	}
	if err != nil {
		c.broken = true
		fmt.Fprintf(notes, "--checkpoint: %s: what is read from here on is not kept: %v\n", plain(c.name), err)
	}
}

// tell says what was not read again.
func (c *checkpoint) tell(notes io.Writer) {
	if c != nil && c.used > 0 {
		fmt.Fprintf(notes, "Checkpoint %s of a run before, the earliest read at %s, not read again\n", counted(c.used, "bucket"), c.oldest.UTC().Format(time.RFC3339))
	}
}

// since is when a scan began to read that started at a time and used the checkpoint.
func (c *checkpoint) since(started time.Time) time.Time {
	if c != nil && !c.oldest.IsZero() && c.oldest.Before(started) {
		return c.oldest
	}
	return started
}

// done removes the file: its readings are told.
func (c *checkpoint) done() error {
	if c == nil {
		return nil
	}
	if err := os.Remove(c.name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("--checkpoint: the report is written, and the file must go: %w", err)
	}
	return nil
}

func (c *checkpoint) close() {
	if c == nil {
		return
	}
	if c.file != nil {
		_ = c.file.Close() // what was written is there, or put told
	}
	c.release()
}

// goesOn adds to what ended a scan how it goes on.
func (c *checkpoint) goesOn(err error) error {
	end := &exitError{exitFailed, err.Error(), ""}
	errors.As(err, &end)
	switch {
	case end.code == exitUsage:
		return err
	case c != nil:
		end.hint = fmt.Sprintf("what was read is kept in %s: the same command goes on from there, within %.0f hours", c.name, checkpointAge.Hours())
	case end.code == exitInterrupt:
		end.hint += "; with --checkpoint FILE it goes on from what was read"
	default:
		return err
	}
	return end
}
