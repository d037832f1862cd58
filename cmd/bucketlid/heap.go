// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// roomyHeap is a heap that is not worth collecting: a third of what a hunt may
// take in all.
const roomyHeap = 128 << 20

// leastHeap is what Go's percentage is taken of before the first collection
// ("A Guide to the Go Garbage Collector", GOGC).
const leastHeap = 4 << 20

// collector sets how far the heap grows before it is collected: to roomyHeap, or
// by a percentage where that is more.
type collector struct {
	percent int
	before  int

	mu   sync.Mutex
	done bool
}

// collectLate starts a collector; the answer ends it. A percentage that stands in
// the environment (GOGC) stays.
func collectLate(percent int) (end func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	c := &collector{percent: percent}
	c.before = debug.SetGCPercent(c.growth(leastHeap))
	c.watch()
	return c.end
}

// growth is the percentage for a heap of which so many bytes are in use.
func (c *collector) growth(live uint64) int {
	live = max(live, leastHeap)
	if live >= roomyHeap {
		return c.percent
	}
	return max(c.percent, int((roomyHeap-live)*100/live))
}

// watch is told after the next collection, by the fate of a piece of garbage.
func (c *collector) watch() {
	garbage := new([64]byte)
	runtime.AddCleanup(garbage, func(c *collector) { c.collected() }, c)
}

func (c *collector) collected() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done {
		return
	}
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	if metrics.Read(sample); sample[0].Value.Kind() == metrics.KindUint64 {
		debug.SetGCPercent(c.growth(sample[0].Value.Uint64()))
		c.watch()
	}
}

func (c *collector) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.done = true
	debug.SetGCPercent(c.before)
}
