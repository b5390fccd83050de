package server_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/zooctl/zooctl/ops/wire"
)

const tick = 100 * time.Millisecond

// TestReadYourWrites sends a write and reads behind it without waiting.
func TestReadYourWrites(t *testing.T) {
	e := startEnsemble(t, 3, tick)
	for i, addr := range e.clients {
		c := connect(t, addr, 4000)
		path := fmt.Sprintf("/n%d", i)
		a := c.send(wire.OpCreate, create(path, "one", 0))
		b := c.send(wire.OpGetData, read(path))
		s := c.send(wire.OpSetData, &wire.SetDataRequest{Path: path, Data: []byte("two"), Version: -1})
		d := c.send(wire.OpGetData, read(path))
		for _, want := range []struct {
			xid  int32
			data string
		}{{a, ""}, {b, "one"}, {s, ""}, {d, "two"}} {
			r := c.recv()
			if r.Xid != want.xid || r.Err != wire.CodeOK {
				t.Fatalf("reply %d %v, want %d", r.Xid, r.Err, want.xid)
			}
			if want.data != "" {
				if got, _ := data(t, r); got != want.data {
					t.Errorf("read %q behind a write of %q", got, want.data)
				}
			}
		}
	}
}

// TestNewConnectionSeesOlderWrites: what was acknowledged on one server is
// there for whoever connects to another afterwards.
func TestNewConnectionSeesOlderWrites(t *testing.T) {
	e := startEnsemble(t, 3, tick)
	c := connect(t, e.clients[0], 4000)
	for i := range 30 {
		path := fmt.Sprintf("/w%d", i)
		c.must(wire.OpCreate, create(path, "", 0))
		connect(t, e.clients[1+i%2], 4000).must(wire.OpExists, read(path))
	}
}

func TestSessionTimeoutIsClamped(t *testing.T) {
	e := startEnsemble(t, 1, tick)
	for ask, want := range map[int32]int32{1: 200, 1000: 1000, 100_000_000: 2000} {
		if got := connect(t, e.clients[0], ask).resp.Timeout; got != want {
			t.Errorf("asked for %d ms: got %d, want %d", ask, got, want)
		}
	}
}

func TestReattach(t *testing.T) {
	e := startEnsemble(t, 3, tick)
	old := connect(t, e.clients[0], 2000)
	old.must(wire.OpCreate, create("/e", "", wire.FlagEphemeral))

	bad, err := dialRaw(t, e.clients[1])
	if err != nil {
		t.Fatal(err)
	}
	if err := bad.hello(wire.ConnectRequest{Timeout: 2000, SessionID: old.resp.SessionID, Password: bytes.Repeat([]byte{7}, 16)}); err != nil {
		t.Fatal(err)
	}
	if bad.resp.Timeout != 0 || bad.resp.SessionID != 0 || !bytes.Equal(bad.resp.Password, make([]byte, 16)) {
		t.Errorf("a bad password got %+v", bad.resp)
	}
	bad.closed()
	old.must(wire.OpExists, read("/e")) // and the session is untouched

	c, err := dialRaw(t, e.clients[1])
	if err != nil {
		t.Fatal(err)
	}
	if err := c.hello(wire.ConnectRequest{Timeout: 2000, SessionID: old.resp.SessionID, Password: old.resp.Password}); err != nil {
		t.Fatal(err)
	}
	if c.resp.SessionID != old.resp.SessionID {
		t.Fatalf("session 0x%x became 0x%x", old.resp.SessionID, c.resp.SessionID)
	}
	old.closed()
	c.must(wire.OpExists, read("/e"))
	c.must(wire.OpSetData, &wire.SetDataRequest{Path: "/e", Data: []byte("x"), Version: -1})
}

