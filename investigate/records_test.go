// SPDX-License-Identifier: Apache-2.0

package investigate

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cespare/xxhash/v2"

	"github.com/bucketlid/bucketlid/replay"
	"github.com/bucketlid/bucketlid/trail"
	"github.com/bucketlid/bucketlid/triage"
)

type (
	headerOf = trail.Header
	header   = *trail.Header
)

// call is a record of a test: its time of day and what differs from others.
type call struct {
	at, by, name string
	more         string // members of the record, each with a comma before it
}

func (c call) text() string {
	identity, ok := callers[c.by]
	if !ok {
		identity = c.by
	}
	at := c.at
	if !strings.Contains(at, "T") {
		at = "2026-03-02T" + at + "Z"
	}
	return record(identity, c.name, `,"eventTime":"`+at+`"`+c.more)
}

// record is a record by a caller; more are members that follow, of which the
// last of a name counts.
func record(identity, name, more string) string {
	source := "s3.amazonaws.com"
	switch {
	case strings.HasPrefix(name, "Assume"), strings.HasPrefix(name, "GetSession"):
		source = "sts.amazonaws.com"
	case strings.Contains(name, "User"), strings.Contains(name, "Role"), strings.Contains(name, "AccessKey"):
		source = "iam.amazonaws.com"
	}
	id := xxhash.Sum64String(identity + name + more)
	return fmt.Sprintf(`{"eventVersion":"1.11","userIdentity":%s,"eventTime":"2026-03-02T10:00:00Z","eventSource":%q,"eventName":%q,"awsRegion":"eu-west-1",`+
		`"sourceIPAddress":"203.0.113.7","userAgent":"aws-cli/2.17.0","requestParameters":null,"responseElements":null,"eventID":"%016x-0000-4000","recipientAccountId":"111122223333"%s}`,
		identity, source, name, id, more)
}

// observe hands every record to a visit.
func observe(t testing.TB, records []string, visit func(h header, raw []byte)) {
	t.Helper()
	_, err := trail.Scan(strings.NewReader(strings.Join(records, "\n")), trail.Options{}, func(h header, raw []byte) error {
		visit(h, raw)
		return nil
	}, func(s trail.Skip) { t.Errorf("skipped at %d: %s", s.Offset, s.Reason) })
	if err != nil {
		t.Fatal(err)
	}
}

// gathered is what one reader keeps.
type gathered struct {
	c        *Collector
	ledger   *replay.Ledger
	baseline *replay.Baseline
}

func gather(t testing.TB, subjects []Subject, records []string) *gathered {
	g := &gathered{NewCollector(subjects), replay.NewLedger(), replay.NewBaseline()}
	observe(t, records, func(h header, raw []byte) {
		g.baseline.Observe(h)
		g.ledger.Take(h, raw)
		g.c.Observe(h, raw)
	})
	return g
}

func (g *gathered) investigate(in Case) *Investigation {
	g.baseline.Settle()
	result := triage.Rank(g.ledger, g.baseline, triage.Known{})
	return g.c.Investigate(in, Found{g.ledger, g.baseline, result})
}

// find is the investigation of one subject over records.
func find(t testing.TB, kind Kind, text string, records []string) *Investigation {
	t.Helper()
	s, err := Parse(kind, text)
	if err != nil {
		t.Fatal(err)
	}
	return gather(t, []Subject{s}, records).investigate(Case{Kind: kind, Subject: text, Sources: []string{"./logs"}})
}

func allTexts(calls []call) []string {
	out := make([]string, len(calls))
	for i, c := range calls {
		out[i] = c.text()
	}
	return out
}

// reply is the answer to a question.
func (x *Investigation) reply(t testing.TB, id string) Answer {
	t.Helper()
	for _, a := range x.Answers {
		if a.ID == id {
			return a
		}
	}
	t.Fatalf("question %s was not answered", id)
	return Answer{}
}
