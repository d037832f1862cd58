// SPDX-License-Identifier: Apache-2.0

package gentrail

import (
	"fmt"
	"strconv"
	"strings"
)

// template is JSON text with places to fill, written $name$. It is cut up once,
// so that rendering only appends.
type template []piece

type piece struct {
	text string
	fill filler
}

// filler appends what belongs into a place.
type filler func(b []byte, s *scene) []byte

// scene is what the places of one record are filled from.
type scene struct {
	*random
	at      int64
	account string
	region  string
	bucket  string
	key     string
	logs    string // the account's log bucket
	word    string // a service's name, one throughout a record
	other   string // another account
}

// compile cuts a template up. An unknown place is a mistake of this package.
func compile(text string) template {
	var out template
	parts := strings.Split(text, "$")
	if len(parts)%2 == 0 {
		panic("gentrail: odd number of $ in template " + text)
	}
	for i, part := range parts {
		if i%2 == 0 {
			if part != "" {
				out = append(out, piece{text: part})
			}
			continue
		}
		fill, ok := fillers[part]
		if !ok {
			panic(fmt.Sprintf("gentrail: no place named %q in template %s", part, text))
		}
		out = append(out, piece{fill: fill})
	}
	return out
}

func (t template) append(b []byte, s *scene) []byte {
	for i := range t {
		if t[i].fill != nil {
			b = t[i].fill(b, s)
			continue
		}
		b = append(b, t[i].text...)
	}
	return b
}

// render fills a template that is used once.
func render(text string, s *scene) []byte {
	if text == "" {
		return nil
	}
	return compile(text).append(nil, s)
}

var words = []string{"orders", "billing", "catalog", "inventory", "payments", "search", "gateway", "mailer",
	"reports", "ledger", "profile", "shipping", "pricing", "media", "session", "metrics"}

var fillers = map[string]filler{
	"acct":   func(b []byte, s *scene) []byte { return append(b, s.account...) },
	"other":  func(b []byte, s *scene) []byte { return append(b, s.other...) },
	"region": func(b []byte, s *scene) []byte { return append(b, s.region...) },
	"bucket": func(b []byte, s *scene) []byte { return append(b, s.bucket...) },
	"key":    func(b []byte, s *scene) []byte { return append(b, s.key...) },
	"logs":   func(b []byte, s *scene) []byte { return append(b, s.logs...) },
	"word":   func(b []byte, s *scene) []byte { return append(b, s.word...) },
	"hex8":   func(b []byte, s *scene) []byte { return s.appendHex(b, 8) },
	"tag":    func(b []byte, s *scene) []byte { return (&random{state: uint64(s.at)}).appendHex(b, 8) }, // the same throughout a record
	"uuid":   func(b []byte, s *scene) []byte { return s.appendUUID(b) },
	"upper":  func(b []byte, s *scene) []byte { return s.appendUpper(b, 16) },
	"id2": func(b []byte, s *scene) []byte {
		return append(s.appendBase64(b, 75), '=')
	},
	"location": func(b []byte, s *scene) []byte {
		if s.region == regionList[0] { // the one region that CreateBucket does not name
			return b
		}
		return append(append(append(b, `,"CreateBucketConfiguration":{`+xmlns+`,"LocationConstraint":"`...), s.region...), `"}`...)
	},
	"owner": func(b []byte, s *scene) []byte { // the account's canonical user ID
		return newRandom(nameSeed("canonical"+s.account)).appendHex(b, 64)
	},
	"n":      func(b []byte, s *scene) []byte { return strconv.AppendInt(b, int64(s.intn(64)), 10) },
	"bytes":  func(b []byte, s *scene) []byte { return strconv.AppendInt(b, int64(s.between(400, 90000)), 10) },
	"time":   func(b []byte, s *scene) []byte { return appendTime(b, s.at) },
	"subnet": func(b []byte, s *scene) []byte { return appendFixed(b, "subnet-0", s, 24) },
	"vpc":    func(b []byte, s *scene) []byte { return appendFixed(b, "vpc-0", s, 4) },
	"inst":   func(b []byte, s *scene) []byte { return appendFixed(b, "i-0", s, 96) },
	"volume": func(b []byte, s *scene) []byte { return appendFixed(b, "vol-0", s, 160) },
	"group":  func(b []byte, s *scene) []byte { return appendFixed(b, "sg-0", s, 40) },
	"kmskey": func(b []byte, s *scene) []byte { return appendKMSKey(b, s) },
}

// appendFixed appends one of n identifiers that an account keeps: real accounts
// name the same things over and over, which is why their logs compress well.
func appendFixed(b []byte, prefix string, s *scene, n int) []byte {
	number := uint64(s.intn(n))*2654435761 + uint64(s.account[0])<<40 + uint64(len(prefix))<<48 + uint64(s.region[3])<<52
	return (&random{state: number}).appendHex(append(b, prefix...), 16)
}

func appendKMSKey(b []byte, s *scene) []byte {
	number := uint64(s.intn(8)) + uint64(s.account[0])<<40 + uint64(s.region[3])<<52
	return (&random{state: number}).appendUUID(b)
}
