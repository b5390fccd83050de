package recipes_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/zooctl/zooctl/ops"
	"github.com/zooctl/zooctl/recipes"
)

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
