// SPDX-License-Identifier: Apache-2.0

package main

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/remedy"
	"github.com/bucketlid/bucketlid/triage"
)

// whomFlags say whom a plan takes out, instead of strangers.
type whomFlags struct {
	grantees []string
	context  string
}

func (f *whomFlags) add(flags *pflag.FlagSet) {
	flags.StringArrayVar(&f.grantees, "grantee", nil, "take out this foreign `account` instead of strangers: its id, or the canonical user id or mail address that an ACL names (can be repeated)")
	flags.StringVar(&f.context, "context", "", "context `file`: an alert about an account that it trusts is not planned for, unless --grantee names the account")
}

// reGrantee is an account id, a canonical user id or a mail address.
var reGrantee = regexp.MustCompile(`^([0-9]{12}|[0-9a-f]{64}|[^@\s]+@[^@\s]+)$`)

// named are those whom --grantee names.
func (f *whomFlags) named() (remedy.Whom, error) {
	for _, g := range f.grantees {
		if !reGrantee.MatchString(g) {
			return nil, usageError("one user or role of an account must be taken out of the policy by hand",
				"--grantee: %q is no account id of 12 digits, no canonical user id and no mail address", g)
		}
	}
	return slices.Clone(f.grantees), nil
}

// ofAlert are those whom an alert is about; nobody for one about strangers.
func (f *whomFlags) ofAlert(a *triage.Alert) (remedy.Whom, error) {
	asked, err := f.named()
	if err != nil || len(asked) > 0 || a.Kind != triage.KindShared {
		return asked, err
	}
	if len(a.Principals) == 0 {
		return nil, usageError("name it with --grantee", "alert %s does not tell which account it is about", a.ID)
	}
	if !slices.ContainsFunc(closable, func(r exposure.RouteID) bool { return string(r) == a.Route }) {
		return nil, usageError("take it back by hand", "alert %s is about %s to a named account, which fix does not close", a.ID, a.Route)
	}
	known, err := loadContext(f.context)
	if err != nil {
		return nil, err
	}
	for _, p := range a.Principals {
		if t, ok := known.TrustedAccount(a.Account, p); ok && t.Holds(time.Now()) {
			return nil, usageError("to take it out all the same, name it: --grantee "+p,
				"alert %s is about account %s (%s), which %s trusts: %s", a.ID, p, t.Name, f.context, t.Why)
		}
	}
	return slices.Clone(a.Principals), nil
}

// closable are the routes by which an account can be let in, and taken out.
var closable = []exposure.RouteID{exposure.BucketPolicyRoute, exposure.BucketACL, exposure.ObjectACL,
	exposure.AccessPointPolicyRoute, exposure.MultiRegionAccessPointRoute}

// whomWords says of a plan whom it is about.
func whomWords(w remedy.Whom) string {
	if len(w) == 0 {
		return "strangers"
	}
	return strings.Join(w, ", ")
}
