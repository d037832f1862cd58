// SPDX-License-Identifier: Apache-2.0

package account_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bucketlid/bucketlid/account"
	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/replay"
	"github.com/bucketlid/bucketlid/triage"
)

// one is the bucket's alert of a log with a live reading, of several the open
// one; none is nil.
func one(t *testing.T, w *world, live account.Settings) *triage.Alert {
	t.Helper()
	l := w.ledger(func(why string) { t.Fatal(why) })
	read(l, live)
	result := triage.Rank(l, replay.NewBaseline(), triage.Known{})
	var found *triage.Alert
	for i := range result.Alerts {
		a := &result.Alerts[i]
		if a.Bucket == name && (found == nil || a.State == exposure.Open) {
			found = a
		}
	}
	return found
}

var denied = account.Setting{Status: account.Denied, Action: "s3:GetX", Problem: "the permission s3:GetX is missing"}

// logAndLive is a log with a live reading, and what comes of them.
type logAndLive struct {
	name     string
	log      func(*world)
	live     func(*account.Settings)
	kind     triage.Kind
	state    exposure.State
	sure     exposure.Certainty
	opener   string
	reasons  []string
	unknowns []string
}

func logsAndLives() []logAndLive {
	public := document(policies[:1])
	return []logAndLive{
		{"they agree", func(w *world) { w.putPolicy(public) }, nil,
			triage.KindPublic, exposure.Open, exposure.Proven, "ann", []string{"ann called PutBucketPolicy"}, nil},
		{"open now, closed in the log", func(w *world) { w.putPolicy(public); w.call("DeleteBucketPolicy", object{}) }, nil,
			triage.KindPublic, exposure.Open, exposure.Proven, "",
			[]string{"drift: the live account, read at 2026-06-01T12:00:00Z, shows another value of the bucket policy than the log, in which ann called DeleteBucketPolicy"}, nil},
		{"closed now, open in the log", func(w *world) { w.putPolicy(public) }, func(s *account.Settings) { s.Policy = present("") },
			triage.KindPublic, exposure.Closed, exposure.Proven, "ann", []string{"it closed when drift: the live account"}, nil},
		{"held now by a block that the log does not know", func(w *world) { w.putPolicy(public) }, func(s *account.Settings) { s.Block = blockSetting(flagsOf(15)) },
			triage.KindPublic, exposure.Blocked, exposure.Proven, "ann", []string{"shows another value of BlockPublicAcls of the bucket, IgnorePublicAcls of the bucket"}, nil},
		{"the bucket is gone", func(w *world) { w.putPolicy(public) }, func(s *account.Settings) { s.Gone = true },
			triage.KindPublic, exposure.Closed, exposure.Proven, "ann", []string{"whether the bucket exists: it does not"}, nil},
		{"a lid off that the log saw on", func(w *world) {
			w.call("PutBucketPublicAccessBlock", object{"PublicAccessBlockConfiguration": flagsOf(15)})
		}, nil,
			triage.KindGuardRemoved, exposure.Open, exposure.Proven, "", []string{"drift: the log saw it switched on; GetBucketPublicAccessBlock read it", "off now: BlockPublicAcls, IgnorePublicAcls"},
			[]string{"who took it off and when"}},
		{"a grant that S3 hides", func(w *world) {
			w.putACL(aclOf(toGroup("AllUsers", "READ")), true, true, "")
			w.block = flagsOf(2)
			w.call("PutBucketPublicAccessBlock", object{"PublicAccessBlockConfiguration": w.block})
		}, nil, triage.KindPublic, exposure.Blocked, exposure.Proven, "ann", []string{"the grant is told by the log: GetBucketAcl shows no grants to public groups while IgnorePublicAcls holds"}, nil},
		{"nothing could be read", func(w *world) { w.putPolicy(public) }, func(s *account.Settings) {
			s.Policy, s.ACL, s.Block, s.Ownership, s.AccountBlock = denied, denied, denied, denied, denied
		}, triage.KindPublic, exposure.Open, exposure.Proven, "ann", nil, []string{"what the live account holds now: the bucket policy: the permission s3:GetX is missing"}},
	}
}

// How the log and the live account come together.
func TestLogAndLive(t *testing.T) {
	for _, tt := range logsAndLives() {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld()
			tt.log(w)
			s := w.settings(true)
			if tt.live != nil {
				tt.live(&s)
			}
			a := one(t, w, s)
			if a == nil || a.Kind != tt.kind || a.State != tt.state || a.Certainty != tt.sure || a.UserName != tt.opener {
				t.Fatalf("%+v", a)
			}
			for _, want := range tt.reasons {
				if !strings.Contains(strings.Join(a.Reasons, "\n"), want) {
					t.Errorf("%q is not among %q", want, a.Reasons)
				}
			}
			for _, want := range tt.unknowns {
				if !strings.Contains(strings.Join(a.Unknowns, "\n"), want) {
					t.Errorf("%q is not among %q", want, a.Unknowns)
				}
			}
		})
	}
}

