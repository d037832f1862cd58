// SPDX-License-Identifier: Apache-2.0

package triage

import "time"

// Probe is what came back when the owner had the witness sent, unsigned. It
// changes no severity, state or flag.
type Probe struct {
	At     time.Time `json:"at"`
	Method string    `json:"method,omitempty"` // empty: nothing was sent
	URL    string    `json:"url,omitempty"`
	Status int       `json:"status,omitempty"` // of HTTP; 0: no answer
	Code   string    `json:"code,omitempty"`   // of S3, such as AccessDenied
	Agrees Answer    `json:"agrees"`           // with the alert's state
	Why    string    `json:"why"`              // of Agrees, or why nothing was sent
}
