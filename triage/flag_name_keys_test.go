// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/bucketlid/bucketlid/policy"
)

// grade is what a key alone makes of the flag: "yes!" by strong evidence.
func grade(c *Context, key string) string {
	e := &evidence{}
	(&ranker{known: Known{Context: c}}).openedKeys(&Alert{Key: key}, e)
	switch answer := e.answer(); {
	case answer == Yes && len(e.strongFor) > 0:
		return "yes!"
	default:
		return string(answer)
	}
}

// keyGrades is the table of keys, by what each tells alone.
var keyGrades = map[string]string{
	"yes!": `.env | prod/.env | app/.env.production | config/staging.env | .aws/credentials | backup/.AWS/Credentials | .kube/config | home/ann/.ssh/id_rsa | id_rsa | ID_RSA.bak | deploy_key.ppk |
		keys/server.key | 1.pem | tls/privkey.pem | signing.p12 | a.kdbx | team.kdbx.zip | wallet.dat | coins/UTC--2026-01-01T00 | terraform.tfstate | prod.tfstate | prod/terraform.tfstate.backup |
		terraform.tfstate.1.gz | prod.tfvars | .git/config | site/.git/objects/ab/cdef | .svn/entries | shadow | etc/shadow | .htpasswd | admin/.htpasswd.old | wp-config.php | wp-config.php.bak |
		config/database.yml | dump.rdb | dump.sql | dump.sql.gz | 2026/nightly.sql.xz | users.sqlite | crm.mdb | archive.pst | mail/ann.mbox | emails.mbox | scan1.dcm | java_pid42.hprof | lsass.dmp |
		client_secret_123.json | credentials.csv | rootkey.csv | .npmrc | .docker/config.json | .bash_history |
		customers.csv | 1-id_rsa | prod_wallet.dat | acme-database.yml | creditcards.csv | credit-cards.xlsx | Credit Cards 2026.xlsx | ssn.txt | salaries.xlsx | 2026/payroll.csv | customer-list.xlsx | users.csv | db/users.bak | secrets.yaml | passwords.txt | mailExport/contacts/customers.json |
		export\kunden.csv | Kundenliste.xlsx | gehälter-2026.xlsx | Zugangsdaten.txt | mots-de-passe.txt | contraseñas.txt | clientes.csv | nóminas.xlsx | senhas.txt | pazienti.csv | wachtwoorden.txt | klanten.csv |
		paspoorten.csv | passports.zip | customers.tar.gz | backup.tar.gz | orders/pedidos.csv | bestellungen.csv`,
	"yes": `customers/1.csv | kunden/x.csv | patients/1.json | passports/1.jpg | scans/reisepass/1.png | invoices/2026.pdf | contracts/a.pdf | hr/ben.pdf | private/x | orders/2026.csv | backups/x |
		payroll | passport-ann.pdf | dump.sql.gpg | customers.csv.age | id_rsa.gpg | a.eml | contacts.vcf | disk.vmdk | trace.pcap | app.log | schema.sql | migrations/001.sql | sample.tfvars |
		docker-compose.yml | backups/ | logs/x.json`,
	"no": `index.html | prod/index.html | css/private.css | docs/api-keys.html | articles/how-to-backup.html | news/customers-love-us.html | customers.html | backup/site.css | prod/app.js.map |
		fonts/secret.woff2 | favicon.ico | robots.txt | sitemap.xml | sitemap.xml.gz | admin/login.html | logo.svg | img/passport.svg | index.html.gz | index.html.bak | img/cat.jpg | static/users/card.png | assets/team.webp`,
	"unknown": `a.txt | report.xlsx | data.csv | cat.jpg | user-card.png | id_rsa.pub | .env.example | .env.sample | .env.template | .aws/credentials.example | dump.sql.sha256 | keynote.key | slides/launch.key |
		tls/fullchain.pem | ca-bundle.pem | img/passport-photo-howto.jpg | x | / | // | . | .. | ... | ~ | app-v1.2 | shadow.psd | brochure.pdf | box.tar | monkeys.csv | keyboard.pdf | a/b/c |
		js/secrets.js | .env.html | id_rsa.css | keys/server.key.js | db-dump.sql.html | .env.production.js.map | test/cat.jpg`,
}

func TestKeys(t *testing.T) {
	for want, keys := range keyGrades {
		for _, key := range strings.Split(keys, "|") {
			key = strings.TrimSpace(key)
			if got := grade(nil, key); got != want {
				t.Errorf("%q: %s, want %s: %+v", key, got, want, (*Context)(nil).readKey(key, "the key"))
			}
		}
	}
}

