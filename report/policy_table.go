// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/bucketlid/bucketlid/policy"
)

// PolicySheet is a verdict with what only a person at a table asks for.
type PolicySheet struct {
	Policy
	Route   string   // the route whose page to read next
	Holds   []string // what each Deny holds shut
	Notes   map[int]StatementNotes
	Assumed []string // what was not given and is taken for granted
}

// StatementNotes is what a table tells of one statement.
type StatementNotes struct {
	Holes      []string // conditions that stop nobody who leaves the key out
	Identities []string // users and roles, where it names no whole account
}

// maxListed bounds each list of a table; jsonl has all.
const maxListed = 40

// WritePolicy writes the verdict for a person: first AWS's own and the true
// reach, then each way in, with a request to try and the statement to change.
func WritePolicy(w io.Writer, p *PolicySheet, o Options) error {
	s := &sheet{o: o}
	s.headline(PolicyHeadline(&p.Policy))
	s.line("", classifierMeans(&p.Policy))
	shown := min(len(p.Audiences), maxListed)
	for i := range p.Audiences[:shown] {
		s.audience(i+1, &p.Audiences[i], p.Notes[p.Audiences[i].Statement.Index])
	}
	if more := len(p.Audiences) - shown; more > 0 {
		s.title(fmt.Sprintf("and %d more ways in (-o jsonl has all)", more))
	}
	s.part("What each statement does", firstOf(p.Reasons, maxListed))
	s.part("What holds", firstOf(p.Holds, maxListed))
	s.part("Later", p.Later)
	s.part("Problems", firstOf(p.Problems, maxListed))
	s.part("Taken for granted", p.Assumed)
	s.b.WriteString("\n" + s.o.apply(paintFaint, "Next: bucketlid explain route "+p.Route) + "\n")
	return s.writeTo(w)
}

// part is a titled list.
func (s *sheet) part(title string, texts []string) {
	if len(texts) == 0 {
		return
	}
	s.title(title)
	for _, text := range texts {
		for i, line := range wrap(Terminal(text), s.room(4)) {
			mark := "  - "
			if i > 0 {
				mark = "    "
			}
			s.b.WriteString(mark + line + "\n")
		}
	}
}

// PolicyHeadline is the verdict in one line.
func PolicyHeadline(p *Policy) string {
	text := "AWS says: " + statusWords[p.Classifier] + ". True reach: "
	if p.Reach == UnknownReach {
		return text + "unknown, because the document could not be read."
	}
	text += string(p.Reach) + ", " + reachWords[p.Reach]
	if p.Reach == policy.None {
		text += namedWords(p)
	}
	if access := widestAccess(p); len(access) > 0 {
		text += " (" + joined(access, ", ") + ")"
	}
	for i := range p.Audiences {
		if a := &p.Audiences[i]; a.Audience == p.Reach && len(a.Unsettled) == 0 {
			return text + "."
		}
	}
	if p.Reach != policy.None {
		text += "; possible, not certain"
	}
	return text + "."
}

// namedWords tells of those that count as nobody: they get in by their name, or a
// stranger does by a service.
func namedWords(p *Policy) string {
	var words []string
	for _, row := range []struct {
		audience policy.Audience
		words    string
	}{
		{policy.ServiceDeputy, "an AWS service does, also on a stranger's behalf"}, {policy.Organization, "a named organization does"}, {policy.Account, "a named account does"},
	} {
		if slices.ContainsFunc(p.Audiences, func(a PolicyAudience) bool { return a.Audience == row.audience }) {
			words = append(words, row.words)
		}
	}
	if len(words) == 0 {
		return ""
	}
	return " directly; but " + strings.Join(words, ", and ")
}

// widestAccess is what the widest audience may do.
func widestAccess(p *Policy) []policy.Access {
	var out []policy.Access
	for _, class := range policy.AccessOrder {
		for i := range p.Audiences {
			if a := &p.Audiences[i]; a.Audience == p.Reach && a.Access[0] == class {
				out = append(out, class)
				break
			}
		}
	}
	return out
}

var statusWords = map[policy.Status]string{
	policy.Public: "public", policy.NotPublic: "not public", policy.Unconfirmed: "unconfirmed",
}

var reachWords = map[policy.Audience]string{
	policy.Anyone:        "no credentials needed",
	policy.AnyAWSAccount: "with the credentials of whatever account",
	policy.WebIdentity:   "with a sign-in of a public identity provider",
	policy.Network:       "from listed addresses only",
	policy.None:          "no stranger gets in",
}

