package consensus

import (
	"fmt"
	"sync"

	"go.etcd.io/raft/v3"
	pb "go.etcd.io/raft/v3/raftpb"
)

// keepEntries is the least number of applied entries kept for followers that lag
// by a little, and maxEntries the most.
const (
	keepEntries = 64
	maxEntries  = 20_000
)

// storage is the part of the log that is kept in memory. Followers that need more
// get a snapshot.
type storage struct {
	*raft.MemoryStorage
	start   *pb.SnapshotMetadata // where it began
	conf    *pb.ConfState        // as of the last entry that was applied; the loop's
	members *membership          // at the start
	request func()               // asks for a snapshot, which comes by offer
	keep    int64

	held  int64 // bytes applied since the last trim; the loop's
	mu    sync.Mutex
	ready *pb.Snapshot
}

// Snapshot returns a snapshot for a follower if there is a recent one, and has one
// made otherwise.
func (s *storage) Snapshot() (*pb.Snapshot, error) {
	first, err := s.FirstIndex()
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	snap := s.ready
	s.mu.Unlock()
	if snap != nil && snap.GetMetadata().GetIndex()+1 >= first {
		return snap, nil
	}
	s.request()
	return nil, raft.ErrSnapshotTemporarilyUnavailable
}

func (s *storage) offer(snap *pb.Snapshot) {
	s.mu.Lock()
	s.ready = snap
	s.mu.Unlock()
}

// trim forgets applied entries when they hold too much.
func (s *storage) trim(applied uint64, size int64) {
	s.held += size
	first, err := s.FirstIndex()
	if err != nil || applied < first+keepEntries || s.held < s.keep && applied-first < maxEntries {
		return
	}
	s.held = 0
	s.mu.Lock()
	s.ready = nil // too old soon; the next that is needed is made then
	s.mu.Unlock()
	_ = s.Compact(applied - keepEntries) // it is in range: see above
}

// quiet is the library's logger: warnings and errors go to the node's log.
type quiet struct{ logf func(string, ...any) }

func (q quiet) Debug(...any)                {}
func (q quiet) Debugf(string, ...any)       {}
func (q quiet) Info(...any)                 {}
func (q quiet) Infof(string, ...any)        {}
func (q quiet) Warning(v ...any)            { q.logf("raft: %s", fmt.Sprint(v...)) }
func (q quiet) Warningf(f string, v ...any) { q.logf("raft: "+f, v...) }
func (q quiet) Error(v ...any)              { q.logf("raft: %s", fmt.Sprint(v...)) }
func (q quiet) Errorf(f string, v ...any)   { q.logf("raft: "+f, v...) }

// Fatal and Panic are the library's way to say that its state is broken: there is
// nothing to go on with.
func (q quiet) Fatal(v ...any)            { panic(fmt.Sprint(v...)) }
func (q quiet) Fatalf(f string, v ...any) { panic(fmt.Sprintf(f, v...)) }
func (q quiet) Panic(v ...any)            { panic(fmt.Sprint(v...)) }
func (q quiet) Panicf(f string, v ...any) { panic(fmt.Sprintf(f, v...)) }
