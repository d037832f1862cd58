// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"slices"
	"strings"
)

// Writes reports whether the request changes something where it succeeds.
func (w *Witness) Writes() bool {
	switch w.Method {
	case "GET", "HEAD":
		return false
	}
	return true
}

// Needs lists what the request must have and its command does not bring along,
// as "key, such as value": the sender's address, endpoint or identity, and what
// the AWS CLI has no flag for.
func (w *Witness) Needs() []string {
	var out []string
	for key, value := range w.Context {
		if !w.carries(strings.ToLower(key)) {
			out = append(out, key+", such as "+value)
		}
	}
	slices.Sort(out)
	return out
}

// carries says whether the command as it stands gives the request a key.
func (w *Witness) carries(key string) bool {
	switch {
	case key == "aws:securetransport":
		return true
	case slices.ContainsFunc(urlKeys, func(k urlKey) bool { return k.key == key }):
		return true
	case strings.HasPrefix(w.Command, "aws "):
		return key == "s3:x-amz-acl" && strings.Contains(w.Command, " --acl ")
	}
	name, _ := headerOf(contextEntry{key, []string{""}})
	return name != ""
}

// OwnersAlone says why an action gives nobody outside the owner's account
// anything, whatever a policy says; "" where it can.
func OwnersAlone(action string) string {
	i, known := actionIndex[strings.ToLower(action)]
	switch {
	case !known:
		return ""
	case ownerOnly(catalogue[i].name):
		return "S3 permits it to the owner's account alone"
	case alone(catalogue[i].name):
		return "it permits nothing by itself"
	}
	return ""
}
