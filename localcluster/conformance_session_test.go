package localcluster_test

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"github.com/zooctl/zooctl/ops/wire"
	"github.com/zooctl/zooctl/ops/wire/wiretest"
)

// conformConnect: "45-byte request -> 37-byte reply, 44 -> 36"; "timeout clamped to [2,20]
// x tickTime (1 -> 4000, 1e8 -> 40000)".
func conformConnect(t *testing.T, s *subject) {
	for _, readOnly := range []bool{true, false} {
		c, err := wiretest.Dial(t, s.servers[0])
		if err != nil {
			t.Fatal(err)
		}
		req := wire.ConnectRequest{Timeout: 10_000, Password: make([]byte, 16), HasReadOnly: readOnly}
		frame := wire.Frame(&req)
		if _, err := c.Conn.Write(frame); err != nil {
			t.Fatal(err)
		}
		reply, err := c.Frame()
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "bytes of the reply", len(reply), len(frame)-4-8)
	}
	for asked, given := range map[int32]int32{1: 4000, 10_000: 10_000, 100_000_000: 40_000} {
		c := wiretest.Connect(t, s.servers[1], asked)
		equal(t, "timeout", c.Resp.Timeout, given)
		if len(c.Resp.Password) != 16 || c.Resp.SessionID == 0 {
			t.Errorf("session 0x%x, password of %d bytes", c.Resp.SessionID, len(c.Resp.Password))
		}
		c.Must(wire.OpCloseSession, nil)
	}
}

