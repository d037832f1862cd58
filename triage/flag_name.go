// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
)

// bucketName weighs what the context file and the tags say of the bucket, and
// the words of its name and of the objects' keys.
func bucketName(r *ranker, a *Alert, e *evidence) {
	if a.Bucket == "" {
		e.lacks("the alert is about no single bucket")
		return
	}
	r.bucketRule(a, e)
	r.openedKeys(a, e)
	r.openedScope(a, e)
	r.copied(a, e)
	r.brought(a, e)
	r.nameWords(a, e)
	if domainName(a.Bucket) {
		e.weakNo("named like a website's domain")
	}
	if a.website != "" {
		e.weakNo("it serves a website: %s", a.website)
	}
	r.taken(a, e)
	r.tags(a, e)
	if len(e.weakFor)+len(e.weakAgainst)+len(e.strongFor)+len(e.strongAgainst) == 0 {
		e.lacks("no word of the name is known")
	}
}

// nameWords weighs the words of the bucket's own name.
func (r *ranker) nameWords(a *Alert, e *evidence) {
	words, site := r.known.Context.words(a.Bucket), siteName(a.Bucket)
	sensitive := slices.ContainsFunc(words, func(w word) bool { return w.sensitive })
	for _, w := range words {
		switch {
		case w.sensitive && site && w.source == "" && tradeWords[w.text]:
			e.lacks("%q tells of %s or, in the name of a site, of what the site is about", w.text, w.means)
		case w.sensitive:
			e.weakYes("%q tells of %s%s", w.text, w.means, w.source)
		case sensitive && copyWords[w.text] && w.source == "":
			e.lacks("%q tells of a copy, and not of what", w.text)
		case w.neither() && sensitive:
			e.weakNo("%q tells of %s: what the name tells of may be made up", w.text, w.means)
		case w.neither():
			e.lacks("%q tells of %s, which may hold anything", w.text, w.means)
		default:
			e.weakNo("%q tells of %s%s", w.text, w.means, w.source)
		}
	}
}

// openedKeys weighs the keys of the objects that were opened one by one.
func (r *ranker) openedKeys(a *Alert, e *evidence) {
	keys := append(slices.Clone(a.Keys), a.Key)
	published := publishesKeys(keys)
	for _, key := range keys {
		if published && keySets[baseName(key)] {
			e.weakNo("%q lies beside openid-configuration: there it holds the public keys with which tokens are checked", key)
			continue
		}
		r.known.Context.readKey(key, "an object's key").weigh(e)
	}
}

// openedScope weighs the keys that a policy opens, as its Resource names them.
// Those of ACLs are weighed one by one.
func (r *ranker) openedScope(a *Alert, e *evidence) {
	if a.Key != "" || a.Objects > 0 {
		return
	}
	for _, resource := range a.Scope.Include {
		if _, key, ok := strings.Cut(resource, "/"); ok {
			r.known.Context.readKeyPattern(key, "the policy's Resource").weigh(e)
		}
	}
}

// copied weighs what an object was copied from, by the record of the copy that
// opened it: its own name may tell nothing.
func (r *ranker) copied(a *Alert, e *evidence) {
	name, key, ok := strings.Cut(a.copySource, "/")
	if !ok {
		return
	}
	words := r.known.Context.words(name)
	harmless := slices.ContainsFunc(words, func(w word) bool { return !w.sensitive && !w.neither() })
	for _, w := range words {
		switch says := fmt.Sprintf("it was copied from the bucket %s: %q tells of %s%s", name, w.text, w.means, w.source); {
		case !w.sensitive || name == a.Bucket:
		case harmless || vague[w.means] > 0:
			e.weakYes("%s", says)
		default:
			e.strongYes("%s", says)
		}
	}
	for _, s := range r.known.Context.readKey(key, "the key it was copied from").signs {
		s.weigh(e)
	}
}

// weigh adds what a key tells.
func (k keyReading) weigh(e *evidence) {
	if k.site != "" {
		e.weakNo("objects that end in %q are what sites are made of", k.site)
	}
	if k.place != "" {
		e.weakNo("%s", k.place)
	}
	for _, s := range k.signs {
		s.weigh(e)
	}
}

func (s keySign) weigh(e *evidence) {
	if s.strong {
		e.strongYes("%s", s.says)
	} else {
		e.weakYes("%s", s.says)
	}
}

