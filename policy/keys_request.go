// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"slices"
	"strings"
	"time"
)

// sessionKey gives the keys of a session (IAM page "AWS global condition
// context keys", sections on the session and the federated principal).
func (w *world) sessionKey(s *subject, key string) *domain {
	session := s.who == roleSession || s.who == webSession || s.open()
	switch key {
	case "aws:sourceidentity":
		if session {
			return optional(texts("?*"))
		}
		return never()
	case "aws:multifactorauthpresent":
		return mfaPresent(s)
	case "aws:multifactorauthage":
		if s.who == userMFA {
			return &domain{numeric: true}
		}
		if session {
			return optional(&domain{numeric: true})
		}
		return never()
	case "aws:tokenissuetime":
		if s.who == unsigned || s.who == service || s.who == user || s.who == root {
			return never()
		}
		return w.issueTime(s)
	case "aws:federatedprovider":
		return w.federatedProvider(s)
	case "aws:chatbotsourcearn", "aws:ec2instancesourcevpc", "aws:ec2instancesourceprivateipv4", "ec2:sourceinstancearn", "lambda:sourcefunctionarn":
		if !session {
			return never()
		}
		return w.workloadKey(key)
	}
	return nil
}

// workloadKey gives the keys of a role's credentials that a machine or a function
// of the caller's own received (IAM page "AWS global condition context keys").
func (w *world) workloadKey(key string) *domain {
	switch key {
	case "aws:ec2instancesourcevpc":
		return optional(oneOf(w.attainable(key, w.foreign.vpc, "vpc-", 5)...))
	case "aws:ec2instancesourceprivateipv4":
		return optional(&domain{ips: anywhere})
	case "ec2:sourceinstancearn":
		return optional(arns("arn:" + w.partition + ":ec2:?*:" + w.foreign.account + ":instance/i-?*"))
	case "lambda:sourcefunctionarn":
		return optional(arns("arn:" + w.partition + ":lambda:?*:" + w.foreign.account + ":function:?*"))
	}
	return unknownKey()
}

func mfaPresent(s *subject) *domain {
	switch {
	case s.who == userMFA:
		return isTrue
	case s.network == throughService && s.who != unsigned:
		return optional(oneOf("false", "true"))
	case s.who == roleSession || s.who == federatedUser || s.who == webSession:
		return oneOf("false", "true")
	}
	return never()
}

// The longest lives of a session's credentials: of a user's (API pages
// "GetFederationToken", "GetSessionToken") and of a role's ("AssumeRole").
const (
	longestSession     = 36 * time.Hour
	longestRoleSession = 12 * time.Hour
)

// issueTime is when a session's credentials were issued: at any instant within the
// longest life of a session before the request.
func (w *world) issueTime(s *subject) *domain {
	if w.at.IsZero() {
		return unknownKey()
	}
	life := longestSession
	if s.who == roleSession || s.who == webSession {
		life = longestRoleSession
	}
	return &domain{from: w.at.Add(-life), to: w.at}
}

func (w *world) federatedProvider(s *subject) *domain {
	switch {
	case s.who == webSession:
		return oneOf(s.provider)
	case s.who == roleSession:
		iam := "arn:" + w.partition + ":iam::" + s.account
		return optional(texts("cognito-identity.amazonaws.com", "accounts.google.com", "graph.facebook.com", "www.amazon.com",
			iam+":oidc-provider/?*", iam+":saml-provider/?*"))
	}
	return never()
}

