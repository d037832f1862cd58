// SPDX-License-Identifier: Apache-2.0

package coverage

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/bucketlid/bucketlid/trail"
)

// seen is a record as the tests need it.
type seen struct {
	object, account, region, at, source, name, params string
	id                                                int
}

func (s seen) json() string {
	params := s.params
	if params == "" {
		params = "{}"
	}
	id := fmt.Sprintf("00000000-1111-2222-3333-%012d", s.id)
	return fmt.Sprintf(`{"eventTime":"%s","eventSource":"%s","eventName":"%s","awsRegion":"%s","sourceIPAddress":"203.0.113.7","userIdentity":{"type":"IAMUser","userName":"ann","accountId":"%s"},`+
		`"requestParameters":%s,"eventID":"%s","recipientAccountId":"%s"}`, s.at, s.source, s.name, s.region, s.account, params, id, s.account)
}

func (s seen) observe(t rapid.TB, c *Collector) {
	_, err := trail.Scan(strings.NewReader(s.json()), trail.Options{}, func(h *trail.Header, raw []byte) error {
		if unread := c.Observe(s.object, h, raw); unread != "" {
			t.Fatal(unread)
		}
		return nil
	}, func(skip trail.Skip) { t.Fatal(skip.Reason) })
	if err != nil {
		t.Fatal(err)
	}
}

var count int

func management(at string) seen {
	count++
	return seen{account: "111122223333", region: "us-east-1", at: at, source: "s3.amazonaws.com", name: "PutBucketAcl", id: count}
}

func data(at string) seen {
	s := management(at)
	s.name = "GetObject"
	return s
}

func trailCall(at, name, params string) seen {
	s := management(at)
	s.source, s.name, s.params = "cloudtrail.amazonaws.com", name, params
	return s
}

func (s seen) in(region string) seen { s.region = region; return s }

func days(from, to int, make func(string) seen) []seen {
	var out []seen
	for day := from; day <= to; day++ {
		out = append(out, make(fmt.Sprintf("2026-06-%02dT10:00:00Z", day)))
	}
	return out
}

func join(lists ...[]seen) []seen {
	var out []seen
	for _, l := range lists {
		out = append(out, l...)
	}
	return out
}

func build(t rapid.TB, all []seen) Report {
	c := NewCollector()
	for _, s := range all {
		s.observe(t, c)
	}
	return c.Build()
}

// table is the cells in short: region kind state from-to, days joined.
func table(r Report) string {
	var out []string
	last := ""
	for _, c := range r.Cells {
		head := fmt.Sprintf("%s%s %s %s ", c.Region, c.Bucket, c.Kind, c.State)
		if head == last {
			text := out[len(out)-1]
			out[len(out)-1] = text[:strings.LastIndex(text, "-")+1] + c.To[8:]
			continue
		}
		last = head
		out = append(out, head+c.From[8:]+"-"+c.To[8:])
	}
	return strings.Join(out, "; ")
}

