package consensus

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// A snapshot's file holds a magic, the CRC-32C of what follows, index and term, and
// the data: the members, and then the machine's state. It is named by its index, in hexadecimal, and counts only if
// the log has a mark of it.
const (
	snapMagic  = "zooctlS1"
	snapHead   = len(snapMagic) + 8 + 16
	snapSuffix = ".snap"
)

func (d *disk) snapFile(index uint64) string {
	return filepath.Join(d.snapDir(), fmt.Sprintf("%016x%s", index, snapSuffix))
}

// saveSnapshot puts a snapshot on disk, before the log mentions it, and returns its
// size in bytes.
func (d *disk) saveSnapshot(m mark, write func(io.Writer) error) (size int64, err error) {
	err = writeWhole(d.snapFile(m.index), func(f *os.File) error {
		sum := crc32.New(castagnoli())
		b := bufio.NewWriterSize(io.MultiWriter(f, sum), 64<<10)
		_, err := f.Write(make([]byte, len(snapMagic)+8))
		if err == nil {
			_, _ = b.Write(appendUints(nil, m.index, m.term)) // Flush tells
			err = write(b)
		}
		if err == nil {
			err = b.Flush()
		}
		if err == nil {
			size, err = f.Seek(0, io.SeekCurrent)
		}
		if err == nil {
			_, err = f.WriteAt(binary.LittleEndian.AppendUint64([]byte(snapMagic), uint64(sum.Sum32())), 0)
		}
		return err
	})
	return size, err
}

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) } // made once by the library

// loadSnapshot returns the data in the snapshot of m.
func (d *disk) loadSnapshot(m mark) ([]byte, error) {
	name := d.snapFile(m.index)
	b, err := os.ReadFile(name) // as long as the file, which this program wrote
	if err != nil {
		return nil, err
	}
	if len(b) < snapHead || string(b[:len(snapMagic)]) != snapMagic {
		return nil, fmt.Errorf("%s is no snapshot", name)
	}
	rest := b[len(snapMagic)+8:]
	if binary.LittleEndian.Uint64(b[len(snapMagic):]) != uint64(crc32.Checksum(rest, castagnoli())) || !bytes.Equal(rest[:16], appendUints(nil, m.index, m.term)) {
		return nil, fmt.Errorf("%s is damaged: its checksum is wrong", name)
	}
	return rest[16:], nil
}

// restore gives the machine the newest snapshot that is intact, and returns its mark.
// The first mark of all, at 1 or 0, stands for the empty state and has no file.
func (d *disk) restore(cfg *Config, marks []mark) (mark, error) {
	var bad error
	for _, m := range slices.Backward(marks) {
		if m.index <= 1 {
			return m, nil
		}
		data, err := d.loadSnapshot(m)
		if err == nil {
			_, data, err = splitState(data)
		}
		if err == nil {
			err = cfg.Machine.Restore(bytes.NewReader(data))
			if err == nil {
				return m, nil
			}
			err = fmt.Errorf("%s: %w", d.snapFile(m.index), err)
		}
		cfg.Logf("the snapshot at %d cannot be used: %v", m.index, err)
		bad = errors.Join(bad, err)
	}
	return mark{}, fmt.Errorf("no snapshot can be used: %w", bad)
}

// dropSnapshots deletes the files of all snapshots that are older than those kept.
func (d *disk) dropSnapshots() error {
	names, err := filepath.Glob(filepath.Join(d.snapDir(), "*"+snapSuffix))
	if err != nil {
		return err
	}
	for _, name := range names {
		if name < d.snapFile(d.marks[0].index) {
			if err := os.Remove(name); err != nil {
				return err
			}
		}
	}
	return nil
}
