package recipes_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zooctl/zooctl/ops"
	"github.com/zooctl/zooctl/recipes"
)

// TestExclusion: four contenders, each on a session of its own, read a number,
// and write the next, under a lock. None is lost, and none meets another.
func TestExclusion(t *testing.T) {
	const contenders, rounds = 4, 10
	s := servers(t)
	c := dial(t, s)
	create(t, c, "/n", ops.CreateOptions{})
	if _, err := c.Set(t.Context(), "/n", []byte("0"), ops.Any); err != nil {
		t.Fatal(err)
	}
	var inside atomic.Int32
	var mu sync.Mutex
	var fences []int64
	var wg sync.WaitGroup
	for range contenders {
		c := dial(t, s)
		wg.Go(func() {
			for range rounds {
				h, err := recipes.Acquire(t.Context(), c, "/deep/er/lock", recipes.LockOptions{})
				if err != nil {
					t.Error(err)
					return
				}
				if n := inside.Add(1); n != 1 {
					t.Errorf("%d hold the lock", n)
				}
				mu.Lock()
				fences = append(fences, h.Fence())
				mu.Unlock()
				if err := increment(t.Context(), c); err != nil {
					t.Error(err)
				}
				inside.Add(-1)
				if err := h.Release(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if d, _, err := c.Get(t.Context(), "/n"); err != nil || string(d) != strconv.Itoa(contenders*rounds) {
		// c's server may lag behind the last write
		if err := c.Sync(t.Context(), "/n"); err != nil {
			t.Fatal(err)
		}
		if d, _, err = c.Get(t.Context(), "/n"); err != nil || string(d) != strconv.Itoa(contenders*rounds) {
			t.Errorf("%q %v, want %d", d, err, contenders*rounds)
		}
	}
	if !slices.IsSorted(fences) || len(fences) != contenders*rounds {
		t.Errorf("fences do not grow: %v", fences)
	}
	if left := children(t, c, "/deep/er/lock"); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}

// increment is not atomic: it needs the lock.
func increment(ctx context.Context, c *ops.Conn) error {
	if err := c.Sync(ctx, "/n"); err != nil {
		return err
	}
	d, _, err := c.Get(ctx, "/n")
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(string(d))
	if err != nil {
		return err
	}
	_, err = c.Set(ctx, "/n", []byte(strconv.Itoa(n+1)), ops.Any)
	return err
}

var curatorsName = regexp.MustCompile(`^/l/_c_[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}-lock-[0-9]{10}$`)

// TestHeld: what a holder is told, and its znode.
func TestHeld(t *testing.T) {
	c := dial(t, servers(t))
	h := acquire(t, c, "/l")
	data, stat, err := c.Get(t.Context(), h.Node())
	if err != nil {
		t.Fatal(err)
	}
	if h.Path() != "/l" || !curatorsName.MatchString(h.Node()) || h.Fence() != stat.Czxid || stat.EphemeralOwner != c.SessionID() {
		t.Errorf("%s %s %d %+v", h.Path(), h.Node(), h.Fence(), stat)
	}
	if !regexp.MustCompile(`^.+:[0-9]+$`).Match(data) {
		t.Errorf("data %q", data)
	}
	if h.Err() != nil || !h.Deadline().After(time.Now()) || h.Deadline().After(time.Now().Add(c.SessionTimeout())) {
		t.Errorf("%v, until %v", h.Err(), h.Deadline())
	}
	// A change of its data is no harm, and the watch stays.
	for range 2 {
		if _, err := c.Set(t.Context(), h.Node(), []byte("changed"), ops.Any); err != nil {
			t.Fatal(err)
		}
	}
	release(t, h)
	release(t, h) // a second time is no error
	select {
	case <-h.Lost():
		t.Errorf("released is not lost: %v", h.Err())
	default:
	}
	if left := children(t, c, "/l"); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
	h, err = recipes.Acquire(t.Context(), c, "/l", recipes.LockOptions{Data: []byte("me")})
	if err != nil {
		t.Fatal(err)
	}
	if data, _, err := c.Get(t.Context(), h.Node()); err != nil || string(data) != "me" {
		t.Errorf("%q %v", data, err)
	}
	release(t, h)
}

// TestOrder: the lock goes to those who wait in the order of their numbers, each
// keeps one watch, on the one before it, and the end of one wakes one.
func TestOrder(t *testing.T) {
	const n = 10
	s := servers(t)
	holder := acquire(t, dial(t, s), "/l")
	var queue []*waiter
	var conns []*ops.Conn
	for i := range n {
		conns = append(conns, dial(t, s))
		queue = append(queue, wait(t, conns[i], "/l", i+2))
	}
	until(t, "everyone watches one znode", func() bool { return watches(t, s) == n+1 })
	// One in the middle gives up: the one behind it watches the one before. (Its
	// own watch stays until that one goes, unless its session ends before.)
	queue[4].stop(errTest)
	<-queue[4].done
	if !errors.Is(queue[4].err, errTest) {
		t.Errorf("gave up: %v", queue[4].err)
	}
	if err := conns[4].Close(); err != nil {
		t.Error(err)
	}
	queue = slices.Delete(queue, 4, 5)
	until(t, "one has a new watch", func() bool { return watches(t, s) == n })
	before := holder
	for i, w := range queue {
		for j, other := range queue[i:] {
			if !other.waits() {
				t.Fatalf("waiter %d does not wait for its turn: %v", i+j, other.err)
			}
		}
		release(t, before)
		h := w.has(t)
		if number(t, h) <= number(t, before) || h.Fence() <= before.Fence() {
			t.Errorf("%s after %s", h.Node(), before.Node())
		}
		until(t, "one watch is gone", func() bool { return watches(t, s) == len(queue)-i })
		before = h
	}
	release(t, before)
}

var errTest = errors.New("ended by the test")

func number(t *testing.T, h *recipes.Held) int {
	t.Helper()
	n, err := strconv.Atoi(h.Node()[strings.LastIndexByte(h.Node(), '-')+1:])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestTry: where there is someone to wait for, nothing is written.
func TestTry(t *testing.T) {
	s := servers(t)
	c, other := dial(t, s), dial(t, s)
	try := recipes.LockOptions{Try: true}
	h, err := recipes.Acquire(t.Context(), c, "/p/l", try)
	if err != nil {
		t.Fatal(err)
	}
	stat := func() ops.Stat {
		t.Helper()
		if err := other.Sync(t.Context(), "/p/l"); err != nil {
			t.Fatal(err)
		}
		st, err := other.Stat(t.Context(), "/p/l")
		if err != nil {
			t.Fatal(err)
		}
		return st
	}
	before := stat()
	for range 3 {
		if _, err := recipes.Acquire(t.Context(), other, "/p/l", try); !errors.Is(err, recipes.ErrBusy) {
			t.Errorf("busy: %v", err)
		}
	}
	if after := stat(); after != before || before.Cversion != 1 {
		t.Errorf("%+v, before %+v", after, before)
	}
	release(t, h)
	for range 20 { // what was released is free, on every server
		h, err = recipes.Acquire(t.Context(), other, "/p/l", try)
		if err != nil {
			t.Fatal(err)
		}
		release(t, h)
		c, other = other, c
	}
}

// TestTryTogether: of many who try at once, never two have it, and those who do not
// leave nothing.
func TestTryTogether(t *testing.T) {
	s := servers(t)
	var mu sync.Mutex
	var held []*recipes.Held
	var wg sync.WaitGroup
	for range 6 {
		c := dial(t, s)
		wg.Go(func() {
			h, err := recipes.Acquire(t.Context(), c, "/l", recipes.LockOptions{Try: true})
			if err != nil && !errors.Is(err, recipes.ErrBusy) {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			if h != nil {
				held = append(held, h)
			}
		})
	}
	wg.Wait()
	if len(held) != 1 {
		t.Fatalf("%d have it", len(held))
	}
	if names := children(t, dial(t, s), "/l"); len(names) != 1 {
		t.Errorf("left: %v", names)
	}
	release(t, held[0])
}

// TestWaitEnds: who waits in vain leaves no znode, whatever ends it.
func TestWaitEnds(t *testing.T) {
	s := servers(t)
	h := acquire(t, dial(t, s), "/l")
	c := dial(t, s)
	_, err := recipes.Acquire(t.Context(), c, "/l", recipes.LockOptions{Wait: 100 * time.Millisecond})
	if !errors.Is(err, recipes.ErrWaited) || err.Error() != "lock /l: "+recipes.ErrWaited.Error() {
		t.Errorf("%v", err)
	}
	if names := children(t, c, "/l"); len(names) != 1 {
		t.Errorf("left: %v", names)
	}
	ended, cancel := context.WithCancelCause(t.Context())
	cancel(errTest)
	if _, err := recipes.Acquire(ended, c, "/l", recipes.LockOptions{}); !errors.Is(err, errTest) {
		t.Errorf("%v", err)
	}
	if names := children(t, c, "/l"); len(names) != 1 || c.Err() != nil {
		t.Errorf("left: %v, %v", names, c.Err())
	}
	release(t, h)
}

// TestUnansweredCreate: the znode of a creation that was not answered before the
// wait ended is found and deleted, on the next connection.
func TestUnansweredCreate(t *testing.T) {
	s := servers(t)
	k := newLink(t, first(s))
	c, other := dialFor(t, k.addr, shortest), dial(t, s)
	create(t, other, "/l", ops.CreateOptions{})
	if err := c.Sync(t.Context(), "/l"); err != nil {
		t.Fatal(err)
	}
	k.silence(false)
	done := make(chan error, 1)
	go func() {
		_, err := recipes.Acquire(t.Context(), c, "/l", recipes.LockOptions{Wait: 200 * time.Millisecond})
		done <- err
	}()
	until(t, "the znode is there", func() bool { return len(children(t, other, "/l")) == 1 })
	if err := <-done; !errors.Is(err, recipes.ErrWaited) {
		t.Errorf("%v", err)
	}
	if names := children(t, other, "/l"); len(names) != 0 || c.Err() != nil {
		t.Errorf("left: %v, %v", names, c.Err())
	}
}

// TestDeletedWhileWaiting: who waits and loses its znode queues again.
func TestDeletedWhileWaiting(t *testing.T) {
	s := servers(t)
	c := dial(t, s)
	h := acquire(t, dial(t, s), "/l")
	w := wait(t, dial(t, s), "/l", 2)
	for _, name := range children(t, c, "/l") {
		if p := "/l/" + name; p != h.Node() {
			if err := c.Delete(t.Context(), p, ops.Any); err != nil {
				t.Fatal(err)
			}
		}
	}
	if !w.waits() {
		t.Errorf("%v", w.err)
	}
	release(t, h)
	got := w.has(t)
	if names := children(t, c, "/l"); fmt.Sprint(names) != fmt.Sprint([]string{ops.Base(got.Node())}) {
		t.Errorf("%v, held by %s", names, got.Node())
	}
	release(t, got)
}
