package consensus

import (
	"time"

	"go.etcd.io/raft/v3"
)

// The first second of a node, in which it does not wait for an election timeout.
const (
	eagerTime  = 2 * time.Second
	eagerEvery = 5 * time.Millisecond
)

// campaignEarly starts an election as soon as a quorum can be reached, the lowest
// id first. Votes are lost while a peer has no connection back yet, so it asks
// again. The pre-vote keeps a server whose log is old, or that has only missed the
// leader, from disturbing anyone.
func (n *Node) campaignEarly() {
	if n.led || time.Since(n.started) > eagerTime {
		return
	}
	m := n.members.Load()
	if me := find(m.now, n.cfg.ID); me == nil || me.Observer || m.next != nil || n.isOut() {
		return
	}
	reach, rank, voters := 1, 0, 0
	for _, p := range m.now {
		if p.Observer {
			continue
		}
		voters++
		if l := n.link(p.ID); l != nil && l.up.Load() {
			reach++
		}
		if p.ID < n.cfg.ID {
			rank++
		}
	}
	if reach <= voters/2 {
		n.campaigns = 0
		return
	}
	if n.campaigns++; n.campaigns > 6*rank {
		_ = n.rn.Campaign() // refused where there is nothing to campaign for
	}
}

// observe tells the machine of a new leader, term or role. A leader that cannot be
// reached is none.
func (n *Node) observe() {
	s := n.rn.BasicStatus()
	st := Status{ID: n.cfg.ID, Leader: s.Lead, Term: s.GetTerm(), Commit: s.GetCommit(), Applied: n.applied, Role: "follower"}
	m := n.members.Load()
	me := m.member(n.cfg.ID)
	if !n.reaches(s.Lead) || me == nil || n.isOut() {
		// Whoever asks now would have to wait for the election timeout, and not know
		// then what became of it.
		st.Leader = 0
	}
	switch s.RaftState {
	case raft.StateLeader:
		st.Role = "leader"
	case raft.StateCandidate, raft.StatePreCandidate:
		st.Role = "candidate"
	}
	st.Role = m.role(n.cfg.ID, st.Role)
	if n.isOut() {
		st.Role = noMember
	}
	st.Adrift = n.adrift(st.Leader != 0, st.Role != noMember)
	n.publish(st)
}

// adrift tells whether there has been no leader for so long that this is no handover.
func (n *Node) adrift(led, member bool) bool {
	now := n.ticks.Load()
	switch {
	case led:
		n.lostAt, n.led = -1, true
		return false
	case n.lostAt < 0:
		n.lostAt = now
	}
	return !member || now-n.lostAt >= driftTicks
}

// reaches tells whether there is a leader to count on. Raft forgets one that is silent,
// but not where this node has no vote.
func (n *Node) reaches(leader uint64) bool {
	if leader == n.cfg.ID {
		return true
	}
	l := n.link(leader)
	return l != nil && l.up.Load() && n.ticks.Load()-l.heard.Load() <= 2*electionTicks
}

func (n *Node) publish(st Status) {
	old := n.status.Load()
	n.status.Store(&st)
	if old.Leader == st.Leader && old.Term == st.Term && old.Role == st.Role && old.Adrift == st.Adrift {
		return
	}
	if old.Leader != st.Leader || old.Term != st.Term {
		n.cfg.Logf("leader %d, term %d, here a %s", st.Leader, st.Term, st.Role)
	}
	n.cfg.Machine.Changed(st)
	n.wakeAll()
}
