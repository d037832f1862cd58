// SPDX-License-Identifier: Apache-2.0

package coverage

import (
	"path"
	"regexp"
	"time"
)

// logFile is the name of a log file: its stamp is the minute of delivery
// ("Finding your CloudTrail log files", AWS CloudTrail User Guide).
var logFile = regexp.MustCompile(`^(\d{12})_CloudTrail_([a-z0-9-]+)_(\d{8}T\d{4}Z)_\w+\.json(?:\.gz)?$`)

// FromName reads account, Region and minute of delivery from an object's name;
// they are zero where it tells none.
func FromName(name string) (account, region string, delivered time.Time) {
	m := logFile.FindStringSubmatch(path.Base(name))
	if m == nil {
		return "", "", time.Time{}
	}
	at, err := time.Parse("20060102T1504Z", m[3])
	if err != nil {
		return m[1], m[2], time.Time{}
	}
	return m[1], m[2], at
}
