package ops

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zooctl/zooctl/ops/wire"
)

// call is a request of ours that waits for its reply.
type call struct{ done chan outcome }

type outcome struct {
	code wire.Code
	zxid int64
	body []byte
	err  error
}

// errCut means that the connection went while a request was under way.
var errCut = errors.New("connection lost")

// errUnsent means that a request did not leave.
var errUnsent = errors.New("not sent")

// MaxRequest is the longest request that is sent, in bytes: a server closes the
// connection on a longer frame than its jute.maxbuffer, 0xfffff by default.
const MaxRequest = wire.DefaultMaxFrame

// do sends a request and waits for its reply, on another server if need be. A read
// is sent again when the connection goes; a write that has left is not.
func (c *Conn) do(ctx context.Context, name string, op wire.Op, path string, body wire.Record) ([]byte, int64, error) {
	began := time.Now()
	b, zxid, err := c.retry(ctx, name, op, body)
	c.trace(op, path, began, err)
	return b, zxid, fail(name, path, err)
}

func (c *Conn) retry(ctx context.Context, name string, op wire.Op, body wire.Record) ([]byte, int64, error) {
	changes := op.IsWrite() && op != wire.OpSync
	if changes && c.cfg.ReadOnly {
		return nil, 0, ErrReadOnly
	}
	for {
		s, err := c.await(ctx)
		if err != nil {
			return nil, 0, err
		}
		b, zxid, err := c.once(ctx, s, name, op, body)
		switch {
		case errors.Is(err, errUnsent):
		case errors.Is(err, errCut) && changes, changes && ctx.Err() != nil && err != nil && errors.Is(err, ctx.Err()):
			return nil, 0, ErrOutcomeUnknown
		case errors.Is(err, errCut):
		default:
			return b, zxid, err
		}
		if err := c.Err(); err != nil {
			return nil, 0, err
		}
	}
}

// once sends a request on one connection.
func (c *Conn) once(ctx context.Context, s *seam, _ string, op wire.Op, body wire.Record) ([]byte, int64, error) {
	k := &call{done: make(chan outcome, 1)}
	c.mu.Lock()
	if c.live != s {
		c.mu.Unlock()
		return nil, 0, errUnsent
	}
	c.lastXid = (c.lastXid + 1) & (ownXids - 1)
	xid := ownXids | c.lastXid
	c.calls[xid] = k
	c.mu.Unlock()
	h := wire.RequestHeader{Xid: xid, Op: op}
	frame := wire.Frame(&h)
	if body != nil {
		frame = wire.Frame(&h, body)
	}
	if n := len(frame) - 4; n > MaxRequest {
		c.forget(xid)
		return nil, 0, fmt.Errorf("%w: the request has %d bytes, the server takes %d", ErrTooLarge, n, MaxRequest)
	}
	if n, err := s.Write(frame); err != nil && n < len(frame) {
		// A server does not act on a part of a frame.
		c.forget(xid)
		s.broken()
		return nil, 0, errUnsent
	}
	select {
	case out := <-k.done:
		if out.err != nil {
			return nil, 0, out.err
		}
		if out.code == wire.CodeSessionExpired || out.code == wire.CodeSessionMoved {
			c.lose(codeError(out.code))
		}
		return out.body, out.zxid, codeError(out.code)
	case <-ctx.Done():
		c.forget(xid)
		return nil, 0, ctx.Err()
	}
}

// deliver hands a reply to the call that waits for it, if it still does.
func (c *Conn) deliver(h wire.ReplyHeader, body []byte) {
	c.mu.Lock()
	k := c.calls[h.Xid]
	delete(c.calls, h.Xid)
	c.mu.Unlock()
	if k != nil {
		k.done <- outcome{code: h.Err, zxid: h.Zxid, body: body}
	}
}

func (c *Conn) forget(xid int32) {
	c.mu.Lock()
	delete(c.calls, xid)
	c.mu.Unlock()
}

// trace writes a line about a request. Names and values of users' data stay out of
// it, but for the path, which is quoted.
func (c *Conn) trace(op wire.Op, path string, began time.Time, err error) {
	if c.cfg.Trace == nil {
		return
	}
	outcome := "ok"
	if err != nil {
		outcome = err.Error()
	}
	_, _ = fmt.Fprintf(c.cfg.Trace, "%s %q %.3fms %s\n", op, path, float64(time.Since(began).Microseconds())/1000, outcome)
}
