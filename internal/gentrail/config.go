// SPDX-License-Identifier: Apache-2.0

package gentrail

import (
	"time"
)

// Layout says where the files stand under the folder.
type Layout int

// Tree is CloudTrail's own layout, AWSLogs/account/CloudTrail/region/year/month/day.
// Flat puts all files into one folder, as people who download logs often do.
const (
	Tree Layout = iota
	Flat
)

// Config describes a trail. Zero fields take the value named at each.
type Config struct {
	Seed         uint64
	Records      int       // all records, repeated ones included; 10,000. more when that is too few for what is planted
	Files        int       // about so many objects; 0: one for every 50 records, as in a busy account
	Accounts     int       // 3
	Regions      int       // 4, at most 7
	Start        time.Time // first day; 2026-03-02
	Days         int       // 7
	Duplicates   float64   // share of records that repeat the eventID of another file, 0 to 0.5
	CrossAccount float64   // share of records that are one half of a pair with one sharedEventID, 0 to 0.2
	Layout       Layout
	Gzip         bool // .json.gz rather than .json
	Plain        bool // plant no incidents
	Workers      int  // GOMAXPROCS; the bytes do not depend on it
}

// Truth tells what a generated trail holds.
type Truth struct {
	Records      int        `json:"records"`
	Files        int        `json:"files"`
	Duplicates   int        `json:"duplicates"`   // records that repeat an earlier eventID
	CrossAccount int        `json:"crossAccount"` // pairs of records with one sharedEventID, planted ones not counted
	RawBytes     int64      `json:"rawBytes"`     // uncompressed
	FileBytes    int64      `json:"fileBytes"`    // as stored
	Incidents    []Incident `json:"incidents"`
}

// Incident is something planted, with what a reader of the log should say of it.
type Incident struct {
	ID       string   `json:"id"`
	Title    string   `json:"title"`
	Kind     string   `json:"kind"`  // alert kind; "none" for a near miss, on which no alert may be raised
	Route    string   `json:"route"` // "" for a near miss
	Audience string   `json:"audience,omitempty"`
	Access   []string `json:"access,omitempty"`
	Also     []string `json:"also,omitempty"` // kinds of further alerts that are right, too
	Account  string   `json:"account"`
	Region   string   `json:"region"`
	Bucket   string   `json:"bucket"`
	Key      string   `json:"key,omitempty"`
	Windows  []Window `json:"windows,omitempty"` // when it was open; empty for attempts and latent grants
	Event    Call     `json:"event"`             // the call that an alert should name
	Calls    []Call   `json:"calls"`             // the records planted for it, by time; of a pair with one sharedEventID, both
}

// Window is a time during which the incident's exposure was open.
type Window struct {
	Opened   time.Time `json:"opened"`
	OpenedBy Call      `json:"openedBy"`
	Closed   time.Time `json:"closed,omitzero"` // zero: still open at the end
	ClosedBy *Call     `json:"closedBy,omitempty"`
}

// Call is a record in the files.
type Call struct {
	EventID         string    `json:"eventID"`
	EventName       string    `json:"eventName"`
	EventTime       time.Time `json:"eventTime"`
	UserName        string    `json:"userName"` // session name for roles
	ARN             string    `json:"arn,omitempty"`
	SourceIPAddress string    `json:"sourceIPAddress"`
	ErrorCode       string    `json:"errorCode,omitempty"`
}

func (c Config) withDefaults() Config {
	if c.Records <= 0 {
		c.Records = 10_000
	}
	if c.Files <= 0 {
		c.Files = max(1, c.Records/50)
	}
	if c.Accounts <= 0 {
		c.Accounts = 3
	}
	if c.Regions <= 0 {
		c.Regions = 4
	}
	if c.Start.IsZero() {
		c.Start = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	}
	c.Start = c.Start.UTC().Truncate(24 * time.Hour)
	if c.Days <= 0 {
		c.Days = 7
	}
	c.Duplicates = min(max(c.Duplicates, 0), 0.5)
	c.CrossAccount = min(max(c.CrossAccount, 0), 0.2)
	return c
}

func (c Config) seconds() int64 { return int64(c.Days) * 86400 }
