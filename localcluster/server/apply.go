package server

import (
	"encoding/binary"
	"io"
	"runtime"
	"time"

	"github.com/zooctl/zooctl/localcluster/server/consensus"
	"github.com/zooctl/zooctl/localcluster/server/tree"
	"github.com/zooctl/zooctl/ops/wire"
)

// manyTouched is the number of connections above which the applying goroutine
// leaves all sending to others: one change with thousands of watchers must not
// hold up the ensemble's heartbeats.
const manyTouched = 64

// txnHeader is the length of what goes before the identities and the body of a
// proposal, in bytes: session, connection, sequence number, operation, rules, length of
// the identities.
const txnHeader = 8 + 8 + 4 + 4 + 1 + 2

// maxWho bounds the identities of one connection, in bytes as they are encoded.
const maxWho = 1<<16 - 1

func appendTxn(b []byte, t *tree.Txn) []byte {
	b = wire.AppendInt64(b, t.Session)
	b = binary.BigEndian.AppendUint64(b, t.Conn)
	b = binary.BigEndian.AppendUint32(b, t.Seq)
	b = append(wire.AppendInt32(b, int32(t.Op)), byte(t.Rules))
	b = binary.BigEndian.AppendUint16(b, uint16(len(t.Who)))
	return append(append(b, t.Who...), t.Body...)
}

func decodeTxn(b []byte, t *tree.Txn) bool {
	if len(b) < txnHeader {
		return false
	}
	t.Session = int64(binary.BigEndian.Uint64(b))
	t.Conn = binary.BigEndian.Uint64(b[8:])
	t.Seq = binary.BigEndian.Uint32(b[16:])
	t.Op = wire.Op(binary.BigEndian.Uint32(b[20:]))
	t.Rules = tree.Rules(b[24])
	who := int(binary.BigEndian.Uint16(b[25:]))
	if b = b[txnHeader:]; len(b) < who {
		return false
	}
	t.Who, t.Body = b[:who:who], b[who:]
	return true
}

// propose sends a transaction to the log. The leader adds the time.
func (s *Server) propose(t *tree.Txn) error {
	return s.node.Propose(appendTxn(make([]byte, 0, txnHeader+len(t.Who)+len(t.Body)), t))
}

// machine is the Server as the log sees it.
type machine Server

// Apply applies one entry and answers those of its writes that came from here.
func (m *machine) Apply(e consensus.Entry) {
	s := (*Server)(m)
	txn := tree.Txn{Term: e.Term, Time: e.Time}
	now := time.Now()
	st := s.status.Load()
	leads, cut := st.Leader == st.ID, false
	s.mu.Lock()
	for _, p := range e.Payloads {
		if !decodeTxn(p, &txn) {
			continue // no server of this version writes such
		}
		if txn.Op == wire.OpRestore {
			cut = s.restored(&txn, now) || cut
			continue
		}
		s.tree.Apply(&txn, &s.result)
		if leads {
			s.stats.proposals.add(len(p))
			s.stats.commits.Add(1)
		} else {
			s.stats.learned.Add(1)
		}
		s.publish(&txn, &s.result, now)
	}
	s.mu.Unlock()
	s.flush()
	if cut {
		s.cutAll()
	}
}

// flush sends what the applied entry has put into outboxes.
func (s *Server) flush() {
	direct := len(s.touched) <= manyTouched
	for i, c := range s.touched {
		c.dirty = false
		c.out.flush(direct)
		s.touched[i] = nil
	}
	s.touched = s.touched[:0]
}

// publish tells the connections here what a transaction did: events first, then
// the reply.
func (s *Server) publish(txn *tree.Txn, res *tree.Result, now time.Time) {
	for _, ch := range res.Changes {
		s.watches.Fire(ch.Type, ch.Path, func(c *conn, typ wire.EventType, path string) {
			acl := ch.ACL
			if typ == wire.EventNodeChildrenChanged {
				acl = ch.Parent
			}
			// Who may not read a znode is not told of it, since 3.8.4 and 3.9.2.
			if s.cfg.SkipACL || acl.Permits(wire.PermRead, *c.who.Load()) {
				c.event(typ, path, res.Zxid)
				s.touch(c)
			}
		})
	}
	if res.Over != "" {
		s.warnQuota(res.Over, now)
	}
	if res.Moved != 0 {
		if c := s.conn(res.Moved); c != nil {
			c.cut()
		}
	}
	s.keepTime(txn, res, now)
	s.answerReconfig(txn, res, now)
	if c := s.conn(txn.Conn); c != nil {
		c.complete(txn, res, now)
		s.touch(c)
	}
	if res.Closed != 0 && txn.Conn == 0 { // expired: the client must find out
		if c := s.conn(binary.BigEndian.Uint64(txn.Body)); c != nil {
			c.cut()
		}
	}
}

