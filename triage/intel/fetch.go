// SPDX-License-Identifier: Apache-2.0

package intel

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// fetched is what a server gave.
type fetched struct {
	content            []byte
	etag, lastModified string
	unchanged          bool
	written            time.Time // of a local file
}

// maxRedirects bounds the redirects of one fetch.
const maxRedirects = 5

// NewClient returns a client that leaves HTTP and HTTPS for nothing else, never
// goes from HTTPS back to HTTP, and takes proxies from the environment.
func NewClient() *http.Client {
	return &http.Client{CheckRedirect: func(r *http.Request, via []*http.Request) error {
		switch {
		case len(via) > maxRedirects:
			return fmt.Errorf("more than %d redirects", maxRedirects)
		case r.URL.Scheme != "https" && r.URL.Scheme != "http":
			return fmt.Errorf("it redirects to a %q address, which is not followed", shorten(r.URL.Scheme))
		case r.URL.Scheme == "http" && via[len(via)-1].URL.Scheme == "https":
			return errors.New("it redirects from HTTPS to HTTP, which is not followed")
		}
		return nil
	}}
}

// checkURL refuses what is no HTTP address.
func checkURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return errors.New("it is no URL")
	case u.Scheme != "https" && u.Scheme != "http":
		return fmt.Errorf("%q is not fetched, only https and http are", shorten(u.Scheme))
	case u.Host == "":
		return errors.New("it names no host")
	}
	return nil
}

// bareURL is a URL without what may be secret: user, query and fragment.
func bareURL(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	u.User, u.RawQuery, u.Fragment, u.ForceQuery = nil, "", "", false
	return u.String()
}

// get fetches a URL of at most limit bytes. Where the earlier record still
// holds, the server may answer that nothing changed.
func get(ctx context.Context, client *http.Client, agent, address string, limit int64, earlier *Record) (*fetched, error) {
	if err := checkURL(address); err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, errors.New("it is no URL")
	}
	request.Header.Set("User-Agent", agent)
	if earlier != nil {
		for header, value := range map[string]string{"If-None-Match": earlier.ETag, "If-Modified-Since": earlier.LastModified} {
			if value != "" {
				request.Header.Set(header, value)
			}
		}
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, withoutURL(err)
	}
	defer response.Body.Close()
	switch {
	case response.StatusCode == http.StatusNotModified && earlier != nil:
		return &fetched{unchanged: true}, nil
	case response.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("the server answers %d %s", response.StatusCode, http.StatusText(response.StatusCode))
	case response.ContentLength > limit:
		return nil, fmt.Errorf("it has %d bytes, more than %d", response.ContentLength, limit)
	case strings.HasPrefix(response.Header.Get("Content-Type"), "text/html"):
		return nil, errors.New("the server answers with an HTML page, perhaps a proxy's or a sign-in")
	}
	var body bytes.Buffer
	n, err := io.Copy(&body, io.LimitReader(response.Body, limit+1))
	if n > limit {
		return nil, fmt.Errorf("it has more than %d bytes", limit)
	}
	if err != nil {
		return nil, fmt.Errorf("broken off after %d bytes: %w", n, err)
	}
	return &fetched{content: body.Bytes(), etag: header(response, "ETag"), lastModified: header(response, "Last-Modified")}, nil
}

// header is a response's header, unless it is longer than any that is meant.
func header(r *http.Response, name string) string {
	if v := r.Header.Get(name); len(v) <= 256 {
		return v
	}
	return ""
}

// withoutURL takes the address, whose query may hold a licence key, off an
// error.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
