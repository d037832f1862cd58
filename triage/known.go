// SPDX-License-Identifier: Apache-2.0

package triage

import "github.com/bucketlid/bucketlid/triage/intel"

// Known is what is known beside the logs. The zero value knows nothing, and
// flags say so.
type Known struct {
	Context  *Context        // what people told
	Networks *intel.Database // what is publicly known of addresses
	// Journals are the calls that this program made, as its journals tell, and
	// JournalNames the journals that were read.
	Journals     []OwnCall
	JournalNames []string
}