// touch notes that c has something to send once the entry is applied.
func (s *Server) touch(c *conn) {
	if !c.dirty {
		c.dirty = true
		s.touched = append(s.touched, c)
	}
}

// complete answers a write of this connection, and the reads behind it up to
// the next write. The caller holds the tree's lock.
func (c *conn) complete(txn *tree.Txn, res *tree.Result, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over {
		return
	}
	if txn.Op == wire.OpCreateSession || txn.Op == wire.OpAttach {
		c.welcome(txn, res, now)
		return
	}
	if len(c.queue) == 0 {
		return
	}
	if res.Pending {
		c.queue[0].taken = true
		return
	}
	r := c.pop()
	if res.Code == wire.CodeSessionMoved || res.Code == wire.CodeSessionExpired && txn.Op != wire.OpCloseSession {
		// Neither is a client to be told on this connection: "writes on the old
		// one -> SESSIONMOVED (-118) = close".
		c.reply(wire.ReplyHeader{Xid: r.xid, Zxid: res.Zxid, Err: res.Code}, nil)
		c.out.closeAfterLast()
		return
	}
	c.answer(r, res)
	c.noteQueued(&r, now)
	if r.op == wire.OpCloseSession {
		c.out.closeAfterLast()
		return
	}
	c.readsBehind(now)
}

// readsBehind answers the reads that are first in the queue now.
func (c *conn) readsBehind(now time.Time) {
	for len(c.queue) > 0 && !knownWrite(c.queue[0].op) {
		r := c.pop()
		ok := c.s.read(ask{c, wire.RequestHeader{Xid: r.xid, Op: r.op}, r.who}, r.body)
		c.noteQueued(&r, now)
		if !ok {
			c.out.closeAfterLast()
			return
		}
	}
}

// answer appends the reply to a write.
func (c *conn) answer(r request, res *tree.Result) {
	h := wire.ReplyHeader{Xid: r.xid, Zxid: res.Zxid, Err: res.Code}
	if res.Code != wire.CodeOK {
		c.reply(h, nil)
		return
	}
	switch r.op {
	case wire.OpCreate, wire.OpSync:
		body := wire.CreateResponse{Path: res.Path}
		c.reply(h, body.Append)
	case wire.OpCreate2, wire.OpCreateContainer, wire.OpCreateTTL:
		body := wire.CreateResponse{Path: res.Path, Stat: &res.Stat}
		c.reply(h, body.Append)
	case wire.OpSetData, wire.OpSetACL:
		c.reply(h, res.Stat.Append)
	case wire.OpReconfig:
		body := wire.GetDataResponse{Data: res.Data, Stat: res.Stat}
		c.reply(h, body.Append)
	case wire.OpMulti:
		body := wire.MultiResponse{Results: res.Multi}
		c.reply(h, body.Append)
	default:
		c.reply(h, nil)
	}
}

// Snapshot notes the tree as it is and returns what writes it out, a piece at a
// time, while entries go on being applied. No piece is written with the lock
// held.
func (m *machine) Snapshot() func(io.Writer) error {
	s := (*Server)(m)
	write, zxid := s.snapshot()
	s.stats.snapZxid.Store(zxid)
	return write
}

// snapshot notes the tree, and returns its zxid too. It may be called at any time from
// anywhere.
func (s *Server) snapshot() (write func(io.Writer) error, zxid int64) {
	s.mu.Lock()
	snap := s.tree.Snapshot()
	zxid = s.tree.LastZxid()
	s.mu.Unlock()
	return func(w io.Writer) error {
		p := &pieces{to: w}
		s.mu.RLock()
		defer s.mu.RUnlock()
		err := snap.WriteTo(p, func() {
			s.mu.RUnlock()
			p.send()
			runtime.Gosched()
			s.mu.RLock()
		})
		if err == nil {
			p.send()
			err = p.err
		}
		return err
	}, zxid
}

// pieces gathers what is written under the lock and sends it outside.
type pieces struct {
	to  io.Writer
	buf []byte
	err error
}

func (p *pieces) Write(b []byte) (int, error) {
	if p.err != nil {
		return 0, p.err
	}
	p.buf = append(p.buf, b...)
	return len(b), nil
}

func (p *pieces) send() {
	if p.err == nil && len(p.buf) > 0 {
		_, p.err = p.to.Write(p.buf)
	}
	p.buf = p.buf[:0]
}

// Restore takes over a tree. Clients of the old one have missed events, so they
// are cut and come back with their watches.
func (m *machine) Restore(r io.Reader) error {
	s := (*Server)(m)
	t, err := tree.Load(r)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.tree = t
	s.aim()
	s.mu.Unlock()
	s.cutAll()
	return nil
}
