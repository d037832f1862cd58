// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bucketlid/bucketlid/account"
	"github.com/bucketlid/bucketlid/remedy"
)

// planFlags are the flags of fix plan, as given.
type planFlags struct {
	live    liveFlags
	whom    whomFlags
	alerts  string
	alert   string
	objects []string
	format  string
	out     string
	force   bool
}

func newFixPlan() *cobra.Command {
	f := &planFlags{}
	cmd := &cobra.Command{
		Use:   "plan ALERT|BUCKET|FILE",
		Short: "Compute ways to close what strangers can do to a bucket, least disruptive first",
		Long: "Compute ways to close what strangers can do to a bucket, least disruptive first, each\n" +
			"with the exposures before and after, who loses access, what later deployments meet,\n" +
			"and whether it can be undone. Nothing is changed.\n\n" +
			"BUCKET, or s3://BUCKET, is read from AWS. FILE is a stream that hunt or scan wrote (-o jsonl), whose\n" +
			"alerts name bucket, objects and readers; or saved settings, for which AWS is not asked.\n" +
			"ALERT is the id of an alert in --alerts FILE. One of kind shared, or --grantee, takes a\n" +
			"named foreign account out and leaves everybody else what they have.\n\n" +
			"Of objects only those are looked at that an alert or --object names; the plan says what\n" +
			"was not looked at, and how to.",
		Example: "  bucketlid fix plan my-bucket\n" +
			"  bucketlid fix plan a-0123456789ab --alerts hunt.jsonl --out plan.json",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError("for example: bucketlid fix plan my-bucket", "fix plan needs one ALERT, BUCKET or FILE")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0]) },
	}
	f.live.add(cmd.Flags())
	f.whom.add(cmd.Flags())
	f.files(cmd.Flags(), "the `stream` in which the ALERT is looked up", "table, json", "fix apply")
	cmd.Flags().StringVar(&f.alert, "alert", "", "of a FILE with several alerts, the one with this `id`")
	cmd.Flags().StringArrayVar(&f.objects, "object", nil, "look at the ACL of this object too: `KEY` or KEY?versionId=ID (can be repeated; a KEY that holds ?versionId= is followed by one more)")
	return cmd
}

// files adds the flags of what fix plan and guard plan read and write.
func (f *planFlags) files(flags *pflag.FlagSet, alerts, formats, reader string) {
	flags.StringVar(&f.alerts, "alerts", "", alerts)
	flags.StringVarP(&f.format, "output", "o", "table", "`format` on standard output: "+formats)
	flags.StringVar(&f.out, "out", "", "write the plan to this `file`, for "+reader)
	flags.BoolVar(&f.force, "force", false, "let --out overwrite an existing file")
}

func (f *planFlags) run(cmd *cobra.Command, arg string) error {
	if f.format != "table" && f.format != "json" {
		return usageError("formats: table, json", "-o: unknown format %q", f.format)
	}
	request, err := f.request(cmd.Context(), arg)
	if err != nil {
		return err
	}
	if request.State.Settings.Gone {
		return usageError("it may have been deleted, or its name is another", "there is no bucket %s", request.State.Settings.Bucket)
	}
	if owner := request.Whom.Owner(request.State); owner != "" {
		return usageError("name who is to be taken out", "--grantee: %s owns bucket %s: a plan does not take the owner out", owner, request.State.Settings.Bucket)
	}
	request.Made = time.Now().UTC()
	plan := remedy.Make(request)
	text, err := json.MarshalIndent(plan, "", "  ")
	if err != nil {
		return err
	}
	if f.out != "" {
		if err := f.save(append(text, '\n')); err != nil {
			return err
		}
	}
	if f.format == "json" {
		_, err = fmt.Fprintln(cmd.OutOrStdout(), remedy.ASCII(string(text)))
		return err
	}
	return showPlan(cmd.OutOrStdout(), &plan, f.out)
}

// save writes the plan beside its target and moves it there. A plan whose
// journal tells of work is never replaced: the way back would be lost.
func (f *planFlags) save(text []byte) error {
	release, err := holdUnused(f.out)
	if err != nil {
		return err
	}
	defer release()
	files := outputFlags{file: f.out, force: f.force}
	temp, err := files.create()
	if err != nil {
		return err
	}
	out := &output{temp: temp, target: f.out}
	defer out.discard()
	if err := temp.Chmod(0o600); err != nil { // it names objects and principals
		return err
	}
	if _, err := temp.Write(text); err != nil {
		return err
	}
	if err := temp.Sync(); err != nil {
		return err
	}
	if err := out.commit(); err != nil {
		return err
	}
	if err := os.Remove(journalName(f.out)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the journal of the plan that was replaced, which tells of no call, must go: %w", err)
	}
	return nil
}

