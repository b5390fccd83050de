package server_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zooctl/zooctl/ops/wire"
	"github.com/zooctl/zooctl/ops/wire/wiretest"
)

const tick = 100 * time.Millisecond

// TestReadYourWrites sends a write and reads behind it without waiting.
func TestReadYourWrites(t *testing.T) {
	e := startEnsemble(t, 3, tick)
	for i, addr := range e.clients {
		c := wiretest.Connect(t, addr, 4000)
		path := fmt.Sprintf("/n%d", i)
		a := c.Send(wire.OpCreate, wiretest.Create(path, "one", 0))
		b := c.Send(wire.OpGetData, wiretest.Read(path))
		s := c.Send(wire.OpSetData, &wire.SetDataRequest{Path: path, Data: []byte("two"), Version: -1})
		d := c.Send(wire.OpGetData, wiretest.Read(path))
		for _, want := range []struct {
			xid  int32
			data string
		}{{a, ""}, {b, "one"}, {s, ""}, {d, "two"}} {
			r := c.Recv()
			if r.Xid != want.xid || r.Err != wire.CodeOK {
				t.Fatalf("reply %d %v, want %d", r.Xid, r.Err, want.xid)
			}
			if want.data != "" {
				if got, _ := wiretest.Data(t, r); got != want.data {
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
	c := wiretest.Connect(t, e.clients[0], 4000)
	for i := range 30 {
		path := fmt.Sprintf("/w%d", i)
		c.Must(wire.OpCreate, wiretest.Create(path, "", 0))
		wiretest.Connect(t, e.clients[1+i%2], 4000).Must(wire.OpExists, wiretest.Read(path))
	}
}

func TestSessionTimeoutIsClamped(t *testing.T) {
	e := startEnsemble(t, 1, tick)
	for ask, want := range map[int32]int32{1: 200, 1000: 1000, 100_000_000: 2000} {
		if got := wiretest.Connect(t, e.clients[0], ask).Resp.Timeout; got != want {
			t.Errorf("asked for %d ms: got %d, want %d", ask, got, want)
		}
	}
}

func TestReattach(t *testing.T) {
	e := startEnsemble(t, 3, tick)
	old := wiretest.Connect(t, e.clients[0], 2000)
	old.Must(wire.OpCreate, wiretest.Create("/e", "", wire.FlagEphemeral))

	bad, err := wiretest.Dial(t, e.clients[1])
	if err != nil {
		t.Fatal(err)
	}
	if err := bad.Hello(wire.ConnectRequest{Timeout: 2000, SessionID: old.Resp.SessionID, Password: bytes.Repeat([]byte{7}, 16)}); err != nil {
		t.Fatal(err)
	}
	if bad.Resp.Timeout != 0 || bad.Resp.SessionID != 0 || !bytes.Equal(bad.Resp.Password, make([]byte, 16)) {
		t.Errorf("a bad password got %+v", bad.Resp)
	}
	bad.Closed()
	old.Must(wire.OpExists, wiretest.Read("/e")) // and the session is untouched

	c, err := wiretest.Dial(t, e.clients[1])
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Hello(wire.ConnectRequest{Timeout: 2000, SessionID: old.Resp.SessionID, Password: old.Resp.Password}); err != nil {
		t.Fatal(err)
	}
	if c.Resp.SessionID != old.Resp.SessionID {
		t.Fatalf("session 0x%x became 0x%x", old.Resp.SessionID, c.Resp.SessionID)
	}
	old.Closed()
	c.Must(wire.OpExists, wiretest.Read("/e"))
	c.Must(wire.OpSetData, &wire.SetDataRequest{Path: "/e", Data: []byte("x"), Version: -1})
}

func TestLastZxidAheadIsRefused(t *testing.T) {
	e := startEnsemble(t, 1, tick)
	wiretest.Connect(t, e.clients[0], 2000)
	c, err := wiretest.Dial(t, e.clients[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Hello(wire.ConnectRequest{Timeout: 2000, LastZxidSeen: 1 << 60}); err == nil {
		t.Errorf("a client from the future got %+v", c.Resp)
	}
}

// TestExpiry: a session whose client is silent ends, with its ephemerals, and
// one whose client only pings does not, whichever server it is on.
func TestExpiry(t *testing.T) {
	e := startEnsemble(t, 3, tick)
	for i, addr := range e.clients {
		watcher := wiretest.Connect(t, e.clients[(i+1)%3], 2000)
		path := fmt.Sprintf("/e%d", i)
		silent := wiretest.Connect(t, addr, 200)
		silent.Must(wire.OpCreate, wiretest.Create(path, "", wire.FlagEphemeral))
		watcher.Must(wire.OpSync, &wire.PathRequest{Path: path})
		watcher.Must(wire.OpExists, wiretest.ReadWatch(path))
		stop := make(chan struct{})
		go func() { // ends with stop
			for {
				select {
				case <-stop:
					return
				case <-time.After(tick / 2):
					_, _ = watcher.Conn.Write(wire.Frame(&wire.RequestHeader{Xid: wire.XidPing, Op: wire.OpPing}))
				}
			}
		}()
		r := watcher.Recv()
		for r.Xid == wire.XidPing {
			r = watcher.Recv()
		}
		close(stop)
		if r.Xid != wire.XidNotification {
			t.Errorf("got a reply to %d instead of the end of the silent session", r.Xid)
		}
		silent.Closed()
	}
}

func TestCloseSession(t *testing.T) {
	e := startEnsemble(t, 3, tick)
	w := wiretest.Connect(t, e.clients[1], 4000)
	c := wiretest.Connect(t, e.clients[0], 4000)
	c.Must(wire.OpCreate, wiretest.Create("/e", "", wire.FlagEphemeral))
	w.Must(wire.OpSync, &wire.PathRequest{Path: "/e"})
	w.Must(wire.OpExists, wiretest.ReadWatch("/e"))
	c.Must(wire.OpCloseSession, nil)
	c.Closed()
	if got := w.Event(); got.Type != wire.EventNodeDeleted || got.Path != "/e" {
		t.Errorf("event %+v", got)
	}
}

// TestReadAsWriteEnds: a read that arrives in the moment in which the write before it is
// answered is answered, too, and with its own number. It was once left in the queue.
func TestReadAsWriteEnds(t *testing.T) {
	e := startEnsemble(t, 1, tick)
	var wg sync.WaitGroup
	for k := range 8 {
		c := wiretest.Connect(t, e.clients[0], 20*int32(tick/time.Millisecond))
		path := fmt.Sprint("/r", k)
		c.Must(wire.OpCreate, wiretest.Create(path, "", 0))
		wg.Go(func() {
			for i := range 1500 {
				write := c.Send(wire.OpSetData, &wire.SetDataRequest{Path: path, Version: -1})
				for end := time.Now().Add(time.Duration(i%150) * 2 * time.Microsecond); time.Now().Before(end); {
					runtime.Gosched()
				}
				c.Send(wire.OpGetData, wiretest.Read(path))
				for _, xid := range []int32{write, write + 1} {
					if r, err := c.TryRecv(); err != nil || r.Xid != xid {
						t.Errorf("round %d: a frame with xid %d, want %d: %v", i, r.Xid, xid, err)
						return
					}
				}
			}
		})
	}
	wg.Wait()
}

// TestEventZxid: the header of an event has the zxid of the write behind it, on every
// server, and -1 when setWatches finds out what was missed.
func TestEventZxid(t *testing.T) {
	e := startEnsemble(t, 3, tick)
	w, c := wiretest.Connect(t, e.clients[0], 2000), wiretest.Connect(t, e.clients[1], 2000)
	w.Call(wire.OpExists, wiretest.ReadWatch("/a"))
	made := c.Must(wire.OpCreate, wiretest.Create("/a", "", 0))
	if r := w.Recv(); r.Xid != wire.XidNotification || r.Zxid != made.Zxid {
		t.Errorf("event with zxid %d, want %d", r.Zxid, made.Zxid)
	}
	w.Send(wire.OpSetWatches, &wire.SetWatches{RelativeZxid: 0, Data: []string{"/a"}})
	for range 2 { // the event comes first
		if r := w.Recv(); r.Xid == wire.XidNotification && r.Zxid != -1 {
			t.Errorf("a missed event with zxid %d", r.Zxid)
		}
	}
}

func TestWatches(t *testing.T) {
	e := startEnsemble(t, 1, tick)
	w, c := wiretest.Connect(t, e.clients[0], 2000), wiretest.Connect(t, e.clients[0], 2000)
	if r := w.Call(wire.OpExists, wiretest.ReadWatch("/a")); r.Err != wire.CodeNoNode {
		t.Fatalf("exists: %v", r.Err)
	}
	if r := w.Call(wire.OpGetData, wiretest.ReadWatch("/b")); r.Err != wire.CodeNoNode {
		t.Fatalf("getData: %v", r.Err)
	}
	w.Must(wire.OpGetChildren2, wiretest.ReadWatch("/"))
	c.Must(wire.OpCreate, wiretest.Create("/b", "", 0)) // getData armed nothing there
	if got := w.Event(); got != (wire.WatcherEvent{Type: wire.EventNodeChildrenChanged, State: 3, Path: "/"}) {
		t.Errorf("event %+v", got)
	}
	c.Must(wire.OpCreate, wiretest.Create("/a", "", 0))
	if got := w.Event(); got != (wire.WatcherEvent{Type: wire.EventNodeCreated, State: 3, Path: "/a"}) {
		t.Errorf("event %+v", got)
	}
	w.Must(wire.OpGetData, wiretest.ReadWatch("/a"))
	w.Must(wire.OpGetChildren, wiretest.ReadWatch("/a"))
	c.Must(wire.OpDelete, &wire.DeleteRequest{Path: "/a", Version: -1})
	if got := w.Event(); got != (wire.WatcherEvent{Type: wire.EventNodeDeleted, State: 3, Path: "/a"}) {
		t.Errorf("event %+v", got)
	}
	w.Must(wire.OpPing, nil) // and no second event for the other watch
}

// TestSetWatches re-arms watches on another server; what was missed comes as
// events before the reply.
func TestSetWatches(t *testing.T) {
	e := startEnsemble(t, 3, tick)
	c := wiretest.Connect(t, e.clients[0], 2000)
	zxid := c.Must(wire.OpCreate, wiretest.Create("/same", "", 0)).Zxid
	zxid = max(zxid, c.Must(wire.OpCreate, wiretest.Create("/set", "", 0)).Zxid)
	zxid = max(zxid, c.Must(wire.OpCreate, wiretest.Create("/gone", "", 0)).Zxid)
	c.Must(wire.OpSetData, &wire.SetDataRequest{Path: "/set", Version: -1})
	c.Must(wire.OpDelete, &wire.DeleteRequest{Path: "/gone", Version: -1})
	c.Must(wire.OpCreate, wiretest.Create("/new", "", 0))

	w := wiretest.Connect(t, e.clients[2], 2000)
	xid := w.Send(wire.OpSetWatches, &wire.SetWatches{RelativeZxid: zxid, Data: []string{"/same", "/set", "/gone"}, Exist: []string{"/new", "/never"}, Child: []string{"/same"}})
	want := []wire.WatcherEvent{{Type: wire.EventNodeDataChanged, State: 3, Path: "/set"}, {Type: wire.EventNodeDeleted, State: 3, Path: "/gone"}, {Type: wire.EventNodeCreated, State: 3, Path: "/new"}}
	for _, want := range want {
		if got := w.Event(); got != want {
			t.Errorf("event %+v, want %+v", got, want)
		}
	}
	if r := w.Recv(); r.Xid != xid || r.Err != wire.CodeOK {
		t.Errorf("reply %+v", r)
	}
	c.Must(wire.OpCreate, wiretest.Create("/same/child", "", 0))
	if got := w.Event(); got.Type != wire.EventNodeChildrenChanged || got.Path != "/same" {
		t.Errorf("event %+v", got)
	}
	c.Must(wire.OpCreate, wiretest.Create("/never", "", 0))
	if got := w.Event(); got.Type != wire.EventNodeCreated || got.Path != "/never" {
		t.Errorf("event %+v", got)
	}
}

// TestUnknownOperation: what Apache ZooKeeper does not know either is answered with -6 and
// ends the connection, as there.
func TestUnknownOperation(t *testing.T) {
	e := startEnsemble(t, 1, tick)
	for _, op := range []wire.Op{500, wire.OpCheck, wire.OpAttach, wire.OpCreateSession, wire.OpDeleteContainer} {
		bad := wiretest.Connect(t, e.clients[0], 2000)
		if r := bad.Call(op, &wire.PathRequest{Path: "/"}); r.Err != wire.CodeUnimplemented || r.Zxid != -1 || len(r.Body) != 0 {
			t.Errorf("%v: %+v, want error -6 with zxid -1", op, r)
		}
		bad.Closed()
	}
}

// TestMalformedRequest: a request whose body cannot be read is answered with -5, and the
// connection goes on.
func TestMalformedRequest(t *testing.T) {
	e := startEnsemble(t, 1, tick)
	c := wiretest.Connect(t, e.clients[0], 2000)
	for op, body := range map[wire.Op]raw{
		wire.OpGetData: {0, 0, 0, 99}, wire.OpSetWatches: {0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff}, wire.OpMultiRead: {0, 0, 0, 1, 0, 0},
		wire.OpAddWatch: {0, 0, 0, 1}, wire.OpSetACL: {0, 0, 0, 1, '/', 0x7f}, wire.OpCreate: {1}, wire.OpMulti: {0, 0, 0, 1}, wire.OpReconfig: {},
	} {
		if r := c.Call(op, body); r.Err != wire.CodeMarshallingError {
			t.Errorf("%v: %+v", op, r)
		}
	}
	c.Must(wire.OpExists, wiretest.Read("/"))
}

func TestHostileBytes(t *testing.T) {
	e := startEnsemble(t, 1, tick)
	good := wiretest.Connect(t, e.clients[0], 2000)
	hello := wire.Frame(&wire.ConnectRequest{Timeout: 2000, Password: make([]byte, 16)})
	for name, b := range map[string][]byte{
		"unknown word":        []byte("xxxx"),
		"http":                []byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
		"negative length":     {0xff, 0xff, 0xff, 0xff},
		"giant length":        {0x7f, 0xff, 0xff, 0xff},
		"short hello":         {0, 0, 0, 2, 1, 2},
		"giant after hello":   append(bytes.Clone(hello), 0x7f, 0, 0, 0),
		"half header":         append(bytes.Clone(hello), 0, 0, 0, 3, 1, 2, 3),
		"over jute.maxbuffer": append(bytes.Clone(hello), binary.BigEndian.AppendUint32(nil, wire.DefaultMaxFrame+1)...),
	} {
		t.Run(name, func(t *testing.T) {
			c, err := wiretest.Dial(t, e.clients[0])
			if err != nil {
				t.Fatal(err)
			}
			defer c.Conn.Close()
			if _, err := c.Conn.Write(b); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadAll(c.Conn); err != nil && !strings.Contains(err.Error(), "reset") {
				t.Fatalf("the connection was not ended: %v", err)
			}
		})
	}
	good.Must(wire.OpExists, wiretest.Read("/"))
}

type raw []byte

func (r raw) Append(b []byte) []byte { return append(b, r...) }

// TestAnnouncedFramesCostNothing: a thousand connections that announce a
// megabyte and send nothing may not make the server take a gigabyte.
func TestAnnouncedFramesCostNothing(t *testing.T) {
	e := startEnsemble(t, 1, tick)
	wiretest.Connect(t, e.clients[0], 2000)
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
	wiretest.Connect(t, e.clients[0], 2000) // the server has had its turn
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
	good := wiretest.Connect(t, e.clients[0], 2000)
	good.Must(wire.OpCreate, wiretest.Create("/big", strings.Repeat("x", 500_000), 0))
	mute := wiretest.Connect(t, e.clients[0], 2000)
	before := heap()
	_ = mute.Conn.SetWriteDeadline(time.Now().Add(2 * time.Second))
	frame := wire.Frame(&wire.RequestHeader{Xid: 1, Op: wire.OpGetData}, wiretest.Read("/big"))
	for range 20_000 {
		if _, err := mute.Conn.Write(frame); err != nil {
			break // the server has stopped reading, as it should
		}
	}
	if grown := int64(heap()) - int64(before); grown > 64<<20 {
		t.Errorf("a client that never reads cost %d MiB", grown>>20)
	}
	good.Must(wire.OpSetData, &wire.SetDataRequest{Path: "/big", Version: -1})
}

func TestFrameLimit(t *testing.T) {
	e := startEnsemble(t, 1, tick)
	c := wiretest.Connect(t, e.clients[0], 2000)
	c.Must(wire.OpCreate, wiretest.Create("/big", strings.Repeat("x", 1_048_000), 0))
	// The server may end the connection before the frame is out.
	_, _ = c.Conn.Write(wire.Frame(&wire.RequestHeader{Xid: 9, Op: wire.OpSetData}, &wire.SetDataRequest{Path: "/big", Data: make([]byte, 1_048_577), Version: -1}))
	c.Closed()
}

func TestWords(t *testing.T) {
	e := startEnsemble(t, 3, tick)
	for _, addr := range e.clients {
		wiretest.Connect(t, addr, 2000)
	}
	leaders := 0
	for _, addr := range e.clients {
		for w, want := range map[string]string{
			"ruok": "imok", "ruok\n": "imok", "isro": "rw", "srvr": "Zookeeper version: 3.9.0", "mntr": "zk_server_state\t",
			"stat": "Clients:\n", "envi": "zookeeper.version=", "conf": "tickTime=100\n",
		} {
			got, err := wiretest.Word(addr, w)
			if err != nil || !strings.Contains(got, want) {
				t.Errorf("%q: %q, %v; want %q in it", w, got, err, want)
			}
		}
		if got, _ := wiretest.Word(addr, "srvr"); strings.Contains(got, "Mode: leader") {
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
	c := wiretest.Connect(t, e.clients[0], 2000)
	c.Must(wire.OpCreate, wiretest.Create("/a", "x", 0))
	says := func(w, want string) int {
		t.Helper()
		for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
			for i, addr := range e.clients {
				if got, _ := wiretest.Word(addr, w); strings.Contains(got, want) {
					return i
				}
			}
		}
		t.Fatalf("no server says %q", want)
		return 0
	}
	leader := says("mntr", "zk_followers\t2\n")
	if got, _ := wiretest.Word(e.clients[leader], "srvr"); !strings.Contains(got, "Proposal sizes last/min/max: ") || strings.Contains(got, "-1/-1/-1") {
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
	c := wiretest.Connect(t, e.clients[0], 2000)
	c.Must(wire.OpCreate, wiretest.Create("/kept", "x", 0))
	e.stop(1)
	e.stop(2)
	c.Closed()
	if got, err := wiretest.Word(e.clients[0], "srvr"); err != nil || got != "This ZooKeeper instance is not currently serving requests\n" {
		t.Errorf("srvr: %q, %v", got, err)
	}
	if got, _ := wiretest.Word(e.clients[0], "ruok"); got != "imok" {
		t.Errorf("ruok: %q", got)
	}
	e.restart(1)
	if got, _ := wiretest.Data(t, wiretest.Connect(t, e.clients[0], 2000).Must(wire.OpGetData, wiretest.Read("/kept"))); got != "x" {
		t.Errorf("read %q", got)
	}
}

// TestSessionsSurviveRestart: sessions, their passwords and ephemerals are in
// the log.
func TestSessionsSurviveRestart(t *testing.T) {
	e := startEnsemble(t, 3, tick)
	c := wiretest.Connect(t, e.clients[0], 2000)
	c.Must(wire.OpCreate, wiretest.Create("/e", "", wire.FlagEphemeral))
	e.stopAll()
	for i := range e.servers {
		e.restart(i)
	}
	for end := time.Now().Add(patience); ; time.Sleep(2 * time.Millisecond) {
		again, err := wiretest.Dial(t, e.clients[2])
		if err != nil {
			t.Fatal(err)
		}
		if err = again.Hello(wire.ConnectRequest{Timeout: 2000, SessionID: c.Resp.SessionID, Password: c.Resp.Password}); err == nil {
			if again.Resp.SessionID != c.Resp.SessionID {
				t.Fatalf("session 0x%x is gone", c.Resp.SessionID)
			}
			again.Must(wire.OpExists, wiretest.Read("/e"))
			return
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
	}
}
