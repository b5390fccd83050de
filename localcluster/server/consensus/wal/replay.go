package wal

import (
	"fmt"
	"os"
	"slices"
)

// replay reads the segments, oldest first, and leaves the last one open.
func (l *Log) replay(names []string, give func([]byte) error) error {
	for i, name := range names {
		seg, err := os.ReadFile(name) // as long as the file, which this program wrote
		if err != nil {
			return err
		}
		if err := l.begin(name, seg); err != nil {
			return err
		}
		end, err := l.records(name, seg, give)
		if err != nil {
			return err
		}
		if i == len(names)-1 {
			return l.resume(name, seg, end)
		}
	}
	return nil
}

// begin checks that a segment is the one that follows.
func (l *Log) begin(name string, seg []byte) error {
	salt, number, first, ok := header(seg)
	if !ok {
		return &DamagedError{name, 0, "this is no header of a log"}
	}
	if n := len(l.segments); n > 0 {
		last := l.segments[n-1]
		switch {
		case salt != l.salt:
			return &DamagedError{name, 0, "it belongs to another log"}
		case number != last.number+1:
			return &DamagedError{name, 0, fmt.Sprintf("it is segment %d and follows segment %d", number, last.number)}
		case first != l.next:
			// What is missing was at the end of the segment before.
			return &DamagedError{l.name(last.number), l.offset, fmt.Sprintf("record %d is not intact", l.next)}
		}
	}
	if l.name(number) != name {
		return &DamagedError{name, 0, fmt.Sprintf("it is segment %d by its header", number)}
	}
	l.salt, l.next = salt, first
	l.segments = append(l.segments, segment{number: number, first: first})
	return nil
}

// records gives the records of a segment to give, and returns where they end.
func (l *Log) records(name string, seg []byte, give func([]byte) error) (int64, error) {
	last := &l.segments[len(l.segments)-1]
	for l.offset = headerLen; ; l.next++ {
		data, number, tag, ok := record(seg, l.offset, l.salt, l.next)
		if !ok || number != l.next {
			break
		}
		if err := give(data); err != nil {
			return 0, &DamagedError{name, l.offset, err.Error()}
		}
		last.tag = max(last.tag, tag)
		l.offset += recordLen(len(data))
	}
	if l.next == last.first {
		return 0, &DamagedError{name, headerLen, "the first record is not intact"}
	}
	// An intact record behind this place was written when all before it was on disk.
	for at := l.offset; at+headLen <= int64(len(seg)); at += 8 {
		if _, number, _, ok := record(seg, at, l.salt, l.next); ok {
			return 0, &DamagedError{name, l.offset, fmt.Sprintf("record %d is not intact, and record %d follows at offset %d", l.next, number, at)}
		}
	}
	return l.offset, nil
}

// resume opens the last segment to go on at end. What a crash left behind it is
// removed first: a record that is written later must not be followed by old bytes.
func (l *Log) resume(name string, seg []byte, end int64) error {
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	l.file = f
	clean := !slices.ContainsFunc(seg[min(end, int64(len(seg))):], func(b byte) bool { return b != 0 })
	if clean && int64(len(seg)) >= l.opt.SegmentBytes {
		return nil
	}
	if err := f.Truncate(end); err != nil {
		return err
	}
	if err := reserve(f, max(l.opt.SegmentBytes, end)); err != nil {
		return err
	}
	return f.Sync()
}
