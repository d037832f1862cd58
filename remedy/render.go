// SPDX-License-Identifier: Apache-2.0

package remedy

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf16"

	"github.com/bucketlid/bucketlid/account"
)

// CommandLine is a call as a line for the AWS CLI, in ASCII and without line
// ends, so that names and policies chosen by others can do nothing to a shell or
// a terminal.
func CommandLine(c account.Call) string {
	var args []string
	inJSON := map[string]string{}
	add := func(name, value string) {
		switch member := cliMembers[name]; {
		case value == "":
		case member != "" && readAsFile(value):
			inJSON[member] = value
		case value[0] == '-': // else it is taken for an option
			args = append(args, "--"+name+"="+Shell(value))
		default:
			args = append(args, "--"+name+" "+Shell(value))
		}
	}
	verb, body := cliVerbs[c.Operation][0], cliVerbs[c.Operation][1]
	service := "s3api"
	switch c.Operation {
	case account.PutMultiRegionPolicy:
		service = "s3control"
		add("account-id", c.Account)
		add("details", detailsOf(c))
	case account.PutAccountBlock, account.DeleteAccountBlock, account.PutAccessPointPolicy, account.DeleteAccessPointPolicy:
		service = "s3control"
		add("account-id", c.Account)
		add("name", c.AccessPoint)
	default:
		add("bucket", c.Bucket)
		add("expected-bucket-owner", c.Account)
		add("key", c.Key)
		add("version-id", c.Version)
	}
	if body != "" {
		add(body, ASCII(c.Input()))
	}
	if len(inJSON) > 0 {
		text, _ := json.Marshal(inJSON) // texts cannot fail
		add("cli-input-json", ASCII(string(text)))
	}
	add("region", c.Region)
	return "aws " + service + " " + verb + " " + strings.Join(args, " ")
}

// cliMembers are the options whose values others choose, and their names in JSON.
var cliMembers = map[string]string{"key": "Key", "version-id": "VersionId"}

// readAsFile reports whether the AWS CLI would put something else in a value's
// place (AWS CLI User Guide, "Loading a parameter from a file"), or whether a
// shell would cut it off.
func readAsFile(value string) bool {
	for _, scheme := range []string{"file://", "fileb://", "http://", "https://"} {
		if strings.HasPrefix(value, scheme) {
			return true
		}
	}
	return strings.IndexByte(value, 0) >= 0
}

// cliVerbs are the command and its body's option.
var cliVerbs = map[account.Operation][2]string{
	account.PutBucketACL: {"put-bucket-acl", "access-control-policy"}, account.PutObjectACL: {"put-object-acl", "access-control-policy"},
	account.PutBucketPolicy: {"put-bucket-policy", "policy"}, account.DeleteBucketPolicy: {"delete-bucket-policy", ""},
	account.PutPublicAccessBlock:          {"put-public-access-block", "public-access-block-configuration"},
	account.DeletePublicAccessBlock:       {"delete-public-access-block", ""},
	account.PutAccountBlock:               {"put-public-access-block", "public-access-block-configuration"},
	account.DeleteAccountBlock:            {"delete-public-access-block", ""},
	account.PutBucketOwnershipControls:    {"put-bucket-ownership-controls", "ownership-controls"},
	account.DeleteBucketOwnershipControls: {"delete-bucket-ownership-controls", ""},
	account.PutAccessPointPolicy:          {"put-access-point-policy", "policy"},
	account.DeleteAccessPointPolicy:       {"delete-access-point-policy", ""},
	account.PutMultiRegionPolicy:          {"put-multi-region-access-point-policy", ""},
}

// detailsOf is what PutMultiRegionAccessPointPolicy takes.
func detailsOf(c account.Call) string {
	text, _ := json.Marshal(struct{ Name, Policy string }{c.AccessPoint, ASCII(c.Text)}) // texts cannot fail
	return ASCII(string(text))
}

