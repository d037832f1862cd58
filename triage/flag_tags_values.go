// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"regexp"
	"slices"
	"strings"

	"github.com/bucketlid/bucketlid/replay"
)

// tagReading says how the value of a tag is read.
type tagReading int

const (
	notRead     tagReading = iota
	aLevel                 // a word of a scheme of classes: public, internal, confidential
	isSensitive            // true or false: whether it holds such data
	isPublic               // true or false: whether it is meant for the public
	isSite                 // whether it serves a site, or which
	aVisibility            // public or private
	aText                  // words
)

// tagKeys are the keys that tell of content, without what stands before the last
// ":", "/" or ".", without case and separators.
var tagKeys = func() map[string]tagReading {
	out := map[string]tagReading{}
	for reading, keys := range map[tagReading]string{
		aLevel: "classification dataclassification dataclass datalevel sensitivity datasensitivity confidentiality dataconfidentiality securityclassification" +
			" informationclassification infoclassification classificationlevel sensitivitylevel protectionlevel tlp tlplevel tlpcolor tlpcolour trafficlightprotocol" +
			" confidentialitylevel securitylabel sensitivitylabel informationclass infoclass datacategory" +
			" klassifizierung klassifikation datenklassifizierung datenklasse vertraulichkeit vertraulichkeitsstufe schutzklasse schutzbedarf geheimhaltung geheimhaltungsstufe informationsklasse" +
			" classificationdonnees classificationdesdonnees confidentialite niveaudeconfidentialite sensibilite" +
			" clasificacion clasificaciondatos clasificaciondedatos confidencialidad sensibilidad classificacao classificacaodedados confidencialidade sensibilidade" +
			" classificazione classificazionedati classificazionedeidati riservatezza sensibilita classificatie dataclassificatie vertrouwelijkheid gevoeligheid",
		isSensitive: "pii phi pci pcidss gdpr dsgvo rgpd avg lgpd hipaa confidential sensitive secret private personal personaldata sensitivedata vertraulich geheim personenbezogen confidentiel" +
			" confidencial riservato vertrouwelijk datospersonales dadospessoais datipersonali donneespersonnelles persoonsgegevens personenbezogenedaten" +
			" containspii containsphi containspci containspersonaldata containssensitivedata haspii hasphi haspci piidata phidata pcidata pciscope",
		isPublic:    "public ispublic publicaccess publicread publicbucket allowpublic allowpublicaccess intentionallypublic approvedpublic publicapproved oeffentlich offentlich publique publico pubblico openbaar",
		isSite:      "website site staticsite staticwebsite",
		aVisibility: "visibility exposure access accesslevel accessibility audience sichtbarkeit visibilite visibilidad visibilidade visibilita zichtbaarheid",
		aText: "description purpose content contents data datatype usage usecase type buckettype compliance compliancescope regulation security note notes comment beschreibung zweck inhalt descripcion proposito" +
			" contenido descrizione scopo contenuto descricao conteudo beschrijving doel inhoud objet contenu",
	} {
		for _, key := range strings.Fields(keys) {
			out[key] = reading
		}
	}
	return out
}()

// Words of values: English, German, French, Spanish, Portuguese, Italian and
// Dutch, without accents.
var (
	openLevels = wordSet("public open declassified unclassified unrestricted opendata publicly publique publics publiques publico publicos publica publicas pubblico pubblica pubblici pubbliche oeffentlich offentlich" +
		" oeffentliche offentliche oeffentlicher offentlicher openbaar openbare world internet everyone anonymous")
	highLevels = wordSet("high higher highest critical severe hoch hohe kritisch eleve elevee critique alto alta critico critica hoog kritiek")
	// levelWords are words of schemes of classes beyond those of names.
	levelWords = wordTable(map[string]string{
		"private data": "topsecret top strictly streng strictement estrictamente strettamente strikt confidentielle confidentielles confidentiels confidenciales confidencialidad confidenziale confidenziali restrito restrita" +
			" restringido restringida restreint restreinte reservado reservada riservata riservati geheime vertrauliche vertraulicher vertrouwelijke secrete secreta segreta proprietary need-to-know noforn cui fouo vsnfd" +
			" eingeschrankt beschrankt embargo embargoed personnel sensible sensibles sensibel sensibili sensivel gevoelig",
		"internal data":  "interne internes internes internal interna internas interni official",
		"personal data":  "pii spi sensitivepersonal gdprart9 npi",
		"health data":    "phi ephi",
		"payment data":   "pci pcidss cde",
		"financial data": "sox mnpi",
	})
	negations   = wordSet("non not no nicht kein keine keinen keiner nope never nie pas sans aucun aucune sin ningun ninguna sem nenhum nenhuma nessun nessuna senza geen niet zonder without n't isnt")
	truthWords  = wordSet("true yes y 1 on ja si oui sim j wahr vrai verdadero verdadeiro vero waar contains present included inscope")
	falsehoods  = wordSet("false no n 0 off nein non none nao nee falsch faux falso onwaar")
	closedWords = wordSet("private internal restricted closed confidential privat intern vertraulich prive privee interne privado privada interno interna privato privata besloten vertrouwelijk restreint restringido restrito riservato")
	// turns begin another thought, in which a negation counts no more.
	turns = wordSet("but aber sondern mais pero mas ma maar except ausser sauf salvo")
	// former tell of what is elsewhere, or was: of a description that names it
	// nothing follows for the bucket.
	former = wordSet("replaces replaced replacing replacement formerly former previously previous old instead obsolete legacy ersetzt ersatz fruher fruhere ehemals statt remplace ancien ancienne reemplaza antiguo antigua" +
		" substitui antigo antiga sostituisce vecchio vecchia vervangt oude synthetic synthetisch anonymized anonymised anonymisiert fake dummy redacted")
)