// classifierMeans says what follows from AWS's own verdict, above all where it
// differs from the reach.
func classifierMeans(p *Policy) string {
	strangers := p.Reach.Public()
	switch {
	case p.Reach == UnknownReach:
		return ""
	case p.Classifier == policy.Public && p.Reach == policy.None:
		return "BlockPublicPolicy refuses it and RestrictPublicBuckets narrows it, though no stranger gets in."
	case p.Classifier == policy.Public:
		return "BlockPublicPolicy refuses it; RestrictPublicBuckets holds it shut for strangers."
	case p.Classifier == policy.NotPublic && strangers:
		return "Block Public Access does not stop it: BlockPublicPolicy accepts it and RestrictPublicBuckets lets it work."
	case p.Classifier == policy.Unconfirmed && strangers:
		return "AWS's text does not settle whether Block Public Access sees it: do not rely on BlockPublicPolicy or RestrictPublicBuckets."
	}
	return ""
}

// audience is one way in.
func (s *sheet) audience(n int, a *PolicyAudience, notes StatementNotes) {
	title := fmt.Sprintf("%d. %s", n, GrantWho(&a.Grant))
	if a.Audience == policy.Account && len(notes.Identities) > 0 {
		title = fmt.Sprintf("%d. Of %s: %s", n, lowerFirst(GrantWho(&a.Grant)), strings.Join(firstOf(notes.Identities, 5), ", "))
	}
	if len(a.Unsettled) > 0 {
		title += " (possible, not certain)"
	}
	s.title(title)
	s.line("what", joined(a.Access, ", ")+": "+strings.Join(firstOf(a.Actions, 12), ", "))
	s.line("where", scopeWords(a.Scope))
	why := " allows it, and no Deny takes it away"
	if len(a.Unsettled) > 0 {
		why = " allows it, as far as it can be judged"
	}
	s.line("why", StatementName(a.Statement)+why)
	s.lines("", notes.Holes)
	guards := a.Guards
	if end := until(a.Until); end != "" {
		guards = append(guards[:len(guards):len(guards)], end)
	}
	if a.UnsignedOnly {
		guards = append(guards[:len(guards):len(guards)], "unsigned requests only: under Requester Pays it is worth nothing")
	}
	s.lines("guards", guards)
	s.lines("unsure", a.Unsettled)
	s.witness(a.Witness, a.Scope)
	s.line("change", changeAdvice(a))
}

func changeAdvice(a *PolicyAudience) string {
	name := StatementName(a.Statement)
	switch a.Audience {
	case policy.ServiceDeputy:
		return name + ": add aws:SourceAccount or aws:SourceArn with your own values"
	case policy.Organization, policy.Account:
		return name + ": only if the named party should not have it"
	case policy.Network:
		return name + ": narrow aws:SourceIp, or name the principals"
	}
	return name + ": name the principals, or hold it to a fixed aws:PrincipalOrgID, aws:SourceVpce or aws:SourceIp"
}

// GrantWho says in plain words who an audience is.
func GrantWho(g *policy.Grant) string {
	names := strings.Join(firstOf(g.Principals, 5), ", ")
	switch g.Audience {
	case policy.Anyone:
		return "Anyone on the internet, without credentials"
	case policy.AnyAWSAccount:
		return "Any AWS account, with its own credentials"
	case policy.WebIdentity:
		return "Anyone with a sign-in of " + cmp.Or(names, "a public identity provider")
	case policy.Network:
		if g.Addresses > 0 {
			return fmt.Sprintf("Anyone at one of %s listed addresses", number(int64(g.Addresses)))
		}
		return "Anyone at the listed addresses"
	case policy.ServiceDeputy:
		if names == "*" {
			names = "whatever its name"
		}
		return spaced("The AWS service", names+",", "also on a stranger's behalf")
	case policy.Organization:
		return spaced("The organization", names)
	case policy.Account:
		return spaced("The account", names)
	}
	return string(g.Audience)
}

func scopeWords(s policy.Scope) string {
	text := strings.Join(firstOf(s.Include, 8), ", ")
	if len(s.Exclude) > 0 {
		text += ", except " + strings.Join(firstOf(s.Exclude, 8), ", ")
	}
	return text
}

// StatementName is "statement 0 (Sid)": the position counts from 0.
func StatementName(r policy.StatementRef) string {
	if r.Sid == "" {
		return fmt.Sprintf("statement %d", r.Index)
	}
	return fmt.Sprintf("statement %d (%s)", r.Index, r.Sid)
}
