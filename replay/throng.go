// SPDX-License-Identifier: Apache-2.0

package replay

import "github.com/cespare/xxhash/v2"

// OtherAddresses stands in a Use for the addresses that are too many to tell
// apart. Their requests are counted together.
const OtherAddresses = "other addresses"

// maxUses bounds the uses of single addresses, of those that were denied and of
// the others alike: a stranger has as many addresses as he likes, and is not to
// crowd out with refused requests those that were served. Only tests change it.
var maxUses = 1 << 16

// throng is how the addresses are chosen whose uses are told apart: those whose
// hash is below a limit, which is halved until few enough are left. It depends on
// the set of uses alone.
type throng struct {
	cells int    // uses of single addresses
	limit uint64 // 0: all are kept
}

func (c *throng) tooMany(address string) bool {
	return c.limit != 0 && xxhash.Sum64String(address) >= c.limit
}

func (l *Ledger) throng(denied bool) *throng {
	if denied {
		return &l.refused
	}
	return &l.served
}

func (l *Ledger) crowdUses(denied bool) {
	for c := l.throng(denied); c.cells > maxUses && c.limit != 1; l.foldUses(denied) {
		if c.limit == 0 {
			c.limit = 1 << 63
		} else {
			c.limit /= 2
		}
	}
}

// foldUses puts the uses of addresses above the limit together.
func (l *Ledger) foldUses(denied bool) {
	c := l.throng(denied)
	var folded []*Use
	for key, use := range l.uses {
		if key.denied == denied && key.address != OtherAddresses && c.tooMany(key.address) {
			delete(l.uses, key)
			folded = append(folded, use)
			c.cells--
		}
	}
	for _, use := range folded {
		l.joinUse(use)
	}
}
