package recipes

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"github.com/zooctl/zooctl/ops"
)

// The ways in which a lock is not had, or is had no longer. Test for them with
// errors.Is. An expired session is [ops.ErrSessionExpired].
var (
	// ErrBusy is an attempt without waiting, at a lock that someone else holds or
	// waits for.
	ErrBusy = errors.New("somebody else has the lock")
	// ErrWaited is the end of the time that was to be waited.
	ErrWaited = errors.New("the lock did not become free in time")
	// ErrBadLock is a znode under the path of a lock that makes no sense there.
	ErrBadLock = errors.New("not in order as a lock")
	// ErrDeleted is the loss of a lock whose znode somebody else has deleted.
	ErrDeleted = errors.New("somebody has deleted the znode of the lock")
	// ErrSilent is the loss of a lock because no server was heard for so long that
	// the session may end before one is.
	ErrSilent = errors.New("no server was heard for two thirds of the session's time")
)

// maxAttempts bounds how often the path of a lock is made again when somebody
// deletes it in between.
const maxAttempts = 16

// LockOptions says how to ask for a lock.
type LockOptions struct {
	Try  bool          // do not wait; and write nothing if there is anyone to wait for
	Wait time.Duration // how long to wait; 0 is for ever
	Data []byte        // what the znode holds, for people who ask who has the lock; nil is "host:pid"
}

// Acquire asks for the lock of a path and returns when it is held. The path and
// its parents are made if they are missing; they stay.
//
// The error is ErrBusy, ErrWaited, ErrBadLock, the cause of ctx, or one of ops'; if
// the session is over, errors.Is(err, ops.ErrSessionExpired) and the place in the
// queue is gone with it. A server that is away is waited for. In every case the
// znode of the attempt is gone when Acquire returns: where it can be deleted
// neither on this connection nor on the next, the session is closed, because
// others would wait for a znode that nobody waits with.
func Acquire(ctx context.Context, c *ops.Conn, path string, opts LockOptions) (*Held, error) {
	if err := ops.CheckPath(path); err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	a := &attempt{c: c, path: path, data: opts.Data}
	if a.data == nil {
		a.data = []byte(who())
	}
	if opts.Wait > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, opts.Wait, ErrWaited)
		defer cancel()
	}
	if opts.Try {
		if err := a.look(ctx); err != nil {
			return nil, a.reason(ctx, err)
		}
	}
	h, err := a.acquire(ctx, opts.Try)
	if err != nil {
		a.abandon()
		return nil, a.reason(ctx, err)
	}
	return h, nil
}

// attempt is one request for a lock.
type attempt struct {
	c    *ops.Conn
	path string
	data []byte
	guid string // in the name of the znode, and of no other
	node string // its path; "" if it is not known to exist
}

// reason says why there is no lock. When ctx has ended, that is the reason,
// whatever it broke off.
func (a *attempt) reason(ctx context.Context, err error) error {
	if ctx.Err() != nil && !errors.Is(err, ErrBusy) && !errors.Is(err, ErrBadLock) {
		err = context.Cause(ctx)
	}
	if errors.Is(err, ErrBadLock) {
		return err // it names the path
	}
	return fmt.Errorf("lock %s: %w", a.path, err)
}

// look fails if anyone queues. The server catches up first: the end of a process
// on another server must be seen by one that was started after it.
func (a *attempt) look(ctx context.Context) error {
	if err := a.c.Sync(ctx, a.path); err != nil {
		return err
	}
	names, _, err := a.c.Children(ctx, a.path)
	if errors.Is(err, ops.ErrNoNode) {
		return nil
	}
	if err != nil {
		return err
	}
	queue, err := contenders(a.path, names)
	if err == nil && len(queue) > 0 {
		err = ErrBusy
	}
	return err
}

