package consensus

import (
	"bytes"
	"fmt"

	pb "go.etcd.io/raft/v3/raftpb"
)

// made is a snapshot that its goroutine has finished.
type made struct {
	snap *pb.Snapshot
	err  error
}

// makeSnapshot notes the machine's state and writes it to disk in a goroutine that
// ends by itself and that Stop waits for. The appender then marks it in the log. The
// loop calls it, between two entries.
func (n *Node) makeSnapshot() {
	n.making = true
	n.sinceSnap, n.snapIndex = 0, n.applied
	index, term := n.applied, n.appTerm
	write := n.cfg.Machine.Snapshot()
	n.wg.Go(func() {
		var b bytes.Buffer
		err := write(&b)
		snap := &pb.Snapshot{Data: b.Bytes(), Metadata: &pb.SnapshotMetadata{Index: &index, Term: &term, ConfState: n.log.conf}}
		if err == nil {
			err = n.disk.saveSnapshot(snap)
		}
		n.mu.Lock()
		n.snapshot = &made{snap, err}
		n.mu.Unlock()
		wake(n.kick)
	})
}

// madeSnapshot takes a finished snapshot.
func (n *Node) madeSnapshot(m *made) {
	n.making = false
	if m.err != nil {
		n.fail(fmt.Errorf("snapshot: %w", m.err))
		return
	}
	n.log.offer(m.snap)
	meta := m.snap.GetMetadata()
	n.mu.Lock()
	n.marks = append(n.marks, mark{index: meta.GetIndex(), term: meta.GetTerm(), conf: meta.GetConfState()})
	n.mu.Unlock()
	wake(n.work)
}

// wantSnapshot is called by the Raft state, within the loop, when a follower needs
// what is no longer in the log.
func (n *Node) wantSnapshot() {
	if !n.making {
		n.makeSnapshot()
	}
}
