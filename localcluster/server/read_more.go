package server

import (
	"strings"

	"github.com/zooctl/zooctl/localcluster/server/tree"
	"github.com/zooctl/zooctl/localcluster/server/watch"
	"github.com/zooctl/zooctl/ops/wire"
)

// maxRead is the size from which on the rest of a multiRead is answered with -127: one
// request within jute.maxbuffer can ask for more than any memory holds.
const maxRead = 16 << 20

// getACL shows an ACL to who may read or set it, and what is secret in it to the latter
// alone.
func (s *Server) getACL(a ask, d *wire.Decoder) wire.Code {
	var r wire.PathRequest
	if r.Decode(d); d.Err() != nil {
		return wire.CodeMarshallingError
	}
	n, code := s.find(r.Path, wire.PermRead|wire.PermAdmin, a.who)
	if code != wire.CodeOK {
		return code
	}
	reply := wire.GetACLResponse{ACL: s.tree.ACL(n), Stat: n.Stat()}
	if _, code := s.find(r.Path, wire.PermAdmin, a.who); code != wire.CodeOK {
		reply.ACL = tree.Redacted(reply.ACL)
	}
	a.c.reply(s.header(a.h.Xid, wire.CodeOK), reply.Append)
	return wire.CodeOK
}

// getEphemerals lists those of this session whose paths begin with a text.
func (s *Server) getEphemerals(a ask, d *wire.Decoder) wire.Code {
	var r wire.PathRequest
	if r.Decode(d); d.Err() != nil {
		return wire.CodeMarshallingError
	}
	if p := strings.TrimSpace(r.Path); p == "" || p == "/" {
		r.Path = ""
	}
	paths := s.tree.Ephemerals(a.c.sid.Load(), r.Path)
	a.c.reply(s.header(a.h.Xid, wire.CodeOK), func(b []byte) []byte { return wire.AppendStrings(b, paths) })
	return wire.CodeOK
}

// getAllChildrenNumber "counts all descendants".
func (s *Server) getAllChildrenNumber(a ask, d *wire.Decoder) wire.Code {
	var r wire.PathRequest
	if r.Decode(d); d.Err() != nil {
		return wire.CodeMarshallingError
	}
	n, code := s.find(r.Path, wire.PermRead, a.who)
	if code != wire.CodeOK {
		return code
	}
	reply := wire.CountResponse{Total: int32(n.Descendants())}
	a.c.reply(s.header(a.h.Xid, wire.CodeOK), reply.Append)
	return wire.CodeOK
}

// multiRead answers each of a list of reads, or says why not, each by itself.
func (s *Server) multiRead(a ask, d *wire.Decoder) wire.Code {
	var reads []wire.PathWatchRequest
	var ops []wire.Op
	for {
		op, done, _ := wire.Op(d.Int32()), d.Bool(), d.Int32()
		if d.Err() != nil || !done && op != wire.OpGetData && op != wire.OpGetChildren {
			return wire.CodeMarshallingError
		}
		if done {
			break
		}
		var r wire.PathWatchRequest
		r.Decode(d)
		ops, reads = append(ops, op), append(reads, r)
	}
	a.c.reply(s.header(a.h.Xid, wire.CodeOK), func(b []byte) []byte {
		start := len(b)
		for i, op := range ops {
			n, code := s.find(reads[i].Path, wire.PermRead, a.who)
			if code == wire.CodeOK && len(b)-start > maxRead {
				code = wire.CodeThrottled
			}
			if code != wire.CodeOK {
				b = wire.AppendInt32(wire.AppendMultiHeader(b, wire.OpError, false, code), int32(code))
				continue
			}
			b = wire.AppendMultiHeader(b, op, false, 0)
			if op == wire.OpGetChildren {
				s.watchRead(watch.Child, reads[i], a.c)
				b = appendChildren(b, n)
				continue
			}
			s.watchRead(watch.Data, reads[i], a.c)
			reply := wire.GetDataResponse{Data: n.Data(), Stat: n.Stat()}
			b = reply.Append(b)
		}
		return wire.AppendMultiHeader(b, wire.OpError, true, -1)
	})
	return wire.CodeOK
}

func (s *Server) watchRead(k watch.Kind, r wire.PathWatchRequest, c *conn) {
	if r.Watch {
		s.watches.Add(k, watch.Once, r.Path, c)
	}
}
