// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"bytes"
	"cmp"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/bucketlid/bucketlid/policy"
)

// Sources says which logs told of a request; they add up.
type Sources uint8

// The logs that tell of requests.
const (
	FromTrail     Sources = 1 << iota // CloudTrail data events
	FromAccessLog                     // S3 server access logs, which are best effort
)

// Request is one request by somebody from outside, as a log other than
// CloudTrail tells it.
type Request struct {
	ID      string // S3's own, which CloudTrail calls requestID
	Bucket  string
	Address string
	Account string // "anonymous", 12 digits, or a canonical id
	Key     string // of the object; "" for none
	Agent   string
	Access  policy.Access
	Content bool // it moves content, and does not only ask what there is
	Denied  bool
	ByACL   bool // an ACL grant was needed
	Time    time.Time
	Bytes   int64 // sent out
}

// probes are the data events that ask what there is and move no content.
var probes = map[string]bool{
	"HeadObject": true, "HeadBucket": true, "ListObjects": true, "ListObjectsV2": true, "ListObjectVersions": true,
	"ListMultipartUploads": true, "ListParts": true, "GetObjectAttributes": true, "GetObjectTagging": true,
}

// AddRequest takes in one request that an access log tells of. Repeats count
// once, also those of one request that has several lines: a batch has one for
// each object.
func (l *Ledger) AddRequest(r *Request) {
	for _, s := range []*string{&r.ID, &r.Bucket, &r.Address, &r.Account, &r.Key} {
		*s = clip(*s)
	}
	id := xxhash.Sum64String(r.ID)
	if len(r.ID) < minIDLength {
		id = objectHash(r.Bucket, strings.Join([]string{r.ID, r.Address, r.Account, r.Key, string(r.Access), r.Time.String()}, "\x00"))
	}
	l.joinUse(l.newUse(r, id, FromAccessLog, ""))
}

func (l *Ledger) newUse(r *Request, id uint64, source Sources, owner string) *Use {
	u := &Use{
		Bucket: r.Bucket, Address: r.Address, Account: r.Account, Owner: owner, Access: r.Access, Denied: r.Denied, ByACL: r.ByACL,
		Content: r.Content, Scanner: l.scanner(r.Agent), Sources: source, First: r.Time.UTC(), Last: r.Time.UTC(),
	}
	u.sample.add(id, r.Bytes, maxSample)
	if r.Key != "" {
		u.Keys = []string{clip(r.Key)}
		u.objects.add(keyHash(r.Key), r.Bytes, maxSample)
	}
	return u
}

// keyHash is the same however often a key was URL-encoded: some writers of
// access logs encode twice (semantics F.3), CloudTrail not at all.
func keyHash(key string) uint64 {
	for range 2 {
		plain, err := url.QueryUnescape(key)
		if err != nil || plain == key {
			break
		}
		key = plain
	}
	return xxhash.Sum64String(key)
}

// maxKeys is how many keys of one Use are kept, in the order of CompareKeys.
const maxKeys = 8

// sitePart are the endings of what most requests to a site are for.
var sitePart = map[string]bool{"html": true, "htm": true, "css": true, "js": true, "mjs": true, "map": true, "ico": true, "svg": true, "png": true, "jpg": true, "jpeg": true,
	"gif": true, "webp": true, "avif": true, "woff": true, "woff2": true, "ttf": true}

