// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"maps"
	"slices"
	"strings"
)

// Words of bucket names and object keys, with what they tell of: English, German, French,
// Spanish, Portuguese, Italian and Dutch, without accents. A token counts whole,
// or when it is made of words that are known (see segments).
var sensitiveLists = map[string]string{
	"cluster state":           "kops kubeadm etcd kube kubernetes k8s rancher openshift helmstate",
	"infrastructure state":    "terraform tfstate tf terragrunt pulumi state statefile statefiles cloudformation cfn ansible chef puppet infra infrastructure",
	"backups":                 "backup backups bkp bkup bak restore snapshot snapshots archive archives archiv archivos vault sicherung sicherungen datensicherung sauvegarde sauvegardes respaldo respaldos copias copia salvataggio salvataggi reservekopie",
	"dumps":                   "dump dumps mysqldump pgdump sqldump heapdump coredump coredumps export exports extract extracts volcado volcados",
	"databases":               "database databases db dbs sql mysql postgres postgresql mongo mongodb oracle mssql redshift dynamodb rds sqlite datenbank datenbanken basededatos dwh warehouse datalake",
	"logs":                    "log logs logging syslog syslogs accesslog accesslogs flowlog flowlogs elblogs protokoll protokolle journaux registros",
	"audit records":           "audit audits auditlog auditlogs cloudtrail trail trails guardduty siem forensic forensics revision",
	"credentials":             "credential credentials creds password passwords passwd pwd kennwort kennworter passwort passworter motdepasse contrasena contrasenas senha senhas htpasswd kubeconfig keytab token tokens apikey apikeys",
	"keys":                    "key keys sshkeys pem pfx p12 jks keystore privatekey privatekeys schluessel schlussel llaves cles certificate certificates cert certs zertifikat zertifikate",
	"secrets":                 "secret secrets geheim geheimnis geheimnisse secreto secretos segreto segreti sealed envfiles dotenv",
	"private data":            "private privat prive privado privada privato confidential confidentiel confidencial vertraulich vertrouwelijk riservato restricted sensitive classified nda",
	"internal data":           "internal intern interne interno interna intranet corp corporate staffonly",
	"personal data":           "pii gdpr dsgvo rgpd personal personenbezogen persoonlijk personnelles personales pessoais identity identities passport passports ausweis ausweise pasaportes ssn kyc aml drivinglicence selfies biometric biometrics biometrie facial dob",
	"customer data":           "customer customers client clients cliente clientes clienti kunde kunden klant klanten crm lead leads loyalty subscriber subscribers abonnenten member members mitglieder socios guest guests gast gaeste",
	"user data":               "user users userdata uploads upload useruploads profile profiles account accounts benutzer nutzer utilisateurs usuarios utenti gebruikers signup signups registration registrations enrolment enrolments enrollment enrollments anmeldung anmeldungen inscriptions inscripciones inscricoes iscrizione iscrizioni inschrijving inschrijvingen",
	"messages":                "mail mails email emails mailbox mailboxes chat chats message messages sms transcripts voicemail voicemails recordings recording callrecordings faxe fax",
	"health data":             "patient patients patienten pacientes pazienti health healthcare medical medicine medizin medizinisch medico medicos hipaa phi ehr emr dicom xray radiology pathology clinical clinic klinik hospital krankenhaus hopital genome genomics dna diagnosis diagnostics prescription prescriptions insurance versicherung cliniche clinica clinici clinico clinicas clinicos clinique cliniques klinisch klinische kliniken klinieken patientenakte patientenakten krankenakte krankenakten arztbrief arztbriefe befund befunde salute sanitario sanitaria sanitari sante salud saude gezondheid gesundheit gesundheitsdaten medische medisches medicaux medicales ospedale ziekenhuis therapy therapie vaccination vaccinations impfung impfungen",
	"pay":                     "payroll payrolls salary salaries wage wages payslip payslips gehalt gehaelter gehalter lohn loehne lohnabrechnung lohnabrechnungen gehaltsabrechnung gehaltsabrechnungen nomina nominas paie paies bulletins salarios salari stipendi salaris salarissen bonus compensation",
	"personnel":               "hr humanresources personnel personal personalakte personalakten employee employees mitarbeiter bewerbung bewerbungen bewerber applicants recruiting recruitment resume resumes cv cvs candidates rrhh empleados funcionarios dipendenti medewerkers",
	"finance":                 "finance finances financial accounting buchhaltung comptabilite contabilidad contabilita boekhouding invoice invoices billing bills bill rechnung rechnungen facture factures factura facturas fatura faturas fattura fatture tax taxes steuer steuern impots impuestos ledger ledgers bank banking iban sepa swift statement statements treasury budget budgets revenue erp sap netsuite",
	"payment data":            "payment payments pci cardholder cards card creditcard creditcards zahlung zahlungen paiement paiements pagos pagamentos transaction transactions transaktionen chargeback",
	"legal":                   "legal recht juridico juridique contract contracts vertrag vertraege vertrage contrat contrats contrato contratos contratto contratti litigation lawsuit compliance ediscovery merger acquisition dataroom patents",
	"business plans":          "strategy strategie vorstand mna roadmap pricing forecast forecasts sales vertrieb ventas quotes angebote tender",
	"source code":             "source sources src sourcecode code codebase git gitlab github bitbucket repo repos repository repositories svn quellcode",
	"build output":            "build builds artifact artifacts artefact artefacts ci cicd jenkins pipeline pipelines registry docker containers images-internal firmware releases-internal deploy deployment deployments codebuild codepipeline codedeploy",
	"machine images":          "ami amis vmdk vhd vhdx qcow ova ovf rootfs disk disks",
	"the training of models":  "training trainingdata embeddings mlflow sagemaker datasets-internal",
	"production":              "prod production prd produktion produccion producao",
	"security findings":       "pentest pentests vulnerability vulnerabilities vuln vulns findings incident incidents soc malware quarantine threat",
	"education records":       "student students schueler studenten eleves alumnos grades grading exam exams noten transcripts-of-records kindergarten kita kitas kitaplatz daycare creche creches pupils",
	"location and monitoring": "gps location locations tracking telemetry telematics cctv camera cameras footage surveillance",
}

