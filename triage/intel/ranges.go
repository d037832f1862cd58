// SPDX-License-Identifier: Apache-2.0

package intel

import (
	"errors"
	"math/big"
	"net/netip"
	"strings"
)

var errNoNetwork = errors.New("is no network")

// parseNetworks reads a network, an address, or a range "first-last", without
// zones, in their IPv4 form where they have one. A range becomes the few
// networks that it is made of, at most two for each bit of an address.
func parseNetworks(text string) ([]netip.Prefix, error) {
	if p, err := parsePrefix(text); err == nil {
		return []netip.Prefix{p}, nil
	}
	first, last, ok := strings.Cut(text, "-")
	if !ok {
		return nil, errNoNetwork
	}
	from, err := parseAddr(strings.TrimSpace(first))
	if err != nil {
		return nil, err
	}
	to, err := parseAddr(strings.TrimSpace(last))
	if err != nil {
		return nil, err
	}
	return splitRange(from, to)
}

func parseAddr(text string) (netip.Addr, error) {
	addr, err := netip.ParseAddr(text)
	if err != nil || addr.Zone() != "" {
		return netip.Addr{}, errNoNetwork
	}
	return addr.Unmap(), nil
}

// parseBound reads an end of a range as CSV files write it: an address, or its
// number, as IP2Location does. A number up to 2^32-1 is an IPv4 address.
func parseBound(text string) (netip.Addr, error) {
	if addr, err := parseAddr(text); err == nil {
		return addr, nil
	}
	if text == "" || len(text) > 39 || strings.Trim(text, "0123456789") != "" {
		return netip.Addr{}, errNoNetwork
	}
	number, _ := new(big.Int).SetString(text, 10)
	switch {
	case number.BitLen() <= 32:
		var b [4]byte
		number.FillBytes(b[:])
		return netip.AddrFrom4(b), nil
	case number.BitLen() <= 128:
		var b [16]byte
		number.FillBytes(b[:])
		return netip.AddrFrom16(b).Unmap(), nil
	}
	return netip.Addr{}, errNoNetwork
}

// splitRange gives the networks that cover the addresses from one to another,
// and no others.
func splitRange(from, to netip.Addr) ([]netip.Prefix, error) {
	switch {
	case from.BitLen() != to.BitLen():
		return nil, errors.New("begins and ends in different kinds of addresses")
	case to.Less(from):
		return nil, errors.New("ends before it begins")
	}
	var out []netip.Prefix
	for {
		p := widestFrom(from, to)
		out = append(out, p)
		next := lastOf(p).Next()
		if !next.IsValid() || to.Less(next) {
			return out, nil
		}
		from = next
	}
}

// widestFrom is the widest network that begins with an address and does not go
// beyond another.
func widestFrom(from, to netip.Addr) netip.Prefix {
	best := netip.PrefixFrom(from, from.BitLen())
	for bits := from.BitLen() - 1; bits >= 0; bits-- {
		p, err := from.Prefix(bits)
		if err != nil || p.Addr() != from || to.Less(lastOf(p)) {
			break
		}
		best = p
	}
	return best
}

// lastOf is the last address of a network.
func lastOf(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	last, _ := netip.AddrFromSlice(b)
	return last
}
