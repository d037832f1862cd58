// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bucketlid/bucketlid/bucket"
	"github.com/bucketlid/bucketlid/replay"
	"github.com/bucketlid/bucketlid/trail"
)

// foundACL is an access control list as it was found.
type foundACL struct {
	acl         *bucket.ACL
	name        string // the file, or what was given instead
	within      string // what it was taken out of
	bucket, key string // named beside it
	object      bool   // what stands around it says that it is an object's
	unlisted    bool   // the list does not grant the owner what he has anyway
}

// cannedNames are the canned lists of the AWS page "Access control list (ACL)
// overview".
var cannedNames = []string{"private", "public-read", "public-read-write", "authenticated-read", "aws-exec-read",
	"bucket-owner-read", "bucket-owner-full-control", "log-delivery-write"}

func (f *aclFlags) read(cmd *cobra.Command, args []string) (foundACL, error) {
	switch {
	case f.canned != "":
		acl := bucket.Canned(f.canned)
		if acl.Partial != "" {
			return foundACL{}, usageError("canned ACLs: "+strings.Join(cannedNames, ", "), "--canned: no canned ACL is called %q", f.canned)
		}
		return foundACL{acl: acl, name: f.canned}, nil
	case len(f.headers) > 0:
		acl, err := aclOfHeaders(f.headers)
		return foundACL{acl: acl, name: strings.Join(f.headers, "; ")}, err
	}
	text, err := readDocument(cmd, args[0])
	if err != nil {
		return foundACL{}, err
	}
	found, err := parseACL(text)
	if err != nil {
		return found, usageError("give the XML of an AccessControlPolicy, or: aws s3api get-bucket-acl --bucket NAME > acl.json", "%s: %v", args[0], err)
	}
	found.name = args[0]
	return found, nil
}

func aclOfHeaders(headers []string) (*bucket.ACL, error) {
	hint := "for example: --header 'x-amz-grant-read: uri=http://acs.amazonaws.com/groups/global/AllUsers'"
	acl := &bucket.ACL{Form: "grant headers"}
	for _, h := range headers {
		name, value, ok := strings.Cut(h, ":")
		if name, value = strings.TrimSpace(name), strings.TrimSpace(value); !ok || value == "" {
			return nil, usageError(hint, "--header: %q is not a header with a value", h)
		}
		if strings.EqualFold(name, "x-amz-acl") {
			return nil, usageError("give --canned "+value, "--header: x-amz-acl names a canned ACL")
		}
		permission, ok := bucket.HeaderPermission(name)
		if !ok {
			return nil, usageError("grant headers: x-amz-grant-read, x-amz-grant-write, x-amz-grant-read-acp, x-amz-grant-write-acp, x-amz-grant-full-control", "--header: %q is not a grant header", name)
		}
		acl.AddHeader(permission, value)
		if acl.Partial != "" {
			return nil, usageError(hint, "--header: %s", acl.Partial)
		}
	}
	return acl, nil
}

// maxList bounds the text of a list, and maxRead the grants that are weighed.
const (
	maxList = 4 << 20
	maxRead = 10 * maxGrants
)

// parseACL reads a list as S3, the AWS CLI or CloudTrail writes it.
func parseACL(text []byte) (foundACL, error) {
	if len(text) > maxList {
		return foundACL{}, fmt.Errorf("%d bytes are above the limit of %d MiB: S3 takes at most %d grants", len(text), maxList>>20, maxGrants)
	}
	text = bytes.TrimSpace(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")))
	if bytes.HasPrefix(text, []byte("<")) {
		body, err := xmlValue(text)
		if err != nil {
			return foundACL{}, err
		}
		return checkedACL(ofDocument(body))
	}
	m, err := jsonObject(text)
	if err != nil {
		return foundACL{}, err
	}
	if grants, ok := m["Grants"]; ok {
		body := map[string]any{"Owner": m["Owner"], "AccessControlList": map[string]any{"Grant": grants}}
		if grants == nil {
			delete(body, "AccessControlList")
		}
		found := ofDocument(body)
		found.within = "the output of get-bucket-acl or get-object-acl"
		return checkedACL(found)
	}
	if _, ok := m["AccessControlList"].(map[string]any); ok && m["Owner"] != nil {
		return checkedACL(ofDocument(m))
	}
	return aclOfRecord(m)
}

// ofDocument reads a list and looks whether it grants its owner everything:
// package bucket adds that to every list, since the owner has it anyway.
func ofDocument(body any) foundACL {
	found := foundACL{acl: bucket.ACLDocument(body)}
	m, _ := body.(map[string]any)
	nameless := bucket.ACLDocument(map[string]any{"AccessControlList": m["AccessControlList"]})
	found.unlisted = !slices.Contains(nameless.Grants, bucket.Grant{Grantee: bucket.Grantee{ID: found.acl.OwnerID}, Permission: bucket.FullControl})
	return found
}

// checkedACL refuses what holds nothing that could be read: then nothing is
// known of it.
func checkedACL(f foundACL) (foundACL, error) {
	if f.acl.Partial != "" && len(f.acl.Grants) <= 1 {
		return f, errors.New("not an access control list: " + f.acl.Partial)
	}
	if len(f.acl.Grants) > maxRead {
		return f, fmt.Errorf("%d grants: S3 takes at most %d", len(f.acl.Grants), maxGrants)
	}
	return f, nil
}

// aclOfRecord reads the request parameters of a CloudTrail record, as the
// replay does.
func aclOfRecord(m map[string]any) (foundACL, error) {
	found := foundACL{within: "the requestParameters of a CloudTrail record"}
	if inner, ok := m["requestParameters"].(map[string]any); ok {
		m, found.within = inner, "a CloudTrail record (bucketlid explain event tells the rest of it)"
	}
	r := &trail.Record{EventSource: "s3.amazonaws.com", EventName: "PutBucketAcl", RequestParameters: m}
	if r.Param("key") != nil {
		found.object, r.EventName = true, "PutObjectAcl"
	}
	ledger := replay.NewLedger()
	ledger.Add(r)
	for _, c := range ledger.Changes() {
		if c.ACL != nil {
			if body := r.RequestParameters["AccessControlPolicy"]; body != nil {
				found.unlisted = ofDocument(body).unlisted
			}
			found.acl, found.bucket, found.key = c.ACL, c.Bucket, c.Key
			return checkedACL(found)
		}
	}
	return found, errors.New("the object holds no access control list: neither Grants nor AccessControlPolicy, x-amz-acl or x-amz-grant-…")
}

// jsonObject decodes one JSON object and names the place where it is none.
func jsonObject(text []byte) (map[string]any, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, errors.New(placeAt(text, int64(len(text))) + "the text ends inside the object")
		}
		return nil, errors.New(place(text, err) + err.Error())
	}
	if rest := bytes.TrimSpace(text[dec.InputOffset():]); len(rest) > 0 {
		return nil, errors.New(placeAt(text, int64(len(text)-len(rest))) + "text after the end of the list")
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, errors.New("line 1, column 1: neither XML nor a JSON object")
	}
	return m, nil
}

