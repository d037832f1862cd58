// SPDX-License-Identifier: Apache-2.0

package intel

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Row is one row of the table of sources: where data is to be had, and what it
// tells.
type Row struct {
	Name       string // unique; letters, digits and "-"
	Title      string
	URL        string
	Path       string // of a local file, in place of URL
	Kind       Kind
	Provider   string // of a cloud
	Format     string // one of Formats
	Licence    string
	LicenceURL string
	SumURL     string        // where its SHA-256 is published, in hexadecimal; "" where it is not
	MaxAge     time.Duration // beyond which the data is stale
	MaxBytes   int64         // 0: 64 MiB, or for a database 1 GiB
}

const (
	week  = 7 * 24 * time.Hour
	month = 30 * 24 * time.Hour

	x4b    = "https://raw.githubusercontent.com/X4BNet/lists_vpn/main/output/"
	lord   = "https://raw.githubusercontent.com/lord-alfred/ipranges/main/"
	mit    = "MIT"
	cc0    = "CC0-1.0"
	stated = "published by the provider for this use"
)

// Table lists the sources that are fetched when nothing else is said: lists
// under a free licence, and the ranges that providers publish of themselves.
// docs/intel.md tells of each. None is part of this program.
var Table = []Row{
	{Name: "aws", Title: "AWS ip-ranges.json", URL: "https://ip-ranges.amazonaws.com/ip-ranges.json", Kind: Cloud, Provider: "AWS", Format: "aws-json",
		Licence: stated, LicenceURL: "https://docs.aws.amazon.com/vpc/latest/userguide/aws-ip-ranges.html", MaxAge: month},
	{Name: "gcp", Title: "Google Cloud cloud.json", URL: "https://www.gstatic.com/ipranges/cloud.json", Kind: Cloud, Provider: "Google Cloud", Format: "gcp-json",
		Licence: stated, LicenceURL: "https://support.google.com/a/answer/10026322", MaxAge: month},
	{Name: "cloudflare-ipv4", Title: "Cloudflare IPv4 ranges", URL: "https://www.cloudflare.com/ips-v4", Kind: Cloud, Provider: "Cloudflare", Format: "text",
		Licence: stated, LicenceURL: "https://www.cloudflare.com/ips/", MaxAge: 3 * month},
	{Name: "cloudflare-ipv6", Title: "Cloudflare IPv6 ranges", URL: "https://www.cloudflare.com/ips-v6", Kind: Cloud, Provider: "Cloudflare", Format: "text",
		Licence: stated, LicenceURL: "https://www.cloudflare.com/ips/", MaxAge: 3 * month},
	{Name: "tor-exits", Title: "Tor bulk exit list", URL: "https://check.torproject.org/torbulkexitlist", Kind: Tor, Format: "text",
		Licence: "published by the Tor Project for this use", LicenceURL: "https://lists.torproject.org/pipermail/tor-project/2020-March/002759.html", MaxAge: week},
	{Name: "x4b-vpn-ipv4", Title: "X4BNet lists_vpn, VPN IPv4", URL: x4b + "vpn/ipv4.txt", Kind: VPN, Format: "text",
		Licence: mit, LicenceURL: "https://github.com/X4BNet/lists_vpn", MaxAge: month},
	{Name: "x4b-vpn-ipv6", Title: "X4BNet lists_vpn, VPN IPv6", URL: x4b + "vpn/ipv6.txt", Kind: VPN, Format: "text",
		Licence: mit, LicenceURL: "https://github.com/X4BNet/lists_vpn", MaxAge: month},
	{Name: "x4b-hosting-ipv4", Title: "X4BNet lists_vpn, datacenter IPv4", URL: x4b + "datacenter/ipv4.txt", Kind: Hosting, Format: "text",
		Licence: mit, LicenceURL: "https://github.com/X4BNet/lists_vpn", MaxAge: month},
	{Name: "x4b-hosting-ipv6", Title: "X4BNet lists_vpn, datacenter IPv6", URL: x4b + "datacenter/ipv6.txt", Kind: Hosting, Format: "text",
		Licence: mit, LicenceURL: "https://github.com/X4BNet/lists_vpn", MaxAge: month},
	{Name: "protonvpn", Title: "ipranges, Proton VPN", URL: lord + "protonvpn/ipv4_merged.txt", Kind: VPN, Provider: "Proton VPN", Format: "text",
		Licence: cc0, LicenceURL: "https://github.com/lord-alfred/ipranges", MaxAge: month},
	{Name: "digitalocean", Title: "ipranges, DigitalOcean", URL: lord + "digitalocean/ipv4_merged.txt", Kind: Cloud, Provider: "DigitalOcean", Format: "text",
		Licence: cc0, LicenceURL: "https://github.com/lord-alfred/ipranges", MaxAge: month},
	{Name: "linode", Title: "ipranges, Linode", URL: lord + "linode/ipv4_merged.txt", Kind: Cloud, Provider: "Linode", Format: "text",
		Licence: cc0, LicenceURL: "https://github.com/lord-alfred/ipranges", MaxAge: month},
	{Name: "oracle", Title: "ipranges, Oracle Cloud", URL: lord + "oracle/ipv4_merged.txt", Kind: Cloud, Provider: "Oracle Cloud", Format: "text",
		Licence: cc0, LicenceURL: "https://github.com/lord-alfred/ipranges", MaxAge: month},
	{Name: "vultr", Title: "ipranges, Vultr", URL: lord + "vultr/ipv4_merged.txt", Kind: Cloud, Provider: "Vultr", Format: "text",
		Licence: cc0, LicenceURL: "https://github.com/lord-alfred/ipranges", MaxAge: month},
	{Name: "microsoft", Title: "ipranges, Microsoft", URL: lord + "microsoft/ipv4_merged.txt", Kind: Cloud, Provider: "Microsoft", Format: "text",
		Licence: cc0, LicenceURL: "https://github.com/lord-alfred/ipranges", MaxAge: month},
}

