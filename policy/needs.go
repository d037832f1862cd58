// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"net/url"
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
		if low := strings.ToLower(key); !w.carries(low) && !ofItself(low, value) {
			out = append(out, key+", such as "+value)
		}
	}
	slices.Sort(out)
	for _, row := range placeholders {
		if strings.Contains(w.Command, row.text) {
			out = append(out, row.need)
		}
	}
	return out
}

// ofItself says whether a request has a value without anybody's doing.
func ofItself(key, value string) bool {
	return key == "aws:viaawsservice" && value == "false" || key == "aws:principalisawsservice"
}

// placeholders are what stands in a command for the reader to replace.
var placeholders = []struct{ text, need string }{
	{"OWN-ACCESS-POINT-ARN", "an access point for the bucket, made in an own account (aws s3control create-access-point --bucket-account-id)"},
	{"OWN-BUCKET", "an own bucket and role that replicate to it"},
	{"uploadId=u", "the id of an unfinished upload, in place of u"},
	{"UPLOAD-ID", "the id of an unfinished upload"},
	{"CANONICAL-USER-ID", "the canonical user id of an own account, in place of CANONICAL-USER-ID"},
	{" --id ID", "the id of a configuration"},
	{"file://FILE", "a file with the new setting, as JSON"},
	{"@FILE", "a file with what is to be stored: for a setting, its XML"},
}

// carries says whether the command as it stands gives the request a key.
func (w *Witness) carries(key string) bool {
	switch {
	case key == "aws:securetransport":
		return true
	case slices.ContainsFunc(urlKeys, func(k urlKey) bool { return k.key == key }):
		return true
	case strings.HasPrefix(w.Command, "aws "):
		name := " " + cliFlags[key]
		return name != " " && (strings.Contains(w.Command, name+" ") || strings.Contains(w.Command, name+"="))
	}
	name, _ := headerOf(contextEntry{key, []string{""}})
	return name != ""
}

// OwnersAlone says why an action gives nobody outside the owner's account
// anything, whatever a policy says; "" where it can.
func OwnersAlone(action string) string {
	i, known := actionIndex[lower(action)]
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

// OfVersion is the same request for one version of the object.
func (w *Witness) OfVersion(id string) *Witness {
	out := *w
	out.Action = versionAction(w.Action)
	if w.URL != "" {
		mark := "?"
		if strings.Contains(w.URL, "?") {
			mark = "&"
		}
		out.URL += mark + "versionId=" + url.QueryEscape(id)
	}
	switch {
	case strings.HasPrefix(w.Command, "curl "):
		out.Command = curl(&out)
	case strings.HasPrefix(w.Command, "aws "):
		out.Command = strings.TrimSuffix(w.Command, " FILE") + " --version-id " + quote(id)
		if strings.HasSuffix(w.Command, " FILE") {
			out.Command += " FILE"
		}
	}
	return &out
}

// versionAction is the action that S3 asks for where a request names a version.
func versionAction(action string) string {
	for _, end := range []string{"Acl", "Tagging", "Attributes", ""} {
		if name := strings.TrimSuffix(action, end) + "Version" + end; strings.HasSuffix(action, end) && actionSpelt[name] != 0 {
			return name
		}
	}
	return action
}
