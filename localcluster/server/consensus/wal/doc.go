// Package wal keeps records on disk, in the order in which they were appended.
//
// It promises:
//
//   - When [Log.Append] returns nil, the record is on disk, with one fdatasync.
//   - [Open] gives back every record that Append acknowledged, in order. What a
//     crash left of a record that was not acknowledged is cut off.
//   - Damage to a record that was followed by another is refused, and the error
//     names the file and the offset. Nothing is repaired by guessing.
//   - After an error of the disk every later Append fails: what the kernel did with
//     the pages is not known any more.
//
// It never looks into a record, and it does not lock the directory: that one process
// at a time uses it is the caller's business.
//
// # Format
//
// A log is a row of segments, files named by their number in hexadecimal. A segment
// begins with a header: magic, salt, its own number, the number of its first record,
// checksum. Then come records, each at an offset that 8 divides:
//
//	length   4 bytes   of the data, never 0
//	checksum 4 bytes   CRC-32C of salt, the rest of this header, and the data
//	number   8 bytes   one more than that of the record before
//	tag      8 bytes   the caller's
//	data
//
// Integers are little-endian. The rest of a segment is zero. The salt is random, one
// for the log, so that no data which a client sends can pass for a record.
//
// A record is written after the one before it was synced. An intact record behind a
// place that is not one therefore proves that something acknowledged is damaged; its
// absence, that the place is where the crash happened.
package wal
