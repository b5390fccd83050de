package recipes_test

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zooctl/zooctl/ops"
	"github.com/zooctl/zooctl/ops/wire"
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
	var traces []*listings
	looker := dial(t, s)
	for i := range n {
		traces = append(traces, new(listings))
		c, err := ops.Dial(t.Context(), ops.Config{Servers: strings.Split(s, ","), Trace: traces[i]})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		conns = append(conns, c)
		queue = append(queue, waitSeenBy(t, c, looker, "/l", i+2))
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
	queue, traces = slices.Delete(queue, 4, 5), slices.Delete(traces, 4, 5)
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
	for i, l := range traces {
		want := int32(2) // on arrival, and when it is its turn
		if i == 4 {
			want++ // the one before it gave up
		}
		if got := l.Load(); got != want {
			t.Errorf("waiter %d has listed the queue %d times, want %d", i, got, want)
		}
	}
}

// listings counts in a trace how often the queue was listed.
type listings struct{ atomic.Int32 }

func (l *listings) Write(b []byte) (int, error) {
	if strings.HasPrefix(string(b), wire.OpGetChildren2.String()+" ") {
		l.Add(1)
	}
	return len(b), nil
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
