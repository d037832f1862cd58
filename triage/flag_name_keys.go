// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"fmt"
	"slices"
	"strings"
)

// keySign is one thing that the key of an object tells of.
type keySign struct {
	says, means string
	strong      bool
	word        bool   // it rests on a word of the built-in lists alone
	text        string // the word
	folder      bool   // which stands in a folder's name
}

// keyReading is what a key tells.
type keyReading struct {
	signs []keySign // of sensitive content
	site  string    // the ending of a file that only sites have
	place string    // of a picture: says in what folder of a site it lies
}

// keySets are names of the file in which who issues tokens publishes the public
// keys with which anybody checks them ("OpenID Connect Discovery 1.0", jwks_uri;
// "keys.json" is the name of Kubernetes' guides).
var keySets = wordSet("keys.json jwks.json jwks")

// publishesKeys reports whether one of the objects is the document that leads
// there, for which OpenID Connect Discovery 1.0, section 4, fixes name and folder.
func publishesKeys(keys []string) bool {
	return slices.ContainsFunc(keys, func(key string) bool {
		return key == ".well-known/openid-configuration" || strings.HasSuffix(key, "/.well-known/openid-configuration")
	})
}

func baseName(key string) string { return key[strings.LastIndexByte(key, '/')+1:] }

// keyFile is the last part of a key.
type keyFile struct {
	stem   string // as written, without endings
	name   string // folded, without what it is packed in
	ending string // of name, without its dot
	packed bool
	sealed bool // only who has a key can read it
	beside bool // it only stands beside such a file: an example, a checksum, a public key
}

// readKey reads the key of an object, of which where says how it was met. What
// a file is called as a whole tells most, a word in its name less, and its
// folders least. Of a site's files and of pictures words tell little or nothing.
func (c *Context) readKey(key, where string) keyReading {
	key, _, _ = strings.Cut(key, "?versionId=")
	parts := strings.FieldsFunc(key, func(r rune) bool { return r == '/' || r == '\\' })
	if len(parts) == 0 {
		return keyReading{}
	}
	last := parts[len(parts)-1]
	folders, file := parts[:len(parts)-1], parseFile(last)
	if strings.HasSuffix(key, "/") {
		last, folders, file = "", parts, keyFile{}
	}
	var out keyReading
	if sign, ok := file.known(folders, where); ok {
		out.signs = append(out.signs, sign)
	}
	switch {
	case siteNames[folded(last)]:
		out.site = folded(last)
	case siteFiles[file.ending]:
		out.site = "." + file.ending
		if sign, ok := file.disguised(folders, where); ok {
			out.signs = append(out.signs, sign)
		}
	}
	c.readWords(&out, folders, file, where)
	return out
}

// readWords adds the words of a key, those of the file before those of its
// folders, which are weak: a person sorts by them.
func (c *Context) readWords(out *keyReading, folders []string, file keyFile, where string) {
	picture := pictureFiles[file.ending]
	counts := func(w word) bool {
		return w.sensitive && (w.source != "" || out.site == "" && (!picture || pictureMeans[w.means]))
	}
	holdsData := (tableFiles[file.ending] || file.packed && file.ending == "") && !file.sealed && !file.beside
	for _, w := range c.keyWords(file.stem) {
		if counts(w) && (!file.beside || w.source != "") {
			says := fmt.Sprintf("%q in %s tells of %s%s", w.text, where, w.means, w.source)
			out.signs = append(out.signs, keySign{says, w.means, w.source != "" && out.site == "" || holdsData && contentMeans[w.means], w.source == "", w.text, false})
		}
	}
	for _, folder := range folders {
		for _, w := range c.keyWords(folder) {
			switch {
			case counts(w):
				out.signs = append(out.signs, keySign{w.inFolder(where), w.means, false, w.source == "", w.text, true})
			case !w.sensitive && !w.neither() && picture && out.place == "":
				out.place = w.inFolder(where)
			}
		}
	}
}

func (w word) inFolder(where string) string {
	return fmt.Sprintf("the folder %q in %s tells of %s%s", w.text, where, w.means, w.source)
}

// keyWords are the words of one part of a key, with those that only keys have;
// two words beside each other may be one, as in "credit-cards".
func (c *Context) keyWords(part string) []word {
	out, list := c.words(part), tokens(part)
	for i, token := range list {
		texts := []string{token}
		if i > 0 {
			texts = append(texts, list[i-1]+token)
		}
		if i > 1 {
			texts = append(texts, list[i-2]+list[i-1]+token)
		}
		for _, text := range texts {
			_, harmless := c.HarmlessWord(text)
			means, ok := keyWordTable[text]
			if !ok {
				means, ok = sensitiveWords[text]
			}
			if ok && !harmless && !slices.ContainsFunc(out, func(w word) bool { return w.text == text }) {
				out = append(out, word{text, means, "", true})
			}
		}
	}
	return out
}

// known looks the file up in the table of files: by its name with and without
// its folder, by the beginning, by the folders around it, by the ending.
func (f keyFile) known(folders []string, where string) (keySign, bool) {
	if f.beside {
		return keySign{}, false
	}
	for _, name := range f.names(folders) {
		if sign, ok := fileNames[name]; ok && f.name != "" {
			return f.sign(sign, folders, fmt.Sprintf("%q in %s: such a file holds %s", name, where, sign.means))
		}
	}
	if begin := f.begins(); begin != "" {
		return f.sign(fileBegins[begin], folders, fmt.Sprintf("%q begins the file's name in %s: such files hold %s", begin, where, fileBegins[begin].means))
	}
	for _, folder := range folders {
		if sign, ok := fileFolders[folded(folder)]; ok {
			return f.sign(sign, nil, fmt.Sprintf("the folder %q in %s: such a folder holds %s", folded(folder), where, sign.means))
		}
	}
	if sign, ok := fileEndings[f.ending]; ok {
		return f.sign(sign, folders, fmt.Sprintf("%q ends the file's name in %s: such files hold %s", "."+f.ending, where, sign.means))
	}
	return keySign{}, false
}

// names are those that a file may be known by: with its folder, alone, and
// without what is put before it, as in "prod-wallet.dat".
func (f keyFile) names(folders []string) []string {
	names := []string{f.name}
	if len(folders) > 0 {
		names = []string{folded(folders[len(folders)-1]) + "/" + f.name, f.name}
	}
	for i, r := range f.name {
		if rest := f.name[i+1:]; strings.ContainsRune("-_ ", r) && strings.ContainsAny(rest, "._") && len(names) < maxNames {
			names = append(names, rest)
		}
	}
	return names
}

// maxNames bounds the names of one file.
const maxNames = 16

// begins is the longest beginning of the table that the file's name has.
func (f keyFile) begins() string {
	longest := ""
	for begin := range fileBegins {
		if len(begin) > len(longest) && strings.HasPrefix(f.name, begin) && !siteFiles[f.ending] && !pictureFiles[f.ending] {
			longest = begin
		}
	}
	return longest
}

// sign grades what a name says: examples, schemes and sealed files say less,
// slides and certificates are other things of the same ending.
func (f keyFile) sign(s fileSign, folders []string, says string) (keySign, bool) {
	strong := s.strong && !f.sealed
	for _, part := range append([]string{f.stem}, folders...) {
		for _, w := range tokens(part) {
			if s.except[w] {
				return keySign{}, false
			}
			strong = strong && !s.mildened[w] && !mildWords[w]
		}
	}
	return keySign{says: says, means: s.means, strong: strong}, true
}
