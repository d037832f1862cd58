// SPDX-License-Identifier: Apache-2.0

package account

import "testing"

// What is no policy was not answered by S3, and must not pass for none.
func TestAnswersThatAreNoPolicy(t *testing.T) {
	for _, text := range []string{"", "null", "{}", "[]", `""`, "<html></html>", `{"Version":"2012-10-17","Statement":[]}`,
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow"`, widePolicy + widePolicy, "<Error><Code>AccessDenied</Code></Error>"} {
		if got, err := policyText(text); err == nil || got != "" {
			t.Errorf("%q is taken for a policy", text)
		}
	}
	if got, err := policyText(widePolicy); err != nil || got != widePolicy {
		t.Errorf("a policy is refused: %v", err)
	}
}
