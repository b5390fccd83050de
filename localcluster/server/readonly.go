package server

import (
	"time"

	"github.com/zooctl/zooctl/localcluster/server/consensus"
	"github.com/zooctl/zooctl/ops/wire"
)

// minAside is how long a server must have been without the others, at least, before it
// answers reads all the same. Apache ZooKeeper waits as long.
const minAside = 2 * time.Second

// modeReadOnly is what the words call the role of such a server.
const modeReadOnly = "read-only"

// noteAside remembers since when the server has been without a leader. Its caller is
// told of changes, one at a time.
func (s *Server) noteAside(st *consensus.Status, now time.Time) {
	switch {
	case st.Leader != 0:
		s.aside.Store(0)
	case st.Adrift:
		s.aside.CompareAndSwap(0, now.UnixNano())
	}
}

// readsOnly tells whether this server answers reads although it is cut off from the
// others: it has been so for a while, and the configuration allows it.
func (s *Server) readsOnly() bool {
	since := s.aside.Load()
	return s.cfg.ReadOnly && since != 0 && time.Since(time.Unix(0, since)) >= max(minAside, s.cfg.TickTime)
}

// answers tells whether this server has anything to say of its data.
func (s *Server) answers() bool { return s.serving() || s.readsOnly() }

// dismissReaders ends the connections of a time without a leader: their clients come
// back to a server that can write. The new status is stored already, so that none is
// added meanwhile.
func (s *Server) dismissReaders() {
	for _, c := range s.clients() {
		if c.reads.Load() {
			c.cut()
		}
	}
}

// greetReader opens a session that lives as long as its connection and is known to this
// server alone. Only a client that says that it can do with one gets it; one that has a
// session of the ensemble has to look for another server, since its session may live
// on there. It tells whether the connection goes on.
func (c *conn) greetReader(frame []byte) bool {
	var req wire.ConnectRequest
	d := wire.NewDecoder(frame)
	req.Decode(&d)
	if d.Err() != nil || !req.ReadOnly {
		return false
	}
	c.countReceived(len(frame))
	c.s.stats.connects.Add(1)
	c.s.mu.RLock()
	last := c.s.tree.LastZxid()
	_, global := c.s.tree.Session(req.SessionID)
	c.s.mu.RUnlock()
	if global || req.LastZxidSeen > last {
		return false
	}
	r := wire.ConnectResponse{Password: make([]byte, wire.PasswordLen), HasReadOnly: true, ReadOnly: true}
	if req.SessionID == 0 {
		r.SessionID, r.Timeout = c.s.sessions.Add(1), c.s.negotiate(req.Timeout)
		c.sid.Store(r.SessionID)
		c.timeout.Store(r.Timeout)
	} else {
		c.out.closeAfterLast() // of another such server, or expired
	}
	// Whoever ends the time without a leader sees the mark, or is seen here.
	c.reads.Store(true)
	if !c.s.readsOnly() {
		return false
	}
	b := c.out.lock()
	start := len(b)
	c.out.unlock(wire.PutLength(r.Append(append(b, 0, 0, 0, 0)), start))
	c.countSent()
	return r.SessionID != 0
}

// awaitReader gives a client of such a server its session's timeout to say something.
func (c *conn) awaitReader() {
	if c.reads.Load() {
		_ = c.nc.SetReadDeadline(time.Now().Add(time.Duration(c.timeout.Load()) * time.Millisecond))
	}
}

// refuseWrite answers a request that needs the others. The end of the session needs
// nobody, as the session is this server's alone.
func (c *conn) refuseWrite(h wire.RequestHeader, now time.Time) bool {
	c.s.mu.RLock()
	zxid := c.s.tree.LastZxid()
	c.s.mu.RUnlock()
	code := wire.CodeNotReadOnly
	if h.Op == wire.OpCloseSession {
		code = wire.CodeOK
	}
	c.reply(wire.ReplyHeader{Xid: h.Xid, Zxid: zxid, Err: code}, nil)
	c.noteDirect(h, now)
	if h.Op == wire.OpCloseSession {
		c.out.closeAfterLast()
		return false
	}
	return c.out.waitBelow(maxUnsent)
}
