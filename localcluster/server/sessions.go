package server

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"math"
	"time"

	"github.com/zooctl/zooctl/localcluster/server/consensus"
	"github.com/zooctl/zooctl/localcluster/server/tree"
	"github.com/zooctl/zooctl/ops/wire"
)

// openSession proposes the session that a client asks for: a new one, or an
// older one that moves here. A bad password or an unknown session is found out
// when the proposal is applied.
func (s *Server) openSession(c *conn, req *wire.ConnectRequest) error {
	if req.SessionID != 0 {
		pw := make([]byte, wire.PasswordLen)
		if len(req.Password) == len(pw) {
			copy(pw, req.Password)
		}
		return s.propose(&tree.Txn{Session: req.SessionID, Conn: c.nonce, Op: wire.OpAttach, Body: pw})
	}
	rec := wire.SessionRecord{ID: s.sessions.Add(1), Timeout: s.negotiate(req.Timeout)}
	if _, err := rand.Read(rec.Password[:]); err != nil {
		return err
	}
	return s.propose(&tree.Txn{Session: rec.ID, Conn: c.nonce, Op: wire.OpCreateSession, Body: rec.Append(nil)})
}

// negotiate holds a timeout in milliseconds within the bounds for sessions, which are
// "clamped to [2,20] x tickTime" unless the configuration has others.
func (s *Server) negotiate(ms int32) int32 {
	return int32(min(max(int64(ms), s.cfg.MinTimeout.Milliseconds()), s.cfg.MaxTimeout.Milliseconds(), math.MaxInt32))
}

// welcome answers the connect request. "Unknown/expired session or bad password
// -> reply timeout 0, sid 0, 16 zero bytes, then close; never a new session".
// The caller holds c.mu and the tree's lock.
func (c *conn) welcome(txn *tree.Txn, res *tree.Result, now time.Time) {
	r := wire.ConnectResponse{Password: make([]byte, wire.PasswordLen), HasReadOnly: c.hello.HasReadOnly}
	sess, ok := c.s.tree.Session(txn.Session)
	ok = ok && res.Code == wire.CodeOK
	if ok {
		r.Timeout, r.SessionID = sess.Timeout, sess.ID
		copy(r.Password, sess.Password[:])
		c.sid.Store(sess.ID)
		c.timeout.Store(sess.Timeout)
		c.active.Store(true)
	} else {
		c.out.closeAfterLast()
	}
	b := c.out.lock()
	start := len(b)
	b = wire.PutLength(r.Append(append(b, 0, 0, 0, 0)), start)
	c.replied = reply{zxid: res.Zxid, size: len(b) - start - 4}
	c.out.unlock(b)
	c.countSent()
	c.noteQueued(&request{op: wire.OpCreateSession, at: c.helloAt}, now)
	c.open(ok)
}

// keepTime carries what a transaction says of sessions to the leader's clock.
func (s *Server) keepTime(txn *tree.Txn, res *tree.Result, now time.Time) {
	opened := res.Code == wire.CodeOK && (txn.Op == wire.OpCreateSession || txn.Op == wire.OpAttach)
	if !opened && res.Closed == 0 {
		return
	}
	s.clockMu.Lock()
	defer s.clockMu.Unlock()
	switch {
	case !s.leading:
	case opened:
		if sess, ok := s.tree.Session(txn.Session); ok {
			s.clock.Add(sess.ID, timeout(sess), now)
		}
	default:
		s.clock.Remove(res.Closed)
	}
}

func timeout(s tree.Session) time.Duration { return time.Duration(s.Timeout) * time.Millisecond }

