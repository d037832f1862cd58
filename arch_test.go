// SPDX-License-Identifier: Apache-2.0

// Package bucketlid_test keeps the house rules of CONTRIBUTING.md.
package bucketlid_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/bucketlid/bucketlid/"

// mayImport is the order of the rooms: what each package may import of ours.
var mayImport = map[string][]string{
	"policy":             {},
	"bucket":             {"policy"},
	"ingest":             {"ingest/awslog", "ingest/deflate"},
	"ingest/deflate":     {},
	"ingest/awslog":      {},
	"trail":              {},
	"replay":             {"trail", "bucket", "policy"},
	"accesslog":          {"replay", "policy"},
	"exposure":           {"bucket", "policy"},
	"triage":             {"exposure", "bucket", "policy", "trail", "replay", "triage/intel"},
	"triage/intel":       {},
	"coverage":           {"trail"},
	"archive":            {"replay", "trail"},
	"archive/duckdb":     {"archive", "trail"},
	"archive/sieve":      {"archive", "replay", "trail"},
	"archive/remote":     {"archive"},
	"archive/trino":      {"archive", "archive/remote"},
	"archive/athena":     {"archive", "archive/remote"},
	"investigate":        {"triage", "triage/intel", "exposure", "bucket", "replay", "trail"},
	"account":            {"bucket", "policy"},
	"remedy":             {"account", "bucket", "exposure", "policy"},
	"guard":              {"account", "remedy", "replay"},
	"findings":           {"bucket", "exposure", "policy", "triage"},
	"report":             {"coverage", "exposure", "triage", "investigate", "policy"},
	"stories":            {"replay", "trail", "triage"},
	"internal/eval":      {"triage", "triage/intel"},
	"internal/gentrail":  {},
	"internal/golden":    {},
	"internal/mototest":  {},
	"internal/trinotest": {},
	"internal/oracle":    {"policy"},
}

// importsSDK lists the packages that may import the AWS SDK.
var importsSDK = []string{"ingest/awslog", "account", "archive/athena", "internal/oracle"}

// readsClock lists the packages that may ask for the time: promise 7.
var readsClock = []string{"cmd/bucketlid", "account", "internal/mototest", "internal/oracle", "ingest/awslog"}

func TestImports(t *testing.T) {
	for _, f := range sources(t) {
		pkg := filepath.ToSlash(filepath.Dir(f.path))
		allowed, ruled := mayImport[pkg]
		for _, imp := range f.ast.Imports {
			path, _ := strconv.Unquote(imp.Path.Value)
			ours, isOurs := strings.CutPrefix(path, module)
			if isOurs && ruled && !slices.Contains(allowed, ours) && !f.test {
				t.Errorf("%s imports %s; %s may import only %v", f.path, ours, pkg, allowed)
			}
			if strings.HasPrefix(path, "github.com/aws/") && !slices.Contains(importsSDK, pkg) && !f.test {
				t.Errorf("%s imports %s: the AWS SDK belongs in %v", f.path, path, importsSDK)
			}
		}
	}
}

func TestClock(t *testing.T) {
	for _, f := range sources(t) {
		if f.test || slices.ContainsFunc(readsClock, func(p string) bool { return strings.HasPrefix(filepath.ToSlash(f.path), p) }) {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := s.X.(*ast.Ident); ok && x.Name == "time" && (s.Sel.Name == "Now" || s.Sel.Name == "Since") {
					t.Errorf("%s reads the clock: time is data outside cmd", f.path)
				}
			}
			return true
		})
	}
}

// The size of files and functions; tables of literals are exempt.
func TestSizes(t *testing.T) {
	for _, f := range sources(t) {
		if n := strings.Count(f.text, "\n"); n > 500 && !f.test {
			t.Errorf("%s has %d lines, more than 500", f.path, n)
		}
		for _, d := range f.ast.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || f.test {
				continue
			}
			if n := f.set.Position(fn.End()).Line - f.set.Position(fn.Pos()).Line; n > 70 {
				t.Errorf("%s: %s has %d lines, more than 70", f.path, fn.Name.Name, n)
			}
		}
	}
}

func TestEveryFileSaysItsLicence(t *testing.T) {
	for _, f := range sources(t) {
		if !strings.HasPrefix(f.text, "// SPDX-License-Identifier: Apache-2.0\n") {
			t.Errorf("%s does not start with its SPDX line", f.path)
		}
	}
}

// Every path in back-quotes of the documents exists.
func TestDocumentedPathsExist(t *testing.T) {
	quoted := regexp.MustCompile("`([a-z]+/[a-z0-9_./-]*|[A-Z]+\\.md)`")
	for _, doc := range []string{"README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"} {
		text, err := os.ReadFile(doc)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, m := range quoted.FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(m[1]); err != nil {
				t.Errorf("%s names %s, which does not exist", doc, m[1])
			}
		}
	}
}

type source struct {
	path, text string
	test       bool
	set        *token.FileSet
	ast        *ast.File
}

func sources(t *testing.T) []source {
	t.Helper()
	var out []source
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && strings.HasPrefix(d.Name(), ".") && path != "." {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		set := token.NewFileSet()
		tree, err := parser.ParseFile(set, path, text, parser.ParseComments)
		out = append(out, source{path, string(text), strings.HasSuffix(path, "_test.go"), set, tree})
		return err
	})
	if err != nil || len(out) < 50 {
		t.Fatalf("%d Go files found: %v", len(out), err)
	}
	return out
}
