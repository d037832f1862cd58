// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"math/bits"
	"slices"
	"strings"
)

// level says on which resource an action acts.
type level int

const (
	onBucket level = iota
	onObject
)

// action is an S3 action at its place in a list of actions.
type action struct {
	actionRow
	index int
}

// actionRow is one row of the S3 action catalogue.
type actionRow struct {
	name   string
	level  level
	access Access // semantics B.7, act-classes
	method string
	query  string
	cli    string // the command of "aws s3api"
}

// actionSet is a set of positions in a list of at most 192 actions.
type actionSet [3]uint64

const maxActions = 192

func (s *actionSet) add(i int)     { s[i/64] |= 1 << (i % 64) }
func (s actionSet) has(i int) bool { return s[i/64]&(1<<(i%64)) != 0 }

func (s actionSet) and(t actionSet) actionSet {
	return actionSet{s[0] & t[0], s[1] & t[1], s[2] & t[2]}
}

func (s actionSet) minus(t actionSet) actionSet {
	return actionSet{s[0] &^ t[0], s[1] &^ t[1], s[2] &^ t[2]}
}

func (s actionSet) or(t actionSet) actionSet {
	return actionSet{s[0] | t[0], s[1] | t[1], s[2] | t[2]}
}

func (s actionSet) len() int {
	return bits.OnesCount64(s[0]) + bits.OnesCount64(s[1]) + bits.OnesCount64(s[2])
}

// next gives the first position from i on, or -1.
func (s actionSet) next(i int) int {
	for ; i < maxActions; i = (i/64 + 1) * 64 {
		if rest := s[i/64] >> (i % 64); rest != 0 {
			return i + bits.TrailingZeros64(rest)
		}
	}
	return -1
}

// firstActions holds the positions below n.
func firstActions(n int) actionSet {
	var s actionSet
	for i := range s {
		s[i] = 1<<min(64, max(0, n-64*i)) - 1
	}
	return s
}

// setOf gives the positions of a list that a test picks.
func setOf(list []action, pick func(*action) bool) actionSet {
	var s actionSet
	for i := range list {
		if pick(&list[i]) {
			s.add(i)
		}
	}
	return s
}

// bucketLevel gives the actions on the bucket itself of a list, which begins with
// the catalogue.
func bucketLevel(list []action) actionSet {
	set := bucketActions
	for i := len(catalogue); i < len(list); i++ {
		if list[i].level == onBucket {
			set.add(i)
		}
	}
	return set
}

// ownerOnly are the actions that S3 refuses to every identity outside the
// owner's account, whatever the policy says (API page "PutBucketPolicy"), and
// CreateBucket, for which a bucket that exists can permit nothing.
func ownerOnly(name string) bool {
	switch name {
	case "s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy", "s3:CreateBucket":
		return true
	}
	return false
}

// alone says of an action that it permits nothing, or nothing unless another is
// permitted too: it goes with a replication, with the deletion of a locked object or
// with GetObject (User Guide, "Setting up permissions for live replication",
// "Bypassing governance mode"; API page "GetObjectAttributes"), or S3 has ended what
// it was for (BitTorrent, in April 2022).
func alone(name string) bool {
	switch name {
	case "s3:ReplicateTags", "s3:ObjectOwnerOverrideToBucketOwner", "s3:BypassGovernanceRetention",
		"s3:GetObjectVersionForReplication", "s3:GetObjectAttributes", "s3:GetObjectVersionAttributes",
		"s3:GetObjectTorrent", "s3:GetObjectVersionTorrent":
		return true
	}
	return false
}

// byReplication are the actions that no client asks for: S3 does, for an account
// that replicates a bucket of its own to this one.
func byReplication(name string) bool {
	return name == "s3:ReplicateObject" || name == "s3:ReplicateDelete"
}

// actionIndex finds a catalogue action by its lower-case name.
var actionIndex = func() map[string]int {
	m := make(map[string]int, len(catalogue))
	for i, a := range catalogue {
		m[strings.ToLower(a.name)] = i
	}
	return m
}()

// actionSpelt finds a catalogue action by its name as AWS spells it.
var actionSpelt = func() map[string]int {
	m := make(map[string]int, len(catalogue))
	for i, a := range catalogue {
		m[a.name] = i
	}
	return m
}()

