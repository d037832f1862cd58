// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/spf13/cobra"

	"github.com/bucketlid/bucketlid/policy"
	"github.com/bucketlid/bucketlid/report"
)

// maxDocument bounds what is read of one document; S3 takes a policy of 20 KB.
const maxDocument = 32 << 20

// readDocument reads a whole file, or standard input for "-".
func readDocument(cmd *cobra.Command, name string) ([]byte, error) {
	in := cmd.InOrStdin()
	if name != "-" {
		file, err := openDocument(name)
		if err != nil {
			return nil, usageError("give a readable file, or - for standard input", "%v", err)
		}
		defer file.Close()
		in = file
	}
	text, err := io.ReadAll(io.LimitReader(in, maxDocument+1))
	text = fromUTF16(text)
	switch {
	case err != nil:
		return nil, usageError("give a readable file, or - for standard input", "%s: %v", name, err)
	case len(text) > maxDocument:
		return nil, usageError("S3 takes a policy of 20 KB; for many documents use --batch", "%s: more than %d MiB, too much for one document", name, maxDocument>>20)
	case len(bytes.TrimSpace(text)) == 0:
		return nil, usageError("look whether the command that wrote it was refused", "%s: empty", name)
	}
	return text, nil
}

// openDocument opens a file, and refuses a folder before it is read.
func openDocument(name string) (*os.File, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	if info, err := file.Stat(); err == nil && info.IsDir() {
		file.Close()
		return nil, fmt.Errorf("%s is a folder", name)
	}
	return file, nil
}

// fromUTF16 turns UTF-16 with its byte order mark into UTF-8: PowerShell writes
// the output of a command so. Other text is left as it is.
func fromUTF16(text []byte) []byte {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(text, []byte{0xff, 0xfe}):
		order = binary.LittleEndian
	case bytes.HasPrefix(text, []byte{0xfe, 0xff}):
		order = binary.BigEndian
	default:
		return text
	}
	units := make([]uint16, 0, len(text)/2)
	for at := 2; at+1 < len(text); at += 2 {
		units = append(units, order.Uint16(text[at:]))
	}
	return []byte(string(utf16.Decode(units)))
}

// document is a policy text as it was found, with what stood around it.
type document struct {
	text   []byte // the policy alone: an object, or a JSON string that holds one
	within string // what it was taken out of; "" for the policy by itself
	bucket string // named beside it; "" where nothing names it
}

// maxWrapped bounds what is taken apart: a record of CloudTrail with a policy is far
// smaller.
const maxWrapped = 4 << 20

// findDocument takes a policy out of what tools print around it: the answer of
// get-bucket-policy, or the requestParameters of a CloudTrail record. What is
// none of these is left as it is, for Parse to judge.
func findDocument(text []byte) document {
	if inner := unquoted(text); len(inner) != len(text) {
		found := findDocument(inner)
		found.within = cmp.Or(found.within, "a JSON string")
		return found
	}
	if len(text) > maxWrapped {
		return document{text: text}
	}
	m := membersOf(text)
	if m == nil || m.has("Statement") {
		return document{text: text}
	}
	if v := m.get("Policy"); isText(v) || membersOf(v).has("Statement") {
		return document{text: unquoted(v), within: "the output of get-bucket-policy", bucket: m.text("Bucket")}
	}
	within := "the requestParameters of a CloudTrail record"
	if inner := membersOf(m.get("requestParameters")); inner != nil {
		m, within = inner, "a CloudTrail record (bucketlid explain event tells the rest of it)"
	}
	for _, name := range []string{"bucketPolicy", "PutAccessPointPolicyRequest", "policy"} {
		v := m.get(name)
		if inner := membersOf(v); inner != nil && !inner.has("Statement") {
			v = inner.get("Policy")
		}
		if isText(v) || membersOf(v).has("Statement") {
			return document{text: unquoted(v), within: within, bucket: m.text("bucketName")}
		}
	}
	return document{text: text}
}

// members are the members of a JSON object, by name in any case.
type members map[string]json.RawMessage

func membersOf(text []byte) members {
	var m members
	if len(text) == 0 || json.Unmarshal(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")), &m) != nil {
		return nil
	}
	return m
}

// get finds a member; the exact name wins, then the first by its spelling.
func (m members) get(name string) json.RawMessage {
	if v, ok := m[name]; ok {
		return v
	}
	found := ""
	for have := range m {
		if strings.EqualFold(have, name) && (found == "" || have < found) {
			found = have
		}
	}
	return m[found]
}

func (m members) has(name string) bool { return m.get(name) != nil }

func (m members) text(name string) string {
	var s string
	_ = json.Unmarshal(m.get(name), &s) // what is no text names nothing
	return s
}

// isText reports a JSON string that is not empty: CloudTrail marks the
// sub-resource with an empty one.
func isText(v json.RawMessage) bool { return len(v) > 2 && v[0] == '"' }

