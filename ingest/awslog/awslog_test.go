// SPDX-License-Identifier: Apache-2.0

package awslog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/bucketlid/bucketlid/internal/mototest"
)

// The servers here are made up at the edge of HTTP, for what moto does not do:
// redirects, refusals in AWS's words and connections that break.

const oneKey = `<?xml version="1.0"?><ListBucketResult><Name>logs</Name><KeyCount>1</KeyCount><IsTruncated>false</IsTruncated>` +
	`<Contents><Key>a.json</Key><Size>5</Size><ETag>"e1"</ETag></Contents></ListBucketResult>`

func refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, `<?xml version="1.0"?><Error><Code>%s</Code><Message>%s</Message></Error>`, code, message)
}

// serve answers listings with one key and leaves objects to get.
func serve(t *testing.T, get http.HandlerFunc) *Bucket {
	t.Helper()
	mototest.Isolate(t)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("list-type") {
			fmt.Fprint(w, oneKey)
			return
		}
		get(w, r)
	}))
	t.Cleanup(srv.Close)
	b, err := Open(context.Background(), Config{Bucket: "logs", Endpoint: srv.URL})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestRegionRedirect(t *testing.T) {
	for _, tt := range []struct {
		name string
		code string
		hdr  bool
		at   int
	}{
		{"named by the redirect", "PermanentRedirect", true, http.StatusMovedPermanently},
		{"named by HeadBucket", "PermanentRedirect", false, http.StatusMovedPermanently},
		{"wrong region in the signature", "AuthorizationHeaderMalformed", true, http.StatusBadRequest},
	} {
		t.Run(tt.name, func(t *testing.T) {
			mototest.Isolate(t)
			t.Setenv("AWS_REGION", "")
			var regions []string
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				inPlace := strings.Contains(r.Header.Get("Authorization"), "/eu-north-1/s3/")
				regions = append(regions, fmt.Sprint(r.Method, inPlace))
				if tt.hdr || r.Method == http.MethodHead {
					w.Header().Set("X-Amz-Bucket-Region", "eu-north-1")
				}
				if inPlace {
					fmt.Fprint(w, oneKey)
					return
				}
				refuse(w, tt.at, tt.code, "elsewhere")
			}))
			defer srv.Close()
			b, err := Open(context.Background(), Config{Bucket: "logs", Endpoint: srv.URL})
			if err != nil {
				t.Fatal(err, regions)
			}
			err = b.List(context.Background(), "", func(string) Scope { return Whole }, func(k Key) error {
				if k.Name != "a.json" || k.Size != 5 {
					t.Errorf("%+v", k)
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	tests := []struct {
		name, code, message string
		status              int
		permission          string
		signIn              bool
	}{
		{"denied", "AccessDenied", "Access Denied", 403, "s3:GetObject", false},
		{"key", "AccessDenied", "User: arn:aws:iam::111122223333:user/x is not authorized to perform: kms:Decrypt on resource: r", 403, "kms:Decrypt", false},
		{"expired", "ExpiredToken", "The provided token has expired.", 400, "", true},
		{"wrong key", "InvalidAccessKeyId", "no such key", 403, "", true},
		{"archived", "InvalidObjectState", "not valid for the storage class", 403, "", false},
		{"gone", "NoSuchKey", "no such key", 404, "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := serve(t, func(w http.ResponseWriter, _ *http.Request) { refuse(w, tt.status, tt.code, tt.message) })
			_, err := b.Get(context.Background(), Key{Name: "a.json", Size: 5})
			var pe *PermissionError
			is := errors.As(err, &pe)
			if err == nil || is != (tt.permission != "" || tt.signIn) {
				t.Fatal(err)
			}
			if is && (pe.Permission != tt.permission || pe.Resource != "s3://logs/a.json" || pe.Hint == "") {
				t.Errorf("%+v", pe)
			}
		})
	}
}

func TestListingRefused(t *testing.T) {
	mototest.Isolate(t)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { refuse(w, 403, "AccessDenied", "Access Denied") }))
	defer srv.Close()
	_, err := Open(context.Background(), Config{Bucket: "logs", Endpoint: srv.URL})
	var pe *PermissionError
	if !errors.As(err, &pe) || pe.Permission != "s3:ListBucket" {
		t.Error(err)
	}
}

