// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// world is what the solver knows of the bucket and of a stranger, apart from
// the policy's rules.
type world struct {
	facts     Facts
	partition string
	region    string
	at        time.Time
	owner     string
	foreign   stranger
	tests     map[string][]*pattern  // patterns of the policy by condition key
	alike     map[string]bool        // see alikeKeys
	attained  map[[2]string][]string // by key and fresh id: see attainable; lazily
	base      string                 // ARN of the bucket or access point
	prefix    string                 // what an object's ARN begins with
	bucket    *pattern
	objects   *pattern
	whole     [2]textRule // by level
	names     names       // that the resources are of
	host      string      // of a request's URL, with what the path begins with; lazily
	memory    subjectMemory
	crowded   bool // more parties are named than are judged
}

// names is what the ARNs of a bucket or access point follow from.
type names struct {
	facts     Facts
	partition string
}

// stranger holds the names that AWS issued to a requester whom the policy does
// not name.
type stranger struct {
	account, organization, vpc, endpoint, roleID, userID string
}

// fewDomains is the number that most policies ask for, and manyDomains the one from
// which on a subject's are looked up, not gone through.
const (
	fewDomains  = 4
	manyDomains = 16
)

// domain says what a key can be for a subject and an action (semantics C.5).
func (w *world) domain(s *subject, key string, a *action) *domain {
	d := w.domainOf(s, key, a)
	if w.alike[key] {
		unsure := *d
		unsure.unknown = true
		return &unsure
	}
	return d
}

func (w *world) domainOf(s *subject, key string, a *action) *domain {
	if s.bound != nil {
		if d, ok := s.bound[key]; ok {
			return d
		}
	}
	switch key {
	case "aws:currenttime", "aws:epochtime", "aws:tokenissuetime":
		return w.build(s, key) // these depend on the clock, which moves
	}
	if strings.HasPrefix(key, "s3:") {
		if d, ok := requestKey(s, key, a, w); ok {
			return d
		}
	}
	if d := s.known(key); d != nil {
		return d
	}
	d := w.build(s, key)
	if s.domains == nil {
		s.domains = w.memory.domains.take(fewDomains)[:0]
	}
	if len(s.domains) < manyDomains {
		s.domains = append(s.domains, keyDomain{key, d})
		return d
	}
	if s.more == nil {
		s.more = map[string]*domain{}
	}
	s.more[key] = d
	return d
}

// known gives a domain that was asked for before.
func (s *subject) known(key string) *domain {
	for i := range s.domains {
		if s.domains[i].key == key {
			return s.domains[i].domain
		}
	}
	return s.more[key]
}

func (w *world) build(s *subject, key string) *domain {
	if s.network.ownPoint() {
		if d := w.ownPointKey(s, key); d != nil {
			return d
		}
	}
	if d := w.resourceKey(key); d != nil {
		return d
	}
	if s.open() {
		if d := w.namedKey(s, key); d != nil {
			return d
		}
	}
	for _, table := range []func(*subject, string) *domain{w.identityKey, w.sessionKey, w.networkKey, w.serviceKey} {
		if d := table(s, key); d != nil {
			return d
		}
	}
	return unknownKey()
}

// resourceKey gives the keys that are constants of the bucket or the clock.
func (w *world) resourceKey(key string) *domain {
	known := func(v string) *domain {
		if v == "" {
			return unknownKey()
		}
		return constant(v)
	}
	switch key {
	case "aws:resourceaccount", "s3:resourceaccount":
		return known(w.facts.Account)
	case "aws:resourceorgid":
		return known(w.facts.Organization)
	case "aws:requestedregion":
		return known(w.facts.Region)
	case "aws:currenttime":
		if w.at.IsZero() {
			return unknownKey()
		}
		return constant(w.at.UTC().Format(time.RFC3339))
	case "aws:epochtime":
		if w.at.IsZero() {
			return unknownKey()
		}
		return constant(formatNumber(float64(w.at.Unix())))
	case "s3:dataaccesspointarn":
		return w.pointKey(w.pointARN())
	case "s3:dataaccesspointaccount":
		if w.facts.Account == "" && w.throughPoint() {
			return unknownKey()
		}
		return w.pointKey(w.facts.Account)
	case "s3:accesspointnetworkorigin":
		return w.pointKey("Internet")
	case "s3:isaccesspoint":
		return unknownKey()
	}
	return nil
}