// Changed is told that the leader, the term or the link to the leader is another.
// Whatever waits for the log may wait for ever, so it is cut. Clients that wait for
// nothing stay while the leader hands over, and all are cut when there is none for
// longer than that.
func (m *machine) Changed(st consensus.Status) {
	s := (*Server)(m)
	s.noteLeader(&st, time.Now())
	s.noteAside(&st, time.Now())
	leads := st.Leader == st.ID
	s.clockMu.Lock()
	s.leading = leads
	s.clock.Reset()
	if leads {
		s.grace(time.Now())
	}
	s.clockMu.Unlock()
	for _, c := range s.clients() {
		if st.Adrift && c.greeted() || c.pending() {
			c.cut()
		}
	}
	// What is proposed from here on is not lost by this.
	s.status.Store(&st)
	if st.Leader != 0 {
		s.dismissReaders()
	}
	s.connsMu.Lock()
	close(s.turn)
	s.turn = make(chan struct{})
	s.connsMu.Unlock()
}

// awaitLeader waits while the leader hands over, and tells whether there is one.
func (s *Server) awaitLeader() bool {
	if s.serving() {
		return true
	}
	for {
		s.connsMu.Lock()
		turn := s.turn
		s.connsMu.Unlock()
		switch st := s.status.Load(); {
		case st.Leader != 0:
			return true
		case st.Adrift:
			return false
		}
		select {
		case <-turn:
		case <-s.ctx.Done():
			return false
		}
	}
}

// grace gives every session its full timeout from now: a new leader has not
// heard of them before. The caller holds clockMu; no entry is being applied.
func (s *Server) grace(now time.Time) {
	for sess := range s.tree.Sessions() {
		s.clock.Add(sess.ID, timeout(sess), now)
	}
}

// sweep tells the leader, a few times per tick, which sessions were heard from,
// and on the leader ends those that were not. It ends with ctx.
//
// A touch is told late by up to one period and never early, so a session lives
// at least its timeout after its client was last heard.
func (s *Server) sweep(ctx context.Context) {
	period := min(max(s.cfg.TickTime/8, 5*time.Millisecond), 250*time.Millisecond)
	t := time.NewTicker(period)
	defer t.Stop()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		now := time.Now()
		s.sendTouches(now)
		// A process that was stopped, or a machine that slept, has heard from
		// nobody; that is no fault of the clients.
		s.expire(now, now.Sub(last) > 4*period+time.Second)
		last = now
	}
}

func (s *Server) sendTouches(now time.Time) {
	var msg []byte
	st := s.status.Load()
	for _, c := range s.clients() {
		if id := c.sid.Load(); id != 0 && (c.active.Swap(false) || c.waits.Load()) {
			msg = binary.BigEndian.AppendUint64(msg, uint64(id))
		}
	}
	switch {
	case len(msg) == 0 || st.Leader == 0:
	case st.Leader == st.ID:
		s.touchAll(msg, now)
	default:
		// Best effort: a touch that is lost is followed by that of the next ping.
		_ = s.node.Send(st.Leader, msg)
	}
}

// Receive takes the touches of another server's sessions.
func (m *machine) Receive(_ uint64, msg []byte) { (*Server)(m).touchAll(msg, time.Now()) }

func (s *Server) touchAll(msg []byte, now time.Time) {
	s.clockMu.Lock()
	defer s.clockMu.Unlock()
	if !s.leading {
		return
	}
	for ; len(msg) >= 8; msg = msg[8:] {
		s.clock.Touch(int64(binary.BigEndian.Uint64(msg)), now)
	}
}

// expire proposes the end of sessions whose time is up. Each proposal names the
// connection that owned the session, so that a client that takes it up in the
// meantime wins.
func (s *Server) expire(now time.Time, slept bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	s.clockMu.Lock()
	var ids []int64
	switch {
	case !s.leading:
	case slept:
		s.clock.Reset()
		s.grace(now)
	default:
		ids = s.clock.Expired(now)
	}
	s.clockMu.Unlock()
	for _, id := range ids {
		sess, ok := s.tree.Session(id)
		if !ok {
			continue
		}
		s.cfg.Logf("session 0x%x expired after %v", uint64(id), timeout(sess))
		owner := binary.BigEndian.AppendUint64(nil, sess.Conn)
		if s.propose(&tree.Txn{Session: id, Op: wire.OpCloseSession, Body: owner}) != nil {
			return // no longer the leader: the next one gives them all a new term
		}
		s.stats.expired.Add(1)
	}
}