// What a policy's Resource tells by its keys, and by what it names beside
// wildcards.
func TestScopes(t *testing.T) {
	for want, keys := range map[string]string{
		"yes!":    ".env | prod/.env | id_rsa* | .ssh/* | site/.git/* | *.sql | */.env | tenants/*/.env | terraform.tfstate* | customers.csv | *.pem | .env* | backups/*.sql.gz",
		"yes":     "customers/* | customers/*/photo-* | kunden/2026/* | backup-* | tfstate/* | private* | hr/*/a?b* | logs/* | passports/?",
		"no":      "index.html | assets/* | public/img/* | *.css | downloads/v* | robots.txt",
		"unknown": "* | *.* | ? | */* | a/* | x/y | test/* | demo-* | public/backups/* | */ | ** | *.jpg | customers/*.jpg | ",
	} {
		for _, key := range strings.Split(keys, "|") {
			e := &evidence{}
			(&ranker{}).openedScope(&Alert{Scope: policy.Scope{Include: []string{"b", "b/" + strings.TrimSpace(key)}}}, e)
			got := string(e.answer())
			if len(e.strongFor) > 0 && got == "yes" {
				got = "yes!"
			}
			if got != want {
				t.Errorf("%q: %s, want %s: %+v", key, got, want, e)
			}
		}
	}
}

// What people said of a word stands over the tables of words, not of files.
func TestKeysWithContext(t *testing.T) {
	c := told(t, "sensitive_words: [{word: phoenix, means: the merger}]\nharmless_words: [{word: customers, means: a play}, {word: backup, means: a film}]\n")
	for key, want := range map[string]string{
		"customers.csv": "unknown", "backup.tar.gz": "unknown", "phoenix/plan.pdf": "yes", "phoenix.pdf": "yes!", "phoenix.html": "unknown", "backup.sql": "yes!", "customers/.env": "yes!",
	} {
		if got := grade(c, key); got != want {
			t.Errorf("%q: %s, want %s", key, got, want)
		}
	}
}

// A key's folders never make more of a file than its name: whatever is put
// before it, a site's file is no strong evidence.
func TestKeysOfSites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		folder := rapid.SampledFrom([]string{"customers", "backup", "private", "prod", "a", "gehälter", "css"})
		key := strings.Join(rapid.SliceOfN(folder, 0, 4).Draw(t, "folders"), "/") + "/" + folder.Draw(t, "name") + rapid.SampledFrom([]string{".html", ".css", ".js", ".woff2", ".svg"}).Draw(t, "ending")
		if got := grade(nil, key); got != "no" {
			t.Fatalf("%q: %s", key, got)
		}
	})
}

// Keys with which tokens are checked are for everybody; without the document that
// leads to them, the same name may be anything.
func TestPublishedKeys(t *testing.T) {
	const document = "clusters/a/.well-known/openid-configuration"
	for _, test := range []struct {
		keys []string
		want Answer
	}{
		{[]string{document, "clusters/a/keys.json"}, No},
		{[]string{document, "clusters/a/openid/v1/jwks"}, No},
		{[]string{document, "clusters/a/api-keys.json"}, Yes},
		{[]string{"openid-configuration", "keys.json"}, Yes},
		{[]string{"keys.json"}, Yes},
	} {
		opened, got := &evidence{}, &evidence{}
		r := newTestRanker(t)
		r.openedKeys(&Alert{Keys: test.keys}, opened)
		bucketName(r, alert(func(a *Alert) { a.Bucket, a.AccessSeen.Keys = "x", test.keys }), got)
		if opened.answer() != test.want || (len(got.strongFor) > 0) != (test.want == Yes) {
			t.Errorf("%q: %s, want %s: %+v; taken %+v", test.keys, opened.answer(), test.want, opened, got)
		}
	}
}

// Of a site, what is old is called an archive.
func TestTakenArchives(t *testing.T) {
	for key, want := range map[string]Answer{
		"dists/archive-keyring.gpg": Cannot, "archive/2014/a.jpg": Cannot, "archive/2014/notes.pdf": Cannot, "backups/2014/notes.pdf": Yes, "archive/customers/1.pdf": Yes, "archive.tar.gz": Yes,
	} {
		e := &evidence{}
		newTestRanker(t).taken(alert(func(a *Alert) { a.AccessSeen.Keys = []string{key} }), e)
		if e.answer() != want {
			t.Errorf("%s: %s, want %s: %+v", key, e.answer(), want, e)
		}
	}
}

func FuzzKey(f *testing.F) {
	for _, keys := range keyGrades {
		for _, key := range strings.Split(keys, "|") {
			f.Add(strings.TrimSpace(key))
		}
	}
	f.Add("%s%n/\x00\xff.sql\u202e.gz")
	f.Fuzz(func(t *testing.T, key string) {
		for _, s := range (*Context)(nil).readKey(key, "an object's key").signs {
			if s.says == "" || s.means == "" || strings.Contains(s.says, "%!") {
				t.Errorf("%q: %+v", key, s)
			}
		}
	})
}
