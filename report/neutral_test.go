// SPDX-License-Identifier: Apache-2.0

package report

import (
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// attacks are the ways in which text of a log drives what shows it.
var attacks = map[string]string{
	"clear screen":       "\x1b[2J\x1b[H",
	"title":              "\x1b]0;owned\x07",
	"link OSC 8":         "\x1b]8;;https://evil.example\x1b\\click\x1b]8;;\x1b\\",
	"clipboard OSC 52":   "\x1b]52;c;Y3VybA==\x07",
	"C1 CSI":             "\u009b31mred",
	"raw C1 byte":        "\x9b31mred",
	"overwrite":          "evil\rgood",
	"backspace":          "evil\b\b\b\bgood",
	"new line":           "a\nHIGH a-1 forged alert",
	"bidi override":      "\u202egpj.exe",
	"bidi isolate":       "\u2066abc\u2069",
	"marks of direction": "\u200e\u200f\u061c",
	"zero width":         "ad\u200bmin\u200d\ufeff",
	"tag characters":     "a\U000E0041\U000E007F",
	"variation":          "a\ufe0f\U000E0100",
	"filler":             "\u3164\u115f\u2800",
	"line separators":    "a\u2028b\u2029c\u0085d",
	"stacked marks":      "a" + strings.Repeat("\u0300", 200),
	"mark at the start":  "\u0300a",
	"formula":            "=HYPERLINK(\"https://evil.example\")",
	"formula DDE":        "@SUM(1+1)*cmd|' /C calc'!A0",
	"formula behind ;":   "x;=1+1; -2",
	"formula, wide":      "＝1+1",
	"formula, tab":       "\t=1+1",
	"HTML":               "<script>alert(1)</script><img src=x onerror=alert(1)>&lt;",
	"link":               "[click](https://evil.example) ![x](https://evil.example/x.png)",
	"autolink":           "see https://evil.example and www.evil.example or a@evil.example",
	"mention":            "@acme/security #123 @octocat",
	"table":              "a | b | c \\| d",
	"code":               "`rm -rf` ``` ~~~",
	"emphasis":           "**bold** __bold__ ~~gone~~ $x$",
	"list":               "- item",
	"numbered list":      "1. item",
	"heading":            "# heading",
	"Slack":              "<!channel> <@U123> <https://evil.example|bank>",
	"invalid":            "a\xff\xfeb\xed\xa0\x80",
}

// drives reports the first rune of text that acts on a terminal or is not seen.
func drives(text string) (rune, bool) {
	for _, r := range text {
		if r == utf8.RuneError || unicode.Is(unicode.M, r) {
			continue
		}
		if !unicode.IsPrint(r) || unicode.In(r, unicode.Cf, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Variation_Selector) {
			return r, true
		}
	}
	return 0, false
}

func TestTerminalAttacks(t *testing.T) {
	for name, attack := range attacks {
		got := Terminal(attack)
		if r, found := drives(got); found {
			t.Errorf("%s: %q still holds %U", name, got, r)
		}
		if !utf8.ValidString(got) {
			t.Errorf("%s: %q is not UTF-8", name, got)
		}
		if Terminal(got) != got {
			t.Errorf("%s: a second pass changes %q", name, got)
		}
	}
}

func TestTerminal(t *testing.T) {
	tests := []struct{ in, want string }{
		{"", ""},
		{"plain text, 3 < 4", "plain text, 3 < 4"},
		{"日本語 Ünïcode عربى", "日本語 Ünïcode عربى"},
		{"e\u0301 हिन्दी", "e\u0301 हिन्दी"},
		{"\x1b[31m\x7f", `\x1b[31m\x7f`},
		{"\u009b1m", `\u009b1m`},
		{"a\r\n\tb", `a\r\n\tb`},
		{"\u202eabc", `\u202eabc`},
		{"\U000E0041", `\U000e0041`},
		{"a\xffb", "a\uFFFDb"},
		{"\u0300a", `\u0300a`},
		{"a" + strings.Repeat("\u0300", 5), "a" + strings.Repeat("\u0300", 4) + `\u0300`},
	}
	for _, tt := range tests {
		if got := Terminal(tt.in); got != tt.want {
			t.Errorf("Terminal(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestTerminalNeverDrives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := hostile().Draw(t, "text")
		if r, found := drives(Terminal(in)); found {
			t.Fatalf("Terminal(%q) holds %U", in, r)
		}
	})
}

// A line of JSON keeps its meaning, and shows all that it holds.
func TestJSONLineAttacks(t *testing.T) {
	for name, attack := range attacks {
		text, err := json.Marshal(attack)
		if err != nil {
			t.Fatal(err)
		}
		safe := JSONLine(text)
		for _, r := range string(safe) {
			if r >= 0x7F && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Other_Default_Ignorable_Code_Point) {
				t.Errorf("%s: %q still holds %U", name, safe, r)
			}
		}
		var before, after string
		if json.Unmarshal(text, &before) != nil || json.Unmarshal(safe, &after) != nil || before != after {
			t.Errorf("%s: %q means %q, not %q", name, safe, after, before)
		}
	}
}

func TestCSVAttacks(t *testing.T) {
	for name, attack := range attacks {
		got := CSVText(attack)
		if r, found := drives(got); found {
			t.Errorf("%s: %q still holds %U", name, got, r)
		}
		for cell := range strings.SplitSeq(got, ";") {
			cell = strings.TrimLeft(cell, " ")
			if cell != "" && strings.ContainsRune(formulaStarts, firstRune(cell)) {
				t.Errorf("%s: %q starts a formula", name, got)
			}
		}
	}
}

func TestCSVText(t *testing.T) {
	tests := []struct{ in, want string }{
		{"alice", "alice"},
		{"=1", "'=1"}, {"+1", "'+1"}, {"-1", "'-1"}, {"@x", "'@x"},
		{"\tx", `'\tx`}, {"\rx", `'\rx`},
		{" =1", "' =1"},
		{"a;=1", "a;'=1"},
		{"a-b=c", "a-b=c"},
		{"\x1b[2J", `\x1b[2J`},
	}
	for _, tt := range tests {
		if got := CSVText(tt.in); got != tt.want {
			t.Errorf("CSVText(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestCSVCellsSurvive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := CSVText(hostile().Draw(t, "text"))
		var b strings.Builder
		w := csv.NewWriter(&b)
		_ = w.Write([]string{want, "x"})
		w.Flush()
		row, err := csv.NewReader(strings.NewReader(b.String())).Read()
		if err != nil || row[0] != want {
			t.Fatalf("%q came back as %q: %v", want, row, err)
		}
	})
}

func TestMarkdownText(t *testing.T) {
	tests := []struct{ in, want string }{
		{"plain, text (with) 3.5 and a-b", "plain, text (with) 3.5 and a-b"},
		{"<b>&amp;", "&lt;b&gt;&amp;amp;"},
		{"[x](y)", `\[x\](y)`},
		{"*a* _b_ ~c~ `d`", "\\*a\\* \\_b\\_ \\~c\\~ \\`d\\`"},
		{"a|b", "a&#124;b"},
		{`a\|b`, `a\\&#124;b`},
		{"#123 # x", `#&#8203;123 \# x`},
		{"@octocat", "@&#8203;octocat"},
		{"https://evil.example", "https:&#8203;//evil.example"},
		{"WWW.evil.example", "WWW&#8203;.evil.example"},
		{"- x", `\- x`}, {"+ x", `\+ x`}, {"1. x", `1\. x`}, {"12) x", `12\) x`}, {"=", `\=`},
		{"$x$", "&#36;x&#36;"},
		{"<!channel>", "&lt;!channel&gt;"},
		{"a\nb", `a\\nb`},
		{"   code", "code"},
	}
	for _, tt := range tests {
		if got := mdText(tt.in); got != tt.want {
			t.Errorf("mdText(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

// Every character by which Markdown could be told to do something is held.
func TestMarkdownAttacks(t *testing.T) {
	for name, attack := range attacks {
		for kind, got := range map[string]string{"text": mdText(attack), "code": strings.TrimSuffix(strings.TrimPrefix(mdCode(attack), "<code>"), "</code>")} {
			if r, found := drives(got); found {
				t.Errorf("%s: %s %q still holds %U", name, kind, got, r)
			}
			if strings.Contains(got, "|") {
				t.Errorf("%s: %s %q holds a pipe", name, kind, got)
			}
			if kind == "code" && strings.HasPrefix(got, "`") {
				if strings.Count(got, "`") != 2 {
					t.Errorf("%s: %q is not one span", name, got)
				}
				continue
			}
			for _, bad := range []string{"<", "://", "@a", "@o", "www.", " #1"} {
				if strings.Contains(got, bad) {
					t.Errorf("%s: %s %q holds %q", name, kind, got, bad)
				}
			}
			if i := bareIndex(got, "`*_[]~$"); i >= 0 {
				t.Errorf("%s: %s %q holds %q without a backslash", name, kind, got, got[i:i+1])
			}
		}
	}
}

// bareIndex finds one of the characters that no backslash holds.
func bareIndex(s, chars string) int {
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\':
			i++
		case strings.IndexByte(chars, s[i]) >= 0:
			return i
		}
	}
	return -1
}

func TestMarkdownCode(t *testing.T) {
	tests := []struct{ in, want string }{
		{"", ""}, {"  ", ""},
		{"alice", "`alice`"},
		{"<script>@octocat", "`<script>@octocat`"},
		{"a`b", "<code>a\\`b</code>"},
		{"a|b", "<code>a&#124;b</code>"},
		{" a", "<code>a</code>"},
		{"\x1b", `<code>\\x1b</code>`},
	}
	for _, tt := range tests {
		if got := mdCode(tt.in); got != tt.want {
			t.Errorf("mdCode(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestMarkdownBlockHoldsAnyFence(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.StringMatching("[`~a\n]{0,20}").Draw(t, "text")
		lines := strings.Split(strings.TrimSuffix(mdBlock(in), "\n"), "\n")
		if len(lines) != 3 {
			t.Fatalf("%q became %d lines", in, len(lines))
		}
		fence := lines[2]
		if strings.Trim(fence, "`") != "" || lines[0] != fence+"sh" || strings.Contains(lines[1], fence) {
			t.Fatalf("%q is not held by %q", in, lines)
		}
	})
}

func TestJSONAttacks(t *testing.T) {
	for name, attack := range attacks {
		line, err := encode(Message{Skipped: &Skipped{Object: attack}})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		text := strings.TrimSuffix(string(line), "\n")
		for _, r := range text {
			if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
				t.Errorf("%s: %s holds %U", name, text, r)
			}
		}
		var back Message
		if err := json.Unmarshal(line, &back); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if want := strings.ToValidUTF8(attack, "\uFFFD"); back.Skipped.Object != want {
			t.Errorf("%s: %q came back as %q", name, want, back.Skipped.Object)
		}
	}
}

func TestJSONLeavesHTML(t *testing.T) {
	line, err := encode(Message{Skipped: &Skipped{Object: "<a&b>"}})
	if err != nil || !strings.Contains(string(line), `"<a&b>"`) {
		t.Errorf("%s %v", line, err)
	}
}
