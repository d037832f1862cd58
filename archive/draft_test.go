// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"

	"github.com/bucketlid/bucketlid/internal/gentrail"
	"github.com/bucketlid/bucketlid/trail"
)

// shapes are records of which a draft may hold something in an unusual place.
var shapes = []string{
	columnCases[0].record, columnCases[1].record, columnCases[4].record, columnCases[5].record, columnCases[6].record, columnCases[9].record,
	`,"eventID":"11111111-2222-3333-4444-555555555555","sharedEventID":"s"`,
	`,"eventID":"1111\u0031111-2222-3333-4444-555555555555","sharedEventID":"a\/b"`,
	`,"eventID":"first","eventID":"second","requestParameters":{"a":1},"requestParameters":{"b":2}`,
	`,"eventID":"` + strings.Repeat("x", maxText+1) + `"`,
	`,"eventID":"` + "\xff\xfe" + `","userAgent":"` + "\xff" + `"`,
	`,"userAgent":"say \"hi\"","errorCode":"","requestParameters":null,"responseElements":"text","additionalEventData":[1,{"a":"}"}]`,
	`,"resources":[{"ARN":"arn:aws:s3:::acme"}],"eventTime":"2026-03-02T1\u0031:00:00Z"`,
	`,"userIdentity":{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/admin/"}`,
	`,"userIdentity":{"accessKeyId":["AKIAEXAMPLE"]},"userAgent":["curl"]`,
}

// A draft gives the header that reading the record again gives, or says that it
// may be another: an index is the same, whether a load or compact writes it.
func TestADraftsHeaderIsThatOfItsRecord(t *testing.T) {
	var logs []string
	for _, shape := range shapes {
		logs = append(logs, frame+shape+"}")
	}
	logs = append(logs, `{"Records":[`+strings.Join(logs, ",")+`]}`,
		`{"time":"2026-03-02T10:00:00Z","account":"111122223333","detail-type":"AWS API Call via CloudTrail","detail":{"eventSource":"s3.amazonaws.com","eventName":"X","eventID":"x"}}`)
	for _, name := range makeTrail(t, gentrail.Config{Records: 1000, Files: 4}) {
		logs = append(logs, unpacked(t, name))
	}
	c, seen, apart := newConverter(), 0, 0
	for _, log := range logs {
		_, err := trail.Scan(strings.NewReader(log), trail.Options{}, func(h *trail.Header, raw []byte) error {
			var d draft
			c.draft(&d, &arena{}, h, raw)
			seen++
			if d.apart {
				apart++
				return nil
			}
			sameHeader(t, &d, c.words.entries, string(h.RecipientAccountID), h.Offset)
			return nil
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
	}
	if seen < 1000 || apart == 0 || apart > 12 {
		t.Errorf("of %d records %d were apart", seen, apart)
	}
}

func sameHeader(t *testing.T, d *draft, entries []entry, account string, offset int64) {
	t.Helper()
	var got trail.Header
	d.header(&got, entries, []byte(account))
	n := 0
	_, err := trail.Scan(strings.NewReader(string(d.record())), trail.Options{}, func(want *trail.Header, _ []byte) error {
		n++
		want.Offset = offset
		if len(want.RecipientAccountID) == 0 {
			want.RecipientAccountID = []byte(account)
		}
		for g, w, i := reflect.ValueOf(got), reflect.ValueOf(*want), 0; i < g.NumField(); i++ {
			if got, want := fmt.Sprintf("%q", g.Field(i)), fmt.Sprintf("%q", w.Field(i)); got != want {
				t.Errorf("%s of %.300s is %s, want %s", g.Type().Field(i).Name, d.record(), got, want)
			}
		}
		return nil
	}, nil)
	if err != nil || n != 1 {
		t.Errorf("%.300s is %d records: %v", d.record(), n, err)
	}
}

func unpacked(t *testing.T, name string) string {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	r, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if _, err := r.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// A header has no field that a draft forgets: one that is added to it makes this
// fail.
func TestADraftFillsEveryFieldOfAHeader(t *testing.T) {
	var d draft
	d.text, d.offset = []byte("x"), 1
	for i := range d.words {
		d.words[i] = 1
	}
	for i := range d.places {
		d.places[i] = extent{0, 1}
	}
	var h trail.Header
	d.header(&h, []entry{{}, {written: []byte("x")}}, []byte("x"))
	for v, i := reflect.ValueOf(h), 0; i < v.NumField(); i++ {
		if v.Field(i).IsZero() {
			t.Errorf("%s is not filled", v.Type().Field(i).Name)
		}
	}
}

// Words that do not repeat fill table after table: the rows are the same.
func TestManyWordsTakeMoreThanOneTable(t *testing.T) {
	var log strings.Builder
	log.WriteString(`{"Records":[`)
	want := 3 * maxWords / 2
	for i := range want {
		if i > 0 {
			log.WriteString(",")
		}
		fmt.Fprintf(&log, `{"eventVersion":"1","eventTime":"2026-03-02T00:00:00Z","eventName":"N%d","recipientAccountId":"111122223333","eventID":"%032d"}`, i, i)
	}
	log.WriteString("]}")
	root := t.TempDir()
	if err := loadText(t, root, log.String()); err != nil {
		t.Fatal(err)
	}
	a, names := open(t, root), map[string]bool{}
	for _, f := range a.Files() {
		err := readRows(a.Path(f), func(r *Row) {
			if fmt.Sprintf("N%d", number(r.EventID)) == r.EventName {
				names[r.EventName] = true
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(names) != want {
		t.Errorf("%d records have their own names, of %d", len(names), want)
	}
}

func number(digits []byte) (n int) {
	for _, c := range digits {
		n = 10*n + int(c-'0')
	}
	return n
}
