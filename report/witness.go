// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/bucketlid/bucketlid/policy"
)

// witness is a request to try, with what it needs and what it does. The scope is
// what the grant covers.
func (s *sheet) witness(w *policy.Witness, scope policy.Scope) {
	if w == nil {
		return
	}
	s.command("try", witnessText(w))
	s.lines("needs", witnessNeeds(w, scope))
	if w.Writes() {
		s.line("careful", writesNote)
	}
}

func witnessText(w *policy.Witness) string {
	return cmp.Or(w.Command, spaced(w.Method, w.URL, "(by "+w.Archetype+")"))
}

// writesNote stands by a witness that is no harmless question.
const writesNote = "the request changes the bucket or its objects: send it only where that does no harm"

// escapesNote stands by a witness that cannot be copied as it is shown.
const escapesNote = "some of its characters are shown as escapes; -o jsonl has the exact request"

// witnessNeeds tells what must be put in or brought along before a request can
// succeed.
func witnessNeeds(w *policy.Witness, scope policy.Scope) []string {
	var out []string
	if key := exampleKey(w, scope); key != "" {
		out = append(out, "the key of an object that exists, in place of "+strconv.Quote(key)+": for another S3 may answer 403")
	}
	return append(out, w.Needs()...)
}

// exampleKey is the key in a request for an object where the grant covers a whole
// pattern of keys; "" where the key is the granted one, or is made by the request,
// or where no scope is known.
func exampleKey(w *policy.Witness, scope policy.Scope) string {
	_, path, ok := strings.Cut(w.Resource, ":::")
	_, key, onObject := strings.Cut(path, "/")
	if !ok || !onObject || w.URL == "" || w.Method == "PUT" || len(scope.Include) == 0 || slices.Contains(scope.Include, path) {
		return ""
	}
	return key
}
