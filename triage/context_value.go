// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

func comparePlaces(a, b Problem) int {
	return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
}

// value checks a node against its shape. what names it for errors.
func (r *contextReader) value(node ast.Node, s *shape, what string) fileValue {
	if node == nil {
		return fileValue{}
	}
	v := fileValue{at: placeOfNode(node), set: true}
	_, null := node.(*ast.NullNode)
	switch {
	case null && s.rule == nil && !s.yesNo: // every entry is commented out
		v.set = false
	case null:
		r.problem(v.at, "give a value, or drop the key", "%s is empty", what)
	case s.keys != nil:
		r.mapping(&v, node, s, what)
	case s.each != nil:
		r.items(&v, node, s, what)
	case s.yesNo:
		if _, ok := node.(*ast.BoolNode); !ok {
			r.problem(v.at, "write true or false", "%s is %s, not true or false", what, kindOfNode(node))
		}
		v.text = strings.ToLower(node.GetToken().Value)
	default:
		r.text(&v, node, s.rule, what)
	}
	return v
}

// mapping reads a mapping, whose keys must be known.
func (r *contextReader) mapping(v *fileValue, node ast.Node, s *shape, what string) {
	m, ok := node.(ast.MapNode)
	if !ok {
		r.problem(v.at, "write keys, such as "+s.keys[0].name+": …", "%s is %s, not a mapping", what, kindOfNode(node))
		return
	}
	v.keys = map[string]fileValue{}
	for i := m.MapRange(); i.Next(); {
		at, name := placeOf(i.Key().GetToken()), i.Key().GetToken().Value
		k := slices.IndexFunc(s.keys, func(k fileKey) bool { return k.name == name })
		if k < 0 {
			r.problem(at, DidYouMean(name, keyNames(s)), "%s has no key %q", what, name)
			continue
		}
		v.keys[name] = r.value(i.Value(), s.keys[k].shape, name)
	}
	for _, k := range s.keys {
		if _, ok := v.keys[k.name]; k.required && !ok {
			r.problem(placeOfNode(node), fmt.Sprintf("add %s: … (%s)", k.name, k.doc), "%s lacks the key %q", what, k.name)
		}
	}
}

// placeOfNode is where a node begins: a mapping's own token is its first colon.
func placeOfNode(node ast.Node) filePlace {
	if m, ok := node.(ast.MapNode); ok {
		if i := m.MapRange(); i.Next() {
			return placeOf(i.Key().GetToken())
		}
	}
	return placeOf(node.GetToken())
}

func keyNames(s *shape) []string {
	names := make([]string, len(s.keys))
	for i, k := range s.keys {
		names[i] = k.name
	}
	return names
}

// items reads a list.
func (r *contextReader) items(v *fileValue, node ast.Node, s *shape, what string) {
	seq, ok := node.(*ast.SequenceNode)
	if !ok {
		r.problem(v.at, `begin each entry with "- "`, "%s is %s, not a list", what, kindOfNode(node))
		return
	}
	for _, item := range seq.Values {
		entry := r.value(item, s.each, "an entry of "+what)
		entry.at = placeOfNode(item)
		if !entry.set {
			r.problem(placeOf(item.GetToken()), "fill it, or drop it", "an entry of %s is empty", what)
		}
		v.list = append(v.list, entry)
	}
}

// text reads a text, as it is written: what YAML takes for a number must
// stand in quotes, since other readers would see another text.
func (r *contextReader) text(v *fileValue, node ast.Node, rule *textRule, what string) {
	scalar, ok := node.(ast.ScalarNode)
	if !ok {
		r.problem(v.at, "write one value", "%s is %s, not text", what, kindOfNode(node))
		return
	}
	t := scalar.GetToken()
	v.text = t.Value
	quoted := t.Type == token.DoubleQuoteType || t.Type == token.SingleQuoteType
	_, isText := node.(*ast.StringNode)
	switch {
	case !quoted && rule.number && strings.HasPrefix(t.Value, "0"):
		r.problem(v.at, fmt.Sprintf("put it in quotes: %q", t.Value), "%s begins with 0 and is not in quotes: a number in base 8 to some readers of YAML", what)
	case !quoted && !isText && !rule.number:
		r.problem(v.at, fmt.Sprintf("put it in quotes: %q", t.Value), "%s is %s, not text", what, kindOfNode(node))
	case rule.words != nil:
		r.word(v, rule, what)
	case !rule.pattern.MatchString(v.text):
		r.problem(v.at, "write "+rule.what, "%s is %q", what, shorten(v.text))
	}
}

func (r *contextReader) word(v *fileValue, rule *textRule, what string) {
	if slices.Contains(rule.words, v.text) {
		return
	}
	next := DidYouMean(v.text, rule.words)
	if rule.slips != nil { // codes are too short for a guess by letters
		next = "write an ISO 3166-1 alpha-2 code, such as DE"
		upper := strings.ToUpper(v.text)
		if meant, ok := rule.slips[upper]; ok {
			upper = meant
		}
		if slices.Contains(rule.words, upper) {
			next = fmt.Sprintf("did you mean %q?", upper)
		}
	}
	r.problem(v.at, next, "%s: %q is not known", what, shorten(v.text))
}

// shorten keeps an error readable whatever stands in the file.
func shorten(s string) string {
	if runes := []rune(s); len(runes) > 60 {
		return string(runes[:60]) + "…"
	}
	return s
}

func kindOfNode(node ast.Node) string {
	switch node.(type) {
	case ast.MapNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.BoolNode:
		return "true or false"
	case *ast.NullNode:
		return "empty"
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "a number"
	}
	return "text"
}