// acquire queues and waits. If the znode is deleted by somebody else meanwhile, it
// queues again, at the end.
func (a *attempt) acquire(ctx context.Context, try bool) (*Held, error) {
	for {
		if err := a.enqueue(ctx); err != nil {
			return nil, err
		}
		first, err := a.wait(ctx, try)
		if err != nil {
			return nil, err
		}
		if !first {
			continue
		}
		_, stat, events, err := a.c.GetW(ctx, a.node)
		switch {
		case err == nil:
			return hold(a.c, a.path, a.node, stat, events), nil
		case errors.Is(err, ops.ErrNoNode), patient(ctx, err):
			continue // enqueue leaves a znode that is there as it is
		default:
			return nil, err
		}
	}
}

// enqueue makes the znode, and what it needs above it, unless it is there.
func (a *attempt) enqueue(ctx context.Context) error {
	if a.node != "" {
		_, ok, err := a.c.Exists(ctx, a.node)
		if ok || err != nil && !patient(ctx, err) {
			return err
		}
		if err != nil {
			return nil // not known now: whoever lists the children will see
		}
		a.node = ""
	}
	a.guid = newGUID()
	for made := 0; made < maxAttempts; {
		var err error
		a.node, err = a.c.CreateProtected(ctx, ops.Join(a.path, "_c_"+a.guid+"-lock-"), a.guid, a.data)
		switch {
		case errors.Is(err, ops.ErrNoNode):
			made++
			_, err = a.c.Create(ctx, a.path, nil, ops.CreateOptions{Parents: true})
			if err != nil && !errors.Is(err, ops.ErrNodeExists) && !errors.Is(err, ops.ErrOutcomeUnknown) && !patient(ctx, err) {
				return err
			}
		case patient(ctx, err): // nothing was written, or it is looked for again
			if err := a.adopt(ctx); err != nil && !patient(ctx, err) {
				return err
			}
			if a.node != "" {
				return nil
			}
		default:
			return err
		}
	}
	return fmt.Errorf("lock %s: %w: the path is deleted as often as it is made", a.path, ErrBadLock)
}

// patient says whether err is the absence of a server, which may end. A call that
// fails with ErrConnLost has waited for one; one that sets a watch may also fail
// with what the socket said as it broke, and the next call waits.
func patient(ctx context.Context, err error) bool {
	if ctx.Err() != nil {
		return false
	}
	_, socket := errors.AsType[*net.OpError](err)
	return socket || errors.Is(err, ops.ErrConnLost) || errors.Is(err, net.ErrClosed) || errors.Is(err, io.EOF)
}

// adopt looks for a znode whose creation was not answered.
func (a *attempt) adopt(ctx context.Context) error {
	if err := a.c.Sync(ctx, a.path); err != nil {
		return err
	}
	names, _, err := a.c.Children(ctx, a.path)
	if err != nil && !errors.Is(err, ops.ErrNoNode) {
		return err
	}
	for _, name := range names {
		if strings.Contains(name, a.guid) {
			a.node = ops.Join(a.path, name)
		}
	}
	return nil
}

// abandon deletes the znode, whether its creation was answered or not. It has its
// own time: that in which the session would end if no server were reached, so
// that a connection that has gone silent is given up and replaced within it.
func (a *attempt) abandon() {
	if a.guid == "" || a.c.Err() != nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), a.c.SessionTimeout())
	defer cancel()
	for a.node == "" {
		err := a.adopt(ctx)
		if err == nil && a.node == "" || a.c.Err() != nil {
			return
		}
		if err != nil && !patient(ctx, err) {
			break
		}
	}
	drop(ctx, a.c, a.node)
}

// drop deletes a znode or closes its session. An empty path is a znode that could
// not be found.
func drop(ctx context.Context, c *ops.Conn, node string) {
	if node == "" || c.DeleteSurely(ctx, node) != nil {
		_ = c.Close() // the session ends in any case: at once, or when its time is up
	}
}

// who names this process to people.
func who() string {
	host, err := os.Hostname()
	if err != nil {
		host = "?"
	}
	return fmt.Sprintf("%s:%d", host, os.Getpid())
}

// newGUID returns a random UUID, version 4 of RFC 9562.
func newGUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it cannot fail
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
