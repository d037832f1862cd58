// SPDX-License-Identifier: Apache-2.0

package coverage

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bucketlid/bucketlid/trail"
)

// Change is a call that changed what a trail, or an event data store, logs
// (semantics A.8). Its JSON form is the `trail` message.
type Change struct {
	Time    time.Time `json:"time"`
	Account string    `json:"account"`
	Region  string    `json:"region"`
	Trail   string    `json:"trail"`
	Call    string    `json:"eventName"`
	By      string    `json:"by"`
	Address string    `json:"sourceIPAddress"`
	EventID string    `json:"eventID"`
	Error   string    `json:"errorCode,omitempty"`
	Means   string    `json:"means"`

	selection *selection // of PutEventSelectors
}

// maxChange is the longest text that a Change keeps.
const maxChange = 1200

var changeCalls = map[string]func(r *trail.Record, c *Change){
	"CreateTrail":                  created,
	"UpdateTrail":                  updated,
	"DeleteTrail":                  func(_ *trail.Record, c *Change) { c.Means = "the trail is gone: it logs nothing any more" },
	"StartLogging":                 func(_ *trail.Record, c *Change) { c.Means = "it logs from here on" },
	"StopLogging":                  func(_ *trail.Record, c *Change) { c.Means = "it logs nothing from here on" },
	"PutEventSelectors":            selected,
	"StartEventDataStoreIngestion": func(_ *trail.Record, c *Change) { c.Means = "the event data store takes events from here on" },
	"StopEventDataStoreIngestion":  func(_ *trail.Record, c *Change) { c.Means = "the event data store takes no events from here on" },
}

// takeChange keeps a record that is a change of a trail.
func (c *Collector) takeChange(h *trail.Header, raw []byte) string {
	read, ok := changeCalls[string(h.Name)]
	if !ok || string(h.Source) != "cloudtrail.amazonaws.com" {
		return ""
	}
	r, err := trail.Decode(raw, h)
	if err != nil {
		return "unreadable change of a trail: " + err.Error()
	}
	change := &Change{
		Time: r.EventTime.UTC().Truncate(time.Second), Account: r.RecipientAccountID, Region: r.AWSRegion, Call: r.EventName,
		By: caller(r), Address: r.SourceIPAddress, EventID: r.EventID, Error: r.ErrorCode, Trail: trailName(r),
	}
	read(r, change)
	if change.Error != "" {
		change.Means = "refused: nothing changed"
		change.selection = nil
	}
	for _, s := range []*string{&change.Account, &change.Region, &change.By, &change.Address, &change.EventID, &change.Error, &change.Trail, &change.Means} {
		if len(*s) > maxChange {
			*s = strings.ToValidUTF8(strings.Clone((*s)[:maxChange]), "") + "… (cut)"
		}
	}
	c.keepChange(change.EventID+"/"+change.Call+"/"+change.Time.String(), change)
	return ""
}

// keepChange keeps one of several copies of a change.
func (c *Collector) keepChange(id string, change *Change) {
	if have, ok := c.trails[id]; ok && compareChanges(have, change) <= 0 {
		return
	}
	c.trails[id] = change
}

func compareChanges(a, b *Change) int {
	return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Account, b.Account), cmp.Compare(a.Region, b.Region), cmp.Compare(a.Trail, b.Trail),
		cmp.Compare(a.Call, b.Call), cmp.Compare(a.EventID, b.EventID), cmp.Compare(a.By, b.By), cmp.Compare(a.Means, b.Means),
		cmp.Compare(a.Error, b.Error), cmp.Compare(a.Address, b.Address))
}

func caller(r *trail.Record) string {
	u := r.UserIdentity
	for _, name := range []string{u.UserName, u.ARN[strings.LastIndexAny(u.ARN, "/:")+1:], u.InvokedBy, u.PrincipalID, u.AccountID} {
		if name != "" {
			return name
		}
	}
	return "somebody"
}

// trailName is the trail that a call names, by name or ARN.
func trailName(r *trail.Record) string {
	for _, param := range []string{"name", "trailName", "trailARN", "eventDataStore"} {
		if values := r.Param(param); len(values) > 0 && values[0] != "" {
			return values[0][strings.LastIndexByte(values[0], '/')+1:]
		}
	}
	return "unnamed"
}

func created(r *trail.Record, c *Change) {
	c.Means = "a new trail, which logs when it is started" + options(r)
}

func updated(r *trail.Record, c *Change) {
	c.Means = "changed" + options(r)
}

// options puts into words what a trail was made or changed to.
func options(r *trail.Record) string {
	var words []string
	for _, o := range []struct{ name, yes, no string }{
		{"isMultiRegionTrail", "all Regions", "one Region only: " + r.AWSRegion},
		{"isOrganizationTrail", "all accounts of the organization", "this account only"},
		{"includeGlobalServiceEvents", "global services too", "without global services"},
		{"enableLogFileValidation", "with digests", "without digests: its files cannot be validated"},
	} {
		switch value := r.RequestParameters[o.name]; value {
		case true, "true":
			words = append(words, o.yes)
		case false, "false":
			words = append(words, o.no)
		}
	}
	if bucket := r.Param("s3BucketName"); len(bucket) > 0 {
		words = append(words, "to bucket "+bucket[0])
	}
	if len(words) == 0 {
		return ""
	}
	return "; " + strings.Join(words, ", ")
}

