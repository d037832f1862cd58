// SPDX-License-Identifier: Apache-2.0

package report

import (
	"time"

	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/triage"
)

// Schema names the version of the message stream.
const Schema = "bucketlid/1"

// Message is one line of the stream: exactly one field is set. Config comes
// first, Summary last.
type Message struct {
	Config   *Config            `json:"config,omitempty"`
	Exposure *exposure.Exposure `json:"exposure,omitempty"`
	Alert    *triage.Alert      `json:"alert,omitempty"`
	Skipped  *Skipped           `json:"skipped,omitempty"`
	Summary  *Summary           `json:"summary,omitempty"`
}

// Config says what was run.
type Config struct {
	Schema   string     `json:"schema"`
	Version  string     `json:"version"`
	Command  string     `json:"command"` // "hunt", …
	Sources  []string   `json:"sources"`
	Accounts []string   `json:"accounts,omitempty"`
	Regions  []string   `json:"regions,omitempty"`
	From     *time.Time `json:"from,omitempty"`
	To       *time.Time `json:"to,omitempty"`
	Read     *time.Time `json:"read,omitempty"` // when live accounts were read
	// AccessLogs are the sources of S3 server access logs.
	AccessLogs []string `json:"access_logs,omitempty"`
	Findings   []string `json:"findings,omitempty"` // sources of findings of other services
	Context    string   `json:"context,omitempty"`  // the context file
	Networks   []string `json:"networks,omitempty"` // what was known of addresses: name and date
}

// Skipped names input that was not read, and why.
type Skipped struct {
	Object string `json:"object"`
	Offset int64  `json:"offset"` // in the uncompressed object; -1 for the whole object
	Reason string `json:"reason"`
}

// Summary counts what was read and found.
type Summary struct {
	Objects  int64 `json:"objects"`
	Bytes    int64 `json:"bytes"` // as stored
	Unpacked int64 `json:"unpacked_bytes"`
	Records  int64 `json:"records"`
	Buckets  int64 `json:"buckets,omitempty"` // whose settings were read in live accounts
	// BucketsPartly are those of Buckets of which something could not be read.
	BucketsPartly int64 `json:"buckets_partly_read,omitempty"`
	// OutsideObjects and OutsideRecords were left out by the filter of the run.
	OutsideObjects int64            `json:"outside_objects"`
	OutsideRecords int64            `json:"outside_records"`
	AccessLogLines int64            `json:"access_log_lines,omitempty"`
	SkippedObjects int64            `json:"skipped_objects"`
	Skipped        map[string]int64 `json:"skipped"` // by reason
	FirstEvent     *time.Time       `json:"first_event"`
	LastEvent      *time.Time       `json:"last_event"`
	Changes        int64            `json:"changes"`
	Exposures      int64            `json:"exposures"`
	Alerts         map[string]int64 `json:"alerts_by_severity"`
	Kinds          map[string]int64 `json:"alerts_by_kind"`
	StillOpen      int64            `json:"still_open"`
	Gaps           []Gap            `json:"gaps"`
	TopBuckets     []BucketCount    `json:"top_buckets"` // by alerts, then name
	Principals     int64            `json:"principals"`  // distinct, in the baseline
	Addresses      int64            `json:"addresses"`
	// SaidElsewhere are findings of other services about buckets for which there
	// is no alert, each with the reason; SaidElsewhereMore counts those beyond
	// the bound.
	SaidElsewhere     []triage.Elsewhere `json:"said_elsewhere,omitempty"`
	SaidElsewhereMore int64              `json:"said_elsewhere_more,omitempty"`
	Findings          *FindingsRead      `json:"findings,omitempty"` // of other services, where any were asked for
	// NotLooked tells what a scan of live accounts was not asked to look at and may
	// be open, with the flag that does.
	NotLooked []string `json:"not_looked,omitempty"`
	// AWSConfig is where AWS Config and this program differ, where it was asked.
	AWSConfig *triage.Compared `json:"aws_config,omitempty"`
}

// FindingsRead counts findings of other services.
type FindingsRead struct {
	Read   int64            `json:"read"`
	Beside int64            `json:"beside"` // stand beside an alert
	Alone  int64            `json:"alone"`  // of a bucket without an alert
	Aside  map[string]int64 `json:"aside"`  // no evidence on S3, by reason
}

// SkippedTotal is how many pieces of input were not read: the sum of Skipped,
// and at least the number of objects concerned.
func (s *Summary) SkippedTotal() int64 {
	var n int64
	for _, count := range s.Skipped {
		n += count
	}
	return max(n, s.SkippedObjects)
}

// Gap is a stretch of time about which the logs cannot speak.
type Gap struct {
	Account string     `json:"account"`
	Region  string     `json:"region,omitempty"`
	From    *time.Time `json:"from"`
	To      *time.Time `json:"to"`
	Reason  string     `json:"reason"`
}

// BucketCount is a bucket and how many alerts it has.
type BucketCount struct {
	Bucket string `json:"bucket"`
	Alerts int64  `json:"alerts"`
}
