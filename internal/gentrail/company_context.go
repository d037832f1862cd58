// SPDX-License-Identifier: Apache-2.0

package gentrail

import _ "embed" // the context file

// CompanyContext is the context file of the company whose logs Company writes.
//
//go:embed company_context.yaml
var CompanyContext []byte
