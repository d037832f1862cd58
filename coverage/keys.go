// SPDX-License-Identifier: Apache-2.0

package coverage

import (
	"crypto"
	"crypto/md5" // by which CloudTrail names its keys
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
)

// Keys are public keys of CloudTrail by fingerprint.
type Keys map[string]*rsa.PublicKey

// ParseKeys reads what `aws cloudtrail list-public-keys` prints, or the list in
// it alone. A fingerprint is the MD5 of the key, and is computed here: labels
// are not trusted, and a label that is wrong is a problem.
func ParseKeys(raw []byte) (keys Keys, problems []string, err error) {
	type entry struct {
		Value       []byte
		Fingerprint string
	}
	var file struct{ PublicKeyList []entry }
	if err := json.Unmarshal(raw, &file); err != nil {
		if err := json.Unmarshal(raw, &file.PublicKeyList); err != nil {
			return nil, nil, errors.New("no list of public keys; make one with: aws cloudtrail list-public-keys --region REGION --start-time TIME > keys.json")
		}
	}
	if len(file.PublicKeyList) == 0 {
		return nil, nil, errors.New("has no key in PublicKeyList: ask for the time of the digests, with --start-time and --end-time, in their Region")
	}
	keys = Keys{}
	for i, k := range file.PublicKeyList {
		key, err := parseKey(k.Value)
		if err != nil {
			return nil, nil, fmt.Errorf("key %d of PublicKeyList: %w", i, err)
		}
		sum := md5.Sum(k.Value)
		fingerprint := hex.EncodeToString(sum[:])
		if k.Fingerprint != "" && k.Fingerprint != fingerprint {
			problems = append(problems, fmt.Sprintf("key %d is labelled %s, but is %s: taken for what it is", i, k.Fingerprint, fingerprint))
		}
		keys[fingerprint] = key
	}
	return keys, problems, nil
}

// parseKey reads a key in the form that is documented, PKCS #1, or in the one
// of a sample on the same page, SubjectPublicKeyInfo.
func parseKey(der []byte) (*rsa.PublicKey, error) {
	if key, err := x509.ParsePKCS1PublicKey(der); err == nil {
		return key, nil
	}
	parsed, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, errors.New("the Value is no RSA public key in DER")
	}
	key, ok := parsed.(*rsa.PublicKey)
	if !ok {
		return nil, errors.New("the Value is a public key, but not of RSA")
	}
	return key, nil
}

// verify checks a signature of a digest; the answer says what is wrong, and
// whether the digest is proven false or merely not proven.
func (d *Digest) verify(keys Keys, signature string) (verdict Verdict, why string) {
	if d.algorithm != "SHA256withRSA" {
		return Unproven, "signed by an algorithm that is not known here: " + d.algorithm
	}
	key, ok := keys[d.fingerprint]
	if !ok {
		return Unproven, "the public key " + d.fingerprint + " is not among those given"
	}
	raw, err := hex.DecodeString(signature)
	if err != nil {
		return Altered, "its signature is not hexadecimal"
	}
	sum := sha256.Sum256([]byte(d.signed()))
	if rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], raw) != nil {
		return Altered, "its signature does not fit: it was altered, or is not CloudTrail's"
	}
	return Verified, ""
}
