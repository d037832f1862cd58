// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"fmt"
	"strings"
	"unicode"
)

// readKeyPattern reads keys as a policy's Resource names them. One without "*"
// and "?" is a key; of others the literal parts count: folders, the beginning
// of a name, its ending. Wildcards alone tell nothing.
func (c *Context) readKeyPattern(pattern, where string) keyReading {
	if !strings.ContainsAny(pattern, "*?") {
		return c.readKey(pattern, where)
	}
	parts := strings.Split(pattern, "/")
	last := parts[len(parts)-1]
	var folders []string
	for _, part := range parts[:len(parts)-1] {
		if text := strings.TrimSpace(literal(part)); text != "" {
			folders = append(folders, text)
		}
	}
	if !strings.HasSuffix(last, "*") {
		return c.readKey(strings.Join(append(folders, last[strings.LastIndexAny(last, "*?")+1:]), "/"), where)
	}
	begin := literal(last)
	out := c.readKey(strings.Join(append(folders, begin, ""), "/"), where)
	if sign, ok := parseFile(begin).known(folders, where); ok && begin != "" {
		out.signs = append(out.signs, sign)
	}
	for _, folder := range append(folders, begin) {
		for _, w := range c.words(folder) {
			if !w.sensitive && !w.neither() && out.place == "" {
				out.place = w.inFolder(where)
			}
		}
	}
	return out
}

// literal is a part of a pattern up to its first wildcard.
func literal(part string) string {
	if i := strings.IndexAny(part, "*?"); i >= 0 {
		return part[:i]
	}
	return part
}

// pageFiles are endings under which a file that holds something else may be put,
// for a filter or for eyes that only look at the ending.
var (
	pageFiles   = wordSet("html htm xhtml css js mjs cjs map svg")
	scriptFiles = wordSet("js mjs cjs map")
)

// disguised reads a name of which the site's ending is put behind one that is
// known ("id_rsa.css"), or of a script that is called nothing but secrets
// ("secrets.js"). It tells less than the name without it: sites write of such files too.
func (f keyFile) disguised(folders []string, where string) (keySign, bool) {
	head, _ := cutEnding(f.name)
	if !pageFiles[f.ending] || f.beside || head == "" {
		return keySign{}, false
	}
	if means := sensitiveWords[head]; scriptFiles[f.ending] && (means == "secrets" || means == "credentials") {
		return keySign{says: fmt.Sprintf("%q in %s: such a file may hold %s", f.name, where, means), means: means}, true
	}
	for range maxPackings {
		if inner, ending := cutEnding(head); pageFiles[ending] {
			head = inner
		}
	}
	if !strings.ContainsAny(head, "._") {
		return keySign{}, false
	}
	sign, ok := parseFile(head).known(folders, where)
	sign.strong = false
	return sign, ok
}

// maxPackings bounds the endings that are taken off a name.
const maxPackings = 4

// parseFile takes a file's name apart.
func parseFile(text string) keyFile {
	text = strings.TrimRight(text, "~ ")
	f := keyFile{stem: text, name: folded(text)}
	for range maxPackings {
		head, ending := cutEnding(f.name)
		switch {
		case head == "":
		case packings[ending]:
			f.packed = true
		case sealed[ending]:
			f.sealed = true
		case harmlessEndings[ending]:
			f.beside = true
		default:
			head = ""
		}
		if head == "" {
			break
		}
		f.name = head
		f.stem, _ = cutEnding(f.stem)
	}
	_, f.ending = cutEnding(f.name)
	if f.ending != "" {
		f.stem, _ = cutEnding(f.stem)
	}
	return f
}

// cutEnding cuts a name at its last dot.
func cutEnding(name string) (head, ending string) {
	i := strings.LastIndexByte(name, '.')
	if i < 0 {
		return name, ""
	}
	return name[:i], name[i+1:]
}

// folded is a text in lower case, without accents.
func folded(s string) string {
	var b strings.Builder
	for _, r := range s {
		b.WriteString(plain(unicode.ToLower(r)))
	}
	return b.String()
}