// throughPoint says whether requests come through an access point; otherwise
// they go to the bucket directly and carry none of its keys.
func (w *world) throughPoint() bool {
	return w.facts.Kind != BucketPolicy || w.facts.AccessPoint != ""
}

// ownPointKey gives the keys of an access point in the requester's own account.
func (w *world) ownPointKey(s *subject, key string) *domain {
	switch key {
	case "s3:dataaccesspointaccount":
		return oneOf(s.account)
	case "s3:dataaccesspointarn":
		d := arns("arn:" + w.partition + ":s3:?*:" + s.account + ":accesspoint/???*")
		d.values = []string{"arn:" + w.partition + ":s3:" + cmp.Or(w.region, "us-east-1") + ":" + s.account + ":accesspoint/own-access-point"}
		d.barred = []*pattern{newPattern("*:*:*:*:*:*:*"), newPattern("*/*/*")} // a name holds neither
		return d
	case "s3:accesspointnetworkorigin":
		if s.network.private() {
			return oneOf("Internet", "VPC")
		}
		return oneOf("Internet")
	}
	return nil
}

func (w *world) pointKey(v string) *domain {
	if !w.throughPoint() {
		return never()
	}
	return constant(v)
}

func (w *world) pointARN() string {
	region := w.region
	if w.facts.Kind == MultiRegionAccessPointPolicy {
		region = ""
	}
	return "arn:" + w.partition + ":s3:" + region + ":" + w.owner + ":accesspoint/" + w.facts.AccessPoint
}

// identityKey gives the keys that tell who the requester is.
func (w *world) identityKey(s *subject, key string) *domain {
	switch key {
	case "aws:principalaccount":
		return w.principalAccount(s)
	case "aws:principalarn":
		return w.principalARN(s)
	case "aws:principalorgid":
		if s.who == unsigned || s.who == service {
			return never()
		}
		return optional(oneOf(w.attainable(key, w.foreign.organization, "o-", 5)...))
	case "aws:principalorgpaths":
		if s.who == unsigned || s.who == service {
			return never()
		}
		return several(optional(texts(w.foreign.organization + "/r-?*/*")))
	case "aws:username":
		if s.who == user || s.who == userMFA {
			d := texts("?*")
			d.barred = []*pattern{newPattern("*/*"), newPattern("*:*")}
			return d
		}
		return never()
	case "aws:principaltype":
		return principalType(s)
	case "aws:userid":
		return w.userID(s)
	case "aws:principalisawsservice":
		switch s.who {
		case unsigned:
			return never()
		case service:
			return isTrue
		}
		return isFalse
	case "aws:principalservicename":
		return w.serviceName(s)
	case "aws:principalservicenameslist":
		return several(w.serviceName(s))
	}
	if strings.HasPrefix(key, "aws:principaltag/") {
		if s.who == unsigned || s.who == service || s.who == root {
			return never()
		}
		return optional(texts("*"))
	}
	return w.providerKey(s, key)
}

// webProviders are the identity providers on the web whose keys AWS knows by name.
var webProviders = []string{"cognito-identity.amazonaws.com", "www.amazon.com", "graph.facebook.com", "accounts.google.com"}

