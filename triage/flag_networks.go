// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"net/netip"
	"slices"
	"sort"
	"strings"

	"github.com/bucketlid/bucketlid/bucket"
	"github.com/bucketlid/bucketlid/policy"
	"github.com/bucketlid/bucketlid/triage/intel"
)

// lets says whose the addresses are that a policy lists.
type lets int

const (
	letsUnknown lets = iota
	letsOwn          // all lie in networks of the organization's own
	letsKnown        // all lie in such or in a partner's
	letsHidden       // some are of Tor, a VPN, a proxy or an anonymizer
)

// maxListed bounds the networks of a policy that are looked up.
const maxListed = 64

// listedNetworks are the networks that the policy behind an alert lists, as it was
// when it was opened: those from which it allows requests, and those that a Deny
// spares. Beyond maxListed they are cut off.
func listedNetworks(t *bucket.Timeline, a *Alert) []netip.Prefix {
	if a.Audience != policy.Network {
		return nil
	}
	step := len(t.Steps) - 1
	if a.OpenedAt != nil {
		step = sort.Search(len(t.Steps), func(i int) bool { return t.Steps[i].Time.After(*a.OpenedAt) }) - 1
	}
	state := t.State(step)
	text := state.Policy.Value
	for _, p := range state.Points {
		if a.AccessPoint != "" && p.Name == a.AccessPoint {
			text = p.Policy.Value
		}
	}
	if text == nil || text.Document == nil {
		return nil
	}
	var out []netip.Prefix
	for i := range text.Document.Statements {
		out = append(out, networksOf(&text.Document.Statements[i])...)
	}
	slices.SortFunc(out, netip.Prefix.Compare)
	out = slices.Compact(out)
	return out[:min(len(out), maxListed+1)]
}

// networksOf are the networks that one statement lets through.
func networksOf(s *policy.Statement) []netip.Prefix {
	operator := map[bool]string{true: "ipaddress", false: "notipaddress"}[strings.EqualFold(s.Effect, "Allow")]
	var out []netip.Prefix
	for _, c := range s.Conditions {
		name := strings.TrimSuffix(strings.ToLower(c.Operator), "ifexists")
		if name[strings.LastIndexByte(name, ':')+1:] != operator || !strings.EqualFold(c.Key, "aws:SourceIp") {
			continue
		}
		for _, v := range c.Values {
			if p, err := netip.ParsePrefix(v); err == nil {
				out = append(out, p.Masked())
			} else if addr, err := netip.ParseAddr(v); err == nil && addr.Zone() == "" {
				out = append(out, netip.PrefixFrom(addr, addr.BitLen()))
			}
		}
	}
	return out
}

// letIn looks the listed networks up in the context file and in the lists of
// networks. It tells of each kind the first.
func (r *ranker) letIn(a *Alert, e *evidence) {
	if a.Audience != policy.Network {
		return
	}
	if len(a.networks) == 0 || len(a.networks) > maxListed {
		e.lacks("whose the listed addresses are: none could be read from the policy, or more than %d", maxListed)
		return
	}
	own, partners, strange := []string{}, []string{}, false
	for _, p := range a.networks {
		switch n, ok := r.known.Context.NetworkHolding(a.Account, p); {
		case ok && n.Kind == "partner":
			partners = appendNew(partners, n.Name)
		case ok:
			own = appendNew(own, n.Name)
		default:
			r.outsideNetwork(a, p, e)
			strange = true
		}
	}
	switch {
	case strange:
	case len(partners) > 0:
		a.lets = letsKnown
		e.weakNo("the listed addresses lie in %s, networks that the context file names", strings.Join(append(own, partners...), ", "))
	default:
		a.lets = letsOwn
		e.weakNo("the listed addresses lie in networks of your own: %s", strings.Join(own, ", "))
	}
}

// outsideNetwork weighs a listed network that the context file does not name.
func (r *ranker) outsideNetwork(a *Alert, p netip.Prefix, e *evidence) {
	at := openedTime(a)
	if addr, err := netip.ParseAddr(a.SourceIPAddress); err == nil && p.Contains(addr.Unmap()) {
		a.letsSelf = true
		e.weakYes("%s, which the policy lists, holds the caller's own address", p)
	}
	for _, f := range r.known.Networks.Lookup(p.Addr()).Found {
		switch {
		case slices.Contains(hiding, f.Kind):
			a.lets = letsHidden
			e.weakYes("%s, which the policy lists: %s", p, f.Evidence(at))
		case f.Kind == intel.Hosting || f.Kind == intel.Cloud:
			e.weakYes("%s, which the policy lists: %s", p, f.Evidence(at))
		}
	}
}
