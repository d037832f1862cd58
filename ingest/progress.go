// SPDX-License-Identifier: Apache-2.0

package ingest

import "sync/atomic"

// Progress counts while objects are listed and read. Its zero value is ready
// to use; it may be read at any time from any goroutine, and a nil *Progress
// counts nothing.
type Progress struct {
	objectsListed, objectsDone atomic.Int64
	bytesListed, bytesDone     atomic.Int64
	foreign, outside, repeated atomic.Int64
	hidden                     atomic.Int64
	listed                     atomic.Bool
}

// ProgressSnapshot is the state of a Progress at one moment.
type ProgressSnapshot struct {
	ObjectsListed int64 // objects found so far
	ObjectsDone   int64 // objects handled, with or without a problem
	BytesListed   int64 // stored bytes of the objects found, those of unknown size not counted
	BytesDone     int64 // stored bytes read
	// Foreign counts files and whole folders left out because their name says
	// that they hold no records: digests, Insights, other services, hidden folders.
	Foreign int64
	// Hidden counts the hidden folders among Foreign: nobody knows what they hold.
	Hidden int64
	// Outside counts files and whole folders left out because their name says
	// that they lie outside the Filter.
	Outside  int64
	Repeated int64 // objects named by more than one source and read once
	Listed   bool  // the listing is complete: the totals will not grow any more
}

// Snapshot returns the counts as they stand. The counters are read one after
// the other, so they may differ by what happened in between.
func (p *Progress) Snapshot() ProgressSnapshot {
	if p == nil {
		return ProgressSnapshot{}
	}
	return ProgressSnapshot{
		Listed:        p.listed.Load(),
		ObjectsDone:   p.objectsDone.Load(),
		BytesDone:     p.bytesDone.Load(),
		ObjectsListed: p.objectsListed.Load(),
		BytesListed:   p.bytesListed.Load(),
		Foreign:       p.foreign.Load(),
		Hidden:        p.hidden.Load(),
		Outside:       p.outside.Load(),
		Repeated:      p.repeated.Load(),
	}
}

func (p *Progress) addListed(size int64) {
	if p == nil {
		return
	}
	p.objectsListed.Add(1)
	if size > 0 {
		p.bytesListed.Add(size)
	}
}

func (p *Progress) addBytes(n int64) {
	if p != nil && n > 0 {
		p.bytesDone.Add(n)
	}
}

func (p *Progress) addDone() {
	if p != nil {
		p.objectsDone.Add(1)
	}
}

func (p *Progress) addRepeated() {
	if p != nil {
		p.repeated.Add(1)
	}
}

func (p *Progress) addSkip(w want) {
	if p == nil {
		return
	}
	switch w {
	case wantForeign:
		p.foreign.Add(1)
	case wantOutside:
		p.outside.Add(1)
	}
}

func (p *Progress) addHidden() {
	if p != nil {
		p.foreign.Add(1)
		p.hidden.Add(1)
	}
}

func (p *Progress) setListed() {
	if p != nil {
		p.listed.Store(true)
	}
}