// unquoted is the content of a JSON string, or the text as it is.
func unquoted(text []byte) []byte {
	var s string
	if trimmed := bytes.TrimSpace(text); len(trimmed) == 0 || trimmed[0] != '"' || json.Unmarshal(trimmed, &s) != nil {
		return text
	}
	return []byte(s)
}

// parsePolicy reads a policy and names, for people, where it is wrong. A text
// without a single statement is none.
func parsePolicy(text []byte) (*policy.Document, error) {
	d, err := policy.Parse(text)
	switch {
	case err != nil:
	case !slices.ContainsFunc(d.Statements, func(s policy.Statement) bool { return s.Effect == "Allow" || s.Effect == "Deny" }):
		return nil, errors.New("no statement that allows or denies: " + strings.Join(firstFew(problemTexts(d)), "; "))
	default:
		return d, nil
	}
	return nil, errors.New(strings.TrimPrefix(err.Error(), "policy: "))
}

// settle fills in what was not given of the resource that a policy is attached
// to, from the policy's own resources, and says what it took for granted.
// A policy that names other buckets alone cannot be the given bucket's: S3 refuses
// it, and no verdict about it would be true.
func settle(d *policy.Document, f policy.Facts) (facts policy.Facts, assumed, problems []string, err error) {
	names := resourceNames(d)
	if names.elsewhere != "" {
		return f, nil, nil, fmt.Errorf("the resource %s is of a kind that is not judged here: only buckets, access points and multi-Region access points of Amazon S3 are", names.elsewhere)
	}
	switch {
	case f.Bucket == "" && len(names.buckets) == 0 && names.point != "":
		f.Kind, f.AccessPoint, f.Bucket = policy.AccessPointPolicy, names.point, "accesspoint/"+names.point
		f.Region = cmp.Or(f.Region, names.region)
		f.Account = cmp.Or(f.Account, names.account)
		if strings.HasSuffix(names.point, ".mrap") {
			f.Kind = policy.MultiRegionAccessPointPolicy
		}
		assumed = append(assumed, "it is the policy of access point "+names.point+", because its resources are; the bucket policy must permit the request too")
	case f.Bucket == "" && len(names.buckets) > 0:
		f.Bucket = names.buckets[0]
		assumed = append(assumed, "bucket "+f.Bucket+", from the policy's resources (--bucket)")
		if len(names.buckets) > 1 {
			problems = append(problems, fmt.Sprintf("the resources name %s: S3 refuses a policy about another bucket; judged for %s", shortList(names.buckets, "", nil), f.Bucket))
		}
	case f.Bucket == "":
		assumed = append(assumed, "any bucket: the policy's resources name none (--bucket)")
	case len(names.buckets) > 0 && !names.open && !slices.Contains(names.buckets, f.Bucket):
		err = fmt.Errorf("no resource is in bucket %s: the policy names %s, so that S3 would refuse it there", f.Bucket, shortList(names.buckets, "", nil))
	}
	return f, assumed, problems, err
}

// resources are what the resources of a policy name.
type resources struct {
	buckets                []string // without wildcards, in the order of the text
	open                   bool     // some name is a pattern
	point, region, account string   // of the first access point
	elsewhere              string   // the first resource of another service than S3
}

// maxNames bounds how many names are kept apart: more are no policy of S3's.
const maxNames = 16

func resourceNames(d *policy.Document) (out resources) {
	for i := range d.Statements {
		for _, list := range [][]string{d.Statements[i].Resource, d.Statements[i].NotResource} {
			for _, text := range list {
				out.add(text)
			}
		}
	}
	return out
}

func (r *resources) add(text string) {
	if _, rest, ok := strings.Cut(text, ":s3:::"); ok {
		name, _, _ := strings.Cut(rest, "/")
		switch {
		case name == "" || strings.ContainsAny(name, "*?$"):
			r.open = true
		case len(r.buckets) < maxNames && !slices.Contains(r.buckets, name):
			r.buckets = append(r.buckets, name)
		}
		return
	}
	parts := strings.SplitN(text, ":", 6)
	if len(parts) == 6 && parts[0] == "arn" && strings.HasPrefix(parts[2], "s3") && parts[2] != "s3" && r.elsewhere == "" {
		r.elsewhere = text
	}
	name, isPoint := strings.CutPrefix(parts[len(parts)-1], "accesspoint/")
	if name, _, _ = strings.Cut(name, "/"); !isPoint || len(parts) < 6 || name == "" || strings.ContainsAny(name, "*?$") {
		r.open = true
		return
	}
	if r.point == "" {
		r.point, r.region, r.account = name, literal(parts[3]), literal(parts[4])
	}
}

func literal(s string) string {
	if strings.ContainsAny(s, "*?$") {
		return ""
	}
	return s
}

// unreadable is the verdict on a document that could not be read: unknown, which
// is never no.
func unreadable(id json.RawMessage, problem string) report.Policy {
	return report.Policy{ID: id, Classifier: policy.Unconfirmed, Reach: report.UnknownReach,
		Audiences: []report.PolicyAudience{}, Reasons: []string{}, Later: []string{}, Problems: []string{problem}}
}
