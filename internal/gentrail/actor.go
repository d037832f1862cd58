// SPDX-License-Identifier: Apache-2.0

package gentrail

import (
	"fmt"
	"strings"
)

// actor is someone who makes requests: its userIdentity, rendered once, and the
// addresses and programs it uses.
type actor struct {
	name      string // as an analyst would name it
	kind      string // userIdentity.type
	arn       string // "" where CloudTrail gives none
	account   string
	principal string
	head      string // userIdentity up to the session's start
	tail      string // the rest; "" when the identity has no session
	session   int64  // seconds between session starts
	addresses []string
	agents    []string
	console   bool
	service   bool // an AWS service: address and agent are its name
}

func (a *actor) append(b []byte, at int64) []byte {
	b = append(b, a.head...)
	if a.tail == "" {
		return b
	}
	started := at - at%a.session + int64(len(a.name))*13%600
	if started > at {
		started -= a.session
	}
	return append(appendTime(b, started), a.tail...)
}

// uses returns the actor with the given addresses and user agents.
func (a *actor) uses(addresses, agents []string) *actor {
	a.addresses, a.agents = addresses, agents
	a.console = strings.Contains(agents[0], "Mozilla") || strings.Contains(agents[0], "S3Console")
	return a
}

// nameSeed makes a seed of a name, so that identifiers depend on nothing else
// (FNV-1a).
func nameSeed(name string) uint64 {
	seed := uint64(14695981039346656037)
	for _, c := range []byte(name) {
		seed = (seed ^ uint64(c)) * 1099511628211
	}
	return seed
}

// exampleID gives an identifier such as AKIAIOSFODNN7EXAMPLE that depends only
// on its owner's name. The word EXAMPLE marks it as no secret.
func exampleID(prefix, owner string, signs int) string {
	r := newRandom(nameSeed(prefix + owner))
	return prefix + string(r.appendUpper(nil, signs-7)) + "EXAMPLE"
}

func iamUser(account, name string) *actor {
	id := exampleID("AIDA", account+name, 17)
	arn := "arn:aws:iam::" + account + ":user/" + name
	head := fmt.Sprintf(`{"type":"IAMUser","principalId":%q,"arn":%q,"accountId":%q,"accessKeyId":%q,"userName":%q}`,
		id, arn, account, exampleID("AKIA", account+name, 16), name)
	return &actor{name: name, kind: "IAMUser", arn: arn, account: account, principal: id, head: head}
}

// iamUserMFA is an IAM user signed in with a second factor.
func iamUserMFA(account, name string) *actor {
	a := iamUser(account, name)
	a.head = strings.Replace(a.head, `"AKIA`, `"ASIA`, 1)
	a.head = a.head[:len(a.head)-1] + `,"sessionContext":{"attributes":{"creationDate":"`
	a.tail, a.session = `","mfaAuthenticated":"true"}}}`, 8*3600
	return a
}

// assumedRole is a session of a role; federation is the JSON of
// webIdFederationData, delivery that of ec2RoleDelivery or "".
func assumedRole(account, path, role, session, federation, delivery string) *actor {
	id := exampleID("AROA", account+role, 17)
	arn := "arn:aws:sts::" + account + ":assumed-role/" + role + "/" + session
	head := fmt.Sprintf(`{"type":"AssumedRole","principalId":"%s:%s","arn":%q,"accountId":%q,"accessKeyId":%q,`,
		id, session, arn, account, exampleID("ASIA", account+role+session, 16))
	head += fmt.Sprintf(`"sessionContext":{"sessionIssuer":{"type":"Role","principalId":%q,"arn":"arn:aws:iam::%s:role%s%s","accountId":%q,"userName":%q},`,
		id, account, path, role, account, role)
	if federation != "" {
		head += `"webIdFederationData":` + federation + `,`
	}
	head += `"attributes":{"creationDate":"`
	tail := `","mfaAuthenticated":"false"}`
	if delivery != "" {
		tail += `,"ec2RoleDelivery":"` + delivery + `"`
	}
	return &actor{name: session, kind: "AssumedRole", arn: arn, account: account, principal: id + ":" + session,
		head: head, tail: tail + `}}`, session: 3600}
}

// ssoUser is a person signed in through IAM Identity Center.
func ssoUser(account, set, email string) *actor {
	hash := string(newRandom(nameSeed(account+set)).appendHex(nil, 16))
	role := "AWSReservedSSO_" + set + "_" + hash
	a := assumedRole(account, "/aws-reserved/sso.amazonaws.com/eu-west-1/", role, email, "", "")
	a.session = 8 * 3600
	return a
}

// pipeline is a CI job that signs in with GitHub's OIDC tokens.
func pipeline(account, role, session string) *actor {
	federation := fmt.Sprintf(`{"federatedProvider":"arn:aws:iam::%s:oidc-provider/token.actions.githubusercontent.com","attributes":{}}`, account)
	return assumedRole(account, "/", role, session, federation, "")
}

func instance(account, role, id string) *actor { return assumedRole(account, "/", role, id, "", "2.0") }

func rootUser(account string) *actor {
	arn := "arn:aws:iam::" + account + ":root"
	head := fmt.Sprintf(`{"type":"Root","principalId":%q,"arn":%q,"accountId":%q,"accessKeyId":%q,"sessionContext":{"attributes":{"creationDate":"`,
		account, arn, account, exampleID("ASIA", account+"root", 16))
	return &actor{name: "root", kind: "Root", arn: arn, account: account, principal: account, head: head,
		tail: `","mfaAuthenticated":"true"}}}`, session: 8 * 3600, console: true}
}

func federatedUser(account, name string) *actor {
	arn := "arn:aws:sts::" + account + ":federated-user/" + name
	id := account + ":" + name
	head := fmt.Sprintf(`{"type":"FederatedUser","principalId":%q,"arn":%q,"accountId":%q,"accessKeyId":%q,`,
		id, arn, account, exampleID("ASIA", account+name, 16))
	head += fmt.Sprintf(`"sessionContext":{"sessionIssuer":{"type":"IAMUser","principalId":%q,"arn":"arn:aws:iam::%s:user/broker","accountId":%q,"userName":"broker"},"attributes":{"creationDate":"`,
		exampleID("AIDA", account+"broker", 17), account, account)
	return &actor{name: name, kind: "FederatedUser", arn: arn, account: account, principal: id, head: head,
		tail: `","mfaAuthenticated":"false"}}}`, session: 12 * 3600}
}

// awsService is a service acting on its own behalf.
func awsService(dns string) *actor {
	return &actor{name: dns, kind: "AWSService", head: `{"type":"AWSService","invokedBy":"` + dns + `"}`, service: true,
		addresses: []string{dns}, agents: []string{dns}}
}

// serviceEvent is the identity of events that no call caused.
func serviceEvent(account, dns string) *actor {
	return &actor{name: dns, account: account, head: `{"accountId":"` + account + `","invokedBy":"` + dns + `"}`, service: true,
		addresses: []string{dns}, agents: []string{dns}}
}

// anonymous makes requests without credentials.
func anonymous() *actor {
	return &actor{name: "anonymous", kind: "AWSAccount", account: "anonymous",
		head: `{"type":"AWSAccount","principalId":"","accountId":"anonymous"}`}
}

// foreign is a principal of another account as the owner of a resource sees it:
// CloudTrail withholds its ARN.
func foreign(account, principal string) *actor {
	return &actor{name: account, kind: "AWSAccount", account: account, principal: principal,
		head: fmt.Sprintf(`{"type":"AWSAccount","principalId":%q,"accountId":%q}`, principal, account)}
}
