// SPDX-License-Identifier: Apache-2.0

package account

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bucketlid/bucketlid/internal/mototest"
)

// fake answers as S3, S3 Control and STS do, at the edge of HTTP: for refusals,
// throttling, latency and paging, which moto does not do.
type fake struct {
	mu      sync.Mutex
	buckets map[string]*fakeBucket
	page    int           // buckets on one page of ListBuckets; 0: all
	latency time.Duration // of every call
	// edge may answer a call before the fake does; true says that it did.
	edge func(w http.ResponseWriter, r *http.Request, bucket, what string) bool
	seen []string // "bucket what"
}

type fakeBucket struct {
	region  string
	replies map[string]string // by sub-resource, such as "acl": the body
	objects map[string]string // by key, of an old version with "?versionId=": the ACL's body
}

const (
	fakeAccount = "111122223333"
	fakeOwner   = "11112222333311112222333311112222"
	ownerGrant  = `<Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>` + fakeOwner + `</ID></Grantee><Permission>FULL_CONTROL</Permission></Grant>`
)

func aclBody(grants string) string {
	return `<AccessControlPolicy><Owner><ID>` + fakeOwner + `</ID></Owner><AccessControlList>` + ownerGrant + grants + `</AccessControlList></AccessControlPolicy>`
}

func groupGrant(group, permission string) string {
	return `<Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="Group"><URI>http://acs.amazonaws.com/groups/global/` + group +
		`</URI></Grantee><Permission>` + permission + `</Permission></Grant>`
}

// absent are the codes of settings that a new bucket does not have.
var absent = map[string]string{
	"policy": "NoSuchBucketPolicy", "policyStatus": "NoSuchBucketPolicy", "publicAccessBlock": "NoSuchPublicAccessBlockConfiguration",
	"ownershipControls": "OwnershipControlsNotFoundError", "website": "NoSuchWebsiteConfiguration",
	"encryption": "ServerSideEncryptionConfigurationNotFoundError", "tagging": "NoSuchTagSet",
}

// defaults are the replies of a bucket of 2019.
var defaults = map[string]string{
	"acl": aclBody(""), "requestPayment": `<RequestPaymentConfiguration><Payer>BucketOwner</Payer></RequestPaymentConfiguration>`,
	"versioning": `<VersioningConfiguration/>`, "location": `<LocationConstraint/>`,
}

func newFake(names ...string) *fake {
	f := &fake{buckets: map[string]*fakeBucket{}}
	for _, name := range names {
		f.buckets[name] = &fakeBucket{region: "us-east-1", replies: map[string]string{}, objects: map[string]string{}}
	}
	return f
}

// tryOpen serves the fake and signs in to it.
func (f *fake) tryOpen(t testing.TB) (*Account, error) {
	t.Helper()
	mototest.Isolate(t)
	srv := httptest.NewServer(f)
	t.Cleanup(srv.Close)
	return Open(t.Context(), SignIn{Endpoint: srv.URL})
}

func (f *fake) open(t testing.TB) *Account {
	t.Helper()
	a, err := f.tryOpen(t)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, `<Error><Code>%s</Code><Message>%s</Message></Error>`, code, message)
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if f.latency > 0 {
		time.Sleep(f.latency)
	}
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	what := subResource(r)
	if f.latency == 0 {
		f.mu.Lock()
		f.seen = append(f.seen, bucket+" "+what)
		f.mu.Unlock()
	}
	if f.edge != nil && f.edge(w, r, bucket, what) {
		return
	}
	switch {
	case r.Method == http.MethodPost:
		fmt.Fprintf(w, `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::%[1]s:user/scan</Arn><Account>%[1]s</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`, fakeAccount)
	case bucket == "v20180820":
		f.control(w, r, key)
	case bucket == "":
		f.list(w, r)
	case f.buckets[bucket] == nil:
		refuse(w, http.StatusNotFound, "NoSuchBucket", bucket)
	case key != "":
		if id := r.URL.Query().Get("versionId"); id != "" {
			key += "?versionId=" + id
		}
		fmt.Fprint(w, f.buckets[bucket].objects[key])
	case what == "list-type":
		f.keys(w, r, bucket)
	case what == "versions":
		f.versions(w, r, bucket)
	default:
		f.setting(w, bucket, what)
	}
}

// subResource is the query member that names what is asked for.
func subResource(r *http.Request) string {
	for name := range r.URL.Query() {
		switch name {
		case "x-id", "prefix", "encoding-type", "delimiter", "max-keys", "continuation-token", "key-marker", "version-id-marker", "versionId":
		default:
			return name
		}
	}
	return ""
}