// conformStale: "unknown/expired session or bad password -> reply timeout 0, sid 0, 16
// zero bytes, then close; never a new session"; "lastZxidSeen > our last applied -> close
// with no reply".
func conformStale(t *testing.T, s *subject) {
	live := s.connect(t, 0)
	for name, req := range map[string]wire.ConnectRequest{
		"unknown session": {Timeout: 10_000, SessionID: 0x1234567, Password: bytes.Repeat([]byte{1}, 16)},
		"bad password":    {Timeout: 10_000, SessionID: live.Resp.SessionID, Password: bytes.Repeat([]byte{7}, 16)},
	} {
		c, err := wiretest.Dial(t, s.servers[1])
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Hello(req); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if c.Resp.Timeout != 0 || c.Resp.SessionID != 0 || !bytes.Equal(c.Resp.Password, make([]byte, 16)) {
			t.Errorf("%s: %+v", name, c.Resp)
		}
		c.Closed()
	}
	live.Must(wire.OpExists, wiretest.Read("/"))
	ahead, err := wiretest.Dial(t, s.servers[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := ahead.Hello(wire.ConnectRequest{Timeout: 10_000, LastZxidSeen: 1 << 60}); err == nil {
		t.Errorf("a client from the future was told %+v", ahead.Resp)
	}
}

// conformAttach: "re-attach on ANY server with id+password works; old connection is
// closed".
func conformAttach(t *testing.T, s *subject) {
	old := s.connect(t, 0)
	path := s.root(t, old) + "/e"
	old.Must(wire.OpCreate, wiretest.Create(path, "", wire.FlagEphemeral))
	for _, i := range []int{1, 2, 0} {
		c, err := wiretest.Dial(t, s.servers[i])
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Hello(wire.ConnectRequest{Timeout: 20_000, SessionID: old.Resp.SessionID, Password: old.Resp.Password}); err != nil {
			t.Fatal(err)
		}
		if c.Resp.SessionID != old.Resp.SessionID || c.Resp.Timeout != 20_000 || !bytes.Equal(c.Resp.Password, old.Resp.Password) {
			t.Fatalf("server %d: %+v", i+1, c.Resp)
		}
		c.Must(wire.OpSetData, &wire.SetDataRequest{Path: path, Data: []byte("new"), Version: -1})
		// Apache's server of the old connection hears of the move when it writes.
		_, _ = old.Conn.Write(wire.Frame(&wire.RequestHeader{Xid: 99, Op: wire.OpSetData}, &wire.SetDataRequest{Path: path, Data: []byte("old"), Version: -1}))
		old.Closed()
		if got, _ := wiretest.Data(t, c.Must(wire.OpGetData, wiretest.Read(path))); got != "new" {
			t.Errorf("the old connection wrote %q", got)
		}
		old = c
	}
	old.Must(wire.OpCloseSession, nil)
}

// conformClose: "close replies, then server closes the socket", and the ephemerals are
// gone; ping: "reply header only, zxid = last applied". An operation that nobody knows is
// answered with -6, and the connection ends.
func conformClose(t *testing.T, s *subject) {
	c, other := s.connect(t, 0), s.connect(t, 1)
	path := s.root(t, c)
	made := c.Must(wire.OpCreate, wiretest.Create(path+"/e", "", wire.FlagEphemeral))
	// A check outside a multi is not tried: Apache's servers write it to their logs and
	// cannot read those again.
	bad := s.connect(t, 0)
	if r := bad.Call(wire.Op(500), nil); r.Err != wire.CodeUnimplemented || r.Zxid != -1 || len(r.Body) != 0 {
		t.Errorf("operation 500: %+v", r)
	}
	bad.Closed()
	c.Send(wire.OpPing, nil)
	if r := c.Recv(); r.Xid != wire.XidPing || r.Err != wire.CodeOK || r.Zxid < made.Zxid || len(r.Body) != 0 {
		t.Errorf("ping: %+v after zxid 0x%x", r, made.Zxid)
	}
	other.Must(wire.OpSync, &wire.PathRequest{Path: path})
	other.Must(wire.OpExists, wiretest.ReadWatch(path+"/e"))
	if r := c.Must(wire.OpCloseSession, nil); r.Zxid <= made.Zxid {
		t.Errorf("the end of a session has zxid 0x%x, and a write before it 0x%x", r.Zxid, made.Zxid)
	}
	c.Closed()
	if e := other.Event(); e.Type != wire.EventNodeDeleted || e.Path != path+"/e" {
		t.Errorf("event %+v", e)
	}
	equal(t, "the ephemeral of a closed session", code(other.Call(wire.OpExists, wiretest.Read(path+"/e"))), wire.CodeNoNode)
}

// conformExpiry: an ephemeral stays as long as its session may come back, and goes with
// it.
func conformExpiry(t *testing.T, s *subject) {
	w := s.connect(t, 0)
	path := s.root(t, w)
	c := wiretest.Connect(t, s.servers[2], 4000)
	c.Must(wire.OpCreate, wiretest.Create(path+"/e", "", wire.FlagEphemeral))
	w.Must(wire.OpSync, &wire.PathRequest{Path: path})
	w.Must(wire.OpExists, wiretest.ReadWatch(path+"/e"))
	began := time.Now()
	_ = c.Conn.Close()
	if e := w.Event(); e.Type != wire.EventNodeDeleted || e.Path != path+"/e" {
		t.Errorf("event %+v", e)
	}
	if lived := time.Since(began); lived < 3*time.Second { // a lower bound: it may not be dropped early
		t.Errorf("a session with a timeout of 4s was gone after %v", lived)
	}
	back, err := wiretest.Dial(t, s.servers[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := back.Hello(wire.ConnectRequest{Timeout: 4000, SessionID: c.Resp.SessionID, Password: c.Resp.Password}); err != nil || back.Resp.Timeout != 0 {
		t.Errorf("an expired session: %+v, %v", back.Resp, err)
	}
}

// conformOrder: "replies in request order", reads behind writes too.
func conformOrder(t *testing.T, s *subject) {
	for i := range s.servers {
		c := s.connect(t, i)
		path := s.root(t, c)
		const n = 60
		var xids []int32
		for k := range n {
			xids = append(xids, c.Send(wire.OpSetData, &wire.SetDataRequest{Path: path, Data: binary.BigEndian.AppendUint32(nil, uint32(k)), Version: -1}),
				c.Send(wire.OpGetData, wiretest.Read(path)))
		}
		var last int64
		for k, xid := range xids {
			r := c.Recv()
			if r.Xid != xid || r.Err != wire.CodeOK || r.Zxid < last {
				t.Fatalf("reply %d: %+v, want xid %d and a zxid from 0x%x on", k, r.ReplyHeader, xid, last)
			}
			last = r.Zxid
			if k%2 == 1 {
				if got, _ := wiretest.Data(t, r); binary.BigEndian.Uint32([]byte(got)) != uint32(k/2) {
					t.Fatalf("a read behind write %d saw write %d", k/2, binary.BigEndian.Uint32([]byte(got)))
				}
			}
		}
	}
}

// conformReadYourWrites: the connect reply follows the local application of the session,
// so that a new session on any server sees what was acknowledged before.
func conformReadYourWrites(t *testing.T, s *subject) {
	c := s.connect(t, 0)
	path := s.root(t, c)
	for k := range 30 {
		set := c.Must(wire.OpSetData, &wire.SetDataRequest{Path: path, Data: []byte{byte(k)}, Version: -1})
		later := s.connect(t, 1+k%2)
		if got, _ := wiretest.Data(t, later.Must(wire.OpGetData, wiretest.Read(path))); got != string([]byte{byte(k)}) {
			t.Fatalf("a session made after the write with zxid 0x%x read %q, want %q", set.Zxid, got, []byte{byte(k)})
		}
		later.Must(wire.OpCloseSession, nil)
	}
}
