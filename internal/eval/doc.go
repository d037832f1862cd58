// SPDX-License-Identifier: Apache-2.0

// Package eval measures how good triage is. Each file of scenarios is a made-up
// incident, or something harmless that looks like one, with what a person who
// knows the whole story would say of it. Around it stand days of ordinary work
// of a made-up company. Seeds decide everything; nothing reads the clock.
package eval
