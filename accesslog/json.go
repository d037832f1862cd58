// SPDX-License-Identifier: Apache-2.0

package accesslog

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"
)

// entry is a line in the form that S3 delivers to CloudWatch Logs ("Log format
// in CloudWatch Logs", Amazon S3 User Guide). What S3 does not know is null.
type entry struct {
	Owner        text   `json:"bucket_owner_id"`
	OwnerOld     text   `json:"bucket_owner"`
	Bucket       text   `json:"bucket_name"`
	Time         string `json:"request_time"`
	Address      text   `json:"remote_ip"`
	Requester    text   `json:"requester"`
	RequestID    text   `json:"request_id"`
	Operation    text   `json:"operation"`
	Key          text   `json:"key_name"`
	URI          text   `json:"request_uri"`
	Status       text   `json:"http_status"`
	Error        text   `json:"error_code"`
	Bytes        text   `json:"bytes_sent"`
	Size         text   `json:"object_size"`
	Referer      text   `json:"referer"`
	Agent        text   `json:"user_agent"`
	Version      text   `json:"version_id"`
	HostID       text   `json:"host_id"`
	Signature    text   `json:"signature_version"`
	Cipher       text   `json:"cipher_suite"`
	AuthType     text   `json:"authentication_type"`
	Host         text   `json:"host_header"`
	TLS          text   `json:"tls_version"`
	AccessPoint  text   `json:"access_point_arn"`
	ACLRequired  text   `json:"acl_required"`
	SourceRegion text   `json:"source_region"`

	// Events are the messages of a subscription's envelope.
	Events []struct {
		Message string `json:"message"`
	} `json:"logEvents"`
	Message string            `json:"message"`
	Records []json.RawMessage `json:"Records"`
}

// text is a string, a number or a truth value; "-" when null, as in the text form.
type text []byte

// UnmarshalJSON takes any scalar.
func (t *text) UnmarshalJSON(raw []byte) error {
	switch {
	case string(raw) == "null":
		*t = []byte("-")
	case string(raw) == "true":
		*t = []byte("Yes")
	case string(raw) == "false":
		*t = []byte("-")
	case raw[0] == '"':
		var s string
		if err := json.Unmarshal(raw, &s); err != nil {
			return err
		}
		*t = []byte(s)
	default:
		*t = bytes.Clone(raw)
	}
	return nil
}

// jsonPart is the JSON object of a line: the whole line, or what follows the
// time that an export of CloudWatch Logs puts before each message. nil is none.
func jsonPart(line []byte) []byte {
	if line[0] == '{' {
		return line
	}
	head := line[:min(len(line), len(time.RFC3339Nano)+len(" {"))]
	end := bytes.Index(head, []byte(" {"))
	if end < 0 {
		return nil
	}
	if _, err := time.Parse(time.RFC3339Nano, string(line[:end])); err != nil {
		return nil
	}
	return line[end+1:]
}

// maxWrapped is how often an entry may lie inside the message of another.
const maxWrapped = 2

func (s *scan) object(raw []byte, offset int64, depth int) error {
	var e entry
	if err := json.Unmarshal(raw, &e); err != nil {
		s.refuse(offset, "not an access log line: damaged JSON")
		return nil
	}
	inner := make([]string, 0, len(e.Events)+1)
	for _, event := range e.Events {
		inner = append(inner, event.Message)
	}
	if e.Message != "" {
		inner = append(inner, e.Message)
	}
	switch {
	case len(inner) > 0 && depth < maxWrapped:
		for _, message := range inner {
			if err := s.message(strings.TrimSpace(message), offset, depth+1); err != nil {
				return err
			}
		}
		return nil
	case len(e.Records) > 0:
		s.refuse(offset, "holds CloudTrail records: give it as SOURCE, not with --access-logs")
		return nil
	}
	l, reason := e.line(offset)
	if reason != "" {
		s.refuse(offset, "not an access log line: "+reason)
		return nil
	}
	return s.give(l)
}

func (s *scan) message(message string, offset int64, depth int) error {
	if strings.HasPrefix(message, "{") {
		return s.object([]byte(message), offset, depth)
	}
	return s.text([]byte(message), offset)
}

func (e *entry) line(offset int64) (l *Line, reason string) {
	if e.Owner == nil {
		e.Owner = e.OwnerOld
	}
	at, err := time.Parse(time.RFC3339Nano, e.Time)
	if err != nil {
		return nil, "request_time is no time"
	}
	if len(e.Bucket) == 0 || len(e.Operation) == 0 {
		return nil, "names no bucket or no operation"
	}
	l = &Line{
		Offset: offset, Owner: e.Owner, Bucket: e.Bucket, Time: at.UTC(), Address: e.Address, Requester: e.Requester,
		RequestID: e.RequestID, Operation: e.Operation, Key: e.Key, URI: e.URI, Error: e.Error, Referer: e.Referer, Agent: e.Agent,
		Version: e.Version, HostID: e.HostID, Signature: e.Signature, Cipher: e.Cipher, AuthType: e.AuthType, Host: e.Host,
		TLS: e.TLS, AccessPoint: e.AccessPoint, ACLRequired: e.ACLRequired, SourceRegion: e.SourceRegion, plainKey: true,
	}
	for _, f := range []struct {
		text text
		into *int64
	}{{e.Bytes, &l.Bytes}, {e.Size, &l.Size}} {
		*f.into, _ = number(f.text)
	}
	status, ok := number(e.Status)
	if !ok && e.Status != nil {
		return nil, "http_status is no number"
	}
	l.Status = int(status)
	return l, ""
}
