// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// configFlag names the configuration file. "--config" is taken: scan asks AWS
// Config with it.
const configFlag = "config-file"

// neverInFile are flags that a file must not give: what they say holds for one call.
var neverInFile = []string{"help", configFlag, "yes"}

// configPlaces are where a configuration file is looked for, the first that is
// there counts.
func configPlaces() []string {
	home, _ := os.UserHomeDir() // without one that place is left out
	list := []string{"bucketlid.yaml"}
	if dir := cmp.Or(os.Getenv("XDG_CONFIG_HOME"), filepath.Join(home, ".config")); filepath.IsAbs(dir) {
		list = append(list, filepath.Join(dir, "bucketlid", "config.yaml"))
	}
	return append(list, "/etc/bucketlid/config.yaml")
}

// readConfig reads the file that --config-file names, or the first there is; nil
// without one.
func readConfig(cmd *cobra.Command) (*configFile, error) {
	path := ""
	if f := cmd.Flags().Lookup(configFlag); f != nil {
		path = f.Value.String()
	}
	if path == "" {
		path = os.Getenv(environmentName(configFlag))
	}
	if path != "" {
		c, err := readConfigFile(path, cmd.Root())
		if errors.Is(err, fs.ErrNotExist) {
			return nil, usageError("give one that is there, or leave out --"+configFlag, "%v", err)
		}
		return c, err
	}
	for _, place := range configPlaces() {
		c, err := readConfigFile(place, cmd.Root())
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		return c, err
	}
	return nil, nil
}

// setFlags gives every flag that the command line lacks its value: from the
// environment, else from the configuration file.
func setFlags(cmd *cobra.Command) error {
	file, err := readConfig(cmd)
	if err != nil {
		return err
	}
	if err := flagsFromEnvironment(cmd); err != nil || file == nil {
		return err
	}
	return file.apply(cmd)
}

// originKey is the annotation of a flag that tells what set it, where that was
// not the command line.
const originKey = "bucketlid-origin"

func comesFrom(f *pflag.Flag, origin string) {
	if f.Annotations == nil {
		f.Annotations = map[string][]string{}
	}
	f.Annotations[originKey] = []string{origin}
}

// withOrigin adds to an error about the value of a flag where the value comes
// from, which nobody sees on the command line.
func withOrigin(cmd *cobra.Command, err error) error {
	var usage *exitError
	if !errors.As(err, &usage) || usage.code != exitUsage || usage.message == "" {
		return err
	}
	var from []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if origin := f.Annotations[originKey]; origin != nil && tellsOf(usage.message, f) && !strings.Contains(usage.message, origin[0]) {
			from = append(from, origin[0]+" sets "+f.Name)
		}
	})
	if len(from) == 0 {
		return err
	}
	return &exitError{exitUsage, usage.message + " (" + strings.Join(from, ", ") + ")", usage.hint}
}

// tellsOf reports whether a message names a flag.
func tellsOf(message string, f *pflag.Flag) bool {
	_, rest, ok := strings.Cut(message, "--"+f.Name)
	return ok && (rest == "" || !strings.ContainsRune("-abcdefghijklmnopqrstuvwxyz", rune(rest[0])))
}

// apply sets the flags that nothing before has set, and tells which file did: one
// that lies in the current folder may come from somebody else.
func (c *configFile) apply(cmd *cobra.Command) error {
	var used []string
	for _, s := range c.of(cmd) {
		f := cmd.Flags().Lookup(s.name)
		if f == nil || f.Changed {
			continue
		}
		if err := s.set(cmd.Flags(), f); err != nil {
			return usageError("see: "+cmd.CommandPath()+" --help", "%s:%d: %s: %v", c.path, s.line, s.name, err)
		}
		comesFrom(f, fmt.Sprintf("%s:%d", c.path, s.line))
		used = append(used, s.name)
	}
	if len(used) > 0 {
		fmt.Fprintln(cmd.ErrOrStderr(), plain("config: "+c.path+" sets "+strings.Join(used, ", ")))
	}
	return nil
}

// of lists what the file says to a command, what it says to it alone first.
func (c *configFile) of(cmd *cobra.Command) []setting {
	path := strings.Fields(cmd.CommandPath())[1:]
	var out []setting
	for _, s := range c.settings {
		if len(s.command) <= len(path) && slices.Equal(s.command, path[:len(s.command)]) {
			out = append(out, s)
		}
	}
	slices.SortStableFunc(out, func(a, b setting) int { return cmp.Compare(len(b.command), len(a.command)) })
	return slices.CompactFunc(sortedByName(out), func(a, b setting) bool { return a.name == b.name })
}

func sortedByName(list []setting) []setting {
	slices.SortStableFunc(list, func(a, b setting) int { return cmp.Compare(a.name, b.name) })
	return list
}

func (s *setting) set(flags *pflag.FlagSet, f *pflag.Flag) error {
	if list, ok := f.Value.(pflag.SliceValue); ok {
		values := s.values
		if len(values) == 1 && f.Value.Type() == "stringSlice" { // as on the command line
			values = strings.Split(values[0], ",")
		}
		if err := list.Replace(values); err != nil {
			return err
		}
		f.Changed = true
		return nil
	}
	if len(s.values) != 1 {
		return errors.New("one value is expected, not a list")
	}
	return flags.Set(s.name, s.values[0])
}

func newConfig() *cobra.Command {
	cmd := &cobra.Command{
		Use: "config", GroupID: "setup", Short: "Show what flags are set to, and by what",
		Example: "  bucketlid config show hunt\n  bucketlid config schema > bucketlid.schema.json",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return usageError("see: bucketlid config --help", "there is no command config %s", args[0])
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newConfigShow(), newConfigSchema())
	// These look at the file themselves; whatever is wrong there is theirs to tell.
	cmd.PersistentPreRunE = func(*cobra.Command, []string) error { return nil }
	return cmd
}

func newConfigShow() *cobra.Command {
	return &cobra.Command{
		Use: "show COMMAND…", Short: "Show the flags of a command with their values and where these come from",
		Example: "  bucketlid config show hunt\n  bucketlid config show fix plan",
		RunE: func(cmd *cobra.Command, args []string) error {
			target, rest, err := cmd.Root().Find(args)
			if err != nil || len(args) == 0 || len(rest) > 0 {
				return usageError("for example: bucketlid config show hunt", "config show needs the name of a command")
			}
			return showConfig(cmd, target)
		},
	}
}

func showConfig(cmd, target *cobra.Command) error {
	file, err := readConfig(cmd)
	if err != nil {
		return err
	}
	from := map[string]string{}
	target.InitDefaultHelpFlag()
	target.Flags().AddFlagSet(target.InheritedFlags())
	if err := flagsFromEnvironment(target); err != nil {
		return err
	}
	target.Flags().Visit(func(f *pflag.Flag) { from[f.Name] = "environment, " + environmentName(f.Name) })
	if file != nil {
		for _, s := range file.of(target) {
			if f := target.Flags().Lookup(s.name); f != nil && !f.Changed {
				from[s.name] = fmt.Sprintf("%s:%d", file.path, s.line)
			}
		}
		target.SetErr(io.Discard)
		if err := file.apply(target); err != nil {
			return err
		}
	}
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "FLAG\tVALUE\tFROM")
	target.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Name != "help" && f.Name != configFlag {
			fmt.Fprintln(w, f.Name+"\t"+plain(f.Value.String())+"\t"+plain(cmp.Or(from[f.Name], "default")))
		}
	})
	return w.Flush()
}
