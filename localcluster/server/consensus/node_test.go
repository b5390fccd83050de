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
	"strings"
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

// TestOrder: proposals of each node keep their order, from followers too.
func TestOrder(t *testing.T) {
	g := newGroup(t, 3, nil)
	g.leader()
	const each = 300
	for k := range each {
		for i := range g.nodes {
			if err := g.nodes[i].Propose(fmt.Appendf(nil, "%d/%03d", i, k)); err != nil {
				t.Fatal(err)
			}
		}
	}
	g.same(3 * each)
	for i := range g.nodes {
		var own []string
		for _, s := range g.lists[0].have() {
			if strings.HasPrefix(s, fmt.Sprint(i, "/")) {
				own = append(own, s)
			}
		}
		if !slices.IsSorted(own) {
			t.Errorf("proposals of node %d changed their order", i+1)
		}
	}
}

func TestSend(t *testing.T) {
	g := newGroup(t, 3, nil)
	g.leader()
	g.wait("a message", func() bool {
		if err := g.nodes[0].Send(3, []byte("hello")); err != nil {
			return false
		}
		g.lists[2].mu.Lock()
		defer g.lists[2].mu.Unlock()
		return slices.Contains(g.lists[2].received, "1:hello")
	})
	if err := g.nodes[0].Send(9, nil); err == nil {
		t.Error("a message to nobody was taken")
	}
}

// TestLeaderLost: what was applied before the leader goes is there afterwards, and
// the others have been told.
func TestLeaderLost(t *testing.T) {
	g := newGroup(t, 3, nil)
	n := 0
	for range 3 {
		lead := g.leader()
		other := (lead + 1) % 3
		for range 20 {
			g.put(other, fmt.Sprint("item ", n))
			n++
		}
		g.lists[other].mu.Lock()
		before := g.lists[other].changes
		g.lists[other].mu.Unlock()
		g.stop(lead)
		g.wait("word of it", func() bool {
			g.lists[other].mu.Lock()
			defer g.lists[other].mu.Unlock()
			return g.lists[other].changes > before
		})
		g.leader()
		g.put(other, fmt.Sprint("item ", n))
		n++
		g.restart(lead)
		g.same(n)
	}
}

func TestRestartOfAll(t *testing.T) {
	for _, size := range []int{1, 3} {
		g := newGroup(t, size, func(c *consensus.Config) { c.SnapshotCount = 50 })
		g.leader()
		for k := range 130 {
			g.put(k%size, fmt.Sprint(k))
		}
		for range 2 {
			for i := range g.nodes {
				g.stop(i)
			}
			for i := range g.nodes {
				g.restart(i)
			}
			g.leader()
			g.same(130)
		}
		if g.lists[0].restored == 0 {
			t.Error("no snapshot was used")
		}
	}
}

// TestLaggingFollower: one that needs what is no longer in the log gets a
// snapshot.
func TestLaggingFollower(t *testing.T) {
	g := newGroup(t, 3, func(c *consensus.Config) { c.KeepBytes = 1 << 10; c.SnapshotCount = 1000 })
	lead := g.leader()
	lag, other := (lead+1)%3, (lead+2)%3
	g.stop(lag)
	for k := range 500 {
		g.put(other, fmt.Sprint(k))
	}
	g.restart(lag)
	g.same(500)
	if g.lists[lag].restored == 0 {
		t.Error("no snapshot was sent")
	}
	g.put(lag, "more")
	g.same(501)
	g.stop(lag) // its log begins with what the leader sent
	g.restart(lag)
	g.put(lag, "again")
	g.same(502)
}

// TestSnapshotsCostWithTheLog: a state that grows is not written out again and again. All
// snapshots together come to a few times what was logged.
func TestSnapshotsCostWithTheLog(t *testing.T) {
	const limit, size, count = 16 << 10, 1 << 10, 2000
	g := newGroup(t, 1, func(c *consensus.Config) { c.SnapshotBytes = limit })
	g.leader()
	for i := range count {
		g.put(0, fmt.Sprintf("%0*d", size, i))
	}
	g.stop(0) // waits for a snapshot that is being written
	logged := size * count
	if w := g.lists[0].written; w < logged/4 || w > 4*logged {
		t.Errorf("%d bytes were logged, and %d written as snapshots", logged, w)
	}
}