// publicLists are words of names meant for the public.
var publicLists = map[string]string{
	"a website":        "www web website websites page pages webseite webseiten site sites homepage landing landingpage blog blogs wordpress hugo jekyll gatsby spa sitio sitios siteweb webapp frontend shop store microsite campaign event events workshop tutorial charity fundraiser conference",
	"static content":   "static statics asset assets cdn css js fonts font img imgs image images icon icons logo logos media medien banner banners thumbnails thumbs gallery favicon sprites videos podcast podcasts webfonts themes",
	"public content":   "public publico publica pubblico oeffentlich offentlich openbaar public-read download downloads descargas telechargements opendata open dataset datasets mirror mirrors releases press presse prensa stampa brochure brochures newsletter sitemap",
	"documentation":    "doc docs documentation dokumentation documentacion manual manuals handbuch help hilfe ayuda aide javadoc storybook swagger openapi wiki faq",
	testMeans:          "test tests testing acceptance e2e smoketest loadtest fixture fixtures mock mocks selftest trial demo demos sandbox playground example examples sample samples poc tmp temp scratch dummy hello",
	"package delivery": "apt yum deb rpm pypi npm maven helm charts helmcharts packages installer installers updates",
}

// fillerWords mean nothing of their own; names are made with them.
const fillerWords = "my our the new old all app apps data files file folder bucket buckets s3 aws eu us uk de fr dev stage staging qa uat int daily weekly monthly nightly full main core team project group company global europe central east west north south v"

var (
	sensitiveWords = wordTable(sensitiveLists)
	publicWords    = wordTable(publicLists)
	fillers        = wordTable(map[string]string{"": fillerWords})
)

func wordTable(lists map[string]string) map[string]string {
	out := map[string]string{}
	for _, means := range slices.Sorted(maps.Keys(lists)) {
		for _, w := range strings.Fields(lists[means]) {
			if _, known := out[w]; !known {
				out[w] = means
			}
		}
	}
	return out
}

// tradeWords are words for sensitive content that are also trades: in the name
// of a site they tell what it is about, as with a bank, a clinic or a lawyer.
var tradeWords = wordSet("health healthcare medical medicine medizin clinic clinical clinique clinica klinik kliniken hospital krankenhaus hopital ospedale ziekenhuis insurance versicherung therapy therapie vaccination " +
	"sante salud saude salute gezondheid gesundheit radiology legal recht juridico juridique bank banking finance financial tax taxes steuer steuern impots payment payments camera cameras gps daycare kindergarten kita creche recruiting recruitment")

// stageEndings are endings of sites that also name a stage or a place of work,
// as in "acme.finance.dev".
var stageEndings = wordSet("dev app cloud store site")

// domainEndings are last labels by which a bucket is named like a site.
var domainEndings = wordSet("com org net io dev app example eu de uk fr es it nl info edu gov ch at co us ca au be pl pt br in jp se no fi dk ie nz mx ar cl za kr sg hk tv me ai cloud online shop store blog site website agency events charity foundation academy tech")

func wordSet(words string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(words) {
		out[w] = true
	}
	return out
}
