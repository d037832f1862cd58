// SPDX-License-Identifier: Apache-2.0

package main

import (
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/bucketlid/bucketlid/archive/duckdb"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"bucketlid": main})
}

// The scripts double as the manual: one for each topic of a command.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           filepath.Join("testdata", "script"),
		UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "",
		Setup: func(env *testscript.Env) error {
			env.Setenv("NO_COLOR", "1")
			env.Setenv("TMPDIR", env.WorkDir)
			return nil
		},
		Condition: scriptCondition,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"gzip": scriptGzip, "truncate": scriptTruncate, "repeat": scriptRepeat, "utf16": scriptUTF16,
		},
	})
}

// scriptCondition is [duckdb]: the build has DuckDB in it, which needs cgo.
func scriptCondition(name string) (bool, error) {
	if name != "duckdb" {
		return false, fmt.Errorf("unknown condition %q", name)
	}
	return duckdb.Built, nil
}

// scriptGzip is `gzip FILE…`: packs each file to FILE.gz.
func scriptGzip(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args {
		out, err := os.Create(ts.MkAbs(name + ".gz"))
		ts.Check(err)
		w := gzip.NewWriter(out)
		_, err = w.Write([]byte(ts.ReadFile(name)))
		ts.Check(err)
		ts.Check(w.Close())
		ts.Check(out.Close())
		ts.Check(os.Remove(ts.MkAbs(name)))
	}
}

// scriptTruncate is `truncate FILE`: cuts the second half off.
func scriptTruncate(ts *testscript.TestScript, _ bool, args []string) {
	text := ts.ReadFile(args[0])
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text[:len(text)/2]), 0o644))
}

// scriptUTF16 is `utf16 FILE`: writes it anew as PowerShell would.
func scriptUTF16(ts *testscript.TestScript, _ bool, args []string) {
	out := []byte{0xff, 0xfe}
	for _, unit := range utf16.Encode([]rune(ts.ReadFile(args[0]))) {
		out = binary.LittleEndian.AppendUint16(out, unit)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), out, 0o644))
}

// scriptRepeat is `repeat FILE TEXT N`: writes TEXT N times.
func scriptRepeat(ts *testscript.TestScript, _ bool, args []string) {
	n := len(args[2])
	count := 0
	for _, c := range args[2] {
		count = count*10 + int(c-'0')
	}
	if n == 0 {
		ts.Fatalf("usage: repeat FILE TEXT N")
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Repeat(args[1], count)), 0o644))
}
