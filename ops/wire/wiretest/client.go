// Package wiretest has a ZooKeeper client for the tests of servers. It sends the frames
// that it is told to send, shows every frame that comes, and does nothing by itself: it
// does not ping, does not reconnect, and hides nothing.
package wiretest

import (
	"bufio"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/zooctl/zooctl/ops/wire"
)

// Patience bounds every wait. It is no measurement: nothing that works comes near it.
const Patience = 30 * time.Second

// Reply is one frame from a server, its header taken off.
type Reply struct {
	wire.ReplyHeader
	Body []byte
}

// Client is one connection. Its methods fail the test where they say nothing else.
type Client struct {
	t    testing.TB
	br   *bufio.Reader
	xid  int32
	Conn net.Conn
	Resp wire.ConnectResponse // what the server said to Hello
}

// Dial connects to a server, which is told nothing yet.
func Dial(t testing.TB, addr string) (*Client, error) {
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { _ = nc.Close() })
	_ = nc.SetDeadline(time.Now().Add(Patience))
	return &Client{t: t, Conn: nc, br: bufio.NewReader(nc)}, nil
}

// Hello opens or takes up a session.
func (c *Client) Hello(req wire.ConnectRequest) error {
	if req.Password == nil {
		req.Password = make([]byte, wire.PasswordLen)
	}
	req.HasReadOnly = true
	if _, err := c.Conn.Write(wire.Frame(&req)); err != nil {
		return err
	}
	frame, err := c.Frame()
	if err != nil {
		return err
	}
	d := wire.NewDecoder(frame)
	c.Resp.Decode(&d)
	return d.Err()
}

// Connect opens a session, trying again while the ensemble has no leader.
func Connect(t testing.TB, addr string, timeoutMS int32) *Client {
	t.Helper()
	var err error
	for end := time.Now().Add(Patience); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		var c *Client
		if c, err = Dial(t, addr); err != nil {
			continue
		}
		if err = c.Hello(wire.ConnectRequest{Timeout: timeoutMS}); err == nil {
			return c
		}
		_ = c.Conn.Close()
	}
	t.Fatalf("no session on %s: %v", addr, err)
	return nil
}

// Send sends one request and returns its xid. A record of nil is an empty body.
func (c *Client) Send(op wire.Op, r wire.Record) int32 {
	c.t.Helper()
	c.xid++
	xid := c.xid
	switch op {
	case wire.OpPing:
		xid = wire.XidPing
	case wire.OpSetWatches:
		xid = wire.XidSetWatches
	}
	h := wire.RequestHeader{Xid: xid, Op: op}
	frame := wire.Frame(&h)
	if r != nil {
		frame = wire.Frame(&h, r)
	}
	if _, err := c.Conn.Write(frame); err != nil {
		c.t.Fatalf("send %v: %v", op, err)
	}
	return xid
}

// Frame reads the next frame, whatever it is.
func (c *Client) Frame() ([]byte, error) { return wire.ReadFrame(c.br, 64<<20, nil) }

// TryRecv reads the next frame behind the first.
func (c *Client) TryRecv() (Reply, error) {
	frame, err := c.Frame()
	if err != nil {
		return Reply{}, err
	}
	var r Reply
	d := wire.NewDecoder(frame)
	r.Decode(&d)
	r.Body = d.Rest()
	return r, d.Err()
}

// Recv reads the next frame behind the first, which must come.
func (c *Client) Recv() Reply {
	c.t.Helper()
	r, err := c.TryRecv()
	if err != nil {
		c.t.Fatalf("receive: %v", err)
	}
	return r
}

// Call sends one request and returns its reply, which must be the next frame.
func (c *Client) Call(op wire.Op, r wire.Record) Reply {
	c.t.Helper()
	xid := c.Send(op, r)
	got := c.Recv()
	if got.Xid != xid {
		c.t.Fatalf("%v: got a frame with xid %d, want %d: %q", op, got.Xid, xid, got.Body)
	}
	return got
}

// Must is a Call that the server must not refuse.
func (c *Client) Must(op wire.Op, r wire.Record) Reply {
	c.t.Helper()
	got := c.Call(op, r)
	if got.Err != wire.CodeOK {
		c.t.Fatalf("%v %+v: %v", op, r, got.Err)
	}
	return got
}

// Event reads the next frame, which must be an event.
func (c *Client) Event() wire.WatcherEvent {
	c.t.Helper()
	r := c.Recv()
	if r.Xid != wire.XidNotification {
		c.t.Fatalf("got a reply to %d, want an event", r.Xid)
	}
	var e wire.WatcherEvent
	d := wire.NewDecoder(r.Body)
	if e.Decode(&d); d.Err() != nil {
		c.t.Fatal(d.Err())
	}
	return e
}

// Closed waits for the server to end the connection.
func (c *Client) Closed() {
	c.t.Helper()
	for {
		if _, err := c.TryRecv(); err != nil {
			var timeout net.Error
			if errors.As(err, &timeout) && timeout.Timeout() {
				c.t.Fatal("the server did not end the connection")
			}
			return
		}
	}
}

// Word sends a four-letter word and returns all that comes.
func Word(addr, w string) (string, error) {
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		return "", err
	}
	defer nc.Close()
	_ = nc.SetDeadline(time.Now().Add(Patience))
	if _, err := io.WriteString(nc, w); err != nil {
		return "", err
	}
	b, err := io.ReadAll(nc)
	return string(b), err
}

// Create asks for a znode that anyone may do anything with.
func Create(path, data string, flags int32) *wire.CreateRequest {
	return &wire.CreateRequest{Path: path, Data: []byte(data), ACL: wire.WorldACL(), Flags: flags}
}

// Read asks for a znode, ReadWatch for a watch too.
func Read(path string) *wire.PathWatchRequest { return &wire.PathWatchRequest{Path: path} }

// ReadWatch asks for a znode and leaves a watch.
func ReadWatch(path string) *wire.PathWatchRequest {
	return &wire.PathWatchRequest{Path: path, Watch: true}
}

// Data decodes the reply to getData.
func Data(t testing.TB, r Reply) (string, wire.Stat) {
	t.Helper()
	var g wire.GetDataResponse
	d := wire.NewDecoder(r.Body)
	if g.Decode(&d); d.Err() != nil || r.Err != wire.CodeOK {
		t.Fatalf("getData: %v, %v", r.Err, d.Err())
	}
	return string(g.Data), g.Stat
}
