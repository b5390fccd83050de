package recipes

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/zooctl/zooctl/ops"
)

// The life of a session that nobody confirms, in parts of its timeout. Two thirds
// after a server was last heard the lock counts as lost: the holder has the next
// sixth to stop properly, and is stopped then. The last sixth is for what the
// holder cannot see: the servers count from when they heard of it, which is
// earlier than when it heard of them.
const (
	lostNum, lostDen         = 2, 3
	deadlineNum, deadlineDen = 5, 6
)

// Held is a lock that is held. It may be used by several goroutines. It is a
// [runner.Lease].
//
// [runner.Lease]: https://pkg.go.dev/github.com/zooctl/zooctl/recipes/runner#Lease
type Held struct {
	c          *ops.Conn
	path, node string
	fence      int64
	timeout    time.Duration

	stop context.CancelFunc
	wg   sync.WaitGroup
	lost chan struct{}

	mu  sync.Mutex
	err error
}

// hold starts to watch over a lock. events are those of its znode.
func hold(c *ops.Conn, path, node string, stat ops.Stat, events <-chan ops.Event) *Held {
	ctx, stop := context.WithCancel(context.Background())
	h := &Held{c: c, path: path, node: node, fence: stat.Czxid, timeout: c.SessionTimeout(), stop: stop, lost: make(chan struct{})}
	// Both end with Release, or when the lock is lost.
	h.wg.Go(func() { h.watch(ctx, events) })
	h.wg.Go(func() { h.clock(ctx) })
	return h
}

// Path returns the path of the lock.
func (h *Held) Path() string { return h.path }

// Node returns the path of the znode that stands for this holder.
func (h *Held) Node() string { return h.node }

// Fence returns a number that is greater than that of every earlier holder of any
// lock of the ensemble: the transaction that made the znode. Whoever is written to
// under the lock can refuse a smaller one than it has seen.
func (h *Held) Fence() int64 { return h.fence }

// Lost is closed when the lock is lost, or no longer certain: the session is over,
// somebody has deleted the znode, or no server was heard for two thirds of the
// session's time. It stays open after Release. What it says is final, even if the
// servers turn out to have kept the znode.
func (h *Held) Lost() <-chan struct{} { return h.lost }

// Err returns why the lock was lost, or nil.
func (h *Held) Err() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.err
}

// Deadline returns until when the servers keep the znode if the holder is heard no
// more. It moves with every sign of a server, and is in the past once the session
// has expired. It says nothing of a znode that somebody deletes.
//
// It counts from when a server that is reached has answered, by this machine's
// clock. A server that has lost its quorum answers too, for a while.
func (h *Held) Deadline() time.Time {
	return h.c.LastHeard().Add(h.timeout * deadlineNum / deadlineDen)
}

// Release gives the lock back and returns when the znode is gone, or with why it
// cannot be known. It may be called again then. Nobody watches over the lock from
// the first call on.
func (h *Held) Release(ctx context.Context) error {
	h.stop()
	h.wg.Wait()
	if err := h.c.DeleteSurely(ctx, h.node); err != nil && h.c.Err() == nil {
		return fmt.Errorf("release %s: %w", h.path, err)
	}
	return nil
}

// lose ends the lock. The first reason stays.
func (h *Held) lose(why error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.err == nil {
		h.err = fmt.Errorf("lock %s: %w", h.path, why)
		close(h.lost)
		h.stop()
	}
}

// watch notices that the znode is deleted.
func (h *Held) watch(ctx context.Context, events <-chan ops.Event) {
	for {
		select {
		case ev := <-events:
			if ev.Err != nil {
				h.lose(ev.Err)
				return
			}
		case <-ctx.Done():
			return
		}
		for again := true; again; { // a change of its data is no harm
			var err error
			_, _, events, err = h.c.GetW(ctx, h.node)
			switch {
			case err == nil:
				again = false
			case ctx.Err() != nil:
				return
			case errors.Is(err, ops.ErrNoNode):
				h.lose(ErrDeleted)
				return
			case !patient(ctx, err):
				h.lose(err)
				return
			}
		}
	}
}

// clock notices that the session is over, or may be soon. It does not ask whether
// a server is connected: one that is and says nothing confirms nothing.
func (h *Held) clock(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		left := time.Until(h.c.LastHeard().Add(h.timeout * lostNum / lostDen))
		if left <= 0 {
			h.lose(ErrSilent)
			return
		}
		timer.Reset(left)
		select {
		case <-timer.C:
		case <-h.c.Lost():
			h.lose(h.c.Err())
			return
		case <-ctx.Done():
			return
		}
	}
}
