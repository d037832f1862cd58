// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bucketlid/bucketlid/replay"
	"github.com/bucketlid/bucketlid/trail"
)

func TestTagSays(t *testing.T) {
	context := told(t, "sensitive_words: [{word: phoenix, means: the merger}]\nharmless_words: [{word: forecast, means: weather}]\n")
	for _, test := range []struct {
		key, value string
		want       saying
		means      string
	}{
		{"Classification", "confidential", clearlySensitive, "private data"},
		{"Classification", "Internal", clearlySensitive, "internal data"},
		{"data-classification", "PII", clearlySensitive, "personal data"},
		{"acme:security/DataClassification", "highly-confidential", clearlySensitive, "private data"},
		{"Klassifizierung", "streng vertraulich", clearlySensitive, "private data"},
		{"sensitivity", "High", clearlySensitive, "content of a high class"},
		{"sensitivity", "low", nothing, ""},
		{"Classification", "Phoenix", clearlySensitive, "the merger"},
		{"Classification", "public", perhapsPublic, "content for the public"},
		{"DataClass", "Open Data", perhapsPublic, "content for the public"},
		{"Classification", "non-public", clearlySensitive, "content that is not for the public"},
		{"Classification", "NonPublic", clearlySensitive, "content that is not for the public"},
		{"Classification", "not confidential", nothing, ""},
		{"Classification", "", nothing, ""},
		{"Classification", "tbd", nothing, ""},
		{"pii", "true", clearlySensitive, "what its key says"},
		{"ContainsPII", "Yes", clearlySensitive, "what its key says"},
		{"pii", "false", nothing, ""},
		{"pii", "", nothing, ""},
		{"confidential", "1", clearlySensitive, "what its key says"},
		{"public", "true", perhapsPublic, "content for the public"},
		{"is_public", "no", perhapsSensitive, "content that is not for the public"},
		{"public", "tbd", nothing, ""},
		{"website", "true", perhapsPublic, "a website"},
		{"website", "www.acme.example", perhapsPublic, "a website"},
		{"website", "false", nothing, ""},
		{"website", "none", nothing, ""},
		{"type", "website", perhapsPublic, "a website"},
		{"bucket-type", "logs", perhapsSensitive, "logs"},
		{"visibility", "private", perhapsSensitive, "content that is not for the public"},
		{"visibility", "public", perhapsPublic, "content for the public"},
		{"access", "not public", perhapsSensitive, "content that is not for the public"},
		{"description", "Nightly backups of the shop", perhapsSensitive, "backups"},
		{"description", "images of the website", perhapsPublic, "static content"},
		{"description", "website and its logs", bothWays, "logs"},
		{"purpose", "website of the payroll team", perhapsPublic, "a website"},
		{"purpose", "payroll website", bothWays, "pay"},
		{"description", "replaces the old secrets bucket", nothing, ""},
		{"description", "secrets of the build", perhapsSensitive, "secrets"},
		{"description", "synthetic customers for tests", nothing, ""},
		{"note", "ersetzt das alte Backup", nothing, ""},
		{"tlp", "RED", clearlySensitive, "content that is not for the public, by the Traffic Light Protocol"},
		{"tlp", "amber", clearlySensitive, "content that is not for the public, by the Traffic Light Protocol"},
		{"TLP", "TLP:AMBER+STRICT", clearlySensitive, "content that is not for the public, by the Traffic Light Protocol"},
		{"Classification", "TLP:GREEN", clearlySensitive, "content that is not for the public, by the Traffic Light Protocol"},
		{"tlp", "CLEAR", perhapsPublic, "content for the public, by the Traffic Light Protocol"},
		{"tlp", "TLP:WHITE", perhapsPublic, "content for the public, by the Traffic Light Protocol"},
		{"tlp", "reddish", nothing, ""},
		{"Classification", "C0", perhapsPublic, "content for the public"},
		{"Classification", "C1", nothing, ""},
		{"Classification", "C2", clearlySensitive, "content of the class C2"},
		{"data-classification", "c4", clearlySensitive, "content of the class C4"},
		{"data-classification", "Level 3", perhapsSensitive, "content of a class with a high number"},
		{"data-classification", "Level 1", nothing, ""},
		{"Classification", "Restricted-Public", clearlySensitive, "private data"},
		{"Confidentiality", "none", nothing, ""},
		{"Classification", "publicly available after embargo", clearlySensitive, "private data"},
		{"Classification", "publicly available", perhapsPublic, "content for the public"},
		{"Classification", "Not Public", clearlySensitive, "content that is not for the public"},
		{"Classification", "keine personenbezogenen Daten", nothing, ""},
		{"sensitivity", "non sensitive", nothing, ""},
		{"visibility", "not private", nothing, ""},
		{"visibility", "privé", perhapsSensitive, "content that is not for the public"},
		{"Classification", "internal-use-only, not confidential", clearlySensitive, "internal data"},
		{"Classification", "not confidential but internal", clearlySensitive, "internal data"},
		{"Classification", "No PII or PHI", nothing, ""},
		{"Classification", "not for the public", clearlySensitive, "content that is not for the public"},
		{"Classification", "Top Secret", clearlySensitive, "secrets"},
		{"Classification", "Official", clearlySensitive, "internal data"},
		{"Klassifizierung", "öffentlich", perhapsPublic, "content for the public"},
		{"Klassifizierung", "streng geheim", clearlySensitive, "secrets"},
		{"Vertraulichkeitsstufe", "Hoch", clearlySensitive, "content of a high class"},
		{"Confidentialité", "diffusion restreinte", clearlySensitive, "private data"},
		{"Classification", "usage interne", clearlySensitive, "internal data"},
		{"classification", "publique", perhapsPublic, "content for the public"},
		{"Clasificación", "uso interno", clearlySensitive, "internal data"},
		{"Clasificación", "Público", perhapsPublic, "content for the public"},
		{"Classificação", "Restrito", clearlySensitive, "private data"},
		{"Classificazione", "Riservatissimo", nothing, ""},
		{"Riservatezza", "strettamente riservata", clearlySensitive, "private data"},
		{"vertrouwelijkheid", "Zeer geheim", clearlySensitive, "secrets"},
		{"Classificatie", "openbaar", perhapsPublic, "content for the public"},
		{"pii", "sí", clearlySensitive, "what its key says"},
		{"contains_phi", "true", clearlySensitive, "what its key says"},
		{"pci", "in-scope", clearlySensitive, "what its key says"},
		{"pii", "false positive", nothing, ""},
		{"pii", "Não", nothing, ""},
		{"personenbezogene-Daten", "Ja", clearlySensitive, "what its key says"},
		{"public", "maybe", nothing, ""},
		{"public", "não", perhapsSensitive, "content that is not for the public"},
		{"security", "secret", perhapsSensitive, "secrets"},
		{"environment", "production", nothing, ""},
		{"description", "no backups here", nothing, ""},
		{"purpose", "weather forecast", perhapsPublic, "weather"},
		{"compliance", "PCI", perhapsSensitive, "payment data"},
		{"Name", "payroll", nothing, ""},
		{"team", "finance", nothing, ""},
		{"aws:cloudformation:stack-name", "backup", nothing, ""},
		{"", "", nothing, ""},
	} {
		says, means := context.tagSays(replay.Tag{Key: test.key, Value: test.value})
		if says != test.want || means != test.means {
			t.Errorf("%s=%s says %d of %q, want %d of %q", test.key, test.value, says, means, test.want, test.means)
		}
	}
}

