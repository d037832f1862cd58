// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/bucketlid/bucketlid/account"
	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/report"
	"github.com/bucketlid/bucketlid/triage"
)

const sendUsage = "after the report, send every alert to `where`: security-hub (BatchImportFindings, by the account whose bucket it is)"

// checkSend refuses what cannot be sent to.
func checkSend(where string) error {
	if where != "" && where != "security-hub" {
		return usageError("for example: --send security-hub", "--send: %q is not known", where)
	}
	return nil
}

// hubs are findings by account and Region, as Security Hub takes them.
type hubs map[hubKey][][]byte

type hubKey struct{ account, region string }

// sent is what became of the alerts that were to be sent.
type sent struct {
	taken   int
	stale   int      // of earlier runs, archived
	unasked []string // where earlier findings were not looked at, and why
	places  []string // with how many each took
	refused []string // each with its reason
	errs    []error
}

// send hands the alerts to Security Hub. Each goes to the account and the Region
// that it is about. One that is of no scanned account is named and not sent.
func (s *scan) send(ctx context.Context, result triage.Result, config *report.Config, summary *report.Summary) error {
	if s.flags.send == "" {
		return nil
	}
	var done sent
	byPlace := hubs{}
	for i := range result.Alerts {
		a := &result.Alerts[i]
		if s.accountOf(a.Account) == nil {
			done.refused = append(done.refused, a.ID+": account "+cmp.Or(a.Account, "not known")+" was not signed in to")
			continue
		}
		f := report.ASFF(a, config, summary, s.now())
		text, err := json.Marshal(f)
		if err != nil {
			return err
		}
		key := hubKey{f.AwsAccountID, f.Region}
		byPlace[key] = append(byPlace[key], text)
	}
	for _, key := range slices.SortedFunc(maps.Keys(byPlace), func(a, b hubKey) int {
		return cmp.Or(cmp.Compare(a.account, b.account), cmp.Compare(a.region, b.region))
	}) {
		if err := ctx.Err(); err != nil {
			return interrupted(ctx, err)
		}
		done.to(ctx, s.accountOf(key.account), key, byPlace[key])
	}
	s.archiveStale(ctx, result, &done)
	s.tellSent(&done, len(result.Alerts))
	return done.verdict()
}

func (d *sent) to(ctx context.Context, a *account.Account, key hubKey, findings [][]byte) {
	got, err := a.ImportFindings(ctx, key.region, findings)
	d.taken += got.Taken
	d.places = append(d.places, fmt.Sprintf("%d of %d to account %s, %s", got.Taken, len(findings), key.account, key.region))
	for _, f := range got.Refused {
		d.refused = append(d.refused, f.ID+": "+f.Reason)
	}
	if err != nil {
		d.errs = append(d.errs, err)
	}
}

// maxRefused is how many refused findings are named; the rest is counted.
const maxRefused = 20

// tellSent says what left the machine. It is told also with --quiet: it is a
// write, and the summary block is not.
func (s *scan) tellSent(d *sent, alerts int) {
	fmt.Fprintf(s.notes, "Sent to Security Hub: %d of %d alerts\n", d.taken, alerts)
	for _, place := range d.places {
		fmt.Fprintln(s.notes, "  "+place)
	}
	if d.stale > 0 {
		fmt.Fprintf(s.notes, "  %d of earlier runs archived: what they told of is not there any more\n", d.stale)
	}
	for _, text := range d.unasked {
		fmt.Fprintln(s.notes, "  earlier findings were not looked at: "+plain(text))
	}
	for _, f := range d.refused[:min(len(d.refused), maxRefused)] {
		fmt.Fprintln(s.notes, "  not taken: "+plain(f))
	}
	if more := len(d.refused) - maxRefused; more > 0 {
		fmt.Fprintf(s.notes, "  and %d more not taken\n", more)
	}
}

// verdict is the exit code: 4 where a permission is missing everywhere, 7 where
// some was sent and some not, 1 where nothing was.
func (d *sent) verdict() error {
	err := errors.Join(d.errs...)
	var denied *account.WriteDeniedError
	var signIn *account.SignInError
	switch {
	case err == nil && len(d.refused) == 0:
		return nil
	case d.taken > 0:
		return &exitError{exitPartly, spacedError("not every alert was taken by Security Hub", err), "send again: what was taken is only updated"}
	case errors.As(err, &denied), errors.As(err, &signIn):
		return &exitError{exitPermission, err.Error(), ""}
	}
	return &exitError{exitFailed, spacedError("no alert was taken by Security Hub", err), ""}
}

func spacedError(text string, err error) string {
	if err == nil {
		return text
	}
	return text + ": " + strings.ReplaceAll(err.Error(), "\n", "; ")
}

// accountOf is the account that was signed in to, or nil.
func (s *scan) accountOf(id string) *account.Account {
	for _, a := range s.signed {
		if a.ID == id {
			return a
		}
	}
	return nil
}

func (s *scan) now() time.Time { return s.scanner.Now() }

// archiveStale archives what earlier runs sent about buckets that this run read
// whole, or that are gone, and that is no alert any more. Alerts that only a log
// or the ACL of an object tells stay: this run may not have looked.
func (s *scan) archiveStale(ctx context.Context, result triage.Result, done *sent) {
	now := map[string]bool{}
	for i := range result.Alerts {
		now[result.Alerts[i].ID] = true
	}
	whole := s.readWhole()
	for _, o := range s.owned {
		there, a := set(o.Buckets), s.accountOf(o.Account)
		stale := func(f account.EarlierFinding) bool {
			return !now[f.ID] && f.Bucket != "" && settingsTell(f.GeneratorID) && (whole[f.Bucket] || !there[f.Bucket])
		}
		for _, region := range slices.Sorted(maps.Keys(s.regions)) {
			got, err := a.ArchiveFindings(ctx, region, report.ProductARN(o.Account, region), report.GeneratorPrefix, stale, s.now())
			done.stale += got.Taken
			if err != nil {
				done.unasked = append(done.unasked, err.Error())
			}
		}
	}
}

// readWhole are the buckets of which every setting was read.
func (s *scan) readWhole() map[string]bool {
	whole := map[string]bool{}
	for name := range s.live {
		whole[name] = true
	}
	for _, m := range s.unread.messages() {
		name, _, _ := strings.Cut(strings.TrimPrefix(m.Object, "s3://"), "/")
		delete(whole, name)
		if !strings.HasPrefix(m.Object, "s3://") {
			return map[string]bool{} // of an account, or more than are named
		}
	}
	return whole
}

// settingsTell reports a kind of alert that the settings of a bucket alone give.
func settingsTell(generator string) bool {
	kind, route, _ := strings.Cut(strings.TrimPrefix(generator, report.GeneratorPrefix), " ")
	return slices.Contains([]triage.Kind{triage.KindPublic, triage.KindLatent, triage.KindShared}, triage.Kind(kind)) && route != string(exposure.ObjectACL)
}
