package consensus

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"go.etcd.io/etcd/server/v3/etcdserver/api/snap"
	"go.etcd.io/etcd/server/v3/storage/wal"
	"go.etcd.io/etcd/server/v3/storage/wal/walpb"
	"go.etcd.io/raft/v3"
	pb "go.etcd.io/raft/v3/raftpb"
	"go.uber.org/zap"
)

// format names the layout of a data directory. Another is refused.
const format = "zooctl data 1\n"

// segmentBytes is the size of one file of the log. The library's own is 64 MB,
// which is much for three servers on one machine.
const segmentBytes = 4 << 20

var setSegment = sync.OnceFunc(func() { wal.SegmentSizeBytes = segmentBytes })

// disk is a node's data directory:
//
//	VERSION   the format
//	wal/      the log
//	snap/     snapshots, the last two
type disk struct {
	dir   string
	wal   *wal.WAL
	snaps *snap.Snapshotter

	mu   sync.Mutex // snapshots are saved by two goroutines
	last uint64     // index of the newest snapshot on disk
}

// openDisk opens or makes the data directory, gives the machine the newest
// snapshot, and returns the log behind it.
func openDisk(cfg *Config) (*disk, *storage, error) {
	setSegment()
	d := &disk{dir: cfg.Dir}
	if err := d.prepare(); err != nil {
		return nil, nil, err
	}
	d.snaps = snap.New(zap.NewNop(), filepath.Join(d.dir, "snap"))
	known, err := d.known()
	if err != nil {
		return nil, nil, err
	}
	if len(known) == 0 {
		if err := d.create(cfg); err != nil {
			return nil, nil, fmt.Errorf("make %s: %w", d.dir, err)
		}
		if known, err = d.known(); err != nil {
			return nil, nil, err
		}
	}
	start, err := d.restore(cfg, known)
	if err != nil {
		return nil, nil, err
	}
	st, err := d.replay(start)
	if err != nil {
		return nil, nil, err
	}
	if cfg.NoSync {
		d.wal.SetUnsafeNoFsync()
	}
	st.keep = cfg.KeepBytes
	return d, st, nil
}

// prepare makes the directories and checks the format.
func (d *disk) prepare() error {
	for _, sub := range []string{d.dir, filepath.Join(d.dir, "snap")} {
		if err := os.MkdirAll(sub, 0o700); err != nil {
			return err
		}
	}
	file := filepath.Join(d.dir, "VERSION")
	have, err := os.ReadFile(file)
	switch {
	case err == nil && string(have) == format:
		return nil
	case err == nil:
		return fmt.Errorf("%s says %q: this program reads %q only", file, bytes.TrimSpace(have), strings.TrimSpace(format))
	case !errors.Is(err, os.ErrNotExist):
		return err
	case wal.Exist(d.walDir()):
		return fmt.Errorf("%s is missing beside a log: this is not a data directory of this program", file)
	}
	return writeWhole(file, []byte(format))
}

// writeWhole writes a file so that it is there whole or not at all.
func writeWhole(file string, data []byte) error {
	tmp := file + ".tmp"
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(tmp, file)
	}
	return err
}

func (d *disk) walDir() string { return filepath.Join(d.dir, "wal") }

// known returns the snapshots that the log mentions. The first one stands for the
// empty state; a log without it was not finished being made.
func (d *disk) known() ([]*walpb.Snapshot, error) {
	if !wal.Exist(d.walDir()) {
		return nil, nil
	}
	all, err := wal.ValidSnapshotEntries(zap.NewNop(), d.walDir())
	if err != nil {
		return nil, fmt.Errorf("log in %s: %w", d.walDir(), err)
	}
	return slices.DeleteFunc(all, func(s *walpb.Snapshot) bool { return s.GetIndex() == 0 }), nil
}

// create makes the log of a new member: every member begins with the same
// snapshot of an empty state at index 1, which names the voters.
func (d *disk) create(cfg *Config) error {
	if err := os.RemoveAll(d.walDir()); err != nil {
		return err
	}
	w, err := wal.Create(zap.NewNop(), d.walDir(), nil)
	if err != nil {
		return err
	}
	one := uint64(1)
	conf := &pb.ConfState{}
	for _, p := range cfg.Peers {
		conf.Voters = append(conf.Voters, p.ID)
	}
	err = w.SaveSnapshot(&walpb.Snapshot{Index: &one, Term: &one, ConfState: conf})
	if err == nil {
		err = w.Save(&pb.HardState{Term: &one, Commit: &one}, nil)
	}
	return errors.Join(err, w.Close())
}

