// SPDX-License-Identifier: Apache-2.0

package eval

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/bucketlid/bucketlid/triage/intel"
)

// WriteNetworks writes lists of networks into a directory in the form in which
// intel.Open reads them. A list's name is its kind: "vpn.txt". date is the day
// for which they hold.
func WriteNetworks(dir string, lists map[string][]byte, date time.Time) error {
	manifest := intel.Manifest{Version: 1}
	for name, text := range lists {
		kind := strings.TrimSuffix(name, ".txt")
		hash := sha256.Sum256(text)
		manifest.Sources = append(manifest.Sources, intel.Record{Name: kind + "-list", Title: "a list of " + kind + " addresses", Kind: intel.Kind(kind), Format: "text",
			File: name, Fetched: date, Checked: date, SHA256: hex.EncodeToString(hash[:]), Bytes: int64(len(text)), Licence: "made up", MaxAgeHours: 30 * 24})
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			return err
		}
	}
	text, err := json.Marshal(manifest)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "manifest.json"), text, 0o644)
}

// OpenNetworks opens such lists by way of a directory that it may use.
func OpenNetworks(dir string, lists map[string][]byte, date time.Time) (*intel.Database, error) {
	if err := WriteNetworks(dir, lists, date); err != nil {
		return nil, err
	}
	d, problems, err := intel.Open(dir)
	if err == nil && len(problems) > 0 {
		err = fmt.Errorf("lists of networks: %s", strings.Join(problems, "; "))
	}
	return d, err
}
