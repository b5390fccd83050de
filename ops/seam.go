package ops

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/zooctl/zooctl/ops/wire"
)

const (
	// maxReply bounds one reply, in bytes. It is far above a server's
	// jute.maxbuffer, because a list of children may be too: reading such a list
	// is how one gets rid of it.
	maxReply = 64 << 20
	// maxHello bounds the first reply. A longer one is not ZooKeeper's.
	maxHello = 1 << 10
	// The pauses between two rounds of trying all servers.
	firstPause, lastPause = 20 * time.Millisecond, 250 * time.Millisecond
	// ownXids begin here. The library counts from 1 and does not get this far.
	ownXids = 1 << 30
)

// seam is the net.Conn that the library believes to be a socket. It finds a server
// itself, so that a server which refuses a session, as one without a quorum does,
// costs milliseconds and not one of the library's second-long pauses. Frames whose
// transaction id is ours are kept from the library.
type seam struct {
	c     *Conn
	hello []byte // the library's connect request
	head  []byte // what the library has yet to read
	br    *bufio.Reader

	mu    sync.Mutex
	inner net.Conn // nil before the handshake
	over  bool

	write sync.Mutex // whole frames only
}

func (c *Conn) newSeam(string, string, time.Duration) (net.Conn, error) {
	if c.ctx.Err() != nil {
		// The library asks again at once until it is told to quit.
		time.Sleep(time.Millisecond)
		return nil, ErrClosed
	}
	return &seam{c: c}, nil
}

// Write takes the library's frames, which come whole.
func (s *seam) Write(b []byte) (int, error) {
	s.mu.Lock()
	inner, over := s.inner, s.over
	s.mu.Unlock()
	switch {
	case over:
		return 0, net.ErrClosed
	case inner == nil:
		s.hello = append([]byte(nil), b...)
		return len(b), nil
	}
	s.write.Lock()
	defer s.write.Unlock()
	return inner.Write(b)
}

// Read gives the library its frames, and everyone else theirs.
func (s *seam) Read(b []byte) (int, error) {
	if s.br == nil {
		if err := s.connect(); err != nil {
			return 0, err
		}
	}
	for len(s.head) == 0 {
		if err := s.next(); err != nil {
			s.broken()
			return 0, err
		}
	}
	n := copy(b, s.head)
	s.head = s.head[n:]
	return n, nil
}

// next reads one frame. A server that is silent for two thirds of the session's
// time, in which several pings went out, is given up.
func (s *seam) next() error {
	if err := s.inner.SetReadDeadline(time.Now().Add(s.c.SessionTimeout() * 2 / 3)); err != nil {
		return err
	}
	frame, err := wire.ReadFrame(s.br, maxReply, nil)
	if err != nil {
		return err
	}
	s.c.hear()
	var h wire.ReplyHeader
	d := wire.NewDecoder(frame)
	if h.Decode(&d); d.Err() != nil {
		return d.Err()
	}
	for z := s.c.zxid.Load(); h.Zxid > z && !s.c.zxid.CompareAndSwap(z, h.Zxid); z = s.c.zxid.Load() {
	}
	switch {
	case h.Xid >= ownXids:
		s.c.deliver(h, d.Rest())
	case h.Xid == wire.XidAuth:
		if h.Err != wire.CodeOK {
			s.c.lose(fmt.Errorf("%w: the server refused the identity", ErrNoAuth))
		}
	default:
		s.head = append(binary.BigEndian.AppendUint32(nil, uint32(len(frame))), frame...)
	}
	return nil
}

// connect tries the servers in turn until one takes the session.
func (s *seam) connect() error {
	c := s.c
	pause := firstPause
	for round := 1; ; round++ {
		final := 0 // servers that will not do better by waiting
		for range c.cfg.Servers {
			c.mu.Lock()
			server := c.cfg.Servers[c.next%len(c.cfg.Servers)]
			c.next++
			c.mu.Unlock()
			err := s.try(server)
			if err == nil || c.ctx.Err() != nil {
				return err
			}
			c.mu.Lock()
			c.reasons[server] = err
			c.mu.Unlock()
			if errors.Is(err, ErrNotZooKeeper) || errors.Is(err, syscall.ECONNREFUSED) && round > 1 {
				final++
			}
		}
		c.mu.Lock()
		if final == len(c.cfg.Servers) && c.session.SessionID == 0 && c.hopeless == nil {
			c.hopeless = ErrNoServer
			close(c.changed)
			c.changed = make(chan struct{})
		}
		c.mu.Unlock()
		t := time.NewTimer(pause)
		select {
		case <-c.ctx.Done():
			t.Stop()
			return ErrClosed
		case <-t.C:
		}
		pause = min(2*pause, lastPause)
	}
}

