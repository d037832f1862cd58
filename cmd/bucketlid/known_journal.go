// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/bucketlid/bucketlid/remedy"
	"github.com/bucketlid/bucketlid/triage"
)

// answerTime is how long a call may be on its way where the journal does not
// tell its end: the process was killed.
const answerTime = 5 * time.Minute

// loadJournals reads the calls that fix and guard made: each name is a journal,
// or a folder of which every *.journal is read.
func loadJournals(names []string) (calls []triage.OwnCall, read []string, err error) {
	for _, name := range names {
		files, err := journalFiles(name)
		if err != nil {
			return nil, nil, err
		}
		for _, file := range files {
			text, err := readWhole(file)
			if err != nil {
				return nil, nil, usageError("give the file or folder where fix or guard kept PLAN.journal", "--journal: %v", err)
			}
			found, ok := ownCalls(text, filepath.Base(file))
			if !ok {
				return nil, nil, usageError("a journal is the file PLAN.journal that fix apply or guard apply writes", "--journal: %s is no journal", file)
			}
			calls, read = append(calls, found...), append(read, file)
		}
	}
	return calls, read, nil
}

func journalFiles(name string) ([]string, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, usageError("give the file or folder where fix or guard kept PLAN.journal", "--journal: %v", err)
	}
	if !info.IsDir() {
		return []string{name}, nil
	}
	files, err := filepath.Glob(filepath.Join(escapeGlob(name), "*.journal"))
	if err == nil && len(files) == 0 {
		err = usageError("give the folder in which the plans are", "--journal: %s has no file *.journal", name)
	}
	return files, err
}

// escapeGlob takes the meaning from the characters of a name that Glob reads.
func escapeGlob(name string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(name)
}

// ownCalls are the calls of one journal. A line that was cut off counts as not
// written; ok is false where no line is a journal's. An empty journal is one.
func ownCalls(text []byte, name string) (out []triage.OwnCall, ok bool) {
	pending := map[string]int{} // by plan, direction and step: where in out
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, len(text)+1)
	ok = len(bytes.TrimSpace(text)) == 0
	for lines.Scan() {
		var e remedy.Entry
		if json.Unmarshal(lines.Bytes(), &e) != nil || e.Plan == "" || e.Event == "" {
			continue
		}
		ok = true
		at, err := time.Parse(time.RFC3339, e.Time)
		if e.Call == nil || err != nil {
			continue
		}
		verb, back := strings.CutPrefix(e.Event, "undo-")
		key := e.Plan + " " + string(e.Call.Operation) + e.Call.Bucket + e.Call.Key + e.Call.AccessPoint + e.Call.Region + e.Call.Name
		if verb == "try" {
			pending[key] = len(out)
			out = append(out, triage.OwnCall{Plan: e.Plan, Operation: string(e.Call.Operation), Account: e.Call.Account, Bucket: e.Call.Bucket,
				Key: e.Call.Key, AccessPoint: e.Call.AccessPoint, From: at, To: at.Add(answerTime), Rollback: back, Journal: name})
			continue
		}
		if i, tried := pending[key]; tried {
			out[i].RequestID, out[i].To = e.RequestID, at
			delete(pending, key)
		}
	}
	return out, ok
}
