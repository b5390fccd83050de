package localcluster_test

import (
	"encoding/hex"
	"testing"

	"github.com/zooctl/zooctl/ops/wire"
	"github.com/zooctl/zooctl/ops/wire/wiretest"
)

// conformWatches: which watch is told what, once. "exists watch on missing node arms;
// getData/getChildren watch on missing node does not".
func conformWatches(t *testing.T, s *subject) {
	w, c := s.connect(t, 1), s.connect(t, 0)
	root := s.root(t, c)
	w.Must(wire.OpSync, &wire.PathRequest{Path: root})
	next := func(typ wire.EventType, path string) {
		t.Helper()
		if e := w.Event(); e != (wire.WatcherEvent{Type: typ, State: wire.StateSyncConnected, Path: path}) {
			t.Errorf("event %+v, want %d %s", e, typ, path)
		}
	}
	quiet := func() { // whatever was to come has come: the next frame is the reply to sync
		t.Helper()
		w.Must(wire.OpSync, &wire.PathRequest{Path: root})
	}
	equal(t, "exists", code(w.Call(wire.OpExists, wiretest.ReadWatch(root+"/a"))), wire.CodeNoNode)
	equal(t, "getData", code(w.Call(wire.OpGetData, wiretest.ReadWatch(root+"/b"))), wire.CodeNoNode)
	equal(t, "getChildren", code(w.Call(wire.OpGetChildren, wiretest.ReadWatch(root+"/b"))), wire.CodeNoNode)
	c.Must(wire.OpCreate, wiretest.Create(root+"/b", "", 0))
	quiet()
	c.Must(wire.OpCreate, wiretest.Create(root+"/a", "", 0))
	r := w.Recv()
	equal(t, "header of an event", r.Xid, wire.XidNotification)
	equal(t, "body of an event", hex.EncodeToString(r.Body), "00000001"+"00000003"+hex.EncodeToString(wire.AppendString(nil, root+"/a")))
	c.Must(wire.OpSetData, &wire.SetDataRequest{Path: root + "/a", Version: -1})
	quiet() // a watch is for one event

	w.Must(wire.OpGetData, wiretest.ReadWatch(root+"/a"))
	w.Must(wire.OpGetChildren2, wiretest.ReadWatch(root))
	c.Must(wire.OpSetData, &wire.SetDataRequest{Path: root + "/a", Version: -1})
	next(wire.EventNodeDataChanged, root+"/a")
	c.Must(wire.OpCreate, wiretest.Create(root+"/a/x", "", 0))
	quiet() // neither a grandchild nor data
	c.Must(wire.OpCreate, wiretest.Create(root+"/c", "", 0))
	next(wire.EventNodeChildrenChanged, root)

	w.Must(wire.OpGetData, wiretest.ReadWatch(root+"/c"))
	w.Must(wire.OpGetChildren, wiretest.ReadWatch(root+"/c"))
	w.Must(wire.OpGetChildren, wiretest.ReadWatch(root))
	c.Must(wire.OpDelete, &wire.DeleteRequest{Path: root + "/c", Version: -1})
	next(wire.EventNodeDeleted, root+"/c") // one for both watches
	next(wire.EventNodeChildrenChanged, root)

	w.Must(wire.OpExists, wiretest.ReadWatch(root+"/b"))
	w.Must(wire.OpExists, wiretest.ReadWatch(root+"/b")) // the same twice is one
	c.Must(wire.OpMulti, &wire.MultiRequest{Ops: []wire.MultiOp{
		{Op: wire.OpSetData, Path: root + "/b", Version: -1}, {Op: wire.OpDelete, Path: root + "/b", Version: -1}}})
	next(wire.EventNodeDataChanged, root+"/b")
	quiet()
}

// conformEventFirst: "event is sent before any reply whose zxid >= the change".
func conformEventFirst(t *testing.T, s *subject) {
	for i := range s.servers {
		c := s.connect(t, i)
		root := s.root(t, c)
		for range 20 {
			c.Must(wire.OpGetData, wiretest.ReadWatch(root))
			xid := c.Send(wire.OpSetData, &wire.SetDataRequest{Path: root, Version: -1})
			c.Send(wire.OpGetData, wiretest.Read(root))
			if e := c.Event(); e.Type != wire.EventNodeDataChanged {
				t.Fatalf("event %+v", e)
			}
			equal(t, "the write's reply behind its event", c.Recv().Xid, xid)
			equal(t, "the read behind it", c.Recv().Xid, xid+1)
		}
	}
}

// conformSetWatches: a client that was away arms its watches again. What it missed comes
// as events first, then the reply, and the rest is armed.
func conformSetWatches(t *testing.T, s *subject) {
	c := s.connect(t, 0)
	root := s.root(t, c)
	for _, p := range []string{"/changed", "/deleted", "/same", "/parent", "/gone"} {
		c.Must(wire.OpCreate, wiretest.Create(root+p, "", 0))
	}
	seen := c.Must(wire.OpGetData, wiretest.Read(root)).Zxid
	c.Must(wire.OpSetData, &wire.SetDataRequest{Path: root + "/changed", Version: -1})
	c.Must(wire.OpDelete, &wire.DeleteRequest{Path: root + "/deleted", Version: -1})
	c.Must(wire.OpDelete, &wire.DeleteRequest{Path: root + "/gone", Version: -1})
	c.Must(wire.OpCreate, wiretest.Create(root+"/parent/x", "", 0))
	c.Must(wire.OpCreate, wiretest.Create(root+"/made", "", 0))

	w := s.connect(t, 1)
	w.Must(wire.OpSync, &wire.PathRequest{Path: root})
	w.Send(wire.OpSetWatches, &wire.SetWatches{
		RelativeZxid: seen,
		Data:         []string{root + "/changed", root + "/deleted", root + "/same"},
		Exist:        []string{root + "/made", root + "/still"},
		Child:        []string{root + "/parent", root + "/gone", root + "/same"},
	})
	want := map[wire.WatcherEvent]bool{
		{Type: wire.EventNodeDataChanged, State: 3, Path: root + "/changed"}:    true,
		{Type: wire.EventNodeDeleted, State: 3, Path: root + "/deleted"}:        true,
		{Type: wire.EventNodeCreated, State: 3, Path: root + "/made"}:           true,
		{Type: wire.EventNodeChildrenChanged, State: 3, Path: root + "/parent"}: true,
		{Type: wire.EventNodeDeleted, State: 3, Path: root + "/gone"}:           true,
	}
	for n := len(want); n > 0; n-- {
		if e := w.Event(); !want[e] {
			t.Errorf("event %+v", e)
		} else {
			delete(want, e)
		}
	}
	if r := w.Recv(); r.Xid != wire.XidSetWatches || r.Err != wire.CodeOK || len(r.Body) != 0 {
		t.Errorf("reply %+v", r)
	}
	c.Must(wire.OpCreate, wiretest.Create(root+"/still", "", 0))
	if e := w.Event(); e.Type != wire.EventNodeCreated || e.Path != root+"/still" {
		t.Errorf("event %+v", e)
	}
	c.Must(wire.OpCreate, wiretest.Create(root+"/same/x", "", 0))
	if e := w.Event(); e.Type != wire.EventNodeChildrenChanged || e.Path != root+"/same" {
		t.Errorf("event %+v", e)
	}
}
