package localcluster_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/zooctl/zooctl/localcluster"
	"github.com/zooctl/zooctl/ops"
)

// TestLife takes a cluster through its life: what is written through one server is
// read through the others, and nothing is lost when the leader is killed, when all
// are stopped, or when the cluster is down and up again.
func TestLife(t *testing.T) {
	for _, engine := range engines() {
		t.Run(engine, func(t *testing.T) {
			ctx := fresh(t)
			c, st := up(t, ctx, localcluster.Spec{Name: "life", Size: 3, Engine: engine})
			if got := states(st); count(got, "leader") != 1 || count(got, "follower") != 2 || !st.Up {
				t.Fatalf("states %v", got)
			}
			one := dial(t, ctx, st.Servers[0])
			if _, err := one.Create(ctx, "/a", []byte("hello"), ops.CreateOptions{}); err != nil {
				t.Fatal(err)
			}
			for _, s := range st.Servers[1:] {
				expect(t, ctx, dial(t, ctx, s), "/a", "hello")
			}
			st, err := c.Kill(ctx, []string{"leader"})
			if err != nil || count(states(st), "killed") != 1 {
				t.Fatalf("%v %v", states(st), err)
			}
			all := dial(t, ctx, st.Servers...)
			if _, err := all.Create(ctx, "/b", []byte("after the leader"), ops.CreateOptions{}); err != nil {
				t.Fatal(err)
			}
			if st, err = c.Start(ctx, []string{"all"}); err != nil || count(states(st), "follower") != 2 {
				t.Fatalf("%v %v", states(st), err)
			}
			if st, err = c.Stop(ctx, []string{"all"}); err != nil || count(states(st), "stopped") != 3 {
				t.Fatalf("%v %v", states(st), err)
			}
			if st, err = c.Start(ctx, []string{"1"}); err != nil || st.Nodes[0].State != "waiting" {
				t.Fatalf("one of three: %v %v", states(st), err)
			}
			if st, err = c.Start(ctx, []string{"all"}); err != nil || count(states(st), "leader") != 1 {
				t.Fatalf("%v %v", states(st), err)
			}
			if err := c.Down(ctx, true); err != nil {
				t.Fatal(err)
			}
			if st, err = c.Status(ctx); err != nil || st.Up {
				t.Fatalf("%+v %v", st, err)
			}
			again, already, err := localcluster.Up(ctx, localcluster.Spec{Name: "life"})
			if err != nil || already || strings.Join(again.Servers, ",") != strings.Join(st.Servers, ",") {
				t.Fatalf("%+v %v %v", again, already, err)
			}
			for _, s := range again.Servers {
				one := dial(t, ctx, s)
				if err := one.Sync(ctx, "/"); err != nil {
					t.Fatal(err)
				}
				expect(t, ctx, one, "/a", "hello")
				expect(t, ctx, one, "/b", "after the leader")
			}
			if _, already, err := localcluster.Up(ctx, localcluster.Spec{Name: "life", Size: 3}); err != nil || !already {
				t.Fatalf("up again: %v %v", already, err)
			}
			if _, _, err := localcluster.Up(ctx, localcluster.Spec{Name: "life", Size: 5}); !errors.Is(err, localcluster.ErrBadSpec) {
				t.Fatalf("another size: %v", err)
			}
			if err := c.Down(ctx, false); err != nil {
				t.Fatal(err)
			}
			if _, err := localcluster.Open("life"); !errors.Is(err, localcluster.ErrNoCluster) {
				t.Fatal(err)
			}
		})
	}
}

func expect(t *testing.T, ctx context.Context, c *ops.Conn, path, want string) {
	t.Helper()
	b, _, err := c.Get(ctx, path)
	if err != nil || string(b) != want {
		t.Fatalf("%s through %s: %q %v, want %q", path, c.Server(), b, err, want)
	}
}

// TestKillAllUnderWrites kills every server at once while clients write. What was
// acknowledged must be there afterwards.
func TestKillAllUnderWrites(t *testing.T) {
	for _, engine := range engines() {
		for name, load := range map[string]struct{ writes, size int }{
			"small values": {300, 0},
			"large values": {500, 100_000}, // snapshots are taken, and pieces of the log dropped, meanwhile
		} {
			t.Run(engine+"/"+name, func(t *testing.T) { killAllUnderWrites(t, engine, load.writes, strings.Repeat("x", load.size)) })
		}
	}
}