// TestDamagedSnapshot: the one before it and the log from there on are as good. When
// both are damaged, nothing is.
func TestDamagedSnapshot(t *testing.T) {
	g := newGroup(t, 1, func(c *consensus.Config) { c.SnapshotCount = 10 })
	g.leader()
	files := func() []string {
		names, err := filepath.Glob(filepath.Join(g.dirs[0], "snap", "*.snap"))
		if err != nil {
			t.Fatal(err)
		}
		return names
	}
	spoil := func(file string) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		data[len(data)-1]++
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put := 0
	for ; put < 200 || len(files()) < 2; put++ {
		g.put(0, fmt.Sprint(put))
	}
	g.stop(0)
	names := files()
	if len(names) > 3 {
		t.Errorf("old snapshots stay: %v", names)
	}
	spoil(names[len(names)-1])
	g.restart(0)
	g.leader()
	g.same(put)
	g.stop(0)
	names = files() // the newest may have no mark yet, and does not count then
	for _, name := range names {
		spoil(name)
	}
	if err := g.start(0, g.listen(0), "secret"); err == nil || !strings.Contains(err.Error(), names[0]+" is damaged") && !strings.Contains(err.Error(), names[1]+" is damaged") {
		t.Errorf("without a snapshot: %v", err)
	}
}

func TestTornTail(t *testing.T) {
	g := newGroup(t, 1, nil)
	g.leader()
	g.put(0, "kept")
	g.stop(0)
	file := lastSegment(t, g.dirs[0])
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	end := len(data)
	for end > 0 && data[end-1] == 0 {
		end--
	}
	if err := os.Truncate(file, int64(end-3)); err != nil { // in the last record
		t.Fatal(err)
	}
	g.restart(0)
	g.leader()
	g.put(0, "after")
	if have := g.lists[0].have(); have[len(have)-1] != "after" {
		t.Errorf("%v", have)
	}
}

func lastSegment(t *testing.T, dir string) string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "wal", "*.log"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no log: %v", err)
	}
	return names[len(names)-1]
}

func TestDamagedMiddleIsRefused(t *testing.T) {
	g := newGroup(t, 1, nil)
	g.leader()
	for k := range 50 {
		g.put(0, fmt.Sprint("a long enough item ", k))
	}
	g.stop(0)
	file := lastSegment(t, g.dirs[0])
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	at := strings.Index(string(data), "a long enough item 20")
	data[at] ^= 0xff
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := g.start(0, g.listen(0), "secret"); err == nil || !strings.Contains(err.Error(), file+" is damaged at offset ") {
		t.Errorf("a damaged log: %v", err)
	}
}

func TestOtherFormatIsRefused(t *testing.T) {
	g := newGroup(t, 1, nil)
	g.stop(0)
	file := filepath.Join(g.dirs[0], "VERSION")
	if err := os.WriteFile(file, []byte("zooctl data 9\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := g.start(0, g.listen(0), "secret"); err == nil || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), "zooctl data 9") {
		t.Errorf("another format: %v", err)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := g.start(0, g.listen(0), "secret"); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("no format: %v", err)
	}
}

// TestStrangers: who does not know the secret, or speaks something else, is shut
// out, and the ensemble goes on.
func TestStrangers(t *testing.T) {
	g := newGroup(t, 3, nil)
	lead := g.leader()
	g.stop((lead + 1) % 3)
	if err := g.start((lead+1)%3, g.listen((lead+1)%3), "guessed"); err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string]string{
		"http":    "GET / HTTP/1.1\r\nHost: x\r\n\r\n" + strings.Repeat("x", 100),
		"garbage": strings.Repeat("\xff", 200),
		"replay":  "zooctl2\n\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x01" + strings.Repeat("c", 100),
	} {
		nc, err := net.Dial("tcp", g.peers[lead].Addr)
		if err != nil {
			t.Fatal(err)
		}
		_ = nc.SetDeadline(time.Now().Add(patience))
		if _, err := io.WriteString(nc, b); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(nc); err != nil && !strings.Contains(err.Error(), "reset") {
			t.Errorf("%s: the connection was not ended: %v", name, err)
		}
		nc.Close()
	}
	g.put((lead+2)%3, "still here")
	if st := g.nodes[(lead+1)%3].Status(); st.Leader != 0 {
		t.Errorf("a server with another secret follows %d", st.Leader)
	}
}

func BenchmarkOneAtATime(b *testing.B) { bench(b, 1) }
func Benchmark256AtATime(b *testing.B) { bench(b, 256) }

// bench measures from proposal to application, on a follower.
func bench(b *testing.B, inFlight int) {
	g := newGroup(b, 3, nil)
	lead := g.leader()
	n := g.nodes[(lead+1)%3]
	l := g.lists[(lead+1)%3]
	b.ResetTimer()
	for done := 0; done < b.N; {
		k := min(inFlight, b.N-done)
		for range k {
			if err := n.Propose(make([]byte, 150)); err != nil {
				b.Fatal(err)
			}
		}
		done += k
		for {
			l.mu.Lock()
			have := len(l.items)
			l.mu.Unlock()
			if have >= done {
				break
			}
			time.Sleep(10 * time.Microsecond)
		}
	}
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
