// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"bytes"

	"github.com/bucketlid/bucketlid/trail"
)

// draft is a record on its way into a file: its bytes, and where in them or
// among the words of its chunk stands what its columns and its header say. It
// holds one pointer, so that the many that a load holds cost the garbage
// collector little.
type draft struct {
	text     []byte // the record, then texts that it has in other bytes
	time     int64  // event_time
	offset   int64  // where the record stands in its log object
	identity identity
	length   uint32 // of the record
	words    [draftWords]word
	places   [draftTexts]extent
	readOnly int8 // 0 where it is not said, else one of isWrite and isRead
	broken   bool // the record is no valid UTF-8
	// apart says that the header holds what the record does not. An index is made
	// of what the record says when it is read again.
	apart bool
}

// What of a record repeats, and is a word of its chunk.
const (
	wordName = iota
	wordSource
	wordRegion
	wordARN
	wordKey  // principal_key
	wordUser // user_name
	wordUserName
	wordType
	wordPrincipalID
	wordIssuer
	wordKeyID       // access_key_id
	wordKeyIDQuoted // as written
	wordAccount
	wordService
	wordAddress
	wordAgent
	wordError
	wordBucket
	wordEndpoint
	wordCategory
	draftWords
)

// What of a record does not repeat, and is a place in its bytes.
const (
	placeRequest = iota
	placeResponse
	placeResources
	placeAdditional
	placeTime
	placeEventID
	placeSharedID
	placeRequestID
	placeObjectKey
	draftTexts
)

const (
	isWrite = 1
	isRead  = 2
)

// extent is a stretch of a draft's text; none has no size.
type extent struct{ at, size uint32 }

func (d *draft) at(i int) []byte {
	p := d.places[i]
	if p.size == 0 {
		return nil
	}
	return d.text[p.at : p.at+p.size]
}

// record is the record's own bytes.
func (d *draft) record() []byte { return d.text[:d.length:d.length] }

// draftCost is what a draft takes in memory beside its text, about.
const draftCost = 256

func (d *draft) cost() int64 { return int64(draftCost + len(d.text)) }

// row fills r; entries are those of the draft's words, file is source_file.
func (d *draft) row(r *Row, entries []entry, file string) {
	w := &d.words
	*r = Row{
		EventTime:     d.time,
		EventID:       d.at(placeEventID),
		EventName:     entries[w[wordName]].column,
		EventSource:   entries[w[wordSource]].column,
		Region:        entries[w[wordRegion]].column,
		Principal:     entries[w[wordARN]].column,
		PrincipalKey:  entries[w[wordKey]].column,
		UserName:      entries[w[wordUser]].column,
		UserType:      entries[w[wordType]].column,
		SessionIssuer: entries[w[wordIssuer]].column,
		AccessKeyID:   entries[w[wordKeyID]].column,
		CallerAccount: entries[w[wordAccount]].column,
		InvokedBy:     entries[w[wordService]].column,
		SourceIP:      entries[w[wordAddress]].column,
		UserAgent:     entries[w[wordAgent]].column,
		ErrorCode:     entries[w[wordError]].column,
		Bucket:        entries[w[wordBucket]].column,
		ObjectKey:     columnBytes(d.at(placeObjectKey)),
		RequestID:     columnBytes(d.at(placeRequestID)),
		ReadOnly:      readOnly[d.readOnly],
		SharedEventID: columnBytes(d.at(placeSharedID)),
		VPCEndpointID: entries[w[wordEndpoint]].column,
		EventCategory: entries[w[wordCategory]].column,
		SourceFile:    file,
		SourceOffset:  d.offset,
		Raw:           d.record(),
	}
	if d.broken {
		r.RawBytes = r.Raw
		r.Raw = bytes.ToValidUTF8(r.Raw, []byte("\uFFFD"))
	}
}

// header fills h as trail.Scan would for the record, in a log of account.
func (d *draft) header(h *trail.Header, entries []entry, account []byte) {
	w := &d.words
	*h = trail.Header{
		Offset:             d.offset,
		Time:               d.at(placeTime),
		Name:               entries[w[wordName]].written,
		Source:             entries[w[wordSource]].written,
		Region:             entries[w[wordRegion]].written,
		Address:            entries[w[wordAddress]].written,
		Agent:              entries[w[wordAgent]].written,
		Error:              entries[w[wordError]].written,
		EventID:            d.at(placeEventID),
		SharedEventID:      d.at(placeSharedID),
		RecipientAccountID: account,
		Type:               entries[w[wordType]].written,
		PrincipalID:        entries[w[wordPrincipalID]].written,
		ARN:                entries[w[wordARN]].written,
		AccountID:          entries[w[wordAccount]].written,
		UserName:           entries[w[wordUserName]].written,
		InvokedBy:          entries[w[wordService]].written,
		AccessKeyID:        entries[w[wordKeyIDQuoted]].written,
		IssuerARN:          entries[w[wordIssuer]].written,
		Request:            d.at(placeRequest),
		Response:           d.at(placeResponse),
		Resources:          d.at(placeResources),
		Additional:         d.at(placeAdditional),
	}
}
