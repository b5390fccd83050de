package main

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/zooctl/zooctl/ops/wire"
)

// pingEvery keeps the sessions of a crowd alive.
const pingEvery = sessionTimeout / 4

// crowd is many sessions that watch one znode and do nothing else.
type crowd struct {
	servers []string
	path    string
	all     []*raw

	mu      sync.Mutex
	more    sync.Cond // signalled with every count
	events  int
	replies int
	err     error // of the first reader that ended before its time
	left    bool

	stop chan struct{}
	wg   sync.WaitGroup
}

func newCrowd(servers []string, path string) *crowd {
	c := &crowd{servers: servers, path: path, stop: make(chan struct{})}
	c.more.L = &c.mu
	c.wg.Go(c.keepAlive) // ends with leave
	return c
}

// grow opens sessions until there are n, spread over the servers.
func (c *crowd) grow(ctx context.Context, n int) error {
	const abreast = 16
	fresh := make([]*raw, n-len(c.all))
	errs := make([]error, abreast)
	var wg sync.WaitGroup
	for w := range abreast {
		wg.Go(func() {
			for i := w; i < len(fresh) && errs[w] == nil; i += abreast {
				fresh[i] = &raw{addr: c.servers[i%len(c.servers)]}
				errs[w] = fresh[i].connect(ctx)
			}
		})
	}
	wg.Wait()
	if err := firstOf(errs); err != nil {
		return err
	}
	for _, r := range fresh {
		if err := r.nc.SetDeadline(time.Time{}); err != nil {
			return err
		}
		c.wg.Go(func() { c.listen(r) }) // ends with the connection, which leave closes
	}
	c.mu.Lock()
	c.all = append(c.all, fresh...)
	c.mu.Unlock()
	return nil
}

// listen counts what a session is told.
func (c *crowd) listen(r *raw) {
	var frame []byte
	for {
		var err error
		frame, err = wire.ReadFrame(r.nc, wire.DefaultMaxFrame, frame)
		var h wire.ReplyHeader
		d := wire.NewDecoder(frame)
		if err == nil {
			h.Decode(&d)
		}
		c.mu.Lock()
		switch {
		case err != nil:
			if c.err == nil && !c.left {
				c.err = err
			}
		case h.Xid == wire.XidNotification:
			c.events++
		case h.Xid != wire.XidPing:
			c.replies++
		}
		c.more.Broadcast()
		c.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// arm has every session leave a watch on the data and one on the children.
func (c *crowd) arm(ctx context.Context) error {
	c.mu.Lock()
	want := c.replies + 2*len(c.all)
	c.mu.Unlock()
	for _, r := range c.all {
		if err := r.send(wire.OpGetData, &wire.PathWatchRequest{Path: c.path, Watch: true}); err != nil {
			return err
		}
		if err := r.send(wire.OpGetChildren2, &wire.PathWatchRequest{Path: c.path, Watch: true}); err != nil {
			return err
		}
	}
	return c.until(ctx, func() bool { return c.replies >= want })
}

// expect returns how many events there will have been when every watch has fired.
func (c *crowd) expect() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.events + 2*len(c.all)
}

// wait returns when so many events have come.
func (c *crowd) wait(ctx context.Context, events int) error {
	return c.until(ctx, func() bool { return c.events >= events })
}

// until waits for a condition, which is asked for under the lock.
func (c *crowd) until(ctx context.Context, done func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	stop := context.AfterFunc(ctx, c.more.Broadcast)
	defer stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	for !done() {
		if c.err != nil {
			return fmt.Errorf("a session of the crowd: %w", c.err)
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%d events and %d replies came: %w", c.events, c.replies, context.Cause(ctx))
		}
		c.more.Wait()
	}
	return nil
}

// keepAlive pings for all sessions. It ends with stop.
func (c *crowd) keepAlive() {
	t := time.NewTicker(pingEvery)
	defer t.Stop()
	for {
		select {
		case <-c.stop:
			return
		case <-t.C:
		}
		c.mu.Lock()
		all := c.all
		c.mu.Unlock()
		for _, r := range all {
			_, _ = r.nc.Write(wire.Frame(&wire.RequestHeader{Xid: wire.XidPing, Op: wire.OpPing})) // its reader sees the end
		}
	}
}

// leave ends all sessions' connections and waits for their readers.
func (c *crowd) leave() {
	c.mu.Lock()
	c.left = true
	c.mu.Unlock()
	close(c.stop)
	for _, r := range c.all {
		r.hangUp()
	}
	c.wg.Wait()
}

// send writes one request; whoever listens sees the answer.
func (r *raw) send(op wire.Op, body wire.Record) error {
	r.xid++
	_, err := r.nc.Write(wire.Frame(&wire.RequestHeader{Xid: r.xid, Op: op}, body))
	return err
}

// loader fills a tree, many creations in a request and many requests under way.
type loader struct {
	raw

	made map[string]int // by what they are below
	dirs int
}

// The shape of what a loader sends.
const (
	perRequest = 200
	underWay   = 8
)

// fill makes znodes below a path until there are count, in directories of so many, or
// all in one place if width is 0.
func (l *loader) fill(ctx context.Context, below string, count, width int) error {
	if l.made == nil {
		l.made = make(map[string]int)
	}
	value := make([]byte, valueSize)
	var ops []wire.MultiOp
	waiting := 0
	add := func(path string) error {
		ops = append(ops, wire.MultiOp{Op: wire.OpCreate, Create: wire.CreateRequest{Path: path, Data: value, ACL: wire.WorldACL()}})
		if len(ops) < perRequest {
			return nil
		}
		err := l.submit(ctx, &ops, &waiting, underWay-1)
		return err
	}
	for ; l.made[below] < count; l.made[below]++ {
		path := fmt.Sprintf("%s/%07d", below, l.made[below])
		if width > 0 {
			if l.made[below]%width == 0 {
				l.dirs++
				if err := add(fmt.Sprintf("%s/%05d", below, l.dirs)); err != nil {
					return err
				}
				l.made[below]++
			}
			path = fmt.Sprintf("%s/%05d/%07d", below, l.dirs, l.made[below])
		}
		if err := add(path); err != nil {
			return err
		}
	}
	return l.submit(ctx, &ops, &waiting, 0)
}

// submit sends the operations and takes answers until at most so many are waited for.
func (l *loader) submit(ctx context.Context, ops *[]wire.MultiOp, waiting *int, most int) error {
	if err := l.nc.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if len(*ops) > 0 {
		if err := l.send(wire.OpMulti, &wire.MultiRequest{Ops: *ops}); err != nil {
			return err
		}
		*ops = (*ops)[:0]
		*waiting++
	}
	for ; *waiting > most; *waiting-- {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		frame, err := wire.ReadFrame(io.Reader(l.nc), wire.DefaultMaxFrame, nil)
		if err != nil {
			return err
		}
		var h wire.ReplyHeader
		var res wire.MultiResponse
		d := wire.NewDecoder(frame)
		h.Decode(&d)
		res.Decode(&d)
		if d.Err() != nil || h.Err != wire.CodeOK || len(res.Results) == 0 || res.Results[0].Op == wire.OpError {
			return fmt.Errorf("a multi of creations: %w, %w", d.Err(), h.Err)
		}
	}
	return nil
}
