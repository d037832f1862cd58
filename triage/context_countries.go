// SPDX-License-Identifier: Apache-2.0

package triage

// countrySlips are codes that people write, and what the standard has.
var countrySlips = map[string]string{"UK": "GB", "EL": "GR", "EN": "GB", "SU": "RU", "YU": "RS", "AN": "CW", "TP": "TL", "ZR": "CD"}
