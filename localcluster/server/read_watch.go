package server

import (
	"github.com/zooctl/zooctl/localcluster/server/watch"
	"github.com/zooctl/zooctl/ops/wire"
)

// setWatches answers setWatches and setWatches2, which re-arm the watches of a client
// that comes back. What changed since it last knew is sent as events, and these go
// before the reply. Watches that stay are re-armed without a look at what they missed.
func (s *Server) setWatches(a ask, d *wire.Decoder) wire.Code {
	var r wire.SetWatches2
	if a.h.Op == wire.OpSetWatches2 {
		r.Decode(d)
	} else {
		r.SetWatches.Decode(d)
	}
	if d.Err() != nil {
		return wire.CodeMarshallingError
	}
	c := a.c
	for _, p := range r.Data {
		switch n := s.tree.Node(p); {
		case n == nil:
			c.event(wire.EventNodeDeleted, p, noZxid)
		case n.Stat().Mzxid > r.RelativeZxid:
			c.event(wire.EventNodeDataChanged, p, noZxid)
		default:
			s.watches.Add(watch.Data, watch.Once, p, c)
		}
	}
	for _, p := range r.Exist {
		if s.tree.Node(p) != nil {
			c.event(wire.EventNodeCreated, p, noZxid)
		} else {
			s.watches.Add(watch.Data, watch.Once, p, c)
		}
	}
	for _, p := range r.Child {
		switch n := s.tree.Node(p); {
		case n == nil:
			c.event(wire.EventNodeDeleted, p, noZxid)
		case n.Stat().Pzxid > r.RelativeZxid:
			c.event(wire.EventNodeChildrenChanged, p, noZxid)
		default:
			s.watches.Add(watch.Child, watch.Once, p, c)
		}
	}
	for _, p := range r.Persistent {
		s.stay(p, wire.WatchPersistent, c)
	}
	for _, p := range r.Recursive {
		s.stay(p, wire.WatchRecursive, c)
	}
	c.reply(s.header(a.h.Xid, wire.CodeOK), nil)
	return wire.CodeOK
}

// stay leaves a watch that fires more than once.
func (s *Server) stay(path string, mode wire.AddWatchMode, c *conn) {
	if mode == wire.WatchRecursive {
		s.watches.Add(watch.Data, watch.Recursive, path, c)
		return
	}
	s.watches.Add(watch.Data, watch.Persistent, path, c)
	s.watches.Add(watch.Child, watch.Persistent, path, c)
}

// addWatch asks neither whether there is a znode nor who may read it.
func (s *Server) addWatch(a ask, d *wire.Decoder) wire.Code {
	var r wire.AddWatchRequest
	if r.Decode(d); d.Err() != nil || r.Mode != wire.WatchPersistent && r.Mode != wire.WatchRecursive {
		return wire.CodeMarshallingError // what Apache ZooKeeper makes of a mode that it does not know
	}
	s.stay(r.Path, r.Mode, a.c)
	var reply wire.ErrorResponse
	a.c.reply(s.header(a.h.Xid, wire.CodeOK), reply.Append)
	return wire.CodeOK
}

// checkWatches answers checkWatches and removeWatches: "-121 if none".
func (s *Server) checkWatches(a ask, d *wire.Decoder) wire.Code {
	var r wire.WatchesRequest
	if r.Decode(d); d.Err() != nil || r.Type < wire.WatcherChildren || r.Type > wire.WatcherRecursive {
		return wire.CodeMarshallingError
	}
	look := s.watches.Watches
	if a.h.Op == wire.OpRemoveWatches {
		look = s.watches.Unwatch
	}
	if !look(r.Type, r.Path, a.c) {
		return wire.CodeNoWatcher
	}
	a.c.reply(s.header(a.h.Xid, wire.CodeOK), nil)
	return wire.CodeOK
}
