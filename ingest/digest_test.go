// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// Digests are objects only for whoever asks for them; other folders that hold
// no records stay out in any case.
func TestDigestsAreListedWhenAskedFor(t *testing.T) {
	dir := t.TempDir()
	const account = "AWSLogs/111122223333/"
	names := []string{
		account + "CloudTrail/eu-west-1/2026/03/02/111122223333_CloudTrail_eu-west-1_20260302T1215Z_AAAAAAAAAAAAAAAA.json.gz",
		account + "CloudTrail-Digest/eu-west-1/2026/03/02/111122223333_CloudTrail-Digest_eu-west-1_t_eu-west-1_20260302T130000Z.json.gz",
		account + "CloudTrail-Insight/eu-west-1/2026/03/02/111122223333_CloudTrail-Insight_eu-west-1_20260302T1215Z_AAAAAAAAAAAAAAAA.json.gz",
		"flat/111122223333_CloudTrail-Digest_eu-west-1_t_eu-west-1_20260302T130000Z.json.gz",
		"flat/111122223333_CloudTrail-Insight_eu-west-1_20260302T1215Z_AAAAAAAAAAAAAAAA.json.gz",
	}
	for _, name := range names {
		full := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		filter Filter
		want   []string
	}{
		{Filter{}, names[:1]},
		{Filter{Digests: true}, []string{names[0], names[1], names[3]}},
		{Filter{Digests: true, Accounts: []string{"999999999999"}}, []string{names[3]}}, // whose name alone does not tell whose it is
	} {
		src, err := Open(context.Background(), dir, test.filter, Options{})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		err = src.Objects(context.Background(), func(o Object) error {
			rel, _ := filepath.Rel(dir, o.Name)
			got = append(got, filepath.ToSlash(rel))
			return nil
		}, func(p Problem) { t.Errorf("%+v", p) })
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(got)
		want := slices.Sorted(slices.Values(test.want))
		if !slices.Equal(got, want) {
			t.Errorf("%+v:\ngot  %q\nwant %q", test.filter, got, want)
		}
	}
}