// selection is what a trail selects, as far as it matters to buckets.
type selection struct {
	data       bool     // some data events of S3
	everything bool     // those of every bucket
	resources  []string // else: of which
	reads      bool     // of data events, those that read
	management string   // "all", "write-only", "read-only" or "none"
}

// selectors are the parameters of PutEventSelectors, in both of their forms
// ("PutEventSelectors", AWS CloudTrail API Reference).
type selectors struct {
	EventSelectors []struct {
		ReadWriteType           string
		IncludeManagementEvents *bool
		DataResources           []struct {
			Type   string
			Values []string
		}
	}
	AdvancedEventSelectors []struct {
		FieldSelectors []struct {
			Field                                   string
			Equals, NotEquals, StartsWith, EndsWith []string
		}
	}
}

func selected(r *trail.Record, c *Change) {
	raw, err := json.Marshal(r.RequestParameters)
	var s selectors
	if err == nil {
		err = json.Unmarshal(raw, &s)
	}
	if err != nil || len(s.EventSelectors) == 0 && len(s.AdvancedEventSelectors) == 0 {
		c.Means = "its event selectors changed, to what the record does not tell"
		return
	}
	sel := &selection{management: "none"}
	s.basic(sel)
	s.advanced(sel)
	slices.Sort(sel.resources)
	sel.resources = slices.Compact(sel.resources)
	c.selection, c.Means = sel, sel.words()
}

func (s *selectors) basic(sel *selection) {
	for _, e := range s.EventSelectors {
		if e.IncludeManagementEvents == nil || *e.IncludeManagementEvents {
			sel.widen(managementWords(e.ReadWriteType))
		}
		for _, d := range e.DataResources {
			if d.Type != "AWS::S3::Object" || len(d.Values) == 0 {
				continue
			}
			sel.data = true
			sel.reads = sel.reads || e.ReadWriteType != "WriteOnly"
			for _, v := range d.Values {
				sel.resource(v)
			}
		}
	}
}

func managementWords(readWrite string) string {
	switch readWrite {
	case "WriteOnly":
		return "write-only"
	case "ReadOnly":
		return "read-only"
	}
	return "all"
}

// widen joins what two selectors take of management events.
func (s *selection) widen(more string) {
	switch {
	case s.management == "none":
		s.management = more
	case s.management != more:
		s.management = "all"
	}
}

// resource adds a bucket or prefix; "arn:aws:s3" alone, with or without colons
// behind, is every bucket.
func (s *selection) resource(arn string) {
	if strings.Count(strings.TrimRight(arn, ":"), ":") <= 2 {
		s.everything = true
		return
	}
	s.resources = append(s.resources, arn)
}

func (s *selectors) advanced(sel *selection) {
	for _, a := range s.AdvancedEventSelectors {
		field := map[string][]string{}
		where, narrowed := []string{}, false
		for _, f := range a.FieldSelectors {
			field[f.Field] = f.Equals
			if f.Field == "resources.ARN" {
				where = append(append(where, f.Equals...), f.StartsWith...)
			}
			narrowed = narrowed || f.Field != "eventCategory" && f.Field != "resources.type" && f.Field != "readOnly"
		}
		readOnly := ""
		if len(field["readOnly"]) == 1 {
			readOnly = field["readOnly"][0]
		}
		switch {
		case slices.Contains(field["eventCategory"], "Management"):
			sel.widen(map[string]string{"true": "read-only", "false": "write-only", "": "all"}[readOnly])
		case slices.Contains(field["eventCategory"], "Data") && slices.Contains(field["resources.type"], "AWS::S3::Object"):
			sel.data = true
			sel.reads = sel.reads || readOnly != "false"
			for _, arn := range where {
				sel.resource(arn)
			}
			sel.everything = sel.everything || !narrowed
			if narrowed && len(where) == 0 {
				sel.resources = append(sel.resources, "those that its further selectors let through")
			}
		}
	}
}

// maxResources is how many resources a sentence names.
const maxResources = 5

func (s *selection) words() string {
	data := "no data events of S3"
	switch {
	case s.data && s.everything:
		data = "data events of every bucket"
	case s.data:
		named := s.resources[:min(len(s.resources), maxResources)]
		data = "data events of " + strings.Join(named, ", ")
		if more := len(s.resources) - len(named); more > 0 {
			data += fmt.Sprintf(" and %d more", more)
		}
	}
	if s.data && !s.reads {
		data += ", but none that reads"
	}
	return "it logs management events: " + s.management + "; " + data
}
