// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"cmp"
	"slices"
	"strings"
)

// The search takes rules and their tests in an order that does not depend on that
// of the text, so that the answer does not either.

// compareTests orders the tests of one rule, whose values are in order already.
func compareTests(a, b *test) int {
	return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.source.Operator, b.source.Operator), slices.Compare(a.values, b.values))
}

// denyKey is what places a Deny statement among the others.
type denyKey struct {
	at         int // the statement's place in the document
	kind       int // which elements it has
	conditions []string
	texts      []string // sorted
}

// orderDenies lists the Deny statements, in the memory of list: those that take
// little to judge first.
func orderDenies(list []int, d *Document) []int {
	list = list[:0]
	for i := range d.Statements {
		if d.Statements[i].Effect == "Deny" {
			list = append(list, i)
		}
	}
	if len(list) < 2 {
		return list
	}
	keys := make([]denyKey, len(list))
	for i, at := range list {
		keys[i].at = at
		keys[i].read(&d.Statements[at])
	}
	slices.SortStableFunc(keys, compareDenies)
	for i := range keys {
		list[i] = keys[i].at
	}
	return list
}

func (k *denyKey) read(s *Statement) {
	k.kind = 4*asInt(s.Resource == nil) + 2*asInt(s.NotPrincipal != nil) + asInt(s.NotAction != nil)
	k.texts = slices.Concat(s.Resource, s.NotResource, s.Action, s.NotAction)
	for _, p := range []*Principal{s.Principal, s.NotPrincipal} {
		if p != nil {
			k.texts = slices.Concat(k.texts, p.AWS, p.Service, p.Federated, p.CanonicalUser)
		}
	}
	slices.Sort(k.texts)
	for _, c := range s.Conditions {
		k.conditions = append(k.conditions, strings.Join(append([]string{lowKey(c.Key), c.Operator}, inOrder(c.Values)...), "\x00"))
	}
	slices.Sort(k.conditions)
}

func compareDenies(a, b denyKey) int {
	return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(len(a.conditions), len(b.conditions)),
		slices.Compare(a.texts, b.texts), slices.Compare(a.conditions, b.conditions))
}
