// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"encoding/json"
	"regexp"

	"github.com/bucketlid/bucketlid/triage/intel"
)

// shape says what a value of a context file may be; exactly one of keys, each,
// rule and yesNo is set. The one table below makes the reader and the JSON
// Schema.
type shape struct {
	keys  []fileKey // a mapping with these keys
	each  *shape    // a list of these
	rule  *textRule // a text
	yesNo bool
}

// fileKey is one key of a mapping.
type fileKey struct {
	name     string
	doc      string
	required bool
	shape    *shape
}

// textRule says which texts are good.
type textRule struct {
	what    string         // what is expected, for the error
	pattern *regexp.Regexp // nil: any text
	words   []string       // nil: any; else one of these
	slips   map[string]string
	number  bool // digits may stand without quotes
}

// NetworkKinds are the kinds of a known network.
var NetworkKinds = []string{"office", "vpn", "nat", "datacenter", "partner", "other"}

// KnownRoles are the usual roles of a principal; others may be written.
var KnownRoles = []string{"devops", "administrator", "production-support", "developer", "data-engineer", "security", "auditor", "ci", "service", "break-glass", "contractor"}

// KnownDataClasses are the usual classes of a bucket's content; others may be written.
var KnownDataClasses = []string{"public", "internal", "confidential", "personal", "health", "payment", "secret", "logs", "backup"}

