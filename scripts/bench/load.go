package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-zookeeper/zk"
)

// The shape of the load.
const (
	connections = 6   // spread over the servers
	inFlight    = 256 // operations at once, spread over the connections
	valueSize   = 100 // bytes of each value
	hotNodes    = 16  // znodes of each worker that set and get go to
)

// sessionTimeout is what the clients ask for: a busy machine must not cost a session.
const sessionTimeout = 30 * time.Second

// operation is what a load consists of.
type operation string

const (
	opCreate operation = "create"
	opSet    operation = "set"
	opGet    operation = "get"
	opDelete operation = "delete"
)

// shape is how wide a load is.
type shape struct{ connections, workers int }

// generator puts load on an ensemble and counts what was acknowledged.
type generator struct {
	conns   []*zk.Conn
	workers []*worker
	root    string
	value   []byte
}

// worker does one operation after another. It owns a znode, and those below it.
type worker struct {
	conn  *zk.Conn
	dir   string
	made  int // creations acknowledged
	gone  int // deletions acknowledged: of the oldest
	next  int // turns of set and get
	times []time.Duration
}

// newGenerator connects to the servers, each connection to one of them in turn, and
// makes the znodes that the workers own.
func newGenerator(ctx context.Context, servers []string, sh shape) (_ *generator, err error) {
	g := &generator{root: fmt.Sprintf("/bench-%d", time.Now().UnixNano()), value: slices.Repeat([]byte("v"), valueSize)}
	defer func() {
		if err != nil {
			g.close()
		}
	}()
	for i := range sh.connections {
		c, err := connect(ctx, servers[i%len(servers)])
		if err != nil {
			return nil, err
		}
		g.conns = append(g.conns, c)
	}
	if err := create(g.conns[0], g.root, nil); err != nil {
		return nil, err
	}
	for i := range sh.workers {
		w := &worker{conn: g.conns[i%len(g.conns)], dir: fmt.Sprintf("%s/%03d", g.root, i)}
		g.workers = append(g.workers, w)
	}
	return g, g.each(ctx, func(w *worker) error {
		if err := create(w.conn, w.dir, nil); err != nil {
			return err
		}
		for i := range hotNodes {
			if err := create(w.conn, w.hot(i), g.value); err != nil {
				return err
			}
		}
		return nil
	})
}

// connect returns a session with one server once it is there.
func connect(ctx context.Context, server string) (*zk.Conn, error) {
	c, events, err := zk.Connect([]string{server}, sessionTimeout, zk.WithLogInfo(false), zk.WithLogger(silent{}))
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, sessionTimeout)
	defer cancel()
	for {
		select {
		case e := <-events:
			if e.State == zk.StateHasSession {
				return c, nil
			}
		case <-ctx.Done():
			c.Close()
			return nil, fmt.Errorf("no session with %s: %w", server, context.Cause(ctx))
		}
	}
}

// silent drops what the library would write on standard error: what matters comes
// back as an error.
type silent struct{}

func (silent) Printf(string, ...any) {}

func (g *generator) close() {
	for _, c := range g.conns {
		c.Close()
	}
}

func create(c *zk.Conn, path string, value []byte) error {
	if _, err := c.Create(path, value, 0, zk.WorldACL(zk.PermAll)); err != nil {
		return fmt.Errorf("create %s: %w", path, err)
	}
	return nil
}

func (w *worker) hot(i int) string  { return fmt.Sprintf("%s/hot-%d", w.dir, i) }
func (w *worker) node(i int) string { return fmt.Sprintf("%s/%d", w.dir, i) }

