package recipes_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zooctl/zooctl/localcluster/clustertest"
	"github.com/zooctl/zooctl/ops"
	"github.com/zooctl/zooctl/recipes"
)

// servers starts an ensemble.
func servers(t *testing.T) string {
	t.Helper()
	return clustertest.Start(t, 3)
}

// patience bounds waits for what must come. It is no measurement.
const patience = 60 * time.Second

// dial opens a session; shortest asks for the shortest that the servers give.
func dial(t *testing.T, servers string) *ops.Conn {
	t.Helper()
	return dialFor(t, servers, 30*time.Second)
}

const shortest = time.Millisecond

func dialFor(t *testing.T, servers string, timeout time.Duration) *ops.Conn {
	t.Helper()
	c, err := ops.Dial(t.Context(), ops.Config{Servers: strings.Split(servers, ","), SessionTimeout: timeout, ConnectTimeout: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// create makes a znode and returns its path.
func create(t *testing.T, c *ops.Conn, path string, opts ops.CreateOptions) string {
	t.Helper()
	opts.Parents = true
	p, err := c.Create(t.Context(), path, nil, opts)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// children are those of a znode, after all that was written before.
func children(t *testing.T, c *ops.Conn, path string) []string {
	t.Helper()
	if err := c.Sync(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	names, _, err := c.Children(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// until waits for a condition.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// acquire asks for a lock that must be had.
func acquire(t *testing.T, c *ops.Conn, path string) *recipes.Held {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	h, err := recipes.Acquire(ctx, c, path, recipes.LockOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func release(t *testing.T, h *recipes.Held) {
	t.Helper()
	if err := h.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// isLost waits for the loss of a lock.
func isLost(t *testing.T, h *recipes.Held) error {
	t.Helper()
	select {
	case <-h.Lost():
		return h.Err()
	case <-time.After(patience):
		t.Fatal("the lock is not lost")
		return nil
	}
}

// waiter is an Acquire under way.
type waiter struct {
	held *recipes.Held
	err  error
	done chan struct{}
	stop context.CancelCauseFunc
}

// wait asks for a lock in the background, until the test ends. It returns when
// its znode is there, as the last of n children.
func wait(t *testing.T, c *ops.Conn, path string, n int) *waiter {
	t.Helper()
	return waitSeenBy(t, c, c, path, n)
}

// waitSeenBy is wait, with a session of its own to look for the znode.
func waitSeenBy(t *testing.T, c, looker *ops.Conn, path string, n int) *waiter {
	t.Helper()
	ctx, stop := context.WithCancelCause(t.Context())
	w := &waiter{done: make(chan struct{}), stop: stop}
	go func() {
		defer close(w.done)
		w.held, w.err = recipes.Acquire(ctx, c, path, recipes.LockOptions{})
	}()
	t.Cleanup(func() {
		stop(nil)
		<-w.done
	})
	until(t, fmt.Sprintf("%d queue", n), func() bool { return len(children(t, looker, path)) == n })
	return w
}

// has waits until the lock is held.
func (w *waiter) has(t *testing.T) *recipes.Held {
	t.Helper()
	select {
	case <-w.done:
	case <-time.After(patience):
		t.Fatal("the lock is not given")
	}
	if w.err != nil {
		t.Fatal(w.err)
	}
	return w.held
}

// waits says whether the lock is still waited for.
func (w *waiter) waits() bool {
	select {
	case <-w.done:
		return false
	default:
		return true
	}
}

// word asks a server a four-letter word.
func word(t *testing.T, addr, word string) string {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	_ = nc.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(nc, word); err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(nc)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// watches is how many watches the servers keep.
func watches(t *testing.T, servers string) (sum int) {
	t.Helper()
	for addr := range strings.SplitSeq(servers, ",") {
		_, rest, ok := strings.Cut(word(t, addr, "mntr"), "zk_watch_count\t")
		var n int
		if _, err := fmt.Sscan(rest, &n); !ok || err != nil {
			t.Fatalf("no zk_watch_count: %v", err)
		}
		sum += n
	}
	return sum
}

// link is a way to a server that can go mute: what the server says is not passed
// on.
type link struct {
	addr string
	l    net.Listener

	mu    sync.Mutex
	conns []net.Conn // the client's
	mute  map[net.Conn]bool
	cut   bool
}

func newLink(t *testing.T, server string) *link {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	k := &link{addr: l.Addr().String(), l: l, mute: make(map[net.Conn]bool)}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			k.mu.Lock()
			cut := k.cut
			k.conns = append(k.conns, client)
			k.mu.Unlock()
			upstream, err := net.Dial("tcp", server)
			if cut || err != nil {
				_ = client.Close()
				if err == nil {
					_ = upstream.Close()
				}
				continue
			}
			wg.Go(func() { _, _ = io.Copy(upstream, client); _ = upstream.Close() })
			wg.Go(func() { k.answers(client, upstream); _ = client.Close() })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		k.mu.Lock()
		for _, c := range k.conns {
			_ = c.Close()
		}
		k.mu.Unlock()
		wg.Wait()
	})
	return k
}

func (k *link) answers(client, upstream net.Conn) {
	b := make([]byte, 64<<10)
	for {
		n, err := upstream.Read(b)
		if err != nil {
			return
		}
		k.mu.Lock()
		mute := k.mute[client]
		k.mu.Unlock()
		if mute {
			continue
		}
		if _, err := client.Write(b[:n]); err != nil {
			return
		}
	}
}

// silence mutes the connections that there are; if cut, new ones are refused.
func (k *link) silence(cut bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.cut = cut
	for _, c := range k.conns {
		k.mute[c] = true
	}
}

// sever breaks the connections that there are.
func (k *link) sever() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, c := range k.conns {
		_ = c.Close()
	}
	k.conns = nil
}

// restore lets new connections pass.
func (k *link) restore() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.cut = false
}

func first(list string) string { s, _, _ := strings.Cut(list, ","); return s }