// networkKey gives the keys of the network path and of headers that a client
// sets (IAM page "AWS global condition context keys").
func (w *world) networkKey(s *subject, key string) *domain {
	endpoint := s.network.private() && s.who != service
	switch key {
	case "aws:sourceip":
		if s.who == service || s.network.private() || s.network == throughService {
			return never()
		}
		return fromInternet
	case "aws:vpcsourceip":
		if endpoint {
			return &domain{ips: anywhere}
		}
		return never()
	case "aws:sourcevpc":
		if endpoint {
			return oneOf(w.attainable(key, w.foreign.vpc, "vpc-", 5)...)
		}
		return never()
	case "aws:sourcevpce":
		if endpoint {
			return oneOf(w.attainable(key, w.foreign.endpoint, "vpce-", 5)...)
		}
		return never()
	case "aws:sourcevpcarn":
		if endpoint {
			return arns("arn:" + w.partition + ":ec2:*:" + w.foreign.account + ":vpc/" + w.foreign.vpc)
		}
		return never()
	case "aws:vpceaccount":
		if endpoint {
			return oneOf(w.endpointAccounts(s)...)
		}
		return never()
	case "aws:vpceorgid":
		if endpoint {
			return optional(oneOf(w.foreign.organization))
		}
		return never()
	case "aws:vpceorgpaths":
		if endpoint {
			return several(optional(texts(w.foreign.organization + "/?*")))
		}
		return never()
	}
	return w.clientKey(s, key)
}

// endpointAccounts are the accounts in which a requester has a VPC endpoint: his
// own, and any that can be had where he does not sign.
func (w *world) endpointAccounts(s *subject) []string {
	if s.account != "" {
		return []string{s.account}
	}
	return w.strangerAccounts()
}

func (w *world) clientKey(s *subject, key string) *domain {
	switch key {
	case "aws:securetransport":
		if s.open() {
			return oneOf("true", "false")
		}
		if s.network == overHTTP {
			return isFalse
		}
		return isTrue
	case "aws:viaawsservice":
		if s.network == throughService && !s.open() {
			return isTrue
		}
		return isFalse
	case "aws:calledvia", "aws:calledviafirst", "aws:calledvialast":
		if s.network != throughService && !s.open() {
			return never()
		}
		d := texts("?*.amazonaws.com")
		d.values = []string{"athena.amazonaws.com", "cloudformation.amazonaws.com"}
		d.absent, d.multi = s.open(), key == "aws:calledvia"
		return d
	case "aws:referer", "aws:useragent":
		return optional(texts("?*")) // an empty header is not sent
	}
	return nil
}

// serviceKey gives the keys that only calls by an AWS service itself carry (IAM
// page "The confused deputy problem").
func (w *world) serviceKey(s *subject, key string) *domain {
	account := w.foreign.account
	if s.behalf != "" {
		account = s.behalf
	}
	switch key {
	case "aws:sourcearn":
		if s.who != service {
			return never()
		}
		d := arns("arn:" + w.partition + ":?*:*:" + account + ":?*")
		if s.behalf == "" {
			d = arns("arn:"+w.partition+":?*:*:"+account+":?*", "arn:"+w.partition+":s3:::?*")
			// A bucket that is named without a wildcard exists already.
			for _, p := range w.tests[key] {
				if !p.wild {
					d.barred = append(d.barred, p)
				}
			}
		}
		return optional(d)
	case "aws:sourceaccount", "aws:sourceowner":
		if s.who != service {
			return never()
		}
		if s.behalf != "" {
			return optional(oneOf(s.behalf))
		}
		return optional(oneOf(w.accounts()...))
	case "aws:sourceorgid":
		if s.who != service {
			return never()
		}
		if s.org != "" {
			return optional(oneOf(s.org))
		}
		return optional(oneOf(w.attainable(key, w.foreign.organization, "o-", 5)...))
	case "aws:sourceorgpaths":
		if s.who != service {
			return never()
		}
		if s.org != "" {
			return several(optional(texts(s.org + "/?*")))
		}
		return several(optional(texts(w.foreign.organization + "/?*")))
	}
	return nil
}

// accounts lists account ids that a stranger can have: the fresh one and one
// for each pattern that leaves digits open.
func (w *world) accounts() []string {
	return w.attainable("aws:sourceaccount", w.foreign.account, "", 11)
}

