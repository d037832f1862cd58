// SPDX-License-Identifier: Apache-2.0

package triage

import "strings"

// fileRow is one row of the table of files that are known by name. Names stand
// alone or behind their folder; all are compared in lower case, after what they
// were packed or put aside with (".gz", ".bak").
type fileRow struct {
	means    string
	strong   bool
	names    string // whole
	begins   string // how names begin
	endings  string // behind the last dot
	folders  string // all below them
	mildened string // words beside which it tells less
	except   string // words beside which it tells nothing
}

// fileTable lists what files hold by their names, as the programs that write
// them name them.
var fileTable = []fileRow{
	{means: "secrets", strong: true, names: ".env .envrc .dotenv env.production env.local secrets.yml secrets.yaml secrets.json secret.yml secret.yaml secret.json secrets.env vault.yml vault.yaml .vault-token " +
		"master.key unseal-keys.json unseal-keys.txt local_settings.py", begins: ".env. .env-", endings: "env envrc tfvars"},
	{means: "credentials", strong: true, names: ".aws/credentials .aws/config credentials.csv credentials.json credentials.xml accesskeys.csv rootkey.csv new_user_credentials.csv .netrc _netrc .pgpass .my.cnf " +
		".npmrc .yarnrc.yml .pypirc .dockercfg .docker/config.json .dockerconfigjson .git-credentials .htpasswd .s3cfg .boto .passwd-s3fs rclone.conf .rclone.conf filezilla.xml sitemanager.xml " +
		"recentservers.xml .ftpconfig sftp-config.json .remote-sync.json winscp.ini wp-config.php wp-config.txt configuration.php database.yml database.yaml db.properties jdbc.properties .kube/config kubeconfig " +
		"admin.conf service-account.json serviceaccount.json service_account.json application_default_credentials.json accesstokens.json azureprofile.json client_secret.json client_secrets.json token.json token.pickle " +
		"credentials.db access_tokens.db etc/shadow shadow shadow- etc/passwd gshadow etc/sudoers ntds.dit unattend.xml autounattend.xml groups.xml logins.json key3.db key4.db signons.sqlite cookies.sqlite " +
		"keychain-db .bash_history .zsh_history .sh_history .mysql_history .psql_history .python_history .rediscli_history kadm5.keytab krb5.keytab settings-security.xml .m2/settings.xml gradle.properties " +
		"nuget.config .terraformrc credentials.tfrc.json .gem/credentials .cargo/credentials .cargo/credentials.toml .circleci/cli.yml passwords.txt password.txt passwd.txt",
		begins: "client_secret_ service-account- serviceaccount- service_account_ firebase-adminsdk accesskeys_", endings: "htpasswd netrc pgpass ovpn kubeconfig"},
	{means: "private keys", strong: true, names: "id_rsa id_dsa id_ecdsa id_ed25519 id_ecdsa_sk id_ed25519_sk identity.ppk privkey.pem private.pem private.key server.key ssh_host_rsa_key ssh_host_ecdsa_key ssh_host_ed25519_key secring.gpg trustdb.gpg",
		begins: "id_rsa. id_rsa_ id_ed25519. id_ed25519_ id_ecdsa. id_dsa. privkey private-key private_key privatekey", endings: "key ppk pfx p12 pkcs12 jks keystore bks keytab snk pvk pem p8", folders: ".ssh .gnupg",
		except: "keynote keynotes slides slide deck talk talks presentation presentations folien pitch ca cert certs cacert cacerts certificate certificates chain fullchain bundle root crt intermediate isrg public pub pubkey"},
	{means: "passwords", strong: true, names: "keepass.config.xml", endings: "kdbx kdb psafe3 agilekeychain opvault 1pif 1pux enpass keychain"},
	{means: "a cryptocurrency's keys", strong: true, names: "wallet.dat wallet.json wallet.aes.json keystore.json mnemonic.txt seed.txt seedphrase.txt", begins: "utc--", endings: "wallet"},
	{means: "infrastructure state", strong: true, names: "terraform.tfstate terraform.tfstate.backup errored.tfstate", endings: "tfstate", folders: ".terraform .pulumi"},
	{means: "cluster state", strong: true, names: "etcd.db", begins: "etcd-snapshot etcd-backup", folders: ".kube"},
	{means: "source code and its history", strong: true, folders: ".git .svn .hg .bzr cvs"},
	{means: "settings with access to clouds", strong: true, folders: ".aws .azure .gcloud .docker .oci"},
	{means: "dumps of databases", strong: true, names: "dump.rdb appendonly.aof", endings: "sql dump dmp pgdump mysqldump bson bacpac aof rdb", mildened: "schema schemas migration migrations ddl create init"},
	{means: "databases", strong: true, endings: "sqlite sqlite3 db3 mdb accdb mdf ldf ndf ibd myd fdb gdb realm"},
	{means: "databases", endings: "db dbf"},
	{means: "images of a program's memory", strong: true, names: "heapdump lsass.dmp memory.dmp hiberfil.sys pagefile.sys", begins: "java_pid", endings: "hprof mdmp vmem"},
	{means: "mailboxes", strong: true, endings: "pst ost mbox nsf edb dbx"},
	{means: "messages", endings: "eml msg vcf"},
	{means: "health data", strong: true, endings: "dcm dicom hl7"},
	{means: "backups", endings: "bkf bkp vbk vib tib gho tibx"},
	{means: "machine images", endings: "vmdk vhd vhdx qcow qcow2 ova vdi"},
	{means: "network traffic", endings: "pcap pcapng cap"},
	{means: "settings, perhaps with secrets", names: "appsettings.json appsettings.production.json application.properties application.yml application.yaml web.config app.config settings.py config.php config.inc.php docker-compose.yml docker-compose.yaml .travis.yml authorized_keys known_hosts .bashrc .profile"},
	{means: "logs", names: "syslog messages auth.log access_log error_log", endings: "log"},
}

