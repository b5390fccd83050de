package server

import (
	"github.com/zooctl/zooctl/localcluster/server/watch"
	"github.com/zooctl/zooctl/ops/wire"
)

// readers answer the requests that the local tree answers. Each is called with
// the tree's lock held, appends exactly one reply, and returns the error code
// of a request that fails.
var readers = map[wire.Op]func(*Server, *conn, wire.RequestHeader, *wire.Decoder) wire.Code{
	wire.OpPing:         (*Server).ping,
	wire.OpExists:       (*Server).exists,
	wire.OpGetData:      (*Server).getData,
	wire.OpGetChildren:  (*Server).getChildren,
	wire.OpGetChildren2: (*Server).getChildren,
	wire.OpSetWatches:   (*Server).setWatches,
}

// knownWrite tells whether the tree knows how to apply op.
func knownWrite(op wire.Op) bool {
	switch op {
	case wire.OpCreate, wire.OpCreate2, wire.OpDelete, wire.OpSetData, wire.OpSync, wire.OpMulti, wire.OpCloseSession, wire.OpReconfig:
		return true
	}
	return false
}

// read answers one request from the local tree, whose lock the caller holds,
// and tells whether the connection may go on.
func (s *Server) read(c *conn, h wire.RequestHeader, body []byte) bool {
	f, ok := readers[h.Op]
	if !ok {
		// What no server knows ends the connection too, as Apache ZooKeeper 3.8 and 3.9
		// end it. What only this one lacks does not: a client can go on without it.
		c.reply(wire.ReplyHeader{Xid: h.Xid, Zxid: -1, Err: wire.CodeUnimplemented}, nil)
		if !h.Op.Requested() {
			c.out.closeAfterLast()
		}
		return true
	}
	d := wire.NewDecoder(body)
	code := f(s, c, h, &d)
	if d.Err() != nil {
		return false // not a request of this protocol
	}
	if code != wire.CodeOK {
		c.reply(s.header(h.Xid, code), nil)
	}
	return true
}

func (s *Server) header(xid int32, code wire.Code) wire.ReplyHeader {
	return wire.ReplyHeader{Xid: xid, Zxid: s.tree.LastZxid(), Err: code}
}

func (s *Server) ping(c *conn, h wire.RequestHeader, _ *wire.Decoder) wire.Code {
	c.reply(s.header(h.Xid, wire.CodeOK), nil)
	return wire.CodeOK
}

// exists leaves its watch on a missing znode too: "exists watch on missing node
// arms; getData/getChildren watch on missing node does not".
func (s *Server) exists(c *conn, h wire.RequestHeader, d *wire.Decoder) wire.Code {
	var r wire.PathWatchRequest
	if r.Decode(d); d.Err() != nil {
		return wire.CodeMarshallingError
	}
	if r.Watch {
		s.watches.Add(watch.Data, r.Path, c)
	}
	n := s.tree.Node(r.Path)
	if n == nil {
		return wire.CodeNoNode
	}
	stat := n.Stat()
	c.reply(s.header(h.Xid, wire.CodeOK), stat.Append)
	return wire.CodeOK
}

func (s *Server) getData(c *conn, h wire.RequestHeader, d *wire.Decoder) wire.Code {
	var r wire.PathWatchRequest
	if r.Decode(d); d.Err() != nil {
		return wire.CodeMarshallingError
	}
	n := s.tree.Node(r.Path)
	if n == nil {
		return wire.CodeNoNode
	}
	if r.Watch {
		s.watches.Add(watch.Data, r.Path, c)
	}
	reply := wire.GetDataResponse{Data: n.Data(), Stat: n.Stat()}
	c.reply(s.header(h.Xid, wire.CodeOK), reply.Append)
	return wire.CodeOK
}

// getChildren answers getChildren and getChildren2, which adds the Stat.
func (s *Server) getChildren(c *conn, h wire.RequestHeader, d *wire.Decoder) wire.Code {
	var r wire.PathWatchRequest
	if r.Decode(d); d.Err() != nil {
		return wire.CodeMarshallingError
	}
	n := s.tree.Node(r.Path)
	if n == nil {
		return wire.CodeNoNode
	}
	if r.Watch {
		s.watches.Add(watch.Child, r.Path, c)
	}
	c.reply(s.header(h.Xid, wire.CodeOK), func(b []byte) []byte {
		b = wire.AppendInt32(b, int32(n.NumChildren()))
		for name := range n.Children() {
			b = wire.AppendString(b, name)
		}
		if h.Op == wire.OpGetChildren2 {
			stat := n.Stat()
			b = stat.Append(b)
		}
		return b
	})
	return wire.CodeOK
}

// setWatches re-arms the watches of a client that comes back. What changed
// since it last knew is sent as events, and these go before the reply.
func (s *Server) setWatches(c *conn, h wire.RequestHeader, d *wire.Decoder) wire.Code {
	var r wire.SetWatches
	if r.Decode(d); d.Err() != nil {
		return wire.CodeMarshallingError
	}
	for _, p := range r.Data {
		switch n := s.tree.Node(p); {
		case n == nil:
			c.event(wire.EventNodeDeleted, p, noZxid)
		case n.Stat().Mzxid > r.RelativeZxid:
			c.event(wire.EventNodeDataChanged, p, noZxid)
		default:
			s.watches.Add(watch.Data, p, c)
		}
	}
	for _, p := range r.Exist {
		if s.tree.Node(p) != nil {
			c.event(wire.EventNodeCreated, p, noZxid)
		} else {
			s.watches.Add(watch.Data, p, c)
		}
	}
	for _, p := range r.Child {
		switch n := s.tree.Node(p); {
		case n == nil:
			c.event(wire.EventNodeDeleted, p, noZxid)
		case n.Stat().Pzxid > r.RelativeZxid:
			c.event(wire.EventNodeChildrenChanged, p, noZxid)
		default:
			s.watches.Add(watch.Child, p, c)
		}
	}
	c.reply(s.header(h.Xid, wire.CodeOK), nil)
	return wire.CodeOK
}