// CompareKeys orders the keys of objects: by name, but pages, scripts and
// pictures last, so that they do not crowd out what lies among them.
func CompareKeys(a, b string) int {
	part := func(key string) int {
		if i := strings.LastIndexByte(key, '.'); i >= 0 && len(key)-i <= 6 && sitePart[strings.ToLower(key[i+1:])] {
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(part(a), part(b)), strings.Compare(a, b))
}

// firstKeys joins two sorted lists, each key once, up to maxKeys.
func firstKeys(a, b []string) []string {
	if len(b) == 1 {
		if _, have := slices.BinarySearchFunc(a, b[0], CompareKeys); have || len(a) == maxKeys && CompareKeys(b[0], a[maxKeys-1]) > 0 {
			return a // as for most requests
		}
	}
	all := slices.Concat(a, b)
	slices.SortFunc(all, CompareKeys)
	all = slices.Compact(all)
	return all[:min(len(all), maxKeys)]
}

// firstName is the first by name of two texts, "" being none.
func firstName(a, b string) string {
	if a == "" || b != "" && b < a {
		return b
	}
	return a
}

// scanners are programs made to find open buckets, or to try whole networks,
// by the product name that they send. Their users can change it.
var scanners = []string{
	"s3scanner", "s3-scanner", "bucket_finder", "bucketfinder", "lazys3", "slurp", "cloud_enum", "cloudenum", "bucket-stream",
	"grayhatwarfare", "grayhat", "teh_s3_bucketeers", "s3enum", "gobuster", "ffuf", "feroxbuster", "nuclei", "zgrab", "masscan",
	"l9explore", "leakix", "censysinspect", "expanse", "nmap", "sqlmap", "dirbuster", "wfuzz", "trufflehog",
}

// maxAgents bounds the user agents whose scanner is remembered.
const maxAgents = 4096

// scanner is knownScanner, remembered: a log has few agents and many requests.
func (l *Ledger) scanner(agent string) string {
	name, ok := l.agents[agent]
	if ok || agent == "" {
		return name
	}
	if len(l.agents) >= maxAgents {
		clear(l.agents)
	}
	name = knownScanner(agent)
	l.agents[clip(agent)] = name
	return name
}

// knownScanner names the scanner whose user agent this is, "" for none: its
// product name stands somewhere in it, as a word.
func knownScanner(agent string) string {
	if agent == "" {
		return ""
	}
	lower := bytes.ToLower([]byte(agent[:min(len(agent), maxText)]))
	for _, name := range scanners {
		at := bytes.Index(lower, []byte(name))
		if at >= 0 && (at == 0 || !letter(lower[at-1])) && (at+len(name) == len(lower) || !letter(lower[at+len(name)])) {
			return name
		}
	}
	return ""
}

func letter(c byte) bool { return c >= 'a' && c <= 'z' }

// Objects adds up the distinct objects of several uses.
type Objects struct{ s sample }

// Add takes in the objects of a use.
func (o *Objects) Add(u *Use) { o.s.merge(&u.objects, maxSample) }

// Count is the number of distinct objects, exact up to 256.
func (o *Objects) Count() int64 { return o.s.count() }

// place is where the same request could be told of by another log.
type place struct {
	bucket, address string
	hour            int64
}

// joined takes out of the uses of access logs what data events tell of too. A
// request is known by its id, whatever else the two logs say differently. The
// samples of both are brought to one measure first, so that the answer depends
// on the sets alone.
func (l *Ledger) joined() []*Use {
	trailed := map[place][]*Use{}
	out := make([]*Use, 0, len(l.uses))
	for key, u := range l.uses {
		if key.source == FromTrail {
			have := *u // what both tell is added to a copy
			have.sample.list, have.objects.list = slices.Clone(u.sample.list), slices.Clone(u.objects.list)
			trailed[place{u.Bucket, u.Address, key.hour}] = append(trailed[place{u.Bucket, u.Address, key.hour}], &have)
			out = append(out, &have)
		}
	}
	for key, u := range l.uses {
		if key.source == FromTrail {
			continue
		}
		var beside []*Use
		for hour := key.hour - 1; hour <= key.hour+1; hour++ { // the logs may differ by a second
			for _, o := range trailed[place{u.Bucket, u.Address, hour}] {
				if o.Access == u.Access {
					beside = append(beside, o)
				}
			}
		}
		if rest := u.without(beside); rest != nil {
			out = append(out, rest)
		}
	}
	return out
}

// without gives the use without the requests that others count; nil when none
// is left. What it knows of those requests goes to the others.
func (u *Use) without(others []*Use) *Use {
	if len(others) == 0 {
		return u
	}
	rest := *u
	rest.sample.list = slices.Clone(u.sample.list)
	for _, o := range others {
		for rest.sample.halvings < o.sample.halvings {
			rest.sample.halve()
		}
	}
	shared := false
	for _, o := range others {
		n := len(rest.sample.list)
		rest.sample.list = slices.DeleteFunc(rest.sample.list, func(v valued) bool { return o.sample.has(v.id) })
		if len(rest.sample.list) < n {
			shared = true
			o.Sources |= u.Sources
			o.Scanner = firstName(o.Scanner, u.Scanner)
			o.objects.merge(&u.objects, maxSample)
			o.Keys = firstKeys(o.Keys, u.Keys)
		}
	}
	if shared && len(rest.sample.list) == 0 {
		return nil
	}
	return &rest
}
