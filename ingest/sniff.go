// SPDX-License-Identifier: Apache-2.0

package ingest

import "bytes"

// sniffLen is how many first bytes tell the packing: the mark of a tar archive
// lies at 257.
const sniffLen = 262

// packing is how bytes are packed, told by their first bytes and never by a name.
type packing int

const (
	packPlain packing = iota
	packGzip
	packZstd
	packForeign // an archive that is not read
)

// archiveMarks are the first bytes of what is refused by name.
var archiveMarks = []struct {
	name string
	at   int
	mark string
}{
	{"zip", 0, "PK\x03\x04"},
	{"zip", 0, "PK\x05\x06"},
	{"zip", 0, "PK\x07\x08"},
	{"tar", 257, "ustar"},
	{"bzip2", 4, "1AY&SY"},
	{"xz", 0, "\xfd7zXZ\x00"},
	{"7-Zip", 0, "7z\xbc\xaf\x27\x1c"},
	{"rar", 0, "Rar!\x1a\x07"},
	{"lz4", 0, "\x04\x22\x4d\x18"},
	{"snappy", 0, "\xff\x06\x00\x00sNaPpY"},
	{"compress (.Z)", 0, "\x1f\x9d"},
	{"parquet", 0, "PAR1"},
	{"ORC", 0, "ORC\x12"},
	{"ORC", 0, "ORC\n"},
	{"Avro", 0, "Obj\x01"},
}

const (
	gzipMagic = "\x1f\x8b\x08"
	zstdMagic = "\x28\xb5\x2f\xfd"
	zstdSkip  = "\x2a\x4d\x18" // after one byte of 0x50 to 0x5f: a skippable frame
)

// sniff tells the packing from the first bytes: sniffLen of them, or all there
// are. name is the archive's for packForeign.
func sniff(head []byte) (pack packing, name string) {
	switch {
	case startsLike(head, gzipMagic, 1):
		return packGzip, ""
	case startsLike(head, zstdMagic, 2):
		return packZstd, ""
	case len(head) >= 8 && head[0]&0xf0 == 0x50 && string(head[1:4]) == zstdSkip:
		return packZstd, ""
	}
	for _, a := range archiveMarks {
		if len(head) >= a.at+len(a.mark) && bytes.HasPrefix(head[a.at:], []byte(a.mark)) {
			return packForeign, a.name
		}
	}
	return packPlain, ""
}

// startsLike reports whether head starts with magic, or ends inside it after
// at least few bytes: then a cut-off file is called so rather than plain.
func startsLike(head []byte, magic string, few int) bool {
	if len(head) < len(magic) {
		return len(head) >= few && string(head) == magic[:len(head)]
	}
	return string(head[:len(magic)]) == magic
}
