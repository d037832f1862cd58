// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"
)

// An id is printed as it was given, so it must be text.
func TestBatchIDIsText(t *testing.T) {
	var out, errs bytes.Buffer
	in := "{\"id\":\"\x9b31m\xff\",\"document\":{}}\n{\"id\":\"ü\",\"document\":{}}\n"
	run([]string{"explain", "policy", "--batch", "-", "-o", "jsonl"}, strings.NewReader(in), &out, &errs)
	if !utf8.Valid(out.Bytes()) || bytes.IndexByte(out.Bytes(), 0x9b) >= 0 {
		t.Errorf("raw bytes of an id are printed: %q", out.String())
	}
	if !strings.Contains(out.String(), "id is not UTF-8") || !strings.Contains(out.String(), `"id":"ü"`) {
		t.Errorf("%q, %q", out.String(), errs.String())
	}
}
