// SPDX-License-Identifier: Apache-2.0

package investigate

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/bucketlid/bucketlid/replay"
	"github.com/bucketlid/bucketlid/triage/intel"
)

// subjectEntries are those of the caller, or of the address where that is what
// is asked for.
func (d *dossier) subjectEntries() []*Entry {
	switch d.Kind {
	case Alert:
		return pick(d.of(User), func(e *Entry) bool { return d.beside(e.Time) })
	}
	return d.of(d.Kind)
}

// clients tells by what kind of client the calls were made.
func clients(d *dossier) finding {
	entries := d.subjectEntries()
	type class struct {
		calls  int
		agents []string
		first  *Entry
	}
	by := map[string]*class{}
	var order []string
	for _, e := range entries {
		name := e.Client()
		c := by[name]
		if c == nil {
			c = &class{first: e}
			by[name] = c
			order = append(order, name)
		}
		c.calls++
		c.agents = append(c.agents, cmp.Or(agentName(e.Agent), e.InvokedBy))
	}
	if len(entries) == 0 {
		return finding{verdict: Unknown, text: "No call of the caller is known."}
	}
	slices.SortStableFunc(order, func(a, b string) int { return cmp.Compare(by[b].calls, by[a].calls) })
	f := finding{verdict: Told}
	var parts []string
	for _, name := range order {
		c := by[name]
		text := fmt.Sprintf("%s ×%d", name, c.calls)
		if agents := unique(c.agents); len(agents) > 0 {
			text += " (" + some(agents) + ")"
		}
		parts = append(parts, text)
		p := proof(c.first)
		p.Text += " with " + cmp.Or(c.first.Agent, "no user agent")
		f.events = append(f.events, p)
	}
	f.text = strings.Join(parts, "; ") + "."
	return f
}

// addresses are the network addresses of the subject, in order of their first use.
func (d *dossier) addresses() []netip.Addr {
	var texts []string
	if d.Kind == Alert {
		if s := d.subject(IP); s != nil {
			texts = append(texts, s.prefix.Addr().String())
		}
	}
	for _, e := range d.subjectEntries() {
		texts = append(texts, e.Address)
	}
	var out []netip.Addr
	for _, text := range unique(texts) {
		if addr, err := netip.ParseAddr(text); err == nil {
			out = append(out, addr.Unmap().WithZone(""))
		}
	}
	return out
}

// addressElsewhere names who else called from the subject's addresses.
func addressElsewhere(d *dossier) finding {
	addresses := map[netip.Addr]bool{}
	for _, addr := range d.addresses() {
		addresses[addr] = true
	}
	if len(addresses) == 0 {
		return d.noAddress()
	}
	own, handed := d.ownCallers()
	others := d.c.linked(func(l *link) bool {
		addr, err := netip.ParseAddr(l.address)
		return err == nil && addresses[addr.Unmap().WithZone("")] && !own[l.caller] && !handed[l.caller]
	})
	f := finding{verdict: No}
	if len(handed) > 0 {
		f.caveats = append(f.caveats, fmt.Sprintf("%s whose sessions it got itself are not told here", plural(len(handed), "role", "roles")))
	}
	if d.c.links.dropped {
		f.caveats = append(f.caveats, "there were more pairs of caller and address than are remembered: some may be missing")
	}
	if len(others) == 0 {
		f.text = fmt.Sprintf("No other caller was seen at its %s.", plural(len(addresses), "address", "addresses"))
		f.caveats = append(f.caveats, d.beginning())
		return f
	}
	var names, accounts []string
	for _, l := range others {
		names = append(names, shortARN(l.caller))
		if !replay.Anonymous(l.account) {
			accounts = append(accounts, l.account)
		}
		f.events = append(f.events, Proof{unix(l.seen.first), l.seen.id, shortARN(l.caller) + " at " + l.address + ", " + between(l.seen)})
	}
	names, accounts = unique(names), unique(accounts)
	f.verdict = Yes
	f.text = plural(len(names), "other caller", "other callers")
	if d.Kind == IP {
		f.text = plural(len(names), "caller", "callers")
	}
	if len(accounts) > 0 {
		f.text += " of " + plural(len(accounts), "account", "accounts")
	}
	f.text += ": " + some(names) + "."
	return f
}

