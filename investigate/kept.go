// SPDX-License-Identifier: Apache-2.0

package investigate

import (
	"maps"
	"math"
	"slices"
	"time"
)

// kept is a map of bounded size. Above its limit the values with the smallest
// keys stay, and since the keys are hashes that is a fair choice, and one that
// depends on the set of keys alone.
type kept[V any] struct {
	limit   int
	values  map[uint64]V
	top     uint64 // keys above it are not kept; 0 is no bound
	dropped bool
}

func newKept[V any](limit int) kept[V] {
	return kept[V]{limit: limit, values: map[uint64]V{}}
}

// takes reports whether a key can still be among those kept.
func (k *kept[V]) takes(key uint64) bool { return k.top == 0 || key <= k.top }

// put keeps a value under a key; of two values of one key join makes one.
func (k *kept[V]) put(key uint64, v V, join func(have, more V) V) {
	if !k.takes(key) {
		return
	}
	if have, ok := k.values[key]; ok {
		k.values[key] = join(have, v)
		return
	}
	k.values[key] = v
	if len(k.values) > k.limit+k.limit/2 {
		k.shrink()
	}
}

// shrink keeps the limit smallest keys.
func (k *kept[V]) shrink() {
	if len(k.values) <= k.limit {
		return
	}
	keys := slices.Sorted(maps.Keys(k.values))
	for _, key := range keys[k.limit:] {
		delete(k.values, key)
	}
	k.top, k.dropped = keys[k.limit-1], true
}

func (k *kept[V]) merge(other *kept[V], join func(have, more V) V) {
	for key, v := range other.values {
		k.put(key, v, join)
	}
	if other.dropped && (k.top == 0 || other.top < k.top) {
		k.top = other.top // the limit smallest keys of both lie below
	}
	k.dropped = k.dropped || other.dropped
}

// total is how many keys there were: exact unless some were dropped.
func (k *kept[V]) total() int64 {
	if !k.dropped {
		return int64(len(k.values))
	}
	return estimate(k.limit, k.top)
}

// estimate is how many hashes there are if the nth smallest is top.
func estimate(n int, top uint64) int64 {
	return int64(math.Round(float64(n-1) / (float64(top) / math.MaxUint64)))
}

// distinct counts distinct hashes: exactly up to maxDistinct, then by estimate,
// with an error of about 6 %.
type distinct struct {
	hashes []uint64 // sorted, the smallest
	full   bool     // there were more
}

const maxDistinct = 256

func (d *distinct) add(hash uint64) {
	at, known := slices.BinarySearch(d.hashes, hash)
	if known || at == maxDistinct {
		d.full = d.full || !known
		return
	}
	d.hashes = slices.Insert(d.hashes, at, hash)
	if len(d.hashes) > maxDistinct {
		d.hashes, d.full = d.hashes[:maxDistinct], true
	}
}

func (d *distinct) merge(other *distinct) {
	for _, hash := range other.hashes {
		d.add(hash)
	}
	d.full = d.full || other.full
}

func (d *distinct) count() int64 {
	if !d.full {
		return int64(len(d.hashes))
	}
	return estimate(maxDistinct, d.hashes[maxDistinct-1])
}

// seen is when something happened first and last, and the event that shows it.
type seen struct {
	first, last int64 // Unix seconds
	id          string
}

// joinSeen is a function of the set of sightings.
func joinSeen(a, b seen) seen {
	out := seen{min(a.first, b.first), max(a.last, b.last), a.id}
	if b.first < a.first || (b.first == a.first && b.id < a.id) {
		out.id = b.id
	}
	return out
}

func unix(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }
