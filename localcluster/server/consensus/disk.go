package consensus

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.etcd.io/raft/v3"
	pb "go.etcd.io/raft/v3/raftpb"

	"github.com/zooctl/zooctl/localcluster/server/consensus/wal"
)

// format names the layout of a data directory. Another is refused.
const format = "zooctl data 4\n"

// disk is a node's data directory, the appender's:
//
//	VERSION   the format
//	wal/      the log, unless it has a directory of its own
//	snap/     snapshots, the last two
//	peers     what the peers' data is known by
type disk struct {
	dir    string
	logs   string // where wal/ is
	number uint64 // that the peers know this data by
	wal    *wal.Log
	hard   *pb.HardState
	marks  []mark // of the snapshots that are kept, oldest first
	buf    []byte
}

// openDisk opens or makes the data directory, gives the machine the newest
// snapshot, and returns the log behind it.
func openDisk(cfg *Config) (*disk, *storage, error) {
	d := &disk{dir: cfg.Dir, logs: cmp.Or(cfg.LogDir, cfg.Dir)}
	isNew := !wal.Exists(d.walDir())
	if isNew && !cfg.Join && !slices.ContainsFunc(cfg.Peers, func(p Peer) bool { return p.ID == cfg.ID }) {
		return nil, nil, fmt.Errorf("server %d is not among its peers", cfg.ID)
	}
	if err := d.prepare(); err != nil {
		return nil, nil, err
	}
	if snaps, _ := filepath.Glob(filepath.Join(d.snapDir(), "*"+snapSuffix)); isNew && len(snaps) > 0 {
		return nil, nil, fmt.Errorf("there are snapshots in %s, and there is no log in %s", d.snapDir(), d.walDir())
	}
	if err := d.begin(cfg); err != nil {
		return nil, nil, err
	}
	p := &past{}
	w, err := wal.Open(d.walDir(), wal.Options{NoSync: cfg.NoSync, Sync: cfg.sync, Head: d.head, Synced: cfg.Meter.Synced}, p.read)
	if err != nil {
		return nil, nil, fmt.Errorf("open the log: %w", err)
	}
	d.wal = w
	if isNew {
		p.hard, p.marks, p.number = d.hard, d.marks, d.number
		if err := wal.SyncDir(d.logs); err != nil {
			return nil, nil, errors.Join(err, w.Close())
		}
	}
	p.marks = p.marks[max(len(p.marks)-2, 0):] // entries before those are gone
	m, err := d.restore(cfg, p.marks)
	if err != nil {
		return nil, nil, errors.Join(err, w.Close())
	}
	st, err := p.storage(m)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("log in %s: %w", d.walDir(), err), w.Close())
	}
	d.hard, d.marks, d.number = p.hard, p.marks, p.number
	st.keep = cfg.KeepBytes
	return d, st, nil
}

// begin sets what the log of a new member says: every first member begins with the same
// snapshot of an empty state at index 1, which names the members. One that joins later
// begins with nothing.
func (d *disk) begin(cfg *Config) error {
	var number [8]byte
	if _, err := rand.Read(number[:]); err != nil {
		return err
	}
	d.number = binary.LittleEndian.Uint64(number[:]) | 1 // not 0
	one, none := uint64(1), uint64(0)
	if cfg.Join {
		d.hard = &pb.HardState{Term: &none, Commit: &none}
		d.marks = []mark{{conf: &pb.ConfState{}, members: &membership{}}}
		return nil
	}
	m := &membership{version: 1, now: since(cfg.Peers, nil, 1)}
	d.hard = &pb.HardState{Term: &one, Commit: &one}
	d.marks = []mark{{index: 1, term: 1, conf: m.confState(), members: m}}
	return nil
}

// head is the record that a segment of the log begins with: all that is needed of
// the segments before it, once their entries are not.
func (d *disk) head() []byte {
	b := appendHard(appendUints([]byte{itemData}, d.number), d.hard)
	for _, m := range d.marks {
		m.replaces = false // that was said when it happened
		b = appendMark(b, m)
	}
	return b
}

// prepare makes the directories and checks the format.
func (d *disk) prepare() error {
	for _, sub := range []string{d.dir, d.logs, d.snapDir()} {
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
	case wal.Exists(d.walDir()):
		return fmt.Errorf("%s is missing beside a log: this is not a data directory of this program", file)
	}
	return writeWhole(file, func(f *os.File) error {
		_, err := f.WriteString(format)
		return err
	})
}

// writeWhole has a file written so that it is there whole or not at all.
func writeWhole(file string, write func(*os.File) error) error {
	tmp := file + ".tmp"
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if err = write(f); err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(tmp, file)
	}
	if err == nil {
		err = wal.SyncDir(filepath.Dir(file))
	}
	return err
}

func (d *disk) walDir() string  { return filepath.Join(d.logs, "wal") }
func (d *disk) snapDir() string { return filepath.Join(d.dir, "snap") }

// append writes what the messages ask for, with one fsync for all, and only then
// adds it to the log in memory.
func (d *disk) append(ms []*pb.Message, made []mark, st *storage) error {
	hard, b, tag := d.hard, d.buf[:0], uint64(0)
	var fresh []mark
	for _, m := range made {
		if m.index > d.newest() {
			fresh = append(fresh, m)
			b = appendMark(b, m)
		}
	}
	for _, m := range ms {
		if !raft.IsEmptySnap(m.Snapshot) {
			meta := m.Snapshot.GetMetadata()
			members, _, err := splitState(m.Snapshot.GetData())
			if err != nil {
				return err
			}
			s := mark{index: meta.GetIndex(), term: meta.GetTerm(), conf: meta.GetConfState(), members: members, replaces: true}
			if _, err := d.saveSnapshot(s, writer(m.Snapshot.GetData())); err != nil {
				return err
			}
			fresh = append(fresh, s)
			b = appendMark(b, s)
		}
		for _, e := range m.Entries {
			b, tag = appendEntry(b, e), max(tag, e.GetIndex())
		}
		if m.Term != nil && m.GetTerm() > 0 {
			hard = &pb.HardState{Term: m.Term, Vote: m.Vote, Commit: m.Commit}
		}
	}
	// What is committed need not be known after a restart: it goes with the next record.
	if len(b) > 0 || hard.GetTerm() != d.hard.GetTerm() || hard.GetVote() != d.hard.GetVote() {
		b = appendHard(b, hard)
		if err := d.wal.Append(b, tag); err != nil {
			return err
		}
	}
	if d.hard, d.buf = hard, b; cap(b) > maxBatch {
		d.buf = nil
	}
	if err := d.remember(ms, st); err != nil {
		return err
	}
	return d.dropOld(fresh)
}

// newest is the index of the newest snapshot.
func (d *disk) newest() uint64 { return d.marks[len(d.marks)-1].index }

// remember adds to the log in memory what is on disk now.
func (d *disk) remember(ms []*pb.Message, st *storage) error {
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
	return st.SetHardState(d.hard)
}

// dropOld deletes what only snapshots before the last two, counting the fresh ones,
// would need.
func (d *disk) dropOld(fresh []mark) error {
	if len(fresh) == 0 {
		return nil
	}
	d.marks = append(d.marks, fresh...)
	d.marks = d.marks[max(len(d.marks)-2, 0):]
	if err := d.wal.DropBefore(d.marks[0].index + 1); err != nil {
		return err
	}
	return d.dropSnapshots()
}

func (d *disk) close() error { return d.wal.Close() }