// requestKey gives the keys of S3's own that depend on the action (service
// authorization page "Actions, resources, and condition keys for Amazon S3").
func requestKey(s *subject, key string, a *action, w *world) (*domain, bool) {
	signed := s.who != unsigned && s.who != service
	switch key {
	case "s3:authtype":
		if signed {
			return oneOf("REST-HEADER", "REST-QUERY-STRING", "POST"), true
		}
		return never(), true
	case "s3:signatureversion":
		if signed {
			return oneOf("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256", "AWS"), true
		}
		return never(), true
	case "s3:signatureage":
		if signed {
			return &domain{numeric: true}, true
		}
		return never(), true
	case "s3:x-amz-content-sha256":
		if signed {
			return optional(texts("?*")), true
		}
		return never(), true
	case "s3:tlsversion":
		d := oneOf("1.3", "1.2")
		d.absent = s.open()
		if s.network == overHTTP {
			d = never()
		}
		return d, true
	}
	carriers, ok := knownTo(key)
	if !ok {
		return nil, false
	}
	if !carriers.has(a) {
		return never(), true
	}
	return requestValue(s, key, w), true
}

func requestValue(s *subject, key string, w *world) *domain {
	switch key {
	case "s3:versionid":
		// A request about a version names it.
		d := texts("?*")
		d.values = []string{"null"}
		return d
	case "s3:x-amz-acl":
		return likely("private", "public-read", "public-read-write", "authenticated-read", "aws-exec-read", "bucket-owner-read", "bucket-owner-full-control", "log-delivery-write")
	case "s3:x-amz-grant-read", "s3:x-amz-grant-write", "s3:x-amz-grant-read-acp", "s3:x-amz-grant-write-acp", "s3:x-amz-grant-full-control":
		return likely("id=CANONICAL-USER-ID", "uri=http://acs.amazonaws.com/groups/global/AllUsers", "uri=http://acs.amazonaws.com/groups/global/AuthenticatedUsers")
	case "s3:x-amz-storage-class":
		return likely("STANDARD", "STANDARD_IA", "GLACIER")
	case "s3:object-lock-mode":
		return likely("GOVERNANCE", "COMPLIANCE")
	case "s3:object-lock-legal-hold":
		return likely("ON", "OFF")
	case "s3:if-none-match":
		return likely("*") // all that S3 takes today (API page "PutObject")
	case "s3:max-keys", "s3:object-lock-remaining-retention-days":
		return optional(&domain{numeric: true})
	case "s3:requestobjecttagkeys":
		return several(optional(texts("?*")))
	case "s3:objectcreationoperation":
		return oneOf("true", "false")
	case "s3:x-amz-copy-source", "s3:x-amz-metadata-directive":
		// A copy must be signed (API page "CopyObject").
		if s.who == unsigned {
			return never()
		}
		if key == "s3:x-amz-metadata-directive" {
			return likely("COPY", "REPLACE")
		}
		return optional(texts("?*"))
	case "s3:x-amz-server-side-encryption":
		// Encryption with KMS needs a signed request (S3 page "Using
		// server-side encryption with AWS KMS keys").
		if s.who == unsigned {
			return optional(oneOf("AES256"))
		}
		return optional(oneOf("AES256", "aws:kms", "aws:kms:dsse"))
	case "s3:x-amz-server-side-encryption-aws-kms-key-id":
		switch {
		case s.who == unsigned:
			return never()
		case s.open():
			return optional(texts("?*"))
		}
		// A bare alias is the caller's own (API page "PutObject").
		d := arns("arn:"+w.partition+":kms:?*:"+w.foreign.account+":key/?*", "arn:"+w.partition+":kms:?*:"+w.foreign.account+":alias/?*")
		d.free = append(d.free, newPattern("alias/?*"))
		return optional(nameless(d))
	}
	if key == "s3:prefix" || key == "s3:delimiter" {
		return optional(texts("*"))
	}
	return optional(texts("?*")) // an empty header is not sent
}

