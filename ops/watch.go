package ops

import (
	"context"
	"errors"
	"io"
	"net"

	"github.com/go-zookeeper/zk"
)

// Event is a change of a znode that was watched.
type Event struct {
	Type string // "created", "deleted", "changed", "children"
	Path string
	Err  error // the watch ended without a change: the session is over
}

var eventTypes = map[zk.EventType]string{
	zk.EventNodeCreated: "created", zk.EventNodeDeleted: "deleted", zk.EventNodeDataChanged: "changed", zk.EventNodeChildrenChanged: "children",
}

// GetW is Get, with one event when the znode changes or goes. The watch survives a
// change of servers: the library sets it anew.
func (c *Conn) GetW(ctx context.Context, path string) ([]byte, Stat, <-chan Event, error) {
	a := watch(ctx, c, "get", path, func(p string) (a answer[[]byte]) {
		a.value, a.stat, a.ch, a.err = c.lib.GetW(p)
		return a
	})
	return a.value, fromLib(a.stat), a.events, a.err
}

// ExistsW is Exists, with one event when the znode is created, changes or goes.
func (c *Conn) ExistsW(ctx context.Context, path string) (Stat, bool, <-chan Event, error) {
	a := watch(ctx, c, "exists", path, func(p string) (a answer[bool]) {
		a.value, a.stat, a.ch, a.err = c.lib.ExistsW(p)
		return a
	})
	return fromLib(a.stat), a.value, a.events, a.err
}

// ChildrenW is Children, with one event when the list of children changes or the
// znode goes.
func (c *Conn) ChildrenW(ctx context.Context, path string) ([]string, Stat, <-chan Event, error) {
	a := watch(ctx, c, "ls", path, func(p string) (a answer[[]string]) {
		a.value, a.stat, a.ch, a.err = c.lib.ChildrenW(p)
		return a
	})
	return a.value, fromLib(a.stat), a.events, a.err
}

// answer is what a reading function of the library returns.
type answer[T any] struct {
	value  T
	stat   *zk.Stat
	ch     <-chan zk.Event
	events <-chan Event
	err    error
}

// watch calls one of the library's functions, which know no context, and forwards
// its event. Both goroutines end with the Conn at the latest.
func watch[T any](ctx context.Context, c *Conn, name, path string, f func(string) answer[T]) (a answer[T]) {
	if err := CheckPath(path); err != nil {
		a.err = fail(name, path, err)
		return a
	}
	for {
		if _, err := c.await(ctx); err != nil {
			a.err = fail(name, path, err)
			return a
		}
		got := make(chan answer[T], 1)
		c.wg.Go(func() { got <- f(under(c.cfg.Chroot, path)) })
		select {
		case a = <-got:
		case <-ctx.Done():
			a.err = fail(name, path, ctx.Err())
			return a
		case <-c.lost:
			a.err = fail(name, path, c.Err())
			return a
		}
		switch {
		case a.err == nil:
			a.events = c.forward(a.ch, path)
			return a
		case errors.Is(a.err, zk.ErrConnectionClosed), errors.Is(a.err, zk.ErrNoServer), isCut(a.err):
			continue // a read may be sent again
		}
		a.err = fail(name, path, libError(a.err))
		return a
	}
}

func (c *Conn) forward(in <-chan zk.Event, path string) <-chan Event {
	out := make(chan Event, 1)
	c.wg.Go(func() {
		select {
		case ev, ok := <-in:
			e := Event{Type: eventTypes[ev.Type], Path: path, Err: ev.Err}
			if !ok || e.Type == "" && e.Err == nil {
				e.Err = ErrClosed
			}
			if e.Err != nil && c.Err() != nil {
				e.Err = c.Err()
			}
			out <- e
		case <-c.lost:
			out <- Event{Path: path, Err: c.Err()}
		}
	})
	return out
}

func fromLib(z *zk.Stat) Stat {
	if z == nil {
		return Stat{}
	}
	return Stat{
		Czxid: z.Czxid, Mzxid: z.Mzxid, Pzxid: z.Pzxid, Ctime: z.Ctime, Mtime: z.Mtime, Version: z.Version, Cversion: z.Cversion,
		Aversion: z.Aversion, EphemeralOwner: z.EphemeralOwner, DataLength: z.DataLength, NumChildren: z.NumChildren,
	}
}

// libError turns the library's errors into ours.
func libError(err error) error {
	for _, pair := range []struct{ lib, ours error }{
		{zk.ErrNoNode, ErrNoNode}, {zk.ErrNoAuth, ErrNoAuth}, {zk.ErrSessionExpired, ErrSessionExpired}, {zk.ErrClosing, ErrClosed},
		{zk.ErrSessionMoved, ErrSessionMoved}, {zk.ErrBadArguments, ErrBadArguments},
	} {
		if errors.Is(err, pair.lib) {
			return pair.ours
		}
	}
	return err
}

// isCut tells whether the library has handed on what the connection said when it went.
func isCut(err error) bool {
	_, network := errors.AsType[*net.OpError](err)
	return network || errors.Is(err, net.ErrClosed) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.ErrClosedPipe)
}
