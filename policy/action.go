// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"slices"
	"strings"
)

// level says on which resource an action acts.
type level int

const (
	onBucket level = iota
	onObject
)

// action is one row of the S3 action catalogue.
type action struct {
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

// actionIndex finds a catalogue action by its lower-case name.
var actionIndex = func() map[string]int {
	m := make(map[string]int, len(catalogue))
	for i, a := range catalogue {
		m[strings.ToLower(a.name)] = i
	}
	return m
}()

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
	a := action{name: name, level: onBucket, access: ConfigWrite, method: "PUT"}
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
	low := strings.ToLower(pattern)
	if len(low) > 128 || len(list) >= maxActions || strings.ContainsAny(low, "*?$") || !strings.HasPrefix(low, "s3:") || low == "s3:" {
		return list
	}
	if _, ok := actionIndex[low]; ok {
		return list
	}
	if slices.ContainsFunc(list[len(catalogue):], func(a action) bool { return strings.EqualFold(a.name, pattern) }) {
		return list
	}
	return append(slices.Clip(list), guessAction(pattern))
}

// matchActions gives the actions of a list that one of the patterns matches.
func matchActions(list []action, patterns []string) actionSet {
	var set actionSet
	for _, p := range patterns {
		if i, ok := actionIndex[strings.ToLower(p)]; ok {
			set.add(i)
			continue
		}
		if p == "*" || p == "s3:*" {
			for i := range list {
				set.add(i)
			}
			return set
		}
		low := strings.ToLower(p)
		for i := range list {
			name := ""
			if i < len(lowNames) {
				name = lowNames[i]
			} else {
				name = strings.ToLower(list[i].name)
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