func tagReadingOf(key string) tagReading {
	if i := strings.LastIndexAny(key, ":/."); i >= 0 {
		key = key[i+1:]
	}
	return tagKeys[strings.Join(tokens(key), "")]
}

// saying is what a tag tells.
type saying int

const (
	nothing saying = iota
	clearlySensitive
	perhapsSensitive
	perhapsPublic
	bothWays // a text with words of both kinds
)

const notForThePublic = "content that is not for the public"

// tagSays reads one tag. What stands under a key of a scheme of classes is said
// on purpose; a text that describes is written by the way, and weak.
func (c *Context) tagSays(t replay.Tag) (says saying, means string) {
	value := folded(strings.TrimSpace(t.Value))
	said, denied := thoughts(t.Value)
	switch tagReadingOf(t.Key) {
	case aLevel:
		return c.levelSays(t.Value, said, denied)
	case isSensitive:
		if truthWords[strings.Join(tokens(value), "")] {
			return clearlySensitive, "what its key says"
		}
	case isPublic:
		switch {
		case truthWords[value]:
			return perhapsPublic, "content for the public"
		case falsehoods[value]:
			return perhapsSensitive, notForThePublic
		}
	case isSite:
		if value != "" && !falsehoods[value] && len(denied) == 0 {
			return perhapsPublic, "a website"
		}
	case aVisibility:
		switch {
		case holds(said, closedWords), holds(denied, openLevels):
			return perhapsSensitive, notForThePublic
		case holds(said, openLevels):
			return perhapsPublic, "content for the public"
		}
	case aText:
		return c.textSays(said)
	}
	return nothing, ""
}

// thoughts are the tokens of a text, those that are said and those that are
// denied: from a negation on, up to the end of the thought.
func thoughts(text string) (said, denied []string) {
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(",;.|()\n:", r) }) {
		no := false
		for _, w := range tokens(part) {
			switch {
			case w == "nonpublic":
				denied = append(denied, "public")
			case negations[w]:
				no = true
			case turns[w]:
				no = false
			case no:
				denied = append(denied, w)
			default:
				said = append(said, w)
			}
		}
	}
	return said, denied
}

func holds(words []string, of map[string]bool) bool {
	return slices.ContainsFunc(words, func(w string) bool { return of[w] })
}

// ofWords stand between a thing and whose it is: "website of the payroll team".
var ofWords = wordSet("of for from von vom der des fur du de del della dei di da do dos das van voor")

// textSays reads a description: what it names before "of", or else all of it.
// Words of both kinds leave it open, and a text about what is elsewhere tells
// nothing.
func (c *Context) textSays(said []string) (says saying, means string) {
	if holds(said, former) {
		return nothing, ""
	}
	if i := slices.IndexFunc(said, func(w string) bool { return ofWords[w] }); i > 0 && len(c.words(strings.Join(said[:i], " "))) > 0 {
		said = said[:i]
	}
	sensitive, open := "", ""
	for _, w := range c.words(strings.Join(said, " ")) {
		switch {
		case w.sensitive && sensitive == "":
			sensitive = w.means
		case !w.sensitive && open == "":
			open = w.means
		}
	}
	switch {
	case sensitive != "" && open != "":
		return bothWays, sensitive
	case sensitive != "":
		return perhapsSensitive, sensitive
	case open != "":
		return perhapsPublic, open
	}
	return nothing, ""
}

// trafficLight are the labels of the Traffic Light Protocol (FIRST, "Traffic
// Light Protocol (TLP)", version 2.0, and WHITE of 1.0).
var trafficLight = regexp.MustCompile(`^(?:tlp[ :_-]*)?(red|amber|green|white|clear)([ +_-]*strict)?$`)

// levelNumber are the classes of schemes that count them. C1 is public in one
// and internal in another; where the highest is 1 or 5, only people know.
var levelNumber = regexp.MustCompile(`^(c|k|l|s|class|klasse|level|stufe|niveau|nivel|livello|niveau de)[ _-]*([0-9])$`)

// levelSays reads a class of content. "Not confidential" tells nothing: it may
// be internal.
func (c *Context) levelSays(value string, said, denied []string) (says saying, means string) {
	value = folded(strings.TrimSpace(value))
	if m := trafficLight.FindStringSubmatch(value); m != nil {
		if m[1] == "white" || m[1] == "clear" {
			return perhapsPublic, "content for the public, by the Traffic Light Protocol"
		}
		return clearlySensitive, notForThePublic + ", by the Traffic Light Protocol"
	}
	if m := levelNumber.FindStringSubmatch(value); m != nil {
		return numberSays(m[1], m[2])
	}
	if holds(said, highLevels) {
		return clearlySensitive, "content of a high class"
	}
	for _, w := range c.words(strings.Join(said, " ")) {
		if w.sensitive {
			return clearlySensitive, w.means
		}
	}
	for i, w := range said {
		for _, text := range []string{w, w + strings.Join(said[i+1:min(i+2, len(said))], "")} {
			if means, ok := levelWords[text]; ok {
				return clearlySensitive, means
			}
		}
	}
	switch {
	case holds(denied, openLevels):
		return clearlySensitive, notForThePublic
	case holds(said, openLevels) && len(denied) == 0:
		return perhapsPublic, "content for the public"
	}
	return nothing, ""
}

func numberSays(scheme, number string) (says saying, means string) {
	switch {
	case scheme == "c" && number == "0":
		return perhapsPublic, "content for the public"
	case scheme == "c" && number >= "2" && number <= "4":
		return clearlySensitive, "content of the class C" + number
	case number >= "3":
		return perhapsSensitive, "content of a class with a high number"
	}
	return nothing, ""
}