// likely is a header with the values that S3 knows; others are possible, since S3
// may learn more.
func likely(values ...string) *domain {
	d := optional(texts("?*"))
	d.values = values
	return d
}

// carriers are the actions whose requests can carry a key.
type carriers struct {
	set  actionSet          // of the catalogue
	more func(*action) bool // for actions that the catalogue lacks; nil where none can
}

func (c *carriers) has(a *action) bool {
	if a.index < len(catalogue) {
		return c.set.has(a.index)
	}
	return c.more != nil && c.more(a)
}

// of gives those of a list, which begins with the catalogue.
func (c *carriers) of(list []action) actionSet {
	set := c.set
	for i := len(catalogue); i < len(list); i++ {
		if c.has(&list[i]) {
			set.add(i)
		}
	}
	return set
}

func among(names ...string) *carriers {
	return &carriers{set: setOf(catalogue, func(a *action) bool { return slices.Contains(names, a.name) })}
}

func where(pick func(*action) bool) *carriers { return &carriers{setOf(catalogue, pick), pick} }

var (
	listing     = among("s3:ListBucket", "s3:ListBucketVersions")
	putsACL     = among("s3:PutObject", "s3:PutObjectAcl", "s3:PutObjectVersionAcl", "s3:PutBucketAcl", "s3:CreateBucket")
	encrypts    = among("s3:PutObject", "s3:ReplicateObject")
	putsObject  = among("s3:PutObject")
	ifMatches   = among("s3:PutObject", "s3:DeleteObject")
	retains     = among("s3:PutObject", "s3:PutObjectRetention")
	holds       = among("s3:PutObject", "s3:PutObjectLegalHold")
	tags        = among("s3:PutObject", "s3:PutObjectTagging", "s3:PutObjectVersionTagging")
	creates     = among("s3:CreateBucket")
	ofVersions  = where(func(a *action) bool { return strings.Contains(a.name, "Version") && a.level == onObject })
	readsTagged = where(func(a *action) bool {
		return a.level == onObject && (strings.HasPrefix(a.name, "s3:GetObject") || strings.HasSuffix(a.name, "Acl") ||
			strings.HasSuffix(a.name, "Tagging") || a.name == "s3:RestoreObject")
	})
)

// knownTo gives the actions whose requests can carry a key.
func knownTo(key string) (*carriers, bool) {
	switch key {
	case "s3:prefix", "s3:delimiter", "s3:max-keys":
		return listing, true
	case "s3:x-amz-acl", "s3:x-amz-grant-read", "s3:x-amz-grant-write", "s3:x-amz-grant-read-acp",
		"s3:x-amz-grant-write-acp", "s3:x-amz-grant-full-control":
		return putsACL, true
	case "s3:x-amz-server-side-encryption", "s3:x-amz-server-side-encryption-aws-kms-key-id":
		return encrypts, true
	case "s3:x-amz-server-side-encryption-customer-algorithm", "s3:x-amz-storage-class", "s3:x-amz-copy-source",
		"s3:x-amz-metadata-directive", "s3:x-amz-website-redirect-location", "s3:if-none-match", "s3:objectcreationoperation":
		return putsObject, true
	case "s3:if-match":
		return ifMatches, true
	case "s3:versionid":
		return ofVersions, true
	case "s3:object-lock-mode", "s3:object-lock-retain-until-date", "s3:object-lock-remaining-retention-days":
		return retains, true
	case "s3:object-lock-legal-hold":
		return holds, true
	case "s3:requestobjecttagkeys":
		return tags, true
	case "s3:locationconstraint":
		return creates, true
	}
	switch {
	case strings.HasPrefix(key, "s3:requestobjecttag/"):
		return tags, true
	case strings.HasPrefix(key, "s3:existingobjecttag/"):
		return readsTagged, true
	}
	return nil, false
}
