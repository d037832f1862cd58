// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"slices"
	"testing"
)

func TestTokens(t *testing.T) {
	for name, want := range map[string][]string{
		"acme-kops-state":         {"acme", "kops", "state"},
		"Acme_Backup.2019":        {"acme", "backup", "2019"},
		"backup2019-acme":         {"backup", "acme"},
		"acme-k8s-logs01":         {"acme", "k8s", "logs"},
		"www.example.com":         {"www", "example", "com"},
		"":                        {},
		"--..__":                  {},
		"données-clients":         {"donnees", "clients"},
		"111122223333-cloudtrail": {"111122223333", "cloudtrail"},
	} {
		if got := tokens(name); !slices.Equal(got, want) {
			t.Errorf("tokens(%q) is %q, want %q", name, got, want)
		}
	}
}

func TestBucketNameFlag(t *testing.T) {
	for name, want := range map[string]Answer{
		"acme-kops-state":    Yes,
		"backup2019":         Yes,
		"prod-db1":           Yes,
		"acme.kunden":        Yes,
		"cdn-assets":         No,
		"www.example.com":    No,
		"shop.example":       No,
		"acme-data":          Cannot,
		"b":                  Cannot,
		"mycustomerbackups":  Yes,
		"kopsstateprod":      Yes,
		"Gehälter-2026":      Yes,
		"acmeStaticAssets":   No,
		"blogposts":          Cannot,
		"republic":           Cannot,
		"":                   Cannot,
		"public-backups":     Cannot, // one word for, one against
		"secretary-lunch":    Cannot, // no token is "secret"
		"logstash-demo":      Cannot, // a trial is neither
		"acme-ml-scratch":    Cannot,
		"www-test":           No,
		"test-payroll":       Cannot,
		"catalogs-and-state": Yes,
		".com":               Cannot,
		// In the name of a site some words tell of a trade; data is data there too.
		"legal.acme.com":          No,
		"www.stadt-klinik.de":     No,
		"patients.acme.com":       Cannot,
		"legal-acme":              Yes,
		"acme.finance.dev":        Cannot, // a stage, as likely as a site
		"acme-cartelle-cliniche":  Yes,
		"acme-befunde":            Yes,
		"kita-anmeldungen-2026":   Yes,
		"acme-training":           Yes,
		"inscripciones-deportes":  Yes,
		"salud-ocupacional-fotos": Yes,
	} {
		e := &evidence{}
		bucketName(newTestRanker(t), alert(func(a *Alert) { a.Bucket = name }), e)
		f := e.flag(FlagRow{})
		if f.Answer != want {
			t.Errorf("%q: %s, want %s (for %q, against %q)", name, f.Answer, want, f.For, f.Against)
		}
		if (want == Yes) != (len(f.For) > 0 && len(f.Against) == 0) || (want == No) != (len(f.For) == 0 && len(f.Against) > 0) {
			t.Errorf("%q: the evidence does not fit: for %q, against %q", name, f.For, f.Against)
		}
	}
}
