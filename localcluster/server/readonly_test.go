package server_test

import (
	"strings"
	"testing"
	"time"

	"github.com/zooctl/zooctl/localcluster/server"
	"github.com/zooctl/zooctl/ops/wire"
	"github.com/zooctl/zooctl/ops/wire/wiretest"
)

// reader opens a session that is content with reading.
func (e *ensemble) reader(i int) *wiretest.Client {
	e.t.Helper()
	var err error
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		var c *wiretest.Client
		if c, err = wiretest.Dial(e.t, e.clients[i]); err != nil {
			continue
		}
		if err = c.Hello(wire.ConnectRequest{Timeout: 2000, ReadOnly: true}); err == nil && c.Resp.SessionID != 0 && c.Resp.ReadOnly {
			return c
		}
		_ = c.Conn.Close()
	}
	e.t.Fatalf("server %d gives no session for reading: %v", i+1, err)
	return nil
}

// TestReadOnlyMode: a server without the others answers reads, refuses writes, takes
// nobody who may write elsewhere, and sends its readers away once there is a leader.
func TestReadOnlyMode(t *testing.T) {
	e := startWith(t, 3, tick, func(_ int, cfg *server.Config) { cfg.ReadOnly = true })
	global := e.connect(0)
	global.Must(wire.OpCreate, wiretest.Create("/kept", "v", 0))
	global.Must(wire.OpSync, wiretest.Read("/kept"))
	e.servers[0].SetLinks([]server.Link{{Peer: 2, Mute: true, Deaf: true}, {Peer: 3, Mute: true, Deaf: true}})
	global.Closed()

	c := e.reader(0)
	var got wire.GetDataResponse
	d := wire.NewDecoder(c.Must(wire.OpGetData, wiretest.Read("/kept")).Body)
	if got.Decode(&d); string(got.Data) != "v" {
		t.Errorf("read %q", got.Data)
	}
	for _, op := range []wire.Op{wire.OpCreate, wire.OpSetData, wire.OpDelete, wire.OpSync, wire.OpMulti, wire.OpReconfig} {
		if r := c.Call(op, wiretest.Create("/no", "", 0)); r.Err != wire.CodeNotReadOnly {
			t.Errorf("%v: %v", op, r.Err)
		}
	}
	for word, want := range map[string]string{"isro": "ro", "srvr": "Mode: read-only", "mntr": "zk_server_state\tread-only"} {
		if got, err := wiretest.Word(e.clients[0], word); err != nil || !strings.Contains(got, want) {
			t.Errorf("%s says %q, %v", word, got, err)
		}
	}
	for name, req := range map[string]wire.ConnectRequest{
		"one that wants to write":           {Timeout: 2000},
		"one with a session of all servers": {Timeout: 2000, SessionID: global.Resp.SessionID, Password: global.Resp.Password, ReadOnly: true},
		"one that has seen more":            {Timeout: 2000, LastZxidSeen: 1 << 40, ReadOnly: true},
	} {
		x, err := wiretest.Dial(t, e.clients[0])
		if err != nil {
			t.Fatal(err)
		}
		if err := x.Hello(req); err == nil {
			t.Errorf("%s was given session 0x%x", name, x.Resp.SessionID)
		}
	}
	x, err := wiretest.Dial(t, e.clients[0])
	if err == nil {
		err = x.Hello(wire.ConnectRequest{Timeout: 2000, SessionID: 4711, ReadOnly: true})
	}
	if err != nil || x.Resp.SessionID != 0 || x.Resp.Timeout != 0 {
		t.Errorf("a session that nobody knows: %+v, %v", x.Resp, err)
	}

	bye := e.reader(0)
	bye.Must(wire.OpCloseSession, nil)
	bye.Closed()
	silent := e.reader(0)
	silent.Closed() // its timeout is over

	c = e.reader(0)
	e.servers[0].SetLinks(nil)
	c.Closed()
	after := e.connect(0)
	if after.Resp.ReadOnly {
		t.Error("a server with a leader says that it is read-only")
	}
	after.Must(wire.OpCreate, wiretest.Create("/more", "", 0))
}

// TestReadOnlyModeIsAskedFor: without the setting a lone server serves nobody.
func TestReadOnlyModeIsAskedFor(t *testing.T) {
	e := startEnsemble(t, 3, tick)
	e.connect(0)
	e.stop(1)
	e.stop(2)
	for range 20 { // it takes the other two seconds at least
		c, err := wiretest.Dial(t, e.clients[0])
		if err == nil {
			err = c.Hello(wire.ConnectRequest{Timeout: 2000, ReadOnly: true})
		}
		if err == nil && c.Resp.ReadOnly {
			t.Fatal("a session for reading")
		}
		time.Sleep(150 * time.Millisecond)
	}
}