// ownCallers are the callers that the subject is, and those that it became by
// sessions that it got.
func (d *dossier) ownCallers() (own, handed map[string]bool) {
	own, handed = map[string]bool{}, map[string]bool{}
	var arns []string
	for _, e := range d.of(User) {
		own[e.familiar()] = true
		arns = append(arns, e.ARN)
	}
	x := d.c.sessions.index()
	for _, one := range x.down(unique(arns)) {
		if who := (&Entry{ARN: one.ARN}).familiar(); !own[who] {
			handed[who] = true
		}
	}
	return own, handed
}

func between(s seen) string {
	if s.first == s.last {
		return "at " + stamp(unix(s.first)) + " only"
	}
	return stamp(unix(s.first)) + " .. " + stamp(unix(s.last))
}

// noAddress is the answer where there is no address to ask about.
func (d *dossier) noAddress() finding {
	if len(d.subjectEntries()) == 0 {
		return finding{verdict: Unknown, text: "No call of the caller is known, and so no address.", caveats: []string{d.beginning()}}
	}
	return finding{verdict: Unknown, text: "No network address is known: its calls came through AWS services alone."}
}

// maxLooked bounds the addresses that are looked up.
const maxLooked = 20

// addressKnown tells what the context file and the local lists know of the addresses.
func addressKnown(d *dossier) finding {
	addresses := d.addresses()
	f := finding{verdict: Told}
	if len(addresses) == 0 {
		return d.noAddress()
	}
	if len(addresses) > maxLooked {
		f.caveats = append(f.caveats, fmt.Sprintf("only the first %d of %d addresses were looked up", maxLooked, len(addresses)))
		addresses = addresses[:maxLooked]
	}
	var parts []string
	for _, addr := range addresses {
		if about := d.about(addr); about != "" {
			parts = append(parts, addr.String()+": "+about)
		}
	}
	switch {
	case d.Known.Context == nil && len(d.Known.Networks.Sources()) == 0:
		f.caveats = append(f.caveats, "neither a context file (--context) nor lists of networks (--intel) were given")
	case d.Known.Context == nil:
		f.caveats = append(f.caveats, "no context file (--context) names your own networks")
	case len(d.Known.Networks.Sources()) == 0:
		f.caveats = append(f.caveats, "no lists of networks were given (--intel)")
	}
	if len(parts) == 0 {
		f.verdict, f.text = Unknown, "Nothing is known of "+some(spelled(addresses))+"."
		return f
	}
	f.text = strings.Join(parts[:min(len(parts), maxNamed)], "; ") + "."
	if more := len(parts) - maxNamed; more > 0 {
		f.text += fmt.Sprintf(" Of %d more addresses something is known too.", more)
	}
	return f
}

func spelled(addresses []netip.Addr) []string {
	out := make([]string, len(addresses))
	for i, addr := range addresses {
		out[i] = addr.String()
	}
	return out
}

// about is everything that is known of one address beside the logs.
func (d *dossier) about(addr netip.Addr) string {
	var parts []string
	if d.Known.Context != nil {
		account := ""
		if d.Alert != nil {
			account = d.Alert.Account
		} else if accounts := d.logs().Accounts; len(accounts) > 0 {
			account = accounts[0]
		}
		if n, ok := d.Known.Context.Network(account, addr); ok {
			parts = append(parts, fmt.Sprintf("%s, a known network of yours (%s, context line %d)", n.Name, n.Kind, n.Line))
		}
	}
	if !intel.Public(addr) {
		parts = append(parts, "not a public address: seen through a VPC endpoint, a proxy, or replaced by whoever shared the logs")
	}
	for _, fact := range d.Known.Networks.Lookup(addr).Found {
		parts = append(parts, fact.Evidence(unix(d.c.span.last)))
	}
	return strings.Join(parts, ", ")
}
