package recipes_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/zooctl/zooctl/ops"
	"github.com/zooctl/zooctl/recipes"
)

// TestForeign: whoever queues under a name that is known is waited for; what is no
// contender is neither waited for nor touched.
func TestForeign(t *testing.T) {
	s := servers(t)
	c, other := dial(t, s), dial(t, s)
	queued := ops.CreateOptions{Ephemeral: true, Sequential: true}
	for name, blocks := range map[string]bool{
		"_c_5b7d64d4-4b5f-4a34-b2e6-3df5a2d0b1d6-lock-":    true, // Curator
		"_c_5b7d64d4-4b5f-4a34-b2e6-3df5a2d0b1d6-__READ__": true,
		"_c_5b7d64d4-4b5f-4a34-b2e6-3df5a2d0b1d6-__WRIT__": true,
		"_c_5b7d64d4-4b5f-4a34-b2e6-3df5a2d0b1d6-latch-":   true,
		"0123456789abcdef0123456789abcdef__lock__":         true, // kazoo
		"0123456789abcdef0123456789abcdef__rlock__":        true,
		"_c_0123456789abcdef0123456789abcdef-lock-":        true, // go-zookeeper
		"lock-":                true,
		"x-72057594037927936-": true, // ZooKeeper's WriteLock
		"0000000000-n_":        true,
		"entry-":               false,
		"block-":               false,
		"_c_x":                 false,
		"lock-of-":             false,
		"0123456789abcdef0123456789abcdef__lock__00000000x": false,
	} {
		t.Run(name, func(t *testing.T) {
			ahead := create(t, other, "/l/"+name, queued)
			h, err := recipes.Acquire(t.Context(), c, "/l", recipes.LockOptions{Try: true})
			if blocks != errors.Is(err, recipes.ErrBusy) || !blocks && err != nil {
				t.Errorf("%v", err)
			}
			if blocks {
				w := wait(t, c, "/l", 2)
				if !w.waits() {
					t.Errorf("%s is not waited for: %v", ahead, w.err)
				}
				if err := other.Delete(t.Context(), ahead, ops.Any); err != nil {
					t.Fatal(err)
				}
				release(t, w.has(t))
				return
			}
			if h != nil {
				release(t, h)
			}
			if err := other.Delete(t.Context(), ahead, ops.Any); err != nil {
				t.Errorf("it was touched: %v", err)
			}
		})
	}
}

// TestForeignBehind: one of another name that came later does not block.
func TestForeignBehind(t *testing.T) {
	s := servers(t)
	h := acquire(t, dial(t, s), "/l")
	c := dial(t, s)
	w := wait(t, c, "/l", 2)
	create(t, dial(t, s), "/l/0123456789abcdef0123456789abcdef__lock__", ops.CreateOptions{Ephemeral: true, Sequential: true})
	release(t, h)
	release(t, w.has(t))
}

// TestBadNumbers: after 2147483647 the servers count from -2147483648; who came
// first cannot be told, and nobody gets the lock.
func TestBadNumbers(t *testing.T) {
	s := servers(t)
	c := dial(t, s)
	for _, name := range []string{
		"_c_5b7d64d4-4b5f-4a34-b2e6-3df5a2d0b1d6-lock--2147483648", "_c_5b7d64d4-4b5f-4a34-b2e6-3df5a2d0b1d6-lock--000000005",
		"0123456789abcdef0123456789abcdef__lock__-2147483647", "lock-2147483648", "lock-9999999999",
	} {
		p := create(t, c, "/l/"+name, ops.CreateOptions{})
		for _, try := range []bool{true, false} {
			if _, err := recipes.Acquire(t.Context(), c, "/l", recipes.LockOptions{Try: try}); !errors.Is(err, recipes.ErrBadLock) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if names := children(t, c, "/l"); len(names) != 1 {
			t.Errorf("%s: left %v", name, names)
		}
		if err := c.Delete(t.Context(), p, ops.Any); err != nil {
			t.Fatal(err)
		}
	}
	release(t, acquire(t, c, "/l"))
}

// TestCannotLock: where there can be no queue, that is said at once.
func TestCannotLock(t *testing.T) {
	c := dial(t, servers(t))
	leaf := create(t, c, "/ephemeral", ops.CreateOptions{Ephemeral: true})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for path, want := range map[string]error{
		leaf: ops.ErrNoChildrenForEphemerals, leaf + "/l": ops.ErrNoChildrenForEphemerals, "l": ops.ErrBadPath, "/l/": ops.ErrBadPath,
	} {
		if _, err := recipes.Acquire(ctx, c, path, recipes.LockOptions{Wait: time.Hour}); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", path, err, want)
		}
	}
	if c.Err() != nil {
		t.Errorf("the session is closed: %v", c.Err())
	}
	release(t, acquire(t, c, "/"))
}

// TestOwnTwice: a creation that was cut off and is applied late does not make its
// owner wait for itself.
func TestOwnTwice(t *testing.T) {
	s := servers(t)
	c := dial(t, s)
	h := acquire(t, dial(t, s), "/l")
	w := wait(t, c, "/l", 2)
	var own string
	for _, name := range children(t, c, "/l") {
		if "/l/"+name != h.Node() {
			own = name
		}
	}
	twin := create(t, c, "/l/"+own[:len(own)-10]+"0000000000", ops.CreateOptions{Ephemeral: true})
	release(t, h)
	got := w.has(t)
	if names := children(t, c, "/l"); len(names) != 1 || ops.Base(got.Node()) != names[0] || names[0] != own {
		t.Errorf("%v, %s held, %s was made late", names, got.Node(), twin)
	}
	release(t, got)
}
