// SPDX-License-Identifier: Apache-2.0

//go:build oracle

package oracle

import (
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/bucketlid/bucketlid/policy"
)

// The strangers: an account that no example names, one that some do.
const (
	strangerAccount = "999988887777"
	partnerAccount  = "444455556666"
)

// lab is one kind of server, set up for comparison. Over https it may be a
// second server with the same buckets.
type lab struct {
	name         string
	plain        *Server
	secure       *Server
	owner        *User
	users        map[string]*User // by name
	privateACL   string           // what a PutBucketAcl of a stranger sends: nothing but the owner
	sends        map[string]bool  // condition keys that the server gives to requests as AWS does, in lower case
	lacks        map[string]bool  // actions that no request exercises: unimplemented calls, or only for some callers
	refuses      []construct      // policies that the server does not accept
	cannotJudge  []construct      // policies that it accepts and reads otherwise than AWS by its own documentation or design
	loopbackOnly bool             // callers have addresses of 127.0.0.0/8

	clients map[string]*http.Client
	buckets int
	tally   *tally
}

// construct is part of the policy language that a server lacks.
type construct struct {
	reason string
	in     func(*policy.Statement) bool
}

func (l *lab) server(https bool) *Server {
	if https {
		return l.secure
	}
	return l.plain
}

func (l *lab) servers() []bool {
	if l.plain == l.secure {
		return []bool{false}
	}
	return []bool{false, true}
}

func (l *lab) client(s *Server, local net.IP) *http.Client {
	key := s.URL + " " + local.String()
	if l.clients[key] == nil {
		l.clients[key] = s.Client(local)
	}
	return l.clients[key]
}

// moved says which addresses stand for those of the examples where a server
// sees nothing but loopback.
var moved = strings.NewReplacer("203.0.113.", "127.113.0.", "198.51.100.77", "127.51.100.77", "100.0.0.0/8", "127.100.0.0/16", "100.0.0.1", "127.100.0.1", "8.8.8.8", "127.8.8.8")

func (l *lab) address(text string) string {
	if text == "" {
		text = "8.8.8.8"
	}
	if l.loopbackOnly {
		return moved.Replace(text)
	}
	return text
}

// ownerID is the owner as ACLs name him.
func (l *lab) ownerID() string {
	if l.owner.Account == "" {
		return l.owner.Name
	}
	return l.owner.Account + "$" + l.owner.Name
}

// newBucket makes a bucket with an object for each key.
func (l *lab) newBucket(t testing.TB, keys ...string) string {
	t.Helper()
	l.buckets++
	name := fmt.Sprintf("oracle-%04d", l.buckets)
	for _, https := range l.servers() {
		l.must(t, call{method: "PUT", bucket: name, as: l.owner, https: https})
	}
	for _, key := range keys {
		l.putObject(t, name, key)
	}
	return name
}

// putObject puts an object of the owner's under a key, whatever stood there.
func (l *lab) putObject(t testing.TB, bucket, key string) {
	t.Helper()
	for _, https := range l.servers() {
		l.send(t, call{method: "DELETE", bucket: bucket, key: key, as: l.owner, https: https})
		l.must(t, call{method: "PUT", bucket: bucket, key: key, as: l.owner, https: https, body: content(key)})
	}
}

// content is an object's bytes; a key that ends with a slash has none, because
// versitygw makes a folder of it.
func content(key string) string {
	if strings.HasSuffix(key, "/") {
		return ""
	}
	return "x"
}

// setPolicy puts a policy; false means that the server does not accept it.
func (l *lab) setPolicy(t testing.TB, bucket string, text []byte) (ok bool, why string) {
	t.Helper()
	body := string(text)
	if l.loopbackOnly {
		body = moved.Replace(body)
	}
	ok = true
	for _, https := range l.servers() {
		a := l.send(t, call{method: "PUT", bucket: bucket, query: "policy", body: body, as: l.owner, https: https})
		if a.status/100 != 2 {
			ok, why = false, fmt.Sprintf("%d %s", a.status, a.body)
		}
	}
	return ok, why
}

// found names the constructs of a list that stand in the document.
func found(list []construct, d *policy.Document) string {
	for _, c := range list {
		for i := range d.Statements {
			if c.in(&d.Statements[i]) {
				return c.reason
			}
		}
	}
	return ""
}

// unsent names a condition key or policy variable of the document that AWS
// gives to the request and the server does not.
func (l *lab) unsent(d *policy.Document, r policy.Request) string {
	asked := map[string]bool{}
	for i := range d.Statements {
		s := &d.Statements[i]
		for _, c := range s.Conditions {
			asked[strings.ToLower(c.Key)] = true
			if d.Version == "2012-10-17" {
				variables(asked, c.Values)
			}
		}
		if d.Version == "2012-10-17" {
			variables(asked, s.Resource)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(r.Context)) {
		if low := strings.ToLower(key); asked[low] && !l.sends[low] {
			return key
		}
	}
	return ""
}

func variables(asked map[string]bool, texts []string) {
	for _, text := range texts {
		for {
			_, rest, ok := strings.Cut(text, "${")
			if !ok {
				break
			}
			name, _, _ := strings.Cut(rest, "}")
			name, _, _ = strings.Cut(name, ",")
			asked[strings.ToLower(strings.TrimSpace(name))] = true
			text = rest
		}
	}
}

// renamed is a policy of the examples, which are about the bucket b, for another
// bucket.
func renamed(t testing.TB, text json.RawMessage, bucket string) (json.RawMessage, *policy.Document) {
	t.Helper()
	out := strings.NewReplacer(`arn:aws:s3:::b"`, `arn:aws:s3:::`+bucket+`"`, `arn:aws:s3:::b/`, `arn:aws:s3:::`+bucket+`/`).Replace(string(text))
	d, err := policy.Parse([]byte(out))
	if err != nil {
		t.Fatal(err)
	}
	return json.RawMessage(out), d
}
