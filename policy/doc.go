// SPDX-License-Identifier: Apache-2.0

// Package policy says what an Amazon S3 resource policy permits, to whom, and why.
//
// It gives two answers, always both (semantics C.1): Classify is AWS's own
// classification, which decides when Block Public Access bites, and Analyse is
// what requesters from outside the owner's account can really do. Evaluate is a
// third, independent reading of the same text: it judges one concrete request.
package policy
