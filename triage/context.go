// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"net/netip"
	"strings"
	"time"

	"github.com/gaissmai/bart"

	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/replay"
)

// Context is what people know and logs do not tell: whose accounts, networks,
// principals and buckets these are, and what is usual. ReadContext makes one
// from a file (docs/context.md). A nil Context knows nothing and answers so.
// A Context never changes; concurrent look-ups are safe.
//
// Where an entry names an organization it holds for that organization's
// accounts only, so that one customer's office does not vouch for another's.
type Context struct {
	File          string
	Organizations []Organization
	Networks      []Network
	Principals    []Principal
	Trusted       []TrustedAccount
	Buckets       []BucketRule
	Sensitive     []Word
	Harmless      []Word
	Usual         Usual // where an organization says nothing of its own

	accounts   map[string]OwnAccount
	tables     map[string]*bart.Table[int] // by organization, "" for all: index into Networks
	principals patternIndex
	buckets    patternIndex
	trusted    map[scoped]int
	sensitive  map[string]string
	harmless   map[string]string
	usual      map[string]Usual // by organization
	warnings   []Problem        // those that no date changes
}

// scoped is a key within an organization, or within all ("").
type scoped struct{ organization, key string }

// Organization owns accounts.
type Organization struct {
	Name     string
	Accounts []OwnAccount
	Usual    *Usual // nil: what the file says for all
}

// OwnAccount is an account of an organization.
type OwnAccount struct {
	ID           string
	Alias        string
	Organization string
}

// Network is a network that is known by name.
type Network struct {
	Name         string
	Kind         string // one of NetworkKinds
	Organization string
	Note         string
	Prefixes     []netip.Prefix
	Line         int
}

// Principal is what is known of those whose names match a pattern.
type Principal struct {
	Match        string
	Role         string // free text, or one of KnownRoles
	Team         string
	Contact      string
	Organization string
	// ChangesS3 says whether changing S3 settings is their work; Cannot when the
	// file does not say.
	ChangesS3 Answer
	Line      int
}

// TrustedAccount is a foreign account that may be given access.
type TrustedAccount struct {
	ID           string
	Name         string
	Why          string
	Organization string
	Until        time.Time // the first moment after; zero: no end
	Line         int
}

// Holds reports whether the trust is in force at a time.
func (t TrustedAccount) Holds(at time.Time) bool { return t.Until.IsZero() || at.Before(t.Until) }

// BucketRule is what is known of the buckets whose names match a pattern.
type BucketRule struct {
	Match        string
	Owner        string
	DataClass    string // free text, or one of KnownDataClasses
	Organization string
	Public       Publicness
	Until        time.Time // the first moment after PublicExpected ends; zero: no end
	Why          string
	Line         int
}

// Publicness says whether buckets are meant to be public.
type Publicness string

// The answers of a bucket rule. PublicUnsaid decides nothing.
const (
	PublicUnsaid   Publicness = ""
	PublicExpected Publicness = "expected"
	PublicNever    Publicness = "never"
)

// PublicAt is Public at a time: an expectation that has ended says nothing.
func (b BucketRule) PublicAt(at time.Time) Publicness {
	if b.Public == PublicExpected && !b.Until.IsZero() && !at.Before(b.Until) {
		return PublicUnsaid
	}
	return b.Public
}

// Word is one word of bucket names, with what it tells of.
type Word struct {
	Word  string
	Means string
}

// Usual is where and when an organization works.
type Usual struct {
	Countries []string // ISO 3166-1 alpha-2
	Hours     []Hours
}

// Empty reports whether nothing is known by the file, or there is none.
func (c *Context) Empty() bool {
	return c == nil || len(c.Organizations)+len(c.Networks)+len(c.Principals)+len(c.Trusted)+len(c.Buckets)+len(c.Sensitive)+len(c.Harmless)+
		len(c.Usual.Countries)+len(c.Usual.Hours) == 0
}

// Account tells whose an account is.
func (c *Context) Account(id string) (OwnAccount, bool) {
	if c == nil {
		return OwnAccount{}, false
	}
	a, ok := c.accounts[id]
	return a, ok
}

// organization is the name of an account's organization, "" when not known.
func (c *Context) organization(account string) string { return c.accounts[account].Organization }

// Network finds the named network that an address lies in, for an event in an
// account. The longest prefix wins; of two equal ones that of the account's
// organization. IPv4-mapped addresses and zones are taken off first.
func (c *Context) Network(account string, addr netip.Addr) (Network, bool) {
	addr = addr.Unmap().WithZone("")
	return c.NetworkHolding(account, netip.PrefixFrom(addr, addr.BitLen()))
}

// NetworkHolding finds the network that a whole prefix lies in, as Network does.
func (c *Context) NetworkHolding(account string, prefix netip.Prefix) (Network, bool) {
	if c == nil {
		return Network{}, false
	}
	best, bits := -1, -1
	for _, scope := range []string{c.organization(account), ""} {
		table := c.tables[scope]
		if table == nil || !prefix.IsValid() {
			continue
		}
		found, i, ok := table.LookupPrefixLPM(prefix)
		if ok && found.Bits() > bits {
			best, bits = i, found.Bits()
		}
	}
	if best < 0 {
		return Network{}, false
	}
	return c.Networks[best], true
}