// do does one operation. It reports false when there is nothing left to do.
func (w *worker) do(op operation, value []byte) (bool, error) {
	var path string
	var err error
	switch op {
	case opCreate:
		path = w.node(w.made)
		if err = create(w.conn, path, value); err == nil {
			w.made++
		}
		return true, err
	case opDelete:
		if w.gone == w.made {
			return false, nil
		}
		path = w.node(w.gone)
		if err = w.conn.Delete(path, -1); err == nil {
			w.gone++
		}
	case opSet:
		path = w.hot(w.next % hotNodes)
		_, err = w.conn.Set(path, value, -1)
	case opGet:
		path = w.hot(w.next % hotNodes)
		var got []byte
		if got, _, err = w.conn.Get(path); err == nil && len(got) != len(value) {
			err = fmt.Errorf("%d bytes came back, not %d", len(got), len(value))
		}
	}
	w.next++
	if err != nil {
		err = fmt.Errorf("%s %s: %w", op, path, err)
	}
	return true, err
}

// taken is what a load took.
type taken struct {
	elapsed time.Duration
	times   []time.Duration // of each operation, sorted
}

func (t *taken) rate() float64      { return float64(len(t.times)) / t.elapsed.Seconds() }
func (t *taken) p50() time.Duration { return quantile(t.times, 0.50) }
func (t *taken) p99() time.Duration { return quantile(t.times, 0.99) }

// run has every worker do op again and again, for that long or until one of them has
// nothing left to do. The clock stops with the last answer.
func (g *generator) run(ctx context.Context, op operation, length time.Duration) (*taken, error) {
	var over atomic.Bool
	timer := time.AfterFunc(length, func() { over.Store(true) })
	defer timer.Stop()
	began := time.Now()
	err := g.each(ctx, func(w *worker) error {
		w.times = w.times[:0]
		for !over.Load() && ctx.Err() == nil {
			t := time.Now()
			more, err := w.do(op, g.value)
			if err != nil {
				over.Store(true)
				return err
			}
			if !more { // with fewer at work the rate would be another load's
				over.Store(true)
				break
			}
			w.times = append(w.times, time.Since(t))
		}
		return nil
	})
	t := &taken{elapsed: time.Since(began)}
	if err != nil {
		return nil, err
	}
	for _, w := range g.workers {
		t.times = append(t.times, w.times...)
	}
	if len(t.times) == 0 {
		return nil, fmt.Errorf("%s: nothing was done in %v", op, length)
	}
	slices.Sort(t.times)
	return t, nil
}

// all runs every operation for that long and adds what they took to f, if there is
// one.
func (g *generator) all(ctx context.Context, length time.Duration, f *figures) error {
	if length == 0 {
		return nil
	}
	for _, op := range []operation{opCreate, opSet, opGet, opDelete} {
		t, err := g.run(ctx, op, length)
		if err != nil {
			return err
		}
		if f != nil {
			f.add(fmt.Sprintf("%s, %d in flight", op, inFlight), perSecond, t.rate(), t.p50(), t.p99())
		}
	}
	return nil
}

// clear deletes all that the generator made, so that what is measured next does not
// depend on how much was created before.
func (g *generator) clear(ctx context.Context) error {
	err := g.each(ctx, func(w *worker) error {
		for more := true; more; {
			var err error
			if more, err = w.do(opDelete, nil); err != nil || ctx.Err() != nil {
				return err
			}
		}
		for i := range hotNodes {
			if err := w.conn.Delete(w.hot(i), -1); err != nil {
				return fmt.Errorf("delete %s: %w", w.hot(i), err)
			}
		}
		return w.conn.Delete(w.dir, -1)
	})
	if err != nil {
		return err
	}
	return g.conns[0].Delete(g.root, -1)
}

// each calls f for all workers at once and waits for them. It returns their errors,
// or why ctx ended; the end of ctx closes the connections, which ends every call.
func (g *generator) each(ctx context.Context, f func(*worker) error) error {
	stop := context.AfterFunc(ctx, g.close)
	defer stop()
	errs := make([]error, len(g.workers))
	var wg sync.WaitGroup
	for i, w := range g.workers {
		wg.Go(func() { errs[i] = f(w) })
	}
	wg.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return firstOf(errs)
}

// firstOf returns the first error, and says how many there are more.
func firstOf(errs []error) error {
	errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	if len(errs) < 2 {
		return errors.Join(errs...)
	}
	return fmt.Errorf("%w (and %d more failed)", errs[0], len(errs)-1)
}
