// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"cmp"
	"maps"
	"slices"
)

// Unread is a piece of a log object that a load could not read. What an archive
// was never given cannot be told; what it was given in part must be.
type Unread struct {
	Object string `json:"object"`
	Offset int64  `json:"offset"` // unpacked; -1 for the whole object
	Reason string `json:"reason"`
	// More is of how many pieces this stands for, of which only the reason is
	// kept; 0: it is one, at Offset.
	More int64 `json:"more,omitempty"`
}

const (
	// maxUnread is how many notes of one object are kept.
	maxUnread = 128
	// maxUnreadObjects is of how many objects pieces are kept.
	maxUnreadObjects = 10_000
	// otherObjects stands for those beyond.
	otherObjects = "(other objects)"
)

// pieces is what is known now to be unread of an object; none: it was read.
type pieces struct {
	object string
	list   []Unread
}

// Unread lists what the loads of the archive could not read and no later load
// read, by object and offset: at most 128 notes each of 10,000 objects.
func (a *Archive) Unread() []Unread {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.state.unreadList()
}

func (s *state) unreadList() []Unread {
	var out []Unread
	for _, object := range slices.Sorted(maps.Keys(s.unread)) {
		out = append(out, s.unread[object]...)
	}
	return out
}

// setUnread puts what is unread of an object in the place of what was.
func (s *state) setUnread(p pieces) {
	if len(p.list) == 0 {
		delete(s.unread, p.object)
		return
	}
	s.unread[p.object] = p.list
}

// Unread notes what of an object could not be read. The notes of an object take
// the place of those of former loads, and are kept with the next records that
// are written, or by Close.
func (l *Loader) Unread(object string, list []Unread) {
	list = slices.Clone(list[:min(len(list), maxUnread)])
	for i := range list {
		list[i].Object, list[i].Reason = sourceName(object), columnText(list[i].Reason)
	}
	slices.SortFunc(list, func(a, b Unread) int { return cmp.Or(cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.Reason, b.Reason)) })
	p := pieces{sourceName(object), list}
	l.archive.mu.Lock()
	known, full := slices.Equal(l.archive.state.unread[p.object], list), len(l.archive.state.unread) >= maxUnreadObjects
	_, had := l.archive.state.unread[p.object]
	l.archive.mu.Unlock()
	switch {
	case known:
		return
	case full && !had:
		p = pieces{otherObjects, []Unread{{Object: otherObjects, Offset: -1, Reason: "more log objects could not be read than are named here"}}}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.unread = append(l.unread, p)
}
