package consensus_test

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zooctl/zooctl/localcluster/server/consensus"
)

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