func TestBuild(t *testing.T) {
	late := management("2026-06-02T10:00:00Z")
	late.object = "x/111122223333_CloudTrail_us-east-1_20260602T1130Z_AAAAAAAAAAAAAAAA.json.gz"
	prompt := management("2026-06-01T10:00:00Z")
	prompt.object = "x/111122223333_CloudTrail_us-east-1_20260601T1005Z_AAAAAAAAAAAAAAAA.json.gz"
	for _, test := range []struct {
		name string
		all  []seen
		want string
		gaps int
		says string
	}{
		{"one day", days(1, 1, management), "us-east-1 management seen 01-01; us-east-1 s3-data never 01-01", 0,
			"Who read, wrote or deleted data of account 111122223333 cannot be known: no S3 data event of any bucket is in these logs."},
		{"data events begin later", join(days(1, 5, management), days(4, 5, data)), "us-east-1 management seen 01-05; us-east-1 s3-data never 01-03; us-east-1 s3-data seen 04-05", 0,
			"Who read, wrote or deleted data of account 111122223333 before 2026-06-04 cannot be known: no data event of any bucket was logged before 2026-06-04T10:00:00Z."},
		{"data events end", join(days(1, 5, management), days(1, 3, data)), "us-east-1 management seen 01-05; us-east-1 s3-data seen 01-03; us-east-1 s3-data quiet 04-05", 0,
			"after 2026-06-03 cannot be known"},
		{"a day is lacking of many", join(days(1, 9, management), days(11, 12, management)), "us-east-1 management seen 01-09; us-east-1 management gap 10-10; us-east-1 management seen 11-12; us-east-1 s3-data never 01-12", 1, ""},
		{"a quiet Region", join(days(1, 1, management), days(9, 9, management)), "us-east-1 management seen 01-01; us-east-1 management quiet 02-08; us-east-1 management seen 09-09; us-east-1 s3-data never 01-09", 0, ""},
		{"late and prompt", []seen{prompt, late}, "us-east-1 management seen 01-01; us-east-1 management late 02-02; us-east-1 s3-data never 01-02", 0, ""},
		{"two Regions", []seen{management("2026-06-01T10:00:00Z").in("eu-west-1"), management("2026-06-02T10:00:00Z").in("us-west-2")},
			"eu-west-1 management seen 01-01; eu-west-1 management quiet 02-02; eu-west-1 s3-data never 01-02; us-west-2 management never 01-01; us-west-2 management seen 02-02; us-west-2 s3-data never 01-02", 0,
			"only eu-west-1 and us-west-2 are in these logs"},
		{"the home of access points that span Regions", days(1, 1, management), "us-east-1 management seen 01-01; us-east-1 s3-data never 01-01", 0,
			"Changes of Multi-Region Access Points of account 111122223333 cannot be seen: S3 logs them in us-west-2 only"},
		{"stopped, and started", join(days(1, 1, management), []seen{trailCall("2026-06-01T12:00:00Z", "StopLogging", `{"name":"main"}`), trailCall("2026-06-01T15:00:00Z", "StartLogging", `{"name":"arn:aws:cloudtrail:us-east-1:111122223333:trail/main"}`)}),
			"us-east-1 management seen 01-01; us-east-1 s3-data never 01-01", 1,
			"What changed in account 111122223333 from 2026-06-01T12:00:00Z to 2026-06-01T15:00:00Z is not known: ann stopped the trail main (StopLogging), and no other trail wrote records."},
		{"stopped, while another trail wrote", join(days(1, 1, management), []seen{trailCall("2026-06-01T09:00:00Z", "StopLogging", `{"name":"main"}`), trailCall("2026-06-01T15:00:00Z", "StartLogging", `{"name":"main"}`)}),
			"us-east-1 management seen 01-01; us-east-1 s3-data never 01-01", 0, ""},
		{"never started again", join(days(1, 1, management), []seen{trailCall("2026-06-01T12:00:00Z", "DeleteTrail", `{"name":"main"}`)}),
			"us-east-1 management seen 01-01; us-east-1 s3-data never 01-01", 1, "from 2026-06-01T12:00:00Z to the end of these logs"},
		{"nothing", nil, "", 0, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := build(t, test.all)
			if got := table(r); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			if len(r.Gaps) != test.gaps {
				t.Errorf("gaps: %+v", r.Gaps)
			}
			if !strings.Contains(fmt.Sprint(r.Statements), test.says) {
				t.Errorf("%q is not said in %v", test.says, r.Statements)
			}
		})
	}
}

func TestTrailChanges(t *testing.T) {
	for _, test := range []struct{ name, params, means, says string }{
		{"CreateTrail", `{"name":"t","isMultiRegionTrail":true,"includeGlobalServiceEvents":true,"enableLogFileValidation":false,"s3BucketName":"b"}`,
			"a new trail, which logs when it is started; all Regions, global services too, without digests: its files cannot be validated, to bucket b", ""},
		{"UpdateTrail", `{"name":"t","isMultiRegionTrail":false}`, "changed; one Region only: us-east-1", ""},
		{"DeleteTrail", `{"name":"t"}`, "the trail is gone", ""},
		{"StartEventDataStoreIngestion", `{"eventDataStore":"arn:x/t"}`, "takes events from here on", ""},
		{"PutEventSelectors", `{"trailName":"t","eventSelectors":[{"readWriteType":"All","includeManagementEvents":true,"dataResources":[{"type":"AWS::S3::Object","values":["arn:aws:s3"]}]}]}`,
			"it logs management events: all; data events of every bucket", ""},
		{"PutEventSelectors", `{"trailName":"t","eventSelectors":[{"readWriteType":"WriteOnly","dataResources":[{"type":"AWS::S3::Object","values":["arn:aws:s3:::b/","arn:aws:s3:::a/p"]}]}]}`,
			"it logs management events: write-only; data events of arn:aws:s3:::a/p, arn:aws:s3:::b/, but none that reads", "logs no reading of data"},
		{"PutEventSelectors", `{"trailName":"t","eventSelectors":[{"readWriteType":"All","includeManagementEvents":false,"dataResources":[{"type":"AWS::Lambda::Function","values":["arn:aws:lambda"]}]}]}`,
			"it logs management events: none; no data events of S3", "logs no data events of S3"},
		{"PutEventSelectors", `{"trailName":"t","advancedEventSelectors":[{"fieldSelectors":[{"field":"eventCategory","equals":["Management"]},{"field":"readOnly","equals":["false"]}]},` +
			`{"fieldSelectors":[{"field":"eventCategory","equals":["Data"]},{"field":"resources.type","equals":["AWS::S3::Object"]}]}]}`,
			"it logs management events: write-only; data events of every bucket", "logs no calls that only read settings"},
		{"PutEventSelectors", `{"trailName":"t","advancedEventSelectors":[{"fieldSelectors":[{"field":"eventCategory","equals":["Data"]},{"field":"resources.type","equals":["AWS::S3::Object"]},{"field":"resources.ARN","startsWith":["arn:aws:s3:::b/"]},{"field":"readOnly","equals":["false"]}]}]}`,
			"it logs management events: none; data events of arn:aws:s3:::b/, but none that reads", "logs no calls that change settings"},
		{"PutEventSelectors", `{"trailName":"t","advancedEventSelectors":[{"fieldSelectors":[{"field":"eventCategory","equals":["Data"]},{"field":"resources.type","equals":["AWS::S3::Object"]},{"field":"eventName","equals":["GetObject"]}]}]}`,
			"data events of those that its further selectors let through", "of these only"},
		{"PutEventSelectors", `{"trailName":"t","eventSelectors":"odd"}`, "to what the record does not tell", ""},
		{"PutEventSelectors", `null`, "to what the record does not tell", ""},
	} {
		r := build(t, []seen{trailCall("2026-06-01T10:00:00Z", test.name, test.params)})
		if len(r.Trails) != 1 || !strings.Contains(r.Trails[0].Means, test.means) || r.Trails[0].By != "ann" {
			t.Errorf("%s %s: %+v", test.name, test.params, r.Trails)
		}
		if !strings.Contains(fmt.Sprint(r.Statements), test.says) {
			t.Errorf("%s: %q is not said in %v", test.name, test.says, r.Statements)
		}
	}
}