// takenMeans are the kinds of content that hardly stand in the keys of a site's
// own files, as "user" and "card" do.
var takenMeans = map[string]bool{"credentials": true, "secrets": true, "private data": true, "personal data": true, "health data": true, "pay": true,
	"backups": true, "dumps": true, "cluster state": true, "infrastructure state": true}

// takenFolders are folders in which people's data lie, of customers rather than
// of a site's own: "uploads" and "profile" are on every site.
var takenFolders = wordSet("customer customers customerdata kunde kunden kundendaten client clients clientdata cliente clientes clienti klant klanten users userdata benutzer nutzer utilisateurs usuarios utenti gebruikers")

// siteArchives are words for backups that sites and mirrors of packages use for
// what is old, and for everybody.
var siteArchives = wordSet("archive archives archiv archivos")

// copyWords are words for copies: what they are copies of, other words tell.
var copyWords = wordSet("mirror mirrors dataset datasets")

// plainMeans are kinds of content by which three keys that agree tell more than
// any name of a bucket.
var plainMeans = map[string]bool{"credentials": true, "secrets": true, "private data": true, "personal data": true, "health data": true, "pay": true}

// taken weighs the keys of objects that strangers got.
func (r *ranker) taken(a *Alert, e *evidence) {
	agree := map[string][]string{}
	for _, key := range a.AccessSeen.Keys {
		for _, means := range r.plainly(key) {
			agree[means] = append(agree[means], key)
		}
	}
	for _, means := range slices.Sorted(maps.Keys(agree)) {
		if keys := agree[means]; len(keys) >= minTaken {
			e.strongYes("the keys of %d objects that strangers got tell of %s, such as %s", len(keys), means, keys[0])
		}
	}
	published := publishesKeys(append(slices.Clone(a.Keys), a.AccessSeen.Keys...))
	for _, key := range a.AccessSeen.Keys {
		if published && keySets[baseName(key)] || key == a.Key || slices.Contains(a.Keys, key) {
			continue // what was opened itself was weighed as such
		}
		for _, s := range r.known.Context.readKey(key, "the key of an object that strangers got").signs {
			if s.strong || !s.word || takenMeans[s.means] && !siteArchives[s.text] || s.folder && takenFolders[s.text] {
				s.weigh(e)
			}
		}
	}
}

// plainly lists the kinds of plainMeans that a key tells of.
func (r *ranker) plainly(key string) []string {
	var out []string
	for _, s := range r.known.Context.readKey(key, "").signs {
		if s.word && plainMeans[s.means] {
			out = appendNew(out, s.means)
		}
	}
	return out
}

// bucketRule weighs what people said of the bucket.
func (r *ranker) bucketRule(a *Alert, e *evidence) {
	rule, ok := r.ruleOf(a)
	if !ok {
		return
	}
	switch at := openedTime(a); {
	case rule.Public == PublicNever:
		e.strongYes("it must never be public: %s (context line %d)", orSaid(rule.Why), rule.Line)
	case rule.PublicAt(at) == PublicExpected && rule.PublicAt(r.endOf(a)) != PublicExpected:
		e.weakYes("it was expected to be public until %s only, and stayed so longer (context line %d)", rule.Until.Add(-1).UTC().Format(time.DateOnly), rule.Line)
	case rule.PublicAt(at) == PublicExpected:
		e.strongNo("it is expected to be public: %s (context line %d)", orSaid(rule.Why), rule.Line)
	case rule.Public == PublicExpected:
		e.weakYes("it was expected to be public until %s only (context line %d)", rule.Until.Add(-1).UTC().Format(time.DateOnly), rule.Line)
	}
	ended := rule.Public == PublicExpected && !r.expected(a)
	switch rule.DataClass {
	case "":
	case "public":
		if ended {
			break // that entry said so while it held
		}
		e.strongNo("its data class is public (context line %d)", rule.Line)
	default:
		e.strongYes("its data class is %s (context line %d)", rule.DataClass, rule.Line)
	}
}

func orSaid(why string) string {
	if why == "" {
		return "so people said"
	}
	return why
}

// word is a token of a name that tells something.
type word struct {
	text, means, source string
	sensitive           bool
}

// testMeans is what words of trials mean. A trial may hold a copy of what is
// real: it is neither for the public nor not.
const testMeans = "a test"

// neither reports whether a word of the built-in lists speaks for neither side.
func (w word) neither() bool { return w.means == testMeans && w.source == "" }