func killAllUnderWrites(t *testing.T, engine string, writes int, padding string) {
	ctx := fresh(t)
	c, st := up(t, ctx, localcluster.Spec{Name: "all", Size: 3, Engine: engine})
	var (
		mu    sync.Mutex
		acked []string
		wg    sync.WaitGroup
	)
	writing, enough := context.WithCancel(ctx)
	defer enough()
	for w, server := range st.Servers {
		conn := dial(t, ctx, server)
		wg.Go(func() { // ends with writing
			for i := 0; writing.Err() == nil; i++ {
				p := fmt.Sprintf("/w%d-%d", w, i)
				if _, err := conn.Create(writing, p, []byte(p+padding), ops.CreateOptions{}); err != nil {
					continue // nobody has promised anything of this one
				}
				mu.Lock()
				acked = append(acked, p)
				mu.Unlock()
			}
		})
	}
	eventually(t, "writes from every client", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(acked) > writes
	})
	if _, err := c.Kill(ctx, []string{"all"}); err != nil {
		t.Fatal(err)
	}
	enough() // a write that was not sent yet would wait for a server
	wg.Wait()
	if snaps, err := filepath.Glob(st.Dir + "/nodes/*/data/snap/*.snap"); err != nil || engine == "embedded" && padding != "" && len(snaps) == 0 {
		t.Errorf("no snapshot was taken: %v", err)
	}
	st, err := c.Start(ctx, []string{"all"})
	if err != nil {
		t.Fatal(err)
	}
	for _, server := range st.Servers {
		conn := dial(t, ctx, server)
		if err := conn.Sync(ctx, "/"); err != nil {
			t.Fatal(err)
		}
		for _, p := range acked {
			expect(t, ctx, conn, p, p+padding)
		}
	}
	t.Logf("%d acknowledged writes are there", len(acked))
}

// TestSupervisorKilled kills the supervisor: its servers must not stay, and the
// cluster must come up again with its data.
func TestSupervisorKilled(t *testing.T) {
	for _, engine := range engines() {
		t.Run(engine, func(t *testing.T) {
			ctx := fresh(t)
			_, st := up(t, ctx, localcluster.Spec{Name: "orphan", Size: 3, Engine: engine})
			if _, err := dial(t, ctx, st.Servers...).Create(ctx, "/a", []byte("kept"), ops.CreateOptions{}); err != nil {
				t.Fatal(err)
			}
			parent := parentOf(t, st.Nodes[0].PID)
			kill(t, parent)
			for _, n := range st.Nodes {
				eventually(t, "the end of server "+strconv.Itoa(n.ID), func() bool { return !alive(n.PID) })
			}
			again, already, err := localcluster.Up(ctx, localcluster.Spec{Name: "orphan"})
			if err != nil || already {
				t.Fatal(already, err)
			}
			expect(t, ctx, dial(t, ctx, again.Servers...), "/a", "kept")
		})
	}
}

func parentOf(t *testing.T, pid int) int {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(b), ") ")
	var state string
	var parent int
	if _, err := fmt.Sscan(after, &state, &parent); err != nil {
		t.Fatal(err)
	}
	return parent
}

