package consensus_test

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/zooctl/zooctl/localcluster/server/consensus"
)

const patience = 20 * time.Second

// list is a machine that keeps every payload it was given.
type list struct {
	mu       sync.Mutex
	items    []string
	restored int
	changes  int
	history  *history
	received []string
	written  int // bytes of snapshots

	members     []consensus.Peer
	target      []consensus.Peer // what the membership is to become
	unreachable int
}

func (l *list) Apply(e consensus.Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range e.Payloads {
		l.items = append(l.items, string(p))
	}
}

func (l *list) Snapshot() func(io.Writer) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	items := slices.Clone(l.items)
	return func(w io.Writer) error {
		for _, s := range items {
			l.mu.Lock()
			l.written += 4 + len(s)
			l.mu.Unlock()
			if err := binary.Write(w, binary.BigEndian, uint32(len(s))); err != nil {
				return err
			}
			if _, err := io.WriteString(w, s); err != nil {
				return err
			}
		}
		return nil
	}
}

func (l *list) Restore(r io.Reader) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.items = nil
	l.restored++
	br := bufio.NewReader(r)
	for {
		var n uint32
		if err := binary.Read(br, binary.BigEndian, &n); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		b := make([]byte, n)
		if _, err := io.ReadFull(br, b); err != nil {
			return err
		}
		l.items = append(l.items, string(b))
	}
}

func (l *list) Receive(from uint64, msg []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.received = append(l.received, fmt.Sprintf("%d:%s", from, msg))
}

func (l *list) Changed(st consensus.Status) {
	l.history.add(st)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.changes++
}

func (l *list) changed() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.changes
}

func (l *list) Members(e consensus.Entry, members []consensus.Peer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.members = members
	if l.target != nil && slices.Equal(l.target, members) {
		l.target = nil
	}
}

func (l *list) Target() []consensus.Peer {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.target
}

func (l *list) Unreachable([]consensus.Peer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.unreachable++
}

func (l *list) have() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.items)
}

// history is every status that any machine of a group was told.
type history struct {
	mu   sync.Mutex
	told []consensus.Status
}

func (h *history) add(st consensus.Status) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.told = append(h.told, st)
}

func (h *history) all() []consensus.Status {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.told)
}

// group is an ensemble within this process.
type group struct {
	t       testing.TB
	peers   []consensus.Peer // the first members
	addrs   []string
	joins   []bool
	history history
	dirs    []string
	nodes   []*consensus.Node
	lists   []*list
	tune    func(*consensus.Config)
}

func newGroup(t testing.TB, n int, tune func(*consensus.Config)) *group {
	g := &group{t: t, nodes: make([]*consensus.Node, n), lists: make([]*list, n), tune: tune}
	var ls []net.Listener
	for i := range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ls = append(ls, l)
		g.dirs = append(g.dirs, filepath.Join(t.TempDir(), "data"))
		g.peers = append(g.peers, consensus.Peer{ID: uint64(i + 1), Addr: l.Addr().String()})
		g.addrs = append(g.addrs, l.Addr().String())
		g.joins = append(g.joins, false)
	}
	t.Cleanup(func() {
		for i := range g.nodes {
			g.stop(i)
		}
	})
	for i, l := range ls {
		if err := g.start(i, l, "secret"); err != nil {
			t.Fatal(err)
		}
	}
	return g
}

func (g *group) start(i int, l net.Listener, secret string) error {
	g.lists[i] = &list{history: &g.history}
	cfg := consensus.Config{ID: uint64(i + 1), Peers: g.peers, Dir: g.dirs[i], Listener: l, Secret: []byte(secret), Machine: g.lists[i], Join: g.joins[i]}
	cfg.Logf = g.logf(i)
	if g.tune != nil {
		g.tune(&cfg)
	}
	n, err := consensus.Start(cfg)
	if err == nil {
		g.nodes[i] = n
	}
	return err
}

func (g *group) listen(i int) net.Listener {
	var l net.Listener
	g.wait("the port to be free", func() bool {
		var err error
		l, err = net.Listen("tcp", g.addrs[i])
		return err == nil
	})
	return l
}

func (g *group) restart(i int) {
	g.t.Helper()
	if err := g.start(i, g.listen(i), "secret"); err != nil {
		g.t.Fatal(err)
	}
}

func (g *group) stop(i int) {
	if n := g.nodes[i]; n != nil {
		g.nodes[i] = nil
		if err := n.Stop(); err != nil {
			g.t.Errorf("stop %d: %v", i+1, err)
		}
	}
}

func (g *group) wait(what string, ok func() bool) {
	g.t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			g.t.Fatalf("waited in vain for %s", what)
		}
	}
}

// leader waits until all running nodes agree on one and returns its place.
func (g *group) leader() int {
	g.t.Helper()
	var id uint64
	g.wait("a leader", func() bool {
		id = 0
		for _, n := range g.nodes {
			if n == nil {
				continue
			}
			st := n.Status()
			if st.Leader == 0 || id != 0 && st.Leader != id || g.nodes[st.Leader-1] == nil {
				return false
			}
			id = st.Leader
		}
		return true
	})
	return int(id) - 1
}

// put proposes on node i until the proposal is applied there, again only if the
// node says that it is lost.
func (g *group) put(i int, s string) {
	g.t.Helper()
	g.wait("a proposal to be taken", func() bool { return g.nodes[i].Propose([]byte(s)) == nil })
	g.wait("the proposal to be applied", func() bool { return slices.Contains(g.lists[i].have(), s) })
}

// same waits until all running nodes have applied the same n items.
func (g *group) same(n int) {
	g.t.Helper()
	g.wait(fmt.Sprintf("%d items everywhere", n), func() bool {
		var first []string
		for i, nd := range g.nodes {
			if nd == nil {
				continue
			}
			have := g.lists[i].have()
			if len(have) != n {
				return false
			}
			if first == nil {
				first = have
			} else if !slices.Equal(first, have) {
				g.t.Fatalf("node %d has another order", i+1)
			}
		}
		return true
	})
}

// logf shows a node's log where ZOOCTL_TEST_LOG is set.
func (g *group) logf(i int) func(string, ...any) {
	if os.Getenv("ZOOCTL_TEST_LOG") == "" {
		return nil
	}
	return func(f string, a ...any) {
		fmt.Fprintf(os.Stderr, "%s node %d: %s\n", time.Now().Format("05.000"), i+1, fmt.Sprintf(f, a...))
	}
}