// providerKey gives the keys with the id of a user whom an identity provider on
// the web vouched for (IAM page "IAM and AWS STS condition context keys", section
// "Available keys for AWS web identity federation"). Which application he came by
// cannot be told.
func (w *world) providerKey(s *subject, key string) *domain {
	provider, name, _ := strings.Cut(key, ":")
	switch {
	case !slices.Contains(webProviders, provider):
		return nil
	case s.who != roleSession && s.who != webSession && !s.open():
		return never()
	case provider == webProviders[0] && name == "sub":
		// REGION:GUID (Amazon Cognito API page "GetId")
		return optional(texts("?*-?*-?:????????-????-????-????-????????????"))
	case name == "sub" || name == "id" || name == "user_id":
		return optional(texts("?*"))
	}
	return nil
}

func (w *world) principalAccount(s *subject) *domain {
	switch s.who {
	case unsigned:
		return oneOf("anonymous")
	case service:
		return never()
	}
	return oneOf(s.account)
}

func (w *world) principalARN(s *subject) *domain {
	iam := "arn:" + w.partition + ":iam::" + s.account
	switch s.who {
	case user, userMFA:
		return nameless(texts(iam + ":user/?*"))
	case roleSession, webSession:
		return nameless(texts(iam + ":role/?*"))
	case root:
		return oneOf(iam + ":root")
	case federatedUser:
		return texts("arn:" + w.partition + ":sts::" + s.account + ":federated-user/?*")
	}
	return never()
}

// nameless bars a colon within the last part of an ARN: no name has one (IAM page
// "IAM and AWS STS quotas").
func nameless(d *domain) *domain {
	d.barred = append(d.barred, newPattern("*:*:*:*:*:*:*"))
	return d
}

func principalType(s *subject) *domain {
	switch s.who {
	case unsigned:
		return oneOf("Anonymous")
	case user, userMFA:
		return oneOf("User")
	case roleSession, webSession:
		return oneOf("AssumedRole")
	case root:
		return oneOf("Account")
	case federatedUser:
		return oneOf("FederatedUser")
	case service:
		return oneOf("Service") // the page has no word for services
	}
	return never()
}

// userID follows the IAM page "IAM policy elements: Variables and tags", table
// "Principal key values": the id is issued by AWS, what follows the colon is
// the requester's choice.
func (w *world) userID(s *subject) *domain {
	switch s.who {
	case unsigned:
		return oneOf("anonymous")
	case user, userMFA:
		return oneOf(w.attainable("aws:userid", w.foreign.userID, "AIDA", 5)...)
	case roleSession, webSession:
		d := &domain{}
		for _, id := range w.attainable("aws:userid", w.foreign.roleID+":k", "AROA", 5) {
			id, _, _ = strings.Cut(id, ":")
			d.free = append(d.free, newPattern(id+":?*"))
		}
		return d
	case root:
		return oneOf(s.account)
	case federatedUser:
		return texts(s.account + ":?*")
	case service:
		return oneOf(w.foreign.roleID + ":service") // it signs, so it has one
	}
	return never()
}

func (w *world) serviceName(s *subject) *domain {
	switch {
	case s.who != service:
		return never()
	case s.service == "*":
		return texts("?*.amazonaws.com")
	}
	return oneOf(s.service)
}