func (f *fake) setting(w http.ResponseWriter, bucket, what string) {
	body, ok := f.buckets[bucket].replies[what]
	if !ok {
		body, ok = defaults[what]
	}
	if !ok {
		refuse(w, http.StatusNotFound, absent[what], what)
		return
	}
	fmt.Fprint(w, body)
}

func (f *fake) control(w http.ResponseWriter, r *http.Request, path string) {
	switch {
	case strings.HasPrefix(path, "configuration/publicAccessBlock"):
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `<ErrorResponse><Error><Code>NoSuchPublicAccessBlockConfiguration</Code><Message>none</Message></Error></ErrorResponse>`)
	case strings.HasPrefix(path, "accesspoint"):
		fmt.Fprint(w, `<ListAccessPointsResult/>`)
	default:
		fmt.Fprint(w, `<ListMultiRegionAccessPointsResult/>`)
	}
}

func (f *fake) list(w http.ResponseWriter, r *http.Request) {
	names := []string{}
	for name := range f.buckets {
		names = append(names, name)
	}
	slices.Sort(names)
	from, _ := slices.BinarySearch(names, r.URL.Query().Get("continuation-token"))
	to := len(names)
	if f.page > 0 {
		to = min(to, from+f.page)
	}
	fmt.Fprint(w, `<ListAllMyBucketsResult><Buckets>`)
	for _, name := range names[from:to] {
		fmt.Fprintf(w, `<Bucket><Name>%s</Name><BucketRegion>%s</BucketRegion></Bucket>`, name, f.buckets[name].region)
	}
	fmt.Fprint(w, `</Buckets>`)
	if to < len(names) {
		fmt.Fprintf(w, `<ContinuationToken>%s</ContinuationToken>`, names[to])
	}
	fmt.Fprint(w, `</ListAllMyBucketsResult>`)
}

func (f *fake) keys(w http.ResponseWriter, r *http.Request, bucket string) {
	q := r.URL.Query()
	most := 1000
	_, _ = fmt.Sscan(q.Get("max-keys"), &most)
	var keys, folders []string
	for key := range f.buckets[bucket].objects {
		if strings.Contains(key, "?versionId=") {
			continue
		}
		rest, below := strings.CutPrefix(key, q.Get("prefix"))
		folder, _, deeper := strings.Cut(rest, "/")
		switch {
		case !below:
		case deeper && q.Get("delimiter") != "":
			folders = append(folders, q.Get("prefix")+folder+"/")
		default:
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	slices.Sort(folders)
	fmt.Fprint(w, `<ListBucketResult><EncodingType>url</EncodingType>`)
	for _, key := range keys[:min(len(keys), most)] {
		fmt.Fprintf(w, `<Contents><Key>%s</Key></Contents>`, url.QueryEscape(key))
	}
	for _, folder := range slices.Compact(folders) {
		fmt.Fprintf(w, `<CommonPrefixes><Prefix>%s</Prefix></CommonPrefixes>`, url.QueryEscape(folder))
	}
	fmt.Fprint(w, `</ListBucketResult>`)
}

// versions lists current and old versions, one on a page, as S3 does where keys
// are asked for in the encoding of URLs.
func (f *fake) versions(w http.ResponseWriter, r *http.Request, bucket string) {
	q := r.URL.Query()
	var names []string
	for name := range f.buckets[bucket].objects {
		if strings.HasPrefix(name, q.Get("prefix")) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	marker := q.Get("key-marker")
	if id := q.Get("version-id-marker"); id != "" {
		marker += "?versionId=" + id
	}
	from := 0
	if marker != "" {
		from, _ = slices.BinarySearch(names, marker)
		from++
	}
	fmt.Fprintf(w, `<ListVersionsResult><EncodingType>url</EncodingType><IsTruncated>%v</IsTruncated>`, from < len(names)-1)
	if from < len(names) {
		key, id, old := strings.Cut(names[from], "?versionId=")
		if from < len(names)-1 {
			fmt.Fprintf(w, `<NextKeyMarker>%s</NextKeyMarker><NextVersionIdMarker>%s</NextVersionIdMarker>`, url.QueryEscape(key), id)
		}
		fmt.Fprintf(w, `<Version><Key>%s</Key><VersionId>%s</VersionId><IsLatest>%v</IsLatest></Version>`, url.QueryEscape(key), id, !old)
	}
	fmt.Fprint(w, `<DeleteMarker><Key>gone</Key><VersionId>m1</VersionId><IsLatest>true</IsLatest></DeleteMarker></ListVersionsResult>`)
}
