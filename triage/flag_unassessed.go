// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"strings"

	"github.com/bucketlid/bucketlid/triage/intel"
)

// assessed are the kinds of facts by which an address is weighed, with what is
// missing where nothing tells them.
var assessed = []struct {
	kinds []intel.Kind
	name  string
}{
	{[]intel.Kind{intel.VPN}, "VPN"},
	{[]intel.Kind{intel.Tor}, "Tor"},
	{[]intel.Kind{intel.Hosting, intel.Cloud}, "hosting or cloud"},
}

// maxUnused bounds the sources that are named because they could not be used.
const maxUnused = 5

// unassessed says what could not be looked up of an address: kinds that no
// source tells, and sources that are there and could not be used.
func (r *ranker) unassessed(a *Alert, e *evidence) {
	networks := r.known.Networks
	knows := func(kinds []intel.Kind) bool {
		for _, kind := range kinds {
			if len(networks.Knows(kind)) > 0 {
				return true
			}
		}
		return false
	}
	var lacking []string
	asked := append([]intel.Kind{}, hiding...)
	for _, k := range assessed {
		asked = append(asked, k.kinds...)
		if !knows(k.kinds) {
			lacking = append(lacking, k.name)
		}
	}
	switch n := len(lacking); {
	case n == 1:
		e.lacks("no list of %s addresses is installed (bucketlid intel update)", lacking[0])
	case n > 1:
		e.lacks("no list of %s and %s addresses is installed (bucketlid intel update)", strings.Join(lacking[:n-1], ", "), lacking[n-1])
	}
	if usual := r.known.Context.usualOf(a.Account).Countries; len(usual) > 0 {
		asked = append(asked, intel.Country)
		if !knows([]intel.Kind{intel.Country}) {
			e.lacks("the context file tells the usual countries, and no database of countries is installed")
		}
	}
	unused := networks.Unused(asked...)
	for _, u := range unused[:min(len(unused), maxUnused)] {
		e.lacks("what %s tells was not looked at: %s", u.Name, u.Why)
	}
	if more := len(unused) - maxUnused; more > 0 {
		e.lacks("%s could not be used (bucketlid intel status)", count(more, "further source", false))
	}
}
