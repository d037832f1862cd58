// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"slices"

	"github.com/bucketlid/bucketlid/accesslog"
)

// accessLog reads an object of S3 server access logs: who used an opening.
func (w *worker) accessLog(name string, r io.Reader) (int64, error) {
	stats, err := accesslog.Scan(r, func(l *accesslog.Line) error {
		if !w.filter.within(l.Time.Unix()) {
			w.counts.outside++
			return nil
		}
		w.counts.lines++
		w.ledger.NoteAccessLog(l.Bucket, l.Time)
		if request, ok := l.Request(); ok {
			w.ledger.AddRequest(&request)
		}
		return nil
	}, func(s accesslog.Skip) { w.skip(name, s.Offset, s.Reason) })
	return stats.Bytes, err
}

// readOnce refuses standard input for two kinds of input: the second would find
// it empty.
func readOnce(specs, accessLogs, findings []string) error {
	used := ""
	for _, kind := range []struct {
		name string
		list []string
	}{{"SOURCE", specs}, {"--access-logs", accessLogs}, {"--findings", findings}} {
		if !slices.Contains(kind.list, "-") {
			continue
		}
		if used != "" {
			return usageError("give a file for one of them", "standard input is given both as %s and as %s", used, kind.name)
		}
		used = kind.name
	}
	return nil
}
