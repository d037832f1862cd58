// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"os"
	"strings"
	"time"

	"github.com/bucketlid/bucketlid/archive"
	"github.com/bucketlid/bucketlid/archive/athena"
	"github.com/bucketlid/bucketlid/archive/duckdb"
	"github.com/bucketlid/bucketlid/archive/remote"
	"github.com/bucketlid/bucketlid/archive/trino"
)

// engineKind is one row of the table of query engines.
type engineKind struct {
	scheme string
	open   func(ctx context.Context, spec string) (archive.Engine, error)
	shown  func(spec string) string // without what is secret
}

// engineKinds holds the engines that hunt and archive query can ask.
var engineKinds = []engineKind{
	{"archive", openArchiveEngine, func(spec string) string { return spec }},
	{"trino", openTrino, shownTrino},
	{"athena", openAthena, func(spec string) string { return spec }},
}

// engineOf finds the engine that a source names; nil for none.
func engineOf(spec string) *engineKind {
	scheme, _, ok := strings.Cut(spec, "://")
	for i := range engineKinds {
		if ok && strings.EqualFold(scheme, engineKinds[i].scheme) {
			return &engineKinds[i]
		}
	}
	return nil
}

func engineNames() string {
	names := make([]string, len(engineKinds))
	for i, kind := range engineKinds {
		names[i] = kind.scheme + "://"
	}
	return strings.Join(names, ", ")
}

// engineSpecs parts sources into those that an engine answers for and those that
// are read.
func engineSpecs(specs []string) (asked, read []string) {
	for _, spec := range specs {
		if engineOf(spec) != nil {
			asked = append(asked, spec)
		} else {
			read = append(read, spec)
		}
	}
	return asked, read
}

// shownSpecs are sources as they may be printed.
func shownSpecs(specs []string) []string {
	out := make([]string, len(specs))
	for i, spec := range specs {
		out[i] = spec
		if kind := engineOf(spec); kind != nil {
			out[i] = kind.shown(spec)
		}
	}
	return out
}

// engineFailure gives an engine's error its exit code.
func engineFailure(err error) error {
	var denied *remote.PermissionError
	if errors.As(err, &denied) {
		return &exitError{exitPermission, err.Error(), ""}
	}
	return err
}

// localEngine is the embedded engine with the archive that it reads.
type localEngine struct {
	archive.Engine
	archive *archive.Archive
}

// Close implements archive.Engine.
func (e *localEngine) Close() error {
	defer e.archive.Close()
	return e.Engine.Close()
}

func openArchiveEngine(ctx context.Context, spec string) (archive.Engine, error) {
	_, root, _ := strings.Cut(spec, "://")
	if root == "" {
		return nil, usageError("for example: archive://bucketlid-archive", "%s names no folder", spec)
	}
	a, err := openArchive(ctx, root)
	if err != nil {
		return nil, err
	}
	engine, err := duckdb.Open(a, duckdb.Options{})
	if err != nil {
		a.Close()
		return nil, err
	}
	return &localEngine{engine, a}, nil
}

// farewell is how long a stopped run may take to end its query at the engine.
const farewell = 6 * time.Second

func openTrino(_ context.Context, spec string) (archive.Engine, error) {
	address, err := trino.ParseAddress(spec, trino.Secrets{
		User: os.Getenv("TRINO_USER"), Password: os.Getenv("TRINO_PASSWORD"), Token: os.Getenv("TRINO_ACCESS_TOKEN"),
	})
	if err != nil {
		return nil, usageError("see docs/engines.md", "%v", err)
	}
	patience.Store(int64(farewell))
	return trino.Open(address)
}

func shownTrino(spec string) string {
	address, err := trino.ParseAddress(spec, trino.Secrets{})
	if err != nil {
		return "trino://…"
	}
	return address.String()
}

func openAthena(ctx context.Context, spec string) (archive.Engine, error) {
	address, err := athena.ParseAddress(spec)
	if err != nil {
		return nil, usageError("see docs/engines.md", "%v", err)
	}
	patience.Store(int64(farewell))
	engine, err := athena.Open(ctx, address)
	return engine, engineFailure(err)
}
