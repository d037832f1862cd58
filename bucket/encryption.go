// SPDX-License-Identifier: Apache-2.0

package bucket

import "strings"

// Encryption is what an upload said of the new object's encryption.
type Encryption struct {
	// Algorithm is as S3 writes it: AES256, aws:kms, aws:kms:dsse; SSEC for a key
	// that the caller keeps; "" for the default of the bucket.
	Algorithm string
	// AWSManaged says that the key is the one that AWS manages for S3 in the
	// account (aws/s3), which serves no other account.
	AWSManaged bool
}

// SSEC stands for a key that only the caller has.
const SSEC = "SSE-C"

// KMS reports whether a key of KMS is needed to read.
func (e *Encryption) KMS() bool { return e != nil && strings.HasPrefix(e.Algorithm, "aws:kms") }

// encrypt notes the encryption of the object version that a call wrote: it lasts
// as long as the version. Where the upload names none, it is the bucket's default,
// as far as that is known.
func (t *Timeline) encrypt(i int, id ObjectID, e *Encryption) {
	track, ok := t.encrypted[id]
	if !ok {
		track = &Track[*Encryption]{}
		t.encrypted[id] = track
	}
	if e != nil && e.Algorithm == "" {
		e = &Encryption{Algorithm: t.encryption.at(i, sameValue[string]).Value}
	}
	if e == nil || e.Algorithm == "" {
		track.lose(i, "")
		return
	}
	track.assign(i, e)
}

// ObjectEncryption reads the encryption of one object version after step i.
func (t *Timeline) ObjectEncryption(id ObjectID, i int) Reading[*Encryption] {
	track, ok := t.encrypted[id]
	if !ok {
		return Reading[*Encryption]{Step: -1, Earliest: -1}
	}
	return track.at(i, func(a, b *Encryption) bool { return *a == *b })
}
