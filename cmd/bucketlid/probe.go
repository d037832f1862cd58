// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/policy"
	"github.com/bucketlid/bucketlid/triage"
)

const probeUsage = "send the witness of each alert, unsigned, to the account's own buckets (GET and HEAD only), and report what came back"

const (
	// probePause lies between two requests: ten a second do no bucket harm.
	probePause   = 100 * time.Millisecond
	probeTimeout = 10 * time.Second
	// maxAnswer is how much of an answer is read, to find S3's error code.
	maxAnswer = 64 << 10
	// unsignedArchetype is the witness of somebody without credentials.
	unsignedArchetype = "anonymous"
)

// prober sends witnesses as a stranger would: without credentials, cookies or
// redirects.
type prober struct {
	client *http.Client
	pause  time.Duration
	owns   func(account, bucket string) bool
	// endpoint is the address of S3 for an account and Region; "" is AWS's own.
	endpoint func(account, region string) string
	// key names an object that exists, with the owner's credentials; "" for none.
	key func(ctx context.Context, a *triage.Alert, prefix string) (string, error)
	now func() time.Time
}

func newProber() *prober {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = probeTimeout
	return &prober{pause: probePause, now: time.Now, client: &http.Client{Transport: transport, Timeout: probeTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// probe sends the witness of every alert that has one, one after the other.
func (s *scan) probe(ctx context.Context, alerts []triage.Alert) error {
	if !s.flags.probe {
		return nil
	}
	p := newProber()
	owned := map[string]map[string]bool{}
	for _, o := range s.owned {
		owned[o.Account] = set(o.Buckets)
	}
	p.owns = func(account, bucket string) bool { return owned[account][bucket] }
	p.endpoint = func(account, region string) string { return s.accountOf(account).StorageEndpoint(region) }
	p.key = func(ctx context.Context, a *triage.Alert, prefix string) (string, error) {
		return s.accountOf(a.Account).AnyKey(ctx, a.Bucket, a.Region, prefix)
	}
	return p.all(ctx, alerts)
}

// maxUnanswered is how many requests in succession may go without an answer
// before no more are sent.
const maxUnanswered = 5

func (p *prober) all(ctx context.Context, alerts []triage.Alert) error {
	requests, unanswered := 0, 0
	for i := range alerts {
		a := &alerts[i]
		if a.Witness == nil {
			continue
		}
		request, sure, why := p.request(ctx, a)
		if why == "" && unanswered == maxUnanswered {
			why = fmt.Sprintf("not sent: %d requests before it had no answer", maxUnanswered)
		}
		if why != "" {
			a.Probe = &triage.Probe{At: p.now().UTC().Truncate(time.Second), Agrees: triage.Cannot, Why: why}
			continue
		}
		if requests++; requests > 1 {
			select {
			case <-ctx.Done():
			case <-time.After(p.pause):
			}
		}
		if ctx.Err() != nil {
			return interrupted(ctx, ctx.Err())
		}
		a.Probe = p.send(request, a, sure)
		if unanswered++; a.Probe.Status != 0 {
			unanswered = 0
		}
	}
	return nil
}

// storageHost are the names under which AWS serves S3 (AWS General Reference,
// "Amazon S3 endpoints and quotas"): the bucket before it, or in the path.
var storageHost = regexp.MustCompile(`^s3([.-](dualstack\.)?[a-z]{2}(-[a-z]+)+-\d)?\.amazonaws\.com(\.cn)?$`)

// request is what is sent for a witness, or why it is not. sure tells that the
// object is known to exist, where the witness reads one.
func (p *prober) request(ctx context.Context, a *triage.Alert) (r *http.Request, sure bool, why string) {
	w := a.Witness
	switch {
	case w.Writes():
		return nil, false, "the witness would change something: only GET and HEAD are sent"
	case w.Archetype != unsignedArchetype:
		return nil, false, "the witness needs a sign-in: only unsigned requests are sent"
	case a.AccessPoint != "":
		return nil, false, "an access point takes signed requests only"
	case a.Bucket == "" || !p.owns(a.Account, a.Bucket):
		return nil, false, "the bucket is not known to belong to a scanned account"
	case len(w.Needs()) > 0:
		return nil, false, "the witness needs what cannot be brought along: " + strings.Join(w.Needs(), "; ")
	}
	target, err := url.Parse(w.URL)
	if err != nil || !ownHost(target, a.Bucket) {
		return nil, false, "the witness does not go to the bucket's own address"
	}
	key, sure, why := p.object(ctx, a, keyOf(a, target))
	if why != "" {
		return nil, false, why
	}
	p.aim(target, a, key)
	r, err = unsignedRequest(ctx, target, w, key)
	if err != nil {
		return nil, false, "the request cannot be made: " + err.Error()
	}
	return r, sure, ""
}

// keyOf is the object that a witness asks for, "" for none: the alert's own where
// it is about one, letter by letter, whatever a URL makes of it.
func keyOf(a *triage.Alert, target *url.URL) string {
	if a.Key != "" {
		return strings.TrimSuffix(a.Key, "?versionId="+target.Query().Get("versionId"))
	}
	key := strings.TrimPrefix(target.Path, "/")
	if storageHost.MatchString(target.Hostname()) {
		key = strings.TrimPrefix(strings.TrimPrefix(key, a.Bucket), "/")
	}
	return key
}

// encodedKey is a key in the path of a URL, so that S3 reads exactly that key: a
// plus sign would be read as a space, a question mark would end the path (S3 API
// reference, "Authenticating Requests", the function UriEncode).
func encodedKey(key string) string {
	const plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/"
	var b strings.Builder
	for i := range len(key) {
		if c := key[i]; strings.IndexByte(plain, c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// ownHost reports an address of S3 that belongs to one bucket.
func ownHost(target *url.URL, bucket string) bool {
	host := target.Hostname()
	if target.Port() != "" || target.User != nil || target.Scheme != "https" && target.Scheme != "http" {
		return false
	}
	if rest, ok := strings.CutPrefix(host, bucket+"."); ok && storageHost.MatchString(rest) {
		return true
	}
	return storageHost.MatchString(host) && (strings.HasPrefix(target.Path, "/"+bucket+"/") || target.Path == "/"+bucket)
}

// object finds an object that exists for a witness that reads any object: for
// one that does not exist S3 answers 403 to those who may not list.
func (p *prober) object(ctx context.Context, a *triage.Alert, key string) (name string, sure bool, why string) {
	if key == "" {
		return "", true, ""
	}
	if a.Key != "" || a.Objects > 0 {
		return key, true, "" // the alert is about this object
	}
	for _, pattern := range a.Scope.Include {
		prefix, under := strings.CutPrefix(pattern, a.Bucket+"/")
		prefix, rest, star := strings.Cut(prefix, "*")
		if !under || !star || rest != "" || strings.Contains(prefix, "?") || len(a.Scope.Exclude) > 0 {
			continue
		}
		found, err := p.key(ctx, a, prefix)
		switch {
		case err != nil:
			return key, false, ""
		case found != "":
			return found, true, ""
		}
		return "", false, "there is no object that the witness could read"
	}
	return key, false, ""
}

// aim sets path and query, and puts a server of one's own in the place of AWS.
func (p *prober) aim(target *url.URL, a *triage.Alert, key string) {
	own, err := url.Parse(p.endpoint(a.Account, a.Region))
	pathStyle := storageHost.MatchString(target.Hostname())
	if err == nil && own.Host != "" {
		target.Scheme, target.Host, pathStyle = own.Scheme, own.Host, true
	}
	before := "/"
	if pathStyle {
		before += a.Bucket + "/"
	}
	target.Path, target.RawPath = before+key, before+encodedKey(key)
	if q := target.Query(); q.Has("list-type") || q.Has("versions") || q.Has("uploads") || key == "" && target.RawQuery == "" {
		q.Set(maxParameter(q), "1")
		target.RawQuery = q.Encode()
	}
}

func maxParameter(q url.Values) string {
	if q.Has("uploads") {
		return "max-uploads"
	}
	return "max-keys"
}

// unsignedRequest is the request itself. An object is asked for by HEAD: the same
// permission, and no content.
func unsignedRequest(ctx context.Context, target *url.URL, w *policy.Witness, key string) (*http.Request, error) {
	method := http.MethodGet
	query := target.Query()
	query.Del("versionId")
	if key != "" && len(query) == 0 {
		method = http.MethodHead
	}
	r, err := http.NewRequestWithContext(ctx, method, target.String(), nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("User-Agent", "bucketlid-probe")
	for name, value := range w.Headers {
		r.Header.Set(name, value)
	}
	return r, nil
}

func (p *prober) send(r *http.Request, a *triage.Alert, sure bool) *triage.Probe {
	out := &triage.Probe{At: p.now().UTC().Truncate(time.Second), Method: r.Method, URL: r.URL.String(), Agrees: triage.Cannot}
	answer, err := p.client.Do(r)
	if err != nil {
		out.Why = "no answer: " + shortNetError(err)
		return out
	}
	defer answer.Body.Close()
	out.Status = answer.StatusCode
	if answer.StatusCode/100 != 2 {
		out.Code = errorCode(answer)
	}
	out.Agrees, out.Why = judgeProbe(out, a, sure)
	return out
}

// errorCode is S3's code in the body of an error; HEAD has no body.
func errorCode(answer *http.Response) string {
	var e struct{ Code string }
	if xml.NewDecoder(io.LimitReader(answer.Body, maxAnswer)).Decode(&e) != nil || len(e.Code) > 64 {
		return ""
	}
	return e.Code
}

// shortNetError leaves the request out, which is told already.
func shortNetError(err error) string {
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return fmt.Sprintf("none within %s", probeTimeout)
	}
	var inner *url.Error
	if errors.As(err, &inner) {
		return inner.Err.Error()
	}
	return err.Error()
}

// judgeProbe compares the answer with what the alert says.
func judgeProbe(p *triage.Probe, a *triage.Alert, sure bool) (triage.Answer, string) {
	open := a.State == exposure.Open
	switch {
	case p.Status/100 == 2 && open:
		return triage.Yes, "a stranger is served"
	case p.Status/100 == 2 && a.State == exposure.Unknown:
		return triage.Cannot, "a stranger is served: it is open, by this route or another"
	case p.Status/100 == 2:
		return triage.No, "a stranger is served, though it is told to be " + string(a.State) + ": another route is open, or a guard that is taken for on does not hold"
	case p.Status == http.StatusForbidden && !sure:
		return triage.Cannot, "refused, but the object is an example that may not exist: S3 then refuses too"
	case p.Status == http.StatusForbidden && open:
		return triage.No, "a stranger is refused, though it is told to be open: something that was not seen holds it"
	case p.Status == http.StatusForbidden && a.State == exposure.Unknown:
		return triage.Cannot, "a stranger is refused"
	case p.Status == http.StatusForbidden:
		return triage.Yes, "a stranger is refused"
	case p.Status == http.StatusNotFound:
		return triage.Cannot, "what was asked for is not there"
	case p.Status/100 == 3:
		return triage.Cannot, "S3 names another address; redirects are not followed"
	}
	return triage.Cannot, "the answer tells nothing of access"
}