func TestLastZxidAheadIsRefused(t *testing.T) {
	e := startEnsemble(t, 1, tick)
	connect(t, e.clients[0], 2000)
	c, err := dialRaw(t, e.clients[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := c.hello(wire.ConnectRequest{Timeout: 2000, LastZxidSeen: 1 << 60}); err == nil {
		t.Errorf("a client from the future got %+v", c.resp)
	}
}

// TestExpiry: a session whose client is silent ends, with its ephemerals, and
// one whose client only pings does not, whichever server it is on.
func TestExpiry(t *testing.T) {
	e := startEnsemble(t, 3, tick)
	for i, addr := range e.clients {
		watcher := connect(t, e.clients[(i+1)%3], 2000)
		path := fmt.Sprintf("/e%d", i)
		silent := connect(t, addr, 200)
		silent.must(wire.OpCreate, create(path, "", wire.FlagEphemeral))
		watcher.must(wire.OpSync, &wire.PathRequest{Path: path})
		watcher.must(wire.OpExists, readWatch(path))
		stop := make(chan struct{})
		go func() { // ends with stop
			for {
				select {
				case <-stop:
					return
				case <-time.After(tick / 2):
					_, _ = watcher.nc.Write(wire.Frame(&wire.RequestHeader{Xid: wire.XidPing, Op: wire.OpPing}))
				}
			}
		}()
		r := watcher.recv()
		for r.Xid == wire.XidPing {
			r = watcher.recv()
		}
		close(stop)
		if r.Xid != wire.XidNotification {
			t.Errorf("got a reply to %d instead of the end of the silent session", r.Xid)
		}
		silent.closed()
	}
}

func TestCloseSession(t *testing.T) {
	e := startEnsemble(t, 3, tick)
	w := connect(t, e.clients[1], 4000)
	c := connect(t, e.clients[0], 4000)
	c.must(wire.OpCreate, create("/e", "", wire.FlagEphemeral))
	w.must(wire.OpSync, &wire.PathRequest{Path: "/e"})
	w.must(wire.OpExists, readWatch("/e"))
	c.must(wire.OpCloseSession, nil)
	c.closed()
	if got := w.event(); got.Type != wire.EventNodeDeleted || got.Path != "/e" {
		t.Errorf("event %+v", got)
	}
}

// TestEventZxid: the header of an event has the zxid of the write behind it, on every
// server, and -1 when setWatches finds out what was missed.
func TestEventZxid(t *testing.T) {
	e := startEnsemble(t, 3, tick)
	w, c := connect(t, e.clients[0], 2000), connect(t, e.clients[1], 2000)
	w.call(wire.OpExists, readWatch("/a"))
	made := c.must(wire.OpCreate, create("/a", "", 0))
	if r := w.recv(); r.Xid != wire.XidNotification || r.Zxid != made.Zxid {
		t.Errorf("event with zxid %d, want %d", r.Zxid, made.Zxid)
	}
	w.send(wire.OpSetWatches, &wire.SetWatches{RelativeZxid: 0, Data: []string{"/a"}})
	for range 2 { // the event comes first
		if r := w.recv(); r.Xid == wire.XidNotification && r.Zxid != -1 {
			t.Errorf("a missed event with zxid %d", r.Zxid)
		}
	}
}

func TestWatches(t *testing.T) {
	e := startEnsemble(t, 1, tick)
	w, c := connect(t, e.clients[0], 2000), connect(t, e.clients[0], 2000)
	if r := w.call(wire.OpExists, readWatch("/a")); r.Err != wire.CodeNoNode {
		t.Fatalf("exists: %v", r.Err)
	}
	if r := w.call(wire.OpGetData, readWatch("/b")); r.Err != wire.CodeNoNode {
		t.Fatalf("getData: %v", r.Err)
	}
	w.must(wire.OpGetChildren2, readWatch("/"))
	c.must(wire.OpCreate, create("/b", "", 0)) // getData armed nothing there
	if got := w.event(); got != (wire.WatcherEvent{Type: wire.EventNodeChildrenChanged, State: 3, Path: "/"}) {
		t.Errorf("event %+v", got)
	}
	c.must(wire.OpCreate, create("/a", "", 0))
	if got := w.event(); got != (wire.WatcherEvent{Type: wire.EventNodeCreated, State: 3, Path: "/a"}) {
		t.Errorf("event %+v", got)
	}
	w.must(wire.OpGetData, readWatch("/a"))
	w.must(wire.OpGetChildren, readWatch("/a"))
	c.must(wire.OpDelete, &wire.DeleteRequest{Path: "/a", Version: -1})
	if got := w.event(); got != (wire.WatcherEvent{Type: wire.EventNodeDeleted, State: 3, Path: "/a"}) {
		t.Errorf("event %+v", got)
	}
	w.must(wire.OpPing, nil) // and no second event for the other watch
}

// TestSetWatches re-arms watches on another server; what was missed comes as
// events before the reply.
func TestSetWatches(t *testing.T) {
	e := startEnsemble(t, 3, tick)
	c := connect(t, e.clients[0], 2000)
	zxid := c.must(wire.OpCreate, create("/same", "", 0)).Zxid
	zxid = max(zxid, c.must(wire.OpCreate, create("/set", "", 0)).Zxid)
	zxid = max(zxid, c.must(wire.OpCreate, create("/gone", "", 0)).Zxid)
	c.must(wire.OpSetData, &wire.SetDataRequest{Path: "/set", Version: -1})
	c.must(wire.OpDelete, &wire.DeleteRequest{Path: "/gone", Version: -1})
	c.must(wire.OpCreate, create("/new", "", 0))

	w := connect(t, e.clients[2], 2000)
	xid := w.send(wire.OpSetWatches, &wire.SetWatches{RelativeZxid: zxid, Data: []string{"/same", "/set", "/gone"}, Exist: []string{"/new", "/never"}, Child: []string{"/same"}})
	want := []wire.WatcherEvent{{Type: wire.EventNodeDataChanged, State: 3, Path: "/set"}, {Type: wire.EventNodeDeleted, State: 3, Path: "/gone"}, {Type: wire.EventNodeCreated, State: 3, Path: "/new"}}
	for _, want := range want {
		if got := w.event(); got != want {
			t.Errorf("event %+v, want %+v", got, want)
		}
	}
	if r := w.recv(); r.Xid != xid || r.Err != wire.CodeOK {
		t.Errorf("reply %+v", r)
	}
	c.must(wire.OpCreate, create("/same/child", "", 0))
	if got := w.event(); got.Type != wire.EventNodeChildrenChanged || got.Path != "/same" {
		t.Errorf("event %+v", got)
	}
	c.must(wire.OpCreate, create("/never", "", 0))
	if got := w.event(); got.Type != wire.EventNodeCreated || got.Path != "/never" {
		t.Errorf("event %+v", got)
	}
}

func TestUnknownOperationKeepsTheConnection(t *testing.T) {
	e := startEnsemble(t, 1, tick)
	c := connect(t, e.clients[0], 2000)
	for _, op := range []wire.Op{500, wire.OpCheck, wire.OpAttach, wire.OpCreateSession, wire.OpMultiRead, wire.OpReconfig} {
		if r := c.call(op, &wire.PathRequest{Path: "/"}); r.Err != wire.CodeUnimplemented || r.Zxid != -1 {
			t.Errorf("%v: %+v, want error -6 with zxid -1", op, r)
		}
	}
	c.must(wire.OpExists, read("/"))
}

func TestHostileBytes(t *testing.T) {
	e := startEnsemble(t, 1, tick)
	good := connect(t, e.clients[0], 2000)
	hello := wire.Frame(&wire.ConnectRequest{Timeout: 2000, Password: make([]byte, 16)})
	for name, b := range map[string][]byte{
		"unknown word":        []byte("xxxx"),
		"http":                []byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
		"negative length":     {0xff, 0xff, 0xff, 0xff},
		"giant length":        {0x7f, 0xff, 0xff, 0xff},
		"short hello":         {0, 0, 0, 2, 1, 2},
		"giant after hello":   append(bytes.Clone(hello), 0x7f, 0, 0, 0),
		"half header":         append(bytes.Clone(hello), 0, 0, 0, 3, 1, 2, 3),
		"half body":           append(bytes.Clone(hello), 0, 0, 0, 12, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 99),
		"bad vector in it":    append(bytes.Clone(hello), wire.Frame(&wire.RequestHeader{Xid: 1, Op: wire.OpSetWatches}, raw{0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff})...),
		"over jute.maxbuffer": append(bytes.Clone(hello), binary.BigEndian.AppendUint32(nil, wire.DefaultMaxFrame+1)...),
	} {
		t.Run(name, func(t *testing.T) {
			c, err := dialRaw(t, e.clients[0])
			if err != nil {
				t.Fatal(err)
			}
			defer c.nc.Close()
			if _, err := c.nc.Write(b); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadAll(c.nc); err != nil && !strings.Contains(err.Error(), "reset") {
				t.Fatalf("the connection was not ended: %v", err)
			}
		})
	}
	good.must(wire.OpExists, read("/"))
}

type raw []byte

func (r raw) Append(b []byte) []byte { return append(b, r...) }

// TestAnnouncedFramesCostNothing: a thousand connections that announce a
// megabyte and send nothing may not make the server take a gigabyte.
func TestAnnouncedFramesCostNothing(t *testing.T) {
	e := startEnsemble(t, 1, tick)
	connect(t, e.clients[0], 2000)
	before := heap()
	var conns []net.Conn
	for range 500 {
		nc, err := net.Dial("tcp", e.clients[0])
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, nc)
		if _, err := nc.Write([]byte{0, 0x0f, 0xff, 0xff, 1}); err != nil {
			t.Fatal(err)
		}
	}
	connect(t, e.clients[0], 2000) // the server has had its turn
	if grown := int64(heap()) - int64(before); grown > 200<<20 {
		t.Errorf("500 announced frames of 1 MiB cost %d MiB", grown>>20)
	}
	for _, nc := range conns {
		nc.Close()
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse
}

// TestClientThatNeverReads: it is held up, and no one else is.
func TestClientThatNeverReads(t *testing.T) {
	e := startEnsemble(t, 1, tick)
	good := connect(t, e.clients[0], 2000)
	good.must(wire.OpCreate, create("/big", strings.Repeat("x", 500_000), 0))
	mute := connect(t, e.clients[0], 2000)
	before := heap()
	_ = mute.nc.SetWriteDeadline(time.Now().Add(2 * time.Second))
	frame := wire.Frame(&wire.RequestHeader{Xid: 1, Op: wire.OpGetData}, read("/big"))
	for range 20_000 {
		if _, err := mute.nc.Write(frame); err != nil {
			break // the server has stopped reading, as it should
		}
	}
	if grown := int64(heap()) - int64(before); grown > 64<<20 {
		t.Errorf("a client that never reads cost %d MiB", grown>>20)
	}
	good.must(wire.OpSetData, &wire.SetDataRequest{Path: "/big", Version: -1})
}

func TestFrameLimit(t *testing.T) {
	e := startEnsemble(t, 1, tick)
	c := connect(t, e.clients[0], 2000)
	c.must(wire.OpCreate, create("/big", strings.Repeat("x", 1_048_000), 0))
	// The server may end the connection before the frame is out.
	_, _ = c.nc.Write(wire.Frame(&wire.RequestHeader{Xid: 9, Op: wire.OpSetData}, &wire.SetDataRequest{Path: "/big", Data: make([]byte, 1_048_577), Version: -1}))
	c.closed()
}

func TestWords(t *testing.T) {
	e := startEnsemble(t, 3, tick)
	for _, addr := range e.clients {
		connect(t, addr, 2000)
	}
	leaders := 0
	for _, addr := range e.clients {
		for w, want := range map[string]string{
			"ruok": "imok", "ruok\n": "imok", "isro": "rw", "srvr": "Zookeeper version: 3.9.0", "mntr": "zk_server_state\t",
			"stat": "Clients:\n", "envi": "zookeeper.version=", "conf": "tickTime=100\n", "wchp": "wchp is not executed because it is not in the whitelist.\n",
		} {
			got, err := word(addr, w)
			if err != nil || !strings.Contains(got, want) {
				t.Errorf("%q: %q, %v; want %q in it", w, got, err, want)
			}
		}
		if got, _ := word(addr, "srvr"); strings.Contains(got, "Mode: leader") {
			leaders++
		}
	}
	if leaders != 1 {
		t.Errorf("%d servers call themselves leader", leaders)
	}
}

// TestFollowersCounted: mntr counts the followers that the leader has, not those
// that it was configured with, and srvr tells the sizes of what it proposed.
func TestFollowersCounted(t *testing.T) {
	e := startEnsemble(t, 3, tick)
	c := connect(t, e.clients[0], 2000)
	c.must(wire.OpCreate, create("/a", "x", 0))
	says := func(w, want string) int {
		t.Helper()
		for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
			for i, addr := range e.clients {
				if got, _ := word(addr, w); strings.Contains(got, want) {
					return i
				}
			}
		}
		t.Fatalf("no server says %q", want)
		return 0
	}
	leader := says("mntr", "zk_followers\t2\n")
	if got, _ := word(e.clients[leader], "srvr"); !strings.Contains(got, "Proposal sizes last/min/max: ") || strings.Contains(got, "-1/-1/-1") {
		t.Errorf("srvr of the leader: %q", got)
	}
	e.stop((leader + 1) % 3)
	if now := says("mntr", "zk_followers\t1\n"); now != leader {
		t.Errorf("server %d leads, and not %d", now, leader)
	}
}

// TestWithoutQuorum: a server that is left alone drops its clients and says so.
func TestWithoutQuorum(t *testing.T) {
	e := startEnsemble(t, 3, tick)
	c := connect(t, e.clients[0], 2000)
	c.must(wire.OpCreate, create("/kept", "x", 0))
	e.stop(1)
	e.stop(2)
	c.closed()
	if got, err := word(e.clients[0], "srvr"); err != nil || got != "This ZooKeeper instance is not currently serving requests\n" {
		t.Errorf("srvr: %q, %v", got, err)
	}
	if got, _ := word(e.clients[0], "ruok"); got != "imok" {
		t.Errorf("ruok: %q", got)
	}
	e.restart(1)
	if got, _ := data(t, connect(t, e.clients[0], 2000).must(wire.OpGetData, read("/kept"))); got != "x" {
		t.Errorf("read %q", got)
	}
}

// TestSessionsSurviveRestart: sessions, their passwords and ephemerals are in
// the log.
func TestSessionsSurviveRestart(t *testing.T) {
	e := startEnsemble(t, 3, tick)
	c := connect(t, e.clients[0], 2000)
	c.must(wire.OpCreate, create("/e", "", wire.FlagEphemeral))
	e.stopAll()
	for i := range e.servers {
		e.restart(i)
	}
	for end := time.Now().Add(patience); ; time.Sleep(2 * time.Millisecond) {
		again, err := dialRaw(t, e.clients[2])
		if err != nil {
			t.Fatal(err)
		}
		if err = again.hello(wire.ConnectRequest{Timeout: 2000, SessionID: c.resp.SessionID, Password: c.resp.Password}); err == nil {
			if again.resp.SessionID != c.resp.SessionID {
				t.Fatalf("session 0x%x is gone", c.resp.SessionID)
			}
			again.must(wire.OpExists, read("/e"))
			return
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
	}
}
