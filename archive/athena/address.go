// SPDX-License-Identifier: Apache-2.0

// Package athena asks Amazon Athena, whose SQL is Trino's (Amazon Athena User
// Guide, "Athena engine version 3").
package athena

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/bucketlid/bucketlid/archive/remote"
)

// Address says which workgroup asks which table.
type Address struct {
	WorkGroup string
	Table     remote.Table // Catalog "" is AWS's own, AwsDataCatalog
	// Output is where Athena writes its answers, s3://bucket/prefix/; "" leaves that
	// to the workgroup.
	Output string
}

// AddressError says what is wrong with an address.
type AddressError struct{ Reason string }

// Error gives the reason and the form of an address.
func (e *AddressError) Error() string {
	return e.Reason + "; write athena://workgroup/database.table, or athena://workgroup/catalog.database.table"
}

var (
	workGroup = regexp.MustCompile(`^[A-Za-z0-9._-]{1,128}$`)
	output    = regexp.MustCompile(`^s3://[a-z0-9.-]{3,63}/[A-Za-z0-9/._=-]*$`)
)

// ParseAddress reads athena://workgroup/[catalog.]database.table, which
// ?output=s3://bucket/prefix/ may follow.
func ParseAddress(text string) (Address, error) {
	var a Address
	u, err := url.Parse(text)
	if err != nil || !strings.EqualFold(u.Scheme, "athena") || u.User != nil || u.Port() != "" || !workGroup.MatchString(u.Host) {
		return a, &AddressError{"the address names no workgroup"}
	}
	a.WorkGroup = u.Host
	switch parts := strings.Split(strings.Trim(u.Path, "/"), "."); len(parts) {
	case 2:
		a.Table = remote.Table{Schema: parts[0], Name: parts[1]}
	case 3:
		a.Table = remote.Table{Catalog: parts[0], Schema: parts[1], Name: parts[2]}
	default:
		return a, &AddressError{"the address names no database and table"}
	}
	if err := a.Table.Check(); err != nil {
		return a, &AddressError{err.Error()}
	}
	for name, values := range u.Query() {
		if name != "output" || len(values) != 1 || !output.MatchString(values[0]) {
			return a, &AddressError{"the address may be followed by ?output=s3://bucket/prefix/, and nothing else"}
		}
		a.Output = values[0]
	}
	return a, nil
}

// String is the address.
func (a Address) String() string {
	table := a.Table.Schema + "." + a.Table.Name
	if a.Table.Catalog != "" {
		table = a.Table.Catalog + "." + table
	}
	return fmt.Sprintf("athena://%s/%s", a.WorkGroup, table)
}
