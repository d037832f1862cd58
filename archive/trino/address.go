// SPDX-License-Identifier: Apache-2.0

// Package trino asks a Trino server. It speaks the server's own protocol (Trino
// documentation, "Trino client REST API"), which is a few requests of HTTP.
package trino

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"

	"github.com/bucketlid/bucketlid/archive/remote"
)

// Address says where a table of records is and who asks for it. Its String
// holds no secret.
type Address struct {
	base     url.URL // http or https, host and port
	User     string
	password string
	token    string
	Table    remote.Table
}

// AddressError says what is wrong with an address. It does not repeat the
// address, which may hold a password.
type AddressError struct{ Reason string }

// Error gives the reason and the form of an address.
func (e *AddressError) Error() string {
	return e.Reason + "; write trino://user@host:port/catalog/schema/table"
}

// Secrets are what an address need not say: from the environment.
type Secrets struct {
	User     string // where the address names none
	Password string // where the address has none
	Token    string // sent as a bearer token, instead of a password
}

// ParseAddress reads trino://[user[:password]@]host[:port]/catalog/schema/table.
// The server is asked by TLS, at port 8443 unless told, save on this machine:
// there by plain HTTP, at port 8080. ?tls=on and ?tls=off say otherwise. Secrets
// never go over plain HTTP.
func ParseAddress(text string, s Secrets) (Address, error) {
	var a Address
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return a, &AddressError{"the address cannot be read"}
	case !strings.EqualFold(u.Scheme, "trino") || u.Hostname() == "" || u.Fragment != "":
		return a, &AddressError{"the address names no server"}
	}
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	if len(parts) != 3 || parts[0] == "" {
		return a, &AddressError{"the address names no catalog, schema and table"}
	}
	a.Table = remote.Table{Catalog: parts[0], Schema: parts[1], Name: parts[2]}
	if err := a.Table.Check(); err != nil {
		return a, &AddressError{err.Error()}
	}
	a.User, a.token = u.User.Username(), s.Token
	if a.User == "" {
		a.User = s.User
	}
	if a.password, _ = u.User.Password(); a.password == "" {
		a.password = s.Password
	}
	return a, a.encrypt(u)
}

// encrypt decides between HTTP and HTTPS.
func (a *Address) encrypt(u *url.URL) error {
	tls := !loopback(u.Hostname())
	for name, values := range u.Query() {
		if name != "tls" || len(values) != 1 || values[0] != "on" && values[0] != "off" {
			return &AddressError{"the address may be followed by ?tls=on or ?tls=off, and nothing else"}
		}
		tls = values[0] == "on"
	}
	scheme, port := "http", "8080"
	if tls {
		scheme, port = "https", "8443"
	}
	if u.Port() != "" {
		port = u.Port()
	}
	a.base = url.URL{Scheme: scheme, Host: net.JoinHostPort(u.Hostname(), port)}
	if !tls && (a.password != "" || a.token != "") {
		return &AddressError{"a password or token is not sent without TLS: add ?tls=on, or leave them out"}
	}
	return nil
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// String is the address without its secrets.
func (a Address) String() string {
	user := ""
	if a.User != "" {
		user = url.User(a.User).String() + "@"
	}
	return fmt.Sprintf("trino://%s%s/%s/%s/%s", user, a.base.Host, a.Table.Catalog, a.Table.Schema, a.Table.Name)
}
