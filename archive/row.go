// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"reflect"
	"strings"
	"time"
)

// Row is one record as a row of a Parquet file. What a record does not say is
// NULL. Account and day are the folder's. docs/archive.md tells the columns.
type Row struct {
	EventTime     int64  `parquet:"event_time,optional,timestamp(microsecond)"`
	EventID       []byte `parquet:"event_id,optional,string"`
	EventName     string `parquet:"event_name,optional,dict"`
	EventSource   string `parquet:"event_source,optional,dict"`
	Region        string `parquet:"region,optional,dict"`
	Principal     string `parquet:"principal,optional,dict"`
	PrincipalKey  string `parquet:"principal_key,optional,dict"`
	UserName      string `parquet:"user_name,optional,dict"`
	UserType      string `parquet:"user_type,optional,dict"`
	SessionIssuer string `parquet:"session_issuer,optional,dict"`
	AccessKeyID   string `parquet:"access_key_id,optional,dict"`
	CallerAccount string `parquet:"caller_account,optional,dict"`
	InvokedBy     string `parquet:"invoked_by,optional,dict"`
	SourceIP      string `parquet:"source_ip,optional,dict"`
	UserAgent     string `parquet:"user_agent,optional,dict"`
	ErrorCode     string `parquet:"error_code,optional,dict"`
	Bucket        string `parquet:"bucket,optional,dict"`
	ObjectKey     []byte `parquet:"object_key,optional,string"`
	RequestID     []byte `parquet:"request_id,optional,string"`
	ReadOnly      *bool  `parquet:"read_only,optional"`
	SharedEventID []byte `parquet:"shared_event_id,optional,string"`
	VPCEndpointID string `parquet:"vpc_endpoint_id,optional,dict"`
	EventCategory string `parquet:"event_category,optional,dict"`
	SourceFile    string `parquet:"source_file,optional,dict"`
	SourceOffset  int64  `parquet:"source_offset,delta"`
	Raw           []byte `parquet:"raw,string"`
	RawBytes      []byte `parquet:"raw_bytes,optional"`
}

// Column is a column as the query sees it: those of the files, then the two
// that the folders give.
type Column struct {
	Name string
	Type string // in Athena's and Trino's words: string, bigint, boolean, timestamp, binary
}

// Columns lists the columns of a file in their order.
func Columns() []Column {
	var out []Column
	t := reflect.TypeFor[Row]()
	for i := range t.NumField() {
		tag := t.Field(i).Tag.Get("parquet")
		name, options, _ := strings.Cut(tag, ",")
		out = append(out, Column{name, columnType(t.Field(i).Type, options)})
	}
	return out
}

func columnType(t reflect.Type, options string) string {
	switch {
	case strings.Contains(options, "timestamp"):
		return "timestamp"
	case t.Kind() == reflect.Int64:
		return "bigint"
	case t.Kind() == reflect.Pointer:
		return "boolean"
	case t.Kind() == reflect.Slice && !strings.Contains(options, "string"):
		return "binary"
	}
	return "string"
}

// PartitionColumns are the columns that the folders give, both texts.
var PartitionColumns = []string{"account", "day"}

// Unknown stands in the folder's name where a record names no account of 12
// digits, or no time that is one.
const Unknown = "unknown"

// Partition is the folder of one account and one UTC day.
type Partition struct {
	Account string // 12 digits, or Unknown
	Day     string // 2006-01-02, or Unknown
}

// Dir is the partition's folder below the archive's.
func (p Partition) Dir() string { return "account=" + p.Account + "/day=" + p.Day }

func parsePartition(dir string) (Partition, bool) {
	account, rest, ok := strings.Cut(dir, "/")
	account, isAccount := strings.CutPrefix(account, "account=")
	day, isDay := strings.CutPrefix(rest, "day=")
	p := Partition{account, day}
	return p, ok && isAccount && isDay && p.valid()
}

func (p Partition) valid() bool {
	_, err := time.Parse(time.DateOnly, p.Day)
	return (p.Account == Unknown || isAccountID([]byte(p.Account))) && (p.Day == Unknown || err == nil)
}

func isAccountID(s []byte) bool {
	if len(s) != 12 {
		return false
	}
	for _, c := range s {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// original is the record's own bytes.
func (r *Row) original() []byte {
	if r.RawBytes != nil {
		return r.RawBytes
	}
	return r.Raw
}
