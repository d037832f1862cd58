// SPDX-License-Identifier: Apache-2.0

package policy

import "slices"

// group is a set of actions that the policy cannot tell apart; the first one
// stands for all.
type group struct {
	first int
	set   actionSet
}

// classify splits the actions: two stay together when they act on the same
// level, the same statements are about them and they know the same request keys.
func (m *form) classify() {
	m.classes = append(m.classes[:0], firstActions(len(m.list)))
	m.split(m.lower)
	m.split(wholeCatalogue)
	m.split(replications) // not for everybody who may have the others
	for i := range m.sets {
		m.split(m.sets[i])
	}
	for _, k := range m.mentions {
		if carriers, ok := knownTo(k); ok {
			m.split(carriers.of(m.list))
		}
	}
}

// split divides every class by whether its actions are in the set.
func (m *form) split(set actionSet) {
	for i := range m.classes {
		in := m.classes[i].and(set)
		if out := m.classes[i].minus(set); in != (actionSet{}) && out != (actionSet{}) {
			m.classes[i] = in
			m.classes = append(m.classes, out)
		}
	}
}

// groupAll splits the actions of each Allow that an outsider can ask for, in the
// order of the list.
func (m *form) groupAll() {
	m.groups = slices.Grow(m.groups[:0], len(m.sets))[:len(m.sets)]
	for i, set := range m.sets {
		m.groups[i] = m.groups[i][:0]
		if m.doc.Statements[i].Effect == "Allow" {
			m.groups[i] = m.group(m.groups[i], set.minus(nothingAlone).minus(m.superfluous(set)))
		}
	}
}

// superfluous are the actions of replication beside the plain ones of the same
// access class, which more people may ask for, where no Deny takes those away.
func (m *form) superfluous(set actionSet) (out actionSet) {
	for i := replications.next(0); i >= 0; i = replications.next(i + 1) {
		plain := actionIndex["s3:putobject"]
		if catalogue[i].access == Delete {
			plain = actionIndex["s3:deleteobject"]
		}
		if set.has(plain) && !m.denied(plain) {
			out.add(i)
		}
	}
	return out
}

// denied reports whether some Deny is about an action.
func (m *form) denied(i int) bool {
	for k := range m.sets {
		if m.doc.Statements[k].Effect == "Deny" && m.sets[k].has(i) {
			return true
		}
	}
	return false
}

func (m *form) group(out []group, left actionSet) []group {
	for i := left.next(0); i >= 0; i = left.next(i + 1) {
		for _, c := range m.classes {
			if c.has(i) {
				out = append(out, group{i, c.and(left)})
				left = left.minus(c)
				break
			}
		}
	}
	return out
}
