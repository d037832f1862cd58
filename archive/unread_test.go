// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"fmt"
	"slices"
	"testing"
)

// tell notes in one load what is unread of objects.
func tell(t *testing.T, root string, of map[string][]Unread) {
	t.Helper()
	a, err := OpenWriter(root)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	l, err := a.Load(LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for object, list := range of {
		l.Unread(object, list)
	}
	if _, err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// What was not read is remembered until it is read, also through folds, and
// hostile names stay names.
func TestUnreadIsRemembered(t *testing.T) {
	root := t.TempDir()
	tell(t, root, map[string][]Unread{
		"b.json":       {{Offset: 70, Reason: "malformed"}, {Offset: 7, Reason: "cut"}},
		"a\xff\n.json": {{Offset: -1, Reason: "no\xff permission"}},
	})
	want := []Unread{{"a\uFFFD\n.json", -1, "no\uFFFD permission", 0}, {"b.json", 7, "cut", 0}, {"b.json", 70, "malformed", 0}}
	if got := open(t, root).Unread(); !slices.Equal(got, want) {
		t.Errorf("unread %v", got)
	}
	tell(t, root, map[string][]Unread{"b.json": {{Offset: 70, Reason: "malformed"}}, "c.json": nil})
	if got := open(t, root).Unread(); !slices.Equal(got, []Unread{want[0], want[2]}) {
		t.Errorf("after a better load: %v", got)
	}
	for i := range maxSegments + 2 {
		tell(t, root, map[string][]Unread{"d.json": {{Offset: int64(i), Reason: "x"}}})
	}
	if got := open(t, root).Unread(); !slices.Equal(got, []Unread{want[0], want[2], {"d.json", maxSegments + 1, "x", 0}}) {
		t.Errorf("after a fold: %v", got)
	}
	tell(t, root, map[string][]Unread{"a\xff\n.json": nil, "b.json": nil, "d.json": nil})
	if got := open(t, root).Unread(); len(got) > 0 {
		t.Errorf("after all was read: %v", got)
	}
}

func TestUnreadIsBounded(t *testing.T) {
	root := t.TempDir()
	of := map[string][]Unread{"long": slices.Repeat([]Unread{{Offset: 1, Reason: "x"}}, 3*maxUnread)}
	for i := range maxUnreadObjects {
		of[fmt.Sprint(i)] = []Unread{{Offset: 1, Reason: "x"}}
	}
	tell(t, root, of)
	tell(t, root, map[string][]Unread{"one more": {{Offset: 1, Reason: "x"}}, "and another": {{Offset: 1, Reason: "x"}}})
	got := open(t, root).Unread()
	if len(got) != maxUnreadObjects+maxUnread+1 || !slices.ContainsFunc(got, func(u Unread) bool { return u.Object == otherObjects }) {
		t.Errorf("%d pieces are kept", len(got))
	}
}
