// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bucketlid/bucketlid/ingest/awslog"
)

// want is the decision that a name alone allows.
type want int

const (
	wantRead    want = iota // cannot be ruled out by its name
	wantForeign             // holds no records of events
	wantOutside             // lies surely outside the Filter
)

// depth says how far down the tree that CloudTrail writes a folder lies:
// AWSLogs/[o-…/]account/CloudTrail/region/YYYY/MM/DD/.
type depth int

const (
	depthNone   depth = iota // in no tree known so far
	depthTop                 // from AWSLogs down to the region's parent
	depthRegion              // .../region/
	depthYear
	depthMonth
	depthDay
)

// place is what a key tells about the records under it.
type place struct {
	foreign         bool
	digest          bool      // foreign, and of CloudTrail's digests
	account, region string    // empty when not told
	from, to        time.Time // the deliveries lie in [from, to); zero when not told
	depth           depth
}

const (
	// deliveryLate is how long after an event its file may still be
	// delivered ("CloudTrail log file name format", AWS CloudTrail User
	// Guide: the stamp is the time of delivery).
	deliveryLate = 24 * time.Hour
	// clockSlack is taken off the lower bound, for a stamp that is ahead of
	// its events by a difference of clocks.
	clockSlack = 15 * time.Minute
)

var (
	reOrg     = regexp.MustCompile(`^o-[a-z0-9]{10,32}$`)
	reRegion  = regexp.MustCompile(`^[a-z]{2,4}(-[a-z]+)+-\d{1,2}[a-z]?$`)
	reForeign = regexp.MustCompile(`^\d{12}_CloudTrail-(Digest|Insight|Aggregated)[\w-]*_`)
)

// otherLogs are the folders that other services write beside CloudTrail/ under
// AWSLogs/account/. They are named one by one, so that a folder nobody knows is
// read rather than passed over.
var otherLogs = []string{
	"Config", "GuardDuty", "WAFLogs", "elasticloadbalancing", "redshift",
	"vpcdnsquerylogs", "vpcflowlogs", "vpn-connections", "verified-access",
}

// placeOf reads a key or path with slashes. What starts before base was named
// by the user and is never taken for foreign.
func placeOf(key string, base int) place {
	folder, file := key[:strings.LastIndexByte(key, '/')+1], key[strings.LastIndexByte(key, '/')+1:]
	return folderPlace(folder, base).withFile(file, len(folder) < base)
}

// folderPlace reads the path of a folder, which is empty or ends with a slash.
func folderPlace(folder string, base int) place {
	var p place
	parts := strings.Split(folder, "/")
	at := 0
	for i, part := range parts {
		if at >= base && i < len(parts)-1 && foreignFolder(parts[:i], part) {
			p.foreign = true
			p.digest = strings.HasPrefix(part, "CloudTrail-Digest")
		}
		at += len(part) + 1
		switch part {
		case "AWSLogs":
			p.enterLogs(parts[i+1:])
		case "CloudTrail":
			p.enterTrail(parts[:i], parts[i+1:])
		}
	}
	return p
}

// withFile is the place of a file in the folder p. named says that the user named
// it.
func (p place) withFile(name string, named bool) place {
	if !strings.Contains(name, "_CloudTrail") {
		return p
	}
	p.readFile(name)
	if !named && strings.Contains(name, "_CloudTrail-") && reForeign.MatchString(name) {
		p.foreign, p.digest = true, strings.Contains(name, "_CloudTrail-Digest")
	}
	return p
}

func foreignFolder(above []string, name string) bool {
	for _, tree := range []string{"CloudTrail-Digest", "CloudTrail-Insight", "CloudTrail-Aggregated"} {
		if strings.HasPrefix(name, tree) {
			return true
		}
	}
	n := len(above)
	if n < 2 || !accountID(above[n-1]) || !slices.Contains(otherLogs, name) {
		return false
	}
	return above[n-2] == "AWSLogs" || n > 2 && reOrg.MatchString(above[n-2]) && above[n-3] == "AWSLogs"
}

// enterLogs reads what follows AWSLogs/.
func (p *place) enterLogs(rest []string) {
	*p = place{foreign: p.foreign, digest: p.digest, depth: depthTop}
	if len(rest) > 0 && reOrg.MatchString(rest[0]) {
		rest = rest[1:]
	}
	// The last part is a file's name or the empty end of a folder's.
	if len(rest) > 1 && accountID(rest[0]) {
		p.account = rest[0]
		if len(rest) > 2 && rest[1] != "CloudTrail" {
			p.depth = depthNone
		}
	}
}