// namedKey gives the identity keys of a requester whom the policy names; what
// nobody knows of it is free.
func (w *world) namedKey(s *subject, key string) *domain {
	switch key {
	case "aws:principalaccount":
		if s.account == "" {
			d := texts("????????????")
			d.barred = []*pattern{newLiteral(w.facts.Account)}
			return d
		}
		return oneOf(s.account)
	case "aws:principalarn":
		switch {
		case s.arn != "":
			return namedARN(s.arn)
		case s.account == "":
			d := texts("arn:" + w.partition + ":iam::????????????:user/?*")
			d.barred = []*pattern{newPattern("arn:*:" + w.facts.Account + ":*")}
			return d
		}
		iam := "arn:" + w.partition + ":iam::" + s.account
		return texts(iam+":user/?*", iam+":role/?*", iam+":root", "arn:"+w.partition+":sts::"+s.account+":federated-user/?*")
	case "aws:principalorgid":
		if s.who == member {
			return oneOf(s.org)
		}
		d := optional(texts("o-?*"))
		if w.facts.Organization != "" {
			// Whoever is in the owner's organization is not a stranger.
			d.barred = []*pattern{newLiteral(w.facts.Organization)}
		}
		return d
	case "aws:principalorgpaths":
		if s.who == member {
			return several(texts(s.org + "/r-?*/*"))
		}
		d := several(optional(texts("o-?*/r-?*/*")))
		if w.facts.Organization != "" {
			p := &pattern{mixed: true, text: w.facts.Organization + "/*"}
			p.add(w.facts.Organization+"/", false)
			p.add("*", true)
			d.barred = []*pattern{p}
		}
		return d
	case "aws:principalisawsservice":
		return isFalse
	case "aws:sourceip":
		return optional(&domain{ips: internet})
	case "aws:vpcsourceip":
		return optional(&domain{ips: anywhere})
	case "aws:userid", "aws:principaltype": // every signed request has these
		return texts("?*")
	case "aws:viaawsservice":
		return oneOf("false", "true")
	case "aws:username", "aws:sourcevpc", "aws:sourcevpce", "aws:sourcevpcarn",
		"aws:vpceaccount", "aws:vpceorgid", "aws:federatedprovider", "aws:sourceidentity":
		return optional(texts("?*"))
	case "aws:vpceorgpaths":
		return several(optional(texts("?*")))
	case "aws:multifactorauthpresent":
		return optional(oneOf("false", "true"))
	}
	if strings.HasPrefix(key, "aws:principaltag/") {
		return optional(texts("*"))
	}
	return nil
}

// namedARN turns the ARN of a role session into that of its role, which is what
// aws:PrincipalArn holds.
func namedARN(arn string) *domain {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[2] != "sts" {
		return oneOf(arn)
	}
	name, ok := strings.CutPrefix(parts[5], "assumed-role/")
	if !ok {
		return oneOf(arn)
	}
	name, _, _ = strings.Cut(name, "/")
	return oneOf(strings.Join([]string{parts[0], parts[1], "iam", "", parts[4], "role/" + name}, ":"))
}

// lowKey gives a condition key in lower case. Keys in AWS's spelling need no new
// text.
func lowKey(key string) string {
	if low, ok := keySpelt[key]; ok {
		return low
	}
	return lower(key)
}

var keySpelt = func() map[string]string {
	m := map[string]string{}
	for _, k := range strings.Fields(`aws:CalledVia aws:CurrentTime aws:EpochTime aws:FederatedProvider aws:MultiFactorAuthAge
		aws:MultiFactorAuthPresent aws:PrincipalAccount aws:PrincipalArn aws:PrincipalIsAWSService aws:PrincipalOrgID
		aws:PrincipalOrgPaths aws:PrincipalServiceName aws:PrincipalServiceNamesList aws:PrincipalType aws:Referer
		aws:RequestedRegion aws:ResourceAccount aws:ResourceOrgID aws:SecureTransport aws:SourceAccount aws:SourceArn
		aws:SourceIdentity aws:SourceIp aws:SourceOrgID aws:SourceOrgPaths aws:SourceOwner aws:SourceVpc aws:SourceVpce
		aws:TokenIssueTime aws:UserAgent aws:ViaAWSService aws:VpceAccount aws:VpceOrgID aws:VpcSourceIp aws:userid
		aws:username s3:AccessPointNetworkOrigin s3:DataAccessPointAccount s3:DataAccessPointArn s3:ResourceAccount
		s3:TlsVersion s3:authType s3:prefix s3:max-keys s3:signatureAge s3:signatureversion s3:x-amz-acl
		s3:x-amz-server-side-encryption s3:x-amz-server-side-encryption-aws-kms-key-id`) {
		m[k] = strings.ToLower(k)
	}
	return m
}()
