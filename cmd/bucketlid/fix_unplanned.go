// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/bucketlid/bucketlid/account"
	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/remedy"
)

// unplanned are the exposures of a bucket that a plan did not know of: to those
// whom it is about, and to others.
type unplanned struct{ mine, others []remedy.Opening }

// news evaluates the whole bucket beside what the plan knows of. The objects of the
// plan are looked at by their names too: another may have taken the name since.
func (p *prepared) news(ctx context.Context, now remedy.State, list []remedy.Standing) (unplanned, error) {
	later, err := p.later(ctx)
	if err != nil {
		return unplanned{}, err
	}
	now.Objects = append(slices.Clone(now.Objects), later...)
	expected := slices.Clone(p.option.Proof.After)
	for _, s := range list {
		expected = append(expected, s.Now...)
	}
	mine, others := remedy.Unplanned(now, p.plan.Whom, expected)
	return unplanned{mine, others}, nil
}

// later are the versions that took the names of the plan's objects.
func (p *prepared) later(ctx context.Context) ([]account.ObjectACL, error) {
	known, asked := map[[2]string]bool{}, map[string]bool{}
	var names []account.ObjectACL
	for _, o := range p.plan.Saved.Objects {
		known[[2]string{o.Key, o.Version}] = true
		if o.Version != "" && !asked[o.Key] {
			asked[o.Key] = true
			names = append(names, account.ObjectACL{Key: o.Key})
		}
	}
	list, err := p.live.account.Pinned(ctx, p.plan.Saved.Settings, names)
	return slices.DeleteFunc(list, func(o account.ObjectACL) bool {
		return o.Version == "" || known[[2]string{o.Key, o.Version}]
	}), err
}

func (u unplanned) show(out io.Writer) {
	for _, o := range u.mine {
		state := "OPEN"
		if o.State != exposure.Open {
			state = "unknown"
		}
		fmt.Fprintf(out, "%-7s %s: this plan did not know of it\n", state, plain(words(o)))
	}
	for _, o := range u.others {
		fmt.Fprintf(out, "%-7s %s: this plan did not know of it, and is not about it\n", "new", plain(words(o)))
	}
}

// planned are the arguments of fix plan for the bucket of a plan.
func planned(p *remedy.Plan) string {
	text := remedy.Shell(p.Bucket)
	for _, w := range p.Whom {
		text += " --grantee " + remedy.Shell(w)
	}
	return text
}