// enterTrail reads what follows CloudTrail/; above is the path that leads there.
func (p *place) enterTrail(above, rest []string) {
	if n := len(above); n > 0 && accountID(above[n-1]) {
		p.account = above[n-1]
		p.depth = depthTop
	}
	if len(rest) < 2 || !reRegion.MatchString(rest[0]) {
		return
	}
	p.region, p.depth = rest[0], depthRegion
	rest = rest[1:]
	date := [3]int{1, 1, 1}
	for i := range date {
		n, ok := dateNumber(rest, i)
		if !ok {
			return
		}
		date[i] = n
		p.depth++
		p.from = time.Date(date[0], time.Month(date[1]), date[2], 0, 0, 0, 0, time.UTC)
		p.to = p.from.AddDate(b2i(i == 0), b2i(i == 1), b2i(i == 2))
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// dateNumber reads the i-th of year, month and day, which must be a folder.
func dateNumber(parts []string, i int) (int, bool) {
	if i+1 >= len(parts) {
		return 0, false
	}
	n, err := strconv.Atoi(parts[i])
	limits := [3]struct{ digits, min, max int }{{4, 2000, 2999}, {2, 1, 12}, {2, 1, 31}}[i]
	return n, err == nil && len(parts[i]) == limits.digits && n >= limits.min && n <= limits.max
}

// readFile takes account, region and minute from a file's name. They win over
// the folder's, because people move files.
func (p *place) readFile(name string) {
	account, rest, _ := strings.Cut(name, "_CloudTrail_")
	region, rest, _ := strings.Cut(rest, "_")
	stamp, _, more := strings.Cut(rest, "_")
	if !more || region == "" || !accountID(account) || strings.Trim(region, regionChars) != "" || !likeStamp(stamp) {
		return
	}
	p.account, p.region = account, region
	p.from, p.to = time.Time{}, time.Time{}
	if t, err := time.Parse("20060102T1504Z", stamp); err == nil {
		p.from, p.to = t, t.Add(time.Minute)
	}
}

const regionChars = "abcdefghijklmnopqrstuvwxyz0123456789-"

func accountID(s string) bool { return len(s) == 12 && digits(s) }

func digits(s string) bool { return strings.Trim(s, "0123456789") == "" }

// likeStamp reports the shape of 20140102T1504Z, whatever its numbers.
func likeStamp(s string) bool {
	return len(s) == 14 && digits(s[:8]) && s[8] == 'T' && digits(s[9:13]) && s[13] == 'Z'
}

// wants decides by name alone, and rules out only what is surely not wanted.
func (f Filter) wants(p place) want {
	switch {
	case p.foreign && !(f.Digests && p.digest):
		return wantForeign
	case len(f.Accounts) > 0 && p.account != "" && !slices.Contains(f.Accounts, p.account):
		return wantOutside
	case len(f.Regions) > 0 && p.region != "" && !slices.Contains(f.Regions, p.region):
		return wantOutside
	case p.from.IsZero():
		return wantRead
	case !f.From.IsZero() && !p.to.After(f.From.Add(-clockSlack)):
		return wantOutside
	case !f.To.IsZero() && p.from.After(f.To.Add(deliveryLate)):
		return wantOutside
	}
	return wantRead
}

// covers reports whether every delivery of p is inside the filter's time.
func (f Filter) covers(p place) bool {
	if p.from.IsZero() {
		return f.From.IsZero() && f.To.IsZero()
	}
	return (f.From.IsZero() || !p.from.Before(f.From.Add(-clockSlack))) &&
		(f.To.IsZero() || !p.to.After(f.To.Add(deliveryLate)))
}

// searchDepth is how many folders below a plain prefix are opened one by one in
// search of a tree of CloudTrail, before the rest is listed as it comes.
const searchDepth = 3

// scope tells how to list the keys under prefix, which ends with a slash. Days
// are opened one by one only where the filter cuts through a month: a quiet
// region has few objects a day, and a request for each day would cost more than
// it saves.
func (f Filter) scope(prefix string, base int) (awslog.Scope, want) {
	p := placeOf(prefix, base)
	if w := f.wants(p); w != wantRead {
		return awslog.Skip, w
	}
	switch {
	case p.depth == depthNone && strings.Count(prefix[min(base, len(prefix)):], "/") > searchDepth,
		p.depth == depthDay,
		p.depth == depthMonth && f.covers(p):
		return awslog.Whole, wantRead
	}
	return awslog.Descend, wantRead
}