// origin is where the source comes from, without what may be secret.
func (r *Row) origin() string {
	if r.Path != "" {
		return r.Path
	}
	return bareURL(r.URL)
}

// limit is how many bytes a source may have.
func (r *Row) limit() int64 {
	switch {
	case r.MaxBytes > 0:
		return r.MaxBytes
	case r.Format == "mmdb":
		return maxDatabase
	}
	return 64 << 20
}

// Check refuses a row that could not be fetched or read, and says why.
func (r *Row) Check() error {
	format, known := formatOf(r.Format)
	switch {
	case !goodName(r.Name):
		return fmt.Errorf("the source %q: a name has at most 64 lower-case letters, digits and \"-\"", shorten(r.Name))
	case r.Format == "":
		return fmt.Errorf("the source %s: say its format, one of %s", r.Name, strings.Join(formatIDs(), ", "))
	case !known:
		return fmt.Errorf("the source %s: no format is called %q; formats are %s", r.Name, shorten(r.Format), strings.Join(formatIDs(), ", "))
	case format.read != nil && !(r.Format == "csv" && (r.Kind == Country || r.Kind == ASN)) && !slices.Contains(Kinds[slices.Index(Kinds, Cloud):], r.Kind):
		return fmt.Errorf("the source %s: a list tells one of cloud, hosting, vpn, tor, proxy, anonymizer, or, as csv, country or asn, not %q", r.Name, shorten(string(r.Kind)))
	case r.Licence == "":
		return fmt.Errorf("the source %s: say under which licence it comes", r.Name)
	}
	if r.Path != "" && r.URL != "" {
		return fmt.Errorf("the source %s: give its url or its file, not both", r.Name)
	}
	for _, address := range []string{r.URL, r.SumURL} {
		if r.Path != "" && address == "" {
			continue
		}
		if err := checkURL(address); err != nil && (address != "" || r.URL == "") {
			return fmt.Errorf("the source %s: its URL %s: %w", r.Name, bareURL(address), err)
		}
	}
	return nil
}

func formatIDs() []string {
	var ids []string
	for _, f := range Formats {
		ids = append(ids, f.ID)
	}
	return ids
}
