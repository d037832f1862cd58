// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bucketlid/bucketlid/account"
)

// accountsFlags say in which accounts to look, and with which identities.
type accountsFlags struct {
	profiles     []string
	region       string
	endpoint     string
	organization bool
	role         string
	externalID   string
	only         []string // accounts; none: all
}

// add adds the flags to a command that does what verb says in each account.
func (f *accountsFlags) add(flags *pflag.FlagSet, verb string) {
	flags.StringSliceVar(&f.profiles, "profile", nil, "sign in with these `profiles` of the AWS configuration, one account each")
	flags.BoolVar(&f.organization, "organization", false, verb+" every account of the organization, by --role-name")
	flags.StringVar(&f.role, "role-name", "", "`name` of the role to assume in the organization's accounts")
	flags.StringVar(&f.externalID, "external-id", "", "external `id` that the role asks for")
	flags.StringSliceVar(&f.only, "account", nil, verb+" only these `accounts` (12 digits, comma-separated)")
	flags.StringVar(&f.region, "region", "", "`region` that is asked first")
	flags.StringVar(&f.endpoint, "endpoint-url", "", "`URL` of the AWS services, as for the AWS CLI (also AWS_ENDPOINT_URL)")
}

// check refuses flags that do not go together.
func (f *accountsFlags) check() error {
	switch {
	case f.organization && f.role == "":
		return usageError("for example: --organization --role-name OrganizationAccountAccessRole", "--organization needs --role-name, the role to assume in each account")
	case !f.organization && (f.role != "" || f.externalID != ""):
		return usageError("add --organization", "--role-name and --external-id are for --organization")
	case f.organization && len(f.profiles) > 1:
		return usageError("give one of them", "--organization signs in once: give one --profile")
	}
	return nil
}

// several reports whether more than one account may be meant.
func (f *accountsFlags) several() bool { return f.organization || len(f.profiles) > 1 }

func (f *accountsFlags) asked(id string) bool {
	return len(f.only) == 0 || slices.Contains(f.only, id)
}

// open signs in to every account that is asked for, before anything is read.
// refused takes those of the organization whose role cannot be assumed.
func (f *accountsFlags) open(ctx context.Context, refused func(id string, err error)) ([]*account.Account, error) {
	profiles := f.profiles
	if len(profiles) == 0 {
		profiles = []string{""}
	}
	var opened []*account.Account
	for _, profile := range profiles {
		a, err := account.Open(ctx, account.SignIn{Profile: profile, Region: f.region, Endpoint: f.endpoint, Pause: pauses.retry})
		if err != nil {
			return nil, err
		}
		opened = append(opened, a)
	}
	if f.organization {
		var err error
		if opened, err = f.members(ctx, opened[0], refused); err != nil {
			return nil, err
		}
	}
	var out []*account.Account
	for _, a := range opened {
		if f.asked(a.ID) && !slices.ContainsFunc(out, func(b *account.Account) bool { return b.ID == a.ID }) {
			out = append(out, a)
		}
	}
	return out, nil
}

// membersAtOnce bounds the roles that are assumed at one time.
const membersAtOnce = 8

// members signs in to every account of the organization. One that refuses is
// told, and the others are there.
func (f *accountsFlags) members(ctx context.Context, home *account.Account, refused func(id string, err error)) ([]*account.Account, error) {
	ids, err := home.Members(ctx)
	if err != nil {
		return nil, err
	}
	ids = slices.DeleteFunc(ids, func(id string) bool { return !f.asked(id) })
	found, problems := make([]*account.Account, len(ids)), make([]error, len(ids))
	turns := make(chan struct{}, membersAtOnce)
	var all sync.WaitGroup
	for i, id := range ids {
		all.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			if id == home.ID {
				found[i] = home
				return
			}
			found[i], problems[i] = home.Assume(ctx, id, f.role, f.externalID)
		})
	}
	all.Wait()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	for i, err := range problems {
		if err != nil {
			refused(ids[i], err)
		}
	}
	found = slices.DeleteFunc(found, func(a *account.Account) bool { return a == nil })
	if len(found) == 0 {
		if first := slices.IndexFunc(problems, func(err error) bool { return err != nil }); first >= 0 {
			return nil, problems[first]
		}
	}
	return found, nil
}

// each does something in every account that is asked for. What one account refuses
// is told, and the others come all the same: then it ends with exit code 4.
func (f *accountsFlags) each(cmd *cobra.Command, do func(*account.Account) error) error {
	failed := 0
	lacks := func(id string, err error) {
		failed++
		fmt.Fprintf(cmd.ErrOrStderr(), "account %s: %s\n", plain(id), plain(err.Error()))
	}
	list, err := f.open(cmd.Context(), lacks)
	if err != nil {
		return signIn(interrupted(cmd.Context(), err))
	}
	if err := f.allThere(list, failed); err != nil {
		return err
	}
	for _, a := range list {
		err := do(a)
		var denied *account.DeniedError
		if err != nil && (!f.several() || !errors.As(err, &denied)) {
			return signIn(interrupted(cmd.Context(), err))
		}
		if err != nil {
			lacks(a.ID, err)
		}
	}
	if failed > 0 {
		return &exitError{exitPermission, fmt.Sprintf("%s could not be looked at", counted(failed, "account")), "what is missing stands above"}
	}
	return nil
}

// allThere refuses accounts that were asked for and not signed in to. Where the
// organization's refused their role, that is told already.
func (f *accountsFlags) allThere(list []*account.Account, refused int) error {
	for _, id := range f.only {
		if refused == 0 && !slices.ContainsFunc(list, func(a *account.Account) bool { return a.ID == id }) {
			return usageError("sign in to it (--profile), or leave it out", "--account: %s was not signed in to", id)
		}
	}
	return nil
}