// An alert keeps its id from scan to scan: the time of the scan is no part of it.
func TestIDsDoNotMoveWithTheScan(t *testing.T) {
	ids := func(tt logAndLive, later time.Duration) (out []string) {
		w := newWorld()
		tt.log(w)
		s := w.settings(true)
		if tt.live != nil {
			tt.live(&s)
		}
		s.Read = s.Read.Add(later)
		l := w.ledger(func(why string) { t.Fatal(why) })
		read(l, s)
		result := triage.Rank(l, replay.NewBaseline(), triage.Known{})
		for _, a := range result.Alerts {
			out = append(out, a.ID+" "+string(a.Kind)+" "+a.Route)
		}
		slices.Sort(out)
		return out
	}
	for _, tt := range logsAndLives() {
		first := ids(tt, 0)
		if len(first) == 0 {
			t.Errorf("%s: no alert", tt.name)
		}
		for _, later := range []time.Duration{time.Second, 36 * time.Hour} {
			if got := ids(tt, later); !slices.Equal(got, first) {
				t.Errorf("%s: %v later %v instead of %v", tt.name, later, got, first)
			}
		}
	}
}

// Without a log: what is denied is unknown, never shut.
func TestLiveAlone(t *testing.T) {
	tests := []struct {
		name     string
		live     func(*account.Settings)
		state    exposure.State // "": no alert
		sure     exposure.Certainty
		unknowns string
	}{
		{"all is read", nil, exposure.Open, exposure.Proven, "when it was opened and by whom: before the scan"},
		{"the blocks are denied", func(s *account.Settings) { s.Block, s.AccountBlock = denied, denied }, exposure.Open, exposure.Assumed, "Block Public Access: the permission s3:GetX is missing"},
		{"only AWS's verdict is read", func(s *account.Settings) {
			s.Policy, s.PolicyStatus = denied, shown(object{"PolicyStatus": object{"IsPublic": true}})
		}, exposure.Unknown, exposure.Inferred, "the text of the policy"},
		{"new objects are under a key", func(s *account.Settings) {
			s.Encryption = shown(object{"ServerSideEncryptionConfiguration": object{"Rules": []object{{"ApplyServerSideEncryptionByDefault": object{"SSEAlgorithm": "aws:kms"}}}}})
		}, exposure.Open, exposure.Proven, "which objects are under a KMS key"},
		{"the policy cannot be understood", func(s *account.Settings) { s.Policy = present("{") }, "", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld()
			w.policy = document(policies[:1])
			s := w.settings(true)
			s.Encryption = account.Setting{Status: account.Absent}
			w.log = nil
			if tt.live != nil {
				tt.live(&s)
			}
			a := one(t, w, s)
			switch {
			case tt.state == "" && a == nil:
			case a == nil || a.State != tt.state || a.Certainty != tt.sure || a.OpenedBy != nil || a.OpenedAt != nil:
				t.Errorf("%+v", a)
			case a.Bounds == nil || !a.Bounds.OpenedLatest.Equal(scanned):
				t.Errorf("bounds %+v", a.Bounds)
			case !strings.Contains(strings.Join(a.Unknowns, "\n"), tt.unknowns):
				t.Errorf("%q is not among %q", tt.unknowns, a.Unknowns)
			}
		})
	}
}

// Any text in place of a reply gives changes, and never a panic.
func FuzzChanges(f *testing.F) {
	f.Add(`{"PublicAccessBlockConfiguration":{"BlockPublicAcls":true}}`)
	f.Add(`{"Owner":{"ID":"o"},"Grants":[{"Grantee":{"URI":"http://acs.amazonaws.com/groups/global/AllUsers"},"Permission":"READ"}]}`)
	f.Add(`{"OwnershipControls":{"Rules":[{"ObjectOwnership":"BucketOwnerEnforced"}]}}`)
	f.Add(document(policies))
	f.Add(`{"Owner":1,"Grants":{"Grant":[[[]]]}}`)
	f.Fuzz(func(t *testing.T, text string) {
		s := account.Setting{Status: account.Present, Text: text}
		all := account.Settings{Account: home, Bucket: name, Read: scanned, Policy: s, PolicyStatus: s, ACL: s, Block: s, Ownership: s, Website: s, Payer: s,
			Versioning: s, Encryption: s, AccountBlock: s, Points: s, AccessPoints: []account.AccessPoint{{Name: "p", Policy: s, Block: s}}, Objects: []account.Object{{Key: "k", ACL: s}}}
		l := replay.NewLedger()
		read(l, all)
		for tl := range l.Timelines(time.Time{}, nil) {
			exposure.Find(tl)
		}
	})
}
