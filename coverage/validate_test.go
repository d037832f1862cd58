// SPDX-License-Identifier: Apache-2.0

package coverage

import (
	"crypto"
	"crypto/md5"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var signer = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// written is a digest file and the log files of its hour, as CloudTrail writes them.
type written struct {
	name, signature string
	raw             []byte
	logs            []LogFile
}

const (
	tree  = "AWSLogs/111122223333/"
	chain = "111122223333_CloudTrail-Digest_eu-west-1_my_trail-1.x_us-east-1"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func digestKey(end time.Time) string {
	return tree + "CloudTrail-Digest/eu-west-1/" + end.Format("2006/01/02/") + chain + "_" + end.Format("20060102T150405Z") + ".json.gz"
}

func fingerprint(der []byte) string {
	sum := md5.Sum(der)
	return hex.EncodeToString(sum[:])
}

// write makes a chain of n hours with two log files each, from noon on. An hour
// in restarts starts a new chain.
func write(n int, restarts ...int) []written {
	var out []written
	for hour := range n {
		start := noon.Add(time.Duration(hour) * time.Hour)
		end := start.Add(time.Hour)
		w := written{name: "copy/" + digestKey(end)}
		var listed []map[string]any
		for i := range 2 {
			content := fmt.Sprintf(`{"Records":[{"eventID":"%d-%d"}]}`, hour, i)
			sum := sha256.Sum256([]byte(content))
			key := fmt.Sprintf("%sCloudTrail/eu-west-1/%s111122223333_CloudTrail_eu-west-1_%s_%016d.json.gz", tree, start.Format("2006/01/02/"), start.Add(20*time.Minute).Format("20060102T1504Z"), hour*10+i)
			w.logs = append(w.logs, LogFile{Name: "copy/" + key, Hash: hex.EncodeToString(sum[:])})
			listed = append(listed, map[string]any{"s3Bucket": "logs", "s3Object": key, "hashValue": hex.EncodeToString(sum[:]), "hashAlgorithm": "SHA-256",
				"newestEventTime": end, "oldestEventTime": start})
		}
		d := map[string]any{
			"awsAccountId": "111122223333", "digestStartTime": start.Format(time.RFC3339), "digestEndTime": end.Format(time.RFC3339),
			"digestS3Bucket": "logs", "digestS3Object": digestKey(end), "digestPublicKeyFingerprint": fingerprint(x509.MarshalPKCS1PublicKey(&signer().PublicKey)),
			"digestSignatureAlgorithm": "SHA256withRSA", "newestEventTime": nil, "oldestEventTime": nil,
			"previousDigestS3Bucket": nil, "previousDigestS3Object": nil, "previousDigestHashValue": nil, "previousDigestHashAlgorithm": nil,
			"previousDigestSignature": nil, "logFiles": listed,
		}
		previous := "null"
		if hour > 0 && !contains(restarts, hour) {
			last := out[hour-1]
			sum := sha256.Sum256(last.raw)
			d["previousDigestS3Bucket"], d["previousDigestS3Object"] = "logs", strings.TrimPrefix(last.name, "copy/")
			d["previousDigestHashValue"], d["previousDigestHashAlgorithm"] = hex.EncodeToString(sum[:]), "SHA-256"
			d["previousDigestSignature"], previous = last.signature, last.signature
		}
		w.raw, _ = json.Marshal(d)
		sum := sha256.Sum256(w.raw)
		text := end.Format(time.RFC3339) + "\nlogs/" + digestKey(end) + "\n" + hex.EncodeToString(sum[:]) + "\n" + previous
		whole := sha256.Sum256([]byte(text))
		signature, err := rsa.SignPKCS1v15(nil, signer(), crypto.SHA256, whole[:])
		if err != nil {
			panic(err)
		}
		w.signature = hex.EncodeToString(signature)
		out = append(out, w)
	}
	return out
}

func contains(list []int, n int) bool {
	for _, m := range list {
		if m == n {
			return true
		}
	}
	return false
}

func keysOf(t testing.TB) Keys {
	t.Helper()
	der := x509.MarshalPKCS1PublicKey(&signer().PublicKey)
	raw, _ := json.Marshal(map[string]any{"PublicKeyList": []map[string]any{{"Value": der, "Fingerprint": fingerprint(der), "ValidityStartTime": 1e9}}})
	keys, problems, err := ParseKeys(raw)
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	return keys
}

// validate reads the digests and checks them; only the newest has a signature
// beside it, as in an object's metadata.
func validate(t testing.TB, all []written, keys Keys) Validation {
	t.Helper()
	var digests []*Digest
	var files []LogFile
	for i, w := range all {
		files = append(files, w.logs...)
		if w.raw == nil {
			continue
		}
		d, err := ParseDigest(w.name, w.raw)
		if err != nil {
			t.Fatal(err)
		}
		if i == len(all)-1 {
			d.Signature = w.signature
		}
		digests = append(digests, d)
	}
	return Validate(digests, files, keys)
}

// show is a validation in a line: verdicts of digests, files that are not
// verified, holes.
func show(v Validation) string {
	var out []string
	for _, d := range v.Digests {
		out = append(out, d.End.Format("15")+":"+string(d.Verdict))
	}
	for _, f := range v.Files {
		out = append(out, string(f.Verdict)+" "+f.Name[strings.LastIndex(f.Name, "_")+1:])
	}
	for _, h := range v.Holes {
		out = append(out, "hole "+h.From.Format("15")+"-"+h.To.Format("15"))
	}
	return strings.Join(out, ", ")
}

func TestValidate(t *testing.T) {
	const sound = "13:verified, 14:verified, 15:verified, 16:verified"
	edit := func(w *written, old, new string) { w.raw = []byte(strings.Replace(string(w.raw), old, new, 1)) }
	for _, test := range []struct {
		name   string
		change func([]written) []written
		want   string
		why    string // of some file or digest
	}{
		{"as delivered", func(w []written) []written { return w }, sound, ""},
		{"unpacked copies", func(w []written) []written {
			w[1].logs[0].Name = strings.TrimSuffix(w[1].logs[0].Name, ".gz")
			w[1].name = strings.TrimSuffix(w[1].name, ".gz")
			return w
		}, sound, ""},
		{"a flat copy", func(w []written) []written {
			for i := range w {
				w[i].name = w[i].name[strings.LastIndex(w[i].name, "/")+1:]
				for j, f := range w[i].logs {
					w[i].logs[j].Name = f.Name[strings.LastIndex(f.Name, "/")+1:]
				}
			}
			return w
		}, sound, ""},
		{"a log file altered", func(w []written) []written { w[1].logs[0].Hash = strings.Repeat("0", 64); return w },
			sound + ", altered 0000000000000010.json.gz", "its hash is not the one in"},
		{"a log file cut short", func(w []written) []written { w[1].logs[0].Hash = ""; return w },
			sound + ", altered 0000000000000010.json.gz", "cannot be read to its end"},
		{"a log file that could not be read", func(w []written) []written {
			w[1].logs[0].Hash, w[1].logs[0].Unread = "", true
			return w
		}, sound + ", unproven 0000000000000010.json.gz", "it could not be read"},
		{"a log file removed", func(w []written) []written { w[2].logs = w[2].logs[:1]; return w },
			sound + ", missing 0000000000000021.json.gz", "not among the files given"},
		{"two log files swapped", func(w []written) []written {
			w[0].logs[0].Hash, w[0].logs[1].Hash = w[0].logs[1].Hash, w[0].logs[0].Hash
			return w
		}, sound + ", altered 0000000000000000.json.gz, altered 0000000000000001.json.gz", ""},
		{"a log file added", func(w []written) []written {
			w[1].logs = append(w[1].logs, LogFile{strings.Replace(w[1].logs[0].Name, "0010.json", "9999.json", 1), "00", false})
			return w
		}, sound + ", unlisted 0000000000009999.json.gz", "added by somebody"},
		{"a log file not yet listed", func(w []written) []written {
			w[1].logs = append(w[1].logs, LogFile{strings.Replace(w[3].logs[0].Name, "T1520Z", "T1620Z", 1), "00", false})
			return w
		}, sound + ", unlisted 0000000000000030.json.gz", "newer than the last digest"},
		{"a log file of another Region", func(w []written) []written {
			w[1].logs = append(w[1].logs, LogFile{"111122223333_CloudTrail_eu-west-3_20260302T1220Z_AAAAAAAAAAAAAAAA.json.gz", "00", false})
			return w
		}, sound + ", unproven AAAAAAAAAAAAAAAA.json.gz", "no digest of this account and Region"},
		{"a digest altered", func(w []written) []written { edit(&w[1], "2026-03-02T13:00:00Z", "2026-03-02T13:00:01Z"); return w },
			"13:verified, 14:altered, 15:verified, 16:verified, unproven 0000000000000010.json.gz, unproven 0000000000000011.json.gz, hole 13-13", "has another hash of it"},
		{"a log file removed, and from its digest", func(w []written) []written {
			edit(&w[1], string(w[1].raw[strings.Index(string(w[1].raw), `{"hashAlgorithm"`):strings.Index(string(w[1].raw), `,{"hashAlgorithm"`)+1]), "")
			w[1].logs = w[1].logs[1:]
			return w
		}, "13:verified, 14:altered, 15:verified, 16:verified, unproven 0000000000000011.json.gz", "has another hash of it"},
		{"the newest digest altered", func(w []written) []written { edit(&w[3], `"newestEventTime":null`, `"newestEventTime":"x"`); return w },
			"13:verified, 14:verified, 15:verified, 16:altered, unproven 0000000000000030.json.gz, unproven 0000000000000031.json.gz", "signature does not fit"},
		{"the newest digest without its signature", func(w []written) []written { w[3].signature = ""; return w },
			"13:verified, 14:verified, 15:verified, 16:unproven, unproven 0000000000000030.json.gz, unproven 0000000000000031.json.gz", "metadata of its object"},
		{"a signature that is none", func(w []written) []written { w[3].signature = "zz"; return w },
			"13:verified, 14:verified, 15:verified, 16:altered, unproven 0000000000000030.json.gz, unproven 0000000000000031.json.gz", "not hexadecimal"},
		{"a digest removed", func(w []written) []written { w[1].raw = nil; return w },
			"13:unproven, 15:verified, 16:verified, unproven 0000000000000000.json.gz, unproven 0000000000000001.json.gz, unproven 0000000000000010.json.gz, unproven 0000000000000011.json.gz, hole 13-14", "no digest after it hands one down"},
		{"a digest moved", func(w []written) []written {
			w[1].name = strings.Replace(w[1].name, "111122223333/", "111122229999/", 1)
			return w
		},
			"13:verified, 15:verified, 16:verified, 14:moved, unproven 0000000000000010.json.gz, unproven 0000000000000011.json.gz", "CloudTrail put it at s3://logs/" + tree},
		{"digests of two names swapped", func(w []written) []written { w[1].name, w[2].name = w[2].name, w[1].name; return w },
			"13:verified, 15:moved, 14:moved, 16:verified, unproven 0000000000000010.json.gz, unproven 0000000000000011.json.gz, unproven 0000000000000020.json.gz, unproven 0000000000000021.json.gz", ""},
		{"a second digest in the same place", func(w []written) []written {
			forged := w[1]
			forged.logs, forged.name = nil, strings.Replace(forged.name, "copy/", "forged/", 1)
			edit(&forged, `"newestEventTime":null`, `"newestEventTime":"x"`)
			return append([]written{forged}, w...)
		}, "13:verified, 14:verified, 15:verified, 16:verified, 14:altered, unproven 0000000000000010.json.gz, unproven 0000000000000011.json.gz", "has another hash of it"},
		{"an algorithm that nobody knows", func(w []written) []written { edit(&w[3], "SHA256withRSA", "ROT13"); return w },
			"13:verified, 14:verified, 15:verified, 16:unproven, unproven 0000000000000030.json.gz, unproven 0000000000000031.json.gz", "not known here: ROT13"},
		{"another key", func(w []written) []written {
			edit(&w[3], `"digestPublicKeyFingerprint":"`, `"digestPublicKeyFingerprint":"00`)
			return w
		},
			"13:verified, 14:verified, 15:verified, 16:unproven, unproven 0000000000000030.json.gz, unproven 0000000000000031.json.gz", "is not among those given"},
		{"nothing but digests", func(w []written) []written {
			for i := range w {
				w[i].logs = nil
			}
			return w[:1]
		}, "13:verified, missing 0000000000000000.json.gz, missing 0000000000000001.json.gz", ""},
		{"nothing at all", func([]written) []written { return nil }, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			v := validate(t, test.change(write(4)), keysOf(t))
			if got := show(v); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			if v.Sound() != (test.want == sound || test.want == "") {
				t.Errorf("sound: %v", v.Sound())
			}
			told := fmt.Sprint(v.Digests, v.Files)
			if !strings.Contains(told, test.why) {
				t.Errorf("%q is not told in %s", test.why, told)
			}
		})
	}
}

// A chain that starts anew is told, though each part is sound.
func TestRestart(t *testing.T) {
	all := write(4, 2)
	v := validate(t, all, keysOf(t))
	want := "13:verified, 14:unproven, 15:verified, 16:verified, unproven 0000000000000010.json.gz, unproven 0000000000000011.json.gz, hole 14-14"
	if got := show(v); !strings.HasPrefix(got, want) || !strings.Contains(v.Holes[0].Reason, "starts a new chain") {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// Where a chain names an older digest that is not given, that is said, and is
// no hole: a copy may begin anywhere.
func TestChainThatBeginsEarlier(t *testing.T) {
	v := validate(t, write(4)[2:], keysOf(t))
	if !v.Sound() || len(v.Notes) != 1 || !strings.Contains(v.Notes[0], "111122223333_CloudTrail-Digest_eu-west-1_my_trail-1.x_us-east-1_20260302T140000Z") {
		t.Errorf("%s %v", show(v), v.Notes)
	}
}

// Without keys the hashes are still checked, and nothing is called verified.
func TestWithoutKeys(t *testing.T) {
	all := write(3)
	all[0].logs[0].Hash = strings.Repeat("0", 64)
	v := validate(t, all, nil)
	if v.Counts[Verified] != 0 || v.Counts[Altered] != 1 || v.Counts[Unproven] != 5 {
		t.Errorf("%v", v.Counts)
	}
}

// A digest that stands outside of the hourly chain is proven by its own signature.
func TestBackfill(t *testing.T) {
	all := write(2)
	d, err := ParseDigest(all[1].name, all[1].raw)
	if err != nil {
		t.Fatal(err)
	}
	one, _ := ParseDigest(all[0].name, all[0].raw)
	d.Signature, one.Backfill, one.Signature = all[1].signature, true, ""
	v := Validate([]*Digest{d, one}, nil, keysOf(t))
	if v.Digests[0].Verdict != Unproven || v.Digests[1].Verdict != Verified || len(v.Holes) != 0 {
		t.Errorf("%s", show(v))
	}
	if m := digestStamp.FindStringSubmatch(chain + "_20260302T130000Z_backfill.json.gz"); m == nil || m[2] == "" {
		t.Error("a backfill's name is not known as one")
	}
}

// The result is a function of the sets, and no change to a log file or digest
// that is proven goes unseen.
func TestValidateAnyOrderAnyChange(t *testing.T) {
	all := write(5)
	keys := keysOf(t)
	rapid.Check(t, func(t *rapid.T) {
		var digests []*Digest
		var files []LogFile
		hour, at := rapid.IntRange(0, 3).Draw(t, "hour"), rapid.IntRange(0, len(all[0].raw)-1).Draw(t, "byte")
		change := rapid.SampledFrom([]string{"none", "digest", "file"}).Draw(t, "change")
		for i, w := range all {
			raw := append([]byte(nil), w.raw...)
			if i == hour && change == "digest" {
				raw[at] ^= 1
			}
			files = append(files, w.logs...)
			if i == hour && change == "file" {
				files[len(files)-1].Hash = strings.Repeat("f", 64)
			}
			d, err := ParseDigest(w.name, raw)
			if err != nil {
				continue // told as not read; its files stay without proof
			}
			if i == len(all)-1 {
				d.Signature = w.signature
			}
			digests = append(digests, d)
		}
		v := Validate(digests, files, keys)
		if v.Sound() != (change == "none") {
			t.Fatalf("%s of hour %d at byte %d: %s", change, hour, at, show(v))
		}
		again := Validate(rapid.Permutation(append(digests, digests...)).Draw(t, "digests"), rapid.Permutation(files).Draw(t, "files"), keys)
		if fmt.Sprintf("%+v", again.Files) != fmt.Sprintf("%+v", v.Files) || show(again) != show(v) {
			t.Fatalf("in another order:\n%s\nwant\n%s", show(again), show(v))
		}
	})
}

func TestParseKeys(t *testing.T) {
	public := &signer().PublicKey
	pkcs1 := x509.MarshalPKCS1PublicKey(public)
	pkix, _ := x509.MarshalPKIXPublicKey(public)
	list := func(der []byte, label string) string {
		raw, _ := json.Marshal([]map[string]any{{"Value": der, "Fingerprint": label}})
		return string(raw)
	}
	for _, test := range []struct{ name, text, problem, err string }{
		{"as printed", `{"PublicKeyList":` + list(pkcs1, fingerprint(pkcs1)) + `}`, "", ""},
		{"the list alone", list(pkcs1, ""), "", ""},
		{"SubjectPublicKeyInfo", list(pkix, fingerprint(pkix)), "", ""},
		{"a wrong label", list(pkcs1, "00"), "labelled 00", ""},
		{"no key", `{"PublicKeyList":[]}`, "", "has no key"},
		{"no JSON", `-----BEGIN`, "", "no list of public keys"},
		{"not base64", `[{"Value":"%%"}]`, "", "no list of public keys"},
		{"not a key", list([]byte("x"), ""), "", "no RSA public key"},
	} {
		keys, problems, err := ParseKeys([]byte(test.text))
		switch {
		case test.err != "":
			if err == nil || !strings.Contains(err.Error(), test.err) {
				t.Errorf("%s: %v", test.name, err)
			}
		case err != nil || len(keys) != 1 || !strings.Contains(strings.Join(problems, ""), test.problem) || (test.problem == "") != (len(problems) == 0):
			t.Errorf("%s: %v %v %v", test.name, keys, problems, err)
		}
	}
}

func FuzzParseDigest(f *testing.F) {
	w := write(2)
	f.Add(w[0].raw)
	f.Add(w[1].raw)
	f.Add([]byte(`{"awsAccountId":null}`))
	f.Add([]byte(strings.Replace(string(w[1].raw), `"logFiles":[`, `"logFiles":[null,`, 1)))
	keys := keysOf(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		d, err := ParseDigest("x/"+digestKey(noon), raw)
		if err != nil {
			return
		}
		d.Signature = w[0].signature
		v := Validate([]*Digest{d}, w[0].logs, keys)
		if v.Digests[0].Verdict == Verified && string(raw) != string(w[0].raw) {
			t.Error("a digest that nobody signed is verified")
		}
	})
}
