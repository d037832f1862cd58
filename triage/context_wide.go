// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"cmp"
	"math"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// width says how much a pattern takes in.
type width int

const (
	narrow width = iota
	wide         // a great many, such as all callers of an account
	boundless
)

// minTelling is how many letters and digits a pattern with "*" needs not to
// match whatever comes along.
const minTelling = 3

var (
	accountDigits = regexp.MustCompile(`[0-9]{12}`)
	// arnParts are what every caller's ARN is made of beside account and name.
	arnParts = regexp.MustCompile(`arn|aws-cn|aws-us-gov|aws|iam|sts|assumed-role|role|user|amazonaws\.com`)
)

// widthOf judges a pattern by what it says beside "*" and "?" and, of callers,
// beside what all their ARNs have.
func widthOf(match string, callers bool) width {
	text, scoped := strings.ToLower(match), false
	if callers {
		scoped = accountDigits.MatchString(text)
		text = arnParts.ReplaceAllString(accountDigits.ReplaceAllString(text, ""), "")
	}
	told := 0
	for _, r := range text {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			told++
		}
	}
	switch {
	case !strings.ContainsAny(match, "*?"):
		return narrow
	case told == 0 && !scoped:
		return boundless
	case told < minTelling && strings.Contains(match, "*"):
		return wide
	}
	return narrow
}

// specific refuses a pattern that matches nearly everything, and warns of one
// that takes in a great many: it would silence flags for strangers too. What says
// never silences nothing.
func (b *contextBuilder) specific(v fileValue, what string) {
	match := v.keys["match"]
	switch w := widthOf(match.text, what == "caller"); {
	case w == boundless && (v.keys["public"].text != string(PublicNever) || strings.Trim(match.text, "*") == ""):
		b.problem(match.at, "name those that are meant", "the pattern %q matches every %s", match.text, what)
	case w != narrow:
		b.warn(match.at, "see that all of them are meant", "the pattern %q matches a great many %ss", match.text, what)
	}
}

// tunnels are networks by which any IPv4 address has one of IPv6: NAT64 (RFC
// 6052), Teredo (RFC 4380), 6to4 (RFC 3056).
var tunnels = []netip.Prefix{netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("2001::/32"), netip.MustParsePrefix("2002::/16")}

// placed is a prefix with its place in the file.
type placed struct {
	netip.Prefix
	at filePlace
}

// families tell from which size on own networks together hold more strangers
// than people of one's own. Of IPv6 a /3 is handed out.
var families = []struct {
	name       string
	four       bool
	bits       int     // of a prefix of the most
	most, half float64 // addresses
}{
	{"IPv4", true, 8, math.Ldexp(1, 32-8), math.Ldexp(1, 31)},
	{"IPv6", false, 24, math.Ldexp(1, 128-24), math.Ldexp(1, 128-4)},
}

// ownEverywhere are networks that every organization may have for itself.
var ownEverywhere = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("fc00::/7"), netip.MustParsePrefix("fe80::/10"),
}

// extent is how much networks of one family take in.
type extent struct {
	addresses float64
	widest    placed // the last in the file of those with the shortest prefix
}

// together weighs all networks that hold for an organization: two halves are
// the whole. Of each family it tells once.
func (b *contextBuilder) together(byScope map[string][]placed) {
	for _, f := range families {
		shared := extentOf(byScope[""], f.four)
		all := []extent{shared}
		for _, o := range b.out.Organizations {
			if own := extentOf(byScope[o.Name], f.four); own.addresses > 0 {
				own.addresses += shared.addresses
				all = append(all, own)
			}
		}
		if i := slices.IndexFunc(all, func(e extent) bool { return e.addresses >= f.half }); i >= 0 {
			b.problem(all[i].widest.at, "list the networks that are yours", "the networks together are half of all %s addresses or more", f.name)
		} else if i := slices.IndexFunc(all, func(e extent) bool { return e.addresses > f.most }); i >= 0 && all[i].widest.Bits() >= veryWide(f.four) {
			b.warn(all[i].widest.at, "see that all of them are yours", "the networks together are more than a /%d of %s", f.bits, f.name)
		}
	}
}

// veryWide is the length below which one prefix alone is called very wide.
func veryWide(four bool) int {
	if four {
		return 8
	}
	return 16
}

// extentOf counts the addresses of one family that not everybody may have for
// himself, each once.
func extentOf(list []placed, four bool) extent {
	list = slices.DeleteFunc(slices.Clone(list), func(p placed) bool {
		return p.Addr().Is4() != four || slices.ContainsFunc(ownEverywhere, func(o netip.Prefix) bool { return o.Bits() <= p.Bits() && o.Contains(p.Addr()) })
	})
	slices.SortStableFunc(list, func(x, y placed) int { return cmp.Compare(x.Bits(), y.Bits()) })
	var e extent
	seen := map[netip.Prefix]bool{}
	for i, p := range list {
		if p.Bits() == list[0].Bits() {
			e.widest = list[i]
		}
		inside := false
		for bits := list[0].Bits(); bits <= p.Bits() && !inside; bits++ {
			around, err := p.Addr().Prefix(bits)
			inside = err == nil && seen[around]
		}
		if !inside {
			seen[p.Masked()] = true
			e.addresses += math.Ldexp(1, p.Addr().BitLen()-p.Bits())
		}
	}
	return e
}