// tagged is a record that tags acme-data, by the infrastructure code.
func tagged(at time.Time, name, params string) string {
	recordCount++
	return fmt.Sprintf(`{"eventVersion":"1.11","userIdentity":{"type":"IAMUser","principalId":"AIDAEXAMPLE","arn":"arn:aws:iam::111122223333:user/infra","accountId":"111122223333","userName":"infra"},`+
		`"eventTime":"%s","eventSource":"s3.amazonaws.com","eventName":"%s","awsRegion":"eu-west-1","sourceIPAddress":"%s","userAgent":"Terraform","requestParameters":{"bucketName":"acme-data",%s},`+
		`"requestID":"%016X","eventID":"7a1f9f5e-0000-4000-8000-%012d","recipientAccountId":"111122223333"}`, at.UTC().Format(time.RFC3339), name, office, params, recordCount, recordCount)
}

func tag(at time.Time, key, value string) string {
	return tagged(at, "PutBucketTagging", fmt.Sprintf(`"Tagging":{"TagSet":{"Tag":{"Key":"%s","Value":"%s"}}}`, key, value))
}

// byAnn is the same record by ann.
func byAnn(record string) string {
	return strings.ReplaceAll(strings.ReplaceAll(record, "user/infra", "user/ann"), `"userName":"infra"`, `"userName":"ann"`)
}

// remade is an alert of a bucket that was made, or deleted, at a time.
func remade(at time.Time) func(*Alert) { return func(a *Alert) { a.remade = []time.Time{at} } }