func kill(t *testing.T, pid int) {
	t.Helper()
	p, err := os.FindProcess(pid)
	if err == nil {
		err = p.Kill()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestOwnerKilled kills the process that owns a temporary cluster, which has no time
// to clean up: no process and no file may be left.
func TestOwnerKilled(t *testing.T) {
	fresh(t)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "ZOOCTL_TEST_OWNER=yes")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for sc := bufio.NewScanner(out); sc.Scan() && sc.Text() != "end"; {
		lines = append(lines, sc.Text())
	}
	if len(lines) != 4 || !exists(lines[0]) {
		t.Fatalf("the owner said %q", lines)
	}
	kill(t, cmd.Process.Pid)
	_ = cmd.Wait() // it was killed
	for _, line := range lines[1:] {
		pid, err := strconv.Atoi(line)
		if err != nil {
			t.Fatal(err)
		}
		eventually(t, "the end of process "+line, func() bool { return !alive(pid) })
	}
	eventually(t, "the removal of "+lines[0], func() bool { return !exists(lines[0]) })
}

// TestTemporary brings a cluster up and down that leaves nothing.
func TestTemporary(t *testing.T) {
	ctx := fresh(t)
	c, st, err := localcluster.Temporary(ctx, localcluster.Spec{Size: 1})
	if err != nil {
		t.Fatal(err)
	}
	if st.Nodes[0].State != "standalone" {
		t.Errorf("%+v", st)
	}
	if err := c.Down(ctx, false); err != nil {
		t.Fatal(err)
	}
	if exists(st.Dir) || alive(st.Nodes[0].PID) {
		t.Error("something is left")
	}
}

// TestPortInUse starts on a port that is taken: one line that names it, and nothing
// left behind.
func TestPortInUse(t *testing.T) {
	for _, engine := range engines() {
		t.Run(engine, func(t *testing.T) {
			ctx := fresh(t)
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			port := l.Addr().(*net.TCPAddr).Port
			_, _, err = localcluster.Up(ctx, localcluster.Spec{Name: "taken", Size: 1, Ports: []int{port}, Engine: engine})
			if !errors.Is(err, localcluster.ErrPortInUse) || !strings.Contains(err.Error(), strconv.Itoa(port)) {
				t.Fatal(err)
			}
			if _, err := localcluster.Open("taken"); !errors.Is(err, localcluster.ErrNoCluster) {
				t.Errorf("left behind: %v", err)
			}
		})
	}
}

// TestFailedStart lets a server fail: its last words are in the error, and nothing
// runs afterwards.
func TestFailedStart(t *testing.T) {
	ctx := fresh(t)
	c, st := up(t, ctx, localcluster.Spec{Name: "broken", Size: 3})
	if err := c.Down(ctx, true); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(st.Dir + "/nodes/2/data/wal/*.log")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	b, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	for i := range 64 { // damage in the middle of what was written
		b[200+i] ^= 0xff
	}
	if err := os.WriteFile(files[0], b, 0o600); err != nil {
		t.Fatal(err)
	}
	_, _, err = localcluster.Up(ctx, localcluster.Spec{Name: "broken"})
	bad, ok := errors.AsType[*localcluster.StartError](err)
	if !ok || bad.Node != 2 || !strings.Contains(strings.Join(bad.Log, "\n"), "nodes/2/data/wal") {
		t.Fatalf("%v", err)
	}
	if left := processes(os.Getenv("XDG_STATE_HOME")); len(left) > 0 {
		t.Errorf("running: %v", left)
	}
}

// TestCorruptState finds nonsense in the state file: an error that names the file,
// and nothing touched.
func TestCorruptState(t *testing.T) {
	ctx := fresh(t)
	c, st := up(t, ctx, localcluster.Spec{Name: "odd", Size: 1})
	if err := c.Down(ctx, true); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"{", `{"format":99,"name":"odd"}`, `{"format":1,"name":"odd","engine":"embedded","size":1}`, ""} {
		if err := os.WriteFile(st.Dir+"/cluster.json", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, _, err := localcluster.Up(ctx, localcluster.Spec{Name: "odd"})
		bad, ok := errors.AsType[*localcluster.StateError](err)
		if !ok || bad.File != st.Dir+"/cluster.json" {
			t.Errorf("%q: %v", text, err)
		}
		if !exists(st.Dir + "/nodes/1/data") {
			t.Fatalf("%q: data is gone", text)
		}
		list, err := localcluster.List(ctx)
		if err != nil || len(list) != 1 || list[0].Problem == "" {
			t.Errorf("%+v %v", list, err)
		}
	}
}

// TestDirectoryRemoved deletes the state of a running cluster: its processes end, since
// nobody could stop them any more, and a new cluster of that name is left alone.
func TestDirectoryRemoved(t *testing.T) {
	ctx := fresh(t)
	_, st := up(t, ctx, localcluster.Spec{Name: "gone", Size: 3})
	if err := os.RemoveAll(st.Dir); err != nil {
		t.Fatal(err)
	}
	_, again := up(t, ctx, localcluster.Spec{Name: "gone", Size: 1})
	for _, n := range st.Nodes {
		eventually(t, "the end of the old servers", func() bool { return !alive(n.PID) })
	}
	eventually(t, "the end of the old supervisor", func() bool { return len(processes(os.Getenv("XDG_STATE_HOME"))) == 2 })
	c := dial(t, ctx, again.Servers...)
	if _, err := c.Create(ctx, "/a", nil, ops.CreateOptions{}); err != nil {
		t.Error(err)
	}
	if _, err := localcluster.Open("gone"); err != nil {
		t.Error(err)
	}
}

// TestPortsOfTheDeadAreKept: nobody can listen where a server that is down would be
// looked for; whoever connects there is refused; and it comes back on its ports.
func TestPortsOfTheDeadAreKept(t *testing.T) {
	for _, engine := range engines() {
		t.Run(engine, func(t *testing.T) {
			ctx := fresh(t)
			c, st := up(t, ctx, localcluster.Spec{Name: "seats", Size: 3, Engine: engine})
			dial(t, ctx, st.Servers[0]) // its connection lingers on the port
			if _, err := c.Kill(ctx, []string{"1"}); err != nil {
				t.Fatal(err)
			}
			if l, err := net.Listen("tcp", st.Servers[0]); err == nil {
				l.Close()
				t.Error("another program could listen on the port of a server that is down")
			}
			if nc, err := net.Dial("tcp", st.Servers[0]); err == nil {
				nc.Close()
				t.Error("a server that is down takes connections")
			}
			if _, err := c.Start(ctx, []string{"1"}); err != nil {
				t.Fatal(err)
			}
			conn := dial(t, ctx, st.Servers[0])
			if _, err := conn.Create(ctx, "/a", nil, ops.CreateOptions{}); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestTwoUpsAtOnce has several processes' worth of callers want the same cluster:
// one starts it, the others find it.
func TestTwoUpsAtOnce(t *testing.T) {
	ctx := fresh(t)
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		fresh int
	)
	for range 4 {
		wg.Go(func() {
			_, already, err := localcluster.Up(ctx, localcluster.Spec{Name: "once", Size: 3})
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			} else if !already {
				fresh++
			}
		})
	}
	wg.Wait()
	if fresh != 1 {
		t.Errorf("%d of 4 started it", fresh)
	}
}

// TestCancelledUp gives up while servers start: nothing may stay.
func TestCancelledUp(t *testing.T) {
	ctx := fresh(t)
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	if _, _, err := localcluster.Up(ctx, localcluster.Spec{Name: "never"}); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

// TestBadSpecs asks for what cannot be.
func TestBadSpecs(t *testing.T) {
	ctx := fresh(t)
	for _, spec := range []localcluster.Spec{
		{Name: "../evil"}, {Name: "a/b"}, {Name: strings.Repeat("x", 60)}, {Size: 10}, {Size: -1}, {Engine: "etcd"}, {Size: 3, Ports: []int{1}},
	} {
		if _, _, err := localcluster.Up(ctx, spec); !errors.Is(err, localcluster.ErrBadSpec) {
			t.Errorf("%+v: %v", spec, err)
		}
	}
	c, _ := up(t, ctx, localcluster.Spec{Name: "small", Size: 1})
	if _, err := c.Kill(ctx, []string{"7"}); !errors.Is(err, localcluster.ErrNoNode) {
		t.Error(err)
	}
	if _, err := c.Kill(ctx, []string{"followers"}); !errors.Is(err, localcluster.ErrNoNode) {
		t.Error(err)
	}
	if _, err := c.Stop(ctx, []string{"nobody"}); !errors.Is(err, localcluster.ErrBadSpec) {
		t.Error(err)
	}
}

// TestNoDistribution wants Apache ZooKeeper from where it is not.
func TestNoDistribution(t *testing.T) {
	ctx := fresh(t)
	_, _, err := localcluster.Up(ctx, localcluster.Spec{Name: "java", Engine: "apache", Dist: t.TempDir()})
	if !errors.Is(err, localcluster.ErrNotHere) {
		t.Fatal(err)
	}
	if _, err := localcluster.Open("java"); !errors.Is(err, localcluster.ErrNoCluster) {
		t.Errorf("left behind: %v", err)
	}
}
