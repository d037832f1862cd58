// SPDX-License-Identifier: Apache-2.0

package trail

import "bytes"

// binaries are beginnings of streams that hold no JSON text as they are.
var binaries = []struct{ magic, reason string }{
	{"\x1f\x8b", "gzip data, not JSON (compressed more than once?)"},
	{"\x28\xb5\x2f\xfd", "zstd data, not JSON"},
	{"BZh", "bzip2 data, not JSON"},
	{"PK\x03\x04", "a zip file, not JSON"},
	{"PAR1", "a Parquet file, not JSON"},
	{"Obj\x01", "an Avro file, not JSON"},
	{"\xff\xfe", "UTF-16 text, not UTF-8"},
	{"\xfe\xff", "UTF-16 text, not UTF-8"},
	{"{\x00", "UTF-16 text, not UTF-8"},
	{"[\x00", "UTF-16 text, not UTF-8"},
	{"\x00{", "UTF-16 text, not UTF-8"},
	{"\x00[", "UTF-16 text, not UTF-8"},
}

// sniff looks at the beginning of the stream: it drops the byte order mark of
// UTF-8, and passes over what is in another encoding.
func (s *scanner) sniff() {
	const longest = 4
	for s.end < longest && s.fill() {
	}
	if bytes.HasPrefix(s.buf[:s.end], []byte("\xef\xbb\xbf")) {
		s.pos = 3
	}
	for _, b := range binaries {
		if bytes.HasPrefix(s.buf[:s.end], []byte(b.magic)) {
			s.skip(0, b.reason)
			s.drain()
			return
		}
	}
}

// drain reads to the end, for the count of bytes and the reader's error.
func (s *scanner) drain() {
	for s.pos = s.end; s.fill(); {
		s.pos = s.end
	}
	s.pos = s.end
}
