// SPDX-License-Identifier: Apache-2.0

package gentrail

import (
	"strconv"
	"strings"
)

// maker renders ordinary records. Each worker has one; its buffers are reused.
type maker struct {
	world *world
	scene scene
	event event

	params, response, extra, resources, details []byte
	text                                        []byte // request ID, event ID, host, one after the other
}

// dataCalls are the S3 calls that CloudTrail logs as data events.
var dataCalls = map[string]bool{"GetObject": true, "PutObject": true, "HeadObject": true, "DeleteObject": true, "HeadBucket": true,
	"ListObjects": true, "PutObjectAcl": true, "GetObjectAcl": true, "CreateMultipartUpload": true, "CompleteMultipartUpload": true}

// answerSizes are the bytes that S3 sends for settings that are as they should be.
var answerSizes = map[string]int{"GetBucketAcl": sizeOwnerOnlyACL, "GetBucketPublicAccessBlock": sizeAllBlocked,
	"ListBuckets": 6322, "GetBucketVersioning": 113, "GetBucketLocation": 127, "GetBucketEncryption": 324, "GetBucketLogging": 110,
	"ListObjects": 24810}

// ordinary fills the maker's event with some call of the catalog.
func (m *maker) ordinary(r *random, h *home, region string, at int64) {
	d := m.world.rows[region == regionList[0]].pick(r)
	m.call(r, d, d.caller(r, h), h, region, at)
}

// call fills the maker's event with a given call.
func (m *maker) call(r *random, d *dish, by *actor, h *home, region string, at int64) {
	m.scene = scene{random: r, at: at, account: h.id, region: region, logs: h.logs, word: words[r.intn(len(words))]}
	if d.source == "s3" {
		m.scene.bucket = h.buckets[r.intn(len(h.buckets))]
		m.scene.key = objectKey(r)
	}
	e := &m.event
	*e = event{at: at, source: d.source, name: d.name, region: region, account: h.id, by: by, readOnly: d.readOnly}
	e.address, e.agent = pick(r, e.by.addresses), pick(r, e.by.agents)
	m.params = d.paramsT.append(m.params[:0], &m.scene)
	m.response = d.responseT.append(m.response[:0], &m.scene)
	m.resources = d.resourcesT.append(m.resources[:0], &m.scene)
	m.details = d.detailsT.append(m.details[:0], &m.scene)
	for i, f := range d.fails {
		if r.perMille(f.perMille) {
			e.code, e.message = f.code, string(d.failsT[i].append(nil, &m.scene))
			m.response = m.response[:0]
			break
		}
	}
	e.params, e.response, e.resources, e.details = m.params, m.response, m.resources, m.details
	m.finish(r)
}

// objectKey is the name of one of many objects.
func objectKey(r *random) string {
	b := append([]byte("exports/2026/"), words[r.intn(len(words))]...)
	b = append(b, "/part-"...)
	b = strconv.AppendInt(b, int64(r.intn(10000)), 10)
	return string(append(b, ".parquet"...))
}

func (d *dish) caller(r *random, h *home) *actor {
	switch {
	case d.who&serviceEvents != 0:
		return serviceEvent(h.id, d.by)
	case d.service != nil:
		return d.service
	case d.who&outsiders != 0:
		return scanners[0]
	}
	if d.who&people != 0 && r.perMille(3) {
		return h.root
	}
	// Pipelines call most of the time when both may: they poll, people do not.
	lists := [3][]*actor{}
	n := 0
	for _, l := range [3]struct {
		bit  callers
		list []*actor
	}{{people, h.people}, {pipelines, h.builds}, {machines, h.nodes}} {
		if d.who&l.bit != 0 {
			lists[n] = l.list
			n++
		}
	}
	return pick(r, lists[r.intn(n)])
}

var signInDetails = []byte(`{"LoginTo":"https://console.aws.amazon.com/console/home","MobileVersion":"No","MFAUsed":"Yes"}`)

