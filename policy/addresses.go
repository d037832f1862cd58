// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"cmp"
	"encoding/binary"
	"math"
	"net/netip"
	"slices"
)

// number128 is an IP address as a number; IPv4 stands in ::ffff:0:0/96.
type number128 struct{ hi, lo uint64 }

func (a number128) compare(b number128) int {
	if c := cmp.Compare(a.hi, b.hi); c != 0 {
		return c
	}
	return cmp.Compare(a.lo, b.lo)
}

func (a number128) next() number128 {
	if a.lo == math.MaxUint64 {
		return number128{a.hi + 1, 0}
	}
	return number128{a.hi, a.lo + 1}
}

func (a number128) previous() number128 {
	if a.lo == 0 {
		return number128{a.hi - 1, math.MaxUint64}
	}
	return number128{a.hi, a.lo - 1}
}

var lastAddress = number128{math.MaxUint64, math.MaxUint64}

func numberOf(a netip.Addr) number128 {
	b := a.As16()
	return number128{binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])}
}

func (a number128) addr() netip.Addr {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], a.hi)
	binary.BigEndian.PutUint64(b[8:], a.lo)
	return netip.AddrFrom16(b).Unmap()
}

type span struct{ first, last number128 }

// addressSet is a set of addresses as sorted, separate spans.
type addressSet []span

func prefixSet(prefixes []netip.Prefix) addressSet {
	var out addressSet
	for _, p := range prefixes {
		first := numberOf(p.Addr())
		host := p.Addr().BitLen() - p.Bits()
		last := first
		switch {
		case host >= 128:
			last = lastAddress
		case host >= 64:
			last.hi |= 1<<(host-64) - 1
			last.lo = math.MaxUint64
		default:
			last.lo |= 1<<host - 1
		}
		one := addressSet{{first, last}}
		if p.Addr().Is6() && host >= 32 {
			// An IPv6 block never holds an IPv4 address.
			one = one.minus(allIPv4)
		}
		out = append(out, one...)
	}
	return out.normal()
}

func (s addressSet) normal() addressSet {
	slices.SortFunc(s, func(a, b span) int { return a.first.compare(b.first) })
	var out addressSet
	for _, x := range s {
		if n := len(out); n > 0 && (out[n-1].last == lastAddress || x.first.compare(out[n-1].last.next()) <= 0) {
			if x.last.compare(out[n-1].last) > 0 {
				out[n-1].last = x.last
			}
			continue
		}
		out = append(out, x)
	}
	return out
}

func (s addressSet) and(t addressSet) addressSet {
	var out addressSet
	for i, j := 0, 0; i < len(s) && j < len(t); {
		first, last := s[i].first, s[i].last
		if t[j].first.compare(first) > 0 {
			first = t[j].first
		}
		if t[j].last.compare(last) < 0 {
			last = t[j].last
		}
		if first.compare(last) <= 0 {
			out = append(out, span{first, last})
		}
		if s[i].last.compare(t[j].last) < 0 {
			i++
		} else {
			j++
		}
	}
	return out
}

func (s addressSet) minus(t addressSet) addressSet {
	var out addressSet
	for _, x := range s {
		for len(t) > 0 && t[0].last.compare(x.first) < 0 {
			t = t[1:]
		}
		left := true
		for i := 0; left && i < len(t) && t[i].first.compare(x.last) <= 0; i++ {
			if t[i].first.compare(x.first) > 0 {
				out = append(out, span{x.first, t[i].first.previous()})
			}
			if left = t[i].last.compare(x.last) < 0; left {
				x.first = t[i].last.next()
			}
		}
		if left {
			out = append(out, x)
		}
	}
	return out
}

func (s addressSet) or(t addressSet) addressSet {
	return append(slices.Clone(s), t...).normal()
}

func (s addressSet) has(a netip.Addr) bool {
	n := numberOf(a)
	return slices.ContainsFunc(s, func(x span) bool { return x.first.compare(n) <= 0 && n.compare(x.last) <= 0 })
}

// count gives the number of IPv4 addresses and of IPv6 /64 networks.
func (s addressSet) count() (v4, v6 uint64) {
	for _, x := range s.and(allIPv4) {
		v4 += x.last.lo - x.first.lo + 1
	}
	for _, x := range s.minus(allIPv4) {
		n := x.last.hi - x.first.hi
		if n == math.MaxUint64 || v6+n+1 < v6 {
			return v4, math.MaxUint64
		}
		v6 += n + 1
	}
	return v4, v6
}

// wide says whether the set is too large to be called a network: more than 2^24
// IPv4 addresses or an IPv6 /32 (semantics C.5, IP audience).
func (s addressSet) wide() bool {
	v4, v6 := s.count()
	return v4 > 1<<24 || v6 > 1<<32
}

// example gives an address of the set, one for documentation where possible.
func (s addressSet) example() string {
	if a := netip.MustParseAddr("198.51.100.77"); s.has(a) {
		return a.String()
	}
	if v4 := s.and(allIPv4); len(v4) > 0 {
		s = v4
	}
	x := s[0]
	if x.first != x.last {
		return x.first.next().addr().String()
	}
	return x.first.addr().String()
}

func blocks(texts ...string) addressSet {
	var list []netip.Prefix
	for _, t := range texts {
		list = append(list, netip.MustParsePrefix(t))
	}
	return prefixSet(list)
}

var (
	allIPv4  = addressSet{{numberOf(netip.MustParseAddr("0.0.0.0")), numberOf(netip.MustParseAddr("255.255.255.255"))}}
	anywhere = addressSet{{number128{}, lastAddress}}
	// internet is what aws:SourceIp can be: routable space. Blocks for
	// documentation are kept, since examples use them, and so is 100.64.0.0/10.
	internet = blocks("0.0.0.0/0").minus(blocks("0.0.0.0/8", "10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16",
		"172.16.0.0/12", "192.168.0.0/16", "224.0.0.0/3")).or(blocks("2000::/3"))
	// privateIPv4 is exempt from AWS's test of breadth (S3 page "Blocking
	// public access to your Amazon S3 storage").
	privateIPv4 = blocks("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
)