var (
	freeText    = &shape{rule: &textRule{what: "text", pattern: regexp.MustCompile(`^[^\x00-\x08\x0a-\x1f\x7f]{1,500}$`)}}
	nameText    = &shape{rule: &textRule{what: "a name of at most 100 characters", pattern: regexp.MustCompile(`^[^\x00-\x1f\x7f]{1,100}$`)}}
	accountText = &shape{rule: &textRule{what: "an account id of 12 digits", pattern: regexp.MustCompile(`^[0-9]{12}$`), number: true}}
	dateText    = &shape{rule: &textRule{what: "a date such as 2027-01-31", pattern: regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`)}}
	clockText   = &shape{rule: &textRule{what: "a time such as 08:30", pattern: regexp.MustCompile(`^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$`)}}
	globText    = &shape{rule: &textRule{what: "a pattern without blanks, such as acme-*", pattern: regexp.MustCompile(`^[^\x00-\x20\x7f]{1,512}$`)}}
	cidrText    = &shape{rule: &textRule{what: "a network such as 203.0.113.0/24, or one address", pattern: regexp.MustCompile(`^[0-9A-Fa-f:.]{2,45}(/[0-9]{1,3})?$`)}}
	wordText    = &shape{rule: &textRule{what: "one word of letters and digits", pattern: regexp.MustCompile(`^[^\x00-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f]{1,63}$`)}}
)

func listOf(each *shape) *shape           { return &shape{each: each} }
func oneOfWords(words []string) *textRule { return &textRule{words: words} }
func mappingOf(keys ...fileKey) *shape    { return &shape{keys: keys} }
func requiredKey(name string, s *shape, doc string) fileKey {
	return fileKey{name: name, doc: doc, required: true, shape: s}
}
func optionalKey(name string, s *shape, doc string) fileKey {
	return fileKey{name: name, doc: doc, shape: s}
}

var usualShape = mappingOf(
	optionalKey("countries", listOf(&shape{rule: &textRule{words: intel.Countries, slips: countrySlips}}), "Where people work, as ISO 3166-1 alpha-2 codes"),
	optionalKey("hours", listOf(mappingOf(
		requiredKey("zone", nameText, "IANA zone, such as Europe/Berlin"),
		optionalKey("days", listOf(&shape{rule: oneOfWords(dayWords)}), "Days on which the stretch begins; without them mon to fri"),
		requiredKey("from", clockText, "Begin, HH:MM"),
		requiredKey("to", clockText, "End, HH:MM; where it is not after the begin, on the next day"),
	)), "When people work"),
)

var inOrganization = optionalKey("organization", nameText, "Holds for this organization's accounts only")

// contextShape is the whole format of a context file.
var contextShape = mappingOf(
	optionalKey("organizations", listOf(mappingOf(
		requiredKey("name", nameText, "Unique name"),
		optionalKey("accounts", listOf(mappingOf(
			requiredKey("id", accountText, "Account id, 12 digits, in quotes"),
			optionalKey("alias", nameText, "Name that people know the account by"),
		)), "AWS accounts that it owns"),
		optionalKey("usual", usualShape, "In place of the usual of the whole file"),
	)), "Who owns the accounts"),
	optionalKey("networks", listOf(mappingOf(
		requiredKey("name", nameText, "Unique name"),
		requiredKey("kind", &shape{rule: oneOfWords(NetworkKinds)}, "What kind of network"),
		requiredKey("cidrs", listOf(cidrText), "Networks or addresses; the longest prefix wins"),
		optionalKey("note", freeText, "Remark"),
		inOrganization,
	)), "Networks known by name"),
	optionalKey("principals", listOf(mappingOf(
		requiredKey("match", globText, "Pattern on ARN, role's ARN or name, session, user name; letter case does not matter"),
		optionalKey("role", nameText, "What they are, such as devops"),
		optionalKey("team", nameText, "Team"),
		optionalKey("contact", nameText, "Whom to ask"),
		optionalKey("changes_s3", &shape{yesNo: true}, "Whether changing S3 settings is their work"),
		inOrganization,
	)), "Users, roles and services"),
	optionalKey("trusted_accounts", listOf(mappingOf(
		requiredKey("id", accountText, "Account id, 12 digits, in quotes"),
		requiredKey("name", nameText, "Whose it is"),
		requiredKey("why", freeText, "Why it may have access"),
		optionalKey("until", dateText, "Last day of the trust"),
		inOrganization,
	)), "Foreign accounts that may be given access"),
	optionalKey("buckets", listOf(mappingOf(
		requiredKey("match", globText, "Pattern on the bucket's name"),
		optionalKey("owner", nameText, "Whom to ask"),
		optionalKey("data_class", nameText, "What is stored, such as personal"),
		optionalKey("public", &shape{rule: oneOfWords([]string{string(PublicExpected), string(PublicNever)})}, "Whether it is meant to be public"),
		optionalKey("until", dateText, "Last day on which public is expected"),
		optionalKey("why", freeText, "Why it is expected or never"),
		inOrganization,
	)), "Buckets by name"),
	optionalKey("sensitive_words", listOf(mappingOf(
		requiredKey("word", wordText, "Word of bucket names"),
		requiredKey("means", nameText, "What it tells of"),
	)), "Words that tell of content not for the public"),
	optionalKey("harmless_words", listOf(mappingOf(
		requiredKey("word", wordText, "Word of bucket names"),
		requiredKey("means", nameText, "What it tells of"),
	)), "Words that tell of content for the public; they stand over the built-in list"),
	optionalKey("usual", usualShape, "Where and when people work"),
)

// ContextSchema is the JSON Schema (draft 2020-12) of a context file, for
// editors. It checks form; ReadContext also checks what entries say together.
func ContextSchema() []byte {
	schema := contextShape.property()
	schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	schema["title"] = "bucketlid context"
	text, err := json.MarshalIndent(schema, "", "  ")
	if err != nil {
		panic(err) // a map of texts always has a JSON form
	}
	return append(text, '\n')
}

// property is the schema of a key's value: lists and mappings may stay empty,
// as they are when every entry is commented out.
func (s *shape) property() map[string]any {
	out := s.schema()
	if s.each != nil || s.keys != nil {
		out["type"] = []any{out["type"], "null"}
	}
	return out
}

func (s *shape) schema() map[string]any {
	switch {
	case s.keys != nil:
		properties, required := map[string]any{}, []string{}
		for _, k := range s.keys {
			property := k.shape.property()
			property["description"] = k.doc
			properties[k.name] = property
			if k.required {
				required = append(required, k.name)
			}
		}
		out := map[string]any{"type": "object", "additionalProperties": false, "properties": properties}
		if len(required) > 0 {
			out["required"] = required
		}
		return out
	case s.each != nil:
		return map[string]any{"type": "array", "items": s.each.schema()}
	case s.yesNo:
		return map[string]any{"type": "boolean"}
	case s.rule.words != nil:
		return map[string]any{"enum": s.rule.words}
	}
	text := map[string]any{"type": "string", "pattern": s.rule.pattern.String()}
	if s.rule.number {
		return map[string]any{"anyOf": []any{text, map[string]any{"type": "integer", "minimum": 100000000000, "maximum": 999999999999}}}
	}
	return text
}