func TestAccessLogLines(t *testing.T) {
	c := NewCollector()
	at := time.Date(2026, 6, 1, 10, 0, 0, 0, time.UTC)
	for i := range 3 {
		c.ObserveLine("logs/2026-06-01-12-00-00-0123456789ABCDEF", "b", "eu-west-1", fmt.Sprint("REQUEST", i%2), at)
	}
	r := c.Build()
	if len(r.Cells) != 1 || r.Cells[0].Records != 2 || r.Cells[0].State != Late || r.Cells[0].Delay != 7200 || r.Cells[0].Bucket != "b" {
		t.Errorf("%+v", r.Cells)
	}
	if !strings.Contains(fmt.Sprint(r.Statements), "Access logs of bucket b are here from 2026-06-01T10:00:00Z") {
		t.Errorf("%v", r.Statements)
	}
}

func TestOrderSplitAndRepeatsDoNotMatter(t *testing.T) {
	draw := rapid.Custom(func(t *rapid.T) seen {
		at := fmt.Sprintf("2026-06-%02dT%02d:00:00Z", rapid.IntRange(1, 12).Draw(t, "day"), rapid.IntRange(0, 23).Draw(t, "hour"))
		s := rapid.SampledFrom([]func(string) seen{management, data,
			func(at string) seen { return trailCall(at, "StopLogging", `{"name":"a"}`) },
			func(at string) seen { return trailCall(at, "StartLogging", `{"name":"a"}`) },
			func(at string) seen { return trailCall(at, "StopLogging", `{"name":"b"}`) }}).Draw(t, "record")(at)
		return s.in(rapid.SampledFrom([]string{"us-east-1", "eu-west-1"}).Draw(t, "region"))
	})
	defer func(n int) { maxCells = n }(maxCells)
	rapid.Check(t, func(t *rapid.T) {
		maxCells = rapid.SampledFrom([]int{1 << 19, 4}).Draw(t, "bound")
		all := rapid.SliceOfN(draw, 1, 40).Draw(t, "records")
		want := fmt.Sprintf("%+v", plain(build(t, all)))
		parts := []*Collector{NewCollector(), NewCollector()}
		for _, s := range rapid.Permutation(append(all, all[:len(all)/2]...)).Draw(t, "mixed") {
			s.observe(t, parts[rapid.IntRange(0, 1).Draw(t, "part")])
		}
		parts[1].Merge(parts[0])
		if got := fmt.Sprintf("%+v", plain(parts[1].Build())); got != want {
			t.Fatalf("got\n%s\nwant\n%s", got, want)
		}
	})
}

// plain is a report without pointers, to be compared as text.
func plain(r Report) string {
	text := fmt.Sprint(r.Statements, table(r))
	for _, g := range r.Gaps {
		text += fmt.Sprint(g.Account, g.Region, g.Kind, g.From, g.To, g.Reason, "\n")
	}
	for _, c := range r.Cells {
		text += fmt.Sprint(c.Records, c.First, c.Last, "\n")
	}
	for i := range r.Trails {
		text += fmt.Sprint(r.Trails[i].Time, r.Trails[i].Call, r.Trails[i].EventID, "\n")
	}
	return text
}

func TestDistinctIsAboutRight(t *testing.T) {
	var d distinct
	for i := range uint64(20_000) {
		d.add((i + 1) * 0x9E3779B97F4A7C15)
		d.add((i + 1) * 0x9E3779B97F4A7C15)
	}
	if d.exact() || d.count() < 12_000 || d.count() > 28_000 {
		t.Errorf("20,000 are counted as %d", d.count())
	}
}
