package consensus

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/raft/v3"
	pb "go.etcd.io/raft/v3/raftpb"
)

// loop owns the Raft state. It ends with the context.
func (n *Node) loop() {
	defer func() {
		n.publish(Status{ID: n.cfg.ID, Role: "follower", Adrift: true, Term: n.status.Load().Term})
	}()
	tick := time.NewTicker(n.cfg.Tick)
	defer tick.Stop()
	eager := time.NewTicker(eagerEvery)
	defer eager.Stop()
	for {
		select {
		case <-n.ctx.Done():
			return
		case <-tick.C:
			n.ticks.Add(1)
			if !n.isOut() {
				n.rn.Tick()
			}
			n.moveMembers()
			n.observe()
		case <-eager.C:
			if n.led || time.Since(n.started) > eagerTime {
				eager.Stop()
			}
			n.campaignEarly()
		case <-n.kick:
		}
		for again := true; again && n.ctx.Err() == nil; {
			again = n.take()
			for n.rn.HasReady() && n.ctx.Err() == nil {
				n.ready()
			}
		}
	}
}

// take gives the Raft state what others have left, and tells whether there was
// anything.
func (n *Node) take() bool {
	n.mu.Lock()
	inbox, batches, broken, sent, snap, to := n.inbox, n.batches, n.broken, n.sent, n.snapshot, n.transfer
	n.inbox, n.batches, n.broken, n.sent, n.snapshot, n.transfer = nil, nil, nil, nil, nil, 0
	if k := len(batches); k > 0 {
		n.usual = len(batches[k-1])
	}
	n.mu.Unlock()
	for _, m := range inbox {
		_ = n.rn.Step(m) // what is out of date is no error of ours
	}
	for _, id := range sent {
		n.rn.ReportSnapshot(id, raft.SnapshotFinish)
		n.log.offer(nil) // it takes much room, and whoever else needs one asks
	}
	for _, id := range broken {
		n.rn.ReportUnreachable(id)
		n.rn.ReportSnapshot(id, raft.SnapshotFailure)
		if st := n.status.Load(); st.Leader == id {
			n.cfg.Machine.Changed(*st)
			n.observe()
		}
	}
	if snap != nil {
		n.madeSnapshot(snap)
	}
	lost := false
	for _, b := range batches {
		setTime(b, time.Now().UnixMilli())
		lost = n.rn.Propose(b) != nil || lost
	}
	if to != 0 {
		n.hand(to)
	}
	if lost {
		n.cfg.Machine.Changed(*n.status.Load())
	}
	return len(inbox)+len(batches)+len(broken)+len(sent) > 0
}

// ready does what the Raft state asks for: peers first, then the disk, which works
// on its own, then the machine.
func (n *Node) ready() {
	rd := n.rn.Ready()
	n.observe()
	var apply *pb.Message
	queued := false
	for _, m := range rd.Messages {
		switch m.GetTo() {
		case raft.LocalAppendThread:
			if !n.restore(m) {
				return
			}
			n.mu.Lock()
			n.appends = append(n.appends, m)
			n.mu.Unlock()
			queued = true
		case raft.LocalApplyThread:
			apply = m
		default:
			n.transmit(m)
		}
	}
	if queued {
		wake(n.work)
	}
	if apply != nil {
		n.apply(apply)
	}
}

// transmit sends a message to a peer, or to this node itself.
func (n *Node) transmit(m *pb.Message) {
	if m.GetTo() == n.cfg.ID {
		n.mu.Lock()
		n.inbox = append(n.inbox, m)
		n.mu.Unlock()
		wake(n.kick)
		return
	}
	if l := n.link(m.GetTo()); l != nil {
		_ = l.sendRaft(m) // Raft sends again what got lost
	}
}

// apply hands committed entries to the machine. They are on a quorum's disks, and
// on this one.
func (n *Node) apply(m *pb.Message) {
	var e Entry
	size := int64(0)
	for _, x := range m.Entries {
		n.applied, n.appTerm = x.GetIndex(), x.GetTerm()
		size += int64(len(x.Data)) + 32
		if x.GetType() == pb.EntryNormal && len(x.Data) > 0 {
			e.Index, e.Term = x.GetIndex(), x.GetTerm()
			decode(x.Data, &e)
			n.countSnap += uint64(len(e.Payloads))
			n.cfg.Machine.Apply(e)
		}
		if x.GetType() == pb.EntryConfChangeV2 {
			if err := n.applyMembers(x); err != nil {
				n.fail(err)
				return
			}
		}
	}
	for _, r := range m.Responses {
		n.transmit(r)
	}
	n.log.trim(n.applied, size)
	n.sinceSnap += size
	if !n.making && n.snapshotDue() {
		n.makeSnapshot()
	}
}

// snapshotDue tells whether enough was logged since the last snapshot. A large state is
// written out as often as it was logged anew, so that snapshots cost a constant part of
// what writes cost, and a restart reads at most twice the state.
func (n *Node) snapshotDue() bool {
	return n.sinceSnap > max(n.cfg.SnapshotBytes, n.snapSize) || n.cfg.SnapshotCount > 0 && n.countSnap > n.cfg.SnapshotCount
}

// restore gives the machine a snapshot that the leader has sent. It is committed,
// so that it need not be on disk first.
func (n *Node) restore(m *pb.Message) bool {
	if raft.IsEmptySnap(m.Snapshot) {
		return true
	}
	meta := m.Snapshot.GetMetadata()
	n.cfg.Logf("taking over a snapshot of %d bytes at index %d", len(m.Snapshot.GetData()), meta.GetIndex())
	ms, state, err := splitState(m.Snapshot.GetData())
	if err == nil {
		err = n.cfg.Machine.Restore(bytes.NewReader(state))
	}
	if err != nil {
		n.fail(fmt.Errorf("snapshot from the leader: %w", err))
		return false
	}
	n.log.conf = meta.GetConfState()
	n.setMembers(ms)
	n.applied, n.appTerm = meta.GetIndex(), meta.GetTerm()
	n.sinceSnap, n.countSnap = 0, 0
	return true
}

// appender writes to disk what the loop has queued, all that waits with one fsync,
// and sends the answers that had to wait for it. It ends with the context.
func (n *Node) appender() {
	for {
		select {
		case <-n.ctx.Done():
			return
		case <-n.work:
		}
		for {
			n.mu.Lock()
			ms, marks := n.appends, n.marks
			n.appends, n.marks = nil, nil
			n.mu.Unlock()
			if len(ms)+len(marks) == 0 {
				break
			}
			if err := n.disk.append(ms, marks, n.log); err != nil {
				if errors.Is(n.ctx.Err(), nil) {
					n.fail(fmt.Errorf("write to %s: %w", n.cfg.Dir, err))
				}
				return
			}
			for _, m := range ms {
				for _, r := range m.Responses {
					n.transmit(r)
				}
			}
		}
	}
}
