// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"testing"

	"github.com/bucketlid/bucketlid/internal/golden"
)

func TestSeverityPage(t *testing.T) {
	golden.Check(t, "../docs/severity.md", []byte(SeverityPage()))
}
