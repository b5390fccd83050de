package server_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/zooctl/zooctl/localcluster/server"
	"github.com/zooctl/zooctl/ops/wire"
)

// patience bounds every wait in these tests. It is no measurement: nothing that
// works comes near it.
const patience = 20 * time.Second

// ensemble is a few servers in this process.
type ensemble struct {
	t       *testing.T
	dirs    []string
	peers   []server.Peer
	clients []string
	servers []*server.Server
	tick    time.Duration
}

func startEnsemble(t *testing.T, n int, tick time.Duration) *ensemble {
	t.Helper()
	e := &ensemble{t: t, tick: tick, servers: make([]*server.Server, n)}
	var cls, pls []net.Listener
	for i := range n {
		c, p := listen(t, "127.0.0.1:0"), listen(t, "127.0.0.1:0")
		cls, pls = append(cls, c), append(pls, p)
		e.dirs = append(e.dirs, t.TempDir())
		e.clients = append(e.clients, c.Addr().String())
		e.peers = append(e.peers, server.Peer{ID: uint64(i + 1), Addr: p.Addr().String()})
	}
	t.Cleanup(e.stopAll)
	for i := range n {
		e.start(i, cls[i], pls[i])
	}
	return e
}

func listen(t *testing.T, addr string) net.Listener {
	t.Helper()
	var l net.Listener
	var err error
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if l, err = net.Listen("tcp", addr); err == nil {
			return l
		}
	}
	t.Fatal(err)
	return nil
}

func (e *ensemble) start(i int, c, p net.Listener) {
	e.t.Helper()
	s, err := server.Start(server.Config{
		ID: uint64(i + 1), Peers: e.peers, DataDir: e.dirs[i], Client: c, Peer: p,
		Secret: []byte("a secret of these tests"), TickTime: e.tick, Version: "test",
		Logf: func(f string, a ...any) { e.log(i, fmt.Sprintf(f, a...)) },
	})
	if err != nil {
		e.t.Fatal(err)
	}
	e.servers[i] = s
}

var logMu sync.Mutex // t.Log after the test has ended panics; servers are stopped before

func (e *ensemble) log(i int, line string) {
	logMu.Lock()
	defer logMu.Unlock()
	e.t.Logf("server %d: %s", i+1, line)
}

func (e *ensemble) restart(i int) {
	e.t.Helper()
	e.start(i, listen(e.t, e.clients[i]), listen(e.t, e.peers[i].Addr))
}

func (e *ensemble) stop(i int) {
	if s := e.servers[i]; s != nil {
		e.servers[i] = nil
		if err := s.Stop(); err != nil {
			e.t.Errorf("stop server %d: %v", i+1, err)
		}
	}
}

func (e *ensemble) stopAll() {
	for i := range e.servers {
		e.stop(i)
	}
}

// word sends a four-letter word.
func word(addr, w string) (string, error) {
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		return "", err
	}
	defer nc.Close()
	_ = nc.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(nc, w); err != nil {
		return "", err
	}
	b, err := io.ReadAll(nc)
	return string(b), err
}

// reply is one frame from a server, its header taken off.
type reply struct {
	wire.ReplyHeader
	body []byte
}

// client is a ZooKeeper client that sends frames and reads frames, and does
// nothing by itself.
type client struct {
	t    *testing.T
	nc   net.Conn
	br   *bufio.Reader
	xid  int32
	resp wire.ConnectResponse
}

func dialRaw(t *testing.T, addr string) (*client, error) {
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	_ = nc.SetDeadline(time.Now().Add(patience))
	return &client{t: t, nc: nc, br: bufio.NewReader(nc)}, nil
}

func (c *client) hello(req wire.ConnectRequest) error {
	if req.Password == nil {
		req.Password = make([]byte, 16)
	}
	req.HasReadOnly = true
	if _, err := c.nc.Write(wire.Frame(&req)); err != nil {
		return err
	}
	frame, err := wire.ReadFrame(c.br, 1<<20, nil)
	if err != nil {
		return err
	}
	d := wire.NewDecoder(frame)
	c.resp.Decode(&d)
	return d.Err()
}

