// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/s3control"

	"github.com/bucketlid/bucketlid/remedy"
)

// Each account of an organization has a plan of its own, which is applied and taken
// back by the role, and status tells of all. One that refuses is told and keeps
// nobody from the others.
func TestGuardOrganization(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	c := newCloud(t)
	two := c.member()
	c.bucket("of-one")
	two.bucket("of-two")
	two.acl("of-two", s3types.BucketCannedACLPublicRead)
	shuts := func() bool {
		out, err := two.control.GetPublicAccessBlock(t.Context(), &s3control.GetPublicAccessBlockInput{AccountId: &two.account})
		return err == nil && *out.PublicAccessBlockConfiguration.IgnorePublicAcls
	}
	folder := filepath.Join(t.TempDir(), "plans")
	all := []string{"--organization", "--role-name", "audit"}
	says(t, guardDo(t, "", append([]string{"plan", "--measure", "account-block", "--out", folder}, all...)...), exitDone,
		[]string{"Account " + motoAccount, "Account " + two.account, "closes   of-two: anyone may list of-two", "bucketlid guard apply " + filepath.Join(folder, two.account+".json")})
	plan := filepath.Join(folder, two.account+".json")
	says(t, guardDo(t, "", "apply", plan, "--yes"), exitUsage, []string{"the plan is for account " + two.account, "--role-name"})
	says(t, guardDo(t, motoAccount+"\n", "apply", plan, "--role-name", "audit"), exitUsage, []string{"is not the account's id: nothing was changed"})
	if shuts() {
		t.Fatal("set without a yes")
	}
	says(t, guardDo(t, two.account+"\n", "apply", plan, "--role-name", "audit"), exitDone, []string{"closed  of-two: anyone may list"})
	if !shuts() {
		t.Error("the member is not shut")
	}
	says(t, guardDo(t, "", append([]string{"status"}, all...)...), exitDone, []string{"Account " + motoAccount + "\n  Block Public Access of the account             off", "Account " + two.account + "\n  Block Public Access of the account             on"})
	says(t, guardDo(t, "", append([]string{"status", "--account", two.account}, all...)...), exitDone, []string{"Account " + two.account}, "Account "+motoAccount)
	says(t, guardDo(t, "", "rollback", plan, "--yes", "--role-name", "audit"), exitDone, []string{"1 settings of account " + two.account + " are as they were"})
	if shuts() {
		t.Error("the rollback left something")
	}
	says(t, guardDo(t, "", append([]string{"plan", "-o", "terraform"}, all...)...), exitUsage, []string{"is what one account takes"})
	says(t, guardDo(t, "", append([]string{"status", "--account", "999988887777"}, all...)...), exitUsage, []string{"--account: 999988887777 was not signed in to"})
	proxy(t, func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPost || r.URL.Path != "/" {
			return false
		}
		var body bytes.Buffer
		_, err := body.ReadFrom(r.Body)
		check(t, err)
		r.Body = http.NoBody
		if strings.Contains(body.String(), "Action=AssumeRole") {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, "<ErrorResponse><Error><Code>AccessDenied</Code><Message>m</Message></Error></ErrorResponse>")
			return true
		}
		r.Body = io.NopCloser(&body)
		return false
	})
	says(t, guardDo(t, "", append([]string{"status"}, all...)...), exitPermission, []string{"Account " + motoAccount, "account " + two.account + ": ", "the role must exist in the account", "1 account could not be looked at"})
}

// A setting that AWS takes and does not keep is told, with what is open for it.
func TestGuardDoesNotStick(t *testing.T) {
	c := motoEnv(t)
	published(t, c, "policy")
	plan := filepath.Join(t.TempDir(), "guard.json")
	guardMust(t, "plan", "--measure", "account-block", "--out", plan)
	proxy(t, func(w http.ResponseWriter, r *http.Request) bool {
		return r.Method == http.MethodPut && strings.HasSuffix(r.URL.Path, "/configuration/publicAccessBlock") // taken, and dropped
	})
	says(t, guardDo(t, "", "apply", plan, "--yes"), exitFailed, []string{"MISSING Block Public Access of the account", "OPEN    fix-me-bucket: anyone may read",
		"1 settings do not show what was set", "bucketlid guard status"}, "set     ", "closed  ")
}

// A question stands below a few of its reasons only.
func TestQuestionIsSeen(t *testing.T) {
	q := question{what: "the account's id", name: motoID, holder: "guard.json"}
	for i := range maxWhys + 980 {
		q.why = append(q.why, fmt.Sprintf("bucket-%d", i))
	}
	var notes bytes.Buffer
	q.tell(&notes)
	if got := notes.String(); strings.Count(got, "\n") != maxWhys+1 || !strings.HasSuffix(got, "  and 980 more, which guard.json holds\n") {
		t.Errorf("%s", got)
	}
}

// Nor is what a plan is about lost behind a thousand grants that it is not about.
func TestStaysAreBounded(t *testing.T) {
	p := remedy.Plan{Stays: make([]remedy.Opening, maxWhys+980)}
	var out bytes.Buffer
	check(t, showPlan(&out, &p, ""))
	if got := out.String(); strings.Count(got, "Stays: ") != maxWhys+1 || !strings.Contains(got, "Stays: 980 more, which the plan's file and -o json name") {
		t.Errorf("%s", got)
	}
}

// A file's name is safe to paste, whatever it holds.
func TestPasted(t *testing.T) {
	for name, want := range map[string]string{"plan.json": "plan.json", "my plan.json": "'my plan.json'", "-o": "./-o", "a;reboot": "'a;reboot'"} {
		if got := pasted(name); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
}
