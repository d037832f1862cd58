// SPDX-License-Identifier: Apache-2.0

package policy

// group is a set of actions that the policy cannot tell apart; the first one
// stands for all.
type group struct {
	first int
	set   actionSet
}

// classify splits the actions: two stay together when they act on the same
// level, the same statements are about them and they know the same request keys.
func (an *analysis) classify() {
	all := firstActions(len(an.list))
	level := bucketActions
	for i := an.known; i < len(an.list); i++ {
		if an.list[i].level == onBucket {
			level.add(i)
		}
	}
	an.classes = append(an.classes[:0], all)
	an.split(level)
	an.split(wholeCatalogue)
	for i := range an.sets {
		an.split(an.sets[i])
	}
	for _, k := range an.mentions {
		if known, ok := knownTo(k); ok {
			an.split(setOf(an.list, known))
		}
	}
}

// split divides every class by whether its actions are in the set.
func (an *analysis) split(set actionSet) {
	for i := range an.classes {
		in := an.classes[i].and(set)
		if out := an.classes[i].minus(set); in != (actionSet{}) && out != (actionSet{}) {
			an.classes[i] = in
			an.classes = append(an.classes, out)
		}
	}
}

// groups splits the actions of a statement that an outsider can ask for, in the
// order of the list.
func (an *analysis) groups(statement int) []group {
	left := an.sets[statement].minus(ownerActions)
	var out []group
	for i := left.next(0); i >= 0; i = left.next(i + 1) {
		for _, c := range an.classes {
			if c.has(i) {
				g := group{i, c.and(left)}
				out = append(out, g)
				left = left.minus(c)
				break
			}
		}
	}
	return out
}
