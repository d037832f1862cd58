// SPDX-License-Identifier: Apache-2.0

package replay

import "testing"

func TestPrincipalKey(t *testing.T) {
	const sso = "arn:aws:sts::1:assumed-role/AWSReservedSSO_Admin_0a1b2c3d4e5f6789"
	for _, c := range []struct{ arn, service, account, principal, want, session string }{
		{"arn:aws:iam::1:user/ann", "", "", "", "arn:aws:iam::1:user/ann", "arn:aws:iam::1:user/ann"},
		{"arn:aws:iam::1:user/123456", "", "", "", "arn:aws:iam::1:user/123456", "arn:aws:iam::1:user/123456"},
		{"arn:aws:sts::1:assumed-role/ci/build-1748772000", "", "", "", "arn:aws:sts::1:assumed-role/ci", "arn:aws:sts::1:assumed-role/ci/build-*"},
		{"arn:aws:sts::1:assumed-role/ci/i-0a1b2c3d4e5f", "", "", "", "arn:aws:sts::1:assumed-role/ci", "arn:aws:sts::1:assumed-role/ci/i-*"},
		{"arn:aws:sts::1:assumed-role/ci/a1b2c3-42-facade", "", "", "", "arn:aws:sts::1:assumed-role/ci", "arn:aws:sts::1:assumed-role/ci/*-42-facade"},
		{"arn:aws:sts::1:assumed-role/Admin/ann12345@example.com", "", "", "", "arn:aws:sts::1:assumed-role/Admin", "arn:aws:sts::1:assumed-role/Admin/ann12345@example.com"},
		{"arn:aws:sts::1:assumed-role/ci/", "", "", "", "arn:aws:sts::1:assumed-role/ci", "arn:aws:sts::1:assumed-role/ci/"},
		{"arn:aws:sts::1:assumed-role/ci", "", "", "", "arn:aws:sts::1:assumed-role/ci", "arn:aws:sts::1:assumed-role/ci"},
		{sso + "/ann", "", "", "", sso + "/ann", sso + "/ann"},
		{sso + "/ann12345", "", "", "", sso + "/ann*", sso + "/ann*"},
		{sso + "/ann12345@example.com", "", "", "", sso + "/ann12345@example.com", sso + "/ann12345@example.com"},
		{"arn:aws:sts::1:assumed-role/AWSReservedSSO_Admin/ann", "", "", "", "arn:aws:sts::1:assumed-role/AWSReservedSSO_Admin", "arn:aws:sts::1:assumed-role/AWSReservedSSO_Admin/ann"},
		{"arn:aws:sts::1:assumed-role/AWSReservedSSO_0a1b2c3d4e5f6789/ann", "", "", "", "arn:aws:sts::1:assumed-role/AWSReservedSSO_0a1b2c3d4e5f6789", "arn:aws:sts::1:assumed-role/AWSReservedSSO_0a1b2c3d4e5f6789/ann"},
		{"", "config.amazonaws.com", "1", "", "service:config.amazonaws.com", "service:config.amazonaws.com"},
		{"", "", "444455556666", "p", "account:444455556666", "account:444455556666"},
		{"", "", "", "AIDA", "AIDA", "AIDA"},
		{"", "", "", "", "", ""},
		{"/", "", "", "", "/", "/"},
	} {
		if got := PrincipalKey(c.arn, c.service, c.account, c.principal); got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
		if got := SessionKey(c.arn, c.service, c.account, c.principal); got != c.session {
			t.Errorf("%+v: session %q", c, got)
		}
	}
}

// Requests that carry a principal's name without his credentials do not tell
// where he works, nor do calls that failed.
func TestWorked(t *testing.T) {
	b := NewBaseline()
	for day, call := range []struct{ name, err string }{
		{"ListBuckets", ""}, {"GetObject", ""}, {"ConsoleLogin", ""}, {"ListUsers", "AccessDenied"}, {"ListBuckets", ""}, {"PutBucketAcl", ""}, {"PutObjectAcl", ""},
	} {
		h := head("event-id-0000000"+call.name+string(rune('a'+day)), start+int64(day)*86400, call.name, "arn:aws:iam::1:user/u", "192.0.2.1", "cli")
		h.Error = []byte(call.err)
		b.Observe(h)
		b.Observe(h)
	}
	b.Settle()
	const first = start / 86400
	for key, h := range map[string]*Habit{"192.0.2.1": b.Principals["arn:aws:iam::1:user/u"], "arn:aws:iam::1:user/u": b.Addresses["192.0.2.1"]} {
		days := h.Worked()[key]
		if days == nil || len(*days) != 3 || (*days)[0] != first || (*days)[1] != first+4 || (*days)[2] != first+5 {
			t.Errorf("%s: %v", key, days)
		}
		if lists := h.Succeeded()["ListBuckets"]; len(*lists) != 2 || h.Succeeded()["ListUsers"] != nil {
			t.Errorf("succeeded: %v", h.Succeeded())
		}
	}
}
