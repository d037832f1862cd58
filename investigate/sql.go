// SPDX-License-Identifier: Apache-2.0

package investigate

import (
	"fmt"
	"strings"
	"time"
)

// sql fills a question's SQL in for the case. Every value becomes a literal of
// SQL, with its quotes doubled.
func (d *dossier) sql(q *Question) string {
	from, to := d.from, d.to
	if from.IsZero() && d.c.span.first != 0 {
		from, to = unix(d.c.span.first), unix(d.c.span.last)
	}
	user, ip, bucket := d.predicate(User), d.predicate(IP), d.predicate(Bucket)
	subject := map[Kind]string{User: user, IP: ip, Bucket: bucket}[d.Kind]
	if d.Kind == Alert {
		subject = "(" + user + " OR " + ip + ")"
	}
	doers := subject
	if d.Kind == Bucket {
		doers = "userIdentity.arn IN (SELECT userIdentity.arn FROM cloudtrail_logs WHERE " + bucket +
			" AND (eventName LIKE 'Put%' OR eventName LIKE 'Create%' OR eventName LIKE 'Delete%'))"
	}
	return strings.NewReplacer(
		"{user}", user, "{ip}", ip, "{bucket}", bucket, "{subject}", subject, "{doers}", doers, "{target}", d.targetPredicate(),
		"{event}", literals(d.changeNames()), "{from}", from.Format(time.RFC3339), "{to}", to.Format(time.RFC3339),
	).Replace(q.SQL)
}

// nobody is the condition for a subject that the case does not have.
const nobody = "1 = 0"

// predicate is the condition by which records belong to a subject.
func (d *dossier) predicate(kind Kind) string {
	s := d.subject(kind)
	if s == nil {
		return nobody
	}
	switch s.Kind {
	case IP:
		if s.prefix.IsSingleIP() {
			return "sourceIPAddress = " + literal(s.Text)
		}
		return fmt.Sprintf("contains(%s, try_cast(sourceIPAddress AS ipaddress))", literal(s.Text))
	case Bucket:
		return "strpos(requestParameters, " + literal(`"bucketName":"`+s.Text+`"`) + ") > 0"
	}
	return userPredicate(&s.Subject)
}

func userPredicate(s *Subject) string {
	value := literal(s.Text)
	switch s.form {
	case byARN:
		return fmt.Sprintf("(userIdentity.arn = %s OR userIdentity.sessionContext.sessionIssuer.arn = %s)", value, value)
	case byKey:
		return "userIdentity.accessKeyId = " + value
	case byPrincipal:
		return fmt.Sprintf(`(userIdentity.principalId = %s OR userIdentity.principalId LIKE %s ESCAPE '\')`, value, literal(like(s.Text)+":%"))
	case byAccount:
		return "userIdentity.accountId = " + value
	}
	name := strings.ToLower(s.Text)
	return fmt.Sprintf(`(lower(userIdentity.userName) = %s OR lower(userIdentity.arn) LIKE %s ESCAPE '\' OR lower(userIdentity.arn) LIKE %s ESCAPE '\' OR lower(userIdentity.invokedBy) = %s)`,
		literal(name), literal("%/"+like(name)), literal("%:assumed-role/"+like(name)+"/%"), literal(name))
}

// targetPredicate is the condition by which a call of IAM is about the user.
func (d *dossier) targetPredicate() string {
	names := d.ownNames()
	if len(names) == 0 {
		return nobody
	}
	var parts []string
	for _, name := range names {
		parts = append(parts, fmt.Sprintf("strpos(requestParameters, %s) > 0", literal(`Name":"`+name+`"`)))
	}
	return "(" + strings.Join(parts, " OR ") + ")"
}

func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func literals(list []string) string {
	if len(list) == 0 {
		return "NULL"
	}
	quoted := make([]string, len(list))
	for i, s := range list {
		quoted[i] = literal(s)
	}
	return strings.Join(quoted, ", ")
}

// like escapes the wildcards of LIKE.
func like(s string) string { return strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(s) }
