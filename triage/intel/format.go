// SPDX-License-Identifier: Apache-2.0

package intel

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Format is one row of the table of file formats.
type Format struct {
	ID   string
	What string // for errors: "a list of networks, one a line"
	read func(l *list, base label, text []byte) error
}

// Formats lists what can be read. A database of addresses is opened apart.
var Formats = []Format{
	{"text", "a list of networks, one a line", readText},
	{"csv", "a CSV file with a column of networks", readCSV},
	{"aws-json", "ip-ranges.json of AWS", readAWS},
	{"gcp-json", "cloud.json of Google Cloud", readGCP},
	{"azure-json", "ServiceTags of Azure", readAzure},
	{"mmdb", "a MaxMind database", nil},
}

func formatOf(id string) (Format, bool) {
	i := slices.IndexFunc(Formats, func(f Format) bool { return f.ID == id })
	if i < 0 {
		return Format{}, false
	}
	return Formats[i], true
}

// readText reads one network or address a line; "#" and ";" begin comments.
func readText(l *list, base label, text []byte) error {
	if err := noHTML(text); err != nil {
		return err
	}
	number := 0
	for line := range bytes.Lines(bytes.TrimPrefix(text, []byte("\ufeff"))) {
		number++
		if len(line) > maxLine {
			l.malformed(number, fmt.Sprintf("the line has %d bytes", len(line)))
			continue
		}
		if i := bytes.IndexAny(line, "#;"); i >= 0 {
			line = line[:i]
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			l.add(string(line), base, number)
		}
	}
	return nil
}

// noHTML tells a page of a proxy or a sign-in from a list.
func noHTML(text []byte) error {
	if bytes.HasPrefix(bytes.TrimLeft(text, "\ufeff \t\r\n"), []byte("<")) {
		return errors.New("it is an HTML or XML page")
	}
	return nil
}

// networkColumns are usual names of the column of networks.
var networkColumns = []string{"network", "cidr", "prefix", "ip_prefix", "ipprefix", "subnet", "ip", "address", "range", "ip_range"}

// readCSV reads the column of networks: the one whose name in the first line
// says so, else the first that holds a network there.
func readCSV(l *list, base label, text []byte) error {
	if err := noHTML(text); err != nil {
		return err
	}
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff"))))
	r.FieldsPerRecord, r.ReuseRecord, r.LazyQuotes, r.Comment = -1, true, true, '#'
	column := -1
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		var bad *csv.ParseError
		if errors.As(err, &bad) {
			l.malformed(bad.Line, "no line of CSV")
			continue
		}
		line, _ := r.FieldPos(0)
		if column < 0 {
			var header bool
			if column, header = networkColumn(record); column < 0 {
				return fmt.Errorf("no column of its first line holds networks or is called one of %s", strings.Join(networkColumns, ", "))
			} else if header {
				continue
			}
		}
		if column >= len(record) {
			l.malformed(line, "the line has too few columns")
			continue
		}
		l.add(strings.TrimSpace(record[column]), base, line)
	}
}

func networkColumn(record []string) (column int, header bool) {
	for i, field := range record {
		if _, err := parsePrefix(strings.TrimSpace(field)); err == nil {
			return i, false
		}
	}
	for _, name := range networkColumns {
		if i := slices.IndexFunc(record, func(f string) bool { return strings.EqualFold(strings.TrimSpace(f), name) }); i >= 0 {
			return i, true
		}
	}
	return -1, false
}

// readAWS reads ip-ranges.json (AWS page "Syntax for AWS IP address range JSON").
func readAWS(l *list, base label, text []byte) error {
	type prefix struct {
		IPv4    string `json:"ip_prefix"`
		IPv6    string `json:"ipv6_prefix"`
		Region  string `json:"region"`
		Service string `json:"service"`
	}
	var doc struct {
		Prefixes     []prefix `json:"prefixes"`
		IPv6Prefixes []prefix `json:"ipv6_prefixes"`
	}
	if err := decode(text, &doc); err != nil {
		return err
	}
	for _, p := range slices.Concat(doc.Prefixes, doc.IPv6Prefixes) {
		base.service, base.region = p.Service, p.Region
		l.add(p.IPv4+p.IPv6, base, 0)
	}
	return nil
}

// readGCP reads cloud.json (Google Cloud page "Obtain Google IP address ranges").
func readGCP(l *list, base label, text []byte) error {
	var doc struct {
		Prefixes []struct {
			IPv4    string `json:"ipv4Prefix"`
			IPv6    string `json:"ipv6Prefix"`
			Service string `json:"service"`
			Scope   string `json:"scope"`
		} `json:"prefixes"`
	}
	if err := decode(text, &doc); err != nil {
		return err
	}
	for _, p := range doc.Prefixes {
		base.region = p.Scope
		l.add(p.IPv4+p.IPv6, base, 0)
	}
	return nil
}

// readAzure reads a ServiceTags file (Azure page "Virtual network service
// tags"). A tag of a Region stands beside the tag of all Regions.
func readAzure(l *list, base label, text []byte) error {
	var doc struct {
		Values []struct {
			Properties struct {
				Region        string   `json:"region"`
				SystemService string   `json:"systemService"`
				Prefixes      []string `json:"addressPrefixes"`
			} `json:"properties"`
		} `json:"values"`
	}
	if err := decode(text, &doc); err != nil {
		return err
	}
	for _, v := range doc.Values {
		base.service, base.region = v.Properties.SystemService, v.Properties.Region
		for _, p := range v.Properties.Prefixes {
			l.add(p, base, 0)
		}
	}
	return nil
}

// decode reads one JSON document. Its errors name the offset.
func decode(text []byte, doc any) error {
	if err := noHTML(text); err != nil {
		return err
	}
	err := json.Unmarshal(text, doc)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("at offset %d: %w", syntax.Offset, err)
	case errors.As(err, &kind):
		return fmt.Errorf("at offset %d: %w", kind.Offset, err)
	}
	return err
}