// try asks one server for the session.
func (s *seam) try(server string) error {
	c := s.c
	patience := max(c.cfg.ConnectTimeout/time.Duration(2*len(c.cfg.Servers)), 500*time.Millisecond)
	ctx, cancel := context.WithTimeout(c.ctx, patience)
	defer cancel()
	var d net.Dialer
	nc, err := d.DialContext(ctx, "tcp", server)
	if err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			return errors.New("no answer to the connection")
		}
		if op, ok := errors.AsType[*net.OpError](err); ok {
			err = op.Err // the address is named already
		}
		if sys, ok := errors.AsType[syscall.Errno](err); ok {
			err = sys
		}
		return err
	}
	stop := context.AfterFunc(c.ctx, func() { _ = nc.Close() }) // Close does not wait for a mute server
	defer stop()
	_ = nc.SetDeadline(time.Now().Add(patience))
	br := bufio.NewReaderSize(nc, 64<<10)
	resp, frame, err := s.greet(nc, br)
	if err != nil {
		_ = nc.Close()
		return err
	}
	if resp.SessionID == 0 || resp.Timeout <= 0 {
		_ = nc.Close()
		c.lose(ErrSessionExpired)
		return ErrSessionExpired
	}
	_ = nc.SetDeadline(time.Time{})
	s.head = append(binary.BigEndian.AppendUint32(nil, uint32(len(frame))), frame...)
	return s.adopt(nc, br, server, resp)
}

// greet sends the connect request and reads the answer. The request tells the
// highest zxid that this session has seen, so that no server takes it which is
// behind that; the library knows only of its own replies.
func (s *seam) greet(nc net.Conn, br *bufio.Reader) (resp wire.ConnectResponse, frame []byte, err error) {
	var req wire.ConnectRequest
	d := wire.NewDecoder(s.hello[min(4, len(s.hello)):])
	if req.Decode(&d); d.Err() != nil {
		return resp, nil, d.Err()
	}
	req.LastZxidSeen = max(req.LastZxidSeen, s.c.zxid.Load())
	if _, err = nc.Write(wire.Frame(&req)); err != nil {
		return resp, nil, err
	}
	frame, err = wire.ReadFrame(br, maxHello, nil)
	if _, long := errors.AsType[*wire.FrameTooLongError](err); long {
		return resp, nil, ErrNotZooKeeper
	}
	if errors.Is(err, io.EOF) {
		return resp, nil, errors.New("it closed the connection, as a server without a quorum does")
	}
	if t, ok := errors.AsType[net.Error](err); ok && t.Timeout() {
		return resp, nil, errors.New("it took the connection and did not answer")
	}
	if err != nil {
		return resp, nil, err
	}
	d = wire.NewDecoder(frame)
	if resp.Decode(&d); d.Err() != nil {
		return resp, nil, ErrNotZooKeeper
	}
	resp.Password = append([]byte(nil), resp.Password...)
	return resp, frame, nil
}

// adopt makes nc the session's connection. Identities go out before anything else
// can.
func (s *seam) adopt(nc net.Conn, br *bufio.Reader, server string, resp wire.ConnectResponse) error {
	for _, a := range s.c.cfg.Auth {
		h := wire.RequestHeader{Xid: wire.XidAuth, Op: wire.OpAuth}
		body := wire.AppendBytes(wire.AppendString(wire.AppendInt32(nil, 0), a.Scheme), a.Data)
		if _, err := nc.Write(wire.Frame(&h, rawBody(body))); err != nil {
			_ = nc.Close()
			return err
		}
	}
	c := s.c
	c.hear()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		_ = nc.Close()
		return c.err
	}
	s.mu.Lock()
	s.inner, s.br = nc, br
	s.mu.Unlock()
	c.session, c.server, c.live, c.hopeless = resp, server, s, nil
	clear(c.reasons)
	close(c.changed)
	c.changed = make(chan struct{})
	return nil
}

// broken ends this connection. What was under way has lost its answer.
func (s *seam) broken() {
	c := s.c
	c.mu.Lock()
	var calls map[int32]*call
	if c.live == s {
		c.live = nil
		close(c.changed)
		c.changed = make(chan struct{})
		calls = c.takeCalls()
	}
	c.mu.Unlock()
	s.shut()
	for _, k := range calls {
		k.done <- outcome{err: errCut}
	}
}

func (s *seam) shut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
	if s.inner != nil {
		_ = s.inner.Close() // what could be said was said
	}
}

// Close is the library's.
func (s *seam) Close() error {
	s.broken()
	return nil
}

// The deadlines are the seam's own.

// SetDeadline does nothing.
func (s *seam) SetDeadline(time.Time) error { return nil }

// SetReadDeadline does nothing.
func (s *seam) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline does nothing.
func (s *seam) SetWriteDeadline(time.Time) error { return nil }

// LocalAddr returns no address.
func (s *seam) LocalAddr() net.Addr { return nil }

// RemoteAddr returns no address.
func (s *seam) RemoteAddr() net.Addr { return nil }

// rawBody is a record that is encoded already.
type rawBody []byte

func (r rawBody) Append(b []byte) []byte { return append(b, r...) }