func TestTagEvidence(t *testing.T) {
	long, early, soon, late := ten.AddDate(0, 0, -8), ten.AddDate(0, 0, -5), ten.Add(-time.Hour), ten.Add(30*time.Minute)
	secret := tag(early, "Classification", "secret")
	lost := tagged(soon, "PutBucketTagging", `"tagging":""`)
	upload := tagged(ten, "PutObject", `"key":"k","x-amz-acl":"public-read","x-amz-tagging":"Classification=restricted"`)
	var many []string
	for i := range 20 {
		many = append(many, tag(early.Add(time.Duration(i)*time.Minute), "n", fmt.Sprint(i)))
	}
	object := func(a *Alert) { a.Key = "k?versionId=v" }
	checkEvidence(t, bucketName, []evidenceCase{
		{name: "none known", side: "missing", saying: "no call that set tags of the bucket is in the records"},
		{name: "confidential", log: []string{secret}, side: "yes!", saying: "the tag Classification=secret, set by PutBucketTagging of infra on " + early.Format(time.DateOnly) + " (eventID 7a1f9f5e-0000-4000-8000-"},
		{name: "confidential, and so known", log: []string{secret}, absent: "is in the records"},
		{name: "public", log: []string{tag(early, "public", "true")}, side: "no", saying: "the tag public=true"},
		{name: "replaced before", log: []string{secret, tag(soon, "Classification", "public")}, absent: "Classification=secret"},
		{name: "replaced by another key", log: []string{secret, tag(soon, "team", "web")}, absent: "Classification"},
		{name: "taken away", log: []string{secret, tagged(soon, "DeleteBucketTagging", `"tagging":""`)}, absent: "Classification"},
		{name: "one of them taken away", log: []string{secret, tagged(soon, "UntagResource", `"resourceArn":"arn:aws:s3:::acme-data","tagKeys":["Classification"]`)}, absent: "Classification"},
		{name: "another taken away", log: []string{secret, tagged(soon, "UntagResource", `"resourceArn":"arn:aws:s3:::acme-data","tagKeys":["team"]`)}, side: "yes!", saying: "Classification=secret"},
		{name: "another added", log: []string{secret, tagged(soon, "TagResource", `"resourceArn":"arn:aws:s3:::acme-data","Tags":[{"Key":"team","Value":"web"}]`)}, side: "yes!", saying: "Classification=secret"},
		{name: "of the bucket of that name before", log: []string{secret}, change: remade(soon), absent: "Classification"},
		{name: "with which the bucket was made", log: []string{tagged(soon, "CreateBucket", `"CreateBucketConfiguration":{"Tags":{"Tag":{"Key":"pii","Value":"true"}}}`)}, change: remade(soon), side: "yes!", saying: "the tag pii=true, set by CreateBucket"},
		{name: "of a bucket that was made again later", log: []string{secret}, change: remade(ten.Add(3 * time.Hour)), side: "yes!", saying: "Classification=secret"},
		{name: "confidential while it is open", log: []string{tag(late, "Classification", "secret")}, side: "yes!", saying: "Classification=secret"},
		{name: "confidential after it was shut", change: closed, log: []string{tag(ten.Add(3*time.Hour), "Classification", "secret")}, absent: "Classification"},
		{name: "called public once it is open", log: []string{tag(late, "public", "true")}, absent: "public=true"},
		{name: "not in the log", log: []string{lost}, side: "missing", saying: "the log does not hold the tags that PutBucketTagging set (eventID"},
		{name: "more than are kept", log: many, side: "missing", saying: "its tags changed more often than is kept"},
		{name: "called public by who opened it, just before", log: []string{byAnn(tag(soon.Add(time.Minute), "public", "true"))}, side: "missing", saying: "set by PutBucketTagging of ann on " + ten.Format(time.DateOnly), absent: "public=true"},
		{name: "called public by who opened it, the day before", log: []string{byAnn(tag(early, "public", "true"))}, side: "no", saying: "the tag public=true"},
		{name: "called public by another, just before", log: []string{tag(soon.Add(time.Minute), "public", "true")}, side: "no", saying: "the tag public=true"},
		{name: "called public by who made the bucket just before", log: []string{byAnn(tag(soon.Add(2*time.Minute), "public", "true"))}, change: remade(soon.Add(time.Minute)), side: "no", saying: "the tag public=true"},
		{name: "taken away by who opened it, just before", log: []string{secret, byAnn(tagged(soon.Add(time.Minute), "DeleteBucketTagging", `"tagging":""`))}, side: "yes!", saying: "which who opened it took away before he did"},
		{name: "put in another's place by who opened it", log: []string{secret, byAnn(tag(soon.Add(time.Minute), "Classification", "public"))}, side: "yes!", saying: "the tag Classification=secret, set by PutBucketTagging of infra", absent: "Classification=public"},
		{name: "changed by who opened it and had set it", log: []string{byAnn(secret), byAnn(tag(soon.Add(time.Minute), "Classification", "public"))}, side: "no", saying: "Classification=public", absent: "Classification=secret"},
		{name: "called public by who opened it, within the week, where others had tagged", log: []string{tag(long, "team", "web"), byAnn(tag(early, "public", "true"))}, side: "missing", saying: "set by PutBucketTagging of ann on " + early.Format(time.DateOnly), absent: "public=true"},
		{name: "called public by who opened it, before that week", log: []string{tag(long, "team", "web"), byAnn(tag(long.Add(time.Hour), "public", "true"))}, side: "no", saying: "the tag public=true"},
		{name: "taken away by who opened it, within the week", log: []string{tag(long, "Classification", "secret"), byAnn(tagged(early, "DeleteBucketTagging", `"tagging":""`))}, side: "yes!", saying: "which who opened it took away before he did"},
		{name: "taken away by who opened it, before that week", log: []string{tag(long, "Classification", "secret"), byAnn(tagged(long.Add(time.Hour), "DeleteBucketTagging", `"tagging":""`))}, absent: "Classification"},
		{name: "called public within the week by who opened it and made the bucket", log: []string{tag(long, "team", "web"), byAnn(tagged(early.Add(-time.Hour), "CreateBucket", `"x":1`)), byAnn(tag(early, "public", "true"))}, change: remade(early.Add(-time.Hour)), side: "no", saying: "the tag public=true"},
		{name: "taken away by another, just before", log: []string{secret, tagged(soon.Add(time.Minute), "DeleteBucketTagging", `"tagging":""`)}, absent: "Classification"},
		{name: "of an object, set later", log: []string{tagged(soon, "PutObjectTagging", `"key":"k","tagging":"","Tagging":{"TagSet":{"Tag":{"Key":"pii","Value":"true"}}}`)}, change: object, side: "yes!", saying: "the tag pii=true, set by PutObjectTagging"},
		{name: "of an object, called public by who opened it", log: []string{byAnn(tagged(soon.Add(time.Minute), "PutObjectTagging", `"key":"k","tagging":"","Tagging":{"TagSet":{"Tag":{"Key":"public","Value":"true"}}}`))}, change: object, side: "missing", saying: "so that it counts for nothing", absent: "public=true"},
		{name: "of an object", log: []string{upload}, change: object, side: "yes!", saying: "Classification=restricted, set by PutObject"},
		{name: "of another object", log: []string{upload}, change: func(a *Alert) { a.Key = "other" }, absent: "Classification"},
		{name: "of another bucket", log: []string{secret}, change: func(a *Alert) { a.Bucket = "acme-other" }, absent: "Classification"},
	})
}

