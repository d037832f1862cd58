// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
)

// Members lists the ids of the active accounts of the organization, sorted
// (organizations:ListAccounts: the management account's, or a delegated
// administrator's).
func (a *Account) Members(ctx context.Context) ([]string, error) {
	client := organizations.NewFromConfig(a.cfg, func(o *organizations.Options) { o.BaseEndpoint = override(a.endpoint, o.BaseEndpoint) })
	pages := organizations.NewListAccountsPaginator(client, &organizations.ListAccountsInput{})
	var ids []string
	round := cycle{most: mostPages}
	for pages.HasMorePages() {
		page, err := within(ctx, pages.NextPage)
		if err == nil && round.closes(aws.ToString(page.NextToken)) {
			err = errRepeats
		}
		code, _ := codeOf(err)
		switch {
		case err == nil:
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case denied(err):
			return nil, &DeniedError{Action: "organizations:ListAccounts", Resource: "the organization of account " + a.ID, Err: err}
		case code == "AWSOrganizationsNotInUseException":
			return nil, &SignInError{Who: a.Caller, Err: err, Hint: "account " + a.ID + " is in no organization: scan it without --organization"}
		default:
			return nil, &UnreadError{"the accounts of the organization", err}
		}
		for _, one := range page.Accounts {
			// State took Status's place; old servers tell only the latter.
			if one.Status == types.AccountStatusActive || one.State == types.AccountStateActive {
				ids = append(ids, aws.ToString(one.Id))
			}
		}
	}
	slices.Sort(ids)
	return ids, nil
}
