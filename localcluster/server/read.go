package server

import (
	"cmp"
	"strings"

	"github.com/zooctl/zooctl/localcluster/server/tree"
	"github.com/zooctl/zooctl/localcluster/server/watch"
	"github.com/zooctl/zooctl/ops/wire"
)

// ask is one request that is answered from the local tree.
type ask struct {
	c   *conn
	h   wire.RequestHeader
	who []byte // the connection's identities when it came, encoded
}

// readers answer the requests that the local tree answers. Each is called with
// the tree's lock held, appends exactly one reply, or returns the error code
// of a request that fails.
var readers = map[wire.Op]func(*Server, ask, *wire.Decoder) wire.Code{
	wire.OpPing:                 (*Server).ping,
	wire.OpExists:               (*Server).exists,
	wire.OpGetData:              (*Server).getData,
	wire.OpGetChildren:          (*Server).getChildren,
	wire.OpGetChildren2:         (*Server).getChildren,
	wire.OpGetACL:               (*Server).getACL,
	wire.OpGetEphemerals:        (*Server).getEphemerals,
	wire.OpGetAllChildrenNumber: (*Server).getAllChildrenNumber,
	wire.OpMultiRead:            (*Server).multiRead,
	wire.OpWhoAmI:               (*Server).whoAmI,
	wire.OpSetWatches:           (*Server).setWatches,
	wire.OpSetWatches2:          (*Server).setWatches,
	wire.OpAddWatch:             (*Server).addWatch,
	wire.OpCheckWatches:         (*Server).checkWatches,
	wire.OpRemoveWatches:        (*Server).checkWatches,
}

// knownWrite tells whether a client's request goes through the log. Sync does, since it
// waits for what is in the log before it.
func knownWrite(op wire.Op) bool { return op.IsWrite() }

// read answers one request from the local tree, whose lock the caller holds,
// and tells whether the connection may go on.
func (s *Server) read(a ask, body []byte) bool {
	f, ok := readers[a.h.Op]
	if !ok {
		// What no server knows ends the connection too, as Apache ZooKeeper 3.8 and 3.9
		// end it.
		a.c.reply(wire.ReplyHeader{Xid: a.h.Xid, Zxid: -1, Err: wire.CodeUnimplemented}, nil)
		a.c.out.closeAfterLast()
		return true
	}
	d := wire.NewDecoder(body)
	code := f(s, a, &d)
	if d.Err() != nil {
		code = wire.CodeMarshallingError
	}
	if code != wire.CodeOK {
		a.c.reply(s.header(a.h.Xid, code), nil)
	}
	return true
}

func (s *Server) header(xid int32, code wire.Code) wire.ReplyHeader {
	return wire.ReplyHeader{Xid: xid, Zxid: s.tree.LastZxid(), Err: code}
}

// find returns a znode that may be read, or why not. Reads know the root by no name,
// too, as Apache ZooKeeper's do.
func (s *Server) find(path string, perm wire.Perm, who []byte) (*tree.Node, wire.Code) {
	n := s.tree.Node(cmp.Or(path, "/"))
	switch {
	case n == nil:
		return nil, wire.CodeNoNode
	case !s.cfg.SkipACL && !s.tree.Allowed(n, perm, who):
		return nil, wire.CodeNoAuth
	}
	return n, wire.CodeOK
}

func (s *Server) ping(a ask, _ *wire.Decoder) wire.Code {
	a.c.reply(s.header(a.h.Xid, wire.CodeOK), nil)
	return wire.CodeOK
}

// exists leaves its watch on a missing znode too: "exists watch on missing node
// arms; getData/getChildren watch on missing node does not".
func (s *Server) exists(a ask, d *wire.Decoder) wire.Code {
	var r wire.PathWatchRequest
	if r.Decode(d); d.Err() != nil {
		return wire.CodeMarshallingError
	}
	if strings.Contains(r.Path, "\x00") {
		return wire.CodeBadArguments
	}
	n, code := s.find(r.Path, wire.PermRead, a.who)
	if code == wire.CodeNoAuth {
		return code
	}
	if r.Watch {
		s.watches.Add(watch.Data, watch.Once, r.Path, a.c)
	}
	if code != wire.CodeOK {
		return code
	}
	stat := n.Stat()
	a.c.reply(s.header(a.h.Xid, wire.CodeOK), stat.Append)
	return wire.CodeOK
}

func (s *Server) getData(a ask, d *wire.Decoder) wire.Code {
	var r wire.PathWatchRequest
	if r.Decode(d); d.Err() != nil {
		return wire.CodeMarshallingError
	}
	n, code := s.find(r.Path, wire.PermRead, a.who)
	if code != wire.CodeOK {
		return code
	}
	if r.Watch {
		s.watches.Add(watch.Data, watch.Once, r.Path, a.c)
	}
	reply := wire.GetDataResponse{Data: n.Data(), Stat: n.Stat()}
	a.c.reply(s.header(a.h.Xid, wire.CodeOK), reply.Append)
	return wire.CodeOK
}

// getChildren answers getChildren and getChildren2, which adds the Stat.
func (s *Server) getChildren(a ask, d *wire.Decoder) wire.Code {
	var r wire.PathWatchRequest
	if r.Decode(d); d.Err() != nil {
		return wire.CodeMarshallingError
	}
	n, code := s.find(r.Path, wire.PermRead, a.who)
	if code != wire.CodeOK {
		return code
	}
	if r.Watch {
		s.watches.Add(watch.Child, watch.Once, r.Path, a.c)
	}
	a.c.reply(s.header(a.h.Xid, wire.CodeOK), func(b []byte) []byte {
		b = appendChildren(b, n)
		if a.h.Op == wire.OpGetChildren2 {
			stat := n.Stat()
			b = stat.Append(b)
		}
		return b
	})
	return wire.CodeOK
}

func appendChildren(b []byte, n *tree.Node) []byte {
	b = wire.AppendInt32(b, int32(n.NumChildren()))
	for name := range n.Children() {
		b = wire.AppendString(b, name)
	}
	return b
}
