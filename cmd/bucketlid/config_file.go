// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bucketlid/bucketlid/triage"
)

// maxConfig bounds a configuration file, in bytes.
const maxConfig = 64 << 10

// configFile is a configuration file that was found good.
type configFile struct {
	path     string
	settings []setting
}

// setting is one line of it: a flag's values, for one command or for all.
type setting struct {
	command []string // empty: every command that has the flag
	name    string
	values  []string
	line    int
}

func readConfigFile(path string, root *cobra.Command) (*configFile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("the configuration file cannot be read: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxConfig+1))
	switch {
	case err != nil:
		return nil, err
	case len(text) > maxConfig:
		return nil, usageError("it holds values for flags: see docs/config.md", "%s has more than %d bytes", path, maxConfig)
	}
	parsed, err := parser.ParseBytes(text, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, usageError("mend the file; docs/config.md tells the form", "%s: %s", path, strings.ReplaceAll(yaml.FormatError(err, false, false), "\n", " "))
	}
	c := &configFile{path: path}
	for _, doc := range parsed.Docs {
		if doc.Body == nil {
			continue
		}
		if err := c.mapping(doc.Body, root, nil); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (c *configFile) bad(n ast.Node, hint, format string, args ...any) error {
	return usageError(hint, "%s:%d: %s", c.path, n.GetToken().Position.Line, fmt.Sprintf(format, args...))
}

// mapping reads what stands below a command, or at the top.
func (c *configFile) mapping(n ast.Node, cmd *cobra.Command, path []string) error {
	var values []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		values = n.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{n}
	case *ast.CommentGroupNode:
		return nil
	default:
		return c.bad(n, "for example: context: context.yaml", "flags with values are expected")
	}
	flags, commands := flagsOf(cmd), commandsOf(cmd)
	seen := map[string]bool{}
	for _, v := range values {
		key := v.Key.GetToken().Value
		_, isMapping := v.Value.(ast.MapNode)
		switch {
		case seen[key]:
			return c.bad(v.Key, "keep one of them", "%q stands here twice", plain(key))
		case isMapping && slices.Contains(commands, key):
			sub, _, _ := cmd.Find([]string{key})
			if err := c.mapping(v.Value, sub, append(slices.Clone(path), key)); err != nil {
				return err
			}
		case slices.Contains(neverInFile, key):
			return c.bad(v.Key, "give it on the command line", "%q holds for one call only", key)
		case !slices.Contains(flags, key):
			return c.unknown(v, flags, commands)
		case isMapping:
			return c.bad(v.Key, "write its value behind it", "%q is a flag: nothing can stand below it", key)
		default:
			list, err := c.values(v)
			if err != nil {
				return err
			}
			c.settings = append(c.settings, setting{path, key, list, v.Key.GetToken().Position.Line})
		}
		seen[key] = true
	}
	return nil
}

func (c *configFile) unknown(v *ast.MappingValueNode, flags, commands []string) error {
	key := v.Key.GetToken().Value
	if slices.Contains(commands, key) {
		return c.bad(v.Key, "for example: "+key+": {output: md}", "%q is a command: its flags stand below it", key)
	}
	hint := triage.DidYouMean(key, append(slices.Clone(flags), commands...))
	if strings.HasPrefix(hint, "known are") {
		hint = "bucketlid config schema lists what can stand here"
	}
	return c.bad(v.Key, hint, "%q is no flag and no command here", plain(key))
}

// values are the texts of one value or a list.
func (c *configFile) values(v *ast.MappingValueNode) ([]string, error) {
	nodes := []ast.Node{v.Value}
	if list, ok := v.Value.(*ast.SequenceNode); ok {
		nodes = list.Values
	}
	out := make([]string, 0, len(nodes))
	for _, n := range nodes {
		switch n := n.(type) {
		case *ast.StringNode:
			out = append(out, n.Value)
		case *ast.LiteralNode:
			out = append(out, n.Value.Value)
		case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
			out = append(out, n.GetToken().Value)
		default:
			return nil, c.bad(v.Key, "write a text, a number, true or false, or a list of these", "%q has no value that a flag can take", plain(v.Key.GetToken().Value))
		}
	}
	return out, nil
}

// flagsOf lists the flags of a command and of the commands below it.
func flagsOf(cmd *cobra.Command) []string {
	var out []string
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if !slices.Contains(neverInFile, f.Name) {
			out = append(out, f.Name)
		}
	})
	for _, sub := range cmd.Commands() {
		out = append(out, flagsOf(sub)...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func commandsOf(cmd *cobra.Command) []string {
	var out []string
	for _, sub := range cmd.Commands() {
		out = append(out, sub.Name())
	}
	return out
}

// schema describes a configuration file for editors (JSON Schema 2020-12).
func schema(cmd *cobra.Command) map[string]any {
	properties := map[string]any{}
	for _, name := range flagsOf(cmd) {
		properties[name] = map[string]any{
			"type":  []string{"string", "number", "boolean", "array"},
			"items": map[string]any{"type": []string{"string", "number", "boolean"}},
		}
	}
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if p, ok := properties[f.Name].(map[string]any); ok {
			_, p["description"] = pflag.UnquoteUsage(f)
		}
	})
	for _, sub := range cmd.Commands() {
		if len(flagsOf(sub)) == 0 {
			continue
		}
		if flag, taken := properties[sub.Name()]; taken {
			properties[sub.Name()] = map[string]any{"anyOf": []any{flag, schema(sub)}}
			continue
		}
		properties[sub.Name()] = schema(sub)
	}
	return map[string]any{"type": "object", "additionalProperties": false, "description": cmd.Short, "properties": properties}
}

func newConfigSchema() *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema of a configuration file, for editors",
		Example: "  bucketlid config schema > bucketlid.schema.json", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			out := schema(cmd.Root())
			out["$schema"] = "https://json-schema.org/draft/2020-12/schema"
			enc := json.NewEncoder(cmd.OutOrStdout())
			enc.SetIndent("", "  ")
			return enc.Encode(out)
		},
	}
}
