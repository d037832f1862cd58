// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"strings"
	"unicode/utf8"

	"github.com/bucketlid/bucketlid/trail"
)

// AWS bounds every text of a record: a key has 1,024 bytes, a user agent 1 KB.
// What is longer was not written by AWS, and would be kept for as long as the
// run lasts.
const maxText = 1200

// cutMark ends a text that was cut.
const cutMark = "… (cut)"

// clip cuts a text that is too long, and lets go of the rest.
func clip(s string) string { return clipTo(s, maxText) }

func clipTo(s string, size int) string {
	if len(s) <= size {
		return s
	}
	end := size
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return strings.Clone(s[:end]) + cutMark
}

// clipHeader cuts the texts of a header, without a mark.
func clipHeader(h *trail.Header) {
	for _, f := range [...]*[]byte{
		&h.Name, &h.Source, &h.Region, &h.Address, &h.Agent, &h.Error, &h.EventID, &h.SharedEventID, &h.RecipientAccountID,
		&h.Type, &h.PrincipalID, &h.ARN, &h.AccountID, &h.UserName, &h.InvokedBy, &h.IssuerARN,
	} {
		if len(*f) > maxText {
			*f = (*f)[:maxText]
		}
	}
}

// clipRecord cuts the texts of a record that are kept.
func clipRecord(r *trail.Record) {
	u := &r.UserIdentity
	for _, s := range []*string{
		&r.EventSource, &r.EventName, &r.AWSRegion, &r.SourceIPAddress, &r.UserAgent, &r.ErrorCode, &r.ErrorMessage,
		&r.RequestID, &r.EventID, &r.SharedEventID, &r.RecipientAccountID, &r.VPCEndpointID,
		&u.Type, &u.PrincipalID, &u.ARN, &u.AccountID, &u.UserName, &u.AccessKeyID, &u.InvokedBy, &u.SourceIdentity,
		&u.MFAAuthenticated, &u.OnBehalfOfUserID, &u.Issuer.UserName, &u.Issuer.ARN,
	} {
		*s = clip(*s)
	}
}