// breaking serves text, and hangs up at most after each n bytes.
func breaking(text string, n int, etag func(request int64) string, asked *atomic.Int64) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		request := asked.Add(1)
		tag := etag(request)
		if m := r.Header.Get("If-Match"); m != "" && m != tag {
			refuse(w, http.StatusPreconditionFailed, "PreconditionFailed", "changed")
			return
		}
		from := 0
		if rg := r.Header.Get("Range"); rg != "" {
			if _, err := fmt.Sscanf(rg, "bytes=%d-", &from); err != nil {
				refuse(w, 400, "InvalidArgument", rg)
				return
			}
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(text)-1, len(text)))
		}
		rest := text[from:]
		w.Header().Set("Content-Length", fmt.Sprint(len(rest)))
		w.Header().Set("Etag", tag)
		if from > 0 {
			w.WriteHeader(http.StatusPartialContent)
		}
		io.WriteString(w, rest[:min(n, len(rest))])
		if n < len(rest) {
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}
	}
}

func TestResume(t *testing.T) {
	text := strings.Repeat("0123456789abcdef", 20_000)
	same := func(int64) string { return `"e1"` }
	tests := []struct {
		name     string
		bytes    int // before each break
		etag     func(int64) string
		ok       bool
		requests int64
	}{
		{"never", len(text), same, true, 1},
		{"three times", len(text)/4 + 1, same, true, 4},
		{"too often", len(text)/8 + 1, same, false, 4},
		{"replaced", len(text) / 2, func(n int64) string { return fmt.Sprintf(`"e%d"`, n) }, false, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var asked atomic.Int64
			b := serve(t, breaking(text, tt.bytes, tt.etag, &asked))
			rc, err := b.Get(context.Background(), Key{Name: "a.json", Size: int64(len(text))})
			if err != nil {
				t.Fatal(err)
			}
			defer rc.Close()
			got, err := io.ReadAll(rc)
			if (err == nil) != tt.ok || !strings.HasPrefix(text, string(got)) || tt.ok && string(got) != text {
				t.Errorf("%d bytes of %d, %v", len(got), len(text), err)
			}
			if asked.Load() != tt.requests {
				t.Errorf("%d requests, want %d", asked.Load(), tt.requests)
			}
			if _, again := rc.Read(make([]byte, 1)); again == nil {
				t.Error("read on after the end")
			}
		})
	}
}

// Metadata that says gzip must not make anyone unpack on the way.
func TestStoredBytes(t *testing.T) {
	b := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			t.Error("asks for unpacked content")
		}
		w.Header().Set("Content-Encoding", "gzip")
		io.WriteString(w, "\x1f\x8b...")
	})
	rc, err := b.Get(context.Background(), Key{Name: "a.json"})
	if err != nil {
		t.Fatal(err)
	}
	defer rc.Close()
	if got, err := io.ReadAll(rc); err != nil || string(got) != "\x1f\x8b..." {
		t.Errorf("%q, %v", got, err)
	}
}

func TestListStops(t *testing.T) {
	b := serve(t, nil)
	stop := errors.New("enough")
	if err := b.List(context.Background(), "", func(string) Scope { return Descend }, func(Key) error { return stop }); !errors.Is(err, stop) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := b.List(ctx, "", func(string) Scope { return Descend }, func(Key) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := b.List(context.Background(), "", func(string) Scope { return Skip }, func(Key) error { return stop }); err != nil {
		t.Error(err)
	}
}

// Many folders of many pages are listed whole, each key once.
func TestListPages(t *testing.T) {
	mototest.Isolate(t)
	const folders, pages = 30, 3
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		fmt.Fprint(w, `<?xml version="1.0"?><ListBucketResult><EncodingType>url</EncodingType>`)
		defer fmt.Fprint(w, `</ListBucketResult>`)
		if q.Get("prefix") == "" {
			for i := range folders {
				fmt.Fprintf(w, `<CommonPrefixes><Prefix>a+%%2B%d/</Prefix></CommonPrefixes>`, i)
			}
			return
		}
		page := 0
		_, _ = fmt.Sscan(q.Get("continuation-token"), &page)
		fmt.Fprintf(w, `<Contents><Key>%s%d%%00</Key><Size>1</Size></Contents>`, url.QueryEscape(q.Get("prefix")), page)
		if page+1 < pages {
			fmt.Fprintf(w, `<IsTruncated>true</IsTruncated><NextContinuationToken>%d</NextContinuationToken>`, page+1)
		}
	}))
	defer srv.Close()
	b, err := Open(context.Background(), Config{Bucket: "logs", Endpoint: srv.URL})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	err = b.List(context.Background(), "", func(string) Scope { return Descend }, func(k Key) error {
		if seen[k.Name] {
			t.Errorf("%q twice", k.Name)
		}
		seen[k.Name] = true
		return nil
	})
	if err != nil || len(seen) != folders*pages || !seen["a +29/2\x00"] {
		t.Errorf("%d keys, %v", len(seen), err)
	}
}
