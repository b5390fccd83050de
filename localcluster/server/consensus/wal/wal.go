package wal

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Options say how a log is kept.
type Options struct {
	SegmentBytes int64 // a segment that would grow longer is followed by a new one; 0 is 4 MiB
	NoSync       bool  // do not wait for the disk

	// Synced is told how long each fsync of a record took. It may be nil.
	Synced func(time.Duration)

	// Sync waits until what was written to a file of the log is on disk; nil is the
	// system's call. Tests have it fail.
	Sync func(*os.File) error

	// Head returns the first record of a new segment. It must stand for whatever in
	// earlier segments is still of use after [Log.DropBefore].
	Head func() []byte
}

// DamagedError says where a log is damaged.
type DamagedError struct {
	File   string
	Offset int64 // in bytes
	Reason string
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("%s is damaged at offset %d: %s", e.File, e.Offset, e.Reason)
}

// Log is a log that is open. Its methods are for one goroutine at a time.
type Log struct {
	dir      string
	opt      Options
	salt     uint64
	segments []segment // in order; the last is open
	file     *os.File
	offset   int64  // where the next record goes
	next     uint64 // its number
	buf      []byte
	err      error // the first error of the disk
}

// segment is one file of the log.
type segment struct {
	number uint64
	first  uint64 // number of its first record
	tag    uint64 // the highest in it
}

// Open opens the log in dir, or makes it, and gives every record in it to replay. The
// data is valid during the call only. An error of replay ends Open.
func Open(dir string, opt Options, replay func(data []byte) error) (*Log, error) {
	if opt.SegmentBytes == 0 {
		opt.SegmentBytes = 4 << 20
	}
	if opt.Sync == nil {
		opt.Sync = datasync
	}
	l := &Log{dir: dir, opt: opt}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	_ = os.Remove(l.unfinished()) // a crash left it; a log without it is whole
	names, err := filepath.Glob(filepath.Join(dir, "*"+suffix))
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	if len(names) == 0 {
		err = l.create()
	} else {
		err = l.replay(names, replay)
	}
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// Exists tells whether there is a log in dir.
func Exists(dir string) bool {
	names, err := filepath.Glob(filepath.Join(dir, "*"+suffix))
	return err == nil && len(names) > 0
}

// create makes the first segment of a new log.
func (l *Log) create() error {
	var b [8]byte
	if _, err := rand.Read(b[:]); err != nil {
		return err
	}
	l.salt, l.next = binary.LittleEndian.Uint64(b[:]), 1
	return l.cut()
}

// Append puts data, which must not be empty, behind the last record, and returns when
// it is on disk. The tag is for [Log.DropBefore].
func (l *Log) Append(data []byte, tag uint64) error {
	if l.err != nil {
		return l.err
	}
	if l.offset+recordLen(len(data)) > l.opt.SegmentBytes && l.next > l.segments[len(l.segments)-1].first+1 {
		if l.err = l.cut(); l.err != nil {
			return l.err
		}
	}
	l.err = l.write(data, tag)
	if l.err == nil && !l.opt.NoSync {
		began := time.Now()
		if l.err = l.opt.Sync(l.file); l.err == nil && l.opt.Synced != nil {
			l.opt.Synced(time.Since(began))
		}
	}
	return l.err
}

// write writes a record, and does not wait for the disk.
func (l *Log) write(data []byte, tag uint64) error {
	if len(data) == 0 || int64(len(data)) > maxRecord {
		return fmt.Errorf("a record of %d bytes does not fit", len(data))
	}
	l.buf = appendRecord(l.buf[:0], l.salt, l.next, tag, data)
	if _, err := l.file.WriteAt(l.buf, l.offset); err != nil {
		return err
	}
	if cap(l.buf) > keepBuffer {
		l.buf = nil
	}
	l.offset += recordLen(len(data))
	l.next++
	last := &l.segments[len(l.segments)-1]
	last.tag = max(last.tag, tag)
	return nil
}

// cut makes a segment and goes on in it. It appears under its name when it is whole
// and on disk, so that every segment that is seen has a header and a head.
func (l *Log) cut() error {
	number := uint64(1)
	if n := len(l.segments); n > 0 {
		number = l.segments[n-1].number + 1
	}
	f, err := os.OpenFile(l.unfinished(), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if l.file != nil {
		if err := l.file.Close(); err != nil { // all of it is synced
			return errors.Join(err, f.Close())
		}
	}
	l.file, l.offset = f, headerLen
	if err := reserve(f, l.opt.SegmentBytes); err != nil {
		return err
	}
	if _, err := f.WriteAt(appendHeader(nil, l.salt, number, l.next), 0); err != nil {
		return err
	}
	l.segments = append(l.segments, segment{number: number, first: l.next})
	if err := l.write(l.opt.Head(), 0); err != nil {
		return err
	}
	if !l.opt.NoSync {
		if err := f.Sync(); err != nil {
			return err
		}
	}
	if err := os.Rename(l.unfinished(), l.name(number)); err != nil {
		return err
	}
	if l.opt.NoSync {
		return nil
	}
	return SyncDir(l.dir)
}

// DropBefore deletes the segments in which no record has a tag of at least tag. The
// last segment stays in any case.
func (l *Log) DropBefore(tag uint64) error {
	for len(l.segments) > 1 && l.segments[0].tag < tag {
		if err := os.Remove(l.name(l.segments[0].number)); err != nil {
			return err
		}
		l.segments = l.segments[1:]
	}
	return nil
}

// Close closes the files. Everything that was acknowledged is on disk already.
func (l *Log) Close() error {
	if l.file == nil {
		return nil
	}
	err := l.file.Close()
	l.file, l.err = nil, errors.Join(l.err, os.ErrClosed)
	return err
}

func (l *Log) unfinished() string { return filepath.Join(l.dir, "unfinished") }

func (l *Log) name(number uint64) string {
	return filepath.Join(l.dir, fmt.Sprintf("%016x%s", number, suffix))
}
