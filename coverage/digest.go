// SPDX-License-Identifier: Apache-2.0

package coverage

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"regexp"
	"strings"
	"time"
)

// Digest is what a digest file of CloudTrail says. Source: "CloudTrail digest
// file structure", AWS CloudTrail User Guide.
type Digest struct {
	Name      string // of the object that it was read from
	Account   string
	Region    string
	Chain     string // what its name and those before and after it have in common
	Bucket    string // where CloudTrail put it
	Key       string
	Start     time.Time
	End       time.Time
	Listed    []ListedFile
	Signature string // hexadecimal, from the object's metadata or a file beside it; "" when neither is there
	Backfill  bool   // stands outside of the hourly chain

	fingerprint, algorithm                           string
	endText                                          string
	previousBucket, previousKey                      string
	previousHash, previousAlgorithm, previousSigning string
	hash                                             [sha256.Size]byte // of the unpacked file
}

// ListedFile is a log file that a digest vouches for.
type ListedFile struct {
	Key       string
	Hash      string // hexadecimal SHA-256 of the unpacked file
	Algorithm string
}

// MaxDigest is the largest digest file that is read, in bytes: an hour of one
// Region's log files at 500 bytes each.
const MaxDigest = 64 << 20

// required are the members that every digest has, null or not.
var required = []string{
	"awsAccountId", "digestStartTime", "digestEndTime", "digestS3Bucket", "digestS3Object", "digestPublicKeyFingerprint",
	"digestSignatureAlgorithm", "newestEventTime", "oldestEventTime", "previousDigestS3Bucket", "previousDigestS3Object",
	"previousDigestHashValue", "previousDigestHashAlgorithm", "previousDigestSignature",
}

type digestJSON struct {
	Account           string  `json:"awsAccountId"`
	Start             string  `json:"digestStartTime"`
	End               string  `json:"digestEndTime"`
	Bucket            string  `json:"digestS3Bucket"`
	Key               string  `json:"digestS3Object"`
	Fingerprint       string  `json:"digestPublicKeyFingerprint"`
	Algorithm         string  `json:"digestSignatureAlgorithm"`
	PreviousBucket    *string `json:"previousDigestS3Bucket"`
	PreviousKey       *string `json:"previousDigestS3Object"`
	PreviousHash      *string `json:"previousDigestHashValue"`
	PreviousAlgorithm *string `json:"previousDigestHashAlgorithm"`
	PreviousSignature *string `json:"previousDigestSignature"`
	Files             []struct {
		Key       string `json:"s3Object"`
		Hash      string `json:"hashValue"`
		Algorithm string `json:"hashAlgorithm"`
	} `json:"logFiles"`
}

// digestStamp is the end of a digest's name. Names of trails may hold any of the
// other parts, so that only the time is taken from there.
var digestStamp = regexp.MustCompile(`_(\d{8}T\d{6}Z)(_backfill)?\.json(\.gz)?$`)

var digestRegion = regexp.MustCompile(`^\d{12}_CloudTrail-Digest_([a-z]{2,4}(?:-[a-z]+)+-\d{1,2})_`)

// IsDigest reports whether an object's name is that of a digest file.
func IsDigest(name string) bool {
	return strings.Contains(path.Base(name), "_CloudTrail-Digest_") && digestStamp.MatchString(name)
}

// ParseDigest reads an unpacked digest file. Its bytes are what the next digest
// vouches for, so they must be those that CloudTrail wrote.
func ParseDigest(name string, raw []byte) (*Digest, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return nil, errors.New("not a digest: damaged JSON")
	}
	for _, m := range required {
		if _, ok := members[m]; !ok {
			return nil, fmt.Errorf("not a digest: it has no %s", m)
		}
	}
	var d digestJSON
	if err := json.Unmarshal(raw, &d); err != nil {
		return nil, fmt.Errorf("not a digest: %w", err)
	}
	start, err := time.Parse(time.RFC3339, d.Start)
	if err != nil {
		return nil, errors.New("not a digest: digestStartTime is no time")
	}
	end, err := time.Parse(time.RFC3339, d.End)
	if err != nil {
		return nil, errors.New("not a digest: digestEndTime is no time")
	}
	out := &Digest{
		Name: name, Account: d.Account, Bucket: d.Bucket, Key: d.Key, Start: start.UTC(), End: end.UTC(), endText: d.End,
		fingerprint: strings.ToLower(d.Fingerprint), algorithm: d.Algorithm, hash: sha256.Sum256(raw),
		previousBucket: text(d.PreviousBucket), previousKey: text(d.PreviousKey), previousHash: strings.ToLower(text(d.PreviousHash)),
		previousAlgorithm: text(d.PreviousAlgorithm), previousSigning: text(d.PreviousSignature),
	}
	base := path.Base(d.Key)
	if m := digestRegion.FindStringSubmatch(base); m != nil {
		out.Region = m[1]
	}
	m := digestStamp.FindStringSubmatchIndex(base)
	if m == nil {
		return nil, errors.New("not a digest: digestS3Object does not end as the name of a digest does")
	}
	out.Chain, out.Backfill = base[:m[0]], m[4] >= 0
	for _, f := range d.Files {
		out.Listed = append(out.Listed, ListedFile{Key: f.Key, Hash: strings.ToLower(f.Hash), Algorithm: f.Algorithm})
	}
	return out, nil
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// moved reports whether the digest lies elsewhere than where CloudTrail put it.
// A local copy tells its place from AWSLogs/ on, or by its name alone.
func (d *Digest) moved() bool {
	if rest, ok := strings.CutPrefix(d.Name, "s3://"); ok {
		return rest != d.Bucket+"/"+d.Key
	}
	name := strings.ReplaceAll(d.Name, `\`, "/")
	if here, there := strings.LastIndex(name, "AWSLogs/"), strings.LastIndex(d.Key, "AWSLogs/"); here >= 0 && there >= 0 {
		return unpackedName(name[here:]) != unpackedName(d.Key[there:])
	}
	return unpackedName(path.Base(name)) != unpackedName(path.Base(d.Key))
}

// unpackedName is a name without the mark of packing, which whoever unpacks a
// copy takes off.
func unpackedName(name string) string { return strings.TrimSuffix(name, ".gz") }

// signed is the text that CloudTrail signed ("Custom implementations of
// CloudTrail log file integrity validation", AWS CloudTrail User Guide). A chain
// that starts has the word null.
func (d *Digest) signed() string {
	previous := d.previousSigning
	if previous == "" {
		previous = "null"
	}
	return d.endText + "\n" + d.Bucket + "/" + d.Key + "\n" + hex.EncodeToString(d.hash[:]) + "\n" + previous
}
