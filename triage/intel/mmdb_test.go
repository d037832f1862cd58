// SPDX-License-Identifier: Apache-2.0

package intel

import (
	"bytes"
	"encoding/binary"
	"maps"
	"net/netip"
	"slices"
)

// database makes a small MaxMind database (specification "MaxMind DB File
// Format Specification", version 2.0) of IPv6 form, with records of 24 bits.
func database(kind string, epoch uint64, networks map[string]map[string]any) []byte {
	tree := [][2]uint32{{}}
	var data bytes.Buffer
	const leaf = 1 << 31
	for _, text := range slices.Sorted(maps.Keys(networks)) {
		prefix := netip.MustParsePrefix(text)
		bits, length := bitsOf(prefix)
		node := uint32(0)
		for i := range length {
			side := bits[i/8] >> (7 - i%8) & 1
			switch {
			case i == length-1:
				tree[node][side] = leaf | uint32(data.Len())
			case tree[node][side] == 0:
				tree = append(tree, [2]uint32{})
				tree[node][side] = uint32(len(tree) - 1)
			}
			node = tree[node][side]
		}
		encode(&data, networks[text])
	}
	var out bytes.Buffer
	for _, n := range tree {
		for _, record := range n {
			switch {
			case record == 0:
				record = uint32(len(tree))
			case record&leaf != 0:
				record = record&^leaf + uint32(len(tree)) + 16
			}
			out.Write([]byte{byte(record >> 16), byte(record >> 8), byte(record)})
		}
	}
	out.Write(make([]byte, 16))
	out.Write(data.Bytes())
	out.WriteString("\xab\xcd\xefMaxMind.com")
	encode(&out, map[string]any{
		"binary_format_major_version": uint16(2), "binary_format_minor_version": uint16(0), "build_epoch": epoch, "database_type": kind,
		"description": map[string]any{"en": "a test"}, "ip_version": uint16(6), "languages": []string{"en"},
		"node_count": uint32(len(tree)), "record_size": uint16(24),
	})
	return out.Bytes()
}

func bitsOf(p netip.Prefix) ([16]byte, int) {
	if !p.Addr().Is4() {
		return p.Addr().As16(), p.Bits()
	}
	var bits [16]byte
	four := p.Addr().As4()
	copy(bits[12:], four[:])
	return bits, p.Bits() + 96
}

// encode writes one value of the data section.
func encode(w *bytes.Buffer, v any) {
	control := func(kind, size int) {
		first := kind << 5
		if kind > 7 {
			first = 0
		}
		switch {
		case size < 29:
			w.WriteByte(byte(first | size))
		default:
			w.WriteByte(byte(first | 29))
		}
		if kind > 7 {
			w.WriteByte(byte(kind - 7))
		}
		if size >= 29 {
			w.WriteByte(byte(size - 29))
		}
	}
	switch v := v.(type) {
	case string:
		control(2, len(v))
		w.WriteString(v)
	case uint16:
		control(5, 2)
		w.Write(binary.BigEndian.AppendUint16(nil, v))
	case uint32:
		control(6, 4)
		w.Write(binary.BigEndian.AppendUint32(nil, v))
	case uint64:
		control(9, 8)
		w.Write(binary.BigEndian.AppendUint64(nil, v))
	case bool:
		control(14, map[bool]int{true: 1}[v])
	case []string:
		control(11, len(v))
		for _, s := range v {
			encode(w, s)
		}
	case map[string]any:
		control(7, len(v))
		for _, k := range slices.Sorted(maps.Keys(v)) {
			encode(w, k)
			encode(w, v[k])
		}
	}
}

// buildTime is when the test databases were built: 2026-08-01.
const buildTime = 1785542400

func cityDatabase() []byte {
	return database("Test-City", buildTime, map[string]map[string]any{
		"192.0.2.0/24":     {"country": map[string]any{"iso_code": "DE"}, "city": map[string]any{"names": map[string]any{"en": "Berlin", "de": "Berlin"}}},
		"198.51.100.0/25":  {"country": map[string]any{"iso_code": "AT"}},
		"2001:db8:10::/48": {"country": map[string]any{"iso_code": "CH"}},
	})
}

func asnDatabase() []byte {
	return database("GeoLite2-ASN", buildTime, map[string]map[string]any{
		"192.0.2.0/24": {"autonomous_system_number": uint32(64500), "autonomous_system_organization": "Example AG"},
	})
}

func anonymousDatabase() []byte {
	return database("Test-Anonymous-IP", buildTime, map[string]map[string]any{
		"203.0.113.0/28": {"is_anonymous": true, "is_anonymous_vpn": true},
		"203.0.113.16/28": {"is_anonymous": true, "is_tor_exit_node": true, "is_hosting_provider": true,
			"is_public_proxy": false, "is_residential_proxy": true},
	})
}
