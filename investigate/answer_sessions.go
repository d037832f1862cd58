// SPDX-License-Identifier: Apache-2.0

package investigate

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/bucketlid/bucketlid/replay"
)

const (
	// maxDepth bounds the links of a chain of sessions.
	maxDepth = 12
	// maxChains bounds the sessions that are followed in one answer.
	maxChains = 200
)

// issues is the index of sessions by the key and by the name that they gave.
type issues struct {
	byKey, byARN map[string]*Session
	by           map[string][]*Session // by the caller's key and by his ARN
	ordered      []*Session
}

func (s *sessions) index() issues {
	x := issues{map[string]*Session{}, map[string]*Session{}, map[string][]*Session{}, nil}
	for _, from := range []map[uint64]*Session{s.people.values, s.workloads.values} {
		for _, one := range from {
			x.ordered = append(x.ordered, one)
		}
	}
	slices.SortFunc(x.ordered, func(a, b *Session) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.ID, b.ID), cmp.Compare(a.AccessKeyID, b.AccessKeyID), cmp.Compare(a.ARN, b.ARN))
	})
	for _, one := range x.ordered {
		x.byKey[one.AccessKeyID] = one
		x.byARN[one.ARN] = one
		x.by[one.By] = append(x.by[one.By], one)
	}
	return x
}

// up lists the issues behind a session, the nearest first. Sessions are told
// apart by their key; where that key was not seen being issued, by the name.
func (x *issues) up(key, arn string) (chain []*Session, byName bool) {
	known := map[*Session]bool{}
	for range maxDepth {
		one, ok := x.byKey[key]
		if !ok {
			if one, ok = x.byARN[arn]; !ok {
				return chain, byName
			}
			byName = true
		}
		if known[one] {
			return chain, byName
		}
		known[one] = true
		chain = append(chain, one)
		key, arn = one.ByKey, one.By
	}
	return chain, byName
}

// down lists the sessions that were issued to one of the ARNs, or to one of those sessions.
func (x *issues) down(arns []string) []*Session {
	var out []*Session
	known := map[*Session]bool{}
	for range maxDepth {
		var next []string
		for _, arn := range arns {
			for _, one := range x.by[arn] {
				if !known[one] && len(out) < maxChains {
					known[one] = true
					out = append(out, one)
					next = append(next, one.ARN)
				}
			}
		}
		arns = unique(next)
	}
	return out
}

// temporary begins the id of an access key of a session (IAM User Guide,
// "IAM identifiers").
const temporary = "ASIA"

// chains tells who got the credentials that the subject used, and to whom it
// handed on.
func chains(d *dossier) finding {
	entries := d.of(User)
	if len(entries) == 0 {
		return finding{verdict: Unknown, text: "No call of a caller is known."}
	}
	x := d.c.sessions.index()
	f := finding{verdict: Told}
	var sentences []string
	sentences = append(sentences, ownKeys(&x, entries)...)
	above, orphans := d.origins(&x, entries, &f)
	sentences = append(sentences, above...)
	if len(orphans) > 0 {
		sentences = append(sentences, fmt.Sprintf("Who got %s is not in the logs: %s.", plural(len(orphans), "session", "sessions"), some(orphans)))
		f.caveats = append(f.caveats, d.beginning())
		if len(sentences) == 1 {
			f.verdict = Unknown
		}
	}
	sentences = append(sentences, d.descendants(&x, entries, &f)...)
	sentences = append(sentences, people(entries)...)
	if len(sentences) == 0 {
		sentences = []string{"No session and no key is named in its calls."}
		f.verdict = Unknown
	}
	f.text = strings.Join(sentences, " ")
	if d.c.sessions.dropped() {
		f.caveats = append(f.caveats, "there were more sessions than are remembered: some chains may end too early")
	}
	return f
}

// ownTemporary reports a call by a user himself with a temporary key. The
// console makes such keys without a call of AWS STS.
func ownTemporary(e *Entry) bool {
	return strings.HasPrefix(e.AccessKeyID, temporary) && (e.Type == "IAMUser" || e.Type == "Root")
}

func (x *issues) issued(key string) bool { return x.byKey[key] != nil }

