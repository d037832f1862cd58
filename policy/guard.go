// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// guards lists the conditions that hinder a requester without stopping it: what
// it must send, be or come through (semantics C.5, column "trusted if fixed").
func (an *analysis) guards(h *hit) []string {
	var out []string
	switch h.subject.network {
	case throughEndpoint:
		out = append(out, "only through a VPC endpoint, which the caller can make in an own account")
	case throughService:
		out = append(out, "only through an AWS service that calls on the caller's behalf")
	case throughOwnPoint, throughBoth:
		out = append(out, "only through an access point, which the caller makes for this bucket in the own account")
	}
	if a := h.query.allow; h.subject.who == named && h.subject.arn != "" && a != nil && a.statement.Principal != nil && !contains(a.statement.Principal.AWS, h.subject.arn) {
		out = append(out, "as "+h.subject.arn+"; others of the account are kept out")
	}
	if h.subject.who == userMFA {
		out = append(out, "only with MFA, which the caller can set up on an own user")
	}
	if h.addresses != nil {
		v4, v6 := h.addresses.count()
		out = append(out, networkText(v4, v6))
	}
	if h.audience == Network && h.subject.who != unsigned {
		out = append(out, "only signed requests, from whatever AWS account")
	}
	if h.state == nil {
		return out
	}
	if an.encryptedOnly(h) {
		out = append(out, "TLS only")
	}
	for i := range h.state.keys {
		if g := an.keyGuard(h, &h.state.keys[i]); g != "" {
			out = addText(out, g)
		}
	}
	return out
}

// encryptedOnly says whether the same requester fails over plain http, which
// also closes the website endpoint to it.
func (an *analysis) encryptedOnly(h *hit) bool {
	if !an.mentions.tls() || h.subject.network != overInternet || h.subject.who == service {
		return false
	}
	for _, d := range h.query.denies {
		if len(d.tests) == 1 && d.tests[0].bansHTTP() && !d.except && an.solver.all(d, h.query.action.level) {
			return true // the usual Deny, without a search
		}
	}
	plainHTTP := &an.onHTTP
	known := plainHTTP.domains[:0]
	*plainHTTP = *h.subject
	plainHTTP.network, plainHTTP.domains, plainHTTP.more = overHTTP, known, nil
	q := *h.query
	q.subject = plainHTTP
	if plainHTTP.open() {
		plainHTTP.bound = map[string]*domain{"aws:securetransport": oneOf("false"), "s3:tlsversion": never()}
		for k, d := range h.subject.bound {
			plainHTTP.bound[k] = d
		}
	}
	return an.solver.ask(&q) == impossible
}

// bansHTTP recognises the test of the usual Deny: aws:SecureTransport is false.
func (t *test) bansHTTP() bool {
	return t.key == "aws:securetransport" && t.op == operator{kind: opBool} && t.matches("false")
}

func networkText(v4, v6 uint64) string {
	switch {
	case v6 == 0:
		return fmt.Sprintf("only from %d IPv4 addresses", v4)
	case v4 == 0:
		return fmt.Sprintf("only from %d IPv6 networks of size /64", v6)
	}
	return fmt.Sprintf("only from %d IPv4 addresses and %d IPv6 networks of size /64", v4, v6)
}

func (an *analysis) keyGuard(h *hit, k *keyState) string {
	d := an.world.domain(h.subject, k.key, h.query.action)
	if len(k.wishes) == 0 || d.fixed || d.ips != nil || d.unknown {
		return ""
	}
	if k.key == "aws:securetransport" || k.key == "s3:tlsversion" {
		return "" // encryptedOnly tells
	}
	natural, a := choose(d, nil, &an.solver.budget)
	if a == found && !slices.ContainsFunc(k.wishes, func(w wish) bool {
		return !w.test.unknown && (!an.solver.budget.charge(w.test.cost()) || w.test.holds(&natural) != w.want)
	}) {
		return ""
	}
	var texts []string
	for _, w := range k.wishes {
		texts = addText(texts, wishText(w))
	}
	if h.subject.open() {
		return strings.Join(texts, "; ")
	}
	return guardKind(k.key) + strings.Join(texts, "; ")
}

func guardKind(key string) string {
	switch {
	case key == "aws:referer" || key == "aws:useragent":
		return "spoofable header: "
	case strings.HasPrefix(key, "s3:existingobjecttag/"):
		return "only objects with a certain tag: "
	case strings.HasPrefix(key, "aws:principaltag/"), key == "aws:username", key == "aws:userid",
		key == "aws:principalarn", key == "aws:sourceidentity":
		return "identity that the caller chooses: "
	}
	return ""
}

func wishText(w wish) string {
	values := w.test.values // in order already
	if len(values) != len(w.test.source.Values) {
		values = inOrder(w.test.source.Values)
	}
	more := ""
	if len(values) > 3 {
		more = fmt.Sprintf(" and %d more", len(values)-3)
		values = values[:3]
	}
	text := w.test.shown + " " + w.test.source.Operator + " " + strings.Join(values, ", ") + more
	if !w.want {
		return "denied if " + text
	}
	return text
}

// spelling gives a condition key as the policy writes it.
func (m *form) spelling(key string) string {
	at, ok := slices.BinarySearch(m.mentions, key)
	if !ok {
		return key
	}
	if m.spelt == nil {
		m.spell()
	}
	return m.spelt[at]
}

// spell notes how the policy writes each key first, a condition before a variable.
func (m *form) spell() {
	m.spelt = make([]string, len(m.mentions))
	note := func(key, text string) {
		if at, ok := slices.BinarySearch(m.mentions, key); ok && m.spelt[at] == "" {
			m.spelt[at] = text
		}
	}
	for i := range m.doc.Statements {
		for _, c := range m.doc.Statements[i].Conditions {
			note(lowKey(c.Key), c.Key)
		}
	}
	if len(m.vars) > 0 {
		eachResource(&m.doc, func(text string) bool {
			eachVariable(text, func(key, spelt string) { note(key, spelt) })
			return true
		})
	}
	for i, key := range m.mentions {
		m.spelt[i] = cmp.Or(m.spelt[i], key) // a variable of a condition's value
	}
}
