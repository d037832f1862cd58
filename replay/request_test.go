// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/bucketlid/bucketlid/policy"
	"github.com/bucketlid/bucketlid/trail"
)

// telling is one request as a log tells it.
type telling struct {
	request int // which request it is
	byTrail bool
	access  policy.Access
	minute  int
	address int
	byACL   bool
	key     int
}

var eventOf = map[policy.Access]string{policy.Read: "GetObject", policy.List: "ListObjects", policy.Write: "PutObject"}

func (c telling) id() string { return fmt.Sprintf("REQUEST%09d", c.request) }

func (c telling) add(t rapid.TB, l *Ledger) {
	at := time.Date(2026, 3, 2, 10, c.minute, 0, 0, time.UTC)
	address := fmt.Sprintf("192.0.2.%d", c.address)
	if !c.byTrail {
		l.AddRequest(&Request{ID: c.id(), Bucket: "b", Address: address, Account: "anonymous", Key: fmt.Sprintf("k %d", c.key), Access: c.access, ByACL: c.byACL, Time: at, Bytes: 10})
		return
	}
	acl := ""
	if c.byACL {
		acl = `,"aclRequired":"Yes"`
	}
	record := fmt.Sprintf(`{"eventTime":"%s","eventSource":"s3.amazonaws.com","eventName":"%s","awsRegion":"eu-west-1","sourceIPAddress":"%s",`+
		`"userIdentity":{"type":"AWSAccount","principalId":"","accountId":"anonymous"},"requestParameters":{"bucketName":"b","key":"k %d"},`+
		`"additionalEventData":{"bytesTransferredOut":10%s},"requestID":"%s","eventID":"00000000-1111-2222-3333-%012d","recipientAccountId":"111122223333"}`,
		at.Format(time.RFC3339), eventOf[c.access], address, c.key, acl, c.id(), c.request)
	_, err := trail.Scan(strings.NewReader(record), trail.Options{}, func(h *trail.Header, raw []byte) error {
		if unread := l.Take(h, raw); unread != "" {
			t.Fatal(unread)
		}
		return nil
	}, func(s trail.Skip) { t.Fatal(s.Reason) })
	if err != nil {
		t.Fatal(err)
	}
}

// requests draws calls and what the two logs tell of them. Where both tell of
// one, they may differ in what S3 writes differently.
func requests(t *rapid.T) []telling {
	var out []telling
	for i := range rapid.IntRange(1, 12).Draw(t, "requests") {
		c := telling{request: i, byTrail: true, access: rapid.SampledFrom([]policy.Access{policy.Read, policy.List, policy.Write}).Draw(t, "access"),
			minute: rapid.IntRange(0, 180).Draw(t, "minute"), address: rapid.IntRange(1, 2).Draw(t, "address"),
			byACL: rapid.Bool().Draw(t, "acl"), key: rapid.IntRange(0, 3).Draw(t, "key")}
		switch rapid.IntRange(0, 2).Draw(t, "logs") {
		case 0:
			out = append(out, c)
		case 1:
			c.byTrail = false
			out = append(out, c)
		case 2:
			line := c
			line.byTrail, line.byACL, line.minute = false, c.byACL && rapid.Bool().Draw(t, "told"), c.minute+rapid.IntRange(0, 1).Draw(t, "later")
			out = append(out, c, line)
		}
	}
	return out
}

func shown(l *Ledger) string {
	var b strings.Builder
	for _, u := range l.Uses() {
		var o Objects
		o.Add(u)
		fmt.Fprintf(&b, "%s %s %s %v %d %s-%s %d×%d %d %v %v\n", u.Bucket, u.Address, u.Access, u.ByACL, u.Sources,
			u.First.Format("15:04"), u.Last.Format("15:04"), u.Requests(), u.Bytes(), o.Count(), u.Keys, u.Content)
	}
	return b.String()
}

