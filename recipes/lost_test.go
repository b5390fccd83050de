package recipes_test

import (
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/zooctl/zooctl/ops"
	"github.com/zooctl/zooctl/ops/wire"
	"github.com/zooctl/zooctl/recipes"
)

// TestDeletedByHand: a holder whose znode somebody deletes is told so.
func TestDeletedByHand(t *testing.T) {
	s := servers(t)
	h := acquire(t, dial(t, s), "/l")
	if err := dial(t, s).Delete(t.Context(), h.Node(), ops.Any); err != nil {
		t.Fatal(err)
	}
	if err := isLost(t, h); !errors.Is(err, recipes.ErrDeleted) {
		t.Errorf("%v", err)
	}
	release(t, h)
}

// TestDeletedAfterChange: the watch over the own znode outlives a change of it.
func TestDeletedAfterChange(t *testing.T) {
	s := servers(t)
	c := dial(t, s)
	h := acquire(t, dial(t, s), "/l")
	for range 3 {
		if _, err := c.Set(t.Context(), h.Node(), []byte("x"), ops.Any); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Delete(t.Context(), h.Node(), ops.Any); err != nil {
		t.Fatal(err)
	}
	if err := isLost(t, h); !errors.Is(err, recipes.ErrDeleted) {
		t.Errorf("%v", err)
	}
	release(t, h)
}

// end ends the session of c behind its back: it takes up the session on a
// connection of its own and closes it. The client may take it back in between, so
// it is done again until the client knows.
func end(t *testing.T, server string, c *ops.Conn) {
	t.Helper()
	until(t, "the session is over", func() bool {
		closeSession(t, server, c)
		select {
		case <-c.Lost():
			return true
		default:
			return false
		}
	})
}

func closeSession(t *testing.T, server string, c *ops.Conn) {
	t.Helper()
	nc, err := net.Dial("tcp", server)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	_ = nc.SetDeadline(time.Now().Add(patience))
	hello := wire.ConnectRequest{Timeout: int32(c.SessionTimeout().Milliseconds()), SessionID: c.SessionID(), Password: c.Password()}
	if _, err := nc.Write(wire.Frame(&hello)); err != nil {
		t.Fatal(err)
	}
	if _, err := wire.ReadFrame(nc, 1<<10, nil); err != nil {
		return // taken back, or over
	}
	_, _ = nc.Write(wire.Frame(&wire.RequestHeader{Xid: 1, Op: wire.OpCloseSession})) // so here
	_, _ = io.Copy(io.Discard, nc)                                                    // the server closes
}

// TestExpired: a holder whose session is over is told so, and so is one that waits.
func TestExpired(t *testing.T) {
	s := servers(t)
	c, d := dial(t, s), dial(t, s)
	h := acquire(t, c, "/l")
	w := wait(t, d, "/l", 2)
	end(t, first(s), d)
	<-w.done
	if !errors.Is(w.err, ops.ErrSessionExpired) {
		t.Errorf("waiting: %v", w.err)
	}
	end(t, first(s), c)
	if err := isLost(t, h); !errors.Is(err, ops.ErrSessionExpired) {
		t.Errorf("holding: %v", err)
	}
	release(t, h) // nothing is left to release
	release(t, acquire(t, dial(t, s), "/l"))
}

// TestSilence: a holder that hears no server gives the lock up while the servers
// still keep it for the holder, and before its deadline.
func TestSilence(t *testing.T) {
	s := servers(t)
	k := newLink(t, first(s))
	c, other := dialFor(t, k.addr, shortest), dial(t, s)
	h := acquire(t, c, "/l")
	k.silence(true)
	err := isLost(t, h)
	if left := time.Until(h.Deadline()); left <= 0 {
		t.Errorf("lost %v after the deadline", -left)
	}
	if names := children(t, other, "/l"); len(names) != 1 {
		t.Errorf("the servers have given the lock away: %v", names)
	}
	if !errors.Is(err, recipes.ErrSilent) {
		t.Errorf("%v", err)
	}
	k.restore()
	release(t, h)
	if names := children(t, other, "/l"); len(names) != 0 {
		t.Errorf("left: %v", names)
	}
}

// TestOutage: a wait survives that its server is away for less than the session's
// time.
func TestOutage(t *testing.T) {
	s := servers(t)
	k := newLink(t, first(s))
	c := dialFor(t, k.addr, 4*time.Second)
	h := acquire(t, dial(t, s), "/l")
	w := wait(t, c, "/l", 2)
	changed := c.Changed()
	k.sever()
	<-changed
	release(t, h)
	if got := w.has(t); got.Node() == "" || c.Err() != nil {
		t.Errorf("%s %v", got.Node(), c.Err())
	}
}