// ownKeys names the keys of its own that were used.
func ownKeys(x *issues, entries []*Entry) []string {
	var keys, temporaries []string
	for _, e := range entries {
		switch {
		case strings.HasPrefix(e.AccessKeyID, "AKIA"):
			keys = append(keys, e.AccessKeyID)
		case ownTemporary(e) && !x.issued(e.AccessKeyID):
			temporaries = append(temporaries, e.AccessKeyID)
		}
	}
	var out []string
	if keys = unique(keys); len(keys) > 0 {
		out = append(out, fmt.Sprintf("It called with the long-term key %s.", some(keys)))
	}
	if temporaries = unique(temporaries); len(temporaries) > 0 {
		out = append(out, fmt.Sprintf("It called with %s of its own, as the console and AWS services use on its behalf.", plural(len(temporaries), "temporary key", "temporary keys")))
	}
	return out
}

// origins tells for each session of the entries who stands behind it, alike
// origins once; orphans are the sessions of which that is not known.
func (d *dossier) origins(x *issues, entries []*Entry, f *finding) (sentences, orphans []string) {
	told, known := map[string]int{}, map[[2]string]bool{}
	var order []string
	for _, e := range entries {
		session := [2]string{e.AccessKeyID, e.ARN}
		if known[session] || (!strings.HasPrefix(e.AccessKeyID, temporary) && !strings.Contains(e.ARN, ":assumed-role/")) {
			continue
		}
		known[session] = true
		chain, byName := x.up(e.AccessKeyID, e.ARN)
		if len(chain) == 0 {
			if ownTemporary(e) {
				continue
			}
			orphans = append(orphans, shortARN(cmp.Or(e.ARN, e.AccessKeyID)))
			continue
		}
		if byName {
			f.caveats = append(f.caveats, "some links are by the session's name, since the key itself was not seen being issued")
		}
		path := pathOf(chain)
		if told[path]++; told[path] == 1 {
			order = append(order, path)
			for _, one := range chain {
				f.events = append(f.events, one.proof())
			}
		}
	}
	for i, path := range order {
		if i == maxNamed {
			sentences = append(sentences, fmt.Sprintf("There are %d more chains.", len(order)-maxNamed))
			break
		}
		text := path
		if told[path] > 1 {
			text += fmt.Sprintf(" (%d sessions)", told[path])
		}
		sentences = append(sentences, text+".")
	}
	return sentences, unique(orphans)
}

// pathOf is a chain in words, from its origin on.
func pathOf(chain []*Session) string {
	first := chain[len(chain)-1]
	parts := []string{first.Origin()}
	for _, one := range slices.Backward(chain) {
		parts = append(parts, one.Name())
	}
	return strings.Join(parts, " → ")
}

func (s *Session) proof() Proof {
	return Proof{unix(s.at), s.ID, s.Call + ": " + s.Origin() + " got " + s.AccessKeyID + " as " + s.Name()}
}

// descendants tells which sessions the subject got, and what they did.
func (d *dossier) descendants(x *issues, entries []*Entry, f *finding) []string {
	var arns []string
	for _, e := range entries {
		arns = append(arns, e.ARN)
	}
	sessions := x.down(unique(arns))
	if len(sessions) == 0 {
		return nil
	}
	var names []string
	byName := map[string]*Session{}
	for _, one := range sessions {
		if d.Kind == Alert && !d.beside(unix(one.at)) {
			continue
		}
		name := one.Name()
		if did := d.habits(one.ARN); did != "" {
			name += " (" + did + ")"
		}
		if byName[name] == nil {
			byName[name] = one
			names = append(names, name)
			f.events = append(f.events, one.proof())
		}
	}
	if len(names) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("It got %s: %s.", plural(len(names), "session of a role", "sessions of roles"), some(names))}
}

// habits tells what a caller did most, by name.
func (d *dossier) habits(arn string) string {
	h := d.Baseline.Principals[replay.PrincipalKey(arn, "", "", "")]
	if h == nil {
		return "no call seen"
	}
	names := h.Names()
	list := slices.SortedFunc(maps.Keys(names), func(a, b string) int {
		return cmp.Or(cmp.Compare(names[b].Count(), names[a].Count()), cmp.Compare(a, b))
	})
	for i, name := range list {
		if n := names[name].Count(); n > 1 {
			list[i] = fmt.Sprintf("%s ×%d", name, n)
		}
	}
	return strings.Join(list[:min(3, len(list))], ", ")
}

// people names who stands behind a session by its own word.
func people(entries []*Entry) []string {
	var names []string
	for _, e := range entries {
		if e.SourceIdentity != "" && e.SourceIdentity != e.UserName {
			names = append(names, e.SourceIdentity)
		}
	}
	if names = unique(names); len(names) == 0 {
		return nil
	}
	return []string{"Its sessions carry the source identity " + some(names) + "."}
}
