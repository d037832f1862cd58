// SPDX-License-Identifier: Apache-2.0

// Package report carries what a run found: the message stream bucketlid/1 and
// every form in which it is written. Every format but jsonl is rendered from
// the same messages, so a saved stream can be rendered again later.
package report

import (
	"errors"
	"time"
)

// Handler is the sink of a message stream. Handle takes the messages in the
// order of the stream and keeps no pointer into a message that the caller may
// change before Close. Close writes what is left; it does not close the
// underlying writer, and a second Close does nothing.
type Handler interface {
	Handle(Message) error
	Close() error
}

// Options say how a format is drawn. None of them changes what is told.
type Options struct {
	Color   bool          // colour by ANSI sequences (WantColor decides)
	Width   int           // columns of the terminal; 0 is unlimited
	Elapsed time.Duration // for WriteSummary; 0 is not shown
}

// errShape is a message that is no message: the caller's mistake, or a line of
// a stream that holds none or several of the keys.
var errShape = errors.New("a message has exactly one of the keys config, exposure, alert, skipped, summary")

// check reports a message that has not exactly one field set.
func (m Message) check() error {
	n := 0
	for _, set := range []bool{m.Config != nil, m.Exposure != nil, m.Alert != nil, m.Skipped != nil, m.Summary != nil} {
		if set {
			n++
		}
	}
	if n != 1 {
		return errShape
	}
	return nil
}
