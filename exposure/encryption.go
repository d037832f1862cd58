// SPDX-License-Identifier: Apache-2.0

package exposure

import (
	"fmt"
	"strings"

	"github.com/bucketlid/bucketlid/bucket"
	"github.com/bucketlid/bucketlid/policy"
)

// Objects under a key of KMS are read by signed requests only, of those who may
// use the key, and objects under a key of the caller's own by who has it (AWS
// pages "Using server-side encryption with AWS KMS keys" and "Using server-side
// encryption with customer-provided keys"; semantics B.7).

// encrypted is about the objects of a bucket of which the encryption of each is
// not known: the bucket's default tells of new ones.
func (f *finder) encrypted(r *run) []string {
	if r.id.audience != policy.Anyone || r.id.access != policy.Read || r.id.key != "" {
		return nil
	}
	last := len(f.t.Steps) - 1
	if r.end != stillOpen {
		last = r.end - 1
	}
	e := f.t.State(last).Encryption
	if !strings.HasPrefix(e.Value, "aws:kms") {
		return nil
	}
	text := "which objects are under a KMS key, as new ones are by the bucket's default (" + e.Value
	if e.Step >= 0 && !f.read(e.Step) {
		text += ", since " + f.event(e.Step)
	}
	return []string{text + "): unsigned requests cannot read those"}
}

// lock holds the reading of an object shut that is under a key, as far as the
// records tell who may use it, and leaves the rest of a grant as it is.
func (v *view) lock(h *holding, r bucket.Reading[*bucket.Encryption]) {
	switch e := r.Value; {
	case !r.Known:
		return
	case e.Algorithm == bucket.SSEC:
		h.block(bucket.SSEC, r.Step)
	case e.KMS() && e.AWSManaged:
		h.block("SSE-KMS (aws/s3)", r.Step)
	case e.KMS():
		h.weaken(bucket.NeverSeen, fmt.Sprintf("whether the policy of the KMS key that the object is under (%s) lets other accounts use it; unsigned requests cannot", e.Algorithm))
	}
}