// request gathers what the plan is about.
func (f *planFlags) request(ctx context.Context, arg string) (remedy.Request, error) {
	whom, err := f.whom.named()
	if err != nil {
		return remedy.Request{}, err
	}
	objects := objectsNamed(f.objects)
	bucket, named := strings.CutPrefix(arg, "s3://")
	switch {
	case named && reBucketName.MatchString(bucket):
		state, err := f.read(ctx, bucket, "", "", objects)
		return remedy.Request{State: state, Whom: whom}, err
	case isFile(arg):
		// A stream may be long and is read line by line; saved settings are short.
		if text, err := readWhole(arg); err == nil {
			if s, ok := savedState(text); ok {
				return remedy.Request{State: s, Whom: whom}, nil
			}
		}
		return f.fromStream(ctx, arg, f.alert, objects)
	case reAlert.MatchString(arg):
		if f.alerts == "" {
			return remedy.Request{}, usageError("bucketlid hunt … -o jsonl --out hunt.jsonl writes it; then: bucketlid fix plan "+arg+" --alerts hunt.jsonl; a bucket of this name is s3://"+arg,
				"an alert is looked up in a stream: --alerts is missing")
		}
		return f.fromStream(ctx, f.alerts, arg, objects)
	case !reBucketName.MatchString(arg):
		return remedy.Request{}, usageError("give a bucket's name, an alert's id or a file that exists", "%q is none of them", arg)
	}
	state, err := f.read(ctx, arg, "", "", objects)
	return remedy.Request{State: state, Whom: whom}, err
}

var (
	reAlert      = regexp.MustCompile(`^a-[0-9a-f]{12}$`)
	reBucketName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$`)
)

func isFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular()
}

// savedState reads settings that were saved: those of scan, a state, or a plan.
func savedState(text []byte) (remedy.State, bool) {
	var any struct {
		Bucket   string
		Policy   *account.Setting
		Settings *account.Settings
		Objects  []account.ObjectACL
		Saved    *remedy.State
	}
	if json.Unmarshal(text, &any) != nil {
		return remedy.State{}, false
	}
	switch {
	case any.Saved != nil:
		return *any.Saved, true
	case any.Settings != nil && any.Settings.Bucket != "":
		return remedy.State{Settings: *any.Settings, Objects: any.Objects}, true
	case any.Bucket != "" && any.Policy != nil:
		var s remedy.State
		err := json.Unmarshal(text, &s.Settings)
		for _, o := range s.Settings.Objects {
			s.Objects = append(s.Objects, account.ObjectACL{Key: o.Key, Version: o.Version, ACL: o.ACL})
		}
		s.Settings.Objects = nil
		return s, err == nil
	}
	return remedy.State{}, false
}

// read reads a bucket from AWS; owner "" is whoever is signed in.
func (f *planFlags) read(ctx context.Context, bucket, owner, region string, objects []account.ObjectACL) (remedy.State, error) {
	a, err := f.live.open(ctx)
	if err != nil {
		return remedy.State{}, err
	}
	if owner != "" && owner != a.ID {
		return remedy.State{}, usageError("sign in to it, for example with --profile", "bucket %s is of account %s, and this is account %s", bucket, owner, a.ID)
	}
	settings, err := a.Whole(ctx, bucket, region, time.Now().UTC())
	if err != nil || settings.Gone {
		return remedy.State{Settings: settings}, signIn(err)
	}
	read, err := a.Pinned(ctx, settings, objects)
	if err != nil {
		return remedy.State{}, signIn(err)
	}
	return remedy.State{Settings: settings, Objects: withoutTwins(objects, read)}, nil
}

// versionMark parts a key from a version, as in a URL.
const versionMark = "?versionId="

// objectsNamed are the objects of names such as KEY?versionId=ID. A key may hold
// the mark itself: both readings are given, for [withoutTwins] to choose from.
func objectsNamed(names []string) []account.ObjectACL {
	var out []account.ObjectACL
	add := func(key, version string) {
		o := account.ObjectACL{Key: key, Version: version}
		if !slices.Contains(out, o) {
			out = append(out, o)
		}
	}
	for _, name := range names {
		i := strings.LastIndex(name, versionMark)
		if i < 0 {
			add(name, "")
			continue
		}
		add(name[:i], name[i+len(versionMark):])
		if i+len(versionMark) < len(name) {
			add(name, "")
		}
	}
	return out
}

// withoutTwins keeps of the two readings of a name the one that is there: the
// other is no object. Where neither is there, or it is not known, none is dropped
// but the whole name as a key. read are the objects that were asked for, in their
// order, with the versions that answered.
func withoutTwins(asked, read []account.ObjectACL) []account.ObjectACL {
	drop := map[int]bool{}
	for i, o := range asked {
		t := slices.IndexFunc(asked, func(t account.ObjectACL) bool {
			return o.Version != "" && t.Version == "" && t.Key == o.Key+versionMark+o.Version
		})
		if t < 0 {
			continue
		}
		part, whole := read[i].ACL.Status, read[t].ACL.Status
		drop[t] = drop[t] || whole == account.Absent || part == account.Present && whole != account.Present
		drop[i] = drop[i] || part != account.Present && whole == account.Present
	}
	var out []account.ObjectACL
	for i, o := range read {
		twice := slices.ContainsFunc(out, func(t account.ObjectACL) bool { return t.Key == o.Key && t.Version == o.Version })
		if !drop[i] && !twice {
			out = append(out, o)
		}
	}
	return out
}
