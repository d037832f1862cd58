// SPDX-License-Identifier: Apache-2.0

package trail

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParam(t *testing.T) {
	for _, c := range []struct {
		title, parameters, name string
		want                    []string
	}{
		{"text", `{"bucketName":"b"}`, "bucketName", []string{"b"}},
		{"old form", `{"x-amz-acl":["public-read"],"acl":[""]}`, "x-amz-acl", []string{"public-read"}},
		{"empty marker", `{"acl":""}`, "acl", []string{""}},
		{"other case", `{"Host":"h"}`, "host", []string{"h"}},
		{"nested", `{"accessControlList":{"x-amz-grant-read":"uri=x"}}`, "x-amz-grant-read", []string{"uri=x"}},
		{"inside lists", `{"a":[{"b":[{"key":"1"}]},{"key":"2"}]}`, "key", []string{"2", "1"}},
		{"number and boolean", `{"v":[1,true,"x",null,{"y":1}]}`, "v", []string{"1", "true", "x"}},
		{"number as written", `{"v":123456789012.50}`, "v", []string{"123456789012.50"}},
		{"shallowest first, then by name", `{"z":{"k":"3"},"a":{"k":"2"},"k":"1"}`, "k", []string{"1", "2", "3"}},
		{"each once", `{"k":["a","a"],"b":{"k":"a"}}`, "k", []string{"a"}},
		{"object", `{"k":{"x":1}}`, "k", nil},
		{"absent", `{"k":"x"}`, "j", nil},
		{"none", `null`, "j", nil},
		{"too deep", strings.Repeat(`{"a":`, 12) + `{"k":"x"}` + strings.Repeat(`}`, 12), "k", nil},
		{"just deep enough", strings.Repeat(`{"a":`, 11) + `{"k":"x"}` + strings.Repeat(`}`, 11), "k", []string{"x"}},
	} {
		r, err := Decode([]byte(`{"requestParameters":`+c.parameters+`}`), nil)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(c.want, r.Param(c.name)); d != "" {
			t.Errorf("%s: %s", c.title, d)
		}
	}
}

// TestParamBounded: a huge list is looked at in part, and soon.
func TestParamBounded(t *testing.T) {
	r := &Record{RequestParameters: map[string]any{}}
	for i := range 30_000 {
		r.RequestParameters[fmt.Sprintf("a%06d", i)] = "x"
	}
	r.RequestParameters["a000000"] = "first"
	r.RequestParameters["z"] = "last"
	if got := r.Param("a000000"); !cmp.Equal(got, []string{"first"}) {
		t.Errorf("first: %v", got)
	}
	if got := r.Param("z"); got != nil {
		t.Errorf("beyond the bound: %v", got)
	}
	list := make([]any, 50_000)
	for i := range list {
		list[i] = fmt.Sprint(i)
	}
	r.RequestParameters = map[string]any{"k": list}
	if got := r.Param("k"); len(got) != maxWalkNodes {
		t.Errorf("%d values", len(got))
	}
}

func TestLeaf(t *testing.T) {
	for _, c := range []struct {
		title, text, name, want string
	}{
		{"object", `{"AccessControlPolicy":{"a":1}}`, "AccessControlPolicy", `{"a":1}`},
		{"other case", `{"bucketpolicy":{"a":1}}`, "bucketPolicy", `{"a":1}`},
		{"list", `{"x":{"Grant":[1]}}`, "Grant", `[1]`},
		{"text", `{"bucketPolicy":"no JSON"}`, "bucketPolicy", `"no JSON"`},
		{"shallowest", `{"a":{"b":{"p":1}},"z":{"p":2}}`, "p", `2`},
		{"by name", `{"b":{"p":2},"a":{"p":1}}`, "p", `1`},
		{"of two cases", `{"p":2,"P":1}`, "p", `1`},
		{"null", `{"p":null}`, "p", `null`},
	} {
		var m map[string]any
		if err := json.Unmarshal([]byte(c.text), &m); err != nil {
			t.Fatal(err)
		}
		v, ok := Leaf(m, c.name)
		got, _ := json.Marshal(v)
		if !ok || string(got) != c.want {
			t.Errorf("%s: %s, %v", c.title, got, ok)
		}
	}
	if v, ok := Leaf(nil, "p"); ok || v != nil {
		t.Errorf("of nothing: %v", v)
	}
}