// restore gives the machine the newest snapshot that the log knows and that is
// intact.
func (d *disk) restore(cfg *Config, known []*walpb.Snapshot) (*pb.SnapshotMetadata, error) {
	s, err := d.snaps.LoadNewestAvailable(known)
	if errors.Is(err, snap.ErrNoSnapshot) {
		first := known[0]
		if first.GetIndex() != 1 {
			return nil, fmt.Errorf("no intact snapshot in %s, and the log begins after index 1", filepath.Join(d.dir, "snap"))
		}
		d.last = 1
		return &pb.SnapshotMetadata{Index: first.Index, Term: first.Term, ConfState: first.GetConfState()}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("snapshots in %s: %w", filepath.Join(d.dir, "snap"), err)
	}
	if err := cfg.Machine.Restore(bytes.NewReader(s.GetData())); err != nil {
		return nil, fmt.Errorf("snapshot in %s: %w", filepath.Join(d.dir, "snap"), err)
	}
	d.last = s.GetMetadata().GetIndex()
	return s.GetMetadata(), nil
}

// replay reads the log behind start. A torn record at its end, as a crash leaves,
// is cut off; damage before the end is refused.
func (d *disk) replay(start *pb.SnapshotMetadata) (*storage, error) {
	at := &walpb.Snapshot{Index: start.Index, Term: start.Term}
	repaired := false
	for {
		w, err := wal.Open(zap.NewNop(), d.walDir(), at)
		if err != nil {
			return nil, fmt.Errorf("log in %s: %w", d.walDir(), err)
		}
		_, hard, entries, err := w.ReadAll()
		if errors.Is(err, io.ErrUnexpectedEOF) && !repaired {
			repaired = true
			if err := w.Close(); err != nil {
				return nil, err
			}
			if wal.Repair(zap.NewNop(), d.walDir()) {
				continue
			}
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("log in %s is damaged: %w", d.walDir(), err), w.Close())
		}
		d.wal = w
		st := &storage{MemoryStorage: raft.NewMemoryStorage(), start: start, conf: start.ConfState}
		err = st.ApplySnapshot(&pb.Snapshot{Metadata: start})
		if err == nil && !raft.IsEmptyHardState(hard) {
			err = st.SetHardState(hard)
		}
		if err == nil {
			err = st.Append(entries)
		}
		return st, err
	}
}

// append writes what the messages ask for, with one fsync for all, and only then
// adds it to the log in memory.
func (d *disk) append(ms []*pb.Message, st *storage) error {
	hard := &pb.HardState{}
	var entries []*pb.Entry
	for _, m := range ms {
		if !raft.IsEmptySnap(m.Snapshot) {
			if err := d.saveSnapshot(m.Snapshot); err != nil {
				return err
			}
		}
		if m.Term != nil && m.GetTerm() > 0 {
			hard = &pb.HardState{Term: m.Term, Vote: m.Vote, Commit: m.Commit}
		}
		entries = append(entries, m.Entries...)
	}
	if err := d.wal.Save(hard, entries); err != nil {
		return err
	}
	for _, m := range ms {
		if !raft.IsEmptySnap(m.Snapshot) {
			if err := st.ApplySnapshot(m.Snapshot); err != nil && !errors.Is(err, raft.ErrSnapOutOfDate) {
				return err
			}
		}
		if err := st.Append(m.Entries); err != nil {
			return err
		}
	}
	if !raft.IsEmptyHardState(hard) {
		return st.SetHardState(hard)
	}
	return nil
}

// saveSnapshot puts a snapshot on disk, before the log mentions it, and then lets
// go of the log before the one that it follows.
func (d *disk) saveSnapshot(s *pb.Snapshot) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	meta := s.GetMetadata()
	if meta.GetIndex() <= d.last {
		return nil
	}
	if err := d.snaps.SaveSnap(s); err != nil {
		return err
	}
	if err := d.wal.SaveSnapshot(&walpb.Snapshot{Index: meta.Index, Term: meta.Term, ConfState: meta.ConfState}); err != nil {
		return err
	}
	keep := d.last
	d.last = meta.GetIndex()
	if err := d.wal.ReleaseLockTo(keep); err != nil {
		return err
	}
	return errors.Join(d.dropSegments(keep), d.dropSnapshots())
}

// dropSegments deletes the files of the log that hold nothing from index on.
func (d *disk) dropSegments(index uint64) error {
	names, err := filepath.Glob(filepath.Join(d.walDir(), "*.wal"))
	if err != nil {
		return err
	}
	slices.Sort(names) // by their sequence number
	needed := 0
	for i, name := range names {
		var seq, first uint64
		if _, err := fmt.Sscanf(filepath.Base(name), "%016x-%016x.wal", &seq, &first); err != nil {
			return fmt.Errorf("%s has no place in a log: %w", name, err)
		}
		if first <= index {
			needed = i // index may be in this file, and is not in those before
		}
	}
	for _, name := range names[:max(needed-1, 0)] {
		if err := os.Remove(name); err != nil {
			return err
		}
	}
	return nil
}

// dropSnapshots deletes all but the last two.
func (d *disk) dropSnapshots() error {
	names, err := filepath.Glob(filepath.Join(d.dir, "snap", "*.snap"))
	if err != nil {
		return err
	}
	slices.Sort(names)
	for _, name := range names[:max(len(names)-2, 0)] {
		if err := os.Remove(name); err != nil {
			return err
		}
	}
	return nil
}

func (d *disk) close() error {
	if d.wal == nil {
		return nil
	}
	return d.wal.Close()
}