// keyWordLists are further words, of keys only: as parts of the names of
// buckets they tell less.
var keyWordLists = map[string]string{
	"customer data": "order orders bestellung bestellungen commande commandes pedido pedidos encomenda encomendas ordine ordini bestelling bestellingen kundenliste customerlist clientlist listeclients listaclientes elencoclienti klantenlijst addresses adressen",
	"credentials":   "zugangsdaten anmeldedaten identifiants motsdepasse contrasenas credenciales credenciais credenziali wachtwoord wachtwoorden inloggegevens passwordlist passwortliste",
	"personal data": "personalausweis reisepass reisepasse passeport passeports pasaporte passaporte passaporti paspoort paspoorten carteidentite cartaidentita rijbewijs fuhrerschein dni bsn cpf codicefiscale socialsecurity birthdates geburtsdaten",
	"finance":       "kontoauszug kontoauszuge kontoauszuege releve releves extractos estratto bankstatement bankstatements steuererklarung",
	"pay":           "bulletinpaie fichepaie gehaltsliste lohnliste loonstrook loonstroken bustapaga bustepaga holerite holerites",
}

var keyWordTable = wordTable(keyWordLists)

// packings are endings of what files are packed in or put aside as: what stands
// before them says what they are.
var packings = wordSet("gz bz2 xz zst zstd zip 7z rar tar tgz tbz2 lz4 lzma br z bak old orig save swp copy backup tmp 1 2")

// sealed are endings of files that only who has a key can read.
var sealed = wordSet("gpg pgp age enc aes crypt encrypted vault")

// harmlessEndings are of files that stand beside such as the tables name.
var harmlessEndings = wordSet("example sample template tmpl tpl dist pub md5 sha1 sha256 sha512 sig asc sum schema")

// mildWords tell that a file shows how such a file looks.
var mildWords = wordSet("example examples sample samples template templates demo dummy fixture fixtures mock tutorial placeholder")

// siteFiles are endings of files that only make sense on a site, and siteNames
// whole names. A word in their keys tells nothing: sites write about everything.
var (
	siteFiles = wordSet("html htm xhtml css scss less js mjs cjs jsx tsx map ico woff woff2 ttf otf eot webmanifest wasm svg")
	siteNames = wordSet("robots.txt ads.txt app-ads.txt humans.txt security.txt llms.txt manifest.json asset-manifest.json sitemap.xml sitemap.xml.gz browserconfig.xml feed.xml rss.xml atom.xml " +
		"apple-app-site-association assetlinks.json crossdomain.xml openid-configuration oauth-authorization-server jwks.json")
)

// pictureFiles may show anything, and lie on every site: only a word that tells
// of papers and people counts, weakly.
var pictureFiles = wordSet("jpg jpeg png gif webp avif bmp tif tiff heic mp4 webm mov avi mp3 ogg wav m4a")

// tableFiles hold data or settings, so that a word in their name tells what.
var tableFiles = wordSet("csv tsv psv xls xlsx xlsm xlsb ods numbers json jsonl ndjson json5 parquet avro orc feather arrow xml yaml yml toml ini conf cfg cnf properties config txt text dat data sas7bdat sav dta rdata rds pkl pickle npy hdf5 h5")

var pictureMeans = map[string]bool{"personal data": true, "health data": true, "private data": true}

// contentMeans are what the name of a file of data tells strongly. The others,
// such as logs or build output, are as often for everyone.
var contentMeans = map[string]bool{"credentials": true, "keys": true, "secrets": true, "private data": true, "personal data": true, "customer data": true, "user data": true,
	"health data": true, "pay": true, "personnel": true, "finance": true, "payment data": true, "messages": true, "backups": true, "dumps": true, "databases": true, "cluster state": true,
	"infrastructure state": true, "audit records": true, "education records": true}

// fileSign is what the name of a file says.
type fileSign struct {
	means            string
	strong           bool
	mildened, except map[string]bool
}

var (
	fileNames   = filesBy(func(r fileRow) string { return r.names })
	fileBegins  = filesBy(func(r fileRow) string { return r.begins })
	fileEndings = filesBy(func(r fileRow) string { return r.endings })
	fileFolders = filesBy(func(r fileRow) string { return r.folders })
)

func filesBy(list func(fileRow) string) map[string]fileSign {
	out := map[string]fileSign{}
	for _, row := range fileTable {
		for _, name := range strings.Fields(list(row)) {
			if _, twice := out[name]; !twice {
				out[name] = fileSign{row.means, row.strong, wordSet(row.mildened), wordSet(row.except)}
			}
		}
	}
	return out
}
