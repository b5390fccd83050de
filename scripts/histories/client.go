package histories

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"time"

	"github.com/zooctl/zooctl/ops/wire"
)

// The bounds of what a client waits for: some time between them. A server may be paused,
// and the client goes elsewhere then, as clients do; the impatient ones are back in time
// to meet with what they left under way.
const (
	leastPatience = 50 * time.Millisecond
	mostPatience  = 600 * time.Millisecond
)

// askedTimeout is the session timeout that clients ask for, the shortest that servers
// grant.
const askedTimeout = 4 * time.Second

// client is one client with one session at a time, which it takes from server to
// server. It asks for one thing after another and repeats nothing.
type client struct {
	id      int
	servers []string
	rng     *rand.Rand
	log     *ledger
	patient bool // waits as long as it takes

	session  int64
	password []byte
	timeout  time.Duration
	zxid     int64 // the last that it was shown
	xid      int32
	server   string
	nc       net.Conn
	br       *bufio.Reader
	watched  map[string]bool
}

func newClient(id int, servers []string, seed uint64, log *ledger) *client {
	return &client{id: id, servers: servers, rng: rand.New(rand.NewPCG(seed, uint64(id))), log: log, watched: map[string]bool{}}
}

// note adds a record of now.
func (c *client) note(r record) {
	r.Client, r.Session, r.Server = c.id, c.session, c.server
	c.log.add(r)
}

// ready sees to it that there is a connection with a session on it. It fails when ctx
// ends.
func (c *client) ready(ctx context.Context) error {
	for c.nc == nil {
		if err := ctx.Err(); err != nil {
			return err
		}
		c.server = c.servers[c.rng.IntN(len(c.servers))]
		if c.greet(ctx) != nil {
			c.drop()
			pause(ctx, time.Duration(c.rng.IntN(20))*time.Millisecond) // servers that are down refuse at once
		}
	}
	return nil
}

// pause waits for a while that is nobody's promise.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// greet opens or takes up the session on the server, and its watches.
func (c *client) greet(ctx context.Context) error {
	d := net.Dialer{Timeout: mostPatience}
	nc, err := d.DialContext(ctx, "tcp", c.server)
	if err != nil {
		return err
	}
	c.nc, c.br = nc, bufio.NewReader(nc)
	call := c.log.now()
	c.hurry()
	password := c.password
	if c.session == 0 {
		password = make([]byte, wire.PasswordLen)
	}
	hello := wire.ConnectRequest{LastZxidSeen: c.zxid, Timeout: int32(askedTimeout.Milliseconds()), SessionID: c.session, Password: password, HasReadOnly: true}
	if _, err := nc.Write(wire.Frame(&hello)); err != nil {
		return err
	}
	frame, err := wire.ReadFrame(c.br, wire.DefaultMaxFrame, nil)
	if err != nil {
		return err
	}
	var resp wire.ConnectResponse
	dec := wire.NewDecoder(frame)
	if resp.Decode(&dec); dec.Err() != nil {
		return dec.Err()
	}
	if resp.SessionID == 0 {
		c.note(record{Kind: expired, Call: call, Return: c.log.now(), Timeout: c.timeout})
		c.forget()
		return errors.New("the session has expired")
	}
	c.session, c.password = resp.SessionID, append([]byte(nil), resp.Password...)
	c.timeout = time.Duration(resp.Timeout) * time.Millisecond
	c.note(record{Kind: connect, Call: call, Return: c.log.now(), Timeout: c.timeout})
	return c.rearm()
}

// hurry bounds what is waited for on the connection.
func (c *client) hurry() {
	wait := leastPatience + time.Duration(c.rng.Int64N(int64(mostPatience-leastPatience)))
	if c.patient {
		wait = time.Minute
	}
	_ = c.nc.SetDeadline(time.Now().Add(wait))
}

// rearm sets the watches anew; what has fired comes as events before the answer.
func (c *client) rearm() error {
	if len(c.watched) == 0 {
		return nil
	}
	w := wire.SetWatches{RelativeZxid: c.zxid}
	for path := range c.watched {
		w.Data = append(w.Data, path)
	}
	_, err := c.call(wire.OpSetWatches, &w)
	return err
}

// forget lets go of the session.
func (c *client) forget() {
	c.session, c.password, c.zxid = 0, nil, 0
	clear(c.watched)
}

// drop ends the connection, not the session.
func (c *client) drop() {
	if c.nc != nil {
		_ = c.nc.Close() // whatever was on it is lost
		c.nc = nil
	}
}

// reply is an answer of a server.
type reply struct {
	wire.ReplyHeader

	body []byte
}

// call sends one request and waits for its answer. Without one the connection is over.
func (c *client) call(op wire.Op, body wire.Record) (reply, error) {
	r, err := c.exchange(op, body)
	if err != nil {
		c.drop()
	}
	return r, err
}

func (c *client) exchange(op wire.Op, body wire.Record) (reply, error) {
	c.xid++
	h := wire.RequestHeader{Xid: c.xid, Op: op}
	if op == wire.OpSetWatches {
		h.Xid = wire.XidSetWatches
	}
	frame := wire.Frame(&h)
	if body != nil {
		frame = wire.Frame(&h, body)
	}
	c.hurry()
	if _, err := c.nc.Write(frame); err != nil {
		return reply{}, err
	}
	for {
		frame, err := wire.ReadFrame(c.br, 4*wire.DefaultMaxFrame, nil)
		if err != nil {
			return reply{}, err
		}
		var r reply
		d := wire.NewDecoder(frame)
		r.Decode(&d)
		r.body = d.Rest()
		switch {
		case d.Err() != nil:
			return reply{}, d.Err()
		case r.Xid == wire.XidNotification:
			if err := c.fired(r); err != nil {
				return reply{}, err
			}
		case r.Xid != h.Xid:
			return reply{}, fmt.Errorf("a reply to %d, not to %d", r.Xid, h.Xid)
		case r.Err == wire.CodeSessionMoved || r.Err == wire.CodeSessionExpired:
			return reply{}, r.Err
		default:
			c.zxid = max(c.zxid, r.Zxid)
			return r, nil
		}
	}
}

// fired notes the event of a watch.
func (c *client) fired(r reply) error {
	var e wire.WatcherEvent
	d := wire.NewDecoder(r.body)
	if e.Decode(&d); d.Err() != nil {
		return d.Err()
	}
	delete(c.watched, e.Path)
	now := c.log.now()
	c.note(record{Kind: event, Path: e.Path, Call: now, Return: now})
	return nil
}
