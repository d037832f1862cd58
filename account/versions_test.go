// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

const versioned = `<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>`

// scanOne reads the one bucket of a fake.
func scanOne(t *testing.T, f *fake, choice string) Settings {
	t.Helper()
	objects, err := ParseChoice(choice)
	if err != nil {
		t.Fatal(err)
	}
	var got Settings
	s := Scanner{Objects: objects, Now: time.Now, Found: func(b Settings) { got = b }}
	if err := s.Scan(t.Context(), f.open(t)); err != nil {
		t.Fatal(err)
	}
	return got
}

func names(list []Object) []string {
	var out []string
	for _, o := range list {
		out = append(out, o.Name())
	}
	return out
}

// Old versions have ACLs of their own: they are read with all objects and those
// below a prefix, and it is known where a sample left them out.
func TestOldVersions(t *testing.T) {
	open := aclBody(groupGrant("AllUsers", "READ"))
	for _, tt := range []struct {
		name, choice, versioning, ownership string
		want                                []string
		unseen                              bool
	}{
		{"all", "all", versioned, "", []string{"now", "a+b/ü c?versionId=v1", "now?versionId=null"}, false},
		{"below a prefix", "prefix:a+b/", versioned, "", []string{"a+b/ü c?versionId=v1"}, false},
		{"a sample", "sample", versioned, "", []string{"now"}, true},
		{"never versioned", "all", `<VersioningConfiguration/>`, "", []string{"now"}, false},
		{"a sample, never versioned", "sample", `<VersioningConfiguration/>`, "", []string{"now"}, false},
		{"ACLs are off", "all", versioned, "BucketOwnerEnforced", nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake("b")
			b := f.buckets["b"]
			b.replies["versioning"] = tt.versioning
			if tt.ownership != "" {
				b.replies["ownershipControls"] = `<OwnershipControls><Rule><ObjectOwnership>` + tt.ownership + `</ObjectOwnership></Rule></OwnershipControls>`
			}
			b.objects = map[string]string{"now": open, "now?versionId=null": open, "shut": aclBody(""), "shut?versionId=v9": aclBody(""), "a+b/ü c": aclBody(""), "a+b/ü c?versionId=v1": open}
			got := scanOne(t, f, tt.choice)
			if have := names(got.Objects); !slices.Equal(have, tt.want) || got.OldUnseen() != tt.unseen {
				t.Errorf("%q, unseen %v", have, got.OldUnseen())
			}
			var ids []string
			for _, c := range Changes(got) {
				if c.Key != "" {
					ids = append(ids, Object{Key: c.Key, Version: c.Version}.Name())
				}
			}
			if !slices.Equal(ids, tt.want) {
				t.Errorf("changes of %q", ids)
			}
		})
	}
}

// A refused list of versions is named with its permission, and the objects are
// read all the same.
func TestOldVersionsDenied(t *testing.T) {
	f := newFake("b")
	f.buckets["b"].replies["versioning"] = versioned
	f.buckets["b"].objects["k"] = aclBody(groupGrant("AllUsers", "READ"))
	f.edge = func(w http.ResponseWriter, _ *http.Request, _, what string) bool {
		if what == "versions" {
			refuse(w, http.StatusForbidden, "AccessDenied", "User: x is not authorized to perform: s3:ListBucketVersions on resource")
		}
		return what == "versions"
	}
	got := scanOne(t, f, "all")
	if !slices.Equal(names(got.Objects), []string{"k"}) || got.VersionList.Status != Denied || got.ObjectList.Status != Present {
		t.Errorf("%+v", got)
	}
	if missed := Unread(got); len(missed) != 1 || missed[0].What != "the list of old versions" || !strings.Contains(missed[0].Setting.Problem, "s3:ListBucketVersions") {
		t.Errorf("%+v", missed)
	}
}

// A version list whose pages lead back ends with a named problem.
func TestOldVersionsRepeat(t *testing.T) {
	f := newFake("b")
	f.buckets["b"].replies["versioning"] = versioned
	f.edge = func(w http.ResponseWriter, r *http.Request, _, what string) bool {
		if what == "versions" {
			next := map[string]string{"": "a", "a": "b", "b": "a"}[r.URL.Query().Get("key-marker")]
			_, _ = w.Write([]byte(`<ListVersionsResult><IsTruncated>true</IsTruncated><NextKeyMarker>` + next + `</NextKeyMarker></ListVersionsResult>`))
		}
		return what == "versions"
	}
	if got := scanOne(t, f, "all"); got.VersionList.Status != Failed || !strings.Contains(got.VersionList.Problem, "repeats itself") {
		t.Errorf("%+v", got.VersionList)
	}
}

// The permissions that a scan asks for grow with what it reads.
func TestPolicyOfVersions(t *testing.T) {
	for choice, want := range map[string]bool{"all": true, "prefix:a/": true, "sample": false, "none": false} {
		objects, _ := ParseChoice(choice)
		text := IAMPolicy(&Scanner{Objects: objects}, "")
		for _, action := range []string{"s3:ListBucketVersions", "s3:GetObjectVersionAcl"} {
			if strings.Contains(text, action) != want {
				t.Errorf("%s: %s in\n%s", choice, action, text)
			}
		}
	}
}

// Calls that are not answered end the reading of a bucket, not its scan.
func TestSilentObject(t *testing.T) {
	r := objectReader{into: &Settings{}, seen: map[string]bool{}}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var list Setting
	if err := r.listed(t.Context(), &list, func() error { return errSilent }); err != nil || list.Status != Failed || list.Problem != errSilent.problem {
		t.Errorf("%v, %+v", err, list)
	}
	if err := r.listed(t.Context(), &list, func() error { return &stopError{ctx.Err()} }); err != context.Canceled {
		t.Errorf("%v", err)
	}
}