var (
	wholeCatalogue = firstActions(len(catalogue))
	bucketActions  = setOf(catalogue, func(a *action) bool { return a.level == onBucket })
	// nothingAlone are the actions that give an outsider nothing.
	nothingAlone = setOf(catalogue, func(a *action) bool { return ownerOnly(a.name) || alone(a.name) })
	replications = setOf(catalogue, func(a *action) bool { return byReplication(a.name) })
)

// lowNames are the catalogue's names in lower case.
var lowNames = func() []string {
	out := make([]string, len(catalogue))
	for i, a := range catalogue {
		out[i] = strings.ToLower(a.name)
	}
	return out
}()

// AccessOf gives the access class of an S3 action (semantics B.7). A name that
// the catalogue lacks is placed by its verb.
func AccessOf(name string) Access {
	if i, ok := actionIndex[strings.ToLower(name)]; ok {
		return catalogue[i].access
	}
	return guessAction(name).access
}

// guessAction places an action that the catalogue does not know by its name.
func guessAction(name string) action {
	a := action{actionRow: actionRow{name: name, level: onBucket, access: ConfigWrite, method: "PUT"}}
	_, verb, _ := strings.Cut(strings.ToLower(name), ":")
	read := strings.HasPrefix(verb, "get") || strings.HasPrefix(verb, "head")
	if strings.Contains(verb, "object") && !strings.Contains(verb, "objectlock") {
		a.level = onObject
	}
	switch {
	case strings.HasPrefix(verb, "list"):
		a.access, a.method = List, "GET"
	case strings.Contains(verb, "acl") && read:
		a.access, a.method = ACLRead, "GET"
	case strings.Contains(verb, "acl"):
		a.access = ACLWrite
	case read && a.level == onObject:
		a.access, a.method = Read, "GET"
	case read:
		a.access, a.method = ConfigRead, "GET"
	case strings.HasPrefix(verb, "delete") && a.level == onObject:
		a.access, a.method = Delete, "DELETE"
	case a.level == onObject:
		a.access = Write
	}
	return a
}

// actionsOf is the catalogue, together with actions that the policy names and
// the catalogue lacks; known counts the former.
func actionsOf(d *Document) (list []action, known int) {
	list, known = catalogue, len(catalogue)
	if d == nil {
		return list, known
	}
	for i := range d.Statements {
		for _, pattern := range d.Statements[i].Action {
			list = extend(list, pattern)
		}
	}
	return list, known
}

func extend(list []action, pattern string) []action {
	if _, ok := actionSpelt[pattern]; ok {
		return list
	}
	low := lowerLoosely(pattern)
	if len(low) > 128 || len(list) >= maxActions || strings.ContainsAny(low, "*?$") || !strings.HasPrefix(low, "s3:") || low == "s3:" {
		return list
	}
	if _, ok := actionIndex[low]; ok {
		return list
	}
	if slices.ContainsFunc(list[len(catalogue):], func(a action) bool { return lower(a.name) == lower(pattern) }) {
		return list
	}
	a := guessAction(pattern)
	a.index = len(list)
	return append(slices.Clip(list), a)
}

// matchActions gives the actions of a list that one of the patterns matches, or may
// match: see lowerLoosely.
func matchActions(list []action, patterns []string) actionSet {
	return matchFolded(list, patterns, lowerLoosely)
}

func matchFolded(list []action, patterns []string, fold func(string) string) actionSet {
	var set actionSet
	for _, p := range patterns {
		if i, ok := actionSpelt[p]; ok {
			set.add(i)
			continue
		}
		if p == "*" || p == "s3:*" {
			if len(list) == len(catalogue) {
				return wholeCatalogue
			}
			return firstActions(len(list))
		}
		low := fold(p)
		if i, ok := actionIndex[low]; ok {
			set.add(i)
			continue
		}
		for i := range list {
			name := ""
			if i < len(lowNames) {
				name = lowNames[i]
			} else {
				name = fold(list[i].name)
			}
			if wildcard(low, name) {
				set.add(i)
			}
		}
	}
	return set
}

// wildcard matches a text against a pattern of "*" and "?" in time proportional
// to the product of their lengths at worst.
func wildcard(pattern, text string) bool {
	p, t := 0, 0
	star, back := -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, back = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p++
			t++
		case star >= 0:
			back++
			if next := star + 1; next < len(pattern) && pattern[next] != '?' && pattern[next] != '*' {
				skip := strings.IndexByte(text[back:], pattern[next])
				if skip < 0 {
					return false
				}
				back += skip
			}
			p, t = star+1, back
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}
