// SPDX-License-Identifier: Apache-2.0

package trail

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"
)

func seeds(f *testing.F) {
	for _, cases := range encodingCases {
		for _, c := range cases {
			f.Add([]byte(c.text))
		}
	}
	for _, text := range []string{
		"", "{", "[", `"`, `\`, "\x00", "\xef\xbb\xbf{}", `{"Records":[{"eventVersion":"`, `{"a":"\`, `[[[[{{`, `{"a":[}`, `"\ud834"`,
		rec("A") + "\n{" + rec("B"), rec("A", `"userIdentity":{"sessionContext":{"sessionIssuer":{"arn":["x"]}}}`),
	} {
		f.Add([]byte(text))
	}
}

// FuzzScan: no input makes it fail, what it says does not depend on how the
// input is read, and what it calls a record is one, or Decode says why not.
func FuzzScan(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		got := collect(bytes.NewReader(data), Options{})
		if got.Err != "" || got.Stats.Bytes != int64(len(data)) || got.Stats.Records != int64(len(got.Raw)) || got.Stats.Skipped != int64(len(got.Skips)) {
			t.Fatalf("%+v", got)
		}
		for _, s := range got.Skips {
			if s.Offset < 0 || s.Offset > int64(len(data)) || s.Reason == "" {
				t.Fatalf("skip %+v", s)
			}
		}
		small := collect(bytes.NewReader(data), Options{bufSize: 24})
		if !equal(got, small) {
			t.Fatalf("with a small buffer %+v, else %+v", small, got)
		}
		_, err := Scan(bytes.NewReader(data), Options{MaxRecord: 200, MaxDepth: 5}, func(h *Header, raw []byte) error {
			r, err := Decode(raw, h)
			if err == nil {
				agree(t, h, r)
				return nil
			}
			if fault := new(DecodeError); !errors.As(err, &fault) || json.Valid(raw) && fault.Field != "requestParameters" {
				t.Errorf("%s: %v", raw, err)
			}
			return nil
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
	})
}

func equal(a, b seen) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return bytes.Equal(x, y)
}

// FuzzDecode: no input makes it fail, and its errors are DecodeErrors.
func FuzzDecode(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := Decode(data, nil)
		if fault := new(DecodeError); err != nil && !errors.As(err, &fault) {
			t.Fatal(err)
		}
		if err != nil {
			return
		}
		if !bytes.Equal(r.Raw, data) {
			t.Fatal("Raw is not the record")
		}
		r.Param("bucketName")
		Leaf(r.RequestParameters, "bucketPolicy")
	})
}