// place is the line and column of a syntax error, with a colon.
func place(text []byte, err error) string {
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) || syntax.Offset < 1 || syntax.Offset > int64(len(text)) {
		return ""
	}
	return placeAt(text, syntax.Offset-1)
}

// placeAt is the line and column of an offset, with a colon.
func placeAt(text []byte, at int64) string {
	before := text[:at]
	return fmt.Sprintf("line %d, column %d: ", bytes.Count(before, []byte("\n"))+1, len(before)-bytes.LastIndexByte(before, '\n'))
}

const (
	maxXMLDepth = 32
	maxXMLNodes = 1 << 17
)

// xmlValue turns XML into the values that CloudTrail makes of it: an element is
// an object of its children, or a text; repeated ones are a list (semantics A.1 A5).
func xmlValue(text []byte) (any, error) {
	x := xmlReader{dec: xml.NewDecoder(bytes.NewReader(text))}
	for {
		token, err := x.dec.Token()
		if err != nil {
			return nil, x.fail(err)
		}
		if start, ok := token.(xml.StartElement); ok {
			if start.Name.Local != "AccessControlPolicy" {
				return nil, x.fail(fmt.Errorf("the element %s is not AccessControlPolicy", start.Name.Local))
			}
			body, err := x.element(0)
			if err == nil {
				err = x.end()
			}
			return body, err
		}
	}
}

type xmlReader struct {
	dec   *xml.Decoder
	nodes int
}

func (x *xmlReader) fail(err error) error {
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	var syntax *xml.SyntaxError
	if errors.As(err, &syntax) {
		err = errors.New(syntax.Msg)
	}
	line, column := x.dec.InputPos()
	return fmt.Errorf("line %d, column %d: %w", line, column, err)
}

// end refuses what follows the list.
func (x *xmlReader) end() error {
	for {
		token, err := x.dec.Token()
		text, isText := token.(xml.CharData)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return x.fail(err)
		case isText && len(bytes.TrimSpace(text)) == 0:
			continue
		}
		if _, comment := token.(xml.Comment); !comment {
			return x.fail(errors.New("text after the end of the list"))
		}
	}
}

func (x *xmlReader) element(depth int) (any, error) {
	if x.nodes++; depth > maxXMLDepth || x.nodes > maxXMLNodes {
		return nil, x.fail(fmt.Errorf("deeper than %d levels, or more than %d elements", maxXMLDepth, maxXMLNodes))
	}
	children := map[string]any{}
	var text strings.Builder
	for {
		token, err := x.dec.Token()
		if err != nil {
			return nil, x.fail(err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			child, err := x.element(depth + 1)
			if err != nil {
				return nil, err
			}
			addChild(children, t.Name.Local, child)
		case xml.CharData:
			text.Write(t)
		case xml.EndElement:
			if len(children) == 0 {
				return strings.TrimSpace(text.String()), nil
			}
			return children, nil
		}
	}
}

func addChild(m map[string]any, name string, child any) {
	switch have := m[name].(type) {
	case nil:
		m[name] = child
	case []any:
		m[name] = append(have, child)
	default:
		m[name] = []any{have, child}
	}
}
