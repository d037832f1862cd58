// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"cmp"
	"slices"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/bucketlid/bucketlid/policy"
	"github.com/bucketlid/bucketlid/trail"
)

// useClasses maps the data events that show use of an opening to their access
// class (semantics F.1). HeadBucket is a probe and counts as list.
var useClasses = map[string]policy.Access{
	"GetObject": policy.Read, "HeadObject": policy.Read, "GetObjectAttributes": policy.Read,
	"GetObjectTagging": policy.Read, "GetObjectTorrent": policy.Read,
	"ListObjects": policy.List, "ListObjectsV2": policy.List, "ListObjectVersions": policy.List,
	"ListMultipartUploads": policy.List, "ListParts": policy.List, "HeadBucket": policy.List,
	"PutObject": policy.Write, "PostObject": policy.Write, "CopyObject": policy.Write,
	"UploadPart": policy.Write, "CompleteMultipartUpload": policy.Write,
	"DeleteObject": policy.Delete, "DeleteObjects": policy.Delete,
	"GetObjectAcl": policy.ACLRead, "GetBucketAcl": policy.ACLRead,
	"PutObjectAcl": policy.ACLWrite, "PutBucketAcl": policy.ACLWrite,
}

// Use is what one stranger did to one bucket within one hour, added up: so that
// memory follows strangers and hours, not requests.
type Use struct {
	Bucket  string
	Address string // or OtherAddresses
	Account string // "anonymous", the foreign account, or its canonical id
	Owner   string // the bucket owner's account, where the record tells
	Access  policy.Access
	Denied  bool
	ByACL   bool   // aclRequired: an ACL grant was needed
	Content bool   // some request moved content, and did not only ask what there is
	Scanner string // the name of a known scanner that was the user agent
	Sources Sources
	Keys    []string // of objects: the first in the order of CompareKeys, at most maxKeys
	First   time.Time
	Last    time.Time
	sample  sample // of requests
	objects sample // of keys
}

// maxSample is how many requests of one Use are told apart exactly.
const maxSample = 256

// Requests is the number of distinct requests, exact up to maxSample.
func (u *Use) Requests() int64 { return u.sample.count() }

// Bytes is the sum of bytes sent out, exact as long as Requests is.
func (u *Use) Bytes() int64 { return u.sample.sum() }

// Exact reports whether Requests and Bytes are counted and not estimated, of one
// address.
func (u *Use) Exact() bool { return u.sample.halvings == 0 && u.Address != OtherAddresses }

type useKey struct {
	bucket, address, account string
	access                   policy.Access
	denied, byACL            bool
	hour                     int64
	source                   Sources
}

// isUse reports whether a header is a data event by somebody from outside: an
// unsigned request, or one by an account that is not the recipient's.
func isUse(h *trail.Header) bool {
	if string(h.Type) != "AWSAccount" || string(h.Source) != "s3.amazonaws.com" {
		return false
	}
	_, known := useClasses[string(h.Name)]
	return known
}

func (l *Ledger) addUse(r *trail.Record) {
	access, ok := useClasses[r.EventName]
	u := r.UserIdentity
	if !ok || u.Type != "AWSAccount" || r.EventTime.IsZero() || (u.AccountID == ownerAccount(r) && !Anonymous(u.AccountID)) {
		return
	}
	account := u.AccountID
	if Anonymous(account) {
		account = "anonymous"
	}
	acl, _ := r.AdditionalEventData["aclRequired"].(string)
	id := xxhash.Sum64String(r.RequestID) // which the access log has too
	switch {
	case len(r.RequestID) >= minIDLength:
	case len(r.EventID) >= minIDLength:
		id = xxhash.Sum64String(r.EventID)
	default:
		id = xxhash.Sum64(r.Raw)
	}
	l.joinUse(l.newUse(&Request{
		Bucket: bucketName(r), Address: r.SourceIPAddress, Account: account, Key: first(r.Param("key")), Agent: r.UserAgent,
		Access: access, Content: !probes[r.EventName], Denied: r.ErrorCode != "", ByACL: acl == "Yes",
		Time: r.EventTime, Bytes: max(0, int64(bytesOut(r))),
	}, id, FromTrail, ownerAccount(r)))
}

// joinUse adds one request, or a use of another ledger.
func (l *Ledger) joinUse(use *Use) {
	many := l.throng(use.Denied)
	if many.tooMany(use.Address) {
		use.Address = OtherAddresses
	}
	key := useKey{use.Bucket, use.Address, use.Account, use.Access, use.Denied, use.ByACL, use.First.Unix() / 3600, use.Sources}
	have, ok := l.uses[key]
	if ok {
		have.sample.merge(&use.sample, maxSample)
		have.take(use)
		return
	}
	l.uses[key] = use
	if use.Address == OtherAddresses {
		return
	}
	if many.cells++; many.cells > maxUses {
		l.crowdUses(use.Denied)
	}
}

// take adds what is known beside the requests themselves.
func (u *Use) take(other *Use) {
	u.objects.merge(&other.objects, maxSample)
	u.Keys = firstKeys(u.Keys, other.Keys)
	u.Content = u.Content || other.Content
	u.Scanner = firstName(u.Scanner, other.Scanner)
	u.Owner = firstName(u.Owner, other.Owner)
	u.Sources |= other.Sources
	if other.First.Before(u.First) {
		u.First = other.First
	}
	if other.Last.After(u.Last) {
		u.Last = other.Last
	}
}

func (l *Ledger) mergeUses(other *Ledger) {
	for _, denied := range []bool{false, true} {
		if there := other.throng(denied).limit; there != 0 && (l.throng(denied).limit == 0 || there < l.throng(denied).limit) {
			l.throng(denied).limit = there
			l.foldUses(denied)
		}
	}
	for _, use := range other.uses {
		l.joinUse(use)
	}
}

// Uses lists what strangers did, by bucket and time. A request that both data
// events and access logs tell of is in the use of the data events.
func (l *Ledger) Uses() []*Use {
	out := l.joined()
	slices.SortFunc(out, func(a, b *Use) int {
		return cmp.Or(cmp.Compare(a.Bucket, b.Bucket), a.First.Compare(b.First), cmp.Compare(a.Address, b.Address),
			cmp.Compare(a.Account, b.Account), cmp.Compare(a.Access, b.Access), boolOrder(a.Denied, b.Denied), boolOrder(a.ByACL, b.ByACL),
			cmp.Compare(a.Sources, b.Sources))
	})
	return out
}

func boolOrder(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}