// connect opens a session, trying again while the ensemble has no leader.
func connect(t *testing.T, addr string, timeoutMS int32) *client {
	t.Helper()
	var err error
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		var c *client
		if c, err = dialRaw(t, addr); err != nil {
			continue
		}
		if err = c.hello(wire.ConnectRequest{Timeout: timeoutMS}); err == nil {
			t.Cleanup(func() { _ = c.nc.Close() })
			return c
		}
		_ = c.nc.Close()
	}
	t.Fatalf("no session on %s: %v", addr, err)
	return nil
}

func (c *client) send(op wire.Op, r wire.Record) int32 {
	c.t.Helper()
	c.xid++
	xid := c.xid
	if op == wire.OpPing {
		xid = wire.XidPing
	}
	h := wire.RequestHeader{Xid: xid, Op: op}
	frame := wire.Frame(&h)
	if r != nil {
		frame = wire.Frame(&h, r)
	}
	if _, err := c.nc.Write(frame); err != nil {
		c.t.Fatalf("send %v: %v", op, err)
	}
	return xid
}

func (c *client) tryRecv() (reply, error) {
	frame, err := wire.ReadFrame(c.br, 64<<20, nil)
	if err != nil {
		return reply{}, err
	}
	var r reply
	d := wire.NewDecoder(frame)
	r.Decode(&d)
	r.body = d.Rest()
	return r, d.Err()
}

func (c *client) recv() reply {
	c.t.Helper()
	r, err := c.tryRecv()
	if err != nil {
		c.t.Fatalf("receive: %v", err)
	}
	return r
}

// call sends one request and returns its reply, which must be the next frame.
func (c *client) call(op wire.Op, r wire.Record) reply {
	c.t.Helper()
	xid := c.send(op, r)
	got := c.recv()
	if got.Xid != xid {
		c.t.Fatalf("%v: got a frame with xid %d, want %d: %q", op, got.Xid, xid, got.body)
	}
	return got
}

func (c *client) must(op wire.Op, r wire.Record) reply {
	c.t.Helper()
	got := c.call(op, r)
	if got.Err != wire.CodeOK {
		c.t.Fatalf("%v: %v", op, got.Err)
	}
	return got
}

func (c *client) event() wire.WatcherEvent {
	c.t.Helper()
	r := c.recv()
	if r.Xid != wire.XidNotification {
		c.t.Fatalf("got a reply to %d, want an event", r.Xid)
	}
	var e wire.WatcherEvent
	d := wire.NewDecoder(r.body)
	if e.Decode(&d); d.Err() != nil {
		c.t.Fatal(d.Err())
	}
	return e
}

// closed waits for the server to end the connection.
func (c *client) closed() {
	c.t.Helper()
	for {
		if _, err := c.tryRecv(); err != nil {
			var timeout net.Error
			if errors.As(err, &timeout) && timeout.Timeout() {
				c.t.Fatal("the server did not end the connection")
			}
			return
		}
	}
}

func create(path, data string, flags int32) *wire.CreateRequest {
	return &wire.CreateRequest{Path: path, Data: []byte(data), ACL: wire.WorldACL(), Flags: flags}
}

func read(path string) *wire.PathWatchRequest { return &wire.PathWatchRequest{Path: path} }

func readWatch(path string) *wire.PathWatchRequest {
	return &wire.PathWatchRequest{Path: path, Watch: true}
}

func data(t *testing.T, r reply) (string, wire.Stat) {
	t.Helper()
	var g wire.GetDataResponse
	d := wire.NewDecoder(r.body)
	if g.Decode(&d); d.Err() != nil {
		t.Fatal(d.Err())
	}
	return string(g.Data), g.Stat
}
