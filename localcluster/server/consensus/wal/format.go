package wal

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
)

const (
	suffix     = ".log"
	magic      = "zooctlL1"
	headerLen  = 40
	headLen    = 24        // of a record's header
	maxRecord  = 1<<31 - 1 // bytes
	keepBuffer = 1 << 20   // a larger buffer is not kept for the next record
)

// checksum is CRC-32C of the salt, the header without its checksum, and the data.
func checksum(salt uint64, head, data []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli) // made once by the library
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], salt)
	sum := crc32.Update(0, table, b[:])
	sum = crc32.Update(sum, table, head[:4])
	sum = crc32.Update(sum, table, head[8:headLen])
	return crc32.Update(sum, table, data)
}

// recordLen is the room that n bytes of data take, header and padding included.
func recordLen(n int) int64 { return (headLen + int64(n) + 7) &^ 7 }

func appendRecord(b []byte, salt, number, tag uint64, data []byte) []byte {
	var head [headLen]byte
	binary.LittleEndian.PutUint32(head[:], uint32(len(data)))
	binary.LittleEndian.PutUint64(head[8:], number)
	binary.LittleEndian.PutUint64(head[16:], tag)
	binary.LittleEndian.PutUint32(head[4:], checksum(salt, head[:], data))
	b = append(append(b, head[:]...), data...)
	return append(b, make([]byte, int(recordLen(len(data)))-headLen-len(data))...)
}

// record reads the record at an offset of a segment. It is intact if its checksum is
// right and its number is one of those from least on.
func record(seg []byte, offset int64, salt, least uint64) (data []byte, number, tag uint64, ok bool) {
	if offset+headLen > int64(len(seg)) {
		return nil, 0, 0, false
	}
	head := seg[offset : offset+headLen]
	n := int64(binary.LittleEndian.Uint32(head))
	number, tag = binary.LittleEndian.Uint64(head[8:]), binary.LittleEndian.Uint64(head[16:])
	if n == 0 || n > int64(len(seg))-offset-headLen || number < least {
		return nil, 0, 0, false
	}
	data = seg[offset+headLen : offset+headLen+n]
	return data, number, tag, checksum(salt, head, data) == binary.LittleEndian.Uint32(head[4:])
}

func appendHeader(b []byte, salt, number, first uint64) []byte {
	b = append(b, magic...)
	b = binary.LittleEndian.AppendUint64(b, salt)
	b = binary.LittleEndian.AppendUint64(b, number)
	b = binary.LittleEndian.AppendUint64(b, first)
	sum := crc32.Checksum(b[len(b)-headerLen+8:], crc32.MakeTable(crc32.Castagnoli))
	return binary.LittleEndian.AppendUint64(b, uint64(sum))
}

// header reads the header of a segment.
func header(seg []byte) (salt, number, first uint64, ok bool) {
	if len(seg) < headerLen {
		return 0, 0, 0, false
	}
	salt, number, first = binary.LittleEndian.Uint64(seg[8:]), binary.LittleEndian.Uint64(seg[16:]), binary.LittleEndian.Uint64(seg[24:])
	return salt, number, first, bytes.Equal(seg[:headerLen], appendHeader(nil, salt, number, first))
}
