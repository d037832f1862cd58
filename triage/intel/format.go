// SPDX-License-Identifier: Apache-2.0

package intel

import (
	"bytes"
	"errors"
	"fmt"
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
	{"tor-exits", "exit-addresses of Tor", readTorExits},
	{"aws-json", "ip-ranges.json of AWS", readAWS},
	{"gcp-json", "cloud.json of Google Cloud", readGCP},
	{"azure-json", "ServiceTags of Azure", readAzure},
	{"cloudflare-json", "the addresses of Cloudflare's API", readCloudflare},
	{"fastly-json", "public-ip-list of Fastly", readFastly},
	{"github-json", "meta of GitHub's API", readGitHub},
	{"oracle-json", "public_ip_ranges.json of Oracle Cloud", readOracle},
	{"mmdb", "a MaxMind database", nil},
}

func formatOf(id string) (Format, bool) {
	i := slices.IndexFunc(Formats, func(f Format) bool { return f.ID == id })
	if i < 0 {
		return Format{}, false
	}
	return Formats[i], true
}

// readText reads one network, address or range a line; "#" and ";" begin
// comments. Lines of "ipset save" are read too.
func readText(l *list, base label, text []byte) error {
	return eachLine(l, text, func(line string, at place) {
		switch words := strings.Fields(line); {
		case words[0] == "create" || words[0] == "flush":
		case words[0] == "add" && len(words) > 2:
			l.add(words[2], base, at)
		default:
			l.add(line, base, at)
		}
	})
}

// readTorExits reads the lines ExitAddress of TorDNSEL's exit-addresses.
func readTorExits(l *list, base label, text []byte) error {
	return eachLine(l, text, func(line string, at place) {
		switch words := strings.Fields(line); {
		case words[0] == "ExitAddress" && len(words) > 1:
			l.add(words[1], base, at)
		case words[0] != "ExitNode" && words[0] != "Published" && words[0] != "LastStatus":
			l.malformed(at, fmt.Sprintf("%q is no line of exit-addresses", shorten(line)))
		}
	})
}

// eachLine hands on the lines that are neither empty nor a comment.
func eachLine(l *list, text []byte, read func(line string, at place)) error {
	if err := noHTML(text); err != nil {
		return err
	}
	at := place(0)
	for line := range bytes.Lines(bytes.TrimPrefix(text, []byte("\ufeff"))) {
		at++
		if len(line) > maxLine {
			l.malformed(at, fmt.Sprintf("the line has %d bytes", len(line)))
			continue
		}
		if i := bytes.IndexAny(line, "#;"); i >= 0 {
			line = line[:i]
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			read(string(line), at)
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
