// SPDX-License-Identifier: Apache-2.0

package intel

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

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
	for i, p := range slices.Concat(doc.Prefixes, doc.IPv6Prefixes) {
		base.service, base.region = p.Service, p.Region
		l.add(p.IPv4+p.IPv6, base, entry(i))
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
	for i, p := range doc.Prefixes {
		base.region = p.Scope
		l.add(p.IPv4+p.IPv6, base, entry(i))
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
	for i, v := range doc.Values {
		base.service, base.region = v.Properties.SystemService, v.Properties.Region
		for _, p := range v.Properties.Prefixes {
			l.add(p, base, entry(i))
		}
	}
	return nil
}

// readCloudflare reads the answer of https://api.cloudflare.com/client/v4/ips
// (Cloudflare page "Cloudflare IP ranges").
func readCloudflare(l *list, base label, text []byte) error {
	var doc struct {
		Result struct {
			IPv4 []string `json:"ipv4_cidrs"`
			IPv6 []string `json:"ipv6_cidrs"`
		} `json:"result"`
	}
	if err := decode(text, &doc); err != nil {
		return err
	}
	return l.addTexts(slices.Concat(doc.Result.IPv4, doc.Result.IPv6), base)
}

// readFastly reads https://api.fastly.com/public-ip-list (Fastly page
// "Accessing Fastly's IP ranges").
func readFastly(l *list, base label, text []byte) error {
	var doc struct {
		IPv4 []string `json:"addresses"`
		IPv6 []string `json:"ipv6_addresses"`
	}
	if err := decode(text, &doc); err != nil {
		return err
	}
	return l.addTexts(slices.Concat(doc.IPv4, doc.IPv6), base)
}

func (l *list) addTexts(networks []string, base label) error {
	for i, p := range networks {
		l.add(p, base, entry(i))
	}
	return nil
}

// readGitHub reads https://api.github.com/meta (GitHub page "REST API endpoints
// for meta data"): its lists of networks, by service. Members of other forms,
// such as keys and domains, are no lists of networks.
func readGitHub(l *list, base label, text []byte) error {
	var doc map[string]json.RawMessage
	if err := decode(text, &doc); err != nil {
		return err
	}
	for _, service := range slices.Sorted(maps.Keys(doc)) {
		var networks []string
		if json.Unmarshal(doc[service], &networks) != nil || len(networks) == 0 || strings.HasPrefix(service, "ssh_key") {
			continue
		}
		base.service = shorten(service)
		_ = l.addTexts(networks, base)
	}
	return nil
}

// readOracle reads public_ip_ranges.json (Oracle Cloud page "IP Address Ranges").
func readOracle(l *list, base label, text []byte) error {
	var doc struct {
		Regions []struct {
			Region string `json:"region"`
			CIDRs  []struct {
				CIDR string   `json:"cidr"`
				Tags []string `json:"tags"`
			} `json:"cidrs"`
		} `json:"regions"`
	}
	if err := decode(text, &doc); err != nil {
		return err
	}
	for i, region := range doc.Regions {
		base.region = region.Region
		for _, c := range region.CIDRs {
			base.service = strings.Join(c.Tags[:min(len(c.Tags), maxServices)], ",")
			l.add(c.CIDR, base, entry(i))
		}
	}
	return nil
}

// entry is the place of the entry with an index.
func entry(index int) place { return place(-index - 1) }

// decode reads one JSON document. Its errors name line and offset.
func decode(text []byte, doc any) error {
	if err := noHTML(text); err != nil {
		return err
	}
	err := json.Unmarshal(text, doc)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return at(text, syntax.Offset, err)
	case errors.As(err, &kind):
		return at(text, kind.Offset, err)
	}
	return err
}

func at(text []byte, offset int64, err error) error {
	line := 1 + bytes.Count(text[:min(int64(len(text)), offset)], []byte("\n"))
	return fmt.Errorf("line %d, at offset %d: %w", line, offset, err)
}
