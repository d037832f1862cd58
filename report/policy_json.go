// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/bucketlid/bucketlid/policy"
)

// EncodePolicy appends one line to b, the same bytes as EncodeExplanation but
// at a third of the cost: a batch prints tens of thousands of lines a second.
func EncodePolicy(b *bytes.Buffer, p *Policy) error {
	if len(p.ID) > 0 && !json.Valid(p.ID) {
		return EncodeExplanation(b, Explanation{Policy: p}) // which says what is wrong
	}
	w := jsonWriter{b.AvailableBuffer()}
	w.raw(`{"policy":{"id":`)
	w.id(p.ID)
	w.member(`,"classifier":`, string(p.Classifier))
	w.member(`,"reach":`, string(p.Reach))
	w.raw(`,"audiences":`)
	if p.Audiences == nil {
		w.raw("null")
	} else {
		w.raw("[")
		for i := range p.Audiences {
			if i > 0 {
				w.raw(",")
			}
			w.audience(&p.Audiences[i])
		}
		w.raw("]")
	}
	w.raw(`,"witness":`)
	w.witness(p.Witness)
	w.list(`,"reasons":`, p.Reasons)
	w.list(`,"later":`, p.Later)
	w.list(`,"problems":`, p.Problems)
	w.raw("}}\n")
	b.Write(w.out)
	return nil
}

// jsonWriter appends JSON.
type jsonWriter struct{ out []byte }

func (w *jsonWriter) raw(s string) { w.out = append(w.out, s...) }

// id is a string or a number, which encoding/json would copy as it is.
func (w *jsonWriter) id(id json.RawMessage) {
	switch {
	case len(id) == 0:
		w.raw("null")
	case id[0] == '"':
		w.out = append(w.out, escapeJSON(id)...)
	default:
		w.out = append(w.out, bytes.TrimSpace(id)...)
	}
}

func (w *jsonWriter) member(name, value string) {
	w.raw(name)
	w.text(value)
}

// optional leaves an empty text out.
func (w *jsonWriter) optional(name, value string) {
	if value != "" {
		w.member(name, value)
	}
}

func (w *jsonWriter) text(s string) {
	if plainASCII(s) && !strings.ContainsAny(s, `"\`) {
		w.out = append(append(append(w.out, '"'), s...), '"')
		return
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string always has a form
	w.out = append(w.out, escapeJSON(bytes.TrimSuffix(b.Bytes(), []byte("\n")))...)
}

func (w *jsonWriter) list(name string, list []string) {
	w.raw(name)
	texts(w, list)
}

// opening is what stands before the i-th of a list.
func opening(i int, first string) string {
	if i == 0 {
		return first
	}
	return ","
}

func texts[T ~string](w *jsonWriter, list []T) {
	if list == nil {
		w.raw("null")
		return
	}
	for i, s := range list {
		w.raw(opening(i, "["))
		w.text(string(s))
	}
	if len(list) == 0 {
		w.raw("[")
	}
	w.raw("]")
}

func (w *jsonWriter) audience(a *PolicyAudience) {
	w.member(`{"audience":`, string(a.Audience))
	w.someTexts(`,"principals":`, a.Principals)
	if a.Addresses != 0 {
		w.raw(`,"addresses":`)
		w.out = strconv.AppendUint(w.out, a.Addresses, 10)
	}
	w.raw(`,"access":`)
	texts(w, a.Access)
	w.list(`,"actions":`, a.Actions)
	w.list(`,"scope":{"include":`, a.Scope.Include)
	w.someTexts(`,"exclude":`, a.Scope.Exclude)
	w.raw("}")
	if a.Until != nil {
		w.raw(`,"until":`)
		stamp, _ := a.Until.MarshalJSON() // a Date condition's year has four digits
		w.out = append(w.out, stamp...)
	}
	w.someTexts(`,"unsettled":`, a.Unsettled)
	w.raw(`,"statement":{"index":`)
	w.out = strconv.AppendInt(w.out, int64(a.Statement.Index), 10)
	w.optional(`,"sid":`, a.Statement.Sid)
	w.raw("}")
	if a.UnsignedOnly {
		w.raw(`,"unsigned_only":true`)
	}
	w.list(`,"guards":`, a.Guards)
	w.raw(`,"witness":`)
	w.witness(a.Witness)
	w.raw("}")
}

// someTexts leaves an empty list out.
func (w *jsonWriter) someTexts(name string, list []string) {
	if len(list) > 0 {
		w.list(name, list)
	}
}

func (w *jsonWriter) witness(x *policy.Witness) {
	if x == nil {
		w.raw("null")
		return
	}
	w.member(`{"archetype":`, x.Archetype)
	w.member(`,"method":`, x.Method)
	w.member(`,"url":`, x.URL)
	w.pairs(`,"headers":`, x.Headers)
	w.member(`,"action":`, x.Action)
	w.member(`,"resource":`, x.Resource)
	w.pairs(`,"context":`, x.Context)
	w.optional(`,"command":`, x.Command)
	w.raw("}")
}

func (w *jsonWriter) pairs(name string, m map[string]string) {
	if len(m) == 0 {
		return
	}
	w.raw(name)
	names := make([]string, 0, len(m))
	for k := range m {
		names = append(names, k)
	}
	slices.Sort(names)
	for i, k := range names {
		w.raw(opening(i, "{"))
		w.member("", k)
		w.member(":", m[k])
	}
	w.raw("}")
}
