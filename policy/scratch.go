// SPDX-License-Identifier: Apache-2.0

package policy

import "sync"

// arena hands out pieces of memory and takes them all back at once, so that one
// analysis after the other works in the same memory. What leaves the package
// must never lie in one.
type arena[T any] struct {
	block []T
	used  int
}

// arenaStart is the number of elements of a first block.
const arenaStart = 16

// take gives n zero elements, which cannot grow in place.
func (a *arena[T]) take(n int) []T {
	if a.block == nil || n > len(a.block)-a.used {
		// What was handed out of the old block lives on by itself.
		a.block, a.used = make([]T, max(arenaStart, 2*len(a.block), n)), 0
	}
	out := a.block[a.used : a.used+n : a.used+n]
	a.used += n
	return out
}

func (a *arena[T]) one() *T { return &a.take(1)[0] }

func (a *arena[T]) reset() {
	clear(a.block[:a.used])
	a.used = 0
}

// desk is what judging needs beside the policy. One that comes back holds the
// last policy ready, so that the next question about it starts at once.
type desk struct {
	whole    analysis // of the policy
	rest     analysis // of the part that decides the status
	acl      analysis // of an ACL grant with the policy's Deny statements
	readings [places]reading
}

var desks = sync.Pool{New: func() any { return &desk{} }}

// A policy is held ready up to a number of statements, conditions and values,
// and up to a number of bytes: large ones are rare, and would hold much memory.
const (
	maxKept      = 1 << 10
	maxKeptBytes = 2 * maxPolicy
)

func takeDesk() *desk { return desks.Get().(*desk) }

// give puts a desk back for others.
func (k *desk) give() {
	if k.whole.light() && k.rest.light() && k.acl.light() {
		desks.Put(k)
	}
}

// hold puts a policy on the desk.
func (k *desk) hold(d *Document) {
	if !k.whole.hold(d) {
		clear(k.readings[:])
	}
}
