// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bucketlid/bucketlid/internal/mototest"
)

// put stores an object, or makes a bucket when there is no key. moto asks for
// no signature.
func put(t testing.TB, endpoint, bucket, key, content string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPut, endpoint, strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	req.URL.Path = strings.TrimSuffix("/"+bucket+"/"+key, "/")
	if strings.HasSuffix(key, "/") {
		req.URL.Path += "/"
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(resp.Body)
		t.Fatalf("put %s/%s: %s %s", bucket, key, resp.Status, body)
	}
}

// watched passes requests on and remembers which prefixes were listed.
type watched struct {
	*httptest.Server
	mu       sync.Mutex
	prefixes []string
}

func watch(t testing.TB, backend string) *watched {
	t.Helper()
	to, err := url.Parse(backend)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(to)
	w := &watched{}
	w.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if q := r.URL.Query(); q.Get("list-type") == "2" {
			w.mu.Lock()
			w.prefixes = append(w.prefixes, q.Get("prefix"))
			w.mu.Unlock()
		}
		proxy.ServeHTTP(rw, r)
	}))
	t.Cleanup(w.Close)
	return w
}

func (w *watched) listed() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	got := slices.Compact(slices.Sorted(slices.Values(w.prefixes)))
	w.prefixes = nil
	return got
}

func s3Keys(t *testing.T, spec string, f Filter, opts Options) []string {
	t.Helper()
	src, err := Open(context.Background(), spec, f, opts)
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	var mu sync.Mutex
	err = Each(context.Background(), []Source{src}, 2, opts, func(_ int, o Object) error {
		content := readAll(t, o)
		mu.Lock()
		defer mu.Unlock()
		_, key, _ := strings.Cut(strings.TrimPrefix(o.Name, "s3://"), "/")
		if content != key {
			t.Errorf("%s holds %q", o.Name, content)
		}
		keys = append(keys, key)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(keys)
	return keys
}

func TestS3(t *testing.T) {
	moto := mototest.Start(t)
	const (
		tree = "org/AWSLogs/o-abcdefghij/111122223333/"
		ireg = tree + "CloudTrail/eu-west-1/"
		name = "111122223333_CloudTrail_eu-west-1_"
	)
	inside := []string{
		ireg + "2024/06/10/" + name + "20240610T1300Z_a.json.gz",
		ireg + "2024/06/13/" + name + "20240613T1100Z_b.json.gz",
	}
	keys := append([]string{
		ireg + "2023/12/31/" + name + "20231231T1300Z_z.json.gz",
		ireg + "2024/06/09/" + name + "20240609T1300Z_c.json.gz",
		ireg + "2024/06/10/" + name + "20240610T0000Z_d.json.gz",
		ireg + "2024/06/14/" + name + "20240614T1300Z_e.json.gz",
		tree + "CloudTrail/us-east-1/2024/06/10/111122223333_CloudTrail_us-east-1_20240610T1300Z_f.json.gz",
		tree + "CloudTrail-Digest/eu-west-1/2024/06/10/g.json.gz",
		"org/AWSLogs/o-abcdefghij/444455556666/CloudTrail/eu-west-1/2024/06/10/444455556666_CloudTrail_eu-west-1_20240610T1300Z_h.json.gz",
		"org/AWSLogs/marker/",
	}, inside...)
	put(t, moto.URL, "logs", "", "")
	for _, k := range keys {
		content := k
		if strings.HasSuffix(k, "/") {
			content = ""
		}
		put(t, moto.URL, "logs", k, content)
	}
	w := watch(t, moto.URL)
	f := june
	f.Accounts, f.Regions = []string{"111122223333"}, []string{"eu-west-1"}

	t.Run("tree", func(t *testing.T) {
		var p Progress
		got := s3Keys(t, "s3://logs/org/", f, Options{Endpoint: w.URL, Progress: &p})
		if diff := cmp.Diff(inside, got); diff != "" {
			t.Error(diff)
		}
		want := []string{"org/", "org/AWSLogs/", "org/AWSLogs/marker/", "org/AWSLogs/o-abcdefghij/", tree, tree + "CloudTrail/", ireg,
			ireg + "2024/", ireg + "2024/06/", ireg + "2024/06/10/", ireg + "2024/06/13/"}
		if diff := cmp.Diff(want, w.listed()); diff != "" {
			t.Error("listed prefixes: ", diff)
		}
		if s := p.Snapshot(); s.Foreign != 1 || s.Outside != 6 {
			t.Errorf("%+v", s)
		}
	})
	t.Run("no filter", func(t *testing.T) {
		got := s3Keys(t, "s3://logs", Filter{}, Options{Endpoint: w.URL})
		if len(got) != len(keys)-2 {
			t.Errorf("%d objects: %v", len(got), got)
		}
	})
	t.Run("one key", func(t *testing.T) {
		if got := s3Keys(t, "s3://logs/"+keys[5], Filter{}, Options{Endpoint: w.URL}); !slices.Equal(got, keys[5:6]) {
			t.Errorf("a digest that is named: %v", got)
		}
	})
	t.Run("flat, odd names", func(t *testing.T) {
		put(t, moto.URL, "flat", "", "")
		want := []string{"in/a b+c&d=é.json", "in/100%.json", "in/x//y.json"}
		for _, k := range want {
			put(t, moto.URL, "flat", k, k)
		}
		slices.Sort(want)
		t.Setenv("AWS_ENDPOINT_URL_S3", w.URL)
		if diff := cmp.Diff(want, s3Keys(t, "s3://flat/in", f, Options{})); diff != "" {
			t.Error(diff)
		}
	})
}

func TestS3Refused(t *testing.T) {
	moto := mototest.Start(t)
	put(t, moto.URL, "logs", "", "")
	put(t, moto.URL, "logs", "a.json", "a")
	opts := Options{Endpoint: moto.URL}
	for spec, reason := range map[string]string{
		"s3://none/x":    "there is no bucket none",
		"s3://logs/none": "no key in the bucket starts with none",
	} {
		var ue *UsageError
		if _, err := Open(context.Background(), spec, Filter{}, opts); !errors.As(err, &ue) || ue.Reason != reason {
			t.Errorf("%s: %v", spec, err)
		}
	}
	moto.EnforceIAM(t, 0)
	var pe *PermissionError
	if _, err := Open(context.Background(), "s3://logs", Filter{}, opts); !errors.As(err, &pe) || pe.Permission != "" {
		t.Errorf("unknown key: %v", err)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	if _, err := Open(context.Background(), "s3://logs", Filter{}, opts); !errors.As(err, &pe) || pe.Permission != "" {
		t.Errorf("no credentials: %v", err)
	}
	t.Setenv("AWS_PROFILE", "nobody")
	if _, err := Open(context.Background(), "s3://logs", Filter{}, opts); !errors.As(err, &pe) || pe.Permission != "" {
		t.Errorf("no such profile: %v", err)
	}
}
