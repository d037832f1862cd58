// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/bucketlid/bucketlid/account"
	"github.com/bucketlid/bucketlid/policy"
	"github.com/bucketlid/bucketlid/remedy"
	"github.com/bucketlid/bucketlid/report"
	"github.com/bucketlid/bucketlid/triage"
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
			"BUCKET is read from AWS. FILE is a stream that hunt or scan wrote (-o jsonl), whose\n" +
			"alerts name bucket, objects and readers; or saved settings, for which AWS is not asked.\n" +
			"ALERT is the id of an alert in --alerts FILE. One of kind shared, or --grantee, takes a\n" +
			"named foreign account out and leaves everybody else what they have.",
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
	cmd.Flags().StringVar(&f.alerts, "alerts", "", "the `stream` in which the ALERT is looked up")
	cmd.Flags().StringVar(&f.alert, "alert", "", "of a FILE with several alerts, the one with this `id`")
	cmd.Flags().StringArrayVar(&f.objects, "object", nil, "look at the ACL of this object too: `KEY` or KEY?versionId=ID (can be repeated)")
	cmd.Flags().StringVarP(&f.format, "output", "o", "table", "`format` on standard output: table, json")
	cmd.Flags().StringVar(&f.out, "out", "", "write the plan to this `file`, for fix apply")
	cmd.Flags().BoolVar(&f.force, "force", false, "let --out overwrite an existing file")
	return cmd
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
	if _, err := os.Stat(journalName(f.out)); err == nil {
		return usageError("choose another name", "--out: %s was applied, or begun: %s tells", f.out, journalName(f.out))
	}
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
	return out.commit()
}

