// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// contextEntry is a condition key of a request with its values.
type contextEntry struct {
	key    string
	values []string
}

// requestContext lists the condition keys of a request, in lower case.
type requestContext []contextEntry

// first gives the first value of a key.
func (c requestContext) first(key string) (string, bool) {
	for i := range c {
		if c[i].key == key && len(c[i].values) > 0 {
			return c[i].values[0], true
		}
	}
	return "", false
}

// context adds the keys that a hit's request carries.
func (h *hit) context(out requestContext) requestContext {
	for i := range h.state.keys {
		k := &h.state.keys[i]
		if _, bound := h.subject.bound[k.key]; !k.choice.absent && !bound {
			out = append(out, contextEntry{k.key, k.choice.values})
		}
	}
	for key, d := range h.subject.bound {
		if len(d.values) > 0 {
			out = append(out, contextEntry{key, d.values})
		}
	}
	return out
}

// request gives the request of a witness for Evaluate.
func (f *finding) request() *Request {
	context := f.hit.context(nil)
	r := &Request{Caller: f.hit.subject.caller(context), Action: f.action.name, Resource: f.hit.state.resource,
		Context: map[string][]string{}}
	for _, e := range context {
		r.Context[e.key] = e.values
	}
	return r
}

// witness renders the request that a search found, for one action (semantics
// C.6).
func (an *analysis) witness(h *hit, a *action) *Witness {
	an.memory.entries = h.context(an.memory.entries[:0])
	context := an.memory.entries
	w := &Witness{Archetype: h.subject.name(), Method: a.method, Action: a.name, Resource: h.state.resource}
	if len(context) > 0 {
		w.Context = make(map[string]string, len(context))
	}
	for _, e := range context {
		w.Context[an.spelling(e.key)] = strings.Join(e.values, ",")
	}
	if byReplication(a.name) {
		w.Command = "aws s3api put-bucket-replication --bucket OWN-BUCKET --replication-configuration " +
			quote(`{"Role":"OWN-ROLE","Rules":[{"Status":"Enabled","Prefix":"","Destination":{"Bucket":"arn:`+an.world.partition+`:s3:::`+an.world.facts.Bucket+`"}}]}`)
		return w
	}
	if h.subject.network.ownPoint() {
		w.Command = an.cli(h, a, context)
		return w
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
	return w
}

// headersOf gives the headers that carry the condition keys which a client sets.
func headersOf(context requestContext) map[string]string {
	var out map[string]string
	for _, e := range context {
		name, value := headerOf(e)
		if name == "" {
			continue
		}
		if out == nil {
			out = map[string]string{}
		}
		out[name] = value
	}
	return out
}

func headerOf(e contextEntry) (name, value string) {
	if len(e.values) == 0 {
		return "", ""
	}
	switch {
	case e.key == "aws:referer":
		return "Referer", e.values[0]
	case e.key == "aws:useragent":
		return "User-Agent", e.values[0]
	case e.key == "s3:if-match", e.key == "s3:if-none-match", strings.HasPrefix(e.key, "s3:x-amz-"):
		return strings.TrimPrefix(e.key, "s3:"), e.values[0]
	case strings.HasPrefix(e.key, "s3:object-lock-"):
		return "x-amz-" + strings.TrimPrefix(e.key, "s3:"), e.values[0]
	case strings.HasPrefix(e.key, "s3:requestobjecttag/"):
		return "x-amz-tagging", url.Values{strings.TrimPrefix(e.key, "s3:requestobjecttag/"): e.values}.Encode()
	}
	return "", ""
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

func (an *analysis) url(h *hit, a *action, context requestContext) string {
	scheme := "https://"
	if tls, ok := context.first("aws:securetransport"); h.subject.network == overHTTP || ok && tls == "false" {
		scheme = "http://"
	}
	query := a.query
	for _, k := range urlKeys {
		v, ok := context.first(k.key)
		if !ok {
			continue
		}
		if k.parameter == "versionId" {
			query = strings.Replace(query, "versionId=null", "", 1)
		}
		query = strings.Trim(query+"&"+k.parameter+"="+url.QueryEscape(v), "&")
	}
	if query != "" {
		query = "?" + query
	}
	if an.world.host == "" {
		an.world.setHost()
	}
	host := an.world.host
	if fromIPv6(context) {
		host = an.world.dualStack(host)
	}
	return scheme + host + "/" + escapePath(an.key(h, a)) + query
}

// fromIPv6 says whether the request comes from an IPv6 address, which only S3's
// dual-stack endpoints have too.
func fromIPv6(context requestContext) bool {
	ip, ok := context.first("aws:sourceip")
	return ok && strings.Contains(ip, ":")
}

// dualStack gives the dual-stack form of a host, which names a Region (S3 page
// "Using Amazon S3 dual-stack endpoints").
func (w *world) dualStack(host string) string {
	if w.facts.Kind == MultiRegionAccessPointPolicy {
		return host
	}
	for _, service := range []string{"s3-accesspoint.", "s3."} {
		before, after, ok := strings.Cut(host, service+w.regionPart())
		if ok {
			return before + service + "dualstack." + cmp.Or(w.regionPart(), "us-east-1.") + after
		}
	}
	return host
}

// regionPart is the part of a host that names the Region, with its dot. Only the
// aws partition has a host for all Regions.
func (w *world) regionPart() string {
	region := cmp.Or(w.region, map[string]string{"aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}[w.partition])
	if region != "" {
		region += "."
	}
	return region
}

// endpointSuffix is the partition's domain.
func (w *world) endpointSuffix() string {
	if w.partition == "aws-cn" {
		return "amazonaws.com.cn"
	}
	return "amazonaws.com"
}

// urlKey is a condition key and the parameter of the URL that gives it.
type urlKey struct{ key, parameter string }

// urlKeys are the condition keys that stand in a request's URL.
var urlKeys = []urlKey{
	{"s3:prefix", "prefix"}, {"s3:delimiter", "delimiter"}, {"s3:max-keys", "max-keys"}, {"s3:versionid", "versionId"},
}

func escapePath(key string) string {
	if only(key, inPaths) {
		return key
	}
	parts := strings.Split(key, "/")
	for i, p := range parts {
		// S3 reads a plus sign as a blank.
		parts[i] = strings.ReplaceAll(url.PathEscape(p), "+", "%2B")
	}
	return strings.Join(parts, "/")
}

// setHost works out the host of the bucket or access point, and the first part of the
// path for names that a host cannot carry.
func (w *world) setHost() {
	suffix, region := w.endpointSuffix(), w.regionPart()
	switch w.facts.Kind {
	case AccessPointPolicy:
		w.host = w.facts.AccessPoint + "-" + w.owner + ".s3-accesspoint." + region + suffix
		return
	case MultiRegionAccessPointPolicy:
		w.host = w.facts.AccessPoint + ".accesspoint.s3-global." + suffix
		return
	}
	if strings.Trim(w.facts.Bucket, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		// A dot breaks the certificate's name, other characters the host's.
		w.host = "s3." + region + suffix + "/" + url.PathEscape(w.facts.Bucket)
		return
	}
	w.host = w.facts.Bucket + ".s3." + region + suffix
}

// dotted says whether a URL has steps such as "..", which clients take out of a
// path although they are part of a key.
func dotted(s string) bool {
	path, _, _ := strings.Cut(s, "?")
	return strings.Contains(path, "/./") || strings.Contains(path, "/../") || strings.HasSuffix(path, "/.") || strings.HasSuffix(path, "/..")
}

func curl(w *Witness) string {
	var buf [16]string
	words := append(buf[:0], "curl", "-sS")
	if dotted(w.URL) {
		words = append(words, "--path-as-is")
	}
	if w.Method != "GET" {
		words = append(words, "-X", w.Method)
	}
	for _, name := range sortedNames(w.Headers) {
		words = append(words, "-H", quote(name+": "+w.Headers[name]))
	}
	if w.Method == "PUT" || w.Method == "POST" {
		words = append(words, "--data-binary", "@FILE")
	}
	return strings.Join(append(words, quote(w.URL)), " ")
}

// cli gives an "aws s3api" line. What the command asks for beyond the bucket
// and the key, and what a guard asks of headers, stands as far as a flag exists.
func (an *analysis) cli(h *hit, a *action, context requestContext) string {
	if a.cli == "" || an.untypable(h, context) {
		return ""
	}
	bucket := an.world.facts.Bucket
	if an.world.facts.Kind != BucketPolicy {
		bucket, _, _ = strings.Cut(h.state.resource, "/object/")
	}
	if h.subject.network.ownPoint() {
		bucket = "OWN-ACCESS-POINT-ARN"
	}
	var buf [24]string
	words := flag(append(buf[:0], "aws", "s3api", a.cli), "--bucket", bucket)
	if key := an.key(h, a); key != "" {
		words = keyArgument(words, key)
	}
	for _, k := range urlKeys[:3] {
		if v, ok := context.first(k.key); ok {
			words = flag(words, "--"+k.parameter, v)
		}
	}
	for _, e := range context {
		if name := cliFlags[e.key]; name != "" && len(e.values) > 0 {
			words = flag(words, name, e.values[0])
		}
	}
	_, keyed := context.first("s3:x-amz-server-side-encryption-aws-kms-key-id")
	if _, told := context.first("s3:x-amz-server-side-encryption"); keyed && !told {
		words = append(words, "--server-side-encryption", "aws:kms")
	}
	if _, told := context.first("s3:x-amz-acl"); !told && strings.HasSuffix(a.cli, "-acl") && strings.HasPrefix(a.cli, "put-") {
		words = append(words, "--acl", "private")
	}
	if strings.Contains(a.query, "versionId") {
		id, told := context.first("s3:versionid")
		if !told {
			id = "null"
		}
		words = flag(words, "--version-id", id)
	}
	_, copied := context.first("s3:x-amz-copy-source")
	_, directed := context.first("s3:x-amz-metadata-directive")
	if (copied || directed) && a.cli == "put-object" {
		words[2] = "copy-object"
		if !copied {
			words = append(words, "--copy-source", "OWN-BUCKET/KEY")
		}
	} else if more := cliArguments[a.cli]; more != "" {
		words = append(words, more)
	}
	if an.world.region != "" {
		words = append(words, "--region", quote(an.world.region))
	}
	if fromIPv6(context) && an.world.facts.Kind == BucketPolicy {
		words = append(words, "--endpoint-url", "https://"+an.world.dualStack("s3."+an.world.regionPart()+an.world.endpointSuffix()))
	}
	return strings.Join(words, " ")
}

// keyArgument gives the object key to the AWS CLI, as JSON where the CLI would
// take it for the place of a file to load (AWS CLI User Guide, "Loading a
// parameter from a file in the AWS CLI").
func keyArgument(words []string, key string) []string {
	if !loaded(key) {
		return flag(words, "--key", key)
	}
	b, _ := json.Marshal(map[string]string{"Key": key}) // a string always marshals
	return append(words, "--cli-input-json", quote(string(b)))
}

// flag adds a flag with its value; one that begins with a dash would be taken for the
// next flag.
func flag(words []string, name, value string) []string {
	if strings.HasPrefix(value, "-") {
		return append(words, name+"="+quote(value))
	}
	return append(words, name, quote(value))
}

// loaded says whether the AWS CLI takes a value for the place of the value.
func loaded(s string) bool {
	for _, scheme := range []string{"file://", "fileb://", "http://", "https://"} {
		if strings.HasPrefix(s, scheme) {
			return true
		}
	}
	return false
}

// untypable says that no command of the AWS CLI makes such a request: a service
// makes it, or the CLI signs otherwise.
func (an *analysis) untypable(h *hit, context requestContext) bool {
	if h.subject.network == throughService {
		return true
	}
	signature, asked := context.first("s3:authtype")
	_, hashed := context.first("s3:x-amz-content-sha256")
	for i := range h.state.keys { // who is named can be through a service too
		k := &h.state.keys[i]
		if strings.HasPrefix(k.key, "aws:calledvia") && !k.choice.absent || k.key == "aws:viaawsservice" && contains(k.choice.values, "true") {
			return true
		}
	}
	elsewhere := slices.ContainsFunc(context, func(e contextEntry) bool {
		return cliFlags[e.key] != "" && len(e.values) > 0 && loaded(e.values[0])
	})
	return asked && signature != "REST-HEADER" || hashed || elsewhere
}

// byteSet says of each byte whether it is in a set.
type byteSet [256]bool

func bytesOf(s string) *byteSet {
	set := &byteSet{}
	for i := range len(s) {
		set[s[i]] = true
	}
	return set
}

// only says whether a text has no bytes but those of the set.
func only(s string, set *byteSet) bool {
	for i := range len(s) {
		if !set[s[i]] {
			return false
		}
	}
	return true
}

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

var (
	inPaths = bytesOf(letters + "/-._")
	inWords = bytesOf(letters + "-_./:@") // need no quotes in a shell
)

// quote makes one shell word of a text. Names come from logs and are hostile:
// control characters are written as escapes.
func quote(s string) string {
	if s != "" && only(s, inWords) && s[0] != '-' {
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
