package consensus

import (
	"fmt"
	"io"
	"time"

	pb "go.etcd.io/raft/v3/raftpb"
)

// made is a snapshot that its goroutine has written to disk, or, with its data, has
// read again for a follower.
type made struct {
	mark
	data []byte
	size int64 // of one that was written, in bytes
	err  error
}

// makeSnapshot notes the machine's state and writes it to disk in a goroutine that
// ends by itself and that Stop waits for. The appender then marks it in the log. The
// loop calls it, between two entries.
func (n *Node) makeSnapshot() {
	n.making = true
	n.sinceSnap, n.countSnap = 0, 0
	m := made{mark: mark{index: n.applied, term: n.appTerm, conf: n.log.conf, members: n.members.Load()}}
	write := n.cfg.Machine.Snapshot()
	n.wg.Go(func() {
		began := time.Now()
		m.size, m.err = n.disk.saveSnapshot(m.mark, func(w io.Writer) error {
			if _, err := w.Write(m.members.append(nil)); err != nil {
				return err
			}
			return write(w)
		})
		if told := n.cfg.Meter.Snapshots; m.err == nil && told != nil {
			told(time.Since(began))
		}
		n.finished(&m)
	})
}

// readSnapshot reads a snapshot from disk for a follower, in a goroutine of the same
// kind. No server keeps one in memory that nobody waits for.
func (n *Node) readSnapshot(m mark) {
	n.making, n.wanted = true, false
	n.wg.Go(func() {
		data, err := n.disk.loadSnapshot(m)
		n.finished(&made{mark: m, data: data, err: err})
	})
}

// finished leaves a snapshot for the loop.
func (n *Node) finished(m *made) {
	n.mu.Lock()
	n.snapshot = m
	n.mu.Unlock()
	wake(n.kick)
}

// madeSnapshot takes a finished snapshot.
func (n *Node) madeSnapshot(m *made) {
	n.making = false
	switch {
	case m.err != nil:
		n.fail(fmt.Errorf("snapshot: %w", m.err))
	case m.data != nil:
		n.log.offer(&pb.Snapshot{Data: m.data, Metadata: m.meta()})
	default:
		n.snapSize = m.size
		n.mu.Lock()
		n.marks = append(n.marks, m.mark)
		n.mu.Unlock()
		wake(n.work)
		if n.wanted {
			n.readSnapshot(m.mark)
		}
	}
}

// wantSnapshot is called by the Raft state, within the loop, when a follower needs
// what is no longer in the log.
func (n *Node) wantSnapshot() {
	n.wanted = true
	if !n.making {
		n.makeSnapshot()
	}
}

// writer makes a function that writes the data of a snapshot.
func writer(data []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	}
}