// Tags of a bucket that is gone say nothing of the next of its name.
func TestTagsOfAFormerBucket(t *testing.T) {
	early, soon := ten.AddDate(0, 0, -5), ten.Add(-time.Hour)
	open := tagged(ten, "PutBucketPolicy", `"bucketPolicy":{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::acme-data/*"}]}`)
	secret := tag(early, "Classification", "secret")
	unblock := tagged(soon.Add(time.Minute), "DeleteBucketPublicAccessBlock", `"x":1`)
	for name, test := range map[string]struct {
		log  []string
		want Answer
	}{
		"the same bucket": {[]string{secret, open}, Yes},
		"another":         {[]string{secret, tagged(early.Add(time.Hour), "DeleteBucket", `"x":1`), tagged(soon, "CreateBucket", `"x":1`), unblock, open}, Cannot},
	} {
		ledger, baseline := replay.NewLedger(), replay.NewBaseline()
		_, err := trail.Scan(strings.NewReader(strings.Join(test.log, "\n")), trail.Options{}, func(h *trail.Header, raw []byte) error {
			baseline.Observe(h)
			ledger.Take(h, raw)
			return nil
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
		baseline.Settle()
		found := Rank(ledger, baseline, Known{}).Alerts
		i := slices.IndexFunc(found, func(a Alert) bool { return a.Kind == KindPublic })
		if i < 0 {
			t.Fatalf("%s: no alert of %d is public", name, len(found))
		}
		if got := found[i].flag("bucket-name"); got != test.want {
			t.Errorf("%s: bucket-name is %s, want %s: %+v", name, got, test.want, found[i].flagOf("bucket-name"))
		}
	}
}
