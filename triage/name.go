// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"slices"
	"strings"
	"unicode"
)

// sensitiveWords are tokens of bucket names that tell of content that is not
// for the public, with what they tell of.
var sensitiveWords = map[string]string{
	"kops": "cluster state", "terraform": "infrastructure state", "tfstate": "infrastructure state", "etcd": "cluster state",
	"state": "infrastructure state", "kubernetes": "cluster state", "k8s": "cluster state", "ansible": "infrastructure code",
	"backup": "backups", "backups": "backups", "bak": "backups", "dump": "dumps", "dumps": "dumps", "snapshot": "backups", "snapshots": "backups",
	"sicherung": "backups", "sauvegarde": "backups", "respaldo": "backups",
	"log": "logs", "logs": "logs", "audit": "audit records", "cloudtrail": "audit records",
	"secret": "secrets", "secrets": "secrets", "credential": "credentials", "credentials": "credentials", "keys": "keys",
	"password": "credentials", "passwords": "credentials", "vault": "secrets", "private": "private data", "confidential": "private data",
	"intern": "internal data", "internal": "internal data", "vertraulich": "private data", "confidentiel": "private data",
	"pii": "personal data", "personal": "personal data", "customer": "customer data", "customers": "customer data", "kunden": "customer data",
	"clients": "customer data", "clientes": "customer data", "user": "user data", "users": "user data",
	"patient": "health data", "patients": "health data", "health": "health data", "medical": "health data", "hipaa": "health data",
	"payroll": "pay", "salary": "pay", "salaries": "pay", "gehalt": "pay", "lohn": "pay", "nomina": "pay", "hr": "personnel", "personnel": "personnel",
	"finance": "finance", "financial": "finance", "invoice": "finance", "invoices": "finance", "billing": "finance", "rechnung": "finance",
	"rechnungen": "finance", "factures": "finance", "facturas": "finance", "tax": "finance", "bank": "finance",
	"legal": "legal", "contract": "legal", "contracts": "legal", "vertrag": "legal", "source": "source code", "src": "source code",
	"build": "build output", "artifacts": "build output", "artefacts": "build output", "ci": "build output", "database": "databases", "db": "databases", "sql": "databases",
	"prod": "production", "production": "production", "export": "data taken out", "exports": "data taken out", "kube": "cluster state", "kubeconfig": "credentials", "secretkey": "credentials", "pem": "keys",
}

// publicWords are tokens of names meant for the public.
var publicWords = map[string]string{
	"www": "a website", "web": "a website", "website": "a website", "site": "a website", "static": "static content", "assets": "static content",
	"cdn": "static content", "public": "public content", "images": "static content", "img": "static content", "downloads": "public content",
	"media": "static content", "blog": "a website", "docs": "documentation", "opendata": "public content",
}

// domainEndings are last labels by which a bucket is named like a site.
var domainEndings = map[string]bool{
	"com": true, "org": true, "net": true, "io": true, "dev": true, "app": true, "example": true, "eu": true, "de": true, "uk": true,
	"fr": true, "es": true, "it": true, "nl": true, "info": true, "edu": true, "gov": true, "ch": true, "at": true, "co": true, "us": true,
}

// tokens splits a name at everything that is no letter or digit; a number at
// the end of a word is cut off ("backup2019", but "k8s" stays).
func tokens(name string) []string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	for i, w := range words {
		if bare := strings.TrimRightFunc(w, unicode.IsDigit); bare != "" {
			words[i] = bare
		}
	}
	return words
}

func bucketNameFlag(_ *ranker, a *Alert, f *Flag) {
	if a.Bucket == "" {
		return
	}
	for _, key := range append(slices.Clone(a.Keys), a.Key) {
		key, _, _ = strings.Cut(key, "?versionId=")
		for _, w := range tokens(key) {
			if what, ok := sensitiveWords[w]; ok {
				f.For = appendNew(f.For, `"`+w+`" in an object's key tells of `+what)
			}
		}
	}
	for _, w := range tokens(a.Bucket) {
		if what, ok := sensitiveWords[w]; ok {
			f.For = append(f.For, `"`+w+`" tells of `+what)
		}
		if what, ok := publicWords[w]; ok {
			f.Against = append(f.Against, `"`+w+`" tells of `+what)
		}
	}
	if dot := strings.LastIndexByte(a.Bucket, '.'); dot > 0 && domainEndings[a.Bucket[dot+1:]] {
		f.Against = append(f.Against, "named like a website's domain")
	}
	switch {
	case len(f.For) > 0 && len(f.Against) == 0:
		f.Answer = Yes
	case len(f.Against) > 0 && len(f.For) == 0:
		f.Answer = No
	}
}
