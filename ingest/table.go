// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"context"
	"strings"
)

// sourceKind is one row of the table of sources.
type sourceKind struct {
	ID    string
	Title string
	Match func(spec string) bool
	Open  func(ctx context.Context, spec string, f Filter, opts Options) (Source, error)
}

// table holds the kinds of sources; the first that matches is taken, so the
// folder, which takes every path, stands last.
var table = []sourceKind{
	{"stdin", "standard input", func(spec string) bool { return spec == "-" }, openStdin},
	{"s3", "Amazon S3", hasScheme("s3"), openS3},
	{"trino", "Trino", hasScheme("trino"), engineOnly},
	{"athena", "Amazon Athena", hasScheme("athena"), engineOnly},
	{"archive", "archive", hasScheme("archive"), engineOnly},
	{"folder", "file or folder", isPath, openFolder},
}

func hasScheme(scheme string) func(string) bool {
	return func(spec string) bool {
		s, _, ok := strings.Cut(spec, "://")
		return ok && strings.EqualFold(s, scheme)
	}
}

// isPath takes all that is not written as scheme://rest.
func isPath(spec string) bool {
	scheme, _, ok := strings.Cut(spec, "://")
	if !ok || scheme == "" {
		return spec != ""
	}
	return strings.ContainsAny(scheme, `/\.`)
}

// engineOnly refuses what a query engine answers for: it has no objects to read.
func engineOnly(_ context.Context, spec string, _ Filter, _ Options) (Source, error) {
	scheme, _, _ := strings.Cut(spec, "://")
	scheme = strings.ToLower(scheme)
	return nil, &UsageError{
		Spec:   scheme + "://…", // the rest may hold a password
		Reason: scheme + ":// names a table of a query engine, which only hunt and archive query ask",
		Hint:   "give the log objects themselves as s3://bucket/prefix or a folder",
	}
}

func unknownSpec(spec string) *UsageError {
	e := &UsageError{Spec: spec}
	scheme, _, _ := strings.Cut(strings.ToLower(spec), "://")
	switch scheme {
	case "":
		e.Reason = "the name is empty"
		e.Hint = "give a file, a folder, - for standard input or s3://bucket/prefix"
	case "http", "https":
		e.Reason = "web addresses are not read"
		e.Hint = "write a bucket as s3://bucket/prefix, or download the file and give its path"
	default:
		e.Reason = scheme + ":// is not a kind of source"
		e.Hint = "give a file, a folder, - for standard input or s3://bucket/prefix"
	}
	return e
}