// request gathers what the plan is about.
func (f *planFlags) request(ctx context.Context, arg string) (remedy.Request, error) {
	whom, err := f.whom.named()
	if err != nil {
		return remedy.Request{}, err
	}
	objects := objectsNamed(f.objects)
	switch {
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
			return remedy.Request{}, usageError("bucketlid hunt … -o jsonl --out hunt.jsonl writes it; then: bucketlid fix plan "+arg+" --alerts hunt.jsonl",
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
			s.Objects = append(s.Objects, account.ObjectACL{Key: o.Key, ACL: o.ACL})
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
	state := remedy.State{Settings: account.Settings{Bucket: bucket, Region: region}, Objects: objects}
	state, err = (&live{account: a}).Read(ctx, state)
	return state, signIn(err)
}

func objectsNamed(names []string) []account.ObjectACL {
	var out []account.ObjectACL
	for _, name := range names {
		key, version := name, ""
		if i := strings.LastIndex(name, "?versionId="); i >= 0 {
			key, version = name[:i], name[i+len("?versionId="):]
		}
		out = append(out, account.ObjectACL{Key: key, Version: version})
	}
	return out
}

// alertsOf gathers the alerts of a stream.
type alertsOf struct{ list []triage.Alert }

// Handle keeps alerts.
func (a *alertsOf) Handle(m report.Message) error {
	if m.Alert != nil {
		a.list = append(a.list, *m.Alert)
	}
	return nil
}

// Close does nothing.
func (a *alertsOf) Close() error { return nil }

// fromStream plans for the alerts of one bucket in a saved stream.
func (f *planFlags) fromStream(ctx context.Context, name, id string, objects []account.ObjectACL) (remedy.Request, error) {
	file, err := os.Open(name)
	if err != nil {
		return remedy.Request{}, usageError("give a stream that hunt or scan wrote with -o jsonl", "%v", err)
	}
	defer file.Close()
	var found alertsOf
	if err := report.Read(file, &found); err != nil {
		return remedy.Request{}, usageError("give a stream that hunt or scan wrote with -o jsonl, or saved settings", "%s: %v", name, err)
	}
	list, err := about(found.list, id, name)
	if err != nil {
		return remedy.Request{}, err
	}
	whom, err := f.whom.named()
	if i := slices.IndexFunc(list, func(a triage.Alert) bool { return a.ID == id }); i >= 0 {
		whom, err = f.whom.ofAlert(&list[i])
	}
	if err != nil {
		return remedy.Request{}, err
	}
	for i := range list {
		objects = append(objects, objectsNamed(alertKeys(&list[i]))...)
	}
	state, err := f.read(ctx, list[0].Bucket, list[0].Account, list[0].Region, objects)
	r := remedy.Request{State: state, Alert: id, Readers: readersOf(list, whom), Whom: whom}
	for i := range list {
		if by := list[i].OpenedBy; by != nil {
			r.Marks = append(r.Marks, by.UserAgent, by.InvokedBy)
		}
	}
	return r, err
}

// about chooses the alerts to plan for: all of one bucket.
func about(list []triage.Alert, id, name string) ([]triage.Alert, error) {
	bucket := ""
	var buckets []string
	for _, a := range list {
		if a.ID == id {
			bucket = a.Bucket
		}
		if (a.Kind == triage.KindPublic || a.Kind == triage.KindLatent) && a.ClosedAt == nil && a.Bucket != "" && !slices.Contains(buckets, a.Bucket) {
			buckets = append(buckets, a.Bucket)
		}
	}
	switch {
	case id != "" && bucket == "":
		return nil, usageError("see the ids with: bucketlid report "+name, "%s has no alert %s about a bucket", name, id)
	case id == "" && len(buckets) == 0:
		return nil, usageError("a bucket can be planned for by its name", "%s has no open alert", name)
	case id == "" && len(buckets) > 1:
		return nil, usageError("choose one with --alert ID, or name the bucket", "%s has open alerts about %d buckets: %s", name, len(buckets), strings.Join(firstFew(buckets), ", "))
	case id == "":
		bucket = buckets[0]
	}
	return slices.DeleteFunc(slices.Clone(list), func(a triage.Alert) bool { return a.Bucket != bucket }), nil
}

func alertKeys(a *triage.Alert) []string {
	if a.Key != "" {
		return []string{a.Key}
	}
	return a.Keys
}

// readersOf is what the alerts tell of the use by strangers, or by those named.
func readersOf(list []triage.Alert, whom remedy.Whom) remedy.Readers {
	var r remedy.Readers
	for i := range list {
		if len(whom) > 0 && !slices.ContainsFunc(list[i].Principals, func(p string) bool { return slices.Contains(whom, p) }) {
			continue
		}
		seen := &list[i].AccessSeen
		if seen.Verdict == "cannot-be-known" {
			r.Why = cmp.Or(r.Why, seen.Why)
			continue
		}
		r.Looked = true
		r.Requests += seen.Requests
		for _, s := range seen.Strangers {
			if s.Requests > s.Denied {
				r.Strangers = append(r.Strangers, fmt.Sprintf("%s (%s), %d requests", s.SourceIPAddress, s.Account, s.Requests))
			}
		}
		if seen.Last != nil {
			r.Last = max(r.Last, seen.Last.UTC().Format(time.RFC3339))
		}
	}
	slices.Sort(r.Strangers)
	r.Strangers = slices.Compact(r.Strangers)
	return r
}

// words tells an opening in one line.
func words(o remedy.Opening) string {
	who := string(o.Audience)
	if len(o.Principals) > 0 {
		who += " " + strings.Join(o.Principals, ", ")
	}
	what := strings.Join(o.Scope.Include, ", ")
	if len(o.Scope.Exclude) > 0 {
		what += " but not " + strings.Join(o.Scope.Exclude, ", ")
	}
	text := who + " may " + cmp.Or(accessWords(o.Access), "do what is not known to") + " " + what + ", by " + string(o.Route)
	for _, s := range o.Statements {
		text += ", " + s
	}
	if o.AccessPoint != "" {
		text += ", access point " + o.AccessPoint
	}
	if o.Key != "" {
		text += ", object " + o.Key
	}
	return text
}

// showPlan renders a plan for people: what is open, then the options.
func showPlan(w io.Writer, p *remedy.Plan, file string) error {
	var b bytes.Buffer
	line := func(format string, args ...any) {
		for i, a := range args {
			if s, ok := a.(string); ok {
				args[i] = plain(s)
			}
		}
		fmt.Fprintf(&b, format+"\n", args...)
	}
	line("Bucket %s of account %s, %s", p.Bucket, p.Account, p.Region)
	if len(p.Closes) == 0 && len(p.Unknown) > 0 {
		line("Nothing open is known, and not everything could be read: %s may have access.", whomWords(p.Whom))
	} else if len(p.Closes) == 0 {
		line("Nothing to do: %s have no access, and no guard holds any back.", whomWords(p.Whom))
	} else {
		line("\n%d to close:", len(p.Closes))
	}
	for _, o := range p.Closes {
		line("  %s%s", words(o), held(o))
		if o.Witness != nil && o.Witness.Command != "" && len(o.BlockedBy) == 0 {
			line("      %s", o.Witness.Command)
		}
	}
	for _, u := range p.Unknown {
		line("Not known: %s", u)
	}
	if len(p.Closes) > 0 && len(p.Options) == 0 {
		line("\nNo option closes it. What anyone may do, %s may do too: see what strangers can do with: bucketlid fix plan %s", whomWords(p.Whom), p.Bucket)
	}
	if len(p.Options) > 0 {
		line("\n%s, least disruptive first; * is what fix apply uses:", counted(len(p.Options), "option"))
	}
	for i := range p.Options {
		showOption(line, p, &p.Options[i])
	}
	if file != "" && p.Use != "" {
		line("\nNext: bucketlid fix apply %s   (its calls carry %s/%s in their user agent)", file, account.AgentName, p.ID)
	}
	_, err := w.Write(b.Bytes())
	return err
}

func held(o remedy.Opening) string {
	if len(o.BlockedBy) == 0 {
		return ""
	}
	return " (held by " + strings.Join(o.BlockedBy, ", ") + ")"
}

func showOption(line func(string, ...any), p *remedy.Plan, o *remedy.Option) {
	mark := " "
	if o.ID == p.Use {
		mark = "*"
	}
	line("\n%s %s: %s", mark, o.ID, o.Title)
	row := func(name, text string) { line("    %-8s %s", name, text) }
	if o.Refused != "" {
		row("refused", o.Refused)
		return
	}
	for _, s := range o.Proof.Remaining {
		row("leaves", words(s))
	}
	for _, text := range o.First {
		row("first", text)
	}
	for _, s := range o.Steps {
		row("does", string(s.Call.Operation)+": "+s.Why+"; needs "+s.Action)
		row("", s.CLI)
	}
	for _, l := range o.Proof.Loses {
		row("loses", loserWords(l))
	}
	for _, text := range o.Later {
		row("later", text)
	}
	if o.Undo.Possible {
		row("undo", "can be attempted")
	}
	for _, text := range o.Undo.Why {
		row("undo", "not possible: "+text)
	}
	for _, text := range o.Confirm {
		row("asks", text)
	}
}

func loserWords(l remedy.Loser) string {
	text := l.Who
	if len(l.Access) > 0 {
		text += ": " + accessWords(l.Access)
	}
	if l.Note != "" {
		text += " (" + l.Note + ")"
	}
	return text
}

func accessWords(list []policy.Access) string {
	var out []string
	for _, a := range list {
		out = append(out, string(a))
	}
	return strings.Join(out, ", ")
}