// Principal finds what is known of a caller, and the name of his that matched.
// The pattern with the most literal characters wins. A pattern that is no ARN
// holds only for callers of the organizations' own accounts, where any are
// listed: a stranger may call himself anything.
func (c *Context) Principal(by *exposure.Actor) (p Principal, matched string, ok bool) {
	if c == nil || by == nil {
		return Principal{}, "", false
	}
	_, own := c.accounts[by.AccountID]
	own = own || len(c.accounts) == 0
	names, named := namesOf(by), by.Type == "IAMUser" || borrowsName(roleOf(by.ARN), by.IssuerARN)
	i := c.principals.find(c.organization(by.AccountID), func(g *pattern) bool {
		if !own && !g.arn || named && g.namesSessions() {
			return false
		}
		for _, name := range names {
			if g.match(name) {
				matched = name
				return true
			}
		}
		return false
	})
	if i < 0 {
		return Principal{}, "", false
	}
	return c.Principals[i], matched, true
}

// namesSessions reports whether a pattern is one of people's addresses, by which
// single sign-on names sessions. An IAM user may be called so by whoever makes
// him: he needs a pattern that says ":user/" or "user/".
func (p *pattern) namesSessions() bool {
	return !p.arn && strings.Contains(p.text, "@") && !strings.Contains(p.text, "user/")
}

// centerPath is below what IAM Identity Center makes its roles; nobody else can
// make one there (IAM Identity Center User Guide, "Referencing permission sets in
// resource policies").
const centerPath = ":role/aws-reserved/sso.amazonaws.com/"

// borrowsName reports whether a role is named as those of IAM Identity Center,
// but lies elsewhere by its own ARN. "" is not known.
func borrowsName(role, arn string) bool {
	return replay.NamesSessions(role) && arn != "" && !strings.Contains(arn, centerPath)
}

// roleOf is the name of the role of a session, "" of others.
func roleOf(arn string) string {
	_, rest, _ := strings.Cut(arn, ":assumed-role/")
	role, _, _ := strings.Cut(rest, "/")
	return role
}

// namesOf lists the names that a caller goes by: his ARN, a role's without its
// path; for a session also the ARN and name of its role and the session's name;
// his user name, the identity he named, or the service.
func namesOf(by *exposure.Actor) []string {
	names := []string{withoutPath(by.ARN)}
	if head, rest, ok := strings.Cut(by.ARN, ":assumed-role/"); ok {
		role, session, _ := strings.Cut(rest, "/")
		head = strings.Replace(head, ":sts:", ":iam:", 1)
		names = append(names, head+":role/"+role, role)
		if borrowsName(role, by.IssuerARN) {
			return append(names, by.InvokedBy)
		}
		names = append(names, session)
	}
	names = append(names, by.UserName, by.SourceIdentity, by.InvokedBy)
	kept := names[:0]
	for _, name := range names {
		if name != "" {
			kept = append(kept, name)
		}
	}
	return kept
}

// Bucket finds what is known of an account's bucket. The pattern with the most
// literal characters wins, but one that says never stands over all others.
func (c *Context) Bucket(account, name string) (BucketRule, bool) {
	if c == nil {
		return BucketRule{}, false
	}
	fits := func(g *pattern) bool { return g.match(name) }
	i := c.buckets.find(c.organization(account), func(g *pattern) bool { return c.Buckets[g.index].Public == PublicNever && fits(g) })
	if i < 0 {
		i = c.buckets.find(c.organization(account), fits)
	}
	if i < 0 {
		return BucketRule{}, false
	}
	return c.Buckets[i], true
}

// TrustedAccount finds the trust that an own account puts in a foreign one.
// Whether it still holds, TrustedAccount.Holds tells.
func (c *Context) TrustedAccount(own, foreign string) (TrustedAccount, bool) {
	if c == nil {
		return TrustedAccount{}, false
	}
	for _, scope := range []string{c.organization(own), ""} {
		if i, ok := c.trusted[scoped{scope, foreign}]; ok {
			return c.Trusted[i], true
		}
	}
	return TrustedAccount{}, false
}

// SensitiveWord is what a token of a bucket's name tells of, by the file.
func (c *Context) SensitiveWord(token string) (means string, ok bool) {
	if c == nil {
		return "", false
	}
	means, ok = c.sensitive[token]
	return means, ok
}

// HarmlessWord is what a token of a bucket's name tells of, by the file. It
// stands over the built-in sensitive words.
func (c *Context) HarmlessWord(token string) (means string, ok bool) {
	if c == nil {
		return "", false
	}
	means, ok = c.harmless[token]
	return means, ok
}

func (c *Context) usualOf(account string) Usual {
	if c == nil {
		return Usual{}
	}
	if u, ok := c.usual[c.organization(account)]; ok {
		return u
	}
	return c.Usual
}

// UsualCountry says whether an account's people work in a country (ISO 3166-1
// alpha-2); Cannot when the file lists none.
func (c *Context) UsualCountry(account, country string) Answer {
	usual := c.usualOf(account).Countries
	if len(usual) == 0 || country == "" {
		return Cannot
	}
	for _, code := range usual {
		if strings.EqualFold(code, country) {
			return Yes
		}
	}
	return No
}

// WorkingHours says whether a time lies in an account's working hours; Cannot
// when the file tells none.
func (c *Context) WorkingHours(account string, at time.Time) Answer {
	hours := c.usualOf(account).Hours
	if len(hours) == 0 || at.IsZero() {
		return Cannot
	}
	for _, h := range hours {
		if h.contain(at) {
			return Yes
		}
	}
	return No
}
