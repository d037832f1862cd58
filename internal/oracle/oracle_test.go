// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"net/http"
	"testing"
)

// A launcher gives a server that refuses the unsigned and knows its users.
func TestLaunchers(t *testing.T) {
	for name, launch := range map[string]func(testing.TB) *Server{
		"versitygw": StartVersity, "versitygw with TLS": StartVersityTLS, "radosgw": StartRadosgw,
	} {
		t.Run(name, func(t *testing.T) {
			s := launch(t)
			resp, err := s.Client(nil).Get(s.URL + s.Path("no-such-bucket", "k"))
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != http.StatusForbidden && resp.StatusCode != http.StatusNotFound {
				t.Errorf("unsigned GET of nothing: %s", resp.Status)
			}
			if u := s.AddUser(t, "999988887777", "mallory"); u.Access == "" || u.Access == s.Owner.Access {
				t.Errorf("user %+v", u)
			}
			if s.Version == "" {
				t.Error("no version")
			}
			t.Log(s.Name, s.Version)
		})
	}
}

func TestEscape(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"a/b-c._~9", "a/b-c._~9"}, {"${aws:username}/", "%24%7Baws%3Ausername%7D/"}, {"é %", "%C3%A9%20%25"},
	} {
		if got := escape(c.text); got != c.want {
			t.Errorf("escape(%q) = %q, want %q", c.text, got, c.want)
		}
	}
}
