// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/bucketlid/bucketlid/policy"
	"github.com/bucketlid/bucketlid/triage/intel"
)

// The addresses that a policy lists are looked up like that of the caller.
func TestListedNetworks(t *testing.T) {
	const known = "networks:\n  - {name: HQ, kind: office, cidrs: [198.51.100.0/24]}\n  - {name: Supplier, kind: partner, cidrs: [203.0.113.64/26]}\n"
	vpns := func(t *testing.T) *intel.Database {
		return lists(t, ten, map[intel.Kind]string{intel.VPN: "192.0.2.64/29\n"})
	}
	names := func(list ...string) func(*Alert) {
		return func(a *Alert) {
			a.Audience, a.Access, a.networks = policy.Network, []policy.Access{policy.Read}, nil
			for _, p := range list {
				a.networks = append(a.networks, netip.MustParsePrefix(p))
			}
			a.SourceIPAddress = "192.0.2.66"
		}
	}
	checkEvidence(t, permission, []evidenceCase{
		{name: "own", context: known, change: names("198.51.100.0/25", "198.51.100.200/32"), side: "no", saying: "networks of your own: HQ", absent: "every object"},
		{name: "wider than one's own", context: known, change: names("198.51.100.0/23"), absent: "of your own"},
		{name: "own and another", context: known, change: names("198.51.100.0/25", "192.0.2.1/32"), absent: "of your own"},
		{name: "a partner's", context: known, change: names("203.0.113.64/27"), side: "no", saying: "networks that the context file names"},
		{name: "of a VPN", net: vpns, change: names("192.0.2.64/32"), side: "yes", saying: "192.0.2.64/32, which the policy lists: vpn"},
		{name: "the caller's own", change: names("192.0.2.64/28"), side: "yes", saying: "holds the caller's own address"},
		{name: "none that can be read", change: names(), side: "missing", saying: "none could be read from the policy"},
	})
}

func TestNetworksOfAStatement(t *testing.T) {
	for _, test := range []struct {
		name, effect, operator, key string
		values, want                []string
	}{
		{"allowed", "Allow", "IpAddress", "aws:SourceIp", []string{"192.0.2.7", "2001:db8::/32", "198.51.100.9/24"}, []string{"192.0.2.7/32", "2001:db8::/32", "198.51.100.0/24"}},
		{"spared by a Deny", "Deny", "ForAllValues:NotIpAddressIfExists", "AWS:sourceip", []string{"192.0.2.0/24"}, []string{"192.0.2.0/24"}},
		{"allowed but for", "Allow", "NotIpAddress", "aws:SourceIp", []string{"192.0.2.0/24"}, nil},
		{"of an endpoint's network", "Allow", "IpAddress", "aws:VpcSourceIp", []string{"10.0.0.0/8"}, nil},
		{"no networks", "Allow", "IpAddress", "aws:SourceIp", []string{"x", "fe80::1%eth0", "192.0.2.0/40", ""}, nil},
	} {
		got := networksOf(&policy.Statement{Effect: test.effect, Conditions: []policy.Condition{{Operator: test.operator, Key: test.key, Values: test.values}}})
		var text []string
		for _, p := range got {
			text = append(text, p.String())
		}
		if !slices.Equal(text, test.want) {
			t.Errorf("%s: %v, want %v", test.name, text, test.want)
		}
	}
}