// words lists what the tokens of a name tell of. What people said of a word in
// the context file stands over the lists here.
func (c *Context) words(name string) []word {
	var out []word
	for _, token := range tokens(name) {
		for _, part := range segments(token) {
			if w, ok := c.word(part); ok && !slices.Contains(out, w) {
				out = append(out, w)
			}
		}
		if w, ok := c.word(token); ok && !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	// Words that tell of a use, not of content, tell least.
	slices.SortStableFunc(out, func(a, b word) int { return cmp.Compare(vague[a.means], vague[b.means]) })
	return out
}

var vague = map[string]int{"production": 1}

func (c *Context) word(token string) (word, bool) {
	if means, ok := c.HarmlessWord(token); ok {
		return word{token, orWord(means, "what is harmless"), " (context file)", false}, true
	}
	if means, ok := c.SensitiveWord(token); ok {
		return word{token, orWord(means, "what is sensitive"), " (context file)", true}, true
	}
	if means, ok := sensitiveWords[token]; ok {
		return word{token, means, "", true}, true
	}
	if means, ok := publicWords[token]; ok {
		return word{token, means, "", false}, true
	}
	return word{}, false
}

func orWord(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// tokens splits a name at everything that is no letter or digit, and between
// lower and upper case; accents go. A number at the end of a word is cut off
// ("backup2019", but "k8s" stays).
func tokens(name string) []string {
	var b strings.Builder
	lower := false
	for _, r := range name {
		if unicode.IsUpper(r) && lower {
			b.WriteByte(' ')
		}
		lower = unicode.IsLower(r)
		b.WriteString(plain(unicode.ToLower(r)))
	}
	words := strings.FieldsFunc(b.String(), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	for i, w := range words {
		if bare := strings.TrimRightFunc(w, unicode.IsDigit); bare != "" {
			words[i] = bare
		}
	}
	return words
}

// accents are the letters that names of bucket and key write without them.
var accents = strings.NewReplacer("ä", "a", "ö", "o", "ü", "u", "ß", "ss", "à", "a", "á", "a", "â", "a", "ã", "a", "ç", "c", "è", "e", "é", "e", "ê", "e", "ë", "e",
	"ì", "i", "í", "i", "î", "i", "ï", "i", "ñ", "n", "ò", "o", "ó", "o", "ô", "o", "õ", "o", "ù", "u", "ú", "u", "û", "u")

func plain(r rune) string {
	if r < unicode.MaxASCII {
		return string(r)
	}
	return accents.Replace(string(r))
}

// minSegment is the length from which a word inside a longer one counts.
const minSegment = 4

// segments splits a token that is no word of its own into known words, such as
// "customerbackups" or "mykopsstate": all of it must be words, so that
// "catalogs" does not hold "logs".
func segments(token string) []string {
	if len(token) < 2*minSegment-2 || len(token) > 63 {
		return nil
	}
	if known(token) {
		return nil
	}
	// parts[i] are the words of token[:i], nil where there is no way.
	parts := make([][]string, len(token)+1)
	parts[0] = []string{}
	for i := 2; i <= len(token); i++ {
		for j := 0; j < i; j++ {
			w := token[j:i]
			if parts[j] != nil && known(w) && (len(w) >= minSegment || fillers[w] == "" && filler(w) || len(w) == 3) &&
				(parts[i] == nil || len(parts[j])+1 < len(parts[i])) {
				parts[i] = append(slices.Clone(parts[j]), w)
			}
		}
	}
	long := slices.ContainsFunc(parts[len(token)], func(w string) bool { return len(w) >= minSegment && !filler(w) })
	if !long {
		return nil
	}
	return parts[len(token)]
}

func known(w string) bool {
	_, sensitive := sensitiveWords[w]
	_, harmless := publicWords[w]
	return sensitive || harmless || filler(w)
}

func filler(w string) bool { _, ok := fillers[w]; return ok }

// domainName reports whether a bucket is named like a site: labels, and an
// ending that sites have.
func domainName(name string) bool {
	dot := strings.LastIndexByte(name, '.')
	return dot > 0 && domainEndings[name[dot+1:]]
}

// siteName reports whether a bucket is named like a site, and by no ending that
// may mean something else.
func siteName(name string) bool {
	return domainName(name) && !stageEndings[name[strings.LastIndexByte(name, '.')+1:]]
}