// Shell quotes a value for a POSIX shell; what holds a control or non-ASCII
// character goes into $'…', which bash, zsh and ksh read.
func Shell(s string) string {
	plain, safe := true, s != ""
	for i := range len(s) {
		c := s[i]
		plain = plain && c >= ' ' && c <= '~'
		safe = safe && (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._/:@", c) >= 0)
	}
	switch {
	case safe && s[0] != '-':
		return s
	case plain:
		return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
	}
	var b strings.Builder
	b.WriteString("$'")
	for i := range len(s) {
		switch c := s[i]; {
		case c == '\'' || c == '\\':
			b.WriteString(`\` + string(c))
		case c < ' ' || c > '~':
			fmt.Fprintf(&b, `\x%02x`, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String() + "'"
}

// ASCII is the same JSON on one line with every odd character escaped; a
// text that is no JSON stays as it is.
func ASCII(text string) string {
	var compact bytes.Buffer
	if json.Compact(&compact, []byte(text)) != nil {
		return text
	}
	var b strings.Builder
	for _, r := range compact.String() {
		switch {
		case r >= ' ' && r <= '~':
			b.WriteRune(r)
		case r > 0xFFFF:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// terraform is the state after the steps, for the settings that they change, as
// resources of the hashicorp/aws provider.
func terraform(s State, steps []Step) string {
	last := map[string]account.Call{}
	var order []string
	for _, step := range steps {
		c := step.Call
		key := tfResource[c.Operation] + c.AccessPoint + c.Key + c.Version
		if _, seen := last[key]; !seen {
			order = append(order, key)
		}
		last[key] = c
	}
	var out []string
	for _, key := range order {
		out = append(out, tfBlock(last[key]))
	}
	return strings.Join(out, "\n")
}

var tfResource = map[account.Operation]string{
	account.PutBucketACL: "aws_s3_bucket_acl", account.PutObjectACL: "aws_s3_object",
	account.PutBucketPolicy: "aws_s3_bucket_policy", account.DeleteBucketPolicy: "aws_s3_bucket_policy",
	account.PutPublicAccessBlock: "aws_s3_bucket_public_access_block", account.PutAccountBlock: "aws_s3_account_public_access_block",
	account.PutBucketOwnershipControls: "aws_s3_bucket_ownership_controls",
	account.PutAccessPointPolicy:       "aws_s3control_access_point_policy", account.DeleteAccessPointPolicy: "aws_s3control_access_point_policy",
	account.PutMultiRegionPolicy: "aws_s3control_multi_region_access_point_policy",
}

func tfBlock(c account.Call) string {
	w := &tfWriter{}
	resource := tfResource[c.Operation]
	switch c.Operation {
	case account.DeleteBucketPolicy, account.DeleteAccessPointPolicy:
		return "# remove the resource " + resource + " of " + HCL(cmp.Or(c.AccessPoint, c.Bucket)) + ": nothing is left of the policy\n"
	case account.PutObjectACL:
		return "# set acl = \"private\" where object " + HCL(c.Key) + " is uploaded; Terraform has no resource for the ACL of an object that is there\n"
	}
	w.line("resource %s %s {", HCL(resource), HCL(tfName(c)))
	switch c.Operation {
	case account.PutAccountBlock:
		w.flags(c.Text)
	case account.PutAccessPointPolicy:
		w.line("  access_point_arn = %s", HCL("arn:"+partition(c.Region)+":s3:"+c.Region+":"+c.Account+":accesspoint/"+c.AccessPoint))
		w.policy(c.Text)
	case account.PutMultiRegionPolicy:
		w.line("  details {\n    name = %s", HCL(c.AccessPoint))
		w.line("    policy = %s\n  }", HCL(ASCII(c.Text)))
	default:
		w.line("  bucket = %s", HCL(c.Bucket))
		w.body(c)
	}
	w.line("}")
	return w.b.String()
}

type tfWriter struct{ b strings.Builder }

func (w *tfWriter) line(format string, args ...any) { fmt.Fprintf(&w.b, format+"\n", args...) }

func (w *tfWriter) body(c account.Call) {
	switch c.Operation {
	case account.PutBucketPolicy:
		w.policy(c.Text)
	case account.PutPublicAccessBlock:
		w.flags(c.Text)
	case account.PutBucketOwnershipControls:
		w.line("  rule {\n    object_ownership = %s\n  }", HCL(string(ownershipOf(account.Setting{Status: account.Present, Text: c.Text}))))
	case account.PutBucketACL:
		w.acl(c.Text)
	}
}

func (w *tfWriter) policy(text string) { w.line("  policy = %s", HCL(ASCII(text))) }

func (w *tfWriter) flags(text string) {
	block := blockOf(account.Setting{Status: account.Present, Text: text})
	for i, name := range []string{"block_public_acls", "ignore_public_acls", "block_public_policy", "restrict_public_buckets"} {
		w.line("  %s = %s", name, block[i])
	}
}

func (w *tfWriter) acl(text string) {
	acl, err := readACL(text)
	if err != nil {
		return
	}
	w.line("  access_control_policy {")
	for _, g := range acl.Grants {
		kind, name, value := "CanonicalUser", "id", g.who.ID
		switch {
		case g.who.URI != "":
			kind, name, value = "Group", "uri", g.who.URI
		case g.who.EmailAddress != "":
			kind, name, value = "AmazonCustomerByEmail", "email_address", g.who.EmailAddress
		}
		w.line("    grant {\n      grantee {\n        type = %s\n        %s = %s\n      }\n      permission = %s\n    }", HCL(kind), name, HCL(value), HCL(string(g.permission)))
	}
	w.line("    owner {\n      id = %s\n    }\n  }", HCL(acl.OwnerID))
}

// tfName is a name for the resource made of the bucket's.
func tfName(c account.Call) string {
	name := c.Bucket
	if c.AccessPoint != "" {
		name = c.AccessPoint
	}
	if accountWide(c) {
		name = "account"
	}
	out := []byte(name)
	for i, ch := range out {
		if (ch < 'a' || ch > 'z') && (ch < '0' || ch > '9') {
			out[i] = '_'
		}
	}
	if len(out) > 0 && out[0] >= '0' && out[0] <= '9' {
		return "b_" + string(out)
	}
	return string(out)
}

// HCL is a text as a string of Terraform's language, in ASCII and on one line
// (HCL Native Syntax Specification, "Template Literals": it has no \b and \f).
func HCL(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range strings.NewReplacer("${", "$${", "%{", "%%{").Replace(s) {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r >= ' ' && r <= '~':
			b.WriteRune(r)
		case r > 0xFFFF:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
