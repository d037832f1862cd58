// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"net/url"
	"sort"
	"strings"
)

// witness renders the request that a search found, for one action, and gives
// the same request for Evaluate (semantics C.6).
func (an *analysis) witness(h *hit, a *action) (*Witness, *Request) {
	context := map[string][]string{}
	for _, k := range h.state.keys {
		if !k.choice.absent {
			context[k.key] = k.choice.values
		}
	}
	for key, d := range h.subject.bound {
		if len(d.values) > 0 {
			context[key] = d.values
		}
	}
	r := &Request{Caller: h.subject.caller(context), Action: a.name, Resource: h.state.resource, Context: context}
	w := &Witness{Archetype: h.subject.label, Method: a.method, Action: a.name, Resource: h.state.resource}
	for key, values := range context {
		if w.Context == nil {
			w.Context = map[string]string{}
		}
		w.Context[an.spelling(key)] = strings.Join(values, ",")
	}
	w.Headers = headersOf(context)
	w.URL = an.url(h, a, context)
	switch {
	case h.subject.who == service:
		// Nobody types such a request: the service sends it.
	case h.subject.who == unsigned:
		w.Command = curl(w)
	default:
		w.Command = an.cli(h, a, context)
	}
	return w, r
}

// headersOf gives the headers that carry the condition keys which a client sets.
func headersOf(context map[string][]string) map[string]string {
	out := map[string]string{}
	for key, values := range context {
		switch {
		case key == "aws:referer":
			out["Referer"] = values[0]
		case key == "aws:useragent":
			out["User-Agent"] = values[0]
		case key == "s3:if-match", key == "s3:if-none-match", strings.HasPrefix(key, "s3:x-amz-"):
			out[strings.TrimPrefix(key, "s3:")] = values[0]
		case strings.HasPrefix(key, "s3:object-lock-"):
			out["x-amz-"+strings.TrimPrefix(key, "s3:")] = values[0]
		case strings.HasPrefix(key, "s3:requestobjecttag/"):
			out["x-amz-tagging"] = url.Values{strings.TrimPrefix(key, "s3:requestobjecttag/"): values}.Encode()
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// key is the object key of the request's resource.
func (an *analysis) key(h *hit, a *action) string {
	if a.level != onObject {
		return ""
	}
	if key, ok := strings.CutPrefix(h.state.resource, an.world.prefix); ok {
		return key
	}
	if _, key, ok := strings.Cut(h.state.resource, "/object/"); ok {
		return key
	}
	return h.state.resource
}

func (an *analysis) url(h *hit, a *action, context map[string][]string) string {
	scheme := "https://"
	if h.subject.network == overHTTP || (len(context["aws:securetransport"]) > 0 && context["aws:securetransport"][0] == "false") {
		scheme = "http://"
	}
	path := "/"
	if key := an.key(h, a); key != "" {
		parts := strings.Split(key, "/")
		for i, p := range parts {
			parts[i] = url.PathEscape(p)
		}
		path += strings.Join(parts, "/")
	}
	query := a.query
	for _, k := range []string{"prefix", "delimiter", "max-keys", "versionid"} {
		if v := context["s3:"+k]; len(v) > 0 {
			name := strings.Replace(k, "versionid", "versionId", 1)
			if name == "versionId" {
				query = strings.Replace(query, "versionId=null", "", 1)
			}
			query = strings.Trim(query+"&"+name+"="+url.QueryEscape(v[0]), "&")
		}
	}
	if query != "" {
		query = "?" + query
	}
	host, first := an.host()
	return scheme + host + first + path + query
}

// host gives the host of the bucket or access point, and the first part of the
// path for names that a host cannot carry.
func (an *analysis) host() (host, path string) {
	w := an.world
	suffix := "amazonaws.com"
	if w.partition == "aws-cn" {
		suffix += ".cn"
	}
	region := ""
	if w.region != "" {
		region = w.region + "."
	}
	switch w.facts.Kind {
	case AccessPointPolicy:
		return w.facts.AccessPoint + "-" + w.owner + ".s3-accesspoint." + region + suffix, ""
	case MultiRegionAccessPointPolicy:
		return w.facts.AccessPoint + ".accesspoint.s3-global." + suffix, ""
	}
	if strings.Trim(w.facts.Bucket, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		// A dot breaks the certificate's name, other characters the host's.
		return "s3." + region + suffix, "/" + url.PathEscape(w.facts.Bucket)
	}
	return w.facts.Bucket + ".s3." + region + suffix, ""
}

func curl(w *Witness) string {
	words := []string{"curl", "-sS"}
	if w.Method != "GET" {
		words = append(words, "-X", w.Method)
	}
	names := make([]string, 0, len(w.Headers))
	for name := range w.Headers {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		words = append(words, "-H", quote(name+": "+w.Headers[name]))
	}
	if w.Method == "PUT" || w.Method == "POST" {
		words = append(words, "--data-binary", "@FILE")
	}
	return strings.Join(append(words, quote(w.URL)), " ")
}

// cli gives an "aws s3api" line. What the command asks for beyond the bucket
// and the key, and what a guard asks of headers, stands as far as a flag exists.
func (an *analysis) cli(h *hit, a *action, context map[string][]string) string {
	if a.cli == "" {
		return ""
	}
	bucket := an.world.facts.Bucket
	if an.world.facts.Kind != BucketPolicy {
		bucket, _, _ = strings.Cut(h.state.resource, "/object/")
	}
	words := []string{"aws", "s3api", a.cli, "--bucket", quote(bucket)}
	if key := an.key(h, a); key != "" {
		words = append(words, "--key", quote(key))
	}
	for _, flag := range []string{"prefix", "delimiter", "max-keys"} {
		if v := context["s3:"+flag]; len(v) > 0 {
			words = append(words, "--"+flag, quote(v[0]))
		}
	}
	if v := context["s3:x-amz-acl"]; len(v) > 0 {
		words = append(words, "--acl", quote(v[0]))
	} else if strings.HasSuffix(a.cli, "-acl") && strings.HasPrefix(a.cli, "put-") {
		words = append(words, "--acl", "private")
	}
	if strings.Contains(a.query, "versionId") {
		words = append(words, "--version-id", "null")
	}
	switch a.cli {
	case "put-object":
		words = append(words, "--body", "FILE")
	case "get-object":
		words = append(words, "FILE")
	}
	if an.world.region != "" {
		words = append(words, "--region", quote(an.world.region))
	}
	return strings.Join(words, " ")
}

// quote makes one shell word of a text. Names come from logs and are hostile:
// control characters are written as escapes.
func quote(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:@") == "" && s[0] != '-' {
		return s
	}
	control := func(r rune) bool {
		return r < 0x20 || (r >= 0x7f && r < 0xa0) || r == 0x2028 || r == 0x2029 || (r >= 0x202a && r <= 0x202e) || (r >= 0x2066 && r <= 0x2069)
	}
	if strings.IndexFunc(s, control) < 0 {
		return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
	}
	var b strings.Builder
	b.WriteString("$'")
	for _, r := range s {
		switch {
		case r == '\'' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case control(r):
			for _, c := range []byte(string(r)) {
				fmt.Fprintf(&b, `\x%02x`, c)
			}
		default:
			b.WriteRune(r)
		}
	}
	return b.String() + "'"
}
