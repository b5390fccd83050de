package consensus

import (
	"slices"

	"go.etcd.io/raft/v3"
	pb "go.etcd.io/raft/v3/raftpb"
	"go.etcd.io/raft/v3/tracker"
)

// The patience of a leader that changes the membership, in ticks.
const (
	// changeTicks is how long it waits for a change that it has proposed before it
	// proposes it again. A second one that is in the log while the first is not applied
	// is void.
	changeTicks = 4 * electionTicks
	// absentTicks is how long it waits for a new voter that it cannot reach, idleTicks
	// for one that it reaches and that gets no further, and snapshotTicks for one that
	// takes over a snapshot.
	absentTicks   = 50
	idleTicks     = 500
	snapshotTicks = 6000
	// closeEnough is by how many entries a new voter may lag.
	closeEnough = 500
)

// moveMembers moves the membership towards the machine's target, one step at a time, on the
// leader: new members first get the log without a vote, then, once the new voters
// have it, the votes change, all at once, by joint consensus. A leader that is to lose
// its vote hands over before. The loop calls it at every tick.
func (n *Node) moveMembers() {
	m := n.members.Load()
	if n.rn.BasicStatus().RaftState != raft.StateLeader || m.next != nil {
		n.joining = nil
		return
	}
	want := n.cfg.Machine.Target()
	if len(want) == 0 || same(m.now, want) {
		n.joining = nil
		return
	}
	if n.changing > 0 {
		n.changing--
		return
	}
	if extra := newcomers(m.now, want); len(extra) > 0 {
		n.change(m, append(peers(m.now), extra...))
		return
	}
	switch n.caughtUp(m, want) {
	case wait:
	case never:
		n.cfg.Machine.Unreachable(want)
		n.changing = changeTicks
	case ready:
		if !votes(want, n.cfg.ID) {
			if to := n.successor(want); to != 0 {
				n.rn.TransferLeader(to)
				n.changing = electionTicks
				return
			}
		}
		n.change(m, want)
	}
}

// same tells whether the members are as wanted.
func same(now []member, want []Peer) bool {
	return len(now) == len(want) && !slices.ContainsFunc(want, func(p Peer) bool {
		m := find(now, p.ID)
		return m == nil || m.Peer != p
	})
}

// votes tells whether a server is one of the voters.
func votes(all []Peer, id uint64) bool {
	return slices.ContainsFunc(all, func(p Peer) bool { return p.ID == id && !p.Observer })
}

// newcomers returns who is wanted and not there yet, as observers.
func newcomers(now []member, want []Peer) []Peer {
	var extra []Peer
	for _, p := range want {
		if find(now, p.ID) == nil {
			p.Observer = true
			extra = append(extra, p)
		}
	}
	return extra
}

// change proposes that the members be those.
func (n *Node) change(m *membership, want []Peer) {
	cc := &pb.ConfChangeV2{Context: appendMembers(nil, since(want, m.now, 0))}
	add := func(typ pb.ConfChangeType, id uint64) {
		cc.Changes = append(cc.Changes, &pb.ConfChangeSingle{Type: &typ, NodeId: &id})
	}
	for _, p := range want {
		old := find(m.now, p.ID)
		switch {
		case old != nil && old.Observer == p.Observer:
		case p.Observer:
			add(pb.ConfChangeAddLearnerNode, p.ID)
		default:
			add(pb.ConfChangeAddNode, p.ID)
		}
	}
	for _, p := range m.now {
		if !slices.ContainsFunc(want, func(w Peer) bool { return w.ID == p.ID }) {
			add(pb.ConfChangeRemoveNode, p.ID)
		}
	}
	if len(cc.Changes) == 0 { // addresses alone; nothing at all would mean another thing
		add(pb.ConfChangeUpdateNode, n.cfg.ID)
	}
	n.changing = changeTicks
	_ = n.rn.ProposeConfChange(cc) // it is proposed again
}

// readiness is whether those who are to vote can.
type readiness int

const (
	wait readiness = iota
	ready
	never
)

// joiner is what the leader has seen of a new voter.
type joiner struct {
	match uint64
	idle  int // ticks since it got any further
}

// caughtUp tells whether the new voters have the log. Those that cannot be reached or
// get no further are not waited for for ever: without them a quorum of the new voters
// must be up to date, as Apache ZooKeeper wants it.
func (n *Node) caughtUp(m *membership, want []Peer) readiness {
	if n.joining == nil {
		n.joining = make(map[uint64]*joiner)
	}
	st := n.rn.Status()
	voters, good := 0, 0
	waitNew, waitOld := false, false
	for _, p := range want {
		if p.Observer {
			continue
		}
		voters++
		pr := st.Progress[p.ID]
		if p.ID == n.cfg.ID || pr.State == tracker.StateReplicate && pr.RecentActive && pr.Match+closeEnough >= st.GetCommit() {
			good++
			continue
		}
		coming := n.stillComing(p.ID, pr)
		if old := find(m.now, p.ID); old == nil || old.Observer {
			waitNew = waitNew || coming
		} else {
			waitOld = waitOld || coming
		}
	}
	switch {
	case good == voters || good > voters/2 && !waitNew:
		return ready
	case waitNew || waitOld:
		return wait
	}
	return never
}

// stillComing notes one more tick of a voter that lags, and tells whether to wait on.
func (n *Node) stillComing(id uint64, pr tracker.Progress) bool {
	j := n.joining[id]
	if j == nil {
		j = &joiner{}
		n.joining[id] = j
	}
	if j.idle++; pr.Match > j.match {
		j.match, j.idle = pr.Match, 0
	}
	l := n.link(id)
	switch {
	case l == nil || !l.up.Load():
		return j.idle < absentTicks
	case pr.State == tracker.StateSnapshot:
		return j.idle < snapshotTicks
	}
	return j.idle < idleTicks
}

// successor returns the voter of both the present and the wanted membership that has
// most of the log and is there, or 0.
func (n *Node) successor(want []Peer) uint64 {
	best, match := uint64(0), uint64(0)
	for id, pr := range n.rn.Status().Progress {
		l := n.link(id)
		if id == n.cfg.ID || pr.IsLearner || !pr.RecentActive || l == nil || !l.up.Load() {
			continue
		}
		if !votes(want, id) {
			continue
		}
		if best == 0 || pr.Match > match || pr.Match == match && id < best {
			best, match = id, pr.Match
		}
	}
	return best
}
