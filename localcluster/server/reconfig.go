package server

import (
	"time"

	"github.com/zooctl/zooctl/localcluster/server/consensus"
	"github.com/zooctl/zooctl/localcluster/server/tree"
	"github.com/zooctl/zooctl/ops/wire"
)

// A change of members is three steps. The request is a transaction like others, which
// is checked when it is applied and leaves the wish in the tree. The leader, whoever
// that is by then, moves the members of the log towards it. The entry by which they
// have become so ends it: /zookeeper/config shows them, and the connection that asked
// is answered. That one waits all along, and a new leader does not cut it: nothing of
// it can have got lost.
//
// A server that is a member no more drops its clients and goes on running, in case that
// it is added again. Apache ZooKeeper's goes on as one that does not vote; here nobody
// sends it the log.

// submitReconfig sends a request for other members to the log, and waits for its end.
func (c *conn) submitReconfig(t *tree.Txn) bool {
	rules := tree.ReconfigRules{Enabled: c.s.cfg.Reconfig, Alone: c.s.cfg.Alone}
	t.Body = append(rules.Append(nil), t.Body...)
	c.waits.Store(true)
	defer c.waits.Store(false)
	if c.s.propose(t) != nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for !c.over && len(c.queue) > 0 {
		c.room.Wait()
	}
	return !c.over
}

// Members is told of the members of the ensemble.
func (m *machine) Members(e consensus.Entry, members []Peer) {
	s := (*Server)(m)
	all := make([]tree.Member, len(members))
	for i, p := range members {
		all[i] = tree.Member(p)
	}
	s.mu.Lock()
	if e.Index <= 1 {
		if len(all) > 1 || s.cfg.Alone {
			s.tree.SetMembers(all)
		}
		s.aim()
		s.mu.Unlock()
		return
	}
	var res tree.Result
	res.Asker = s.tree.MembersAre(e.Term, all, &res)
	s.aim()
	s.publish(&tree.Txn{Op: wire.OpReconfig}, &res, time.Now())
	s.mu.Unlock()
	s.flush()
}

// aim notes what the tree wants the members to be. The caller holds the tree's lock.
func (s *Server) aim() {
	want, _ := s.tree.Target()
	s.target = make([]Peer, len(want))
	for i, m := range want {
		s.target[i] = Peer(m)
	}
}

// Target returns the members that there are to be.
func (m *machine) Target() []Peer { return m.target }

// Unreachable gives up a change that cannot be brought about.
func (m *machine) Unreachable([]Peer) {
	s := (*Server)(m)
	s.mu.RLock()
	_, id := s.tree.Target()
	s.mu.RUnlock()
	if id != 0 {
		// A proposal that is lost is made again: the leader asks again.
		_ = s.propose(&tree.Txn{Op: wire.OpReconfig, Body: wire.AppendInt64(nil, id)})
	}
}

// answerReconfig tells the connection that asked for other members how it ended. The
// caller holds the tree's lock.
func (s *Server) answerReconfig(txn *tree.Txn, res *tree.Result, now time.Time) {
	if txn.Op != wire.OpReconfig {
		return
	}
	s.aim()
	c := s.conn(res.Asker)
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over || len(c.queue) == 0 || !c.queue[0].taken {
		return
	}
	r := c.pop()
	c.answer(r, res)
	c.noteQueued(&r, now)
	c.readsBehind(now)
	s.touch(c)
}

// alone tells whether this server is no ensemble.
func (s *Server) alone() bool { return !s.cfg.Join && !s.cfg.Alone && len(s.node.Members()) <= 1 }