// Data events and access logs of the same requests, in any order, split and
// repetition, give the same uses, and every request counts once.
func TestRequestsOfTwoLogsCountOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := requests(t)
		whole := NewLedger()
		for _, c := range all {
			c.add(t, whole)
		}
		want := shown(whole)
		mixed := rapid.Permutation(append(all, rapid.SliceOfN(rapid.SampledFrom(all), 0, 8).Draw(t, "again")...)).Draw(t, "mixed")
		parts := []*Ledger{NewLedger(), NewLedger(), NewLedger()}
		for _, c := range mixed {
			c.add(t, parts[rapid.IntRange(0, 2).Draw(t, "part")])
		}
		parts[0].Merge(parts[1])
		parts[2].Merge(parts[0])
		if got := shown(parts[2]); got != want {
			t.Fatalf("in another order:\n%s\nwant:\n%s", got, want)
		}
		if got := shown(parts[2]); got != want {
			t.Fatalf("asked twice:\n%s\nwant:\n%s", got, want)
		}
		distinct, bytes, counted, summed := map[int]bool{}, int64(0), int64(0), int64(0)
		for _, c := range all {
			if !distinct[c.request] {
				bytes += 10
			}
			distinct[c.request] = true
		}
		for _, u := range whole.Uses() {
			counted, summed = counted+u.Requests(), summed+u.Bytes()
		}
		if counted != int64(len(distinct)) || summed != bytes {
			t.Fatalf("%d requests of %d bytes, want %d of %d:\n%s", counted, summed, len(distinct), bytes, want)
		}
	})
}

// A batch has a line for each object and one id.
func TestBatchIsOneRequestOfManyObjects(t *testing.T) {
	l := NewLedger()
	for i := range 3 {
		l.AddRequest(&Request{ID: "REQUEST000000001", Bucket: "b", Account: "anonymous", Access: policy.Delete, Key: fmt.Sprint("k", i), Time: time.Unix(1_700_000_000, 0)})
	}
	u := l.Uses()[0]
	var o Objects
	o.Add(u)
	if u.Requests() != 1 || o.Count() != 3 || fmt.Sprint(u.Keys) != "[k0 k1 k2]" {
		t.Errorf("%d requests, %d objects, %v", u.Requests(), o.Count(), u.Keys)
	}
}

// Above what is told apart one by one, what both logs tell is still taken out.
func TestManyRequestsOfTwoLogs(t *testing.T) {
	l := NewLedger()
	for i := range 3000 {
		c := telling{request: i, byTrail: true, access: policy.Read, address: 1, key: i}
		c.add(t, l)
		c.byTrail = false
		c.add(t, l)
	}
	uses := l.Uses()
	if len(uses) != 1 || uses[0].Sources != FromTrail|FromAccessLog || uses[0].Requests() < 2400 || uses[0].Requests() > 3600 {
		t.Errorf("%d uses, the first of %d requests, of %d", len(uses), uses[0].Requests(), uses[0].Sources)
	}
}

func TestKnownScanner(t *testing.T) {
	for agent, want := range map[string]string{
		"S3Scanner/3.0": "s3scanner", "Mozilla/5.0 zgrab/0.x": "zgrab", "python-requests/2.31": "", "": "", "[masscan/1.3]": "masscan",
		"expansejoint/1": "", "Expanse, a Palo Alto Networks company": "expanse", "aws-cli/2": "",
	} {
		if got := knownScanner(agent); got != want {
			t.Errorf("%q: %q, want %q", agent, got, want)
		}
	}
}

// Beyond the bound the same buckets are known, whatever the order.
func TestLoggedIsBounded(t *testing.T) {
	defer func(n int) { maxLogged = n }(maxLogged)
	maxLogged = 8
	known := func(order []int) string {
		l, other := NewLedger(), NewLedger()
		for i, n := range order {
			into := []*Ledger{l, other}[i%2]
			into.NoteAccessLog(fmt.Appendf(nil, "bucket-%d", n%50), time.Unix(int64(1000+n), 0))
		}
		l.Merge(other)
		text := ""
		for n := range 50 {
			if first, last, ok := l.Logged(fmt.Sprintf("bucket-%d", n), FromAccessLog); ok {
				text += fmt.Sprintf("%d %d-%d\n", n, first.Unix(), last.Unix())
			}
		}
		return text
	}
	numbers := make([]int, 200)
	for i := range numbers {
		numbers[i] = i
	}
	want := known(numbers)
	if strings.Count(want, "\n") != maxLogged {
		t.Errorf("%d are known, want %d", strings.Count(want, "\n"), maxLogged)
	}
	rapid.Check(t, func(t *rapid.T) {
		if got := known(rapid.Permutation(numbers).Draw(t, "order")); got != want {
			t.Fatalf("%s\nwant\n%s", got, want)
		}
	})
}
