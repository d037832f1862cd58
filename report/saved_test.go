// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"io"
	"strings"
	"testing"
)

// A saved stream that can be read is rendered in every form, whatever was done
// to it, and its own form reads again as it was.
func FuzzSaved(f *testing.F) {
	const config = `{"config":{"schema":"bucketlid/1","command":"%"}}` + "\n"
	inquest := strings.ReplaceAll(config, "%", "investigate")
	sheet := strings.ReplaceAll(config, "%", "coverage")
	f.Add(inquest + `{"investigation":{"kind":"user","subject":"ann","matched":[{"name":"ann","how":"user name"}]}}` + "\n" +
		`{"event":{"eventTime":"2026-03-02T10:00:00Z","eventName":"GetObject","last":"2026-03-02T10:00:05Z","count":2,"calls":{"GetObject":2},"opens":["a-1"]}}` + "\n" +
		`{"gap":{"from":"2026-03-02T10:00:05Z","to":"2026-03-02T11:00:05Z","logs":"none","text":"1 h"}}` + "\n" +
		`{"answer":{"id":"around","question":"What?","answer":"yes","text":"All.","events":[{"eventTime":"2026-03-02T10:00:00Z"}],"more":3}}` + "\n" +
		`{"step":{"why":"more","command":"bucketlid"}}` + "\n" + `{"summary":{}}`)
	f.Add(inquest + `{"investigation":{"kind":"alert","subject":"a-1","alert":{"id":"a-1"},"from":null,"to":null}}` + "\n" + `{"summary":{}}`)
	f.Add(inquest + `{"event":{}}` + "\n" + `{"summary":{}}`)
	f.Add(sheet + `{"coverage":{"account":"1","kind":"management","state":"seen","from":"2026-03-02","to":"2026-03-02","days":1,"first":"2026-03-02T10:00:00Z","last":null}}` + "\n" +
		`{"trail":{"time":"2026-03-02T10:00:00Z"}}` + "\n" + `{"gap":{"from":null,"to":null}}` + "\n" + `{"digest":{"verdict":"altered"}}` + "\n" +
		`{"file":{}}` + "\n" + `{"statement":{"text":"x"}}` + "\n" + `{"skipped":{"object":"x","offset":-1}}` + "\n" + `{"summary":{"digests":{}}}`)
	f.Fuzz(func(t *testing.T, in string) {
		command, stream := Saved(strings.NewReader(in))
		again := renderings(t, command, stream)
		if again == nil {
			return
		}
		if second := renderings(t, command, bytes.NewReader(again)); !bytes.Equal(second, again) {
			t.Errorf("read again:\n%s\n---\n%s", again, second)
		}
	})
}

// renderings draws a stream in every form, and returns it in its own.
func renderings(t *testing.T, command string, stream io.Reader) []byte {
	t.Helper()
	var jsonl, other bytes.Buffer
	to := map[bool]*bytes.Buffer{true: &jsonl, false: &other}
	switch command {
	case "investigate":
		x, err := ReadInquest(stream)
		for i := 0; i < len(InvestigationFormats) && err == nil; i++ {
			f := &InvestigationFormats[i]
			err = f.Write(to[f.ID == "jsonl"], x, Options{Width: 80})
		}
	case "coverage":
		sheet, err := ReadCoverage(stream)
		for i := 0; i < len(CoverageFormats) && err == nil; i++ {
			f := &CoverageFormats[i]
			err = f.Write(to[f.ID == "jsonl"], sheet, Options{Width: 80})
		}
	}
	if r, found := drives(strings.NewReplacer("\r\n", "", "\n", "").Replace(other.String())); found {
		t.Errorf("an output holds %U", r)
	}
	return jsonl.Bytes()
}

// The command is told without reading more than the first line, and the stream
// is whole behind it.
func TestSaved(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "no stream": "", `{"alert":{}}`: "", `{"config":{"command":"coverage"}}`: "coverage",
		"\uFEFF\r\n " + `{"config":{"command":"investigate"}}` + "\nmore": "investigate", `{"config":"hunt"}`: "",
	} {
		command, whole := Saved(strings.NewReader(text))
		rest, err := io.ReadAll(whole)
		if command != want || string(rest) != text || err != nil {
			t.Errorf("%q: command %q, then %q, %v", text, command, rest, err)
		}
	}
}