// finish sets what does not depend on the kind of call: identifiers, transport,
// and for S3 the transfer's sizes.
func (m *maker) finish(r *random) {
	e := &m.event
	if e.by.kind == "" {
		e.kind = "AwsServiceEvent"
	}
	if e.name == "ConsoleLogin" {
		e.kind, e.extra = "AwsConsoleSignIn", signInDetails
	}
	e.data = e.source == "s3" && dataCalls[e.name]
	m.text = m.text[:0]
	if e.source == "s3" {
		m.text = r.appendUpper(m.text, 16)
		m.extra = appendTransfer(m.extra[:0], r, e)
		e.extra = m.extra
		if !e.by.service {
			e.agent = "[" + e.agent + "]"
		}
	} else if e.kind == "" {
		m.text = r.appendUUID(m.text)
	}
	e.requestID = string(m.text)
	m.text = r.appendUUID(m.text[:0])
	e.eventID = string(m.text)
	e.console = e.by.console && e.kind == ""
	if e.by.service || e.console || e.at < unixDate(2022, 1) {
		return
	}
	e.host = e.source + "." + e.region + ".amazonaws.com"
	if e.source == "s3" {
		e.host = requestHost(e.params)
	}
	if strings.HasPrefix(e.address, "10.") {
		e.endpoint = "vpce-0a1b2c3d4e5f60718"
	}
}

// requestHost reads the Host that the parameters name.
func requestHost(params []byte) string {
	_, rest, found := strings.Cut(string(params), `"Host":"`)
	if !found {
		return ""
	}
	host, _, _ := strings.Cut(rest, `"`)
	return host
}

// appendTransfer renders additionalEventData of an S3 call. Unsigned requests
// have no SignatureVersion.
func appendTransfer(b []byte, r *random, e *event) []byte {
	in, out := 0, 0
	switch {
	case e.code != "":
		out = 240 + len(e.message)
	case e.name == "PutObject":
		in = r.between(200, 90000)
	case e.name == "GetObject":
		out = r.between(200, 90000)
	case e.readOnly:
		out = answerSizes[e.name]
	default:
		in = len(e.params)
	}
	return appendTransferSizes(b, r, e, in, out)
}

func appendTransferSizes(b []byte, r *random, e *event, in, out int) []byte {
	b = append(b, '{')
	if e.by.account != "anonymous" {
		b = append(b, `"SignatureVersion":"SigV4",`...)
	}
	b = append(b, `"CipherSuite":"TLS_AES_128_GCM_SHA256","bytesTransferredIn":`...)
	b = strconv.AppendInt(b, int64(in), 10)
	if e.by.account != "anonymous" {
		b = append(b, `,"AuthenticationMethod":"AuthHeader"`...)
	}
	b = r.appendBase64(append(b, `,"x-amz-id-2":"`...), 75)
	b = strconv.AppendInt(append(b, `=","bytesTransferredOut":`...), int64(out), 10)
	return append(b, '}')
}

// shared makes two records of one request: the caller's account and the
// bucket's owner each get a copy with an eventID of its own. The owner's copy
// withholds the caller's ARN.
func (m *maker) shared(r *random, caller, owner *home, region string, at int64) (own, copied []byte) {
	by := pick(r, caller.nodes)
	s := scene{random: r, at: at, account: owner.id, region: region, bucket: pick(r, owner.buckets), key: objectKey(r)}
	m.event = event{at: at, by: by, address: pick(r, by.addresses), agent: pick(r, by.agents), source: "s3", name: "GetObject",
		region: region, account: caller.id, readOnly: true, params: render(objectParams(""), &s), resources: render(objectResource, &s), shared: r.uuid()}
	m.finish(r)
	own = m.event.append(nil)
	m.event.by, m.event.account, m.event.eventID = foreign(caller.id, by.principal), owner.id, r.uuid()
	return own, m.event.append(nil)
}
