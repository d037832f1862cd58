// SPDX-License-Identifier: Apache-2.0

package accesslog

import (
	"bytes"
	"net/netip"
	"net/url"
	"strings"

	"github.com/bucketlid/bucketlid/replay"
)

// Request is what a line tells of somebody from outside; ok is false for the
// owner, for AWS's own services, for lifecycle rules and for what is no use of
// an opening. A caller of the owner's account who is named by an ARN counts as
// outside here: the line tells the owner's canonical id, not his account.
func (l *Line) Request() (r replay.Request, ok bool) {
	op, known := operations[string(l.Operation)]
	if !known || len(l.Bucket) == 0 || string(l.Bucket) == "-" {
		return r, false
	}
	account, outside := l.account()
	if !outside {
		return r, false
	}
	return replay.Request{
		ID: told(l.RequestID), Bucket: string(l.Bucket), Address: l.address(), Account: account, Key: l.ObjectKey(),
		Agent: told(l.Agent), Access: op.access, Content: op.content, Denied: l.Status >= 400 || told(l.Error) != "",
		ByACL: string(l.ACLRequired) == "Yes", Time: l.Time, Bytes: max(0, l.Bytes),
	}, true
}

// told is a field's text; "" where S3 did not know.
func told(field []byte) string {
	if len(field) == 1 && field[0] == '-' {
		return ""
	}
	return string(field)
}

// ObjectKey is the key with its encoding undone once; "" where the line has none.
func (l *Line) ObjectKey() string {
	key := told(l.Key)
	if l.plainKey || !strings.ContainsAny(key, "%+") {
		return key
	}
	if plain, err := url.QueryUnescape(key); err == nil {
		return plain
	}
	return key
}

// address is the requester's address in its shortest form; a text that is none
// is kept, "" stands for requests inside of AWS.
func (l *Line) address() string {
	text := told(l.Address)
	if addr, err := netip.ParseAddr(text); err == nil {
		return addr.Unmap().String()
	}
	return text
}

// account is who asked: "anonymous", an account of 12 digits, or a canonical id
// of 64 hexadecimal digits. ok is false for the owner and for AWS itself.
func (l *Line) account() (account string, ok bool) {
	who := told(l.Requester)
	switch {
	case who == "", who == "Anonymous": // the word of 2006
		return "anonymous", true
	case bytes.Equal(l.Requester, l.Owner), strings.HasPrefix(who, "svc:"), who == "AmazonS3":
		return "", false
	case strings.HasPrefix(who, "arn:"):
		parts := strings.SplitN(who, ":", 6)
		if len(parts) == 6 && len(parts[4]) == 12 {
			return parts[4], true
		}
	}
	return who, true
}
